# Kernels of ops/standardised.py.  I = [address, count, grain, out, inputs …, columns, whether centred,
# place of ε in S].  A row is read several times, but it is short enough to stay in the nearest cache meanwhile.


@inline
def mean_of(x, n):
    """The mean of n numbers: eight sums, joined in a fixed order."""
    a0, a1, a2, a3 = ZERO, ZERO, ZERO, ZERO
    a4, a5, a6, a7 = ZERO, ZERO, ZERO, ZERO
    whole = n // 8 * 8
    for i in range(0, whole, 8):
        a0 += x[i]
        a1 += x[i + 1]
        a2 += x[i + 2]
        a3 += x[i + 3]
        a4 += x[i + 4]
        a5 += x[i + 5]
        a6 += x[i + 6]
        a7 += x[i + 7]
    for i in range(whole, n):
        a0 += x[i]
    return (((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))) / DTYPE(n)


@inline
def standardised(x, y, n, eps, centre):
    """y ← x̂ of one row; returns r."""
    m = mean_of(x, n) if centre else ZERO
    for j in range(n):
        y[j] = x[j] - m
    r = ONE / square_root(dot(y, y, n) / DTYPE(n) + eps)
    for j in range(n):
        y[j] = y[j] * r
    return r


@inline
def standardise(A, I, S, C, lo, hi, thread):
    n, centre, eps = I[5], I[6] != 0, DTYPE(S[I[7]])
    for i in range(lo, hi):
        standardised(part(A, I[4] + i * n, n), part(A, I[3] + i * n, n), n, eps, centre)
    return 0


@inline
def standardise_slope(A, I, S, C, lo, hi, thread):
    n, centre, eps = I[6], I[7] != 0, DTYPE(S[I[8]])
    for i in range(lo, hi):
        d, y = part(A, I[4] + i * n, n), part(A, I[3] + i * n, n)
        r = standardised(part(A, I[5] + i * n, n), y, n, eps, centre)
        m = mean_of(d, n) if centre else ZERO
        share = dot(d, y, n) / DTYPE(n)
        for j in range(n):
            y[j] = r * (d[j] - m - y[j] * share)
    return 0


@inline
def column_affine(A, I, S, C, lo, hi, thread):
    n = I[7]
    w, b = part(A, I[5], n), part(A, I[6], n)
    for i in range(lo, hi):
        x, o = part(A, I[4] + i * n, n), part(A, I[3] + i * n, n)
        for j in range(n):
            o[j] = x[j] * w[j] + b[j]
    return 0

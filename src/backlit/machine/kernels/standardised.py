# Kernels of ops/standardised.py.  I = [address, count, grain, out, inputs …, columns, whether centred,
# place of ε in S].  A row is read several times, but it is short enough to stay in the nearest cache meanwhile.


# Each addition waits for the one before it.  The sums of a row's quarters do not wait for each other: the processor
# works on several of them at once.


@inline
def mean_of(x, n):
    """The mean of n numbers."""
    q = n // 32 * 8
    first, last = sum_of(x, q) + sum_of(part(x, q, q), q), sum_of(part(x, 2 * q, q), q)
    return (first + (last + sum_of(part(x, 3 * q, n - 3 * q), n - 3 * q))) / DTYPE(n)


@inline
def mean_product(x, y, n):
    """The mean of x y."""
    q = n // 32 * 8
    first = dot(x, y, q) + dot(part(x, q, q), part(y, q, q), q)
    last, rest = dot(part(x, 2 * q, q), part(y, 2 * q, q), q), n - 3 * q
    return (first + (last + dot(part(x, 3 * q, rest), part(y, 3 * q, rest), rest))) / DTYPE(n)


@inline
def standardised(x, y, n, eps, centre):
    """y ← x̂ of one row; returns r."""
    m = mean_of(x, n) if centre else ZERO
    for j in range(n):
        y[j] = x[j] - m
    r = ONE / square_root(mean_product(y, y, n) + eps)
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
        share = mean_product(d, y, n)
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

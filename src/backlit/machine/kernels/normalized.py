# Kernels of ops/normalized.py and of the losses and counts over rows of classes.


@inline
def largest(x, n):
    """The largest of n numbers; NaN if one is NaN."""
    top = x[0]
    for j in range(1, n):
        top = top if (top >= x[j]) | (top != top) else x[j]
    return top


@inline
def exponentials(x, e, n):
    """e ← e^(x - max x) and the sum of it, with the largest x."""
    top = largest(x, n)
    for j in range(n):
        e[j] = exp(x[j] - top)
    total = ZERO
    for j in range(n):
        total += e[j]
    return top, total


@inline
def softmax(A, I, S, C, thread, threads):
    out, x, rows, n = I[1], I[2], I[3], I[4]
    lo, hi = share(rows, thread, threads)
    for r in range(lo, hi):
        o = A[out + r * n : out + r * n + n]
        top, total = exponentials(A[x + r * n : x + r * n + n], o, n)
        for j in range(n):
            o[j] = o[j] / total
    return 0


@inline
def log_softmax(A, I, S, C, thread, threads):
    out, x, rows, n = I[1], I[2], I[3], I[4]
    lo, hi = share(rows, thread, threads)
    for r in range(lo, hi):
        u = A[x + r * n : x + r * n + n]
        o = A[out + r * n : out + r * n + n]
        top, total = exponentials(u, o, n)
        total = log(total)
        for j in range(n):
            o[j] = (u[j] - top) - total
    return 0


@inline
def cross_entropy(A, I, S, C, thread, threads):
    if thread != 0:
        return 0
    out, z_at, t_at, rows, n = I[1], I[2], I[3], I[4], I[5]
    total = ZERO
    for r in range(rows):
        z = A[z_at + r * n : z_at + r * n + n]
        t = A[t_at + r * n : t_at + r * n + n]
        top = largest(z, n)
        spread = ZERO
        for j in range(n):
            spread += exp(z[j] - top)
        spread = log(spread)
        row = ZERO
        for j in range(n):
            row += t[j] * ((z[j] - top) - spread)
        total += row
    A[out] = -total / DTYPE(I[6])
    return 0


@inline
def cross_entropy_slope(A, I, S, C, thread, threads):
    out, z_at, t_at, rows, n = I[1], I[2], I[3], I[4], I[5]
    divisor = DTYPE(I[6])
    lo, hi = share(rows, thread, threads)
    for r in range(lo, hi):
        t = A[t_at + r * n : t_at + r * n + n]
        o = A[out + r * n : out + r * n + n]
        top, total = exponentials(A[z_at + r * n : z_at + r * n + n], o, n)
        weight = ZERO
        for j in range(n):
            weight += t[j]
        for j in range(n):
            o[j] = (o[j] / total * weight - t[j]) / divisor
    return 0


@inline
def hits(A, I, S, C, thread, threads):
    if thread != 0:
        return 0
    out, z_at, t_at, rows, n = I[1], I[2], I[3], I[4], I[5]
    right = 0
    for r in range(rows):
        z = A[z_at + r * n : z_at + r * n + n]
        t = A[t_at + r * n : t_at + r * n + n]
        best, wanted, whole = 0, 0, True
        for j in range(n):
            whole = whole & (z[j] == z[j]) & (t[j] == t[j])
            best = j if z[j] > z[best] else best
            wanted = j if t[j] > t[wanted] else wanted
        if whole and best == wanted:
            right += 1
    A[out] = DTYPE(right)
    return 0


@inline
def squared_error(A, I, S, C, thread, threads):
    if thread != 0:
        return 0
    out, o_at, t_at, n = I[1], I[2], I[3], I[4]
    o, t = A[o_at : o_at + n], A[t_at : t_at + n]
    a0, a1, a2, a3 = ZERO, ZERO, ZERO, ZERO
    whole = n // 4 * 4
    for i in range(0, whole, 4):
        a0 += (o[i] - t[i]) * (o[i] - t[i])
        a1 += (o[i + 1] - t[i + 1]) * (o[i + 1] - t[i + 1])
        a2 += (o[i + 2] - t[i + 2]) * (o[i + 2] - t[i + 2])
        a3 += (o[i + 3] - t[i + 3]) * (o[i + 3] - t[i + 3])
    for i in range(whole, n):
        a0 += (o[i] - t[i]) * (o[i] - t[i])
    A[out] = DTYPE(S[I[6]]) * ((a0 + a2) + (a1 + a3)) / DTYPE(I[5])
    return 0

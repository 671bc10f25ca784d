# Kernels of ops/batch_norm.py.  I = [address, out, inputs …, rows, columns]; sums run down the columns, side by side,
# in the order of the rows: a thread has some of the columns, and the bits do not depend on how many it has.


@inline
def variance(A, I, S, C, thread, threads):
    out, x, rows, n = I[1], I[2], I[4], I[5]
    lo, hi = share(n, thread, threads)
    width = hi - lo
    total, m = A[out + lo : out + hi], A[I[3] + lo : I[3] + hi]
    for j in range(width):
        total[j] = ZERO
    # Four rows at a time: the sums are read and written a quarter as often.
    whole = rows // 4 * 4
    for r in range(0, whole, 4):
        begin = x + r * n + lo
        x0, x1 = A[begin : begin + width], A[begin + n : begin + n + width]
        begin += 2 * n
        x2, x3 = A[begin : begin + width], A[begin + n : begin + n + width]
        for j in range(width):
            d0, d1, d2, d3 = x0[j] - m[j], x1[j] - m[j], x2[j] - m[j], x3[j] - m[j]
            total[j] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)
    for r in range(whole, rows):
        begin = x + r * n + lo
        x0 = A[begin : begin + width]
        for j in range(width):
            total[j] += (x0[j] - m[j]) * (x0[j] - m[j])
    for j in range(width):
        total[j] = total[j] / DTYPE(rows)
    return 0


@inline
def centered_sum(A, I, S, C, thread, threads):
    out, g, x, rows, n = I[1], I[2], I[3], I[5], I[6]
    lo, hi = share(n, thread, threads)
    width = hi - lo
    total, m = A[out + lo : out + hi], A[I[4] + lo : I[4] + hi]
    for j in range(width):
        total[j] = ZERO
    whole = rows // 2 * 2
    for r in range(0, whole, 2):
        begin = g + r * n + lo
        g0, g1 = A[begin : begin + width], A[begin + n : begin + n + width]
        begin = x + r * n + lo
        x0, x1 = A[begin : begin + width], A[begin + n : begin + n + width]
        for j in range(width):
            total[j] += g0[j] * (x0[j] - m[j]) + g1[j] * (x1[j] - m[j])
    if whole < rows:
        g0 = A[g + whole * n + lo : g + whole * n + hi]
        x0 = A[x + whole * n + lo : x + whole * n + hi]
        for j in range(width):
            total[j] += g0[j] * (x0[j] - m[j])
    return 0


@inline
def batch_norm(A, I, S, C, thread, threads):
    out, x, rows, n = I[1], I[2], I[7], I[8]
    m, r, w, b = A[I[3] : I[3] + n], A[I[4] : I[4] + n], A[I[5] : I[5] + n], A[I[6] : I[6] + n]
    lo, hi = share(rows, thread, threads)
    for i in range(lo, hi):
        source, target = A[x + i * n : x + i * n + n], A[out + i * n : out + i * n + n]
        for j in range(n):
            target[j] = (source[j] - m[j]) * (r[j] * w[j]) + b[j]
    return 0


@inline
def batch_norm_slope(A, I, S, C, thread, threads):
    out, g, x, rows, n = I[1], I[2], I[3], I[8], I[9]
    m, s, p, q = A[I[4] : I[4] + n], A[I[5] : I[5] + n], A[I[6] : I[6] + n], A[I[7] : I[7] + n]
    lo, hi = share(rows, thread, threads)
    for i in range(lo, hi):
        delta, source = A[g + i * n : g + i * n + n], A[x + i * n : x + i * n + n]
        target = A[out + i * n : out + i * n + n]
        for j in range(n):
            target[j] = delta[j] * s[j] + (source[j] - m[j]) * p[j] + q[j]
    return 0

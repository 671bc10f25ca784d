# Kernels of ops/batch_norm.py.  I = [address, count, grain, out, inputs …, rows, columns].  Sums run down the columns,
# side by side, in the order of the rows: a thread has some columns, and the bits do not depend on how many it has.


@inline
def variance(A, I, S, C, lo, hi, thread):
    out, x, rows, n = I[3], I[4], I[6], I[7]
    width = hi - lo
    total, m = part(A, out + lo, width), part(A, I[5] + lo, width)
    for j in range(width):
        total[j] = ZERO
    # Four rows at a time: the sums are read and written a quarter as often.
    whole = rows // 4 * 4
    for r in range(0, whole, 4):
        begin = x + r * n + lo
        x0, x1 = part(A, begin, width), part(A, begin + n, width)
        begin += 2 * n
        x2, x3 = part(A, begin, width), part(A, begin + n, width)
        for j in range(width):
            d0, d1, d2, d3 = x0[j] - m[j], x1[j] - m[j], x2[j] - m[j], x3[j] - m[j]
            total[j] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)
    for r in range(whole, rows):
        begin = x + r * n + lo
        x0 = part(A, begin, width)
        for j in range(width):
            total[j] += (x0[j] - m[j]) * (x0[j] - m[j])
    for j in range(width):
        total[j] = total[j] / DTYPE(rows)
    return 0


@inline
def centered_sum(A, I, S, C, lo, hi, thread):
    out, g, x, rows, n = I[3], I[4], I[5], I[7], I[8]
    width = hi - lo
    total, m = part(A, out + lo, width), part(A, I[6] + lo, width)
    for j in range(width):
        total[j] = ZERO
    whole = rows // 2 * 2
    for r in range(0, whole, 2):
        begin = g + r * n + lo
        g0, g1 = part(A, begin, width), part(A, begin + n, width)
        begin = x + r * n + lo
        x0, x1 = part(A, begin, width), part(A, begin + n, width)
        for j in range(width):
            total[j] += g0[j] * (x0[j] - m[j]) + g1[j] * (x1[j] - m[j])
    if whole < rows:
        g0 = part(A, g + whole * n + lo, width)
        x0 = part(A, x + whole * n + lo, width)
        for j in range(width):
            total[j] += g0[j] * (x0[j] - m[j])
    return 0


@inline
def batch_norm(A, I, S, C, lo, hi, thread):
    out, x, n = I[3], I[4], I[10]
    m, r, w, b = part(A, I[5], n), part(A, I[6], n), part(A, I[7], n), part(A, I[8], n)
    for i in range(lo, hi):
        source, target = part(A, x + i * n, n), part(A, out + i * n, n)
        for j in range(n):
            target[j] = (source[j] - m[j]) * (r[j] * w[j]) + b[j]
    return 0


@inline
def batch_norm_slope(A, I, S, C, lo, hi, thread):
    out, g, x, n = I[3], I[4], I[5], I[11]
    m, s, p, q = part(A, I[6], n), part(A, I[7], n), part(A, I[8], n), part(A, I[9], n)
    for i in range(lo, hi):
        delta, source = part(A, g + i * n, n), part(A, x + i * n, n)
        target = part(A, out + i * n, n)
        for j in range(n):
            target[j] = delta[j] * s[j] + (source[j] - m[j]) * p[j] + q[j]
    return 0

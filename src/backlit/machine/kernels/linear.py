# Kernels of ops/linear.py.  I = [address, count, grain, out, inputs …, numbers …]; places are elements of the arena A.
# What a thread does is the rows lo … hi - 1 of the result, or, where the encoder chose so, these columns of it.


@inline
def multiply(A, a, rows, steps, b, stride, turned, start, stride_s, c, stride_c, m, n, k, scratch):
    """c (m, n) = start + a b, strip by strip; b (k, n), or with `turned` (n, k), lies in rows `stride` apart.

    The other strides are those of `strip`.  A strip of b is brought together at `scratch`, where it stays in the
    first-level cache, if it lies turned, or in rows far apart that many rows of a need.
    """
    for p in range(0, max(k, 1), DEEP):
        deep = min(DEEP, k - p)
        for j in range(0, n, BROAD):
            width = min(BROAD, n - j)
            right, between = b + p * stride + j, stride
            if turned:
                right, between = scratch, BROAD
                for q in range(0, deep, LANES):
                    for i in range(0, width, LANES):
                        turn(A, b + (j + i) * stride + p + q, stride, width - i, scratch + q * BROAD + i)
            elif m >= MANY and stride >= APART_FROM:
                for q in range(deep):
                    copy_broad(A, right + q * stride, scratch + q * BROAD)
                right, between = scratch, BROAD
            if p == 0:
                first, below = (start + j, stride_s) if start >= 0 else (start, stride_s)
            else:
                first, below = c + j, stride_c
            strip(A, a + p * steps, rows, steps, right, between, first, below, c + j, stride_c, m, deep, width)
    return 0


@inline
def column(A, a, b, start, c, m, k, ta, lo, hi):
    """The rows lo … hi - 1 of a product with a single column: sums along rows, not over them."""
    value = ZERO if start < 0 else at(A, start)
    target = part(A, c, m)
    if not ta:
        right = part(A, b, k)
        for i in range(lo, hi):
            target[i] = value + dot(part(A, a + i * k, k), right, k)
        return 0
    for i in range(lo, hi):
        target[i] = value
    for p in range(k):
        line, factor = part(A, a + p * m, m), at(A, b + p)
        for i in range(lo, hi):
            target[i] += factor * line[i]
    return 0


@inline
def product(A, I, S, C, lo, hi, thread):
    # the numbers: place of the bias or -1, m, n, k, ta, tb, the way of sharing, place of scratch memory
    a, b, out, bias, m, n, k, ta, tb, columns = I[4], I[5], I[3], I[6], I[7], I[8], I[9], I[10], I[11], I[12]
    scratch = I[13] + C[REGISTERS] * thread
    if hi <= lo or m == 0 or n == 0:
        return 0
    if n == 1:
        return column(A, a, b, bias, out, m, k, ta, lo, hi)
    turned = tb != 0 and k > 1
    rows, steps = (1, m) if ta else (k, 1)
    stride = k if turned else n
    if columns == 0:
        first, across, high, broad = lo, 0, hi - lo, n
    else:
        first, across, high, broad = 0, lo, m, hi - lo
    right = b + across * (stride if turned else 1)
    start = bias + across if bias >= 0 else bias
    left, target = a + first * rows, out + first * n + across
    return multiply(A, left, rows, steps, right, stride, turned, start, 0, target, n, high, broad, k, scratch)

# Kernels of ops/linear.py.  I = [address, count, grain, out, inputs …, numbers …]; places are elements of the arena A.
# What a thread does is the rows lo … hi - 1 of the result, or, where the encoder chose so, these columns of it.


@inline
def multiply(A, C, a, b, c, m, n, k, ta, tb, beta, lo, hi, columns):
    """A part of the product c (m, n) of a (m, k) and b (k, n), all in row order; beta 1 adds to what is there."""
    if hi <= lo or m == 0 or n == 0:
        return 0
    if columns != 0:
        # BLAS counts in columns: the row-order product a b is its product bᵀ aᵀ.
        other = b + lo * k if tb else b + lo
        gemm(C[GEMM], tb, ta, hi - lo, m, k, other, k if tb else n, a, m if ta else k, beta, c + lo, n, A)
        return 0
    # By the whole product, not by the thread's part of it: the way decides the bits.
    if k <= 1 or n == 1 or m * n * k <= 256 or (m == 1 and tb == 0 and n * k <= 65536):
        return small(A, a, b, c, m, n, k, ta, tb, beta, lo, hi)
    first = a + lo if ta else a + lo * k
    gemm(C[GEMM], tb, ta, n, hi - lo, k, b, k if tb else n, first, m if ta else k, beta, c + lo * n, n, A)
    return 0


@inline
def small(A, a, b, c, m, n, k, ta, tb, beta, lo, hi):
    """The same in plain loops, for what is less work than a call of BLAS (some 150 ns), and for vectors."""
    if n == 1 and not ta:  # a matrix times a column, which lies in a row either way
        column = A[b : b + k]
        for i in range(lo, hi):
            value = dot(A[a + i * k : a + i * k + k], column, k)
            A[c + i] = value if beta == ZERO else A[c + i] + value
        return 0
    if n == 1:
        target = A[c + lo : c + hi]
        if beta == ZERO:
            target[:] = ZERO
        for p in range(k):
            row = A[a + p * m + lo : a + p * m + hi]
            factor = A[b + p]
            for i in range(hi - lo):
                target[i] += factor * row[i]
        return 0
    for i in range(lo, hi):
        target = A[c + i * n : c + i * n + n]
        if beta == ZERO:
            target[:] = ZERO
        for p in range(k):
            factor = A[a + p * m + i] if ta else A[a + i * k + p]
            if tb and k > 1:
                for j in range(n):
                    target[j] += factor * A[b + j * k + p]
            else:
                row = A[b + p * n : b + p * n + n]
                for j in range(n):
                    target[j] += factor * row[j]
    return 0


@inline
def dot(x, y, n):
    """Σ x y with eight sums, joined in a fixed order."""
    a0, a1, a2, a3 = ZERO, ZERO, ZERO, ZERO
    a4, a5, a6, a7 = ZERO, ZERO, ZERO, ZERO
    whole = n // 8 * 8
    for i in range(0, whole, 8):
        a0 += x[i] * y[i]
        a1 += x[i + 1] * y[i + 1]
        a2 += x[i + 2] * y[i + 2]
        a3 += x[i + 3] * y[i + 3]
        a4 += x[i + 4] * y[i + 4]
        a5 += x[i + 5] * y[i + 5]
        a6 += x[i + 6] * y[i + 6]
        a7 += x[i + 7] * y[i + 7]
    for i in range(whole, n):
        a0 += x[i] * y[i]
    return ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))


@inline
def matmul(A, I, S, C, lo, hi, thread):
    return multiply(A, C, I[4], I[5], I[3], I[6], I[7], I[8], I[9], I[10], ZERO, lo, hi, I[11])


@inline
def affine(A, I, S, C, lo, hi, thread):
    out, bias, m, n, columns = I[3], I[6], I[7], I[8], I[10]
    begin, width = (lo, hi - lo) if columns != 0 else (0, n)
    b = A[bias + begin : bias + begin + width]
    first, last = (0, m) if columns != 0 else (lo, hi)
    for i in range(first, last):
        row = A[out + i * n + begin : out + i * n + begin + width]
        for j in range(width):
            row[j] = b[j]
    return multiply(A, C, I[4], I[5], out, m, n, I[9], 0, 0, ONE, lo, hi, columns)

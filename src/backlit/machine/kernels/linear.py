# Kernels of ops/linear.py.  I = [address, out, inputs …, numbers …]; places are elements of the arena A.


@inline
def multiply(A, C, a, b, c, m, n, k, ta, tb, beta, thread, threads):
    """Rows lo … hi of the product c (m, n) of a (m, k) and b (k, n), all in row order; beta 1 adds to what is there."""
    lo, hi = share_rows(m, thread, threads)
    if hi <= lo or n == 0:
        return 0
    if k == 0 or m * n * k <= 256:
        # A call of BLAS costs about 150 ns: more than these loops.
        for i in range(lo, hi):
            row = A[c + i * n : c + i * n + n]
            if beta == ZERO:
                row[:] = ZERO
            for p in range(k):
                factor = A[a + p * m + i] if ta else A[a + i * k + p]
                if tb:
                    for j in range(n):
                        row[j] += factor * A[b + j * k + p]
                else:
                    other = A[b + p * n : b + p * n + n]
                    for j in range(n):
                        row[j] += factor * other[j]
        return 0
    # BLAS counts in columns: the row-order product a b is its product bᵀ aᵀ.
    first = a + lo if ta else a + lo * k
    gemm(C[GEMM], tb, ta, n, hi - lo, k, b, k if tb else n, first, m if ta else k, beta, c + lo * n, n, A)
    return 0


@inline
def share_rows(m, thread, threads):
    if threads == 1:
        return 0, m
    part = (m + threads - 1) // threads
    return min(m, thread * part), min(m, (thread + 1) * part)


@inline
def matmul(A, I, S, C, thread, threads):
    return multiply(A, C, I[2], I[3], I[1], I[4], I[5], I[6], I[7], I[8], ZERO, thread, threads)


@inline
def affine(A, I, S, C, thread, threads):
    out, bias, m, n = I[1], I[4], I[5], I[6]
    b = A[bias : bias + n]
    lo, hi = share_rows(m, thread, threads)
    for i in range(lo, hi):
        row = A[out + i * n : out + i * n + n]
        for j in range(n):
            row[j] = b[j]
    return multiply(A, C, I[2], I[3], out, m, n, I[7], 0, 0, ONE, thread, threads)

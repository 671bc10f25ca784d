# Kernels of ops/linear.py.  I = [address, count, grain, out, inputs …, numbers …]; places are elements of the arena A.
# What a thread does is the rows lo … hi - 1 of the result, or, where the encoder chose so, these columns of it.


@inline
def multiply(A, C, a, b, c, m, n, k, ta, tb, beta, lo, hi, columns, scratch):
    """A part of the product c (m, n) of a (m, k) and b (k, n), all in row order; beta 1 adds to what is there."""
    if hi <= lo or m == 0 or n == 0:
        return 0
    if columns != 0:
        other = b + lo * k if tb else b + lo
        return tiled(A, C, a, m if ta else k, other, k if tb else n, c + lo, n, m, hi - lo, k, ta, tb, beta)
    # By the whole product, not by the thread's part of it: the way decides the bits.
    if k <= 1 or n == 1 or m * n * k <= 256 or (m == 1 and tb == 0 and n * k <= 65536):
        return small(A, a, b, c, m, n, k, ta, tb, beta, lo, hi)
    if tb and scratch >= 0 and m >= 8 and (m * n * k <= 1000000 or C[TILES] != 0):
        # For small products BLAS is slow with b transposed: by half for 32 × 32.
        turned(A, b, scratch, n, k)
        b, tb = scratch, 0
    first = a + lo if ta else a + lo * k
    return tiled(A, C, first, m if ta else k, b, k if tb else n, c + lo * n, n, hi - lo, n, k, ta, tb, beta)


@inline
def tiled(A, C, a, lda, b, ldb, c, ldc, m, n, k, ta, tb, beta):
    """A product by BLAS, whole or in tiles; lda, ldb, ldc are the steps from row to row.

    OpenBLAS for AVX-512 multiplies small matrices where they lie, and copies larger ones into an order of its own
    first, which takes a sixth of the time of a layer of some hundred units.  So it gets these in tiles.
    """
    # BLAS counts in columns: the row-order product a b is its product bᵀ aᵀ.
    if C[TILES] == 0 or tb or m * n * k <= 1000000:
        gemm(C[GEMM], tb, ta, n, m, k, b, ldb, a, lda, beta, c, ldc, A)
        return 0
    deep = even(k, 128)
    for p in range(0, k, deep):
        factor = beta if p == 0 else ONE
        for j in range(0, n, 64):
            for i in range(0, m, 64):
                left = a + (p * lda + i if ta else i * lda + p)
                high, broad, inner = min(64, m - i), min(64, n - j), min(deep, k - p)
                place = c + i * ldc + j
                gemm(C[GEMM], 0, ta, broad, high, inner, b + p * ldb + j, ldb, left, lda, factor, place, ldc, A)
    return 0


@inline
def even(k, most):
    """The size of equal pieces of k, of `most` at most: no small one is left over at the end."""
    pieces = (k + most - 1) // most
    return (k + pieces - 1) // pieces


@inline
def turned(A, source, target, m, n):
    """Write a matrix (m, n) to `target` with rows and columns exchanged."""
    high, broad = m // 8 * 8, n // 8 * 8
    for i in range(0, high, 8):
        for j in range(0, broad, 8):
            turn_eight(A, source + i * n + j, n, A, target + j * m + i, m)
    for i in range(m):
        for j in range(broad if i < high else 0, n):
            A[target + j * m + i] = at(A, source + i * n + j)


@inline
def small(A, a, b, c, m, n, k, ta, tb, beta, lo, hi):
    """The same in plain loops, for what is less work than a call of BLAS (some 150 ns), and for vectors."""
    if n == 1 and not ta:  # a matrix times a column, which lies in a row either way
        column = part(A, b, k)
        target = part(A, c, hi)
        for i in range(lo, hi):
            value = dot(part(A, a + i * k, k), column, k)
            target[i] = value if beta == ZERO else target[i] + value
        return 0
    if n == 1:
        target = part(A, c + lo, hi - lo)
        if beta == ZERO:
            fill(target, hi - lo, ZERO)
        for p in range(k):
            row = part(A, a + p * m + lo, hi - lo)
            factor = at(A, b + p)
            for i in range(hi - lo):
                target[i] += factor * row[i]
        return 0
    if k == 1 and beta == ZERO:  # a column times a row
        row = part(A, b, n)
        for i in range(lo, hi):
            target, factor = part(A, c + i * n, n), at(A, a + i)
            for j in range(n):
                target[j] = factor * row[j]
        return 0
    if n < 8 or tb:
        for i in range(lo, hi):
            target = part(A, c + i * n, n)
            for j in range(n):
                value = ZERO if beta == ZERO else target[j]
                for p in range(k):
                    left = at(A, a + p * m + i if ta else a + i * k + p)
                    value += left * at(A, b + j * k + p if tb else b + p * n + j)
                target[j] = value
        return 0
    for i in range(lo, hi):
        target = part(A, c + i * n, n)
        if beta == ZERO:
            fill(target, n, ZERO)
        for p in range(k):
            factor = at(A, a + p * m + i if ta else a + i * k + p)
            row = part(A, b + p * n, n)
            for j in range(n):
                target[j] += factor * row[j]
    return 0


@inline
def repeat(A, source, out, n, stride, rows):
    """Write n elements into each of some rows that lie `stride` apart."""
    if rows == 0:
        return
    given = part(A, source, n)
    copy(part(A, out, n), given, n)
    if n < stride:
        for i in range(1, rows):
            copy(part(A, out + i * stride, n), given, n)
        return
    done = 1  # rows: twice as many each time, while they stay in the first-level cache
    while done < rows:
        more = min(done, rows - done, max(1, 2048 // n))
        copy(part(A, out + done * n, more * n), part(A, out, more * n), more * n)
        done += more


@inline
def product(A, I, S, C, lo, hi, thread):
    # the numbers: place of the bias or -1, m, n, k, ta, tb, the way of sharing, place of scratch memory or -1
    out, bias, m, n, columns = I[3], I[6], I[7], I[8], I[12]
    scratch = I[13] + C[REGISTERS] * thread if I[13] >= 0 else -1
    beta = ZERO
    if bias >= 0:
        beta = ONE
        if columns != 0:
            repeat(A, bias + lo, out + lo, hi - lo, n, m)
        else:
            repeat(A, bias, out + lo * n, n, n, hi - lo)
    return multiply(A, C, I[4], I[5], out, m, n, I[9], I[10], I[11], beta, lo, hi, columns, scratch)

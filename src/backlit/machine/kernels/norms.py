# Euclidean norms of runs of a vector: what gradients are clipped by.
#
# norms: I = [address, count, grain, out, x, n, size]; result j is that of the elements j·size … of n.


@inline
def norms(A, I, S, C, lo, hi, thread):
    out, x, n, size = I[3], I[4], I[5], I[6]
    for j in range(lo, hi):
        count = min(size, n - j * size)
        A[out + j] = DTYPE(math.sqrt(squares(part(A, x + j * size, count), count)))
    return 0


@inline
def squares(x, n):
    """Σ x² in float64, by eight accumulators joined in a fixed order: the same bits every time, NaN kept."""
    a0, a1, a2, a3, a4, a5, a6, a7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    whole = n // 8 * 8
    for i in range(0, whole, 8):
        a0 += np.float64(x[i]) * np.float64(x[i])
        a1 += np.float64(x[i + 1]) * np.float64(x[i + 1])
        a2 += np.float64(x[i + 2]) * np.float64(x[i + 2])
        a3 += np.float64(x[i + 3]) * np.float64(x[i + 3])
        a4 += np.float64(x[i + 4]) * np.float64(x[i + 4])
        a5 += np.float64(x[i + 5]) * np.float64(x[i + 5])
        a6 += np.float64(x[i + 6]) * np.float64(x[i + 6])
        a7 += np.float64(x[i + 7]) * np.float64(x[i + 7])
    for i in range(whole, n):
        a0 += np.float64(x[i]) * np.float64(x[i])
    return ((a0 + a4) + (a2 + a6)) + ((a1 + a5) + (a3 + a7))

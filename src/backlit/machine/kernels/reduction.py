# The kernel of ops/reduction.py.  The declaration's formulas EACH, JOIN and FINISH and the number START come before
# this text.  I = [address, count, grain, out, x, outer, n, inner].


@inline
def reduce(A, I, S, C, lo, hi, thread):
    out, x, outer, n, inner = I[3], I[4], I[5], I[6], I[7]
    if inner == 1:
        for o in range(lo, hi):
            A[out + o] = FINISH(along(part(A, x + o * n, n), n), DTYPE(n))
        return 0
    # Columns side by side: the thread's part of them, one row after the other, four in a pass.
    width = hi - lo
    for o in range(outer):
        total = part(A, out + o * inner + lo, width)
        for j in range(width):
            total[j] = START
        begin = x + o * n * inner + lo
        whole = n // 4 * 4
        for r in range(0, whole, 4):
            r0, r1 = part(A, begin + r * inner, width), part(A, begin + (r + 1) * inner, width)
            r2, r3 = part(A, begin + (r + 2) * inner, width), part(A, begin + (r + 3) * inner, width)
            for j in range(width):
                two = JOIN(JOIN(total[j], EACH(r0[j])), EACH(r1[j]))
                total[j] = JOIN(JOIN(two, EACH(r2[j])), EACH(r3[j]))
        for r in range(whole, n):
            row = part(A, begin + r * inner, width)
            for j in range(width):
                total[j] = JOIN(total[j], EACH(row[j]))
        for j in range(width):
            total[j] = FINISH(total[j], DTYPE(n))
    return 0


@inline
def along(x, n):
    """Eight accumulators, joined in a fixed order: quicker than one, more exact, and the same bits every time."""
    a0, a1, a2, a3 = START, START, START, START
    a4, a5, a6, a7 = START, START, START, START
    whole = n // 8 * 8
    for i in range(0, whole, 8):
        a0 = JOIN(a0, EACH(x[i]))
        a1 = JOIN(a1, EACH(x[i + 1]))
        a2 = JOIN(a2, EACH(x[i + 2]))
        a3 = JOIN(a3, EACH(x[i + 3]))
        a4 = JOIN(a4, EACH(x[i + 4]))
        a5 = JOIN(a5, EACH(x[i + 5]))
        a6 = JOIN(a6, EACH(x[i + 6]))
        a7 = JOIN(a7, EACH(x[i + 7]))
    for i in range(whole, n):
        a0 = JOIN(a0, EACH(x[i]))
    return JOIN(JOIN(JOIN(a0, a4), JOIN(a2, a6)), JOIN(JOIN(a1, a5), JOIN(a3, a7)))

# Kernels of ops/normalized.py and of the losses and counts over rows of classes.
# I = [address, count, grain, out, inputs …, numbers …]
#
# Rows are often short (ten classes), so exponentials are taken over many rows in one loop, which becomes vector code.


@inline
def largest(x, n):
    """The largest of n numbers.  A NaN may be missed: it comes back from the exponentials of its row."""
    top = x[0]
    for j in range(1, n):
        top = x[j] if x[j] > top else top
    return top


@inline
def exponentials(x, e, rows, n):
    """e ← e^(x - the largest x of the row), for some rows."""
    for r in range(rows):
        row = part(x, r * n, n)
        top = largest(row, n)
        target = part(e, r * n, n)
        for j in range(n):
            target[j] = row[j] - top
    for i in range(rows * n):
        e[i] = exp(e[i])


@inline
def total_of(x, n):
    total = ZERO
    for j in range(n):
        total += x[j]
    return total


@inline
def softmax(A, I, S, C, lo, hi, thread):
    n = I[6]
    o = part(A, I[3] + lo * n, (hi - lo) * n)
    exponentials(part(A, I[4] + lo * n, (hi - lo) * n), o, hi - lo, n)
    for r in range(hi - lo):
        row = part(o, r * n, n)
        total = total_of(row, n)
        for j in range(n):
            row[j] = row[j] / total
    return 0


@inline
def log_softmax(A, I, S, C, lo, hi, thread):
    n = I[6]
    o = part(A, I[3] + lo * n, (hi - lo) * n)
    x = part(A, I[4] + lo * n, (hi - lo) * n)
    exponentials(x, o, hi - lo, n)
    for r in range(hi - lo):
        u, row = part(x, r * n, n), part(o, r * n, n)
        total, top = log(total_of(row, n)), largest(u, n)
        for j in range(n):
            row[j] = (u[j] - top) - total
    return 0


@inline
def sparsemax(A, I, S, C, lo, hi, thread):
    n = I[6]
    for r in range(lo, hi):
        u, o = part(A, I[4] + r * n, n), part(A, I[3] + r * n, n)
        top, before, count = largest(u, n), 0, -1
        threshold = -ONE  # it is never lower, seen from the largest: what lies below is left out before it is summed
        # A NaN is never below, and makes the threshold one: then all that is left is NaN.
        while count != before:
            before, count, total = count, 0, ZERO
            for j in range(n):
                below = u[j] - top <= threshold
                total += ZERO if below else u[j] - top
                count += 0 if below else 1
            threshold = (total - ONE) / DTYPE(count)
        for j in range(n):
            away = u[j] - top - threshold
            o[j] = ZERO if away <= ZERO else away
    return 0


@inline
def cross_entropy(A, I, S, C, lo, hi, thread):
    # the numbers: rows, n, divisor, place of two blocks of scratch memory
    rows, n = I[6], I[7]
    scratch = I[9] + C[REGISTERS] * thread
    tile = max(1, BLOCK // n)
    total = ZERO
    for first in range(0, rows, tile):
        count = min(tile, rows - first)
        z = part(A, I[4] + first * n, count * n)
        t = part(A, I[5] + first * n, count * n)
        e, tops = part(A, scratch, min(count * n, BLOCK)), part(A, scratch + BLOCK, count)
        for r in range(count):
            tops[r] = largest(part(z, r * n, n), n)
        if n <= BLOCK:
            for r in range(count):
                row, target = part(z, r * n, n), part(e, r * n, n)
                for j in range(n):
                    target[j] = row[j] - tops[r]
            for i in range(count * n):
                e[i] = exp(e[i])
        for r in range(count):  # e becomes the rows' logarithms of sums, which are fewer than what they are made of
            row = part(z, r * n, n)
            e[r] = total_of(part(e, r * n, n), n) if n <= BLOCK else in_pieces(row, e, tops[r], n)
        for r in range(count):
            e[r] = log(e[r])
        for r in range(count):
            row, shares = part(z, r * n, n), part(t, r * n, n)
            top, spread, value = tops[r], e[r], ZERO
            for j in range(n):
                value += shares[j] * ((row[j] - top) - spread)
            total += value
    A[I[3]] = -total / DTYPE(I[8])
    return 0


@inline
def in_pieces(x, e, top, n):
    """Σ e^(x - top) of a long row."""
    total = ZERO
    for first in range(0, n, BLOCK):
        count = min(BLOCK, n - first)
        for j in range(count):
            e[j] = exp(x[first + j] - top)
        total += total_of(e, count)
    return total


@inline
def cross_entropy_slope(A, I, S, C, lo, hi, thread):
    n = I[7]
    divisor = DTYPE(I[8])
    o = part(A, I[3] + lo * n, (hi - lo) * n)
    targets = part(A, I[5] + lo * n, (hi - lo) * n)
    exponentials(part(A, I[4] + lo * n, (hi - lo) * n), o, hi - lo, n)
    for r in range(hi - lo):
        row, t = part(o, r * n, n), part(targets, r * n, n)
        total, weight = total_of(row, n), total_of(t, n)
        for j in range(n):
            row[j] = (row[j] / total * weight - t[j]) / divisor
    return 0


@inline
def hits(A, I, S, C, lo, hi, thread):
    rows, n = I[6], I[7]
    right = 0
    for r in range(rows):
        z = part(A, I[4] + r * n, n)
        t = part(A, I[5] + r * n, n)
        best, wanted, whole = 0, 0, True
        for j in range(n):
            whole = whole & (z[j] == z[j]) & (t[j] == t[j])
            best = j if z[j] > z[best] else best
            wanted = j if t[j] > t[wanted] else wanted
        if whole and best == wanted:
            right += 1
    A[I[3]] = DTYPE(right)
    return 0


@inline
def squared_error(A, I, S, C, lo, hi, thread):
    # the numbers: n, divisor, place of the factor in S
    n = I[6]
    o, t = part(A, I[4], n), part(A, I[5], n)
    a0, a1, a2, a3 = ZERO, ZERO, ZERO, ZERO
    whole = n // 4 * 4
    for i in range(0, whole, 4):
        a0 += (o[i] - t[i]) * (o[i] - t[i])
        a1 += (o[i + 1] - t[i + 1]) * (o[i + 1] - t[i + 1])
        a2 += (o[i + 2] - t[i + 2]) * (o[i + 2] - t[i + 2])
        a3 += (o[i + 3] - t[i + 3]) * (o[i + 3] - t[i + 3])
    for i in range(whole, n):
        a0 += (o[i] - t[i]) * (o[i] - t[i])
    A[I[3]] = DTYPE(S[I[8]]) * ((a0 + a2) + (a1 + a3)) / DTYPE(I[7])
    return 0

# Vital signs: arrays that are looked at, each read once.
#
# moments: I = [address, count, grain, out, x, rows, n]: for each column the mean of x, and of x².
# shares: I = [..., place of the bound in S]: for each column the share of numbers that are 0, and of those within
# ±bound.
# changes: I = [address, count, grain, out, earlier, before, w, g, n]: of a step from `before` to w the root mean
# squares of the old weights, of g and of the step, the share of weights that have a gradient and stay, and the mean
# product with the step before, which began at `earlier`.  Sums are in float64: no square of a float32 leaves its range.


@inline
def moments(A, I, S, C, lo, hi, thread):
    out, x, rows, n = I[3], I[4], I[5], I[6]
    width, whole, count = hi - lo, rows // 4 * 4, DTYPE(rows)
    total, square = part(A, out + lo, width), part(A, out + n + lo, width)
    fill(total, width, ZERO)
    fill(square, width, ZERO)
    for r in range(0, whole, 4):
        begin = x + r * n + lo
        x0, x1 = part(A, begin, width), part(A, begin + n, width)
        x2, x3 = part(A, begin + 2 * n, width), part(A, begin + 3 * n, width)
        for j in range(width):
            a, b, c, d = x0[j], x1[j], x2[j], x3[j]
            total[j] += (a + b) + (c + d)
            square[j] += (a * a + b * b) + (c * c + d * d)
    for r in range(whole, rows):
        x0 = part(A, x + r * n + lo, width)
        for j in range(width):
            total[j] += x0[j]
            square[j] += x0[j] * x0[j]
    for j in range(width):
        total[j] = total[j] / count
        square[j] = square[j] / count
    return 0


@inline
def shares(A, I, S, C, lo, hi, thread):
    out, x, rows, n, bound = I[3], I[4], I[5], I[6], DTYPE(S[I[7]])
    width, count = hi - lo, DTYPE(rows)
    none, small = part(A, out + lo, width), part(A, out + n + lo, width)
    fill(none, width, ZERO)
    fill(small, width, ZERO)
    for r in range(rows):
        row = part(A, x + r * n + lo, width)
        for j in range(width):
            none[j] += ONE if row[j] == ZERO else ZERO
            small[j] += ONE if abs(row[j]) < bound else ZERO
    for j in range(width):
        none[j] = none[j] / count
        small[j] = small[j] / count
    return 0


@inline
def changes(A, I, S, C, lo, hi, thread):
    out, n = I[3], I[8]
    arrays = part(A, I[4], n), part(A, I[5], n), part(A, I[6], n), part(A, I[7], n)
    w, g, step, still, along = step_sums(arrays[0], arrays[1], arrays[2], arrays[3], n)
    A[out] = DTYPE(math.sqrt(w / n))
    A[out + 1] = DTYPE(math.sqrt(g / n))
    A[out + 2] = DTYPE(math.sqrt(step / n))
    A[out + 3] = DTYPE(still / n)
    A[out + 4] = DTYPE(along / n)
    return 0

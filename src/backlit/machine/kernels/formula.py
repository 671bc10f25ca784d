# The formula machine.  A formula comes as data, so a formula that a person types needs no compilation.
#
# I = [address, n, grain, fills, loads, words, then
#      fills: (register, place in S) …              a uniform, the same for all elements
#      loads: (register, place, inner, length) …    an input that is repeated: element (i // inner) % length
#      words: (code, d, d mode, a, a mode, b, b mode, c, c mode) …]
# The mode of an operand: 1, an array of n elements in the arena; 0, a register (one set of them per thread).


@inline
def word(code, d, a, b, c, n):
    # WORDS
    return 0


@inline
def kernel(A, I, S, C, lo, hi, thread):
    fills, loads, words, registers = I[3], I[4], I[5], C[REGISTERS] * thread
    loads_at = 6 + 2 * fills
    most = min(BLOCK, hi - lo)
    words_at = loads_at + 4 * loads
    for f in range(fills):
        place = I[6 + 2 * f] + registers
        fill(part(A, place, most), most, DTYPE(S[I[7 + 2 * f]]))
    begin = lo
    while begin < hi:
        n = min(BLOCK, hi - begin)
        for f in range(loads):
            p = loads_at + 4 * f
            place = I[p] + registers
            load(part(A, place, n), A, I[p + 1], I[p + 2], I[p + 3], begin, n)
        for w in range(words):
            p = words_at + 9 * w
            d = I[p + 1] + (begin if I[p + 2] else registers)
            a = I[p + 3] + (begin if I[p + 4] else registers)
            b = I[p + 5] + (begin if I[p + 6] else registers)
            c = I[p + 7] + (begin if I[p + 8] else registers)
            word(I[p], part(A, d, n), part(A, a, n), part(A, b, n), part(A, c, n), n)
        begin += n
    return 0


@inline
def load(register, A, place, inner, length, begin, n):
    """A block of an input that is repeated."""
    if length == 1:
        fill(register, n, A[place])
        return
    at = (begin // inner) % length
    if inner == 1:
        for i in range(n):
            register[i] = A[place + at]
            at = at + 1 if at + 1 < length else 0
        return
    left = inner - begin % inner
    for i in range(n):
        register[i] = A[place + at]
        left -= 1
        if left == 0:
            left = inner
            at = at + 1 if at + 1 < length else 0

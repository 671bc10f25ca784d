# Scalars that are worked out once a step from settings and from the step's number, in float64.
#
# I = [address, 1, 1, sizes, then (number of rows, place) …, words, then (code, result, a, b, c) …], all places in S.


@inline
def kernel(A, I, S, C, lo, hi, thread):
    p = 4
    for w in range(I[3]):
        S[I[p + 1]] = I[p]
        p += 2
    words = I[p]
    p += 1
    for w in range(words):
        code, a, b, c = I[p], S[I[p + 2]], S[I[p + 3]], S[I[p + 4]]
        # WORDS
        p += 5
    return 0

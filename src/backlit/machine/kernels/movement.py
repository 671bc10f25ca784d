# Kernels of ops/movement.py and ops/random.py.  I = [address, count, grain, out, inputs …, numbers …]


@inline
def spread(A, I, S, C, lo, hi, thread):
    # the numbers: sizes of four axes, their steps in x
    out, x = I[3], I[4]
    n0, n1, n2, n3 = I[5], I[6], I[7], I[8]
    s0, s1, s2, s3 = I[9], I[10], I[11], I[12]
    for a in range(n0):
        for b in range(n1):
            for c in range(n2):
                begin = out + ((a * n1 + b) * n2 + c) * n3
                source = x + a * s0 + b * s1 + c * s2
                row = part(A, begin, n3)
                if s3 == 0:
                    fill(row, n3, A[source])
                else:
                    copy(row, part(A, source, n3), n3)
    return 0


@inline
def transpose(A, I, S, C, lo, hi, thread):
    out, x, m, n = I[3], I[4], I[5], I[6]
    for j in range(lo, hi):
        for i in range(m):
            A[out + j * m + i] = A[x + i * n + j]
    return 0


@inline
def concatenate(A, I, S, C, lo, hi, thread):
    # the numbers: outer, inner size of a, of b
    out, a, b, m, n = I[3], I[4], I[5], I[7], I[8]
    for r in range(lo, hi):
        begin = out + r * (m + n)
        copy(part(A, begin, m), part(A, a + r * m, m), m)
        copy(part(A, begin + m, n), part(A, b + r * n, n), n)
    return 0


@inline
def window(A, I, S, C, lo, hi, thread):
    # the numbers: outer, row of x, row of out, read from, write to, length
    out, x, m, n = I[3], I[4], I[6], I[7]
    source, target, length = I[8], I[9], I[10]
    for r in range(lo, hi):
        row = part(A, out + r * n, n)
        if length < n:
            fill(row, n, ZERO)
        begin = x + r * m + source
        copy(part(A, out + r * n + target, length), part(A, begin, length), length)
    return 0


@inline
def mixed(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inline
def stream_of(seed, step, key):
    """Where the random numbers of (seed, step, key) begin: ops/random.py in the machine's words."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    z = mixed(np.uint64(seed) + golden)
    return mixed(mixed(z + np.uint64(step) * golden) + np.uint64(key) * golden)


@inline
def dropout(A, I, S, C, lo, hi, thread):
    # the numbers: key, place of the rate in S
    out, x, key = I[3], I[4], I[5]
    rate = S[I[6]]
    bound = np.uint64(int(rate * 4294967296.0))
    scale = DTYPE(1.0 / (1.0 - rate))
    golden = np.uint64(0x9E3779B97F4A7C15)
    begin = stream_of(C[SEED], C[STEP], key)
    source, target = part(A, x + lo, hi - lo), part(A, out + lo, hi - lo)
    for i in range(hi - lo):
        drawn = mixed(begin + np.uint64(lo + i + 1) * golden) >> np.uint64(32)
        target[i] = source[i] * (scale if drawn >= bound else ZERO)
    return 0


@inline
def random_uniform(A, I, S, C, lo, hi, thread):
    golden, begin = np.uint64(0x9E3779B97F4A7C15), stream_of(C[SEED], C[STEP], I[5])
    target = part(A, I[3] + lo, hi - lo)
    for i in range(hi - lo):
        drawn = mixed(begin + np.uint64(lo + i + 1) * golden) >> np.uint64(32)
        target[i] = DTYPE((float(drawn) + 0.5) * 2.3283064365386963e-10)
    return 0


@inline
def random_normal(A, I, S, C, lo, hi, thread):
    golden, begin = np.uint64(0x9E3779B97F4A7C15), stream_of(C[SEED], C[STEP], I[5])
    target = part(A, I[3] + lo, hi - lo)
    for i in range(hi - lo):
        drawn = mixed(begin + np.uint64(lo + i + 1) * golden)
        p = (float(drawn >> np.uint64(32)) + 0.5) * 2.3283064365386963e-10
        q = float(drawn & np.uint64(0xFFFFFFFF)) * 2.3283064365386963e-10
        target[i] = DTYPE(math.sqrt(-2.0 * math.log(p)) * math.cos(6.283185307179586 * q))
    return 0

"""exp, expm1, log, log1p, tanh, erf, ndtr and atan of one float32, as text for the compiler.

This file is never imported. The builder puts a header in front of it (`inline, DTYPE, INT, bits, unbits,
np`, where bits(x) is the int32 with the bits of the float32 x, and unbits the way back) and a kernel behind
it. `words_float64.py` is the same text with other constants, and another way from integer to float.

Every function is a straight line of additions, multiplications, at most one division, bit casts and
selections, so that LLVM turns a loop over it into vector code. The words must be compiled without any
fast-math flag: rounding to an integer by adding a large number, and ln 2 in two parts, mean nothing to a
compiler that reassociates. No step needs a fused multiply-add, and none is formed: compiled and plain
Python give the same bits.

Largest errors in units in the last place, over all 2³² numbers, and nanoseconds an element in a loop over
10,000 numbers (one core, AVX-512 in vectors of 256 bits; atan by its share of tanh's time, 0.92):

             exp   expm1     log   log1p    tanh     erf    ndtr    atan
  error     0.93    1.26    0.84    1.40    2.56    1.33    6.65    1.86
  ns        0.47    0.48    0.52    0.58    0.52    0.92    0.80    0.48

Where a result is subnormal, the error is counted in units of 2⁻¹⁴⁹: underflow is gradual. A NaN gives a
NaN. The words erf and ndtr are put together in ops/words.py, of exp, `bell`, `mills` and the functions of
their names; the others are one function each.

Names that begin with _ belong to this text. A kernel behind it must not give them another meaning.
"""

_ZERO = DTYPE(0.0)
_QUARTER = DTYPE(0.25)
_HALF = DTYPE(0.5)
_ONE = DTYPE(1.0)
_TWO = DTYPE(2.0)
_INF = DTYPE(np.inf)
_NAN = DTYPE(np.nan)
_ONE_BIT = INT(1)
_MANTISSA = INT(23)  # bits of the fraction: a shift by so many brings an integer into the exponent

# For |x| below this, x stands for expm1(x) and for log1p(x): the next term, x²/2, is under a quarter of a
# unit.
_TINY = DTYPE(2.0**-25)

# ln 2 in two parts (Cody and Waite, "Software Manual for the Elementary Functions", 1980). The first has so
# few bits (9: it is 355/512) that its product with any exponent k is exact, and so is, by cancellation, x -
# k _LN2_HI.
_LOG2_E = DTYPE(1.442695)
_LN2_HI = DTYPE(0.693359375)
_LN2_LO = DTYPE(-0.00021219444)

# ---- exp, expm1, tanh: x = k ln 2 + r with |r| <= (ln 2)/2, then e^r ≈ 1 + r + r² q(r), then times 2^k -----

# q by the Remez exchange, its first coefficient held at 1/2; its error is 2^-26 of e^r - 1.
_E2 = DTYPE(0.5)
_E3 = DTYPE(0.16666548)
_E4 = DTYPE(0.041666854)
_E5 = DTYPE(0.008366164)
_E6 = DTYPE(0.0013898256)

# Adding 1.5 · 2²³ leaves no bits for a fraction: the sum is rounded to an integer, which stands in its low
# bits. What is added on top is the bias of the exponent, so that these bits, shifted into the exponent, are
# a power of two: 2 · 127 for 2^k as a product of two factors, 127 - 1 for 2^(k-1).
_ROUND_TWICE_BIASED = DTYPE(12582912.0 + 254.0)
_ROUND_LESS_ONE_BIASED = DTYPE(12582912.0 + 126.0)

# Beyond these every result is inf, or 0, or -1, or 1; within them k stays where the exponents are valid.
# The comparisons are written so that a NaN fails them and goes on.
_EXP_MAX = DTYPE(89.0)
_EXP_MIN = DTYPE(-104.0)
_EXPM1_MIN = DTYPE(-18.0)
_TANH_MAX = DTYPE(20.0)
_SIGN = INT(-(2**31))


@inline
def _q(r):
    """(e^r - 1 - r) / r² for |r| <= (ln 2)/2."""
    return _E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * _E6)))


@inline
def exp(x):
    """e^x: inf above 88.7228, subnormal below -87.3365, 0 below -103.9721."""
    x = _EXP_MAX if x > _EXP_MAX else x
    x = _EXP_MIN if x < _EXP_MIN else x
    shifted = x * _LOG2_E + _ROUND_TWICE_BIASED
    k = shifted - _ROUND_TWICE_BIASED
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    # r is rounded, so the sum takes its two parts instead, the small one first.
    p = _ONE + (hi + ((r * r) * _q(r) - lo))
    # 2^k itself does not exist as a normal float32 at either end. Of two factors with half of k each, the
    # first multiplication is exact and only the second rounds, overflows or underflows.
    i = bits(shifted)
    i_half = INT(i >> _ONE_BIT)
    return (p * unbits(INT(i_half << _MANTISSA))) * unbits(INT(INT(i - i_half) << _MANTISSA))


@inline
def _half_expm1(x):
    """(e^x - 1) / 2 for _EXPM1_MIN <= x <= _EXP_MAX, where the half does not overflow."""
    shifted = x * _LOG2_E + _ROUND_LESS_ONE_BIASED
    k = shifted - _ROUND_LESS_ONE_BIASED
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    s = unbits(INT(bits(shifted) << _MANTISSA))
    # With s = 2^(k-1): s e^r - 1/2 = (s - 1/2) + s r + s r² q. For k = 0 the first term vanishes and r is
    # x, which keeps the relative accuracy near 0; for k = 1 the first two terms may almost cancel, but both
    # are exact.
    return ((s - _HALF) + s * hi) + s * ((r * r) * _q(r) - lo)


@inline
def expm1(x):
    """e^x - 1, to full relative accuracy near 0: inf above 88.7228, -1 below -17.3287."""
    y = _EXP_MAX if x > _EXP_MAX else x
    y = _EXPM1_MIN if y < _EXPM1_MIN else y
    h = _half_expm1(y)
    # Halving would lose the last bit of a subnormal number, and the sum the sign of -0.
    return x if abs(x) < _TINY else h + h


@inline
def tanh(x):
    """h / (h + 1) with h = (e^2|x| - 1) / 2, and the sign of x: ±1 above |x| = 9.02, ±0 at ±0."""
    y = abs(x)
    y = y + y
    y = _TANH_MAX if y > _TANH_MAX else y
    h = _half_expm1(y)  # of 2|x|, not of -2|x|: where h is large, its error drops out of the quotient
    t = h / (h + _ONE)
    return unbits(INT(bits(t) | INT(bits(x) & _SIGN)))


# ---- log, log1p: x = 2^k (1 + f) with 1 + f between √½ and √2, then k ln 2 + log(1 + f) --------------------

# With s = f / (2 + f), log(1 + f) = 2 atanh s = s (2 + z l(z)) where z = s² (the way of Sun's fdlibm,
# 1993). l by the Remez exchange; its error is 2^-29 of log(1 + f).
_L1 = DTYPE(0.66666776)
_L2 = DTYPE(0.39976034)
_L3 = DTYPE(0.29926854)

_SQRT_HALF_BITS = INT(0x3F3504F3)
_FOUR_BITS = INT(0x40800000)
_SMALLEST_NORMAL = DTYPE(2.0**-126)
_LIFT = DTYPE(2.0**25)
_LIFT_EXPONENT = INT(25)
_NO_EXPONENT = INT(0)


@inline
def _log_of_parts(k, f):
    """k ln 2 + log(1 + f) for an integer k."""
    exponent = DTYPE(k)
    s = f / (_TWO + f)
    z = s * s
    zl = z * (_L1 + z * (_L2 + z * _L3))
    half_square = (_HALF * f) * f
    # 2s = f - f²/2 + s f²/2. The terms with the most weight, f and k _LN2_HI, are exact and come last.
    return exponent * _LN2_HI - ((half_square - (s * (half_square + zl) + exponent * _LN2_LO)) - f)


@inline
def log(x):
    """The natural logarithm, also of subnormal numbers: -inf at ±0, NaN below, inf at inf."""
    small = x < _SMALLEST_NORMAL
    y = x * _LIFT if small else x
    lifted = _LIFT_EXPONENT if small else _NO_EXPONENT
    # The bits of positive floats grow as they do: those of y less those of √½ have k, rounded down, on top.
    k = INT(INT(bits(abs(y)) - _SQRT_HALF_BITS) >> _MANTISSA)
    f = unbits(INT(bits(y) - INT(k << _MANTISSA))) - _ONE
    result = _log_of_parts(INT(k - lifted), f)
    outside = -_INF if x == _ZERO else _NAN
    result = result if x > _ZERO else outside
    return result if x < _INF else x  # inf and NaN give themselves


@inline
def log1p(x):
    """log(1 + x), to full relative accuracy near 0: -inf at -1, NaN below, inf at inf."""
    # The rounded 1 + x only chooses k. f = 2^-k (1 + x) - 1 is made of x itself, as (2^-k - 1) + 2^-k x:
    # the first term is exact where it matters, the second always, so f is rounded once, and for k = 0 not
    # at all.
    k = INT(INT(bits(abs(_ONE + x)) - _SQRT_HALF_BITS) >> _MANTISSA)
    scale = unbits(INT(_FOUR_BITS - INT(k << _MANTISSA)))  # 2^(2-k), because 2^-128 is subnormal
    f = (scale * _QUARTER - _ONE) + scale * (_QUARTER * x)
    result = _log_of_parts(k, f)
    # A quarter of a subnormal number has lost bits, and the sum has lost the sign of -0.
    result = x if abs(x) < _TINY else result
    outside = -_INF if x == -_ONE else _NAN
    result = result if x > -_ONE else outside
    return result if x < _INF else x


# ---- ndtr, erf: Φ, the normal distribution, and its tails Φ(-a) = e^(-a²/2) m(a) for a >= 0 ----------------

# m is Mills' ratio over √(2π): it falls from 1/2 no faster than 1/a. Here it is a quotient of polynomials by
# the Remez exchange, its value at 0 held; the error is 2^-26.5 of m up to _NDTR_MAX, where e^(-a²/2) has long
# become 0. All coefficients are positive, so nothing cancels.
_M1 = DTYPE(0.4362934)
_M2 = DTYPE(0.18162753)
_M3 = DTYPE(0.04005558)
_M4 = DTYPE(0.004020715)
_N1 = DTYPE(1.6704715)
_N2 = DTYPE(1.1960958)
_N3 = DTYPE(0.46519724)
_N4 = DTYPE(0.10041103)
_N5 = DTYPE(0.0100783175)
_NDTR_MAX = DTYPE(14.5)

# erf(x) = x + x f(x²) for |x| <= 1, f by the Remez exchange; its error is 2^-29.6 of erf(x).
_F0 = DTYPE(0.12837917)
_F1 = DTYPE(-0.37612626)
_F2 = DTYPE(0.112835854)
_F3 = DTYPE(-0.026853811)
_F4 = DTYPE(0.0051883273)
_F5 = DTYPE(-0.0008010191)
_F6 = DTYPE(7.8538535e-05)

_MINUS_HALF = DTYPE(-0.5)
_UPPER_BITS = INT(-(2**12))  # keeps the first 12 bits of a number, so that its square is exact

# LLVM only calls what is too long for it, and a call in a loop is the end of vector code. So ndtr and erf are
# given their parts, by the spelling in ops/words.py, and all four are short. A formula that has e^(-x²/2) of its
# own as well, such as the derivative of a GELU, computes it once.


@inline
def bell(x):
    """e^(-x²/2); x² is rounded, so the error grows with it."""
    return exp(_MINUS_HALF * (x * x))


@inline
def mills(x):
    """m(|x|) = e^(x²/2) Φ(-|x|)."""
    a = abs(x)
    a = _NDTR_MAX if a > _NDTR_MAX else a
    a2 = a * a
    a4 = a2 * a2
    m = _HALF + (_M1 * a + (a2 * (_M2 + _M3 * a) + a4 * _M4))
    n = _ONE + (_N1 * a + (a2 * (_N2 + _N3 * a) + a4 * (_N4 + _N5 * a)))
    return m / n


@inline
def ndtr(x, e, m):
    """Φ(x) of x, e = bell(x), m = mills(x), to full relative accuracy: 1/2 at ±0, 0 below -14.17."""
    # e is of the rounded a². With lost, the exact a² less the rounded: e^(-a²/2) = e (1 - lost/2).
    a = abs(x)
    a = _NDTR_MAX if a > _NDTR_MAX else a
    high = unbits(INT(bits(a) & _UPPER_BITS))
    lost = (high * high - a * a) + (a - high) * (a + high)
    tail = e * (m - (m * lost) * _HALF)
    return tail if x < _ZERO else _ONE - tail


@inline
def erf(x, e, m):
    """erf(x) of x, e = exp(-x²), m = mills(√2 x): ±1 above |x| = 3.92, ±0 at ±0."""
    z = x * x
    near = x + x * (_F0 + z * (_F1 + z * (_F2 + z * (_F3 + z * (_F4 + z * (_F5 + z * _F6))))))
    far = _ONE - (e * m + e * m)
    far = unbits(INT(bits(far) | INT(bits(x) & _SIGN)))
    return near if abs(x) < _ONE else far


# ---- atan: of z with |z| <= tan(π/8), and an eighth or a quarter of a turn more ----------------------------

# atan(z) = z + z w a(w) with w = z², a by the Remez exchange; its error is 2^-28.3 of atan(z).
_A0 = DTYPE(-0.33333316)
_A1 = DTYPE(0.19998471)
_A2 = DTYPE(-0.14243533)
_A3 = DTYPE(0.10593809)
_A4 = DTYPE(-0.06078211)
_TAN_EIGHTH = DTYPE(0.41421356237309503)
_TAN_THREE_EIGHTHS = DTYPE(2.414213562373095)
_QUARTER_PI = DTYPE(0.7853982)
_QUARTER_PI_REST = DTYPE(-2.1855694e-08)
_HALF_PI = DTYPE(1.5707964)
_HALF_PI_REST = DTYPE(-4.371139e-08)


@inline
def atan(x):
    """The arctangent, to full relative accuracy near 0: ±π/2 at ±inf, ±0 at ±0."""
    # atan(a) is atan((a - 1) / (a + 1)) + π/4, and atan(-1 / a) + π/2: one quotient, whatever is taken.
    a = abs(x)
    middle, far = a > _TAN_EIGHTH, a > _TAN_THREE_EIGHTHS
    above = a - _ONE if middle else a
    above = -_ONE if far else above
    below = a + _ONE if middle else _ONE
    below = a if far else below
    turn = _QUARTER_PI if middle else _ZERO
    turn = _HALF_PI if far else turn
    rest = _QUARTER_PI_REST if middle else _ZERO
    rest = _HALF_PI_REST if far else rest
    z = above / below
    w = z * z
    p = _A0 + w * (_A1 + w * (_A2 + w * (_A3 + w * _A4)))
    t = turn + (z + (z * (w * p) + rest))
    return unbits(INT(bits(t) | INT(bits(x) & _SIGN)))

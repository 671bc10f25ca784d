"""exp, expm1, log, log1p, tanh, erf, ndtr and atan of one float64, as text for the compiler.

This file is never imported. The builder puts a header in front of it (`inline, DTYPE, INT, bits, unbits,
np`, where bits(x) is the int64 with the bits of the float64 x, and unbits the way back) and a kernel behind
it. `words_float32.py` is the same text with other constants, and another way from integer to float.

Every function is a straight line of additions, multiplications, at most one division, bit casts and
selections, so that LLVM turns a loop over it into vector code. The words must be compiled without any
fast-math flag: rounding to an integer by adding a large number, and ln 2 in two parts, mean nothing to a
compiler that reassociates. No step needs a fused multiply-add, and none is formed: compiled and plain
Python give the same bits.

Largest errors in units in the last place, seen over 10⁸ numbers of all sizes (erf and ndtr: 3 · 10⁷ numbers
from -38.5 to 8), and nanoseconds an element in a loop over 10,000 numbers (one core, AVX-512 in vectors of
256 bits; atan by its share of tanh's time, 1.05):

             exp   expm1     log   log1p    tanh     erf    ndtr    atan
  error     0.92    1.26    0.85    1.40    2.52    1.41    8.14    1.84
  ns         1.4     1.5     1.4     1.6     1.6     3.0     2.7     1.7

Where a result is subnormal, the error is counted in units of 2⁻¹⁰⁷⁴: underflow is gradual. A NaN gives a
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
_MANTISSA = INT(52)  # bits of the fraction: a shift by so many brings an integer into the exponent

# For |x| below this, x stands for expm1(x) and for log1p(x): the next term, x²/2, is under a quarter of a
# unit.
_TINY = DTYPE(2.0**-54)

# ln 2 in two parts (Cody and Waite, "Software Manual for the Elementary Functions", 1980). The first has so
# few bits (41) that its product with any exponent k is exact, and so is, by cancellation, x - k _LN2_HI.
_LOG2_E = DTYPE(1.4426950408889634)
_LN2_HI = DTYPE(0.693147180559663)
_LN2_LO = DTYPE(2.8235290563031577e-13)

# ---- exp, expm1, tanh: x = k ln 2 + r with |r| <= (ln 2)/2, then e^r ≈ 1 + r + r² q(r), then times 2^k -----

# q by the Remez exchange, its first coefficient held at 1/2; its error is 2^-55 of e^r - 1.
_E2 = DTYPE(0.5)
_E3 = DTYPE(0.16666666666666602)
_E4 = DTYPE(0.041666666666619286)
_E5 = DTYPE(0.00833333333338923)
_E6 = DTYPE(0.0013888888920861324)
_E7 = DTYPE(0.0001984126970782757)
_E8 = DTYPE(2.4801515821166927e-05)
_E9 = DTYPE(2.7557425885906908e-06)
_E10 = DTYPE(2.7622467876792044e-07)
_E11 = DTYPE(2.5045876278528502e-08)

# Adding 1.5 · 2⁵² leaves no bits for a fraction: the sum is rounded to an integer, which stands in its low
# bits. What is added on top is the bias of the exponent, so that these bits, shifted into the exponent, are
# a power of two: 2 · 1023 for 2^k as a product of two factors, 1023 - 1 for 2^(k-1).
_ROUND_TWICE_BIASED = DTYPE(6755399441055744.0 + 2046.0)
_ROUND_LESS_ONE_BIASED = DTYPE(6755399441055744.0 + 1022.0)

# Beyond these every result is inf, or 0, or -1, or 1; within them k stays where the exponents are valid.
# The comparisons are written so that a NaN fails them and goes on.
_EXP_MAX = DTYPE(710.0)
_EXP_MIN = DTYPE(-746.0)
_EXPM1_MIN = DTYPE(-40.0)
_TANH_MAX = DTYPE(40.0)
_SIGN = INT(-(2**63))


@inline
def _q(r):
    """(e^r - 1 - r) / r² for |r| <= (ln 2)/2."""
    upper = _E7 + r * (_E8 + r * (_E9 + r * (_E10 + r * _E11)))
    return _E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * (_E6 + r * upper))))


@inline
def exp(x):
    """e^x: inf above 709.7827, subnormal below -708.3964, 0 below -745.1332."""
    x = _EXP_MAX if x > _EXP_MAX else x
    x = _EXP_MIN if x < _EXP_MIN else x
    shifted = x * _LOG2_E + _ROUND_TWICE_BIASED
    k = shifted - _ROUND_TWICE_BIASED
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    # r is rounded, so the sum takes its two parts instead, the small one first.
    p = _ONE + (hi + ((r * r) * _q(r) - lo))
    # 2^k itself does not exist as a normal float64 at either end. Of two factors with half of k each, the
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
    """e^x - 1, to full relative accuracy near 0: inf above 709.7827, -1 below -37.4299."""
    y = _EXP_MAX if x > _EXP_MAX else x
    y = _EXPM1_MIN if y < _EXPM1_MIN else y
    h = _half_expm1(y)
    # Halving would lose the last bit of a subnormal number, and the sum the sign of -0.
    return x if abs(x) < _TINY else h + h


@inline
def tanh(x):
    """h / (h + 1) with h = (e^2|x| - 1) / 2, and the sign of x: ±1 above |x| = 19.07, ±0 at ±0."""
    y = abs(x)
    y = y + y
    y = _TANH_MAX if y > _TANH_MAX else y
    h = _half_expm1(y)  # of 2|x|, not of -2|x|: where h is large, its error drops out of the quotient
    t = h / (h + _ONE)
    return unbits(INT(bits(t) | INT(bits(x) & _SIGN)))


# ---- log, log1p: x = 2^k (1 + f) with 1 + f between √½ and √2, then k ln 2 + log(1 + f) --------------------

# With s = f / (2 + f), log(1 + f) = 2 atanh s = s (2 + z l(z)) where z = s² (the way of Sun's fdlibm,
# 1993). l by the Remez exchange; its error is 2^-58 of log(1 + f).
_L1 = DTYPE(0.666666666666671)
_L2 = DTYPE(0.3999999999951718)
_L3 = DTYPE(0.28571428730011333)
_L4 = DTYPE(0.22222199005393495)
_L5 = DTYPE(0.18183576430869458)
_L6 = DTYPE(0.1531303017910712)
_L7 = DTYPE(0.14811936235721285)

# From integer to float in a way that vectorises everywhere (only AVX-512 converts 64-bit integers): its
# bits are put below those of a number whose last bit is worth 1, and that number is taken away again.
_STEPS_OF_ONE = DTYPE(6755399441055744.0)
_STEPS_OF_ONE_BITS = INT(0x4338000000000000)

_SQRT_HALF_BITS = INT(0x3FE6A09E667F3BCD)
_FOUR_BITS = INT(0x4010000000000000)
_SMALLEST_NORMAL = DTYPE(2.0**-1022)
_LIFT = DTYPE(2.0**54)
_LIFT_EXPONENT = INT(54)
_NO_EXPONENT = INT(0)


@inline
def _log_of_parts(k, f):
    """k ln 2 + log(1 + f) for an integer k."""
    exponent = unbits(INT(k + _STEPS_OF_ONE_BITS)) - _STEPS_OF_ONE
    s = f / (_TWO + f)
    z = s * s
    zl = z * (_L1 + z * (_L2 + z * (_L3 + z * (_L4 + z * (_L5 + z * (_L6 + z * _L7))))))
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
    scale = unbits(INT(_FOUR_BITS - INT(k << _MANTISSA)))  # 2^(2-k), because 2^-1024 is subnormal
    f = (scale * _QUARTER - _ONE) + scale * (_QUARTER * x)
    result = _log_of_parts(k, f)
    # A quarter of a subnormal number has lost bits, and the sum has lost the sign of -0.
    result = x if abs(x) < _TINY else result
    outside = -_INF if x == -_ONE else _NAN
    result = result if x > -_ONE else outside
    return result if x < _INF else x


# ---- ndtr, erf: Φ, the normal distribution, and its tails Φ(-a) = e^(-a²/2) m(a) for a >= 0 ----------------

# m is Mills' ratio over √(2π): it falls from 1/2 no faster than 1/a. Here it is a quotient of polynomials by
# the Remez exchange, its value at 0 held; the error is 2^-57.1 of m up to _NDTR_MAX, where e^(-a²/2) has long
# become 0. All coefficients are positive, so nothing cancels.
_M1 = DTYPE(0.8235748086370607)
_M2 = DTYPE(0.6726575950929566)
_M3 = DTYPE(0.3518666924486082)
_M4 = DTYPE(0.1293038177505599)
_M5 = DTYPE(0.03471499621679525)
_M6 = DTYPE(0.006885356045443356)
_M7 = DTYPE(0.000997197964003271)
_M8 = DTYPE(0.00010127818135440887)
_M9 = DTYPE(6.555807391265198e-06)
_M10 = DTYPE(2.0768776086118602e-07)
_N1 = DTYPE(2.4450341780769866)
_N2 = DTYPE(2.796170211508864)
_N3 = DTYPE(1.9781988572661673)
_N4 = DTYPE(0.964181863264716)
_N5 = DTYPE(0.34087309848035696)
_N6 = DTYPE(0.08948433004522002)
_N7 = DTYPE(0.017511853696104116)
_N8 = DTYPE(0.0025160375843482894)
_N9 = DTYPE(0.00025438734899680353)
_N10 = DTYPE(1.6432972170007617e-05)
_N11 = DTYPE(5.205960136693384e-07)
_NDTR_MAX = DTYPE(39.0)

# erf(x) = x + x f(x²) for |x| <= 1, f by the Remez exchange; its error is 2^-56.9 of erf(x).
_F0 = DTYPE(0.12837916709551256)
_F1 = DTYPE(-0.3761263890318352)
_F2 = DTYPE(0.11283791670944185)
_F3 = DTYPE(-0.026866170643111437)
_F4 = DTYPE(0.005223977606118152)
_F5 = DTYPE(-0.0008548325929298709)
_F6 = DTYPE(0.00012055293576479509)
_F7 = DTYPE(-1.4924712295542136e-05)
_F8 = DTYPE(1.6447131515342132e-06)
_F9 = DTYPE(-1.6206313523845764e-07)
_F10 = DTYPE(1.3710980222090875e-08)
_F11 = DTYPE(-7.779469679215317e-10)

_MINUS_HALF = DTYPE(-0.5)
_UPPER_BITS = INT(-(2**27))  # keeps the first 26 bits of a number, so that its square is exact

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
    a8 = a4 * a4
    m = (_M4 + _M5 * a) + a2 * (_M6 + _M7 * a)
    m = _HALF + (_M1 * a + (a2 * (_M2 + _M3 * a) + (a4 * m + a8 * ((_M8 + _M9 * a) + a2 * _M10))))
    n = (_N4 + _N5 * a) + a2 * (_N6 + _N7 * a)
    n = _ONE + (_N1 * a + (a2 * (_N2 + _N3 * a) + (a4 * n + a8 * ((_N8 + _N9 * a) + a2 * (_N10 + _N11 * a)))))
    return m / n


@inline
def ndtr(x, e, m):
    """Φ(x) of x, e = bell(x), m = mills(x), to full relative accuracy: 1/2 at ±0, 0 below -38.48."""
    # e is of the rounded a². With lost, the exact a² less the rounded: e^(-a²/2) = e (1 - lost/2).
    a = abs(x)
    a = _NDTR_MAX if a > _NDTR_MAX else a
    high = unbits(INT(bits(a) & _UPPER_BITS))
    lost = (high * high - a * a) + (a - high) * (a + high)
    tail = e * (m - (m * lost) * _HALF)
    return tail if x < _ZERO else _ONE - tail


@inline
def erf(x, e, m):
    """erf(x) of x, e = exp(-x²), m = mills(√2 x): ±1 above |x| = 5.92, ±0 at ±0."""
    z = x * x
    f = _F6 + z * (_F7 + z * (_F8 + z * (_F9 + z * (_F10 + z * _F11))))
    near = x + x * (_F0 + z * (_F1 + z * (_F2 + z * (_F3 + z * (_F4 + z * (_F5 + z * f))))))
    far = _ONE - (e * m + e * m)
    far = unbits(INT(bits(far) | INT(bits(x) & _SIGN)))
    return near if abs(x) < _ONE else far


# ---- atan: of z with |z| <= tan(π/8), and an eighth or a quarter of a turn more ----------------------------

# atan(z) = z + z w a(w) with w = z², a by the Remez exchange; its error is 2^-57.5 of atan(z).
_A0 = DTYPE(-0.333333333333332)
_A1 = DTYPE(0.19999999999953252)
_A2 = DTYPE(-0.14285714280166947)
_A3 = DTYPE(0.11111110782171965)
_A4 = DTYPE(-0.09090897725692647)
_A5 = DTYPE(0.07692059724629556)
_A6 = DTYPE(-0.06663099279649719)
_A7 = DTYPE(0.05847859789305585)
_A8 = DTYPE(-0.050391926131950905)
_A9 = DTYPE(0.03806219247857007)
_A10 = DTYPE(-0.01790509426064735)
_TAN_EIGHTH = DTYPE(0.41421356237309503)
_TAN_THREE_EIGHTHS = DTYPE(2.414213562373095)
_QUARTER_PI = DTYPE(0.7853981633974483)
_QUARTER_PI_REST = DTYPE(3.061616997868383e-17)
_HALF_PI = DTYPE(1.5707963267948966)
_HALF_PI_REST = DTYPE(6.123233995736766e-17)


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
    p = _A6 + w * (_A7 + w * (_A8 + w * (_A9 + w * _A10)))
    p = _A0 + w * (_A1 + w * (_A2 + w * (_A3 + w * (_A4 + w * (_A5 + w * p)))))
    t = turn + (z + (z * (w * p) + rest))
    return unbits(INT(bits(t) | INT(bits(x) & _SIGN)))

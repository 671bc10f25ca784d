"""The sigmoid and its kin: bounded, S-shaped activations made of e^u."""

import math
from typing import Any

from .. import formula as fm
from ..arithmetic import exp, expm1, log, log1p, minimum, sigmoid_formula, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    domain=(-8.0, 8.0),
    initial="xavier",
    hot=True,
    book="1 / (1 + exp(-u))",
    names={"torch": "Sigmoid", "onnx": "Sigmoid", "keras": "sigmoid", "jax": "sigmoid"},
    also=("logistic",),
    source="Verhulst 1845; Rumelhart, Hinton, Williams, Nature 323, 1986",
)
def sigmoid(u):
    """The logistic function, a smooth step from 0 to 1: o = 1 / (1 + e^-u).

    Its outputs are all positive with centre 0.5, so the next layer's mean input is shifted, and the gradients of
    the weights into one unit share one sign.  For large |u| it is flat: the gradient vanishes.

    Derivative
    ----------
    do/du = o (1 - o), at most 1/4 (at u = 0).  Keeps the output only.  In float32 the output rounds to 1 from
    u = 16.6 on, and the derivative read from it to 0.

    Examples
    --------
    >>> [round(float(o), 6) for o in sigmoid([-1.0, 0.0, 2.0])]
    [0.268941, 0.5, 0.880797]
    """
    return sigmoid_formula(u)


@sigmoid.derivative
def _(o):
    return o * (1 - o)


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    initial="xavier",
    hot=True,
    names={"torch": "Tanh", "onnx": "Tanh", "keras": "tanh", "jax": "tanh"},
    source='LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998',
)
def tanh(u):
    """The hyperbolic tangent, from -1 to 1 with centre 0: o = tanh(u).

    Like the sigmoid (it is 2 σ(2u) - 1), but centred, so the next layer's inputs are not shifted.  It saturates too.

    Derivative
    ----------
    do/du = 1 - o², at most 1 (at u = 0).  Keeps the output only.

    Examples
    --------
    >>> [round(float(o), 6) for o in tanh([-1.0, 0.0, 2.0])]
    [-0.761594, 0.0, 0.964028]
    """
    return fm.call("tanh", u)


@tanh.derivative
def _(o):
    return 1 - o * o


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    domain=(-8.0, 8.0),
    also=("symmetric sigmoid",),
    source="Fausett, Fundamentals of Neural Networks, 1994",
    book="(1 - exp(-u)) / (1 + exp(-u))",
)
def bipolar_sigmoid(u):
    """The sigmoid stretched to -1 … 1: o = (1 - e^-u) / (1 + e^-u).

    It is 2 σ(u) - 1 and tanh(u / 2), which is how it is computed.

    Derivative
    ----------
    do/du = (1 - o²) / 2, at most 1/2 (at u = 0).  Keeps the output only.

    Examples
    --------
    >>> [round(float(o), 6) for o in bipolar_sigmoid([-1.0, 0.0, 2.0])]
    [-0.462117, 0.0, 0.761594]
    """
    return fm.call("tanh", u * 0.5)


@bipolar_sigmoid.derivative
def _(o):
    return (1 - o * o) * 0.5


@elementwise(
    role="activation",
    range=lambda a: (-a, a),
    limits={"a": (1e-6, math.inf), "b": (1e-6, math.inf)},
    initial="lecun",
    also=("LeCun tanh",),
    source='LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998',
)
def scaled_tanh(u, *, a=1.7159, b=2 / 3):
    """LeCun's tanh: o = a · tanh(b · u), with a = 1.7159 and b = 2/3.

    With these numbers o is about ±1 at u = ±1, where the function bends most: outputs of variance 1 come from
    inputs of variance 1, and targets of ±1 are not at its flat ends.

    Derivative
    ----------
    do/du = (b / a) (a - o) (a + o), at most a b = 1.144 (at u = 0).  Keeps the output only.

    Examples
    --------
    >>> [round(float(o), 5) for o in scaled_tanh([-1.0, 0.0, 1.0])]
    [-1.0, 0.0, 1.0]
    """
    return a * fm.call("tanh", b * u)


@scaled_tanh.derivative
def _(o, a, b):
    return b / a * ((a - o) * (a + o))


def _soboleva_half(v: Any, slope: Any, p: Any, q: Any) -> tuple[Any, Any, Any, Any]:
    """e^(slope · v), e^-pv, e^-qv and 1 - e^-pv for v ≥ 0: the parts of one side, none of which overflows."""
    return exp(slope * v), exp(-(p * v)), exp(-(q * v)), -expm1(-(p * v))


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    monotone=lambda a, b, c, d: a == c and b == d,
    limits={"a": (0.0, "c"), "b": (0.0, "d"), "c": ("a", math.inf), "d": ("b", math.inf)},
    also=("Soboleva modified hyperbolic tangent", "mtanh"),
    source="Soboleva, Beskorovainyi, 2008",
    book="(exp(a*u) - exp(-b*u)) / (exp(c*u) + exp(-d*u))",
)
def smht(u, *, a=1.0, b=1.0, c=1.0, d=1.0):
    """Soboleva's modified tanh, with a shape for each side: o = (e^au - e^-bu) / (e^cu + e^-du).

    With all four alike it is tanh(a u).  Where c is larger than a, or d larger than b, that side rises, turns and
    falls back to 0.

    Derivative
    ----------
    do/du = (a e^au + b e^-bu) / n - o (c e^cu - d e^-du) / n with n = e^cu + e^-du.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in smht([-1.0, 0.0, 2.0])]
    [-0.761594, 0.0, 0.964028]
    >>> [round(float(o), 6) for o in smht([-1.0, 0.0, 2.0], c=2.0)]
    [-0.823657, 0.0, 0.132528]
    """
    v = abs(u)
    grown, _, fallen, above = _soboleva_half(v, where(u >= 0, a - c, b - d), a + b, c + d)
    half = grown * above / (1 + fallen)
    return where(u >= 0, half, -half)


@smht.derivative
def _(u, a, b, c, d):
    slope, p, q = where(u >= 0, a - c, b - d), a + b, c + d
    grown, left, fallen, above = _soboleva_half(abs(u), slope, p, q)
    share = 1 / (1 + fallen)
    return grown * share * (slope * above + p * left + q * fallen * above * share)


@smht.from_output(holds=lambda a, b, c, d: a == b == c == d)
def _(o, a):
    return a * (1 - o * o)


@elementwise(
    role="activation",
    range=(-math.inf, 0.0),
    domain=(-8.0, 8.0),
    names={"torch": "LogSigmoid", "keras": "log_sigmoid", "jax": "log_sigmoid"},
    book="log(1 / (1 + exp(-u)))",
)
def logsigmoid(u):
    """The logarithm of the sigmoid: o = ln σ(u).

    The log-likelihood of a yes.  It is computed as min(u, 0) - ln(1 + e^-|u|), which neither overflows nor loses
    digits; ln of a sigmoid would be -∞ from u = -104 (float32) down.

    Derivative
    ----------
    do/du = 1 - e^o = σ(-u), between 0 and 1.  Keeps the output only, and loses nothing by it.

    Examples
    --------
    >>> [round(float(o), 6) for o in logsigmoid([-1.0, 0.0, 2.0])]
    [-1.313262, -0.693147, -0.126928]
    """
    return minimum(u, 0) - log1p(exp(-abs(u)))


@logsigmoid.derivative
def _(o):
    return -expm1(o)


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    domain=(-5.0, 1.5),
    also=("complementary log-log",),
    source="Gomes, Ludermir, HIS 2008",
    book="1 - exp(-exp(u))",
)
def cloglog(u):
    """The complementary log-log function, a lopsided step from 0 to 1: o = 1 - e^(-e^u).

    The inverse of the link of that name in statistics.  It leaves 0 slowly, as e^u, and reaches 1 quickly.

    Derivative
    ----------
    do/du = e^(u - e^u), at most 1/e (at u = 0).  Keeps the input: read from the output it would lose its digits.

    Examples
    --------
    >>> [round(float(o), 6) for o in cloglog([-1.0, 0.0, 2.0])]
    [0.307799, 0.632121, 0.999382]
    """
    return -expm1(-exp(u))


@cloglog.derivative
def _(u):
    return exp(minimum(u, 100) - exp(u))  # at u = ∞ it would be ∞ - ∞; from 100 on it is 0 in any case


@cloglog.from_output
def _(o):
    return -((1 - o) * log(1 - o))

"""S-shaped activations that are not made of e^u: arctangents, roots, quotients, areas."""

import math

from .. import formula as fm
from ..arithmetic import atan, exp, expm1, log1p, maximum, minimum, root_share, sqrt, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(-math.pi / 2, math.pi / 2),
    names={"torch": "atan", "onnx": "Atan", "keras": "arctan", "jax": "arctan"},
    also=("inverse tangent",),
)
def arctan(u):
    """The arctangent, from -π/2 to π/2: o = atan(u).

    It flattens more slowly than tanh: its derivative falls as 1 / u², not as e^-2|u|.

    Derivative
    ----------
    do/du = 1 / (1 + u²), at most 1 (at u = 0).  Keeps the input: cos²(o), the same, is inexact where o is near ±π/2.

    Examples
    --------
    >>> [round(float(o), 6) for o in arctan([-1.0, 0.0, 2.0])]
    [-0.785398, 0.0, 1.107149]
    """
    return atan(u)


@arctan.derivative
def _(u):
    return 1 / (1 + u * u)


@arctan.from_output
def _(o):
    return fm.call("cos", o) * fm.call("cos", o)


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    names={"torch": "Softsign", "onnx": "Softsign", "keras": "softsign", "jax": "soft_sign"},
    also=("Elliott",),
    source="Elliott, ISR technical report 93-8, 1993; Turian, Bergstra, Bengio, NAACL 2009",
    smooth=1,
)
def softsign(u):
    """A step from -1 to 1 without e^u: o = u / (1 + |u|).

    It flattens as 1 / u², much more slowly than tanh.  At u = ±∞ it is NaN, as in PyTorch.

    Derivative
    ----------
    do/du = 1 / (1 + |u|)², at most 1 (at u = 0).  It is continuous, but bends at 0.  Keeps the input.

    Examples
    --------
    >>> softsign([-1.0, 0.0, 3.0]).tolist()
    [-0.5, 0.0, 0.75]
    """
    return u / (1 + abs(u))


@softsign.derivative
def _(u):
    share = 1 / (1 + abs(u))
    return share * share


@softsign.from_output
def _(o):
    return (1 - abs(o)) * (1 - abs(o))


@elementwise(
    role="activation",
    range=lambda alpha: (-1 / math.sqrt(alpha), 1 / math.sqrt(alpha)),
    limits={"alpha": (1e-6, 1e6)},
    also=("inverse square root unit",),
    source="Carlile, Delamarter, Kinney, Marti, Whitney, arXiv:1710.09967, 2017",
    book="u / sqrt(1 + alpha*u**2)",
)
def isru(u, *, alpha=1.0):
    """The inverse square root unit: o = u / √(1 + α u²).

    Close to tanh in shape, but a root instead of an exponential; α sets the height, 1 / √α.

    Derivative
    ----------
    do/du = (1 + α u²)^(-3/2), at most 1 (at u = 0).  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in isru([-1.0, 0.0, 2.0])]
    [-0.707107, 0.0, 0.894427]
    """
    return root_share(u, 1 / alpha) / sqrt(alpha)


@isru.derivative
def _(u, alpha):
    share = 1 / sqrt(1 + alpha * (u * u))
    return share * share * share


@isru.from_output
def _(o, alpha):
    return (1 - alpha * (o * o)) ** 1.5


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    names={"torch": "erf", "onnx": "Erf", "keras": "erf", "jax": "erf"},
    also=("error function",),
)
def erf(u):
    """The error function, from -1 to 1: o = erf(u) = 2/√π ∫ e^(-x²) dx from 0 to u.

    The area under the bell curve between -u and u.  Of all S-shapes here it is the quickest to flatten.

    Derivative
    ----------
    do/du = (2/√π) e^(-u²), at most 1.128 (at u = 0).  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in erf([-1.0, 0.0, 2.0])]
    [-0.842701, 0.0, 0.995322]
    """
    return fm.call("erf", u)


@elementwise(role="activation", range=(-math.pi / 2, math.pi / 2), domain=(-8.0, 8.0), also=("gd",))
def gudermannian(u):
    """The Gudermannian, which leads from hyperbolic to circular functions: o = 2 atan(tanh(u / 2)).

    sin(o) is tanh(u) and tan(o) is sinh(u).  From -π/2 to π/2, with tanh's quick flattening.

    Derivative
    ----------
    do/du = 1 / cosh(u) = 2 e^-|u| / (1 + e^-2|u|), at most 1 (at u = 0).  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in gudermannian([-1.0, 0.0, 2.0])]
    [-0.865769, 0.0, 1.30176]
    """
    return 2 * atan(fm.call("tanh", u * 0.5))


@gudermannian.derivative
def _(u):
    e = exp(-abs(u))
    return 2 * e / (1 + e * e)


@gudermannian.from_output
def _(o):
    return fm.call("cos", o)


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    also=("square nonlinearity",),
    source="Wuraola, Patel, IJCNN 2018",
    ends="[]",
    smooth=1,
    book="where(abs(u) < 2, u - u*abs(u)/4, sign(u))",
)
def sqnl(u):
    """Two parabolas for an S: o = u - u |u| / 4 for |u| < 2, beyond that ±1.

    Made for machines where e^u is dear.  Beyond ±2 it is quite flat: no error signal passes there.

    Derivative
    ----------
    do/du = max(0, 1 - |u| / 2), at most 1 (at u = 0).  It is continuous, but bends at 0 and ±2.  Keeps the input.

    Examples
    --------
    >>> sqnl([-3.0, 0.0, 1.0]).tolist()
    [-1.0, 0.0, 0.75]
    """
    return where(abs(u) < 2, u - u * abs(u) * 0.25, fm.call("sign", u))


@sqnl.derivative
def _(u):
    return maximum(1 - abs(u) * 0.5, 0)


@sqnl.from_output
def _(o):
    return sqrt(1 - abs(o))


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    domain=(-3.0, 4.0),
    limits={"alpha": (1e-3, 100.0)},
    also=("soft clipping",),
    source="Klimek, Perelstein, arXiv:1810.11509, 2018",
    book="log((1 + exp(alpha*u)) / (1 + exp(alpha*(u - 1)))) / alpha",
)
def softclip(u, *, alpha=1.0):
    """Clipping to 0 … 1 with round corners: o = ln((1 + e^αu) / (1 + e^α(u-1))) / α.

    The larger α, the sharper the corners at 0 and 1.  The two halves mirror each other about u = 1/2, and only the
    lower one is computed, as ln(1 + …): the quotient above would overflow and cancel.

    Derivative
    ----------
    do/du = σ(αu) - σ(α(u-1)), below 1; the largest, tanh(α / 4), is at u = 1/2.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in softclip([-1.0, 0.5, 2.0])]
    [0.186334, 0.5, 0.813666]
    """
    e = exp(alpha * minimum(u, 1 - u))
    lower = log1p(e * -expm1(-alpha) / (1 + e * exp(-alpha))) / alpha
    return where(u <= 0.5, lower, 1 - lower)


@softclip.derivative
def _(u, alpha):
    e = exp(alpha * minimum(u, 1 - u))
    return e * -expm1(-alpha) / ((1 + e) * (1 + e * exp(-alpha)))


@softclip.from_output
def _(o, alpha):
    grown = expm1(alpha * o) / -expm1(alpha * (o - 1))  # e^αu
    return grown / (1 + grown) - grown / (grown + exp(alpha))

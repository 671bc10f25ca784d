"""Smooth relatives of the ReLU that rise everywhere."""

import math

from ..arithmetic import exp, expm1, log1p, maximum, minimum, root_formula, sqrt, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    domain=(-8.0, 8.0),
    initial="he",
    limits={"beta": (1e-6, 1e6)},
    names={"torch": "Softplus", "onnx": "Softplus", "keras": "softplus", "jax": "softplus"},
    also=("smooth relu",),
    differs="PyTorch takes o = u from βu = 20 on, which is 2e-9 too little there; Backlit, JAX and Keras do not.",
    source="Dugas, Bengio, Bélisle, Nadeau, Garcia, NIPS 2000",
    book="log(1 + exp(beta*u)) / beta",
)
def softplus(u, *, beta=1.0):
    """A smooth ReLU that is always positive: o = ln(1 + e^(β u)) / β.

    Its slope is the sigmoid.  For outputs that must be positive, such as a scale.  It is computed as
    max(u, 0) + ln(1 + e^-|βu|) / β, which neither overflows nor loses digits.

    Derivative
    ----------
    do/du = σ(β u) = 1 - e^(-β o), between 0 and 1.  Keeps the output only, and loses nothing by it.

    Examples
    --------
    >>> [round(float(o), 6) for o in softplus([-1.0, 0.0, 2.0])]
    [0.313262, 0.693147, 2.126928]
    """
    return maximum(u, 0) + log1p(exp(-(beta * abs(u)))) / beta


@softplus.derivative
def _(o, beta):
    return -expm1(-(beta * o))


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    initial="he",
    limits={"b": (1e-6, 1e6)},
    names={"keras": "squareplus", "jax": "squareplus"},
    source="Barron, arXiv:2112.11687, 2021",
    book="(u + sqrt(u**2 + b)) / 2",
)
def squareplus(u, *, b=4.0):
    """A smooth ReLU by a root: o = (u + √(u² + b)) / 2.

    Like softplus without e^u; b sets how round it is.  Below 0 it falls only as b / (4 |u|).  There the sum would
    cancel, so b / 4 is divided by the mirrored output instead.

    Derivative
    ----------
    do/du = (1 + u / √(u² + b)) / 2 = 1 / (1 + b / (4 o²)), between 0 and 1.  Keeps the output only.

    Examples
    --------
    >>> [round(float(o), 6) for o in squareplus([-1.0, 0.0, 2.0])]
    [0.618034, 1.0, 2.414214]
    """
    far = 0.5 * abs(u) + 0.5 * root_formula(u, b)
    return where(u >= 0, far, b * 0.25 / far)


@squareplus.derivative
def _(o, b):
    return 1 / (1 + b / (4 * (o * o)))


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    initial="he",
    names={"keras": "sparse_plus", "jax": "sparse_plus"},
    source="JAX's sparse_plus",
    ends="[)",
    smooth=1,
)
def sparse_plus(u):
    """A ReLU whose corner is a parabola: o = 0 for u ≤ -1, (u + 1)² / 4 between, u for u ≥ 1.

    Like softplus, but quite 0 from -1 down.

    Derivative
    ----------
    do/du = 0 for u ≤ -1, (u + 1) / 2 between, 1 for u ≥ 1: sparse_sigmoid.  It is continuous.  Keeps the input.

    Examples
    --------
    >>> sparse_plus([-2.0, 0.0, 2.0]).tolist()
    [0.0, 0.25, 2.0]
    """
    return where(u <= -1, 0, where(u >= 1, u, (u + 1) * (u + 1) * 0.25))


@sparse_plus.derivative
def _(u):
    return where(u <= -1, 0, where(u >= 1, 1, (u + 1) * 0.5))


@sparse_plus.from_output
def _(o):
    return minimum(sqrt(o), 1)


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    names={"torch": "exp", "onnx": "Exp", "keras": "exponential", "jax": "exp"},
)
def exponential(u):
    """The exponential: o = e^u.

    For outputs that are rates or counts (it undoes a logarithm).  In hidden layers it overflows easily.

    Derivative
    ----------
    do/du = o.  Keeps the output only.

    Examples
    --------
    >>> [round(float(o), 6) for o in exponential([-1.0, 0.0, 2.0])]
    [0.367879, 1.0, 7.389056]
    """
    return exp(u)


@exponential.derivative
def _(o):
    return o

"""The ReLU family: straight lines with a bend at 0."""

import math

from .. import formula as fm
from ..arithmetic import maximum, minimum, sqrt, unless_nan, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    kinks=(0.0,),
    side="left",
    initial="he",
    hot=True,
    names={"torch": "ReLU", "onnx": "Relu", "keras": "relu", "jax": "relu"},
    also=("rectifier", "ramp"),
    source="Nair, Hinton, ICML 2010; Glorot, Bordes, Bengio, AISTATS 2011",
    ends="[)",
)
def relu(u):
    """The rectified linear unit: o = max(0, u).

    Quick, and its gradient does not shrink for positive u.  A unit whose u is negative on every row stops
    learning: it is dead.

    Derivative
    ----------
    do/du = 1 for u > 0, 0 for u < 0.  At u = 0 we take 0 (the left side), as PyTorch, JAX and Keras do.  Keeps the
    output only.

    Examples
    --------
    >>> relu([-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    """
    return maximum(u, 0)


@relu.derivative
def _(o):
    return where(o > 0, 1, 0 * o)  # 0 · o and not 0: a NaN stays visible


@elementwise(
    role="activation",
    range=lambda slope: (-math.inf if slope else 0.0, math.inf),
    ends=lambda slope: "()" if slope else "[)",
    kinks=(0.0,),
    side="left",
    initial="he",
    hot=True,
    limits={"slope": (0.0, math.inf)},
    names={"torch": "LeakyReLU", "onnx": "LeakyRelu", "keras": "leaky_relu", "jax": "leaky_relu"},
    differs="The slope is 0.01 in PyTorch and JAX, 0.2 in Keras' function, 0.3 in Keras' layer. "
    "At 0 JAX and Keras take the derivative 1, PyTorch the slope.",
    source="Maas, Hannun, Ng, ICML workshop 2013",
    at_kinks={"keras": (1.0,), "jax": (1.0,)},
    defaults_in={"keras": {"slope": 0.2}},
)
def leaky_relu(u, *, slope=0.01):
    """A ReLU that lets a little through: o = u for u > 0, slope · u below.

    A unit with negative u still has a gradient, so it can come back to life.

    Derivative
    ----------
    do/du = 1 for u > 0, slope for u < 0.  At u = 0 we take the slope (the left side), as PyTorch does.  Keeps the
    output only, which has the sign of u as the slope is not negative.

    Examples
    --------
    >>> leaky_relu([-1.0, 0.0, 2.0]).tolist()
    [-0.01, 0.0, 2.0]
    """
    return where(u > 0, u, slope * u)


@leaky_relu.derivative
def _(o, slope):
    return where(o > 0, 1, where(o <= 0, slope, o))


@elementwise(
    role="activation",
    range=(0.0, 6.0),
    domain=(-4.0, 10.0),
    kinks=(0.0, 6.0),
    side=("left", "right"),
    initial="he",
    names={"torch": "ReLU6", "keras": "relu6", "jax": "relu6"},
    also=("clipped relu",),
    source='Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010',
    ends="[]",
)
def relu6(u):
    """A ReLU with a ceiling: o = min(max(0, u), 6).

    Made for numbers of few bits: its output has a known range.

    Derivative
    ----------
    do/du = 1 for 0 < u < 6, 0 outside.  At u = 0 and u = 6 we take 0, as PyTorch, JAX and Keras do.  Keeps the
    output only.

    Examples
    --------
    >>> relu6([-1.0, 2.0, 8.0]).tolist()
    [0.0, 2.0, 6.0]
    """
    return minimum(maximum(u, 0), 6)


@relu6.derivative
def _(o):
    return unless_nan(o, where(o > 0, where(o < 6, 1, 0), 0))


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    initial="he",
    also=("relu squared", "relu2"),
    source="So, Mańke, Liu, Dai, Shazeer, Le, NeurIPS 2021 (arXiv:2109.08668)",
    ends="[)",
    smooth=1,
)
def squared_relu(u):
    """A ReLU, squared: o = max(0, u)².

    Without a bend at 0, but outputs and error signals grow with u.

    Derivative
    ----------
    do/du = 2 max(0, u).  It is continuous, but bends at 0.  Keeps the input.

    Examples
    --------
    >>> squared_relu([-1.0, 0.5, 2.0]).tolist()
    [0.0, 0.25, 4.0]
    """
    r = maximum(u, 0)
    return r * r


@squared_relu.derivative
def _(u):
    return 2 * maximum(u, 0)


@squared_relu.from_output
def _(o):
    return 2 * sqrt(o)


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    kinks=(0.0,),
    side="mean",
    monotone=False,
    initial="he",
    names={"torch": "abs", "onnx": "Abs", "keras": "abs", "jax": "abs"},
    also=("absolute value", "modulus"),
    differs="At 0 JAX takes the derivative 1.",
    source="Jarrett, Kavukcuoglu, Ranzato, LeCun, ICCV 2009",
    ends="[)",
    at_kinks={"keras": (1.0,), "jax": (1.0,)},
)
def absolute(u):
    """The size of u without its sign: o = |u|.

    Nothing is dead and nothing is lost but the sign.

    Derivative
    ----------
    do/du = 1 for u > 0, -1 for u < 0.  At u = 0 we take 0 (the mean), as PyTorch does.  Keeps the input: two inputs
    have the same output.

    Examples
    --------
    >>> absolute([-1.0, 0.0, 2.0]).tolist()
    [1.0, 0.0, 2.0]
    """
    return abs(u)


@absolute.derivative
def _(u):
    return fm.call("sign", u)


@elementwise(
    role="activation",
    kinks=lambda t_left, t_right: (t_left, t_right),
    side=("left", "right"),
    monotone=lambda a_left, a_right: min(a_left, a_right) >= 0,
    initial="he",
    limits={"t_left": (-math.inf, "t_right"), "t_right": ("t_left", math.inf)},
    also=("S-shaped relu",),
    differs="In the paper all four numbers are learned; here they are fixed.",
    source="Jin, Xu, Feng, Wei, Xiong, Yan, AAAI 2016 (arXiv:1512.07030)",
)
def srelu(u, *, t_left=0.0, a_left=0.2, t_right=1.0, a_right=0.2):
    """Three straight lines: o = u between t_left and t_right, a_left or a_right times the rest beyond.

    Below t_left, o = t_left + a_left (u - t_left); above t_right, o = t_right + a_right (u - t_right).

    Derivative
    ----------
    do/du = a_left for u < t_left, 1 between, a_right for u > t_right.  At the bends we take the outer slope.

    Examples
    --------
    >>> [round(float(o), 6) for o in srelu([-1.0, 0.5, 2.0])]
    [-0.2, 0.5, 1.2]
    """
    above = where(u >= t_right, t_right + a_right * (u - t_right), u)
    return where(u <= t_left, t_left + a_left * (u - t_left), above)


@srelu.derivative
def _(u, t_left, a_left, t_right, a_right):
    return where(u <= t_left, a_left, where(u >= t_right, a_right, unless_nan(u, 1)))


@srelu.from_output(holds=lambda a_left, a_right: min(a_left, a_right) > 0)
def _(o, t_left, a_left, t_right, a_right):
    return where(o <= t_left, a_left, where(o >= t_right, a_right, 1))


def _apl_range(slope1, hinge1, slope2, hinge2):
    """Straight lines are lowest at a bend, unless they fall for ever on the left; on the right they rise."""
    bends = (0.0, hinge1, hinge2)
    lines = [max(0, u) + slope1 * max(0, hinge1 - u) + slope2 * max(0, hinge2 - u) for u in bends]
    return min(lines) if slope1 + slope2 >= 0 else -math.inf, math.inf


@elementwise(
    role="activation",
    range=_apl_range,
    kinks=lambda hinge1, hinge2: (0.0, hinge1, hinge2),
    side=("left", "right", "right"),
    monotone=False,
    initial="he",
    also=("adaptive piecewise linear",),
    differs="In the paper slopes and hinges are learned, and there may be more; here they are two, and fixed.",
    source="Agostinelli, Hoffman, Sadowski, Baldi, arXiv:1412.6830, 2014",
    ends="[)",
)
def apl(u, *, slope1=0.2, hinge1=1.0, slope2=-0.1, hinge2=-1.0):
    """A ReLU with two more hinges: o = max(0, u) + slope1 · max(0, hinge1 - u) + slope2 · max(0, hinge2 - u).

    With enough hinges any curve of straight lines, also one with a dip.

    Derivative
    ----------
    do/du = [u > 0] - slope1 [u < hinge1] - slope2 [u < hinge2], each [ ] being 1 or 0.  At a bend its term is 0.

    Examples
    --------
    >>> [round(float(o), 6) for o in apl([-2.0, 0.0, 2.0])]
    [0.5, 0.2, 2.0]
    """
    return maximum(u, 0) + (slope1 * maximum(hinge1 - u, 0) + slope2 * maximum(hinge2 - u, 0))


@apl.derivative
def _(u, slope1, hinge1, slope2, hinge2):
    return unless_nan(u, where(u > 0, 1, 0) - (where(u < hinge1, slope1, 0) + where(u < hinge2, slope2, 0)))

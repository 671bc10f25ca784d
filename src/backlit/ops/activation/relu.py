"""The ReLU family: straight lines with a bend at 0."""

import math

from ..arithmetic import maximum, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    kinks=(0.0,),
    side="left",
    initial="he",
    hot=True,
    names={"torch": "ReLU", "onnx": "Relu", "keras": "relu", "jax": "relu"},
    source="Nair, Hinton, ICML 2010; Glorot, Bordes, Bengio, AISTATS 2011",
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
    kinks=(0.0,),
    side="left",
    initial="he",
    hot=True,
    limits={"slope": (0.0, math.inf)},
    names={"torch": "LeakyReLU", "onnx": "LeakyRelu", "keras": "leaky_relu", "jax": "leaky_relu"},
    differs="The slope is 0.01 in PyTorch and JAX, 0.2 in Keras' function, 0.3 in Keras' layer. "
    "At 0 JAX and Keras take the derivative 1, PyTorch the slope.",
    source="Maas, Hannun, Ng, ICML workshop 2013",
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

"""Bounded, S-shaped activations."""

from .. import formula as fm
from ..arithmetic import sigmoid_formula
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    domain=(-8.0, 8.0),
    initial="xavier",
    hot=True,
    names={"torch": "Sigmoid", "onnx": "Sigmoid", "keras": "sigmoid", "jax": "sigmoid"},
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

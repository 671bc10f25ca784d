"""Self-gated activations: the input times a smooth gate of itself."""

import math

from ..arithmetic import sigmoid_formula
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(-0.27846454276107374, math.inf),
    domain=(-8.0, 8.0),
    initial="xavier",
    hot=True,
    names={"torch": "SiLU", "keras": "silu", "jax": "silu"},
    source="Hendrycks, Gimpel, arXiv:1606.08415, 2016; Elfwing, Uchibe, Doya, Neural Networks 107, 2018",
)
def silu(u):
    """The sigmoid linear unit, also called Swish: o = u σ(u).

    A smooth ReLU that dips a little below 0: no unit is ever quite dead, and there is no kink.

    Derivative
    ----------
    do/du = σ(u) (1 + u (1 - σ(u))), between -0.1 and 1.1.  Keeps the input: two inputs can have the same output.

    Examples
    --------
    >>> [round(float(o), 6) for o in silu([-1.0, 0.0, 2.0])]
    [-0.268941, 0.0, 1.761594]
    """
    return u * sigmoid_formula(u)


@silu.derivative
def _(u):
    s = sigmoid_formula(u)
    return s * (1 + u * (1 - s))

"""Steps that learn: o jumps as the step function's does, and backpropagation takes another function's derivative.

The gradient that comes out is no gradient of the loss, whose derivative is 0 wherever there is one: it is a
*surrogate*, which says in which direction a smoother network would learn.  So `gradient_check` finds these layers
wrong, and has to.  The functions are apart from `step`, whose derivative stays 0: nobody gets one without asking.
"""

from ..arithmetic import maximum, sigmoid_formula
from ..declare import elementwise
from .steps import step

# The jump is the step's; what is taken for a derivative, there and elsewhere, is the surrogate's.
_SHARED = {
    "role": "activation",
    "range": (0.0, 1.0),
    "kinks": (0.0,),
    "side": "zero",
    "initial": "xavier",
    "ends": "[]",
    "smooth": -1,
}


@elementwise(**_SHARED, surrogate="identity")
def step_identity(u):
    """The step function, learned as if it were the identity: o = 1 for u ≥ 0, 0 below.

    This is the straight-through estimator.

    With ½ (t - o)² the error signal is δ = o - t: for a single layer this is the perceptron's rule.

    Derivative
    ----------
    do/du = 1 is taken, whatever u is.  The true one is 0 for u ≠ 0, and there is none at 0.

    Source
    ------
    Hinton, "Neural networks for machine learning", 2012, lecture 9; Bengio, Léonard, Courville, "Estimating or
    propagating gradients through stochastic neurons for conditional computation", 2013.

    Examples
    --------
    >>> step_identity([-1.0, 0.0, 2.0]).tolist()
    [0.0, 1.0, 1.0]
    """
    return step(u)


@step_identity.derivative
def _(u):
    return 1 + 0 * u


@step_identity.from_output
def _(o):
    return 1 + 0 * o


@elementwise(**_SHARED, surrogate="sigmoid", limits={"scale": (0.0, 1e6)})
def step_sigmoid(u, *, scale=1.0):
    """The step function, learned as if it were σ(scale · u): o = 1 for u ≥ 0, 0 below.

    The larger the scale, the nearer the two functions, and the narrower the band around u = 0 in which anything is
    learned.

    Derivative
    ----------
    do/du = scale · s (1 - s) is taken, with s = σ(scale · u).  The true one is 0 for u ≠ 0, and there is none at 0.

    Source
    ------
    Neftci, Mostafa, Zenke, "Surrogate gradient learning in spiking neural networks", IEEE Signal Processing
    Magazine, 2019.

    Examples
    --------
    >>> step_sigmoid([-1.0, 0.0, 2.0]).tolist()
    [0.0, 1.0, 1.0]
    """
    return step(u)


@step_sigmoid.derivative
def _(u, scale):
    s = sigmoid_formula(scale * u)
    return scale * s * (1 - s)


@elementwise(**_SHARED, surrogate="triangle", limits={"scale": (0.0, 1e6)})
def step_triangle(u, *, scale=1.0):
    """The step function, learned with a triangle for its derivative: o = 1 for u ≥ 0, 0 below.

    Only units near the edge learn.

    Derivative
    ----------
    do/du = scale · max(0, 1 - |scale · u|) is taken: 0 from |u| = 1 / scale on.  The true one is 0 for u ≠ 0, and
    there is none at 0.

    Source
    ------
    Bellec and others, "Long short-term memory and learning-to-learn in networks of spiking neurons", NeurIPS 2018.

    Examples
    --------
    >>> step_triangle([-1.0, 0.0, 2.0]).tolist()
    [0.0, 1.0, 1.0]
    """
    return step(u)


@step_triangle.derivative
def _(u, scale):
    return scale * maximum(0, 1 - abs(scale * u))

"""Steps: outputs that jump."""

import math

from .. import formula as fm
from ..arithmetic import unless_nan, where
from ..declare import elementwise


@elementwise(
    role="activation", range=(0.0, 1.0), kinks=(0.0,), side="zero", initial="xavier",
    also=("heaviside", "threshold unit"),
    ends="[]",
    smooth=-1,
)  # fmt: skip
def step(u):
    """The threshold unit of the simple perceptron: o = 1 for u ≥ 0, 0 for u < 0.

    It decides between two classes.  Backpropagation through it learns nothing: its derivative is 0 wherever there
    is one, so no error signal passes.

    Derivative
    ----------
    do/du = 0 for u ≠ 0; at the jump u = 0 there is none, and 0 is used.

    Differs from
    ------------
    Some books take o = 0 at u = 0; here, as in ``numpy.heaviside(u, 1)``, it is 1.

    Source
    ------
    McCulloch, Pitts, "A logical calculus of the ideas immanent in nervous activity", 1943.

    Examples
    --------
    >>> step([-1.0, 0.0, 2.0]).tolist()
    [0.0, 1.0, 1.0]
    """
    return where(u >= 0, 1, where(u < 0, 0, u))  # the last branch is reached by NaN alone, and keeps it


@step.derivative
def _(u):
    return 0 * u


@step.from_output
def _(o):
    return 0 * o


@elementwise(
    role="activation",
    range=(-1.0, 1.0),
    kinks=(0.0,),
    side="zero",
    names={"torch": "sign", "onnx": "Sign", "keras": "sign", "jax": "sign"},
    also=("signum", "bipolar step"),
    differs="For NaN PyTorch answers 0, Backlit NaN.",
    source="Rosenblatt, Psychological Review 65, 1958; Widrow, Hoff, 1960",
    ends="[]",
    smooth=-1,
)
def sign(u):
    """The bipolar step: o = 1 for u > 0, 0 for u = 0, -1 for u < 0.

    The step of perceptrons whose classes are called 1 and -1.  Like `step` it passes no error signal.

    Derivative
    ----------
    do/du = 0 for u ≠ 0; at the jump u = 0 there is none, and 0 is used.  Keeps the output only.

    Examples
    --------
    >>> sign([-3.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 1.0]
    """
    return fm.call("sign", u)


@sign.derivative
def _(o):
    return 0 * o


@elementwise(
    role="activation",
    range=lambda threshold, value: (min(threshold, value), math.inf),
    kinks=lambda threshold: (threshold,),
    side="left",
    monotone=lambda threshold, value: value <= threshold,
    initial="he",
    names={"torch": "Threshold", "keras": "threshold"},
    differs="PyTorch and Keras have no defaults: threshold and value have to be given.",
    ends=lambda threshold, value: "[)" if value <= threshold else "()",
    smooth=lambda threshold, value: 0 if value == threshold else -1,
)
def threshold(u, *, threshold=0.0, value=0.0):
    """Small inputs are replaced: o = u for u > threshold, else value.

    With both 0 it is `relu`; with a value other than the threshold the output jumps.

    Derivative
    ----------
    do/du = 1 for u > threshold, 0 for u < threshold.  At u = threshold we take 0 (the left side), as PyTorch does.

    Examples
    --------
    >>> threshold([-1.0, 0.1, 2.0], threshold=0.1, value=20.0).tolist()
    [20.0, 20.0, 2.0]
    """
    return where(u <= threshold, value, u)


@threshold.derivative
def _(u, threshold):
    return where(u <= threshold, 0, unless_nan(u, 1))


@threshold.from_output(holds=lambda threshold, value: value <= threshold)
def _(o, threshold):
    return where(o > threshold, 1, 0)


@elementwise(
    role="activation",
    range=(0.0, math.inf),
    kinks=lambda theta: (theta,),
    side="left",
    initial="he",
    limits={"theta": (0.0, math.inf)},
    names={"onnx": "ThresholdedRelu", "keras": "relu(threshold=1.0)"},
    differs="Keras' relu has the threshold 0 unless told otherwise.",
    source="Konda, Memisevic, Krueger, ICLR 2015 (arXiv:1402.3337)",
    ends="[)",
    smooth=-1,
)
def thresholded_relu(u, *, theta=1.0):
    """A ReLU that begins to let through at θ: o = u for u > θ, else 0.

    Unlike a shifted ReLU it lets through the whole of u, so at θ the output jumps from 0 to θ.

    Derivative
    ----------
    do/du = 1 for u > θ, 0 for u < θ.  At u = θ we take 0 (the left side), where the output is 0, too.

    Examples
    --------
    >>> thresholded_relu([-1.0, 1.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    """
    return where(u <= theta, 0, u)


@thresholded_relu.derivative
def _(u, theta):
    return where(u <= theta, 0, unless_nan(u, 1))


@thresholded_relu.from_output
def _(o, theta):
    return where(o > theta, 1, 0)

"""Shrinkage: small inputs become 0, or smaller."""

import math

from .. import formula as fm
from ..arithmetic import where
from ..declare import elementwise

_FAR = {"limits": {"lambd": (0.0, math.inf)}, "kinks": lambda lambd: (-lambd, lambd), "side": ("right", "left")}


@elementwise(
    role="activation",
    **_FAR,
    names={"torch": "Softshrink", "onnx": "Shrink(bias=0.5)", "keras": "soft_shrink"},
    also=("soft thresholding",),
    source="Donoho, IEEE Transactions on Information Theory 41, 1995",
)
def softshrink(u, *, lambd=0.5):
    """Everything is drawn towards 0 by λ: o = u - λ for u > λ, u + λ for u < -λ, else 0.

    What is left is continuous.  The step that a penalty λ |w| takes, so it makes sparse outputs.

    Derivative
    ----------
    do/du = 1 for |u| > λ, 0 for |u| < λ.  At u = ±λ we take 0, as PyTorch and Keras do.  Keeps the output only.

    Examples
    --------
    >>> softshrink([-2.0, 0.5, 1.0]).tolist()
    [-1.5, 0.0, 0.5]
    """
    return where(u > lambd, u - lambd, where(u < -lambd, u + lambd, 0 * u))


@softshrink.derivative
def _(o):
    return where(abs(o) > 0, 1, o)  # what is left is 0 or NaN


@elementwise(
    role="activation",
    **_FAR,
    names={"torch": "Hardshrink", "onnx": "Shrink", "keras": "hard_shrink"},
    also=("hard thresholding",),
    source="Donoho, Johnstone, Biometrika 81, 1994",
    smooth=-1,
)
def hardshrink(u, *, lambd=0.5):
    """Small inputs become 0, the others stay: o = u for |u| > λ, else 0.

    At ±λ the output jumps.

    Derivative
    ----------
    do/du = 1 for |u| > λ, 0 for |u| < λ.  At u = ±λ we take 0, as PyTorch and Keras do.  Keeps the output only.

    Examples
    --------
    >>> hardshrink([-2.0, 0.5, 1.0]).tolist()
    [-2.0, 0.0, 1.0]
    """
    return where(abs(u) <= lambd, 0, u)


@hardshrink.derivative
def _(o):
    return where(abs(o) > 0, 1, o)


@elementwise(
    role="activation",
    names={"torch": "Tanhshrink", "keras": "tanh_shrink"},
    book="u - tanh(u)",
)
def tanhshrink(u):
    """What tanh takes away: o = u - tanh(u).

    Flat around 0, where it is u³ / 3, and u ∓ 1 far out.  Near 0 the difference would cancel.  Lambert's fraction,
    tanh(u) = u / (1 + u²/(3 + u²/(5 + …))), gives it without one: o = u q / (1 + q) with q = u²/(3 + u²/(5 + …)).

    Derivative
    ----------
    do/du = tanh²(u), between 0 and 1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in tanhshrink([-1.0, 0.0, 2.0])]
    [-0.238406, 0.0, 1.035972]
    >>> f"{tanhshrink(1e-3):.6e}"
    '3.333332e-10'
    """
    square = u * u
    q = square / 17
    for odd in range(15, 1, -2):  # eight quotients: all digits of float64 up to |u| = 1
        q = square / (odd + q)
    return where(abs(u) < 1, u * (q / (1 + q)), u - fm.call("tanh", u))


@tanhshrink.derivative
def _(u):
    t = fm.call("tanh", u)
    return t * t

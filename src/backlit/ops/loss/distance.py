"""Losses for numbers: how far the outputs are from the targets, and how much the far ones count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...errors import fail
from .. import formula as fm
from .. import shapes
from ..arithmetic import div, expm1, log1p, maximum, minimum, mul, sub, where
from ..declare import structural
from ..reduction import sum_
from ..shapes import Shape, Size
from .declare import divisor, loss, whole


def scalar(o: Shape, t: Shape, *, reduction: str, **attrs: Any) -> Shape:
    """The shape rule of an operation that gives E itself."""
    if o != t:
        raise fail("BL101", op="loss", expected=f"targets of {shapes.text(o)}", got=shapes.text(t), where="the loss")
    divisor(o, reduction)
    return ()


def _error_numbers(shapes_in: Any, shape: Shape, *, reduction: str, **attrs: Any) -> list[Size]:
    return [shapes.product(shapes_in[0]), divisor(shapes_in[0], reduction)]


@structural(
    role="loss",
    kernel="squared_error",
    shape=scalar,
    numbers=_error_numbers,
    scalars=lambda *, half, **attrs: [0.5 if half else 1.0],
    work=lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
    constant=("t",),
    mixes_rows=True,
    names={"torch": "MSELoss", "keras": "mean_squared_error"},
    differs="PyTorch's MSELoss has no ½ and takes the mean over every element: these are the defaults here.",
    source="Gauss, Theoria combinationis observationum, 1823",
    samples=[
        (((4, 3), (4, 3)), {}),
        (((4, 3), (4, 3)), {"half": True, "reduction": "sum"}),
        (((5, 2), (5, 2)), {"half": True, "reduction": "rows"}),
        (((1, 1), (1, 1)), {}),
    ],
)
def squared_error(o, t, *, half=False, reduction="mean"):
    """The squared distance of outputs and targets: E = Σ (o - t)², with ½ in front if `half`.

    The first choice for numbers.  The best constant answer is the mean of the targets; a row that is far off counts
    much, with the square of its error.

    Derivative
    ----------
    ∂E/∂o = 2 (o - t) / n, and (o - t) / n with `half`; n = 1 for "sum", the number of elements for "mean", of rows
    for "rows".  The lecture's E = ½‖t - o‖² for one row is half=True, reduction="sum", with δᵒ = -(t - o).

    Examples
    --------
    >>> import numpy as np
    >>> o, t = np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]])
    >>> float(squared_error(o, t)), float(squared_error(o, t, half=True, reduction="sum"))
    (2.5, 2.5)
    """
    d = o - t
    n = divisor(o.shape, reduction)
    return o.dtype.type(0.5 if half else 1.0) * np.sum(d * d) / o.dtype.type(n)


@squared_error.vjp
def _(g, y, o, t, *, half, reduction):
    slope = div(mul(sub(o, t), 1.0 if half else 2.0), divisor(o.shape, reduction))
    return [mul(g, slope), None]


@squared_error.composed
def _(o, t, *, half, reduction):
    d = sub(o, t)
    return div(mul(sum_(mul(d, d)), 0.5 if half else 1.0), divisor(o.shape, reduction))


def _weighted(o, t, weight, *, half=False, reduction="mean"):
    d = sub(o, t)
    return div(mul(sum_(mul(mul(d, d), weight)), 0.5 if half else 1.0), divisor(o.shape, reduction))


def _term(o, t, *, half=False):
    d = sub(o, t)
    return mul(mul(d, d), 0.5 if half else 1.0)


whole(squared_error, weighted=_weighted, term=_term)


@loss(
    kinks=lambda t: {t: 0.0},
    names={"torch": "L1Loss", "keras": "mean_absolute_error"},
    source="Laplace, 1774",
)
def absolute_error(o, t):
    """The distance of output and target: e = |o - t|.

    For numbers among which some are far off: each row pulls with the same force, however far away it is.  The best
    constant answer is the median.

    Derivative
    ----------
    ∂e/∂o = 1 for o > t, -1 for o < t.  At o = t we take 0, the mean of both, as PyTorch does.

    Examples
    --------
    >>> absolute_error([1.0, 3.0, 2.0], [1.0, 1.0, 4.0]).tolist()
    [0.0, 2.0, 2.0]
    """
    return abs(o - t)


_ABOVE_0 = math.ulp(0.0)


@loss(
    limits={"delta": (_ABOVE_0, math.inf)},
    names={"torch": "HuberLoss", "keras": "huber", "jax": "optax.losses.huber_loss"},
    source="Huber, Annals of Mathematical Statistics 35, 1964",
)
def huber(o, t, *, delta=1.0):
    """Squared near the target, straight far from it: e = ½ d² for |d| ≤ delta, else delta (|d| - ½ delta), d = o - t.

    The squared error for ordinary rows, while a row that is far off pulls with the force delta and no more.

    Derivative
    ----------
    ∂e/∂o = d, but between -delta and delta.  It has no jump.

    Examples
    --------
    >>> huber([0.5, 3.0], [0.0, 0.0]).tolist(), huber([3.0], [0.0], delta=2.0).tolist()
    ([0.125, 2.5], [4.0])
    """
    d = o - t
    return where(abs(d) <= delta, 0.5 * (d * d), delta * (abs(d) - 0.5 * delta))


@huber.derivative
def _(o, t, delta):
    return maximum(minimum(o - t, delta), -delta)


@loss(
    limits={"beta": (0.0, math.inf)},
    kinks=lambda t, beta: {t: 0.0} if beta == 0 else {},
    names={"torch": "SmoothL1Loss"},
    source="Girshick, Fast R-CNN, ICCV 2015",
)
def smooth_l1(o, t, *, beta=1.0):
    """The absolute error with a rounded tip: e = ½ d² / beta for |d| < beta, else |d| - ½ beta, d = o - t.

    It is huber / beta: far from the target the slope is 1, whatever beta is.  With beta = 0 it is the absolute error.

    Derivative
    ----------
    ∂e/∂o = d / beta for |d| < beta, else the sign of d (0 at d = 0, which needs beta = 0).

    Examples
    --------
    >>> smooth_l1([0.5, 3.0], [0.0, 0.0]).tolist(), smooth_l1([3.0], [0.0], beta=2.0).tolist()
    ([0.125, 2.5], [2.0])
    """
    d = o - t
    return where(abs(d) < beta, 0.5 * (d * d) / beta, abs(d) - 0.5 * beta)


@smooth_l1.derivative
def _(o, t, beta):
    d = o - t
    return where(abs(d) < beta, d / beta, fm.call("sign", d))


@loss(
    names={"keras": "log_cosh", "jax": "optax.losses.log_cosh"},
    differs="PyTorch has none.  Keras and optax subtract ln 2 from two larger numbers, which cancels for small errors.",
    source="Green, IEEE Transactions on Medical Imaging 9, 1990",
)
def log_cosh(o, t):
    """Between squared and absolute error, without a seam: e = ln cosh(d), d = o - t.

    About ½ d² near the target and |d| - ln 2 far from it.  A smooth Huber loss with delta = 1.

    Derivative
    ----------
    ∂e/∂o = tanh(d).

    Accuracy
    --------
    Near the target ½ ln(1 + sinh² d) is taken, far from it |d| + ln(1 + (e^(-2|d|) - 1) / 2): neither cancels, and
    neither overflows.

    Examples
    --------
    >>> [round(float(e), 6) for e in log_cosh([0.5, -1000.0], [0.0, 0.0])]
    [0.120115, 999.306853]
    >>> f"{log_cosh(1e-9, 0.0):.3e}"
    '5.000e-19'
    """
    a = abs(o - t)
    e = expm1(a)
    sinh = (e + e / (1 + e)) * 0.5
    return where(a < 1, 0.5 * log1p(sinh * sinh), a + log1p(expm1(-2 * a) * 0.5))


@log_cosh.derivative
def _(o, t):
    return fm.call("tanh", o - t)


@loss(
    limits={"q": (0.0, 1.0)},
    kinks=lambda t, q: {t: 0.5 - q},
    names={"sklearn": "mean_pinball_loss"},
    differs="PyTorch has none.",
    source="Koenker, Bassett, Econometrica 46, 1978",
)
def quantile(o, t, *, q=0.5):
    """The pinball loss: e = q (t - o) where the target is above the output, (1 - q) (o - t) where it is below.

    For an answer that a share q of the targets stays below: q = 0.5 is half the absolute error (the median), q = 0.9
    an upper estimate.

    Derivative
    ----------
    ∂e/∂o = -q for o < t, 1 - q for o > t.  At o = t we take the mean of both, ½ - q.

    Examples
    --------
    >>> [round(float(e), 6) for e in quantile([1.0, 3.0], [2.0, 2.0], q=0.9)]
    [0.9, 0.1]
    """
    d = t - o
    return 0.5 * abs(d) + (q - 0.5) * d

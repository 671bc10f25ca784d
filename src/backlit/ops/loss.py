"""Losses E: how far the outputs o are from the targets t, as one number.

`reduction` says how rows and outputs are joined, and it is always stated: "mean" over every element (rows for
cross-entropy), "sum" over everything, "rows" for the sum over the outputs and the mean over the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import fail, nearest
from . import shapes
from .arithmetic import div, mul, neg, sub
from .declare import structural
from .normalized import log_softmax, softmax
from .reduction import sum_
from .shapes import Shape, Size

REDUCTIONS = ("mean", "sum", "rows")


def _scalar(o: Shape, t: Shape, *, reduction: str, **attrs: Any) -> Shape:
    if o != t:
        raise fail("BL101", op="loss", expected=f"targets of {shapes.text(o)}", got=shapes.text(t), where="the loss")
    if reduction not in REDUCTIONS:
        near, known = nearest(reduction, REDUCTIONS), ", ".join(REDUCTIONS)
        raise fail("BL304", name=reduction, known=known, nearest=near, where="reduction")
    return ()


def _divisor(o: Shape, reduction: str) -> Size:
    return {"mean": shapes.product(o), "sum": 1, "rows": o[0] if o else 1}[reduction]


def _error_numbers(shapes_in: Any, shape: Shape, *, reduction: str, **attrs: Any) -> list[Size]:
    return [shapes.product(shapes_in[0]), _divisor(shapes_in[0], reduction)]


@structural(
    role="loss",
    kernel="squared_error",
    shape=_scalar,
    numbers=_error_numbers,
    scalars=lambda *, half, **attrs: [0.5 if half else 1.0],
    work=lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
    constant=("t",),
    mixes_rows=True,
    names={"torch": "MSELoss", "keras": "mean_squared_error"},
    differs="PyTorch's MSELoss has no ½ and takes the mean over every element: these are the defaults here.",
    samples=[
        (((4, 3), (4, 3)), {}),
        (((4, 3), (4, 3)), {"half": True, "reduction": "sum"}),
        (((5, 2), (5, 2)), {"half": True, "reduction": "rows"}),
        (((1, 1), (1, 1)), {}),
    ],
)
def squared_error(o, t, *, half=False, reduction="mean"):
    """The squared distance of outputs and targets: E = Σ (o - t)², with ½ in front if `half`.

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
    n = _divisor(o.shape, reduction)
    return o.dtype.type(0.5 if half else 1.0) * np.sum(d * d) / o.dtype.type(n)


@squared_error.vjp
def _(g, y, o, t, *, half, reduction):
    slope = div(mul(sub(o, t), 1.0 if half else 2.0), _divisor(o.shape, reduction))
    return [mul(g, slope), None]


@squared_error.composed
def _(o, t, *, half, reduction):
    d = sub(o, t)
    return div(mul(sum_(mul(d, d)), 0.5 if half else 1.0), _divisor(o.shape, reduction))


def _class_scalar(z: Shape, t: Shape, *, reduction: str = "sum") -> Shape:
    if not z:
        raise fail("BL101", op="loss", expected="a row for each sample", got=shapes.text(z), where="the loss")
    return _scalar(z, t, reduction=reduction)


def _class_divisor(z: Shape, reduction: str) -> Size:
    return 1 if reduction == "sum" else shapes.product(z[:-1])


def _class_numbers(shapes_in: Any, shape: Shape, *, reduction: str) -> list[Size]:
    z = shapes_in[0]
    return [shapes.product(z[:-1]), z[-1], _class_divisor(z, reduction)]


_CLASS_SAMPLES: list[Any] = [
    (((4, 3), (4, 3)), {}),
    (((4, 3), (4, 3)), {"reduction": "sum"}),
    (((1, 10), (1, 10)), {}),
    (((5, 1), (5, 1)), {}),
]


@structural(
    role="loss",
    kernel="cross_entropy",
    shape=_class_scalar,
    numbers=_class_numbers,
    scratch=lambda shapes_in, shape, **attrs: 256,
    work=lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
    constant=("t",),
    mixes_rows=True,
    names={"torch": "CrossEntropyLoss", "keras": "categorical_crossentropy(from_logits=True)"},
    samples=_CLASS_SAMPLES,
)
def cross_entropy(z, t, *, reduction="mean"):
    """Cross-entropy of the targets t with softmax(z), in nats: E = -Σ t ln softmax(z), the mean over the rows.

    z are the linear sums u of the output units ("logits"), t one row of shares each (a one-hot row for a class).
    Softmax and logarithm are one operation, so that no ln 0 appears.

    Derivative
    ----------
    ∂E/∂z = (softmax(z) · Σt - t) / rows; for one-hot t this is the well-known o - t.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(cross_entropy(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))), 6)
    0.693147
    """
    shifted = z - np.max(z, axis=-1, keepdims=True)
    ell = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return -np.sum(t * ell) / z.dtype.type(_class_divisor(z.shape, reduction))


@cross_entropy.vjp
def _(g, y, z, t, *, reduction):
    return [mul(g, cross_entropy_slope(z, t, reduction=reduction)), None]


@cross_entropy.composed
def _(z, t, *, reduction):
    return div(neg(sum_(mul(t, log_softmax(z)))), _class_divisor(z.shape, reduction))


@structural(
    role="slope",
    kernel="cross_entropy_slope",
    shape=lambda z, t, **attrs: _class_scalar(z, t, **attrs) or z,
    numbers=_class_numbers,
    units=lambda shapes_in, shape, **attrs: [shapes.product(shape[:-1])],
    constant=("t",),
    samples=_CLASS_SAMPLES,
)
def cross_entropy_slope(z, t, *, reduction="mean"):
    """∂E/∂z of `cross_entropy` in one pass: (softmax(z) · Σt - t) / rows."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    shares = e / np.sum(e, axis=-1, keepdims=True)
    return (shares * np.sum(t, axis=-1, keepdims=True) - t) / z.dtype.type(_class_divisor(z.shape, reduction))


@cross_entropy_slope.vjp
def _(g, y, z, t, *, reduction):
    o = softmax(z)
    share = div(mul(g, sum_(t, axis=-1, keepdims=True)), _class_divisor(z.shape, reduction))
    return [mul(o, sub(share, sum_(mul(share, o), axis=-1, keepdims=True))), None]


@cross_entropy_slope.composed
def _(z, t, *, reduction):
    total = sum_(t, axis=-1, keepdims=True)
    return div(sub(mul(softmax(z), total), t), _class_divisor(z.shape, reduction))


@structural(
    role="metric",
    kernel="hits",
    shape=_class_scalar,
    numbers=lambda shapes_in, shape: [shapes.product(shapes_in[0][:-1]), shapes_in[0][-1]],
    constant=("z", "t"),
    mixes_rows=True,
    nan="uncounted",
    samples=[(((6, 3), (6, 3)), {})],
)
def hits(z, t):
    """In how many rows the largest z stands where the largest t stands (the first one, at a tie)."""
    right = np.argmax(z, axis=-1) == np.argmax(t, axis=-1)
    return np.sum(right & ~(np.isnan(z) | np.isnan(t)).any(axis=-1))


@hits.vjp
def _(g, y, z, t):
    return [None, None]

"""Rows brought to one size: what layer normalisation and RMS normalisation do before their scale and shift.

The statistics are those of a row and not of the batch, so a row's answer does not depend on its neighbours, and
training and use are the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import fail
from . import shapes
from .arithmetic import add, mul, sub
from .batch_norm import reciprocal_root
from .declare import structural
from .movement import spread, sum_to
from .reduction import mean
from .shapes import Shape, Size


def _in_rows(op: str, *arrays: Shape) -> Shape:
    x = arrays[0]
    if not x or not isinstance(x[-1], int) or any(other != x for other in arrays):
        got = " and ".join(shapes.text(v) for v in arrays)
        raise fail("BL101", op=op, expected="rows of numbers, of one shape", got=got, where=op)
    return x


def _numbers(shapes_in: Any, shape: Shape, *, centre: bool, **attrs: Any) -> list[Size]:
    return [shape[-1], int(centre)]


_PARTS: dict[str, Any] = {
    "numbers": _numbers,
    "units": lambda shapes_in, shape, **attrs: [shapes.product(shape[:-1])],
    "scalars": lambda *, eps, **attrs: [eps],
    "limits": {"eps": (0.0, math.inf)},
}


def _samples(inputs: int) -> list[Any]:
    sizes: list[Shape] = [(5, 4), (3, 33), (2, 3, 4)]
    return [((size,) * inputs, {"centre": centre, "eps": 0.01}) for size in sizes for centre in (True, False)]


def _body(x: Any, eps: float, centre: bool) -> tuple[Any, Any]:
    """Standardised rows, and by what each row was multiplied."""
    kind = x.dtype.type
    d = x - np.mean(x, axis=-1, keepdims=True) if centre else x
    r = 1 / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + kind(eps))
    return d * r, r


def _written(x: Any, eps: float, centre: bool) -> tuple[Any, Any]:
    """The same as nodes."""
    d = sub(x, mean(x, axis=-1, keepdims=True)) if centre else x
    r = reciprocal_root(mean(mul(d, d), axis=-1, keepdims=True), eps=eps)
    return mul(d, r), r


@structural(
    role="normalisation",
    kernel="standardise",
    shape=lambda x, **attrs: _in_rows("standardise", x),
    work=lambda shapes_in, shape, **attrs: shapes.times(4, shapes.product(shape)),
    names={"torch": "nn.functional.layer_norm", "onnx": "LayerNormalization", "jax": "nn.standardize"},
    source="Ba, Kiros, Hinton, arXiv:1607.06450, 2016; without the mean: Zhang, Sennrich, NeurIPS 2019",
    samples=_samples(1),
    **_PARTS,
)
def standardise(x, *, eps=1e-5, centre=True):
    """x̂ = (x - mean) r with r = 1 / √(variance + ε), over the last axis; without `centre` x̂ = x / √(mean of x² + ε).

    Derivative
    ----------
    ∂E/∂x = r (δ - mean of δ - x̂ · mean of δ x̂), where the mean of δ stands only with `centre`.

    Examples
    --------
    >>> import numpy as np
    >>> standardise(np.array([[1.0, 3.0]]), eps=0.0).tolist()
    [[-1.0, 1.0]]
    >>> standardise(np.array([[3.0, -3.0]]), eps=0.0, centre=False).tolist()
    [[1.0, -1.0]]
    """
    return _body(x, eps, centre)[0]


@standardise.composed
def _(x, *, eps, centre):
    return _written(x, eps, centre)[0]


@standardise.vjp
def _(g, y, x, **attrs):
    return [standardise_slope(g, x, **attrs)]


@structural(
    role="slope",
    kernel="standardise_slope",
    shape=lambda d, x, **attrs: _in_rows("standardise_slope", d, x),
    work=lambda shapes_in, shape, **attrs: shapes.times(8, shapes.product(shape)),
    samples=_samples(2),
    **_PARTS,
)
def standardise_slope(d, x, *, eps=1e-5, centre=True):
    """What goes back through `standardise`: r (d - mean of d - x̂ · mean of d x̂); x̂ and r are worked out again."""
    y, r = _body(x, eps, centre)
    middle = np.mean(d, axis=-1, keepdims=True) if centre else x.dtype.type(0)
    return r * (d - middle - y * np.mean(d * y, axis=-1, keepdims=True))


@standardise_slope.composed
def _(d, x, *, eps, centre):
    y, r = _written(x, eps, centre)
    away = sub(d, mean(d, axis=-1, keepdims=True)) if centre else d
    return mul(r, sub(away, mul(y, mean(mul(d, y), axis=-1, keepdims=True))))


def _by_columns(x: Shape, w: Shape, b: Shape) -> Shape:
    if not x or w != (x[-1],) or b != w or not isinstance(x[-1], int):
        got = " and ".join(shapes.text(v) for v in (x, w, b))
        raise fail("BL101", op="column_affine", expected="(…, features) and (features,)", got=got, where="x w + b")
    return x


@structural(
    role="linear",
    kernel="column_affine",
    shape=_by_columns,
    numbers=lambda shapes_in, shape: [shape[-1]],
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    samples=[(((5, 4), (4,), (4,)), {}), (((3, 33), (33,), (33,)), {}), (((2, 3, 4), (4,), (4,)), {})],
)
def column_affine(x, w, b):
    """o = x w + b, each column by a factor and a shift of its own: γ and β of the normalisations.

    Derivative
    ----------
    ∂E/∂x = δ w, ∂E/∂w = Σ δ x and ∂E/∂b = Σ δ over the rows.

    Examples
    --------
    >>> import numpy as np
    >>> column_affine(np.array([[1.0, 2.0]]), np.array([3.0, 0.5]), np.array([0.0, 1.0])).tolist()
    [[3.0, 2.0]]
    """
    return x * w + b


@column_affine.vjp
def _(g, y, x, w, b):
    nothing = spread(g.graph.constant(0.0), shape=w.shape)
    return [column_affine(g, w, nothing), sum_to(mul(g, x), w.shape), sum_to(g, w.shape)]


@column_affine.composed
def _(x, w, b):
    return add(mul(x, w), b)

"""Batch normalisation: every column of a batch is shifted and scaled to mean 0 and variance 1.

In training the layer (`nn.BatchNorm`) writes it as mean → `variance` → `reciprocal_root` → `batch_norm`; in use it
hands the averages of the training to `batch_norm` instead.  The batch is x of shape (rows, features) throughout.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import fail
from . import shapes
from .arithmetic import add, div, mul, neg, sqrt, sub
from .declare import REGISTRY, Node, elementwise, structural
from .reduction import mean, sum_
from .shapes import Shape, Size


def _columns(op: str, x: Shape, *vectors: Shape) -> Shape:
    """The shape of x, if each vector holds a number for every column of it."""
    if len(x) != 2 or not isinstance(x[1], int) or any(v != (x[1],) for v in vectors):
        got = " and ".join(shapes.text(v) for v in (x, *vectors))
        raise fail("BL101", op=op, expected="(rows, features) and (features,)", got=got, where=op)
    return x


def _same(op: str, d: Shape, x: Shape, *vectors: Shape) -> Shape:
    """The same for two arrays of one shape."""
    if d != x:
        got = f"{shapes.text(d)} and {shapes.text(x)}"
        raise fail("BL101", op=op, expected="equal shapes", got=got, where=op)
    return _columns(op, x, *vectors)


def _sizes(shapes_in: Any, shape: Shape) -> list[Size]:
    return list(shapes_in[0])


def _all(shapes_in: Any, shape: Shape) -> Size:
    return shapes.product(shapes_in[0])


@structural(
    role="reduction",
    kernel="variance",
    units=lambda shapes_in, shape: shape,
    shape=lambda x, m: _columns("variance", x, m)[1:],
    numbers=_sizes,
    work=_all,
    mixes_rows=True,
    names={"torch": "var(correction=0)", "onnx": "ReduceMean", "jax": "var"},
    differs="PyTorch's var divides by n - 1 unless correction=0.",
    samples=[(((5, 3), (3,)), {}), (((1, 4), (4,)), {}), (((39, 33), (33,)), {})],
)
def variance(x, m):
    """The mean of (x - m)² over the rows, for every column; m is the columns' mean.

    Two passes, first the mean and then this: E[x²] - E[x]² would lose all digits where the mean is large.

    Derivative
    ----------
    ∂v/∂x = 2 (x - m) / n, ∂v/∂m = -2 Σ(x - m) / n, which is 0 where m is the mean.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> variance(x, x.mean(axis=0)).tolist()
    [1.0, 0.0]
    """
    d = x - m
    return np.sum(d * d, axis=0) / x.dtype.type(len(x))


@variance.composed
def _(x, m):
    d = sub(x, m)
    return mean(mul(d, d), axis=0)


@structural(
    role="reduction",
    kernel="centered_sum",
    units=lambda shapes_in, shape: shape,
    shape=lambda d, x, m: _same("centered_sum", d, x, m)[1:],
    numbers=_sizes,
    work=_all,
    mixes_rows=True,
    samples=[(((5, 3), (5, 3), (3,)), {}), (((1, 4), (1, 4), (4,)), {}), (((8, 33), (8, 33), (33,)), {})],
)
def centered_sum(d, x, m):
    """Σ d (x - m) over the rows, for every column: what γ, and the batch's variance, are to answer for.

    Examples
    --------
    >>> import numpy as np
    >>> centered_sum(np.ones((2, 1)), np.array([[1.0], [4.0]]), np.array([1.0])).tolist()
    [3.0]
    """
    return np.sum(d * (x - m), axis=0)


@centered_sum.composed
def _(d, x, m):
    return sum_(mul(d, sub(x, m)), axis=0)


@elementwise(domain=(0.1, 4.0), limits={"eps": (0.0, math.inf)}, names={"torch": "rsqrt", "jax": "lax.rsqrt"})
def reciprocal_root(v, *, eps=1e-5):
    """r = 1 / √(v + ε): by what a deviation from the mean is multiplied; ε bounds it where nothing varies.

    Derivative
    ----------
    dr/dv = -½ r³.  Keeps the output only.

    Examples
    --------
    >>> reciprocal_root([4.0], eps=0.0).tolist()
    [0.5]
    """
    return 1 / sqrt(v + eps)


@reciprocal_root.derivative
def _(o):
    return -0.5 * (o * o * o)


@elementwise(limits={"n": (1.0, math.inf)})
def unbiased(v, *, n=2.0):
    """v n / (n - 1): the variance of what n rows were drawn from, estimated by the variance v of these rows.

    Examples
    --------
    >>> unbiased([1.0], n=5.0).tolist()
    [1.25]
    """
    return v * (n / (n - 1))


@elementwise(limits={"share": (0.0, 1.0)})
def moving_average(old, new, *, share=0.1):
    """(1 - share) old + share new: an average in which each further step counts less.

    Examples
    --------
    >>> moving_average([1.0], [2.0], share=0.25).tolist()
    [1.25]
    """
    return (1 - share) * old + share * new


@structural(
    role="normalisation",
    kernel="batch_norm",
    units=lambda shapes_in, shape: shape[:1],
    shape=lambda x, m, r, w, b: _columns("batch_norm", x, m, r, w, b),
    numbers=_sizes,
    work=lambda shapes_in, shape: shapes.times(4, shapes.product(shape)),
    names={"torch": "BatchNorm1d", "onnx": "BatchNormalization", "keras": "BatchNormalization"},
    source="Ioffe, Szegedy, ICML 2015, algorithms 1 and 2",
    samples=[(((5, 3), (3,), (3,), (3,), (3,)), {}), (((19, 33), *[(33,)] * 4), {})],
)
def batch_norm(x, m, r, w, b):
    """o = (x - m) r γ + β, column by column: mean m, r = 1 / √(variance + ε), γ and β trained (here w and b).

    Derivative
    ----------
    With x̂ = (x - m) r: ∂E/∂β = Σ δ and ∂E/∂γ = Σ δ x̂ over the rows.  Where m and r are known numbers,
    ∂E/∂x = γ r δ.  Where they are those of this batch, every row has moved them too, and what goes back through them
    is added in one pass: ∂E/∂x = γ r (δ - Σ δ / n - x̂ Σ δ x̂ / n).

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> batch_norm(np.array([[1.0], [3.0]]), 2 * one, one, 5 * one, one).tolist()
    [[-4.0], [6.0]]
    """
    return (x - m) * (r * w) + b


@batch_norm.vjp
def _(g, y, x, m, r, w, b):
    total, products, scale = sum_(g, axis=0), centered_sum(g, x, m), mul(w, r)
    to_w = mul(r, products)
    if _are_of_the_batch(x, m, r):
        n = x.shape[0]
        through_r = neg(div(mul(mul(scale, products), mul(r, r)), n))
        through_m = neg(div(mul(scale, total), n))
        return [batch_norm_slope(g, x, m, scale, through_r, through_m), None, None, to_w, total]
    return [mul(g, scale), neg(mul(scale, total)), mul(w, products), to_w, total]


def _are_of_the_batch(x: Node, m: Node, r: Node) -> bool:
    """Whether m and r are mean and 1 / √(variance + ε) of x itself, and lead to nothing else."""
    v = r.args[0] if r.op is REGISTRY["reciprocal_root"] else None
    is_mean = m.op is mean and m.args == (x,) and m.attrs == {"axis": 0, "keepdims": False}
    return is_mean and v is not None and v.op is variance and v.args == (x, m)


@batch_norm.composed
def _(x, m, r, w, b):
    return add(mul(sub(x, m), mul(r, w)), b)


@structural(
    role="slope",
    kernel="batch_norm_slope",
    units=lambda shapes_in, shape: shape[:1],
    shape=lambda d, x, m, s, p, q: _same("batch_norm_slope", d, x, m, s, p, q),
    numbers=_sizes,
    work=lambda shapes_in, shape: shapes.times(5, shapes.product(shape)),
    samples=[(((5, 3), (5, 3), (3,), (3,), (3,), (3,)), {}), (((19, 33), (19, 33), *[(33,)] * 4), {})],
)
def batch_norm_slope(d, x, m, s, p, q):
    """d s + (x - m) p + q, column by column: all that goes back through a batch normalisation, in one pass."""
    return d * s + (x - m) * p + q


@batch_norm_slope.composed
def _(d, x, m, s, p, q):
    return add(add(mul(d, s), mul(sub(x, m), p)), q)

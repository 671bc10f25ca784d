"""Softmax and its kin: a row of numbers becomes a row of shares, or of their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import fail
from . import shapes
from .activation.steps import sign
from .arithmetic import div, exp, log, mul, neg, sub
from .declare import structural
from .reduction import amax, sum_
from .shapes import Shape, Size


def _in_rows(u: Shape) -> Shape:
    if not u:
        raise fail("BL101", op="softmax", expected="rows of numbers", got=shapes.text(u), where="softmax")
    return u


def _rows(shapes_in: Any, shape: Shape, **attrs: Any) -> list[Size]:
    return [shapes.product(shape[:-1]), shape[-1]]


_SAMPLES: list[Any] = [(((4, 3),), {}), (((1, 10),), {}), (((5, 1),), {}), (((2, 3, 4),), {})]


@structural(
    role="activation",
    kernel="softmax",
    shape=_in_rows,
    numbers=_rows,
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    range=(0.0, 1.0),
    names={"torch": "Softmax", "onnx": "Softmax", "keras": "softmax", "jax": "softmax"},
    source="Bridle, 1990",
    samples=_SAMPLES,
)
def softmax(u):
    """Shares that add up to 1 over the last axis: o_i = e^{u_i} / Σ_j e^{u_j}.

    For the output units of a classifier; each output depends on every u of its row.

    Derivative
    ----------
    ∂o_i/∂u_j = o_i (1 if i = j else 0) - o_i o_j.  Keeps the output only.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    e = np.exp(u - np.max(u, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@softmax.vjp
def _(g, o, u):
    return [mul(o, sub(g, sum_(mul(g, o), axis=-1, keepdims=True)))]


@softmax.diagonal
def _(o, u):
    return mul(o, sub(1.0, o))


@softmax.composed
def _(u):
    e = exp(sub(u, amax(u, axis=-1, keepdims=True)))
    return div(e, sum_(e, axis=-1, keepdims=True))


@structural(
    role="activation",
    kernel="log_softmax",
    shape=_in_rows,
    numbers=_rows,
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    range=(-np.inf, 0.0),
    names={"torch": "LogSoftmax", "onnx": "LogSoftmax", "keras": "log_softmax", "jax": "log_softmax"},
    samples=_SAMPLES,
)
def log_softmax(u):
    """The logarithm of softmax, without ever taking the logarithm of 0: o_i = u_i - ln Σ_j e^{u_j}.

    Derivative
    ----------
    ∂o_i/∂u_j = (1 if i = j else 0) - e^{o_j}.  Keeps the output only.

    Examples
    --------
    >>> import numpy as np
    >>> log_softmax(np.array([[0.0, 0.0]])).round(6).tolist()
    [[-0.693147, -0.693147]]
    """
    shifted = u - np.max(u, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


@log_softmax.vjp
def _(g, o, u):
    return [sub(g, mul(exp(o), sum_(g, axis=-1, keepdims=True)))]


@log_softmax.diagonal
def _(o, u):
    return sub(1.0, exp(o))


@log_softmax.composed
def _(u):
    shifted = sub(u, amax(u, axis=-1, keepdims=True))
    return sub(shifted, log(sum_(exp(shifted), axis=-1, keepdims=True)))


@structural(
    role="activation",
    shape=_in_rows,
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    range=(0.0, 1.0),
    names={"torch": "Softmin"},
    samples=_SAMPLES,
)
def softmin(u):
    """Softmax of -u: the smallest u of a row gets the largest share.

    Derivative
    ----------
    ∂o_i/∂u_j = o_i o_j - o_i (1 if i = j else 0): that of softmax with the other sign.

    Examples
    --------
    >>> import numpy as np
    >>> softmin(np.array([[0.0, np.log(3.0)]])).round(6).tolist()
    [[0.75, 0.25]]
    """
    e = np.exp(np.min(u, axis=-1, keepdims=True) - u)
    return e / np.sum(e, axis=-1, keepdims=True)


@softmin.composed
def _(u):
    return softmax(neg(u))


@structural(
    role="arithmetic",
    shape=_in_rows,
    domain=(0.1, 4.0),
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    samples=_SAMPLES,
)
def row_shares(o):
    """Each row divided by its sum: o_i / Σ o_j.

    Derivative
    ----------
    ∂s_i/∂o_j = ((1 if i = j else 0) - s_i) / Σ o_k.

    Examples
    --------
    >>> import numpy as np
    >>> row_shares(np.array([[1.0, 3.0]])).tolist()
    [[0.25, 0.75]]
    """
    return o / np.sum(o, axis=-1, keepdims=True)


@row_shares.composed
def _(o):
    return div(o, sum_(o, axis=-1, keepdims=True))


@structural(
    role="activation",
    kernel="sparsemax",
    shape=_in_rows,
    numbers=_rows,
    units=lambda shapes_in, shape: [shapes.product(shape[:-1])],
    work=lambda shapes_in, shape: shapes.times(4, shapes.product(shape)),
    names={"keras": "sparsemax"},
    range=(0.0, 1.0),
    ends="[]",
    source="Martins, Astudillo, ICML 2016; the threshold as in Michelot, JOTA 50, 1986",
    samples=_SAMPLES,
)
def sparsemax(u):
    """The shares, adding up to 1, that are closest to u: o = max(0, u - τ).  Small ones are exactly 0.

    The threshold τ = (the sum of the u above it, less 1) / how many they are: those below are left out until none is.
    It lies less than 1 below the largest u, so what lies further down is left out at once, and no sum overflows.

    Derivative
    ----------
    With s = 1 where o > 0, else 0, and k of them: ∂o_i/∂u_j = s_i (1 if i = j else 0) - s_i s_j / k.  Keeps the
    output only.  Where u is τ itself we take s = 0.

    Examples
    --------
    >>> import numpy as np
    >>> sparsemax(np.array([[0.25, 0.75], [0.0, 2.0]])).tolist()
    [[0.25, 0.75], [0.0, 1.0]]
    """
    z = u - np.max(u, axis=-1, keepdims=True)
    above, one = ~(z <= -1), z.dtype.type(1)
    while True:
        count = np.maximum(above.sum(axis=-1, keepdims=True), 1).astype(z.dtype)
        threshold = (np.sum(np.where(above, z, 0 * one), axis=-1, keepdims=True) - one) / count
        fewer = above & (z > threshold)
        whole = ~np.isnan(threshold)
        if not np.any((fewer != above) & whole):
            return np.where(whole, np.maximum(z - threshold, 0), threshold)
        above = np.where(whole, fewer, above)


@sparsemax.vjp
def _(g, o, u):
    s = sign(o)  # 1 where o is above 0, else 0, and NaN for a NaN
    return [mul(s, sub(g, div(sum_(mul(g, s), axis=-1, keepdims=True), sum_(s, axis=-1, keepdims=True))))]


@sparsemax.diagonal
def _(o, u):
    s = sign(o)
    return sub(s, div(s, sum_(s, axis=-1, keepdims=True)))

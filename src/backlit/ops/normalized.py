"""Softmax and its logarithm: a row of numbers becomes a row of shares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import fail
from . import shapes
from .arithmetic import div, exp, log, mul, sub
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


@log_softmax.composed
def _(u):
    shifted = sub(u, amax(u, axis=-1, keepdims=True))
    return sub(shifted, log(sum_(exp(shifted), axis=-1, keepdims=True)))

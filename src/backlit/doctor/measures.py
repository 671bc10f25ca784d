"""What a look measures of arrays, as operations of a tape: each reads its arrays once (`machine/kernels/signs.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import shapes
from ..ops.declare import Facts, Structural

CHANGES = ("w", "g", "Δ", "lost", "along")  # what `changes` gives of a parameter


def moments(x: Any) -> Any:
    """For each column the mean of x, and of x²."""
    return np.stack([x.mean(axis=0), (x * x).mean(axis=0)])


def shares(x: Any, *, bound: float) -> Any:
    """For each column the share of numbers that are 0, and of those within ±bound."""
    return np.stack([(x == 0).mean(axis=0), (np.abs(x) < bound).mean(axis=0)])


def changes(earlier: Any, before: Any, w: Any, g: Any) -> Any:
    """What a step did to a parameter, which was `before` and became w.

    The root mean squares of its old weights, of g and of the step; the share of weights that have a gradient and stay;
    and the mean product with the step before, which began at `earlier`.
    """
    a, b, c, gradient = (np.asarray(x, np.float64) for x in (earlier, before, w, g))
    step = c - b
    sizes = [np.sqrt(np.mean(x * x)) for x in (b, gradient, step)]
    return np.array([*sizes, np.mean((step == 0) & (gradient != 0)), np.mean(step * (b - a))])


def _columns(body: Any, **more: Any) -> Structural:
    return Structural(
        body,
        Facts(role="reduction"),
        kernel=body.__name__,
        shape=lambda x, **attrs: (2, *x[1:]),
        numbers=lambda shapes_in, shape, **attrs: shapes_in[0],
        units=lambda shapes_in, shape, **attrs: shape[1:],
        work=lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
        **more,
    )


MOMENTS = _columns(moments)
SHARES = _columns(shares, scalars=lambda bound: (bound,))
STEP = Structural(
    changes,
    Facts(role="reduction"),
    kernel="changes",
    shape=lambda *x: (len(CHANGES),),
    numbers=lambda shapes_in, shape: shapes_in[0],
    work=lambda shapes_in, shape: shapes_in[0][0],
)

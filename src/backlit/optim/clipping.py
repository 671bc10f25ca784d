"""Clipping: gradients that are too long or too large are made shorter before the optimizer sees them.

By norm: if ‖g‖, over all trained parameters together, is above the limit, the whole gradient is scaled so that it is
not; its direction stays.  By value: each element of g is put between -limit and limit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..core.lowering import Update
from ..ops import formula as fm
from ..ops.arithmetic import maximum, minimum
from ..ops.declare import Facts, Structural

PART = 4096  # elements of the gradient whose squares one thread adds up: the same parts for one thread and for two


def _norms(x: Any, size: int) -> Any:
    """√(Σ x²) of each run of `size` elements, added up in float64, so that no square of a float32 overflows."""
    with np.errstate(all="ignore"):
        padded = np.zeros(-(-len(x) // size) * size)
        padded[: len(x)] = x
        return np.sqrt(np.square(padded).reshape(-1, size).sum(axis=1))


def part_norms(x: Any) -> Any:
    """The Euclidean norm of each part of a vector: a first step to that of the whole, which can be shared."""
    return _norms(x, PART)


def norm(x: Any) -> Any:
    """The Euclidean norm of a vector; of parts' norms it is that of the whole."""
    return _norms(x, len(x))


_PARTS = Structural(
    part_norms,
    Facts(role="reduction"),
    kernel="norms",
    shape=lambda x: (-(-x[0] // PART),),
    numbers=lambda shapes_in, shape: (shapes_in[0][0], PART),
    units=lambda shapes_in, shape: shape,
    work=lambda shapes_in, shape: shapes_in[0][0],
)
_WHOLE = Structural(
    norm,
    Facts(role="reduction"),
    kernel="norms",
    shape=lambda x: (1,),
    numbers=lambda shapes_in, shape: (shapes_in[0][0], shapes_in[0][0]),
    work=lambda shapes_in, shape: shapes_in[0][0],
)


def clipped(update: Update, *, norm: float = 0.0, value: float = 0.0) -> Update:
    """The update with its gradient clipped by norm or by value (0: not); weight decay comes after.

    As PyTorch's `clip_grad_norm_`, g ← g · min(1, limit / (‖g‖ + 1e-6)), and as its `clip_grad_value_`.

    Differs from
    ------------
    Where ‖g‖ is infinite PyTorch multiplies by 0, and what was finite in g does not count any more; here all of it
    becomes NaN, so that the run stops and says where it came from.

    Examples
    --------
    >>> from backlit.optim import sgd
    >>> clipped(sgd().update, value=1.0).formulas[0]
    w - learning_rate * max(min(g, clip_value), -clip_value)
    """
    g = fm.symbol("g")
    if norm:
        length = fm.symbol("‖g‖")
        share = minimum(1, fm.uniform("clip_norm") / (length + 1e-6))
        cut = g * (share + (length - length))  # NaN, where the length is infinite
        more, measures = {"clip_norm": norm}, {"‖g‖ of parts": _PARTS, "‖g‖": _WHOLE}
    elif value:
        limit = fm.uniform("clip_value")
        cut = maximum(minimum(g, limit), -limit)
        more, measures = {"clip_value": value}, {}
    else:
        return update
    formulas = tuple(fm.substitute(e, {"g": cut}) for e in update.formulas)
    return replace(update, formulas=formulas, scalars={**update.scalars, **more}, measures=measures)

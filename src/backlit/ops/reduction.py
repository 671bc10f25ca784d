"""Operations that make one number of many: sum, mean, max.

A reduction is declared by three small formulas, from which the machine's kernel is made: what is done with each
element x, how it joins the accumulator a, and what is done at the end with a and the count n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import formula as fm
from . import shapes
from .arithmetic import div, equal, maximum, mul
from .declare import Node, structural
from .movement import spread
from .shapes import Shape, Size

_a, _x, _n = fm.symbol("a"), fm.symbol("x"), fm.symbol("n")
_SAMPLES = [
    (((7,),), {"axis": None}),
    (((5, 3),), {"axis": 0}),
    (((5, 3),), {"axis": 1, "keepdims": True}),
    (((2, 3, 40),), {"axis": 1}),
    (((4, 1),), {"axis": -1}),
    (((1, 130),), {"axis": -1}),
]


def _apart(shapes_in: Any, shape: Shape, *, axis: int | None, keepdims: bool) -> list[Size]:
    """Columns side by side can be summed apart; where there are none, rows."""
    outer, _, inner = shapes.around(shapes_in[0], axis)
    return [outer if inner == 1 else inner]


def _parts(*, start: float, joined: Any, finished: Any = _a, each: Any = _x) -> dict[str, Any]:
    """What all reductions share.

    `joined` must not care about the order and the grouping of its operands, as sum and maximum do not, and `start`
    must be its neutral element: the machine joins eight accumulators, each begun with `start`.  `each` is applied
    to the elements x alone, `finished` once, to the accumulator a and the count n.
    """
    return {
        "role": "reduction",
        "kernel": "reduce",
        "shape": lambda x, *, axis, keepdims: shapes.reduced(x, axis, keepdims),
        "numbers": lambda shapes_in, shape, *, axis, keepdims: shapes.around(shapes_in[0], axis),
        "units": _apart,
        "work": lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
        "words": {"START": fm.constant(start), "EACH": each, "JOIN": joined, "FINISH": finished},
        "samples": _SAMPLES,
    }


def _back(g: Node, x: Node, axis: int | None, keepdims: bool) -> Node:
    """A reduction's gradient (or value), spread over the elements that it was made of."""
    return spread(g, shape=x.shape, axis=None if keepdims or axis is None else shapes.normal_axis(x.shape, axis))


@structural(**_parts(start=0.0, joined=_a + _x))
def sum_(x, *, axis=None, keepdims=False):
    """The sum of the elements, over `axis` or over all.

    Examples
    --------
    >>> import numpy as np
    >>> sum_(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum_.vjp
def _(g, y, x, *, axis, keepdims):
    return [_back(g, x, axis, keepdims)]


@structural(**_parts(start=0.0, joined=_a + _x, finished=_a / _n))
def mean(x, *, axis=None, keepdims=False):
    """The arithmetic mean of the elements, over `axis` or over all.

    Examples
    --------
    >>> import numpy as np
    >>> float(mean(np.array([1.0, 2.0, 6.0])))
    3.0
    """
    return np.mean(x, axis=axis, keepdims=keepdims)


@mean.vjp
def _(g, y, x, *, axis, keepdims):
    return [div(_back(g, x, axis, keepdims), shapes.around(x.shape, axis)[1])]


@structural(**_parts(start=-np.inf, joined=maximum(_a, _x)))
def amax(x, *, axis=None, keepdims=False):
    """The largest element, over `axis` or over all.

    Derivative
    ----------
    The gradient goes to the largest element; equal ones share it evenly, as in PyTorch's amax and in JAX.

    Examples
    --------
    >>> import numpy as np
    >>> amax(np.array([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    """
    return np.max(x, axis=axis, keepdims=keepdims)


@amax.vjp
def _(g, y, x, *, axis, keepdims):
    largest = equal(x, _back(y, x, axis, keepdims))
    ties = sum_(largest, axis=axis, keepdims=keepdims)
    return [mul(_back(g, x, axis, keepdims), div(largest, _back(ties, x, axis, keepdims)))]

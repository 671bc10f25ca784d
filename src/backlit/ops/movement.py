"""Operations that only move or repeat elements: spread, transpose, concatenate, slice, pad."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import fail
from . import shapes
from .declare import REGISTRY, Node, structural
from .shapes import Rows, Shape, Size


def _spread_shape(x: Shape, *, shape: Shape, axis: int | None) -> Shape:
    if axis is not None and not 0 <= axis <= len(x):
        raise fail("BL101", op="spread", expected=f"an axis from 0 to {len(x)}", got=axis, where="spread")
    widened = x if axis is None else (*x[:axis], 1, *x[axis:])
    if shapes.broadcast("spread", widened, shape) != tuple(shape):
        raise fail("BL101", op="spread", expected=shapes.text(shape), got=shapes.text(x), where="spread")
    return tuple(shape)


def spread_strides(x: Shape, shape: Shape, axis: int | None) -> list[Size]:
    """(size, step in x) of each axis of `shape`, with neighbours of one kind joined, filled up to four axes."""
    widened = x if axis is None else (*x[:axis], 1, *x[axis:])
    aligned = (1,) * (len(shape) - len(widened)) + tuple(widened)
    joined: list[tuple[Size, bool]] = []
    for small, large in zip(aligned, shape, strict=True):
        if large == 1:
            continue
        kept = small == large
        if joined and joined[-1][1] == kept:
            joined[-1] = (shapes.times(joined[-1][0], large), kept)
        else:
            joined.append((large, kept))
    if len(joined) > 4:
        raise fail("BL101", op="spread", expected="at most 4 runs of axes", got=shapes.text(shape), where="spread")
    joined = [(1, False)] * (4 - len(joined)) + joined
    steps: list[Size] = []
    for i, (_, kept) in enumerate(joined):
        steps.append(shapes.product([s for s, k in joined[i + 1 :] if k]) if kept else 0)
    return [s for s, _ in joined] + steps


@structural(
    role="movement",
    kernel="spread",
    shape=_spread_shape,
    numbers=lambda shapes_in, result, *, shape, axis: spread_strides(shapes_in[0], shape, axis),
    spreads=True,
    names={"torch": "broadcast_to", "onnx": "Expand"},
    samples=[
        (((),), {"shape": (3, 4)}),
        (((4,),), {"shape": (3, 4)}),
        (((3,),), {"shape": (3, 4), "axis": 1}),
        (((3, 1, 4),), {"shape": (2, 3, 5, 4)}),
    ],
)
def spread(x, *, shape=(), axis=None):
    """Repeats x to `shape` by NumPy's broadcasting; with `axis`, x first gets an axis of size 1 there.

    It is the vjp of a sum; `sum_to` is its own.
    """
    return np.broadcast_to(x if axis is None else np.expand_dims(x, axis), shape)


@spread.vjp
def _(g, y, x, *, shape, axis):
    if axis is not None:
        return [sum_to(REGISTRY["sum"](g, axis=axis), x.shape)]
    return [sum_to(g, x.shape)]


def sum_to(g: Node, shape: Shape) -> Node:
    """The inverse of broadcasting, for gradients.

    Sums `g` over the axes along which `shape` was repeated, or spreads it where `g` is one number for many elements.
    """
    if g.shape == shape:
        return g
    for _ in range(len(g.shape) - len(shape)):
        g = REGISTRY["sum"](g, axis=0)
    for axis, size in enumerate(shape):
        if len(g.shape) == len(shape) and size == 1 and g.shape[axis] != 1:
            g = REGISTRY["sum"](g, axis=axis, keepdims=True)
    return g if g.shape == shape else spread(g, shape=shape)


def _turned(x: Shape) -> Shape:
    if len(x) != 2:
        raise fail("BL101", op="transpose", expected="a matrix", got=shapes.text(x), where="transpose")
    return (x[1], x[0])


@structural(
    role="movement",
    kernel="transpose",
    shape=_turned,
    numbers=lambda shapes_in, shape: shapes_in[0],
    units=lambda shapes_in, shape: [shape[0]],
    mixes_rows=True,
    names={"torch": "t", "onnx": "Transpose"},
    samples=[(((3, 5),), {}), (((1, 4),), {})],
)
def transpose(x):
    """A matrix with rows and columns exchanged."""
    return x.T


@transpose.vjp
def _(g, y, x):
    return [transpose(g)]


def _joined(a: Shape, b: Shape, *, axis: int) -> Shape:
    axis = shapes.normal_axis(a, axis)
    rest = [(s, t) for i, (s, t) in enumerate(zip(a, b, strict=False)) if i != axis]
    if len(a) != len(b) or any(s != t for s, t in rest) or any(isinstance(s[axis], Rows) for s in (a, b)):
        got = f"{shapes.text(a)} and {shapes.text(b)}"
        expected = f"equal sizes except on axis {axis}"
        raise fail("BL101", op="concatenate", expected=expected, got=got, where="concatenate")
    return (*a[:axis], a[axis] + b[axis], *a[axis + 1 :])  # type: ignore[operator]


@structural(
    role="movement",
    kernel="concatenate",
    shape=_joined,
    numbers=lambda shapes_in, shape, *, axis: (
        shapes.around(shape, axis)[0],
        *(shapes.product(s[shapes.normal_axis(s, axis) :]) for s in shapes_in),
    ),
    units=lambda shapes_in, shape, *, axis: [shapes.around(shape, axis)[0]],
    names={"torch": "cat", "onnx": "Concat"},
    samples=[(((3, 4), (3, 2)), {}), (((2, 3), (4, 3)), {"axis": 0})],
)
def concatenate(a, b, *, axis=-1):
    """Two arrays side by side along `axis`."""
    return np.concatenate([a, b], axis=axis)


@concatenate.vjp
def _(g, y, a, b, *, axis):
    axis = shapes.normal_axis(a.shape, axis)
    m, n = a.shape[axis], b.shape[axis]
    return [cut(g, axis=axis, start=0, length=m), cut(g, axis=axis, start=m, length=n)]


def _window(shapes_in: Any, *, axis: int, total: int, source: int, target: int, length: int) -> list[Size]:
    """For the window kernel: outer, inner row of input and output, where the block is read and written, its length."""
    axis = shapes.normal_axis(shapes_in, axis)
    inner = shapes.product(shapes_in[axis + 1 :])
    outer = shapes.product(shapes_in[:axis])
    return [outer, *(shapes.times(size, inner) for size in (shapes_in[axis], total, source, target, length))]


def _cut_shape(x: Shape, *, axis: int, start: int, length: int) -> Shape:
    axis = shapes.normal_axis(x, axis)
    size = x[axis]
    if isinstance(size, Rows) or not 0 <= start <= start + length <= size:
        raise fail("BL101", op="cut", expected=f"0 … {size}", got=f"{start} … {start + length}", where="cut")
    return (*x[:axis], length, *x[axis + 1 :])


@structural(
    role="movement",
    kernel="window",
    shape=_cut_shape,
    numbers=lambda shapes_in, shape, *, axis, start, length: _window(
        shapes_in[0], axis=axis, total=length, source=start, target=0, length=length
    ),
    units=lambda shapes_in, shape, *, axis, **attrs: [shapes.around(shape, axis)[0]],
    names={"torch": "narrow", "onnx": "Slice"},
    samples=[(((3, 6),), {"axis": 1, "start": 2, "length": 3}), (((5, 2),), {"axis": 0, "start": 1, "length": 2})],
)
def cut(x, *, axis=0, start=0, length=1):
    """The `length` entries from `start` on along `axis`."""
    return np.take(x, range(start, start + length), axis=axis)


@cut.vjp
def _(g, y, x, *, axis, start, length):
    return [pad(g, axis=axis, before=start, total=x.shape[axis])]


def _pad_shape(x: Shape, *, axis: int, before: int, total: int) -> Shape:
    axis = shapes.normal_axis(x, axis)
    size = x[axis]
    if isinstance(size, Rows) or not 0 <= before <= before + size <= total:
        raise fail(
            "BL101", op="pad", expected=f"{size} from {before} on to fit in {total}", got=shapes.text(x), where="pad"
        )
    return (*x[:axis], total, *x[axis + 1 :])


@structural(
    role="movement",
    kernel="window",
    shape=_pad_shape,
    numbers=lambda shapes_in, shape, *, axis, before, total: _window(
        shapes_in[0], axis=axis, total=total, source=0, target=before, length=shapes_in[0][axis]
    ),
    units=lambda shapes_in, shape, *, axis, **attrs: [shapes.around(shape, axis)[0]],
    names={"torch": "pad", "onnx": "Pad"},
    samples=[(((3, 2),), {"axis": 1, "before": 1, "total": 5})],
)
def pad(x, *, axis=0, before=0, total=1):
    """x with zeros before and after it along `axis`, up to the size `total`."""
    widths = [(0, 0)] * x.ndim
    widths[axis] = (before, total - before - x.shape[axis])
    return np.pad(x, widths)


@pad.vjp
def _(g, y, x, *, axis, before, total):
    return [cut(g, axis=axis, start=before, length=x.shape[axis])]

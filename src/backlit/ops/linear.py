"""Weighted sums: the matrix product and the affine map u = x W + b of a fully connected layer."""

from __future__ import annotations

from typing import Any

from ..errors import fail
from . import shapes
from .declare import structural
from .movement import sum_to
from .shapes import Shape, Size


def _matrix(x: Shape, turned: bool) -> Shape:
    if len(x) != 2:
        raise fail("BL101", op="matmul", expected="a matrix", got=shapes.text(x), where="matmul")
    return (x[1], x[0]) if turned else x


def _product_shape(a: Shape, b: Shape, *, ta: bool, tb: bool) -> Shape:
    left, right = _matrix(a, ta), _matrix(b, tb)
    if left[1] != right[0]:
        got = f"{shapes.text(left)} and {shapes.text(right)}"
        raise fail("BL101", op="matmul", expected="equal inner sizes", got=got, where="matmul")
    return (left[0], right[1])


def _product_numbers(shapes_in: Any, shape: Shape, *, ta: bool, tb: bool) -> list[Size]:
    return [-1, shape[0], shape[1], _matrix(shapes_in[0], ta)[1], int(ta), int(tb)]  # -1: no bias


STRIP = 256 * 32  # numbers of scratch memory: the strip of b that the machine multiplies by


@structural(
    role="linear",
    kernel="product",
    shape=_product_shape,
    numbers=_product_numbers,
    units=lambda shapes_in, shape, **attrs: shape,
    scratch=lambda shapes_in, shape, **attrs: STRIP,
    work=lambda shapes_in, shape, *, ta, tb: (
        shapes.product(shapes_in[0]) * (shape[1] if isinstance(shape[1], int) else 1) * 2
    ),
    mixes_rows=True,
    names={"torch": "matmul", "onnx": "Gemm"},
    samples=[
        (((3, 4), (4, 5)), {}),
        (((4, 3), (4, 5)), {"ta": True}),
        (((3, 4), (5, 4)), {"tb": True}),
        (((4, 3), (5, 4)), {"ta": True, "tb": True}),
        (((40, 33), (33, 70)), {}),
        (((1, 1), (1, 1)), {}),
    ],
)
def matmul(a, b, *, ta=False, tb=False):
    """The matrix product a b, where `ta`, `tb` read a, b transposed.

    Examples
    --------
    >>> import numpy as np
    >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    return (a.T if ta else a) @ (b.T if tb else b)


@matmul.vjp
def _(g, y, a, b, *, ta, tb):
    # y = A B with A = a or aᵀ: ∂A = g Bᵀ, ∂B = Aᵀ g; a transposed operand gets its gradient transposed.
    to_a = matmul(b, g, ta=tb, tb=True) if ta else matmul(g, b, ta=False, tb=not tb)
    to_b = matmul(g, a, ta=True, tb=ta) if tb else matmul(a, g, ta=not ta, tb=False)
    return [to_a, to_b]


def _affine_shape(x: Shape, w: Shape, b: Shape) -> Shape:
    shape = _product_shape(x, w, ta=False, tb=False)
    if b != (shape[1],):
        raise fail("BL101", op="affine", expected=f"b of ({shape[1]},)", got=shapes.text(b), where="affine")
    return shape


@structural(
    role="linear",
    kernel="product",
    shape=_affine_shape,
    numbers=lambda shapes_in, shape: [shape[0], shape[1], shapes_in[1][0], 0, 0],
    units=lambda shapes_in, shape: shape,
    scratch=lambda shapes_in, shape: STRIP,
    work=lambda shapes_in, shape: shapes.product(shapes_in[0]) * shape[1] * 2,
    names={"torch": "nn.functional.linear", "onnx": "Gemm"},
    samples=[(((3, 4), (4, 5), (5,)), {}), (((1, 2), (2, 1), (1,)), {}), (((33, 20), (20, 17), (17,)), {})],
)
def affine(x, w, b):
    """The linear sum of a fully connected layer, u = x W + b, for every row of x.

    W is kept as (in_features, out_features) here; it is shown and saved as (out_features, in_features).

    Derivative
    ----------
    ∂E/∂x = δᵘ Wᵀ, ∂E/∂W = xᵀ δᵘ, ∂E/∂b = the sum of δᵘ over the rows.

    Examples
    --------
    >>> import numpy as np
    >>> affine(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5])).tolist()
    [[11.5]]
    """
    return x @ w + b


@affine.vjp
def _(g, y, x, w, b):
    return [matmul(g, w, tb=True), matmul(x, g, ta=True), sum_to(g, b.shape)]

"""Activation functions whose bends are trained: u comes first, then the parameters, one for all units or one for each.

The layers (`nn.PReLU` and the others of `nn/layers/trained.py`) hand over the parameters; the gradient of one that many
units share is summed where all sums of broadcasting are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .arithmetic import exp, expm1, log1p, maximum, minimum, sigmoid_formula, sin, where
from .declare import elementwise
from .formula import Expr


@elementwise(
    role="parametric",
    kinks=(0.0,),
    side="left",
    names={"torch": "PReLU", "onnx": "PRelu", "keras": "PReLU"},
    differs="Keras begins with the slope 0, and has one for each unit.",
    source="He, Zhang, Ren, Sun, ICCV 2015",
)
def prelu(u, a):
    """The parametric ReLU: o = u for u > 0, a u below.

    Derivative
    ----------
    do/du = 1 for u > 0, else a; do/da = 0 for u > 0, else u.  At u = 0 we take do/du = a, as PyTorch does.

    Examples
    --------
    >>> prelu([-2.0, 3.0], 0.25).tolist()
    [-0.5, 3.0]
    """
    return where(u > 0, u, a * u)


@prelu.derivative
def _(u, a):
    return where(u > 0, 1, where(u <= 0, a, u))  # u for a NaN: it stays visible


@elementwise(
    role="parametric",
    names={"jax": "nn.swish at β = 1", "torch": "SiLU at β = 1"},
    source="Ramachandran, Zoph, Le, arXiv:1710.05941, 2017",
)
def trained_swish(u, beta):
    """Swish with a trained β: o = u σ(β u).  β = 0 is the line u / 2, β = 1 SiLU, a large β nearly ReLU.

    Derivative
    ----------
    With s = σ(β u): do/du = s (1 + β u (1 - s)), do/dβ = u² s (1 - s).

    Examples
    --------
    >>> trained_swish([-1.0, 2.0], [1.0, 0.0]).round(6).tolist()
    [-0.268941, 1.0]
    """
    return u * sigmoid_formula(beta * u)


@elementwise(
    role="parametric",
    kinks=(0.0,),
    side="right",
    domain=(0.3, 2.5),
    source="Trottier, Giguère, Chaib-draa, ICMLA 2017",
)
def trained_pelu(u, a, b):
    """The parametric ELU: o = (a / b) u for u ≥ 0, a (e^(u/b) - 1) below; a and b above 0.

    Both pieces have the slope a / b at 0, so there is no bend, whatever a and b become.

    Derivative
    ----------
    Found by symbols: do/du = a / b for u ≥ 0, (a / b) e^(u/b) below.

    Examples
    --------
    >>> trained_pelu([-1.0, 3.0], 1.0, 2.0).round(6).tolist()
    [-0.393469, 1.5]
    """
    return where(u >= 0, u * (a / b), a * expm1(u / b))


@trained_pelu.derivative
def _(u, a, b):
    return (a / b) * where(u >= 0, 1, exp(u / b))


@elementwise(role="parametric", source="Jin, Xu, Feng, Wei, Xiong, Yan, AAAI 2016")
def trained_srelu(u, left, left_slope, right, right_slope):
    """The S-shaped ReLU: three lines.  The middle one is u; left of `left`, right of `right` slopes are trained.

    o = u between; left + left_slope (u - left) and right + right_slope (u - right) beyond.  It stays one piece
    even if training moves `left` beyond `right`.

    Derivative
    ----------
    The slope of the line on which u lies; at an end itself the mean of both sides.  Ends and slopes get a gradient
    from their own line alone.

    Examples
    --------
    >>> trained_srelu([-1.0, 0.5, 3.0], 0.0, 0.2, 1.0, 0.5).tolist()
    [-0.2, 0.5, 2.0]
    """
    middle = minimum(maximum(u, left), right)
    return middle + left_slope * minimum(u - left, 0) + right_slope * maximum(u - right, 0)


@elementwise(role="parametric", source="Ziyin, Hartwig, Ueda, NeurIPS 2020", domain=(0.3, 1.2))
def trained_snake(u, a):
    """Snake: o = u + sin²(a u) / a, for what repeats itself; a, above 0, is the frequency.

    Derivative
    ----------
    Found by symbols: do/du = 1 + sin(2 a u), which is never below 0.

    Examples
    --------
    >>> trained_snake([0.0, 1.0], 1.0).round(6).tolist()
    [0.0, 1.708073]
    """
    return u + sin(a * u) * sin(a * u) / a


@elementwise(role="parametric", source="Agostinelli, Hoffman, Sadowski, Baldi, ICLR workshop 2015")
def trained_hinge(u, a, b):
    """a max(0, b - u): one of the hinges of an adaptive piecewise linear unit.

    Derivative
    ----------
    do/du = -a left of b, 0 right of it; at b itself half of it, as `max` has it.

    Examples
    --------
    >>> trained_hinge([0.0, 2.0], 0.5, 1.0).tolist()
    [0.5, 0.0]
    """
    return a * maximum(b - u, 0)


def _powers(z: Expr, factors: Sequence[float]) -> Any:
    """factors[0] + factors[1] z + factors[2] z² + …"""
    first, *others = factors
    return first + z * _powers(z, others) if others else first


@elementwise(role="parametric", domain=(-0.6, 0.6), source="Godfrey, Gashler, arXiv:1602.01321, 2016")
def trained_soft_exponential(u, a):
    """From logarithm (a < 0) over identity (a = 0) to exponential (a > 0): o = (e^au - 1) / a + a for a > 0.

    For a < 0 it is -ln(1 - a (u + a)) / a, which has no value (NaN) for u ≤ 1/a - a.

    Derivative
    ----------
    do/du = e^au for a ≥ 0, 1 / (1 - a (u + a)) below.  With z = a u and y = a (u + a),
    do/da = 1 + u² (z e^z - e^z + 1) / z² for a ≥ 0, 1 / (1 - y) + (u + a)² (ln(1 - y) + y / (1 - y)) / y² below; near
    0 by the powers of z and y.  At a = 0 both are 1 + u² / 2: there is no bend.

    Examples
    --------
    >>> trained_soft_exponential([-1.0, 0.0, 2.0], [-0.5, 0.0, 0.5]).round(6).tolist()
    [-2.772589, 0.0, 3.936564]
    """
    return where(a > 0, expm1(a * u) / a + a, where(a < 0, log1p(-(a * (u + a))) / -a, u + a))


@trained_soft_exponential.derivative
def _(u, a):
    return where(a > 0, exp(a * u), 1 / (1 - a * (u + a)))


@trained_soft_exponential.derivative_by("a")
def _(u, a):
    z, y = a * u, a * (u + a)
    # The differences cancel near 0: powers take over where they are exact to the last digits.
    rising = where(
        abs(z) < 0.125,
        _powers(z, [1 / 2, 1 / 3, 1 / 8, 1 / 30, 1 / 144, 1 / 840, 1 / 5760, 1 / 45360]),
        (z * exp(z) - expm1(z)) / (z * z),
    )
    falling = where(
        abs(y) < 0.015625,
        _powers(y, [1 / 2, 2 / 3, 3 / 4, 4 / 5, 5 / 6, 6 / 7, 7 / 8, 8 / 9]),
        (log1p(-y) + y / (1 - y)) / (y * y),
    )
    return where(a >= 0, 1 + u * u * rising, 1 / (1 - y) + (u + a) * (u + a) * falling)

"""Radial activations: even functions of u, highest or lowest at 0."""

import math

from ..arithmetic import exp, root_formula, root_share, unless_nan, where
from ..declare import elementwise

_EVEN = {"role": "activation", "monotone": False}


@elementwise(
    **_EVEN, range=(0.0, 1.0), also=("rbf", "radial basis function", "bell"), source="Broomhead, Lowe, 1988", ends="(]"
)
def gaussian(u):
    """The bell curve: o = e^(-u²).

    It answers to inputs near one place, and to nothing far away.

    Derivative
    ----------
    do/du = -2 u o, between -0.858 and 0.858.  Keeps the input and the output.

    Examples
    --------
    >>> [round(float(o), 6) for o in gaussian([-1.0, 0.0, 2.0])]
    [0.367879, 1.0, 0.018316]
    """
    return exp(-(u * u))


@gaussian.derivative
def _(u, o):
    return -2 * (u * o)


@elementwise(
    **_EVEN,
    range=(0.0, 1.0),
    also=("square-law rbf", "sqrbf"),
    source="Wuraola, Patel, ICONIP 2018",
    ends="[]",
    smooth=1,
)
def sq_rbf(u):
    """A bell curve of parabolas: o = 1 - u²/2 for |u| ≤ 1, (2 - |u|)²/2 up to 2, 0 beyond.

    Derivative
    ----------
    do/du = -u for |u| ≤ 1, |u| - 2 with the sign of u up to 2, 0 beyond.  It is continuous.  Keeps the input.

    Examples
    --------
    >>> sq_rbf([-3.0, 0.5, 1.5]).tolist()
    [0.0, 0.875, 0.125]
    """
    a = abs(u)
    return where(a <= 1, 1 - u * u * 0.5, where(a < 2, (2 - a) * (2 - a) * 0.5, unless_nan(u, 0)))


@sq_rbf.derivative
def _(u):
    a = abs(u)
    return where(a <= 1, -u, where(a < 2, where(u > 0, u - 2, u + 2), unless_nan(u, 0)))


@elementwise(
    **_EVEN,
    range=lambda a: (a, math.inf),
    limits={"a": (1e-3, 1e3)},
    source="Hardy, Journal of Geophysical Research 76, 1971",
    ends="[)",
)
def multiquadric(u, *, a=1.0):
    """A hyperbola, open above: o = √(u² + a²).

    A smooth |u|; a is its lowest value, at u = 0.

    Derivative
    ----------
    do/du = u / √(u² + a²) = u / o, between -1 and 1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in multiquadric([-1.0, 0.0, 2.0])]
    [1.414214, 1.0, 2.236068]
    """
    return root_formula(u, a * a)


@multiquadric.derivative
def _(u, a):
    return root_share(u, a * a)

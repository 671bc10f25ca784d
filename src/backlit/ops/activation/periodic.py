"""Activations that wave."""

import math
from typing import Any

from ..arithmetic import cos, sin, where
from ..declare import elementwise

_WAVES = {"role": "activation", "monotone": False}


@elementwise(
    **_WAVES,
    range=(-1.0, 1.0),
    names={"torch": "sin", "onnx": "Sin", "keras": "sin", "jax": "sin"},
    also=("sin",),
    source="Parascandolo, Huttunen, Virtanen, 2017; Sitzmann et al., NeurIPS 2020 (arXiv:2006.09661)",
    ends="[]",
)
def sine(u):
    """A wave: o = sin(u).

    For what repeats, and for images and sounds as functions of place and time.

    Derivative
    ----------
    do/du = cos(u), between -1 and 1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in sine([-1.0, 0.0, 2.0])]
    [-0.841471, 0.0, 0.909297]
    """
    return sin(u)


@sine.derivative
def _(u):
    return cos(u)


@elementwise(
    **_WAVES,
    range=(-1.0, 1.0),
    names={"torch": "cos", "onnx": "Cos", "keras": "cos", "jax": "cos"},
    also=("cos",),
    source="Rahimi, Recht, NIPS 2007",
    ends="[]",
)
def cosine(u):
    """A wave that is 1 at 0: o = cos(u).

    Derivative
    ----------
    do/du = -sin(u), between -1 and 1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in cosine([-1.0, 0.0, 2.0])]
    [0.540302, 1.0, -0.416147]
    """
    return cos(u)


@cosine.derivative
def _(u):
    return -sin(u)


def _series(square: Any, terms: list[float]) -> Any:
    """Σ terms[k] (-u²)^k, by Horner's rule."""
    total: Any = terms[-1]
    for term in reversed(terms[:-1]):
        total = term - square * total
    return total


@elementwise(
    **_WAVES,
    range=(-0.21723362821122166, 1.0),
    domain=(-12.0, 12.0),
    also=("cardinal sine",),
    differs="sinc of PyTorch, JAX and NumPy is sin(πu) / (πu).",
    ends="[]",
    book="sin(u) / u",
)
def sinc(u):
    """A wave that dies away: o = sin(u) / u, and 1 at u = 0.

    Within |u| < 1 it is computed by its power series, so that the derivative has all its digits at 0.  At u = ±∞ it is
    NaN, as sin(∞) is.

    Derivative
    ----------
    do/du = (cos(u) - o) / u, and 0 at u = 0; between -0.437 and 0.437.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in sinc([-1.0, 0.0, 2.0])]
    [0.841471, 1.0, 0.454649]
    """
    return where(abs(u) < 1, _series(u * u, [1 / math.factorial(2 * k + 1) for k in range(10)]), sin(u) / u)


@sinc.derivative
def _(u):
    near = u * _series(u * u, [-2 * (k + 1) / math.factorial(2 * k + 3) for k in range(10)])
    return where(abs(u) < 1, near, (cos(u) - sin(u) / u) / u)


@elementwise(
    role="activation",
    limits={"a": (1e-6, 1e6)},
    source="Ziyin, Hartwig, Ueda, NeurIPS 2020 (arXiv:2006.08195)",
)
def snake(u, *, a=1.0):
    """A rising line with a wave on it: o = u + sin²(a u) / a.

    It can go on with a period beyond the training data, and still rises like the identity.  In the paper a is learned;
    here it is fixed.

    Derivative
    ----------
    do/du = 1 + sin(2 a u) = (sin(a u) + cos(a u))², between 0 and 2.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in snake([-1.0, 0.0, 2.0])]
    [-0.291927, 0.0, 2.826822]
    """
    s = sin(a * u)
    return u + s * s / a


@snake.derivative
def _(u, a):
    root = sin(a * u) + cos(a * u)
    return root * root


@elementwise(**_WAVES, also=("growing cosine unit",), source="Noel, Trivedi, Dutta, arXiv:2108.12943, 2021")
def gcu(u):
    """A wave that grows: o = u · cos(u).

    One such unit separates the classes of XOR, as its output changes sign more than once.

    Derivative
    ----------
    do/du = cos(u) - u sin(u), without bounds.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in gcu([-1.0, 0.0, 2.0])]
    [-0.540302, 0.0, -0.832294]
    """
    return u * cos(u)


@gcu.derivative
def _(u):
    return cos(u) - u * sin(u)

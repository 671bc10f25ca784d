"""Activations that bend little or not at all: the identity and curves close to it."""

import math

from ..arithmetic import exp, expm1, log1p, root_share, sqrt, where
from ..declare import elementwise


@elementwise(
    role="activation",
    names={"torch": "Identity", "onnx": "Identity", "keras": "linear", "jax": "identity"},
    also=("none",),
)
def identity(u):
    """The output is the weighted sum itself: o = u.

    For output units of a regression.  In hidden layers it adds nothing: layers of identity units multiply out to a
    single layer.

    Derivative
    ----------
    do/du = 1 everywhere.  Keeps nothing.

    Examples
    --------
    >>> identity([-1.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 2.0]
    """
    return u


@identity.derivative
def _():
    return 1.0


@elementwise(role="activation", book="(sqrt(u**2 + 1) - 1) / 2 + u")
def bent_identity(u):
    """The identity, a little bent: o = (√(u² + 1) - 1) / 2 + u.

    Its slope goes from 1/2 on the far left to 3/2 on the far right.  It is computed as u (1 + u / (2 (√(u² + 1) + 1))),
    which is the same and does not cancel near 0.

    Derivative
    ----------
    do/du = 1 + u / (2 √(u² + 1)), between 1/2 and 3/2.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in bent_identity([-1.0, 0.0, 2.0])]
    [-0.792893, 0.0, 2.618034]
    """
    # u / (√(u² + 1) + 1) is u/√ divided by (1 + 1/√): both parts stay between -1 and 1
    return u * (1 + 0.5 * (root_share(u) / (1 + 1 / sqrt(1 + u * u))))


@bent_identity.derivative
def _(u):
    return 1 + 0.5 * root_share(u)


@bent_identity.from_output
def _(o):
    c = 2 * o + 1
    u = (2 * c - sqrt(c * c + 3)) / 3
    return 1 + u / (2 * sqrt(u * u + 1))


@elementwise(
    role="activation",
    range=lambda alpha: (alpha - 1 / alpha if alpha > 0 else -math.inf, math.inf),
    limits={"alpha": (-1.0, 1.0)},
    domain=(-1.0, 4.0),
    source="Godfrey, Gashler, arXiv:1602.01321, 2016",
    book="where(alpha > 0, (exp(alpha*u) - 1)/alpha + alpha, where(alpha < 0, -log(1 - alpha*(u + alpha))/alpha, u))",
)
def soft_exponential(u, *, alpha=0.5):
    """From logarithm over identity to exponential, by one number α: o = (e^αu - 1) / α + α for α > 0.

    For α = 0 it is u, for α < 0 it is -ln(1 - α (u + α)) / α, which has no value (NaN) for u ≤ 1/α - α.

    Derivative
    ----------
    do/du = e^αu for α > 0, 1 for α = 0, 1 / (1 - α (u + α)) for α < 0.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in soft_exponential([-1.0, 0.0, 2.0])]
    [-0.286939, 0.5, 3.936564]
    >>> [round(float(o), 6) for o in soft_exponential([-1.0, 0.0, 2.0], alpha=-0.5)]
    [-2.772589, -0.575364, 1.119232]
    """
    return where(
        alpha > 0, expm1(alpha * u) / alpha + alpha, where(alpha < 0, log1p(-(alpha * (u + alpha))) / -alpha, u)
    )


@soft_exponential.derivative
def _(u, alpha):
    return where(alpha > 0, exp(alpha * u), 1 / (1 - alpha * (u + alpha)))


@soft_exponential.from_output
def _(o, alpha):
    return where(alpha > 0, alpha * (o - alpha) + 1, exp(alpha * o))

"""Losses for counts: how often something happens, by a Poisson distribution whose rate the network gives."""

from __future__ import annotations

import math

from ..arithmetic import exp, log
from .declare import Targets, loss

COUNTS = Targets(0.0)


@loss(
    reads="exp",
    targets=COUNTS,
    domain=(-2.0, 3.0),
    on_outputs="",
    names={"torch": "PoissonNLLLoss"},
    differs="Keras' poisson reads rates: poisson_from_rates here.",
    source="Nelder, Wedderburn, Journal of the Royal Statistical Society A 135, 1972",
)
def poisson(u, t):
    """For counts t ≥ 0, u the logarithm of the expected count: e = e^u - t u.

    It is -ln of the Poisson probability of t, without the part ln t! that does not depend on u; so it can be below 0.
    The output layer has no activation function, and predictions are the rates e^u.

    Derivative
    ----------
    ∂e/∂u = e^u - t: the expected count less the count.

    Examples
    --------
    >>> [round(float(e), 6) for e in poisson([0.0, 1.0], [1.0, 0.0])]
    [1.0, 2.718282]
    """
    return exp(u) - t * u


@loss(
    targets=COUNTS,
    outputs=(0.0, math.inf),
    domain=(0.2, 4.0),
    layer="exp(u)",
    limits={"offset": (0.0, math.inf)},
    names={"torch": "PoissonNLLLoss(log_input=False)", "keras": "poisson"},
    differs="Keras' offset is 1e-7.",
)
def poisson_from_rates(o, t, *, offset=1e-8):
    """For counts t ≥ 0, o the expected count itself: e = o - t ln(o + offset).

    For output layers whose numbers are above 0.  `poisson`, which reads the logarithm, needs no such layer and no
    offset.

    Derivative
    ----------
    ∂e/∂o = 1 - t / (o + offset).

    Examples
    --------
    >>> [round(float(e), 6) for e in poisson_from_rates([1.0, 2.0], [3.0, 2.0])]
    [1.0, 0.613706]
    """
    return o - t * log(o + offset)

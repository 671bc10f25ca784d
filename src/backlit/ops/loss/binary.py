"""Losses for two classes, or for yes and no in each output: binary cross-entropy, and the hinges of -1 and 1."""

from __future__ import annotations

from ..arithmetic import exp, log1p, maximum, sigmoid_formula, where
from .classes import SHARES
from .declare import Targets, clipped, loss, share_of, times_log, unclipped

SIGNS = Targets(only=(-1.0, 1.0))


@loss(
    reads="sigmoid",
    targets=SHARES,
    domain=(-6.0, 6.0),
    classes=True,
    smoothing="half",
    layer="sigmoid",
    on_outputs="binary_cross_entropy_from_probabilities",
    names={
        "torch": "BCEWithLogitsLoss", "keras": "binary_crossentropy(from_logits=True)",
        "jax": "optax.losses.sigmoid_binary_cross_entropy",
    },
    source="Cox, Journal of the Royal Statistical Society B 20, 1958",
)  # fmt: skip
def binary_cross_entropy(u, t):
    """Cross-entropy of t with σ(u), in nats: e = -t ln σ(u) - (1 - t) ln(1 - σ(u)).

    For two classes with one sigmoid unit (t = 0 or 1), or for several labels a row, one sigmoid unit each.  u is the
    linear sum of the output unit; sigmoid and logarithm are one formula, max(u, 0) - t u + ln(1 + e^-|u|), in which
    nothing overflows and no ln 0 appears.

    Derivative
    ----------
    ∂e/∂u = σ(u) - t, that is o - t.

    Examples
    --------
    >>> [round(float(e), 6) for e in binary_cross_entropy([0.0, 1000.0, -1000.0], [1.0, 1.0, 1.0])]
    [0.693147, 0.0, 1000.0]
    """
    return maximum(u, 0) - t * u + log1p(exp(-abs(u)))


@binary_cross_entropy.derivative
def _(u, t):
    return sigmoid_formula(u) - t


@loss(
    targets=SHARES,
    outputs=(0.0, 1.0),
    domain=(0.05, 0.95),
    classes=True,
    between=(0.5, 0.5),
    smoothing="half",
    layer="sigmoid",
    limits={"clip": (0.0, 0.5)},
    names={"torch": "BCELoss", "keras": "binary_crossentropy"},
    differs="PyTorch's BCELoss takes a logarithm below -100 for -100; Keras clips as with clip=1e-7.",
)
def binary_cross_entropy_from_probabilities(o, t, *, clip=0.0):
    """Binary cross-entropy of outputs that are probabilities already: e = -t ln o - (1 - t) ln(1 - o).

    For output layers that make probabilities in their own way, and to compute what Keras does.  After a sigmoid layer
    binary_cross_entropy says the same more exactly.  An output that is 0 or 1 and wrong has an infinite loss, and
    stops the run; clip = 1e-7 keeps o between 1e-7 and 1 - 1e-7, as Keras does, and has no gradient beyond.

    Derivative
    ----------
    ∂e/∂o = (1 - t) / (1 - o) - t / o = (o - t) / (o (1 - o)); 0 where o was clipped.

    Examples
    --------
    >>> round(float(binary_cross_entropy_from_probabilities(0.25, 1.0)), 6)
    1.386294
    >>> round(float(binary_cross_entropy_from_probabilities(1.0, 0.0, clip=1e-7)), 6)
    16.118096
    """
    p = clipped(o, clip)
    return times_log(-t, p) - times_log(1 - t, 1 - p)


@binary_cross_entropy_from_probabilities.derivative
def _(o, t, clip):
    return unclipped(o, clip, share_of(1 - t, 1 - o) - share_of(t, o))


@loss(
    targets=SIGNS,
    domain=(-3.0, 3.0),
    classes=True,
    between=(0.0, 0.0),
    kinks=lambda t: {1 / t: 0.0},
    names={"keras": "hinge", "jax": "optax.losses.hinge_loss", "sklearn": "hinge_loss"},
    differs="PyTorch has none of this form; at the kink we take 0 as its MultiMarginLoss does.  Keras reads targets 0 "
    "and 1 as -1 and 1.",
    source="Cortes, Vapnik, Machine Learning 20, 1995",
)
def hinge(o, t):
    """The loss of support vector machines: e = max(0, 1 - t o), for targets -1 and 1.

    A row that is on the right side by at least 1 costs nothing and pulls no more.  The sign of o is the answer; the
    output layer has no activation function.

    Derivative
    ----------
    ∂e/∂o = -t for t o < 1, 0 for t o > 1.  At t o = 1 we take 0.

    Examples
    --------
    >>> hinge([0.5, -2.0, 3.0], [1.0, 1.0, 1.0]).tolist()
    [0.5, 3.0, 0.0]
    """
    return maximum(1 - t * o, 0)


@hinge.derivative
def _(o, t):
    return where(1 - t * o > 0, -t, 0 * (t * o))  # 0 · t o and not 0: a NaN stays visible


@loss(
    targets=SIGNS,
    domain=(-3.0, 3.0),
    classes=True,
    between=(0.0, 0.0),
    names={"keras": "squared_hinge"},
    differs="PyTorch has none of this form.  Keras reads targets 0 and 1 as -1 and 1.",
    source="Lee, Mangasarian, Computational Optimization and Applications 20, 2001",
)
def squared_hinge(o, t):
    """The hinge squared: e = max(0, 1 - t o)², for targets -1 and 1.

    As the hinge, but without a kink, and a row far on the wrong side counts with its square.

    Derivative
    ----------
    ∂e/∂o = -2 t max(0, 1 - t o).  It has no jump.

    Examples
    --------
    >>> squared_hinge([0.5, -2.0, 3.0], [1.0, 1.0, 1.0]).tolist()
    [0.25, 9.0, 0.0]
    """
    short = maximum(1 - t * o, 0)
    return short * short


@squared_hinge.derivative
def _(o, t):
    return -2 * t * maximum(1 - t * o, 0)

"""Losses for classes, one unit for each: cross-entropy in its forms, the KL divergence, and how many rows are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import fail
from .. import shapes
from ..arithmetic import div, mul, neg, sub
from ..declare import structural
from ..normalized import log_softmax, softmax
from ..reduction import sum_
from ..shapes import Shape, Size
from .declare import Targets, clipped, loss, share_of, times_log, unclipped, whole
from .distance import scalar

SHARES = Targets(0.0, 1.0)


def _class_scalar(z: Shape, t: Shape, *, reduction: str = "sum") -> Shape:
    if not z:
        raise fail("BL101", op="loss", expected="a row for each sample", got=shapes.text(z), where="the loss")
    return scalar(z, t, reduction=reduction)


def _class_divisor(z: Shape, reduction: str) -> Size:
    return 1 if reduction == "sum" else shapes.product(z[:-1])


def _class_numbers(shapes_in: Any, shape: Shape, *, reduction: str) -> list[Size]:
    z = shapes_in[0]
    return [shapes.product(z[:-1]), z[-1], _class_divisor(z, reduction)]


_CLASS_SAMPLES: list[Any] = [
    (((4, 3), (4, 3)), {}),
    (((4, 3), (4, 3)), {"reduction": "sum"}),
    (((1, 10), (1, 10)), {}),
    (((5, 1), (5, 1)), {}),
]


@structural(
    role="loss",
    kernel="cross_entropy",
    shape=_class_scalar,
    numbers=_class_numbers,
    scratch=lambda shapes_in, shape, **attrs: 512,
    work=lambda shapes_in, shape, **attrs: shapes.product(shapes_in[0]),
    constant=("t",),
    mixes_rows=True,
    names={
        "torch": "CrossEntropyLoss", "keras": "categorical_crossentropy(from_logits=True)",
        "jax": "optax.losses.softmax_cross_entropy",
    },
    source="Bridle, 1990",
    samples=_CLASS_SAMPLES,
)  # fmt: skip
def cross_entropy(z, t, *, reduction="mean"):
    """Cross-entropy of the targets t with softmax(z), in nats: E = -Σ t ln softmax(z), the mean over the rows.

    z are the linear sums u of the output units ("logits"), t one row of shares each (a one-hot row for a class).
    Softmax and logarithm are one operation, so that no ln 0 appears.

    Derivative
    ----------
    ∂E/∂z = (softmax(z) · Σt - t) / rows; for one-hot t this is the well-known o - t.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(cross_entropy(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))), 6)
    0.693147
    """
    shifted = z - np.max(z, axis=-1, keepdims=True)
    ell = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return -np.sum(t * ell) / z.dtype.type(_class_divisor(z.shape, reduction))


@cross_entropy.vjp
def _(g, y, z, t, *, reduction):
    return [mul(g, cross_entropy_slope(z, t, reduction=reduction)), None]


@cross_entropy.composed
def _(z, t, *, reduction):
    return div(neg(sum_(mul(t, log_softmax(z)))), _class_divisor(z.shape, reduction))


def _weighted(z, t, weight, *, reduction="mean"):
    """A row that counts w times has w times its targets: softmax, slope and kernel stay as they are."""
    return cross_entropy(z, mul(t, weight), reduction=reduction)


def _term(z, t):
    return neg(mul(t, log_softmax(z)))


whole(
    cross_entropy, weighted=_weighted, term=_term, reads="softmax", targets=SHARES, by="rows", classes=True,
    smoothing="classes", layer="softmax", on_outputs="cross_entropy_from_probabilities",
)  # fmt: skip


@structural(
    role="slope",
    kernel="cross_entropy_slope",
    shape=lambda z, t, **attrs: _class_scalar(z, t, **attrs) or z,
    numbers=_class_numbers,
    units=lambda shapes_in, shape, **attrs: [shapes.product(shape[:-1])],
    constant=("t",),
    samples=_CLASS_SAMPLES,
)
def cross_entropy_slope(z, t, *, reduction="mean"):
    """∂E/∂z of `cross_entropy` in one pass: (softmax(z) · Σt - t) / rows."""
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    shares = e / np.sum(e, axis=-1, keepdims=True)
    return (shares * np.sum(t, axis=-1, keepdims=True) - t) / z.dtype.type(_class_divisor(z.shape, reduction))


@cross_entropy_slope.vjp
def _(g, y, z, t, *, reduction):
    o = softmax(z)
    share = div(mul(g, sum_(t, axis=-1, keepdims=True)), _class_divisor(z.shape, reduction))
    return [mul(o, sub(share, sum_(mul(share, o), axis=-1, keepdims=True))), None]


@cross_entropy_slope.composed
def _(z, t, *, reduction):
    total = sum_(t, axis=-1, keepdims=True)
    return div(sub(mul(softmax(z), total), t), _class_divisor(z.shape, reduction))


@structural(
    role="metric",
    kernel="hits",
    shape=_class_scalar,
    numbers=lambda shapes_in, shape: [shapes.product(shapes_in[0][:-1]), shapes_in[0][-1]],
    constant=("z", "t"),
    mixes_rows=True,
    nan="uncounted",
    samples=[(((6, 3), (6, 3)), {})],
)
def hits(z, t):
    """In how many rows the largest z stands where the largest t stands (the first one, at a tie)."""
    right = np.argmax(z, axis=-1) == np.argmax(t, axis=-1)
    return np.sum(right & ~(np.isnan(z) | np.isnan(t)).any(axis=-1))


@hits.vjp
def _(g, y, z, t):
    return [None, None]


@loss(
    domain=(0.05, 0.95),
    targets=SHARES,
    outputs=(0.0, 1.0),
    by="rows",
    classes=True,
    between=(0.5, 0.5),
    smoothing="classes",
    layer="softmax",
    limits={"clip": (0.0, 0.5)},
    names={"torch": "NLLLoss of the logarithm", "keras": "categorical_crossentropy"},
    differs="Keras divides each row by its sum first, and clips as with clip=1e-7.",
)
def cross_entropy_from_probabilities(o, t, *, clip=0.0):
    """Cross-entropy of outputs that are shares already: e = -t ln o; the mean is over the rows.

    For output layers that make shares in their own way, and to compute what Keras does.  After a softmax layer
    cross_entropy says the same more exactly.  An output of 0 where the target is not has an infinite loss, and stops
    the run; clip = 1e-7 keeps o between 1e-7 and 1 - 1e-7, as Keras does, and has no gradient beyond.

    Derivative
    ----------
    ∂e/∂o = -t / o; 0 where o was clipped.

    Examples
    --------
    >>> [round(float(e), 6) for e in cross_entropy_from_probabilities([0.25, 0.75], [1.0, 0.0])]
    [1.386294, 0.0]
    >>> round(float(cross_entropy_from_probabilities(0.0, 1.0, clip=1e-7)), 6)
    16.118096
    """
    return times_log(-t, clipped(o, clip))


@cross_entropy_from_probabilities.derivative
def _(o, t, clip):
    return unclipped(o, clip, -share_of(t, o))


@loss(
    domain=(0.05, 0.95),
    through="row_shares",
    targets=SHARES,
    outputs=(0.0, np.inf),
    by="rows",
    classes=True,
    layer="softmax",
    limits={"clip": (0.0, 0.5)},
    names={"keras": "categorical_crossentropy"},
    differs="With clip=1e-7 it is what Keras computes of outputs that are no shares yet.",
)
def cross_entropy_from_scores(s, t, *, clip=0.0):
    """Cross-entropy of outputs that are scores above 0: each row is divided by its sum, then e = -t ln s.

    It makes shares of what was none: of several sigmoid units for classes of which only one can be right, say.  A
    softmax layer with cross_entropy is the better choice; this one is for computing what Keras computes.

    Derivative
    ----------
    ∂e/∂s = -t / s, 0 where s was clipped; ∂s_i/∂o_j = ((1 if i = j else 0) - s_i) / Σ o.

    Examples
    --------
    >>> [round(float(e), 6) for e in cross_entropy_from_scores([0.25, 0.75], [1.0, 0.0])]
    [1.386294, 0.0]
    """
    return times_log(-t, clipped(s, clip))


@cross_entropy_from_scores.derivative
def _(s, t, clip):
    return unclipped(s, clip, -share_of(t, s))


@loss(
    reads="softmax",
    through="log_softmax",
    targets=SHARES,
    domain=(0.05, 2.0),
    by="rows",
    classes=True,
    layer="softmax",
    on_outputs="kl_divergence_from_probabilities",
    names={"torch": 'KLDivLoss(reduction="batchmean")', "jax": "optax.losses.kl_divergence"},
    differs='PyTorch\'s reduction="mean" divides by all elements; here "mean" is over the rows.',
    source="Kullback, Leibler, Annals of Mathematical Statistics 22, 1951",
)
def kl_divergence(ell, t):
    """How far the shares softmax(u) are from the shares t, in nats: e = t (ln t - ell), ell = ln softmax(u).

    For targets that are shares themselves (a teacher's answers, counts of votes).  It is cross-entropy less the
    entropy of the targets, so it has the same gradient, and 0 is its lowest value.

    Derivative
    ----------
    ∂e/∂ell = -t, so that ∂E/∂u = (softmax(u) · Σt - t) / rows.  Where t = 0 the term is 0.

    Examples
    --------
    >>> import math
    >>> [round(float(e), 6) for e in kl_divergence([math.log(0.25), math.log(0.75)], [1.0, 0.0])]
    [1.386294, 0.0]
    """
    return times_log(t, t) - t * ell


@kl_divergence.derivative
def _(t):
    return -t


@loss(
    domain=(0.5, 0.95),
    targets=SHARES,
    outputs=(0.0, 1.0),
    by="rows",
    classes=True,
    between=(0.5, 0.5),
    layer="softmax",
    limits={"clip": (0.0, 0.5)},
    names={"keras": "kl_divergence"},
    differs="Keras clips outputs and targets to 1e-7 and 1; clip=1e-7 clips the outputs, to 1e-7 and 1 - 1e-7.",
)
def kl_divergence_from_probabilities(o, t, *, clip=0.0):
    """The KL divergence of outputs that are shares already: e = t (ln t - ln o); the mean is over the rows.

    Derivative
    ----------
    ∂e/∂o = -t / o; 0 where o was clipped.

    Examples
    --------
    >>> [round(float(e), 6) for e in kl_divergence_from_probabilities([0.25, 0.75], [0.5, 0.5])]
    [0.346574, -0.202733]
    """
    return times_log(t, t) - times_log(t, clipped(o, clip))


@kl_divergence_from_probabilities.derivative
def _(o, t, clip):
    return unclipped(o, clip, -share_of(t, o))

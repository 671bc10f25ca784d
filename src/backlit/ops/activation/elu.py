"""The ELU family: the identity for positive inputs, an exponential or a root that flattens for negative ones."""

import math

from ..arithmetic import exp, expm1, root_share, sqrt, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=lambda alpha: (0.0 - alpha, math.inf),
    ends=lambda alpha: "()" if alpha else "[)",
    kinks=lambda alpha: () if alpha == 1 else (0.0,),
    side="left",
    initial="he",
    limits={"alpha": (0.0, math.inf)},
    names={"torch": "ELU", "onnx": "Elu", "keras": "elu", "jax": "elu"},
    also=("exponential linear unit",),
    source="Clevert, Unterthiner, Hochreiter, ICLR 2016 (arXiv:1511.07289)",
    smooth=lambda alpha: 1 if alpha == 1 else 0,
)
def elu(u, *, alpha=1.0):
    """The exponential linear unit: o = u for u > 0, α (e^u - 1) for u ≤ 0.

    A ReLU whose negative side is not flat at once: mean outputs are closer to 0, and units die less easily.

    Derivative
    ----------
    do/du = 1 for u > 0, α e^u for u < 0.  At u = 0 we take α (the left side), as PyTorch does; with α = 1 both sides
    agree.  Keeps the input: o + α, the same as α e^u, loses its digits far out.

    Examples
    --------
    >>> [round(float(o), 6) for o in elu([-1.0, 0.0, 2.0])]
    [-0.632121, 0.0, 2.0]
    """
    return where(u > 0, u, alpha * expm1(u))


@elu.derivative
def _(u, alpha):
    return where(u > 0, 1, alpha * exp(u))


@elu.from_output
def _(o, alpha):
    return where(o > 0, 1, o + alpha)


_ALPHA, _SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@elementwise(
    role="activation",
    range=(-_SCALE * _ALPHA, math.inf),
    kinks=(0.0,),
    side="left",
    initial="lecun",
    names={"torch": "SELU", "onnx": "Selu", "keras": "selu", "jax": "selu"},
    also=("scaled exponential linear unit",),
    source="Klambauer, Unterthiner, Mayr, Hochreiter, NIPS 2017 (arXiv:1706.02515)",
)
def selu(u):
    """The self-normalising unit: o = λ u for u > 0, λ α (e^u - 1) for u ≤ 0, with λ = 1.0507, α = 1.6733.

    The two numbers are such that inputs of mean 0 and variance 1 give outputs of mean 0 and variance 1, if the weights
    begin as `lecun` draws them.  Batch normalisation is then not needed.

    Derivative
    ----------
    do/du = λ for u > 0, λ α e^u for u < 0.  At u = 0 we take λ α = 1.7581 (the left side), as PyTorch, JAX and Keras
    do.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in selu([-1.0, 0.0, 2.0])]
    [-1.111331, 0.0, 2.101402]
    """
    return where(u > 0, _SCALE * u, _SCALE * _ALPHA * expm1(u))


@selu.derivative
def _(u):
    return where(u > 0, _SCALE, _SCALE * _ALPHA * exp(u))


@selu.from_output
def _(o):
    return where(o > 0, _SCALE, o + _SCALE * _ALPHA)


@elementwise(
    role="activation",
    range=lambda alpha: (-alpha, math.inf),
    initial="he",
    limits={"alpha": (1e-6, 1e6)},
    names={"torch": "CELU", "onnx": "Celu", "keras": "celu", "jax": "celu"},
    source="Barron, arXiv:1704.07483, 2017",
    smooth=1,
)
def celu(u, *, alpha=1.0):
    """An ELU without a bend whatever α is: o = u for u > 0, α (e^(u/α) - 1) for u ≤ 0.

    Derivative
    ----------
    do/du = 1 for u > 0, e^(u/α) for u ≤ 0.  It is continuous.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in celu([-1.0, 0.0, 2.0], alpha=2.0)]
    [-0.786939, 0.0, 2.0]
    """
    return where(u > 0, u, alpha * expm1(u / alpha))


@celu.derivative
def _(u, alpha):
    return where(u > 0, 1, exp(u / alpha))


@celu.from_output
def _(o, alpha):
    return where(o > 0, 1, 1 + o / alpha)


@elementwise(
    role="activation",
    range=lambda alpha: (-1 / math.sqrt(alpha), math.inf),
    initial="he",
    limits={"alpha": (1e-6, 1e6)},
    also=("inverse square root linear unit",),
    source="Carlile, Delamarter, Kinney, Marti, Whitney, arXiv:1710.09967, 2017",
    smooth=2,
    book="where(u >= 0, u, u / sqrt(1 + alpha*u**2))",
)
def isrlu(u, *, alpha=1.0):
    """An ELU with a root for the exponential: o = u for u ≥ 0, u / √(1 + α u²) for u < 0.

    Its first and second derivatives are continuous.

    Derivative
    ----------
    do/du = 1 for u ≥ 0, (1 + α u²)^(-3/2) for u < 0.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in isrlu([-1.0, 0.0, 2.0])]
    [-0.707107, 0.0, 2.0]
    """
    return where(u >= 0, u, root_share(u, 1 / alpha) / sqrt(alpha))


@isrlu.derivative
def _(u, alpha):
    share = 1 / sqrt(1 + alpha * (u * u))
    return where(u >= 0, 1, share * share * share)


@isrlu.from_output
def _(o, alpha):
    return where(o >= 0, 1, (1 - alpha * (o * o)) ** 1.5)

"""Self-gated activations whose gate is an S-shape of a softplus or of an exponential."""

import math
from typing import Any

from .. import formula as fm
from ..arithmetic import exp, minimum, sigmoid_formula, sigmoid_parts, softplus_formula, where
from ..declare import elementwise

_DIPS = {"role": "activation", "monotone": False, "initial": "he"}


def _mish_parts(u: Any) -> tuple[Any, Any, Any]:
    """e^-|u| = w, and numerator and denominator of tanh(softplus u), each at most 5: nothing overflows.

    With e = e^u, tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2); for u > 0 both are divided by e².
    """
    w = exp(-abs(u))
    return w, where(u >= 0, 1 + 2 * w, w * (w + 2)), where(u >= 0, 1 + 2 * w * (1 + w), w * (w + 2) + 2)


@elementwise(
    **_DIPS,
    range=(-0.30884341301725043, math.inf),
    domain=(-8.0, 8.0),
    names={"torch": "Mish", "onnx": "Mish", "keras": "mish", "jax": "mish"},
    source="Misra, BMVC 2020 (arXiv:1908.08681)",
    ends="[)",
    book="u * tanh(log(1 + exp(u)))",
)
def mish(u):
    """Like the SiLU, with another gate: o = u · tanh(ln(1 + e^u)).

    Derivative
    ----------
    do/du = tanh(s) + u σ(u) (1 - tanh²(s)) with s = ln(1 + e^u), between -0.12 and 1.09.  Keeps the input.  At u = -∞
    the output is -∞ · 0 = NaN, as in PyTorch.

    Examples
    --------
    >>> [round(float(o), 6) for o in mish([-1.0, 0.0, 2.0])]
    [-0.303401, 0.0, 1.943959]
    """
    _, above, below = _mish_parts(u)
    return u * (above / below)


@mish.derivative
def _(u):
    # σ (1 - tanh²) is 4 w² (1 + w) / below² for u ≥ 0, and 4 w (1 + w) / below² for u < 0
    w, above, below = _mish_parts(u)
    return above / below + u * (4 * where(u >= 0, w, 1) * w * (1 + w) / (below * below))


@elementwise(
    **_DIPS,
    range=(-0.35328577784821125, math.inf),
    domain=(-8.0, 1.5),
    source="Liu, Di, arXiv:2003.09855, 2020",
    ends="[)",
    book="u * tanh(exp(u))",
)
def tanhexp(u):
    """Like the SiLU, with the gate tanh(e^u): o = u · tanh(e^u).

    Derivative
    ----------
    do/du = tanh(e^u) + u e^u (1 - tanh²(e^u)), between -0.14 and 1.07.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in tanhexp([-1.0, 0.0, 2.0])]
    [-0.352135, 0.0, 1.999998]
    """
    return u * fm.call("tanh", exp(u))


@tanhexp.derivative
def _(u):
    # 1 - tanh² would cancel.  From u = 4 on the second term is 0, so e^u need not grow on.
    e = exp(minimum(u, 10))
    q = exp(-2 * e)
    return fm.call("tanh", e) + u * (e * (4 * q / ((1 + q) * (1 + q))))


@elementwise(
    **_DIPS, range=(-0.3484374587596064, math.inf), source="Nag, Bhattacharyya, arXiv:2108.09598, 2021", ends="[)"
)
def serf(u):
    """Mish with erf in place of tanh: o = u · erf(ln(1 + e^u)).

    Derivative
    ----------
    do/du = erf(s) + u σ(u) (2/√π) e^(-s²) with s = ln(1 + e^u), between -0.13 and 1.09.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in serf([-1.0, 0.0, 2.0])]
    [-0.342248, 0.0, 1.994739]
    """
    return u * fm.call("erf", softplus_formula(u))


@serf.derivative
def _(u):
    s = softplus_formula(u)
    return fm.call("erf", s) + u * (sigmoid_formula(u) * (2 / math.sqrt(math.pi) * exp(-(s * s))))


@elementwise(
    **_DIPS,
    range=(-0.24999366366012948, math.inf),
    source="Wang, Ren, Wang, Electronics 11, 2022",
    ends="[)",
    book="u * tanh(log(1 + 1 / (1 + exp(-u))))",
)
def smish(u):
    """Mish with σ in place of e^u: o = u · tanh(ln(1 + σ(u))).

    The gate never opens wholly: for large u the output is 0.6 u.

    Derivative
    ----------
    do/du = t + u σ(u) (1 - σ(u)) 4 (1 + σ) / (σ² + 2σ + 2)² with the gate t = (σ² + 2σ) / (σ² + 2σ + 2), between -0.09
    and 0.64.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in smish([-1.0, 0.0, 2.0])]
    [-0.233779, 0.0, 1.118437]
    """
    s = sigmoid_formula(u)
    above = s * (s + 2)
    return u * (above / (above + 2))


@smish.derivative
def _(u):
    s, slope = sigmoid_parts(u)
    above = s * (s + 2)
    below = above + 2
    return above / below + u * (slope * (4 * (1 + s) / (below * below)))

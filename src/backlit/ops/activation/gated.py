"""Self-gated activations: the input times a smooth gate of itself, a sigmoid mostly."""

import math

from .. import formula as fm
from ..arithmetic import exp, expm1, ndtr, sigmoid_formula, sigmoid_parts, where
from ..declare import elementwise


@elementwise(
    role="activation",
    range=(-0.27846454276107374, math.inf),
    domain=(-8.0, 8.0),
    initial="xavier",
    hot=True,
    monotone=False,
    names={"torch": "SiLU", "keras": "silu", "jax": "silu"},
    also=("swish", "swish1"),
    source="Hendrycks, Gimpel, arXiv:1606.08415, 2016; Elfwing, Uchibe, Doya, Neural Networks 107, 2018",
    ends="[)",
)
def silu(u):
    """The sigmoid linear unit, also called Swish: o = u σ(u).

    A smooth ReLU that dips a little below 0: no unit is ever quite dead, and there is no kink.

    Derivative
    ----------
    do/du = σ(u) (1 + u (1 - σ(u))), between -0.1 and 1.1.  Keeps the input: two inputs can have the same output.

    Examples
    --------
    >>> [round(float(o), 6) for o in silu([-1.0, 0.0, 2.0])]
    [-0.268941, 0.0, 1.761594]
    """
    return u * sigmoid_formula(u)


@silu.derivative
def _(u):
    s = sigmoid_formula(u)
    return s * (1 + u * (1 - s))


@elementwise(
    role="activation",
    range=(-0.16997120747990369, math.inf),
    monotone=False,
    domain=(-6.0, 6.0),
    initial="xavier",
    hot=True,
    names={"torch": "GELU", "onnx": "Gelu", "keras": "gelu", "jax": "gelu(approximate=False)"},
    differs="jax.nn.gelu is the approximation by tanh unless told otherwise: gelu_tanh here.",
    source="Hendrycks, Gimpel, arXiv:1606.08415, 2016",
    ends="[)",
    book="u * (1 + erf(u / sqrt(2))) / 2",
)
def gelu(u):
    """The Gaussian error linear unit: o = u Φ(u), Φ the distribution function of the standard normal.

    Φ(u) = (1 + erf(u / √2)) / 2 is the chance that a standard normal number is below u: the unit lets through as
    much of u as u is large among its like.  A smooth ReLU that dips a little below 0.

    Derivative
    ----------
    do/du = Φ(u) + u φ(u) with φ(u) = e^(-u²/2) / √(2π), between -0.13 and 1.13.  Keeps the input: two inputs can
    have the same output.

    Accuracy
    --------
    1 + erf(u / √2) cancels for u below 0, and erfc(-u / √2) makes the rounding of u / √2 grow with u².  So Φ is a
    word of its own, ``ndtr``, and o is right to some units in its last place as long as Φ(u) is a normal number (from
    u = -12.9 on in float32); further down it goes to -0.  At u = -∞ it is -∞ · 0 = NaN, as in PyTorch.

    Differs from
    ------------
    PyTorch, which takes 1 + erf: in float32 its o is off by a sixth at u = -5, and is -0 from -5.6 down.

    Examples
    --------
    >>> [round(float(o), 6) for o in gelu([-1.0, 0.0, 2.0])]
    [-0.158655, 0.0, 1.9545]
    >>> f"{gelu(-10.0):.6e}"
    '-7.619853e-23'
    """
    return u * ndtr(u)


@gelu.derivative
def _(u):
    return ndtr(u) + u * exp(u * u * -0.5) * (1 / math.sqrt(2 * math.pi))


_TWICE = 2 * math.sqrt(2 / math.pi)


@elementwise(
    role="activation",
    range=(-0.17004075057125412, math.inf),
    monotone=False,
    domain=(-6.0, 6.0),
    initial="xavier",
    hot=True,
    names={
        "torch": "GELU(approximate='tanh')", "onnx": "Gelu(approximate='tanh')",
        "keras": "gelu(approximate=True)", "jax": "gelu",
    },
    source="Hendrycks, Gimpel, arXiv:1606.08415, 2016",
    ends="[)",
    book="u * (1 + tanh(sqrt(2/pi) * (u + 0.044715*u**3))) / 2",
)  # fmt: skip
def gelu_tanh(u):
    """The GELU by tanh: o = u (1 + tanh(√(2/π) (u + 0.044715 u³))) / 2, at most 0.0005 away from gelu.

    For networks that were trained with it (GPT-2); `gelu` itself costs little more.  It is computed as u σ(v) with
    v = 2 √(2/π) (u + 0.044715 u³), which is the same, as (1 + tanh x) / 2 = σ(2x), and does not cancel for u below 0.

    Derivative
    ----------
    do/du = σ(v) + u σ(v) (1 - σ(v)) dv/du with dv/du = 2 √(2/π) (1 + 0.134145 u²).  Keeps the input.  As in PyTorch
    it is NaN where u² overflows.  At u = -∞ the output is NaN, too.

    Examples
    --------
    >>> [round(float(o), 6) for o in gelu_tanh([-1.0, 0.0, 2.0])]
    [-0.158808, 0.0, 1.954598]
    """
    return u * sigmoid_formula(_TWICE * (u + 0.044715 * (u * u * u)))


@gelu_tanh.derivative
def _(u):
    v = _TWICE * (u + 0.044715 * (u * u * u))
    e = exp(-abs(v))
    r = 1 / (1 + e)
    # σ (1 - σ) is e r², where 1 - σ itself would cancel for large v
    return where(v >= 0, r, e * r) + u * (e * r * r) * (_TWICE * (1 + 3 * 0.044715 * (u * u)))


_DIPS = {"role": "activation", "domain": (-8.0, 8.0), "monotone": False, "initial": "xavier"}


@elementwise(
    **_DIPS,
    range=lambda beta: (-0.2784645427610738 / beta, math.inf),
    limits={"beta": (1e-6, 1e6)},
    names={"onnx": "Swish"},
    differs="In the paper β may be learned; here it is fixed, and with β = 1 this is silu.",
    source="Ramachandran, Zoph, Le, arXiv:1710.05941, 2017",
    ends="[)",
)
def swish_beta(u, *, beta=1.0):
    """Swish with a slope β of its gate: o = u σ(β u).

    From u / 2 (β near 0) over the SiLU (β = 1) to the ReLU (β large).

    Derivative
    ----------
    do/du = σ(v) (1 + v (1 - σ(v))) with v = β u, between -0.1 and 1.1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in swish_beta([-1.0, 0.0, 2.0], beta=2.0)]
    [-0.119203, 0.0, 1.964028]
    """
    return u * sigmoid_formula(beta * u)


@swish_beta.derivative
def _(u, beta):
    s, slope = sigmoid_parts(beta * u)
    return s + u * (beta * slope)


@elementwise(
    **_DIPS,
    range=(-0.16361018963635357, math.inf),
    also=("gelu_quick", "sigmoid gelu"),
    source="Hendrycks, Gimpel, arXiv:1606.08415, 2016",
    ends="[)",
)
def quick_gelu(u):
    """The GELU by a sigmoid: o = u σ(1.702 u), at most 0.021 away from gelu.

    For networks that were trained with it (CLIP).

    Derivative
    ----------
    do/du = σ(v) (1 + v (1 - σ(v))) with v = 1.702 u, between -0.1 and 1.1.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in quick_gelu([-1.0, 0.0, 2.0])]
    [-0.154204, 0.0, 1.935659]
    """
    return u * sigmoid_formula(1.702 * u)


@quick_gelu.derivative
def _(u):
    s, slope = sigmoid_parts(1.702 * u)
    return s + u * (1.702 * slope)


@elementwise(
    **_DIPS,
    range=(-0.1715728752538099, math.inf),
    source="Basirat, Roth, arXiv:1808.00783, 2018",
    ends="[)",
    smooth=1,
    book="where(u >= 0, u, exp(u) - 1) / (1 + exp(-u))",
)
def elish(u):
    """The SiLU above 0, an ELU times the same gate below: o = u σ(u) for u ≥ 0, (e^u - 1) σ(u) for u < 0.

    It was found by a search over combinations of known functions.

    Derivative
    ----------
    do/du = σ (1 + u (1 - σ)) for u ≥ 0, σ (e^u + (e^u - 1) (1 - σ)) for u < 0, between -0.08 and 1.1.  It is
    continuous.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in elish([-1.0, 0.0, 2.0])]
    [-0.170003, 0.0, 1.761594]
    """
    return where(u >= 0, u, expm1(u)) * sigmoid_formula(u)


@elish.derivative
def _(u):
    s, slope = sigmoid_parts(u)
    return where(u >= 0, s + u * slope, s * exp(u) + expm1(u) * slope)


@elementwise(
    **_DIPS,
    range=(0.0, math.inf),
    also=("linearly scaled hyperbolic tangent",),
    source="Roy, Manna, Dubey, Chaudhuri, arXiv:1901.05894, 2019",
    ends="[)",
    book="u * tanh(u)",
)
def lisht(u):
    """The input times its tanh, an even function: o = u · tanh(u).

    A |u| with a round corner: strongly negative inputs count as much as positive ones.

    Derivative
    ----------
    do/du = tanh(u) + u (1 - tanh²(u)), between -1.2 and 1.2.  Keeps the input.

    Examples
    --------
    >>> [round(float(o), 6) for o in lisht([-1.0, 0.0, 2.0])]
    [0.761594, 0.0, 1.928055]
    """
    return u * fm.call("tanh", u)


@lisht.derivative
def _(u):
    q = exp(-2 * abs(u))  # 1 - tanh² = 4q / (1 + q)², which does not cancel
    return fm.call("tanh", u) + u * (4 * q / ((1 + q) * (1 + q)))

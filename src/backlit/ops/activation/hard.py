"""Straight lines in place of curves, cut off above and below: quick, and quite flat at both ends."""

import math

from ..arithmetic import maximum, minimum, unless_nan, where
from ..declare import elementwise

_ENDS = ("left", "right")  # at both bends the flat side


@elementwise(
    role="activation",
    range=lambda min_val, max_val: (min_val, max_val),
    kinks=lambda min_val, max_val: (min_val, max_val),
    side=_ENDS,
    limits={"min_val": (-math.inf, "max_val"), "max_val": ("min_val", math.inf)},
    names={"torch": "Hardtanh", "onnx": "Clip", "keras": "hard_tanh", "jax": "hard_tanh"},
    also=("clip", "clamp", "saturating linear"),
    differs="At ±1 JAX and Keras take the derivative 1.",
    source="Collobert, thesis, Université Paris 6, 2004",
    ends="[]",
    at_kinks={"keras": (1.0, 1.0), "jax": (1.0, 1.0)},
)
def hardtanh(u, *, min_val=-1.0, max_val=1.0):
    """tanh of straight lines: o = min(max(u, -1), 1).

    Other ends than ±1 are given by min_val and max_val.

    Derivative
    ----------
    do/du = 1 between the ends, 0 outside.  At the ends we take 0, as PyTorch does.  Keeps the output only.

    Examples
    --------
    >>> hardtanh([-3.0, 0.5, 2.0]).tolist()
    [-1.0, 0.5, 1.0]
    """
    return minimum(maximum(u, min_val), max_val)


@hardtanh.derivative
def _(o, min_val, max_val):
    return unless_nan(o, where(o > min_val, where(o < max_val, 1, 0), 0))


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    kinks=(-3.0, 3.0),
    side=_ENDS,
    names={"torch": "Hardsigmoid", "keras": "hard_sigmoid", "jax": "hard_sigmoid"},
    differs="Keras up to version 2 and ONNX have another function by this name: hardsigmoid_onnx here. "
    "PyTorch's derivative is 1/6 as float32 has it, in float64 too.",
    source="Howard et al., ICCV 2019 (arXiv:1905.02244)",
    ends="[]",
)
def hardsigmoid(u):
    """The sigmoid of straight lines, with the slope 1/6: o = min(max(u + 3, 0), 6) / 6.

    Derivative
    ----------
    do/du = 1/6 for |u| < 3, 0 for |u| > 3.  At u = ±3 we take 0, as PyTorch does.

    Examples
    --------
    >>> hardsigmoid([-4.0, 0.0, 1.5]).tolist()
    [0.0, 0.5, 0.75]
    """
    return minimum(maximum(u + 3, 0), 6) / 6


@hardsigmoid.derivative
def _(u):
    return unless_nan(u, where(abs(u) < 3, 1 / 6, 0))


@hardsigmoid.from_output
def _(o):
    return where(o > 0, where(o < 1, 1 / 6, 0), 0)


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    kinks=lambda alpha, beta: (-beta / alpha, (1 - beta) / alpha),
    side=_ENDS,
    limits={"alpha": (1e-6, math.inf), "beta": (0.0, 1.0)},
    names={"onnx": "HardSigmoid"},
    also=("hard_sigmoid_theano", "hard_sigmoid_chainer"),
    differs="PyTorch, JAX and Keras 3 have the slope 1/6 (hardsigmoid here); Chainer and Keras 2 this one.",
    source="Courbariaux, Bengio, David, NIPS 2015 (arXiv:1511.00363); ONNX's HardSigmoid",
    ends="[]",
)
def hardsigmoid_onnx(u, *, alpha=0.2, beta=0.5):
    """The older sigmoid of straight lines, with the slope 0.2: o = min(max(0.2 u + 0.5, 0), 1).

    α is the slope, β the output at u = 0.

    Derivative
    ----------
    do/du = α where 0 < α u + β < 1, else 0.  At the bends, u = ±2.5, we take 0.

    Examples
    --------
    >>> [round(float(o), 6) for o in hardsigmoid_onnx([-4.0, 0.0, 1.0])]
    [0.0, 0.5, 0.7]
    """
    return minimum(maximum(alpha * u + beta, 0), 1)


@hardsigmoid_onnx.derivative
def _(o, alpha):
    return unless_nan(o, where(o > 0, where(o < 1, alpha, 0), 0))


@elementwise(
    role="activation",
    range=(0.0, 1.0),
    kinks=(-1.0, 1.0),
    side=_ENDS,
    names={"keras": "sparse_sigmoid", "jax": "sparse_sigmoid"},
    differs="At ±1 JAX and Keras take the derivative 1/4, the mean of both sides.",
    source="JAX's sparse_sigmoid",
    ends="[]",
    at_kinks={"keras": (0.25, 0.25), "jax": (0.25, 0.25)},
)
def sparse_sigmoid(u):
    """The slope of sparse_plus, as the sigmoid is that of softplus: o = min(max((u + 1) / 2, 0), 1).

    Derivative
    ----------
    do/du = 1/2 for |u| < 1, 0 for |u| > 1.  At u = ±1 we take 0, as at every flat end here.

    Examples
    --------
    >>> sparse_sigmoid([-4.0, 0.0, 0.5]).tolist()
    [0.0, 0.5, 0.75]
    """
    return minimum(maximum((u + 1) * 0.5, 0), 1)


@sparse_sigmoid.derivative
def _(u):
    return unless_nan(u, where(abs(u) < 1, 0.5, 0))


@sparse_sigmoid.from_output
def _(o):
    return where(o > 0, where(o < 1, 0.5, 0), 0)


@elementwise(
    role="activation",
    range=(-0.375, math.inf),
    kinks=(-3.0, 3.0),
    side=_ENDS,
    monotone=False,
    names={"torch": "Hardswish", "onnx": "HardSwish", "keras": "hard_silu", "jax": "hard_swish"},
    source="Howard et al., ICCV 2019 (arXiv:1905.02244)",
    ends="[)",
)
def hardswish(u):
    """The SiLU with a gate of straight lines: o = u · min(max(u + 3, 0), 6) / 6.

    0 up to -3, u from 3 on, a parabola between.  At u = -∞ it is -∞ · 0 = NaN, as in PyTorch.

    Derivative
    ----------
    do/du = 0 for u < -3, (2u + 3) / 6 between -3 and 3, 1 for u > 3.  At u = -3 we take 0, at u = 3 we take 1, as
    PyTorch does.

    Examples
    --------
    >>> [round(float(o), 6) for o in hardswish([-4.0, -1.5, 1.0])]
    [-0.0, -0.375, 0.666667]
    """
    return u * (minimum(maximum(u + 3, 0), 6) / 6)


@hardswish.derivative
def _(u):
    return where(u <= -3, 0, where(u >= 3, 1, u / 3 + 0.5))

"""Every activation function that works unit by unit, written as in its paper, in as many digits as are asked for.

Nothing here is protected against overflow or cancellation: mpmath has digits to spare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

Number = Any


def sigma(u: Number) -> Number:
    return 1 / (1 + mp.exp(-u))


def softplus(u: Number) -> Number:
    return mp.log(1 + mp.exp(u))


def clip(u: Number, low: Number, high: Number) -> Number:
    return min(max(u, low), high)


def capped(u: Number) -> Number:
    """e^u, where e^(e^u) is asked for: from 50 on nothing changes any more."""
    return mp.exp(min(u, mp.mpf(50)))


def soft_exponential(u: Number, alpha: Number) -> Number:
    if alpha == 0:
        return u
    return (mp.exp(alpha * u) - 1) / alpha + alpha if alpha > 0 else -mp.log(1 - alpha * (u + alpha)) / alpha


def sqnl(u: Number) -> Number:
    return mp.sign(u) if abs(u) >= 2 else u - u * u / 4 if u >= 0 else u + u * u / 4


def sq_rbf(u: Number) -> Number:
    a = abs(u)
    return 1 - u * u / 2 if a <= 1 else (2 - a) ** 2 / 2 if a < 2 else mp.mpf(0)


def srelu(u: Number, t_left: Number, a_left: Number, t_right: Number, a_right: Number) -> Number:
    if u <= t_left:
        return t_left + a_left * (u - t_left)
    return t_right + a_right * (u - t_right) if u >= t_right else u


def gelu_tanh(u: Number) -> Number:
    return u / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (u + mp.mpf("0.044715") * u**3)))


SCALE, ALPHA = mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717")

EXACT: dict[str, Callable[..., Number]] = {
    # linear, steps
    "identity": lambda u: u,
    "bent_identity": lambda u: (mp.sqrt(u * u + 1) - 1) / 2 + u,
    "soft_exponential": soft_exponential,
    "step": lambda u: mp.mpf(u >= 0),
    "sign": mp.sign,
    "threshold": lambda u, threshold, value: u if u > threshold else mp.mpf(value),
    "thresholded_relu": lambda u, theta: u if u > theta else mp.mpf(0),
    # S-shapes
    "sigmoid": sigma,
    "tanh": mp.tanh,
    "bipolar_sigmoid": lambda u: (1 - mp.exp(-u)) / (1 + mp.exp(-u)),
    "scaled_tanh": lambda u, a, b: a * mp.tanh(b * u),
    "smht": lambda u, a, b, c, d: (mp.exp(a * u) - mp.exp(-b * u)) / (mp.exp(c * u) + mp.exp(-d * u)),
    "logsigmoid": lambda u: -softplus(-u),
    "cloglog": lambda u: 1 - mp.exp(-capped(u)),
    "arctan": mp.atan,
    "softsign": lambda u: u / (1 + abs(u)),
    "isru": lambda u, alpha: u / mp.sqrt(1 + alpha * u * u),
    "erf": mp.erf,
    "gudermannian": lambda u: 2 * mp.atan(mp.tanh(u / 2)),
    "sqnl": sqnl,
    "softclip": lambda u, alpha: mp.log((1 + mp.exp(alpha * u)) / (1 + mp.exp(alpha * (u - 1)))) / alpha,
    "hardtanh": lambda u, min_val, max_val: clip(u, mp.mpf(min_val), mp.mpf(max_val)),
    "hardsigmoid": lambda u: clip(u / 6 + mp.mpf(1) / 2, mp.mpf(0), mp.mpf(1)),
    "hardsigmoid_onnx": lambda u, alpha, beta: clip(alpha * u + beta, mp.mpf(0), mp.mpf(1)),
    "sparse_sigmoid": lambda u: clip((u + 1) / 2, mp.mpf(0), mp.mpf(1)),
    # the ReLU family
    "relu": lambda u: max(u, mp.mpf(0)),
    "relu6": lambda u: clip(u, mp.mpf(0), mp.mpf(6)),
    "leaky_relu": lambda u, slope: u if u > 0 else slope * u,
    "srelu": srelu,
    "apl": lambda u, slope1, hinge1, slope2, hinge2: (
        max(u, mp.mpf(0)) + slope1 * max(hinge1 - u, mp.mpf(0)) + slope2 * max(hinge2 - u, mp.mpf(0))
    ),
    "squared_relu": lambda u: max(u, mp.mpf(0)) ** 2,
    "absolute": abs,
    # smooth relatives
    "elu": lambda u, alpha: u if u > 0 else alpha * (mp.exp(u) - 1),
    "selu": lambda u: SCALE * (u if u > 0 else ALPHA * (mp.exp(u) - 1)),
    "celu": lambda u, alpha: u if u > 0 else alpha * (mp.exp(u / alpha) - 1),
    "isrlu": lambda u, alpha: u if u >= 0 else u / mp.sqrt(1 + alpha * u * u),
    "softplus": lambda u, beta: softplus(beta * u) / beta,
    "squareplus": lambda u, b: (u + mp.sqrt(u * u + b)) / 2,
    "sparse_plus": lambda u: mp.mpf(0) if u <= -1 else u if u >= 1 else (u + 1) ** 2 / 4,
    "exponential": mp.exp,
    # gated
    "silu": lambda u: u * sigma(u),
    "swish_beta": lambda u, beta: u * sigma(beta * u),
    "quick_gelu": lambda u: u * sigma(mp.mpf("1.702") * u),
    "gelu": lambda u: u * mp.erfc(-u / mp.sqrt(2)) / 2,
    "gelu_tanh": gelu_tanh,
    "hardswish": lambda u: u * clip(u + 3, mp.mpf(0), mp.mpf(6)) / 6,
    "mish": lambda u: u * mp.tanh(softplus(u)),
    "tanhexp": lambda u: u * mp.tanh(capped(u)),
    "serf": lambda u: u * mp.erf(softplus(u)),
    "smish": lambda u: u * mp.tanh(mp.log(1 + sigma(u))),
    "elish": lambda u: (u if u >= 0 else mp.exp(u) - 1) * sigma(u),
    "lisht": lambda u: u * mp.tanh(u),
    # shrinkage, radial, periodic
    "softshrink": lambda u, lambd: mp.sign(u) * max(abs(u) - lambd, mp.mpf(0)),
    "hardshrink": lambda u, lambd: u if abs(u) > lambd else mp.mpf(0),
    "tanhshrink": lambda u: u - mp.tanh(u),
    "gaussian": lambda u: mp.exp(-u * u),
    "sq_rbf": sq_rbf,
    "multiquadric": lambda u, a: mp.sqrt(u * u + a * a),
    "sine": mp.sin,
    "cosine": mp.cos,
    "sinc": lambda u: mp.sin(u) / u if u else mp.mpf(1),
    "snake": lambda u, a: u + mp.sin(a * u) ** 2 / a,
    "gcu": lambda u: u * mp.cos(u),
}

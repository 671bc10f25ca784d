"""What the layers of the other files compute, and their derivatives, written out in NumPy: for `nn.nets.ByHand`.

Each function gets the layer, its input, its parameters by name and `draw(kind)`, numbers drawn as the layer draws them;
it returns the output, the slope f′ if each output is made of one input, and `back`, which turns δ of the output into
δ of the input and the gradients of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backlit.nn import (
    APL,
    GLU,
    PELU,
    AlphaDropout,
    CReLU,
    GaussianDropout,
    GaussianNoise,
    LayerNorm,
    Maxout,
    PReLU,
    Rescale,
    RMSNorm,
    RReLU,
    Scale,
    Snake,
    SoftExponential,
    SReLU,
    Swish,
)  # fmt: skip

Array = np.ndarray[Any, Any]
Found = tuple[Array, Array | None, Callable[[Array], tuple[Array, dict[str, Array]]]]


def sigmoid(u: Array) -> Array:
    return 1 / (1 + np.exp(-u))


def pointwise(o: Array, slope: Array, wants: dict[str, Array], values: dict[str, Array]) -> Found:
    """An activation function with ∂o/∂(parameter) in `wants`."""

    def back(d: Array) -> tuple[Array, dict[str, Array]]:
        found = {}
        for part, by in wants.items():
            over_rows = (d * by).sum(axis=0)
            found[part] = over_rows if values[part].shape == over_rows.shape else over_rows.sum(keepdims=True)
        return d * slope, found

    return o, slope, back


def prelu(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    a = v["weight"]
    return pointwise(np.where(u > 0, u, a * u), np.where(u > 0, 1, a + 0 * u), {"weight": np.minimum(u, 0)}, v)


def swish(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    s = sigmoid(v["beta"] * u)
    slope = s + v["beta"] * u * s * (1 - s)
    return pointwise(u * s, slope, {"beta": u * u * s * (1 - s)}, v)


def pelu(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    a, b = v["a"], v["b"]
    e = np.exp(np.minimum(u, 0) / b)
    right = u >= 0
    o = np.where(right, a / b * u, a * (e - 1))
    to_b = np.where(right, -a * u / b**2, -a * e * u / b**2)
    return pointwise(o, np.where(right, a / b, a / b * e), {"a": o / a, "b": to_b}, v)


def srelu(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    low, low_slope, high, high_slope = (v[n] + 0 * u for n in ("left", "left_slope", "right", "right_slope"))
    left, right = u < low, u > high
    o = np.where(left, low + low_slope * (u - low), np.where(right, high + high_slope * (u - high), u))
    wants = {
        "left": np.where(left, 1 - low_slope, 0), "left_slope": np.where(left, u - low, 0),
        "right": np.where(right, 1 - high_slope, 0), "right_slope": np.where(right, u - high, 0),
    }  # fmt: skip
    return pointwise(o, np.where(left, low_slope, np.where(right, high_slope, 1)), wants, v)


def snake(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    a = v["a"]
    wave = np.sin(a * u) ** 2
    return pointwise(u + wave / a, 1 + np.sin(2 * a * u), {"a": u * np.sin(2 * a * u) / a - wave / a**2}, v)


def soft_exponential(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    a = v["alpha"] + 0 * u
    e, s = np.exp(a * u), 1 - a * (u + a)
    rises = a > 0
    o = np.where(rises, (e - 1) / a + a, -np.log(np.where(rises, 1, s)) / a)
    below = np.log(np.where(rises, 1, s)) / a**2 + (u + 2 * a) / (a * s)
    to_a = np.where(rises, 1 + (a * u * e - e + 1) / a**2, below)
    return pointwise(o, np.where(rises, e, 1 / s), {"alpha": to_a}, v)


def apl(layer: Any, u: Array, v: dict[str, Array], draw: Any) -> Found:
    a, b = v["a"], v["b"]
    under = [bs - u > 0 for bs in b]
    o = np.maximum(u, 0) + sum(as_ * np.maximum(bs - u, 0) for as_, bs in zip(a, b, strict=True))
    slope = (u > 0) - sum(as_ * below for as_, below in zip(a, under, strict=True))

    def back(d: Array) -> tuple[Array, dict[str, Array]]:
        to_a = np.stack([(d * np.maximum(bs - u, 0)).sum(axis=0) for bs in b])
        to_b = np.stack([(d * as_ * below).sum(axis=0) for as_, below in zip(a, under, strict=True)])
        return d * slope, {"a": to_a, "b": to_b}

    return o, slope, back


def layer_norm(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    """Row by row, by the Jacobian of x̂."""
    n = x.shape[1]
    centre = np.eye(n) - 1 / n if layer.centre else np.eye(n)
    away = x @ centre
    r = 1 / np.sqrt((away**2).mean(axis=1, keepdims=True) + layer.eps)
    y, scale = away * r, v.get("weight", np.ones(n))

    def back(d: Array) -> tuple[Array, dict[str, Array]]:
        inner = d * scale
        rows = [(ri * (np.eye(n) - np.outer(yi, yi) / n) @ di) @ centre for ri, yi, di in zip(r, y, inner, strict=True)]
        return np.array(rows), {"weight": (d * y).sum(axis=0), "bias": d.sum(axis=0)}

    return y * scale + v.get("bias", 0), None, back


def glu(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    a, b = np.split(x, 2, axis=1)
    assert layer.gate == "sigmoid"
    s = sigmoid(b)
    return a * s, None, lambda d: (np.concatenate([d * s, d * a * s * (1 - s)], axis=1), {})


def maxout(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    o, *others = np.split(x, layer.pieces, axis=1)
    shares = [np.ones_like(o)]
    for piece in others:
        new = np.where(piece > o, 1.0, np.where(piece == o, 0.5, 0.0))  # two that are equal have half each
        shares = [*(share * (1 - new) for share in shares), new]
        o = np.maximum(o, piece)
    return o, None, lambda d: (np.concatenate([d * share for share in shares], axis=1), {})


def crelu(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    n = x.shape[1]
    o = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
    return o, None, lambda d: (d[:, :n] * (x > 0) - d[:, n:] * (x < 0), {})


def rescale(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    return layer.scale * x + layer.shift, None, lambda d: (layer.scale * d, {})


def scale(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    back = lambda d: (d * v["weight"], {"weight": (d * x).sum(axis=0), "bias": d.sum(axis=0)})  # noqa: E731
    return x * v["weight"] + v.get("bias", 0), None, back


def alpha_dropout(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    p, lower = layer.rate, -1.7580993408473766
    kept = draw("mask")
    a = ((1 - p) * (1 + p * lower**2)) ** -0.5
    return a * np.where(kept, x, lower) - a * lower * p, None, lambda d: (d * a * kept, {})


def gaussian_dropout(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    factor = 1 + np.sqrt(layer.rate / (1 - layer.rate)) * draw("normal")
    return x * factor, None, lambda d: (d * factor, {})


def gaussian_noise(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    return x + layer.std * draw("normal"), None, lambda d: (d, {})


def rrelu(layer: Any, x: Array, v: dict[str, Array], draw: Any) -> Found:
    slope = np.where(x > 0, 1, layer.lower + (layer.upper - layer.lower) * draw("uniform"))
    return x * slope, slope, lambda d: (d * slope, {})


HAND: dict[type, Callable[..., Found]] = {
    PReLU: prelu, Swish: swish, PELU: pelu, SReLU: srelu, Snake: snake, APL: apl, SoftExponential: soft_exponential,
    LayerNorm: layer_norm, RMSNorm: layer_norm, GLU: glu, Maxout: maxout, CReLU: crelu, Rescale: rescale, Scale: scale,
    AlphaDropout: alpha_dropout, GaussianDropout: gaussian_dropout, GaussianNoise: gaussian_noise, RReLU: rrelu,
}  # fmt: skip
FIRING = (
    PReLU,
    Swish,
    PELU,
    SReLU,
    Snake,
    SoftExponential,
    APL,
    RReLU,
)  # those that hold u, f′, o, δᵒ and δᵘ of each unit
CHANCE = (AlphaDropout, GaussianDropout, GaussianNoise, RReLU)  # those that do something else in use


def drawn_layers(rng: np.random.Generator, dense: Callable[[int], Any], link: Any) -> Any:
    """One or two layers of these kinds behind a Dense layer of a width that suits them."""
    each = bool(rng.random() < 0.5)
    kinds: list[Callable[[], Any]] = [
        lambda: PReLU(0.4, each), lambda: Swish(1.3, each), lambda: PELU(0.8, 1.2, each),
        lambda: SReLU(-0.4, 0.3, 0.6, 1.5, each), lambda: Snake(0.9, each), lambda: APL(2), lambda: LayerNorm(eps=0.1),
        lambda: LayerNorm(0.1, affine=False), lambda: RMSNorm(0.1), GLU, lambda: Maxout(3), CReLU,
        lambda: Rescale(0.5, 0.3), lambda: Scale(0.7, each), lambda: AlphaDropout(0.3), lambda: GaussianDropout(0.2),
        lambda: GaussianNoise(0.3), RReLU, lambda: SoftExponential(0.3, each),
    ]  # fmt: skip
    for kind in rng.choice(len(kinds), int(rng.integers(1, 3)), replace=False):
        link = kinds[int(kind)]()(dense(6)(link))
    return link

"""Chance that can be replayed: every random number is a function of (seed, step, key, element).

The generator is SplitMix64 read at a place instead of in a row: the same integers in NumPy here and in the machine's
kernels, whatever the order or the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import shapes
from .declare import structural

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mix(z: int) -> int:
    """One 64-bit number scrambled into another (Steele, Lea, Flood, OOPSLA 2014; Stafford's variant 13)."""
    z &= MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(seed: int, step: int, key: int) -> int:
    """Where the numbers of one instruction in one step begin."""
    return mix(mix(mix(seed + GOLDEN) + step * GOLDEN) + key * GOLDEN)


def words(seed: int, step: int, key: int, n: int) -> np.ndarray:
    """The first n 64-bit numbers of a stream."""
    z = np.uint64(stream(seed, step, key)) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def bits(seed: int, step: int, key: int, n: int) -> np.ndarray:
    """The upper halves of these numbers: 32-bit numbers, as uint64."""
    return words(seed, step, key, n) >> np.uint64(32)


def permutation(seed: int, epoch: int, n: int) -> np.ndarray:
    """The order of n rows in an epoch: Fisher and Yates' shuffle, drawn from the stream (seed, epoch, key 2⁴⁰)."""
    order = np.arange(n, dtype=np.int64)
    drawn = bits(seed, epoch, 1 << 40, n).astype(np.int64)
    for i in range(n - 1, 0, -1):
        j = (int(drawn[i]) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return order


@structural(
    role="random",
    kernel="dropout",
    shape=lambda x, **attrs: x,
    numbers=lambda shapes_in, shape, *, key, **attrs: [key],
    units=lambda shapes_in, shape, **attrs: [shapes.product(shape)],
    scalars=lambda *, rate, **attrs: [rate],
    limits={"rate": (0.0, 0.999)},
    random=True,
    names={"torch": "Dropout", "onnx": "Dropout", "keras": "Dropout"},
    source="Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15, 2014",
    samples=[(((6, 5),), {"rate": 0.4, "key": 3})],
)
def dropout(x, *, rate=0.5, key=0, seed=0, step=0):
    """Sets each element to 0 with probability `rate` and divides the others by 1 - rate.

    Which ones is a function of (seed, step, key, element), so the backward pass draws the same mask again and nothing
    is kept.

    Derivative
    ----------
    The same mask, applied to the gradient.
    """
    keep = bits(seed, step, key, x.size).reshape(x.shape) >= np.uint64(int(rate * 2**32))
    scale = x.dtype.type(1.0 / (1.0 - rate))
    # 0 · x, so that a NaN is seen even where it is dropped
    return np.where(keep, x * scale, x * x.dtype.type(0))


@dropout.vjp
def _(g: Any, y: Any, x: Any, **attrs: Any) -> list[Any]:
    return [dropout(g, **attrs)]


_NUMBERS: dict[str, Any] = {
    "role": "random",
    "shape": lambda x, **attrs: x,
    "numbers": lambda shapes_in, shape, *, key, **attrs: [key],
    "units": lambda shapes_in, shape, **attrs: [shapes.product(shape)],
    "work": lambda shapes_in, shape, **attrs: shapes.times(20, shapes.product(shape)),
    "constant": ("x",),
    "random": True,
    "samples": [(((6, 5),), {"key": 3}), (((2, 40),), {"key": 4})],
}


@structural(kernel="random_uniform", names={"torch": "rand_like", "onnx": "RandomUniformLike"}, **_NUMBERS)
def random_uniform(x, *, key=0, seed=0, step=0):
    """Numbers between 0 and 1, each as likely as the other: as many as x has, whatever stands in x.

    Of 32 bits: (n + ½) / 2³², in float32 rounded to the nearest.
    """
    return (bits(seed, step, key, x.size).reshape(x.shape) + 0.5) / 2.0**32


@random_uniform.vjp
def _(g: Any, y: Any, x: Any, **attrs: Any) -> list[Any]:
    return [None]


@structural(
    kernel="random_normal",
    names={"torch": "randn_like", "onnx": "RandomNormalLike"},
    source="Box, Muller, Annals of Mathematical Statistics 29, 1958",
    **_NUMBERS,
)
def random_normal(x, *, key=0, seed=0, step=0):
    """Numbers from the standard normal distribution: as many as x has, whatever stands in x.

    √(-2 ln p) cos(2π q), with p and q from the two halves of a 64-bit number; the largest are 6.8.
    """
    drawn = words(seed, step, key, x.size).reshape(x.shape)
    p = ((drawn >> np.uint64(32)) + 0.5) / 2.0**32
    q = (drawn & np.uint64(0xFFFFFFFF)) / 2.0**32
    return np.sqrt(-2 * np.log(p)) * np.cos(2 * np.pi * q)


@random_normal.vjp
def _(g: Any, y: Any, x: Any, **attrs: Any) -> list[Any]:
    return [None]

"""Layers that disturb the training by chance, so that no unit relies on a few others; in use they do nothing.

What is drawn is a function of (seed, step, layer and use, element): a replayed step draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...core.graph import Node
from ...errors import fail
from ...ops.arithmetic import add, mul, sub
from ...ops.random import dropout, random_normal, random_uniform
from ...ops.trained import prelu
from .base import Builder, Layer, real


class Dropout(Layer):
    """In training sets each output to 0 with probability `rate` and scales the rest up; otherwise does nothing.

    As the first layer it drops inputs: a small rate there (0.1 or 0.2) is what the authors advise.

    Parameters
    ----------
    rate : float from 0 to below 1

    Notes
    -----
    o = x m / (1 - rate) with m = 1 or 0, so the mean stays as it is: PyTorch's and Keras' Dropout.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15, 2014.

    Examples
    --------
    >>> Dropout(0.2)
    Dropout(rate=0.2)
    """

    kind = "dropout"

    def __init__(self, rate: float = 0.5, *, name: str = "") -> None:
        super().__init__(name=name)
        self.rate = real(rate, "rate", type(self).__name__, 0, 1, "[)")

    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}  # told even if it is the usual one

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        if not builder.training or self.rate == 0:
            return inputs[0]
        return builder.name(self.disturbed(inputs[0], builder.key(self)), self, "o")

    def disturbed(self, x: Node, key: int) -> Node:
        """x in training."""
        found: Node = dropout(x, rate=self.rate, key=key)
        return found


class AlphaDropout(Dropout):
    """Dropout for SELU networks: what is dropped becomes SELU's lower end, and mean and variance stay as they are.

    Parameters
    ----------
    rate : float from 0 to below 1

    Notes
    -----
    o = a (x m + α′ (1 - m)) + b with m = 1 or 0, α′ = -1.758…, a = 1 / √((1 - rate) (1 + rate α′²)), b = -a α′ rate.
    For inputs of mean 0 and variance 1, as SELU with weights of lecun keeps them.  PyTorch's and Keras' AlphaDropout.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter, NeurIPS 2017.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> [Dense(64, "selu"), AlphaDropout(0.1)]
    [Dense(units=64, activation='selu'), AlphaDropout(rate=0.1)]
    """

    kind = "alpha_dropout"
    lower = -1.0507009873554805 * 1.6732632423543772  # of SELU: where u goes to -∞

    def disturbed(self, x: Node, key: int) -> Node:
        a = 1 / math.sqrt((1 - self.rate) * (1 + self.rate * self.lower**2))
        # x m + α′ (1 - m) = (x - α′) m + α′, and `dropout` gives (x - α′) m / (1 - rate)
        kept = dropout(sub(x, self.lower), rate=self.rate, key=key)
        found: Node = add(mul(kept, a * (1 - self.rate)), a * self.lower * (1 - self.rate))
        return found


class GaussianDropout(Dropout):
    """In training multiplies each number by a random one of mean 1: as dropout, but nothing is lost altogether.

    Parameters
    ----------
    rate : float from 0 to below 1
        The factor's variance is rate / (1 - rate), as that of Dropout's factor m / (1 - rate).

    Notes
    -----
    o = x (1 + √(rate / (1 - rate)) n), n standard normal.  Keras' GaussianDropout; PyTorch has none.

    Source: Srivastava et al., JMLR 15, 2014, section 10.

    Examples
    --------
    >>> GaussianDropout(0.2)
    GaussianDropout(rate=0.2)
    """

    kind = "gaussian_dropout"

    def disturbed(self, x: Node, key: int) -> Node:
        spread = math.sqrt(self.rate / (1 - self.rate))
        found: Node = mul(x, add(mul(random_normal(x, key=key), spread), 1.0))
        return found


class GaussianNoise(Layer):
    """In training adds random numbers of mean 0: o = x + std · n; otherwise does nothing.

    As the first layer it says that inputs which hardly differ should have answers which hardly differ.

    Parameters
    ----------
    std : float from 0 on

    Notes
    -----
    Keras' GaussianNoise(stddev); PyTorch has none.  The derivative is 1.

    Source: Bishop, Neural Computation 7, 1995.

    Examples
    --------
    >>> GaussianNoise(0.05)
    GaussianNoise(std=0.05)
    """

    kind = "gaussian_noise"

    def __init__(self, std: float = 0.1, *, name: str = "") -> None:
        super().__init__(name=name)
        self.std = real(std, "std", "GaussianNoise", 0)

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        if not builder.training or self.std == 0:
            return x
        return builder.name(add(x, mul(random_normal(x, key=builder.key(self)), self.std)), self, "o")


class RReLU(Layer):
    """The randomised leaky ReLU: o = u for u > 0, else a u with a slope drawn anew for each number in training.

    In use the slope is the mean of `lower` and `upper`.

    Parameters
    ----------
    lower, upper : float
        Between which the slopes are drawn, each as likely as the other.

    Notes
    -----
    PyTorch's RReLU, with its 1/8 and 1/3; JAX and Keras do not have it.  At u = 0 the derivative is the slope.

    Source: Xu, Wang, Chen, Li, arXiv:1505.00853, 2015.

    Examples
    --------
    >>> RReLU(0.1, 0.2)
    RReLU(lower=0.1, upper=0.2)
    """

    kind = "rrelu"

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, *, name: str = "") -> None:
        super().__init__(name=name)
        self.lower, self.upper = real(lower, "lower", "RReLU", 0), real(upper, "upper", "RReLU", 0)
        if self.upper < self.lower:
            raise fail("BL305", name="upper", low=self.lower, high="…", value=upper, where="RReLU")

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (u,) = inputs
        builder.name(u, self, "u")
        slope: Any = (self.lower + self.upper) / 2
        if builder.training and self.lower < self.upper:
            drawn = random_uniform(u, key=builder.key(self))
            slope = add(mul(drawn, self.upper - self.lower), self.lower)
        return builder.name(prelu(u, slope), self, "o")

"""What is known of an operation besides its mathematics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

LIBRARIES = ("torch", "onnx", "keras", "jax")  # the keys of `Facts.names`; where names clash, the first one goes before


@dataclass(frozen=True)
class Facts:
    """What is known about an operation besides its mathematics: data, so that pages and tables can be made of it.

    >>> from backlit.ops import REGISTRY
    >>> REGISTRY["relu"].facts.kinks, REGISTRY["relu"].facts.side, REGISTRY["relu"].facts.names["torch"]
    ((0.0,), 'left', 'ReLU')
    """

    role: str = "arithmetic"  # "activation", "loss", "arithmetic", "reduction", "linear", "movement", "random"
    domain: tuple[float, float] = (-4.0, 4.0)  # where tests draw inputs
    range: tuple[float, float] = (-np.inf, np.inf)  # of the output
    ends: str = "()"  # of the range: "[" or "]" where it is reached, "(" or ")" where it is only approached
    kinks: tuple[float, ...] = ()  # inputs at which the derivative is a choice
    # The choice: "left", "right" or "mean" of the one-sided slopes, for all kinks or one for each; or "zero".
    side: str | tuple[str, ...] = ""
    at_kinks: dict[str, tuple[float, ...]] = field(default_factory=dict)  # slopes that other libraries take there
    # How many derivatives are continuous: -1 where the output itself jumps.  None: 0 with kinks, else all of them.
    smooth: float | None = None
    book: str = ""  # the formula as books have it, where it is computed in another way
    monotone: bool = True  # of an activation function: it falls nowhere
    # Of parameters: numbers, or the names of other parameters.
    limits: dict[str, tuple[float | str, float | str]] = field(default_factory=dict)
    surrogate: str = ""  # the function whose derivative is taken, where it is not the own one
    initial: str = "xavier"  # the initializer that a layer with this activation takes by default
    # NaN in gives NaN out: "kept"; "taken": that of the branch taken; "false" where a comparison answers, "uncounted"
    # in a count of hits
    nan: str = "kept"
    hot: bool = False  # its fused kernels are compiled; the rest runs on the formula machine
    names: dict[str, str] = field(default_factory=dict)  # in PyTorch, ONNX, Keras, JAX
    defaults_in: dict[str, dict[str, float]] = field(default_factory=dict)  # parameters there, where they differ
    also: tuple[str, ...] = ()  # further names under which it is found
    differs: str = ""  # where other libraries differ
    source: str = ""

    @property
    def sides(self) -> tuple[str, ...]:
        """The choice at each kink."""
        return (self.side,) * len(self.kinks) if isinstance(self.side, str) else self.side

    @property
    def smoothness(self) -> float:
        """How many derivatives are continuous: -1 (it jumps), 0 (it bends), 1, 2 … or ∞."""
        return self.smooth if self.smooth is not None else 0 if self.kinks else math.inf

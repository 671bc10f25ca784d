"""Layers that disturb the training by chance, so that no unit relies on a few others; in use they do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.graph import Node
from ...ops.random import dropout
from .base import Builder, Layer, real


class Dropout(Layer):
    """In training sets each output to 0 with probability `rate` and scales the rest up; otherwise does nothing."""

    kind = "dropout"

    def __init__(self, rate: float = 0.5, *, name: str = "") -> None:
        super().__init__(name=name)
        self.rate = real(rate, "rate", "Dropout", 0, 1, "[)")

    def settings(self) -> dict[str, Any]:
        return {"rate": self.rate}  # told even if it is the usual one

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        if not builder.training or self.rate == 0:
            return inputs[0]
        return builder.name(dropout(inputs[0], rate=self.rate, key=builder.key(self)), self, "o")

"""Blocks: where the parameters of a network stand in memory, one behind the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ops import shapes
from .graph import Node
from .tape import ALIGN


@dataclass
class Blocks:
    """The parameters in one order, and where each begins in the block θ (and in ∂E/∂θ and the optimizer's state)."""

    trained: dict[Node, int] = field(default_factory=dict)
    running: dict[Node, int] = field(default_factory=dict)  # averages: kept, and changed by the tape itself
    frozen: dict[Node, int] = field(default_factory=dict)
    length: int = 0
    running_length: int = 0
    frozen_length: int = 0

    @classmethod
    def of(cls, parameters: Sequence[Node], frozen: Sequence[Node] = (), running: Sequence[Node] = ()) -> Blocks:
        made = cls()
        made.trained, made.length = _side_by_side(parameters)
        made.running, made.running_length = _side_by_side(running)
        made.frozen, made.frozen_length = _side_by_side(frozen)
        return made


def _side_by_side(nodes: Sequence[Node]) -> tuple[dict[Node, int], int]:
    """Where each begins in a block of all of them, and the block's length; each on a cache line of its own."""
    places, end = {}, 0
    for node in nodes:
        places[node] = end
        end += -(-shapes.elements(shapes.resolve(node.shape, 1)) // ALIGN) * ALIGN
    return places, end

"""Tapes made before: the same graph, lowered for the same end, has the same tape.

Lowering takes a millisecond, as long as some hundred steps of a small network; ten splits or ten seeds train the same
network.  A tape is made once and never written to, so all of them can share it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .blocks import Blocks
from .graph import Graph, Node
from .lowering import Update
from .tape import Tape

T = TypeVar("T")
MOST = 64


class Remembered(Generic[T]):
    """The last things that were made, each by all that it depends on."""

    def __init__(self) -> None:
        self.known: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for this key before, or what `make` makes now."""
        found = self.known.pop(key, None)
        if found is None:
            found = make()
            while len(self.known) >= MOST:
                self.known.popitem(last=False)
        self.known[key] = found  # the last one used stands last
        return found


_tapes: Remembered[Tape] = Remembered()


def remembered(graph: Graph, aim: Hashable, make: Callable[[], Tape]) -> Tape:
    """The tape that `make` makes of a graph, or the one that it made of such a graph before.

    `aim` says all that the tape depends on beside the nodes: what is kept, the order of the parameters, the update.
    """
    return _tapes.get((aim, tuple(map(_told, graph.nodes))), make)


def _told(n: Node) -> Hashable:
    """All that a node is.  Numbers as text, since 0.0 == -0.0 and 1 == 1.0."""
    attrs = repr(n.attrs) if n.attrs else ""
    return n.kind, n.name, n.op, tuple([a.index for a in n.args]), n.shape, attrs, repr(n.value)


def blocks_told(blocks: Blocks) -> Hashable:
    """Which nodes lie in which block, and where."""
    return tuple(tuple((n.index, at) for n, at in b.items()) for b in (blocks.trained, blocks.running, blocks.frozen))


def update_told(update: Update | None) -> Hashable:
    """An optimizer's step: its formulas and its numbers."""
    if update is None:
        return None
    parts = (update.scalars, update.follows, update.measures)
    return update.formulas, update.state, *(tuple(part.items()) for part in parts), update.single

"""E as a part of the graph: the loss of outputs and targets, the weights of the rows, and penalties on the weights.

    E = Σ wᵢ e(oᵢ, tᵢ) / n  +  l1 · Σ|w|  +  l2/2 · Σ w²

The penalties are terms of E itself: backpropagation and the gradient check see them.  They take the weights, the
parameters of two axes that are trained, and no biases and no scales of a normalisation, unless `penalty="all"`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..core.backprop import backprop
from ..core.graph import Node
from ..errors import fail, nearest
from ..ops import REGISTRY
from ..ops.arithmetic import absolute, add, equal, less, mul
from ..ops.loss import LOSSES, Loss, called, hits, loss_named
from ..ops.movement import concatenate
from ..ops.reduction import sum_
from ..ops.shapes import Rows, count
from .builder import Built

PENALTIES = ("weights", "all")
WEIGHT = "sample_weight"


@dataclass(frozen=True)
class Objective:
    """What a network is trained for.

    Parameters
    ----------
    loss : str
        A name, a name with options ("huber(delta=2)"), or a formula in o and t.
    options : mapping
        reduction, and the parameters of the loss.
    label_smoothing : float
        Targets t become (1 - s) t + s / classes (for sigmoid outputs: + s / 2).
    weighted : bool
        The graph has one more input, "sample_weight", of shape (rows, 1).
    l1, l2 : float
        The factors of Σ|w| and of ½ Σw².
    penalty : {"weights", "all"}
        What they are taken of: "all" takes the biases too.
    """

    loss: str
    options: dict[str, Any]
    label_smoothing: float = 0.0
    weighted: bool = False
    l1: float = 0.0
    l2: float = 0.0
    penalty: str = "weights"

    @classmethod
    def of(cls, loss: Any, *, label_smoothing: float = 0.0, weighted: bool = False, l1: float = 0.0, l2: float = 0.0,
           penalty: str = "weights", **options: Any) -> Objective:  # fmt: skip
        """Checked: a ParameterError for what there is not or what is out of range."""
        name, more = called(loss)
        made = cls(name, {**more, **options}, label_smoothing, weighted, l1, l2, penalty)
        made.check()
        return made

    @property
    def kind(self) -> Loss:
        return loss_named(self.loss)

    def check(self) -> None:
        self.kind.check(self.options)
        for name, high in (("label_smoothing", 1.0), ("l1", float("inf")), ("l2", float("inf"))):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < high:
                raise fail("BL305", name=name, low=0.0, high=high, value=value, where="fit")
        if self.label_smoothing and not self.kind.smoothing:
            known = [name for name, one in LOSSES.items() if one.smoothing]
            raise fail("BL332", loss=self.loss, known=", ".join(known))
        if self.penalty not in PENALTIES:
            near = nearest(self.penalty, PENALTIES)
            raise fail("BL304", name=self.penalty, known=", ".join(PENALTIES), nearest=near, where="penalty")

    # --- in the graph -----------------------------------------------------------------------------------------

    def add_to(self, built: Built) -> None:
        """Add targets, E and, where rows are weighted, their weights to a network's graph."""
        kind, graph = self.kind, built.graph
        built.target = graph.input("t", built.output.shape)
        built.weight = graph.input(WEIGHT, (Rows(), 1)) if self.weighted else None
        built.loss = self._data(built, kind, what_it_reads(built, kind))
        penalty = self._penalty(built)
        if penalty is not None:
            built.loss = add(built.loss, penalty)
        graph.rename("E", built.loss)

    def _data(self, built: Built, kind: Loss, read: Node) -> Node:
        """The loss of outputs and targets."""
        assert built.target is not None
        t = built.target
        if self.label_smoothing:
            share = 0.5 if kind.smoothing == "half" else 1 / count(t.shape[-1], 1)
            t = add(mul(t, 1 - self.label_smoothing), self.label_smoothing * share)
        if kind.through:
            read = REGISTRY[kind.through](read)
        total: Node = kind.total(read, t, built.weight, **self.options)
        return total

    def _penalty(self, built: Built) -> Node | None:
        """The penalties' sum; None where there is none."""
        total: Node | None = None
        for p in built.trained:
            if self.penalty == "weights" and len(p.shape) < 2:
                continue
            parts = []
            if self.l1:
                parts.append(mul(sum_(absolute(p)), self.l1))
            if self.l2:
                parts.append(mul(sum_(mul(p, p)), 0.5 * self.l2))
            for part in parts:
                total = part if total is None else add(total, part)
        return total

    def signal(self, built: Built) -> Node | None:
        """δᵒ = ∂E/∂o at an output layer whose u the loss reads: by the loss that reads o and has the same value."""
        if not self.kind.on_outputs:
            return None
        other = loss_named(self.kind.on_outputs)
        options = {k: v for k, v in self.options.items() if k == "reduction"}
        same = Objective(other.name, options, self.label_smoothing, self.weighted)
        return backprop(same._data(built, other, built.output), [built.output]).get(built.output)


def what_it_reads(built: Built, kind: Loss) -> Node:
    """The node that a loss reads: u of an output layer with its activation function, else the output."""
    return built.linked(kind.reads)[0] if kind.reads else built.output


def right_answers(built: Built, kind: Loss) -> Node:
    """In how many rows the answer is right: the largest output, or for a single one the side on which it lies."""
    assert built.target is not None
    z, t = what_it_reads(built, kind), built.target
    if z.shape[-1] == 1:
        side, target = kind.between
        z, t = _beside(z, side), _beside(t, target)
    counted: Node = hits(z, t)
    return counted


def right_labels(built: Built, kind: Loss) -> tuple[Node, Node]:
    """Of several labels a row: how many labels are right, and in how many rows all of them are."""
    assert built.target is not None
    z = what_it_reads(built, kind)
    side, target = kind.between
    right = add(equal(less(z, side), less(built.target, target)), mul(z, 0.0))  # 0 · z keeps a NaN in sight
    return sum_(right), sum_(equal(sum_(right, axis=-1), count(z.shape[-1], 1)))


def _beside(x: Node, edge: float) -> Node:
    """Two columns, the edge and x: the second is larger where x is above it.  0 · x keeps a NaN in sight."""
    both: Node = concatenate(add(mul(x, 0.0), edge), x)
    return both

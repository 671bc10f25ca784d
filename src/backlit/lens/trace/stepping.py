"""A trace one stage at a time: forward, the loss, backward, the update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...messages import say
from .cells import Block
from .layout import WIDE, broken, columns, number
from .sheet import PARTS
from .text import block_text, closing, heading

if TYPE_CHECKING:
    from .trace import Trace


class Walk:
    """The stages of a trace in their order, as screens of text.

    >>> from backlit import Dense, Network
    >>> walk = Walk(Network([Dense(2, "tanh"), Dense(1)]).trace([1.0, 2.0], [0.5]))
    >>> len(walk), walk.screen(0)[0]
    (9, 'x → [dense1] → dense2 → E')
    """

    def __init__(self, trace: Trace) -> None:
        self.trace, self.ledger = trace, trace.ledger()
        self.blocks = self.ledger.blocks
        self.layers = list(dict.fromkeys(b.layer for b in self.blocks if b.stage <= 2))
        self.output = next(b.layer for b in self.blocks if b.stage == 3)

    def __len__(self) -> int:
        return len(self.blocks)

    def screen(self, at: int, *, checked: bool = False) -> list[str]:
        """One stage: where it is in the network, what is done, its numbers; with `checked` central differences, too."""
        block = self.blocks[at]
        symbols = self.trace.symbols.last if block.layer == self.output else self.trace.symbols
        lines = [self.ribbon(block), "", f"── {say(f'trace.part_{PARTS[block.stage]}')} " + "─" * 8, ""]
        lines += block_text(block, symbols)
        if checked:
            lines += ["", *self.differences(block)]
        return lines

    def ribbon(self, block: Block) -> str:
        """The layers in a line, the one of this stage in brackets; backward the arrows point back."""
        here = "E" if block.stage == 3 else block.layer
        arrow = " ← " if block.stage == 4 else " → "
        return arrow.join(f"[{name}]" if name == here else name for name in ("x", *self.layers, "E"))

    def differences(self, block: Block) -> list[str]:
        """The gradients of this layer's parameters beside central differences."""
        layer = block.layer.partition("#")[0]
        update = next((b for b in self.blocks if b.stage == 5 and b.layer == layer), None)
        if update is None:
            return [say("step.nothing_trained", layer=layer)]
        s = self.trace.symbols
        head = [say("trace.parameter"), s("∂E/∂w"), say("trace.central"), say("step.error")]
        rows = [head]
        for line in update.lines:
            cell = line.cells[0]
            d = self.trace.difference(cell.name.partition("∂E/∂")[2], cell.at)
            rows.append([line.label, number(cell.value), number(d.value), f"{d.error:.1e}"])
        noise = say("step.noise", noise=f"{d.noise:.0e}")
        return [say("step.checked"), *columns(rows, left=(0,)), *broken(noise.split(" "), WIDE)]

    def whole(self) -> str:
        """All stages one after the other, for where there is no terminal."""
        lines = heading(self.trace, self.ledger.conventions)
        for at in range(len(self)):
            lines += ["", *self.screen(at)]
        return "\n".join([*lines, "", *closing(self.ledger)])

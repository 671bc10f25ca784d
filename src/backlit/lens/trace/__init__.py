"""One step of a training with all its numbers: ledger, chain rule of a parameter, update.

record.py      the machine run instruction by instruction
wiring.py      which value reads which
slopes.py      entries of the Jacobians of layers
cells.py       what a ledger is made of
ledger.py      the five stages; outputs.py is stage 3, updates.py stage 5
chain.py       one parameter's chain rule, path by path; difference.py the central difference beside it
symbols.py     u, o, δ or the symbols of other books
trace.py       all of it
"""

from .cells import Block, Cell, Ledger, Line, Others, Rest, Sum, Term
from .chain import Branch, Chain, Factor, Path
from .difference import Difference
from .record import Recording, Step
from .symbols import SYMBOLS, Symbols, symbols_named
from .trace import Trace

__all__ = [
    "SYMBOLS", "Block", "Branch", "Cell", "Chain", "Difference", "Factor", "Ledger", "Line", "Others", "Path",
    "Recording", "Rest", "Step", "Sum", "Symbols", "Term", "Trace", "symbols_named",
]  # fmt: skip

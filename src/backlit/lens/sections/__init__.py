"""What the lens has to say in the report of a training, as sections of that page.

sample.py    one row with its whole ledger, and the chain rule of one weight
checks.py    backpropagation against central differences, parameter by parameter
pace.py      the learning rate beside its bound, and what other rates would have done
signals.py   how u, o, f′ and δᵘ of each layer are spread, at the start and at the end
panels.py    the drawings of signals.py
cards.py     the pages of the activation functions that the network uses

They take what was measured; who collects it, and what is left out since it would take long, is told in
`training/looks/looking.py`.
"""

from .cards import cards
from .checks import checks
from .pace import pace
from .sample import chain, sample
from .signals import measured, signals

__all__ = ["cards", "chain", "checks", "measured", "pace", "sample", "signals"]

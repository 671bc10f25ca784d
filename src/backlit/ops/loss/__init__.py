"""Losses E: how far the outputs o are from the targets t, as one number; a file per family.

A loss is declared once, as the term e(o, t) of one output of one row; its reduction, the weights of the rows and its
gradient follow (`declare.py`).  A new one is declared in one of these files, or in a new file of this folder: every
file here is imported, and nothing else has to be told.

`reduction` says how rows and outputs are joined, and it is always stated: "mean" over every element (over the rows for
losses of whole rows, as cross-entropy), "sum" over everything, "rows" for the sum over the outputs and the mean over
the rows.
"""

import importlib
import pkgutil

for _file in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_file}")

from .classes import cross_entropy, cross_entropy_slope, hits  # noqa: E402
from .declare import LOSSES, REDUCTIONS, Loss, loss  # noqa: E402
from .distance import squared_error  # noqa: E402
from .named import called, loss_named, typed_loss  # noqa: E402

__all__ = [
    "LOSSES",
    "REDUCTIONS",
    "Loss",
    "called",
    "cross_entropy",
    "cross_entropy_slope",
    "hits",
    "loss",
    "loss_named",
    "squared_error",
    "typed_loss",
]

"""Data: from a name, a file or two arrays to a table, its parts, and the numbers a network sees."""

from .folds import fold as fold
from .load import READING as READING
from .load import load as load
from .load import sources as sources
from .preparation import Preparation as Preparation
from .preparation import Tally as Tally
from .rows import rows as rows
from .split import Split as Split
from .split import split as split
from .table import Table as Table

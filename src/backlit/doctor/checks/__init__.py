"""The checks, a file for each kind of ailment; importing this enters all of them into `finding.CHECKS`."""

from . import bend, data, frozen, gradient, hidden, labels, learning, output, pace, scale, signals, start, trained

__all__ = [
    "bend", "data", "frozen", "gradient", "hidden", "labels", "learning", "output", "pace", "scale", "signals", "start",
    "trained",
]  # fmt: skip

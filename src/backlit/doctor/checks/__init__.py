"""The checks, a file for each kind of ailment; importing this enters all of them into `finding.CHECKS`."""

from . import hidden, labels, learning, output, pace, scale, signals

__all__ = ["hidden", "labels", "learning", "output", "pace", "scale", "signals"]

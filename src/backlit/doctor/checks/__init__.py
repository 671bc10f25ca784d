"""The checks, a file for each kind of ailment; importing this enters all of them into `finding.CHECKS`."""

from . import hidden, labels, output, pace, scale

__all__ = ["hidden", "labels", "output", "pace", "scale"]

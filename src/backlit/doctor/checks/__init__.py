"""The checks, a file for each kind of ailment; importing this enters all of them into `finding.CHECKS`."""

from . import output

__all__ = ["output"]

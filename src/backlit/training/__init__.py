"""Training: from a table to a run with its history, model and report."""

from .ensemble import Ensemble
from .files import load
from .gradients import gradient_check
from .group import Group, cross_validate, repeat
from .network import Network
from .pipeline import train
from .replaying import trace
from .resuming import resume
from .run import Run

__all__ = [
    "Ensemble",
    "Group",
    "Network",
    "Run",
    "cross_validate",
    "gradient_check",
    "load",
    "repeat",
    "resume",
    "trace",
    "train",
]

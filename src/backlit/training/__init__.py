"""Training: from a table to a run with its history, model and report."""

from .collapsing import collapse
from .diagnosing import diagnose
from .ensemble import Ensemble
from .files import load
from .gradients import gradient_check
from .group import Group, cross_validate, repeat
from .landscapes import landscape
from .network import Network
from .pipeline import train
from .replaying import trace
from .resuming import resume
from .run import Run
from .spectra import curvature

__all__ = [
    "Ensemble",
    "Group",
    "Network",
    "Run",
    "collapse",
    "cross_validate",
    "curvature",
    "diagnose",
    "gradient_check",
    "landscape",
    "load",
    "repeat",
    "resume",
    "trace",
    "train",
]

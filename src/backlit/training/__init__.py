"""Training: from a table to a run with its history, model and report."""

from .files import load
from .gradients import gradient_check
from .network import Network
from .pipeline import train
from .resuming import resume
from .run import Run

__all__ = ["Network", "Run", "gradient_check", "load", "resume", "train"]

"""Training: from a table to a run with its history, model and report.

Its rooms, each of which imports only those below it (the contract is in pyproject.toml):

    whole/           whole trainings: `train`, folds and seeds, `resume`, `diagnose`
    looks/, clinic/  the lens and the doctor, held over a network or a run; they ignore each other
    runs/            a run prepared, kept in its folder, made again from it
    objects/         what people hold: `Network`, `Run`, `Ensemble`, and their files
    loop/            one training on the machine
    rows/            rows, their weights, and figures of merit
"""

from .looks.collapsing import collapse
from .looks.gradients import gradient_check
from .looks.landscapes import landscape
from .looks.replaying import trace
from .looks.spectra import curvature
from .objects.ensemble import Ensemble
from .objects.files import load
from .objects.network import Network
from .objects.run import Run
from .whole.diagnosing import diagnose
from .whole.group import Group, cross_validate, repeat
from .whole.pipeline import train
from .whole.resuming import resume

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

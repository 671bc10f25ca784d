"""Optimizers: how the weights follow from the gradient, as formulas; schedules; clipping."""

from .adaptive import adadelta, adagrad, adam, adamw, nadam, radam, rmsprop
from .clipping import clipped
from .descent import gradient_descent, lion, momentum, nesterov, perceptron, sgd
from .lbfgs import lbfgs
from .rule import OPTIMIZERS, Optimizer, optimizer_named
from .schedules import (
    SCHEDULES,
    Schedule,
    cosine,
    exponential,
    linear,
    one_cycle,
    plateau,
    schedule_named,
    scheduled,
    step,
)  # fmt: skip

__all__ = [
    "OPTIMIZERS", "SCHEDULES", "Optimizer", "Schedule", "adadelta", "adagrad", "adam", "adamw", "clipped", "cosine",
    "exponential", "gradient_descent", "lbfgs", "linear", "lion", "momentum", "nadam", "nesterov", "one_cycle",
    "optimizer_named", "perceptron", "plateau", "radam", "rmsprop", "schedule_named", "scheduled", "sgd", "step",
]  # fmt: skip

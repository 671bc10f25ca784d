"""Optimizers: how the weights follow from the gradient, as formulas."""

from .rules import OPTIMIZERS, Optimizer, adam, adamw, gradient_descent, momentum, optimizer_named, sgd

__all__ = ["OPTIMIZERS", "Optimizer", "adam", "adamw", "gradient_descent", "momentum", "optimizer_named", "sgd"]

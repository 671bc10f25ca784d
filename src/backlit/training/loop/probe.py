"""A learning rate from a look at the loss: the step probe along the step that the optimizer would make.

Along a step Δ the loss is E + gᵀΔ + ½ ΔᵀHΔ, but for higher powers.  Δ grows with the rate ε, so that the curvature
ΔᵀHΔ measured at one rate says all: r = ΔᵀHΔ / (-gᵀΔ) is proportional to ε.  At r = 1 the step ends at the bottom of
the bowl; from r = 2 on it makes the loss larger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.curvature import hessian_vector
from ...core.lowering import lower
from ...errors import fail
from ...machine.runner import Machine
from ...nn import Structure
from ...ops import formula as fm
from ...ops.random import permutation
from ...optim import Optimizer, optimizer_named
from .perceptron import learning
from .settings import Settings

Array = np.ndarray[Any, Any]
BATCHES = 8  # of the first epoch, looked at one by one
STEPS = 30  # along one gradient, of which the longest counts: momentum gathers speed, RMSProp loses it
SHARE = 0.3  # r of the rate that is chosen: the curvature grows while a network learns


@dataclass(frozen=True)
class Probe:
    """What was found: the rate chosen, and for each batch the rate at which r = 1 (inf: no curvature upwards)."""

    rate: float
    bottoms: tuple[float, ...]

    def told(self) -> dict[str, Any]:
        """As plain data, for run.json."""
        known = [b for b in self.bottoms if np.isfinite(b)]
        told: dict[str, Any] = {"rate": self.rate, "batches": len(self.bottoms), "upwards": len(known)}
        return {**told, "r": SHARE, "least": min(known), "most": max(known)} if known else told


def find_rate(net: Structure, inputs: Mapping[str, Array], settings: Settings) -> Probe:
    """The learning rate for a training of this network, from its initial weights and the first batches.

    For each batch: g and its step Δ at the rate 1 (the longest of the first `STEPS` steps if the gradient stayed as it
    is), then the curvature along Δ by one Hessian-vector product.  The rate is `SHARE` times the median over the
    batches of the rate at which r = 1, in two digits.  Where most batches bend downwards the least one is taken; where
    all do, they say nothing of how far to go, and the optimizer's own rate stays.
    """
    probing = _Probing(net, inputs, settings)
    bottoms = tuple(probing.bottom(number) for number in range(probing.batches))
    known = [b for b in bottoms if np.isfinite(b)]
    if not known:
        return Probe(settings.optimizer.learning_rate, bottoms)
    middle = float(np.median(bottoms)) if 2 * len(known) > len(bottoms) else min(known)
    return Probe(float(f"{SHARE * middle:.2g}"), bottoms)


def probed(net: Structure, inputs: Mapping[str, Array], settings: Settings) -> tuple[Settings, Probe | None]:
    """The settings with the rate found, where it was asked for."""
    if not settings.auto_rate:
        return settings, None
    found = find_rate(net, inputs, settings)
    rule = optimizer_named(settings.optimizer, learning_rate=found.rate)
    return replace(settings, optimizer=rule, auto_rate=False), found


class _Probing:
    def __init__(self, net: Structure, inputs: Mapping[str, Array], settings: Settings) -> None:
        self.inputs, self.settings = inputs, settings
        built = learning(net, settings).build(training=True, **settings.objective())
        assert built.loss is not None
        self.trained = [p.name for p in built.trained]
        gradient = backprop(built.loss, built.trained)
        _, products = hessian_vector(built.loss, built.trained)
        keep = {"E": built.loss}
        keep |= {f"∂E/∂{p.name}": g for p, g in gradient.items() if p in built.trained}
        keep |= {f"H v, {p.name}": h for p, h in products.items()}
        self.names = set(keep)
        rows = len(inputs["t"])
        self.batch = rows if settings.optimizer.full_batch else min(settings.batch_size, rows)
        self.batches = min(BATCHES, -(-rows // self.batch))
        self.order = permutation(settings.seed, 0, rows) if settings.shuffle else np.arange(rows)
        self.machine = Machine(lower(keep), self.batch, settings.dtype, engine=settings.engine)
        self.machine.seed = settings.seed
        for name in self.machine.tape.names.keys() & net.values.keys():
            self.machine[name] = net.values[name]
        self.values = {name: np.asarray(net.values[name], np.float64) for name in self.trained}

    def bottom(self, number: int) -> float:
        """The rate at which a step along this batch's gradient reaches the bottom; inf where there is none."""
        chosen = self.order[number * self.batch : (number + 1) * self.batch]
        machine = self.machine
        with machine.arena.batch(len(chosen)):
            for name in machine.tape.names.keys() & self.inputs.keys():
                machine[name] = np.asarray(self.inputs[name])[chosen]
            machine.step = number + 1
            for name in self._given("v."):
                machine[name] = 0.0
            machine.run(rows=len(chosen))
            g = self._read("∂E/∂{}")
            delta = longest_step(self.settings, self._flat(self.values), g)
            self._write(delta)
            machine.run(rows=len(chosen))
            curvature = float(delta @ self._read("H v, {}"))
        slope = -float(g @ delta)
        if not np.isfinite([slope, curvature]).all():
            raise fail("BL346", reason=f"-gᵀΔ = {slope:g}, ΔᵀHΔ = {curvature:g}", where=self.settings.optimizer.name)
        if slope <= 0:
            raise fail("BL346", reason="g = 0" if not g.any() else "-gᵀΔ ≤ 0", where=self.settings.optimizer.name)
        return slope / curvature if curvature > 0 else float("inf")

    def _given(self, prefix: str) -> list[str]:
        return [name for name in self.machine.tape.names if name.startswith(prefix)]

    def _flat(self, parts: Mapping[str, Array]) -> Array:
        return np.concatenate([parts[name].reshape(-1) for name in self.trained])

    def _read(self, pattern: str) -> Array:
        """All parameters' parts of a gradient as one vector; 0 for those that the loss does not depend on."""
        names = {name: pattern.format(name) for name in self.trained}
        return self._flat({
            name: self.machine[full].astype(np.float64) if full in self.names else np.zeros_like(self.values[name])
            for name, full in names.items()
        })  # fmt: skip

    def _write(self, direction: Array) -> None:
        begin = 0
        for name in self.trained:
            value = self.values[name]
            if f"v.{name}" in self.machine.tape.names:
                self.machine[f"v.{name}"] = direction[begin : begin + value.size].reshape(value.shape)
            begin += value.size


def longest_step(settings: Settings, w: Array, g: Array) -> Array:
    """The longest of the optimizer's first steps at the rate 1, if the gradient stayed g; without weight decay."""
    rule: Optimizer = settings.optimizer
    plain = {"weight_decay": 0.0} if "weight_decay" in rule.settings else {}
    update = optimizer_named(rule, learning_rate=1.0, **plain).update
    assert update is not None
    if settings.clip_norm:
        g = g * min(1.0, settings.clip_norm / (float(np.linalg.norm(g)) + 1e-6))
    elif settings.clip_value:
        g = np.clip(g, -settings.clip_value, settings.clip_value)
    values: dict[str, Any] = {"w": w, "g": g, **update.scalars}
    values |= {name: np.zeros(1 if name in update.single else w.shape) for name in update.state}
    best, longest = np.zeros_like(w), -1.0
    for k in range(1, STEPS + 1):
        new, *state = fm.evaluate(update.formulas, {**values, "k": float(k)}, np.float64)
        values |= dict(zip(update.state, state, strict=True))
        values |= {name: values[name].reshape(-1)[:1] for name in update.single}
        length = float(np.linalg.norm(new - w))
        if not length <= longest:
            best, longest = new - w, length
        if not update.state and "k" not in update.scalars:
            break  # every step is the same
    return best

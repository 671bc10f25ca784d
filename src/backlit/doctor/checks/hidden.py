"""The hidden layers: whether they bend, fire, and let the error signal through."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ...report.numbers import wilson
from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change

FLAT = ("relu", "relu6", "squared_relu", "threshold", "step")  # o does not change where u is not positive
DRAWS = 50  # other first weights that are drawn: the interval of a share is then at most 0.27 wide


@check("DR303", number=14, category="dying_relu", stage="end", explains=("DR503", "DR504", "DR403", "DR402", "DR204"))
def dead_units(patient: Patient) -> Iterator[Finding]:
    """Units that fire for no row: their weights get no gradient and stay as they are.

    When a whole layer is dead nothing before it learns, and nothing after it sees the input: that is proved.
    """
    worst: tuple[float, str, np.ndarray] = (0.0, "", np.zeros(0))
    for name in patient.units:
        share = slope_zero(patient, name)
        if share is not None and (lost := float((share == 1.0).mean())) > worst[0]:
            worst = (lost, name, share)
    lost, name, share = worst
    if not lost:
        return
    dead = int((share == 1.0).sum())
    born = patient.values("start", (f"{name}.u",))[f"{name}.u"]
    facts = {
        "layer": name, "dead": dead, "units": len(share), "rows": len(patient.t), "share": lost,
        "at_most": 3 / len(patient.t), "born": int(((born <= 0).mean(axis=0) == 1.0).sum()), **lottery(patient, lost),
    }  # fmt: skip
    everywhere = {n: patient.with_activation(n, "leaky_relu") for n, (a, _) in patient.units.items() if a == "relu"}
    changes = (Change("hidden_activation", layers=everywhere, facts={"activation": "leaky_relu"}),)
    yield Finding("DR303", "proved" if dead == len(share) else "suspected", facts, changes)


def lottery(patient: Patient, lost: float) -> dict[str, float]:
    """How often other first weights begin as badly: of so many seeds a share, with its interval (Wilson, 95 %)."""
    if patient.redraw is None or not patient.start:
        return {"chance": float("nan"), "low": 0.0, "high": 1.0, "draws": 0, "bad": 0}
    names = [n for n in patient.units if patient.units[n][0] in FLAT]
    bad, draws, until = 0, 0, time.perf_counter() + min(patient.replay / 2, 5.0, patient.clock.left)
    while draws < DRAWS and time.perf_counter() < until:
        u = patient.under(patient.redraw(1000 + draws), [f"{n}.u" for n in names])
        dead = [float(((u[f"{n}.u"] <= 0).mean(axis=0) == 1.0).mean()) for n in names]
        bad, draws = bad + (max(dead) >= lost), draws + 1
    low, high = wilson(bad / draws, draws) if draws else (0.0, 1.0)
    return {"chance": bad / max(draws, 1), "low": low, "high": high, "draws": draws, "bad": bad}


@check("DR304", number=15, category="saturating/vanishing", stage="end", explains=("DR301", "DR503", "DR504", "DR403"))
def saturated_units(patient: Patient) -> Iterator[Finding]:
    """Layers most of whose units are at the ends of their range for every row of a batch, where f′ is next to 0."""
    for name, (activation, where) in patient.units.items():
        looks = patient.course
        if where == "output" or not looks or "saturated" not in looks[-1].units.get(name, {}):
            continue
        stuck = (looks[-1].units[name]["saturated"] == 1.0) & (activation not in FLAT)
        if stuck.sum() > (~stuck).sum():
            born = looks[0].units[name]["saturated"] == 1.0
            facts = {"layer": name, "activation": activation, "saturated": int(stuck.sum()), "units": len(stuck),
                     "born": int(born.sum()), "step": looks[-1].step}  # fmt: skip
            yield Finding("DR304", "suspected", facts, (hidden(patient, "relu"), hidden(patient, "tanh")))
            return


@check(
    "DR301", number=9, category="saturating/vanishing", stage="course", explains=("DR403", "DR402", "DR503", "DR504")
)
def vanishing(patient: Patient) -> Iterator[Finding]:
    """Error signals that shrink from layer to layer on their way back, by more than sigmoids at their best do."""
    from .signals import GROWTH, error_signals

    size = error_signals(patient, patient.course)
    names = list(size)
    if len(names) < 3:
        return
    first, last = size[names[0]], size[names[-1]]
    factor = (first / last) ** (1 / (len(names) - 1)) if last > 0 else 1.0
    if factor < 1 / GROWTH:
        facts = {"layer": names[0], "last": names[-1], "ratio": first / last, "factor": factor, "layers": len(names)}
        yield Finding("DR301", "suspected", facts, (hidden(patient, "relu"), hidden(patient, "tanh")))


def hidden(patient: Patient, activation: str, only: list[str] | None = None) -> Change:
    """Another activation function in the hidden layers."""
    layers = {n: patient.with_activation(n, activation) for n, (_, where) in patient.units.items() if where == "hidden"}
    layers = {n: v for n, v in layers.items() if only is None or n in only}
    return Change("hidden_activation", layers=layers, facts={"activation": activation})


def slope_zero(patient: Patient, layer: str) -> np.ndarray | None:
    """For each unit the share of all rows in which it does not fire: o is at the end of a flat piece."""
    activation = patient.units[layer][0]
    if activation not in FLAT:
        return None
    return np.asarray((patient.values("end", (f"{layer}.u",))[f"{layer}.u"] <= 0).mean(axis=0))

"""The hidden layers: whether they bend, fire, and let the error signal through."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change


@check("DR303", number=14, category="dying_relu", stage="end", explains=("DR503", "DR504", "DR403", "DR402", "DR204"))
def dead_units(patient: Patient) -> Iterator[Finding]:
    """Units that fire for no row: their weights get no gradient and stay as they are.

    When a whole layer is dead nothing before it learns, and nothing after it sees the input: that is proved.
    """
    for name in patient.units:
        share = slope_zero(patient, name)
        if share is None or (share == 1.0).mean() < 0.5:
            continue
        dead = int((share == 1.0).sum())
        born = patient.values("start", (f"{name}.u",))[f"{name}.u"]
        facts = {
            "layer": name, "dead": dead, "units": len(share), "rows": len(patient.t),
            "born": int(((born <= 0).mean(axis=0) == 1.0).sum()),
        }  # fmt: skip
        everywhere = {n: patient.with_activation(n, "leaky_relu") for n, (a, _) in patient.units.items() if a == "relu"}
        changes = (Change("hidden_activation", layers=everywhere, facts={"activation": "leaky_relu"}),)
        yield Finding("DR303", "proved" if dead == len(share) else "suspected", facts, changes)
        return


@check("DR304", number=15, category="saturating/vanishing", stage="end", explains=("DR301", "DR503", "DR504", "DR403"))
def saturated_units(patient: Patient) -> Iterator[Finding]:
    """Units at the ends of their range for nearly every row, where f′ is next to 0."""
    for name, (activation, where) in patient.units.items():
        looks = patient.course
        if where == "output" or not looks or "saturated" not in looks[-1].units.get(name, {}):
            continue
        share = looks[-1].units[name]["saturated"]
        zero = looks[-1].units[name]["f′=0"]
        if ((share > 0.95) & (zero < 1)).mean() > 0.5:
            facts = {
                "layer": name,
                "activation": activation,
                "saturated": int((share > 0.95).sum()),
                "units": len(share),
            }
            yield Finding("DR304", "suspected", facts, (hidden(patient, "relu"), hidden(patient, "tanh")))
            return


@check(
    "DR301", number=9, category="saturating/vanishing", stage="course", explains=("DR403", "DR402", "DR503", "DR504")
)
def vanishing(patient: Patient) -> Iterator[Finding]:
    """Error signals that shrink from layer to layer on their way back."""
    looks = patient.course
    names = [n for n in patient.units if looks and "mean(δᵘ²)" in looks[0].units.get(n, {})]
    if len(names) < 3:
        return
    size = {n: float(np.sqrt(np.median([look.units[n]["mean(δᵘ²)"].mean() for look in looks]))) for n in names}
    first, last = size[names[0]], size[names[-1]]
    factor = (first / last) ** (1 / (len(names) - 1)) if last > 0 else 1.0
    if factor < 0.25:
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
    if activation not in ("relu", "relu6", "relu_squared", "threshold", "step"):
        return None
    return np.asarray((patient.values("end", (f"{layer}.u",))[f"{layer}.u"] <= 0).mean(axis=0))

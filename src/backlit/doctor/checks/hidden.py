"""The hidden layers: whether they bend, fire, and let the error signal through."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...ops import Elementwise
from ..finding import Finding, check
from ..look_tapes import SATURATED
from ..lottery import lottery
from ..patient import Patient
from ..slopes import largest_slope, slopes
from ..trial import Change

FLAT = ("relu", "relu6", "squared_relu", "threshold", "step")  # o does not change where u is not positive


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
    at_birth = int(((born <= 0).mean(axis=0) == 1.0).sum())
    facts = {
        "layer": name, "dead": dead, "units": len(share), "rows": len(patient.t), "share": lost,
        "at_most": 3 / len(patient.t), "born": at_birth,
        "later": at_birth < dead,  # it did not begin as badly: steps killed the rest
        "died": _all_dead_by(patient, name, dead), **_as_many_dead(patient, lost),
    }  # fmt: skip
    everywhere = {n: patient.with_activation(n, "leaky_relu") for n, (a, _) in patient.units.items() if a == "relu"}
    changes = (Change("hidden_activation", layers=everywhere, facts={"activation": "leaky_relu"}),)
    yield Finding("DR303", "proved" if dead == len(share) else "suspected", facts, changes)


def _all_dead_by(patient: Patient, layer: str, dead: int) -> int:
    """The first step that was looked at in which as many units of the layer fired for no row of the batch."""
    counts = [(look.step, int((look.units.get(layer, {}).get("f′=0", np.zeros(0)) >= 1.0).sum()))
              for look in patient.course]  # fmt: skip
    return next((step for step, count in counts if count >= dead), int(patient.settings.get("steps") or 0))


def _as_many_dead(patient: Patient, lost: float) -> dict[str, float]:
    """How often other first weights begin with as many dead units in a layer."""
    names = [n for n in patient.units if patient.units[n][0] in FLAT]

    def as_bad(values: dict[str, np.ndarray]) -> bool:
        u = patient.under(values, [f"{n}.u" for n in names])
        return max(float(((u[f"{n}.u"] <= 0).mean(axis=0) == 1.0).mean()) for n in names) >= lost

    return lottery(patient, as_bad)


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
                     "born": int(born.sum()), "step": looks[-1].step, **_as_saturated(patient, name)}  # fmt: skip
            yield Finding("DR304", "suspected", facts, (hidden(patient, "relu"), hidden(patient, "tanh")))
            return


def _as_saturated(patient: Patient, layer: str) -> dict[str, float]:
    """How often other first weights begin with most units of a layer saturated in every row; empty if these did not."""
    node = patient.built.graph.names[f"{layer}.o"]
    if not isinstance(node.op, Elementwise):
        return {}
    op, limit = node.op, SATURATED * largest_slope(node.op, node.attrs)

    def as_bad(values: dict[str, np.ndarray]) -> bool:
        u = patient.under(values, [f"{layer}.u"])[f"{layer}.u"].astype(np.float64)
        stuck = (np.abs(slopes(op, u, node.attrs)) < limit).all(axis=0)
        return bool(stuck.sum() > (~stuck).sum())

    return lottery(patient, as_bad) if patient.start and as_bad(patient.start) else {}


@check(
    "DR301", number=9, category="saturating/vanishing", stage="course",
    explains=("DR111", "DR403", "DR402", "DR503", "DR504"),
)  # fmt: skip
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

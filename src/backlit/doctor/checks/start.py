"""The network before its first step: how bad its answers are, how large its weights, whether its units differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import BacklitError
from ..finding import Finding, check
from ..forward import drawn_anew, row_losses, some_rows
from ..lottery import lottery
from ..patient import Patient
from ..trial import Change

Array = np.ndarray[Any, Any]
DRAWS = 19  # fresh draws of the weights: being worse than all of them happens by chance once in 20 times
HALF = 0.5  # of all steps: a start that costs more of them than learning has left for it
Z = 3.0  # standard errors of a variance of so many weights
ULP = 8  # units of the last digit: what the order in which a batch of rows is summed may change, step by step
INITIAL = (Change("initial", initial="xavier", facts={"initial": "xavier"}),
           Change("initial", initial="he", facts={"initial": "he"}))  # fmt: skip


@check("DR201", number=6, category="bad_init", stage="start", explains=("DR402", "DR403", "DR503", "DR504"))
def first_loss(patient: Patient) -> Iterator[Finding]:
    """A first loss that is far above the best constant answer's, so that much of the training goes into undoing it.

    Far is what no draw by the usual rules comes to: worse than all of 19 is chance in one of 20 networks.
    """
    losses = [float(row["train_loss"]) for row in patient.history]
    baseline = patient.baseline
    if not losses or not np.isfinite(baseline):
        return
    below = next((i for i, loss in enumerate(losses) if loss <= baseline), len(losses))
    if below / len(losses) <= HALF:
        return
    rows = some_rows(patient, 500)
    try:
        patient.ask()
        first = float(row_losses(patient, patient.start, rows).mean())
        draws: list[float] = []
        while (
            np.isfinite(first) and first > max([baseline, *draws]) and len(draws) < DRAWS
        ):  # one that is as bad will do
            patient.ask()
            draws.append(float(row_losses(patient, drawn_anew(patient.net, len(draws)), rows).mean()))
    except BacklitError:
        return
    if not np.isfinite(first) or first <= max([baseline, *draws]):
        return
    usual, most = float(np.median(draws)), max(draws)

    def as_bad(values: dict[str, Array]) -> bool:
        return not float(row_losses(patient, {**patient.start, **values}, rows).mean()) <= max(baseline, most)

    grown = gains(patient)
    layer = max(grown, key=lambda n: grown[n]) if grown else ""
    facts = {
        "first": first, "baseline": baseline, "usual": usual, "most": most, "by_rule": DRAWS, "layer": layer,
        "gain": grown.get(layer, float("nan")), "share": below / len(losses), **lottery(patient, as_bad),
    }  # fmt: skip
    yield Finding("DR201", "suspected", facts, INITIAL)


@check(
    "DR202", number=7, category="bad_init", stage="start",
    explains=("DR201", "DR304", "DR303", "DR301", "DR401", "DR503"),
)  # fmt: skip
def size_of_weights(patient: Patient) -> Iterator[Finding]:
    """First weights so large or so small that signals grow or shrink from layer to layer.

    Limits are the rules in use, multiplied over the layers: upwards He's mean square of 2 / fan_in, downwards PyTorch's
    1 / (3 fan_in) or Xavier's 2 / (fan_in + fan_out), whichever is less; with room for the chance of drawing.  So they
    do not depend on the width of a layer.
    """
    found, low, high, chance = sizes(patient, patient.start), 1.0, 1.0, 0.0
    for name in found:
        fan_in, fan_out = patient.start[f"{name}.weight"].shape
        middle = (fan_in + fan_out) / 2
        low *= min(middle / (3 * fan_in), 1.0)
        high *= 2 * middle / fan_in
        chance += 2 / (fan_in * fan_out)  # the variance of the logarithm of a mean square
    low, high = low * float(np.exp(-Z * chance**0.5)), high * float(np.exp(Z * chance**0.5))
    total = float(np.prod(list(found.values()))) if found else 1.0
    if found and not low <= total <= high:
        worst = max(found, key=lambda n: abs(np.log(max(found[n], 1e-30))))

        def as_bad(values: dict[str, Array]) -> bool:
            drawn = float(np.prod(list(sizes(patient, values).values())))
            return not drawn <= high if total > high else drawn < low

        facts = {"layer": worst, "gain": found[worst], "total": total, "low_limit": low, "high_limit": high,
                 "how": "large" if total > high else "small", **lottery(patient, as_bad)}  # fmt: skip
        yield Finding("DR202", "suspected", facts, INITIAL)


def sizes(patient: Patient, values: dict[str, Array]) -> dict[str, float]:
    """The mean square of each layer's weights, times the mean of its fans."""
    found = {}
    for name in patient.units:
        weight = values.get(f"{name}.weight")
        if weight is not None and weight.ndim == 2 and weight.size > 1:
            found[name] = float((weight.astype(np.float64) ** 2).mean() * sum(weight.shape) / 2)
    return found


@check("DR203", number=8, category="bad_init", stage="start", explains=("DR201", "DR503", "DR504", "DR402", "DR403"))
def symmetry(patient: Patient) -> Iterator[Finding]:
    """Hidden units of a layer that begin with the same weights; while they get the same gradients they stay the same.

    That they do is proved by the end of the training, where they are still the same.
    """
    for name, (_, where) in patient.units.items():
        weight = patient.start.get(f"{name}.weight")
        if (
            where != "hidden"
            or weight is None
            or weight.ndim != 2
            or weight.shape[1] < 2
            or not same_units(patient.start, name)
        ):
            continue
        still = same_units(patient.end, name)
        spread, ulp = apart(patient.start, name)
        facts = {"layer": name, "units": weight.shape[1], "how": "still" if still else "parted", "spread": spread,
                 "ulp": ulp}  # fmt: skip
        yield Finding("DR203", "proved" if still else "suspected", facts, INITIAL)
        return


def same_units(values: dict[str, Array], layer: str) -> bool:
    """Whether all units of a layer have the same weights and biases, but for what rounding does to the last digit."""
    spread, few_ulp = apart(values, layer)
    return spread <= few_ulp


def apart(values: dict[str, Array], layer: str) -> tuple[float, float]:
    """By how much the weights and biases of a layer's units differ at most, and how much rounding may make of it."""
    weight = np.vstack(
        [values[f"{layer}.weight"], values.get(f"{layer}.bias", np.zeros(values[f"{layer}.weight"].shape[1]))]
    )
    largest = float(np.abs(weight).max())
    return float(np.ptp(weight, axis=1).max()), ULP * float(np.spacing(values[f"{layer}.weight"].dtype.type(largest)))


def gains(patient: Patient) -> dict[str, float]:
    """By which factor the root mean square grows from a layer's inputs to its sums u, before the first step."""
    names = [n for n in patient.units if patient.start.get(f"{n}.weight", np.zeros(0)).ndim == 2]
    values = patient.values("start", tuple(f"{n}.u" for n in names))
    size = float(np.sqrt((patient.x**2).mean()))
    found = {}
    for name in names:
        now = float(np.sqrt((values[f"{name}.u"].astype(np.float64) ** 2).mean()))
        found[name] = now / size if size > 0 else float("nan")
        size = now
    return found

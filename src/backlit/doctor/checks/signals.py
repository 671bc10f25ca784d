"""Numbers that grow until they break: error signals and gradients that explode, and where the first one broke."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change
from ..vitals import Look
from .pace import new_rate

GROWTH = 4.0  # 1 / the largest slope of the sigmoid: as much above 1 as a sigmoid at its best is below
IN_A_ROW = 5  # looks: that five numbers stand in rising order by chance has the probability 1/120


@check("DR302", number=10, category="exploding", stage="course", explains=("DR305", "DR503", "DR504"))
def exploding(patient: Patient) -> Iterator[Finding]:
    """Error signals that grow from layer to layer on their way back, or gradients that grow from step to step."""
    looks = patient.course
    if not looks:
        return
    change = [Change("initial", initial="he")]
    if patient.rate:
        change.append(new_rate(patient.rate / 10))
    if (norm := _norm(looks[0])) > 0 and not patient.settings.get("clip_value"):
        change.append(Change("clip_norm", settings={"clip_norm": float(f"{norm:.2g}")}, facts={"norm": norm}))
    size = error_signals(patient, looks[:1])
    names = list(size)
    if len(names) > 2 and size[names[-1]] > 0:
        ratio = size[names[0]] / size[names[-1]]
        factor = ratio ** (1 / (len(names) - 1))
        if not factor <= GROWTH:
            facts = {"how": "layers", "layer": names[0], "last": names[-1], "ratio": ratio, "factor": factor,
                     "layers": len(names), "step": looks[0].step}  # fmt: skip
            yield Finding("DR302", "suspected", facts, tuple(change))
            return
    at = _overflow(patient, looks)
    if at is not None:
        last = looks[-IN_A_ROW:]
        facts = {"how": "steps", "least": _norm(last[0]), "last": _norm(last[-1]), "from": last[0].step,
                 "step": last[-1].step, "overflow": at}  # fmt: skip
        yield Finding("DR302", "suspected", facts, tuple(change))


def error_signals(patient: Patient, looks: list[Look]) -> dict[str, float]:
    """The size (root mean square) of δᵘ of the layers, from the first to the last, in the middle of these looks."""
    names = [n for n in patient.units if looks and "mean(δᵘ²)" in looks[0].units.get(n, {})]
    with np.errstate(all="ignore"):
        return {n: float(np.sqrt(np.median([o.units[n]["mean(δᵘ²)"].mean() for o in looks]))) for n in names}


def _norm(look: Look) -> float:
    """The root of the mean square of the gradient, over the parameters' own."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(sum(p["g"] ** 2 for p in look.parameters.values())))


def _overflow(patient: Patient, looks: list[Look]) -> int | None:
    """The step at which gradients that grew in each of the last looks leave the range; None if not in this training."""
    norms = np.array([_norm(look) for look in looks[-IN_A_ROW:]])
    steps = np.array([look.step for look in looks[-IN_A_ROW:]], float)
    good = np.isfinite(norms) & (norms > 0)
    if len(norms) < IN_A_ROW or not (np.diff(norms[good]) > 0).all() or good.sum() < 2:
        return None
    if not good.all():
        return int(steps[~good][0])
    pace = np.polyfit(steps, np.log(norms), 1)[0]
    limit = float(np.log(np.finfo(str(patient.settings.get("dtype", "float32"))).max))
    at = float(steps[-1] + (limit - np.log(norms[-1])) / pace)
    planned = int(patient.settings["epochs"]) * int(patient.settings.get("steps_per_epoch") or 1)
    return int(at) if at <= planned else None


@check("DR305", number=26, category="", stage="course", symptom=True)
def not_finite(patient: Patient) -> Iterator[Finding]:
    """The first operation in forward order whose operands were finite and whose result is not."""
    told = patient.trouble
    if not told or "word" not in told:
        return
    given = dict(told.get("given") or {})
    row, word, source = told["row"], told["word"], told.get("source", "")
    all_rows = row is None and told.get("way") in ("forward", "backward")
    facts = {
        "how": f"{told.get('way', 'forward')}{'_rows' if all_rows else ''}",
        "epoch": told.get("epoch", 1), "step": told.get("step", 1), "number": told["number"], "op": told["op"],
        "word": word, "source": source, "operation": f"{word} ({source})" if source not in ("", word) else word,
        "value": told["value"], "layer": told.get("layer", ""), "parameter": told.get("parameter", ""),
        "place": list(told.get("place") or ()), "at": _at(told), "row": "-" if row is None else row, "line": "",
        "batch_row": told.get("batch_row"), "dtype": str(patient.settings.get("dtype", "float32")),
        "result": f"{told['result']:g}", "given": given,
        "operands": ", ".join(f"{n} = {v:g}" for n, v in given.items()),
    }  # fmt: skip
    yield Finding("DR305", "proved", facts)


def _at(told: Mapping[str, Any]) -> str:
    """Where the number stands, all counted from 0: dense1.o[2] is that of unit 2, x[7, 1] row 7 and column 1."""
    value, unit = str(told["value"]), list(told.get("unit") or ())
    if told.get("way") == "data":
        unit = [told["row"], *unit]
    at = f"[{', '.join(map(str, unit))}]" if unit else ""
    if told.get("parameter"):
        return f"{told['parameter']}{at}" if value == "θ" else f"{value}({told['parameter']}{at})"
    named = f"{told.get('layer') or 'E'} ({value})" if value.startswith("%") else value  # in no layer: of the loss
    return f"{named}{at}"

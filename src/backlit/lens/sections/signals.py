"""How u, o, f′ and δᵘ of each layer are spread over its units and some rows, at the start and at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...messages import say
from ...report.numbers import measured as written
from ...report.numbers import percent
from ...report.parts import Figure, Section, Table
from . import panels

if TYPE_CHECKING:
    from ..trace import Recording

Array = np.ndarray[Any, Any]
BINS, LAYERS = 32, 12
SYMBOLS = ("u", "o", "f′", "δᵘ")
FLAT = 0.01  # below it a slope counts as flat


def measured(start: Recording, end: Recording) -> dict[str, Any]:
    """Both recordings are of the same rows, before the first step and after the last.

    Returns rows, and for each layer (at most twelve, from the first and the last) and each value the edges of the bins
    and how many values are in each, and some figures: mean, spread, the share of f′ that is 0 and below 0.01, the mean
    |δᵘ|.  δᵘ is counted by its size: the bins are of log₁₀|δᵘ|, zeros are told apart.
    """
    names = [name[:-2] for name in start.before if name.endswith(".u") and f"{name[:-2]}.o" in start]
    shown = names if len(names) <= LAYERS else [*names[: LAYERS // 2], *names[-LAYERS // 2 :]]
    layers = []
    for name in shown:
        known = [s for s in SYMBOLS if f"{name}.{s}" in start and f"{name}.{s}" in end]
        pairs = {s: [np.asarray(r[f"{name}.{s}"], np.float64).ravel() for r in (start, end)] for s in known}
        layers.append({"name": name, "values": {s: _spread(s, *pair) for s, pair in pairs.items()}})
    return {"rows": start.rows, "layers": layers, "of": len(names)}


def _spread(symbol: str, before: Array, after: Array) -> dict[str, Any]:
    """The bins of both, and figures of each."""
    made: dict[str, Any] = {"start": _figures(symbol, before), "end": _figures(symbol, after)}
    if symbol == "δᵘ":
        before, after = (np.log10(np.abs(a[a != 0])) for a in (before, after))
    kept = [a[np.isfinite(a)] for a in (before, after)]
    both = np.concatenate(kept)
    if not len(both):
        return {**made, "low": 0.0, "high": 1.0, "counts": [[0] * BINS, [0] * BINS]}
    low, high = float(both.min()), float(both.max())
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-30):
        low, high = low - 0.5, high + 0.5
    counts = [np.histogram(a, BINS, (low, high))[0].tolist() for a in kept]
    return {**made, "low": low, "high": high, "counts": counts}


def _figures(symbol: str, values: Array) -> dict[str, float]:
    finite = values[np.isfinite(values)]
    told: dict[str, float] = {"values": len(values), "not_finite": len(values) - len(finite)}
    if not len(finite):
        return told
    told |= {"mean": float(finite.mean()), "spread": float(finite.std())}
    if symbol == "f′":
        told |= {"zero": float((finite == 0).mean()), "flat": float((np.abs(finite) < FLAT).mean())}
    if symbol == "δᵘ":
        told |= {"zero": float((finite == 0).mean()), "size": float(np.abs(finite).mean())}
    return told


def signals(found: Mapping[str, Any] | None, left_out: Sequence[str] = ()) -> Section:
    """A drawing for each layer, and a table of all."""
    section = Section("signals", say("lens.signals_title"), notes=list(left_out))
    if found is None or not found["layers"]:
        return section
    section.intro = [say("lens.signals_intro", rows=f"{found['rows']:,}")]
    section.figures = [_figure(layer) for layer in found["layers"]]
    section.tables = [_health(found["layers"])]
    section.below = True
    if found["of"] > len(found["layers"]):
        section.notes.append(say("lens.signals_some", shown=len(found["layers"]), layers=found["of"]))
    return section


def _health(layers: Sequence[Mapping[str, Any]]) -> Table:
    """Start → end of what tells most: where u lies, how many slopes are flat, how large the error signal is."""
    head = [say("lens.layer"), *(say(f"lens.health_{key}") for key in ("u", "o", "flat", "zero", "size"))]
    rows = []
    for layer in layers:
        values = layer["values"]
        rows.append([
            layer["name"],
            *(_both(values.get(s), lambda f: f"{written(f['mean'])} ± {written(f['spread'])}") for s in ("u", "o")),
            *(_both(values.get("f′"), lambda f, key=key: percent(f[key])) for key in ("flat", "zero")),
            _both(values.get("δᵘ"), lambda f: written(f["size"])),
        ])  # fmt: skip
    return Table(say("lens.health_caption"), head, rows, notes=[say("lens.health_note")])


def _both(found: Mapping[str, Any] | None, told: Any) -> str:
    if found is None:
        return "–"
    return " → ".join(told(found[when]) if "mean" in found[when] else "NaN" for when in ("start", "end"))


def _figure(layer: Mapping[str, Any]) -> Figure:
    title = say("lens.signals_of", layer=layer["name"])
    key = f"signals-{panels.slug(layer['name'])}"
    rows = [
        [symbol, say(f"lens.{when}"), *(written(each[when].get(k)) for k in ("mean", "spread"))]
        for symbol, each in layer["values"].items()
        for when in ("start", "end")
    ]
    head = ["", "", say("lens.mean"), say("lens.spread")]
    described = say("lens.signals_about", layer=layer["name"])
    svg, wide = panels.row(key, title, described, layer["values"])
    notes = [
        say("lens.not_finite", symbol=symbol, when=say(f"lens.{when}"), count=each[when]["not_finite"])
        for symbol, each in layer["values"].items()
        for when in ("start", "end")
        if each[when]["not_finite"]
    ]
    return Figure(key, title, described, svg, Table(title, head, rows, words=2), wide, notes)

"""The sections that show what was measured: scores, curves, confusion matrix or errors, baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import curves, heat, residuals
from .facts import finite, items, number, part, series, text
from .judged import intervals, worst
from .numbers import count, duration, measured, percent
from .parts import Section, Table
from .verdict import SETS, is_regression, target
from .words import Words

WIDE, HALF = 760, 488  # pixels: a figure alone, and one of two side by side
METRICS = ("accuracy", "exact", "loss", "rmse", "mae", "r2")


def scores(run: dict[str, Any], words: Words) -> Table | None:
    """What was measured on each part of the data; belongs to the verdict."""
    result = part(run, "result")
    parts = [name for name in reversed(SETS) if part(result, name)]
    keys = [key for key in METRICS if any(key in part(result, name) for name in parts)]
    if not keys:
        return None
    split = part(part(run, "data"), "split")
    rows = []
    for name in parts:
        cells = [_score(key, part(result, name)) for key in keys]
        rows.append([words(f"set_{name}"), count(finite(split.get(name))) or "–", *cells])
    head = ["", words("rows"), *(words(f"score_{key}_name") for key in keys)]
    return Table(words("scores_caption"), head, rows)


def _score(key: str, found: dict[str, Any]) -> str:
    value = number(found.get(key))
    return (percent(value) if key in ("accuracy", "exact") else measured(value)) or "–"


def effort(run: dict[str, Any], words: Words) -> list[tuple[str, str]]:
    """How long the training was; belongs to the verdict."""
    result = part(run, "result")
    per_step = finite(result.get("microseconds_per_step"))
    facts = [
        (words("epochs_run"), count(finite(result.get("epochs")))),
        (words("best_epoch"), count(finite(result.get("best_epoch")))),
        (words("steps"), count(finite(result.get("steps")))),
        (words("time"), duration(finite(result.get("seconds")))),
        (words("per_step"), f"{measured(per_step)}\u00a0µs" if per_step is not None else ""),
    ]
    return [(name, value) for name, value in facts if value]


def learning(run: dict[str, Any], history: Sequence[Any], words: Words) -> Section:
    """Loss and, for classes, accuracy over the epochs, with the best epoch marked."""
    section = Section("curves", words("curves_title"))
    loss = _curves(history, "loss", words)
    accuracy = [] if is_regression(run) else _curves(history, "accuracy", words)
    if (exact := series(history, "valid_exact")).points:  # several labels a row
        accuracy = [curves.Curve(c.series, words("curve_labels"), c.shape, c.class_) for c in accuracy]
        accuracy.append(curves.Curve(exact, words("curve_exact"), "diamond", "third"))
    best = _best(run, history)
    wide = HALF if loss and accuracy else WIDE
    if loss:
        section.figures.append(curves.figure("loss", loss, words, best, wide))
    if accuracy:
        section.figures.append(curves.figure("accuracy", accuracy, words, best, wide, shares=True))
    if not section.figures and isinstance(run.get("result"), dict):
        section.notes = [words("no_history")]
    return section


def _curves(history: Sequence[Any], key: str, words: Words) -> list[curves.Curve]:
    """The training curve and the validation curve, as far as they were recorded."""
    both = [
        curves.Curve(series(history, f"train_{key}"), words("curve_train"), "dot", "train"),
        curves.Curve(series(history, f"valid_{key}"), words("curve_valid"), "triangle", "valid"),
    ]
    return [curve for curve in both if curve.series.points]


def _best(run: dict[str, Any], history: Sequence[Any]) -> int | None:
    """The epoch that the run names, else the one with the lowest validation loss."""
    named = finite(part(run, "result").get("best_epoch"))
    if named is not None:
        return int(named)
    good = series(history, "valid_loss").good
    return min(good, key=lambda point: point[1])[0] if good else None


def confusion(run: dict[str, Any], words: Words) -> Section:
    """Which class was taken for which."""
    section = Section("confusion", words("confusion_heading"))
    found = part(run, "confusion")
    classes = items(found, "classes") or items(part(run, "data"), "classes")
    made = heat.matrix(classes, items(found, "counts"))
    if made:
        section.figures = [heat.figure(made, words)]
        pairs = heat.pairs_table(made, words)
        section.tables = [table for table in (pairs, worst(run, words)) if table]
    return section


def errors(run: dict[str, Any], words: Words) -> Section:
    """Predicted against true values and the errors, for regression."""
    section = Section("errors", words("errors_heading"))
    found = part(run, "residuals")
    t, o = items(found, "t"), items(found, "o")
    points = residuals.pairs(t, o)
    named = text(found, "target") or target(run) or words("target")
    if points:
        facts = residuals.summary(points)
        section.intro = [words("errors_summary", target=named, **facts)]
        section.figures = [
            residuals.scatter(points, named, words, HALF),
            residuals.histogram(points, named, words, HALF),
        ]
    rows = worst(run, words) if is_regression(run) else None
    section.tables = [rows] if rows else []
    left_out = max(len(t), len(o)) - len(points)
    if left_out:
        section.notes = [words("errors_left_out", count=count(left_out), total=count(max(len(t), len(o))))]
    return section


def baselines(run: dict[str, Any], words: Words) -> Section:
    """The network beside the constant answer and the linear model; the best value of a column is marked."""
    section = Section("baselines", words("baselines_title"))
    result = part(run, "result")
    network = next((part(result, name) for name in SETS if part(result, name)), {})
    others = part(run, "baselines")
    models = [("network", network), *((name, part(others, name)) for name in others)]
    models = [(name, found) for name, found in models if found]
    # What only the network was measured by compares with nothing.
    keys = [key for key in METRICS if sum(key in found for _, found in models) > 1]
    if len(models) > 1 and keys:
        best = {key: _best_model(key, models) for key in keys}
        rows = []
        for name, found in models:
            cells = [("✓ " if best[key] == name else "") + _score(key, found) for key in keys]
            rows.append([words(f"model_{name}") if words.known(f"model_{name}") else name, *cells])
        head = [words("model"), *(words(f"score_{key}_name") for key in keys)]
        section.intro = [words("baselines_intro")]
        section.tables = [Table(words("baselines_caption"), head, rows, notes=[words("baselines_marked")])]
    if more := intervals(run, words):  # it holds all of the other table, and more
        section.tables = [more]
    return section


def _best_model(key: str, models: list[tuple[str, dict[str, Any]]]) -> str | None:
    """The model that is best in `key`: high for accuracy and R², low for the rest."""
    known = [(name, value) for name, found in models if (value := finite(found.get(key))) is not None]
    sign = 1 if key in ("accuracy", "exact", "r2") else -1
    return max(known, key=lambda pair: sign * pair[1])[0] if len(known) > 1 else None

"""How far the figures can be believed: intervals, worst rows, calibration, importance, the size of the data."""

from __future__ import annotations

from typing import Any

from . import charts
from .facts import finite, items, number, part, text
from .numbers import count, measured, percent
from .parts import Figure, Section, Table
from .verdict import SETS, is_multilabel, is_regression
from .words import Words

MOST_LABELS = 200
SHOWN = 20  # columns with a bar
HIGHER = (
    "accuracy",
    "exact",
    "balanced_accuracy",
    "f1",
    "f1_micro",
    "f1_macro",
    "roc_auc",
    "r2",
)  # the higher the better
SHARES = ("accuracy", "exact", "balanced_accuracy", "hamming", "precision", "recall")  # written as percentages
WIDE, HALF = 760, 488


def score(key: str, value: Any) -> str:
    """A score as it is written: shares as percentages."""
    found = number(value)
    return (percent(found) if key in SHARES else measured(found)) or "–"


def _known(key: str, value: Any) -> str:
    """The same, where NaN says that there is none."""
    found = number(value)
    return "–" if found is None or found != found else score(key, found)


def intervals(run: dict[str, Any], words: Words) -> Table | None:
    """Every score of the judged rows with its interval, beside the simple models."""
    found = part(run, "scores")
    others = {name: part(part(run, "baselines"), name) for name in ("constant", "linear")}
    others = {name: facts for name, facts in others.items() if facts}
    rows = []
    for key in found:
        own = part(found, key)
        if not own:
            continue
        values = [finite(own.get("value")), *(finite(facts.get(key)) for facts in others.values())]
        known = [value for value in values if value is not None]
        best = (max if key in HIGHER else min)(known) if len(known) > 1 else None
        cells = [("✓ " if value is not None and value == best else "") + score(key, value) for value in values]
        ends = [_known(key, own.get(end)) for end in ("low", "high")]
        named = words(f"score_{key}_name") if words.known(f"score_{key}_name") else key
        rows.append([named, cells[0], *ends, *cells[1:]])
    if not rows:
        return None
    head = [words("score"), words("model_network"), words("interval_low"), words("interval_high")]
    head += [words(f"model_{name}") for name in others]
    notes = [words("baselines_marked_row")] if others else []
    return Table(words("intervals_caption"), head, rows, notes=[*notes, words("intervals_note")])


def worst(run: dict[str, Any], words: Words) -> Table | None:
    """The rows that were missed most."""
    found = [row for row in items(run, "worst") if isinstance(row, dict)]
    if not found:
        return None
    last = next((key for key in ("error", "output", "output_true") if key in found[0]), "share_true")
    several, numbers = any("target" in row for row in found), last == "error"
    keys, lines = [*(["target"] if several else []), "true", "predicted", last], "line" in found[0]
    rows = []
    for row in found:
        cells = [count(finite(row.get("line" if lines else "row"))) or "–"]
        for key in keys:
            value = row.get(key)
            if last == "output" and key in ("true", "predicted"):  # a label, told or not
                value = words("yes" if value else "no")
            shown = percent(finite(value)) if key == "share_true" else ""
            cells.append(shown or (measured(finite(value), 4) if isinstance(value, (int, float)) else str(value)))
        rows.append(cells)
    named = {"target": words("label_name")} if last == "output" else {}
    head = [words("worst_line" if lines else "worst_row"), *(named.get(key) or words(f"worst_{key}") for key in keys)]
    texts = 4 if last == "output" else 3 - numbers - (numbers and not several)
    notes = [words("worst_note_lines" if lines else "worst_note")]
    return Table(words("worst_caption"), head, rows, words=texts, notes=notes)


def labels(run: dict[str, Any], words: Words) -> Section:
    """Of several labels a row, each one by itself."""
    section = Section("labels", words("labels_heading"))
    found = [one for one in items(run, "labels") if isinstance(one, dict)]
    if not found:
        return section
    counts, keys = ("rows", "told", "right"), ("accuracy", "precision", "recall", "f1", "roc_auc")
    head = [words("label_name"), *(words(f"label_{key}") for key in (*counts, *keys))]
    rows = [
        [str(one.get("label")), *(count(finite(one.get(key))) or "–" for key in counts)]
        + [_known(key, one.get(key)) for key in keys]
        for one in found[:MOST_LABELS]
    ]
    notes = [words("labels_note")]
    if text(part(run, "data"), "weight"):
        notes.append(words("labels_note_weighted"))
    if len(found) > len(rows):
        notes.append(words("labels_some", shown=count(len(rows)), total=count(len(found))))
    tables = [Table(words("labels_caption"), head, rows, notes=notes), worst(run, words)]
    section.tables = [table for table in tables if table]
    return section


def calibration(run: dict[str, Any], words: Words) -> Section:
    """Whether shares can be taken at their word."""
    section = Section("calibration", words("calibration_title"))
    found = part(run, "calibration")
    bins = [b for b in items(found, "bins") if isinstance(b, dict) and finite(b.get("share")) is not None]
    error = finite(found.get("error"))
    if not bins or error is None:
        return section
    both = [(float(b["share"]), finite(b.get("right")) or 0.0) for b in bins]
    counts = [finite(b.get("rows")) or 0.0 for b in bins]
    surer = sum(n * (share - right) for n, (share, right) in zip(counts, both, strict=True)) > 0
    intro = "calibration_intro_labels" if is_multilabel(run) else "calibration_intro"
    section.intro = [words(intro), words("calibration_error", error=percent(error))]
    title = words("calibration_figure")
    description = words("calibration_described", bins=count(len(bins)), error=percent(error))
    exact = words("calibration_exact")
    svg = charts.points(
        "calibration", title, description, [charts.Line(both, words("calibration_right"), "dot", "train", counts)],
        (words("calibration_share"), words("calibration_right")), HALF, square=True, diagonal=exact,
    )  # fmt: skip
    head = [words("calibration_bin"), words("rows"), words("calibration_share"), words("calibration_right")]
    rows = [
        [f"{percent(finite(b.get('low')))} – {percent(finite(b.get('high')))}", count(finite(b.get("rows")))]
        + [percent(finite(b.get(key))) for key in ("share", "right")]
        for b in bins
    ]
    table = Table(words("calibration_caption"), head, rows)
    notes = [words("calibration_sure" if surer else "calibration_modest")]
    section.figures = [Figure("calibration", title, description, svg, table, HALF, notes)]
    return section


def importance(run: dict[str, Any], words: Words) -> Section:
    """What each column is worth to the network."""
    section = Section("importance", words("importance_title"))
    found = [
        (str(f.get("feature")), float(mean), finite(f.get("spread")) or 0.0)
        for f in items(run, "importance")
        if isinstance(f, dict) and (mean := finite(f.get("mean"))) is not None
    ]
    if not found:
        return section
    measure = words("score_r2_name" if is_regression(run) else "score_accuracy_name")
    section.intro = [words("importance_intro", measure=measure)]
    shown = found[:SHOWN]
    title = words("importance_figure")
    description = words(
        "importance_described", columns=count(len(found)), first=shown[0][0], value=measured(shown[0][1])
    )
    axis = words("importance_axis", measure=measure)
    svg = charts.bars("importance", title, description, shown, axis, WIDE)
    head = [words("importance_column"), words("importance_mean", measure=measure), words("importance_spread")]
    rows = [[name, measured(mean), measured(spread)] for name, mean, spread in found[:200]]
    notes = [words("importance_some", shown=count(len(shown)), total=count(len(found)))] if len(found) > SHOWN else []
    table = Table(words("importance_caption"), head, rows)
    section.figures = [Figure("importance", title, description, svg, table, WIDE, [words("importance_lines"), *notes])]
    return section


def sizes(run: dict[str, Any], words: Words) -> Section:
    """How good the network is after learning from fewer rows: whether more data would help."""
    section = Section("sizes", words("sizes_title"))
    found = [s for s in items(run, "data_sizes") if isinstance(s, dict) and finite(s.get("rows"))]
    key = "r2" if is_regression(run) else "accuracy"
    judged = next((name for name in SETS if found and all(part(s, name) for s in found)), None)
    if judged is None or len(found) < 2:
        return section
    lines = []
    for name, shape, class_ in (("train", "dot", "train"), (judged, "triangle", "valid")):
        pairs = [(float(s["rows"]), finite(part(s, name).get(key))) for s in found]
        good = [(rows, value) for rows, value in pairs if value is not None]
        if good and (name != "train" or judged != "train"):
            lines.append(charts.Line(good, words(f"set_{name}"), shape, class_))
    if not lines:
        return section
    measure = words(f"score_{key}_name")
    section.intro = [words("sizes_intro")]
    title = words("sizes_figure", measure=measure)
    first, last = lines[-1].points[0], lines[-1].points[-1]
    write = percent if key == "accuracy" else measured
    facts = {"first": count(first[0]), "start": write(first[1]), "last": count(last[0]), "end": write(last[1])}
    description = words("sizes_described", **facts)
    svg = charts.points(
        "sizes", title, description, lines, (words("sizes_rows"), measure), WIDE, shares=key == "accuracy"
    )
    head = [words("sizes_rows"), *(found_line.name for found_line in lines)]
    rows = [
        [count(s["rows"]), *(score(key, part(s, n).get(key)) for n in dict.fromkeys(("train", judged)))] for s in found
    ]
    section.figures = [Figure("sizes", title, description, svg, Table(title, head, rows), WIDE)]
    return section

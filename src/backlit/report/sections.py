"""The sections of the page in their order; one that has nothing to say is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import boxes, diagnosed, downloads
from .evidence import baselines, confusion, errors, learning
from .facts import finite, items, part, text
from .judged import calibration, importance, labels, sizes
from .numbers import count
from .parts import Section
from .verdict import SETS, target
from .words import Words


def sections(run: dict[str, Any], history: Sequence[Any], words: Words, more: Sequence[Section] = ()) -> list[Section]:
    """All sections after the verdict that have something to say, those that somebody else made among them."""
    found = [
        settings(run, words),
        start(run, words),
        data(run, words),
        architecture(run, words),
        learning(run, history, words),
        confusion(run, words),
        errors(run, words),
        labels(run, words),
        baselines(run, words),
        calibration(run, words),
        importance(run, words),
        sizes(run, words),
        *more,
        diagnosed.section(run, words),
        reproduce(run, words),
        downloads.section(run, history, words),
    ]
    shown = [section for section in found if not section.empty()]
    return [*shown, glossary(run, history, {section.key for section in shown}, words)]


def settings(run: dict[str, Any], words: Words) -> Section:
    """Every setting as it was given, in the order of the run."""
    section = Section("settings", words("settings_title"))
    for key, value in part(run, "settings").items():
        if value is not None and value != "":
            named = words(f"setting_{key}") if words.known(f"setting_{key}") else key
            section.facts.append((named, _given(value, words)))
    return section


def start(run: dict[str, Any], words: Words) -> Section:
    """For a training that began with the weights of a model: what came from it and what is new."""
    section = Section("start", words("start_title"))
    found = part(run, "start")
    if not found:
        return section
    taken = [str(name) for name in items(found, "taken")]
    layers = [
        text(row, "name") for row in items(run, "architecture") if isinstance(row, dict) and row.get("parameters")
    ]
    new = [name for name in layers if name not in taken]
    section.intro = [words("start_kept" if text(found, "head") == "kept" else "start_new")]
    facts = [
        (words("start_model"), text(found, "model")),
        (words("start_taken"), words.listed(taken)),
        (words("start_drawn"), words.listed(new)),
        (words("start_frozen"), words.listed([str(name) for name in items(found, "frozen")])),
    ]
    section.facts = [(name, value) for name, value in facts if value]
    return section


def _given(value: Any, words: Words) -> str:
    """A setting as one would type it: no rounding."""
    if isinstance(value, bool):
        return words("yes" if value else "no")
    if isinstance(value, list):
        return ", ".join(_given(item, words) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={_given(item, words)}" for key, item in value.items())
    return str(value)


def data(run: dict[str, Any], words: Words) -> Section:
    """The table that was learnt from: where it comes from, its size, its parts."""
    found = part(run, "data")
    section = Section("data", words("data_title"))
    split = []
    for name, value in part(found, "split").items():
        if (rows := finite(value)) is not None:
            named = words(f"set_{name}") if words.known(f"set_{name}") else name
            split.append(words("split_part", name=named, rows=count(rows)))
    task = text(found, "task")
    stratified = found.get("stratified")
    facts = [
        (words("data_name"), text(found, "name")),
        (words("rows"), count(finite(found.get("rows")))),
        (words("task"), words(f"task_{task}") if words.known(f"task_{task}") else task),
        (words("target"), target({"data": found})),
        (words("stratified"), words("yes" if stratified else "no") if isinstance(stratified, bool) else ""),
        ("SHA-256", f"{text(found, 'sha256')[:12]}…" if text(found, "sha256") else ""),
        (words("split"), words.listed(split)),
        (words("features"), _named(items(found, "features"), words)),
        (words("classes"), _named(items(found, "classes"), words)),
        (words("weight"), text(found, "weight")),
    ]
    section.facts = [(name, value) for name, value in facts if value]
    source = [text(found, "source")] if text(found, "source") else []
    section.intro, section.notes = (source, []) if section.facts else ([], source)
    return section


def _named(names: list[Any], words: Words) -> str:
    """How many there are and what they are called; the middle of a long list is left out."""
    shown = [str(name) for name in names]
    if len(shown) > 12:
        shown = [*shown[:8], "…", *shown[-2:]]
    return words("named", count=count(len(names)), names=words.listed(shown)) if names else ""


def architecture(run: dict[str, Any], words: Words) -> Section:
    """The layers from left to right."""
    section = Section("architecture", words("architecture_heading"))
    features = len(items(part(run, "data"), "features"))
    found = boxes.layers(items(run, "architecture"), features, words)
    layers = sum(layer.place > 0 for layer in found)
    if layers:
        total = finite(run.get("parameters"))
        total = sum(layer.parameters for layer in found) if total is None else total
        section.intro = [words("architecture_intro", layers=count(layers), parameters=count(total))]
        section.figures = [boxes.figure(found, words)]
    return section


def reproduce(run: dict[str, Any], words: Words) -> Section:
    """The lines that repeat the run."""
    section = Section("reproduce", words("reproduce_title"))
    python = text(run, "python")
    if python and "import backlit" not in python and "backlit." in python:
        python = f"import backlit\n{python}"
    codes = [(words("on_the_command_line"), text(run, "command")), (words("in_python"), python)]
    if text(part(run, "config"), "source"):
        codes.append((words("from_its_folder"), "backlit train --config config.toml"))
    section.codes = [(name, code) for name, code in codes if code]
    versions = {"backlit": text(run, "backlit"), **part(run, "versions")}
    section.facts = [(words("version", name=name), str(value)) for name, value in versions.items() if value]
    if section.codes:
        section.intro = [words("reproduce_intro")]
    return section


def glossary(run: dict[str, Any], history: Sequence[Any], shown: set[str], words: Words) -> Section:
    """The terms that this page uses, and no others."""
    result = part(run, "result")
    measured_keys = {key for name in SETS for key in part(result, name)}
    accuracy = "accuracy" in measured_keys or any(
        isinstance(entry, dict) and "valid_accuracy" in entry for entry in history
    )
    uses = {
        "loss": True,
        "epoch": True,
        "learning_rate": True,
        "parameter": "architecture" in shown,
        "validation": True,
        "held_out": bool(part(result, "test")),
        "early": text(result, "stopped") == "early",
        "accuracy": accuracy and "exact" not in measured_keys,
        "accuracy_labels": accuracy and "exact" in measured_keys,
        "confusion": "confusion" in shown,
        "rmse": "rmse" in measured_keys,
        "r2": "r2" in measured_keys,
        "baseline": "baselines" in shown,
        "bootstrap": bool(part(run, "scores")),
        "auc": "roc_auc" in part(run, "scores"),
        "exact": "exact" in measured_keys,
        "hamming": "hamming" in part(run, "scores"),
        "precision": "labels" in shown,
        "brier": "brier" in part(run, "scores"),
        "calibration": "calibration" in shown,
        "importance": "importance" in shown,
    }
    terms = [(words(f"term_{key}"), words(f"meaning_{key}")) for key, used in uses.items() if used]
    return Section("glossary", words("glossary_title"), terms=terms)

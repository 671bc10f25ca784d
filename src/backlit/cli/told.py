"""What a training tells at its end: results beside baselines, intervals, why it ended, notices, where all is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..messages import say
from . import page, reading, tables

if TYPE_CHECKING:
    from ..training import Run

MEASURES = {"classification": ("accuracy",), "regression": ("rmse", "r2"), "multilabel": ("accuracy", "exact")}
PARTS = ("train", "validation", "test")


def tell(run: Run, *, report: bool) -> None:
    """The table of results, how the training ended, what is to be noticed, and where all is."""
    facts = run.describe()
    for headings, rows in results(facts):
        tables.table(headings, rows, strong=len(headings) - 1)
        page.out()
    for line in intervals(facts):
        page.out(line)
    page.out(ending(facts["result"]))
    if "start" in facts:
        page.out(say(f"cli_train.began_{facts['start']['head']}", **started(facts)))
    if probe := facts.get("rate_probe"):
        page.out(say("cli_train.rate_found" if probe["upwards"] else "cli_train.rate_kept", **probe))
    if not ({"test", "validation"} & set(facts["result"])):
        page.out(say("cli_train.nothing_held_out"))
    for notice in run.notices:
        reading.warn(notice)
    folder = run.folder
    if folder is not None and (line := found_line(run.facts.get("diagnosis") or {}, str(folder))):
        page.err(f"{say('cli.warning')}: {line}")
    if folder is not None:
        paths = {say("cli_train.model"): str(folder / "model.safetensors")}
        if report:
            paths[say("cli_train.report_path")] = str(folder / "report.html")
        tables.facts(paths)


def found_line(diagnosis: dict[str, Any], folder: str) -> str:
    """What the quick diagnosis found first, and how more is found out; "" where it found nothing."""
    from ..messages import language
    from ..report.findings import told

    found = told(diagnosis, language()).findings if diagnosis.get("findings") else []
    if not found:
        return ""
    return say("doctor_train.found", code=found[0].code, grade=found[0].grade, what=found[0].what, folder=folder)


def results(facts: dict[str, Any]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """For each measure headings and rows: the constant answer, the best linear model, this network.

    The last column is what counts: the rows that are furthest from the training.  The baselines were judged on them.
    """
    parts = [part for part in PARTS if part in facts["result"]]
    for key in MEASURES[facts["data"]["task"]]:
        rows = []
        for name in ("constant", "linear"):
            found = facts.get("baselines", {}).get(name)
            if found:
                blank = ["–"] * (len(parts) - 1)
                rows.append([say(f"cli_train.{name}"), *blank, tables.measured(key, found[key])])
        own = [tables.measured(key, facts["result"][part][key]) for part in parts]
        rows.append([say("cli_train.this_network"), *own])
        yield [tables.named(key), *(say(f"cli_train.part_{part}") for part in parts)], rows


def started(facts: dict[str, Any]) -> dict[str, Any]:
    """What a fine-tuning took over, froze and made anew."""
    start, layers = facts["start"], [row["name"] for row in facts["architecture"] if row["parameters"]]
    new = [name for name in layers if name not in start["taken"]]
    return {"model": start["model"], "taken": start["taken"], "new": new, "frozen": start["frozen"] or "–"}


def intervals(facts: dict[str, Any]) -> Iterator[str]:
    """How much chance of the judged rows is in the measures, where it was worked out (for the report)."""
    for key in MEASURES[facts["data"]["task"]]:
        found = facts.get("scores", {}).get(key, {})
        if math.isfinite(found.get("low", math.nan)):
            ends = {end: tables.measured(key, found[end]) for end in ("low", "high")}
            yield say("cli_train.interval", name=tables.named(key), rows=facts["data"]["split"][judged(facts)], **ends)


def judged(facts: dict[str, Any]) -> str:
    """The part of the rows that the run is judged on."""
    return next(part for part in reversed(PARTS) if part in facts["result"])


def ending(result: dict[str, Any]) -> str:
    """How long it went, and why no longer."""
    from ..report.numbers import duration

    why = say(f"cli_train.stopped_{str(result['stopped']).replace(' ', '_')}", best=result["best_epoch"])
    return say(
        "cli_train.ending",
        epochs=result["epochs"], why=why, time=duration(result["seconds"]).replace("\u00a0", " "),
        step=result["microseconds_per_step"] or 0.0,
    )  # fmt: skip

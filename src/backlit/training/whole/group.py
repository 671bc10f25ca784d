"""Several trainings of one kind: the folds of a cross-validation, or one split with several seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ...data import READING, Split, load, split
from ...errors import FileError, fail, nearest
from ...messages import language as chosen
from ...messages import say
from ...version import __version__
from ..loop.settings import Settings
from ..objects.ensemble import Ensemble, read_group
from ..objects.files import GROUP, load_network, write_atomic
from ..objects.network import Network
from ..objects.run import Run, read_run
from ..objects.showing import Shown
from ..rows import metrics
from ..rows.dividing import judged_part
from ..rows.label_scores import edge_of
from ..rows.weighting import load_weighted
from ..runs import defaults
from ..runs.configuring import UNWRITTEN, arguments, plain
from ..runs.keeping import Place, new_folder
from .judging import of
from .pipeline import train
from .progress import Progress
from .resuming import resume_run

LENGTHENED = ("epochs", "patience")
Watch = str | Progress | None | Callable[[str], Progress]


class Group(Shown):
    """The results of several trainings.

    Attributes
    ----------
    kind : "folds" or "seeds"
    members : dict
        Name → what run.json says of the run.
    network : Ensemble
        All networks together.
    result : dict
        "mean" and "std" (with n - 1) of each measure of the judged rows over the members, the same of the baselines in
        folds; with seeds "ensemble": the measures of the mean answer.
    folder : Path or None

    Examples
    --------
    >>> from backlit.training import repeat
    >>> group = repeat("iris", seeds=2, epochs=3, progress="none")
    >>> group.kind, list(group.members), sorted(group.result)
    ('seeds', ['seed-0', 'seed-1'], ['constant', 'ensemble', 'linear', 'network'])
    """

    def __init__(self, kind: str, folder: Path | None) -> None:
        self.kind, self.folder = kind, folder
        self.members: dict[str, dict[str, Any]] = {}
        self.networks: list[Network] = []
        self.result: dict[str, Any] = {}

    @property
    def network(self) -> Ensemble:
        return Ensemble(self.networks)

    def add(self, name: str, run: Run) -> None:
        """One more training that has come to its end."""
        self.members[name] = run.describe()
        self.networks.append(run.network)

    def judged(self) -> list[dict[str, float]]:
        """For each member the measures of the rows that it is judged on."""
        return [judged_result(facts["result"])[1] for facts in self.members.values()]

    def sum_up(self) -> None:
        """Mean and spread over the members."""
        rows = {"network": self.judged()}
        if self.kind == "folds":
            for name in ("constant", "linear"):
                found = [facts.get("baselines", {}).get(name) for facts in self.members.values()]
                rows |= {name: found} if all(found) else {}
        for who, measures in rows.items():
            kept = {}
            for key in measures[0]:
                values = np.array([row.get(key, np.nan) for row in measures], dtype=np.float64)
                kept[key] = {"mean": float(values.mean()), "std": float(values.std(ddof=1)) if len(values) > 1 else 0.0}
            self.result[who] = kept

    def describe(self) -> dict[str, Any]:
        """What group.json holds of the outcome."""
        first = next(iter(self.members.values()))
        return {
            "kind": self.kind, "count": len(self.members), "members": list(self.members), "name": first["name"],
            "data": first["data"], "result": self.result,
            "judged": dict(zip(self.members, self.judged(), strict=True)),
        }  # fmt: skip

    def report(self, path: str | Path | None = None, language: str | None = None) -> Path | str:
        """The report as one HTML file; without a path (and without a folder) its text."""
        from ...report import render_group

        target = Path(path) if path is not None else self.folder / "report.html" if self.folder else None
        facts = {**(read_group(self.folder) if self.folder else {}), **self.describe()}
        beside = None if target is None or target.parent != self.folder else target.parent
        links = beside is not None and all((beside / name / "report.html").exists() for name in self.members)
        page = render_group(facts, self.members, language or chosen(), links=links)
        return page if target is None else write_atomic(target, page.encode("utf-8"))

    def __repr__(self) -> str:
        return f"<Group of {len(self.members)} {self.kind}>"

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        """A row for each training, then mean and standard deviation."""
        found = self.result["network"]
        rows = [
            [name, *_figures(own.get(key) for key in found)]
            for name, own in zip(self.members, self.judged(), strict=True)
        ]
        rows += [[say(f"cli_train.{end}"), *_figures(of[end] for of in found.values())] for end in ("mean", "std")]
        return str(self), ["", *(say(f"cli.{key}") for key in found)], rows

    def _card(self) -> str:
        from ...report import cards
        from ...report.parts import Table

        title, head, rows = self._told()
        return cards.card(title, [], [Table(title, head, rows)], [], chosen())

    def __str__(self) -> str:
        found = self.result["network"]
        key = next(k for k in ("accuracy", "r2") if k in found)
        return f"{len(self.members)} {self.kind}: {key} {found[key]['mean']:.4f} ± {found[key]['std']:.4f}"


def _figures(values: Iterable[float | None]) -> list[str]:
    return ["–" if value is None else f"{value:.6g}" for value in values]


def judged_result(result: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """The part of the rows that a run is judged on, and its measures."""
    name = next(n for n in ("test", "validation", "train") if n in result)
    return name, result[name]


def repeat(source: Any, *, seeds: int, seed: int = 0, **asked: Any) -> Group:
    """Train `seeds` times on one split with the seeds seed, seed + 1 …: how much is chance, and an ensemble.

    Parameters
    ----------
    source, **asked
        As for `backlit.train`; the split stays that of `split_seed` (default: of `seed`).
    seeds : int
        How often, 1 or more.

    Returns
    -------
    Group

    Examples
    --------
    >>> group = repeat("iris", seeds=3, epochs=30, progress="none")
    >>> len(group.networks), sorted(group.result["network"]["accuracy"])
    (3, ['mean', 'std'])
    """
    _at_least("seeds", seeds, 1)
    return _several("seeds", source, {"seeds": seeds, "seed": seed, **asked})


def cross_validate(source: Any, *, folds: int, **asked: Any) -> Group:
    """Train `folds` times, each time with other rows held out, so that every row is judged once.

    Parameters
    ----------
    source, **asked
        As for `backlit.train`; there is no `test`.
    folds : int
        2 or more; classes are spread evenly over the folds.

    Returns
    -------
    Group

    Examples
    --------
    >>> group = cross_validate("iris", folds=3, epochs=30, progress="none")
    >>> [facts["data"]["split"]["test"] for facts in group.members.values()]
    [50, 50, 50]
    """
    _at_least("folds", folds, 2)
    if asked.get("test") is not None:
        raise fail("BL309", name="folds", other="test")
    return _several("folds", source, {"folds": folds, **asked})


def _plans(kind: str, asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each member its name and the words for `backlit.train`."""
    words = dict(asked)
    count = words.pop(kind)
    if kind == "folds":
        return {f"fold-{k + 1}": {**words, "fold": (k, count)} for k in range(count)}
    seed = words.pop("seed", 0)
    if words.get("split_seed") is None:
        words["split_seed"] = seed
    return {f"seed-{seed + k}": {**words, "seed": seed + k} for k in range(count)}


def _at_least(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 1000:
        raise fail("BL305", name=name, low=least, high=1000, value=value, where="train")


def _several(kind: str, source: Any, asked: dict[str, Any]) -> Group:
    """Train one after the other."""
    out, progress = asked.pop("out", None), asked.pop("progress", "auto")
    each = _plans(kind, asked)
    folder = None
    if out is not None:
        name = getattr(source, "name", None) or (Path(str(source)).stem if isinstance(source, (str, Path)) else "array")
        folder = new_folder(out, f"{name}-{kind}")
        begun = {"format": 1, "backlit": __version__, "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        told = {"kind": kind, "members": list(each), "asked": plain({"source": source, **asked})}
        _write(folder, {**begun, **told, **(asked.get("facts") or {})})
    return _run(Group(kind, folder), source, each, progress)


def _run(
    group: Group, source: Any, each: dict[str, dict[str, Any]], progress: Watch, longer: Mapping[str, Any] | None = None
) -> Group:
    folder = group.folder
    for number, (name, given) in enumerate(each.items()):
        words = dict(given)
        shown = progress(name) if callable(progress) else progress
        if group.kind == "seeds" and number:
            words["baselines"] = False  # the same rows, the same simple models
        run = _member(folder / name if folder else None, source, words, shown, longer or {})
        group.add(name, run)
    group.sum_up()
    if group.kind == "seeds":
        group.result["ensemble"] = _judge_together(group, source, next(iter(each.values())))
        first = next(iter(group.members.values()))
        group.result |= first.get("baselines", {})
    if folder is not None:
        _write(folder, {**read_group(folder), **group.describe()})
        if next(iter(each.values())).get("report", True):
            group.report()
    return group


def _member(
    folder: Path | None, source: Any, words: dict[str, Any], shown: str | Progress | None, longer: Mapping[str, Any]
) -> Run:
    """A training of its own; one that is there already is gone on with (for `longer` than before), or read."""
    if folder is None:
        return train(source, progress=shown, **words)
    if not (folder / "run.json").exists():
        folder.mkdir(exist_ok=True)
        return train(source, progress=shown, out=Place(folder, looks=False), **words)
    facts = read_run(folder)[0]
    more = {name: longer[name] for name in LENGTHENED if name in longer}
    ended = facts["result"]["stopped"] in ("epochs", "early", "converged")
    if ended and not more:
        return _read(folder)
    lost = facts.get("config", {}).get(UNWRITTEN, ())
    again = {n: words[n] for n in lost if n in words}
    try:
        return resume_run(folder, source=source, progress=shown, **again, **longer)
    except FileError as error:
        if not ended or error.code != "BL510":  # early stopping ended it, and more epochs change nothing
            raise
        return _read(folder)


def _read(folder: Path) -> Run:
    """A run that has come to its end, from its folder."""
    facts, history = read_run(folder)
    run = Run(load_network(folder), Settings.of())
    run.folder, run.history, run.result = folder, history, facts["result"]
    run.notices = facts.get("notices", [])
    run.facts = {k: v for k, v in facts.items() if k not in ("result", "notices", "architecture", "parameters")}
    return run


def _judge_together(group: Group, source: Any, given: dict[str, Any]) -> dict[str, float]:
    """The measures of the mean answer, on the rows that every member was judged on."""
    seed = given["split_seed"]
    wanted = {k: given[k] for k in ("target", "task", *READING) if given.get(k) is not None}
    column = given.get("sample_weight")
    table, weight = load(source, seed=seed, **wanted), None
    if isinstance(column, str):
        table, weight = load_weighted(source, column, seed=seed, **wanted)
    shares = {"test": defaults.TEST, "validation": defaults.VALIDATION}
    parts: Split = split(table, seed=seed, **{k: given.get(k, v) for k, v in shares.items()})
    rows = judged_part(parts)[1]
    together = group.network
    out, edge = together.predict(table.x[rows]), edge_of(together.loss)
    return metrics.measure(table.task, out, table.t[rows], edge, of(weight, rows))


# ---- on disk ----------------------------------------------------------------------------------------------------


def _write(folder: Path, facts: dict[str, Any]) -> None:
    write_atomic(folder / GROUP, json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8"))


def resume_group(
    folder: str | Path, *, source: Any = None, progress: Watch = "auto", epochs: int | None = None,
    patience: int | None = None, time_budget: float | None = None, report: bool | None = None, **again: Any,
) -> Group:  # fmt: skip
    """Go on with several trainings that were interrupted: what is finished stays, the rest is trained.

    With more epochs, or another patience, those that are finished go on, too, as far as there is something left to do.
    The time budget is that of each.  What no file can hold of the arguments has to be handed over `again` (BL513).
    """
    facts = read_group(folder)
    lost = facts["asked"].get(UNWRITTEN, ())
    for name in again:
        if name not in lost:
            known = [*lost, "source", *LENGTHENED, "time_budget", "progress", "report"]
            raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, known), where="resume")
    given = {"epochs": epochs, "patience": patience, "time_budget": time_budget, "report": report}
    longer = {name: value for name, value in given.items() if value is not None}
    kept = {name: value for name, value in longer.items() if name in LENGTHENED}
    if kept:
        facts["asked"] |= kept
        _write(Path(folder), facts)
    asked = arguments({**facts["asked"], **{n: v for n, v in again.items() if n in lost}}, folder)
    known = asked.pop("source", None)
    source = known if source is None else source
    if source is None:
        raise fail("BL513", path=folder, name="source")
    facts_of_all = {k: facts[k] for k in ("command", "python", "versions") if k in facts}
    each = _plans(facts["kind"], {**asked, **longer, "facts": facts_of_all})
    return _run(Group(facts["kind"], Path(folder)), source, each, progress, longer)

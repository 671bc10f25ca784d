"""What training costs beside its steps: the time to the first model, the import, a new shape; memory.

A *first model* is a whole process: Python starts, loads the library, reads the rows, trains a network and judges it
(`first/`).  Backlit has a cache folder of its own there, which is empty the first time, so that all is compiled, and
then full, as it is for everybody from the second time on.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..data import load, split
from ..machine import unit
from ..messages import say
from ..nn import Dense
from ..training.loop.fitting import Fitting
from ..training.loop.settings import Settings
from ..training.objects.network import Network
from ..training.runs import defaults
from . import page, processes, timing
from .peers import OURS, PEERS, Missing, absent, shown
from .results import Goal, Section
from .timing import Figure

Tell = Callable[[str], None]
HERE = Path(__file__).parent / "first"
OTHERS = ("pytorch", "jax", "sklearn")
REPEATS, COLD_REPEATS, IMPORTS = 5, 2, 15
EPOCHS, SHAPES = 100, 50
LEAST = 0.9  # of the new rows are right, else it is no model
WARM, COLD, IMPORT, SHAPE, MEMORY = 1.2, 10.0, 0.15, 5.0, 0.6  # the targets: seconds, but for ms and a ratio
MEGABYTE = 1e6


class NoModel(Exception):
    """A process failed, or its network learned nothing."""


@dataclass
class FirstModels:
    """Seconds and bytes for each library, round by round; for Backlit also with an empty cache."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, list[int]] = field(default_factory=dict)
    cold_seconds: list[float] = field(default_factory=list)
    cold_peaks: list[int] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


def write_rows(path: Path) -> None:
    """The rows of breast_cancer as Backlit splits them, for the others; they train on as many as Backlit."""
    table = load("breast_cancer")
    parts = split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=0)
    t = np.asarray(table.t).ravel()
    np.savez(path, x=table.x[parts.train], t=t[parts.train], x_new=table.x[parts.test], t_new=t[parts.test])


def first_model(peer: str, rows: Path, epochs: int, cache: Path) -> processes.Ended:
    """A library's script in a process of its own; NoModel if there is none at the end."""
    name = "ours" if peer == OURS else PEERS[peer][0]
    environment = {"BACKLIT_CACHE": str(cache), "JAX_PLATFORMS": "cpu"}
    ended = processes.python(["-P", str(HERE / f"{name}.py"), str(rows), str(epochs)], environment)
    if ended.code:
        raise NoModel((ended.err.strip().splitlines() or [""])[-1][:160])
    right = float(ended.out.split()[-1])
    if right < LEAST:
        raise NoModel(say("bench_costs.learned_nothing", right=right))
    return ended


def first_models(
    tell: Tell, others: tuple[str, ...] = OTHERS, repeats: int = REPEATS, cold: int = COLD_REPEATS, epochs: int = EPOCHS
) -> FirstModels:
    """All first models, in turns; a first round is not counted, since files come from the disk there.

    Backlit's cache is the one that the last of the `cold` runs has filled, or the user's own if there are none.
    """
    found = FirstModels()
    with tempfile.TemporaryDirectory(prefix="backlit-bench-") as folder:
        rows, cache = Path(folder) / "rows.npz", unit.cache_folder()
        write_rows(rows)
        for number in range(cold):
            tell(say("bench_costs.first_cold", number=number + 1, count=cold))
            cache = Path(folder) / f"cache{number}"
            ended = first_model(OURS, rows, epochs, cache)
            found.cold_seconds.append(ended.seconds)
            found.cold_peaks += [ended.peak] if ended.peak else []
        turns = {}
        for peer in (OURS, *others):
            gone = None if peer == OURS else absent(peer)
            tell(say("bench_costs.first_warm", peer=shown(peer)))
            try:
                if gone is None:
                    first_model(peer, rows, epochs, cache)
                    found.peaks[peer] = []
                    turns[peer] = _turn(peer, rows, epochs, cache, found.peaks[peer])
            except NoModel as reason:
                if peer == OURS:
                    raise
                gone = Missing(peer, "failed", str(reason))
            found.missing += [gone] if gone else []
        tell(say("bench_costs.first_rounds", repeats=repeats))
        found.seconds = timing.rounds(turns, repeats)
    return found


def _turn(peer: str, rows: Path, epochs: int, cache: Path, peaks: list[int]) -> timing.Turn:
    def turn() -> float:
        ended = first_model(peer, rows, epochs, cache)
        if ended.peak:
            peaks.append(ended.peak)
        return ended.seconds

    return turn


def import_seconds(repeats: int = IMPORTS) -> list[float]:
    """What `import backlit` adds to the start of Python, within each round."""
    turns = {code: _start(code) for code in ("pass", "import backlit")}
    timing.rounds(turns, 1)
    took = timing.rounds(turns, repeats)
    return [a - b for a, b in zip(took["import backlit"], took["pass"], strict=True)]


def _start(code: str) -> timing.Turn:
    return lambda: processes.python(["-c", code]).seconds


def new_shapes(count: int = SHAPES) -> list[float]:
    """Milliseconds from nothing to the end of the first step, for networks of shapes that are new to the process."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count + 3):  # the first three load what all have in common
        features, classes, rows = (int(rng.integers(2, high)) for high in (64, 10, 256))
        widths = [int(w) for w in rng.integers(3, 200, size=1 + number % 3)]
        x = rng.normal(size=(rows, features)).astype(np.float32)
        t = np.arange(rows) % classes
        begin = time.perf_counter()
        net = Network([*(Dense(width, "relu") for width in widths), Dense(classes, "softmax")])
        net.loss = "cross_entropy"
        inputs = net._rows(x, t, connect=True)
        net.prepare(features)
        fitting = Fitting(net, inputs, {}, Settings.of(loss="cross_entropy", batch_size=32, epochs=10))
        steps = fitting.loop.run(1)
        found.append((time.perf_counter() - begin) * 1e3)
        if steps != 1 or fitting.trouble():
            raise NoModel("a step was not done")
    return found[3:]


def goals(models: FirstModels, imports: list[float], shapes: list[float]) -> list[Goal]:
    """The figures, and what they are held against."""
    ours = models.seconds[OURS]
    made = []
    for peer, took in models.seconds.items():
        if peer != OURS:
            ratio = timing.ratios(took, ours).median
            text = say("bench_costs.goal_peer", peer=shown(peer))
            made.append(Goal(f"first model to {peer}", text, ratio, "×", least=1.0, above=True))
    held = {"first model": (ours, "s", WARM), "first model cold": (models.cold_seconds, "s", COLD),
            "import": (imports, "s", IMPORT), "new shape": (shapes, "ms", SHAPE)}  # fmt: skip
    for name, (values, measure, most) in held.items():
        if values:
            key = name.replace(" ", "_")
            made.append(Goal(name, say(f"bench_costs.goal_{key}"), statistics.median(values), measure, most=most))
    theirs = models.peaks.get("pytorch")
    if theirs and models.peaks[OURS]:
        ratio = statistics.median(models.peaks[OURS]) / statistics.median(theirs)
        made.append(Goal("memory to pytorch", say("bench_costs.goal_memory"), ratio, "×", most=MEMORY))
    return made


def rows_of(models: FirstModels) -> list[list[str]]:
    """A row for each library: seconds, quartiles, ratio, peak."""
    ours = models.seconds[OURS]
    found = []
    for peer, took in models.seconds.items():
        name = say("bench_costs.warm") if peer == OURS else shown(peer)
        ratio = "" if peer == OURS else f"{page.number(timing.ratios(took, ours).median)} ×"
        found.append([name, *_told(took), ratio, _megabytes(models.peaks[peer])])
    if models.cold_seconds:
        cold = [say("bench_costs.cold"), *_told(models.cold_seconds), "", _megabytes(models.cold_peaks)]
        found.insert(1, cold)
    return found


def _told(seconds: list[float]) -> list[str]:
    figure = Figure.of(seconds)
    return [page.number(figure.median), f"{page.number(figure.low)}–{page.number(figure.high)}"]


def _megabytes(peaks: list[int]) -> str:
    return f"{statistics.median(peaks) / MEGABYTE:,.0f}" if peaks else ""


def section(tell: Tell) -> Section:
    """All of it, measured."""
    models = first_models(tell)
    tell(say("bench_costs.importing"))
    imports = import_seconds()
    tell(say("bench_costs.shaping", count=SHAPES))
    return told(models, imports, new_shapes())


def told(models: FirstModels, imports: list[float], shapes: list[float]) -> Section:
    """The figures as a section of the page."""
    head = [say(f"bench_costs.{key}") for key in ("who", "seconds")]
    head += [say("bench.quartiles"), say("bench.ratio"), say("bench_costs.peak")]
    lines = [say("bench_costs.about", epochs=EPOCHS), "", *page.markdown_table(head, rows_of(models))]
    lines += ["", *(f"- {page.missing(left)}" for left in models.missing)] if models.missing else []
    figures = {
        "first_model_seconds": models.seconds, "first_model_peak_bytes": models.peaks,
        "cold_seconds": models.cold_seconds, "cold_peak_bytes": models.cold_peaks,
        "import_seconds": imports, "new_shape_milliseconds": shapes,
        "missing": {left.peer: left.detail for left in models.missing},
    }  # fmt: skip
    return Section("costs", say("bench_costs.title"), lines, figures, goals(models, imports, shapes))

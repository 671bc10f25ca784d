"""What it costs to look at a training while it runs: its vital signs, as they are by default, and at every step."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..messages import say
from ..nn import Dense
from ..training.loop.fitting import Fitting
from ..training.loop.settings import Settings
from ..training.objects.network import Network
from . import page, timing
from .results import Goal, Section
from .timing import Figure

Tell = Callable[[str], None]
# Inputs, hidden units and outputs; rows a batch; steps of a turn.
NETWORKS = (((30, 32, 16, 2), 32, 300_000), ((64, 128, 10), 64, 60_000), ((784, 256, 128, 10), 128, 2000))
EVERY = 10  # of so many steps of a turn each is looked at in one
AT_ONCE = 1000  # records that are held
LEAST = 5  # of a turn in any case
REPEATS = 7
MOST = 1.05  # of the training's time without them
MOST_EVERY = 2.0  # where every step is looked at


def fitting_of(sizes: tuple[int, ...], batch: int, steps: int) -> Fitting:
    """A classification of noise, ready for its first step."""
    rng, (features, *hidden, classes) = np.random.default_rng(0), sizes
    x = rng.normal(size=(batch * 10, features)).astype(np.float32)
    net = Network([*(Dense(width, "relu") for width in hidden), Dense(classes, "softmax")])
    net.loss = "cross_entropy"
    inputs = net._rows(x, rng.integers(classes, size=len(x)), connect=True)
    net.prepare(features)
    settings = Settings.of(loss="cross_entropy", batch_size=batch, epochs=-(-steps // 10), patience=0, threads=1)
    return Fitting(net, inputs, {}, settings)


def seconds_of(sizes: tuple[int, ...], batch: int, steps: int, how: str) -> float:
    """CPU seconds a step: "without" vital signs, "with" them as usual, or with a look at "every" step."""
    fitting = fitting_of(sizes, batch, steps + 1)
    vitals = fitting.vitals
    assert vitals is not None
    if how == "without":
        fitting.vitals = None
    begin = time.process_time()
    if how == "every":
        vitals.look(fitting.loop)  # with the making of the tapes, which is done once
        vitals.follow(fitting.loop, 1)
        begin, first = time.process_time(), fitting.loop.step
        for done in range(0, steps, AT_ONCE):
            vitals.follow(fitting.loop, min(steps - done, AT_ONCE))
        return (time.process_time() - begin) / (fitting.loop.step - first)
    fitting.run()
    return (time.process_time() - begin) / fitting.loop.step


def section(tell: Tell, repeats: int = REPEATS, shorter: int = 1) -> Section:
    """All networks, measured in turns; `shorter` divides the steps."""
    body, figures, goals = [], {}, []
    for sizes, batch, steps in NETWORKS:
        name = "-".join(map(str, sizes))
        tell(say("bench_vitals.measuring", network=name))
        turns = {
            how: _turn(sizes, batch, max(steps // (EVERY if how == "every" else 1) // shorter, LEAST), how)
            for how in ("without", "with", "every")
        }
        timing.rounds(turns, 1)
        took = timing.rounds(turns, repeats)
        micro = {how: Figure.of([s * 1e6 for s in values]) for how, values in took.items()}
        usual, every = (timing.ratios(took[how], took["without"]) for how in ("with", "every"))
        told = f"{every.median:.2f} ({every.low:.2f}–{every.high:.2f})"
        body.append([name, page.number(micro["without"].median), page.number(micro["with"].median),
                     f"{usual.median:.3f} ({usual.low:.3f}–{usual.high:.3f})", told])  # fmt: skip
        figures[name] = {"seconds": took, "ratio": usual.median, "every": every.median}
        goals.append(Goal(f"vital signs {name}", say("bench_vitals.goal", network=name), usual.median, "×", most=MOST))
        text = say("bench_vitals.goal_every", network=name)
        goals.append(Goal(f"every step {name}", text, every.median, "×", most=MOST_EVERY))
    head = [say(f"bench_vitals.{key}") for key in ("network", "without", "with", "ratio", "every")]
    lines = [say("bench_vitals.about"), "", *page.markdown_table(head, body)]
    return Section("vitals", say("bench_vitals.title"), lines, figures, goals)


def _turn(sizes: tuple[int, ...], batch: int, steps: int, how: str) -> timing.Turn:
    return lambda: seconds_of(sizes, batch, steps, how)

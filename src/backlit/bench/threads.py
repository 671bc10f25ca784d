"""One thread against two: what a second thread brings a step, from the smallest network to the largest.

Before each turn of two threads the second core is woken: on virtual machines one that slept needs some milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..machine.share import tapes_work
from ..messages import say
from . import page, timing
from .native import Bench
from .peers import ours
from .results import Goal, Section
from .timing import Figure
from .workloads import TRAINING, Workload

Tell = Callable[[str], None]
_OF = {w.name: w for w in TRAINING}
SIZES = (
    _OF["small"],
    _OF["digits"],
    Workload("64-256-128-10", (64, 256, 128, 10), "relu", 64, 32, learning_rate=3e-4),
    Workload("784-128-10", (784, 128, 10), "relu", 64, 32, learning_rate=3e-4),
    Workload("784-128-10 large", (784, 128, 10), "relu", 128, 32, learning_rate=3e-4),
    _OF["mnist"],
    Workload("784-512-512-10", (784, 512, 512, 10), "relu", 128, 16, learning_rate=1e-4),
    _OF["wide"],
)
REPEATS, SECONDS, REST = 9, 0.1, 0.03
WAKING = 0.05  # seconds that both cores are kept busy before a turn of two threads
AWAKE = 24_000  # bytes that they go over meanwhile: these lie in the first-level cache
GAIN = {"mnist": 1.7, "wide": 1.7}  # the targets: one thread's time over two threads'
LOSS = 0.97  # the machine's choice is never slower than one thread, within 3 %


@dataclass(frozen=True)
class Compared:
    """Microseconds of a step with one thread and with two, round by round."""

    workload: Workload
    operations: int
    chosen: int  # by the machine
    one: list[float]
    two: list[float]

    @property
    def gain(self) -> Figure:
        """One thread's time over two threads'."""
        return timing.ratios(self.one, self.two)

    @property
    def choice(self) -> float:
        """One thread's time over that of the number of threads which the machine chose."""
        return self.gain.median if self.chosen == 2 else 1.0


def compare(w: Workload, bench: Bench, repeats: int = REPEATS, seconds: float = SECONDS) -> Compared:
    """Train the workload by one thread and by two, in turns."""
    loops = {n: ours.fitting(w, threads=n).loop for n in (1, 2)}
    turns = {"one": timing.many(loops[1].run, seconds), "two": _awake(bench, timing.many(loops[2].run, seconds))}
    timing.rounds(turns, 5)  # finds the pace
    took = timing.rounds(turns, repeats, rest=REST)
    free = ours.fitting(w, epochs=1).loop
    return Compared(w, tapes_work(free.train_tape, w.batch), free.threads, took["one"], took["two"])


def _awake(bench: Bench, turn: timing.Turn) -> timing.Turn:
    def woken() -> float:
        bench.stream(AWAKE, 2, WAKING)
        return turn()

    return woken


def goals(found: Sequence[Compared]) -> list[Goal]:
    """The gain where it is promised, and the worst of the machine's choices."""
    made = [
        Goal(f"two threads on {c.workload.name}", say("bench_threads.goal_gain", name=c.workload.name),
             c.gain.median, "×", least=GAIN[c.workload.name])
        for c in found if c.workload.name in GAIN
    ]  # fmt: skip
    worst = min(c.choice for c in found)
    return [*made, Goal("the worst choice", say("bench_threads.goal_choice"), worst, "×", least=LOSS)]


def section(tell: Tell) -> Section:
    """All sizes, measured."""
    bench = Bench("float32")
    found = []
    for w in SIZES:
        tell(say("bench_threads.comparing", workload=w.text))
        found.append(compare(w, bench))
    return told(found)


def told(found: Sequence[Compared]) -> Section:
    """The figures as a section of the page."""
    head = ["workload", "operations", "one", "two", "gain", "chosen"]
    body = []
    for c in found:
        gain = f"{c.gain.median:.2f} × ({c.gain.low:.2f}–{c.gain.high:.2f})"
        times = [page.number(Figure.of(values).median) for values in (c.one, c.two)]
        body.append([c.workload.text, f"{c.operations / 1e6:,.1f}", *times, gain, str(c.chosen)])
    lines = [say("bench_threads.about"), ""]
    lines += page.markdown_table([say(f"bench_threads.{key}") for key in head], body)
    figures = {
        c.workload.name: {
            "text": c.workload.text, "operations": c.operations, "chosen": c.chosen, "one_microseconds": c.one,
            "two_microseconds": c.two, "gain": c.gain.median,
        }
        for c in found
    }  # fmt: skip
    return Section("threads", say("bench_threads.title"), lines, figures, goals(found))

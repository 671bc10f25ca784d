"""How the time of a step or an epoch grows with rows, width, depth and batch: a drawing and a slope each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..messages import say
from ..report import axes
from ..report.svg import Raw, drawing, label, marker, number, tag, width
from ..training.loop.fitting import Fitting
from . import page, timing
from .peers import ours
from .results import Drawing, Section
from .workloads import Workload

Tell = Callable[[str], None]
REPEATS, SECONDS = 5, 0.03
EPOCHS = 100_000  # no turn comes to the end of them
BATCH, BATCHES = 64, 8
WIDE, HIGH, TOP, BOTTOM = 640, 360, 40, 48
STYLE = """
svg { font-family: system-ui, "Noto Sans", "Noto Sans CJK JP", sans-serif; background: #ffffff; }
text { fill: #56606c; font-size: 12px; }
text.direct { fill: #0072b2; font-size: 13px; font-weight: 600; }
.paper { fill: #ffffff; }
.grid { stroke: #d3d9e0; }
.axis { stroke: #56606c; }
.curve { fill: none; stroke: #0072b2; stroke-width: 2; stroke-linejoin: round; }
.mark { fill: #0072b2; }
.fitted { fill: none; stroke: #b84a00; stroke-width: 1.5; stroke-dasharray: 6 4; }
text.fitted { fill: #b84a00; stroke: none; font-size: 13px; font-weight: 600; }
"""


@dataclass(frozen=True)
class Axis:
    """What grows: its sizes, and (layer sizes, rows, batch) for each; the time is a step's, or an epoch's."""

    name: str
    sizes: tuple[int, ...]
    network: Callable[[int], tuple[tuple[int, ...], int, int]]
    epoch: bool = False


def _powers(low: int, high: int) -> tuple[int, ...]:
    return tuple(2**k for k in range(low, high + 1))


AXES = (
    Axis("rows", _powers(8, 16), lambda n: ((64, 128, 10), n, BATCH), epoch=True),
    Axis("width", _powers(3, 10), lambda n: ((64, n, n, 10), BATCH * BATCHES, BATCH)),
    Axis("depth", _powers(0, 6), lambda n: ((64, *(64,) * n, 10), BATCH * BATCHES, BATCH)),
    Axis("batch", _powers(0, 12), lambda n: ((64, 128, 10), n * BATCHES, n)),
)


@dataclass(frozen=True)
class Growth:
    """Microseconds for each size of an axis."""

    axis: Axis
    microseconds: list[float]

    @property
    def upper(self) -> int:
        """Where the upper half of the sizes begins."""
        return len(self.axis.sizes) // 2

    def line(self) -> tuple[float, float]:
        """Slope and height of the straight line through the upper half, in both logarithms.

        >>> slope, height = Growth(Axis("n", (1, 2, 4, 8), lambda n: ((), 0, 0)), [9.0, 9.0, 8.0, 32.0]).line()
        >>> round(slope, 6), round(2**height, 6)
        (2.0, 0.5)
        """
        x, y = np.log2(self.axis.sizes[self.upper :]), np.log2(self.microseconds[self.upper :])
        slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
        return slope, float(y.mean() - slope * x.mean())

    @property
    def slope(self) -> float:
        """The power by which the time grows in the upper half of the sizes."""
        return self.line()[0]


def fitting(sizes: tuple[int, ...], rows: int, batch: int) -> Fitting:
    """A training by one thread, of drawn rows; at so small a rate the weights stay what they were."""
    w = Workload("growth", sizes, "relu", batch, 1, learning_rate=1e-6)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, sizes[0]), dtype=np.float32)
    net = ours.network(w)
    inputs = net._rows(x, rng.integers(0, sizes[-1], rows), connect=True)
    return Fitting(net, inputs, {}, replace(ours.settings(w, EPOCHS), threads=1))


def measure(axis: Axis, repeats: int = REPEATS, seconds: float = SECONDS) -> Growth:
    """The time at each size, all sizes in turns."""
    turns, steps = {}, {}
    for n in axis.sizes:
        loop = fitting(*axis.network(n)).loop
        turns[str(n)] = timing.many(loop.run, seconds)
        steps[str(n)] = loop.steps_per_epoch if axis.epoch else 1
    timing.rounds(turns, 5)  # finds the pace
    took = timing.rounds(turns, repeats)
    return Growth(axis, [statistics.median(took[n]) * steps[n] for n in turns])


def _words(g: Growth) -> dict[str, str]:
    sizes, name = g.axis.sizes, g.axis.name
    return {
        "title": say(f"bench_growth.title_{name}"), "network": say(f"bench_growth.network_{name}"),
        "low": f"{sizes[0]:,}", "high": f"{sizes[-1]:,}",
        "first": page.number(g.microseconds[0]), "last": page.number(g.microseconds[-1]),
    }  # fmt: skip


def draw(g: Growth) -> Drawing:
    """The curve with its points, and the line whose slope is told."""
    words = _words(g)
    shows = say("bench_growth.shows", slope=g.slope, **words)
    y = axes.logarithmic(g.microseconds, HIGH - BOTTOM, TOP)
    x = axes.logarithmic(g.axis.sizes, axes.left_margin(y), WIDE - 24)
    time_of = say(f"bench_growth.{'epoch' if g.axis.epoch else 'step'}_time")
    parts: list[Raw] = [tag("style", Raw(STYLE)), tag("rect", width=WIDE, height=HIGH, class_="paper")]
    parts += axes.frame(x, y, say(f"bench_growth.{g.axis.name}"), f"{time_of} – {words['network']}", x_grid=True)
    places = [(x(n), y(us)) for n, us in zip(g.axis.sizes, g.microseconds, strict=True)]
    parts.append(_path(places, "curve"))
    slope, height = g.line()
    ends = [g.axis.sizes[g.upper], g.axis.sizes[-1]]
    fitted = [(x(n), y(2**height * n**slope)) for n in ends]
    parts += [marker("dot", *place, "") for place in places]
    parts.append(_path(fitted, "fitted"))
    text = say("bench_growth.slope_is", slope=slope)
    (left, low), (right, high) = fitted
    parts.append(label((left + right) / 2 - width(text, 13) - 12, (low + high) / 2 - 6, text, "fitted"))
    svg = drawing(f"growth-{g.axis.name}", words["title"], shows, (WIDE, HIGH), *parts)
    return Drawing(f"growth-{g.axis.name}.svg", shows, svg + "\n")


def _path(places: Sequence[tuple[float, float]], class_: str) -> Raw:
    return tag("path", d="M" + "L".join(f"{number(a)} {number(b)}" for a, b in places), class_=class_)


def section(tell: Tell) -> Section:
    """All axes, measured."""
    found = []
    for axis in AXES:
        tell(say("bench_growth.measuring", what=say(f"bench_growth.{axis.name}"), count=len(axis.sizes)))
        found.append(measure(axis))
    return told(found)


def told(found: Sequence[Growth]) -> Section:
    """The figures as a section of the page."""
    head = [
        say("bench.figure"),
        *(say(f"bench_growth.{key}") for key in ("network", "range", "first", "last", "slope")),
    ]
    body = []
    for g in found:
        words = _words(g)
        between = f"{words['low']} – {words['high']}"
        body.append([words["title"], words["network"], between, words["first"], words["last"], f"{g.slope:.2f}"])
    figures = {
        g.axis.name: {
            "sizes": list(g.axis.sizes), "microseconds": g.microseconds, "slope": g.slope,
            "upper_half_from": g.axis.sizes[g.upper],
        }
        for g in found
    }  # fmt: skip
    lines = [say("bench_growth.about"), "", *page.markdown_table(head, body)]
    return Section("growth", say("bench_growth.title"), lines, figures, drawings=[draw(g) for g in found])

"""The figures as data: what a run found, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .check import Checked
from .limit import Found
from .peers import Missing
from .timing import Figure

SCHEMA = 1


@dataclass(frozen=True)
class Target:
    """The least value that a figure should have, if any, and whether it has it."""

    value: float
    least: float | None
    above: bool = False  # the least value itself is not enough

    @property
    def met(self) -> bool | None:
        """None where there is no target.

        >>> Target(2.0, 2.0).met, Target(1.0, 1.0, above=True).met, Target(0.3, None).met
        (True, False, None)
        """
        if self.least is None:
            return None
        return self.value > self.least if self.above else self.value >= self.least


@dataclass(frozen=True)
class PeerFigure:
    """A peer's time, and its ratio to ours."""

    peer: str
    microseconds: Figure
    ratio: Figure
    target: Target
    checked: Checked
    way: str = ""  # the one that counts, where there are several
    prepared: float = 0.0  # seconds of compilation, once for each network


@dataclass(frozen=True)
class LimitFigure:
    """The limit of a step or a call, and how near to it our time is."""

    microseconds: Figure
    fraction: Target
    bytes: int
    gigabytes_a_second: float
    working_set: int
    products: list[dict[str, object]]

    @classmethod
    def of(cls, found: Found, ours: Sequence[float], least: float | None) -> LimitFigure:
        """From the rounds of a run."""
        target = Target(found.fraction(ours), least)
        return cls(
            Figure.of(found.microseconds), target, found.bytes, found.gigabytes_a_second, found.working_set,
            found.products,
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A workload with all its figures."""

    name: str
    text: str
    kind: str  # "training": of a step; "prediction": of a call
    flop: int
    ours: Figure
    peers: list[PeerFigure]
    limit: LimitFigure | None
    missing: list[Missing]
    checked_without_dropout: bool = False


@dataclass(frozen=True)
class Goal:
    """A figure of a section, and what it is held against: at least or at most so much; neither is no goal.

    `name` is for programs, `text` for people.
    """

    name: str
    text: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None
    above: bool = False  # the least value itself is not enough

    @property
    def met(self) -> bool | None:
        """None where there is no goal; what is not a number meets none.

        >>> Goal("import", "import backlit", 0.1, "s", most=0.15).met, Goal("two", "", float("nan"), "", least=1).met
        (True, False)
        """
        if self.least is not None:
            return self.value > self.least if self.above else self.value >= self.least
        return None if self.most is None else self.value <= self.most


@dataclass(frozen=True)
class Drawing:
    """A picture of a section: a file beside the page, and what it shows, in words."""

    file: str
    shows: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A further part of the page of results: its lines in Markdown, and its figures for the JSON file."""

    name: str
    title: str
    lines: list[str]
    figures: dict[str, Any] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)


# Makes a section; gets what tells people how far it is.
SectionMaker = Callable[[Callable[[str], None]], Section]


@dataclass(frozen=True)
class Results:
    """All of a run."""

    machine: dict[str, Any]
    repeats: int
    seconds: float  # of a turn
    quick: bool
    measured: list[Measured]
    skipped: list[Missing]  # workloads that could not be measured: `peer` is the workload's name
    sections: list[Section] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it: what is not finite is null, and every target says whether it is met."""
        found: dict[str, Any] = _plain({"schema": SCHEMA, **asdict(self)})
        for told, m in zip(found["measured"], self.measured, strict=True):
            for row, peer in zip(told["peers"], m.peers, strict=True):
                row["target"]["met"] = peer.target.met
            if m.limit and told["limit"]:
                told["limit"]["fraction"]["met"] = m.limit.fraction.met
        for told, section in zip(found["sections"], self.sections, strict=True):
            for row, goal in zip(told["goals"], section.goals, strict=True):
                row["met"] = goal.met
            told["drawings"] = [drawing.file for drawing in section.drawings]
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""Turns: all take part in every round, one after the other, and are compared with their neighbours in time."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

REST = 0.2  # of a turn, before each: threads of the one before spin for a while, and would take a core from it
Turn = Callable[[], float]


@dataclass(frozen=True)
class Figure:
    """What is said about repeated measurements: the median and the quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        """Of at least one value.

        >>> Figure.of([3.0, 1.0, 2.0])
        Figure(median=2.0, low=1.5, high=2.5)
        """
        low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
        return cls(statistics.median(values), low, high)


@contextmanager
def alive(tick: Callable[[], None], every: float = 1.0) -> Iterator[None]:
    """A sign of life every second, while something is prepared that may take long; never while anything is timed."""
    over = threading.Event()

    def signs() -> None:
        while not over.wait(every):
            tick()

    thread = threading.Thread(target=signs, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def rounds(
    turns: Mapping[str, Turn], repeats: int, tick: Callable[[], None] = lambda: None, rest: float = 0.0
) -> dict[str, list[float]]:
    """The value of every turn in each of `repeats` rounds; the first one moves on by one from round to round.

    `rest` are seconds before each turn, `tick` is called after it.
    """
    names = list(turns)
    found: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for number in range(repeats):
            start = number % len(names)
            for name in names[start:] + names[:start]:
                time.sleep(rest)
                found[name].append(turns[name]())
                tick()
    finally:
        gc.enable()
    return found


def ratios(others: Sequence[float], ours: Sequence[float]) -> Figure:
    """How many times ours the others take: the median over the rounds of the ratio within a round.

    >>> ratios([10.0, 30.0, 10.0], [5.0, 10.0, 2.0]).median
    3.0
    """
    return Figure.of([a / b for a, b in zip(others, ours, strict=True)])


def repeated(call: Callable[[], object], seconds: float) -> Turn:
    """A turn that calls as often as fits into `seconds`; its value is the microseconds of a call."""
    pace = [1]

    def turn() -> float:
        begin = time.perf_counter()
        for _ in range(pace[0]):
            call()
        took = time.perf_counter() - begin
        done, pace[0] = pace[0], max(1, round(seconds / max(took, 1e-7) * pace[0]))
        return took / done * 1e6

    return turn


def many(run: Callable[[int], int], seconds: float) -> Turn:
    """A turn that has as many steps done, in one call, as fit into `seconds`; its value is the microseconds of a step.

    `run` gets a number of steps and returns how many it did; RuntimeError where that is another number.
    """
    pace = [1]

    def turn() -> float:
        begin = time.perf_counter()
        done = run(pace[0])
        took = time.perf_counter() - begin
        if done != pace[0]:
            raise RuntimeError(f"{done} of {pace[0]} steps were done")
        pace[0] = max(1, min(10 * done, round(seconds / max(took, 1e-7) * done)))
        return took / done * 1e6

    return turn

"""What the scripts of this folder share: instructions timed in one native call, repeats that take turns."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping

import numba
import numpy as np

from backlit.machine.runner import Machine


def machine_line() -> str:
    """Where the figures come from."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {versions}"


def instruction_timer(machine: Machine, times: int) -> Callable[[], float]:
    """A function that runs the machine's tape `times` times in one native call and gives the seconds of one run."""
    code, template, factor, starts, _ = machine.code.arrays()
    tape = (code, template, factor, np.tile(starts, times), np.zeros(len(starts) * times, dtype=np.bool_))
    play = machine.backend.function("play_alone")
    head = (machine.arena.memory, machine.table, machine.state)

    def run() -> float:
        begin = time.perf_counter()
        status = play(*head, tape, machine.arena.layout.rows, 0, len(tape[3]))
        took = time.perf_counter() - begin
        assert status == 0
        return took / times

    return run


def call_timer(function: Callable[[], object], times: int) -> Callable[[], float]:
    """A function that calls `function` `times` times and gives the seconds of one call."""

    def run() -> float:
        begin = time.perf_counter()
        for _ in range(times):
            function()
        return (time.perf_counter() - begin) / times

    return run


def in_turn(runs: Mapping[object, Callable[[], float]], repeats: int) -> dict[object, list[float]]:
    """Each run's results: one warm-up, then `repeats` rounds in which every run has its turn (machines are noisy)."""
    for run in runs.values():
        run()
    found: dict[object, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(run())
    return found


def medians(runs: Mapping[object, Callable[[], float]], repeats: int) -> dict[object, float]:
    """The median of each run's results."""
    return {name: statistics.median(times) for name, times in in_turn(runs, repeats).items()}

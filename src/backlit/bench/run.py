"""All of it in one run: workloads one after the other, within each the peers in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..messages import say
from . import costs, growth, machine, peers, predicting, specialists, threads, training, vitals
from .peers import Missing, absent
from .results import Measured, Results, SectionMaker
from .workloads import PREDICTION, TRAINING, Asking, Workload

REPEATS, QUICK_REPEATS = 9, 7
SECONDS, QUICK_SECONDS = 0.15, 0.03  # of a turn
SLOW_TO_PREPARE = "torch.compile"  # it compiles for up to a minute for each network

# What makes the further sections of the page of results, in order; a quick run leaves them out.
SECTIONS: dict[str, SectionMaker] = {
    "costs": costs.section,
    "threads": threads.section,
    "growth": growth.section,
    "specialists": specialists.section,
    "vitals": vitals.section,
}


def run(
    names: Sequence[str], *, quick: bool, repeats: int, tell: Callable[[str], None], tick: Callable[[], None],
    sections: Sequence[str] = (),
) -> Results:  # fmt: skip
    """Measure workloads by name (all, or with `quick` the quick ones, if none is named), and make sections.

    Parameters
    ----------
    quick : bool
        Short turns, only peers that are installed and prepared at once, no further sections.
    tell, tick : callable
        Get a sentence about what begins now, and a sign of life: after every turn, and every second while something
        is prepared.
    sections : sequence of str
        Only these of `SECTIONS`, and no workloads but those that `names` or `quick` ask for.
    """
    machine.keep_to_two_cores()
    tell(say("bench.machine"))
    where = machine.described()
    seconds = QUICK_SECONDS if quick else SECONDS
    skipped: list[Missing] = []
    measured: list[Measured] = []

    def take(found: Measured | Missing) -> None:
        if isinstance(found, Missing):
            skipped.append(found)
        else:
            measured.append(found)

    def wanted(workload: Workload | Asking) -> bool:
        if names:
            return workload.name in names
        return workload.quick if quick else not sections

    trainers, answerers = (_others(each, quick, skipped) for each in (peers.TRAINING, peers.PREDICTION))
    for w in filter(wanted, TRAINING):
        take(training.measure(w, trainers, repeats, seconds, tell, tick))
    for asking in filter(wanted, PREDICTION):
        take(predicting.measure(asking, answerers, repeats, seconds, tell, tick))
    chosen = sections or (() if quick or names else SECTIONS)
    made = [SECTIONS[name](tell) for name in chosen]
    where |= {"load_at_the_end": machine.load(), "two_threads_do_at_the_end": machine.cores_at_hand()}
    where |= {"two_threads_meet_at_the_end": machine.meeting()}
    return Results(where, repeats, seconds, quick, measured, skipped, made)


def _others(names: Sequence[str], quick: bool, skipped: list[Missing]) -> list[str]:
    """Who takes part; with `quick`, who is not at hand is told once, else for each workload."""
    if not quick:
        return list(names)
    gone = {p: absent(p) or (Missing(p, "slow_to_prepare") if p == SLOW_TO_PREPARE else None) for p in names}
    skipped += [missing for missing in gone.values() if missing and missing not in skipped]
    return [p for p in names if gone[p] is None]

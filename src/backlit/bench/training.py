"""A workload of training, from the check to the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..messages import say
from . import check, peers, timing
from .limit import Limit
from .peers import OURS, Learner, Missing, Unsuited
from .results import LimitFigure, Measured, PeerFigure, Target
from .timing import Figure
from .workloads import Workload

Tell = Callable[[str], None]


def measure(
    w: Workload, others: list[str], repeats: int, seconds: float, tell: Tell, tick: Callable[[], None]
) -> Measured | Missing:
    """Check all peers against Backlit, then time them in turns; Missing where Backlit itself cannot."""
    alike = w.without_dropout()
    tell(say("bench.preparing", workload=w.text, peer=peers.shown(OURS)))
    try:
        ours = peers.learning(OURS, w)
        losses = (ours if alike == w else peers.learning(OURS, alike)).losses(check.EPOCHS)
    except Unsuited as reason:
        return Missing(w.name, str(reason))
    learners: dict[str, Learner] = {OURS: ours}
    checked, missing = {}, []
    for peer in others:
        tell(say("bench.preparing", workload=w.text, peer=peers.shown(peer)))
        found = _prepared(peer, w, losses)
        if isinstance(found, Missing):
            missing.append(found)
        else:
            learners[peer], checked[peer] = found
    from .peers.ours import Ours

    assert isinstance(ours, Ours)
    loop = ours.fitting.loop
    tell(say("bench.limiting", workload=w.text))
    batches = [w.batch] * (w.batches - 1) + [w.rows - w.batch * (w.batches - 1)]
    limit = Limit(loop.train_tape, loop.arena.layout, w.dtype, batches)

    def turn(learner: Learner) -> timing.Turn:
        return lambda: learner.turn(seconds)

    turns = {name: turn(learner) for name, learner in learners.items()} | {"limit": limit.turn}
    tell(say("bench.timing", workload=w.text, repeats=repeats))
    timing.rounds(turns, 1)  # finds the pace, and wakes everybody up
    limit.forget()
    times = timing.rounds(turns, repeats, lambda number: tick())
    figures = [
        PeerFigure(
            peer, Figure.of(times[peer]), (ratio := timing.ratios(times[peer], times[OURS])),
            target(w.targets, peer, ratio.median), checked[peer], prepared=learners[peer].prepared,
        )
        for peer in checked
    ]  # fmt: skip
    return Measured(
        w.name, w.text, "training", limit.flop, Figure.of(times[OURS]), figures,
        LimitFigure.of(limit.found(), times[OURS], w.targets.get("limit")), missing, alike != w,
    )  # fmt: skip


def _prepared(peer: str, w: Workload, losses: list[float]) -> tuple[Learner, check.Checked] | Missing:
    """A peer that has shown to compute the same, or why it takes no part."""
    alike = w.without_dropout()
    absent = peers.absent(peer)
    if absent:
        return absent
    try:
        learner = peers.learning(peer, alike)
        checked = check.losses(learner, losses)
        if not checked.same:
            return Missing(peer, "differs", f"{checked.difference:.1e} > {checked.tolerance:g}")
        return (learner if alike == w else peers.learning(peer, w)), checked
    except Unsuited as reason:
        return Missing(peer, str(reason))
    except Exception as error:  # whatever another library may raise: it is left out, and the reason is told
        return Missing(peer, "failed", first_line(error))


def target(targets: Mapping[str, float], peer: str, value: float) -> Target:
    """The target that a ratio is held against; to be "ahead" is to be above 1."""
    least = targets.get(peer)
    return Target(value, least, above=bool(targets.get("ahead")) and least == 1)


def first_line(error: BaseException) -> str:
    """What an exception says, on one line of a table."""
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {text}"[:160].rstrip(": ")

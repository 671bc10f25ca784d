"""A workload of prediction: rows in, answers out, called from Python."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable

from ..core.blocks import Blocks
from ..core.lowering import lower
from ..core.tape import lay_out
from ..messages import say
from . import check, peers, timing
from .limit import Found, Limit
from .peers import OURS, Missing, Unsuited, Ways
from .peers.ours import network
from .results import LimitFigure, Measured, PeerFigure
from .timing import Figure, Turn
from .training import Tell, first_line, target
from .workloads import Array, Asking

BLOCKS = (256, 1024)  # rows that go through the network at a time, for the limit


def measure(
    asking: Asking, others: list[str], repeats: int, seconds: float, tell: Tell, tick: Callable[[], None]
) -> Measured:
    """Check the answers of all, then time the calls in turns; of a peer's ways the quickest counts."""
    tell(say("bench.preparing", workload=asking.text, peer=peers.shown(OURS)))
    with timing.alive(tick):
        x = asking.inputs()
        answer = peers.answering(OURS, asking)["predict"]
        wanted = answer(x)
    turns: dict[str, Turn] = {OURS: timing.repeated(lambda: answer(x), seconds)}
    checked, missing, ways = {}, [], {}
    for peer in others:
        tell(say("bench.preparing", workload=asking.text, peer=peers.shown(peer)))
        with timing.alive(tick):
            found = _prepared(peer, asking, x, wanted)
        if isinstance(found, Missing):
            missing.append(found)
            continue
        ways[peer], checked[peer] = found
        turns |= {f"{peer}: {way}": _turn(f, x, seconds) for way, f in ways[peer].items()}
    limits = _limits(asking, seconds) if asking.rows > 1 else []
    turns |= {f"limit {i}": limit.turn for i, limit in enumerate(limits)}
    tell(say("bench.timing", workload=asking.text, repeats=repeats))
    timing.rounds(turns, 1, tick)
    for limit in limits:
        limit.forget()
    times = timing.rounds(turns, repeats, tick, seconds * timing.REST)
    figures = []
    for peer in checked:
        way = min(ways[peer], key=lambda w: statistics.median(times[f"{peer}: {w}"]))
        took = times[f"{peer}: {way}"]
        ratio = timing.ratios(took, times[OURS])
        held = target(asking.targets, peer, ratio.median)
        figures.append(PeerFigure(peer, Figure.of(took), ratio, held, checked[peer], way=way))
    sizes = asking.network.sizes
    flop = 2 * asking.rows * sum(a * b for a, b in itertools.pairwise(sizes))
    limited = None
    if limits:
        best = min((_whole(limit, asking.rows) for limit in limits), key=lambda f: statistics.median(f.microseconds))
        limited = LimitFigure.of(best, times[OURS], asking.targets.get("limit"))
    return Measured(
        asking.name, asking.text, "prediction", flop, Figure.of(times[OURS]), figures, limited, missing
    )  # fmt: skip


def _turn(f: Callable[[Array], Array], x: Array, seconds: float) -> Turn:
    return timing.repeated(lambda: f(x), seconds)


def _prepared(peer: str, asking: Asking, x: Array, wanted: Array) -> tuple[Ways, check.Checked] | Missing:
    absent = peers.absent(peer)
    if absent:
        return absent
    try:
        ways = peers.answering(peer, asking)
        found = [check.answers(f(x), wanted) for f in ways.values()]
    except Unsuited as reason:
        return Missing(peer, str(reason))
    except Exception as error:  # whatever another library may raise: it is left out, and the reason is told
        return Missing(peer, "failed", first_line(error))
    worst = max(found, key=lambda c: c.difference)
    if not worst.same:
        return Missing(peer, "differs", f"{worst.difference:.1e} > {worst.tolerance:g}")
    return ways, worst


def _limits(asking: Asking, seconds: float) -> list[Limit]:
    """The limits of the forward pass for some numbers of rows at a time."""
    built = network(asking.network).build()
    node = built.probable if asking.network.classes else built.output
    tape = lower({"result": node}, blocks=Blocks.of(built.trained, built.frozen))
    return [Limit(tape, lay_out(tape, rows), asking.network.dtype, [rows], seconds) for rows in BLOCKS]


def _whole(limit: Limit, rows: int) -> Found:
    """The limit of all rows, from that of a block of them."""
    found, times = limit.found(), rows / limit.rows
    return Found(
        [t * times for t in found.microseconds], found.products, round(found.bytes * times), found.gigabytes_a_second,
        found.working_set,
    )  # fmt: skip

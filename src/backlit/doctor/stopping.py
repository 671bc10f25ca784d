"""A diagnosis that is ended before it is done: what was found so far, with what was tried so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .finding import Finding
from .trial import Change, Outcome

Attempt = Callable[[Change, bool, float], Outcome]


def noted(attempt: Attempt, done: list[Outcome]) -> Attempt:
    """The same attempts, each noted when it is done."""

    def noting(change: Change, hold_out: bool, seconds: float) -> Outcome:
        outcome = attempt(change, hold_out, seconds)
        done.append(outcome)
        return outcome

    return noting


def so_far(found: Sequence[Finding], done: Sequence[Outcome]) -> list[Finding]:
    """The findings, with the outcomes of those of their changes that were tried; what does no harm by itself is left.

    A suspicion stays one: that a change helped counts only beside what the others did.
    """
    told = [f for f in found if not f.facts.get("harmless")]
    return [replace(f, tried=tuple(o for o in done if o.change in f.changes)) for f in told]

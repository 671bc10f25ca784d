"""A diagnosis as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..messages import say
from .words import said

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .finding import Finding
    from .trial import Outcome


def text(diagnosis: Diagnosis) -> str:
    """What was found, the root cause first; or that the network is healthy."""
    if diagnosis.healthy:
        return say("doctor.healthy", checks=len(diagnosis.passed))
    return "\n\n".join(_finding(f) for f in diagnosis.findings)


def _finding(finding: Finding) -> str:
    lines = [f"{finding.code} {say('doctor.' + finding.grade)}: {said(finding, 'what')}"]
    for key in ("evidence", "threshold", "consequence"):
        if told := said(finding, key):
            lines.append(f"  {say('doctor.' + key)}  {told}")
    lines += [f"  {say('doctor.tried')}  {_outcome(o)}" for o in finding.tried]
    lines.append(f"  {say('doctor.try')}  {said(finding, 'try')}    backlit explain {finding.code}")
    lines += [f"    → {c.code}: {said(c, 'what')}" for c in finding.consequences]
    return "\n".join(lines)


def _outcome(outcome: Outcome) -> str:
    what = say(f"doctor_changes.{outcome.change.name}", **dict(outcome.change.facts))
    return say("doctor.outcome", change=what, skill=outcome.skill, steps=outcome.steps)

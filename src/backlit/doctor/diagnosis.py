"""From findings to a diagnosis: one root cause first, what follows from it folded under it, remedies tried."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import BacklitError
from . import checks  # noqa: F401  (enters the checks into the table)
from .finding import CHECKS, GRADES, STAGES, Check, Finding, check
from .patient import Patient
from .screen import Screen, best
from .trial import Outcome

MOST = 3  # findings that are shown: more than that nobody reads


@dataclass
class Diagnosis:
    """What was found.

    Attributes
    ----------
    findings : list of Finding
        The root cause first; empty if the network is healthy.
    notes : list of Finding
        What is true of the data or the graph, and worth knowing, and ails nobody.
    passed : list of str
        Codes of the checks that found nothing.
    left_out : list of (code, reason)
        Checks that could not be made.
    skill : float
        Of the network as it is: 0 is a constant answer, 1 is perfect.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    skill: float = float("nan")
    reference: Outcome | None = None
    seconds: float = 0.0

    @property
    def healthy(self) -> bool:
        return not self.findings

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "healthy": self.healthy, "skill": self.skill, "findings": [f.told() for f in self.findings],
            "notes": [f.told() for f in self.notes],
            "passed": self.passed, "left_out": [list(pair) for pair in self.left_out], "seconds": self.seconds,
        }  # fmt: skip

    def text(self) -> str:
        from .text import text

        return text(self)

    def __str__(self) -> str:
        return self.text()


def examine(patient: Patient, *, budget: float = 20.0) -> Diagnosis:
    """Make all checks that can be made, try the remedies within `budget` seconds (0: none), order what was found."""
    begin = time.perf_counter()
    found: list[Finding] = []
    made = Diagnosis(skill=patient.skill() if patient.end else float("nan"))
    for one in in_order():
        reason = _not_possible(one, patient)
        if reason:
            made.left_out.append((one.code, reason))
            continue
        more = list(one.look(patient) or ())
        made.notes += [f for f in more if f.facts.get("note")]
        more = [f for f in more if not f.facts.get("note")]
        found += more
        if not more:
            made.passed.append(one.code)
    if patient.attempt is not None and budget > 0:
        screen = Screen(patient, begin + budget)
        found = screen.tried(found)
        made.reference = screen.reference
    made.findings = order(found)
    made.seconds = time.perf_counter() - begin
    return made


# What an error says that stopped a training before it began, as a category of fault.
REFUSALS = {
    "BL101": "wrong_label_encoding", "BL104": "wrong_label_encoding", "BL106": "wrong_label_encoding",
    "BL212": "wrong_label_encoding", "BL213": "wrong_label_encoding", "BL218": "wrong_loss",
    "BL333": "wrong_output_activation", "BL335": "wrong_output_activation",
}  # fmt: skip


def refused(error: BacklitError, patient: Patient | None) -> Diagnosis:
    """The diagnosis of a training that could not begin: what graph and data prove, and what the error says."""
    made = Diagnosis()
    if patient is not None:
        for one in in_order():
            if one.stage == "structure":
                made.findings += [f for f in one.look(patient) or () if f.grade == "proved" and not f.facts.get("note")]
    facts = {"error": error.code, "said": str(error).splitlines()[0], "category": REFUSALS.get(error.code, "other")}
    made.findings = order([*made.findings, Finding("DR109", "proved", facts)])
    return made


@check("DR109", number=4, category="other", stage="start")
def refusal(patient: Patient) -> None:
    """A training that could not begin, and the error that says why (`refused` reports it)."""


def in_order() -> list[Check]:
    """The checks as they are made: by stage, then by code."""
    return sorted(CHECKS.values(), key=lambda c: (STAGES.index(c.stage), c.code))


def _not_possible(one: Check, patient: Patient) -> str:
    """Why a check cannot be made; "" if it can."""
    if one.stage == "course" and not patient.looks and patient.look_again is None:
        return "no training"
    return ""


def order(found: Sequence[Finding]) -> list[Finding]:
    """The root cause first, with those that follow from it as its consequences; at most `MOST`."""
    roots: list[Finding] = []
    for one in sorted(found, key=rank):
        cause = next((r for r in roots if one.symptom or one.code in CHECKS[r.code].explains), None)
        if cause is None:
            roots.append(one)
        else:
            roots[roots.index(cause)] = cause.with_consequences((*cause.consequences, one))
    return roots[:MOST]


def rank(finding: Finding) -> tuple[float, float, float, float, int]:
    """Symptoms go last; what is proved before what was measured; then by what the best remedy did, then as checked."""
    did = 0.0 if finding.grade == "proved" else -round(best(finding), 1)
    first = 0.0 if finding.facts.get("first") else 1.0
    return (float(finding.symptom), GRADES.index(finding.grade), did, first, in_order().index(CHECKS[finding.code]))

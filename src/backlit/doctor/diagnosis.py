"""From findings to a diagnosis: one root cause first, what follows from it folded under it, remedies tried."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import BacklitError
from . import checks  # noqa: F401  (enters the checks into the table)
from .checks.labels import class_numbers
from .faces import Faces
from .finding import CHECKS, GRADES, STAGES, Check, Finding, check
from .patient import Patient
from .repair import Repair, made_for_task
from .screen import Screen, best
from .signs import signs
from .stopping import noted, so_far
from .time import Clock, OutOfTime
from .trial import HALF, Change, Outcome

MOST = 3  # findings that are shown: more than that nobody reads
REPLAY = 0.12  # of the time that a check may take which trains: a replay, a few rows, other first weights
SCREENING = 0.6  # of what is left then: finding what is wrong; the rest: finding out what is enough


@dataclass
class Diagnosis(Faces):
    """What was found.

    Attributes
    ----------
    findings : list of Finding
        The root cause first; empty if the network is healthy.
    notes : list of Finding
        What is true of the data or the graph, and worth knowing, and ails nobody.
    others : list of Finding
        Suspicions that no trial bore out, the one whose change did most first.
    passed : list of str
        Codes of the checks that found nothing.
    left_out : list of (code, reason)
        Checks that could not be made, and "trials" that there was no time for; the reason as in the catalogue
        (`doctor_left.REASON`).
    skill : float
        Of the network as it is: 0 is a constant answer, 1 is perfect.
    reference : Outcome or None
        What a plain network learns from the same rows.
    repair : Outcome or None
        What to change, several things together perhaps (`change.each`), and what it did.
    run : Run or None
        What was looked at.
    quick : bool
        Only what costs next to nothing was checked, and nothing tried.
    about : dict
        What is known of the patient, as plain data: name, settings.
    signs : dict
        The vital signs, in short (`signs.py`).
    ill : bool
        It has learned less than half of what a plain network learns, whether or not a reason was found.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    skill: float = float("nan")
    reference: Outcome | None = None
    repair: Outcome | None = None
    run: Any = field(default=None, repr=False, compare=False)
    seconds: float = 0.0
    quick: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    signs: dict[str, Any] = field(default_factory=dict)
    ill: bool = False

    @property
    def healthy(self) -> bool:
        return not self.findings and not self.ill


@np.errstate(all="ignore")  # NaN and infinity are what is looked for
def examine(
    patient: Patient, *, budget: float = 20.0, within: float = float("inf"), replay: float | None = None
) -> Diagnosis:
    """Make all checks that can be made, try the remedies within `budget` seconds (0: none), order what was found.

    After `within` seconds checks end: each asks for the time between its pieces; what takes none is looked at anyhow.
    The training is gone through again for `replay` seconds at most, by default a share of the budget.
    KeyboardInterrupt ends the work: what was found so far is returned.
    """
    from threadpoolctl import threadpool_limits

    begin = time.perf_counter()
    found: list[Finding] = []
    made = Diagnosis(run=patient.run)
    patient.replay = REPLAY * budget if replay is None else replay
    done: list[Outcome] = []
    if patient.attempt is not None:
        patient.attempt = noted(patient.attempt, done)
    try:
        patient.clock = Clock(begin + within)
        with threadpool_limits(1, user_api="blas"):  # its threads make small products slower, beside others many times
            if patient.end:
                with contextlib.suppress(OutOfTime):
                    made.skill = patient.skill()
            _look(made, patient, found)
        patient.clock = Clock()
        _try(made, patient, found, begin, budget)
    except KeyboardInterrupt:
        _stopped(made, found, done)
    made.signs = signs(patient.__dict__.get("course") or patient.looks)
    made.seconds = time.perf_counter() - begin
    return made


def _look(made: Diagnosis, patient: Patient, found: list[Finding]) -> None:
    """Make all checks that can be made, as far as there is time, and put what they find into `found`."""
    for one in in_order():
        more: list[Finding] = []
        reason = _not_possible(one, patient)
        if not reason:
            try:
                for finding in one.look(patient) or ():
                    more.append(finding)  # one by one: what was found before the time was over stays
            except OutOfTime:
                reason = "late"
        made.notes += [f for f in more if f.facts.get("note")]
        more = [f for f in more if not f.facts.get("note")]
        found += more
        if not more and reason:
            made.left_out.append((one.code, reason))
        elif not more:
            made.passed.append(one.code)
    if patient.replay_cut:
        made.left_out.append(("course", "replay_cut"))


def _try(made: Diagnosis, patient: Patient, found: list[Finding], begin: float, budget: float) -> None:
    """Try what was found, as far as there is time, and put it into the diagnosis, with the repair."""
    if patient.attempt is None or budget <= 0:
        # half of all that there can be to learn, whatever a plain network would do; `quick` has another judge
        works = patient.attempt is not None and made.skill >= HALF
        made.others = [f for f in found if works and not f.regardless]
        made.findings = order([f for f in found if f not in made.others])
        made.left_out.append(("trials", "no_budget"))
        return
    end, now = begin + budget, time.perf_counter()
    screen = Screen(patient, now + SCREENING * max(end - now, budget / 2))
    repair: Repair | None = None
    try:
        made.findings = order(screen.tried(found))
        if made.findings and not made.findings[0].facts.get("root"):
            repair = Repair(screen, max(end, time.perf_counter() + budget / 8))
            repair.plan(made.findings, screen.others)
    finally:  # Ctrl-C perhaps: what there is counts
        made.notes += [f for f in [screen.unrelated] if f and f.facts.get("note")]
        made.passed = [code for code in made.passed if code not in {f.code for f in made.findings}]
        made.reference, made.ill, made.others = screen.reference, screen.ill, screen.others
        made.repair = repair.best if repair is not None else None
        made.left_out += screen.left_out
        if screen.too_large:
            made.about["too_large"] = screen.too_large


def _stopped(made: Diagnosis, found: list[Finding], done: list[Outcome]) -> None:
    """What was found when somebody ended the work."""
    known = {*made.passed, *(f.code for f in (*found, *made.notes)), *(code for code, _ in made.left_out)}
    made.left_out += [(one.code, "interrupted") for one in in_order() if one.code not in known]
    made.left_out.append(("trials", "interrupted"))
    made.findings = made.findings or order(so_far(found, done))


# What an error says that stopped a training before it began, as a category of fault.
REFUSALS = {
    "BL101": "wrong_label_encoding", "BL104": "wrong_label_encoding", "BL106": "wrong_label_encoding",
    "BL212": "wrong_label_encoding", "BL213": "wrong_label_encoding", "BL218": "wrong_loss",
    "BL333": "wrong_output_activation", "BL335": "wrong_output_activation",
}  # fmt: skip


@np.errstate(all="ignore")
def refused(error: BacklitError, patient: Patient | None, *, budget: float = 0.0) -> Diagnosis:
    """The diagnosis of a training that could not begin: what graph and data prove, and what the error says."""
    begin, made = time.perf_counter(), Diagnosis()
    found: list[Finding] = []
    if patient is not None and patient.fits:
        for one in in_order():
            if one.stage == "structure":
                found += [f for f in one.look(patient) or () if f.grade == "proved" and not f.facts.get("note")]
    category = REFUSALS.get(error.code, "other")
    if category == "wrong_label_encoding" and patient is not None and not _classes(patient):
        category = "wrong_output_activation"  # amounts need no other encoding: it is the output that does not fit them
    facts = {"error": error.code, "said": str(error).splitlines()[0], "category": category}
    found.append(Finding("DR109", "proved", facts, tuple(_fitting(patient)) if patient else ()))
    if patient is None:
        made.findings = order(found)
        made.left_out.append(("trials", "no_network"))
    else:
        made.run = patient.run
        _try(made, patient, found, begin, budget)
    made.seconds = time.perf_counter() - begin
    return made


def _classes(patient: Patient) -> bool:
    """Whether the targets are classes, or could be numbers of classes."""
    return patient.task != "numbers" or (patient.t.shape[1] == 1 and class_numbers(np.unique(patient.t), patient.rows))


def _fitting(patient: Patient) -> Iterator[Change]:
    """What makes targets and outputs fit."""
    values = np.unique(patient.t)
    outputs = int(patient.net.build().output.shape[1])  # type: ignore[arg-type]
    whole = bool(np.all(values == np.round(values)))
    if patient.t.shape[1] == 1 and whole and 2 <= len(values) <= outputs:
        yield Change("one_hot", decode="one_hot")
    elif patient.fits:
        yield made_for_task(patient)
    elif patient.task == "numbers":
        width = patient.t.shape[1]
        head = {"kind": "Dense", "units": width, "activation": "identity"}
        yield Change("head", head=head, facts={"units": width, "activation": "identity"})


@check("DR109", number=4, category="other", stage="start")
def refusal(patient: Patient) -> None:
    """A training that could not begin, and the error that says why (`refused` reports it)."""


def in_order() -> list[Check]:
    """The checks as they are made: by stage, then by code."""
    return sorted(CHECKS.values(), key=lambda c: (STAGES.index(c.stage), c.code))


def _not_possible(one: Check, patient: Patient) -> str:
    """Why a check cannot be made; "" if it can."""
    if not patient.began and one.stage in ("start", "course"):
        return "no_start" if one.stage == "start" else "no_course"
    if one.stage == "course" and not patient.looks and patient.look_again is None:
        return "no_training"
    return ""


def order(found: Sequence[Finding]) -> list[Finding]:
    """The root cause first, with those that follow from it as its consequences; at most `MOST`."""
    roots: list[Finding] = []
    for one in sorted(found, key=lambda f: rank(f, found)):
        cause = next((r for r in roots if one.symptom or _explains(r, one)), None)
        if cause is None:
            roots.append(one)
        else:
            roots[roots.index(cause)] = cause.with_consequences((*cause.consequences, one))
    return roots[:MOST]


def rank(finding: Finding, among: Sequence[Finding] = ()) -> tuple[float, ...]:
    """Symptoms go last; what is proved before what was measured; then by what the best remedy did.

    Of those that did as much, what others bring about goes behind them; else as the checks are made.  What came about
    in the training goes behind what brought it about, where mending that is what helped.
    """
    place = in_order().index(CHECKS[finding.code])
    if brought_about(finding, among):
        return (float(finding.symptom), float(len(GRADES)), 0.0, 1.0, 1.0, place)
    sure = finding.grade == "proved" or finding.facts.get("root")
    did = -2.0 if sure else -round(best(finding), 1)
    first = 0.0 if finding.facts.get("first") else 1.0
    causes = 0 if finding.grade == "proved" else sum(_explains(one, finding) for one in among)
    return (float(finding.symptom), GRADES.index(finding.grade), did, first, float(causes > 0), place)


def _explains(one: Finding, other: Finding) -> bool:
    return other.code in CHECKS[one.code].explains


def brought_about(finding: Finding, among: Sequence[Finding]) -> bool:
    """Whether a state follows from a measured finding: it came later, or its own remedy did not half as much."""
    causes = [one for one in among if one.grade == "measured" and _explains(one, finding)]
    if finding.facts.get("later"):
        return bool(causes)
    if finding.grade != "proved" or not finding.tried or CHECKS[finding.code].stage not in ("course", "end"):
        return False
    return any(best(finding) < HALF * best(one) for one in causes)


def categories() -> list[tuple[str, str, str]]:
    """What each finding counts as in the words of published collections of faults: (code, category, what it finds).

    A finding that counts as different things has a line for each; a symptom names no fault, its category is "".
    """
    rows = [(one.code, one.category, one.title) for one in in_order() if one.code != "DR109"]
    rows.append(
        ("DR104", "wrong_output_activation", "The same, where several classes stand in one column for one unit.")
    )
    for category in [*dict.fromkeys(REFUSALS.values()), "other"]:
        errors = ", ".join(code for code, own in REFUSALS.items() if own == category) or "any other"
        rows.append(("DR109", category, f"A training that could not begin, where the error is {errors}."))
    return sorted(rows)

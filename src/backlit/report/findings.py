"""A diagnosis, given as plain data (`Diagnosis.told`), in the sentences of one language: for text, page and report.

It reads leniently: a run.json of another version may hold codes and changes that this one has no sentence for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

from ..messages import catalogue, fill
from .facts import finite, items, part, text

HALF = 0.5  # of a skill: from there on a network works (doctor.screen.HALF)
MORE = {"draws": "lottery", "scale": "noise"}  # a fact, and the sentence on it that follows the evidence
ENDS = {"low": "−∞", "high": "∞"}  # of a range, where they are not finite
PARTS = ("what", "evidence", "threshold", "consequence", "try")


@dataclass(frozen=True)
class Trial:
    """A change that was tried, and what it did; `skill` is None where the training broke."""

    label: str
    skill: float | None
    steps: int = 0
    note: str = ""
    command: str = ""
    python: str = ""
    fresh: bool = False  # judged on rows that it has not seen


@dataclass(frozen=True)
class Said:
    """A finding in words; `under` are the findings that follow from it."""

    code: str
    grade: str
    sure: str
    what: str
    evidence: str = ""
    threshold: str = ""
    consequence: str = ""
    remedy: str = ""
    command: str = ""
    python: str = ""
    tried: tuple[Trial, ...] = ()
    under: tuple[Said, ...] = ()
    shown: str = ""  # the line that shows the very step it speaks of

    def does(self, other: Trial) -> bool:
        """Whether another change is what this finding says to do."""
        good = [trial for trial in self.tried if trial.skill is not None]
        best = max(good, key=lambda trial: trial.skill or 0.0, default=None)
        own = (self.command, self.python) if best is None else (best.command, best.python)
        return own == (other.command, other.python) and (best is None or best.label == other.label)


@dataclass(frozen=True)
class Told:
    """A whole diagnosis in words."""

    healthy: bool
    verdict: str
    more: list[str]
    now: Trial
    reference: Trial | None
    findings: list[Said]
    notes: list[Said]
    repair: Trial | None
    passed: list[tuple[str, str]]
    left_out: list[tuple[str, str]]
    codes_left: set[str] = field(default_factory=set)
    others: list[str] = field(default_factory=list)  # codes of suspicions that no trial bore out, the nearest first
    signs: dict[str, Any] = field(default_factory=dict)

    @property
    def own_repair(self) -> Trial | None:
        """The repair where it is more than the first finding's own remedy."""
        found, first = self.repair, self.findings[0] if self.findings else None
        if found is None or found.skill is None:
            return None
        return None if first is not None and first.does(found) else found


class Sentences:
    """Looks up what is said of findings, in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.known = catalogue(language)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence `doctor_faces.KEY`."""
        return fill(str(self.known["doctor_faces"][key]), values, self.language)

    def of(self, code: str, facts: Mapping[str, Any], key: str) -> str:
        """A part of what is said of a finding: the one for its `how`, where there is one."""
        parts = self.known.get(code, {})
        found = self._filled(str(parts.get(f"{key}_{facts.get('how', '')}", parts.get(key, ""))), facts)
        for fact, sentence in MORE.items() if key == "evidence" else ():
            if facts.get(fact):
                more = self._filled(str(self.known["doctor"][sentence]), facts)
                found = self._filled(str(self.known["doctor"]["joined"]), {"evidence": found, "more": more})
        return found

    def name(self, code: str) -> str:
        """What a check looks at, in a few words."""
        return str(self.known["doctor_names"].get(code, code))

    def change(self, change: Mapping[str, Any]) -> str:
        """What is changed; several things joined by +."""
        parts = [c for c in items(dict(change), "parts") if isinstance(c, dict)]
        return " + ".join(dict.fromkeys(self._one(part) for part in parts or [dict(change)]))

    def _one(self, change: Mapping[str, Any]) -> str:
        name = str(change.get("name", ""))
        sentence = self.known["doctor_changes"].get(name)
        own = {key: change.get(key, "") for key in ("initial", "few")}
        return self._filled(
            str(sentence or name), {**own, **part(dict(change), "settings"), **part(dict(change), "facts")}
        )

    def left(self, reason: str, facts: Mapping[str, Any]) -> str:
        """Why something was left out, and which changes, where there are any."""
        own = self.known["doctor_faces"].get(f"left_{reason}") or self.known.get("doctor_left", {}).get(reason)
        changes = [self.change(c) for c in items(dict(facts), "changes") if isinstance(c, dict)]
        return self._filled(str(own or reason), {**facts, "changes": "; ".join(dict.fromkeys(changes))})

    def _filled(self, sentence: str, facts: Mapping[str, Any]) -> str:
        """What is not finite is None in plain data."""
        try:
            return fill(sentence, {k: ENDS.get(k, nan) if v is None else v for k, v in facts.items()}, self.language)
        except (TypeError, ValueError):  # facts of another version
            return sentence


def told(found: Mapping[str, Any], language: str) -> Told:
    """The sentences of a diagnosis."""
    say, known = Sentences(language), dict(found)
    about = part(known, "about")
    findings = [_finding(f, say) for f in items(known, "findings") if isinstance(f, dict)]
    reference, repair = part(known, "reference"), part(known, "repair")
    now = Trial(say("now"), finite(known.get("skill")))
    made = Told(
        healthy=bool(known.get("healthy", not findings)) and not findings,
        verdict="", more=[], now=now,
        reference=Trial(say("reference"), finite(reference.get("skill"))) if reference else None,
        findings=findings,
        notes=[_finding(f, say) for f in items(known, "notes") if isinstance(f, dict)],
        repair=_trial(repair, say) if repair else None,
        passed=[(code, say.name(code)) for code in sorted(map(str, items(known, "passed")))],
        left_out=[_left(p, about, say) for p in items(known, "left_out") if isinstance(p, list) and len(p) == 2],
        codes_left={str(pair[0]) for pair in items(known, "left_out") if isinstance(pair, list) and pair},
        signs=part(known, "signs"), others=[str(code) for code in items(known, "others")],
    )  # fmt: skip
    return _with_verdict(replace(made, findings=[_that_helps(f, made, say) for f in findings]), known, say)


def _that_helps(one: Said, made: Told, say: Sentences) -> Said:
    """A finding; where its own changes did nothing, and several together did, it says so and nobody types the first."""
    most = max((percent(trial.skill) for trial in one.tried), default=None)
    repair, now = made.own_repair, percent(made.now.skill)
    if most is None or most > now or repair is None or percent(repair.skill) <= now:
        return one
    return replace(one, remedy=say("not_alone", remedy=one.remedy), command="", python="")


def _with_verdict(made: Told, known: Mapping[str, Any], say: Sentences) -> Told:
    """The first sentence: the root cause, or that all is well; and how good the network is."""
    quick = bool(known.get("quick"))
    checks = len(made.passed)
    if made.findings:
        verdict = made.findings[0].what
    elif not made.healthy:
        verdict = say("undecided", checks=checks)
    else:
        cut = ["trials", "interrupted"] in items(known, "left_out")
        verdict = say("healthy_quick" if quick or cut or not checks else "healthy", checks=checks)
    more = []
    if made.now.skill is not None:
        other = made.reference.skill if made.reference else None
        key = "skill_of" if other is not None else "skill_is"
        more.append(say(key, skill=share(made.now.skill), reference=share(other)))
    little = made.reference is not None and max(made.now.skill or 0.0, made.reference.skill or 0.0) < HALF
    if made.healthy and little:
        more.append(say("little"))
    if not quick and (dismissed := _dismissed(made, say)):
        key = "dismissed" if not made.healthy else "spared_little" if little else "spared"
        more.append(say(key, codes=", ".join(dismissed)))
    if made.findings and not quick:
        more.append(say("checks", passed=checks, found=_count(made.findings), left=_not_made(made)))
    return replace(made, verdict=verdict, more=more)


def share(skill: float | None) -> str:
    """A skill as people read it; what is worse than a constant answer has learned nothing.

    >>> share(0.876), share(-3.0), share(None)
    ('88 %', '0 %', '–')
    """
    return "–" if skill is None else f"{percent(skill)} %"


def percent(skill: float | None) -> int:
    """A skill in whole hundredths, as it is shown."""
    return round(100 * max(skill or 0.0, 0.0))


def _not_made(made: Told) -> int:
    return sum(code[:2] == "DR" for code, _ in made.left_out)


def _dismissed(made: Told, say: Sentences) -> list[str]:
    """Checks that saw signs which no trial bore out: neither passed nor left out, nor told."""
    told = {code for code, _ in made.passed} | made.codes_left
    told |= {f.code for one in (*made.findings, *made.notes) for f in (one, *one.under)}
    if not made.passed:
        return []
    ranked = [code for code in dict.fromkeys(made.others) if code not in told]
    return [*ranked, *(code for code in say.known["doctor_names"] if code not in told | set(ranked))]


def _count(findings: Sequence[Said]) -> int:
    return sum(1 + _count(f.under) for f in findings)


def _left(pair: Sequence[Any], about: dict[str, Any], say: Sentences) -> tuple[str, str]:
    code, reason = map(str, pair)
    return (code if code[:2] == "DR" else "", say.left(reason, part(about, reason)))


def _finding(found: dict[str, Any], say: Sentences) -> Said:
    code, facts, grade = text(found, "code"), part(found, "facts"), text(found, "grade") or "suspected"
    tried = [_trial(o, say) for o in items(found, "tried") if isinstance(o, dict)]
    changes = [c for c in items(found, "changes") if isinstance(c, dict)]
    best = _best(found) or (changes[0] if changes else {})
    what, evidence, threshold, consequence, remedy = (say.of(code, facts, key) for key in PARTS)
    command, python = (text(best, key) or text(found, key) for key in ("command", "python"))
    command = "" if command == f"backlit explain {code}" else command  # it stands under every finding
    return Said(
        code, str(say.known["doctor"].get(grade, grade)), say(f"sure_{grade}"), what or code, evidence, threshold,
        consequence, remedy, command, python, tuple(tried),
        tuple(_finding(f, say) for f in items(found, "consequences") if isinstance(f, dict)),
        _step(found) if code == "DR305" else "",
    )  # fmt: skip


def _best(found: dict[str, Any]) -> dict[str, Any]:
    """The change that did most, of those that were tried."""
    tried = [o for o in items(found, "tried") if isinstance(o, dict) and finite(o.get("skill")) is not None]
    best = max(tried, key=lambda o: finite(o.get("skill")) or -1e9, default={})
    return part(best, "change")


def _step(found: dict[str, Any]) -> str:
    """The line that shows the step in which a number broke."""
    command = text(found, "command")
    return command if " trace " in command else text(found, "python")


def _trial(found: dict[str, Any], say: Sentences) -> Trial:
    change = part(found, "change")
    note = say("broke") if found.get("broken") else say("cut") if found.get("cut") else ""
    steps = int(finite(found.get("steps")) or 0)
    return Trial(
        say.change(change),
        finite(found.get("skill")),
        steps,
        note,
        text(change, "command"),
        text(change, "python"),
        bool(found.get("fresh")),
    )

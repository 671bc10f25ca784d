"""The quick diagnosis after a training: what costs next to nothing, unless the network is visibly ill.

Nothing is tried.  Visibly ill is a network that a linear one beats by more than half of what that has learned and by
more than chance, or one whose training broke: then suspicions are told as well, and the training is gone through again
for a part of the time.  Of all others only what is proved is told.  It takes at most a twentieth of the time that the
training took; of a network that is visibly ill a tenth of a second in any case.  What there is no time for is left out:
`Run.diagnosis` makes the whole one when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...doctor.diagnosis import Diagnosis, examine, in_order
from ...doctor.signs import signs
from ...doctor.trial import HALF
from ..objects.run import Run
from .patients import patient_of

SHARE = 0.05  # of the time that the training took
LEAST = 0.02  # seconds that the cheapest checks need
FLOOR = 0.1  # seconds for a network that is visibly ill, however short the training was
ENDS = 0.75  # of the time: from then on no piece of a check is begun; the last one may take the rest
AGAIN = 0.4  # of the time, in which the training of a network that is visibly ill is gone through again
ROWS = 500  # that are looked at
MEASURES = {"classification": "accuracy", "multilabel": "accuracy", "regression": "r2"}


def quick(run: Run, took: float, judged: str) -> Diagnosis:
    """The quick diagnosis of a run whose training took so many seconds, judged on that part of the rows."""
    broke = bool(run.origin and run.origin.trouble)
    ill = broke or visibly_ill(run.result, run.facts, judged)
    allowed = max(FLOOR, SHARE * took) if ill else SHARE * took
    if run.origin is None or allowed < LEAST:
        left = [(check.code, "quick") for check in in_order()]
        return Diagnosis(quick=True, left_out=left, signs=signs(run.looks))
    patient = patient_of(run)
    patient.attempt = patient.redraw = None
    patient.look_again = patient.look_again if ill else None
    patient.most = ROWS
    made = examine(patient, budget=0, within=ENDS * allowed, replay=AGAIN * allowed)
    made.quick = True
    made.left_out = [(c, "quick" if why == "late" else why) for c, why in made.left_out if c != "trials"]
    return sifted(made, ill)


def sifted(made: Diagnosis, ill: bool) -> Diagnosis:
    """What may be told where nothing could be tried: suspicions, and what need do no harm, only of one that is ill."""
    if not ill:
        made.findings = [f for f in made.findings if f.regardless]
    return made


def visibly_ill(result: Mapping[str, Any], facts: Mapping[str, Any], judged: str) -> bool:
    """Whether the best linear model has learned more than twice as much, by more than two standard errors."""
    found, beside = result.get(judged), facts.get("baselines")
    if not found or not beside:
        return False
    data = facts.get("data", {})
    key = MEASURES.get(data.get("task", ""), "")
    own, constant, linear = (each.get(key) for each in (found, beside["constant"], beside["linear"]))
    if own is None or constant is None or linear is None:
        return False
    room = 1 - constant
    if not room > 0:
        return False
    skill, other = (own - constant) / room, (linear - constant) / room
    chance = 2 / max(data.get("split", {}).get(judged, 1), 1) ** 0.5
    return bool(not skill >= HALF * other and not other - skill <= chance and other > 0)

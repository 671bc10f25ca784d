"""Whether the inputs tell anything of the targets: what no network finds in the rows, none can learn from them."""

from __future__ import annotations

from .checks.bend import Z, two_fits
from .checks.data import every_case
from .finding import Finding
from .patient import Patient
from .trial import HALF, Outcome


def unrelated(patient: Patient, reference: Outcome | None) -> Finding | None:
    """A finding, where nothing holds for rows that were left out: no plain network, no line, no bent features.

    Each of the three has to beat a constant by two standard errors; if none does, inputs and targets may belong to
    different rows.
    """
    if reference is None or not reference.fresh or reference.cut or reference.broken:
        return None
    if not reference.skill <= Z * reference.error:
        return None
    fits = two_fits(patient)
    if fits is None or fits.few or fits.found > Z:
        return None
    facts = {
        "how": "unrelated", "skill": reference.skill, "error": reference.error, "linear": fits.linear,
        "bent": fits.bent, "z": fits.found, "rows": fits.rows, "root": True,
    }  # fmt: skip
    if every_case(patient.x) or patient.skill() >= HALF:  # to remember the rows is what is asked, or what was learned
        facts["note"] = True
    return Finding("DR112", "measured", facts)

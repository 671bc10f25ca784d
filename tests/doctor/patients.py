"""Trainings to be looked at, and what is said of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backlit import Network
from backlit.doctor.finding import CHECKS, Finding
from backlit.doctor.patient import Patient
from backlit.doctor.words import said
from backlit.errors import BacklitError
from backlit.messages import LANGUAGES, entry, placeholders
from backlit.ops.arithmetic import maximum
from backlit.ops.declare import elementwise
from backlit.training.clinic.patients import patient_of
from backlit.training.whole.diagnosing import diagnose

FOLDER = Path(__file__).parent / "snapshots"
PARTS = ("what", "evidence", "threshold", "consequence", "try")
WRITE = os.environ.get("BACKLIT_SNAPSHOTS") == "write"  # a person reads what `git diff` says then


SEED = int(
    os.environ.get("BACKLIT_EXAMPLE_SEED", "0")
)  # of rows and first weights: benchmarks/doctor/made.py has others


def rows(count=200, features=4, seed=0):
    """Standard normal inputs."""
    return np.random.default_rng(seed + 1000 * SEED).normal(size=(count, features))


def bent(x):
    """A target that no line follows."""
    return np.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]


def trained(layers, x, t, **settings) -> Patient:
    """A training as a patient, also one that broke."""
    left = []
    try:
        Network(layers).fit(x, t, left=left, **{"epochs": 3, "seed": SEED, **settings})
    except BacklitError:
        assert left, "refused"
    return patient_of(left[0])


def refused(code: str, layers, x, t, **settings) -> Finding:
    """What is found where the training could not begin."""
    told = diagnose(Network(layers), x, t, budget=0, **{"seed": SEED, **settings})
    return next(f for one in told.findings for f in (one, *one.consequences) if f.code == code)


def findings(code: str, patient: Patient) -> list[Finding]:
    """What one check finds."""
    return list(CHECKS[code].look(patient) or ())


def only(code: str, patient: Patient, how: str | None = None) -> Finding:
    """The one finding of a check (of this kind)."""
    (found,) = [f for f in findings(code, patient) if how is None or f.facts.get("how") == how]
    return found


def told(finding: Finding, language: str) -> str:
    """All its sentences, with # for numbers: these are looked at by themselves, and differ from machine to machine."""
    parts, how = entry(finding.code, language), finding.facts.get("how")
    for part in PARTS:
        assert placeholders(parts.get(f"{part}_{how}", parts.get(part, ""))) <= set(finding.facts), part
    lines = [f"{part}: {said(finding, part, language)}".rstrip() for part in PARTS]
    changes = [f"change: {c.name}" for c in finding.changes]
    return re.sub(r"(?<![A-Za-z\d])[-+]?\d+([.,]\d+)*(e[-+]?\d+)?%?|\bnan\b", "#", "\n".join([*lines, *changes]))


def same_as_ever(finding: Finding) -> None:
    """Compare the sentences with the snapshot, in every language."""
    how = finding.facts.get("how")
    name = f"{finding.code}_{how}" if how else finding.code
    for language in LANGUAGES:
        path = FOLDER / language / f"{name}.txt"
        text = told(finding, language) + "\n"
        assert not re.search(r"[{}]|what:$|try:$", text, re.MULTILINE), text
        if WRITE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


def leaning(slope: Callable[[Any], Any]) -> None:
    """A leaky ReLU, with a derivative of one's own."""

    @elementwise(role="activation", kinks=(0.0,), side="left")
    def leaning(u):
        """A leaky ReLU."""
        return maximum(u, 0.25 * u)

    @leaning.derivative
    def _(u):
        return slope(u)

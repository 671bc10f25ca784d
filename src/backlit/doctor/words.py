"""The sentences of a finding, from the catalogue: each part once, or once for each way in which it can be so.

A finding whose facts have a `how` takes `what_HOW` where the catalogue has it, else `what`; so do the other parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..messages import entry, fill, say
from ..report.findings import MORE

if TYPE_CHECKING:
    from .finding import Finding


def said(finding: Finding, part: str, language: str | None = None) -> str:
    """A part (what, evidence, threshold, consequence, try) of what is said of a finding; "" where there is none.

    >>> from backlit.doctor.finding import Finding
    >>> said(Finding("DR112", "proved", {"how": "constant", "names": ["age"], "count": 1}), "what", "en")
    'the same value in every row: age'
    """
    parts = entry(finding.code, language)
    text = parts.get(f"{part}_{finding.facts.get('how', '')}", parts.get(part, ""))
    told = fill(text, finding.facts, language)
    for fact, sentence in MORE.items() if part == "evidence" else ():
        if finding.facts.get(fact):
            more = say(f"doctor.{sentence}", language, **finding.facts)
            told = say("doctor.joined", language, evidence=told, more=more)
    return told

"""Puts the sections into the Jinja2 templates; the only file of this room that knows Jinja2."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .evidence import effort, scores
from .facts import clean, text
from .parts import Section, Table
from .sections import sections
from .svg import width
from .verdict import Verdict, verdict
from .words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

# Only what was drawn by svg.py is put in unescaped (`| safe`); everything else goes through autoescape.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@functools.cache
def environment() -> Environment:
    """The templates, read once per process; a name that a template misspells is an error, not a blank."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("backlit.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["pixels"] = width
    return made


def page(
    run: Mapping[str, Any], history: Sequence[Mapping[str, Any]], language: str, more: Sequence[Section] = ()
) -> str:
    """The whole page; see `backlit.report.render`.

    Examples
    --------
    >>> '<html lang="ja">' in page({}, [], "ja")
    True
    """
    facts = clean(run) if isinstance(run, Mapping) else {}
    entries = clean(history) if history is not None else []
    words = Words(language)
    return whole(
        words, facts, text(facts, "name") or words("unnamed"), over=words("over_title"),
        verdict=verdict(facts, words), scores=scores(facts, words), effort=effort(facts, words),
        sections=sections(facts, entries if isinstance(entries, list) else [], words, more),
    )  # fmt: skip


def whole(
    words: Words, facts: dict[str, Any], name: str, *, over: str, verdict: Verdict | None,
    effort: list[tuple[str, str]], sections: list[Section], scores: Table | None = None,
) -> str:  # fmt: skip
    """The parts put into the template."""
    return environment().get_template("page.html").render(
        words=words, policy=POLICY, name=name, over=over, created=moment(text(facts, "created")),
        version=text(facts, "backlit"), verdict=verdict, scores=scores, effort=effort, sections=sections,
    )  # fmt: skip


def moment(created: str) -> str:
    """A time stamp as people write it; what is no ISO time stamp is left as it is.

    Examples
    --------
    >>> moment("2026-01-01T12:00:00Z"), moment("2026-01-01T12:00:00.25+09:00"), moment("yesterday")
    ('2026-01-01 12:00 UTC', '2026-01-01 12:00 UTC+09:00', 'yesterday')
    """
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", created)
    if not found:
        return created
    day, clock, zone = found.groups()
    return f"{day} {clock}" + (f" UTC{'' if zone in ('Z', '+00:00') else zone}" if zone else "")

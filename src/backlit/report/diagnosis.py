"""A diagnosis as a page, and as a card for notebooks; from plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import cards, signs
from .diagnosed import findings_table, tried
from .facts import clean, items, part, text
from .findings import Sentences, Told, share, told
from .page import POLICY, environment
from .words import Words


def page(found: Mapping[str, Any], language: str) -> str:
    """One page that runs no script and loads nothing.

    >>> made = page({"findings": [], "passed": ["DR101"], "skill": 1.0}, "ja")
    >>> '<html lang="ja">' in made, "<script" in made
    (True, False)
    """
    words, known = Words(language), clean(found)
    say, made = Sentences(words.language), told(known, words.language)
    name = text(part(known, "about"), "name") or say("unnamed")
    trials = {one.code: figure for one in made.findings if (figure := tried(one, made, say)) is not None}
    return environment().get_template("diagnosis.html").render(
        words=words, say=say, policy=POLICY, version=_version(), name=name, made=made, trials=trials,
        status="good" if made.healthy else "bad", signs=signs.figures(made.signs, say), left=_reasons(made),
        looked=len(items(made.signs, "steps")), repair=made.own_repair,
        verdict=made.verdict, more=made.more, share=share,
    )  # fmt: skip


def card(found: Mapping[str, Any], language: str) -> str:
    """What a notebook shows: the verdict, the findings with their remedies, what was tried."""
    words, known = Words(language), clean(found)
    say, made = Sentences(words.language), told(known, words.language)
    figures = [figure for one in made.findings[:1] if (figure := tried(one, made, say)) is not None]
    tables = [findings_table(made, say)] if made.findings else []
    return cards.card(say("title"), [made.verdict, *made.more], tables, figures, words.language)


def _reasons(made: Told) -> list[tuple[str, str]]:
    """Why something was left out, and the codes of what was."""
    reasons: dict[str, list[str]] = {}
    for code, reason in made.left_out:
        reasons.setdefault(reason, []).append(code)
    return [(reason, " ".join(code for code in codes if code)) for reason, codes in reasons.items()]


def _version() -> str:
    from ..version import __version__

    return __version__

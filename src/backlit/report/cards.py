"""What a notebook shows of a network, a run or a history: HTML and SVG without scripts, ids that never clash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from . import boxes
from .evidence import learning, scores
from .facts import clean, text
from .numbers import count
from .page import environment
from .parts import Figure, Table
from .verdict import verdict
from .words import Words


def network(summary: Sequence[Mapping[str, Any]], parameters: int, features: int, language: str) -> str:
    """The layers as boxes, with their table twin.

    >>> "<script" in network([{"name": "dense1", "kind": "Dense", "output": [2], "parameters": 10}], 10, 4, "en")
    False
    """
    words = Words(language)
    rows = [row for row in clean(summary) if row.get("kind") != "Input"]
    found = boxes.layers(rows, features, words)
    said = words("architecture_intro", layers=count(len(rows)), parameters=count(parameters))
    return _card(words, words("architecture_heading"), [said], [], [boxes.figure(found, words)])


def run(facts: Mapping[str, Any], history: Sequence[Mapping[str, Any]], language: str) -> str:
    """The verdict, what was measured, and the curves."""
    words, known = Words(language), clean(facts)
    found = verdict(known, words)
    table = scores(known, words)
    sentences = [found.sentence, *found.more] if found else []
    figures = learning(known, clean(history), words).figures
    return _card(words, text(known, "name") or words("unnamed"), sentences, [table] if table else [], figures)


def history(entries: Sequence[Mapping[str, Any]], language: str) -> str:
    """The curves."""
    words = Words(language)
    figures = learning({}, clean(entries), words).figures
    return _card(words, words("curves_title"), [] if figures else [words("no_history")], [], figures)


def card(title: str, sentences: list[str], tables: list[Table], figures: list[Figure], language: str) -> str:
    """Sentences, tables and figures under a title: for what brings its own words."""
    return _card(Words(language), title, sentences, tables, figures)


def _card(words: Words, title: str, sentences: list[str], tables: list[Table], figures: list[Figure]) -> str:
    """The same facts give the same bytes; ids begin with a hash of the content."""
    page = environment().get_template("card.html").render(
        words=words, title=title, sentences=sentences, tables=tables, figures=figures
    )  # fmt: skip
    own = hashlib.sha256(page.encode()).hexdigest()[:8]
    for figure in figures:
        page = page.replace(f"figure-{figure.key}", f"b{own}-{figure.key}")
        page = page.replace(f'id="{figure.key}-figure"', f'id="b{own}-{figure.key}-figure"')
    return page

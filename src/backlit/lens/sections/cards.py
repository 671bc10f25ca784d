"""The gallery's pages of the activation functions that a network uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...messages import language, say
from ...report.page import environment
from ...report.parts import Section
from ...report.svg import Raw
from ...report.words import Words as ReportWords
from ..gallery import activations
from ..gallery.page import article_of
from ..gallery.words import Words


def cards(names: Sequence[str]) -> Section:
    """A card for each name, in this order; they are names or formulas as `Dense` takes them."""
    words = Words(language())
    made: Any = environment().get_template("gallery_parts.html").module
    pieces = [
        Raw(made.article(article_of(activations[name], words), words, ReportWords(words.language))) for name in names
    ]
    return Section(
        "activations", say("lens.cards_title"), [say("lens.cards_intro")] if pieces else [],
        markup=pieces, style="gallery.css",
    )  # fmt: skip

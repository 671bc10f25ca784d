"""A drawing or a card as a file of its own: with the colours that a page would give it, in light and in dark."""

from __future__ import annotations

from .page import POLICY, environment
from .svg import Raw, tag


def svg_file(drawing: str) -> str:
    """A drawing of `svg.drawing` with its style inside.

    >>> svg_file('<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>').startswith("<svg")
    True
    """
    style = environment().get_template("alone.css").render()
    head, closing, body = drawing.partition(">")
    return (
        f"{head}{closing}{tag('style', Raw(style))}{tag('rect', width='100%', height='100%', class_='sheet')}{body}\n"
    )


def html_file(card: str, title: str, language: str) -> str:
    """A card of `cards` as a page: nothing is loaded, no script runs."""
    return environment().get_template("alone.html").render(card=card, title=title, language=language, policy=POLICY)

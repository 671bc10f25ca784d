"""What a page is made of: tables, figures with table twins, sections; `templates/parts.html` draws them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .svg import Raw


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first `words` columns are words (left), the others numbers (right)."""

    caption: str
    head: list[str]
    rows: list[list[str]]
    words: int = 1
    notes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)  # for each row where its first cell leads to; "": nowhere


@dataclass(frozen=True)
class Figure:
    """A drawing `wide` pixels wide and its table twin; `svg` may be empty when nothing can be drawn."""

    key: str
    title: str
    description: str
    svg: str
    table: Table
    wide: float
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Download:
    """A file that the page holds itself, as a link."""

    title: str
    name: str
    address: str  # data:…


@dataclass
class Section:
    """A heading and whatever follows it; the template draws the parts in this order."""

    key: str
    title: str
    intro: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    terms: list[tuple[str, str]] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    markup: list[Raw] = field(default_factory=list)  # pieces of the page that a template has made already
    style: str = ""  # the style sheet that they need
    below: bool = False  # the tables are wide: below the figures, and not beside them

    def empty(self) -> bool:
        """Whether there is nothing but the heading."""
        parts = (self.facts, self.figures, self.tables, self.codes, self.terms, self.downloads, self.notes, self.markup)
        return not any(parts)

"""The gallery as one page of HTML, and a card of it for notebooks: no scripts, opened from a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from ...ops.mathml import display
from ...report.page import POLICY, environment
from ...report.words import Words as ReportWords
from ...version import __version__
from . import table, told
from .card import Card
from .draw import curve_plot, depth_plot, jacobian_plot, own_plot, slug
from .own import Layer
from .shown import Shown
from .vectors import RowCard
from .words import Words, interval, number

FILTERS = ("monotone", "smooth", "centred", "negatives", "unsaturated")


@dataclass(frozen=True)
class Article:
    """One function's part of the page, ready to be filled in: drawings and formulas are markup, the rest is text."""

    key: str
    name: str
    title: str
    use: str
    source: str
    drawings: list[str]
    formulas: list[tuple[str, str]]
    groups: list[tuple[str, told.Pairs]]
    head: list[str] = field(default_factory=list)
    values: list[list[str]] = field(default_factory=list)
    layer_head: list[str] = field(default_factory=list)
    layers: list[list[str]] = field(default_factory=list)


def article_of(card: Card | RowCard, words: Words) -> Article:
    """The parts of a card."""
    return _single(card, words) if isinstance(card, Card) else _row(card, words)


def _single(card: Card, words: Words) -> Article:
    text = {"joined": words("with"), "otherwise": words("otherwise")}
    formulas = [("", display("o", card.book, **text)), ("", display("f′(u)", card.slope_book, **text))]
    if card.output_book is not None and set(card.op.slope(0).reads) != {"y"}:
        formulas.append((words("via_formula"), display("f′", card.output_book, **text)))
    given = ", ".join(f"{name} = {number(value)}" for name, value in card.parameters.items())
    groups = [
        (words("group_curve"), [*([(words("parameters"), given)] if given else []), *told.shape(card, words)]),
        (words("group_learning"), told.passing(card, words)),
        (
            words("group_memory"),
            [told.memory(card, words)[0], (words("tail"), told.lost(card, words)), *told.care(card, words)],
        ),
        (words("group_elsewhere"), told.elsewhere(card, words)),
    ]
    u = np.arange(-5.0, 5.5, 1.0)
    o, slope = card.curve(u)
    values = [[number(float(a)), number(float(b)), number(float(c))] for a, b, c in zip(u, o, slope, strict=True)]
    drawings = [curve_plot(card, words), depth_plot(card.name, card.depth, words)]
    head, layer_head = ["u", "f(u)", "f′(u)"], [words("layer"), "var o", "δᵘ²"]
    deep = zip(card.depth.outputs, card.depth.signals, strict=True)
    layers = [[str(k), number(a, 3), number(b, 3)] for k, (a, b) in enumerate(deep, 1)]
    return Article(
        slug(card.name), card.name, words.title(card.name), words.use(card.op, card.family), card.source, drawings,
        formulas, _filled(groups), head, values, layer_head, layers,
    )  # fmt: skip


def _row(card: RowCard, words: Words) -> Article:
    formulas = [("", _written(card.formula)), ("", _written(card.derivative))]
    key = {"A": "via_a", "A±": "via_pieces", "C": "via_rows"}[card.from_output]
    sums = told.row_sums(card, words)
    groups = [(words("group_curve"), [(words("range"), interval(*card.range, card.ends)), *sums])]
    groups += [
        (words("group_memory"), [(words("via"), words(key))]),
        (words("group_elsewhere"), told.elsewhere(card, words)),
    ]
    head = ["J", *(f"u{j} = {number(v)}" for j, v in enumerate(card.row, 1))]
    values = [
        [f"o{i} = {o:.4f}", *(f"{v + 0.0:.4f}" for v in row)]
        for i, (o, row) in enumerate(zip(card.outputs, card.jacobian, strict=True), 1)
    ]
    return Article(
        slug(card.name), card.name, words.title(card.name), words.use(card.name, card.family), card.source,
        [jacobian_plot(card, words)], formulas, _filled(groups), head, values,
    )  # fmt: skip


def _filled(groups: Iterable[tuple[str, told.Pairs]]) -> list[tuple[str, told.Pairs]]:
    """The groups without facts that say nothing."""
    kept = [(name, [(label, value) for label, value in pairs if value]) for name, pairs in groups]
    return [(name, pairs) for name, pairs in kept if pairs]


def _written(text: str) -> str:
    """A formula of a page as HTML: _i and _{…} as indices, ^{…} as exponents."""
    from ...report.svg import tag

    safe = tag("span", text, class_="formula")
    marked = re.sub(
        r"\^\{((?:[^{}]|\{[^{}]*\})*)\}", r"<sup>\1</sup>", re.sub(r"_\{([^{}]*)\}", r"<sub>\1</sub>", safe)
    )
    return re.sub(r"_(\w)", r"<sub>\1</sub>", marked)


# ---- the page ---------------------------------------------------------------------------------------------------


def page(
    cards: Sequence[Card | RowCard], language: str | None = None, layers: Sequence[Layer] = (), of: str = ""
) -> str:
    """The whole gallery of these cards; with `layers` of a network (called `of`) their u under the curves.

    >>> from backlit import activations
    >>> "<script" in page([activations["elu"]], "en")
    False
    """
    words = Words(language)
    single = [card for card in cards if isinstance(card, Card)]
    members = sorted(cards, key=lambda card: (_place(card), card.name))
    families = [
        (key, words.of("family", key) or words("typed"), [article_of(card, words) for card in group])
        for key, group in groupby(members, key=lambda card: card.family or "typed")
    ]
    compared = table.rows(single, words) if len(single) > 1 else []
    return environment().get_template("gallery.html").render(
        words=words, report_words=ReportWords(words.language), policy=POLICY, version=__version__, families=families,
        heads=table.heads(words), rows=compared, classes={row.card.name: _classes(row.card) for row in compared},
        sorts=table.SORTED_BY, filters=FILTERS, slug=slug, own=[_own(layer, words) for layer in layers], of=of,
    )  # fmt: skip


def _place(card: Card | RowCard) -> int:
    """The place of a family on the page: what is used most comes first."""
    order = (
        "relu",
        "sigmoid",
        "elu",
        "gated",
        "mish",
        "smooth",
        "s_shaped",
        "hard",
        "linear",
        "normalized",
        "gated_rows",
    )
    return order.index(card.family) if card.family in order else len(order) + sum(map(ord, card.family))


def _classes(card: Card) -> str:
    """What the filters of the table look at."""
    holds = {
        "monotone": card.monotone,
        "smooth": card.smoothness >= 1,
        "centred": abs(card.centre) < 0.05,
        "negatives": card.passes[0] > 0,
        "unsaturated": not any(card.flat_ends),
    }
    return " ".join(name for name, yes in holds.items() if yes)


def _own(layer: Layer, words: Words) -> dict[str, object]:
    """A layer's drawing and its figures."""
    facts = [
        (words("own_mean"), f"{number(layer.mean, 3)} ± {number(layer.spread, 3)}"),
        (words("own_negative"), told.share(layer.negative)),
        (words("own_dead"), told.share(layer.dead)),
        (words("own_saturated"), told.share(layer.saturated)),
        (words("own_units"), words("of_units", count=layer.dead_units, units=layer.units)),
    ]
    rows = [
        [f"{number(float(a))} … {number(float(b))}", str(int(n))]
        for n, a, b in zip(layer.counts, layer.edges[:-1], layer.edges[1:], strict=True)
        if n
    ]
    return {
        "title": words("own_title", layer=layer.name, name=layer.card.name), "svg": own_plot(layer, words),
        "facts": facts, "note": words("own_rows", rows=layer.rows, units=layer.units), "rows": rows,
        "head": ["u", words("own_count")],
    }  # fmt: skip


# ---- a notebook's card ------------------------------------------------------------------------------------------


def alone(card: Shown, words: Words) -> str:
    """One card as it stands in a notebook: its own style sheet, ids that never clash."""
    assert isinstance(card, (Card, RowCard))
    made = environment().get_template("gallery_card.html").render(
        words=words, report_words=ReportWords(words.language), article=article_of(card, words)
    )  # fmt: skip
    own = hashlib.sha256(made.encode()).hexdigest()[:8]
    return re.sub(r'(id="|url\(#|aria-labelledby="|-title )((?:figure|curve|depth|jacobian)-)', rf"\1b{own}-\2", made)

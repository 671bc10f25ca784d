"""`backlit activations [NAME ...]`: the gallery of activation functions, on the terminal, as JSON or as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..messages import language, say
from ..messages.wrapping import wrap
from . import page, reading
from .kinds import Word
from .options import command, option

if TYPE_CHECKING:
    from ..lens.gallery import Card, RowCard
    from ..lens.gallery.own import Layer

FORMATS = ("text", "json", "html")
ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}


@command("activations")
@click.argument("names", nargs=-1, metavar="NAME ...")
@option("--model", metavar="MODEL", part="data")
@option("--data", metavar="SOURCE", part="data")
@option("--out", metavar="FILE.html", part="output")
@option("--format", "form", type=Word(*FORMATS), metavar="|".join(FORMATS), part="output")
@reading.reading
def activations(
    names: tuple[str, ...], model: str | None, data: str | None, out: str | None, form: str | None, **given: Any
) -> None:
    """Show activation functions; its sentences are in the catalogue (`cli_activations`)."""
    from ..errors import fail
    from ..lens.gallery import activations as gallery
    from ..training.objects.files import write_atomic

    asked = reading.asked(given)
    if (model is None) != (data is None):
        raise fail("BL367", missing="--model" if model is None else "--data")
    suffix = Path(out).suffix.lower() if out is not None else ".txt"
    if form is None and suffix not in ENDINGS:
        raise click.UsageError(say("cli_activations.ending", path=out), click.get_current_context())
    cards = [gallery[name] for name in names]
    layers = own_layers(model, data, asked) if model is not None and data is not None else []
    if not names:
        used = [layer.card for layer in layers]
        cards = list({card.name: card for card in used}.values()) if used else list(gallery.values())
    form = form or ENDINGS[suffix]
    text = TEXTS[form](cards, layers, model or "", bool(names))
    if out is None:
        page.out(text)
    else:
        write_atomic(Path(out), [f"{text}\n".encode()])
        page.err(say("gallery.written", count=len(cards), path=out))


def own_layers(model: str, source: str, asked: dict[str, Any]) -> list[Layer]:
    """The weighted sums of a model's layers on the rows of a source."""
    import numpy as np

    from ..data import Table, Tally
    from ..lens.gallery import own
    from ..training import Ensemble, load
    from . import models

    found = load(model)
    net = found.networks[0] if isinstance(found, Ensemble) else found
    tally = Tally()
    blocks, count = [], 0
    for x in models.inputs(net, source, tally, asked):
        ready = net.preparation.inputs(x) if isinstance(x, Table) and net.preparation is not None else x
        blocks.append(np.asarray(ready))
        count += len(blocks[-1])
        if count >= own.MOST:
            break
    layers = own.layers_of(net, {"x": np.concatenate(blocks)})
    for notice in tally.notices():
        reading.warn(notice)
    return layers


# ---- the three ways ---------------------------------------------------------------------------------------------


def as_text(cards: list[Card | RowCard], layers: list[Layer], model: str, asked: bool) -> str:
    """Each card in lines; where no name was asked for a table of all."""
    parts = [own_text(layers)] if layers else []
    if asked:
        parts += [card.text() for card in cards]
    elif not layers:
        parts.append(compared(cards))
    return "\n\n".join(parts)


def compared(cards: list[Card | RowCard]) -> str:
    """The comparison table in plain columns, and the functions of a whole row below it."""
    from ..lens.gallery import Card, table
    from ..lens.gallery.words import Words
    from ..messages import places

    words = Words()
    single = [card for card in cards if isinstance(card, Card)]
    rows = [[text for _, text in table.heads(words)], *(row.cells for row in table.rows(single, words))]
    wide = [max(places(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = [
        "  ".join(cell + " " * (w - places(cell)) for cell, w in zip(row, wide, strict=True)).rstrip() for row in rows
    ]
    others = [f"{card.name}  {card.formula}" for card in cards if not isinstance(card, Card)]
    return "\n".join([*lines, "", *others, "", *wrap(words("compared_note"), page.columns())])


def own_text(layers: list[Layer]) -> str:
    """A line for each layer."""
    heads = ("own_mean", "own_negative", "own_dead", "own_saturated", "own_units")
    lines = []
    for layer in layers:
        lines.append(say("gallery.own_title", layer=layer.name, name=layer.card.name))
        shares = [f"{100 * s:.3g} %" for s in (layer.negative, layer.dead, layer.saturated)]
        units = say("gallery.of_units", count=layer.dead_units, units=layer.units)
        values = (f"{layer.mean:.3g} ± {layer.spread:.3g}", *shares, units)
        lines += page.pairs((say(f"gallery.{key}"), value) for key, value in zip(heads, values, strict=True))
    return "\n".join(lines)


def as_json(cards: list[Card | RowCard], layers: list[Layer], model: str, asked: bool) -> str:
    """All facts as data; what is not finite is null or the text "inf"."""
    from ..lens.gallery import facts

    told: dict[str, Any] = {"functions": [facts.of(card) for card in cards]}
    if layers:
        told["layers"] = [facts.of_layer(layer) for layer in layers]
    return json.dumps(told, ensure_ascii=False, indent=1)


def as_html(cards: list[Card | RowCard], layers: list[Layer], model: str, asked: bool) -> str:
    """The page."""
    from ..lens.gallery.page import page as whole

    return whole(cards, language(), layers, model).rstrip("\n")


TEXTS = {"text": as_text, "json": as_json, "html": as_html}

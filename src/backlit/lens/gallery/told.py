"""A card's facts as pairs of label and value: what the page, the notebook and the terminal show alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...report.numbers import NBSP
from .words import Words, interval, number, stretch

if TYPE_CHECKING:
    from .card import Card
    from .measure import Peak
    from .vectors import RowCard

LIBRARY_NAMES = {"torch": "PyTorch", "onnx": "ONNX", "keras": "Keras", "jax": "JAX"}
Pairs = list[tuple[str, str]]


def facts(card: Card, words: Words) -> Pairs:
    """All facts, formulas first."""
    given = ", ".join(f"{name} = {number(value)}" for name, value in card.parameters.items())
    found = [("f(u)", card.formula), ("f′(u)", card.derivative), (words("parameters"), given)]
    found += [*shape(card, words), *passing(card, words), *memory(card, words), *care(card, words)]
    found += [*elsewhere(card, words), (words("source"), card.source), (words("use"), words.use(card.op, card.family))]
    return [(label, value) for label, value in found if value]


# ---- the curve --------------------------------------------------------------------------------------------------


def shape(card: Card, words: Words) -> Pairs:
    """What the curve looks like."""
    return [
        (words("range"), reach(card)),
        (words("limits"), words("limits_of", left=limit(card.limits[0], words), right=limit(card.limits[1], words))),
        (words("minimum"), turn(card.minimum)),
        (words("maximum"), turn(card.maximum)),
        (words("monotone"), words.yes(card.monotone)),
        (words("parity"), words(f"parity_{card.parity or 'none'}")),
        (words("smoothness"), smoothness(card, words)),
        (words("kinks"), kinks(card, words)),
    ]


def reach(card: Card) -> str:
    """The range: an interval with its ends, or the few values there are."""
    if card.outputs:
        return "{" + ", ".join(number(v) for v in card.outputs) + "}"
    return interval(*card.range, card.ends)


def limit(value: float | None, words: Words) -> str:
    """What o tends to."""
    return words("no_limit") if value is None else words("no_value") if math.isnan(value) else number(value)


def turn(point: tuple[float, float] | None) -> str:
    """A lowest or highest point."""
    return "" if point is None else f"{number(point[1])} (u = {number(point[0])})"


def smoothness(card: Card, words: Words) -> str:
    """The class: C⁰ … C^∞, or that it jumps."""
    n = card.smoothness
    if math.isnan(n):
        return ""
    return words("smooth_all") if math.isinf(n) else words(f"smooth_{int(n)}" if n >= 0 else "jumps")


def kinks(card: Card, words: Words) -> str:
    """The kinks with the slopes on both sides and the one that is taken."""
    said = [
        words("kink", u=number(k.u), left=number(k.left), right=number(k.right), taken=number(k.taken))
        for k in card.kinks
    ]
    return words.one_by_one(said)


# ---- what passes ------------------------------------------------------------------------------------------------


def passing(card: Card, words: Words) -> Pairs:
    """What becomes of error signals and of means."""
    below, above = card.passes
    depth = card.depth
    found = [
        (words("centre"), words("centre_of", value=number(round(card.centre, 6), 3))),
        (words("steepest"), peak(card.steepest, words)),
        (words("passes"), words("passes_of", below=number(below, 3), above=number(above, 3))),
        (words("dead"), stretches(card.dead, words)),
        (words("saturated"), stretches(card.saturated, words)),
    ]
    if card.surrogate:
        found.append((words("surrogate"), words("surrogate_of")))
    told = words("depth_of", initial=depth.initial, kept=number(depth.kept, 3), left=number(depth.left, 3))
    return [*found, (words("depth"), told)]


def peak(found: Peak, words: Words) -> str:
    """The largest slope and where it is."""
    if math.isnan(found.value):
        return words("no_value")
    if math.isinf(found.value):
        return words("unbounded")
    value = number(found.value)
    sign = "±" if found.both else ""
    if found.limit:
        return words("approached", value=value, where=f"{sign}∞" if found.both else number(found.low))
    if found.low == found.high:
        return words("at", value=value, where=f"u = {sign}{number(found.low)}")
    if found.both:
        return words("on", value=value, where=f"|u| > {number(found.low)}" if found.low else "u ≠ 0")
    everywhere = math.isinf(found.low) and math.isinf(found.high)
    return (
        words("everywhere", value=value)
        if everywhere
        else words("on", value=value, where=stretch(found.low, found.high))
    )


def stretches(found: Sequence[tuple[float, float]], words: Words) -> str:
    """Stretches of u in a row."""
    if not found:
        return words("nowhere")
    return words.listed([words("all_u") if math.isinf(a) and math.isinf(b) else stretch(a, b) for a, b in found])


# ---- forgetting u, floating point -------------------------------------------------------------------------------


def memory(card: Card, words: Words) -> Pairs:
    """Whether f′ can be read from the output, and what that costs."""
    found = [(words("via"), via(card, words))]
    if card.output_book is not None:
        found.append((words("via_formula"), f"f′ = {card.through_output}"))
    return [*found, (words("tail"), lost(card, words))]


def via(card: Card, words: Words) -> str:
    """A, A±, B or C with what it means; for C two inputs that show it."""
    letter = card.from_output
    key = {"A": "via_a", "A±": "via_pieces", "B": "via_b", "C": "via_c", "–": "via_unknown"}[letter]
    said = words(key)
    if letter == "C" and card.twins:
        (u, v), (o, _) = card.twins, card.curve(list(card.twins))[0]
        slopes = card.curve([u, v])[1]
        more = words(
            "twins", u=number(u), v=number(v), o=number(float(o)), du=number(slopes[0], 3), dv=number(slopes[1], 3)
        )
        said = words("two_sentences", first=said, second=more)
    return said


def lost(card: Card, words: Words) -> str:
    """What is lost where f′ is read from o in float32."""
    said = [
        words(
            "lost",
            u=number(p.u),
            o=f"{p.o:.8g}",
            found=number(p.found, 3),
            true=number(p.true, 3),
            error=share(p.error),
        )
        for p in card.tail
    ]
    return words.one_by_one(said)


def share(value: float) -> str:
    """A relative error or a share in percent."""
    return f"{100 * value:.2g}{NBSP}%" if value < 0.995 else f"{100 * value:.0f}{NBSP}%"


def care(card: Card, words: Words) -> Pairs:
    """What the spelling of the books does in float32."""
    said = [
        words(
            "naive_overflow" if n.overflow else "naive_digits",
            u=number(n.u),
            naive=number(n.naive),
            ours=number(n.ours),
        )
        for n in card.naive
    ]
    return [(words("stable"), words.one_by_one(said) or words("stable_as_written"))]


# ---- elsewhere --------------------------------------------------------------------------------------------------


def elsewhere(card: Card | RowCard, words: Words) -> Pairs:
    """Names, defaults and choices at kinks in other libraries."""
    names = [f"{LIBRARY_NAMES[x]} {card.names[x]}" for x in LIBRARY_NAMES if x in card.names]
    found = [(words("names"), ", ".join(names))]
    for library, kinks in choices(card).items():
        found.append((words("kinks_in", library=LIBRARY_NAMES[library]), kinks))
    for library, given in defaults(card).items():
        found.append((words("defaults_in", library=LIBRARY_NAMES[library]), given))
    return [*found, (words("differs"), words.of("differs", card.name))]


def choices(card: Card | RowCard) -> dict[str, str]:
    """The slope at each kink, by library."""
    found: dict[str, str] = {}
    for kink in getattr(card, "kinks", []):
        for library, value in kink.elsewhere.items():
            said = f"f′({number(kink.u)}) = {number(value)}"
            found[library] = f"{found[library]}, {said}" if library in found else said
    return found


def defaults(card: Card | RowCard) -> dict[str, str]:
    """The defaults of parameters in the libraries that have the function, where they are others than here."""
    given = card.op.facts.defaults_in if card.op else {}
    return {x: ", ".join(f"{n} = {number(v)}" for n, v in own.items()) for x, own in given.items()}


# ---- rows -------------------------------------------------------------------------------------------------------


def row_facts(card: RowCard, words: Words) -> Pairs:
    """All facts of a function of a whole row, its Jacobian as numbers."""
    example = ", ".join(number(v) for v in card.row)
    rows = [f"[{', '.join(f'{v + 0.0:.4f}' for v in row)}]" for row in card.jacobian]
    found = [("o", card.formula), ("J", card.derivative), (words("range"), interval(*card.range, card.ends))]
    found += row_sums(card, words)
    key = {"A": "via_a", "A±": "via_pieces", "C": "via_rows"}[card.from_output]
    found += [(words("via"), words(key)), (words("example"), f"u = ({example})")]
    found.append(("o", f"({', '.join(f'{v:.4f}' for v in card.outputs)})"))
    found += [(f"J[{i}]", row) for i, row in enumerate(rows, 1)]
    found += [
        *elsewhere(card, words),
        (words("source"), card.source),
        (words("use"), words.use(card.name, card.family)),
    ]
    return [(label, value) for label, value in found if value]


def row_sums(card: RowCard, words: Words) -> Pairs:
    """What the example's sums say: of the outputs, and of each row of the Jacobian."""
    total, along = float(card.outputs.sum()), card.jacobian.sum(axis=1)
    found = []
    if abs(total - 1) < 1e-12:
        found.append((words("sums"), words("sums_one")))
    if abs(along).max() < 1e-12:
        found.append((words("shift"), words("shift_of")))
    return found

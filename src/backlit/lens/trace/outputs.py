"""Stage 3: E as the mean or sum of its terms, and where the error signals begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import Node
from ...nn.objective import WEIGHT, what_it_reads
from ...ops import REGISTRY, Elementwise, shapes
from ...ops import formula as fm
from ...ops.loss.declare import divisor
from ...ops.printing import plain
from .cells import Array, Block, Cell, Line, Others, Term, summed
from .record import FROM, Recording

if TYPE_CHECKING:
    from .ledger import Bookkeeper

Products = tuple[list[tuple[float, float]], list[tuple[str, str]]]


def conventions(recording: Recording, row: int) -> dict[str, Any]:
    """What the numbers depend on beside the network."""
    aim, step = recording.aim, recording.step
    reduction = str(aim.options.get("reduction", "mean"))
    told: dict[str, Any] = {"loss": aim.kind.name, "formula": formula(recording), "reduction": reduction}
    told |= {k: v for k, v in {**aim.kind.options, **aim.options}.items() if k != "reduction"}
    told |= {"n": count(recording), "rows": recording.rows, "row": row, "dtype": step.dtype}
    told |= {name: v for name in ("label_smoothing", "l1", "l2") if (v := getattr(aim, name))}
    told |= {"weighted": True} if aim.weighted else {}
    chance = any(n.op is not None and getattr(n.op, "random", False) for n in recording.built.graph.nodes)
    if chance:
        told |= {"seed": step.seed, "step": step.step}
    return told | {"training": step.training}


def count(recording: Recording) -> int:
    """What the sum of all terms is divided by."""
    aim = recording.aim
    shape = recording.built.output.shape
    by = divisor(shape, str(aim.options.get("reduction", "mean")), aim.kind.by)
    return shapes.count(by, recording.rows)


def formula(recording: Recording) -> str:
    """The term of one output."""
    kind, options = recording.aim.kind, recording.aim.options
    if isinstance(kind.op, Elementwise):
        values = {**kind.op.defaults, **options}
        return plain(kind.op.formula, {n: f"{values[n]:g}" for n in kind.op.defaults})
    known = {"squared_error": "½·(o - t)²" if options.get("half") else "(o - t)²", "cross_entropy": "-t·ln softmax(u)"}
    return known.get(kind.name, kind.name)


def shares(recording: Recording) -> Array:
    """By which each row's terms are multiplied in E: 1/n, times the weight of the row."""
    found = np.full(recording.rows, 1.0 / count(recording))
    if recording.aim.weighted:
        found = found * recording[WEIGHT][:, 0].astype(np.float64)
    return found


def block(book: Bookkeeper) -> Block:
    """E with its terms, and a line for each output."""
    recording, top = book.recording, book.top
    terms = np.asarray(recording["E.e"], dtype=np.float64)
    share = shares(recording)
    wide = terms.shape[1]
    extra = _penalties(recording)
    pairs = np.stack([terms.reshape(-1), np.repeat(share, wide)])
    by = "1/n" if not recording.aim.weighted else "weight/n"

    def name(i: int) -> tuple[str, str]:
        return f"e[{i // wide},{i % wide}]", by

    value = float(recording["E"])
    # what a loss adds up may be differences of larger numbers: t ln t - t ln o, e^u - t u
    rounds = 8 if isinstance(recording.aim.kind.op, Elementwise) else 4
    total = summed(value, pairs, name, book.eps, top, extra, rounds=rounds + book.slack)
    lines = [Line("E", (Cell("E", value, "E", (), recording.made.get("E"), total),))]
    label, columns = _columns(book)
    shown, left = book.units[label]

    def line(unit: int) -> Line:
        cells = []
        for symbol, known in columns.items():
            signal_of = book.graph.names[f"{label}.{'u' if symbol == 'δᵘ' else 'o'}"]
            direct = symbol in ("δᵒ", "δᵘ") and signal_of in book.wiring.gradient
            cells.append(book.cell(symbol, known, unit, book.signal(signal_of, known, unit) if direct else None))
        return Line(str(unit), tuple(cells), unit)

    lines += [line(unit) for unit in shown]
    sums = {symbol: float(np.sum(book.numbers(known)[left])) for symbol, known in columns.items()}
    others = Others(len(left), sums) if len(left) else None
    n = count(recording)
    facts = {"n": n, "formula": formula(recording)}
    whole = "E = Σ e" + (f"/{n}" if n != 1 else "")
    reads = (f"{label}.o", "t")
    return Block(3, label, book.kind(label), whole, tuple(lines), others, reads, tuple(columns), facts)


def _columns(book: Bookkeeper) -> tuple[str, dict[str, str]]:
    """The output layer, and what is shown of each of its units."""
    output = book.recording.built.output
    label = next(n.rsplit(".", 1)[0] for n in book.wiring.names[output] if n.endswith(".o"))
    columns = {"o": f"{label}.o", "t": "E.t", "e": "E.e"}
    for symbol in ("δᵒ", "δᵘ"):
        if f"{label}.{symbol}" in book.recording:
            columns[symbol] = f"{label}.{symbol}"
            break
    return label, columns


def _penalties(recording: Recording) -> list[Term]:
    """What l1 and l2 add to E."""
    return [Term("penalty", float(recording["E.penalty"]))] if "E.penalty" in recording else []


# --- where the error signals begin --------------------------------------------------------------------------------


def signal(book: Bookkeeper, node: Node, name: str, unit: int) -> Products:
    """∂E/∂(what the loss reads) as products: the slope of the term, times the row's share of E."""
    recording, row = book.recording, book.row
    part = f"{book.wiring.name(node)}{FROM}E"
    value = float(recording[part][row, unit] if part in recording else recording[name][row, unit])
    share = float(shares(recording)[row])
    kind, t = recording.aim.kind, recording["E.t"][row].astype(np.float64)
    by = "1/n" if not recording.aim.weighted else "weight/n"
    read = what_it_reads(recording.built, kind)
    if read is not node:
        return [(value, 1.0)], [(part, "")]
    if kind.reads in MEANS:
        expected = MEANS[kind.reads](recording, node, row)
        expected = expected * t.sum() if kind.reads == "softmax" else expected
        label = f"{kind.reads}(u)" if recording.built.output is node else "o"
        products = [(float(expected[unit]), share), (float(t[unit]), -share)]
        return products, [(f"{label}[{unit}]", by), (f"t[{unit}]", f"-{by}")]
    if kind.name == "squared_error":
        twice = 1.0 if recording.aim.options.get("half") else 2.0
        o, by = float(recording[book.wiring.name(node)][row, unit]), by if twice == 1.0 else by.replace("1/", "2/")
        by = f"2·{by}" if twice == 2.0 and by.startswith("weight") else by
        return [(o, twice * share), (float(t[unit]), -twice * share)], [(f"o[{unit}]", by), (f"t[{unit}]", f"-{by}")]
    slope = _slope_of(recording, node, row, unit)
    if slope is None:
        return [(value, 1.0)], [(part, "")]
    return [(slope[0], share)], [(f"{slope[1]}[{unit}]", by)]


def _softmax(recording: Recording, node: Node, row: int) -> Array:
    if recording.built.output is not node and recording.built.output.args[0] is node:
        return _output(recording, row)
    u = recording[recording.wiring.name(node)][row].astype(np.float64)
    e = np.exp(u - u.max())
    found: Array = e / e.sum()
    return found


def _each(name: str) -> Any:
    def mean(recording: Recording, node: Node, row: int) -> Array:
        if recording.built.output is not node and recording.built.output.args[0] is node:
            return _output(recording, row)
        u = recording[recording.wiring.name(node)][row].astype(np.float64)
        found: Array = REGISTRY[name].compute([u], {})
        return found

    return mean


def _output(recording: Recording, row: int) -> Array:
    found: Array = recording[recording.wiring.name(recording.built.output)][row].astype(np.float64)
    return found


# A loss that reads u of one of these functions has the slope f(u) - t: they are made for each other.
MEANS = {"softmax": _softmax, "sigmoid": _each("sigmoid"), "exp": _each("exp")}


def _slope_of(recording: Recording, node: Node, row: int, unit: int) -> tuple[float, str] | None:
    """∂e/∂o at this output in float64, and how it is written."""
    kind, options = recording.aim.kind, recording.aim.options
    o = float(recording[recording.wiring.name(node)][row, unit])
    t = float(recording["E.t"][row, unit])
    if not isinstance(kind.op, Elementwise) or kind.through:
        return None
    slope = kind.op.slope(0)
    given = dict(zip(kind.op.inputs, (o, t), strict=True))
    values: dict[str, Any] = {"y": kind.op.compute([o, t], {**kind.op.defaults, **options_of(options)})}
    read = [values["y"] if r == "y" else given[kind.op.inputs[int(r)]] for r in slope.reads]
    named = dict(zip(slope.op.inputs, read, strict=True)) | {n: options.get(n, v) for n, v in slope.op.defaults.items()}
    number = fm.evaluate([slope.op.formula], named, np.float64)[0] if named else slope.op.formula.label
    return float(number), "∂e/∂o"


def options_of(options: Any) -> dict[str, Any]:
    """The parameters of the term itself."""
    return {k: v for k, v in options.items() if k != "reduction"}


def composed(node: Node) -> int:
    """Roundings in a derivative that is made of several operations."""
    return 4 if node.op is None or len(node.args) == 1 else 24

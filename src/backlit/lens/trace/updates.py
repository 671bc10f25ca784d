"""Stage 5: ∂E/∂w as products, and the step that the optimizer made: old value, state, new value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import Node
from ...core.lowering import Update, followed
from ...ops import formula as fm
from ...ops.printing import plain
from .cells import Array, Block, Cell, Line, Others, Sum, Term, largest, summed
from .record import FROM, Recording

if TYPE_CHECKING:
    from .ledger import Bookkeeper

GRADIENT = "∂E/∂"
PLAIN = ("w - learning_rate * g",)  # the formula of gradient descent


def block(book: Bookkeeper, label: str) -> Block | None:
    """The parameters of a layer that are trained: a line for each, the largest gradients where they are many."""
    recording = book.recording
    parameters = [p for p in recording.built.trained if p.name.rsplit(".", 1)[0] == label and p in recording.gradient]
    if not parameters:
        return None
    lines: list[Line] = []
    counts, sums = 0, {f"{GRADIENT}w": 0.0}
    for p in parameters:
        gradient = as_shown(p.name, recording[f"{GRADIENT}{p.name}"])
        shown, left = largest(gradient.reshape(-1).astype(np.float64), book.top)
        for place in shown:
            at = tuple(int(i) for i in np.unravel_index(place, gradient.shape))
            lines.append(_line(book, p, at))
        counts += len(left)
        sums[f"{GRADIENT}w"] += float(np.sum(gradient.reshape(-1)[left], dtype=np.float64))
    update = recording.step.update
    others = Others(counts, sums) if counts else None
    told = told_formula(update) if update is not None else ""
    return Block(5, label, book.kind(label), told, tuple(lines), others, (), tuple(c.symbol for c in lines[0].cells))


def told_formula(update: Update) -> str:
    """The optimizer's step: w ← …"""
    return "w ← " + plain(update.formulas[0], {"g": f"{GRADIENT}w", "learning_rate": "ε"})


def as_shown(name: str, array: Array) -> Array:
    """A parameter as it is shown: a weight as (units, inputs)."""
    return array.T if name.endswith(".weight") and array.ndim == 2 else array


def as_kept(name: str, at: tuple[int, ...]) -> tuple[int, ...]:
    """The place in the engine's array of a place as it is shown."""
    return at[::-1] if name.endswith(".weight") and len(at) == 2 else at


def spelled(name: str, at: tuple[int, ...]) -> str:
    """dense1.weight[3,5]."""
    return f"{name}[{','.join(map(str, at))}]"


def _line(book: Bookkeeper, p: Node, at: tuple[int, ...]) -> Line:
    recording = book.recording
    part = p.name.rsplit(".", 1)[1]
    cells = [gradient_cell(book, p, at), *step_cells(recording, p, at)]
    return Line(spelled(part, at), tuple(cells), at[0] if at else None)


def gradient_cell(book: Bookkeeper, p: Node, at: tuple[int, ...]) -> Cell:
    """∂E/∂w with the products that it is the sum of: over the rows of the batch, and over the uses of the parameter."""
    recording = book.recording
    name = f"{GRADIENT}{p.name}"
    kept = as_kept(p.name, at)
    value = float(recording[name][kept])
    products: list[tuple[float, float]] = []
    names: list[tuple[str, str]] = []
    for leg in recording.wiring.after[p]:
        ending = recording.wiring.name(leg.target)
        found = f"{p.name}{FROM}{ending}"
        if leg.kind == "affine":
            unit = at[0]
            back = f"{ending.rsplit('.', 1)[0]}.δᵘ"
            delta = recording[back][:, unit].astype(np.float64)
            if len(at) == 2:
                source = recording.wiring.name(leg.target.args[0])
                x = recording[source][:, at[1]].astype(np.float64)
            else:
                source, x = "", np.ones(len(delta))
            for r in range(len(delta)):
                row = f"{r}," if recording.rows > 1 else ""
                products.append((float(delta[r]), float(x[r])))
                names.append((f"{back}[{row}{unit}]", f"{source}[{row}{at[1]}]" if source else ""))
        elif found in recording:
            products.append((float(recording[found][kept]), 1.0))
            names.append((found, ""))
        else:
            return Cell(f"{GRADIENT}w", value, name, at, recording.made.get(name))
    total = summed(value, np.array(products).T, lambda i: names[i], book.eps, book.top, rounds=2 + book.slack)
    return Cell(f"{GRADIENT}w", value, name, at, recording.made.get(name), total)


def step_cells(recording: Recording, p: Node, at: tuple[int, ...]) -> list[Cell]:
    """w, the optimizer's state before and after, and w′."""
    kept = as_kept(p.name, at)
    before = float(recording[p.name][kept])
    cells = [Cell("w", before, p.name, at)]
    update = recording.step.update
    if update is None:
        return cells
    made = recording.made.get(p.name)
    for name in update.state:
        place = 0 if name in update.single else _place(recording, p, kept)
        state = recording.made.get(name)
        cells.append(Cell(name, float(recording.before[name][place]), name, (place,)))
        cells.append(Cell(f"{name}′", float(recording.after[name][place]), name, (place,), state))
    after = float(recording.after[p.name][kept])
    cells.append(Cell("w′", after, p.name, at, made, step_of(recording, p, at)))
    return cells


def _place(recording: Recording, p: Node, kept: tuple[int, ...]) -> int:
    """Where an entry lies in the block of all parameters, and in each state of the optimizer."""
    value = recording.tape.values[recording.tape.names[p.name]]
    shape = recording[p.name].shape
    return value.place + int(np.ravel_multi_index(kept, shape))


def step_of(recording: Recording, p: Node, at: tuple[int, ...]) -> Sum:
    """w′ = w + the step that the optimizer's formula gives in float64."""
    kept = as_kept(p.name, at)
    w, g = float(recording[p.name][kept]), float(recording[f"{GRADIENT}{p.name}"][kept])
    after = float(recording.after[p.name][kept])
    update = recording.step.update
    assert update is not None
    rate = recording.scalars.get(followed("learning_rate"), recording.scalars.get("learning_rate", math.nan))
    if not update.state and plain(update.formulas[0]) in PLAIN:
        terms = (Term("w", w), Term("-ε", -rate, f"{GRADIENT}w", g))
    else:
        terms = (Term("w", w), Term("step", float(_formula(recording, update, p, kept, w, g)) - w))
    added = sum(t.product for t in terms)
    size = abs(w) + 32 * abs(terms[1].product)
    return Sum(terms, None, after, added, 2 * recording.eps * size + 1e-44)


def _formula(recording: Recording, update: Update, p: Node, kept: tuple[int, ...], w: float, g: float) -> Any:
    """The new weight by the optimizer's formula, in float64, from what the machine had."""
    place = _place(recording, p, kept)
    values: dict[str, Any] = {**recording.scalars, "k": float(recording.step.step), "w": w, "g": g}
    values |= {name: recording.scalars[followed(name)] for name in update.follows}  # by a schedule
    for name in update.state:
        values[name] = float(recording.before[name][0 if name in update.single else place])
    for name in update.measures:
        number = next(v.number for v in recording.tape.values if v.name == name and v.kind == "passing")
        values[name] = recording.seen[number].astype(np.float64)
    return fm.evaluate([update.formulas[0]], values, np.float64)[0].reshape(-1)[0]

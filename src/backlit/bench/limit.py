"""The limit: what a step takes if each matrix product ran alone at its best, and all other bytes at full bandwidth."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.tape import Instruction, Layout, Tape
from ..ops import shapes
from . import native
from .native import Bench, Form, forms

PART = 0.025  # of a turn, for each measurement
KEPT = 3  # forms that take part in every round


@dataclass(frozen=True)
class Product:
    """A matrix product of (m, k) and (k, n), that stands `count` times on the tape."""

    m: int
    n: int
    k: int
    count: int

    @property
    def flop(self) -> int:
        return 2 * self.m * self.n * self.k


def is_product(i: Instruction) -> bool:
    """Whether an instruction is a matrix product, with whatever is joined to it."""
    return i.op is not None and i.op.facts.role == "linear"


def products(tape: Tape, rows: int) -> list[Product]:
    """The matrix products of a tape for a batch of `rows` rows."""
    found: Counter[tuple[int, int, int]] = Counter()
    for i in tape.instructions:
        if is_product(i):
            assert i.op is not None
            shapes_in = [tape.values[v].shape for v in i.inputs]
            work = shapes.count(i.op.work(shapes_in, i.shape, **dict(i.attrs)), rows)
            m, n = shapes.resolve(i.shape, rows)
            found[m, n, work // (2 * m * n)] += 1
    return [Product(*size, count) for size, count in found.items()]


def flop(tape: Tape, rows: int) -> int:
    """Multiplications and additions of all matrix products of a tape."""
    return sum(p.flop * p.count for p in products(tape, rows))


def other_bytes(tape: Tape, rows: int, itemsize: int) -> int:
    """What all other instructions read and write; an array that is changed in place is both."""
    total = 0
    for i in tape.instructions:
        if not is_product(i):
            arrays = [*set(i.inputs), *set(i.outputs)]
            total += sum(shapes.elements(shapes.resolve(tape.values[v].shape, rows)) for v in arrays)
    return total * itemsize


@dataclass(frozen=True)
class Found:
    """The limit of a step, round by round, and what it is made of."""

    microseconds: list[float]
    products: list[dict[str, object]]
    bytes: int
    gigabytes_a_second: float
    working_set: int

    def fraction(self, ours: Sequence[float]) -> float:
        """The limit over our time: the median over the rounds."""
        return statistics.median(a / b for a, b in zip(self.microseconds, ours, strict=True))


class Limit:
    """Measures a tape's limit, a turn in each round.

    Parameters
    ----------
    tape, layout : Tape, Layout
        The layout's rows are those of a full batch, its length is the working set.
    batches : list of int
        The rows of every batch of an epoch (or call): the limit is that of the mean step.  A partial batch counts
        for its products in proportion to its rows.
    seconds : float
        Of a peer's turn; a measurement here takes a small part of it.
    """

    def __init__(self, tape: Tape, layout: Layout, dtype: str, batches: Sequence[int], seconds: float) -> None:
        self.bench = Bench(dtype)
        self.seconds = seconds * PART
        itemsize = np.dtype(dtype).itemsize
        self.rows = layout.rows
        self.products = products(tape, layout.rows)
        self.share = sum(batches) / (len(batches) * layout.rows)
        sizes = Counter(batches)
        self.flop = sum(flop(tape, rows) * n for rows, n in sizes.items()) // len(batches)
        self.bytes = sum(other_bytes(tape, rows, itemsize) * n for rows, n in sizes.items()) // len(batches)
        self.working_set = layout.length * itemsize
        self.forms = {p: self._worth(p) for p in self.products}
        self.times: dict[tuple[Product, Form], list[float]] = {(p, f): [] for p in self.products for f in self.forms[p]}
        self.bandwidth: dict[int, list[float]] = {1: [], 2: []}

    def _worth(self, p: Product) -> list[Form]:
        """The quickest forms of a product in a first look, and the quickest by one thread, which nobody disturbs."""
        took = {f: self.bench.product(p.m, p.n, p.k, f, self.seconds / 2) for f in forms(p.m, p.n, p.k)}
        order = sorted(took, key=lambda f: took[f])
        return list(dict.fromkeys([*order[:KEPT], next(f for f in order if not f.split)]))

    def forget(self) -> None:
        """Leave out what was measured so far."""
        for found in (*self.times.values(), *self.bandwidth.values()):
            found.clear()

    def turn(self) -> float:
        """Measure everything once; the value is the sum at the best of this round."""
        time.sleep(3 * native.SPINNING)  # these measurements are short, and whoever had his turn may spin on
        total = 0.0
        for p in self.products:
            for f in self.forms[p]:
                self.times[p, f].append(self.bench.product(p.m, p.n, p.k, f, self.seconds) * 1e6)
            total += p.count * min(self.times[p, f][-1] for f in self.forms[p])
        for threads, found in self.bandwidth.items():
            found.append(self.bench.stream(self.working_set, threads, self.seconds))
        return total * self.share + self.bytes / max(found[-1] for found in self.bandwidth.values()) * 1e6

    def found(self) -> Found:
        """For each product the form with the lowest median, for the bytes the number of threads with the highest."""
        best = {p: min(self.forms[p], key=lambda f: statistics.median(self.times[p, f])) for p in self.products}
        bandwidth = max(self.bandwidth.values(), key=statistics.median)
        totals = [
            sum(p.count * self.times[p, best[p]][r] for p in self.products) * self.share + self.bytes / rate * 1e6
            for r, rate in enumerate(bandwidth)
        ]
        told: list[dict[str, object]] = []
        for p in self.products:
            took = statistics.median(self.times[p, best[p]])
            told.append({
                "m": p.m, "n": p.n, "k": p.k, "count": p.count, "microseconds": took,
                "gigaflop_a_second": p.flop / took / 1e3, "layout": best[p].layout, "threads": best[p].threads,
            })  # fmt: skip
        return Found(totals, told, self.bytes, statistics.median(bandwidth) / 1e9, self.working_set)

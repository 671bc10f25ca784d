"""The first operation that gives what is not finite is named: for every operation there is, forward and backward."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from backlit.core.graph import Node
from backlit.ops import REGISTRY, Elementwise, shapes
from backlit.ops.words import WORDS
from backlit.training.loop.hunt import Found
from doctor import origins
from doctor.origins import Broken
from ops import samples
from ops.samples import EVERY_OP, Case

WAYS = ("forward", "backward")


@lru_cache(None)
def found(name: str, dtype: str, way: str) -> Broken | None:
    return origins.search(REGISTRY[name], dtype, backward=way == "backward")


def exact(broken: Broken, told: Found, dtype: str) -> None:
    """Operation, step, row and values are those of the walk without a machine."""
    node, at = broken.source, broken.told
    assert (told.epoch, told.step) == (at.epoch, at.step)
    assert told.source == node.op.name
    assert told.forward == (node not in broken.made.back)
    assert told.given
    assert all(map(math.isfinite, told.given.values()))
    assert not math.isfinite(told.result)
    kind = np.dtype(dtype).type
    if isinstance(node.op, Elementwise):
        word = WORDS[told.word]
        operands = [kind(v) for n, v in told.given.items() if n.startswith(f"{told.word}[")]
        with np.errstate(all="ignore"):
            assert len(operands) == word.arity
            assert not np.isfinite(word.numpy(*operands))
    else:
        assert told.word == node.op.name
        met = {abs(float(v)) for a in node.args for v in np.ravel(at.values[a])}
        assert {abs(v) for v in told.given.values()} <= met
    of_rows(broken, told)


def of_rows(broken: Broken, told: Found) -> None:
    """The row is the one where the value breaks; of a sum over rows it is one that alone breaks it, if there is one."""
    node, at = broken.source, broken.told
    place = tuple(int(n) for n in np.argwhere(~np.isfinite(at.values[node]))[0])
    assert told.place == place
    if origins.leads(node.shape):
        assert told.row == at.rows[place[0]]
        return
    alone = [int(row) for k, row in enumerate(at.rows) if breaks_alone(node, at.values, k, place)]
    assert told.row in alone if alone else told.row is None


def breaks_alone(node: Node, values: Mapping[Node, Any], k: int, place: tuple[int, ...]) -> bool:
    """Whether the operation gives what is not finite at this place of the one row k of a batch."""
    if not any(origins.leads(a.shape) for a in node.args):
        return False
    some = [values[a][k : k + 1] if origins.leads(a.shape) else values[a] for a in node.args]
    attrs = {n: shapes.resolve(v, 1) if n == "shape" else v for n, v in node.attrs.items()}
    return not np.isfinite(node.op.compute(some, attrs)[place])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EVERY_OP)
def test_every_operation_that_breaks_is_named(name, way):
    broken = found(name, "float32", way)
    if broken is not None:
        exact(broken, origins.hunted(broken, "float32", "interpreter"), "float32")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EVERY_OP)
def test_every_operation_that_breaks_is_named_on_the_machine_too(name, way, dtype):
    broken = found(name, dtype, way)
    if broken is not None:
        exact(broken, origins.hunted(broken, dtype, "compiled"), dtype)


# ---- what cannot break -----------------------------------------------------------------------------------------


def test_a_bounded_range_cannot_break():
    """What is declared to lie between two numbers gives them for the largest operands, too."""
    for name in EVERY_OP:
        if np.isfinite(REGISTRY[name].facts.range).all():
            assert found(name, "float32", "forward") is None, name


def test_the_search_breaks_all_that_grows_faster_than_its_operands():
    """What it could not break gives nothing much larger than its operands: it has nothing to overflow with."""
    assert sum(found(name, "float32", "forward") is not None for name in EVERY_OP) > 50
    for name in EVERY_OP:
        if found(name, "float32", "forward") is None:
            stays_small(name, "float32", "interpreter")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", EVERY_OP)
def test_what_cannot_break_does_not_on_the_machine(name, dtype):
    if found(name, dtype, "forward") is None:
        stays_small(name, dtype, "compiled")


def dense(dtype: str) -> np.ndarray:
    """Numbers of every third size that there is, of both signs, and the ends of the type."""
    info = np.finfo(dtype)
    sizes = np.ldexp(
        [[1.0], [1.37], [1.99]], np.arange(np.log2(float(info.smallest_subnormal)), info.maxexp - 1, 3).astype(int)
    )
    sizes = np.concatenate([sizes.ravel(), origins.grid(dtype), np.linspace(0, 20, 200), [float(info.max)]])
    return np.concatenate([sizes, -sizes]).astype(dtype)


def stays_small(name: str, dtype: str, engine: str) -> None:
    """No result is larger than the largest of the operands and 100."""
    op, values, rng = REGISTRY[name], dense(dtype), np.random.default_rng(3)
    if isinstance(op, Elementwise):
        count = len(op.inputs)
        given = [values] if count == 1 else [rng.choice(values, 40_000) for _ in op.inputs]
        run(Case(op, (given[0].shape,) * count, dict(op.defaults)), given, dtype, engine)
        return
    for case in samples.small_cases(op):
        for _ in range(40):
            run(case, [rng.choice(values, s) for s in case.sizes()], dtype, engine)


def run(case: Case, given: list[np.ndarray], dtype: str, engine: str) -> None:
    tape = samples.tape_of(case, gradient=False)
    y = samples.run(tape, dict(zip(case.op.inputs, given, strict=True)), 1, dtype, engine)["y"]
    whole = isinstance(case.op, Elementwise)
    most = np.max(np.abs(given), axis=0) if whole and given else max((np.abs(g).max() for g in given), default=0)
    assert np.isfinite(y).all(), case
    with np.errstate(over="ignore"):
        assert (np.abs(y) <= np.asarray(most, np.float64) * (1 + 1e-6) + 100).all(), case


# ---- how it is run makes no difference -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["matmul", "affine", "squared_error", "batch_norm", "squared_relu"])
def test_two_threads_find_the_same(name):
    """They do the instructions in another order; the first one is that of the tape as it was asked for."""
    broken = found(name, "float32", "backward")
    assert broken is not None
    one, two = (origins.hunted(broken, "float32", "compiled", threads) for threads in (1, 2))
    assert one == two

"""Tapes: where values lie in memory, what may share a place, stepping, and fused against observed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.blocks import Blocks
from backlit.core.graph import Graph, reachable
from backlit.core.interpret import Interpreter
from backlit.core.lowering import Update, lower
from backlit.core.tape import ALIGN, Layout, Tape, lay_out
from backlit.errors import GraphError
from backlit.machine.runner import Machine
from backlit.ops import Rows, formula, shapes
from backlit.ops.activation.sigmoid import tanh
from backlit.ops.arithmetic import add, exp, mul
from backlit.ops.linear import affine
from backlit.ops.loss import squared_error
from backlit.ops.movement import spread
from backlit.ops.reduction import mean, sum_
from core import random_graphs
from core.random_graphs import ROOM, ROWS, SEED, STEP, Drawn
from tolerance import EPS, assert_close, same_bits

GRAPHS = range(2000, 2060)
ENGINES = ("interpreter", "compiled")


def run(tape: Tape, drawn: Drawn, engine: str, dtype: str, cuts: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    """The kept values after running the tape in the pieces between `cuts`."""
    made = Interpreter(tape, ROOM, dtype) if engine == "interpreter" else Machine(tape, ROOM, dtype, engine=engine)
    made.seed, made.step = SEED, STEP
    with made.arena.batch(ROWS):
        for name in set(tape.names) & set(drawn.values):
            made.arena[name] = drawn.values[name]
        for lo, hi in itertools.pairwise((0, *cuts, len(tape.instructions))):
            made.run(lo, hi, rows=ROWS)
        return {n: made.arena[n].copy() for n in tape.names}


def gradient_tape(drawn: Drawn, **more: object) -> Tape:
    found = backprop(drawn.loss, drawn.leaves)
    return lower({"E": drawn.loss} | {f"∂{n.name}": found[n] for n in drawn.leaves if n in found} | more)


def network() -> tuple[Graph, Tape]:
    """Two layers with an optimizer's step: blocks of all kinds."""
    g = Graph()
    x, t = g.input("x", (Rows(), 3)), g.input("t", (Rows(), 2))
    parameters = [g.parameter("w1", (3, 5)), g.parameter("b1", (5,)), g.parameter("w2", (5, 2))]
    frozen = g.parameter("b2", (2,))
    w1, b1, w2 = parameters
    loss = squared_error(affine(tanh(affine(x, w1, b1)), w2, frozen), t)
    found = backprop(loss, parameters)
    w, d, m = map(formula.symbol, ("w", "g", "m"))
    rate = formula.uniform("learning_rate")
    update = Update((w - rate * (0.9 * m + d), 0.9 * m + d), ("m",), {"k": 0.0, "learning_rate": 0.1})
    gradients = {p: found[p] for p in parameters}
    tape = lower({"E": loss}, blocks=Blocks.of(parameters, [frozen]), gradients=gradients, update=update)
    return g, tape


# ---- memory ---------------------------------------------------------------------------------------------


def alive(tape: Tape) -> dict[int, tuple[int, int]]:
    """From which instruction to which each value must be there."""
    end = len(tape.instructions)
    times = {v.number: (0, end) for v in tape.values if v.kind in ("input", "block")}
    for i in tape.instructions:
        for v in i.outputs:
            if tape.values[v].kind not in ("input", "block"):
                times[v] = (i.number, end if tape.values[v].kind == "kept" else i.number)
        for v in i.inputs:
            times[v] = (times[v][0], max(times[v][1], i.number))
    return times


def places(tape: Tape, layout: Layout) -> Iterator[tuple[int, int, int]]:
    for v in tape.values:
        if v.block is None:
            yield v.number, layout.offsets[v.number], layout.offsets[v.number] + layout.size(v, layout.rows)


def assert_sound(tape: Tape, layout: Layout) -> None:
    """No two values that are alive together share an element, and all lie in the arena."""
    times = alive(tape)
    for (a, begin_a, end_a), (b, begin_b, end_b) in itertools.combinations(places(tape, layout), 2):
        together = a in times and b in times and times[a][0] <= times[b][1] and times[b][0] <= times[a][1]
        assert not together or end_a <= begin_b or end_b <= begin_a, (a, b)
    assert all(begin >= 0 and end <= layout.length for _, begin, end in places(tape, layout))
    assert all(begin % ALIGN == 0 for _, begin, _ in places(tape, layout))


@pytest.mark.parametrize("number", GRAPHS)
def test_values_that_are_alive_together_never_share_memory(number):
    tape = gradient_tape(random_graphs.draw(number))
    for rows, guard, start in [(1, 0, 0), (ROOM, 0, 0), (ROOM, 16, 0), (ROOM, 0, 64), (200, 3, 32)]:
        layout = lay_out(tape, rows, guard, start)
        assert_sound(tape, layout)
        assert min(begin for _, begin, _ in places(tape, layout)) >= start


@pytest.mark.parametrize("number", GRAPHS)
def test_an_output_never_lies_on_an_input_of_its_instruction(number):
    tape = gradient_tape(random_graphs.draw(number))
    layout = lay_out(tape, ROOM)
    spans = {number: (begin, end) for number, begin, end in places(tape, layout)}
    for i in tape.instructions:
        for out, given in itertools.product(i.outputs, i.inputs):
            assert spans[out][1] <= spans[given][0] or spans[given][1] <= spans[out][0]


def test_memory_is_used_again():
    g = Graph()
    x = g.input("x", (100,))
    y = x
    for _ in range(50):
        y = exp(sum_(spread(mean(mul(y, y), axis=None), shape=(3, 100)), axis=0))
    tape = lower({"y": y})
    assert lay_out(tape, 1).length < 10 * 128


def test_blocks_come_first_in_one_piece_and_their_parts_lie_in_them():
    _, tape = network()
    layout = lay_out(tape, 8)
    assert_sound(tape, layout)
    blocks = {v.name: v for v in tape.values if v.kind == "block" and v.block is None}
    assert set(blocks) == {"θ", "frozen", "∂E/∂θ", "m"}
    others = [layout.offsets[v.number] for v in tape.values if v.kind != "block"]
    assert layout.kept <= min(others)
    for name, prefix in (("θ", ""), ("∂E/∂θ", "∂E/∂")):
        begin, end = layout.offsets[blocks[name].number], layout.size(blocks[name], 8)
        reached = begin
        for parameter in ("w1", "b1", "w2"):  # in the order of the parameters
            part = tape.values[tape.names[prefix + parameter]]
            assert layout.offsets[part.number] == reached
            reached += -(-layout.size(part, 8) // ALIGN) * ALIGN
        assert reached == begin + end
    length = {layout.size(blocks[n], 8) for n in ("θ", "∂E/∂θ", "m")}
    assert len(length) == 1


def test_a_second_tape_can_be_laid_over_the_blocks_of_the_first():
    g, tape = network()
    first = lay_out(tape, 8)
    placed = {v.name: first.offsets[v.number] for v in tape.values if v.kind == "block" and v.block is None}
    theta = Blocks.of([g.names[n] for n in ("w1", "b1", "w2")], [g.names["b2"]])
    again = lower({"E": next(n for n in g.nodes if n.op is squared_error)}, blocks=theta)
    second = lay_out(again, 20, start=first.kept, blocks=placed)
    for name in ("w1", "b1", "w2", "b2"):
        assert second.offsets[again.names[name]] == first.offsets[tape.names[name]]
    mine = [second.offsets[v.number] for v in again.values if v.kind != "block"]
    assert min(mine) >= first.kept


# ---- running --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", EPS)
def test_stepping_instruction_by_instruction_is_one_run(engine, dtype):
    for number in GRAPHS[:15]:
        drawn = random_graphs.draw(number)
        tape = gradient_tape(drawn)
        whole = run(tape, drawn, engine, dtype)
        end = len(tape.instructions)
        for cuts in (tuple(range(1, end)), (end // 2,), (end // 3, end // 3, 2 * end // 3)):
            pieces = run(tape, drawn, engine, dtype, cuts)
            assert all(same_bits(pieces[n], whole[n]) for n in whole), (number, cuts)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", EPS)
def test_the_observed_tape_gives_what_the_fused_one_gives(engine, dtype):
    """The same words in the same order, one by one or joined: the same bits, but for what a compiler contracts."""
    same = []
    for number in GRAPHS[:30]:
        drawn = random_graphs.draw(number)
        fused = gradient_tape(drawn)
        used = reachable([drawn.loss])  # not what was thrown away while the graph grew
        found = [n for n in drawn.graph.nodes if n.op is not None and (n in used or n.index > drawn.loss.index)]
        named = {f"node {n.index}": n for n in found}
        observed = gradient_tape(drawn, **named)
        assert len(observed.instructions) >= len(fused.instructions)
        one, other = run(fused, drawn, engine, dtype), run(observed, drawn, engine, dtype)
        for n in one:
            assert_close(other[n], one[n], dtype, "op", (number, n), 1.0)
            same.append(same_bits(one[n], other[n]))
    assert all(same), np.mean(same)


def test_the_observed_tape_holds_every_value_it_is_asked_for(rng):
    drawn = random_graphs.draw(2000)
    named = {f"node {n.index}": n for n in drawn.graph.nodes if n.op is not None}
    found = run(lower(named), drawn, "interpreter", "float64")
    for node in drawn.inner:
        expected = run(lower({"alone": node}), drawn, "interpreter", "float64")["alone"]
        assert same_bits(found[f"node {node.index}"], expected)


def test_a_kept_value_is_not_overwritten_by_what_comes_after():
    g = Graph()
    x = g.input("x", (300,))
    first = exp(x)
    y = first
    for _ in range(20):
        y = tanh(add(y, sum_(y, axis=0)))
    made = Machine(lower({"first": first, "y": y}), 1, "float64")
    made["x"] = np.linspace(0, 1, 300)
    made.run()
    np.testing.assert_allclose(made["first"], np.exp(np.linspace(0, 1, 300)), rtol=1e-15)


def test_leaves_constants_and_repeated_values_can_be_kept_too():
    g = Graph()
    x = g.input("x", (2, 1))
    seven = g.constant(7.0)
    wide = spread(x, shape=(2, 3))
    tape = lower(
        {"seven": seven, "rows": g.constant(Rows(2)), "x": x, "wide": wide, "again": wide, "y": mul(wide, 2.0)}
    )
    for made in (Interpreter(tape, 5), Machine(tape, 5, "float64"), Machine(tape, 5, "float64", engine="plain")):
        made.arena["x"] = [[1.0], [2.0]]
        made.run(rows=4)
        assert made.arena["seven"] == 7.0
        assert made.arena["rows"] == 8.0
        assert made.arena["wide"].tolist() == made.arena["again"].tolist() == [[1.0] * 3, [2.0] * 3]
        assert made.arena["y"].tolist() == [[2.0] * 3, [4.0] * 3]


def test_one_gradient_may_serve_two_parameters_and_be_kept_besides():
    g = Graph()
    a, b = g.parameter("a", (3,)), g.parameter("b", (3,))
    loss = sum_(tanh(add(a, b)))
    found = backprop(loss, [a, b])
    assert found[a] is found[b]
    tape = lower({"E": loss, "δ": found[a]}, blocks=Blocks.of([a, b]), gradients={a: found[a], b: found[b]})
    for made in (Interpreter(tape), Machine(tape, 1, "float64")):
        made.arena["a"], made.arena["b"] = [0.1, 0.2, 0.3], [1.0, 2.0, 3.0]
        made.run()
        wanted = 1 - np.tanh(made.arena["a"] + made.arena["b"]) ** 2
        for name in ("δ", "∂E/∂a", "∂E/∂b"):
            np.testing.assert_allclose(made.arena[name], wanted, rtol=1e-14)


# ---- text and names -------------------------------------------------------------------------------------


def test_the_text_shows_each_instruction_with_number_operation_operands_shape_and_formula():
    _, tape = network()
    lines = tape.text().splitlines()
    assert len(lines) == len(tape.instructions) + len(tape.derived)
    first = re.fullmatch(r"   0  (%\d+) \(rows, 5\)  =  affine\(%\d+, %1, %2\)", lines[0])
    assert first
    assert f"tanh({first[1]})" in lines[1]
    assert re.search(r"%0 θ, (%\d+) m \(48,\)  =  %0 - learning_rate \* \(0.9 \* \1 \+ %\d+\); ", lines[-1])


def test_two_nodes_cannot_have_one_name():
    g = Graph()
    g.input("x", (3,))
    with pytest.raises(GraphError) as told:
        g.input("x", (4,))
    assert told.value.code == "BL703"
    with pytest.raises(GraphError) as told:
        add(g.names["x"], Graph().input("y", (3,)))
    assert told.value.code == "BL704"


def test_shapes_are_known_for_every_number_of_rows():
    drawn = random_graphs.draw(2001)
    tape = gradient_tape(drawn)
    layout = lay_out(tape, ROOM)
    for v in tape.values:
        assert layout.size(v, ROWS) == shapes.elements(shapes.resolve(v.shape, ROWS)) <= layout.size(v, ROOM)

"""Two threads on one tape wait where they must; nowhere else does the order of their work matter."""

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.blocks import Blocks
from backlit.core.lowering import lower
from backlit.core.tape import lay_out
from backlit.machine import share
from backlit.machine.backend import backend
from backlit.machine.encode import Scalars
from backlit.machine.state import BLOCK, PLACE, new_state
from backlit.nn import Add, Dense, Dropout, Input, Residual, Structure
from backlit.optim import optimizer_named
from backlit.training.objects.network import Network

ROWS, FEATURES = 24, 7


def branches():
    x = Input(FEATURES)
    link = x()
    left, right = Dense(20, "relu")(link), Dense(20, "tanh")(link)
    return Structure([link], outputs=Dense(3, "softmax")(Add()(left, right)))


NETWORKS = {
    "dense": lambda: Network([Dense(33, "relu"), Dense(17, "silu"), Dense(3, "softmax")]),
    "dropout": lambda: Network([Dense(40, "relu"), Dropout(0.3), Dense(3, "softmax")]),
    "residual": lambda: Network([Dense(16, "tanh"), Residual(Dense(16, "relu"), Dense(16)), Dense(3, "softmax")]),
    "typed": lambda: Network([Dense(18, "u / (1 + abs(u))"), Dense(3, "softmax")]),
    "branches": branches,
}


def tape_of(name):
    net = NETWORKS[name]()
    net.prepare(FEATURES, seed=1)
    built = net.build(training=True, loss="cross_entropy")
    found = backprop(built.loss, built.trained)
    tape = lower(
        {"E": built.loss},
        blocks=Blocks.of(built.trained),
        gradients={p: found[p] for p in built.trained},
        update=optimizer_named("adam").update,
    )
    return net, tape


def run(net, tape, until, threads_first, rows, columns_from, monkeypatch):
    """All values after one step; within a wave the thread `threads_first` does all of its part before the other."""
    monkeypatch.setattr(share, "COLUMNS_FROM", columns_from)
    machine, table = backend("compiled", "float32"), Scalars()
    layout = lay_out(tape, ROWS, until=until)
    code, registers = machine.encode(tape, layout, table, threads=2)
    A = np.zeros(layout.length + 2 * registers * BLOCK, dtype=np.float32)
    S, C = np.array(table.values), new_state()
    machine.prepare(C)
    C[PLACE["REGISTERS"]], C[PLACE["STEP"]], S[0], S[1] = registers * BLOCK, 1, 1, 0.01
    rng = np.random.default_rng(0)
    given = {"x": rng.normal(size=(rows, FEATURES)), "t": np.eye(3)[rng.integers(0, 3, rows)], **net.values}
    for name, value in given.items():
        at = layout.offsets[tape.names[name]]
        A[at : at + np.size(value)] = np.ravel(value)
    play, arrays = machine.function("play_part"), code.arrays()
    number, waves = len(code.starts), 0
    for i in range(code.extra):
        play(A, S, C, arrays, rows, i, 0, 1)
    first = code.extra
    while first < number:
        last = first + 1
        while last < number and not code.meets[last]:
            last += 1
        for thread in (threads_first, 1 - threads_first):
            for i in range(first, last):
                assert play(A, S, C, arrays, rows, i, thread, 2) == 0
        first, waves = last, waves + 1
    kept = {
        v.name: A[layout.offsets[v.number] :][: layout.size(v, rows)].copy() for v in tape.values if v.kind == "block"
    }
    return kept, waves


@pytest.mark.parametrize("columns_from", [0, 10**9], ids=["columns", "rows"])
@pytest.mark.parametrize("rows", [ROWS, ROWS - 1, 5, 1])
@pytest.mark.parametrize("name", NETWORKS)
def test_whichever_thread_comes_first_within_a_wave_the_bits_are_the_same(name, rows, columns_from, monkeypatch):
    net, tape = tape_of(name)
    monkeypatch.setattr(share, "COLUMNS_FROM", columns_from)
    arranged, until = share.arrange(tape, ROWS)
    wanted, _ = run(net, tape, None, 0, rows, columns_from, monkeypatch)
    for first in (0, 1):
        found, _ = run(net, arranged, until, first, rows, columns_from, monkeypatch)
        for value, numbers in wanted.items():
            assert np.array_equal(numbers.view(np.int32), found[value].view(np.int32)), (value, first)


def test_threads_meet_seldom(monkeypatch):
    """Forward and backward by rows need no waiting: only what sums over all rows does, and the update."""
    net, tape = tape_of("dense")
    arranged, until = share.arrange(tape, ROWS)
    _, in_order = run(net, tape, None, 0, ROWS, 10**9, monkeypatch)
    _, waves = run(net, arranged, until, 0, ROWS, 10**9, monkeypatch)
    assert waves == 3 < in_order


def test_arranging_changes_the_order_only():
    _, tape = tape_of("residual")
    arranged, until = share.arrange(tape, ROWS)
    assert [i.number for i in arranged.instructions] == list(range(len(tape.instructions)))
    assert sorted(i.outputs for i in arranged.instructions) == sorted(i.outputs for i in tape.instructions)
    made = set()
    for i in arranged.instructions:
        own = {v for v in i.inputs if any(v in other.outputs for other in tape.instructions)} - set(i.outputs)
        assert own <= made | {v for v in own if tape.values[v].kind == "block"}
        made |= set(i.outputs)
    assert until == sorted(until)
    assert arranged.update_at == tape.update_at


def test_what_two_threads_would_spoil_is_kept_apart_by_a_barrier():
    """Places that are used again: a wave's values keep theirs until its end, else there are more barriers."""
    _, tape = tape_of("dense")
    arranged, until = share.arrange(tape, ROWS)
    with_places = sum(share.barriers(arranged, lay_out(arranged, ROWS, until=until)))
    without = sum(share.barriers(arranged, lay_out(arranged, ROWS)))
    assert with_places < without

"""Every operation in trouble: NaN, infinities, memory that is not its own, kernels that give up."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

from backlit.core.arena import Arena
from backlit.core.tape import Tape, lay_out
from backlit.errors import TrainingError
from backlit.machine import backend, unit
from backlit.machine.encode import Encoder, Scalars
from backlit.machine.runner import Machine
from backlit.machine.state import PLACE
from backlit.ops import REGISTRY, Op, shapes
from ops import samples
from ops.samples import EVERY_OP
from tolerance import EPS, assert_close, same_bits

every_op = pytest.mark.parametrize("name", EVERY_OP)
GUARD = {"float32": np.uint32(0xDEADBEEF), "float64": np.uint64(0xDEADBEEFDEADBEEF)}


# ---- NaN and infinities ---------------------------------------------------------------------------------


def reached(case: samples.Case, values: list[np.ndarray], i: int, place: int) -> np.ndarray:
    """Which elements of the result depend on one element of input i."""
    base = samples.computed(case, values)
    moved = np.zeros(base.shape, dtype=bool)
    for value in (-1000.0, 0.0, 1000.0):
        changed = [v.copy() for v in values]
        changed[i].reshape(-1)[place] = value
        moved |= samples.computed(case, changed) != base
    return moved


@every_op
def test_a_nan_gives_the_declared_result(name, rng):
    op = REGISTRY[name]
    for case in samples.small_cases(op):
        values = samples.draw(case, rng)
        for i in range(len(op.inputs)):
            if op.facts.nan == "taken" and samples.is_condition(op, i):
                continue  # NaN is not 0, so the first branch is taken
            for place in {0, values[i].size // 2, values[i].size - 1}:
                moved = reached(case, values, i, place)
                spoilt = [v.copy() for v in values]
                spoilt[i].reshape(-1)[place] = np.nan
                result = samples.computed(case, spoilt)
                if op.facts.nan in ("kept", "taken"):
                    assert np.isnan(result[moved]).all(), (case, i)
                    rest, before = result[~moved], samples.computed(case, values)[~moved]
                    assert np.all((rest == before) | np.isnan(rest)), (case, i)
                else:
                    assert np.isfinite(result).all(), (case, i)
                    assert op.facts.nan != "false" or not result[moved].any(), (case, i)


@pytest.mark.parametrize(
    "name", [n for n in EVERY_OP if REGISTRY[n].facts.nan == "kept" and samples.moving(REGISTRY[n])]
)
def test_a_nan_is_not_hidden_by_the_derivative_either(name, rng):
    op = REGISTRY[name]
    for case in samples.small_cases(op):
        tape = samples.tape_of(case)
        given = samples.inputs_of(case, rng)
        for i in op.inputs:
            low, high, spoilt = (gradients_with(tape, given, i, value) for value in (-1000.0, 1000.0, np.nan))
            for n in spoilt:
                assert np.isnan(spoilt[n][low[n] != high[n]]).all(), (case, i, n)


def gradients_with(tape: Tape, given: dict[str, np.ndarray], i: str, value: float) -> dict[str, np.ndarray]:
    """The gradients where the middle element of input i is `value`."""
    changed = {n: v.copy() for n, v in given.items()}
    changed[i].reshape(-1)[given[i].size // 2] = value
    found = samples.run(tape, changed, 1, "float64", "interpreter")
    return {n: v for n, v in found.items() if n.startswith("∂")}


def test_a_row_with_a_nan_is_not_counted_as_a_hit(rng):
    counts = [n for n in EVERY_OP if REGISTRY[n].facts.nan == "uncounted"]
    for name, dtype, engine in itertools.product(counts, EPS, ("interpreter", *samples.ENGINES)):
        case = samples.cases(REGISTRY[name])[0]
        tape = samples.tape_of(case, gradient=False)
        right = rng.permuted(np.tile(np.arange(float(case.sizes()[0][1])), (case.sizes()[0][0], 1)), axis=1)
        for i, column in itertools.product((0, 1), range(right.shape[1])):
            given = {n: right.copy() for n in case.op.inputs}
            assert samples.run(tape, given, 1, dtype, engine)["y"] == len(right)
            given[case.op.inputs[i]][2, column] = np.nan
            assert samples.run(tape, given, 1, dtype, engine)["y"] == len(right) - 1, (engine, i, column)


@every_op
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf], ids=str)
def test_all_engines_agree_on_nan_and_infinities_and_raise_nothing(name, dtype, odd, rng):
    for case in samples.small_cases(REGISTRY[name]):
        tape = samples.tape_of(case)
        given = samples.inputs_of(case, rng)
        for i, value in enumerate(list(given)):
            spoilt = {n: v.copy() for n, v in given.items()}
            flat = spoilt[value].reshape(-1)
            flat[i % 2 :: 3] = odd
            expected = samples.run(tape, spoilt, 1, dtype, "interpreter")
            for engine in samples.ENGINES:
                found = samples.run(tape, spoilt, 1, dtype, engine)
                for n in found:
                    assert_close(found[n], expected[n], dtype, "op", (case, engine, value, n), samples.terms(given))


# ---- memory ---------------------------------------------------------------------------------------------


def owned(machine: Machine, rows: int, threads: int) -> np.ndarray:
    """True where a run on `rows` rows may write: the values, and the registers of the threads that run."""
    layout, memory = machine.arena.layout, machine.arena.memory
    mine = np.zeros(memory.size, dtype=bool)
    for value in machine.tape.values:
        begin = layout.offsets[value.number]
        if value.kind != "input":
            mine[begin : begin + layout.size(value, rows)] = True
    registers = (memory.size - layout.length) // 2
    mine[layout.length : layout.length + registers * threads] = True
    return mine


def keeps_to_its_own(machine: Machine, given: dict[str, np.ndarray], rows: int, threads: int) -> bool:
    """A run leaves the guard words, the inputs and the rows that are not there as they were."""
    word = GUARD[machine.dtype]
    machine.arena.memory.view(word.dtype)[:] = word
    with machine.arena.batch(rows):
        for n in machine.tape.names:
            if n in given:
                machine.arena[n] = given[n]
    before = machine.arena.memory.copy()
    machine.run(rows=rows, threads=threads)
    mine = owned(machine, rows, threads)
    return same_bits(machine.arena.memory[~mine], before[~mine])


@every_op
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("engine", samples.ENGINES)
def test_no_kernel_writes_where_it_must_not(name, dtype, engine, rng):
    op = REGISTRY[name]
    for case in [*samples.small_cases(op), *samples.batched(op)]:
        machine = samples.runner(samples.tape_of(case), case.rows, dtype, engine, guard=16)
        for rows, threads in itertools.product({1, case.rows - 1, case.rows} - {0}, (1, 2)):
            given = samples.inputs_of(case.at(rows), rng)
            assert keeps_to_its_own(machine, given, rows, threads), (case, rows, threads)


@pytest.mark.parametrize("engine", samples.ENGINES)
@pytest.mark.parametrize("place", ["I[3] - 1", "I[3] + 9", "I[4]"], ids=["before", "after", "input"])
def test_the_guard_words_see_a_kernel_that_writes_one_element_too_many(place, engine, rng):
    case = samples.Case(REGISTRY["transpose"], ((3, 3),), {})
    machine = samples.runner(samples.tape_of(case, gradient=False), 1, "float64", engine, guard=16)
    given = samples.inputs_of(case, rng)
    assert keeps_to_its_own(machine, given, 1, 1)
    text = f"@inline\ndef kernel(A, I, S, C, lo, hi, thread):\n    A[{place}] = ZERO\n    return 0\n"
    machine.code.template[machine.code.starts[0]] = machine.backend.address("spoils", text)
    assert not keeps_to_its_own(machine, given, 1, 1)


# ---- status ---------------------------------------------------------------------------------------------

FAILS = "@inline\ndef kernel(A, I, S, C, lo, hi, thread):\n    return 7\n"


@pytest.mark.parametrize("engine", [*samples.ENGINES, "interpreter"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_kernel_that_gives_up_stops_the_machine_with_its_instruction_and_status(engine, threads, monkeypatch):
    case = samples.cases(REGISTRY["matmul"])[0]
    tape = samples.tape_of(case)
    machine = Machine(tape, 1, "float64", engine=engine)
    at = len(tape.instructions) - 1
    start = machine.code.starts[at + machine.code.extra]
    right = int(machine.code.template[start])
    if engine == "interpreter":
        machine.code.template[start] = -1
        monkeypatch.setitem(backend._kernels, -1, lambda *arguments: 7)
    else:
        machine.code.template[start] = machine.backend.address("fails", FAILS)
    with pytest.raises(TrainingError) as told:
        machine.run(threads=threads)
    assert told.value.code == "BL602"
    assert told.value.values == {"number": at, "op": tape.instructions[at].name, "status": 7}
    machine.code.template[start] = right
    machine.run(threads=threads)  # and goes on when the trouble is gone
    assert machine.state[PLACE["STATUS"]] == 0


# ---- float32 stays float32 --------------------------------------------------------------------------------


def kernels_of(op: Op) -> dict[str, str]:
    """The texts of all kernels that the samples of an operation and its gradient call, by name."""
    found: dict[str, str] = {}

    def address(name: str, text: str) -> int:
        if name != "scalars":  # those are float64 on purpose
            found[text] = name
        return 0

    for case in [*samples.cases(op), *samples.batched(op)]:
        tape = samples.tape_of(case)
        Encoder(tape, lay_out(tape, case.rows), Scalars(), address, 0).code()
    return found


ALL_KERNELS = {text: name for op in REGISTRY.values() for text, name in kernels_of(op).items()}


def widened(text: str) -> list[str]:
    """Where the compiled float32 kernel turns a float32 into a float64."""
    names: dict[str, Any] = {}
    whole = unit.unit_text(text, "float32") + unit.ENTRY.format(entry="entry")
    exec(whole.replace("cache=True", "cache=False"), names)
    return re.findall(r"fpext .*float.* to .*double.*", names["entry"].inspect_llvm())


@pytest.mark.slow
@pytest.mark.parametrize("text", ALL_KERNELS, ids=list(ALL_KERNELS.values()))
def test_no_float32_kernel_computes_anything_in_float64(text):
    assert not widened(text)


def test_a_number_without_a_type_is_seen_as_float64():
    kernel = "@inline\ndef kernel(A, I, S, C, lo, hi, thread):\n    A[I[1]] = {} * A[I[2]] + ONE\n    return 0\n"
    assert not widened(kernel.format("DTYPE(0.5)"))
    assert widened(kernel.format("0.5"))


def test_the_arena_of_a_float32_run_is_float32(rng):
    case = samples.cases(REGISTRY["matmul"])[0]
    tape: Tape = samples.tape_of(case)
    for engine in (*samples.ENGINES, "interpreter"):
        machine = Machine(tape, 1, "float32", engine=engine)
        assert isinstance(machine.arena, Arena)
        assert {machine.arena[n].dtype for n in tape.names} == {np.dtype(np.float32)}
        assert shapes.elements(machine.arena["y"].shape) * 4 == machine.arena["y"].nbytes

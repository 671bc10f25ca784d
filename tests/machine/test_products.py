"""Matrix products of the machine's own kernel: right in every form, and the same bits however they are cut."""

import itertools
import platform
import subprocess
import sys

import numpy as np
import pytest

from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.ops.linear import affine, matmul
from cli.processes import environment
from tolerance import EPS, same_bits

# Tiles are 12 × 32 in float32, strips 256 deep; turned blocks are 16 × 16; copies begin at 48 rows and 256 columns.
SIZES = [
    (1, 1, 1), (1, 40, 9), (3, 5, 2), (12, 32, 16), (13, 33, 17), (8, 16, 1), (7, 2, 300), (64, 10, 128),
    (25, 31, 257), (48, 257, 40), (61, 300, 513), (100, 1, 30), (5, 70, 256),
]  # fmt: skip


WAYS = list(itertools.product((False, True), repeat=2))  # which of the operands lie transposed


def product(m, n, k, *, ta=False, tb=False, dtype="float32", engine="compiled", bias=False):
    """A machine with one product on its tape, and its operands."""
    graph, rng = Graph(), np.random.default_rng(m * 7919 + n * 31 + k)
    a, b = graph.input("a", (k, m) if ta else (m, k)), graph.input("b", (n, k) if tb else (k, n))
    made = affine(a, b, graph.input("c", (n,))) if bias else matmul(a, b, ta=ta, tb=tb)
    machine = Machine(lower({"r": made}), dtype=dtype, engine=engine, guard=3)
    given = {name: rng.normal(size=machine[name].shape) for name in ("a", "b", *(["c"] if bias else []))}
    machine.arena.memory[:] = np.nan  # what lies beside the operands must not come in
    for name, value in given.items():
        machine[name] = value
    return machine


def expected(machine, ta=False, tb=False):
    a, b = (np.asarray(machine[name], np.float64) for name in ("a", "b"))
    a, b = a.T if ta else a, b.T if tb else b
    return a @ b, np.abs(a) @ np.abs(b)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("ta", "tb"), WAYS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_every_form_is_right_to_the_rounding_of_its_sums(sizes, ta, tb, dtype):
    machine = product(*sizes, ta=ta, tb=tb, dtype=dtype)
    machine.run()
    exact, size = expected(machine, ta, tb)
    assert np.all(np.abs(machine["r"] - exact) <= (sizes[2] + 1) * EPS[dtype] * size)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_bias_is_where_the_sums_begin(sizes):
    machine = product(*sizes, bias=True)
    machine.run()
    exact, size = expected(machine)
    c = np.asarray(machine["c"], np.float64)
    assert np.all(np.abs(machine["r"] - exact - c) <= (sizes[2] + 2) * EPS["float32"] * (size + np.abs(c)))


@pytest.mark.parametrize("sizes", [s for s in SIZES if s[1] > 1], ids=str)
def test_an_element_is_the_sum_in_the_order_of_k(sizes):
    """Each term is rounded once where the processor multiplies and adds in one, else twice."""
    machine = product(*sizes, dtype="float32")
    machine.run()
    a, b = (np.asarray(machine[name], np.float64) for name in ("a", "b"))
    sums, fused = np.zeros((sizes[0], sizes[1]), np.float32), "+fma" in features()
    for p in range(sizes[2]):  # in float64 a product of two float32 is exact, and the sum nearly always rounds alike
        term = a[:, p : p + 1] * b[p]
        sums = (term + sums).astype(np.float32) if fused else term.astype(np.float32) + sums
    differ = np.mean(sums != machine["r"])
    assert differ < 0.01 if fused else differ == 0, f"{differ:.1%} of the elements differ"


def features():
    """What Numba compiles for."""
    from numba.core import codegen, config

    return (codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES).split(",")


X86 = "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx8,+cx16"
PROCESSORS = {  # NUMBA_CPU_NAME, NUMBA_CPU_FEATURES, and the numbers in a vector and rows of a tile
    "AVX without FMA": ("sandybridge", f"{X86},+avx", (8, 6)),
    "nothing but x86-64": ("generic", "", (4, 6)),
}
KEPT = "order_of_k or bias or rows_around or bits_of_one"


@pytest.mark.slow
@pytest.mark.parametrize("processor", PROCESSORS)
def test_tiles_for_other_processors_keep_what_is_promised(processor):
    """Some tests of this file again, in a process that compiles for an older processor than this one."""
    name, given, shape = PROCESSORS[processor]
    here = set(features())
    if platform.machine().lower() not in ("x86_64", "amd64") or not set(filter(None, given.split(","))) <= here:
        pytest.skip("this processor cannot do that")
    surroundings = environment(NUMBA_CPU_NAME=name, NUMBA_CPU_FEATURES=given)
    ask = "from backlit.machine import unit; loop = unit.functions('loop', '', 'float32'); print(loop.LANES, loop.TALL)"
    told = subprocess.run([sys.executable, "-c", ask], env=surroundings, capture_output=True, text=True, check=True)
    assert tuple(map(int, told.stdout.split())) == shape
    again = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", KEPT, __file__]
    done = subprocess.run(again, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(("ta", "tb"), WAYS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_two_threads_give_the_bits_of_one(sizes, ta, tb):
    one, two = product(*sizes, ta=ta, tb=tb), product(*sizes, ta=ta, tb=tb)
    one.run()
    two.run(threads=2)
    assert same_bits(one["r"], two["r"])


@pytest.mark.parametrize("rows", [1, 2, 11, 12, 13, 40, 47])
def test_a_row_does_not_depend_on_the_rows_around_it(rows):
    all_rows, few = product(61, 300, 513), product(rows, 300, 513)
    few["a"], few["b"] = all_rows["a"][:rows], all_rows["b"]
    all_rows.run()
    few.run()
    assert same_bits(few["r"], all_rows["r"][:rows].copy())


@pytest.mark.parametrize("sizes", [(13, 33, 17), (25, 31, 257)], ids=str)
@pytest.mark.parametrize(("ta", "tb"), WAYS)
def test_the_plain_kernel_reads_and_writes_inside_the_memory(sizes, ta, tb):
    machine = product(*sizes, ta=ta, tb=tb, engine="plain")
    machine.run()
    exact, size = expected(machine, ta, tb)
    assert np.all(np.abs(machine["r"] - exact) <= (sizes[2] + 1) * EPS["float32"] * size)


def test_nothing_but_the_result_is_written():
    machine = product(13, 33, 17)
    before = machine.arena.memory.copy()
    machine.run()
    at = machine.arena.layout.offsets[machine.tape.names["r"]]
    changed = np.flatnonzero(before.view(np.int32) != machine.arena.memory.view(np.int32))
    assert set(changed) <= set(range(at, at + 13 * 33))


def test_one_nan_spoils_its_row_and_no_other():
    machine = product(13, 33, 17)
    machine["a"][5, 16] = np.nan
    machine.run()
    assert np.isnan(machine["r"][5]).all()
    assert np.isfinite(np.delete(machine["r"], 5, axis=0)).all()

"""The limit: what is counted, what is measured, and how it is added up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from backlit.bench import limit, native
from backlit.bench.native import OURS, Bench, Form, forms
from backlit.bench.peers import ours
from backlit.bench.workloads import TRAINING

BY_NAME = {w.name: w for w in TRAINING}


@pytest.mark.parametrize("name", ["tiny", "small", "digits", "mnist", "deep", "batchnorm"])
def test_every_matrix_product_of_a_step_is_counted(name):
    w = BY_NAME[name]
    tape = ours.fitting(w, epochs=1).loop.train_tape
    pairs = list(itertools.pairwise(w.sizes))
    forward = sum(a * b for a, b in pairs)
    back = sum(a * b for a, b in pairs[1:])  # nobody asks for the gradient of the inputs
    assert limit.flop(tape, w.batch) == 2 * w.batch * (2 * forward + back)


def test_the_products_of_a_small_network_by_hand():
    tape = ours.fitting(BY_NAME["tiny"], epochs=1).loop.train_tape
    found = {(p.m, p.n, p.k): p.count for p in limit.products(tape, 4)}
    # forward (4,2)(2,4), (4,4)(4,1); weights (4,4)(4,1) of the second layer, (2,4)(4,4); error signal (4,1)(1,4)
    assert found == {(4, 4, 2): 1, (4, 1, 4): 2, (4, 4, 1): 1, (2, 4, 4): 1}


def test_the_bytes_of_other_instructions_grow_with_the_rows_and_hold_the_update():
    tape = ours.fitting(BY_NAME["small"], epochs=1).loop.train_tape
    one, two, three = (limit.other_bytes(tape, rows, 4) for rows in (1, 2, 3))
    assert three - two == two - one > 0
    block = next(v.shape[0] for v in tape.values if v.name == "θ")
    assert one > 7 * 4 * block  # θ, its gradient, m and v are read, θ, m and v are written
    assert limit.other_bytes(tape, 2, 8) == 2 * two


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("m", "n", "k"), [(4, 4, 2), (33, 20, 17), (5, 1, 70), (128, 96, 64)])
def test_every_form_computes_the_product(m, n, k, dtype):
    bench = Bench(dtype)
    for form in forms(m, n, k):
        seconds = bench.product(m, n, k, form, 1e-5)
        assert 0 < seconds < 60  # seconds, and of one product: the shortest turn has many
        a_at, b_at = 0, -(-m * k // 16) * 16
        c_at = b_at + -(-k * n // 16) * 16
        a = bench.memory[a_at : a_at + m * k]
        b = bench.memory[b_at : b_at + k * n]
        c = bench.memory[c_at : c_at + m * n].reshape(m, n)
        a = a.reshape(k, m).T if form.tb else a.reshape(m, k)
        b = b.reshape(n, k).T if form.ta == 1 else b.reshape(k, n)
        assert np.allclose(c, a @ b, rtol=1e-4, atol=1e-4), form
        c[:] = np.nan


def test_products_are_tried_by_blas_and_in_tiles_and_large_ones_with_two_threads():
    assert Form(0, 0, by=OURS) in forms(4, 4, 2)
    assert {f.split for f in forms(4, 4, 2)} == {""}
    assert {f.split for f in forms(128, 256, 784)} == {"", "rows", "columns", "blas"}
    assert len({(f.layout, f.threads) for f in forms(128, 256, 784)}) == 28


def test_a_stream_has_a_bandwidth():
    bench = Bench("float32")
    found = {threads: bench.stream(30_000, threads, 0.002) for threads in (1, 2)}
    assert 1e6 < found[1] < 1e13  # bytes a second, however busy the machine is
    assert 1e6 < found[2] < 1e13


def test_the_limit_adds_products_and_bytes():
    made = _limit()
    for p in made.products:
        for n, form in enumerate(made.forms[p]):
            made.times[p, form] = [10.0 + n, 20.0 + n]  # the first form is the best one
    made.bandwidth = {1: [1e9, 1e9], 2: [2e9, 2e9]}
    found = made.found()
    count = sum(p.count for p in made.products)
    share = made.share
    other = made.bytes / 2e9 * 1e6
    assert found.microseconds == pytest.approx([10 * count * share + other, 20 * count * share + other])
    assert found.gigabytes_a_second == 2
    assert found.fraction([2 * t for t in found.microseconds]) == 0.5
    assert [p["microseconds"] for p in found.products] == [15.0] * len(made.products)


def test_a_partial_batch_counts_with_its_rows():
    whole, partial = _limit(), _limit([4, 2])
    assert (whole.share, partial.share) == (1, 0.75)
    assert partial.flop == whole.flop * 3 // 4
    assert partial.bytes < whole.bytes


def test_a_turn_measures_every_form_once():
    made = _limit()
    assert made.turn() > 0
    assert {len(found) for found in (*made.times.values(), *made.bandwidth.values())} == {1}
    made.forget()
    assert {len(found) for found in (*made.times.values(), *made.bandwidth.values())} == {0}


def _limit(batches=(4,)):
    loop = ours.fitting(BY_NAME["tiny"], epochs=1).loop
    return limit.Limit(loop.train_tape, loop.arena.layout, "float32", batches, 1e-4)


def test_two_threads_do_more_than_none():
    assert 0 < native.Bench("float32").cores(0.001) < 10


def test_two_threads_meet():
    assert 0 < native.Bench("float32").meeting(0.001) < 1

"""Chance that can be replayed: the generator, the shuffle, and dropout in both directions."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError
from backlit.ops import REGISTRY, Rows, random
from backlit.ops.random import bits, dropout, permutation
from ops import samples
from tolerance import EPS, same_bits

SEEDS = [0, 1, -5, 2**62]


def test_the_generator_is_splitmix64():
    # The first numbers of the published generator, started at 1234567.
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [random.mix(1234567 + i * random.GOLDEN) for i in range(1, 5)] == known


def test_a_number_depends_on_seed_step_key_and_place_and_on_nothing_else():
    first = bits(1, 2, 3, 1000)
    assert same_bits(bits(1, 2, 3, 100), first[:100])
    for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)]:
        assert np.mean(bits(*other, 1000) == first) < 0.01
    assert len(set(first.tolist())) > 995


@pytest.mark.parametrize("seed", SEEDS)
def test_the_numbers_are_spread_evenly(seed):
    drawn = bits(seed, 7, 1, 100_000) / 2**32
    counts = np.histogram(drawn, bins=50, range=(0, 1))[0]
    assert np.sum((counts - 2000) ** 2 / 2000) < 90  # χ² with 49 degrees of freedom: 1 in 3,000
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.015


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [1, 2, 3, 100, 1000])
def test_a_shuffle_holds_every_row_once_and_differs_from_epoch_to_epoch(seed, n):
    orders = [permutation(seed, epoch, n) for epoch in range(3)]
    assert all(sorted(order.tolist()) == list(range(n)) for order in orders)
    assert n < 100 or len({order.tobytes() for order in orders}) == 3
    assert same_bits(orders[0], permutation(seed, 0, n))


def test_all_orders_of_three_rows_are_about_equally_frequent():
    found = [tuple(permutation(0, epoch, 3)) for epoch in range(6000)]
    assert all(900 < found.count(order) < 1100 for order in set(found))
    assert len(set(found)) == 6


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_dropout_keeps_the_stated_share_and_the_mean(rate):
    x = np.ones((1000, 100))
    y = dropout(x, rate=rate, key=1, seed=3, step=4)
    assert np.mean(y == 0) == pytest.approx(rate, abs=0.01)
    assert np.allclose(y[y != 0], 1 / (1 - rate))
    assert rate > 0 or same_bits(y, x)


def test_dropout_of_everything_is_refused():
    with pytest.raises(ParameterError) as told:
        dropout(np.ones(3), rate=1.0)
    assert told.value.code == "BL305"


@pytest.mark.parametrize("engine", ["interpreter", *samples.ENGINES])
@pytest.mark.parametrize("dtype", EPS)
def test_the_backward_pass_draws_the_same_mask_and_each_step_another(engine, dtype):
    case = samples.Case(REGISTRY["dropout"], ((Rows(), 50),), {"rate": 0.5, "key": 2, "seed": 0, "step": 0}, rows=40)
    tape = samples.tape_of(case)
    made = samples.runner(tape, 40, dtype, engine)
    made.arena["x"], made.arena["g"] = 3.0, 5.0
    masks = []
    for seed in SEEDS:
        for step in (1, 2):
            made.seed, made.step = seed, step
            made.run()
            mask = made.arena["y"] != 0
            np.testing.assert_array_equal(mask, made.arena["∂x"] != 0)
            np.testing.assert_array_equal(mask.reshape(-1), bits(seed, step, 2, 2000) >= 2**31)
            masks.append(mask.tobytes())
    assert len(set(masks)) == len(masks)


def test_a_row_keeps_its_mask_whatever_the_size_of_the_batch():
    case = samples.Case(REGISTRY["dropout"], ((Rows(), 6),), {"rate": 0.5, "key": 2, "seed": 0, "step": 0}, rows=9)
    tape = samples.tape_of(case, gradient=False)
    found = [samples.run(tape, {"x": np.ones((rows, 6))}, rows, "float32", "compiled", most=9)["y"] for rows in (9, 4)]
    assert same_bits(found[0][:4].copy(), found[1])

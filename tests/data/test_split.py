"""Splits: disjoint, complete, exact, repeatable."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from backlit.data import Table, load, split
from backlit.errors import DataError


def classes(counts, seed=0):
    t = np.repeat(np.arange(len(counts)), counts)
    t = np.random.default_rng(seed).permutation(t)
    names = tuple(str(i) for i in range(len(counts)))
    return Table("t", np.arange(len(t))[:, None], t, ("x",), ("c",), "classification", names)


def quantities(rows):
    return Table("q", np.arange(rows)[:, None], np.arange(rows)[:, None] / 2, ("x",), ("y",), "regression")


def sizes(parts):
    return len(parts.train), len(parts.validation), len(parts.test)


def check(table, parts):
    whole = np.concatenate([parts.train, parts.validation, parts.test])
    np.testing.assert_array_equal(np.sort(whole), np.arange(table.rows))
    assert {part.dtype for part in (parts.train, parts.validation, parts.test)} == {np.dtype(np.int64)}
    assert parts.rows == table.rows


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iris", (90, 30, 30)),
        ("wine", (106, 36, 36)),
        ("digits", (1079, 359, 359)),
        ("breast_cancer", (341, 114, 114)),
        ("diabetes", (266, 88, 88)),
        ("moons", (300, 100, 100)),
        ("xor", (4, 0, 0)),
    ],
)
def test_the_sizes_of_the_named_sets(name, expected):
    table = load(name)
    parts = split(table)
    check(table, parts)
    assert sizes(parts) == expected
    assert parts.held_out == (name != "xor")


def test_each_class_is_in_each_part_in_its_share():
    table = classes([50, 30, 20])
    parts = split(table, test=0.1, validation=0.3)
    assert np.bincount(table.t[parts.test]).tolist() == [5, 3, 2]
    assert np.bincount(table.t[parts.validation]).tolist() == [15, 9, 6]
    assert np.bincount(table.t[parts.train]).tolist() == [30, 18, 12]


def test_the_largest_remainder_gets_the_rows_left_over():
    table = classes([17, 23, 11])  # 51 rows: ten for the test; shares 3.4, 4.6, 2.2
    parts = split(table, test=0.2, validation=0)
    assert np.bincount(table.t[parts.test]).tolist() == [3, 5, 2]


def test_a_rare_class_stays_in_training():
    table = classes([96, 3, 1])
    parts = split(table, test=0.45, validation=0.45)
    assert set(table.t[parts.train].tolist()) == {0, 1, 2}


def test_tiny_classes_give_all_rows_only_when_nothing_else_is_left():
    table = classes([2] * 8 + [4])
    parts = split(table, test=0.3, validation=0.3)
    check(table, parts)
    assert 8 in table.t[parts.train]


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    table = load("iris")
    one, same, other = split(table, seed=5), split(table, seed=5), split(table, seed=6)
    np.testing.assert_array_equal(one.train, same.train)
    np.testing.assert_array_equal(one.test, same.test)
    assert one.train.tolist() != other.train.tolist()
    assert set(one.test.tolist()) != set(other.test.tolist())


def test_the_rows_are_shuffled_within_each_part():
    for table in (load("iris"), quantities(100)):
        parts = split(table)
        for part in (parts.train, parts.validation, parts.test):
            assert part.tolist() != sorted(part.tolist())


def test_the_training_rows_stand_in_no_order_of_their_classes():
    """The first three are of one class in 3 · 30 · 29 · 28 / (90 · 89 · 88) = 10.4 % of all orders."""
    table = load("iris")
    alike = [len(set(table.t[split(table, seed=seed).train[:3]])) == 1 for seed in range(1000)]
    assert sum(alike) == pytest.approx(104, abs=30)


def test_parts_can_be_left_out():
    table = load("iris")
    assert sizes(split(table, test=0)) == (120, 30, 0)
    assert sizes(split(table, validation=0)) == (120, 0, 30)
    nothing = split(table, test=0, validation=0)
    assert sizes(nothing) == (150, 0, 0)
    assert not nothing.held_out
    check(table, nothing)


def test_nine_rows_are_not_divided_and_ten_are():
    assert sizes(split(quantities(9), test=0.5)) == (9, 0, 0)
    assert sizes(split(quantities(10))) == (6, 2, 2)


@pytest.mark.parametrize(
    ("table", "fractions"),
    [
        (quantities(20), {"test": 0.5, "validation": 0.5}),
        (quantities(20), {"test": 1.0}),
        (quantities(20), {"test": -0.1}),
        (quantities(20), {"test": float("nan")}),
        (quantities(20), {"test": "half"}),
        (quantities(20), {"validation": None}),
        (quantities(20), {"test": 0.01}),
        (quantities(10), {"test": 0.5, "validation": 0.45}),
        (classes([2] * 5), {"test": 0.5, "validation": 0.45}),
        (classes([3] * 10), {"test": 0.4, "validation": 0.4}),
        (quantities(4), {"test": 0.6, "validation": 0.6}),
    ],
)
def test_fractions_that_cannot_be_served(table, fractions):
    with pytest.raises(DataError) as caught:
        split(table, **fractions)
    assert caught.value.code == "BL210"
    assert caught.value.values["rows"] == table.rows


def test_a_seed_must_be_a_whole_number():
    with pytest.raises(DataError, match="BL215"):
        split(load("iris"), seed=-1)


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    test=st.floats(0, 0.6),
    validation=st.floats(0, 0.39),
    seed=st.integers(0, 9),
)
def test_every_split_is_disjoint_complete_and_near_its_shares(counts, test, validation, seed):
    table = classes(counts)
    try:
        parts = split(table, test=test, validation=validation, seed=seed)
    except DataError:
        return  # when it may refuse is tested above
    check(table, parts)
    if table.rows < 10:
        assert not parts.held_out
        return
    assert len(parts.test) == int(table.rows * test + 0.5)
    assert len(parts.validation) == int(table.rows * validation + 0.5)
    left = np.bincount(table.t[parts.train], minlength=len(counts))
    assert all(left[c] >= 1 for c, count in enumerate(counts) if count >= 3)
    if min(counts) >= 10 and test + validation < 0.8:  # nobody is short of rows: the shares are exact
        got = np.bincount(table.t[parts.test], minlength=len(counts))
        assert np.abs(got - np.array(counts) * test).max() < 1

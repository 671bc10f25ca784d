"""Preparation: learned from the training rows alone, exact to store, undone without loss."""

import json
import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from backlit.data import Preparation, Table, load, split
from backlit.errors import DataError, ShapeError


def numbers(x, t=None):
    x = np.asarray(x, dtype=float)
    t = x[:, :1] if t is None else np.asarray(t, dtype=float)
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    return Table("n", x, t, names, tuple(f"t{j}" for j in range(t.shape[1])), "regression")


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer", "diabetes"])
def test_the_training_rows_get_mean_0_and_deviation_1(name):
    table = load(name)
    train = split(table).train
    preparation = Preparation.fit(table, train)
    z = preparation.inputs(table.x[train])
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    constant = np.ptp(table.x[train], axis=0) == 0
    if name == "digits":  # pixels are of one kind: one scale, so the mean square over all that vary is 1
        assert len({c.scale for c, still in zip(preparation.features, constant, strict=True) if not still}) == 1
        np.testing.assert_allclose(np.mean(z[:, ~constant] ** 2), 1, atol=1e-12)
        return
    np.testing.assert_allclose(z.std(axis=0), np.where(constant, 0, 1), atol=1e-12)
    assert constant.any() == (name == "digits")
    assert (preparation.in_features, preparation.task) == (table.x.shape[1], table.task)


def test_mean_and_deviation_are_those_of_numpy():
    x = load("diabetes").x
    preparation = Preparation.fit(load("diabetes"))
    np.testing.assert_array_max_ulp(np.array([c.mean for c in preparation.features]), x.mean(axis=0), 4)
    np.testing.assert_array_max_ulp(np.array([c.scale for c in preparation.features]), x.std(axis=0), 4)


def test_nothing_is_learned_from_other_rows():
    table = load("iris")
    train = split(table).train
    wild = np.array(table.x)
    wild[np.setdiff1d(np.arange(150), train)] = 1e6
    other = Table("w", wild, table.t, table.features, table.target, table.task, table.classes)
    assert Preparation.fit(table, train) == Preparation.fit(other, train)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e300, 5e-324, 1 / 3])
def test_a_constant_column_becomes_zero(value):
    preparation = Preparation.fit(numbers(np.full((7, 1), value)))
    assert (preparation.features[0].mean, preparation.features[0].scale) == (value, 1.0)
    assert preparation.inputs([[value]]).tolist() == [[0.0]]


@pytest.mark.parametrize("unit", [1e307, 1e200, 1e-200, 1e-307])
def test_huge_and_tiny_numbers(unit):
    z = Preparation.fit(numbers(np.array([[1], [2], [3]]) * unit)).inputs(np.array([[1], [3]]) * unit)
    np.testing.assert_allclose(z, [[-math.sqrt(1.5)], [math.sqrt(1.5)]])


def test_the_smallest_numbers_do_not_divide_by_zero():
    preparation = Preparation.fit(numbers([[0.0], [5e-324]]))
    assert np.isfinite(preparation.inputs([[0.0], [5e-324], [1.0]])).all()


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 3)), elements=st.floats(-1e150, 1e150)))
def test_any_numbers_come_back_in_their_units(x):
    table = numbers(x, t=x)
    preparation = Preparation.fit(table)
    z = preparation.targets(table.t)
    size = np.abs(x).max(axis=0)
    np.testing.assert_allclose(preparation.restore(z) - x, np.zeros_like(x), atol=1e-14 * max(size.max(), 1e-300))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_the_dtype_asked_for_in_a_new_writable_array(dtype):
    table = load("iris")
    preparation = Preparation.fit(table)
    for array in (preparation.inputs(table.x, dtype), preparation.targets(table.t, dtype)):
        assert array.dtype == np.dtype(dtype)
        assert array.flags.writeable
        assert array.flags.c_contiguous
    np.testing.assert_allclose(preparation.inputs(table.x, dtype), preparation.inputs(table.x), rtol=1e-5, atol=1e-6)


def test_classes_to_one_hot_and_back():
    table = load("digits")
    preparation = Preparation.fit(table)
    one_hot = preparation.targets(table.t)
    assert one_hot.shape == (1797, 10)
    assert (one_hot.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(one_hot.argmax(axis=1), table.t)
    restored = preparation.restore(one_hot)
    np.testing.assert_array_equal(restored, table.t)
    assert restored.dtype == np.int64
    assert preparation.labels(one_hot).tolist() == [table.classes[t] for t in table.t]


def test_a_broken_output_has_no_class():
    preparation = Preparation.fit(load("iris"))
    o = [[0.1, 0.2, 0.3], [np.nan, 0.9, 0.1], [9, np.inf, 0]]
    assert preparation.restore(o).tolist() == [2, -1, 1]
    assert preparation.labels(o).tolist() == ["virginica", "NaN", "versicolor"]


def test_quantities_to_standard_units_and_back():
    table = load("diabetes")
    preparation = Preparation.fit(table)
    z = preparation.targets(table.t)
    assert (z.mean(), z.std()) == pytest.approx((0, 1))
    np.testing.assert_allclose(preparation.restore(z), table.t, rtol=1e-13)
    np.testing.assert_array_equal(preparation.labels(z), preparation.restore(z))
    np.testing.assert_array_equal(preparation.targets(table.t[:, 0]), z)
    assert np.isnan(preparation.restore([[np.nan]])).all()


@pytest.mark.parametrize("name", ["iris", "digits", "diabetes", "xor"])
def test_stored_as_json_it_comes_back_to_the_bit(name):
    table = load(name)
    preparation = Preparation.fit(table, split(table, seed=3).train)
    back = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert back == preparation
    np.testing.assert_array_equal(back.inputs(table.x), preparation.inputs(table.x))
    assert json.loads(json.dumps(preparation.to_dict())) == preparation.to_dict()


@pytest.mark.parametrize("columns", [0, 3, 5])
def test_another_number_of_columns_is_refused(columns):
    preparation = Preparation.fit(load("iris"))
    with pytest.raises(ShapeError) as caught:
        preparation.inputs(np.zeros((2, columns)))
    assert caught.value.code == "BL103"
    assert (caught.value.values["expected"], caught.value.values["got"]) == (4, columns)


def test_outputs_and_targets_of_another_width_are_refused():
    with pytest.raises(ShapeError, match="BL103"):
        Preparation.fit(load("iris")).restore([[0.5, 0.5]])
    with pytest.raises(ShapeError, match="BL103"):
        Preparation.fit(load("diabetes")).targets([[0.5, 0.5]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_place(value):
    x = np.array(load("iris").x)
    x[7, 2] = value
    with pytest.raises(DataError) as caught:
        Preparation.fit(load("iris")).inputs(x)
    assert caught.value.code == "BL207"
    assert caught.value.values["place"] == "X[7, 2]"
    assert caught.value.values["column"] == "petal length (cm)"


def test_numbers_too_large_for_float32_are_refused_as_they_came():
    preparation = Preparation.fit(load("iris"))
    x = [[1.0, 1.0, 1e300, 1.0]]
    assert np.isfinite(preparation.inputs(x)).all()
    with pytest.raises(DataError) as caught:
        preparation.inputs(x, np.float32)
    assert (caught.value.code, caught.value.values["value"]) == ("BL207", "1e+300")


@pytest.mark.parametrize("x", [[1, 2, 3, 4], [["a", "b", "c", "d"]], 5, np.zeros((1, 4, 1)), [[1j, 0, 0, 0]]])
def test_inputs_that_are_no_table_of_numbers_are_refused(x):
    with pytest.raises(DataError, match="BL212"):
        Preparation.fit(load("iris")).inputs(x)


@pytest.mark.parametrize("t", [[3], [-1], [0.5], [[0]], ["setosa"]])
def test_targets_that_are_no_indices_are_refused(t):
    with pytest.raises(DataError, match="BL212"):
        Preparation.fit(load("iris")).targets(t)


def test_fitting_on_no_rows_is_refused():
    with pytest.raises(DataError, match="BL212"):
        Preparation.fit(load("iris"), [])


def test_a_table_without_targets_can_be_fitted():
    table = numbers(np.arange(6.0).reshape(3, 2), t=np.empty((3, 0)))
    assert Preparation.fit(table).out_features == 0

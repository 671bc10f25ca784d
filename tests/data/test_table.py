"""The table: what it holds, that it cannot be changed, and what it refuses."""

import hashlib
import pickle

import numpy as np
import pytest

from backlit.data import Table
from backlit.errors import DataError, ShapeError


def small(**other):
    given = {
        "name": "small",
        "x": [[1, 2], [3, 4], [5, 6]],
        "t": [0, 1, 0],
        "features": ("a", "b"),
        "target": ("c",),
        "task": "classification",
        "classes": ("no", "yes"),
        "source": "by hand",
    }
    return Table(**given | other)


def test_the_arrays_have_the_types_of_the_task():
    table = small()
    assert (table.x.dtype, table.x.shape, table.t.dtype, table.t.shape) == (
        np.float64,
        (3, 2),
        np.int64,
        (3,),
    )
    table = small(t=[[1.5], [2], [3]], task="regression", classes=())
    assert (table.t.dtype, table.t.shape) == (np.float64, (3, 1))
    assert table.rows == 3


def test_a_table_cannot_be_changed_and_leaves_the_callers_array_writable():
    x = np.zeros((3, 2))
    table = small(x=x)
    with pytest.raises(ValueError, match="read-only"):
        table.x[0, 0] = 1
    with pytest.raises(AttributeError):
        table.name = "other"
    x[0, 0] = 1


def test_the_hash_is_that_of_the_bytes_of_x_and_t():
    table = small()
    assert table.sha256 == hashlib.sha256(table.x.tobytes() + table.t.tobytes()).hexdigest()
    assert table.sha256 == small(name="other", source="").sha256
    assert table.sha256 != small(t=[0, 1, 1]).sha256
    assert table.sha256 != table.take([1, 0, 2]).sha256
    assert small(x=np.asfortranarray(table.x)).sha256 == table.sha256


@pytest.mark.parametrize("indices", [[2, 0], np.array([2, 0]), (2, 0)])
def test_take_gives_rows_in_the_order_asked(indices):
    part = small().take(indices)
    assert part.x.tolist() == [[5, 6], [1, 2]]
    assert part.t.tolist() == [0, 0]
    assert part.classes == ("no", "yes")


def test_take_of_nothing_and_of_a_mask():
    assert small().take([]).rows == 0
    assert small().take(np.array([False, True, False])).x.tolist() == [[3, 4]]


def test_a_table_without_targets_holds_inputs_only():
    table = small(t=np.empty((3, 0)), target=(), task="regression", classes=())
    assert table.t.shape == (3, 0)
    assert len(table.sha256) == 64


def test_a_table_can_be_pickled():
    table = small()
    assert pickle.loads(pickle.dumps(table)).sha256 == table.sha256


@pytest.mark.parametrize(
    ("other", "code", "family"),
    [
        ({"t": [0, 1]}, "BL213", DataError),
        ({"x": [1, 2, 3]}, "BL212", DataError),
        ({"t": [[0], [1], [0]]}, "BL212", DataError),
        ({"t": [0, 1, 2]}, "BL212", DataError),
        ({"t": [0, 1, -1]}, "BL212", DataError),
        ({"features": ("a",)}, "BL103", ShapeError),
        ({"task": "regression", "t": [[1, 2], [1, 2], [1, 2]], "classes": ()}, "BL103", ShapeError),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(other, code, family):
    with pytest.raises(family) as caught:
        small(**other)
    assert caught.value.code == code

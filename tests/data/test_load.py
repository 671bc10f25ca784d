"""One door: names, paths, arrays and tables, and what is said when it stays shut."""

import numpy as np
import pytest

from backlit.data import Table, load, sources
from backlit.errors import DataError, ShapeError


def refused(*args, **options):
    with pytest.raises(DataError) as caught:
        load(*args, **options)
    return caught.value


def test_every_source_loads():
    for name in sources():
        table = load(name)
        assert isinstance(table, Table)
        assert table.name == name


def test_a_table_comes_back_as_it_is():
    table = load("iris")
    assert load(table) is table
    assert load(table, task="classification", seed=3) is table


def test_a_name_goes_before_a_file_and_a_path_with_a_folder_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris").write_text("a,b\n1,2.5\n")
    (tmp_path / "plain").write_text("a,b\n1,2.5\n")
    assert load("iris").rows == 150
    assert load("./iris").rows == 1
    assert load("plain").rows == 1
    assert load(tmp_path / "iris").rows == 1
    assert refused("folder/iris").code == "BL201"
    assert refused("iris.csv").code == "BL201"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("iriss", "iris"), ("Moons", "moons"), ("spiral", "spirals"), ("breast", "breast_cancer")],
)
def test_an_unknown_name_offers_the_nearest(name, nearest):
    error = refused(name)
    assert error.code == "BL209"
    assert nearest in error.values["nearest"].split(", ")


@pytest.mark.parametrize("source", ["", "nothing like it", 5, None, [1, 2, 3], {"a": 1}, np.zeros((3, 2)), b"iris"])
def test_what_is_no_source(source):
    assert refused(source).code == "BL209"


@pytest.mark.parametrize(
    ("source", "options", "nearest"),
    [
        ("moons", {"nois": 0.1}, "noise"),
        ("iris", {"n": 5}, "–"),
        ("xor", {"target": "x1"}, None),
        (([[1.0]], [2.0]), {"header": True}, None),
        ("any.csv", {"delimeter": ";"}, "delimiter"),
    ],
)
def test_an_unknown_option_offers_the_nearest(source, options, nearest):
    error = refused(source, **options)
    assert error.code == "BL214"
    assert nearest is None or nearest in error.values["nearest"]


def test_the_task_of_a_named_set():
    table = load("xor", task="regression")
    assert (table.task, table.t.tolist(), table.classes) == ("regression", [[0.0], [1.0], [1.0], [0.0]], ())
    assert load("iris", task="classification").task == "classification"
    assert refused("iris", task="regression").code == "BL215"
    assert refused("iris", task="clustering").code == "BL215"
    assert load("xor", task="multilabel").t.tolist() == [[0.0], [1.0], [1.0], [0.0]]
    for name in ("iris", "digits", "diabetes"):
        assert refused(name, task="multilabel").code == "BL215"
    assert len(load("diabetes", task="classification").classes) == 214


# ------------------------------------------------------------------------------------------- arrays


def test_arrays_are_copied():
    x, t = np.zeros((3, 2)), np.array([0.5, 1.5, 2.5])
    table = load((x, t))
    x[0, 0], t[0] = 9, 9
    assert (table.x[0, 0], table.t[0, 0]) == (0, 0.5)
    assert (table.features, table.target) == (("x1", "x2"), ("t",))


@pytest.mark.parametrize(
    ("t", "task", "classes"),
    [
        ([0.5, 1.5] * 10, "regression", ()),
        ([0, 1] * 10, "classification", ("0", "1")),
        ([0.0, 1.0] * 10, "classification", ("0", "1")),
        ([0, 1] * 5, "regression", ()),
        ([True, False] * 2, "classification", ("False", "True")),
        (["b", "a"] * 2, "classification", ("a", "b")),
        (np.array(["b", "a"] * 2, dtype=object), "classification", ("a", "b")),
        (np.array([[3], [7]] * 10), "classification", ("3", "7")),
        ([[1, 2]] * 20, "regression", ()),
    ],
)
def test_the_task_of_arrays(t, task, classes):
    table = load((np.ones((len(t), 1)), t))
    assert (table.task, table.classes) == (task, classes)


def test_names_for_arrays():
    table = load(([[1, 2]], [[3, 4]]), target=["u", "v"], features=["a", "b"])
    assert (table.features, table.target) == (("a", "b"), ("u", "v"))
    assert load(([[1, 2]], [[3, 4]])).target == ("t1", "t2")
    with pytest.raises(ShapeError, match="BL103"):
        load(([[1, 2]], [3.5]), features=["a"])
    with pytest.raises(ShapeError, match="BL103"):
        load(([[1, 2]], [[3, 4]]), target="u")


def test_told_tasks_and_classes():
    x = np.ones((3, 1))
    assert load((x, [5, 7, 5]), task="classification").t.tolist() == [0, 1, 0]
    assert load((x, [True, False, True]), task="regression").t.tolist() == [[1], [0], [1]]
    assert load((x, ["a", "a", "a"]), classes=("b", "a")).t.tolist() == [1, 1, 1]
    assert load((x, [1, 1, 1]), classes=("0", "1")).t.tolist() == [1, 1, 1]
    error = refused((x, ["a", "a", "c"]), classes=("b", "a"))
    assert (error.code, error.values["place"]) == ("BL217", "t[2]")
    assert refused((x, ["a", "b", "a"]), task="regression").code == "BL212"
    assert refused((x, [[1, 2]] * 3), task="classification").code == "BL215"


@pytest.mark.parametrize(
    ("x", "t", "code"),
    [
        ([1, 2, 3], [1, 2, 3], "BL212"),
        (np.zeros((2, 2, 2)), [1, 2], "BL212"),
        ([["a"], ["b"]], [1, 2], "BL212"),
        ([[1], [2, 3]], [1, 2], "BL212"),
        ([[1j], [2]], [1, 2], "BL212"),
        (np.zeros((0, 3)), [], "BL212"),
        (np.zeros((3, 0)), [1, 2, 3], "BL212"),
        ([[None], [1]], [1, 2], "BL212"),
        ([[10**30], [1]], [1, 2], "BL212"),
        (np.array([["2026-01-01"]], dtype="datetime64[D]"), [1], "BL212"),
        ([[1], [2]], 5, "BL212"),
        ([[1], [2]], [b"a", b"b"], "BL212"),
        ([[1], [2]], [["a"], ["b"]], "BL212"),
        ([[1], [2]], [[1], [2, 3]], "BL212"),
        ([[1], [2]], [1, 2, 3], "BL213"),
        ([[1], [np.nan]], [1, 2], "BL207"),
        ([[1], [2]], [1, np.inf], "BL207"),
        ([[1], [2]], ["a", "a"], "BL208"),
        ([[1]] * 30, [1] * 30, "BL208"),
    ],
)
def test_arrays_that_cannot_be_used(x, t, code):
    assert refused((x, t)).code == code


def test_the_place_of_a_nan():
    x = np.zeros((4, 3))
    x[2, 1] = np.nan
    error = refused((x, [1.5] * 4), features=["a", "b", "c"])
    assert (error.values["place"], error.values["column"], error.values["value"]) == ("X[2, 1]", "b", "nan")

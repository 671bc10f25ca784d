"""Columns of all kinds: how they are recognised, what becomes of them, and what is told."""

import json

import numpy as np
import pytest

from backlit.data import Preparation, Table, load, split
from backlit.data.kinds import Kind
from backlit.errors import BacklitError


@pytest.fixture
def read(tmp_path):
    """Write a table as text and read it."""

    def write_and_read(columns, **options):
        names = list(columns)
        rows = [names, *([str(v) for v in row] for row in zip(*columns.values(), strict=True))]
        path = tmp_path / "table.csv"
        encoding = options.pop("written", "utf-8")
        path.write_bytes("\n".join(";".join(row) for row in rows).encode(encoding))
        return load(path, **options)

    return write_and_read


def codes(table):
    return [notice["code"] for notice in table.notices]


# ---- encodings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "shift_jis", "utf-16", "euc_jp"])
@pytest.mark.parametrize("town", ["東京", "ソウル", "ﾄｳｷｮｳ駅", "さいたま", "表示・予定、申込（株）", "①Ⅳ"])
def test_encodings_are_recognised(read, encoding, town):
    try:
        town.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip(f"{encoding} has no {town}")
    table = read({"町": [town, "京都"] * 5, "人口": range(10), "答え": np.arange(10) + 0.5}, written=encoding)
    assert table.features == ("町", "人口")
    assert set(table.kinds[0].levels) == {town, "京都"}


@pytest.mark.parametrize("text", ["Café, münchen, naïve", "straße; größer; ärger", "señor; año; niño", "Ñandú"])
def test_western_text_is_not_taken_for_japanese(tmp_path, text):
    (tmp_path / "a.csv").write_bytes(f'name,a,b\n"{text}",1,2.5\nx,2,3.5\n'.encode("cp1252"))
    with pytest.raises(BacklitError) as caught:
        load(tmp_path / "a.csv")
    assert caught.value.code == "BL220"
    assert text in load(tmp_path / "a.csv", encoding="cp1252").kinds[0].levels


def test_letters_that_lie_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("backlit.data.files.BLOCK", 3)
    for encoding in ("utf-8-sig", "cp932", "utf-16", "euc_jp"):
        (tmp_path / "a.csv").write_bytes("町,x,t\n東京,1,2.5\n大阪市,2,3.5\n".encode(encoding))
        assert load(tmp_path / "a.csv").kinds[0].levels == ("大阪市", "東京")


# ---- kinds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "", "3"], "number", [1, np.nan, 3]),
        (["1,5", "NA", "1.250,25"], "number", [1.5, np.nan, 1250.25]),
        (["Yes", "no", "?"], "boolean", [1, 0, np.nan]),
        (["はい", "いいえ", "欠測"], "boolean", [1, 0, np.nan]),
        (["有", "無", "有"], "boolean", [1, 0, 1]),
        (["TRUE", "false", "true"], "boolean", [1, 0, 1]),
        (["1970-01-02", "", "1970/1/3"], "date", [1, np.nan, 2]),
        (["昭和45年1月2日", "1970年1月3日", "平成元年1月8日"], "date", [1, 2, 6947]),
        (["02.01.1970", "03.01.1970", "-"], "date", [1, 2, np.nan]),
        (["31/01/1970", "01/02/1970", ""], "date", [30, 31, np.nan]),
        (["01/31/1970", "02/01/1970", ""], "date", [30, 31, np.nan]),
        (["1970-01-01T12:00", "1970-01-02 06:00:00", ""], "datetime", [0.5, 1.25, np.nan]),
        (["1970-01-01T12:00:00Z", "1970-01-01T12:00:00+09:00", ""], "datetime", [0.5, 0.125, np.nan]),
        (["b", "a", ""], "category", [1, 0, np.nan]),
        (["yes", "no", "maybe"], "category", [2, 1, 0]),
    ],
)
def test_kinds_are_seen_in_the_cells(read, cells, kind, values):
    table = read({"c": cells * 4, "n": range(12), "t": [f"{i},5" for i in range(12)]})
    assert table.kinds[0].name == kind
    np.testing.assert_array_equal(table.x[:3, 0], values)


def test_text_far_below_numbers_is_seen(tmp_path):
    rows = [f"{i % 9},{i}.5" for i in range(9000)] + [f"{'abc'[i % 3]},{i}.5" for i in range(3000)]
    (tmp_path / "a.csv").write_text("c,t\n" + "\n".join(rows))
    table = load(tmp_path / "a.csv")
    assert table.kinds[0].levels == (*"012345678", "a", "b", "c")


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "2026-13-01", "9999-12-31", "0001-01-01", "unknown", "2026-01-01 25:00"]
)
def test_dates_out_of_range_are_refused_with_their_place(read, cell):
    days = [f"2026-01-{i + 1:02}" for i in range(20)]
    with pytest.raises(BacklitError) as caught:
        read({"day": [*days, cell], "t": [f"{i}.5" for i in range(21)]})
    assert caught.value.code == "BL229"
    assert caught.value.values["place"].endswith("table.csv:22")


# ---- the target -------------------------------------------------------------------------------------------------


def test_rows_without_an_answer_are_left_out(read):
    for answers in (["a", "", "b", "NA"] * 5, ["1.5", "", "2.5", "?"] * 5):
        table = read({"x": range(20), "t": answers})
        assert table.x[:, 0].tolist() == list(range(0, 20, 2))
        assert (codes(table), table.notices[0]["count"]) == (["BL225"], 10)


def test_names_that_look_like_nothing_can_be_classes(read):
    table = read({"x": range(20), "t": ["-", "+", "none", "?"] * 5})
    assert (table.classes, table.rows) == (("+", "-", "none"), 15)


@pytest.mark.parametrize(
    ("left", "right", "task"),
    [
        ([0, 1], [1, 0], "multilabel"),
        (["yes", "no"], [1, 0], "multilabel"),
        (["はい", "いいえ"], ["○", "×"], "multilabel"),
        ([0, 1], [0, 2], "regression"),
        ([0.5, 1], [0, 1], "regression"),
    ],
)
def test_several_targets(read, left, right, task):
    columns = {"x": range(20), "left": left * 10, "right": right * 10}
    table = read(columns, target=["left", "right"])
    assert (table.task, table.t.shape, table.classes) == (task, (20, 2), ())
    if task == "multilabel":
        assert read(columns, target=["left", "right"], task="regression").task == "regression"
        known = Preparation.fit(table)
        np.testing.assert_array_equal(known.targets(table.t), table.t)
        assert known.restore([[0.5, 0.49], [np.nan, 1]])[0].tolist() == [1, 0]
        assert np.isnan(known.restore([[0.5, 0.49], [np.nan, 1]])[1, 0])
    else:
        with pytest.raises(BacklitError, match="BL215"):
            read(columns, target=["left", "right"], task="multilabel")


def test_one_label_is_a_column_of_yes_and_no_and_not_names(read):
    columns = {"x": range(20), "rain": ["yes", "no"] * 10, "tags": ["red|round", "red"] * 10}
    table = read(columns, target="rain", task="multilabel")
    assert (table.task, table.t[:2].tolist()) == ("multilabel", [[1.0], [0.0]])
    with pytest.raises(BacklitError, match="BL249"):
        read(columns, target="tags", task="multilabel")
    with pytest.raises(BacklitError, match="BL212"):
        load(([[1.0], [2.0]], ["a", "b"]), task="multilabel")


# ---- the preparation --------------------------------------------------------------------------------------------

MIXED = {
    "n": ["1", "", "3", "5"] * 10,
    "town": ["a", "b", "", "c"] * 10,
    "day": ["2026-01-01", "2026-01-05", "2026-02-01", ""] * 10,
    "t": ["yes", "no"] * 20,
}


def test_inputs_are_what_the_page_says(read):
    table = read(MIXED)
    known = Preparation.fit(table)
    names = known.input_names()
    cycles = ["day sin(year)", "day cos(year)", "day sin(week)", "day cos(week)"]
    assert names == ["n", "n = –", "town = a", "town = b", "town = c", "town = –", "day", *cycles, "day = –"]
    z = dict(zip(names, known.inputs(table).T, strict=True))
    assert z["n"][1] == 0
    np.testing.assert_allclose([z["n"].mean(), z["day"].mean()], 0, atol=1e-12)
    assert z["n = –"][:4].tolist() == [0, 1, 0, 0]
    assert z["town = b"][:4].tolist() == [0, 1, 0, 0]
    assert z["town = –"][:4].tolist() == [0, 0, 1, 0]
    days = table.x[:, 2]
    np.testing.assert_allclose(z["day sin(week)"][:3], np.sin(2 * np.pi * days[:3] / 7))
    assert [z[name][3] for name in names[6:]] == [0, 0, 0, 0, 0, 1]


def test_only_training_rows_are_learned_from(read):
    table = read(MIXED)
    train = np.arange(0, 40, 4)  # n = 1, town a, a day, and no gap
    known = Preparation.fit(table, train)
    assert [column.missing for column in known.features] == ["filled"] * 3
    assert known.features[1].levels == ("a",)
    z = known.inputs(table)
    assert np.isfinite(z).all()
    assert z[1, known.input_names().index("town = a")] == 0
    np.testing.assert_array_equal(z, known.inputs(table.x))  # codes of the table it was learned from
    x = np.where(np.arange(40)[:, None] % 4, table.x + 1, table.x)
    kinds = (Kind(), Kind("category", levels=("a", "b", "c", "d")), Kind("date"))
    wild = Table("w", x, table.t, table.features, table.target, table.task, table.classes, kinds=kinds)
    assert Preparation.fit(wild, train) == known


def test_stored_as_json_a_mixed_preparation_comes_back(read):
    table = read(MIXED)
    known = Preparation.fit(table, split(table, seed=1).train[:7])
    stored = json.loads(json.dumps(known.to_dict()))
    back = Preparation.from_dict(stored)
    assert back == known
    np.testing.assert_array_equal(back.inputs(table), known.inputs(table))
    assert (known.format, Preparation.fit(load("iris")).format) == (2, 1)
    assert set(Preparation.fit(load("iris")).to_dict()["features"][0]) == {"name", "mean", "scale"}


def test_a_table_with_other_categories_and_another_order_of_columns_is_understood_by_name(read):
    table = read(MIXED)
    known = Preparation.fit(table)
    other = read({"town": ["c", "zzz", "a"], "more": [1, 2, 3], "day": ["2026-01-05"] * 3, "n": [3, 3, 3]}, target=[])
    z = dict(zip(known.input_names(), known.inputs(other).T, strict=True))
    assert [z[f"town = {name}"].tolist() for name in "abc"] == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("code", [0.5, 7, -2])
def test_codes_that_are_none_are_refused(read, code):
    known = Preparation.fit(read(MIXED))
    with pytest.raises(BacklitError, match="BL212"):
        known.inputs([[1.0, code, 20000.0]])


def test_a_category_of_very_many_levels_keeps_the_most_frequent(read):
    names = [f"{i % 300:03}" + "x" for i in range(700)]
    known = Preparation.fit(read({"c": names, "t": [f"{i}.5" for i in range(700)]}))
    assert len(known.features[0].levels) == 200
    assert known.features[0].levels[:3] == ("000x", "001x", "002x")


def test_a_preparation_of_an_older_model_file_is_understood():
    stored = {
        "features": [{"name": "age", "mean": 40.0, "scale": 10.0}, {"name": "size", "mean": 1.5, "scale": 0.5}],
        "target": [{"name": "ill", "mean": 0.0, "scale": 1.0}],
        "task": "classification",
        "classes": ["no", "yes"],
    }
    known = Preparation.from_dict(stored)
    assert known.inputs([[50, 1]]).tolist() == [[1.0, -1.0]]
    assert (known.is_plain, known.format, known.to_dict()) == (True, 1, stored)
    with pytest.raises(BacklitError, match="BL207"):
        known.inputs([[np.nan, 1.0]])

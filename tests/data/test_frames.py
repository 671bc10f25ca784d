"""Data frames and Parquet: the same table, whatever library holds it."""

import datetime
import decimal

import numpy as np
import pytest

import backlit
from backlit.data import Preparation, Tally, load, rows
from backlit.errors import BacklitError

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

DAY = datetime.date(2026, 1, 1)
COLUMNS = {
    "size": [1.5, None, 3.5, 4.5] * 10,
    "count": [1, 2, None, 4] * 10,
    "town": ["Kyoto", "Osaka", None, "Kyoto"] * 10,
    "open": [True, False, None, True] * 10,
    "day": [DAY + datetime.timedelta(days=i) for i in range(39)] + [None],
    "moment": [datetime.datetime(2026, 1, 1, i % 24, 30) for i in range(40)],
    "kind": ["cat", "dog"] * 20,
}
FRAMES = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas, categories": lambda: pd.DataFrame(COLUMNS).astype({"town": "category"}),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, lazy": lambda: pl.DataFrame(COLUMNS).lazy(),
    "polars, categories": lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("town").cast(pl.Categorical)),
    "arrow": lambda: pa.table(COLUMNS),
    "arrow, dictionary": lambda: (t := pa.table(COLUMNS)).set_column(2, "town", t["town"].dictionary_encode()),
}


@pytest.mark.parametrize("name", FRAMES)
def test_every_library_gives_the_same_table(name):
    table = load(FRAMES[name]())
    assert table.features == ("size", "count", "town", "open", "day", "moment")
    assert [kind.name for kind in table.kinds] == ["number", "number", "category", "boolean", "date", "datetime"]
    assert (table.classes, table.t[:3].tolist()) == (("cat", "dog"), [0, 1, 0])
    assert table.kinds[2].levels == ("Kyoto", "Osaka")
    reference = load(pa.table(COLUMNS))
    np.testing.assert_array_equal(table.x, reference.x)
    np.testing.assert_array_equal(np.isnan(table.x).sum(axis=0), [10, 10, 10, 10, 1, 0])
    assert table.sha256 == reference.sha256
    assert reference.x[0, 4] == (DAY - datetime.date(1970, 1, 1)).days
    assert reference.x[0, 5] == reference.x[0, 4] + 0.5 / 24


def test_a_csv_file_of_a_frame_gives_the_same_table(tmp_path):
    frame = pd.DataFrame(COLUMNS)
    frame.to_csv(tmp_path / "frame.csv", index=False)
    np.testing.assert_allclose(load(tmp_path / "frame.csv").x, load(frame).x, rtol=1e-12)


@pytest.mark.parametrize("ending", ["parquet", "feather", "arrow"])
def test_files_give_the_same_table_whole_and_in_batches(tmp_path, ending):
    table = pa.table(COLUMNS)
    path = tmp_path / f"rows.{ending}"
    if ending == "parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(table, path, row_group_size=7)
    elif ending == "feather":
        import pyarrow.feather

        pyarrow.feather.write_feather(table, path, chunksize=7)
    else:
        with pa.ipc.new_stream(str(path), table.schema) as stream:
            stream.write_table(table, max_chunksize=7)
    whole = load(path)
    assert whole.sha256 == load(table).sha256
    known = Preparation.fit(whole)
    blocks = list(rows(path, known, known.in_features, at_a_time=5))
    assert max(block.rows for block in blocks) <= 5
    assert sum(block.rows for block in blocks) == 40
    np.testing.assert_array_equal(np.concatenate([known.inputs(block) for block in blocks]), known.inputs(whole))


def test_a_trained_network_takes_frames_with_columns_in_any_order_and_counts_what_is_new():
    run = backlit.train(pd.DataFrame(COLUMNS), epochs=3, progress="none", baselines=False)
    frame = pl.DataFrame(COLUMNS).select(["kind", "town", "moment", "open", "day", "count", "size"])
    np.testing.assert_array_equal(run.network.predict(frame), run.network.predict(pd.DataFrame(COLUMNS)))
    other = frame.with_columns(pl.lit("Nara").alias("town"), pl.lit(None).cast(pl.Boolean).alias("open"))
    assert np.isfinite(run.network.predict(other)).all()
    tally = Tally()
    known = run.network.preparation
    tally.add(known, load(other, target=[], known={c.name: c.as_kind() for c in known.features}))
    assert dict(tally.unseen) == {"town": {"Nara": 40}}


def test_odd_columns_of_frames():
    frame = pd.DataFrame(
        {
            "money": [decimal.Decimal("1.5"), decimal.Decimal("2.5")] * 15,
            "time": pd.to_timedelta([1, 2] * 15, unit="D"),
            "text": ["1", "2"] * 15,
            "lists": [[1], [2]] * 15,
            "bytes": [b"a", b"b"] * 15,
            "t": [True, False] * 15,
        }
    )
    table = load(frame)
    assert set(table.features) >= {"money", "time", "text"}
    assert table.x[:2, table.features.index("time")].tolist() == [1.0, 2.0]
    assert table.classes == ("False", "True")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (lambda: pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]), "BL237"),
        (lambda: pd.DataFrame(), "BL2"),
        (lambda: pd.DataFrame({"a": [], "b": []}), "BL203"),
        (lambda: pl.DataFrame({"a": [1.0], "b": [float("inf")]}), "BL207"),
        (lambda: pl.DataFrame({"a": [1.0, 2.0], "b": [None, None]}), "BL226"),
        (lambda: pa.table({"a": [1]}), "BL216"),
    ],
)
def test_frames_that_cannot_be_used(frame, code):
    with pytest.raises(BacklitError) as caught:
        load(frame())
    assert caught.value.code.startswith(code)
    assert len(str(caught.value).splitlines()) in (3, 4)


@pytest.mark.parametrize("target", ["kin", 9])
def test_a_column_that_is_not_there(target):
    with pytest.raises(BacklitError, match="BL205"):
        load(pd.DataFrame(COLUMNS), target=target)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_whole_numbers_that_float64_does_not_hold_are_rounded_as_in_text(frame, tmp_path):
    """Found by tools/fuzz_readers.py: Arrow's cast refuses them, and the whole frame with them."""
    large = 1945555039024054273
    columns = {"id": [large, -large, 2**53 + 1, 3], "gap": [large, None, 2, 3], "t": [0.5, 1.5, 2.5, 3.5]}
    if frame is pd.DataFrame:
        columns["gap"] = pd.array(columns["gap"], dtype="Int64")
    table = load(frame(columns))
    assert table.x[:, 0].tolist() == [float(large), -float(large), 2.0**53, 3.0]
    np.testing.assert_array_equal(table.x[:, 1], [float(large), np.nan, 2, 3])
    (tmp_path / "a.csv").write_text(f"id,t\n{large},0.5\n{-large},1.5\n{2**53 + 1},2.5\n3,3.5\n")
    np.testing.assert_array_equal(load(tmp_path / "a.csv").x[:, 0], table.x[:, 0])


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.table])
def test_a_name_that_cannot_be_printed_is_escaped_in_what_is_told(frame):
    """Found by tools/fuzz_readers.py."""
    table = load(frame({"a\0\n": [[1], [2], [3]], "b": [1.0, 2.0, 3.0], "t": [0.5, 1.5, 2.5]}))
    assert [notice["column"] for notice in table.notices] == ["a\\x00\\n"]

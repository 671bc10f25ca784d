"""Lines of text count from 1, rows of everything else from 0: in the worst rows as in messages."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import backlit
from backlit.cli.app import app
from backlit.errors import DataError

QUICK = {"hidden": [3], "epochs": 3, "test": 0, "validation": 0, "progress": "none", "baselines": False}
BAD = 20  # the row with an answer like no other


def numbers(rng):
    x, t = rng.normal(size=(40, 2)), rng.normal(size=40)
    t[BAD] = 5000.0
    return x, t


def frame_of(x, t, blank=()):
    pandas = pytest.importorskip("pandas")
    found = pandas.DataFrame({"a": x[:, 0], "b": x[:, 1], "t": t})
    found.loc[list(blank), "t"] = np.nan
    return found


def worst(source, tmp_path):
    run = backlit.train(source, out=tmp_path / "runs", report=True, **QUICK)
    assert run.facts["worst"][0]["true"] == 5000.0
    page = (run.folder / "report.html").read_text("utf-8")
    lines = "line" in run.facts["worst"][0]
    assert ("The lines are those of the file" in page) == lines
    assert ("Rows are counted from 0" in page) == (not lines)
    return {key: value for key, value in run.facts["worst"][0].items() if key in ("row", "line")}


def test_worst_rows_of_arrays_and_frames_are_indices(rng, tmp_path):
    x, t = numbers(rng)
    assert worst((x, t), tmp_path) == {"row": BAD}
    frame = frame_of(x, t)
    assert worst(frame, tmp_path) == {"row": BAD}
    assert frame.iloc[BAD]["t"] == 5000.0


def test_rows_that_were_left_out_count(rng, tmp_path):
    """Rows without an answer are not read; the number is that of the caller's frame all the same."""
    x, t = numbers(rng)
    frame = frame_of(x, t, blank=(3, 7, 30))
    assert backlit.data.load(frame).rows == 37
    assert worst(frame, tmp_path) == {"row": BAD}
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False)
    assert worst(path, tmp_path) == {"line": BAD + 2}
    pytest.importorskip("pyarrow")
    frame.to_parquet(tmp_path / "a.parquet")
    assert worst(tmp_path / "a.parquet", tmp_path) == {"row": BAD}
    table = backlit.data.load(frame)
    assert table.take([18, 0]).numbered(0) == {"row": BAD}


def test_messages_count_in_the_same_way(rng, tmp_path):
    x, t = numbers(rng)
    array = x.copy()
    array[BAD, 1] = np.inf
    with pytest.raises(DataError) as caught:
        backlit.data.load((array, t))
    assert caught.value.values["place"] == f"X[{BAD}, 1]"
    frame = frame_of(array, t, blank=(3,))
    with pytest.raises(DataError) as caught:
        backlit.data.load(frame)
    assert caught.value.values["place"].startswith(f"pandas[{BAD}")
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(DataError) as caught:
        backlit.data.load(tmp_path / "a.csv")
    assert caught.value.values["place"].endswith(f"a.csv:{BAD + 2}")


def test_a_number_beyond_float32_is_told_with_its_row_in_the_frame(rng):
    x, t = numbers(rng)
    net = backlit.train(frame_of(x, t), **QUICK).network
    x[BAD, 0] = 1e300
    with pytest.raises(DataError) as caught:
        net.preparation.inputs(backlit.data.load(frame_of(x, t, blank=(3, 7))), "float32")
    assert caught.value.values["place"].startswith(f"pandas[{BAD}")


def test_a_parquet_file_that_is_read_in_blocks_counts_from_0(rng, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    x, t = numbers(rng)
    backlit.train(frame_of(x, t), **QUICK).network.save(tmp_path / "m.safetensors")
    x[BAD, 1] = np.inf
    frame_of(x, t).to_parquet(tmp_path / "new.parquet")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["predict", "m.safetensors", "new.parquet"])
    assert done.exit_code != 0
    assert f"new.parquet[{BAD}]" in done.stderr


def test_evaluate_counts_a_bundled_set_from_0(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["train", "iris", "--epochs", "3", "--progress", "none", "--no-baselines"]
    assert CliRunner().invoke(app, words).exit_code == 0
    found = json.loads(CliRunner().invoke(app, ["evaluate", "runs/iris-1", "iris", "--full", "--json"]).stdout)
    table = backlit.data.load("iris")
    assert found["worst"]
    assert all(table.classes[table.t[row["row"]]] == row["true"] for row in found["worst"])
    assert "row (from 0)" in CliRunner().invoke(app, ["evaluate", "runs/iris-1", "iris", "--full"]).stdout

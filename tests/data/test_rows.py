"""Rows for a model, a block at a time: no more is held than a block."""

import tracemalloc

import numpy as np
import pytest

import backlit
from backlit.data import Preparation, load, rows
from backlit.errors import BacklitError

ROWS = 50_000


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A file of 50,000 rows, numbers and towns."""
    path = tmp_path_factory.mktemp("rows") / "long.csv"
    rng = np.random.default_rng(0)
    numbers, towns = rng.normal(size=(ROWS, 9)).round(5), rng.choice(["Kyoto", "Osaka", "Nara"], ROWS)
    with path.open("w", encoding="cp932") as file:
        file.write(",".join(["町", *(f"c{j}" for j in range(9)), "答え"]) + "\n")
        for town, row in zip(towns, numbers.tolist(), strict=True):
            file.write(f"{town},{','.join(map(repr, row))},{'はい' if row[0] > 0 else 'いいえ'}\n")
    return path


def test_a_file_is_read_in_blocks_and_never_held(long):
    known = Preparation.fit(load(long), range(2000))
    tracemalloc.start()
    count, largest = 0, 0
    for block in rows(long, known, known.in_features, at_a_time=500):
        count += block.rows
        largest = max(largest, block.rows)
        assert np.isfinite(known.inputs(block)).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (count, largest) == (ROWS, 500)
    # The file has 4.5 MB, its numbers as float64 4 MB; the search for the encoding takes blocks of 1 MB.
    assert long.stat().st_size > 4_000_000
    assert peak < 4_000_000


@pytest.mark.slow
def test_predict_writes_in_blocks_what_it_answers_at_once(long, tmp_path):
    from click.testing import CliRunner

    from backlit.cli.app import app

    run = backlit.train(long, epochs=1, progress="none", out=tmp_path, baselines=False, report=False)
    words = ["predict", str(run.folder), str(long), "--proba", "--out", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    found = np.loadtxt(tmp_path / "out.csv", delimiter=",", skiprows=1, dtype=np.float32)
    # Not to the bit: matrix products may add in another order where a block ends.
    np.testing.assert_allclose(found, run.network.predict(load(long)), rtol=1e-4, atol=1e-7)
    assert list(tmp_path.glob(".out*")) == []


def test_a_fault_far_down_leaves_no_file(long, tmp_path):
    from click.testing import CliRunner

    from backlit.cli.app import app

    iris = backlit.train("iris", epochs=1, progress="none", baselines=False)
    iris.network.save(tmp_path / "model.safetensors")
    names = ",".join(column.name for column in iris.network.preparation.features)
    (tmp_path / "in.csv").write_text(names + "\n" + "1,2,3,4\n" * 20_000 + "1,2,3,x\n", encoding="utf-8")
    words = ["predict", str(tmp_path / "model.safetensors"), str(tmp_path / "in.csv"), "--out", str(tmp_path / "o.csv")]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, BacklitError) or done.exit_code == 1
    assert not (tmp_path / "o.csv").exists()
    assert list(tmp_path.glob(".o*")) == []

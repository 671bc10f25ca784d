"""`backlit train --from MODEL --freeze NAMES`: fine-tuning on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

import backlit
from tolerance import same_bits


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_model_is_taken_over_frozen_and_told(folder, call):
    assert call("train", "digits", "--hidden", "12,6", "--epochs", "3", "--progress", "none").code == 0
    table = backlit.data.load("digits")
    few = table.t < 4
    lines = [",".join([*map(str, row), f"d{k}"]) for row, k in zip(table.x[few], table.t[few], strict=True)]
    (folder / "few.csv").write_text("\n".join([",".join([*table.features, "digit"]), *lines]), encoding="utf-8")
    done = call(
        "train", "few.csv", "--from", "runs/digits-1", "--freeze", "body", "--epochs", "3", "--progress", "none"
    )
    assert done.code == 0, done.err
    assert "runs/digits-1" in done.out
    assert "dense1, dense2" in done.out
    old, new = (backlit.load(f"runs/{name}-1") for name in ("digits", "few"))
    assert same_bits(old["dense2.weight"], new["dense2.weight"])
    assert new["dense3.weight"].shape == (4, 6)
    facts = json.loads((folder / "runs/few-1/run.json").read_text(encoding="utf-8"))
    assert facts["start"]["frozen"] == ["dense1", "dropout1", "dense2", "dropout2"]
    assert np.isfinite(new.predict(table.x[few])).all()


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "nowhere"), "BL201"), (("--freeze", "densse1"), "BL353"),
        (("--from", "runs/iris-1", "--hidden", "8"), "BL309"), (("--from", "few.csv"), "BL502"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_an_error_and_no_traceback(words, code, lang, folder, call):
    (folder / "few.csv").write_text("a,b\n1,2\n2,3\n", encoding="utf-8")
    if "runs/iris-1" in words:
        assert call("train", "iris", "--epochs", "2", "--progress", "none").code == 0
    done = call("train", "iris", *words, "--epochs", "2", "--lang", lang)
    assert done.code == 2 or done.code == 1
    assert code in done.err
    assert "Traceback" not in done.err

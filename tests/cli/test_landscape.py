"""`backlit curvature`, `backlit landscape`, `backlit collapse`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit import Dense, Network


@pytest.mark.parametrize("name", ["iris", "diabetes", "two", "plain"])
def test_a_run_of_any_kind_is_measured_on_its_own_rows(call, runs, name):
    found = call("curvature", runs[name])
    assert found.code == 0, found.err
    assert found.out.rstrip().splitlines()[-1].startswith("verdict: below ")
    told = json.loads(call("curvature", runs[name], "--format", "json").out)
    assert told["origin"] == "training"
    assert told["settled"]
    assert told["largest"]["residual"] <= 0.01
    assert told["ratio"] == pytest.approx(told["rate"] / told["bound"])


def test_other_rows_and_another_optimizer(call, runs):
    base = json.loads(call("curvature", runs["iris"], "--format", "json").out)
    other = ("--optimizer", "nesterov(momentum=0.5)", "--rate", "9", "--format", "json")
    told = json.loads(call("curvature", runs["iris"], "iris", *other).out)
    assert (told["of"], told["origin"]) == (150, "given")
    assert told["bound"] == pytest.approx(2 * 1.5 / (2 * told["largest"]["value"]))
    assert told["verdict"] == "above"
    assert told["loss"] != base["loss"]
    assert json.loads(call("curvature", runs["iris"], "--rows", "9", "--format", "json").out)["rows"] == 9


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_help_names_every_option(call, language):
    for name in ("curvature", "landscape", "collapse"):
        found = call(name, "--help", "--lang", language)
        assert found.code == 0
        assert "--format" in found.out


@pytest.mark.parametrize("ending", ["svg", "html", "csv"])
def test_a_slice_is_written(call, runs, tmp_path, ending):
    out = tmp_path / f"slice.{ending}"
    found = call("landscape", runs["diabetes"], "--along", "path", "--points", "5", "--out", out)
    assert found.code == 0, found.err
    assert "same bits" in found.out
    assert str(out) in found.err
    assert out.stat().st_size > 500


def test_a_slice_is_printed(call, runs):
    found = call("landscape", runs["iris"], "--along", "dense1.weight[0,1]", "--points", "5")
    assert found.code == 0
    assert len([line for line in found.out.splitlines() if line.count("  ") >= 2]) >= 5
    told = json.loads(call("landscape", runs["iris"], "--format", "json", "--points", "5").out)
    assert len(told["losses"]) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["curvature", "runs/none"], 1, "BL201"),
        (["landscape", "RUN", "--along", "dense1.weight"], 1, "BL372"),
        (["landscape", "RUN", "--along", "dense9.weight[0,0]"], 1, "BL307"),
        (["landscape", "RUN", "--out", "slice.png"], 1, "BL304"),
        (["landscape", "RUN", "--points", "1"], 2, "2"),
        (["curvature", "RUN", "--optimizer", "adan"], 1, "BL303"),
        (["curvature", "MODEL"], 1, "BL374"),
        (["landscape", "MODEL", "iris", "--along", "path"], 1, "BL373"),
    ],
)
def test_mistakes_end_in_a_sentence(call, runs, tmp_path, arguments, code, said):
    model = tmp_path / "model.safetensors"
    model.write_bytes((runs["iris"] / "model.safetensors").read_bytes())
    typed = [{"RUN": runs["iris"], "MODEL": model}.get(a, a) for a in arguments]
    found = call(*typed)
    assert found.code == code
    assert said in found.err
    assert "Traceback" not in found.err
    assert not Path("slice.png").exists()


def test_a_model_without_a_run_is_measured_on_given_rows(call, runs, tmp_path):
    model = tmp_path / "model.safetensors"
    model.write_bytes((runs["iris"] / "model.safetensors").read_bytes())
    found = call("curvature", model, "iris", "--optimizer", "sgd", "--rate", "0.1")
    assert found.code == 0, found.err
    assert "verdict: below" in found.out


def test_layers_collapse(call, tmp_path):
    run = backlit.train(
        "iris", layers=[Dense(6), Dense(5), Dense(3, "softmax")], epochs=5, progress="none", out=tmp_path
    )
    out = tmp_path / "fewer.safetensors"
    found = call("collapse", run.folder, "iris", "--out", out)
    assert found.code == 0, found.err
    assert "dense1 · dense2 · dense3" in found.out
    x = backlit.data.load("iris").x
    np.testing.assert_allclose(backlit.load(out).predict(x), run.network.predict(x), rtol=1e-4, atol=1e-6)
    told = json.loads(call("collapse", run.folder, "--format", "json").out)
    assert np.array(told["chains"][0]["weight"]).shape == (3, 4)
    assert told["chains"][0]["within"]


def test_where_nothing_collapses_it_is_said_and_nothing_is_written(call, tmp_path):
    net = Network([Dense(3, "tanh"), Dense(1)])
    net.prepare(2)
    model = net.save(tmp_path / "model.safetensors")
    out = tmp_path / "fewer.safetensors"
    found = call("collapse", model, "--out", out)
    assert found.code == 0
    assert "nothing to collapse" in found.out
    assert not out.exists()

"""`backlit activations`: text, JSON and a page; with a model and data; what is refused."""

from __future__ import annotations

import json


def test_without_names_a_table_of_all(call):
    done = call("activations")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split()[:3] == ["name", "family", "range"]
    assert any(line.startswith("sigmoid ") and "(0, 1)" in line and "0.25" in line for line in lines)
    assert any(line.startswith("softmax ") for line in lines)


def test_names_and_formulas_in_both_languages(call):
    done = call("activations", "elu", "u * sigmoid(2 * u)")
    assert "largest |f′|" in done.out
    assert "u * σ(2 * u)" in done.out
    japanese = call("activations", "elu", "--lang", "ja")
    assert "|f′| の最大値" in japanese.out


def test_json_has_the_facts_as_data(call):
    (found,) = json.loads(call("activations", "sigmoid", "--format", "json").out)["functions"]
    assert found["steepest"]["value"] == 0.25
    assert found["from_output"] == "A"
    assert found["limits"] == [0.0, 1.0]
    assert len(found["depth"]["signals"]) == 10
    everything = json.loads(call("activations", "--format", "json").out)["functions"]
    assert len(everything) > 70


def test_a_page_and_its_format_by_its_ending(call, tmp_path):
    done = call("activations", "relu", "--out", tmp_path / "a.html")
    assert done.code == 0
    assert "a.html" in done.err
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    call("activations", "relu", "--out", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["functions"][0]["name"] == "relu"


def test_own_u_of_a_model(call, runs, tmp_path):
    done = call("activations", "--model", runs["iris"], "--data", "iris")
    assert done.code == 0
    assert "dense1: u on the curve of" in done.out
    call("activations", "--model", runs["iris"], "--data", "iris", "--out", tmp_path / "own.html")
    assert 'id="own"' in (tmp_path / "own.html").read_text(encoding="utf-8")
    told = json.loads(call("activations", "--model", runs["iris"], "--data", "iris", "--format", "json").out)
    assert told["layers"][0]["rows"] == 150


def test_what_is_refused(call):
    assert "[BL367]" in call("activations", "--model", "x").err
    assert "[BL367]" in call("activations", "--data", "iris").err
    done = call("activations", "relu", "--out", "gallery.pdf")
    assert (done.code, "gallery.pdf" in done.err, "--format html" in done.err) == (2, True, True)
    done = call("activations", "rleu")
    assert (done.code, "[BL301]" in done.err, "relu" in done.err) == (1, True, True)

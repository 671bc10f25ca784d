"""`backlit trace`: rows of a source and steps of a run, in both languages; what is shown is what Python gives."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import backlit
from backlit.messages import places


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trace")
    return backlit.train("iris", hidden=[5], epochs=5, out=folder, progress="none").folder


def test_the_ledger_of_a_row_is_that_of_python(call, model):
    result = call("trace", model, "iris", "--row", 3)
    assert result.code == 0
    net = backlit.load(model)
    x, t = backlit.data.load("iris").x[3:4], backlit.data.load("iris").t[3:4]
    trace = net.trace(x, t)
    for value in trace["dense1.u"][0]:
        assert f"{value:.6g}" in result.out
    assert "dense1 (Dense)" in result.out
    assert "sums close" in result.out
    assert max(map(places, result.out.splitlines())) <= 100


def test_the_five_stages_stand_in_the_order_of_the_machine(call, model):
    out = call("trace", model, "iris", "--in-use").out
    found = re.findall(r"^(\d) · [^·]+ · (\w+)", out, re.MULTILINE)
    assert found == [
        ("1", "dense1"), ("2", "dense1"), ("1", "dense2"), ("2", "dense2"), ("3", "dense2"),
        ("4", "dense2"), ("4", "dense1"), ("5", "dense2"), ("5", "dense1"),
    ]  # fmt: skip


def test_the_chain_rule_of_a_parameter(call, model):
    result = call("trace", model, "iris", "--row", 3, "--parameter", "0.weight[3,1]", "--rate", 0.5, "--in-use")
    assert "∂E/∂dense1.weight[3,1]  (0.weight[3,1])" in result.out
    assert "agrees: differs by" in result.out
    assert "relative error" in result.out
    assert result.out.count("· ∂E/∂dense2.u[") == 3
    largest = call("trace", model, "iris", "--parameter", "largest", "--in-use")
    assert largest.out.startswith("∂E/∂dense")


def test_json_holds_the_same_numbers(call, model):
    whole = json.loads(call("trace", model, "iris", "--row", 3, "--format", "json", "--tape").out)
    assert whole["closes"]
    assert len(whole["tape"]) > 10
    u = next(b for b in whole["blocks"] if b["stage"] == 1)["lines"][0]["cells"][0]
    assert sum(t["product"] for t in u["sum"]["terms"]) == pytest.approx(u["value"], rel=1e-5)
    chain = json.loads(call("trace", model, "iris", "--parameter", "dense2.bias[0]", "--format", "json").out)
    assert chain["closes"]
    assert chain["total"] == pytest.approx(chain["gradient"], rel=1e-5)


def test_the_instructions_stand_beside_the_lines(call, model):
    out = call("trace", model, "iris", "--tape", "--in-use").out
    assert re.search(r"│ 0  %\d+ dense1\.u \(rows, 5\)  =  affine", out)
    assert len(re.findall("affine", out)) == 2


def test_code_that_can_be_run(call, model):
    found: dict = {}
    exec(call("trace", model, "iris", "--row", 3, "--in-use", "--show-code", "--rows", 2).out, found)
    trace = backlit.load(model).trace(
        backlit.data.load("iris").x[3:5], backlit.data.load("iris").t[3:5], training=False
    )
    np.testing.assert_allclose(found["o2"], trace["dense2.o"], rtol=1e-5)


def test_conventions_are_told_and_change_the_numbers(call, model):
    whole = call("trace", model, "iris", "--loss", "squared_error", "--half", "--reduction", "sum", "--in-use").out
    assert "squared_error: e = ½·(o - t)², E = Σ e  (reduction=sum)" in whole
    other = call("trace", model, "iris", "--loss", "squared_error", "--symbols", "azyt", "--in-use").out
    assert "e = (y - t)², E = Σ e / 3" in other
    assert re.search(r"^  unit +a +z +f′$", other, re.MULTILINE)
    assert re.search(r"^  unit +a +y +f′$", other, re.MULTILINE)
    assert "a = Σ w·x + b" in other


def test_a_step_of_the_run(call, model):
    result = call("trace", model, "--step", 7, "--top", 3)
    assert "7, in epoch 2" in result.out
    assert result.err == ""
    assert "adam(learning_rate=" in result.out


def test_in_japanese(call, model):
    result = call("trace", model, "iris", "--lang", "ja", "--in-use")
    for word in ("順伝播", "総入力", "誤差信号", "逆伝播", "勾配と更新", "合っています"):
        assert word in result.out
    chain = call("trace", model, "iris", "--lang", "ja", "--parameter", "dense1.bias[0]").out
    assert "中心差分" in chain
    assert "誤差逆伝播法" in chain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["iris", "--row", 150], "BL360"),
        (["iris", "--parameter", "dense1.weight[9,9]"], "BL361"),
        (["iris", "--parameter", "dense1.wieght[0,0]"], "BL307"),
        (["iris", "--show-code", "--loss", "kl_divergence", "--in-use"], "BL364"),
        (["--step", 9999], "BL363"),
        (["iris", "--symbols", "xyz"], "BL304"),
        ([], "SOURCE is missing"),
        (["iris", "--step", 3], "--step"),
        (["--step", 3, "--optimizer", "adam"], "--step"),
    ],
)
def test_what_is_not_there_is_told(call, model, arguments, said):
    result = call("trace", model, *arguments)
    assert result.code != 0
    assert said in result.err
    assert "Traceback" not in result.err


def test_other_sources_and_tasks(call, runs):
    for name, source in (("diabetes", "diabetes"), ("two", runs["two"].parent.parent / "two.csv")):
        result = call("trace", runs[name], source, "--row", 5, "--top", 3)
        assert result.code == 0, result.err
        assert "sums close" in result.out

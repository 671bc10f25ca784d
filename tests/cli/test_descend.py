"""`backlit descend`: the last line for scripts, the files, and what is told when it cannot be."""

from __future__ import annotations

import json

import pytest


def test_the_last_line_is_the_verdict_in_both_languages(call):
    for language in ("en", "ja"):
        done = call("descend", "(x-3)**2+1", "--start", "-4", "--rate", "0.1", "--lang", language)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[-1] == "verdict: converges  x = 2.9999, f = 1"


def test_the_table_has_a_row_for_each_step(call):
    done = call("descend", "x**2", "--start", "10", "--rate", "0.05", "--steps", "10")
    rows = [line.split() for line in done.out.splitlines() if line.strip()[:1].isdigit() and len(line.split()) == 6]
    assert len(rows) == 11
    assert rows[10][:2] == ["10", "3.486784"]


def test_comparing_names_every_run(call):
    done = call("descend", "x**2", "--start", "10", "--rate", "0.05", "--compare", "0.5,1.1,adam:0.3", "--steps", "10")
    words = {
        line.split("  ")[0]: line.split()[-1] for line in done.out.splitlines() if "ε=" in line and "start" not in line
    }
    assert words == {
        "gd ε=0.05": "too_slow", "gd ε=0.5": "one_step", "gd ε=1.1": "diverges", "adam ε=0.3": "too_slow",
    }  # fmt: skip


def test_json_holds_all_digits(call):
    done = call("descend", "x**2/20+y**2", "--start=-7,2", "--rate", "0.95", "--format", "json")
    told = json.loads(done.out)
    assert told["verdict"] == "too_slow"
    assert told["runs"][0]["best"]["rate"] == pytest.approx(0.952380952)
    assert told["runs"][0]["table"][50]["x"] == pytest.approx(-7 * 0.905**50)


@pytest.mark.parametrize(
    ("name", "begin"), [("a.svg", "<?xml"), ("a.html", "<!doctype html>"), ("a.csv", "k,x,f,df/dx")]
)
def test_a_file_is_written_by_its_ending(call, tmp_path, name, begin):
    path = tmp_path / "new" / name
    done = call("descend", "x**2", "--start", "10", "--rate", "0.1", "--out", path)
    assert (done.code, done.err) == (0, f"written: {path}\n")
    assert path.read_text(encoding="utf-8").startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["x**2", "--rate", "0.1"], 1, "BL365"),
        (["x+y", "--start", "1"], 1, "BL365"),
        (["1+1", "--start", "1"], 1, "BL405"),
        (["sgimoid(x)", "--start", "1"], 1, "nearest: sigmoid"),
        (["x**2", "--start", "1", "--optimizer", "lbfgs"], 1, "BL366"),
        (["x+y+z", "--start", "1,2,3", "--out", "a.svg"], 1, "BL406"),
        (["x**2", "--start", "1", "--rate", "0"], 2, "0 < x"),
        (["x**2", "--start", "1", "--steps", "0"], 2, "1 ≤ n"),
        (["x**2", "--start", "1", "--out", "a.png"], 2, ".svg"),
        ([], 2, "FORMULA"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(call, tmp_path, monkeypatch, arguments, exit_code, said):
    monkeypatch.chdir(tmp_path)
    done = call("descend", *arguments)
    assert done.code == exit_code
    assert said in done.err
    assert done.out == ""
    assert list(tmp_path.iterdir()) == []


def test_overflow_is_a_verdict_and_no_error(call):
    done = call("descend", "exp(x**2)", "--start", "3", "--rate", "0.5")
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("verdict: diverges")

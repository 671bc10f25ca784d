"""`backlit train`: what is printed, what is written, what is told."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.training.objects.run import read_run

QUICK = ("--epochs", "3", "--progress", "none")


def same_weights(first: str, second: str) -> bool:
    one, other = (backlit.load(folder).weights() for folder in (first, second))
    return list(one) == list(other) and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_results_stand_beside_the_baselines(call):
    done = call("train", "iris", "--epochs", "40", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    head, constant, linear, own = done.out.splitlines()[:4]
    assert head.split("  ")[0] == "accuracy"
    assert head.endswith("held out (test)")
    run = read_run("runs/iris-1")[0]
    for line, found in ((constant, run["baselines"]["constant"]), (linear, run["baselines"]["linear"])):
        assert line.split()[-3:] == ["–", "–", f"{found['accuracy']:.4f}"]
    parts = [f"{run['result'][part]['accuracy']:.4f}" for part in ("train", "validation", "test")]
    assert own.split()[-3:] == parts
    assert done.out.endswith("model   runs/iris-1/model.safetensors\nreport  runs/iris-1/report.html\n")


def test_the_results_in_japanese(call):
    done = call("train", "diabetes", *QUICK, "--lang", "ja")
    assert (done.code, done.err) == (0, "")
    for word in ("RMSE", "決定係数 R²", "テスト（未使用）", "定数の答え", "最良の線形モデル", "エポック", "レポート"):
        assert word in done.out
    assert "学習レポート" in Path("runs/diabetes-1/report.html").read_text(encoding="utf-8")


def test_what_was_not_held_out_is_said(call):
    done = call("train", "xor", *QUICK)
    assert done.out.splitlines()[0].split() == ["accuracy", "train"]
    assert "No rows were held out" in done.out
    done = call("train", "iris", *QUICK, "--test", "0")
    assert done.out.splitlines()[0].endswith("train  validation")


def test_a_run_remembers_the_command_python_and_the_versions(call):
    typed = [
        "train",
        "iris",
        *QUICK,
        "--hidden",
        "8,4",
        "--activation",
        "u / (1 + abs(u))",
        "--rate",
        "0.02",
        "--seed",
        "3",
    ]
    assert call(*typed).code == 0
    run = read_run("runs/iris-1")[0]
    assert shlex.split(run["command"]) == ["backlit", *typed]
    assert set(run["versions"]) == {"python", "numpy", "numba", "scipy"}
    assert run["versions"]["numpy"] == np.__version__
    again = eval(run["python"], {"backlit": backlit})
    assert again.folder.name == "iris-2"
    assert same_weights("runs/iris-1", "runs/iris-2")
    report = Path("runs/iris-1/report.html").read_text(encoding="utf-8")
    assert "--rate 0.02" in report


def test_one_line_an_epoch_where_nobody_watches(call):
    done = call("train", "iris", "--epochs", "5")
    lines = done.err.splitlines()
    assert lines[0] == "iris: 150 rows, 4 features, 3 classes of species"
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == [f"{i}/5" for i in range(1, 6)]
    assert all(re.fullmatch(r"epoch \S+  loss [\d.]+  validation [\d.]+  accuracy [\d.]+", line) for line in epochs)
    assert "\x1b" not in done.text


def test_a_bar_says_what_it_is_about(call):
    done = call("train", "iris", "--epochs", "5", "--progress", "bar", "--lang", "ja", COLUMNS="60")
    assert done.code == 0
    assert "学習完了" in done.err
    assert "5/5" in done.err


def test_json_is_a_line_for_each_event_without_nan(call, tmp_path):
    rows = "\n".join(f"{i},{i % 7 / 7}" for i in range(30))
    (tmp_path / "a.csv").write_text(f"x,y\n{rows}\n")
    done = call("train", "a.csv", *QUICK, "--json", "--hidden", "none", "--no-baselines")
    lines = [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in done.out.splitlines()]
    start, *epochs, found = lines
    assert (start["event"], start["epochs"], start["data"]["rows"]) == ("start", len(epochs), 30)
    assert [(row["event"], row["epoch"]) for row in epochs] == [("epoch", k + 1) for k in range(len(epochs))]
    assert found["event"] == "result"
    assert found["folder"] == "runs/a-1"
    assert found["result"]["test"]["rmse"] > 0
    assert "baselines" not in found
    assert [layer["kind"] for layer in found["architecture"] if layer["kind"] != "Input"] == ["Dense"]


def test_a_run_without_report_and_baselines(call):
    done = call("train", "iris", *QUICK, "--no-report", "--no-baselines", "--out", "deep/er")
    assert [line.split()[0] for line in done.out.splitlines()[:2]] == ["accuracy", "this"]
    assert "report" not in done.out
    assert sorted(path.name for path in Path("deep/er/iris-1").iterdir()) == [
        "config.toml", "history.jsonl", "last.safetensors", "model.safetensors", "resume.safetensors", "run.json",
    ]  # fmt: skip


def test_several_targets(call, tmp_path, rng):
    rows = "\n".join(",".join(f"{v:.3f}" for v in row) for row in rng.normal(size=(40, 4)))
    (tmp_path / "a.csv").write_text(f"a,b,c,d\n{rows}\n")
    done = call("train", "a.csv", "--target", "b", "--target", "d", *QUICK, "--json")
    found = json.loads(done.out.splitlines()[-1])
    assert found["data"]["target"] == ["b", "d"]
    assert found["data"]["features"] == ["a", "c"]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_parameters_that_cannot_learn_are_a_warning(call, language):
    done = call("train", "xor", *QUICK, "--activation", "step", "--lang", language)
    assert done.code == 0
    assert done.err.startswith(("warning: ", "警告: "))
    assert "[BL603]" in done.err
    assert "dense1.weight" in done.err


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (["iriss"], "BL209"),
        (["nothing.csv"], "BL201"),
        (["iris", "--target", "x"], "BL214"),
        (["iris", "--test", "0.6", "--validation", "0.6"], "BL210"),
        (["iris", "--activation", "rleu"], "BL301"),
        (["iris", "--loss", "mse"], "BL302"),
        (["iris", "--optimizer", "adm"], "BL303"),
        (["iris", "--activation", "u +"], "BL401"),
        (["iris", "--activation", "__import__(u)"], "BL4"),
    ],
)
def test_what_is_refused_leaves_no_folder_behind(call, typed, code, tmp_path):
    for language in messages.LANGUAGES:
        done = call("train", *typed, *QUICK, "--lang", language)
        assert (done.code, done.out) == (1, "")
        assert f"[{code}" in done.err
        assert len(done.err.splitlines()) <= 5
    assert not list(tmp_path.glob("runs/*"))


def test_a_loss_that_is_not_finite_keeps_the_last_good_weights(call):
    done = call("train", "iris", *QUICK, "--rate", "1e30", "--optimizer", "sgd", "--activation", "identity")
    assert done.code == 1
    assert "[BL601]" in done.err
    assert "runs/iris-1" in done.err
    run, _ = read_run("runs/iris-1")
    assert run["result"]["stopped"] == "not finite"
    assert np.isfinite(backlit.load("runs/iris-1").predict(backlit.data.load("iris").x)).all()


def test_the_same_seed_gives_the_same_model(call):
    for seed in ("0", "0", "1"):
        assert call("train", "iris", *QUICK, "--seed", seed).code == 0
    assert same_weights("runs/iris-1", "runs/iris-2")
    assert not same_weights("runs/iris-1", "runs/iris-3")

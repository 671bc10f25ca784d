"""`--resume`, `--config`, `--time-budget` as a person types them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import backlit
from backlit import Dense, Dropout
from backlit.optim import optimizer_named
from backlit.training.runs.configuring import read_config, toml

QUICK = ("--epochs", "20", "--progress", "none")


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def weights(folder: str | Path, name: str = "model") -> dict[str, bytes]:
    return {key: value.tobytes() for key, value in backlit.load(Path(folder) / f"{name}.safetensors").weights().items()}


def test_going_on_gives_what_a_longer_training_gives(call):
    call("train", "iris", *QUICK, "--patience", "0")
    call("train", "iris", "--epochs", "33", "--patience", "0", "--progress", "none", "--out", "whole")
    done = call("train", "--resume", "runs/iris-1", "--epochs", "33", "--progress", "none")
    assert (done.code, "33 epochs" in done.out) == (0, True)
    assert weights("runs/iris-1") == weights("whole/iris-1")
    assert weights("runs/iris-1", "last") == weights("whole/iris-1", "last")
    command = json.loads(Path("runs/iris-1/run.json").read_text("utf-8"))["command"]
    assert command == "backlit train iris --epochs 20 --progress none --patience 0 --epochs 33"


def test_lines_of_a_run_that_is_gone_on_with_begin_where_it_stood(call):
    call("train", "iris", *QUICK, "--patience", "0")
    done = call("train", "--resume", "runs/iris-1", "--epochs", "23", "--json")
    epochs = [json.loads(line).get("epoch") for line in done.out.splitlines()]
    assert epochs[1:-1] == [21, 22, 23]
    assert "21/23" in done.err
    assert "20/23" not in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--resume", "runs/iris-1"], "BL510"),
        (["--resume", "runs/iris-1", "--hidden", "5"], "--hidden"),
        (["--resume", "runs/iris-1", "--epochs", "30", "--seed", "1"], "--seed"),
        (["--resume", "runs/nothing"], "BL507"),
        (["wine", "--resume", "runs/iris-1", "--epochs", "30"], "BL509"),
        (["iris", "--time-budget", "soon"], "'soon'"),
        (["iris", "--time-budget", "0"], "90s or 5m"),
        ([], "SOURCE"),
        (["--config", "nothing.toml"], "BL201"),
    ],
)
def test_what_cannot_be_is_told(arguments, told, call):
    call("train", "iris", *QUICK)
    done = call("train", *arguments)
    assert done.code in (1, 2)
    assert told in done.err
    assert "Traceback" not in done.text


@pytest.mark.parametrize("text", ["0.05s", "0.05"])
def test_the_time_is_over(text, call):
    done = call(
        "train", "digits", "--epochs", "1000000", "--patience", "0", "--time-budget", text, "--progress", "none"
    )
    assert done.code == 0
    assert "the time was over" in done.out
    assert tomllib.loads(Path("runs/digits-1/config.toml").read_text("utf-8"))["epochs"] < 1000


def test_durations():
    from backlit.cli.kinds import Duration

    found = [Duration().convert(text, None, None) for text in ("90", "90s", "5m", "1h30m", "1h", "2m0.5s")]
    assert found == [90, 90, 300, 5400, 3600, 120.5]


@pytest.mark.parametrize("source", ["iris", "diabetes", "spirals"])
def test_the_written_configuration_gives_the_run_again(source, call):
    call("train", source, *QUICK, "--seed", "3", "--no-baselines", "--out", "a")
    done = call("train", "--config", f"a/{source}-1/config.toml", "--out", "b", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    assert weights(f"a/{source}-1") == weights(f"b/{source}-1")
    facts = [json.loads(Path(f"{out}/{source}-1/run.json").read_text("utf-8")) for out in "ab"]
    assert facts[0]["result"]["test"] == facts[1]["result"]["test"]
    assert "baselines" not in facts[1]


def test_layers_and_an_optimizer_that_cannot_be_typed_stand_in_the_configuration(call, tmp_path):
    layers = [Dense(6, "tanh"), Dropout(0.1), Dense(3, "softmax")]
    optimizer = optimizer_named("momentum", learning_rate=0.03, momentum=0.7)
    run = backlit.train("iris", layers=layers, optimizer=optimizer, epochs=9, out=tmp_path / "a", progress="none")
    done = call("train", "--config", run.folder / "config.toml", "--out", "b", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    assert weights(run.folder) == weights("b/iris-1")


def test_a_hand_written_configuration_and_what_is_typed_beside_it(call, tmp_path):
    (tmp_path / "c.toml").write_text(
        'source = "iris"\nhidden = [5, 4]\nlearning-rate = 0.01\nreport = false\nepochs = 7\nprogress = "none"\n'
    )
    done = call("train", "--config", "c.toml", "--epochs", "5")
    facts = json.loads(Path("runs/iris-1/run.json").read_text("utf-8"))
    assert (done.code, facts["settings"]["epochs"], facts["settings"]["learning_rate"]) == (0, 5, 0.01)
    assert facts["config"]["hidden"] == [5, 4]
    assert not Path("runs/iris-1/report.html").exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"shuffle": False, "penalty": "all", "l2": 0.01},
        {"loss": "huber", "loss_options": {"delta": 0.5, "reduction": "sum"}},
        {"beta1": 0.5, "beta2": 0.9, "eps": 1e-6},
        {"optimizer": "nadam", "momentum_decay": 0.01},
        {"fold": (1, 4), "initial": "he"},
    ],
    ids=str,
)
def test_whatever_can_be_asked_for_in_python_can_stand_in_a_configuration(asked, call, tmp_path):
    run = backlit.train("diabetes", epochs=5, **asked, out=tmp_path / "a", progress="none")
    plain = {"source": "diabetes", "epochs": 5, **asked}
    (tmp_path / "c.toml").write_text(toml(plain), "utf-8")
    for number, path in enumerate([run.folder / "config.toml", "c.toml"], start=1):
        done = call("train", "--config", path, "--out", "b", "--progress", "none")
        assert (done.code, done.err.partition("runs")[0]) == (0, "")
        assert weights(run.folder) == weights(f"b/diabetes-{number}")


def test_several_trainings_take_their_layers_from_the_configuration(call, tmp_path):
    layers = [Dense(6, "tanh"), Dense(3, "softmax")]
    run = backlit.train("iris", layers=layers, epochs=3, shuffle=False, out=tmp_path / "a", progress="none")
    done = call("train", "--config", run.folder / "config.toml", "--seeds", "1", "--out", "b", "--progress", "none")
    assert done.code == 0
    assert weights(run.folder) == weights("b/iris-seeds-1/seed-0")


@pytest.mark.parametrize("given", ["setosa=2", "balanced"])
def test_weights_of_classes_come_back_from_the_configuration(given, call):
    call("train", "iris", *QUICK, "--class-weight", given, "--out", "a")
    done = call("train", "--config", "a/iris-1/config.toml", "--out", "b", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    assert weights("a/iris-1") == weights("b/iris-1")


def test_weights_of_classes_as_a_list(call, tmp_path):
    run = backlit.train("iris", epochs=5, class_weight=[1, 2.5, 1], out=tmp_path / "a", progress="none")
    done = call("train", "--config", run.folder / "config.toml", "--out", "b", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    assert weights(run.folder) == weights("b/iris-1")
    (tmp_path / "c.toml").write_text("class_weight = [1, 2]\n")
    assert "BL330" in call("train", "iris", "--config", "c.toml").err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("class_weight = {tulip = 2}", "BL330"),
        ("class_weight = 2", "'2'"),
        ("beta_1 = 0.5", "beta1"),
        ("beta1 = 'x'", "BL305"),
        ("shuffel = false", "shuffle"),
        ("shuffle = 'no'", "BL304"),
        ("weighted = true", "BL511"),
        ("unwritten = ['sample_weight']", "sample_weight"),
        ("facts = {a = 1}", "BL511"),
        ("fold = 3", "BL512"),
        ("loss_options = 3", "BL512"),
        ("loss_options = {delta = 'x'}", "delta"),
        ("penalty = 'some'", "some"),
        ("epoch = 5", "epochs"),
        ("epochs = five", "BL512"),
        ("epochs = 'five'", "'five'"),
        ("learning_rate = 0,003", "BL512"),
        ("json = true", "BL511"),
        ("resume = 'x'", "BL511"),
        ("hidden = ['a']", "'a'"),
        ("layers = {kind = 'Dense'}", "BL512"),
        ("optimizer = {name = 'adma'}", "adam"),
        ("epochs = {a = 1}", "whole number"),
    ],
)
def test_a_configuration_that_cannot_be_is_told(text, told, call, tmp_path):
    (tmp_path / "c.toml").write_text(text + "\n")
    done = call("train", "iris", "--config", "c.toml")
    assert done.code in (1, 2)
    assert told in done.err
    assert not list(Path("runs").glob("*"))


def test_toml_comes_back_as_it_went(tmp_path):
    given = {
        "source": 'a "b"\\c\n\t\x01\x7f é 日本',
        "hidden": [1, 2],
        "x": 1e-300,
        "n": -3,
        "flag": False,
        "table": {"kind": "Dense", "units": 3, "odd key": [[0, []], [1, [0]]]},
    }
    (tmp_path / "c.toml").write_text(toml(given), encoding="utf-8")
    assert read_config(tmp_path / "c.toml", given) == given

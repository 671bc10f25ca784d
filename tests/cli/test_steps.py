"""Optimizers, schedules, clipping and a rate by itself, as they are typed."""

from __future__ import annotations

import shlex

import pytest

import backlit
from backlit.training.objects.run import read_run
from cli.test_train import same_weights

QUICK = ("--epochs", "8", "--progress", "none", "--no-report")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


TYPED = [
    "--optimizer 'rmsprop(alpha=0.9)' --schedule 'cosine(eta_min=1e-5)' --warm-up 2 --clip-norm 1 --weight-decay 0.001",
    "--optimizer nesterov --momentum 0.8 --schedule one_cycle --clip-value 0.5",
    "--schedule 'plateau(patience=1)' --learning-rate auto",
    "--optimizer lbfgs",
    "--optimizer perceptron",
]


@pytest.mark.parametrize("options", TYPED)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_is_typed_is_done_told_and_can_be_done_again_in_python(call, options, language):
    done = call("train", "iris", *shlex.split(options), *QUICK, "--lang", language)
    assert (done.code, done.err) == (0, "")
    facts = read_run("runs/iris-1")[0]
    told = facts["settings"]
    assert told["optimizer"] == {"rms": "rmsprop", "nes": "nesterov", "lbf": "lbfgs", "per": "perceptron"}.get(
        options.split()[1].strip("'")[:3], "adam"
    )
    if "rmsprop" in options:
        assert {k: told[k] for k in ("alpha", "schedule", "warm_up", "clip_norm", "weight_decay")} == {
            "alpha": 0.9, "schedule": "cosine(eta_min=1e-05)", "warm_up": 2.0, "clip_norm": 1.0, "weight_decay": 0.001,
        }  # fmt: skip
    if "auto" in options:
        assert f"{told['learning_rate']:g}" in done.out
        assert facts["rate_probe"]["rate"] == told["learning_rate"]
    eval(facts["python"], {"backlit": backlit})
    assert same_weights("runs/iris-1", "runs/iris-2")
    if told["optimizer"] in ("rmsprop", "nesterov", "adam"):
        tape = call("show", "runs/iris-1", "--tape").out
        assert ("‖g‖" in tape) == ("--clip-norm" in options)
        assert ("learning_rate(k)" in tape) == ("cosine" in options or "one_cycle" in options)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("--optimizer sgd --momentum 0.9", "BL340"),
        ("--optimizer 'adam(0.1)'", "BL341"),
        ("--schedule cosinus", "BL342"),
        ("--optimizer lbfgs --clip-norm 1", "BL343"),
        ("--optimizer perceptron --hidden 8", "BL344"),
        ("--optimizer lbfgs --dropout 0.3", "BL345"),
        ("--clip-norm 1 --clip-value 1", "BL309"),
    ],
)
def test_what_does_not_fit_is_told_and_leaves_no_folder(call, options, code, tmp_path):
    done = call("train", "iris", *shlex.split(options), *QUICK)
    assert done.code != 0
    assert f"[{code}]" in done.err
    assert not list(tmp_path.glob("runs/*"))


def test_a_rate_is_a_number_or_auto(call):
    done = call("train", "iris", "--learning-rate", "fast", *QUICK)
    assert done.code != 0
    assert "'fast'" in done.err

"""Messages on the command line: options and files by name, no Python, no English in Japanese; several runs gone on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from backlit.cli.app import app
from cli.processes import environment
from cli.test_signals import BEGIN

QUICK = ("--epochs", "4", "--progress", "none")
BREAKS = ("iris", "--rate", "1e30", "--optimizer", "sgd", "--activation", "identity", "--epochs", "9")


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        (["iris", "--clip-norm", "1", "--clip-value", "1"], "BL309", "--clip-norm and --clip-value"),
        (["iris", "--warm-up", "1", "--schedule", "one_cycle"], "BL309", "--warm-up and one_cycle"),
        (["iris", "--optimizer", "perceptron", "--loss", "hinge"], "BL309", "--optimizer perceptron and --loss hinge"),
        (["iris", "--optimizer", "lbfgs", "--clip-norm", "1"], "BL343", "--clip-norm"),
        (["iris", "--warm-up", "99", "--epochs", "9"], "BL305", "--warm-up"),
        (["iris", "--folds", "3", "--test", "0.2"], "BL309", "--folds and --test"),
        (["iris", "--folds", "999", *QUICK], "BL215", "--folds"),
        (["head.csv"], "BL203", "--no-header"),
    ],
)
def test_an_option_is_named_as_it_is_typed(typed, code, told, call):
    Path("head.csv").write_text("a,b\n", encoding="utf-8")
    done = call("train", *typed)
    assert done.code in (1, 2)
    assert f"[{code}]" in done.err
    assert told in done.err


def test_a_limit_of_nothing_is_a_warning_that_names_the_option(call):
    done = call("train", "iris", "--clip-norm", "0", *QUICK)
    assert (done.code, "--clip-norm is 0" in done.err, "[BL355]" in done.err) == (0, True, True)


def test_a_header_can_be_claimed_and_denied(call):
    Path("years.csv").write_text("2020,2021\n" + "1.5,2.5\n3.5,4.5\n" * 10, encoding="utf-8")
    facts = []
    for word in ("--header", "--no-header"):
        assert call("train", "years.csv", word, "--out", word.strip("-"), *QUICK).code == 0
        facts.append(json.loads(Path(word.strip("-"), "years-1/run.json").read_text("utf-8"))["data"])
    assert [(f["rows"], f["target"]) for f in facts] == [(20, ["2021"]), (21, ["column2"])]


def test_as_many_columns_as_needed_are_no_wrong_number(call):
    """Two columns where two inputs are needed, but one of them is the target: one is told, not two."""
    Path("a.csv").write_text("a,b,t\n" + "".join(f"{k},{k * k % 7},{k}.5\n" for k in range(30)), encoding="utf-8")
    assert call("train", "a.csv", *QUICK).code == 0
    Path("b.csv").write_text("c,t\n1,2\n", encoding="utf-8")
    done = call("predict", "runs/a-1", "b.csv")
    assert "[BL103]" in done.err
    assert re.search(r"expected +2 columns +got +1 columns", done.err), done.err


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("epochs = five\n", "1 行目の 10 文字目: 'epochs = five'"),
        ("a = 1\nhidden = [1, 2\n", "終わり"),
        ("epochs = 1\nepochs = 2\n", "2 行目"),
        ("fold = 3\n", "fold"),
    ],
)
def test_a_configuration_is_told_in_japanese_alone(text, place, call):
    Path("c.toml").write_text(text, encoding="utf-8")
    done = call("train", "iris", "--config", "c.toml", "--lang", "ja")
    assert "[BL512]" in done.err
    assert place in done.err
    got = done.err.splitlines()[1]
    assert not re.search(r"\b(Invalid|at|line|Unclosed|overwrite|Error|Expected)\b", got), got


def test_a_configuration_in_another_encoding_is_told(call):
    Path("c.toml").write_bytes("target = '収入'\n".encode("cp932"))
    assert "not UTF-8: byte 10" in call("train", "iris", "--config", "c.toml").err


# ---- what is kept and told of an end before the end -------------------------------------------------------------


@pytest.mark.parametrize("report", [True, False])
def test_a_report_is_named_only_where_there_is_one(report, call):
    words = [] if report else ["--no-report"]
    done = call("train", *BREAKS, "--progress", "lines", *words)
    assert "[BL601]" in done.err
    (line,) = [line for line in done.err.splitlines() if "runs/iris-1" in line and "diagnose" not in line]
    assert ("report" in line) is report
    assert Path("runs/iris-1/report.html").exists() is report


def test_the_events_end_with_a_result_where_the_training_breaks(call):
    done = call("train", *BREAKS, "--json", "--progress", "none")
    assert done.code == 1
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "result"]
    assert events[-1]["result"]["stopped"] == "not finite"
    assert events[-1]["folder"] == "runs/iris-1"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
def test_the_events_end_with_a_result_after_a_signal(tmp_path):
    words = ["train", "digits", "--epochs", "100000", "--patience", "0", "--json", "--progress", "none", "--no-report"]
    done = subprocess.Popen(
        [sys.executable, "-c", BEGIN, *words], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    with done:
        lines = [done.stdout.readline() for _ in range(4)]
        done.send_signal(signal.SIGINT)
        lines += done.communicate(timeout=30)[0].splitlines()
    assert done.returncode == 130
    last = json.loads(lines[-1])
    assert (last["event"], last["result"]["stopped"]) == ("result", "interrupted")


# ---- several runs -----------------------------------------------------------------------------------------------


def test_several_runs_go_on_for_more_epochs_and_a_time(call):
    assert call("train", "iris", "--seeds", "2", "--patience", "0", *QUICK).code == 0
    done = call("train", "--resume", "runs/iris-seeds-1", "--epochs", "7", "--time-budget", "60s", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    for name in ("seed-0", "seed-1"):
        facts = json.loads(Path(f"runs/iris-seeds-1/{name}/run.json").read_text("utf-8"))
        assert facts["result"]["epochs"] == 7
    done = call("train", "--resume", "runs/iris-seeds-1", "--hidden", "9")
    assert (done.code, "--hidden" in done.err) == (2, True)


def test_folds_of_a_runs_own_configuration(call):
    assert call("train", "iris", "--seed", "5", *QUICK).code == 0
    assert "test = 0.2" in Path("runs/iris-1/config.toml").read_text("utf-8")
    done = call("train", "--config", "runs/iris-1/config.toml", "--folds", "3", "--progress", "none")
    assert (done.code, done.err) == (0, "")
    Path("c.toml").write_text('source = "iris"\nfolds = 3\ntest = 0.2\n', encoding="utf-8")
    assert "[BL309]" in call("train", "--config", "c.toml", *QUICK).err
    assert "[BL309]" in call("train", "--config", "runs/iris-1/config.toml", "--folds", "3", "--test", "0.3").err


def test_worst_rows_of_evaluate_are_lines_of_the_file(call):
    lines = [f"{k},{k % 2}.0,{'ab'[k % 2]}" for k in range(40)]
    Path("a.csv").write_text("\n".join(["x,y,name", *lines]), encoding="utf-8")
    assert call("train", "a.csv", "--epochs", "60", "--progress", "none").code == 0
    lines[10] = "10,0.0,b"  # line 12 of the file
    Path("a.csv").write_text("\n".join(["x,y,name", *lines]), encoding="utf-8")
    done = call("evaluate", "runs/a-1", "a.csv", "--full")
    table = done.out[done.out.index("Worst rows") :].splitlines()
    assert table[1].split()[:2] == ["line", "true"]
    assert table[2].split()[:3] == ["12", "b", "a"]


# ---- the last event ---------------------------------------------------------------------------------------------


def test_a_training_that_breaks_in_its_first_step_is_kept_for_the_doctor(call):
    done = call("train", "xor", "--activation", "sqrt(u)", "--json", "--progress", "none")
    assert (done.code, "[BL604]" in done.err) == (1, True)
    *_, last = [json.loads(line) for line in done.out.splitlines()]
    assert (last["event"], last["folder"], last["result"]["stopped"]) == ("result", "runs/xor-1", "not finite")
    assert last["diagnosis"]["findings"][0]["code"] == "DR305"


@pytest.mark.parametrize(
    ("words", "code", "stopped"),
    [
        (["nosuch.csv"], "BL201", "error"),
        (["nosuch.csv", "--folds", "3"], "BL201", "error"),
        (["iris", "--warm-up", "99", "--epochs", "9"], "BL305", "error"),
        (["--resume", "nosuch"], "BL507", "error"),
    ],
)
def test_a_training_that_never_begins_ends_with_a_result_all_the_same(words, code, stopped, call):
    done = call("train", *words, "--json", "--progress", "none")
    assert done.code == 1
    assert f"[{code}]" in done.err
    *_, last = [json.loads(line) for line in done.out.splitlines()]
    assert (last["event"], last["folder"], last["error"]) == ("result", None, code)
    assert last["result"] == {"stopped": stopped, "epochs": 0, "best_epoch": 0, "steps": 0}
    assert [json.loads(line)["event"] for line in done.out.splitlines()].count("result") == 1
    assert call("train", *words, "--progress", "none").out == ""  # only for those who asked


@pytest.mark.parametrize("more", [(), ("--seeds", "2")])
@pytest.mark.parametrize("phase", ["read", "prepare", "start"])
def test_a_signal_before_the_first_step_ends_with_a_result(phase, more, call, monkeypatch):
    from backlit.cli.signals import Stopped
    from backlit.training.whole.progress import Progress

    def stop(self, *given):
        if phase == "start" or given == (phase,):
            raise Stopped

    monkeypatch.setattr(Progress, "start" if phase == "start" else "phase", stop)
    found = CliRunner().invoke(app, ["train", "iris", "--json", "--progress", "none", *more])
    assert found.exit_code == 130
    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert [event["event"] for event in told] == [*(["member"] if more else []), "result"]
    assert (told[-1]["folder"], told[-1]["error"], told[-1]["result"]["stopped"]) == (None, None, "interrupted")


def test_a_signal_before_the_first_step_is_told_in_a_process_of_its_own(tmp_path):
    """A real one, which the listener hears."""
    begin = (
        "import sys, backlit.training.whole.progress as p, os, signal\n"
        "p.Progress.start = lambda *a: os.kill(os.getpid(), signal.SIGINT)\n" + BEGIN
    )
    words = ["train", "iris", "--json", "--progress", "none"]
    done = subprocess.run(
        [sys.executable, "-c", begin, *words], cwd=tmp_path, env=environment(), capture_output=True, encoding="utf-8",
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 130
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["event"], last["folder"], last["error"]) == ("result", None, None)
    assert last["result"]["stopped"] == "interrupted"
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize(
    "more", [("--epochs", "9"), ("--epochs", "1", "--patience", "0"), ("--seeds", "2", "--epochs", "9")]
)
def test_a_training_without_one_finite_epoch_is_broken(more, call):
    """Early stopping, or the end of the epochs, came before the steps could show it."""
    words = ["train", "diabetes", "--rate", "1e30", "--optimizer", "gradient_descent", "--progress", "lines", *more]
    done = call(*words, "--json")
    assert done.code == 1
    assert "[BL605]" in done.err
    assert "--learning-rate 1e+29" in done.err
    assert "no epoch had a finite loss" in done.err
    last = json.loads(done.out.splitlines()[-1])
    assert (last["event"], last["result"]["stopped"], last["result"]["best_epoch"]) == ("result", "not finite", 0)
    assert last["result"]["epochs"] >= 1
    assert Path(last["folder"], "model.safetensors").exists()
    assert "[BL605]" in call(*words, "--lang", "ja").err

"""`backlit diagnose`: sources, runs, models; the repair; what cannot be diagnosed."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

import backlit
from backlit.training.objects.files import load_network
from backlit.training.objects.run import read_run

STEEP = ("--rate", "30", "--optimizer", "sgd", "--epochs", "15")
SURELY = r"(DR401|DR302)"  # which of both goes first depends on what there was time to try
QUICK = ("--budget", "3s", "--progress", "none")


def named(found):
    """All findings, consequences too."""
    for one in found["findings"]:
        yield one
        yield from one["consequences"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def steep(tmp_path_factory):
    """The folder of a run whose loss became NaN, and one of a run that did well."""
    out = tmp_path_factory.mktemp("runs")
    left = []
    with pytest.raises(backlit.errors.TrainingError) as caught:
        backlit.train("moons", learning_rate=30.0, optimizer="sgd", epochs=15, out=out, progress="none", left=left)
    assert f"backlit diagnose {left[0].folder}" in str(caught.value)
    well = backlit.train("iris", out=out, progress="none")
    return {"broken": left[0].folder, "well": well.folder}


def test_a_source_is_trained_diagnosed_and_repaired(call, here):
    done = call("diagnose", "moons", *STEEP, *QUICK, "--repair", "--out", "found.json")
    assert done.code == 0
    found = json.loads((here / "found.json").read_text())
    steps = next(one for one in named(found) if one["code"] == "DR401")
    best = next(o["change"] for o in steps["tried"] if o["change"]["name"] == "learning_rate")
    assert best["command"].startswith("backlit train moons --optimizer sgd --epochs 15 --learning-rate ")
    assert best["python"].startswith("backlit.train('moons', ")
    before, after = found["repaired"]["before"], found["repaired"]["after"]
    assert before["result"]["stopped"] == "not finite"
    assert after["result"]["test"]["accuracy"] > 0.8
    folders = [Path(each["folder"]) for each in (before, after)]
    assert [folder.name for folder in folders] == ["moons-1", "moons-2"]
    assert all((folder / "report.html").is_file() for folder in folders)
    first, second = (read_run(folder)[0] for folder in folders)
    assert first["data"]["sha256"] == second["data"]["sha256"]
    assert first["settings"] != second["settings"]
    assert "broke" in done.err


def test_the_folder_of_a_run_that_broke(call, steep):
    done = call("diagnose", steep["broken"], *QUICK)
    assert done.code == 0
    assert done.out.startswith("Found")
    assert "the learning rate 30 is too high" in done.out
    assert re.search(rf"^{SURELY}  measured  ", done.out, re.M)
    assert re.search(rf"backlit explain {SURELY}$", done.out, re.M)
    assert max(len(line) for line in done.out.splitlines() if "backlit" not in line) <= 100


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_run_that_did_well_is_told_so_with_the_names_of_the_checks(call, steep, language):
    done = call("diagnose", steep["well"], *QUICK, "--lang", language)
    assert done.code == 0
    first, *rest = done.out.splitlines()
    names = backlit.messages.catalogue(language)["doctor_names"]
    shown = [code for code in names if any(f"{code} {names[code]}" in line for line in rest)]
    count = int(re.search(r"\d+", first)[0])
    assert len(shown) == count > 25


def test_the_replay_of_a_run_has_its_bits(steep):
    from backlit.training.clinic.watching import Watch
    from backlit.training.whole.revisiting import run_again

    run = run_again(steep["well"], Watch())
    kept = load_network(steep["well"])
    assert all((run.network.values[name] == value).all() for name, value in kept.values.items())
    assert run.result["test"] == read_run(steep["well"])[0]["result"]["test"]


def test_a_page_in_a_file(call, steep, here):
    done = call("diagnose", steep["broken"], *QUICK, "--out", "page.html", "--lang", "ja")
    page = (here / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert '<html lang="ja">' in page
    assert "<script" not in page
    assert "DR401" in page
    assert "page.html" in done.err
    assert done.out == ""


def test_after_a_training_a_line_tells_of_what_is_found_and_none_where_all_is_well(call, here):
    ill = call("train", "breast_cancer", "--rate", "1e-7", "--epochs", "3", "--progress", "none")
    assert ill.code == 0
    assert re.search(r"^warning: DR\d{3} .*: backlit diagnose runs/breast_cancer-1$", ill.err, re.M)
    assert "DR" not in call("train", "breast_cancer", "--progress", "none").text


# ---- models -----------------------------------------------------------------------------------------------------


def test_a_model_with_data_says_what_is_left_out_and_why(call, steep):
    done = call("diagnose", steep["well"] / "model.safetensors", "iris", *QUICK)
    assert done.code == 0
    assert "Left out:" in done.out
    left = done.out[done.out.index("Left out:") :]
    assert "DR401" in left
    assert "the weights before the first step are not in a model file: DR107" in left
    assert "DR101 targets within reach of the output" in done.out


def test_a_model_without_data_is_told_what_to_type(call, steep, here):
    model = steep["well"] / "model.safetensors"
    done = call("diagnose", model)
    assert (done.code, done.out) == (1, "")
    assert "[BL380]" in done.err
    assert f"backlit diagnose {model} DATA; backlit diagnose {steep['well']}" in done.err
    assert len(done.err.splitlines()) <= 4


def test_data_that_do_not_fit(call, steep):
    done = call("diagnose", steep["well"] / "model.safetensors", "wine")
    assert done.code == 1
    assert "[BL" in done.err
    assert "Traceback" not in done.text


# ---- what cannot be diagnosed -----------------------------------------------------------------------------------


def test_a_run_folder_that_is_half_written(call, here):
    folder = here / "run-1"
    folder.mkdir()
    (folder / "run.json").write_text('{"result": {"stopped": "running"}, "config": {"source": "iris"}}')
    assert "[BL507]" in call("diagnose", folder).err
    (folder / "history.jsonl").write_text("")
    done = call("diagnose", folder)
    assert done.code == 1
    assert "[BL516]" in done.err
    (folder / "run.json").write_text('{"result": {"stop')
    assert "[BL507]" in call("diagnose", folder).err


def test_a_run_that_was_killed_is_looked_at_as_far_as_it_went(call, here):
    run = backlit.train("iris", epochs=40, patience=0, out="out", progress="none")
    facts = json.loads((run.folder / "run.json").read_text())
    facts["result"] = {"stopped": "running"}
    (run.folder / "run.json").write_text(json.dumps(facts))
    lines = (run.folder / "history.jsonl").read_text().splitlines()[:10]
    (run.folder / "history.jsonl").write_text("\n".join(lines) + "\n")
    done = call("diagnose", run.folder, *QUICK)
    assert done.code == 0
    assert "last whole epoch" in done.out


def test_options_of_a_training_do_not_go_with_a_run(call, steep):
    done = call("diagnose", steep["well"], "--rate", "0.1")
    assert done.code == 2
    assert "--learning-rate" in done.err
    assert call("diagnose", steep["well"], "iris").code == 2
    assert call("diagnose", steep["well"] / "model.safetensors", "iris", "--repair").code == 2


def test_a_source_that_is_not_there(call, here):
    done = call("diagnose", "nowhere.csv")
    assert done.code == 1
    assert "[BL201]" in done.err


def test_no_time_for_trials(call, steep):
    done = call("diagnose", steep["broken"], "--budget", "0s", "--progress", "none")
    assert done.code == 0
    assert "nothing was tried" in done.out


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_the_trials_and_tells_what_was_found(start, tmp_path):
    begun = start("diagnose", "digits", "--rate", "1e-6", "--epochs", "100", "--budget", "60s", "--progress", "lines")
    lines, last, longest = [], time.monotonic(), 0.0
    for line in begun.stderr:
        lines.append(line)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
        if "learned" in line:
            begun.send_signal(signal.SIGINT)
            break
    out, rest = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert "DR402" in out
    assert "Ctrl-C" in out
    assert rest.rstrip().endswith("interrupted")
    assert longest < 5  # on a machine that others use, too


def test_a_file_that_cannot_be_written_loses_no_diagnosis(call, steep, tmp_path):
    done = call("diagnose", steep["broken"], "--budget", "0s", "--progress", "none", "--out", str(tmp_path))
    assert done.code == 1
    assert "BL505" in done.err
    assert "nothing was tried" in done.out


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_in_the_repair_loses_no_diagnosis(start):
    words = ("--rate", "1e-6", "--epochs", "400", "--patience", "0", "--budget", "4s", "--repair")
    begun = start("diagnose", "digits", *words, "--progress", "lines")
    repairing = False
    for line in begun.stderr:
        repairing = repairing or line.startswith("Repair")
        if repairing and line.startswith("epoch"):
            begun.send_signal(signal.SIGINT)
            break
    out, rest = begun.communicate(timeout=60)
    assert begun.returncode == 130
    assert "DR402" in out
    assert rest.rstrip().endswith("interrupted")

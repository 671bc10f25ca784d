"""`resume`: the same bits as without the break, wherever it came; and what it refuses."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import backlit
from backlit import BatchNorm, Dense, Dropout
from backlit.errors import BacklitError, FileError
from backlit.optim import optimizer_named, step
from backlit.training.loop.fitting import Fitting
from backlit.training.objects import files
from backlit.training.objects.run import read_run
from backlit.training.runs import configuring, keeping
from backlit.training.runs.checkpoint import NAME
from backlit.training.runs.configuring import arguments, read_config
from training import killed

TESTS = Path(__file__).parents[1]


class Break(Exception):  # as a kill it is no error
    """Stands for whatever ends a process."""


def broken(monkeypatch, at: int, **asked) -> Path:
    """The folder of a run that died when it was saved for the `at`-th time: what was written after that is missing."""
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "EVERY", 0)
        patch.setattr(keeping, "TIMES", 0)
        saved = 0
        save = keeping.Keeper.__call__

        def die(self, fitting):
            nonlocal saved
            if saved == at:
                raise Break
            save(self, fitting)
            saved += 1

        patch.setattr(keeping.Keeper, "__call__", die)
        patch.setattr(keeping.Keeper, "finish", lambda self, run: None)
        with pytest.raises(Break):
            backlit.train(progress="none", **asked)
    return max(Path(asked["out"]).iterdir())


def same(one, other) -> None:
    """Best and last weights, history and figures, to the bit."""
    for a, b in ((one.network, other.network), (one.last, other.last)):
        for key, value in a.weights().items():
            assert value.tobytes() == b[key].tobytes(), key
    assert one.history == other.history
    for part in ("best_epoch", "epochs", "steps", "stopped", "train", "test"):
        assert one.result.get(part) == other.result.get(part), part


ASKED = {
    "plain": {"source": "iris", "epochs": 60},
    "early": {"source": "wine", "epochs": 400, "patience": 15, "hidden": [8]},
    "layers": {
        "source": "wine", "epochs": 40,
        "layers": [Dense(8, bias=False), BatchNorm(), Dropout(0.2), Dense(8, "u / (1 + abs(u))"), Dense(3, "softmax")],
        "optimizer": optimizer_named("momentum", learning_rate=0.02, momentum=0.8),
    },
    "double": {"source": "diabetes", "epochs": 30, "dtype": "float64", "optimizer": "adamw", "validation": 0.0},
}  # fmt: skip


@pytest.mark.parametrize("at", [0, 1, 2, 4])
@pytest.mark.parametrize("kind", ASKED)
def test_a_run_that_died_goes_on_to_the_same_bits(kind, at, monkeypatch, tmp_path):
    asked = {**ASKED[kind], "baselines": False}
    whole = backlit.train(progress="none", **asked)
    monkeypatch.setattr("backlit.training.loop.fitting.SLICE", 0.0002)
    folder = broken(monkeypatch, at, out=tmp_path, **asked)
    assert (folder / NAME).exists() == (at > 0)
    assert read_run(folder)[0]["result"] == {"stopped": "running"}
    same(backlit.resume(folder, progress="none"), whole)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_the_same_bits(tmp_path):
    whole = backlit.train("digits", progress="none", **killed.TRAINED)
    places = os.pathsep.join([str(TESTS.parent / "src"), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, killed.__file__, "0", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert told["code"] == 0
    assert told["kills"] >= 15
    assert told["saved"] >= 10
    folder = tmp_path / "digits-1"
    facts, history = read_run(folder)
    assert history == whole.history
    assert facts["result"]["test"] == whole.result["test"]
    for name, network in (("model", whole.network), ("last", whole.last)):
        loaded = backlit.load(folder / f"{name}.safetensors")
        for key, value in network.weights().items():
            assert value.tobytes() == loaded[key].tobytes(), (name, key)


@pytest.mark.parametrize("kind", ["plain", "layers"])
def test_a_finished_run_gets_more_epochs_as_if_it_had_had_them_from_the_start(kind, tmp_path):
    asked = {**ASKED[kind], "patience": 0, "baselines": False, "progress": "none"}
    whole = backlit.train(**asked)
    half = backlit.train(**{**asked, "epochs": 17}, out=tmp_path)
    more = backlit.resume(half.folder, epochs=asked["epochs"], progress="none")
    same(more, whole)
    assert read_run(half.folder)[0]["created"] == half.facts["created"]


def test_a_run_that_stopped_early_goes_on_with_more_patience(tmp_path):
    asked = {**ASKED["early"], "baselines": False, "progress": "none"}
    half = backlit.train(**asked, out=tmp_path)
    assert half.result["stopped"] == "early"
    with pytest.raises(FileError) as told:
        backlit.resume(half.folder, epochs=800, progress="none")
    assert told.value.code == "BL510"
    same(backlit.resume(half.folder, patience=40, progress="none"), backlit.train(**{**asked, "patience": 40}))


def test_a_finished_run_is_told_to_be_finished_and_stays_as_it_is(tmp_path):
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    for epochs in (None, 3):
        with pytest.raises(FileError) as told:
            backlit.resume(run.folder, epochs=epochs, progress="none")
        assert told.value.code == "BL510"
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before


def test_a_run_whose_time_was_over_goes_on(tmp_path):
    asked = {"source": "digits", "epochs": 2000, "patience": 0, "hidden": [8], "baselines": False, "progress": "none"}
    begin = time.process_time()
    run = backlit.train(**asked, time_budget=0.05, out=tmp_path)
    assert time.process_time() - begin < 5
    assert run.result["stopped"] == "time"
    assert run.result["epochs"] < 2000
    same(backlit.resume(run.folder, progress="none"), backlit.train(**asked))


def test_a_run_on_arrays_wants_them_again_and_only_them(tmp_path, rng):
    x, t = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    run = backlit.train((x, t), epochs=5, patience=0, out=tmp_path, progress="none")
    with pytest.raises(FileError) as told:
        backlit.resume(run.folder, epochs=9, progress="none")
    assert told.value.code == "BL513"
    with pytest.raises(FileError) as told:
        backlit.resume(run.folder, epochs=9, source=(x + 1e-9, t), progress="none")
    assert (told.value.code, told.value.values["part"]) == ("BL509", "data")
    same(
        backlit.resume(run.folder, epochs=9, source=(x, t), progress="none"),
        backlit.train((x, t), epochs=9, patience=0, progress="none"),
    )


def test_a_schedule_and_weights_in_arrays_are_written_down(tmp_path):
    asked = {
        "source": "iris", "patience": 0, "baselines": False, "progress": "none", "schedule": step(step_size=3),
        "class_weight": np.array([1.0, 2.0, 1 / 3]), "sample_weight": np.linspace(0.5, 1, 150, dtype=np.float32),
    }  # fmt: skip
    half = backlit.train(**asked, epochs=5, out=tmp_path)
    assert "unwritten" not in half.facts["config"]
    whole = backlit.train(**asked, epochs=9)
    same(backlit.resume(half.folder, epochs=9, progress="none"), whole)
    config = read_config(half.folder / "config.toml")
    same(backlit.train(**{**arguments(config), "progress": "none"}), whole)


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 2), (2, 1)])
def test_the_number_of_threads_may_change(before, after, tmp_path, monkeypatch):
    """A run that chose two of them goes on choosing, and one that is taken to another machine finds other cores."""
    monkeypatch.setattr("backlit.machine.loop.WORTH_TWO_THREADS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    asked = {
        "source": "digits", "patience": 0, "baselines": False, "progress": "none", "schedule": "plateau(patience=0)",
        "layers": [Dense(32, "silu"), BatchNorm(), Dropout(0.1), Dense(10, "softmax")],
    }  # fmt: skip
    half = backlit.train(**asked, epochs=6, threads=before, out=tmp_path)
    facts = json.loads((half.folder / "run.json").read_text("utf-8"))
    assert facts["config"].get("threads", 0) == before
    assert read_config(half.folder / "config.toml").get("threads", 0) == before
    facts["config"]["threads"] = after
    (half.folder / "run.json").write_text(json.dumps(facts), "utf-8")
    fitted: list[Fitting] = []
    monkeypatch.setattr(keeping.Keeper, "__call__", lambda self, fitting: fitted.append(fitting))
    more = backlit.resume(half.folder, epochs=12, progress="none")
    assert (fitted[0].loop.quicker is not None) == (after == 0)
    assert more.result["threads"] == (after or 2)
    same(more, backlit.train(**asked, epochs=12))


@pytest.mark.parametrize(("schedule", "alike"), [("cosine(eta_min=0.0001)", False), ("exponential", True)])
def test_more_epochs_do_not_stretch_a_schedule(schedule, alike, tmp_path):
    """As docs/runs.md says."""
    asked = {"source": "iris", "patience": 0, "baselines": False, "progress": "none", "schedule": schedule}
    half = backlit.train(**asked, epochs=5, out=tmp_path)
    more = backlit.resume(half.folder, epochs=9, progress="none")
    assert more.history[:5] == half.history
    assert (more.history == backlit.train(**asked, epochs=9).history) == alike
    if not alike:
        assert [row["learning_rate"] for row in more.history[5:]] == pytest.approx([0.0001] * 4)


def test_what_no_file_can_hold_is_handed_over_again(tmp_path, monkeypatch):
    monkeypatch.setattr(configuring, "WRITTEN", 10)
    weight = np.linspace(0.5, 1, 150)
    asked = {"source": "iris", "patience": 0, "baselines": False, "progress": "none", "sample_weight": weight}
    half = backlit.train(**asked, epochs=5, out=tmp_path)
    for go_on in (
        lambda: backlit.resume(half.folder, epochs=9, progress="none"),
        lambda: arguments(read_config(half.folder / "config.toml")),
    ):
        with pytest.raises(FileError) as told:
            go_on()
        assert (told.value.code, told.value.values["name"]) == ("BL513", "sample_weight")
    with pytest.raises(FileError) as told:
        backlit.resume(half.folder, epochs=9, sample_weight=weight[::-1], progress="none")
    assert (told.value.code, told.value.values["part"]) == ("BL509", "data")
    with pytest.raises(BacklitError) as other:
        backlit.resume(half.folder, epochs=9, seed=2, progress="none")
    assert other.value.code == "BL304"
    whole = backlit.train(**asked, epochs=9)
    same(backlit.resume(half.folder, epochs=9, sample_weight=weight, progress="none"), whole)


def test_a_network_of_other_instructions_is_not_gone_on_with(tmp_path):
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    facts = json.loads((run.folder / "run.json").read_text("utf-8"))
    facts["config"]["hidden"] = [9]
    (run.folder / "run.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(FileError) as told:
        backlit.resume(run.folder, epochs=9, progress="none")
    assert (told.value.code, told.value.values["part"]) == ("BL509", "network")


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_damaged_file_is_told(cut, tmp_path):
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    path = run.folder / NAME
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BacklitError) as told:
        backlit.resume(run.folder, epochs=9, progress="none")
    assert told.value.code in ("BL501", "BL502")


def test_two_processes_at_one_run_are_one_too_many(tmp_path):
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    place = keeping.Place(run.folder)
    with pytest.raises(FileError) as told:
        backlit.resume(run.folder, epochs=9, progress="none")
    assert told.value.code == "BL508"
    place.close()
    assert backlit.resume(run.folder, epochs=9, progress="none").result["epochs"] == 9
    keeping.Place(run.folder).close()  # let go of, when it had ended


@pytest.mark.parametrize("every", [0.0, 1.0])
@pytest.mark.parametrize("costs", [[0.001], [0.3], [0.001, 2.0, 0.01, 0.4]])
def test_saving_takes_a_twentieth_of_the_time(every, costs, tmp_path, monkeypatch):
    """However often it may save and however long a saving takes: by a clock of the test's own, so on any machine."""
    now, saved = 0.0, []

    def save(self, fitting):
        nonlocal now
        saved.append((now, costs[len(saved) % len(costs)]))
        now += saved[-1][1]

    monkeypatch.setattr(keeping, "time", SimpleNamespace(perf_counter=lambda: now))
    monkeypatch.setattr(keeping, "EVERY", every)
    monkeypatch.setattr(keeping.Keeper, "save_now", save)
    place = keeping.Place(tmp_path)
    keeper = keeping.Keeper(place, {})
    for _ in range(4000):  # slices of a training
        now += 0.05
        keeper(None)
    place.close()
    spent = [cost for _, cost in saved]
    assert sum(spent[:-1]) <= now / 20  # the last one is paid for by what comes
    gaps = [later - (begin + cost) for (begin, cost), (later, _) in itertools.pairwise(saved)]
    assert len(gaps) >= 3
    for gap, cost in zip(gaps, spent, strict=False):  # and no rarer than that
        assert max(every, 20 * cost) <= gap + 1e-9 < max(every, 20 * cost) + 0.05 + 1e-6


def written_otherwise(path, change):
    """The file of a run's place as another version would have written it."""
    about, arrays = files.read_tensors(path)
    change(about, arrays)
    files.write_tensors(path, arrays, json.dumps(about))


def without_a_column(about, arrays):
    """As before whole rows of labels were counted: four columns, and their names nowhere."""
    del about["history"]
    arrays["history"] = np.ascontiguousarray(arrays["history"].reshape(5, -1)[:, :4]).reshape(-1)


def with_a_column(about, arrays):
    about["history"] = [*about["history"], "valid_something"]
    arrays["history"] = np.zeros(5 * len(about["history"]))


def without_a_stand(about, arrays):
    del about["stands"]["PLATEAU_WAIT"]


@pytest.mark.parametrize("change", [without_a_column, with_a_column, without_a_stand])
def test_a_file_of_another_version_is_told_as_such(change, tmp_path):
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    written_otherwise(run.folder / NAME, change)
    with pytest.raises(FileError) as told:
        backlit.resume(run.folder, epochs=9, progress="none")
    assert told.value.code == "BL515"
    assert "valid_exact" in str(told.value) or "PLATEAU_WAIT" in str(told.value)
    assert str(run.folder / "config.toml") in str(told.value)
    assert np.array_equal(backlit.load(run.folder).predict([[1.0] * 4]), run.network.predict([[1.0] * 4]))


def test_a_file_without_names_of_columns_but_with_all_of_them_is_gone_on_with(tmp_path):
    whole = backlit.train("iris", epochs=9, patience=0, progress="none")
    run = backlit.train("iris", epochs=5, patience=0, out=tmp_path, progress="none")
    written_otherwise(run.folder / NAME, lambda about, arrays: about.pop("history"))
    same(backlit.resume(run.folder, epochs=9, progress="none"), whole)


def test_a_rate_cut_on_plateaus_goes_on_where_it_was(tmp_path):
    asked = {
        "source": "wine", "patience": 0, "hidden": [8], "baselines": False, "progress": "none", "report": False,
        "schedule": "plateau(patience=3, cooldown=3)", "learning_rate": 0.05,
    }  # fmt: skip
    whole = backlit.train(**asked, epochs=24)
    assert len({row["learning_rate"] for row in whole.history}) > 2  # it was cut more than once
    for stop in (6, 9, 11):
        run = backlit.train(**asked, epochs=stop, out=tmp_path)
        same(backlit.resume(run.folder, epochs=24, progress="none"), whole)

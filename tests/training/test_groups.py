"""Folds, seeds, ensembles: every row once, the same runs as one by one, mean and spread by hand."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import backlit
from backlit.data import Table, fold, load
from backlit.errors import BacklitError
from backlit.training import Ensemble
from backlit.training.objects import ensemble
from backlit.training.runs import keeping
from backlit.training.whole.group import resume_group

QUICK = {"epochs": 12, "progress": "none"}


@pytest.mark.parametrize("count", [2, 3, 7, 150])
def test_every_row_is_held_out_once_and_classes_are_spread_evenly(count):
    table = load("iris")
    parts = [fold(table, k, count, validation=0.1, seed=4) for k in range(count)]
    assert sorted(np.concatenate([p.test for p in parts])) == list(range(150))
    for p in parts:
        assert sorted(np.concatenate([p.train, p.validation, p.test])) == list(range(150))
        assert len(p.validation) == 15
        classes = np.bincount(table.t[p.test], minlength=3)
        assert abs(len(p.test) - 150 / count) < 1
        assert classes.max() - classes.min() <= 1
    assert not np.array_equal(parts[0].test, fold(table, 0, count, seed=5).test)


@pytest.mark.parametrize(("number", "count"), [(0, 1), (0, 151), (3, 3), (-1, 3)])
def test_folds_that_cannot_be(number, count):
    with pytest.raises(BacklitError) as told:
        fold(load("iris"), number, count)
    assert told.value.code == "BL215"


def test_a_class_of_one_row_is_in_one_test_only():
    table = Table("t", np.arange(20.0)[:, None], [0] * 19 + [1], ("x",), ("t",), "classification", ("a", "b"))
    assert sum(1 in table.t[fold(table, k, 4).test] for k in range(4)) == 1


def test_folds_are_the_trainings_one_by_one(tmp_path):
    found = backlit.cross_validate("wine", folds=3, out=tmp_path, **QUICK)
    alone = [backlit.train("wine", fold=(k, 3), **QUICK) for k in range(3)]
    values = [run.result["test"]["accuracy"] for run in alone]
    assert [row["accuracy"] for row in found.judged()] == values
    told = found.result["network"]["accuracy"]
    assert (told["mean"], told["std"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
    linear = [run.facts["baselines"]["linear"]["accuracy"] for run in alone]
    assert found.result["linear"]["accuracy"]["mean"] == pytest.approx(np.mean(linear))
    written = json.loads((found.folder / "group.json").read_text("utf-8"))
    assert written["result"] == json.loads(json.dumps(found.result))
    assert written["members"] == ["fold-1", "fold-2", "fold-3"]


def test_seeds_share_the_split_and_their_mean_answer_is_the_ensembles(tmp_path):
    found = backlit.repeat("diabetes", seeds=3, seed=5, out=tmp_path, **QUICK)
    alone = [backlit.train("diabetes", seed=s, split_seed=5, **QUICK) for s in (5, 6, 7)]
    table = load("diabetes")
    rows = table.x[:40]
    each = np.stack([run.network.predict(rows) for run in alone])
    net = backlit.load(found.folder)
    assert isinstance(net, Ensemble)
    mean, spread = net.predict_with_spread(rows)
    np.testing.assert_allclose(mean, each.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(spread, each.std(axis=0, ddof=1), rtol=1e-5)
    assert (spread > 0).all()
    parts = backlit.data.split(table, test=0.2, validation=0.15, seed=5)
    o, t = net.predict(table.x[parts.test]), table.t[parts.test]
    assert found.result["ensemble"]["rmse"] == pytest.approx(np.sqrt(np.mean((o - t) ** 2)))


@pytest.mark.parametrize("kind", ["folds", "seeds"])
def test_several_trainings_that_were_interrupted_are_gone_on_with(kind, tmp_path, monkeypatch):
    make = {"folds": backlit.cross_validate, "seeds": backlit.repeat}[kind]
    whole = make("iris", **{kind: 3}, out=tmp_path / "whole", hidden=[6], **QUICK)
    begun = 0
    finish = keeping.Keeper.finish

    def stop(self, run):
        nonlocal begun
        begun += 1
        if begun == 2:
            raise KeyboardInterrupt
        finish(self, run)

    monkeypatch.setattr(keeping.Keeper, "finish", stop)
    with pytest.raises(KeyboardInterrupt):
        make("iris", **{kind: 3}, out=tmp_path / "part", hidden=[6], **QUICK)
    monkeypatch.undo()
    (folder,) = (tmp_path / "part").iterdir()
    with pytest.raises(BacklitError) as told:
        backlit.load(folder)
    assert told.value.code == "BL514"
    found = resume_group(folder, progress="none")
    assert found.result == whole.result
    for one, other in zip(found.networks, whole.networks, strict=True):
        for key, value in one.weights().items():
            assert value.tobytes() == other[key].tobytes()


@pytest.mark.parametrize(("kind", "train"), [("seeds", backlit.repeat), ("folds", backlit.cross_validate)])
def test_a_table_is_read_as_it_was_asked_for_by_all(kind, train, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{a:.2f};{b:.2f};{'yes' if a + b > 0 else 'no'}".replace(".", ",") for a, b in rng.normal(size=(80, 2))]
    (tmp_path / "t.csv").write_text("\n".join(rows), "utf-8")
    asked = {"delimiter": ";", "decimal": ",", "header": False, "encoding": "utf-8"}
    found = train(tmp_path / "t.csv", **{kind: 2}, **asked, **QUICK)
    assert len(found.judged()) == 2
    if kind == "seeds":
        assert found.result["ensemble"]["accuracy"] >= 0.5
        rows = load(tmp_path / "t.csv", **asked)
        test = backlit.data.split(rows, seed=0, test=0.2, validation=0.15).test
        right = (found.network.predict(rows.x[test]).argmax(axis=1) == rows.t[test]).mean()
        assert found.result["ensemble"]["accuracy"] == pytest.approx(right)


def test_layers_that_are_not_written_down_are_not_made_up(tmp_path):
    layers = [backlit.Dense(3, "softmax")]
    found = backlit.repeat("iris", seeds=1, layers=layers, out=tmp_path, **QUICK)
    with pytest.raises(BacklitError) as told:
        resume_group(found.folder)
    assert (told.value.code, told.value.values["name"]) == ("BL513", "layers")
    again = resume_group(found.folder, layers=layers, progress="none")
    assert again.result == found.result


@pytest.mark.parametrize(
    ("make", "words", "code"),
    [
        (backlit.repeat, {"seeds": 0}, "BL305"),
        (backlit.repeat, {"seeds": True}, "BL305"),
        (backlit.cross_validate, {"folds": 1}, "BL305"),
        (backlit.cross_validate, {"folds": 151}, "BL215"),
        (backlit.cross_validate, {"folds": 3, "test": 0.3}, "BL309"),
    ],
)
def test_what_cannot_be_is_told(make, words, code, tmp_path):
    with pytest.raises(BacklitError) as told:
        make("iris", out=tmp_path, **words, **QUICK)
    assert told.value.code == code


def test_on_the_command_line(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from backlit.cli.app import app

    def call(*words):
        found = CliRunner().invoke(app, list(words))
        assert found.exit_code == 0, found.output
        return found

    monkeypatch.chdir(tmp_path)
    quick = ("--epochs", "10", "--progress", "none")
    told = call("train", "iris", "--seeds", "2", *quick).stdout
    assert "standard deviation" in told
    assert "ensemble" in told
    rows = list(csv.DictReader(io.StringIO(call("predict", "runs/iris-seeds-1", "iris", "--proba").stdout)))
    assert len(rows) == 150
    net = backlit.load("runs/iris-seeds-1")
    mean, spread = net.predict_with_spread(load("iris").x)
    assert [float(v) for v in rows[77].values()] == pytest.approx([*mean[77], *spread[77]], rel=1e-6)
    rows = list(csv.DictReader(io.StringIO(call("predict", "runs/iris-seeds-1", "iris").stdout)))
    answer = int(mean[77].argmax())
    assert rows[77] == {
        "prediction": load("iris").classes[answer], "share": f"{mean[77, answer]:.9g}",
        "spread": f"{spread[77, answer]:.9g}",
    }  # fmt: skip
    lines = [json.loads(line) for line in call("train", "iris", "--folds", "2", "--json", *quick).stdout.splitlines()]
    assert [line["name"] for line in lines if line["event"] == "member"] == ["fold-1", "fold-2"]
    assert lines[-1]["result"]["network"]["accuracy"]["mean"] > 0.2
    assert call("train", "--resume", "runs/iris-folds-1", "--progress", "none").exit_code == 0
    assert "2 networks" in call("show", "runs/iris-seeds-1").stdout
    assert CliRunner().invoke(app, ["train", "iris", "--folds", "2", "--seeds", "2"]).exit_code == 1


def test_a_damaged_group_is_told(tmp_path):
    (tmp_path / "group.json").write_text("[]")
    for read in (ensemble.read_group, backlit.load, resume_group):
        with pytest.raises(BacklitError) as told:
            read(tmp_path)
        assert told.value.code == "BL507"


def test_a_group_shows_itself_with_the_figures_of_its_table():
    group = backlit.repeat("iris", seeds=2, epochs=3, progress="none")
    found = group._repr_mimebundle_()
    text, html = found["text/plain"], found["text/html"]
    assert "<script" not in html
    for name, own in zip(group.members, group.judged(), strict=True):
        assert f"{own['accuracy']:.6g}" in text
        assert name in text
        assert name in html
    for end in ("mean", "std"):
        assert f"{group.result['network']['loss'][end]:.6g}" in text
        assert f"{group.result['network']['loss'][end]:.6g}" in html
    assert repr(group) == "<Group of 2 seeds>"

"""What a training says by name: columns and categories of another model, losses with options, weights of classes."""

from __future__ import annotations

import json

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.errors import BacklitError
from backlit.training.objects.files import read_tensors, write_tensors

QUICK = {"epochs": 4, "progress": "none"}


def table(path, names, *, rows=40, town=None, scale=1.0):
    """A CSV of two numbers (and a category) and a number to learn."""
    rng = np.random.default_rng(2)
    lines = [",".join(names)]
    for a, b in (scale * rng.normal(size=(rows, 2))).round(3).tolist():
        lines.append(",".join(map(str, [a, b, *([rng.choice(town)] if town else []), round(abs(a + b) + 0.1, 3)])))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def told(cause, code):
    with pytest.raises(BacklitError) as caught:
        cause()
    assert caught.value.code == code, str(caught.value)
    for language in ("en", "ja"):
        assert "None" not in caught.value.text(language)
    return caught.value


# ---- a model to begin with --------------------------------------------------------------------------------------


def test_columns_with_wholly_different_names_are_an_error_that_names_them(tmp_path):
    old = backlit.train(table(tmp_path / "a.csv", ["age", "height", "t"]), hidden=[3], **QUICK)
    error = told(
        lambda: backlit.train(table(tmp_path / "b.csv", ["Agee", "width", "t"]), start=old.network, **QUICK), "BL246"
    )
    assert error.values["missing"] == ["age", "height"]
    assert "Agee" in error.values["nearest"]


@pytest.mark.parametrize("names", [["x1", "x2", "t"], ["column1", "column2", "column3"], ["0", "1", "t"]])
def test_names_that_say_only_a_place_are_taken_in_order_and_told(names, tmp_path):
    old = backlit.train(table(tmp_path / "a.csv", ["age", "height", "t"]), hidden=[3], **QUICK)
    new = table(tmp_path / "b.csv", names)
    run = backlit.train(new, start=old.network, header=True, **QUICK)
    (notice,) = [n for n in run.notices if n["code"] == "BL247"]
    assert (notice["columns"], notice["names"]) == (["age", "height"], names[:2])
    same = backlit.train(tmp_path / "a.csv", start=old.network, **QUICK)
    assert not [n for n in same.notices if n["code"] == "BL247"]


def test_another_number_of_columns_is_told_in_columns_not_in_inputs(tmp_path):
    towns = ["Nara", "Uji"]  # three columns are four inputs, and so are four columns of numbers
    old = backlit.train(table(tmp_path / "a.csv", ["a", "b", "town", "t"], town=towns), hidden=[3], **QUICK)
    lines = [f"{k},{k % 3},{k % 5},{k % 7},{k}.5" for k in range(40)]
    (tmp_path / "b.csv").write_text("\n".join(["a,b,c,d,t", *lines]), encoding="utf-8")
    error = told(lambda: backlit.train(tmp_path / "b.csv", start=old.network, **QUICK), "BL351")
    assert (error.values["expected"], error.values["got"]) == (3, 4)


def test_categories_that_the_model_does_not_know_are_counted(tmp_path):
    names = ["a", "b", "town", "t"]
    old = backlit.train(table(tmp_path / "a.csv", names, town=["Nara", "Uji"]), hidden=[3], **QUICK)
    new = table(tmp_path / "b.csv", names, town=["Nara", "Gifu"])
    run = backlit.train(new, start=old.network, **QUICK)
    (notice,) = [n for n in run.notices if n["code"] == "BL248"]
    count = new.read_text("utf-8").count("Gifu")
    assert (notice["column"], notice["count"], notice["values"]) == ("town", count, ["Gifu"])


def test_nothing_left_to_train_is_refused():
    error = told(lambda: backlit.train("iris", hidden=[4], freeze="dense1, dense2", **QUICK), "BL354")
    assert error.values["names"] == ["dense1", "dense2"]


@pytest.mark.parametrize("name", ["clip_norm", "clip_value"])
def test_a_limit_of_nothing_is_noticed(name):
    assert {"code": "BL355", "name": name} in backlit.train("iris", **{name: 0}, **QUICK).notices
    assert not [n for n in backlit.train("iris", **{name: 1.0}, **QUICK).notices if n["code"] == "BL355"]


# ---- the options of a loss --------------------------------------------------------------------------------------


def test_a_model_keeps_the_options_of_its_loss(tmp_path, rng):
    x, t = rng.normal(size=(40, 3)), rng.normal(size=40)
    net = Network([Dense(1)])
    net.fit(x, t, loss="huber(delta=0.3)", epochs=2)
    loaded = backlit.load(net.save(tmp_path / "m.safetensors"))
    assert (loaded.loss, loaded.loss_options) == ("huber", {"delta": 0.3})
    for other in (net, loaded):  # gone on with by the same E
        assert other.fit(x, t, epochs=1).settings.loss_options == {"delta": 0.3}
    assert net.fit(x, t, loss="huber", epochs=1).settings.loss_options == {}  # a loss that is named is that loss
    assert "loss_options" not in read_tensors(net.save(tmp_path / "n.safetensors"))[0]


def test_a_training_that_begins_with_a_model_has_its_loss_with_options(tmp_path):
    asked = {"loss": "huber(delta=0.3)", "hidden": [3], "patience": 0, **QUICK}
    old = backlit.train("diabetes", out=tmp_path, **asked)
    for start in (old.network, old.folder):
        new = backlit.train("diabetes", start=start, patience=0, out=tmp_path, **QUICK)
        assert (new.settings.loss, new.settings.loss_options) == ("huber", {"delta": 0.3})
    longer = backlit.resume(new.folder, epochs=7, progress="none")
    assert longer.settings.loss_options == {"delta": 0.3}
    whole = backlit.train("diabetes", start=old.folder, patience=0, **{**QUICK, "epochs": 7})
    assert longer.history == whole.history


def test_old_model_files_are_read_and_odd_options_are_not(tmp_path):
    net = backlit.train("iris", hidden=[3], **QUICK).network
    about, tensors = read_tensors(net.save(tmp_path / "m.safetensors"))
    assert "loss_options" not in about
    assert backlit.load(tmp_path / "m.safetensors").loss_options == {}
    for odd in ({"delta": 1.0}, {"reduction": "none"}, [1], "x"):
        write_tensors(tmp_path / "odd.safetensors", tensors, json.dumps({**about, "loss_options": odd}))
        told(lambda: backlit.load(tmp_path / "odd.safetensors"), "BL501")


def test_gradients_are_checked_and_tapes_shown_with_the_options(rng, monkeypatch):
    from backlit.cli.show import observed_tape, trained_tape

    seen = []
    monkeypatch.setattr("backlit.training.looks.gradients.Objective.of", _remembering(seen))
    x, t = rng.normal(size=(20, 2)), rng.normal(size=20)
    net = Network([Dense(1)])
    net.fit(x, t, loss="quantile(q=0.8)", epochs=1)
    assert all(c.worst < 1e-6 for c in backlit.gradient_check(net, x, t))
    assert seen[-1]["q"] == 0.8
    shown = [trained_tape(net, {}, "").text(), observed_tape(net).text()]
    assert shown[0] == trained_tape(net, {"q": 0.8}, "").text()
    net.loss_options = {}
    assert shown[0] != trained_tape(net, {}, "").text()
    assert shown[1] != observed_tape(net).text()


def _remembering(seen):
    from backlit.nn.objective import Objective

    real = Objective.of

    def of(loss, **options):
        seen.append(options)
        return real(loss, **options)

    return of


def test_the_perceptrons_own_sum_is_no_option_of_the_next_training(rng):
    x = rng.normal(size=(30, 2))
    net = Network([Dense(1, "step")])
    net.fit(x, (x[:, 0] > 0).astype(float), optimizer="perceptron", epochs=1)
    assert net.loss_options == {}


# ---- weights of classes, the perceptron's rule ----------------------------------------------------------------------


def test_weights_of_classes_need_classes():
    error = told(lambda: backlit.train("diabetes", class_weight="balanced", **QUICK), "BL320")
    assert error.values["got"].startswith("regression: progression")
    assert "loss" not in str(error.values["got"])


@pytest.mark.parametrize(
    ("given", "fault", "got"),
    [
        ({"setosa": -1}, "number from 0 on", "setosa = -1"), ({"rose": 2}, "no such class", "rose"),
        ([1, 2], "each of 3 classes", "2"), ("balance", "\"balanced\", a list", "'balance'"), (2.5, "a list", "2.5"),
        ({"setosa": True}, "number from 0 on", "setosa = True"),
    ],
)  # fmt: skip
def test_a_fault_in_the_weights_of_classes_is_named_and_so_is_the_class(given, fault, got):
    error = told(lambda: backlit.train("iris", class_weight=given, **QUICK), "BL330")
    assert fault in str(error)
    assert str(error.values["got"]) == got
    assert "setosa" in error.values["expected"]


def test_weights_by_name_number_and_place_are_the_same():
    runs = [
        backlit.train("iris", class_weight=given, **QUICK).history
        for given in ({"virginica": 2}, {2: 2.0}, [1, 1, 2], np.array([1.0, 1.0, 2.0]))
    ]
    assert all(history == runs[0] for history in runs)


def test_the_perceptrons_rule_is_for_classes_and_labels(rng):
    told(lambda: backlit.train("diabetes", optimizer="perceptron", **QUICK), "BL321")
    x = rng.normal(size=(60, 3))
    run = backlit.train((x, (x[:, :2] > 0).astype(int)), optimizer="perceptron", **{**QUICK, "epochs": 30})
    assert (run.facts["data"]["task"], run.settings.loss) == ("multilabel", "squared_error")
    assert run.result["train"]["accuracy"] > 0.9


# ---- values and places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [False, True])
def test_a_target_outside_the_losss_domain_is_shown_as_it_stands_in_the_file(start, tmp_path):
    path = table(tmp_path / "a.csv", ["a", "b", "t"], scale=50.0)
    old = backlit.train(path, hidden=[3], **QUICK)
    lines = path.read_text("utf-8").splitlines()
    lines[6] = "1.0,2.0,-17.5"
    (tmp_path / "b.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    more = {"start": old.network} if start else {}
    error = told(lambda: backlit.train(tmp_path / "b.csv", loss="poisson", **more, **QUICK), "BL218")
    assert error.values["got"] == "-17.5"
    assert error.values["place"].endswith("b.csv:7 (t)")
    run = backlit.train(path, loss="poisson", **more, **QUICK)
    assert [(c.mean, c.scale) for c in run.network.preparation.target] == [(0.0, 1.0)]


def test_worst_rows_are_lines_of_the_file_even_where_rows_were_left_out(tmp_path):
    path = table(tmp_path / "a.csv", ["a", "b", "t"])
    lines = path.read_text("utf-8").splitlines()
    lines[3] = "0.1,0.2,"  # no answer: not read
    lines[20] = "0.0,0.0,5000"
    path.write_text("\n".join([lines[0], "", *lines[1:]]) + "\n", encoding="utf-8")
    run = backlit.train(path, hidden=[3], test=0, validation=0, out=tmp_path, **QUICK)
    worst = run.facts["worst"][0]
    assert (worst["line"], worst["true"]) == (22, 5000.0)
    assert "row" not in worst
    page = (run.folder / "report.html").read_text("utf-8")
    assert "The lines are those of the file" in page
    arrays = backlit.train((np.eye(30), np.arange(30.0)), hidden=[3], out=tmp_path, **QUICK)
    assert "row" in arrays.facts["worst"][0]


def test_a_number_that_the_network_cannot_take_is_told_with_its_line(tmp_path):
    path = table(tmp_path / "a.csv", ["a", "b", "t"])
    net = backlit.train(path, hidden=[3], **QUICK).network
    lines = path.read_text("utf-8").splitlines()
    lines[7] = "1e300,0.2,1.5"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    known = net.preparation
    error = told(lambda: known.inputs(backlit.data.load(path), "float32"), "BL207")
    assert error.values["place"].endswith("a.csv:8")


def test_margins_are_not_called_shares(tmp_path):
    run = backlit.train("moons", hidden=[2], loss="hinge", out=tmp_path, **QUICK)
    assert run.facts["worst"]
    assert all("output_true" in row and "share_true" not in row for row in run.facts["worst"])
    page = (run.folder / "report.html").read_text("utf-8")
    assert "output for the true class" in page
    assert "share of the true class" not in page


def test_several_targets_with_text_are_told_as_such(tmp_path):
    (tmp_path / "a.csv").write_text("a,town,kind\n1,Nara,x\n2,Uji,y\n3,Nara,x\n", encoding="utf-8")
    error = told(lambda: backlit.train(tmp_path / "a.csv", target=["town", "kind"], **QUICK), "BL249")
    assert error.values["column"] == "town"


def test_another_file_is_told_by_its_name(tmp_path):
    path = table(tmp_path / "a.csv", ["a", "b", "t"])
    run = backlit.train(path, hidden=[3], out=tmp_path, **QUICK)
    table(path, ["a", "b", "t"], rows=41)
    error = told(lambda: backlit.resume(run.folder, epochs=9, progress="none"), "BL509")
    assert "a.csv" in error.values["source"]


# ---- groups ---------------------------------------------------------------------------------------------------------


def test_the_folder_of_several_runs_is_gone_on_with(tmp_path):
    asked = {"patience": 0, "hidden": [3], "progress": "none"}
    group = backlit.repeat("iris", seeds=2, epochs=3, out=tmp_path, **asked)
    same = backlit.resume(group.folder, progress="none")
    assert same.result == group.result
    longer = backlit.resume(group.folder, epochs=6, progress="none")
    whole = backlit.repeat("iris", seeds=2, epochs=6, **asked)
    assert [f["result"]["epochs"] for f in longer.members.values()] == [6, 6]
    assert longer.result["network"] == whole.result["network"]
    assert json.loads((group.folder / "group.json").read_text("utf-8"))["asked"]["epochs"] == 6
    told(lambda: backlit.resume(group.folder, hidden=[9], progress="none"), "BL304")


def test_members_that_early_stopping_ended_stay_where_more_epochs_change_nothing(tmp_path):
    asked = {"patience": 1, "hidden": [3], "progress": "none", "learning_rate": 0.5}
    group = backlit.repeat("iris", seeds=2, epochs=200, out=tmp_path, **asked)
    ended = [f["result"]["stopped"] for f in group.members.values()]
    assert "early" in ended
    again = backlit.resume(group.folder, epochs=300, progress="none")
    assert [f["result"]["epochs"] for f in again.members.values()] == [
        f["result"]["epochs"] for f in group.members.values()
    ]

"""`backlit evaluate`, `predict` and `show`: trained networks used."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.data import load
from backlit.training.objects.run import read_run

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


def table(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def iris_csv(tmp_path):
    """Writes some columns of iris, and perhaps others, to a file."""

    def write(names, *, header=True, more=None):
        iris = load("iris")
        columns = {name: iris.x[:, NAMES.index(name)].tolist() for name in NAMES}
        columns |= {
            "species": [iris.classes[i] for i in iris.t],
            "id": [f"no. {i}" for i in range(150)],
            **(more or {}),
        }
        path = tmp_path / "iris.csv"
        rows = [[str(columns[name][i]) for name in names] for i in range(150)]
        path.write_text("\n".join(",".join(row) for row in ([list(names), *rows] if header else rows)))
        return path

    return write


# ---- evaluate ---------------------------------------------------------------------------------------------------


def test_evaluate_measures_all_rows(call, runs):
    done = call("evaluate", runs["iris"], "iris", "--json")
    found = json.loads(done.out)
    net, iris = backlit.load(runs["iris"]), load("iris")
    assert found["rows"] == 150
    assert found["accuracy"] == np.mean(net.predict(iris.x).argmax(axis=1) == iris.t)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_evaluate_says_what_it_measured(call, runs, language):
    done = call("evaluate", runs["diabetes"], "diabetes", "--lang", language)
    assert done.code == 0
    assert len(done.out.splitlines()) == 5
    assert "R²" in done.out
    assert len(done.err.splitlines()) == 1  # these rows are known to the network


def test_evaluate_a_file_finds_columns_by_name(call, runs, iris_csv):
    wanted = json.loads(call("evaluate", runs["iris"], "iris", "--json").out)
    path = iris_csv(["species", *NAMES[::-1]])
    done = call("evaluate", runs["iris"] / "model.safetensors", path, "--json")
    found = json.loads(done.out)
    assert found["accuracy"] == wanted["accuracy"]
    assert not found["seen_in_training"]


def test_evaluate_takes_the_last_column_where_names_say_nothing(call, runs, iris_csv):
    wanted = json.loads(call("evaluate", runs["iris"], "iris", "--json").out)
    path = iris_csv([*NAMES, "species"], header=False)
    assert json.loads(call("evaluate", runs["iris"], path, "--json").out)["accuracy"] == wanted["accuracy"]
    path = iris_csv([*NAMES, "id", "species"], more={"id": [str(i) for i in range(150)]})
    assert json.loads(call("evaluate", runs["iris"], path, "--json").out)["accuracy"] == wanted["accuracy"]


def test_evaluate_two_targets(call, runs):
    done = call("evaluate", runs["two"], runs["two"].parents[1] / "two.csv", "--json")
    assert json.loads(done.out)["rows"] == 60
    done = call("evaluate", runs["two"], runs["two"].parents[1] / "two.csv", "--target", "left", "--json")
    assert done.code == 1


@pytest.mark.parametrize(
    ("model", "source", "code"),
    [
        ("iris", "wine", "BL103"),
        ("iris", "digits", "BL103"),
        ("iris", "moons", "BL103"),
        ("diabetes", "iris", "BL"),
        ("iris", "iriss", "BL209"),
        ("iris", "no.csv", "BL201"),
        ("nothing", "iris", "BL201"),
    ],
)
def test_a_source_that_does_not_fit_the_model(call, runs, model, source, code):
    for command in ("evaluate", "predict"):
        done = call(command, runs.get(model, model), source)
        assert (done.code, done.out) == (1, "")
        assert code in done.err


def test_a_class_that_the_model_does_not_know(call, runs, iris_csv):
    path = iris_csv([*NAMES, "species"], more={"species": ["setosa", "rose"] * 75})
    done = call("evaluate", runs["iris"], path)
    assert done.code == 1
    assert "'rose'" in done.err


# ---- predict ----------------------------------------------------------------------------------------------------


def test_predict_names_the_class_of_each_row(call, runs):
    found = table(call("predict", runs["iris"], "iris").out)
    net, iris = backlit.load(runs["iris"]), load("iris")
    assert found[0] == ["prediction"]
    assert [row[0] for row in found[1:]] == [iris.classes[i] for i in net.predict(iris.x).argmax(axis=1)]


def test_predict_gives_the_shares_of_the_classes(call, runs, tmp_path):
    done = call("predict", runs["iris"], "iris", "--proba", "--out", tmp_path / "shares.csv")
    assert done.out == ""
    assert "150" in done.err
    found = table((tmp_path / "shares.csv").read_text())
    assert found[0] == ["setosa", "versicolor", "virginica"]
    shares = np.array(found[1:], dtype=np.float32)
    assert np.array_equal(shares, backlit.load(runs["iris"]).predict(load("iris").x))


def test_predict_gives_numbers_in_the_unit_of_the_target(call, runs):
    found = table(call("predict", runs["diabetes"], "diabetes").out)
    assert found[0] == ["prediction"]
    assert 20 < float(found[1][0]) < 400
    two = table(call("predict", runs["two"], runs["two"].parents[1] / "two.csv").out)
    assert two[0] == ["left", "right"]
    assert len(two) == 61


@pytest.mark.parametrize(
    "columns",
    [
        NAMES,
        NAMES[::-1],
        [*NAMES, "species"],
        ["species", *NAMES],
        ["id", NAMES[2], "species", NAMES[0], NAMES[3], NAMES[1]],
    ],
)
def test_predict_finds_the_columns_by_name(call, runs, iris_csv, columns):
    done = call("predict", runs["iris"], iris_csv(columns))
    assert done == call("predict", runs["iris"], "iris")


def test_predict_takes_columns_in_order_where_names_say_nothing(call, runs, iris_csv):
    wanted = call("predict", runs["iris"], "iris").out
    for columns in (NAMES, [*NAMES, "species"]):
        assert call("predict", runs["iris"], iris_csv(columns, header=False)).out == wanted
    data = iris_csv(NAMES).read_text().splitlines()
    iris_csv(NAMES).write_text("\n".join(["a,b,c,d", *data[1:]]))
    done = call("predict", runs["iris"], iris_csv(NAMES).parent / "iris.csv")
    assert done.out == wanted


def test_predict_says_when_it_takes_columns_in_order(call, runs, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n")
    for language, word in (("en", "warning"), ("ja", "警告")):
        done = call("predict", runs["iris"], path, "--lang", language)
        assert done.code == 0
        assert done.err.startswith(word)


def test_predict_without_a_header(call, runs):
    path = runs["plain"].parents[1] / "plain.csv"
    assert len(table(call("predict", runs["plain"], path).out)) == 61


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "BL202"),
        ("\n \n", "BL202"),
        (",".join(NAMES), "BL203"),
        (",".join(NAMES) + "\n1,2,3\n", "BL204"),
        (",".join(NAMES) + "\n1,2,3,x\n", "BL206"),
        (",".join(NAMES) + "\n1,2,3,\n", "BL207"),
        (",".join(NAMES) + "\n1,2,inf,3\n", "BL207"),
        ("a,b\n1,2\n", "BL103"),
        ("\x00\x01", "BL211"),
    ],
)
def test_predict_tells_what_is_wrong_with_a_file(call, runs, tmp_path, content, code):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    done = call("predict", runs["iris"], path)
    assert (done.code, done.out) == (1, "")
    assert f"[{code}]" in done.err


def test_shares_are_for_classes(call, runs):
    for language in messages.LANGUAGES:
        done = call("predict", runs["diabetes"], "diabetes", "--proba", "--lang", language)
        assert done.code == 2
        assert "--proba" in done.err


def test_a_network_that_was_saved_without_a_preparation(call, tmp_path, rng):
    from backlit.nn import Dense

    x, t = rng.normal(size=(40, 2)), np.arange(40) % 2
    net = backlit.Network([Dense(3, "tanh"), Dense(2, "softmax")])
    net.fit(x, t, epochs=2)
    net.save(tmp_path / "net.safetensors")
    (tmp_path / "x.csv").write_text("a,b,t\n" + "\n".join(f"{a},{b},{c}" for (a, b), c in zip(x, t, strict=True)))
    found = table(call("predict", tmp_path / "net.safetensors", tmp_path / "x.csv").out)
    assert [int(row[0]) for row in found[1:]] == net.predict(x).argmax(axis=1).tolist()
    done = call("evaluate", tmp_path / "net.safetensors", tmp_path / "x.csv", "--json")
    assert json.loads(done.out)["accuracy"] == pytest.approx(net.evaluate(x, t)["accuracy"])
    assert call("show", tmp_path / "net.safetensors", "--tape").code == 0


# ---- show -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("name", ["iris", "diabetes", "two"])
def test_show_lists_layers_and_preparation(call, runs, name, language):
    done = call("show", runs[name], "--lang", language)
    assert (done.code, done.err) == (0, "")
    net = backlit.load(runs[name])
    for layer in net.summary():
        assert layer["name"] in done.out
    for column in net.preparation.features:
        assert f"{column.mean:.6g}" in done.out
        assert f"{column.scale:.6g}" in done.out
    assert str(net.size) in done.out
    assert net.loss in done.out


def test_show_prints_the_tape_of_the_optimizer_that_was_used(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for optimizer, state in (("adam", "sqrt("), ("momentum", "momentum *")):
        call("train", "iris", "--epochs", "1", "--progress", "none", "--optimizer", optimizer, "--out", optimizer)
        tape = call("show", f"{optimizer}/iris-1", "--tape").out.splitlines()
        assert state in tape[-1]
        first = next(line for line in tape if line.startswith("   0"))
        assert "dense1.u" in first
        assert "affine(" in first


def test_show_prints_the_observed_tape(call, runs):
    text = call("show", runs["iris"], "--observed").out
    for value in ("dense1.u", "dense1.f′", "dense1.o", "dense1.δᵒ", "dense1.δᵘ", "E ()"):
        assert value in text


def test_show_works_without_the_facts_of_the_run(call, runs, tmp_path):
    model = tmp_path / "model.safetensors"
    model.write_bytes((runs["iris"] / "model.safetensors").read_bytes())
    assert call("show", model).code == 0
    (tmp_path / "run.json").write_text("[1]")
    (tmp_path / "history.jsonl").write_text("")
    assert call("show", model, "--tape").code == 0
    facts = read_run(runs["iris"])[0]
    facts["settings"] = {"optimizer": "adam", "learning_rate": "quick"}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    assert call("show", model, "--tape").code in (0, 1)


def test_predict_does_not_write_over_what_it_reads(call, runs, iris_csv):
    path = iris_csv(NAMES)
    before = path.read_bytes()
    assert call("predict", runs["iris"], path, "--out", path).code == 2
    assert path.read_bytes() == before


def test_all_that_can_be_said_of_the_answers(call, runs):
    found = json.loads(call("evaluate", runs["iris"], "iris", "--full", "--json").out)
    assert found["scores"]["accuracy"]["value"] == found["accuracy"]
    assert all(s["low"] <= s["value"] <= s["high"] for s in found["scores"].values())
    assert sum(map(sum, found["confusion"]["counts"])) == sum(b["rows"] for b in found["calibration"]["bins"]) == 150
    wrong = round(150 * (1 - found["accuracy"]))
    assert len(found["worst"]) == min(10, wrong)
    assert {f["feature"] for f in found["importance"]} == set(load("iris").features)
    done = call("evaluate", runs["iris"], "iris", "--full")
    for title in ("Scores", "Confusion matrix", "Calibration", "Worst rows", "Importance"):
        assert title in done.out
    assert "均衡正解率" in call("evaluate", runs["iris"], "iris", "--full", "--lang", "ja").out


def test_all_that_can_be_said_of_numbers(call, runs):
    found = json.loads(call("evaluate", runs["diabetes"], "diabetes", "--full", "--json").out)
    assert set(found["scores"]) == {"rmse", "mae", "r2"}
    assert found["scores"]["rmse"]["value"] == pytest.approx(found["rmse"])
    worst = [abs(row["error"]) for row in found["worst"]]
    assert worst == sorted(worst, reverse=True)
    two = call("evaluate", runs["two"], runs["two"].parents[1] / "two.csv", "--full")
    assert "left" in two.out
    assert "error" in two.out


def test_columns_of_which_only_some_have_the_model_s_names_are_refused(call, tmp_path):
    rows = [(0.1 * i, 10 - i, i % 3, 2 * i) for i in range(40)]
    (tmp_path / "a.csv").write_text("a,b,c,y\n" + "\n".join(",".join(map(str, r)) for r in rows) + "\n")
    made = call(
        "train", tmp_path / "a.csv", "--epochs", 2, "--out", tmp_path / "r", "--progress", "none", "--no-report"
    )
    assert made.code == 0, made
    for name in ("predict", "evaluate"):
        (tmp_path / "b.csv").write_text("b,a,cc,y\n100,1,0,5\n90,2,1,6\n")
        told = call(name, tmp_path / "r" / "a-1", tmp_path / "b.csv")
        assert (told.code, "BL245" in told.err, "b.csv" in told.err) == (1, True, True), told
    (tmp_path / "c.csv").write_text("q,r,s\n1,100,0\n2,90,1\n")  # not one name is known: in order, with a warning
    told = call("predict", tmp_path / "r" / "a-1", tmp_path / "c.csv")
    assert told.code == 0, told
    assert "warning" in told.err


def test_several_runs_are_one_model_only_when_all_have_a_network(call, tmp_path):
    out = tmp_path / "r"
    made = call("train", "wine", "--seeds", 2, "--epochs", 2, "--out", out, "--progress", "none", "--no-report")
    assert made.code == 0, made
    (group,) = out.iterdir()
    seen = call("evaluate", group, "wine")
    assert (seen.code, "warning" in seen.err) == (0, True)  # the data of the training, for its members too
    (group / "seed-1" / "model.safetensors").unlink()
    told = call("predict", group, "wine")
    assert (told.code, "BL514" in told.err, "seed-1" in told.err) == (1, True, True), told


def test_a_run_is_gone_on_with_in_either_language(call, tmp_path):
    call("train", "iris", "--epochs", 2, "--out", tmp_path, "--progress", "none", "--no-report")
    told = call("train", "--resume", tmp_path / "iris-1", "--epochs", 4, "--progress", "none", "--lang", "ja")
    assert told.code == 0, told

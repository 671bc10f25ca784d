"""Where a run stands: its curvature with the optimizer's state, its path, and what other rates would have done."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import BatchNorm, Dense, Dropout, Network
from backlit.errors import BacklitError
from backlit.lens.landscape import Surface
from backlit.optim import optimizer_named
from backlit.training.looks.landscapes import path_of
from backlit.training.looks.rates import rates, rates_of_run
from backlit.training.looks.standing import standing, standing_of_run
from backlit.training.loop.settings import Settings

QUIET = {"progress": "none", "report": False, "baselines": False}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return backlit.train("iris", hidden=[6], epochs=12, patience=0, out=tmp_path_factory.mktemp("runs"), **QUIET)


def test_a_folder_stands_at_the_last_step_with_the_state_of_the_optimizer(run):
    at = standing_of_run(run.folder)
    assert at.step == run.result["steps"]
    for name, value in run.last.values.items():
        np.testing.assert_array_equal(at.net.values[name], value)
    for name in ("m", "v"):
        np.testing.assert_array_equal(at.state[name], run.state[name])
    assert (at.state["v"] > 0).all()  # no place between two parameters came along
    assert len(at.state["v"]) == run.network.size


def test_adam_s_bound_is_that_of_the_whole_preconditioned_matrix(run):
    found = backlit.curvature(run.folder)
    at = standing_of_run(run.folder)
    surface = Surface(at.net, at.inputs, at.objective())
    h = np.array([surface.product(row) for row in np.eye(surface.size)])
    assert found.sharpness == pytest.approx(np.linalg.eigvalsh(h).max(), rel=1e-9)
    s = at.settings.optimizer.settings
    k = at.step
    d = np.sqrt(at.state["v"] / (1 - s["beta2"] ** k)) + s["eps"]
    top = np.linalg.eigvalsh(h / np.sqrt(np.outer(d, d))).max()
    wanted = 2 * (1 + s["beta1"]) / ((1 - s["beta1"]) * top) * (1 - s["beta1"] ** k)
    assert found.bound.limit == pytest.approx(wanted, rel=1e-6)
    assert found.bound.ratio == pytest.approx(s["learning_rate"] / wanted, rel=1e-6)


def test_folder_file_run_and_network_see_the_same_loss(run):
    folder = backlit.curvature(run.folder)
    last = backlit.curvature(run.folder / "last.safetensors")
    assert (folder.loss, folder.bound.limit) == (last.loss, last.bound.limit)
    table = backlit.data.load("iris")
    here = backlit.curvature(run, table, table.t)
    assert here.bound.limit is not None  # a Run in Python holds the state too
    bare = backlit.curvature(run.last, table, table.t, optimizer="adam", learning_rate=0.001)
    assert (here.loss, here.sharpness) == (bare.loss, bare.sharpness)
    assert (bare.bound.limit, bare.bound.why, bare.word) == (None, "state", "unknown")


def test_a_model_of_another_step_than_the_state_has_no_bound(tmp_path):
    run = backlit.train("iris", hidden=[6], epochs=60, learning_rate=0.3, patience=0, out=tmp_path, **QUIET)
    assert run.result["best_epoch"] < 60
    assert backlit.curvature(run.folder / "model.safetensors").bound.why == "state"
    assert backlit.curvature(run.folder).bound.why == ""


def test_another_optimizer_can_be_asked_about(run):
    found = backlit.curvature(run.folder, optimizer="momentum", momentum=0.8, learning_rate=0.1)
    assert found.bound.limit == pytest.approx(2 * 1.8 / found.sharpness)
    assert found.bound.rate == 0.1
    with pytest.raises(BacklitError) as caught:
        backlit.curvature(run.folder, epochs=3)
    assert caught.value.code == "BL304"


def test_the_rate_is_that_of_the_schedule(tmp_path):
    run = backlit.train(
        "iris", hidden=[4], epochs=8, patience=0, schedule="step(step_size=2, gamma=0.5)", learning_rate=0.08,
        optimizer="sgd", out=tmp_path, **QUIET,
    )  # fmt: skip
    assert backlit.curvature(run.folder).bound.rate == pytest.approx(run.history[-1]["learning_rate"])
    assert run.history[-1]["learning_rate"] < 0.08


def test_rows_are_drawn_and_counted(run):
    found = backlit.curvature(run.folder, rows=20)
    assert (found.rows, found.of) == (20, len(standing(run.folder).inputs["t"]))
    assert backlit.curvature(run.folder, rows=20).sharpness == found.sharpness
    assert backlit.curvature(run.folder, rows=20, seed=1).sharpness != found.sharpness


@pytest.mark.parametrize("given", [Network([Dense(2)]), "no.safetensors", 3])
def test_what_cannot_be_looked_at_is_told(given):
    with pytest.raises(BacklitError) as caught:
        backlit.curvature(given)
    assert caught.value.code in ("BL707", "BL201", "BL374")


def test_a_network_without_rows_or_without_trained_weights_is_told(rng):
    net = Network([Dense(2)])
    net.prepare(3)
    with pytest.raises(BacklitError) as caught:
        backlit.curvature(net)
    assert caught.value.code == "BL374"
    net.freeze("dense1")
    with pytest.raises(BacklitError) as caught:
        backlit.curvature(net, rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))
    assert caught.value.code == "BL374"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_text_ends_with_the_verdict_and_holds_the_numbers_of_the_data(run, language):
    found = backlit.curvature(run.folder)
    lines = found.text(language).splitlines()
    assert lines[-1].startswith(f"verdict: {found.word} ")
    assert f"{found.sharpness:.6g}" in found.text(language)
    assert found.data()["bound"] == found.bound.limit
    assert f"{found.bound.limit:.4g}" in found._repr_html_()


# ---- the path of a run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"hidden": [5]},
        {"layers": [Dense(6, "tanh"), BatchNorm(), Dropout(0.2), Dense(3, "softmax")], "batch_size": 33},
        {"hidden": [5], "patience": 3, "epochs": 60, "learning_rate": 0.1},
        {"hidden": [5], "optimizer": "lbfgs", "dropout": 0.0, "epochs": 8},
        {"hidden": [5], "schedule": "cosine", "warm_up": 2, "class_weight": "balanced"},
    ],
    ids=["plain", "batch norm and dropout", "stopped early", "L-BFGS", "schedule"],
)
def test_a_run_is_replayed_to_the_same_bits(more, tmp_path):
    run = backlit.train("iris", out=tmp_path, **{"epochs": 10, "patience": 0, **QUIET, **more})
    found = path_of(run.folder, dots=5)
    assert found.same
    assert (found.epochs[0], found.epochs[-1]) == (0, run.result["epochs"])
    last = np.concatenate([run.last.values[p.name].reshape(-1) for p in run.network.build().trained])
    np.testing.assert_array_equal(found.thetas[-1], last)


def test_the_path_s_dots_have_their_true_loss(run):
    found = backlit.landscape(run.folder, along="path", points=5)
    assert found.same
    assert 0 < sum(found.found.explained) <= 1 + 1e-12
    assert found.found.dots[-1].loss == pytest.approx(backlit.curvature(run.folder).loss, rel=1e-12)
    assert found.found.dots[0].epoch == 0
    assert found.found.dots[0].loss > found.found.dots[-1].loss


def test_a_path_needs_a_run(run):
    with pytest.raises(BacklitError) as caught:
        backlit.landscape(run.last, *iris(), along="path")
    assert caught.value.code == "BL373"
    with pytest.raises(BacklitError) as caught:
        backlit.landscape(run.folder, along="dense1.weight[0,0],dense1.bias[0],dense1.bias[1]")
    assert caught.value.code == "BL373"


def iris():
    table = backlit.data.load("iris")
    return table, table.t


@pytest.mark.parametrize("along", ["gradient", "dense1.weight[0,1]", ["dense1.weight[0,1]", "dense2.bias[2]"], "path"])
def test_every_slice_is_shown_in_every_way(run, along, tmp_path):
    found = backlit.landscape(run.folder, along=along, points=7)
    for ending in ("svg", "html", "csv"):
        written = found.save(tmp_path / f"slice.{ending}").read_text(encoding="utf-8")
        assert "<script" not in written
        assert written.isascii() or ending != "csv"
    points = 7 if found.found.kind in ("gradient", "weight") else 49 + len(found.found.dots)
    assert found.csv().count("\n") == 1 + points
    assert set(found._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert found.data()["loss"] == found.found.loss
    with pytest.raises(BacklitError) as caught:
        found.save(tmp_path / "slice.png")
    assert caught.value.code == "BL304"


# ---- other rates ------------------------------------------------------------------------------------------------


def test_three_rates_go_from_the_same_start_over_the_same_batches(rng):
    net = Network([Dense(8, "tanh"), Dense(1)])
    x = rng.normal(size=(64, 3))
    rows = {"x": x, "t": np.sin(x[:, :1])}
    net.prepare(3)
    before = {name: a.copy() for name, a in net.values.items()}
    own = Settings(optimizer_named("sgd", learning_rate=0.05), batch_size=16)
    found = rates(net, rows, own, steps=20)
    assert [fork["done"] for fork in found["forks"]] == [20, 20, 20]
    assert len({fork["losses"][0] for fork in found["forks"]}) == 1  # the first batch, before any step
    assert len({fork["losses"][1] for fork in found["forks"]}) == 3
    assert [fork["word"] for fork in found["forks"]] == ["falls"] * 3
    ends = [fork["end"] for fork in found["forks"]]
    assert found["start"] > ends[0] > ends[1] > ends[2]
    assert all(np.array_equal(net.values[name], a) for name, a in before.items())


def test_the_fork_at_the_rate_itself_is_the_training(rng):
    x = rng.normal(size=(40, 3))
    t = x @ [[1.0], [2.0], [3.0]]
    net = Network([Dense(1)])
    net.prepare(3)
    found = rates(net, {"x": x, "t": t}, Settings(optimizer_named("adam"), batch_size=8, epochs=2), steps=10)
    twin = Network([Dense(1)])
    run = twin.fit(x, t, batch_size=8, epochs=2)
    middle = found["forks"][1]["losses"]
    assert [np.mean(middle[:5]), np.mean(middle[5:])] == pytest.approx([r["train_loss"] for r in run.history], rel=1e-6)


def test_the_rates_of_a_run_begin_where_it_began(run):
    found = rates_of_run(run.folder, steps=4)
    assert found["rate"] == run.settings.optimizer.learning_rate
    begun = path_of(run.folder, dots=3).thetas[0]
    at = standing_of_run(run.folder)
    surface = Surface(at.net, at.inputs, at.objective())
    assert found["start"] == pytest.approx(surface.loss(begun.astype(np.float64)), rel=1e-12)


def test_a_rate_that_breaks_the_training_is_called_so(rng):
    net = Network([Dense(4, "exp(u)"), Dense(1)])
    net.prepare(3)
    rows = {"x": rng.normal(size=(32, 3)), "t": rng.normal(size=(32, 1))}
    found = rates(net, rows, Settings(optimizer_named("sgd", learning_rate=10.0)), factors=(1e-4, 3.0))
    assert [fork["word"] for fork in found["forks"]] == ["falls", "breaks"]
    assert found["forks"][1]["end"] is None
    assert found["forks"][1]["done"] < 50


def test_an_optimizer_without_a_rate_has_no_forks(rng):
    net = Network([Dense(1)])
    net.prepare(3)
    rows = {"x": rng.normal(size=(8, 3)), "t": rng.normal(size=(8, 1))}
    assert rates(net, rows, Settings(optimizer_named("lbfgs")))["forks"] == []


@pytest.mark.parametrize(("optimizer", "shown"), [("sgd", True), ("adam", False), ("momentum", False)])
def test_the_rate_is_marked_only_where_steps_go_along_the_gradient(optimizer, shown, rng):
    x = rng.normal(size=(20, 3))
    net = Network([Dense(2, "tanh"), Dense(1)])
    net.fit(x, x[:, 0], epochs=1)
    found = backlit.landscape(net, x, x[:, 0], optimizer=optimizer, learning_rate=0.0123)
    assert np.isfinite(found.rate) == shown
    assert ("0.0123" in found.text("en")) == shown
    assert ("rate in use" in found.svg("en")) == shown


@pytest.mark.slow
def test_the_ends_of_a_large_network_take_few_products(rng):
    net = Network([Dense(256, "relu"), Dense(128, "relu"), Dense(10, "softmax")])
    x = rng.random(size=(2000, 784))
    t = rng.integers(0, 10, 2000)
    found = backlit.curvature(net.fit(x, t, epochs=2), x, t)
    assert found.spectrum.settled
    assert found.spectrum.products <= 80

"""Fine-tuning: a body from another network, another head, weights frozen to the bit; what is told if it cannot be."""

from __future__ import annotations

import copy
import shutil

import numpy as np
import pytest

import backlit
from backlit.data import Preparation, Split, load, split
from backlit.errors import BacklitError
from backlit.nn import (
    Activation,
    Add,
    BatchNorm,
    Concatenate,
    Dense,
    Dropout,
    Input,
    LayerNorm,
    PReLU,
    Residual,
)  # fmt: skip
from backlit.training import Network
from tolerance import same_bits

LAYERS = [
    Dense(12, bias=False), BatchNorm(), Activation("tanh"), Residual(LayerNorm(), Dense(12), PReLU()), Dropout(0.1),
]  # fmt: skip


def copies():
    return copy.deepcopy(LAYERS)


def trained(rng, head=3) -> Network:
    net = Network([*copies(), Dense(head, "softmax")])
    net.fit(rng.normal(size=(60, 5)), rng.integers(0, head, 60), epochs=3)
    return net


def bits_of(net, names=None):
    return {n: v.copy() for n, v in net.values.items() if names is None or n.rsplit(".", 1)[0] in names}


# ---- gone on with ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["path", "network", "layers"])
@pytest.mark.parametrize("source", ["wine", "few"])
def test_a_run_goes_on_without_the_model_that_it_began_with(kind, source, tmp_path):
    """Whether its head was new (other classes) or kept (the same ones)."""
    table = load("wine")
    few = tmp_path / "few.csv"
    lines = [",".join([*map(str, row), "ab"[int(k > 0)]]) for row, k in zip(table.x, table.t, strict=True)]
    few.write_text("\n".join([",".join([*table.features, "kind"]), *lines]), encoding="utf-8")
    quiet = {"patience": 0, "baselines": False, "progress": "none"}
    layers = [Dense(8, "tanh"), BatchNorm(), Dropout(0.2)]
    old = backlit.train("wine", layers=[*layers, Dense(3, "softmax")], epochs=4, **quiet, out=tmp_path / "old")
    asked = {"source": few if source == "few" else "wine", "freeze": "dense1", **quiet}
    asked["start"] = old.network if kind == "network" else old.folder
    if kind == "layers":
        asked["layers"] = [*copy.deepcopy(layers), Dense(2 if source == "few" else 3, "softmax")]
    whole = backlit.train(**asked, epochs=12)
    half = backlit.train(**asked, epochs=5, out=tmp_path / "new")
    shutil.rmtree(old.folder)
    for epochs in (8, 12):  # and once more
        more = backlit.resume(half.folder, epochs=epochs, progress="none")
        assert more.facts["start"] == half.facts["start"]
        wanted = {**half.facts["config"], "epochs": epochs, "time_budget": 0.0}
        usual = {"loss": "cross_entropy"}  # by now it is also that of the model that it begins with
        assert usual | more.facts["config"] == usual | wanted
    assert more.history == whole.history
    assert all(same_bits(more.network.values[n], v) for n, v in bits_of(whole.network).items())


def test_a_run_that_was_never_saved_needs_the_model_that_it_began_with(tmp_path):
    old = backlit.train("iris", epochs=2, progress="none", out=tmp_path / "old")
    half = backlit.train("iris", start=old.folder, epochs=5, progress="none", out=tmp_path / "new")
    (half.folder / "model.safetensors").unlink()
    shutil.rmtree(old.folder)
    with pytest.raises(BacklitError) as told:
        backlit.resume(half.folder, epochs=9, progress="none")
    assert told.value.code == "BL201"


# ---- another head ---------------------------------------------------------------------------------------


def test_the_body_comes_along_and_the_head_is_new(rng):
    net = trained(rng)
    other = net.replace_head(Dense(7, "relu"), Dense(2))
    before = bits_of(net)
    assert other.values.keys() == {n for n in net.values if not n.startswith("dense3")}
    assert all(same_bits(other.values[n], v) for n, v in bits_of(other).items())
    assert [layer.name for layer in other.layers() if layer.name.startswith("dense")][-2:] == ["dense3", "dense4"]
    other.fit(rng.normal(size=(30, 5)), rng.normal(size=(30, 2)), epochs=2)
    assert other.values["dense4.weight"].shape == (7, 2)
    assert all(same_bits(net.values[n], v) for n, v in before.items())  # the old network is as it was
    assert not same_bits(other.values["dense1.weight"], before["dense1.weight"])


def test_what_follows_the_last_weights_belongs_to_the_head(rng):
    net = Network([Dense(4), Dense(3), Activation("softmax")])
    net.fit(rng.normal(size=(20, 2)), rng.integers(0, 3, 20), epochs=1)
    other = net.replace_head(Dense(2))
    other.prepare(2)
    assert [type(layer).__name__ for layer in other.layers()] == ["Input", "Dense", "Dense"]


def test_a_network_with_branches_keeps_them(rng):
    a, b = Input(3)(), Input(2)()
    shared = Dense(4, "tanh")
    net = Network([a, b], Dense(3, "softmax")(Concatenate()(shared(shared(Dense(4)(a))), Dense(2)(b))))
    x = [rng.normal(size=(20, 3)), rng.normal(size=(20, 2))]
    net.fit(x, rng.integers(0, 3, 20), epochs=1)
    other = net.replace_head(Dense(1))
    assert other.features == [3, 2]
    other.fit(x, rng.normal(size=20), epochs=1)
    assert other.predict(x).shape == (20, 1)
    assert set(other.freeze("body")) == {"dense1", "dense2", "dense3", "concatenate1"}


def test_an_output_of_several_branches_has_no_head():
    x = Input(3)()
    net = Network(x, Add()(Dense(2)(x), Dense(2)(x)))
    net.prepare(3)
    with pytest.raises(BacklitError) as told:
        net.replace_head(Dense(1))
    assert told.value.code == "BL350"
    assert told.value.values["layer"] == "add1"


@pytest.mark.parametrize("head", [(), (3,), (Add(),), ("relu",)])
def test_a_head_is_made_of_layers(head, rng):
    with pytest.raises(BacklitError) as told:
        trained(rng).replace_head(*head)
    assert told.value.code == "BL701"


# ---- frozen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gradient_descent", "sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize("threads", [1, 2])
def test_frozen_weights_keep_their_bits_and_the_head_moves(optimizer, threads, rng):
    other = trained(rng).replace_head(Dense(4, "softmax"))
    frozen = other.freeze("body")
    assert {"dense1", "batch_norm1", "residual1", "layer_norm1", "dense2", "prelu1"} <= set(frozen)
    before = bits_of(other)
    other.prepare(5)
    head = bits_of(other, ["dense3"])
    other.fit(rng.normal(size=(60, 5)), rng.integers(0, 4, 60), epochs=3, optimizer=optimizer, threads=threads)
    for name, value in before.items():
        assert same_bits(other.values[name], value) != ("running" in name), name  # averages go on
    assert not any(same_bits(other.values[n], v) for n, v in head.items())


def test_frozen_layers_are_thawed_by_the_same_names(rng):
    net = trained(rng)
    net.freeze("residual1", "dense1")
    assert [layer.name for layer in net.layers() if not layer.trainable] == [
        "dense1", "residual1", "layer_norm1", "dense2", "prelu1",
    ]  # fmt: skip
    net.thaw("residual1")
    assert [layer.name for layer in net.layers() if not layer.trainable] == ["dense1"]
    again = backlit.Network(*Network.links_of(net.describe()))
    assert [layer.name for layer in again.layers() if not layer.trainable] == ["dense1"]


def test_a_residual_that_is_frozen_comes_back_frozen(rng, tmp_path):
    net = trained(rng)
    net.freeze("body")
    again = backlit.load(net.save(tmp_path / "m.safetensors"))
    frozen = [layer.name for layer in again.layers() if not layer.trainable and again.build()]
    assert {"dense1", "dense2", "prelu1", "layer_norm1"} <= set(frozen)


def test_a_name_that_no_layer_has_is_told_with_the_nearest(rng):
    with pytest.raises(BacklitError) as told:
        trained(rng).freeze("dense1", "densse2")
    assert told.value.code == "BL353"
    assert told.value.values["nearest"].startswith("dense")
    assert all(layer.trainable for layer in trained(rng).layers())


# ---- backlit.train(start=…) -----------------------------------------------------------------------------


QUICK = {"progress": "none", "baselines": False, "epochs": 4}


@pytest.fixture(scope="module")
def first():
    """A model of the ten digits, whose folder is a path away."""
    return backlit.train("digits", hidden=[16, 8], dropout=0.1, **{**QUICK, "epochs": 40})


def few_digits():
    """The digits 0 to 4 alone: the same columns, other classes."""
    table = load("digits")
    few = table.t < 5
    return table.x[few], np.array([f"d{k}" for k in table.t[few]])


def test_a_training_begins_with_the_body_of_a_model_and_its_scale_of_inputs(first, tmp_path):
    path = first.network.save(tmp_path / "m.safetensors")
    x, t = few_digits()
    run = backlit.train((x, t), start=path, freeze="dense1, dense2", **{**QUICK, "epochs": 40})
    net, old = run.network, first.network
    for name in ("dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"):
        assert same_bits(net[name], old[name]), name
    assert net["dense3.weight"].shape == (5, 8)
    kept = [(c.mean, c.scale) for c in old.preparation.features]
    assert [(c.mean, c.scale) for c in net.preparation.features] == kept
    assert net.preparation.classes == ("d0", "d1", "d2", "d3", "d4")
    assert run.facts["start"] == {
        "model": str(path), "taken": ["dense1", "dense2"], "head": "new", "frozen": ["dense1", "dense2"],
    }  # fmt: skip
    assert run.result["test"]["accuracy"] > 0.8  # what the body knows of ten digits serves for five
    again = backlit.load(net.save(tmp_path / "n.safetensors"))
    assert same_bits(again.predict(x), net.predict(x))
    assert all(same_bits(old.values[n], v) for n, v in backlit.load(path).values.items())


def test_where_the_classes_are_the_same_the_head_comes_along_too(first):
    run = backlit.train("digits", start=first.network, freeze=["dense1", "dense2"], learning_rate=1e-9, **QUICK)
    assert run.facts["start"]["head"] == "kept"
    assert all(same_bits(v, first.network.values[n]) for n, v in run.network.values.items() if "dense3" not in n)
    assert np.allclose(run.network["dense3.weight"], first.network["dense3.weight"], atol=1e-6)
    assert run.network.preparation.features == first.network.preparation.features


def test_a_regression_gets_the_scale_of_its_own_targets(rng):
    x = rng.normal(size=(80, 3))
    old = backlit.train((x, x[:, 0] * 100), hidden=[8], **QUICK)
    run = backlit.train((x, np.stack([x[:, 1], 1000 + x[:, 2]], axis=1)), start=old.network, **QUICK)
    assert run.facts["start"]["head"] == "new"
    assert run.network["dense2.weight"].shape == (2, 8)
    target = run.network.preparation.target
    assert [round(c.mean, -2) for c in target] == [0, 1000]
    assert run.network.preparation.features == old.network.preparation.features


def test_a_model_that_took_numbers_as_they_are_still_does(rng):
    x, t = rng.normal(size=(60, 3)) * 50 + 7, rng.integers(0, 2, 60)
    net = Network([Dense(6, "tanh"), Dense(2, "softmax")])
    net.fit(x / 50, t, epochs=1)
    run = backlit.train((x / 50, t), start=net, **QUICK)
    assert {(c.mean, c.scale) for c in run.network.preparation.features} == {(0.0, 1.0)}


def test_with_layers_all_but_their_head_is_taken_over(first):
    x, t = few_digits()
    layers = [Dense(16, "silu"), Dropout(0.3), Dense(8, "silu"), Dropout(0.3), Dense(6, "relu"), Dense(5, "softmax")]
    with pytest.raises(BacklitError) as told:  # dense3 is no head here, and another one there
        backlit.train((x, t), start=first.network, layers=layers, **QUICK)
    assert (told.value.code, told.value.values["layer"]) == ("BL352", "dense3")
    del layers[4]
    run = backlit.train((x, t), start=first.network, layers=layers, freeze="body", **QUICK)
    assert same_bits(run.network["dense2.weight"], first.network["dense2.weight"])
    assert run.facts["start"]["taken"] == ["dense1", "dense2"]


@pytest.mark.parametrize(
    ("layers", "layer", "got"),
    [
        ([Dense(15, "silu"), Dense(8, "silu"), Dense(5)], "dense1", (16, 64)),
        ([Dense(16, "silu", bias=False), Dense(9), Dense(5)], "dense2", (8, 16)),
        ([Dense(16, name="wide"), Dense(5)], "wide", "-"),
    ],
)
def test_a_layer_of_another_shape_is_told_by_name(layers, layer, got, first):
    with pytest.raises(BacklitError) as told:
        backlit.train(few_digits(), start=first.network, layers=layers, **QUICK)
    assert (told.value.code, told.value.values["layer"], told.value.values["got"]) == ("BL352", layer, got)
    assert len(str(told.value).splitlines()) == 4


def test_other_columns_are_told(first, rng):
    with pytest.raises(BacklitError) as told:
        backlit.train("iris", start=first.network, **QUICK)
    assert (told.value.code, told.value.values["expected"], told.value.values["got"]) == ("BL351", 64, 4)


def test_columns_in_another_order_are_told(tmp_path, rng):
    rows = rng.normal(size=(40, 3))
    lines = [",".join(f"{v:.3f}" for v in row) for row in rows]
    (tmp_path / "a.csv").write_text("\n".join(["age,height,weight", *lines]), encoding="utf-8")
    (tmp_path / "b.csv").write_text("\n".join(["height,age,weight", *lines]), encoding="utf-8")
    old = backlit.train(tmp_path / "a.csv", hidden=[4], **QUICK)
    with pytest.raises(BacklitError) as told:
        backlit.train(tmp_path / "b.csv", start=old.network, **QUICK)
    assert told.value.code == "BL351"


@pytest.mark.parametrize("more", [{"hidden": [4]}, {"activation": "relu"}, {"dropout": 0.1}])
def test_a_model_and_parts_of_another_network_exclude_each_other(more, first):
    with pytest.raises(BacklitError) as told:
        backlit.train("digits", start=first.network, **more, **QUICK)
    assert told.value.code == "BL309"


def test_layers_are_frozen_without_a_model_too(rng):
    run = backlit.train("iris", hidden=[6], freeze="dense1", seed=3, **QUICK)
    untouched = Network([Dense(6, "silu"), Dense(3, "softmax")])
    untouched.prepare(4, seed=3)
    assert same_bits(run.network["dense1.weight"], untouched["dense1.weight"])
    assert "start" not in run.facts


def test_the_rows_that_choose_the_scale_are_the_models(first):
    """What was learned from other rows is not learned again: the preparation is the model's object's equal."""
    table = load("digits")
    parts: Split = split(table, test=0.2, validation=0.15, seed=0)
    assert first.network.preparation == Preparation.fit(table, parts.train)


def table_of(path, towns, answer):
    """A CSV of categories in which the first towns of the list are met first."""
    rng = np.random.default_rng(3)
    rows = [(rng.choice(towns), round(float(rng.normal()), 3)) for _ in range(80)]
    lines = [f"{town},{number},{answer(town, number)}" for town, number in [(towns[0], 0.0), *rows]]
    path.write_text("town,number,answer\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_categories_are_those_of_the_model_whatever_their_order_in_the_new_table(tmp_path):
    towns = ["Nara", "Kyoto", "Osaka"]
    first = table_of(tmp_path / "a.csv", towns, lambda town, number: "yes" if town == "Kyoto" else "no")
    second = table_of(tmp_path / "b.csv", towns[::-1], lambda town, number: "yes" if town == "Kyoto" else "no")
    run = backlit.train(first, epochs=40, out=tmp_path / "runs", progress="none", report=False)
    assert run.result["test"]["accuracy"] == 1.0
    told = run.network
    again = backlit.train(second, start=run.folder, freeze="body", learning_rate=1e-6, epochs=1, progress="none")
    assert again.network.preparation.features == told.preparation.features
    assert again.result["train"]["accuracy"] == 1.0  # the frozen network knows the towns by their names


# ---- the loss -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge", "squared_hinge", "abs(t - o) ** 1.5"])
def test_where_the_head_is_kept_so_is_the_loss_that_it_was_made_for(loss, tmp_path):
    old = backlit.train("moons", hidden=[6], loss=loss, **QUICK)
    path = old.network.save(tmp_path / "m.safetensors")
    for start in (old.network, path):
        run = backlit.train("moons", start=start, **QUICK)
        assert run.facts["start"]["head"] == "kept"
        assert (run.settings.loss, run.network.loss) == (loss, loss)
        assert run.history[-1]["train_loss"] < old.history[0]["train_loss"]  # the same E goes on falling
    asked = backlit.train("moons", start=old.network, loss="squared_error", **QUICK)
    assert asked.settings.loss == "squared_error"


@pytest.mark.parametrize(
    ("loss", "units", "activation"),
    [("hinge", 1, None), ("binary_cross_entropy", 1, "sigmoid"), ("cross_entropy", 2, "softmax"), (None, 2, "softmax")],
)
def test_a_new_head_is_one_that_the_loss_wants(loss, units, activation, first):
    x, t = few_digits()
    two = np.isin(t, ["d0", "d1"])
    run = backlit.train((x[two], t[two]), start=first.network, loss=loss, **{**QUICK, "epochs": 40})
    plain = backlit.train((x[two], t[two]), hidden=[4], loss=loss, **QUICK)
    assert run.facts["start"]["head"] == "new"
    for net in (run.network, plain.network):  # the same as without a model
        *_, head = net.layers()
        assert (head.units, head.activation) == (units, activation)
    assert run.result["test"]["accuracy"] > 0.9

"""Losses in a training: weights of rows and classes, penalties, one unit for two classes, and what is told before."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import load, train
from backlit.errors import BacklitError
from backlit.nn import Dense
from backlit.ops.loss import LOSSES
from backlit.training import Network
from backlit.training.rows.weights import by_name, normalised, of_classes

CLASSES = np.array([0, 1, 1, 0, 1, 0, 0, 0])


@pytest.fixture
def data(rng):
    x = rng.normal(size=(8, 3))
    return x, CLASSES


def code_of(what) -> str:
    with pytest.raises(BacklitError) as caught:
        what()
    assert caught.value.text("ja")
    return caught.value.code


FULL = {"optimizer": "gradient_descent", "dtype": "float64", "learning_rate": 0.5, "epochs": 5}


def fitted(x, t, **settings) -> Network:
    net = Network([Dense(4, "tanh"), Dense(2, "softmax")])
    net.run = net.fit(x, t, **{**FULL, **settings})
    return net


def same_weights(one: Network, other: Network) -> bool:
    return all(np.allclose(v, other.values[n], rtol=1e-10, atol=1e-13) for n, v in one.values.items())


# ---- weights -------------------------------------------------------------------------------------------------


def test_weights_are_as_good_as_repeated_rows(data):
    x, t = data
    w = np.array([0, 1, 2, 3, 1, 0, 2, 1])
    rows = np.repeat(np.arange(8), w)
    one, other = fitted(x, t, sample_weight=w), fitted(x[rows], t[rows])
    assert same_weights(one, other)
    assert one.run.history[-1]["train_loss"] == pytest.approx(other.run.history[-1]["train_loss"], rel=1e-12)
    assert not same_weights(one, fitted(x, t))


def test_only_the_ratios_of_weights_matter(data):
    x, t = data
    w = np.linspace(0.1, 2, 8)
    assert same_weights(fitted(x, t, sample_weight=w), fitted(x, t, sample_weight=1e300 * w))
    assert same_weights(fitted(x, t, sample_weight=np.full(8, 7.0)), fitted(x, t))


def test_weights_of_one_change_nothing_in_batches_either(data):
    x, t = data
    small = {"optimizer": "adam", "batch_size": 3, "learning_rate": 0.01}
    assert same_weights(fitted(x, t, sample_weight=np.ones(8), **small), fitted(x, t, **small))


def test_a_batch_of_rows_without_weight_moves_nothing(data):
    x, t = data
    w = np.array([1.0, 2, 0, 0, 1, 1, 0, 0])
    net = fitted(x, t, sample_weight=w, optimizer="sgd", batch_size=2, shuffle=False)
    assert np.isfinite(net.run.history[-1]["train_loss"])


@pytest.mark.parametrize("loss", ["squared_error", "huber", "cross_entropy", "abs(t - o)**1.5"])
def test_the_training_loss_is_the_weighted_mean_over_all_rows(loss, data):
    x, t = data
    w = np.array([0.5, 1, 2, 3, 1, 0, 2, 1])
    still = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1, "batch_size": 3, "loss": loss}
    net = fitted(x, np.eye(2)[t], sample_weight=w, **still)
    o, target = net.predict(x), np.eye(2)[t]
    each = {
        "squared_error": lambda: ((o - target) ** 2).mean(axis=1),
        "huber": lambda: (0.5 * (o - target) ** 2).mean(axis=1),
        "cross_entropy": lambda: -np.log(o[np.arange(8), t]),
        "abs(t - o)**1.5": lambda: (np.abs(o - target) ** 1.5).mean(axis=1),
    }[loss]()
    assert net.run.history[0]["train_loss"] == pytest.approx(np.average(each, weights=w), rel=1e-9)


def test_held_out_rows_are_weighted_too_and_judged_without_penalties(data):
    x, t = data
    w = np.array([0.5, 1, 2, 3, 1, 0, 2, 1])
    still = {"optimizer": "sgd", "learning_rate": 1e-12, "epochs": 1, "batch_size": 3, "l2": 10.0}
    net = fitted(x, t, validation=(x, t, w), **still)
    loss = -np.log(net.predict(x)[np.arange(8), t])
    assert net.run.history[0]["valid_loss"] == pytest.approx(np.average(loss, weights=w), rel=1e-9)
    squares = sum((v * v).sum() for n, v in net.values.items() if n.endswith("weight"))
    assert net.run.history[0]["train_loss"] == pytest.approx(loss.mean() + 5 * squares, rel=1e-9)
    by_class = fitted(x, t, validation=(x[:4], t[:4]), class_weight="balanced", **still)
    inverse = np.array([8 / (2 * 5), 8 / (2 * 3)])[t[:4]]  # of the training rows
    assert by_class.run.history[0]["valid_loss"] == pytest.approx(np.average(loss[:4], weights=inverse), rel=1e-9)


def test_without_rows_held_out_a_full_batch_is_judged_by_all_that_training_makes_small(data):
    x, t = data
    net = fitted(x, t, l2=0.5, epochs=50)
    assert net.run.result["best_epoch"] == 50
    strong = sum((v * v).sum() for n, v in net.values.items() if n.endswith("weight"))
    free = sum((v * v).sum() for n, v in fitted(x, t, epochs=50).values.items() if n.endswith("weight"))
    assert strong < 0.7 * free


def test_balanced_is_what_scikit_learn_says(data):
    sk = pytest.importorskip("sklearn.utils.class_weight")
    t = np.array([0, 0, 0, 2, 2, 3])
    found = of_classes("balanced", np.eye(4)[t], LOSSES["cross_entropy"])
    assert found[[0, 2, 3]] == pytest.approx(sk.compute_class_weight("balanced", classes=np.unique(t), y=t))
    column = of_classes("balanced", CLASSES[:, None] * 1.0, LOSSES["binary_cross_entropy"])
    assert column == pytest.approx(sk.compute_class_weight("balanced", classes=np.array([0, 1]), y=CLASSES))


def test_class_weights_multiply_the_rows_own(data):
    x, t = data
    w = np.linspace(0.5, 2, 8)
    one = fitted(x, t, sample_weight=w, class_weight={1: 3.0})
    assert same_weights(one, fitted(x, t, sample_weight=w * np.where(t == 1, 3.0, 1.0)))
    assert same_weights(one, fitted(x, t, sample_weight=w, class_weight=[1.0, 3.0]))


def test_numbers_of_numpy_are_numbers_and_can_be_written(data, tmp_path):
    x, t = data
    for given in (np.array([1.0, 2.0]), {np.int64(1): np.float32(2)}, [np.float32(1), np.int8(2)]):
        net = fitted(x, t, class_weight=given, l2=np.float32(0.5), loss_options={"reduction": "sum"})
        net.run.save(tmp_path)
        assert same_weights(net, fitted(x, t, class_weight=[1, 2], l2=0.5, loss_options={"reduction": "sum"}))
    net = Network([Dense(1)])
    net.fit(x, t * 1.0, loss="huber", loss_options={"delta": np.float32(0.5)}, epochs=1).save(tmp_path)


def test_normalised_weights_have_the_mean_one_and_sums_take_them_as_they_are():
    w = np.array([1e308, 1e308, 5e307])
    assert normalised(w, "mean").mean() == pytest.approx(1)
    assert normalised(np.ones(5), "rows").tolist() == [[1.0]] * 5
    assert normalised(w, "sum")[:, 0].tolist() == w.tolist()


def test_names_of_classes_become_their_numbers():
    assert by_name({"b": 2.0}, ("a", "b")) == {1: 2.0}
    assert by_name("balanced", ("a", "b")) == "balanced"
    assert code_of(lambda: by_name({"c": 2.0}, ("a", "b"))) == "BL330"


@pytest.mark.parametrize(
    "w", [np.ones(7), np.ones((8, 2)), -np.ones(8), np.full(8, np.nan), np.zeros(8), "heavy", [None] * 8, 1.0]
)
def test_weights_of_rows_that_cannot_be_are_told(w, data):
    x, t = data
    assert code_of(lambda: fitted(x, t, sample_weight=w)) == "BL219"
    assert code_of(lambda: fitted(x, t, validation=(x, t, w))) == "BL219"


@pytest.mark.parametrize(
    "w", ["even", {2: 1.0}, {"one": 1.0}, [1.0], [1.0, -1.0], {0: np.nan}, 3, {True: 1.0}, {0: "2"}]
)
def test_weights_of_classes_that_cannot_be_are_told(w, data):
    x, t = data
    assert code_of(lambda: fitted(x, t, class_weight=w)) == "BL330"


def test_numbers_have_no_classes_to_be_weighted(data):
    x, t = data
    assert code_of(lambda: fitted(x, np.eye(2)[t], loss="huber", class_weight="balanced")) == "BL320"


# ---- two classes, one unit ---------------------------------------------------------------------------------------


def test_one_sigmoid_unit_learns_two_classes(rng):
    x = rng.normal(size=(200, 2))
    t = (x[:, 0] * x[:, 1] > 0).astype(int)
    net = Network([Dense(16, "tanh"), Dense(1, "sigmoid")])
    run = net.fit(
        x, t, loss="binary_cross_entropy", epochs=200, learning_rate=0.02, validation=(x, t), class_weight="balanced"
    )
    o = net.predict(x)
    assert o.shape == (200, 1)
    assert ((o > 0) & (o < 1)).all()
    right = np.mean((o[:, 0] > 0.5) == t)
    assert right > 0.9
    assert run.history[run.result["best_epoch"] - 1]["valid_accuracy"] == pytest.approx(right)
    found = net.evaluate(x, t)
    assert found["accuracy"] == pytest.approx(right)
    chosen = np.where(t == 1, o[:, 0], 1 - o[:, 0]).astype(np.float64)
    assert found["loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-4)
    assert net.evaluate(x, t[:, None] * 1.0) == found


def test_a_network_that_gives_logits_predicts_shares_and_rates(rng):
    x = rng.normal(size=(30, 2))
    for loss, through in (("binary_cross_entropy", lambda u: 1 / (1 + np.exp(-u))), ("poisson", np.exp)):
        net = Network([Dense(1)])
        net.fit(x, rng.integers(0, 2, 30), loss=loss, epochs=2, dtype="float64")
        u = x @ net["dense1.weight"].T + net["dense1.bias"]
        np.testing.assert_allclose(net.predict(x), through(u), rtol=1e-12)


def test_a_hinge_counts_the_side_and_takes_class_numbers_for_several_units(rng):
    x = rng.normal(size=(120, 2))
    t = x[:, 0] > 0.3
    net = Network([Dense(1)])
    run = net.fit(x, 2 * t - 1, loss="hinge", epochs=300, validation=(x, 2 * t - 1), learning_rate=0.05)
    assert run.history[-1]["valid_accuracy"] > 0.95
    assert net.evaluate(x, 2 * t - 1)["accuracy"] == net.evaluate(x, t.astype(int))["accuracy"] > 0.95
    several = Network([Dense(3)])
    run = several.fit(x, np.digitize(x[:, 0], [-0.5, 0.5]), loss="squared_hinge", epochs=5, validation=(x, t * 1))
    assert 0 <= run.history[-1]["valid_accuracy"] <= 1


def test_several_labels_a_row_are_counted_one_by_one_and_not_by_the_largest_output(rng):
    x, t = rng.normal(size=(40, 2)), rng.integers(0, 2, (40, 3))
    t[0] = 1
    net = Network([Dense(3, "sigmoid")])
    run = net.fit(x, t, loss="binary_cross_entropy", epochs=2, validation=(x, t))
    assert set(run.history[-1]) == {"epoch", "train_loss", "valid_loss", "valid_accuracy", "valid_exact"}
    right = (net.predict(x) >= 0.5) == (t == 1)
    best = run.history[run.result["best_epoch"] - 1]
    assert best["valid_accuracy"] == pytest.approx(right.mean())
    assert best["valid_exact"] == pytest.approx(right.all(axis=1).mean())


@pytest.mark.parametrize(
    ("loss", "width"),
    [("binary_cross_entropy", 1), ("hinge", 1), ("squared_hinge", 1), ("kl_divergence", 2), ("squared_error", 2),
     ("binary_cross_entropy_from_probabilities(clip=1e-7)", 1), ("cross_entropy_from_probabilities", 2)],
)  # fmt: skip
def test_a_table_of_two_classes_works_from_end_to_end(loss, width, tmp_path):
    run = train("breast_cancer", loss=loss, epochs=40, progress="none", baselines=False, out=tmp_path)
    assert run.result["test"]["accuracy"] > 0.9
    assert run.network.last.units == width
    table = backlit.data.load("breast_cancer")
    again = load(run.folder)
    o = again.predict(table.x)
    assert o.shape == (569, 2)
    np.testing.assert_array_equal(o, run.network.predict(table.x))
    assert np.mean(again.preparation.labels(o) == np.array(table.classes)[table.t]) > 0.9
    if "entropy" in loss or "kl" in loss:
        np.testing.assert_allclose(o.sum(axis=1), 1, atol=1e-6)
        assert "loss" in run.result["test"]


def test_a_single_sigmoid_unit_for_two_classes_has_its_loss_by_itself():
    run = train(
        "breast_cancer", layers=[Dense(8, "relu"), Dense(1, "sigmoid")], epochs=30, progress="none", baselines=False
    )
    assert run.facts["settings"]["loss"] == "binary_cross_entropy"
    assert run.result["test"]["accuracy"] > 0.9


def test_three_classes_can_be_told_apart_one_against_the_rest():
    for loss in ("binary_cross_entropy", "squared_hinge"):
        run = train("iris", loss=loss, epochs=300, progress="none", baselines=False, class_weight={"setosa": 2})
        assert run.network.last.units == 3
        assert run.result["test"]["accuracy"] > 0.8


def test_a_regression_with_weights_and_a_typed_loss():
    table = backlit.data.load("diabetes")
    w = np.where(table.t[:, 0] > 200, 3.0, 1.0)
    run = train(
        "diabetes", loss="abs(t - o)**1.5", sample_weight=w, epochs=40, progress="none", baselines=False, l1=1e-4
    )
    assert run.result["test"]["r2"] > 0.3
    assert {"loss": "abs(t - o)**1.5", "l1": 1e-4, "weighted": True}.items() <= run.facts["settings"].items()
    assert code_of(lambda: train("diabetes", sample_weight=w[:-1], progress="none")) == "BL219"


def test_a_quantile_lies_above_its_share_of_the_targets():
    run = train("diabetes", loss="quantile(q=0.9)", epochs=200, progress="none", baselines=False, seed=1)
    table = backlit.data.load("diabetes")
    below = np.mean(table.t < run.network.predict(table.x))
    assert 0.8 < below < 0.97


def test_targets_of_counts_are_left_as_they_are(rng):
    x = rng.normal(size=(300, 2))
    t = rng.poisson(np.exp(0.5 + x[:, :1]))
    run = train((x, t * 1.0), task="regression", loss="poisson", epochs=200, progress="none", baselines=False)
    assert run.network.preparation.target[0].scale == 1
    rates = run.network.predict(x)
    assert (rates > 0).all()
    assert np.corrcoef(np.log(rates[:, 0]), x[:, 0])[0, 1] > 0.9


# ---- told before training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "layer", "t", "place"),
    [
        ("poisson", None, [1.0, 0.0, -2.0, 3.0], (2, 0)),
        ("binary_cross_entropy", "sigmoid", [0, 1, 2, 1], (2, 0)),
        ("hinge", None, [0, 1, 1, 0], (0, 0)),
        ("binary_cross_entropy_from_probabilities", "sigmoid", [0.5, 1.5, 0, 0], (1, 0)),
    ],
)
def test_targets_outside_the_domain_of_the_loss_are_told(loss, layer, t, place):
    net = Network([Dense(1, layer)])
    with pytest.raises(BacklitError) as caught:
        net.fit(np.zeros((4, 2)), t, loss=loss)
    error = caught.value
    assert error.code == "BL218"
    assert (error.values["row"], error.values["column"]) == place
    assert error.values["got"] == f"{t[place[0]]:g}"
    assert len(str(error).splitlines()) == 4
    assert not net.values


@pytest.mark.parametrize(
    ("loss", "layer", "fits"),
    [
        ("poisson_from_rates", None, False),
        ("poisson_from_rates", "tanh", False),
        ("poisson_from_rates", "relu", True),
        ("poisson_from_rates", "exp(u)", True),
        ("binary_cross_entropy_from_probabilities", None, False),
        ("binary_cross_entropy_from_probabilities", "sigmoid", True),
        ("binary_cross_entropy_from_probabilities(clip=1e-7)", None, True),
    ],
)  # fmt: skip
def test_outputs_that_can_leave_the_domain_of_the_loss_are_told(loss, layer, fits, rng):
    def fit():
        Network([Dense(1, layer)]).fit(rng.normal(size=(4, 2)), [0.0, 1.0, 1.0, 0.0], loss=loss, epochs=1)

    if fits:
        fit()
    else:
        assert code_of(fit) == "BL335"


def test_the_row_of_a_table_is_told(rng):
    t = np.arange(20.0)
    t[13] = -3
    with pytest.raises(BacklitError) as caught:
        train((rng.normal(size=(20, 2)), t), task="regression", loss="poisson", progress="none")
    assert (caught.value.code, caught.value.values["row"], caught.value.values["got"]) == ("BL218", 13, "-3")


@pytest.mark.parametrize("t", [[[1.0], [1.0]], [0, 1], [0.0, 1.0]])
def test_cross_entropy_of_a_single_output_is_told(t):
    assert code_of(lambda: Network([Dense(1, "softmax")]).fit(np.zeros((2, 2)), t)) == "BL333"
    assert code_of(lambda: Network([Dense(1)]).fit(np.zeros((2, 2)), t, loss="kl_divergence")) == "BL333"


def test_outputs_that_are_squashed_twice_are_noticed(data):
    x, t = data
    run = Network([Dense(2, "sigmoid")]).fit(x, t, loss="cross_entropy", epochs=1)
    assert [n["code"] for n in run.notices] == ["BL334"]
    assert run.notices[0]["other"] == "softmax"
    for layer in ("softmax", None, "relu"):
        assert Network([Dense(2, layer)]).fit(x, t, loss="cross_entropy", epochs=1).notices == []


def test_a_loss_that_cannot_be_leaves_the_network_as_it_was(data):
    x, t = data
    net = fitted(x, t)
    before = {n: v.copy() for n, v in net.values.items()}
    for loss in ("abs(t)", "hubert", "abs(o", "huber(delta=0)"):
        code_of(lambda loss=loss: net.fit(x, t, loss=loss))
    assert net.loss == "cross_entropy"
    assert all(np.array_equal(before[n], v) for n, v in net.values.items())


# ---- engines, threads, files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cross_entropy", "log_cosh", "abs(t - o)**1.5"])
def test_engines_and_threads_train_alike(loss, rng):
    x, t = rng.normal(size=(64, 5)), np.eye(3)[rng.integers(0, 3, 64)]
    found = []
    for settings in (
        {"engine": "interpreter"},
        {"engine": "compiled", "threads": 1},
        {"engine": "compiled", "threads": 2},
    ):
        net = Network([Dense(8, "tanh"), Dense(3, "softmax")])
        net.fit(
            x, t, loss=loss, epochs=3, batch_size=20, dtype="float64", l1=1e-3, l2=1e-2,
            sample_weight=np.linspace(0, 2, 64), **settings,
        )  # fmt: skip
        found.append(net)
    assert same_weights(found[0], found[1])
    assert same_weights(found[1], found[2])


def test_a_typed_loss_survives_the_model_file(data, tmp_path):
    x, t = data
    net = fitted(x, np.eye(2)[t], loss="log(1 + (o - t) ^ 2)")
    again = load(net.save(tmp_path / "model.safetensors"))
    assert again.loss == "log(1 + (o - t) ^ 2)"
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    again.fit(x, np.eye(2)[t], epochs=1)


def test_labels_that_are_several_a_row_are_no_classes_to_be_weighted(rng):
    x, t = rng.normal(size=(30, 4)), (rng.random((30, 3)) > 0.5).astype(float)
    net = Network([Dense(3, "sigmoid")])
    with pytest.raises(BacklitError) as told:
        net.fit(x, t, loss="binary_cross_entropy", class_weight="balanced", epochs=1)
    assert told.value.code == "BL320"

"""The repair: changes are joined until they are enough, within the time that is given, and the training done again."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.doctor.trial import Change
from backlit.messages import catalogue
from backlit.training.clinic.trials import repaired, scaled, scales_of
from backlit.training.whole.diagnosing import diagnose


def table(count=400):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(count, 4))
    t = x[:, 0] + 0.5 * x[:, 1] * x[:, 2]
    return x, t


def twice_ill():
    """Outputs that cannot reach their targets, and targets that are far too large for the steps."""
    x, t = table()
    net = Network([Dense(32, "relu"), Dense(1, "sigmoid")])
    return diagnose(net, x, 5000 + 2000 * t, epochs=40, learning_rate=0.003, budget=60.0)


def test_one_remedy_is_not_enough_and_several_are():
    found = twice_ill()
    root, repair = found.findings[0], found.repair
    assert root.code == "DR101"
    assert root.tried[0].skill < 0.5
    names = [part.name for part in repair.change.each]
    assert names[0] == "output_activation"
    assert "scale_t" in names
    assert repair.fresh
    assert repair.skill > 0.8
    again = repaired(found.run, repair.change)
    inputs = scaled(found.run.origin.inputs, repair.change)
    out = np.asarray(again.last.predict(inputs["x"])).ravel()
    t = inputs["t"].ravel()
    assert 1 - ((out - t) ** 2).mean() / t.var() > 0.8, "done again on all rows it is as good as the trial said"


def test_a_diagnosis_with_its_repair_is_plain_data():
    told = json.loads(json.dumps(twice_ill().told()))
    assert told["repair"]["parts"][0] == "output_activation"


def test_changes_join_and_keep_their_parts():
    one, other = Change("scale_x", scale=("x",)), Change("epochs", settings={"epochs": 9})
    third = Change("scale_t", scale=("t",), settings={"epochs": 7})
    joined = one.joined(other).joined(third)
    assert [part.name for part in joined.each] == ["scale_x", "epochs", "scale_t"]
    assert joined.scale == ("x", "t")
    assert joined.settings == {"epochs": 7}
    assert [part.name for part in one.each] == ["scale_x"]


def test_a_change_scales_by_its_own_rows_and_a_constant_is_only_centred():
    rows = {"x": np.array([[1.0, 5.0], [3.0, 5.0]]), "t": np.array([[2.0], [4.0]]), "sample_weight": np.ones((2, 1))}
    change = Change("scale_x", scale=("x", "t"))
    found = scaled(rows, change)
    assert found["x"].tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert found["t"].tolist() == [[-1.0], [1.0]]
    assert found["sample_weight"] is rows["sample_weight"]
    assert set(scales_of(rows, change)) == {"x", "t"}
    assert scaled({"x": rows["x"], "t": np.array([[7.0], [3.0]])}, Change("one_hot", decode="one_hot"))[
        "t"
    ].tolist() == [
        [0.0, 1.0],
        [1.0, 0.0],
    ]


def test_a_training_that_was_refused_is_repaired_too():
    x, t = table()
    labels = np.digitize(t, [-0.5, 0.5]).reshape(-1, 1).astype(float)
    net = Network([Dense(16, "relu"), Dense(3, "softmax")])
    found = diagnose(net, x, labels, loss="cross_entropy_from_scores", epochs=30, budget=60.0)
    assert found.findings[0].code == "DR109"
    assert found.repair.change.each[0].name == "one_hot"
    assert found.repair.skill > 0.5


def test_without_time_nothing_is_tried_and_that_is_said():
    x, t = table(60)
    found = diagnose(Network([Dense(4, "relu"), Dense(1, "sigmoid")]), x, 9 * t, epochs=5, budget=0.0)
    assert found.repair is None
    assert ("trials", "no_budget") in found.left_out
    assert found.findings[0].code == "DR101"


@pytest.mark.slow
def test_a_network_too_large_for_trials_says_so_and_keeps_to_its_time():
    x, t = table(2000)
    net = Network([Dense(1500, "relu"), Dense(1500, "relu"), Dense(1, "sigmoid")])
    begin = time.process_time()
    found = diagnose(net, x, 9 * t, epochs=1, learning_rate=1e-6, budget=0.5)
    assert found.findings[0].code == "DR101"
    reasons = {reason for _, reason in found.left_out}
    assert reasons & {"too_large", "out_of_time", "cut"}
    assert reasons <= {*catalogue("en")["doctor_left"], "late"}
    assert time.process_time() - begin < 60

"""Every library that is measured computes what Backlit computes: losses of trainings, answers of networks."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from backlit.bench import check, peers, run
from backlit.bench.peers import Unsuited
from backlit.bench.workloads import NAMES, PREDICTION, TRAINING, Workload
from backlit.cli.bench import SECTIONS, WORKLOADS
from backlit.ops.random import permutation

SHORT = {w.name: replace(w, batches=min(w.batches, 5)) for w in TRAINING}
TRAINED = ("tiny", "small", "digits", "deep", "gelu", "batchnorm")  # the others differ from these in size alone


def learner(peer: str, w: Workload):
    """A peer's training; the test is skipped where the peer is not installed or has not what the network needs."""
    for package in peers.PEERS[peer][1] if peer != peers.OURS else ():
        pytest.importorskip(package)
    try:
        return peers.learning(peer, w)
    except Unsuited:
        pytest.skip("a part of the network is missing there")


@pytest.mark.oracle
@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("peer", ["pytorch", "jax", "sklearn"])
def test_a_peer_has_the_same_losses(peer, name):
    w = SHORT[name].without_dropout()
    ours = learner(peers.OURS, w).losses(3)
    found = check.losses(learner(peer, w), ours)
    assert len(found.losses) == 3
    assert found.same, found
    assert ours[2] < ours[0]


@pytest.mark.oracle
@pytest.mark.parametrize("peer", ["pytorch", "jax"])
def test_dropout_is_on_when_it_is_timed(peer):
    w = SHORT["batchnorm"]
    ours = learner(peers.OURS, w.without_dropout()).losses(1)
    assert not check.losses(learner(peer, w), ours).same
    assert not check.losses(learner(peers.OURS, w), ours).same


@pytest.mark.oracle
def test_another_learning_rate_is_found_out():
    ours = learner(peers.OURS, SHORT["small"]).losses(2)
    other = learner("sklearn", replace(SHORT["small"], learning_rate=2e-3))
    assert not check.losses(other, ours).same


@pytest.mark.oracle
@pytest.mark.parametrize("asking", PREDICTION, ids=lambda a: a.name)
@pytest.mark.parametrize("peer", ["pytorch", "jax", "sklearn", "onnxruntime"])
def test_a_peer_gives_the_same_answers(peer, asking):
    for package in peers.PEERS[peer][1]:
        pytest.importorskip(package)
    asking = replace(asking, rows=min(asking.rows, 600))  # more than one batch for those who answer in batches
    x = asking.inputs()
    wanted = peers.answering(peers.OURS, asking)["predict"](x)
    assert wanted.shape == (asking.rows, asking.network.sizes[-1])
    for way, answer in peers.answering(peer, asking).items():
        assert check.answers(answer(x), wanted).same, way


def test_answers_of_another_shape_are_not_the_same():
    assert not check.answers(np.zeros((2, 1)), np.zeros(2)).same
    assert not check.answers(np.array([1.0, np.nan]), np.ones(2)).same


def test_a_turn_gives_the_microseconds_of_a_step():
    for peer in (peers.OURS, "sklearn"):
        made = learner(peer, SHORT["small"])
        made.turn(0.01)
        assert 0.1 < made.turn(0.01) < 1e5


@pytest.mark.oracle
def test_a_turn_of_pytorch_ends_where_the_cores_are_busy(monkeypatch):
    made = learner("pytorch", SHORT["small"])
    steps = []

    def slow(x, t):
        steps.append(len(x))
        time.sleep(0.01)

    monkeypatch.setattr(made, "step", slow)
    assert made.turn(0.001) >= 1e4
    assert len(steps) == 1
    assert made.turn(0.05) >= 1e4
    assert steps[1:] == [32, 32, 32, 32, 19]


@pytest.mark.parametrize("w", TRAINING, ids=lambda w: w.name)
def test_the_last_batch_of_a_workload_is_partial(w):
    assert -(-w.rows // w.batch) == w.batches
    assert 2 <= w.rows % w.batch < w.batch
    x, t = w.data()
    assert (x.shape, len(t), x.dtype) == ((w.rows, w.sizes[0]), w.rows, w.dtype)
    assert [a.shape for a, _ in w.weights()] == list(zip(w.sizes, w.sizes[1:], strict=False))


def test_no_workload_can_be_learned_by_heart():
    for w in TRAINING:
        x, t = w.data()
        same = (x == x[0]).all(axis=1)
        assert same.sum() >= 3
        assert len(np.unique(t[same])) > 1, w.name


def test_all_get_the_order_that_backlit_draws():
    w = TRAINING[1]
    assert np.array_equal(w.order(3), permutation(w.seed, 3, w.rows))
    assert not np.array_equal(w.order(0), w.order(1))


def test_the_command_line_knows_all_workloads_and_sections():
    assert WORKLOADS == NAMES
    assert tuple(run.SECTIONS) == SECTIONS

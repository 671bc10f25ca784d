"""Tapes and their code are made once for networks that are alike, and for no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import Dense, Dropout, Network
from backlit.core.remembered import MOST, Remembered
from backlit.training.loop.fitting import training_tape
from backlit.training.loop.settings import Settings

X = np.random.default_rng(0).normal(size=(40, 3))
T = (X[:, 0] > 0).astype(int)


def tape(layers: Any = None, features: int = 3, **settings: Any) -> Any:
    net = Network(layers or [Dense(4, "elu(u, alpha=0.5)"), Dropout(0.2), Dense(2, "softmax")])
    net.prepare(features)
    return training_tape(net, Settings.of(loss="cross_entropy", **settings))


def test_networks_that_are_alike_share_a_tape():
    assert tape() is tape()


@pytest.mark.parametrize(
    "other",
    [
        {"features": 4},
        {"layers": [Dense(5, "elu(u, alpha=0.5)"), Dropout(0.2), Dense(2, "softmax")]},
        {"layers": [Dense(4, "elu(u, alpha=0.25)"), Dropout(0.2), Dense(2, "softmax")]},
        {"layers": [Dense(4, "elu(u, alpha=0.5)"), Dropout(0.3), Dense(2, "softmax")]},
        {"layers": [Dense(4, "elu(u, alpha=0.5)", name="first"), Dropout(0.2), Dense(2, "softmax")]},
        {"layers": [Dense(4, "elu(u, alpha=0.5)", trainable=False), Dropout(0.2), Dense(2, "softmax")]},
        {"layers": [Dense(4, "elu(u, alpha=0.5)", trainable_bias=False), Dropout(0.2), Dense(2, "softmax")]},
        {"learning_rate": 0.1},
        {"optimizer": "sgd"},
        {"l2": 0.1},
        {"label_smoothing": 0.1},
        {"clip_norm": 1.0},
        {"schedule": "cosine"},
        {"loss_options": {"reduction": "sum"}},
    ],
    ids=str,
)
def test_what_differs_in_anything_has_a_tape_of_its_own(other):
    assert tape(**other) is not tape()
    assert tape(**other).text() != tape().text() or tape(**other).scalars != tape().scalars or "name" in str(other)


def fitted(rate: float, **more: Any) -> tuple[Any, list[dict[str, float]]]:
    net = Network([Dense(4, "silu"), Dropout(0.2), Dense(2, "softmax")])
    run = net.fit(X[:30], T[:30], validation=(X[30:], T[30:]), epochs=5, learning_rate=rate, **more)
    return net.predict(X), run.history


@pytest.mark.parametrize("threads", [1, 2])
def test_a_second_training_has_the_bits_of_the_first(threads):
    first = fitted(0.01, threads=threads)
    fitted(0.5, threads=threads)  # the same code with another number in the table of scalars
    fitted(0.01, threads=threads, batch_size=7)
    again = fitted(0.01, threads=threads)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1] == again[1]


def test_two_runs_that_share_a_tape_do_not_share_what_they_write_to():
    """The code holds the number of rows of the batch, which each run fills in for itself."""
    table = backlit.data.load("iris")
    alone = [backlit.train(table, seed=s, epochs=4, progress="none", baselines=False).history for s in (0, 1)]
    nets = [Network([Dense(8, "silu"), Dense(3, "softmax")]) for _ in range(2)]
    seen: list[Any] = []
    nets[0].fit(table.x, table.t, epochs=1, watch=seen.append)
    nets[1].fit(table.x[:50], table.t[:50], epochs=1, watch=seen.append)
    one, two = seen[0].loop, seen[-1].loop
    assert one.train_tape is two.train_tape
    assert not np.shares_memory(one.train.code, two.train.code)
    assert one.train.scalars == two.train.scalars
    assert one.train.scalars is not two.train.scalars
    assert alone[0] != alone[1]


def test_the_last_things_are_kept_and_older_ones_go():
    made: list[int] = []

    def make(n: int) -> Any:
        return lambda: made.append(n) or n

    known: Remembered[int] = Remembered()
    for n in range(MOST + 1):
        known.get(n, make(n + 1))
    known.get(MOST, make(-1))  # there
    assert made == [n + 1 for n in range(MOST + 1)]
    known.get(0, make(-2))  # gone, and made anew
    assert made[-1] == -2
    assert len(known.known) == MOST


def test_a_tape_is_known_by_itself():
    one = tape()
    assert replace(one) != one

"""Prediction: whole batches and single rows, by one thread or two, with the weights as they are at the moment."""

import threading

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import BacklitError
from backlit.training.loop import predicting
from backlit.training.loop.predicting import Predictor


def network(features=30, *, dtype=np.float32):
    net = Network([Dense(33, "relu"), Dense(17, "tanh"), Dense(3, "softmax")])
    net.prepare(features, seed=3, dtype=dtype)
    return net


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_quick_way_and_the_long_way_give_the_same_bits(dtype, rng):
    net = network(dtype=dtype)
    made = Predictor(net, dtype=str(np.dtype(dtype)))
    for rows in (1, 2, 255, 256, 257, 700):
        x = rng.normal(size=(rows, 30)).astype(dtype)
        quick = made.quick(x)
        assert quick.shape == (rows, 3)
        assert np.array_equal(quick, made([x.astype(np.float64)]))


def test_what_is_not_ready_to_use_takes_the_long_way(rng):
    net = network()
    made = Predictor(net)
    x = rng.normal(size=(4, 30)).astype(np.float32)
    for other in (x.tolist(), x.astype(np.float64), x[:, ::-1], x[0], np.asfortranarray(x), x[:, :29], x[:0]):
        assert made.quick(other) is None
    assert np.array_equal(net.predict(np.asfortranarray(x)), net.predict(x))
    assert np.array_equal(net.predict(x.tolist()), net.predict(x))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rows", [1, 300])
def test_a_row_that_is_not_finite_is_told_with_its_place(value, rows, rng):
    net = network()
    x = rng.normal(size=(rows, 30)).astype(np.float32)
    net.predict(x)
    x[-1, 7] = value
    with pytest.raises(BacklitError) as told:
        net.predict(x)
    assert told.value.code == "BL105"
    assert told.value.values["row"] == rows - 1
    assert told.value.values["column"] == 7


def test_weights_that_are_written_to_count_at_once(rng):
    net = network()
    x = rng.normal(size=(5, 30)).astype(np.float32)
    before = net.predict(x)
    held = net["dense3.bias"]
    held += np.float32([1, 2, 3])
    after = net.predict(x)
    assert not np.allclose(before, after)
    net.values["dense3.bias"] = held - np.float32([1, 2, 3])  # another array altogether
    assert np.allclose(net.predict(x), before, atol=1e-6)
    net.values["dense3.bias"] = (held - np.float32([1, 2, 3])).astype(np.float64)  # of another type
    assert np.allclose(net.predict(x), before, atol=1e-6)
    net.values["dense3.bias"] += 1.0
    assert np.allclose(net.predict(x), before, atol=1e-6)  # the same for all classes: softmax does not see it
    net.values["dense3.bias"][0] += 9.0
    assert not np.allclose(net.predict(x), before)


def test_two_threads_give_the_bits_of_one(rng, monkeypatch):
    net = network()
    x = rng.normal(size=(3000, 30)).astype(np.float32)
    one = Predictor(net)
    one.two = False
    sizes = (3000, 2999, 513, 257)
    wanted = [one.quick(x[:rows]) for rows in sizes]
    monkeypatch.setattr(predicting, "WORTH_TWO_THREADS", 0)
    two = Predictor(net)
    two.two = True
    for rows, answer in zip(sizes, wanted, strict=True):
        assert np.array_equal(two.quick(x[:rows]), answer)
    assert len(two.lanes) == 2
    x[2999, 0] = np.nan
    assert two.quick(x) is None


def test_threads_that_predict_at_the_same_time_do_not_disturb_each_other(rng):
    net = network()
    rows = [rng.normal(size=(n, 30)).astype(np.float32) for n in (1, 40, 300, 1000)]
    wanted = [net.predict(x) for x in rows]
    wrong = []

    def use(x, answer):
        for _ in range(200):
            if not np.array_equal(net.predict(x), answer):
                wrong.append(len(x))

    threads = [threading.Thread(target=use, args=pair) for pair in zip(rows, wanted, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_failure_of_the_second_thread_is_told(rng, monkeypatch):
    monkeypatch.setattr(predicting, "WORTH_TWO_THREADS", 0)
    two = Predictor(network())
    two.two = True
    x = rng.normal(size=(1000, 30)).astype(np.float32)
    assert two.quick(x) is not None

    def broken(*given):
        raise MemoryError("no room")

    monkeypatch.setattr(two.lanes[1], "run", broken)
    with pytest.raises(MemoryError, match="no room"):
        two.quick(x)

"""Where the first NaN or infinity came from: every operation is made to overflow once, in one row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import BacklitError
from backlit.nn import initial
from backlit.ops.words import WORDS

ROWS, BAD = 40, 23

# word: a formula, and a u for which this word of it gives no finite number while all before it is finite
FORMULAS = {
    "exp": ("exp(u)", 100.0),
    "expm1": ("expm1(u)", 100.0),
    "log": ("log(u + 10)", -11.0),
    "log1p": ("log1p(u / 4)", -8.0),
    "sqrt": ("sqrt(u + 10)", -11.0),
    "div": ("1 / (u - 30)", 30.0),
    "mul": ("u * u", 1e30),
    "add": ("u + abs(u)", 3e38),
    "sub": ("u - abs(u)", -3e38),
    "pow": ("(u + 10) ^ 1.5", -11.0),
}
# of finite numbers these give finite ones only
BOUNDED = {
    "neg", "abs", "sign", "max", "min", "gt", "ge", "lt", "le", "eq", "where", "tanh", "sin", "cos", "atan", "erf",
    "floor", "ndtr", "round", "isnan",
}  # fmt: skip


def broken(net, x, t, **settings):
    """The facts of the error that ended a training."""
    with pytest.raises(BacklitError) as caught:
        net.fit(x, t, batch_size=8, epochs=5, **settings)
    return caught.value.values


def test_every_word_is_here():
    assert set(WORDS) == set(FORMULAS) | BOUNDED & set(WORDS)


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@pytest.mark.parametrize("word", FORMULAS)
def test_every_word_of_a_formula_that_overflows_is_named_with_its_row(word, engine):
    formula, value = FORMULAS[word]
    x = np.full((ROWS, 1), 2.0)
    x[BAD] = value
    one = initial.constant(1.0)
    net = Network([Dense(1, formula, weights=one, bias=False), Dense(1, weights=one)])
    told = broken(net, x, np.ones(ROWS), engine=engine, learning_rate=1e-30)
    assert (told["word"], told["row"], told["forward"]) == (word, BAD, True)
    assert told["given"]
    assert all(math.isfinite(v) for v in told["given"].values())
    assert not math.isfinite(told["result"])
    operands = [v for name, v in told["given"].items() if name.startswith(f"{word}[")]
    assert WORDS[word].arity == len(operands)
    with np.errstate(all="ignore"):
        again = WORDS[word].numpy(*(np.float32(v) for v in operands))
    assert np.array_equal(np.float32(again), np.float32(told["result"]), equal_nan=True), "the operands give it again"


# operation: layers, x of the bad row, t of the bad row, settings
STRUCTURAL = {
    "affine": ([Dense(1, weights=initial.constant(1e30))], 1e30, 0.0, {}),
    "squared_error": ([Dense(1, weights=initial.constant(1.0))], 1e25, 0.0, {"loss": "squared_error"}),
}


@pytest.mark.parametrize("op", STRUCTURAL)
def test_sums_products_and_losses_that_overflow(op):
    layers, value, target, settings = STRUCTURAL[op]
    x, t = np.zeros((ROWS, 1)), np.ones(ROWS)
    x[BAD], t[BAD] = value, target
    told = broken(Network(layers), x, t, **settings)
    assert told["op"] == op
    assert all(math.isfinite(v) for v in told["given"].values())
    assert max(map(abs, told["given"].values())) == pytest.approx(value, rel=0.01)
    if told["row"] is not None:
        assert told["row"] == BAD


def test_a_matrix_product_on_the_way_back():
    """The error signal of the last layer is finite, and times its weights it is not."""
    net = Network([Dense(1, "tanh", weights=initial.constant(1e-3)), Dense(1, weights=initial.constant(1e30))])
    told = broken(net, np.ones((ROWS, 1)), np.zeros(ROWS), loss="1e10 * abs(t - o)", shuffle=False)
    assert (told["word"], told["row"], told["forward"]) == ("matmul", 0, False)
    assert sorted(abs(v) for v in told["given"].values()) == pytest.approx([1e10 / 8, 1e30])


def test_an_update_that_overflows():
    net = Network([Dense(1, weights=initial.constant(1.0))])
    told = broken(net, np.full((ROWS, 1), 10.0), np.zeros(ROWS), optimizer="sgd", learning_rate=3e38)
    assert (told["value"], told["parameter"], told["unit"], told["layer"]) == ("θ", "dense1.weight", [0, 0], "dense1")
    assert told["row"] is None
    assert told["word"] in ("mul", "sub", "add")
    assert all(math.isfinite(v) for v in told["given"].values())

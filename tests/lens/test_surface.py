"""E, ∂E/∂θ and H v over all weights: against closed forms, PyTorch, and sums over parts of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import BacklitError
from backlit.lens.landscape import Surface
from backlit.lens.landscape import surface as module
from backlit.nn import BatchNorm, Dense, Dropout, Structure


def prepared(layers, features, *, seed=0, dtype="float64") -> Structure:
    net = Structure(layers)
    net.prepare(features, seed=seed, dtype=dtype)
    return net


def hessian(surface: Surface) -> np.ndarray:
    return np.array([surface.product(row) for row in np.eye(surface.size)])


@pytest.fixture
def rows(rng):
    return {"x": rng.normal(size=(40, 3)), "t": rng.normal(size=(40, 2))}


def test_the_hessian_of_a_linear_regression_is_the_matrix_of_its_inputs(rows):
    net = prepared([Dense(1, bias=False)], 3)
    surface = Surface(net, {"x": rows["x"], "t": rows["t"][:, :1]}, {"loss": "squared_error", "half": True})
    wanted = rows["x"].T @ rows["x"] / 40
    np.testing.assert_allclose(hessian(surface), wanted, rtol=1e-13, atol=1e-15)


def test_two_outputs_make_two_blocks_in_the_order_of_the_engine(rows):
    net = prepared([Dense(2, bias=False)], 3)
    surface = Surface(net, rows, {"loss": "squared_error", "reduction": "sum"})
    wanted = np.kron(2 * rows["x"].T @ rows["x"], np.eye(2))
    np.testing.assert_allclose(hessian(surface), wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("reduction", ["mean", "sum", "rows"])
def test_parts_of_the_rows_make_the_same_numbers_as_all_at_once(rows, reduction, monkeypatch):
    net = prepared([Dense(4, "tanh"), Dense(2)], 3)
    aim = {"loss": "squared_error", "reduction": reduction, "l2": 0.3, "l1": 0.1}
    v = np.linspace(-1, 1, net.size)
    whole = Surface(net, rows, aim)
    monkeypatch.setattr(module, "CHUNK", 7)
    parts = Surface(net, rows, aim)
    assert (whole.parts, parts.parts) == (1, 6)
    for one, two in [
        (whole.loss(), parts.loss()),
        (whole.gradient(), parts.gradient()),
        (whole.product(v), parts.product(v)),
    ]:
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-14)


def test_weights_of_the_rows_count(rows, monkeypatch):
    net = prepared([Dense(2)], 3)
    weight = np.where(np.arange(40) < 10, 2.0, 0.0)[:, None]
    monkeypatch.setattr(module, "CHUNK", 16)
    some = Surface(net, {**rows, "sample_weight": weight}, {"loss": "squared_error", "weighted": True})
    ten = Surface(net, {name: a[:10] for name, a in rows.items()}, {"loss": "squared_error"})
    assert some.loss() == pytest.approx(ten.loss() / 2, rel=1e-12)  # as for E = Σ w e / n
    np.testing.assert_allclose(hessian(some), hessian(ten) / 2, rtol=1e-12)


def test_float32_is_near_float64(rows):
    net = prepared([Dense(8, "tanh"), Dense(2)], 3, dtype="float32")
    v = np.cos(np.arange(net.size))
    exact, coarse = (Surface(net, rows, {"loss": "squared_error"}, dtype=d).product(v) for d in ("float64", "float32"))
    assert 0 < np.linalg.norm(exact - coarse) < 1e-4 * np.linalg.norm(exact)


def test_it_stands_elsewhere_when_it_is_moved_and_the_network_stays(rows):
    net = prepared([Dense(2, "tanh")], 3)
    before = {name: a.copy() for name, a in net.values.items()}
    surface = Surface(net, rows, {"loss": "squared_error"})
    here, there = surface.loss(), surface.loss(surface.theta + 1.0)
    assert here != there
    assert surface.loss() == here
    surface.theta = surface.theta + 1.0
    assert surface.loss() == there
    assert all(np.array_equal(net.values[name], a) for name, a in before.items())


def test_dropout_is_off_and_batch_norm_takes_the_statistics_of_these_rows(rows):
    plain = prepared([Dense(4, "tanh"), Dense(2)], 3)
    dropped = prepared([Dense(4, "tanh"), Dropout(0.5), Dense(2)], 3)
    dropped.values = plain.values
    aim = {"loss": "squared_error"}
    one, two = Surface(plain, rows, aim), Surface(dropped, rows, aim)
    assert (one.by_chance, two.by_chance, two.statistics) == (False, True, "")
    assert one.loss() == two.loss()
    normal = prepared([Dense(4, bias=False), BatchNorm(), Dense(2)], 3)
    surface = Surface(normal, rows, aim)
    assert surface.statistics == "batch"
    surface.theta[:12] *= 3  # BatchNorm divides it out, but for its eps
    again = Surface(normal, rows, aim)
    assert surface.loss() == pytest.approx(again.loss(), rel=1e-4)
    both = prepared([Dense(4), BatchNorm(), Dropout(0.5), Dense(2)], 3)
    assert Surface(both, rows, aim).statistics == "running"


def test_a_hessian_that_is_not_finite_is_told():
    net = prepared([Dense(1, "sqrt(u)", bias=False, weights=0.0)], 1)
    surface = Surface(net, {"x": np.ones((2, 1)), "t": np.ones((2, 1))}, {"loss": "squared_error"})
    with pytest.raises(BacklitError) as caught:
        surface.gradient()
    assert caught.value.code == "BL370"
    assert surface.loss() == 1.0


@pytest.mark.oracle
def test_the_hessian_of_a_small_network_is_what_pytorch_says(rng):
    torch = pytest.importorskip("torch")
    x, classes = rng.normal(size=(12, 3)), rng.integers(0, 3, 12)
    net = prepared([Dense(4, "tanh"), Dense(3, "softmax")], 3)
    surface = Surface(net, {"x": x, "t": np.eye(3)[classes]}, {"loss": "cross_entropy"})

    def loss(theta):
        w1, b1, w2, b2 = torch.split(theta, [12, 4, 12, 3])
        u = torch.tanh(torch.from_numpy(x) @ w1.reshape(3, 4) + b1) @ w2.reshape(4, 3) + b2
        return torch.nn.functional.cross_entropy(u, torch.from_numpy(classes))

    wanted = torch.autograd.functional.hessian(loss, torch.from_numpy(surface.theta.copy())).numpy()
    np.testing.assert_allclose(hessian(surface), wanted, rtol=1e-10, atol=1e-13)

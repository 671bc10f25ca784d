"""Losses and gradients against PyTorch in float64: random and extreme outputs, kinks, weights, label smoothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backlit.nn import Dense
from backlit.ops.loss import LOSSES
from backlit.training import Network
from nn.nets import fused
from ops.test_losses import answers, measured, outputs
from tolerance import assert_close

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def twins(torch: Any) -> dict[str, tuple[dict[str, float], Callable[[Any, Any], Any]]]:
    """name → (options, the sum over all outputs in PyTorch)."""
    f = torch.nn.functional
    summed = {"reduction": "sum"}
    return {
        "squared_error": ({}, lambda o, t: f.mse_loss(o, t, **summed)),
        "absolute_error": ({}, lambda o, t: f.l1_loss(o, t, **summed)),
        "huber": ({"delta": 0.7}, lambda o, t: f.huber_loss(o, t, delta=0.7, **summed)),
        "smooth_l1": ({"beta": 0.3}, lambda o, t: f.smooth_l1_loss(o, t, beta=0.3, **summed)),
        "binary_cross_entropy": ({}, lambda o, t: f.binary_cross_entropy_with_logits(o, t, **summed)),
        "binary_cross_entropy_from_probabilities": ({}, lambda o, t: f.binary_cross_entropy(o, t, **summed)),
        "cross_entropy": ({}, lambda o, t: f.cross_entropy(o, t, **summed)),
        "cross_entropy_from_probabilities": ({}, lambda o, t: -(t * torch.log(o)).sum()),
        "cross_entropy_from_scores": ({}, lambda o, t: -(t * torch.log(o / o.sum(-1, keepdim=True))).sum()),
        "kl_divergence": ({}, lambda o, t: f.kl_div(torch.log_softmax(o, -1), t, **summed)),
        "kl_divergence_from_probabilities": ({}, lambda o, t: f.kl_div(torch.log(o), t, **summed)),
        "poisson": ({}, lambda o, t: f.poisson_nll_loss(o, t, **summed)),
        "poisson_from_rates": ({}, lambda o, t: f.poisson_nll_loss(o, t, log_input=False, **summed)),
        "hinge": ({}, lambda o, t: torch.relu(1 - t * o).sum()),
        "squared_hinge": ({}, lambda o, t: (torch.relu(1 - t * o) ** 2).sum()),
        "log_cosh": ({}, lambda o, t: (torch.logaddexp(o - t, t - o) - np.log(2)).sum()),
        "quantile": ({"q": 0.9}, lambda o, t: torch.maximum(0.9 * (t - o), -0.1 * (t - o)).sum()),
    }


def by_torch(torch: Any, form: Callable[[Any, Any], Any], o: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
    given = torch.tensor(o, requires_grad=True)
    value = form(given, torch.tensor(t))
    value.backward()
    return float(value.detach()), given.grad.numpy()


def test_every_loss_has_a_twin_in_pytorch(torch):
    assert set(twins(torch)) == set(LOSSES)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("engine", ["interpreter", "compiled"])
def test_values_and_gradients_are_those_of_pytorch(name, engine, torch, rng):
    options, form = twins(torch)[name]
    kind = LOSSES[name]
    for shape in ((6, 3), (1, 1), (300, 7)):
        if kind.by == "rows" and shape[1] == 1:
            continue
        o, t = outputs(kind, rng, shape), answers(kind, rng, shape)
        expected, slope = by_torch(torch, form, o, t)
        found, derivative = measured(kind, o, t, engine=engine, reduction="sum", **options)
        assert_close(found, expected, "float64", "graph", (name, shape), float(np.abs(t).sum()))
        assert_close(derivative, slope, "float64", "graph", (name, shape))


@pytest.mark.parametrize(
    "name",
    ["squared_error", "absolute_error", "huber", "smooth_l1", "binary_cross_entropy", "cross_entropy", "kl_divergence",
     "hinge", "squared_hinge", "log_cosh"],
)  # fmt: skip
def test_extreme_outputs_give_what_pytorch_gives(name, torch, rng):
    options, form = twins(torch)[name]
    kind = LOSSES[name]
    o = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 1000.0], [1e-9, -1e-9, 30.0]])
    t = np.eye(3)[[1, 0, 2]] if not kind.targets.only else 2 * np.eye(3)[[1, 0, 2]] - 1
    expected, slope = by_torch(torch, form, o, t)
    found, derivative = measured(kind, o, t, reduction="sum", **options)
    assert_close(found, expected, "float64", "graph", name)
    assert_close(derivative, slope, "float64", "graph", name)


@pytest.mark.parametrize("name", ["absolute_error", "smooth_l1", "huber", "hinge", "squared_hinge"])
def test_at_kinks_the_slope_is_pytorchs(name, torch):
    options, form = twins(torch)[name]
    kind = LOSSES[name]
    t = np.array([[1.0, -1.0, 1.0, -1.0]])
    edge = {"smooth_l1": 0.3, "huber": 0.7}.get(name, 0.0)
    o = t + np.array([[edge, edge, -edge, -edge]])
    assert_close(
        measured(kind, o, t, reduction="sum", **options)[1], by_torch(torch, form, o, t)[1], "float64", "op", name
    )
    if name == "smooth_l1":
        found = measured(kind, t, t, reduction="sum", beta=0.0)[1]
        np.testing.assert_array_equal(
            found, by_torch(torch, lambda o, t: torch.nn.functional.smooth_l1_loss(o, t, beta=0.0), t, t)[1]
        )


def test_weights_of_rows_are_those_of_pytorchs_class_weights(torch, rng):
    """CrossEntropyLoss(weight=…) divides by the sum of the weights; so do we, over all rows."""
    from backlit.nn.objective import Objective
    from backlit.training.rows.weights import column

    z, classes = rng.normal(size=(9, 3)), rng.integers(0, 3, 9)
    per_class = np.array([0.5, 2.0, 3.0])
    t = np.eye(3)[classes]
    w = column(None, list(per_class), t, t, Objective.of("cross_entropy"))
    found = measured(LOSSES["cross_entropy"], z, t, w)
    criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor(per_class))
    expected = by_torch(torch, lambda o, t: criterion(o, t.argmax(-1)), z, t)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, "float64", "graph")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_label_smoothing_is_pytorchs(smoothing, torch, rng):
    net = Network([Dense(4, "softmax")])
    net.prepare(3, dtype=np.float64)
    x, t = rng.normal(size=(6, 3)), np.eye(4)[rng.integers(0, 4, 6)]
    e, gradients = fused(net, {"x": x, "t": t}, "cross_entropy", label_smoothing=smoothing)
    w = torch.tensor(net["dense1.weight"].copy(), requires_grad=True)
    z = torch.nn.functional.linear(torch.tensor(x), w)
    loss = torch.nn.functional.cross_entropy(z, torch.tensor(t.argmax(-1)), label_smoothing=smoothing)
    loss.backward()
    assert_close(e, float(loss.detach()), "float64", "graph")
    assert_close(gradients["dense1.weight"].T, w.grad.numpy(), "float64", "graph")

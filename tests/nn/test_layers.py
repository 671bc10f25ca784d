"""The layers against PyTorch: outputs, gradients of inputs and parameters, and where some steps of training lead.

Where PyTorch has no such module the formula is written with its functions, and its own derivatives are the oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.errors import BacklitError
from backlit.machine.runner import Machine
from backlit.nn import (
    APL,
    GLU,
    PELU,
    Activation,
    AlphaDropout,
    BatchNorm,
    CReLU,
    Dense,
    GaussianDropout,
    GaussianNoise,
    Layer,
    LayerNorm,
    Maxout,
    PReLU,
    Rescale,
    Residual,
    RMSNorm,
    RReLU,
    Scale,
    Snake,
    SoftExponential,
    SReLU,
    Swish,
)  # fmt: skip
from backlit.training import Network, gradient_check, load
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from tolerance import EPS, assert_close, same_bits

ENGINES = ("compiled", "plain", "interpreter")
WIDTH = 6


def written(function: Callable[..., Any], **starts: Any) -> Any:
    """A module of PyTorch with these parameters and this formula of u and the parameters by name."""
    torch = pytest.importorskip("torch")

    class Written(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, value in starts.items():
                setattr(self, name, torch.nn.Parameter(torch.as_tensor(value, dtype=torch.float64)))

        def forward(self, u):
            return function(torch, u, **dict(self.named_parameters()))

    return Written()


def apl(torch, u, a, b):
    return torch.relu(u) + sum(a[s] * torch.relu(b[s] - u) for s in range(len(a)))


def srelu(torch, u, left, left_slope, right, right_slope):
    low = torch.where(u < left, left + left_slope * (u - left), u)
    return torch.where(u > right, right + right_slope * (u - right), low)


def soft_exponential(torch, u, alpha):
    rising = torch.where(alpha > 0, alpha, 1.0)  # each branch with numbers of its own: no NaN goes back from the other
    falling = torch.where(alpha < 0, alpha, -0.001)
    below = -torch.log1p(-falling * (u + falling)) / falling
    return torch.where(alpha > 0, torch.expm1(rising * u) / rising + rising, below)


def glu(name: str) -> Callable[[], Any]:
    def gated(torch, u):
        a, b = u.chunk(2, dim=1)
        return a * getattr(torch.nn.functional, name)(b)

    return lambda: written(gated)


def ones(value: float) -> np.ndarray:
    return np.full(WIDTH, value)


# name: the layer, PyTorch's module
CASES: dict[str, tuple[Callable[[], Layer], Callable[[Any], Any]]] = {
    "PReLU": (PReLU, lambda nn: nn.PReLU()),
    "PReLU per unit": (lambda: PReLU(0.1, per_unit=True), lambda nn: nn.PReLU(WIDTH, init=0.1)),
    "Swish": (lambda: Swish(1.5), lambda nn: written(lambda _, u, beta: u * (beta * u).sigmoid(), beta=[1.5])),
    "PELU": (
        lambda: PELU(0.8, 1.4),
        lambda nn: written(lambda t, u, a, b: t.where(u >= 0, a / b * u, a * t.expm1(u / b)), a=[0.8], b=[1.4]),
    ),
    "SReLU": (
        lambda: SReLU(-0.5, 0.2, 0.5, 1.5),
        lambda nn: written(srelu, left=ones(-0.5), left_slope=ones(0.2), right=ones(0.5), right_slope=ones(1.5)),
    ),
    "Snake": (lambda: Snake(1.2), lambda nn: written(lambda t, u, a: u + t.sin(a * u) ** 2 / a, a=ones(1.2))),
    "SoftExponential": (lambda: SoftExponential(0.3), lambda nn: written(soft_exponential, alpha=ones(0.3))),
    "SoftExponential below": (
        lambda: SoftExponential(-0.05), lambda nn: written(soft_exponential, alpha=ones(-0.05)),
    ),
    "APL": (lambda: APL(3), lambda nn: written(apl, a=np.zeros((3, WIDTH)), b=np.zeros((3, WIDTH)))),
    "LayerNorm": (LayerNorm, lambda nn: nn.LayerNorm(WIDTH)),
    "LayerNorm without bias": (lambda: LayerNorm(1e-3, bias=False), lambda nn: nn.LayerNorm(WIDTH, 1e-3, bias=False)),
    "LayerNorm without affine": (
        lambda: LayerNorm(affine=False), lambda nn: nn.LayerNorm(WIDTH, elementwise_affine=False),
    ),
    "RMSNorm": (lambda: RMSNorm(1e-4), lambda nn: nn.RMSNorm(WIDTH, 1e-4)),
    "GLU": (GLU, lambda nn: nn.GLU(dim=1)),
    "SwiGLU": (lambda: GLU("silu"), lambda nn: glu("silu")()),
    "GEGLU": (lambda: GLU("gelu"), lambda nn: glu("gelu")()),
    "ReGLU": (lambda: GLU("relu"), lambda nn: glu("relu")()),
    "Maxout": (lambda: Maxout(3), lambda nn: written(lambda t, u: t.stack(u.chunk(3, dim=1)).amax(dim=0))),
    "CReLU": (CReLU, lambda nn: written(lambda t, u: t.cat([t.relu(u), t.relu(-u)], dim=1))),
    "Rescale": (lambda: Rescale(0.5, -0.25), lambda nn: written(lambda t, u: 0.5 * u - 0.25)),
    "Scale": (
        lambda: Scale(0.5),
        lambda nn: written(lambda t, u, weight, bias: weight * u + bias, weight=ones(0.5), bias=ones(0)),
    ),
    "softmin": (lambda: Activation("softmin"), lambda nn: nn.Softmin(dim=1)),
    "log_softmax": (lambda: Activation("log_softmax"), lambda nn: nn.LogSoftmax(dim=1)),
}  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES)


def network(case: str, dtype: str) -> Network:
    net = Network([Dense(WIDTH, biases=("normal", 0.5)), CASES[case][0](), Dense(2)])
    net.prepare(4, seed=3, dtype=dtype)
    return net


def torch_twin(net: Network, case: str) -> Any:
    """The same network in PyTorch, with the same values; strict: no key is missing or too many."""
    torch = pytest.importorskip("torch")
    width = net["2.weight"].shape[1]
    modules = [torch.nn.Linear(4, WIDTH), CASES[case][1](torch.nn), torch.nn.Linear(width, 2)]
    twin = torch.nn.Sequential(*modules).double()
    twin.load_state_dict({k: torch.from_numpy(v.astype(np.float64)) for k, v in net.weights().items()}, strict=True)
    return twin


def rows_of(n: int = 19) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(n, 4)), rng.normal(size=(n, 2))


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("engine", ENGINES)
@every_case
def test_outputs_and_all_gradients_are_pytorchs(case, engine, dtype):
    torch = pytest.importorskip("torch")
    net = network(case, dtype)
    x, t = (a.astype(dtype) for a in rows_of())
    twin, given = torch_twin(net, case), torch.tensor(x.astype(np.float64), requires_grad=True)
    o = twin(given)
    ((o - torch.from_numpy(t.astype(np.float64))) ** 2).mean().backward()
    built = net.build(training=True, loss="squared_error")
    found = backprop(built.loss, [*built.trained, *built.inputs])
    tape = lower({"o": built.output} | {f"∂{n.name}": found[n] for n in (*built.trained, *built.inputs)})
    made = Interpreter(tape, 19, dtype) if engine == "interpreter" else Machine(tape, 19, dtype, engine=engine)
    for name, value in {**net.values, "x": x, "t": t}.items():
        made.arena[name] = value
    made.run(rows=19)
    assert_close(made.arena["o"], o.detach().numpy(), dtype, "graph")
    assert_close(made.arena["∂x"], given.grad.numpy(), dtype, "graph", "∂x")
    for name, parameter in twin.named_parameters():
        own = net.find(name)
        gradient = made.arena[f"∂{own}"]
        shown = gradient.T if own.endswith(".weight") else gradient
        assert_close(shown, parameter.grad.numpy(), dtype, "graph", name, 0.1)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", EPS)
@every_case
def test_after_some_steps_of_training_all_values_are_pytorchs(case, dtype):
    torch = pytest.importorskip("torch")
    net = network(case, dtype)
    twin = torch_twin(net, case)
    x, t = (a.astype(dtype) for a in rows_of(20))
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 8, "shuffle": False, "dtype": dtype}
    fitting = Fitting(net, {"x": x, "t": t}, {}, Settings.of(epochs=4, **settings))
    assert fitting.loop.run(10**9) == 12  # batches of 8, 8 and 4
    values = {n: fitting.loop[n].copy() for n in net.values}
    descent = torch.optim.SGD(twin.parameters(), lr=0.05)
    rows, targets = torch.from_numpy(x.astype(np.float64)), torch.from_numpy(t.astype(np.float64))
    for _ in range(4):
        for first in range(0, 20, 8):
            descent.zero_grad()
            ((twin(rows[first : first + 8]) - targets[first : first + 8]) ** 2).mean().backward()
            descent.step()
    for name, key in net.keys().items():
        found = values[name].T if name.endswith(".weight") else values[name]
        assert_close(found, twin.state_dict()[key].numpy(), dtype, "training", key, 0.1)


@pytest.mark.oracle
@every_case
def test_the_file_comes_back_and_pytorch_loads_it(case, tmp_path):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    net = network(case, "float32")
    x, t = rows_of(40)
    net.fit(x, t, epochs=2, batch_size=8)
    again = load(net.save(tmp_path / "m.safetensors"))
    assert again.describe() == net.describe()
    assert [(type(a), a.settings()) for a in again.layers()] == [(type(a), a.settings()) for a in net.layers()]
    assert all(same_bits(again[k], v) for k, v in net.weights().items())
    assert same_bits(again.predict(x), net.predict(x))
    twin = torch_twin(net, case).float()
    twin.load_state_dict(safetensors.load_file(tmp_path / "m.safetensors"), strict=True)
    with torch.no_grad():
        known = twin(torch.from_numpy(x.astype(np.float32))).numpy()
    assert_close(net.predict(x.astype(np.float32)), known, "float32", "graph", size=1.0)


@every_case
def test_the_gradient_check_is_passed(case, rng):
    x, t = rows_of(7)
    net = Network([Dense(WIDTH, "tanh", biases=("normal", 0.5)), CASES[case][0](), Dense(2)])
    checks = gradient_check(net, x, t)
    assert {c.name.split(".")[0] for c in checks} >= {"dense1", "dense2"}
    assert all(c.worst < 1e-6 for c in checks)


@pytest.mark.parametrize("dtype", EPS)
@every_case
def test_two_threads_give_the_bits_of_one(case, dtype):
    x, t = rows_of(40)
    made = []
    for threads in (1, 2):
        net = network(case, dtype)
        settings = Settings.of(epochs=3, batch_size=16, seed=1, threads=threads, dtype=dtype)
        made.append(Fitting(net, {"x": x, "t": t}, {"x": x, "t": t}, settings))
        made[-1].loop.run(10**9)
        made[-1].finish()
    assert made[0].history() == made[1].history()
    for name, value in made[0].net.values.items():
        assert same_bits(value, made[1].net.values[name]), name


# ---- pre-activation blocks ------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [BatchNorm, LayerNorm, RMSNorm])
def test_residual_blocks_with_normalisation_first_train_keep_and_come_back(norm, tmp_path, rng):
    """He et al. 2016: norm, activation, weights, twice, around a way that nothing disturbs."""
    x = rng.normal(size=(96, 5))
    t = np.sin(x[:, :1]) * x[:, 1:2]

    def block() -> Residual:
        return Residual(norm(), Activation("relu"), Dense(16), norm(), Activation("relu"), Dense(16), Scale(0.1))

    net = Network([Dense(16), *(block() for _ in range(6)), norm(), Dense(1)])
    run = net.fit(x[:64], t[:64], validation=(x[64:], t[64:]), epochs=40, batch_size=16, learning_rate=0.003)
    assert run.history[-1]["train_loss"] < 0.3 * run.history[0]["train_loss"]
    again = load(net.save(tmp_path / "m.safetensors"))
    assert again.describe() == net.describe()
    assert same_bits(again.predict(x), net.predict(x))
    checks = gradient_check(Network([Dense(4), block_of(norm), Dense(1)]), x[:9], t[:9])
    assert all(c.worst < 1e-6 for c in checks if abs(c.backpropagated) > 1e-9)


def block_of(norm: Any) -> Residual:
    return Residual(norm(), Activation("tanh"), Dense(4), norm(), Activation("silu"), Dense(4))


# ---- what is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "code", "name"),
    [
        (lambda: PReLU("steep"), "BL305", "slope"), (lambda: PReLU(np.nan), "BL305", "slope"),
        (lambda: PELU(a=0), "BL305", "a"), (lambda: PELU(b=-1), "BL305", "b"), (lambda: Snake(0), "BL305", "a"),
        (lambda: SoftExponential(1.5), "BL305", "alpha"),
        (lambda: APL(0), "BL305", "hinges"), (lambda: LayerNorm(eps=0), "BL305", "eps"),
        (lambda: RMSNorm(eps=-1), "BL305", "eps"), (lambda: Maxout(1), "BL305", "pieces"),
        (lambda: Maxout(2.5), "BL305", "pieces"), (lambda: GaussianNoise(-0.1), "BL305", "std"),
        (lambda: GaussianDropout(1.0), "BL305", "rate"), (lambda: AlphaDropout(-0.1), "BL305", "rate"),
        (lambda: RReLU(0.5, 0.25), "BL305", "upper"), (lambda: Rescale(np.inf), "BL305", "scale"),
        (lambda: Scale(None), "BL305", "factor"), (lambda: GLU("sigmoyd"), "BL301", "sigmoyd"),
        (lambda: Swish(True), "BL305", "beta"), (lambda: SReLU(right=[1]), "BL305", "right"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_told(make, code, name):
    with pytest.raises(BacklitError) as told:
        make()
    assert told.value.code == code
    assert told.value.values["name"] == name


@pytest.mark.parametrize(("layer", "units", "count"), [(GLU(), 7, 2), (Maxout(3), 8, 3)])
def test_features_that_cannot_be_shared_are_told_before_training(layer, units, count, rng):
    net = Network([Dense(units), layer, Dense(1)])
    with pytest.raises(BacklitError) as told:
        net.fit(rng.normal(size=(4, 3)), rng.normal(size=4), epochs=1)
    assert told.value.code == "BL711"
    assert (told.value.values["got"], told.value.values["count"]) == (units, count)
    Network([Dense(told.value.values["smaller"]), layer, Dense(1)]).prepare(3)  # what it says works


def test_the_width_of_what_comes_out_is_known_before_the_data_are():
    for layers, width in (
        ([Dense(6)], 6), ([Dense(6), GLU()], 3), ([Dense(6), Maxout(3)], 2), ([Dense(6), CReLU()], 12),
        ([Dense(6), LayerNorm(), PReLU()], 6), ([LayerNorm()], 0),
    ):  # fmt: skip
        net = Network(layers)
        assert net._width() == width
        net.prepare(4)
        assert net.build().output.shape[1] == (width or 4)


def test_frozen_slopes_stay_put_and_trained_ones_move(rng):
    net = Network([Dense(4), PReLU(trainable=False), Dense(4), PReLU(), Scale(trainable=False), LayerNorm(), Dense(2)])
    x, t = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    net.fit(x, t, epochs=3)
    assert net["1.weight"].tolist() == [0.25]
    assert net["3.weight"].tolist() != [0.25]
    assert (net["4.weight"] == 1).all()
    assert (net["5.weight"] != 1).any()

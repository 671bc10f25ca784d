"""Training with batch normalisation: PyTorch's numbers, the same bits however it is run, the best epoch's averages."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from backlit.core.blocks import Blocks
from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.errors import TrainingError
from backlit.machine.runner import Machine
from backlit.nn import Activation, BatchNorm, Dense, Dropout, Input
from backlit.ops.arithmetic import add, mul
from backlit.ops.reduction import sum_
from backlit.training import Network, load
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from tolerance import EPS, assert_close, same_bits

ENGINES = ("compiled", "plain", "interpreter")
SIZE = 1.0  # of weights: the bias in front of a batch normalisation has no gradient but rounding, and stays near 0
AVERAGES = ("running_mean", "running_var")


def layers(momentum: float = 0.1, affine: bool = True):
    return [
        Dense(8, bias=False), BatchNorm(momentum, affine=affine), Activation("tanh"), Dense(6),
        BatchNorm(eps=1e-3), Activation("relu"), Dense(2),
    ]  # fmt: skip


def table(rows: int = 75) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 5)) * 3 + 10, rng.normal(size=(rows, 2))


def torch_twin(net: Network):
    """The same network made of PyTorch's own layers, with the same values; strict: no key is missing or too many."""
    torch = pytest.importorskip("torch")
    modules, width = [], net.features[0]
    for layer in net.chain:
        if isinstance(layer, Dense):
            modules.append(torch.nn.Linear(width, layer.units, bias=layer.bias))
            width = layer.units
        elif isinstance(layer, BatchNorm):
            modules.append(torch.nn.BatchNorm1d(width, eps=layer.eps, momentum=layer.momentum, affine=layer.affine))
        else:
            modules.append({"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[layer.function]())
    twin = torch.nn.Sequential(*modules).double()
    twin.load_state_dict({k: torch.from_numpy(v.astype(np.float64)) for k, v in net.weights().items()}, strict=True)
    return twin


def averages(net: Network) -> dict[str, np.ndarray]:
    return {n: v.copy() for n, v in net.values.items() if n.endswith(AVERAGES)}


# ---- PyTorch's numbers ----------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize(("momentum", "affine"), [(0.1, True), (0.7, False), (0.0, True), (1.0, True)])
def test_twenty_one_steps_with_a_partial_batch_are_pytorchs(momentum, affine, dtype, engine):
    torch = pytest.importorskip("torch")
    x, t = (a.astype(dtype) for a in table())
    net = Network(layers(momentum, affine))
    net.prepare(5, seed=1, dtype=dtype)
    twin = torch_twin(net)
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 32, "shuffle": False}
    fitting = Fitting(net, {"x": x, "t": t}, {}, Settings.of(epochs=7, dtype=dtype, engine=engine, **settings))
    assert fitting.loop.run(10**9) == 21  # batches of 32, 32 and 11
    values = {n: fitting.loop[n].copy() for n in net.values}  # those of the last step
    descent = torch.optim.SGD(twin.parameters(), lr=0.05)
    rows, targets = torch.from_numpy(x.astype(np.float64)), torch.from_numpy(t.astype(np.float64))
    for _ in range(7):
        for first in range(0, 75, 32):
            descent.zero_grad()
            ((twin(rows[first : first + 32]) - targets[first : first + 32]) ** 2).mean().backward()
            descent.step()
    known = {k: v.numpy() for k, v in twin.state_dict().items()}
    for name, key in net.keys().items():
        found = values[name].T if name.endswith("weight") else values[name]
        assert_close(found, known[key], dtype, "training", key, SIZE)
    net.values.update(values)
    twin.eval()
    assert_close(net.predict(x), twin(rows).detach().numpy(), dtype, "training")


@pytest.mark.oracle
def test_a_layer_used_twice_updates_its_averages_twice_as_in_pytorch(rng):
    torch = pytest.importorskip("torch")
    x = Input(4)()
    shared, turn = BatchNorm(0.3), Dense(4, "tanh")
    net = Network(x, Dense(1)(shared(turn(shared(x)))))
    net.prepare(4, dtype=np.float64)
    rows, t = rng.normal(size=(12, 4)) + 3, rng.normal(size=(12, 1))
    fitting = Fitting(net, {"x": rows, "t": t}, {}, Settings.of(epochs=1, batch_size=12, dtype="float64"))
    fitting.loop.run(1)
    norm, linear = torch.nn.BatchNorm1d(4, momentum=0.3).double(), torch.nn.Linear(4, 4).double()
    linear.load_state_dict({n: torch.from_numpy(net[f"dense1.{n}"].copy()) for n in ("weight", "bias")})
    norm(torch.tanh(linear(norm(torch.from_numpy(rows)))))
    for part in AVERAGES:
        np.testing.assert_allclose(fitting.loop[f"batch_norm1.{part}"], getattr(norm, part).numpy(), rtol=1e-12)


# ---- new values of what is kept -------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_running_values_are_all_worked_out_from_the_old_ones(engine):
    """a, b, c ← b, a + b, a·x: none of them may see another's new value."""
    g = Graph()
    a, b, c = (g.parameter(n, (20,)) for n in "abc")
    x = g.input("x", (20,))
    tape = lower(
        {"E": sum_(mul(a, x))}, blocks=Blocks.of([], [], [a, b, c]), running={a: b, b: add(a, b), c: mul(a, x)}
    )
    made = Machine(tape, engine=engine)
    start = {"a": np.arange(20.0), "b": np.ones(20), "c": np.zeros(20), "x": np.full(20, 2.0)}
    for name, value in start.items():
        made[name] = value
    made.run(0, tape.update_at)
    for name in "abc":
        np.testing.assert_array_equal(made[name], start[name])
    made.run(tape.update_at)
    np.testing.assert_array_equal(made["a"], start["b"])
    np.testing.assert_array_equal(made["b"], start["a"] + start["b"])
    np.testing.assert_array_equal(made["c"], start["a"] * 2)


# ---- the same bits --------------------------------------------------------------------------------------


def fitting_of(**settings) -> Fitting:
    net = Network([*layers(), Dropout(0.2), Dense(2)])
    net.prepare(5, seed=1)
    x, t = table()
    rows, held = {"x": x[:60], "t": t[:60]}, {"x": x[60:], "t": t[60:]}
    return Fitting(net, rows, held, Settings.of(epochs=8, batch_size=16, seed=2, **settings))


def assert_same(one: Fitting, other: Fitting) -> None:
    one.finish()
    other.finish()
    assert one.history() == other.history()
    for name, value in one.net.values.items():
        assert same_bits(value, other.net.values[name]), name


@pytest.mark.parametrize("at", [0, 1, 3, 6, 17])
def test_a_run_resumed_from_a_snapshot_has_the_same_averages(at):
    whole, forked, fresh = fitting_of(), fitting_of(), fitting_of()
    whole.loop.run(10**9)
    forked.loop.run(at)
    snapshot = forked.loop.snapshot()
    forked.loop.run(9)
    for fitting in (forked, fresh):
        fitting.loop.restore(snapshot)
        fitting.loop.run(10**9)
        assert_same(whole, fitting)


def test_slices_give_the_bits_of_one_go():
    whole, sliced = fitting_of(), fitting_of()
    whole.loop.run(10**9)
    while sliced.loop.run(3):
        pass
    assert_same(whole, sliced)


def test_two_threads_give_the_bits_of_one(rng):
    x, t = rng.normal(size=(42, 20)), rng.normal(size=(42, 1))
    made = []
    for threads in (1, 2):
        # 20 columns are shared between the threads
        net = Network([BatchNorm(), Activation("tanh"), BatchNorm(), Dense(1)])
        net.prepare(20, seed=1)
        rows = {"x": x, "t": t}
        made.append(Fitting(net, rows, rows, Settings.of(epochs=6, batch_size=12, threads=threads)))
        made[-1].loop.run(10**9)
        assert made[-1].loop.threads == threads
    assert_same(*made)


def test_all_engines_keep_the_same_averages():
    """By plain descent: Adam would blow up the rounding of gradients that are 0."""
    descent = {"optimizer": "sgd", "learning_rate": 0.05, "dtype": "float64"}
    made = {engine: fitting_of(engine=engine, **descent) for engine in ENGINES}
    for fitting in made.values():
        fitting.loop.run(10**9)
        fitting.finish()
    for engine in ("compiled", "plain"):
        for name, value in made["interpreter"].net.values.items():
            assert_close(made[engine].net.values[name], value, "float64", "training", (engine, name), SIZE)


# ---- the best epoch's averages --------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@pytest.mark.parametrize("trainable", [True, False])
def test_the_best_weights_come_with_the_averages_of_their_epoch(trainable, engine, rng):
    """With nothing to train the averages alone decide how good an epoch is."""
    net = Network([BatchNorm(0.5, trainable=trainable), Dense(2, trainable=trainable)])
    x, t = table(60)
    net.prepare(5, dtype="float64")
    rows, held = {"x": x[:40], "t": t[:40]}, {"x": x[40:], "t": t[40:]}
    settings = Settings.of(
        epochs=40, batch_size=16, patience=3, dtype="float64", engine=engine, optimizer="sgd", learning_rate=0.9
    )
    fitting = Fitting(net, rows, held, settings)
    loop, seen = fitting.loop, {}
    while not loop.stopped:
        loop.run(loop.steps_per_epoch)
        seen[loop.epoch] = {n: loop[n].copy() for n in net.values}
    assert loop.stopped == "early"
    assert loop.best_epoch == loop.epoch - 3
    fitting.finish()
    for name, value in net.values.items():
        assert same_bits(value, seen[loop.best_epoch][name]), name
    assert not same_bits(net.values["batch_norm1.running_mean"], seen[loop.epoch]["batch_norm1.running_mean"])
    net.loss = "squared_error"
    judged = float(np.mean((net.predict(x[40:]) - t[40:]) ** 2))
    assert judged == pytest.approx(fitting.history()[loop.best_epoch - 1]["valid_loss"], rel=1e-12)


def test_a_step_that_is_stopped_leaves_the_averages_as_they_were():
    x, t = table(40)
    x[25] = 1e30  # finite, and its square is not
    net = Network([Dense(3, "exp(u)"), BatchNorm(), Dense(2)])
    net.prepare(5)
    fitting = Fitting(net, {"x": x, "t": t}, {}, Settings.of(epochs=3, batch_size=10, shuffle=False))
    loop = fitting.loop
    assert loop.run(2) == 2
    before = {n: loop[n].copy() for n in net.values}
    assert loop.run(5) == 0
    assert loop.stopped == "not finite"
    for name, value in before.items():
        assert same_bits(loop[name], value), name


def test_a_variance_that_overflows_is_told_although_the_loss_is_finite(rng):
    """1 / √∞ is 0, so the loss does not show it: the averages do."""
    x = rng.normal(size=(64, 3))
    x[40] = 1e25
    net = Network([BatchNorm(), Dense(1)])
    with pytest.raises(TrainingError) as told:
        net.fit(x, rng.normal(size=64), epochs=5, batch_size=16, shuffle=False)
    assert told.value.code == "BL601"
    assert (told.value.values["epoch"], told.value.values["step"]) == (1, 3)
    assert (told.value.values["op"], told.value.values["value"]) == ("variance", "batch_norm1.variance")
    assert all(np.isfinite(v).all() for v in net.values.values())


def test_the_averages_of_a_run_that_breaks_are_those_of_the_weights_that_are_kept():
    x, t = table(40)
    net = Network([Dense(3, "tanh"), BatchNorm(), Dense(2)])
    with pytest.raises(TrainingError):
        net.fit(x, t, epochs=200, batch_size=8, optimizer="sgd", learning_rate=1e18)
    assert all(np.isfinite(v).all() for v in net.values.values())
    assert np.isfinite(net.predict(x)).all()


# ---- kept and copied ------------------------------------------------------------------------------------


def trained(dtype: str = "float32") -> Network:
    net = Network(layers())
    x, t = table()
    net.fit(x, t, epochs=4, batch_size=25, dtype=dtype)
    return net


@pytest.mark.parametrize("dtype", EPS)
def test_a_file_a_pickle_and_a_copy_hold_the_averages(dtype, tmp_path):
    net = trained(dtype)
    x, _ = table()
    others = [load(net.save(tmp_path / "m.safetensors")), pickle.loads(pickle.dumps(net)), copy.deepcopy(net)]
    assert all(v.any() for v in averages(net).values())
    for other in [*others, copy.copy(net)]:
        assert list(other.weights()) == list(net.weights())
        assert all(same_bits(other[k], v) for k, v in net.weights().items())
        assert same_bits(other.predict(x), net.predict(x))


def test_training_goes_on_from_the_averages_there_are():
    net = trained()
    before = averages(net)
    x, t = table()
    net.fit(x, t, epochs=1, batch_size=75, learning_rate=1e-9)
    mean = 0.9 * before["batch_norm1.running_mean"] + 0.1 * (x.astype(np.float32) @ net.values["dense1.weight"]).mean(0)
    np.testing.assert_allclose(net.values["batch_norm1.running_mean"], mean, rtol=1e-4)


@pytest.mark.oracle
def test_pytorch_loads_the_file_and_answers_alike(tmp_path):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    net = trained()
    x = table()[0].astype(np.float32)
    twin = torch_twin(net).float().eval()
    twin.load_state_dict(safetensors.load_file(net.save(tmp_path / "m.safetensors")), strict=True)
    with torch.no_grad():
        np.testing.assert_allclose(net.predict(x), twin(torch.from_numpy(x)).numpy(), rtol=1e-4, atol=1e-5)
    for key, value in twin.state_dict().items():
        if "num_batches_tracked" not in key:
            net[key] = value.numpy()


def test_weights_that_nothing_reaches_are_told_beside_a_batch_norm_too(rng):
    net = Network([Dense(3, "step"), BatchNorm(), Dense(1)])
    (notice,) = net.fit(rng.normal(size=(8, 2)), rng.normal(size=8), epochs=1, engine="interpreter").notices
    assert (notice["code"], notice["activation"]) == ("BL603", "step")

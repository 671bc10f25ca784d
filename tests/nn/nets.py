"""Networks for tests: drawn at random, run on the machine, and computed by hand in float64 NumPy.

The hand computation shares nothing with the package but the list of layers: functions, derivatives and the chain
rule are written out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backlit.core.lowering import lower
from backlit.core.tape import Tape
from backlit.machine.runner import Machine
from backlit.nn import Activation, Add, BatchNorm, Concatenate, Dense, Dropout, Input, Residual
from backlit.ops.random import bits, random_normal, random_uniform
from backlit.training import Network
from backlit.training.loop.fitting import training_tape
from backlit.training.loop.settings import Settings
from nn.hand_layers import CHANCE, FIRING, HAND, drawn_layers

Array = np.ndarray[Any, Any]
SOFTSIGN = "u / (1 + abs(u))"
SEED, STEP = 3, 2  # of dropout's masks


def _sigmoid(u: Array) -> Array:
    return 1 / (1 + np.exp(-u))


# name: f(u), f′(u)
FUNCTIONS: dict[str | None, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    None: (lambda u: u, np.ones_like),
    "identity": (lambda u: u, np.ones_like),
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0) * 1.0),
    "leaky_relu": (lambda u: np.where(u > 0, u, 0.01 * u), lambda u: np.where(u > 0, 1.0, 0.01)),
    "sigmoid": (_sigmoid, lambda u: _sigmoid(u) * (1 - _sigmoid(u))),
    "tanh": (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    "silu": (lambda u: u * _sigmoid(u), lambda u: _sigmoid(u) * (1 + u * (1 - _sigmoid(u)))),
    SOFTSIGN: (lambda u: u / (1 + np.abs(u)), lambda u: 1 / (1 + np.abs(u)) ** 2),
    "sin(u) + u^2 / 9": (lambda u: np.sin(u) + u * u / 9, lambda u: np.cos(u) + 2 * u / 9),
}
ELEMENTWISE = [name for name in FUNCTIONS if name is not None]


# --- drawn ----------------------------------------------------------------------------------------------------


def random_network(rng: np.random.Generator, classes: bool, outputs: int = 3) -> Network:
    """One or two inputs, up to six layers of every kind on branches that join; ends in `outputs` units."""

    def function() -> Any:
        return None if rng.random() < 0.1 else str(rng.choice(ELEMENTWISE))

    def dense(width: int | None = None) -> Dense:
        f = function()
        # without a bias, and with all its inputs dropped, u would lie on the bend at 0
        bias = f in ("relu", "leaky_relu") or rng.random() < 0.8
        given = {"bias": bias, "trainable": rng.random() < 0.8, "biases": ("normal", 0.5)}
        return Dense(width or int(rng.integers(1, 9)), f, **given)

    inputs = [Input(int(n))() for n in rng.integers(2, 6, rng.integers(1, 3))]
    ends = [dense()(link) for link in inputs]
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(ends)))
        kind, link = rng.integers(11), ends[at]
        if kind == 0:
            width = int(rng.integers(2, 6))
            link = dense(width)(link)
            ends[at] = Residual(dense(), Dropout(0.3), dense(width))(link)
        elif kind == 1:
            width = int(rng.integers(2, 6))
            ends[at] = Add()(dense(width)(link), dense(width)(link))
        elif kind == 2:
            ends[at] = Concatenate()(link, dense()(link), ends[0])
        elif kind == 3:
            ends[at] = Dropout(0.4)(link)
        elif kind == 6:
            ends[at] = BatchNorm(affine=bool(rng.random() < 0.8))(link)
        elif kind == 4:
            ends[at] = Activation(str(rng.choice(ELEMENTWISE)))(link)
        elif kind == 5:
            width = int(rng.integers(2, 6))
            shared = dense(width)
            ends[at] = shared(shared(dense(width)(link)))
        elif kind == 7:
            ends[at] = dense()(link)
        else:
            ends[at] = drawn_layers(rng, dense, link)
    joined = Concatenate()(*ends) if len(ends) > 1 else ends[0]
    last = Dense(outputs, "softmax") if classes else dense(outputs)
    net = Network(inputs, last(joined))
    net.prepare(net.features, seed=int(rng.integers(1000)), dtype=np.float64)
    return net


def random_rows(net: Network, rows: int, classes: bool, rng: np.random.Generator) -> dict[str, Array]:
    """Inputs and targets by name."""
    given = {link.layer.name: rng.normal(size=(rows, link.layer.features)) for link in net.inputs}
    width = net.build().output.shape[1]
    t = np.eye(width)[rng.integers(0, width, rows)] if classes else rng.normal(size=(rows, width))
    return {**given, "t": t}


# --- on the machine -------------------------------------------------------------------------------------------


def machine_of(tape: Tape, net: Network, rows: Mapping[str, Array], dtype: str, engine: str) -> Machine:
    """The tape with the network's parameters and the rows, not yet run."""
    machine = Machine(tape, len(rows["t"]), dtype, engine=engine)
    machine.seed, machine.step = SEED, STEP
    for name, value in {**net.values, **rows}.items():
        if name in tape.names:
            machine[name] = value
    return machine


def observed(
    net: Network, rows: Mapping[str, Array], loss: str, dtype: str = "float64", engine: str = "compiled", **options: Any
) -> tuple[dict[str, Array], dict[str, Array]]:
    """What the observed tape holds after a pass, by name; and the gradients by the parameters' names."""
    built, keep, gradients = net.observe(loss=loss, **options)
    found = {p: gradients[p] for p in built.trained if p in gradients}
    tape = lower(keep, blocks=built.blocks(), gradients=found)
    machine = machine_of(tape, net, rows, dtype, engine)
    machine.run()
    return {name: machine[name].copy() for name in keep}, _gradients(machine, [p.name for p in found])


def fused(
    net: Network, rows: Mapping[str, Array], loss: str, dtype: str = "float64", engine: str = "compiled", **options: Any
) -> tuple[Array, dict[str, Array]]:
    """E and the gradients by the tape that trains."""
    tape = training_tape(net, Settings.of(loss=loss, loss_options=options))
    machine = machine_of(tape, net, rows, dtype, engine)
    machine.run(0, tape.update_at)
    names = [v.name.removeprefix("∂E/∂") for v in tape.values if v.name.startswith("∂E/∂") and v.block is not None]
    return machine["E"].copy(), _gradients(machine, names)


def _gradients(machine: Machine, names: list[str]) -> dict[str, Array]:
    return {name: machine[f"∂E/∂{name}"].copy() for name in names}


# --- by hand --------------------------------------------------------------------------------------------------


class ByHand:
    """u, f′, o, δᵒ and δᵘ of every layer, E, and the gradients: the chain rule written out for each kind of layer."""

    def __init__(
        self, net: Network, rows: Mapping[str, Array], loss: str, half: bool = False, sums: bool = False,
        training: bool = True,
    ) -> None:  # fmt: skip
        self.training = training
        self.net, self.number = net, {id(layer): i for i, layer in enumerate(net.layers())}
        self.seen: dict[str, Array] = {}
        self.gradients = {name: np.zeros_like(value, dtype=np.float64) for name, value in net.values.items()}
        self.sums: dict[str, int] = {}  # δᵘ by name: the place of u, whose error signal may come from several layers
        self.back: list[tuple[int, Callable[[Array], list[tuple[int, Array]]]]] = []
        self.values: list[Array] = []
        self.place: dict[int, int] = {}  # of links
        self.used: dict[str, int] = {}
        self.drawn: dict[int, int] = {}  # how often a dropout layer has drawn
        for link in net.links:
            if isinstance(link.layer, Input):
                self.place[id(link)] = self.new(np.asarray(rows[link.layer.name], np.float64))
            else:
                self.place[id(link)] = self.forward(link.layer, [self.place[id(s)] for s in link.sources])
        self.judge(np.asarray(rows["t"], np.float64), loss, half, sums)

    def new(self, value: Array) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def name(self, layer: Any) -> str:
        self.used[layer.name] = self.used.get(layer.name, 0) + 1
        number = self.used[layer.name]
        return layer.name if number == 1 else f"{layer.name}#{number}"

    def step(self, value: Array, back: Callable[[Array], list[tuple[int, Array]]]) -> int:
        self.back.append((self.new(value), back))
        return self.back[-1][0]

    def forward(self, layer: Any, sources: list[int]) -> int:
        given = [self.values[s] for s in sources]
        if isinstance(layer, Residual):
            inside = sources[0]
            for inner in layer.layers:
                inside = self.forward(inner, [inside])
            sources, given = [sources[0], inside], [given[0], self.values[inside]]
        if isinstance(layer, Add | Residual):
            return self.step(sum(given[1:], given[0]), lambda d: [(s, d) for s in sources])
        if isinstance(layer, Concatenate):
            cuts = np.cumsum([g.shape[1] for g in given])[:-1]
            parts = lambda d: list(zip(sources, np.split(d, cuts, axis=1), strict=True))  # noqa: E731
            return self.step(np.concatenate(given, axis=1), parts)
        if type(layer) in HAND:
            return self.by_the_table(layer, sources[0])
        if isinstance(layer, Dropout) and not self.training:
            return sources[0]
        if isinstance(layer, Dropout):
            mask = self.draw(layer, given[0], "mask") / (1 - layer.rate)
            return self.step(given[0] * mask, lambda d: [(sources[0], d * mask)])
        if isinstance(layer, BatchNorm):
            return self.normalise(layer, sources[0])
        at = self.sum_of(layer, sources[0]) if isinstance(layer, Dense) else sources[0]
        return self.fire(layer, at)

    def draw(self, layer: Any, x: Array, kind: str) -> Array:
        """What the layer draws at this use of it."""
        self.drawn[id(layer)] = self.drawn.get(id(layer), -1) + 1
        key = self.number[id(layer)] + 1 + (self.drawn[id(layer)] << 20)
        if kind == "mask":
            return (bits(SEED, STEP, key, x.size) >= int(layer.rate * 2**32)).reshape(x.shape)
        op = {"normal": random_normal, "uniform": random_uniform}[kind]
        return op.body(x, key=key, seed=SEED, step=STEP)

    def by_the_table(self, layer: Any, source: int) -> int:
        """A layer of hand_layers.py."""
        if isinstance(layer, CHANCE) and not self.training:
            raise NotImplementedError
        x, begin = self.values[source], f"{layer.name}."
        values = {n.removeprefix(begin): v for n, v in self.net.values.items() if n.startswith(begin)}
        o, slope, through = HAND[type(layer)](layer, x, values, lambda kind: self.draw(layer, x, kind))
        name = self.name(layer) if isinstance(layer, FIRING) else ""
        if name:
            self.seen |= {f"{name}.u": x, f"{name}.f′": slope, f"{name}.o": o}

        def back(d: Array) -> list[tuple[int, Array]]:
            to_x, found = through(d)
            for part in values:
                self.gradients[begin + part] += found[part]
            if name:
                self.seen[f"{name}.δᵒ"], self.sums[f"{name}.δᵘ"] = d, source
            return [(source, to_x)]

        return self.step(o, back)

    def sum_of(self, layer: Dense, source: int) -> int:
        x, w = self.values[source], self.net.values[f"{layer.name}.weight"]
        u = x @ w + (self.net.values[f"{layer.name}.bias"] if layer.bias else 0)

        def back(d: Array) -> list[tuple[int, Array]]:
            self.gradients[f"{layer.name}.weight"] += x.T @ d
            if layer.bias:
                self.gradients[f"{layer.name}.bias"] += d.sum(axis=0)
            return [(source, d @ w.T)]

        return self.step(u, back)

    def normalise(self, layer: BatchNorm, source: int) -> int:
        """Batch normalisation as in the paper, its gradient too: ∂E/∂σ² and ∂E/∂μ stand there by themselves."""
        if not self.training:
            return self.shifted(layer, source)
        x, n = self.values[source], len(self.values[source])
        scale = self.net.values[f"{layer.name}.weight"] if layer.affine else 1.0
        mean, variance = x.mean(axis=0), x.var(axis=0)
        away, deviation = x - mean, np.sqrt(variance + layer.eps)

        def back(d: Array) -> list[tuple[int, Array]]:
            if layer.affine:
                self.gradients[f"{layer.name}.weight"] += (d * away / deviation).sum(axis=0)
                self.gradients[f"{layer.name}.bias"] += d.sum(axis=0)
            to_variance = (d * scale * away).sum(axis=0) * -0.5 / deviation**3
            to_mean = -(d * scale).sum(axis=0) / deviation - 2 * to_variance * away.sum(axis=0) / n
            return [(source, d * scale / deviation + to_variance * 2 * away / n + to_mean / n)]

        return self.step(away / deviation * scale + self.net.values.get(f"{layer.name}.bias", 0.0), back)

    def shifted(self, layer: BatchNorm, source: int) -> int:
        """The same in use, forward only: by the averages of the training."""
        mean, variance, scale, shift = (
            self.net.values.get(f"{layer.name}.{part}", start)
            for part, start in (("running_mean", None), ("running_var", None), ("weight", 1.0), ("bias", 0.0))
        )
        o = (self.values[source] - mean) / np.sqrt(variance + layer.eps) * scale + shift
        return self.step(o, lambda d: [])

    def fire(self, layer: Any, at: int) -> int:
        name, u = self.name(layer), self.values[at]
        function = layer.activation if isinstance(layer, Dense) else layer.function
        if function == "softmax":
            o = np.exp(u - u.max(axis=1, keepdims=True))
            o /= o.sum(axis=1, keepdims=True)
            slope = o * (1 - o)
        else:
            o, slope = FUNCTIONS[function][0](u), FUNCTIONS[function][1](u)
        self.seen |= {f"{name}.u": u, f"{name}.f′": slope, f"{name}.o": o}

        def back(d: Array) -> list[tuple[int, Array]]:
            through = d * slope if function != "softmax" else o * (d - (d * o).sum(axis=1, keepdims=True))
            self.seen[f"{name}.δᵒ"] = d
            self.sums[f"{name}.δᵘ"] = at
            return [(at, through)]

        return self.step(o, back)

    def judge(self, t: Array, loss: str, half: bool, sums: bool) -> None:
        last = self.place[id(self.net.output)]
        o = self.values[last]
        if loss == "cross_entropy":  # of shares: the network ends in softmax
            n = 1 if sums else len(t)
            self.loss, delta = -np.sum(t * np.log(o)) / n, -t / o / n
        else:
            n = 1 if sums else t.size
            self.loss = (0.5 if half else 1.0) * np.sum((o - t) ** 2) / n
            delta = (o - t) * (1 if half else 2) / n
        signal = [np.zeros_like(v) for v in self.values]
        signal[last] = delta
        for place, back in reversed(self.back):
            for source, part in back(signal[place]):
                signal[source] = signal[source] + part
        self.seen |= {name: signal[at] for name, at in self.sums.items()}

"""The first mark of speed: 30-32-16-1, ReLU, batch 32, Adam, in Backlit, PyTorch and JAX in one run.

All are fed the same weights and the same rows in the same order, and must reach the same loss before they are timed.
The repeats are interleaved, and the median counts: these machines are noisy.

    python benchmarks/run.py [--steps 4000] [--repeats 7]
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import statistics
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

from backlit.nn import Dense
from backlit.training.fitting import Fitting
from backlit.training.network import Network
from backlit.training.settings import Settings

SIZES, BATCH, ROWS, RATE = (30, 32, 16, 1), 32, 1024, 1e-3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, SIZES[0])).astype(np.float32)
T = np.tanh(X[:, :1] - X[:, 1:2] * X[:, 2:3]).astype(np.float32)
WEIGHTS = [(RNG.normal(size=s) * (2 / s[0]) ** 0.5).astype(np.float32) for s in itertools.pairwise(SIZES)]


def backlit_steps():
    """Steps of Backlit's default path; rows in order, as for the others."""
    net = Network([Dense(32, "relu"), Dense(16, "relu"), Dense(1)])
    net.prepare(SIZES[0])
    for name, w in zip(("dense1", "dense2", "dense3"), WEIGHTS, strict=True):
        net[f"{name}.weight"] = w.T
    settings = Settings.of(batch_size=BATCH, epochs=10**6, shuffle=False, learning_rate=RATE)
    fitting = Fitting(net, {"x": X, "t": T}, {}, settings)

    def run(steps: int) -> float:
        fitting.loop.run(steps)
        return fitting.loop.epochs_done()[-1]["train_loss"]

    return run


def torch_steps():
    """PyTorch eager, as in its tutorials; two threads allowed."""
    import torch

    torch.set_num_threads(2)
    layers = []
    for i, w in enumerate(WEIGHTS):
        linear = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.zero_()
        layers += [linear] + ([torch.nn.ReLU()] if i < 2 else [])
    model = torch.nn.Sequential(*layers)
    optimizer, loss = torch.optim.Adam(model.parameters(), lr=RATE), torch.nn.MSELoss()
    x, t, place = torch.from_numpy(X), torch.from_numpy(T), [0]

    def run(steps: int) -> float:
        total = 0.0
        for _ in range(steps):
            first = place[0] * BATCH % ROWS
            place[0] += 1
            optimizer.zero_grad()
            e = loss(model(x[first : first + BATCH]), t[first : first + BATCH])
            e.backward()
            optimizer.step()
            total += e.detach().item() if steps <= ROWS // BATCH else 0.0
        return total / steps

    return run


def jax_steps():
    """JAX: one jitted lax.scan over an epoch, Adam written out."""
    import jax
    import jax.numpy as jnp

    x, t = jnp.asarray(X.reshape(-1, BATCH, SIZES[0])), jnp.asarray(T.reshape(-1, BATCH, 1))

    def loss_of(p, xb, tb):
        for i, (w, b) in enumerate(p):
            xb = xb @ w + b
            xb = jax.nn.relu(xb) if i < 2 else xb
        return jnp.mean((xb - tb) ** 2)

    def step(carry, batch):
        p, m, v, k = carry
        e, g = jax.value_and_grad(loss_of)(p, *batch)
        k += 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, c = RATE / (1 - 0.9**k), 1 / jnp.sqrt(1 - 0.999**k)
        p = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(v) * c + 1e-8), p, m, v)
        return (p, m, v, k), e

    epoch = jax.jit(lambda carry: jax.lax.scan(step, carry, (x, t)))
    p = [(jnp.asarray(w), jnp.zeros(w.shape[1])) for w in WEIGHTS]
    zeros = jax.tree.map(jnp.zeros_like, p)
    carry = [(p, zeros, zeros, jnp.float32(0))]

    def run(steps: int) -> float:
        for _ in range(steps // (ROWS // BATCH)):
            carry[0], e = epoch(carry[0])
        return float(e.mean())

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    steps = max(1, given.steps // 32) * 32
    peers = {}
    for name, make in {"Backlit": backlit_steps, "PyTorch eager": torch_steps, "JAX scan": jax_steps}.items():
        try:
            peers[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}")
    losses = {name: run(32) for name, run in peers.items()}
    for name, loss in losses.items():
        assert abs(loss - losses["Backlit"]) < 1e-4 * losses["Backlit"], (name, losses)
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(given.repeats):
        for name, run in peers.items():
            n = steps if name != "PyTorch eager" else max(32, steps // 8)
            begin = time.perf_counter()
            run(n)
            times[name].append((time.perf_counter() - begin) / n * 1e6)
    base = statistics.median(times["Backlit"])
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"30-32-16-1 ReLU, batch 32, Adam, float32; {machine}")
    print(f"loss after the first epoch: {', '.join(f'{n} {v:.6f}' for n, v in losses.items())}")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:14} {middle:9.2f} µs a step   {middle / base:7.1f} ×")


if __name__ == "__main__":
    main()

"""JAX: an epoch is one jitted `lax.scan` over its batches, the partial one after it; the optimizer written out."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import numpy as np

from ..workloads import Array, Asking, Workload
from . import Learner, Ways


def _double(dtype: str) -> Any:
    """JAX computes in float32 unless it is told otherwise."""
    import jax

    return jax.enable_x64(True) if dtype == "float64" else contextlib.nullcontext()


def forward(w: Workload, layers: Any, running: Any, x: Any, key: Any = None) -> tuple[Any, Any]:
    """Outputs before the softmax, and BatchNorm's running averages; with a key as in training, else as in use."""
    import jax
    import jax.numpy as jnp

    f = {
        "relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid,
        "gelu": lambda u: jax.nn.gelu(u, approximate=False),
    }[w.hidden]  # fmt: skip
    moved: list[Any] = []
    for number, layer in enumerate(layers):
        x = x @ layer["w"] + layer["b"]
        if number == len(layers) - 1:
            return (jax.nn.sigmoid(x) if w.last == "sigmoid" else x), moved
        if w.batch_norm:
            mean, var, n = x.mean(axis=0), x.var(axis=0), x.shape[0]
            x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * layer["scale"] + layer["shift"]
            old = running[number]
            moved.append((0.9 * old[0] + 0.1 * mean, 0.9 * old[1] + 0.1 * var * n / (n - 1)))
        x = f(x)
        if w.dropout:
            kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - w.dropout, x.shape)
            x = jnp.where(kept, x / (1 - w.dropout), 0)
    raise AssertionError("the last layer returns")


def parameters(w: Workload) -> tuple[Any, Any]:
    """The workload's weights as a tree, and BatchNorm's running averages."""
    import jax.numpy as jnp

    layers, running = [], []
    weights = w.weights()
    for number, (weight, bias) in enumerate(weights, start=1):
        layer = {"w": jnp.asarray(weight), "b": jnp.asarray(bias)}
        if w.batch_norm and number < len(weights):
            layer |= {"scale": jnp.ones_like(layer["b"]), "shift": jnp.zeros_like(layer["b"])}
            running.append((jnp.zeros_like(layer["b"]), jnp.ones_like(layer["b"])))
        layers.append(layer)
    return layers, running


def update(w: Workload, k: Any, p: Any, g: Any, m: Any, v: Any) -> tuple[Any, Any, Any]:
    """The optimizer's step for all parameters."""
    import jax
    import jax.numpy as jnp

    rate = w.learning_rate
    if w.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - rate * g, p, g), m, v
    decay = 1 - rate * 0.01 if w.optimizer == "adamw" else 1.0
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    a, root = rate / (1 - 0.9**k), jnp.sqrt(1 - 0.999**k)
    return jax.tree.map(lambda p, m, v: p * decay - a * m / (jnp.sqrt(v) / root + 1e-8), p, m, v), m, v


class Scan(Learner):
    """The epoch as one call: gather in the order given, scan over the full batches, then the partial one."""

    def __init__(self, workload: Workload) -> None:
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        import jax

        super().__init__(workload)
        self.jax = jax
        w = workload
        with _double(w.dtype):
            import jax.numpy as jnp

            x, t = w.data()
            self.x, self.t = jnp.asarray(x), jnp.asarray(t.astype(np.int32) if w.classes else t)
            begin = time.perf_counter()
            self.run = self._epoch().lower(self.carry(), np.zeros(w.rows, np.int32), self.x, self.t).compile()
            self.prepared = time.perf_counter() - begin
            self.state = self.carry()

    def carry(self) -> Any:
        """Where the training begins: parameters, averages, the optimizer's state, the number of the step."""
        import jax.numpy as jnp

        p, running = parameters(self.workload)
        m, v = (self.jax.tree.map(jnp.zeros_like, p) for _ in range(2))
        return p, running, m, v, jnp.asarray(0.0, self.workload.dtype)

    def _epoch(self) -> Any:
        import jax.numpy as jnp

        jax, w = self.jax, self.workload
        full = w.rows // w.batch
        key = jax.random.key(0)

        def loss(p: Any, running: Any, x: Any, t: Any, k: Any) -> Any:
            drawn = jax.random.fold_in(key, k.astype(np.int32)) if w.dropout else None
            o, moved = forward(w, p, running, x, drawn)
            if w.classes:
                return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(o), t[:, None], axis=1)), moved
            return 0.5 * jnp.mean((o - t) ** 2), moved

        def step(carry: Any, batch: Any) -> Any:
            p, running, m, v, k = carry
            (e, moved), g = jax.value_and_grad(loss, has_aux=True)(p, running, *batch, k)
            p, m, v = update(w, k + 1, p, g, m, v)
            return (p, moved, m, v, k + 1), e

        def epoch(carry: Any, order: Any, x: Any, t: Any) -> Any:
            x, t = x[order], t[order]
            cut = full * w.batch
            parts = x[:cut].reshape(full, w.batch, -1), t[:cut].reshape(full, w.batch, *t.shape[1:])
            carry, losses = jax.lax.scan(step, carry, parts)
            carry, last = step(carry, (x[cut:], t[cut:]))
            return carry, (jnp.sum(losses) * w.batch + last * (w.rows - cut)) / w.rows

        return jax.jit(epoch, donate_argnums=0)

    def epoch(self, order: Array) -> Any:
        with _double(self.workload.dtype):
            self.state, mean = self.run(self.state, order.astype(np.int32), self.x, self.t)
        return mean

    def finish(self, found: Any) -> None:
        self.jax.block_until_ready((self.state, found))

    def loss_of(self, found: Any) -> float:
        return float(found)


def learner(w: Workload) -> Learner:
    """JAX' training of a workload."""
    return Scan(w)


def answerer(asking: Asking) -> Ways:
    """A jitted forward pass: all rows at once, and in batches."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax

    w = asking.network
    p, running = parameters(w)

    def outputs(p: Any, x: Any) -> Any:
        o, _ = forward(w, p, running, x)
        return jax.nn.softmax(o) if w.classes else o

    answer = jax.jit(outputs)

    def whole(x: Array) -> Array:
        return np.asarray(answer(p, x))

    def batches(size: int) -> Any:
        def parts(x: Array) -> Array:
            # all of them are under way before the first one is waited for
            found = [answer(p, x[i : i + size]) for i in range(0, len(x), size)]
            return np.concatenate([np.asarray(part) for part in found])

        return parts

    return {"whole": whole} | ({f"batches of {n}": batches(n) for n in (512, 4096)} if asking.rows > 512 else {})

"""JAX: the whole training is one `jit` with a `lax.scan` over its steps; Adam written out."""

from __future__ import annotations

import itertools
import sys
from typing import Any


def main(rows: str, epochs: int) -> None:
    """Train and judge; of an epoch the last, partial batch is left out, so that all steps have one shape."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    with np.load(rows) as file:
        x, t, x_new, t_new = (file[name] for name in ("x", "t", "x_new", "t_new"))
    mean, std = x.mean(axis=0), x.std(axis=0)
    inputs, targets = jnp.asarray((x - mean) / std, jnp.float32), jnp.asarray(t, jnp.int32)
    rng = np.random.default_rng(0)
    sizes = [30, 32, 16, 2]
    layers = [
        (jnp.asarray(rng.normal(size=(a, b)) * np.sqrt(2 / a), jnp.float32), jnp.zeros(b))
        for a, b in itertools.pairwise(sizes)
    ]
    steps = len(x) // 32
    order = np.stack([rng.permutation(len(x))[: steps * 32].reshape(steps, 32) for _ in range(epochs)])

    def forward(p: Any, x: Any) -> Any:
        for weight, bias in p[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        return x @ p[-1][0] + p[-1][1]

    def loss(p: Any, x: Any, t: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(forward(p, x)), t[:, None], axis=1))

    def step(carry: Any, part: Any) -> Any:
        p, m, v, k = carry
        g = jax.grad(loss)(p, inputs[part], targets[part])
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        a, root = 1e-3 / (1 - 0.9**k), jnp.sqrt(1 - 0.999**k)
        p = jax.tree.map(lambda p, m, v: p - a * m / (jnp.sqrt(v) / root + 1e-8), p, m, v)
        return (p, m, v, k + 1), None

    zeros = jax.tree.map(jnp.zeros_like, layers)
    train = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order)[0])
    p = train((layers, zeros, zeros, 1.0), order.reshape(-1, 32))[0]
    found = np.asarray(forward(p, jnp.asarray((x_new - mean) / std, jnp.float32)).argmax(axis=1))
    print((found == t_new).mean())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

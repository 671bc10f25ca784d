"""Operations over whole rows, and those that draw, in JAX's words: for the random graphs."""

from __future__ import annotations

from typing import Any

from backlit.ops.random import random_normal, random_uniform
from core.random_graphs import SEED, STEP


def of_rows(jax: Any) -> dict[str, Any]:
    """By name; each as its definition says, none as the machine does it."""
    jnp = jax.numpy

    def sparsemax(u: Any) -> Any:
        # by sorting: k is the largest number of u with 1 + k u_(k) above the sum of the k largest
        z = jnp.flip(jnp.sort(u, axis=-1), axis=-1)
        sums, k = jnp.cumsum(z, axis=-1), jnp.arange(1, u.shape[-1] + 1)
        size = jnp.sum(jnp.where(1 + k * z > sums, 1, 0), axis=-1, keepdims=True)
        threshold = (jnp.take_along_axis(sums, size - 1, axis=-1) - 1) / size
        return jnp.where(u > threshold, u - threshold, 0.0)

    def standardise(x: Any, eps: float, centre: bool) -> Any:
        d = x - jnp.mean(x, axis=-1, keepdims=True) if centre else x
        return d / jnp.sqrt(jnp.mean(d * d, axis=-1, keepdims=True) + eps)

    def standardise_slope(d: Any, x: Any, eps: float, centre: bool) -> Any:
        return jax.vjp(lambda v: standardise(v, eps, centre), x)[1](d)[0]

    def drawn(op: Any) -> Any:
        return lambda x, key, **where: op.body(x, key=key, seed=SEED, step=STEP)

    return {
        "softmin": lambda u: jax.nn.softmax(-u),
        "sparsemax": sparsemax,
        "row_shares": lambda o: o / jnp.sum(o, axis=-1, keepdims=True),
        "standardise": standardise,
        "standardise_slope": standardise_slope,
        "column_affine": lambda x, w, b: x * w + b,
        "random_uniform": drawn(random_uniform),
        "random_normal": drawn(random_normal),
    }

"""One table of tolerances for all tests: by dtype, and by what is compared.

An error is measured against the array's own size: |a - b| / max(|b|, the largest |b| of the array).  NaN and
infinities must stand in the same places.
"""

from __future__ import annotations

import numpy as np

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}

# In units of the dtype's EPS.
UNITS = {
    "op": 16,  # one operation and its gradient, engine against engine: words within 2 ulp, sums in another order
    "twin": 64,  # an operation against its composed twin
    "graph": 512,  # a graph of a dozen operations, engine against engine or against JAX in float64
    "training": 1 << 16,  # some twenty steps of training, where rounding grows from step to step
}
GRADIENT = 1e-7  # a derivative against differences in float64; ×1.001 is 10,000 times as much


def tolerance(dtype: str, kind: str) -> float:
    """The largest error allowed, relative to the size of the array."""
    return UNITS[kind] * EPS[dtype]


def error(actual: object, expected: object, size: float = 0.0) -> float:
    """The largest difference relative to the largest |expected|; inf where NaN or infinities differ.

    `size` is that of the terms of a sum, which may cancel: an error is not measured against less.
    """
    a, b = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert a.shape == b.shape, f"shapes {a.shape} and {b.shape}"
    finite = np.isfinite(b)
    if not np.array_equal(np.where(finite, 0.0, b), np.where(np.isfinite(a), 0.0, a), equal_nan=True):
        return np.inf
    if not finite.any():
        return 0.0
    size = max(size, float(np.max(np.abs(b[finite]))))
    return float(np.max(np.abs(a[finite] - b[finite])) / size) if size else float(np.max(np.abs(a[finite])))


def assert_close(actual: object, expected: object, dtype: str, kind: str, what: object = "", size: float = 0.0) -> None:
    """`actual` is `expected` within the table."""
    found, most = error(actual, expected, size), tolerance(dtype, kind)
    assert found <= most, f"{what}: error {found:.2e}, allowed {most:.2e}\n{actual}\n{expected}"


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the last bit, NaN's payload included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()

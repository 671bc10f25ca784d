"""How noisy the gradient of a batch is: the noise scale of McCandlish et al., 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.backprop import backprop
from .forward import compute
from .trial import BATCH

if TYPE_CHECKING:
    from ..core.graph import Node
    from .patient import Patient

Array = np.ndarray[Any, Any]
BATCHES = 16  # whose gradients are compared: the variance of each entry is then known to about a third
LARGE = 100_000  # weights: of more the gradients of all batches take a second


def noise_scale(patient: Patient) -> float | None:
    """Rows of a batch whose gradient is as much noise as signal: tr Σ / |G|², at the last weights.

    Σ is the covariance of the gradients of single rows and G their mean.  Batches of b rows scatter by tr Σ / b around
    it.  At most what so many batches of 32 can show (512): above that the mean cannot be told from 0.  None where
    a gradient is not finite, and where there is no time for it: in a quick diagnosis, and for large networks.
    """
    weights = sum(array.size for array in patient.end.values())
    if patient.rows < 2 or patient.attempt is None or weights > LARGE:
        return None
    built = patient.build()
    assert built.loss is not None
    size = min(BATCH, patient.rows)
    every = backprop(built.loss, built.trained)
    found = {f"∂{node.name}": every[node] for node in built.trained if node in every}
    if not found:
        return None
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(BATCHES):
        patient.ask()
        seen.append(_gradient(patient, found, rng.integers(0, patient.rows, size)))
    gradients = np.array(seen)
    noise = float(gradients.var(axis=0, ddof=1).sum())
    signal = float((gradients.mean(axis=0) ** 2).sum()) - noise / BATCHES
    if not np.isfinite(noise):
        return None
    return size * min(noise / signal, BATCHES) if signal > 0 else float(size * BATCHES)


def _gradient(patient: Patient, found: dict[str, Node], at: Array) -> Array:
    rows = {name: array[at] for name, array in patient.inputs.items()}
    parts = compute(found, {**patient.end, **rows}, len(at))
    return np.concatenate([part.ravel() for part in parts.values()])

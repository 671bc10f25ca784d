"""Ledgers of 200 random networks close, and so does a chain rule in each layer that has parameters.

Drawn from all layers, losses and activation functions, with branches, dropout and batches above one, after training
in float32.  Every number of a ledger is compared with the sum of products beside it, which is worked out in float64
from the other numbers of the machine.
"""

from __future__ import annotations

import numpy as np
import pytest

from backlit.lens.trace import Trace
from backlit.nn import KINDS
from backlit.ops.loss import LOSSES
from lens.drawn import ACTIVATIONS, WHOLE, Drawn, drawn

QUICK, ALL = 20, 200


def traced(made: Drawn) -> Trace:
    return made.net.trace(made.x, made.rows["t"], loss=made.loss, row=1, **made.given)


def examine(seed: int) -> None:
    made = drawn(seed)
    trace = traced(made)
    ledger = trace.ledger()
    assert ledger.closes, [(c.name, c.at, c.sum) for c in ledger.open]
    assert sum(c.sum is not None for c in ledger.cells()) > 10
    rng = np.random.default_rng(seed)
    for p in trace.recording.built.trained:
        if f"∂E/∂{p.name}" in trace.recording:
            at = ",".join(str(rng.integers(n)) for n in trace[p.name].shape)
            chain = trace.parameter(f"{p.name}[{at}]", top=4)
            assert chain.closes, (chain.name, chain.at, chain.total, chain.gradient, chain.bound)


@pytest.mark.parametrize("seed", range(QUICK))
def test_the_ledger_of_a_random_network_closes(seed):
    examine(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(QUICK, ALL))
def test_the_ledgers_of_many_random_networks_close(seed):
    examine(seed)


@pytest.mark.slow
def test_all_layers_losses_and_functions_are_among_them(monkeypatch):
    monkeypatch.setattr("backlit.training.Network.fit", lambda *a, **k: None)  # what is drawn, not what is trained
    kinds, functions, losses, notes = set(), set(), set(), set()
    for seed in range(ALL):
        made = drawn(seed)
        losses.add(made.loss)
        notes |= {*made.given}
        for layer in made.net.layers():
            kinds.add(type(layer))
            functions.add(getattr(layer, "activation", None) or getattr(layer, "function", None))
    assert kinds == set(KINDS.values())
    assert losses == set(LOSSES)
    assert functions >= {*ACTIVATIONS, *WHOLE}
    assert notes >= {"l1", "l2", "label_smoothing", "half", "sample_weight"}

"""Layer-sequential unit-variance initialisation (LSUV): initial weights that are fitted to the data.

Layer by layer, from the inputs on, the weights become a random rotation and are then divided by the deviation that u
has on some rows, until its variance is 1.  So signals have one size in every layer, whatever the activation functions,
normalisations and branches in between do to them, and no formula for their gain is needed.

Source: Mishkin, Matas, "All you need is a good init", ICLR 2016.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ...core.interpret import Interpreter
from ...core.lowering import lower
from ...nn import Dense, Structure, orthogonal

Array = np.ndarray[Any, Any]
ROWS = 256  # that are looked at
TOLERANCE, MOST = 0.01, 10  # how near to 1 the variance has to come, in how many divisions
NAME = "lsuv"


def layer_sequential(
    net: Structure, rows: Mapping[str, Array], *, seed: int = 0, only: Collection[str] | None = None
) -> dict[str, float]:
    """Give the Dense layers of a prepared network weights by which u has the variance 1; frozen ones stay as they are.

    Parameters
    ----------
    rows : name → array
        Rows for each input; 256 of them, chosen by the seed, are used.
    only : names of layers, optional
        The only layers that are given new weights.

    Returns
    -------
    name of layer → float
        The variance of its u that was reached.  A layer whose u does not vary, because nothing that varies reaches
        it, keeps its rotation.
    """
    built = net.build()
    count = len(next(iter(rows.values())))
    chosen = np.sort(np.random.default_rng([seed, count]).permutation(count)[:ROWS])
    given = {node.name: np.asarray(rows[node.name], np.float64)[chosen] for node in built.inputs}
    reached: dict[str, float] = {}
    for number, layer in enumerate(net.layers()):
        if not isinstance(layer, Dense) or not layer.trains("weight") or (only is not None and layer.name not in only):
            continue
        weight = net.values[f"{layer.name}.weight"]
        fans = (weight.shape[0], weight.shape[1])
        weight[...] = orthogonal()(*fans, fans, np.random.default_rng([seed, number, len("weight")]))
        run = Interpreter(lower({"u": built.graph.names[f"{layer.name}.u"]}, blocks=built.blocks()), len(chosen))
        for _ in range(MOST):
            variance = _variance(run, {**net.values, **given})
            if not 0 < variance < np.inf or abs(variance - 1) < TOLERANCE:
                break
            weight /= np.sqrt(variance)
        reached[layer.name] = _variance(run, {**net.values, **given})
    return reached


def _variance(run: Interpreter, values: Mapping[str, Array]) -> float:
    for name, value in values.items():
        if name in run.tape.names:
            run.arena[name] = value
    run.run()
    return float(np.var(run.arena["u"]))

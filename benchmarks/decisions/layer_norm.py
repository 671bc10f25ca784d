"""docs/layers.md: layer normalisation, forward and backward, by its own kernels, composed, and in PyTorch.

    python benchmarks/decisions/layer_norm.py [--repeats 31]

float32, one thread; x, γ and β get gradients.  "composed" are the twins of smaller operations by which both operations
are explained and tested.  PyTorch (eager) is measured if it is installed; its time holds what it takes to call it, as
Backlit's holds a call from Python too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from timing import call_timer, machine_line, medians

from backlit.core.backprop import backprop
from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.ops import Rows
from backlit.ops.standardised import column_affine, standardise

SHAPES = ((32, 32), (64, 128), (256, 512))


def ours(rows: int, features: int, composed: bool) -> Callable[[], object]:
    g = Graph()
    x, w, b = g.input("x", (Rows(), features)), g.input("w", (features,)), g.input("b", (features,))
    d = g.input("d", x.shape)
    if composed:
        o = column_affine.twin(standardise.twin(x, eps=1e-5, centre=True), w, b)
    else:
        o = column_affine(standardise(x), w, b)
    found = backprop(o, [x, w, b], seed=d)
    machine = Machine(lower({"o": o} | {f"∂{n.name}": found[n] for n in (x, w, b)}), rows)
    rng = np.random.default_rng(0)
    for name in ("x", "w", "b", "d"):
        machine[name] = rng.normal(size=machine[name].shape)
    return lambda: machine.run(rows=rows)


def pytorch(rows: int, features: int) -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    layer, d = torch.nn.LayerNorm(features), torch.randn(rows, features)
    x = torch.randn(rows, features, requires_grad=True)

    def step() -> None:
        x.grad = layer.weight.grad = layer.bias.grad = None
        layer(x).backward(d)

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    print(machine_line())
    print("µs, forward and backward")
    kinds = ["kernels", "composed"]
    try:
        import torch

        kinds.append(f"PyTorch {torch.__version__}")
    except ImportError:
        pass
    print(f"{'rows, features':18}" + "".join(f"{kind:>20}" for kind in kinds))
    for rows, features in SHAPES:
        calls = [ours(rows, features, False), ours(rows, features, True)]
        if len(kinds) > 2:
            calls.append(pytorch(rows, features))
        for call in calls:
            call()
        found = medians({k: call_timer(c, 200) for k, c in zip(kinds, calls, strict=True)}, repeats)
        print(f"{f'{rows}, {features}':18}" + "".join(f"{found[kind] * 1e6:20.1f}" for kind in kinds))


if __name__ == "__main__":
    main()

"""docs/decisions/0006: matrix products by one thread, by two sharing rows or columns of the result, by BLAS' own two.

    python benchmarks/decisions/products.py [--repeats 7]

Each form has its turn in every round; the median of the rounds, in GF/s.  The layouts are those of a layer: the sum
x W, the way back δ Wᵀ, the gradient xᵀ δ.
"""

from __future__ import annotations

import argparse
import statistics

from timing import machine_line

from backlit.bench.native import Bench, Form

# rows, columns, inner size, and which operand is read transposed
PRODUCTS = (
    (64, 128, 64, 0, 0), (64, 128, 10, 0, 1), (128, 10, 64, 1, 0),
    (128, 256, 784, 0, 0), (784, 256, 128, 1, 0), (128, 256, 128, 0, 1),
    (256, 1024, 784, 0, 0), (256, 1024, 1024, 0, 1), (784, 1024, 256, 1, 0), (1024, 1024, 256, 1, 0),
)  # fmt: skip
SPLITS = ("", "rows", "columns", "blas")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    bench = Bench("float32")
    print(machine_line())
    print(f"{'product':26}" + "".join(f"{s or '1 thread':>10}" for s in SPLITS))
    for m, n, k, ta, tb in PRODUCTS:
        found: dict[str, list[float]] = {split: [] for split in SPLITS}
        for _ in range(repeats):
            for split, times in found.items():
                bench.product(m, n, k, Form(ta, tb, split), 0.03)  # the second core needs some ms to wake
                times.append(2e-9 * m * n * k / bench.product(m, n, k, Form(ta, tb, split), 0.03))
        text = f"({m}, {k}){'ᵀ' if ta else ''} · ({k}, {n}){'ᵀ' if tb else ''}"
        print(f"{text:26}" + "".join(f"{statistics.median(times):10.1f}" for times in found.values()))


if __name__ == "__main__":
    main()

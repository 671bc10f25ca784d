"""Make the bundled data sets from scikit-learn's copies: python tools/make_data_sets.py [FOLDER].

Needed only when a set is added or its form changes; Backlit itself never imports scikit-learn to read them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

SETS = Path(__file__).resolve().parent.parent / "src" / "backlit" / "data" / "sets"

LOADERS = {
    "digits": lambda: datasets.load_digits(),
    "iris": lambda: datasets.load_iris(),
    "wine": lambda: datasets.load_wine(),
    "breast_cancer": lambda: datasets.load_breast_cancer(),
    "diabetes": lambda: datasets.load_diabetes(scaled=False),
}
TARGETS = {
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
}


def decimals(column: NDArray[np.float64]) -> int:
    """The fewest decimals that write every number of a column exactly."""
    return next(d for d in range(16) if np.array_equal(np.rint(column * 10.0**d) / 10.0**d, column))


def whole(x: NDArray[np.float64]) -> tuple[NDArray[np.unsignedinteger], NDArray[np.uint8]]:
    """`x` as whole numbers of the smallest unsigned type, and the decimals of each column."""
    places = np.array([decimals(column) for column in x.T], dtype=np.uint8)
    numbers = np.rint(x * 10.0**places).astype(np.uint64)
    numbers = numbers.astype(np.min_scalar_type(int(numbers.max())))
    assert np.array_equal(numbers / 10.0**places, x)
    return numbers, places


def make(name: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of one file."""
    bunch = LOADERS[name]()
    classes = [str(c) for c in getattr(bunch, "target_names", [])]
    x, places = whole(bunch.data)
    t, _ = whole(bunch.target.reshape(len(x), -1).astype(np.float64))
    return {
        "x": x,
        "decimals": places,
        "t": t[:, 0] if classes else t,
        "features": np.array([str(f) for f in bunch.feature_names]),
        "target": np.array([TARGETS[name]]),
        "classes": np.array(classes, dtype=str),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if sys.argv[1:] else SETS
    folder.mkdir(parents=True, exist_ok=True)
    for name in LOADERS:
        file = folder / f"{name}.npz"
        np.savez_compressed(file, **make(name))
        print(f"{file.name}: {file.stat().st_size} bytes")

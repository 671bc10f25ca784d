"""Backlit: a set by its name, and a line of settings so that the network is the others'."""

from __future__ import annotations

import sys


def main(rows: str, epochs: int) -> None:
    """Train and judge; `rows` stays closed, since the set comes with Backlit."""
    import backlit

    run = backlit.train(
        "breast_cancer", hidden=(32, 16), activation="relu", dropout=0.0, epochs=epochs, patience=0, batch_size=32,
        optimizer="adam", learning_rate=1e-3,
    )  # fmt: skip
    print(run.result["test"]["accuracy"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

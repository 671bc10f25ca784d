"""Which share of the rate that the step probe finds is a good one?  Losses of trainings at several shares.

The probe finds the rate at which one step reaches the bottom (r = 1); `backlit.training.loop.probe` takes a share
of it.
For each set and optimizer: that rate, and the lowest validation loss of 40 epochs at each share ("-": not finite).
"""

from __future__ import annotations

import numpy as np

from backlit import Dense, Network
from backlit.data import Preparation, load, split
from backlit.errors import TrainingError
from backlit.training.loop.probe import find_rate
from backlit.training.loop.settings import Settings

SETS = ("digits", "iris", "wine", "breast_cancer", "diabetes", "spirals")
OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop", "lion")
SHARES = (0.03, 0.1, 0.3, 0.5, 1.0, 2.0, 4.0)


def main() -> None:
    print(f"{'set':14}{'optimizer':10}{'rate at r = 1':>14}" + "".join(f"{share:>8}" for share in SHARES))
    for name in SETS:
        table = load(name)
        parts = split(table, test=0.2, validation=0.15, seed=0)
        preparation = Preparation.fit(table, parts.train)
        x, t = preparation.inputs(table.x), preparation.targets(table.t)
        learned, held = (x[parts.train], t[parts.train]), (x[parts.validation], t[parts.validation])
        last = "softmax" if table.task == "classification" else None

        def network(width: int = t.shape[1], last: str | None = last) -> Network:
            return Network([Dense(64, "silu"), Dense(64, "silu"), Dense(width, last)])

        for optimizer in OPTIMIZERS:
            net = network()
            loss = net._default_loss()
            net.prepare(x.shape[1], seed=0)
            given = Settings.of(optimizer=optimizer, learning_rate="auto", loss=loss)
            bottom = float(np.median(find_rate(net, {"x": learned[0], "t": learned[1]}, given).bottoms))
            cells = []
            for share in SHARES:
                try:
                    run = network().fit(
                        *learned, validation=held, optimizer=optimizer, learning_rate=share * bottom, epochs=40
                    )
                    cells.append(f"{min(row['valid_loss'] for row in run.history):8.3f}")
                except TrainingError:
                    cells.append(f"{'-':>8}")
            print(f"{name:14}{optimizer:10}{bottom:14.3g}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()

"""scikit-learn: `StandardScaler` and `MLPClassifier`, as many epochs as asked for."""

from __future__ import annotations

import sys
import warnings


def main(rows: str, epochs: int) -> None:
    """Train and judge."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import StandardScaler

    with np.load(rows) as file:
        x, t, x_new, t_new = (file[name] for name in ("x", "t", "x_new", "t_new"))
    scaler = StandardScaler().fit(x)
    model = MLPClassifier(
        (32, 16), batch_size=32, learning_rate_init=1e-3, max_iter=epochs, n_iter_no_change=epochs, alpha=0.0,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it did not converge: it was told when to stop
        model.fit(scaler.transform(x), t)
    print(model.score(scaler.transform(x_new), t_new))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

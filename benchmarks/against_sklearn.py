"""Accuracy and time of `backlit.train` and of scikit-learn's MLPClassifier and MLPRegressor, all at their defaults.

    python benchmarks/against_sklearn.py [SPLITS]

Ten splits of every bundled set, a fifth of the rows held out.  scikit-learn gets all other rows (its defaults hold
nothing back), Backlit divides them itself into training and validation.  "MLP" is scikit-learn's class as it comes;
"scaled MLP" stands behind a StandardScaler, as its manual advises (and for regression with a scaled target: Backlit
scales both by itself).  Accuracy in per cent, R² in hundredths, mean ± standard error over the splits.  The time is the
processor time of the fit alone, the median, the compared ones in turns; scikit-learn's products are done by one thread,
which is the quicker way for tables of this size.  "times" is the median of its time over Backlit's on the same split.
They do not take the same number of steps: Backlit at most 100 epochs of 32 rows a step (400 steps, where that is more),
scikit-learn at most 200 epochs of 200 rows a step; so the time of a step stands beside.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import backlit
from backlit.data import load, split

SETS = ("iris", "wine", "diabetes", "breast_cancer", "digits")
NAMES = ("Backlit", "MLP", "scaled MLP")


def ours(table: Any, rows: Any, held: Any, seed: int) -> Callable[[], Any]:
    """Test 0: what is held out was taken away before; the validation part is its own."""
    learned = table.take(rows)

    def fit() -> tuple[Any, int]:
        run = backlit.train(learned, test=0.0, seed=seed, progress="none", baselines=False)
        return run.network.predict, run.result["steps"]

    return fit


def theirs(scaled: bool) -> Callable[..., Callable[[], Any]]:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    def make(table: Any, rows: Any, held: Any, seed: int) -> Callable[[], Any]:
        x, t = table.x[rows], table.t[rows] if table.task == "classification" else table.t[rows, 0]
        model: Any = (MLPClassifier if table.task == "classification" else MLPRegressor)(random_state=seed)
        if scaled:
            model = make_pipeline(StandardScaler(), model)
            if table.task == "regression":
                model = TransformedTargetRegressor(model, transformer=StandardScaler())

        def fit() -> Any:
            with threadpool_limits(1):
                model.fit(x, t)
            inner = model.regressor_ if scaled and table.task == "regression" else model
            steps = (inner[-1] if scaled else inner).n_iter_ * -(-len(x) // min(200, len(x)))
            return (
                model.predict_proba if table.task == "classification" else lambda x: model.predict(x)[:, None]
            ), steps

        return fit

    return make


def score(table: Any, out: Any, held: Any) -> float:
    t = table.t[held]
    if table.task == "classification":
        return 100 * float(np.mean(out.argmax(axis=1) == t))
    return 100 * (1 - float(np.sum((out - t) ** 2) / np.sum((t - t.mean(axis=0)) ** 2)))


def main(splits: int) -> None:
    import sklearn

    warnings.simplefilter("ignore")  # MLP at its defaults often says that it has not converged
    makers = (ours, theirs(False), theirs(True))
    for name in ("iris", "diabetes"):  # what is compiled or imported is not what is measured
        table = load(name)
        for make in makers:
            make(table, np.arange(table.rows), None, 0)()
    print(
        f"{platform.machine()}, Python {platform.python_version()}, scikit-learn {sklearn.__version__}, {splits} splits"
    )
    heads = [f"{n:>15}" for n in NAMES] + [f"{n:>12}" for n in ("time of fit", "", "", "of a step", "", "")]
    heads += [f"{n:>8}" for n in ("times", "")]
    print(f"{'':14}" + "".join(heads))
    for name in SETS:
        table = load(name)
        found: dict[str, list[float]] = {n: [] for n in NAMES}
        took: dict[str, list[float]] = {n: [] for n in NAMES}
        step: dict[str, list[float]] = {n: [] for n in NAMES}
        for seed in range(splits):
            parts = split(table, test=0.2, validation=0.0, seed=seed)
            for n, make in zip(NAMES, makers, strict=True):
                fit = make(table, parts.train, parts.test, seed)
                begin = time.process_time()
                predict, count = fit()
                took[n].append(time.process_time() - begin)
                step[n].append(1e6 * took[n][-1] / count)
                found[n].append(score(table, np.asarray(predict(table.x[parts.test])), parts.test))
        cells = [f"{np.mean(v):6.1f} ± {np.std(v, ddof=1) / splits**0.5:3.1f}" for v in found.values()]
        times = [f"{1000 * statistics.median(v):9.1f} ms" for v in took.values()]
        ratios = [f"{np.median(np.divide(took[n], took['Backlit'])):8.1f}" for n in NAMES[1:]]
        steps = [f"{statistics.median(v):9.1f} µs" for v in step.values()]
        print(
            f"{name:14}" + "".join(f"{c:>15}" for c in cells) + "".join([*times, *steps, *ratios]),
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)

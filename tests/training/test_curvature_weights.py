"""Rows and classes that count more do so in the curvature and in slices of the loss, too."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.errors import BacklitError
from cli.processes import Result

TIMES = np.array([1, 2, 3] * 10)
GIVEN = {"dtype": "float64", "optimizer": "sgd", "learning_rate": 1e-3, "l2": 0.1}


@pytest.fixture
def rows(rng):
    return rng.normal(size=(30, 3)), np.array([0, 0, 0, 1, 1, 2] * 5)


def net(**more):
    made = Network([Dense(4, "tanh"), Dense(3, "softmax")])
    made.prepare(3, dtype="float64")
    return made


@pytest.mark.parametrize("reduction", ["mean", "sum", "rows"])
def test_a_row_of_weight_2_counts_as_two_rows(rows, reduction):
    x, t = rows
    options = {**GIVEN, "loss_options": {"reduction": reduction}}
    weighted = backlit.curvature(net(), x, t, sample_weight=TIMES, **options)
    repeated = backlit.curvature(net(), np.repeat(x, TIMES, axis=0), np.repeat(t, TIMES), **options)
    assert weighted.loss == pytest.approx(repeated.loss, rel=1e-12)
    assert weighted.sharpness == pytest.approx(repeated.sharpness, rel=1e-6)
    assert weighted.sharpness != pytest.approx(backlit.curvature(net(), x, t, **options).sharpness, rel=1e-3)


@pytest.mark.parametrize("weights", ["balanced", {0: 5.0, 2: 0.5}, [3, 2, 1]], ids=str)
def test_other_rows_of_a_run_have_the_weights_of_their_classes(rows, weights):
    x, t = rows
    run = net().fit(x, t, epochs=1, class_weight=weights, **GIVEN)
    given = dict(enumerate(weights)) if isinstance(weights, list) else weights
    w = np.array([2 / 3, 1.0, 2.0]) if weights == "balanced" else np.array([given.get(k, 1.0) for k in range(3)])
    seen = backlit.curvature(run, x[:17], t[:17])
    wanted = backlit.curvature(run.last, x[:17], t[:17], sample_weight=w[t[:17]], **GIVEN)
    assert seen.loss == pytest.approx(wanted.loss, rel=1e-12)
    assert seen.sharpness == pytest.approx(wanted.sharpness, rel=1e-9)
    bare = backlit.curvature(run.last, x, t, class_weight=weights, **GIVEN)
    assert bare.loss == pytest.approx(backlit.curvature(run, x, t).loss, rel=1e-12)


def test_rows_that_are_drawn_keep_their_weights(rows):
    x, t = rows
    drawn = backlit.curvature(net(), x, t, sample_weight=TIMES, rows=12, seed=1, **GIVEN)
    chosen = np.sort(np.random.default_rng(1).permutation(30)[:12])
    alone = backlit.curvature(net(), x[chosen], t[chosen], sample_weight=TIMES[chosen], **GIVEN)
    assert drawn.loss == pytest.approx(alone.loss, rel=1e-12)


def test_weights_that_are_none_are_told(rows):
    with pytest.raises(BacklitError) as caught:
        backlit.curvature(net(), *rows, sample_weight=[1, 2], **GIVEN)
    assert caught.value.code.startswith("BL")


def test_a_source_with_the_column_of_weights_is_weighted(tmp_path, rng):
    from click.testing import CliRunner

    from backlit.cli.app import app

    def call(*typed) -> Result:
        found = CliRunner().invoke(app, [str(a) for a in typed])
        assert found.exit_code == 0, found.output
        return Result(found.exit_code, found.stdout, found.stderr)

    x = rng.normal(size=(60, 2)).round(3)
    w = np.array([1, 2, 3] * 20)

    def written(name, weights):
        lines = [f"{a},{b},{k},{a * b}" for (a, b), k in zip(x.tolist(), weights, strict=True)]
        (tmp_path / name).write_text("\n".join(["a,b,w,y", *lines]), encoding="utf-8")
        return tmp_path / name

    own, alike = written("own.csv", w), written("alike.csv", np.ones(60))
    run = backlit.train(own, target="y", sample_weight="w", epochs=3, hidden=[4], progress="none", out=tmp_path)
    for command, *more in (["curvature"], ["landscape", "--points", "3"]):
        of_run, of_own, of_alike = (
            json.loads(call(command, run.folder, *source, *more, "--format", "json").out)
            for source in ([], [own], [alike])
        )
        assert of_run["rows"] < of_own["rows"] == 60
        assert {**of_own, "source": ""} != {**of_alike, "source": ""}


@pytest.mark.parametrize("size", [1e30, 1e300])
def test_numbers_beyond_all_bounds_are_told_without_a_warning(rng, size):
    x, t = size * rng.normal(size=(9, 3)), np.arange(9) % 2
    made = Network([Dense(2, "softmax")])
    made.prepare(3)
    for look in (
        lambda: backlit.curvature(made, x, t).text(),
        lambda: backlit.landscape(made, x, t, points=5).text(),
        lambda: made.trace(x, t).text(),
    ):
        with contextlib.suppress(BacklitError):
            look()

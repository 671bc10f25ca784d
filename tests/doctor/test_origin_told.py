"""The first number that is not finite, as it is told: by the finding in both languages, and by the command line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import backlit
from backlit import Dense, Network
from backlit.cli.app import app
from backlit.errors import BacklitError
from backlit.nn import initial
from doctor.patients import bent, rows, trained

LANGUAGES = ("en", "ja")


ONE, HUGE = np.ones(40), 2e38  # the largest float32 is 3.4e38
SMALL = {"learning_rate": 1e-38, "optimizer": "sgd", "batch_size": 8}
AT_23 = np.where(np.arange(40) == 23, HUGE, 1.0)[:, None]
# A training that breaks in each of the ways that there are.
BROKEN = {
    "DR305 forward_rows": lambda: trained(
        [Dense(1, weights=1.0)], np.full((40, 1), HUGE), ONE, loss="abs(t - o)", **SMALL
    ),
    "DR305 backward": lambda: trained([Dense(1, weights=1e-30)], AT_23, -1e9 * ONE, loss="abs(t - o) * 80", **SMALL),
    "DR305 backward_rows": lambda: trained(
        [Dense(1, weights=1e-30)], np.full((40, 1), HUGE), -ONE, loss="abs(t - o) * 8", **SMALL
    ),
    "DR305 update": lambda: trained([Dense(1)], 1e3 * rows(), bent(rows()), optimizer="sgd", learning_rate=1e38),
    "DR305 state": lambda: trained(
        [Dense(1, weights=1e-30)], np.where(AT_23 > 1, 1e25, 1.0), 2 * ONE, optimizer="adam", batch_size=8,
        loss="abs(t - o)",
    ),
    "DR305 data": lambda: trained([Dense(1)], np.where(AT_23 > 1, 1e39, 1.0), ONE),
}  # fmt: skip


def told(run, language: str) -> str:
    return " ".join(backlit.diagnose(run, budget=0).text(language=language).split())


def broken(layers, x, t, **settings):
    left: list = []
    with pytest.raises(BacklitError):
        Network(layers).fit(x, t, left=left, epochs=3, batch_size=8, **settings)
    return left[0]


def finding(run):
    found = backlit.diagnose(run, budget=0)
    (one,) = [f for f in [*found.findings, *(c for f in found.findings for c in f.consequences)] if f.code == "DR305"]
    return one


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_operation_its_unit_and_row_are_told(language):
    x, t = np.full((40, 2), 2.0), np.ones(40)
    x[23, 1] = 1e30
    run = broken([Dense(2, "squared_relu", weights=initial.constant(1.0)), Dense(1)], x, t, learning_rate=1e-30)
    one = finding(run)
    facts = one.facts
    assert (facts["operation"], facts["at"], facts["row"]) == ("mul (squared_relu)", "dense1.o[0]", 23)
    assert one.python == f"print(run.trace(step={facts['step']}, row={facts['batch_row']}))"
    seen = run.trace(step=facts["step"], row=facts["batch_row"])
    assert "inf" in seen.text()
    text = told(run, language)
    for part in ("mul (squared_relu)", "dense1.o[0]", "23", "mul[0] = 1e+30", one.python):
        assert part in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_of_the_data_that_float32_cannot_hold_is_told_as_the_datas(language):
    x, t = np.random.default_rng(0).normal(size=(40, 2)), np.ones(40)
    x[7, 1] = 1e39
    run = broken([Dense(1)], x, t)
    facts = finding(run).facts
    assert (facts["how"], facts["at"], facts["given"], facts["result"]) == ("data", "x[7, 1]", {"x": 1e39}, "inf")
    assert "x[7, 1]" in told(run, language)
    assert "float32" in told(run, language)


def test_what_is_not_finite_in_the_data_is_refused_with_its_place():
    x = np.ones((40, 2))
    for value in (np.nan, np.inf, -np.inf):
        x[7, 1] = value
        with pytest.raises(BacklitError) as caught:
            Network([Dense(1)]).fit(x, np.ones(40))
        assert (caught.value.code, caught.value.values["row"], caught.value.values["column"]) == ("BL105", 7, 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_optimizer_that_forgets_to_learn_is_told_although_the_loss_is_finite(language):
    """Adam's mean of g² is infinite from one step on: its steps are 0, and nobody would see it."""
    x, t = np.random.default_rng(0).normal(size=(40, 1)), np.random.default_rng(1).normal(size=40)
    x[23] = 1e25
    left: list = []
    net = Network([Dense(1, weights=1e-30)])
    net.fit(x, t, optimizer="adam", batch_size=8, epochs=3, left=left, loss="abs(t - o)")
    assert left[0].result["stopped"] == "epochs"
    facts = finding(left[0]).facts
    assert (facts["how"], facts["value"], facts["at"], facts["word"]) == ("state", "v", "v(dense1.weight[0, 0])", "mul")
    assert "v(dense1.weight[0, 0])" in told(left[0], language)


# ---- the command line ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of a file of which one row overflows a typed activation function in some step."""
    here = tmp_path_factory.mktemp("told")
    lines = ["a,b,y", *(f"{i % 7},{i % 5},{i % 3 + 0.5}" for i in range(80))]
    lines[30] = "5000,1,1.5"  # line 31 of the file
    (here / "rows.csv").write_text("\n".join(lines), encoding="utf-8")
    left: list = []
    with pytest.raises(BacklitError):
        backlit.train(
            here / "rows.csv", task="regression", hidden=[3], activation="exp(20 * u * u)", dropout=0.0, epochs=3,
            test=0.1, validation=0.1, out=here / "runs", progress="none", left=left,
        )  # fmt: skip
    return left[0].folder


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_command_line_tells_where_it_broke_and_how_to_see_it(folder, language):
    done = CliRunner().invoke(
        app, ["diagnose", str(folder), "--budget", "0s", "--lang", language, "--progress", "none"]
    )
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "exp (exp(20*u*u))" in text.replace(" * ", "*")
    assert "rows.csv:31" in text
    assert "exp[0] = " in text
    (command,) = set(re.findall(r"backlit trace \S+ --step \d+ --row \d+", text))
    shown = CliRunner().invoke(app, shlex.split(command)[1:])
    assert shown.exit_code == 0
    assert "inf" in shown.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_it_too(folder, language, tmp_path: Path):
    page = tmp_path / "page.html"
    done = CliRunner().invoke(
        app, ["diagnose", str(folder), "--budget", "0s", "--lang", language, "--progress", "none", "--out", str(page)]
    )
    assert done.exit_code == 0
    text = page.read_text(encoding="utf-8")
    for part in ("dense1.o[", "rows.csv:31", "backlit trace", "exp[0] = "):
        assert part in text

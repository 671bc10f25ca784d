"""The numbers that a page holds as files: complete, valid, the same as in the run, and not too long."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import math
from urllib.parse import unquote

import pytest

import backlit
from backlit.report import render
from backlit.report.downloads import EPOCHS, LENGTH
from report.conftest import falling
from report.test_report_page import Page, check


def files(page: str) -> dict[str, str]:
    """The files of a page, by name, as a browser would save them."""
    attributes = Page(page).attributes
    found = {}
    for (_, key, address), (_, _, name) in itertools.pairwise(attributes):
        if key == "href" and address and address.startswith("data:") and address != "data:,":
            kind, _, data = address.partition(",")
            found[name or ""] = base64.b64decode(data).decode() if kind.endswith("base64") else unquote(data)
    return found


def test_the_files_hold_the_runs_own_numbers(tmp_path):
    run = backlit.train("iris", epochs=12, progress="none", out=tmp_path)
    found = files((run.folder / "report.html").read_text(encoding="utf-8"))
    facts = json.loads(found["run.json"])
    assert facts["result"] == run.result
    assert facts["confusion"] == run.facts["confusion"]
    assert facts["scores"]["loss"] == run.facts["scores"]["loss"]
    rows = list(csv.DictReader(io.StringIO(found["curves.csv"])))
    assert len(rows) == 12
    for row, known in zip(rows, run.history, strict=True):
        assert {key: float(value) for key, value in row.items()} == known


def test_what_is_not_finite_stands_there_as_a_word(digits):
    digits["scores"] = {"loss": {"value": math.inf, "low": math.nan, "high": -math.inf}}
    found = files(render(digits, [{"epoch": 1, "train_loss": math.nan, "valid_loss": None}]))
    told = json.loads(found["run.json"], parse_constant=lambda name: pytest.fail(name))
    assert told["scores"]["loss"] == {"value": "Infinity", "low": "NaN", "high": "-Infinity"}
    assert found["curves.csv"] == "epoch,train_loss,valid_loss\n1,nan,\n"


def test_what_is_too_long_is_left_out_and_named(diabetes):
    diabetes["residuals"] = {"t": [k + 0.123456 for k in range(9000)], "o": [k + 0.654321 for k in range(9000)]}
    page = render(diabetes, falling(3 * EPOCHS))
    check(page)
    found = files(page)
    assert len(found["run.json"].encode()) <= LENGTH
    assert "residuals" not in json.loads(found["run.json"])
    assert "only in the run’s folder: residuals." in page
    lines = found["curves.csv"].splitlines()
    assert len(lines) == EPOCHS + 1
    assert lines[1].startswith("1,")
    assert lines[-1].startswith(f"{3 * EPOCHS},")


@pytest.mark.parametrize("name", ['a"b', "<script>", "x\ny", "=1+1,2"])
def test_names_cannot_leave_their_place(name, digits):
    digits["settings"][name] = name
    page = render(digits, [{"epoch": 1, "train_loss": 0.5, name: 1.0}])
    check(page)
    found = files(page)
    assert json.loads(found["run.json"])["settings"][name] == name
    assert found["curves.csv"] == "epoch,train_loss\n1,0.5\n"

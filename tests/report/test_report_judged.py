"""The sections on how far the figures can be believed."""

from __future__ import annotations

import html
import re

import pytest

import backlit
from backlit import messages
from backlit.report import judged, render
from backlit.report.words import Words
from report.test_report_page import check

SCORES = {
    "accuracy": {"value": 0.978, "low": 0.96, "high": 0.99},
    "roc_auc": {"value": 0.999},
    "loss": {"value": 0.08, "low": 0.05, "high": float("inf")},
}
MORE = {
    "scores": SCORES,
    "worst": [{"row": 7, "true": "8", "predicted": "1", "share_true": 0.0123, "share_predicted": 0.9}],
    "calibration": {
        "bins": [
            {"low": 0.5, "high": 0.6, "rows": 4, "share": 0.55, "right": 0.75},
            {"low": 0.9, "high": 1.0, "rows": 356, "share": 0.99, "right": 0.98},
        ],
        "error": 0.0119,
    },
    "importance": [{"feature": f"pixel_{k}", "mean": 0.05 - 0.003 * k, "spread": 0.01} for k in range(30)],
    "data_sizes": [
        {"rows": n, "train": {"accuracy": 0.99}, "test": {"accuracy": a}} for n, a in ((114, 0.9), (1149, 0.978))
    ],
}
KEYS = ("calibration", "importance", "sizes")


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_all_sections_are_there_with_their_numbers(language, digits, history):
    page = render({**digits, **MORE}, history, language)
    text = html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")
    check(page)
    for key in KEYS:
        assert f'<section id="{key}"' in page
    for shown in ("96.0 %", "99.0 %", "0.999", "∞", "1.2 %", "356", "0.0500", "pixel_29", "1,149", "90.0 %"):
        assert shown in text, shown
    assert len(page.encode()) < 500_000
    assert page == render({**digits, **MORE}, history, language)


def test_sections_without_facts_are_left_out(digits, history):
    page = render(digits, history)
    assert not any(f'<section id="{key}"' in page for key in KEYS)
    assert "bootstrap" not in page


@pytest.mark.parametrize(
    "broken", [None, [], {}, "x", 3, [None], [{"row": None}], {"bins": [{}]}, {"accuracy": 3}, float("nan")]
)
@pytest.mark.parametrize("key", [*MORE, "config"])
def test_broken_facts_break_no_page(key, broken, digits, diabetes, history):
    for run in (digits, diabetes):
        check(render({**run, **MORE, key: broken}, history))


def test_the_best_value_of_a_row_is_marked():
    run = {"scores": SCORES, "baselines": {"linear": {"accuracy": 0.98, "roc_auc": 0.9, "loss": 0.1}}}
    table = judged.intervals(run, Words("en"))
    marked = [[j for j, cell in enumerate(row) if cell.startswith("✓")] for row in table.rows]
    assert marked == [[4], [1], [1]]  # loss: the smaller one


def test_a_network_that_is_too_sure_is_told():
    for right, key in ((0.8, "calibration_sure"), (0.95, "calibration_modest")):
        bins = [{"low": 0.9, "high": 1.0, "rows": 50, "share": 0.93, "right": right}]
        section = judged.calibration({"calibration": {"bins": bins, "error": 0.1}}, Words("en"))
        assert section.figures[0].notes == [Words("en")(key)]


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_a_learning_curve_ends_with_the_run_itself(name, tmp_path):
    run = backlit.train(name, epochs=40, learning_curve=True, out=tmp_path, progress="none")
    sizes = run.facts["data_sizes"]
    assert [s["rows"] for s in sizes] == sorted(s["rows"] for s in sizes)
    assert sizes[-1]["rows"] == run.facts["data"]["split"]["train"]
    assert sizes[-1]["test"] == run.result["test"]
    again = backlit.train(name, epochs=40, progress="none")
    for key, value in run.network.weights().items():
        assert value.tobytes() == again.network[key].tobytes()  # the smaller trainings change nothing
    assert '<section id="sizes"' in (run.folder / "report.html").read_text("utf-8")


def test_parts_of_the_rows_keep_their_classes(tmp_path):
    run = backlit.train("wine", epochs=20, learning_curve=True, progress="none")
    rows = [s["rows"] for s in run.facts["data_sizes"]]
    whole = rows[-1]
    assert len(rows) == 5
    assert all(abs(n - share * whole) <= 2 for n, share in zip(rows, (0.1, 0.2, 0.4, 0.7, 1.0), strict=True))


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits", "spirals"])
def test_reports_of_all_sets_are_small(name, tmp_path):
    run = backlit.train(name, epochs=30, out=tmp_path, progress="none")
    for language in messages.LANGUAGES:
        page = run.report(tmp_path / f"{language}.html", language).read_bytes()
        assert len(page) < 500_000
        check(page.decode())

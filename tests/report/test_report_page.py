"""The page as a whole: complete, in both languages, harmless, the same bytes, and never a traceback."""

from __future__ import annotations

import html
import itertools
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import messages
from backlit.report import render

VOID = {"meta", "link", "br", "hr", "img", "input"}
DATA = {"data:text", "data:appl"}
SHAPES = {"path", "rect", "line", "circle"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order; collects tags, attributes and visible text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SHAPES or tag in VOID, tag  # HTML knows <x/> only inside SVG
        self.tags.append(tag)
        self.attributes += [(tag, key, value) for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def check(page: str) -> Page:
    """All that must hold of every report."""
    parsed = Page(page)
    assert page.startswith("<!doctype html>")
    assert "script" not in parsed.tags
    assert not {"iframe", "object", "embed", "form", "img"} & set(parsed.tags)
    for _, key, value in parsed.attributes:
        assert not key.startswith("on"), key
        if key in ("href", "src", "action", "data"):
            assert value is not None
            assert value.startswith(("#", "data:,", "data:text/csv;", "data:application/json;")), value[:40]
    kept = [value for _, key, value in parsed.attributes if key == "href" and value and value[:9] in DATA]
    names = [value for _, key, value in parsed.attributes if key == "download"]
    assert len(kept) == len(names)  # a data: address is never opened as a page, only saved
    assert len(page.encode()) <= 500_000
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    ids = [value for _, key, value in parsed.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    links = [value[1:] for _, key, value in parsed.attributes if key == "href" and value and value[0] == "#"]
    assert set(links) <= set(ids)
    drawings = [svg for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL) if 'aria-hidden="true"' not in svg]
    for svg in drawings:  # a hidden one is a bar beside its own number
        root = ElementTree.fromstring(svg)
        name = "{http://www.w3.org/2000/svg}"
        assert root.find(f"{name}title").text
        assert root.find(f"{name}desc").text
        assert "nan" not in re.sub(r"<(title|desc|text).*?</\1>", "", svg)
    holders = re.findall(r"<figure.*?</figure>|<article.*?</article>", page, re.DOTALL)
    for holder in holders:
        assert holder.index("<details>") < holder.index("<table>")
        assert "<svg" not in holder or holder.index("</svg>") < holder.index("<table>")
    assert len(drawings) == sum(holder.count("<svg") for holder in holders)
    assert len(page.encode()) < 500_000
    return parsed


def visible(page: str) -> str:
    """What a reader sees, with plain spaces."""
    return re.sub(r"\s+", " ", "".join(check(page).text).replace("\u00a0", " "))


def test_classification(digits: dict[str, Any], history: list[dict[str, Any]]) -> None:
    text = visible(render(digits, history))
    assert (
        "10 classes, 97.8 % right on 360 held-out rows; "
        "the constant answer gets 10.0 %, the best linear model 94.0 %." in text
    )
    assert "below the 95 % interval of the network’s accuracy on these 360 rows (95.7 % to 98.9 %)" in text
    for fact in ("0123456789ab…", "8,320", "1,149 training", "import backlit", "best: epoch 26", "31.0 µs"):
        assert fact in text
    assert "learning rate ε" in text
    assert "R²" not in text  # the glossary explains only what the page uses


def test_regression(diabetes: dict[str, Any], history: list[dict[str, Any]]) -> None:
    page = render(diabetes, history)
    text = visible(page)
    assert "R² 0.620 on 89 held-out rows, with a typical error (RMSE) of 44.1 in the unit of “progression”" in text
    assert "Its error is 23.8 % smaller than that of the linear model." in text
    assert "The last epoch was the best one" in text
    assert 'id="scatter-figure"' in page
    assert 'id="histogram-figure"' in page
    assert 'id="accuracy-figure"' not in page


def test_japanese(digits: dict[str, Any], diabetes: dict[str, Any], history: list[dict[str, Any]]) -> None:
    page = render(digits, history, "ja")
    text = visible(page)
    assert '<html lang="ja">' in page
    assert "学習に使っていない 360 行に対する正解率は 97.8 % です。" in text
    assert "混同行列" in text
    for english in ("Settings", "held-out", "accuracy to", "The same as"):
        assert english not in text
    assert "「progression」の単位で 44.1 です" in visible(render(diabetes, history, "ja"))


def test_an_unknown_language_is_english() -> None:
    assert '<html lang="en">' in render({}, [], "tlh")


def test_the_page_forbids_everything_but_its_own_style(digits: dict[str, Any]) -> None:
    page = html.unescape(render(digits, []))
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in page
    assert page.count("https://") == 1  # the source of the data, as text


def test_names_cannot_become_markup(digits: dict[str, Any], history: list[dict[str, Any]]) -> None:
    evil = [
        "<script>alert(1)</script>",
        "\"'><img src=x onerror=a()>",
        "猫 & 犬",
        "</svg></style>",
        "a\x00b\ud800",
    ]
    digits["name"] = digits["data"]["source"] = evil[0]
    digits["data"]["classes"] = evil
    digits["settings"]["<b>"] = evil[1]
    digits["architecture"][0]["name"] = evil[3]
    digits["confusion"] = {"classes": evil, "counts": [[1, 2, 3, 4, 5]] * 5}
    page = render(digits, history)
    text = visible(page)
    assert "<script" not in page
    assert "猫 & 犬" in text
    assert evil[0] in text
    page.encode("utf-8")


def test_the_same_input_gives_the_same_bytes(digits: dict[str, Any], history: list[dict[str, Any]]) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; from conftest import DIGITS, falling; import hashlib;"
        "from backlit.report import render;"
        "print(hashlib.sha256(render(DIGITS, falling(41), 'ja').encode()).hexdigest())"
    )
    here = str(Path(__file__).parent)
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, here, *sys.path],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert render(digits, history) == render(digits, history)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_nothing_but_nothing(language: str) -> None:
    check(render({}, [], language))
    check(render({"name": None, "data": None, "result": None}, [{}, {"epoch": None}], language))


def test_any_part_may_be_missing_or_odd(digits: dict[str, Any], diabetes: dict[str, Any]) -> None:
    odd: list[Any] = [None, "text", math.nan, [[1]], {"train": 1}, True]
    for run in (digits, diabetes):
        for key, value in itertools.product(run, odd):
            check(render({**run, key: value}, [{"epoch": 1, "train_loss": 0.5}]))
        for outer in ("data", "result", "settings"):
            for key, value in itertools.product(run[outer], odd):
                render({"name": "odd", "data": run["data"], outer: {**run[outer], key: value}}, [])


def test_numpy_values_are_welcome(diabetes: dict[str, Any]) -> None:
    diabetes["residuals"] = {"target": "y", "t": np.arange(5.0), "o": np.arange(5.0)[::-1].copy()}
    diabetes["result"]["test"]["r2"] = np.float32(0.5)
    text = visible(render(diabetes, [{"epoch": np.int64(1), "train_loss": np.float32(0.25)}]))
    assert "R² 0.500" in text


@pytest.mark.parametrize("epochs", [0, 1, 2, 1000])
def test_any_number_of_epochs(digits: dict[str, Any], epochs: int) -> None:
    steps = [{"epoch": k, "train_loss": 1 / k, "valid_loss": 1 / k + 0.1} for k in range(1, epochs + 1)]
    page = render(digits, steps)
    check(page)
    assert ("no curves to draw" in page) == (epochs == 0)
    table = re.search(r"Loss by epoch.*?</table>", page, re.DOTALL)
    assert (table is None) == (epochs == 0)
    if table:
        assert table[0].count("<tr>") <= 22


def test_what_is_not_finite_is_said(digits: dict[str, Any]) -> None:
    losses = [2.0, 9.0, math.inf, math.nan, None]
    steps = [{"epoch": k, "train_loss": loss} for k, loss in enumerate(losses, start=1)]
    digits["result"] = {"epochs": 4, "stopped": "nan", "test": {"loss": math.nan, "accuracy": 0.1}}
    page = render(digits, steps)
    text = visible(page)
    assert "✕ Not finite (NaN, ∞) and therefore not drawn: training, epoch 3–4." in text
    assert "a value was no longer a finite number" in text
    assert 'class="verdict bad"' in page
    check(render(digits, [{"epoch": 1, "train_loss": math.nan}]))  # nothing at all to draw


def test_fifty_classes_and_two_hundred(digits: dict[str, Any]) -> None:
    for size in (50, 200):
        names = [f"クラス {k}" for k in range(size)]
        counts = [[900 if a == b else (a * b) % 7 for b in range(size)] for a in range(size)]
        digits["confusion"] = {"classes": names, "counts": counts}
        text = visible(render(digits, []))
        assert ("Only the 50 classes with the most mistakes out of 200" in text) == (size == 200)


def test_a_hundred_layers(digits: dict[str, Any]) -> None:
    layer = {"name": "畳み込み" * 9, "kind": "Conv2d", "output": [64, 28, 28], "parameters": 10**7}
    digits["architecture"] = [layer] * 600
    text = visible(render(digits, []))
    assert "562 more layers" in text
    assert "400 of 600 layers are listed." in text
    assert "64 × 28 × 28" in text


def test_both_languages_say_the_same() -> None:
    english, japanese = (messages.catalogue(name)["report"] for name in ("en", "ja"))
    assert english.keys() == japanese.keys()
    for key, sentence in english.items():
        assert messages.placeholders(sentence) == messages.placeholders(japanese[key]), key


def test_importing_the_room_is_cheap() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; import backlit.report;"
        "print(*(n for n in ('jinja2', 'numpy', 'backlit.report.page') if n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, *sys.path], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""

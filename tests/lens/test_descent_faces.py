"""What is shown of a descent: text, CSV, JSON, SVG and HTML hold the same numbers, in both languages."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.errors import ExpressionError
from backlit.lens.descent import contours, picture
from backlit.lens.descent.function import Function, names_in
from backlit.lens.descent.verdict import WORDS
from backlit.report.axes import Scale
from report.test_report_page import Page

BOWL = ("x**2/20+y**2", (-7, 2), 0.95)
CASES = [
    (("(x-3)**2+1", -4, 0.1), {}),
    (BOWL, {"compare": "1.05,momentum,nesterov,adam:0.3"}),
    (("x**2", 10, 0.05), {"compare": "0.2,0.5,0.9,1.0,1.1", "steps": 10}),
    (("x*cos(0.15*pi*x)", 10, 2), {}),
    (("a**2+b**2+c**2+d**2+g**2", (1, 2, 3, 4, 5), 0.3), {}),
    (("log(x)", -1, 0.3), {}),
    (("exp(x)", 800, 0.3), {"compare": "adam"}),
    (("x", 1, 0.3), {}),
    (("sqrt(x*y)", (1, 1), 2.0), {}),
    (("x**2", 0, 0.3), {"steps": 1}),
    (("a*b*c*d", (1e60, -1e70, 1e80, 1e90), 1e-130), {"steps": 2}),
]


def japanese(text: str) -> bool:
    return any("ぁ" <= c <= "ん" for c in text)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize(("given", "more"), CASES)
def test_the_page_is_one_file_without_scripts(given, more, language):
    found = backlit.descend(*given, **more)
    html = found.html(language)
    page = Page(html)
    assert "script" not in page.tags
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key == "src"]
    assert "url(" not in html
    assert f'lang="{language}"' in html
    assert "prefers-color-scheme: dark" in html
    told = "".join(page.text)
    assert japanese(told) == (language == "ja")
    assert found.verdict in told
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert html == backlit.descend(*given, **more).html(language)
    assert ("<svg" in html) or len(found.function.variables) > 2
    assert "nan" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL).lower().split()


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize(
    ("given", "more"), [c for c in CASES if isinstance(c[0][1], (int, float)) or len(c[0][1]) <= 2]
)
def test_the_picture_is_a_file_of_its_own(given, more, language):
    found = backlit.descend(*given, **more)
    root = ElementTree.fromstring(found.svg(language).encode())
    names = {"s": "http://www.w3.org/2000/svg"}
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.find("s:title", names).text
    assert found.verdict in root.find("s:desc", names).text
    legend = [text.text for text in root.iterfind(".//s:text", names) if "·" in (text.text or "")]
    assert len(legend) == len(found.runs)
    numbers = re.findall(r' [xy]\d?="([^"]+)"', found.svg(language))
    assert all(-1000 < float(n) < 2000 for n in numbers)
    assert "var(--" in root.find("s:style", names).text
    assert "prefers-color-scheme: dark" in root.find("s:style", names).text


def test_the_points_of_the_picture_are_those_of_the_run():
    found = backlit.descend("(x-3)**2+1", -4, 0.3, steps=4)
    svg = found.svg()
    path = re.search(r'<path d="([^"]+)" class="curve r0"/>', svg)[1]
    pixels = np.array([[float(v) for v in p.split()] for p in path[1:].split("L")])
    assert len(pixels) == 5
    x, y = found.points[:, 0], found.values
    for pixel, value in ((pixels[:, 0], x), (pixels[:, 1], y)):
        slope, offset = np.polyfit(value, pixel, 1)
        np.testing.assert_allclose(slope * value + offset, pixel, atol=0.02)
    assert svg.count('class="tangent"') == 5
    assert "slope -14" in svg


def test_a_step_out_of_the_picture_ends_at_its_edge():
    x, y = Scale(-1, 1, 0, 100, ()), Scale(-1, 1, 100, 0, ())
    seen = [(0.0, 0.0), (10.0, 20.0), (1e300, -1e300)]
    assert picture._leaving(seen, 1, x, y) == [(75.0, 0.0)]  # at (0.5, 1)
    assert picture._leaving(seen, 3, x, y) == []
    assert picture._leaving([], 0, x, y) == []
    svg = backlit.descend("x**2+y**2", (1, 2), 2.0, steps=6).svg()  # each step leads to -3 times the point
    pixels = re.search(r'<path d="M([^"]+)" class="curve r0"/>', svg)[1].split("L")
    assert len(pixels) == 2
    assert svg.count('class="mark r0"') == 1 + 1  # the start, and the legend's


def test_there_is_no_picture_of_three_variables_but_all_else():
    found = backlit.descend("x**2+y**2+z**2", (1, 2, 3), 0.1)
    with pytest.raises(ExpressionError) as caught:
        found.svg()
    assert caught.value.code == "BL406"
    assert "3 variables" in found.html()
    assert found.verdict == "converges"
    assert "<svg" not in found._repr_html_()


def test_the_csv_holds_every_digit():
    found = backlit.descend(*BOWL, compare="adam:0.3")
    rows = list(csv.DictReader(io.StringIO(found.csv())))
    assert len(rows) == 2 * 51
    for run, part in zip(found.runs, (rows[:51], rows[51:]), strict=True):
        assert [[float(r["x"]), float(r["y"])] for r in part] == run.path.points.tolist()
        assert [float(r["f"]) for r in part] == run.path.values.tolist()
        assert [[float(r["df/dx"]), float(r["df/dy"])] for r in part] == run.path.gradients.tolist()
        assert part[-1]["step x"] == ""
    odd = backlit.descend("k**2 + f", (1, 2), 0.1, steps=2).csv().splitlines()[0]
    assert odd == "k(),f,k,f(),df/df,df/dk,step f,step k,next f,next k"


def test_json_text_and_card_hold_the_same_numbers():
    found = backlit.descend(*BOWL)
    told = json.loads(json.dumps(found.told()))
    assert told["runs"][0]["table"][3]["x"] == found.points[3, 0]
    assert told["runs"][0]["multipliers"] == [[[pytest.approx(0.905), 0.0]], [[pytest.approx(-0.9), 0.0]]]
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"] == repr(found) == found.text()
    assert set(found._repr_mimebundle_(include=["text/html"])) == {"text/html"}
    cells = re.findall(r"\d\.\d{5,}", bundle["text/plain"].split("\n\n")[1])
    assert len(cells) > 200
    html = found.html()
    assert all(cell in html for cell in cells[:60])
    card = Page(bundle["text/html"])
    assert "script" not in card.tags
    both = bundle["text/html"] + backlit.descend("x**2", 1, 0.1)._repr_html_()
    ids = re.findall(r'\bid="([^"]+)"', both)
    assert len(ids) == len(set(ids)) > 4


def test_the_text_is_japanese_but_for_the_word():
    found = backlit.descend("(x-3)**2+1", -4, 0.1)
    lines = found.text("ja").splitlines()
    assert japanese("".join(lines))
    assert lines[-1] == found.text("en").splitlines()[-1]
    assert not japanese(found.text("en"))


def test_contours_lie_on_the_circle_of_their_height():
    x, y, f = contours.grid(Function("x**2+y**2"), (-2, 2), (-2, 2))
    pieces = np.array(contours.lines(x, y, f, 1.0))
    ends = pieces.reshape(-1, 2)
    np.testing.assert_allclose(np.hypot(*ends.T), 1, atol=2e-3)
    length = np.hypot(pieces[:, 0] - pieces[:, 2], pieces[:, 1] - pieces[:, 3]).sum()
    assert length == pytest.approx(2 * np.pi, rel=1e-3)


def test_contours_cross_at_a_saddle_without_a_gap():
    x, y, f = contours.grid(Function("x*y"), (-1, 1), (-1, 1))
    for level in (-0.001, 0.0, 0.001):
        pieces = contours.lines(x, y, f, level)
        assert all(np.hypot(a - c, b - d) < 0.04 for a, b, c, d in pieces)
        assert len(pieces) > 100


WORDS_OF_ONE = ["sin", "cos", "exp", "log", "sqrt", "abs", "tanh", "relu", "atan", "floor", "sign"]


def drawn(chance: random.Random, depth: int) -> str:
    """A formula by chance, sensible or not."""
    kind = chance.random()
    if depth == 0 or kind < 0.2:
        return chance.choice(["x", "x", "y", "0", "2", "0.5", "1e3"])
    inner = drawn(chance, depth - 1)
    if kind < 0.5:
        return f"{chance.choice(WORDS_OF_ONE)}({inner})"
    if kind < 0.65:
        return f"({inner})**{chance.choice([2, 3, 0.5, -1])}"
    return f"({inner}{chance.choice('+-*/')}{drawn(chance, depth - 1)})"


@pytest.mark.parametrize("seed", range(30))
def test_any_function_has_a_verdict_and_all_faces(seed):
    chance = random.Random(seed)
    formula = drawn(chance, 4)
    start = [chance.choice([0, 1, -1, 2.5, -7, 1e3]) for _ in names_in(formula)]
    if not start:
        formula, start = f"x + {formula}", [1.0]
    rate, steps = chance.choice([0.01, 0.1, 10]), chance.choice([1, 10])
    found = backlit.descend(formula, start, rate, steps=steps, compare="adam")
    assert found.verdict in WORDS
    assert found.text()
    assert found.svg()
    Page(found.html())
    assert json.dumps(found.told())

"""The pieces: ticks, scales, text that fits, the matrix, the bins, and colours that can be read."""

from __future__ import annotations

import math
import re
from importlib import resources

import pytest

from backlit.report import axes, heat, residuals, svg
from backlit.report.curves import Curve, figure
from backlit.report.facts import Series, clean, spread
from backlit.report.numbers import measured, percent
from backlit.report.verdict import verdict
from backlit.report.words import Words

WORDS = Words("en")


@pytest.mark.parametrize(
    "values",
    [
        [0.0],
        [5.0, 5.0],
        [-3.0, 2.0],
        [1e-320, 2e-320],
        [1e299, -1e299],
        [0.6931471, 0.6931472],
        [1e6, 1e6 + 0.5],
        [0.0, 1e-12],
        [12.0, 97.5, 41.0],
    ],
)
def test_a_linear_axis_holds_its_values(values: list[float]) -> None:
    scale = axes.linear(values, 300, 40)
    assert scale.low <= min(values) <= max(values) <= scale.high
    assert 2 <= len(scale.ticks) <= 9
    texts = [text for _, text in scale.ticks]
    assert len(set(texts)) == len(texts)
    assert all(40 <= scale(value) <= 300 for value in values)


@pytest.mark.parametrize("values", [[1.0, 1000.0], [5e-324, 1e299], [0.02, 7.0], [1.0]])
def test_a_logarithmic_axis_holds_its_values(values: list[float]) -> None:
    scale = axes.logarithmic(values, 300, 40)
    assert all(40 <= scale(value) <= 300 for value in values)
    assert 2 <= len(scale.ticks) <= 8
    assert scale(max(values)) <= scale(min(values))


@pytest.mark.parametrize("last", [1, 2, 3, 7, 41, 1000, 123456])
def test_epochs_get_whole_ticks(last: int) -> None:
    ticks = axes.counted(1, last, 0, 300).ticks
    assert 1 <= len(ticks) <= 8
    assert all(value == int(value) and value <= last for value, _ in ticks)


def test_losses_over_two_decades_are_drawn_logarithmically() -> None:
    def drawn(values: list[float]) -> str:
        points = tuple(enumerate(values, start=1))
        return figure("loss", [Curve(Series("l", points), "training", "dot", "train")], WORDS, None, 488).svg

    assert "logarithmic" in drawn([3.0, 0.02])
    assert "logarithmic" not in drawn([3.0, 0.04])
    assert "logarithmic" not in drawn([3.0, 0.0])  # 0 has no place on a logarithmic axis


def test_a_long_curve_keeps_its_extremes() -> None:
    values = [1.0] * 20_000
    values[777], values[15_000] = 5.0, 0.1
    points = tuple(enumerate(values, start=1))
    drawn = figure("loss", [Curve(Series("l", points), "training", "dot", "train")], WORDS, 3, 488).svg
    path = re.search(r'd="(M[^"]*)" class="curve', drawn)
    assert path is not None
    heights = {float(y) for y in re.findall(r" (\d+\.?\d*)", path[1])}
    assert len(heights) == 3
    assert len(drawn) < 40_000


def test_names_at_the_end_of_equal_curves_do_not_overlap() -> None:
    series = Series("l", ((1, 0.5), (2, 0.5)))
    curves = [Curve(series, "training", "dot", "train"), Curve(series, "validation", "triangle", "valid")]
    drawn = figure("loss", curves, WORDS, None, 488).svg
    heights = [float(y) for y in re.findall(r'y="([\d.]+)" class="direct', drawn)]
    assert abs(heights[0] - heights[1]) >= 16


def test_texts_are_escaped_and_cut() -> None:
    assert svg.tag("text", '<&"', class_='a"b') == '<text class="a&quot;b">&lt;&amp;&quot;</text>'
    for text in ("short", "x" * 200, "とても長い日本語の名前" * 5, ""):
        assert svg.width(svg.fit(text, 80)) <= 80 or len(text) <= 4


def test_the_matrix_must_be_one() -> None:
    assert heat.matrix(["a"], []) is None
    assert heat.matrix(["a", "b"], [[1, 2], [3]]) is None
    assert heat.matrix(["a", "b"], [1, 2]) is None
    found = heat.matrix(["only one name"], [[3, 1], [math.nan, -2]])
    assert found is not None
    assert found.classes == ["0", "1"]
    assert found.right(0) == 0.75
    assert found.right(1) is None  # no rows of this class: no share, and no division by zero


def test_mistakes_come_worst_first() -> None:
    found = heat.matrix(["a", "b", "c"], [[9, 1, 0], [0, 5, 4], [0, 0, 7]])
    assert found is not None
    assert heat.mixed_up(found) == [(1, 2, 4.0), (0, 1, 1.0)]


@pytest.mark.parametrize("errors", [[0.0], [1.0, 1.0], [-5.0], [-2.5, 7.0, 0.1], [1e-9, 1e9], [-1e-300, 1e-300]])
def test_every_error_is_in_one_bin(errors: list[float]) -> None:
    found = residuals.bins(errors)
    assert sum(n for _, _, n in found) == len(errors)
    assert all(low >= -1e-12 * abs(high) or high <= 0 or abs(high) < 1e-12 * abs(low) for low, high, _ in found)
    assert len(found) <= 20


def test_a_pair_with_a_hole_is_left_out() -> None:
    assert residuals.pairs([2, None, 1, math.nan], [3, 1, 0, 1]) == [(1.0, 0.0), (2.0, 3.0)]


def test_numbers_do_not_flatter() -> None:
    assert percent(0.9996) == "99.96\u00a0%"
    assert percent(math.nan) == "NaN"
    assert measured(-0.0) == "0"
    assert clean(b"\xff") == "b'\\xff'"
    assert spread(1000, 20, [500])[0] == 0
    assert len(spread(1000, 20, [500])) <= 20


def judged(accuracy: float, linear: float | None, rows: int = 400, constant: float = 0.1) -> str:
    run = {
        "data": {"split": {"test": rows}},
        "result": {"test": {"accuracy": accuracy}},
        "baselines": {"constant": {"accuracy": constant}, "linear": {"accuracy": linear}},
    }
    found = verdict(run, WORDS)
    assert found is not None
    return found.status


def test_the_verdict_knows_chance() -> None:
    assert judged(0.98, 0.90) == "good"
    assert judged(0.98, 0.97) == "even"
    assert judged(0.90, 0.98) == "even"
    assert judged(0.10, None) == "bad"
    assert judged(0.12, None) == "bad"  # 400 rows cannot tell 12 % from 10 %
    assert judged(0.12, None, rows=40_000) == "good"


def test_training_rows_prove_nothing() -> None:
    found = verdict({"result": {"train": {"accuracy": 1.0}}}, WORDS)
    assert found is not None
    assert found.status == "plain"
    assert "says nothing about new rows" in " ".join(found.more)


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_colours_can_be_read(theme: int) -> None:
    style = (resources.files("backlit.report") / "templates" / "style.css").read_text(encoding="utf-8")
    values = {
        name: re.findall(rf"--{name}: ([^;]+);", style)[theme]
        for name in ("paper", "soft", "ink", "muted", "plus", "minus", "heat")
    }
    heat_share = float(values.pop("heat"))
    colours = {k: tuple(int(v[i : i + 2], 16) / 255 for i in (1, 3, 5)) for k, v in values.items()}
    for name in ("ink", "muted", "plus", "minus"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name
    assert contrast(colours["muted"], colours["soft"]) >= 4.5
    for name in ("plus", "minus"):  # counts on the darkest heat cell
        pairs = zip(colours[name], colours["paper"], strict=True)
        cell = tuple(heat_share * a + (1 - heat_share) * b for a, b in pairs)
        assert contrast(colours["ink"], cell) >= 4.5, name

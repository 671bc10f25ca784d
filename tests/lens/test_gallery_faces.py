"""The gallery as it is shown: cards, plots, rows, ten layers, rounding, the user's own u, the page and the command."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import backlit
from backlit import Dense, Network, activations, messages
from backlit.errors import ParameterError
from backlit.lens.gallery import Card, own, table
from backlit.lens.gallery.depth import ROWS, SEED, WIDTH, ten_layers
from backlit.lens.gallery.page import page
from backlit.lens.gallery.words import Words
from backlit.messages import LANGUAGES
from backlit.nn.layers import GLU, CReLU, Maxout
from backlit.ops import REGISTRY, find

SINGLE = [name for name in activations if isinstance(activations[name], Card)]
ROW_NAMES = [name for name in activations if name not in SINGLE]


# ---- the mapping ----------------------------------------------------------------------------------------


def test_a_card_is_found_by_any_name_and_as_a_formula():
    assert activations["Leaky ReLU"] is activations["leaky_relu"]
    assert activations["swish"].name == "silu"
    assert activations["elu(u, alpha=2)"].range == (-2.0, math.inf)
    typed = activations["u / (1 + abs(u))"]
    assert (typed.steepest.value, typed.parity, typed.limits) == (1.0, "odd", (-1.0, 1.0))
    assert (typed.range, typed.ends, typed.monotone) == ((-1.0, 1.0), "()", True)
    assert math.isnan(typed.smoothness)  # nobody has declared it
    dips = activations["u * sigmoid(2 * u)"]
    assert (dips.range, dips.ends, dips.monotone) == ((pytest.approx(-0.1392, abs=1e-4), math.inf), "[)", False)
    assert "relu" in activations
    assert "rleu" not in activations
    assert activations.get("rleu", 3) == 3
    with pytest.raises(ParameterError) as caught:
        activations["rleu"]
    assert caught.value.code == "BL301"
    assert "relu" in str(caught.value)


POLES = {
    "1/u": ((-math.inf, math.inf), (0.0, 0.0)), "log(u)": ((-math.inf, math.inf), (math.nan, math.inf)),
    "exp(u*u)": ((1.0, math.inf), (math.inf, math.inf)), "abs(u)**0.5": ((0.0, math.inf), (math.inf, math.inf)),
    "soft_exponential(u, alpha=-0.5)": ((-math.inf, math.inf), (math.nan, math.inf)),
}  # fmt: skip


@pytest.mark.parametrize("text", POLES)
def test_typed_functions_with_poles_and_gaps_have_cards(text):
    card = activations[text]
    assert card.range == POLES[text][0]
    np.testing.assert_array_equal(card.limits, POLES[text][1])
    assert math.isinf(card.steepest.value)
    assert "<svg" in card._repr_html_()


@pytest.mark.parametrize("text", ["3", "0 * u", "u / 0", "floor(u)", "sqrt(u)", "sin(1/u)", "relu(u) * relu(-u)"])
def test_odd_functions_have_cards_too(text):
    assert activations[text].text("ja")
    assert page([activations[text], activations["relu"]], "en")


def test_facts_follow_the_parameters():
    flat = activations["leaky_relu(u, slope=0)"]
    assert (flat.range, flat.ends, flat.dead) == ((0.0, math.inf), "[)", [(-math.inf, 0.0)])
    assert (activations["elu(u, alpha=0)"].ends, activations["elu(u, alpha=2)"].smoothness) == ("[)", 0)
    assert activations["max(u, 0) + min(u, -1)"].steepest.both is False  # it is 1 for u < -1, not for u < 0


@pytest.mark.parametrize("name", ["elu", "hardshrink", "sinc", "softmax", "glu"])
def test_a_card_in_a_notebook_is_html_without_scripts_and_text_with_the_same_facts(name):
    card = activations[name]
    html, text = card._repr_html_(), str(card)
    assert "<script" not in html
    assert "{" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL).replace("{0, 1}", "").replace(
        "<mo>{</mo>", ""
    )
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(svg)
    for reference in re.findall(r"url\(#([^)]+)\)", html):
        assert reference in ids
    for _, value in card._told(Words("en"))[1]:
        assert value in text
    assert card._repr_mimebundle_() == {"text/plain": text, "text/html": html}
    assert card._repr_mimebundle_(include=["text/plain"]) == {"text/plain": text}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(activations))
def test_every_card_tells_its_facts_in_both_languages(name, language):
    text = activations[name].text(language)
    assert not re.search(r"\bNone\b|[^_^]\{[a-z_]+\}|\bnan\b", text)
    if language == "ja":
        assert re.search(r"[぀-ヿ一-鿿]", text)


def test_numbers_that_differ_between_libraries_are_told():
    text = activations["leaky_relu"].text("en")
    assert re.search(r"at kinks, PyTorch +f′\(0\) = 0.01\n", text)
    assert re.search(r"at kinks, JAX +f′\(0\) = 1\n", text)
    assert re.search(r"defaults, Keras +slope = 0.2\n", text)


def test_sentences_about_differences_are_those_of_the_declarations():
    said = messages.catalogue("en")["gallery_differs"]
    assert said == {name: REGISTRY[name].facts.differs for name in SINGLE if activations[name].facts.differs}


@pytest.mark.parametrize("table_name", ["names", "use", "differs"])
def test_what_the_catalogue_says_of_a_function_is_said_of_one_that_exists(table_name):
    assert set(messages.catalogue("en")[f"gallery_{table_name}"]) <= set(activations)


def test_every_family_has_a_heading_a_short_name_and_a_use():
    families = {activations[name].family for name in activations}
    for part in ("family", "family_short", "family_use"):
        assert set(messages.catalogue("en")[f"gallery_{part}"]) == families


# ---- the plot -------------------------------------------------------------------------------------------


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", path)]


@pytest.mark.parametrize("name", SINGLE)
def test_the_plotted_points_lie_on_the_curve_and_its_slope(name):
    card = activations[name]
    root = ElementTree.fromstring(card.plot("en"))
    for class_, which in (("curve train", 0), ("curve valid", 1)):
        (path,) = (e for e in root.iter() if e.get("class") == class_ and e.tag.endswith("path"))
        found = np.array(points(path.get("d")))
        u, v = (found[:, 0] - 26) / 30 - 5, 3 - (found[:, 1] - 24) / 30
        beside = np.min([np.abs(u - k) for k in [*card.facts.kinks, 99.0]], axis=0) > 0.01
        edge = (np.abs(v - 3) < 1e-3) | (np.abs(v + 2) < 1e-3)  # cut at the frame between two points
        wanted = card.curve(u)[which]
        np.testing.assert_allclose(v[beside & ~edge], wanted[beside & ~edge], atol=1e-3)
        assert len(found) >= 2


# ---- rounding -------------------------------------------------------------------------------------------


def test_the_tail_that_is_lost_by_reading_the_derivative_from_the_output():
    last = activations["sigmoid"].tail[-1]
    assert (last.u, last.o, last.found) == (17.0, 1.0, 0.0)
    assert last.true == pytest.approx(math.exp(-17) / (1 + math.exp(-17)) ** 2, rel=1e-6)
    assert activations["relu"].tail == []
    assert activations["softplus"].tail == []  # 1 - e^-o by expm1 loses nothing
    for name in SINGLE:
        for place in activations[name].tail:
            assert place.error > 1e-3


def test_what_the_spelling_of_the_books_does_in_float32():
    first, second = activations["softplus"].naive
    assert (first.u, first.naive, first.ours, first.overflow) == (90.0, math.inf, 90.0, True)
    assert second.naive == float(np.log(np.float32(1) + np.exp(np.float32(second.u))))
    assert second.ours == pytest.approx(math.log1p(math.exp(second.u)), rel=1e-6)
    for name in SINGLE:
        for place in activations[name].naive:
            assert math.isfinite(place.ours)
            assert place.overflow == (not math.isfinite(place.naive))
    assert [p.overflow for p in activations["logsigmoid"].naive] == [True, False]


# ---- ten layers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_ten_layers_are_those_that_numpy_computes(name):
    op = find(name, "activation")
    found = ten_layers(op)
    rng = np.random.default_rng(SEED)
    x, g = rng.normal(0, 1, (ROWS, WIDTH)), rng.normal(0, 1, (ROWS, WIDTH))
    rule = backlit.nn.initial.initializer(op.facts.initial)
    weights = [rule(WIDTH, WIDTH, (WIDTH, WIDTH), np.random.default_rng([SEED, k])) for k in range(10)]
    sums, outputs = [], [x]
    for w in weights:
        sums.append(outputs[-1] @ w)
        outputs.append(op(sums[-1]))
    signals = []
    for w, u in zip(reversed(weights), reversed(sums), strict=True):
        delta = g * activations[name].curve(u)[1]
        signals.append(np.mean(delta**2))
        g = delta @ w.T
    np.testing.assert_allclose(found.outputs, [o.var() for o in outputs[1:]], rtol=1e-4)
    np.testing.assert_allclose(found.signals, signals[::-1], rtol=1e-3)


def test_what_ten_layers_show_of_well_known_functions():
    assert activations["sigmoid"].depth.left < 1e-4  # the vanishing gradient
    assert 0.5 < activations["relu"].depth.left < 2
    assert 0.8 < activations["selu"].depth.kept < 1.25  # what it was made for
    assert activations["step"].depth.left == 0.0
    assert activations["step"].depth.signals == (0.0,) * 10
    assert math.isnan(activations["exponential"].depth.outputs[-1])  # overflow is not hidden


# ---- rows -----------------------------------------------------------------------------------------------


def by_hand(name: str, u: np.ndarray) -> np.ndarray:
    if name in ("glu", "maxout", "crelu"):
        a, b = u[:2], u[2:]
        return {
            "glu": a / (1 + np.exp(-b)), "maxout": np.maximum(a, b),
            "crelu": np.concatenate([np.maximum(u, 0), np.maximum(-u, 0)]),
        }[name]  # fmt: skip
    return np.asarray(find(name, "activation")(u[None]))[0]


@pytest.mark.parametrize("name", ROW_NAMES)
def test_the_jacobian_is_that_of_central_differences(name):
    card, h = activations[name], 1e-6
    u = card.row
    differences = [(by_hand(name, u + h * e) - by_hand(name, u - h * e)) / (2 * h) for e in np.eye(len(u))]
    np.testing.assert_allclose(card.jacobian, np.array(differences).T, atol=1e-8)
    np.testing.assert_allclose(card.outputs, by_hand(name, u), atol=1e-12)
    assert card.formula
    assert card.derivative
    ElementTree.fromstring(card.plot("ja"))


def test_the_jacobian_through_the_outputs():
    for name, of in {
        "softmax": lambda o: np.diag(o) - np.outer(o, o),
        "softmin": lambda o: np.outer(o, o) - np.diag(o),
        "log_softmax": lambda o: np.eye(len(o)) - np.exp(o)[None],
        "sparsemax": lambda o: np.diag(o > 0) - np.outer(o > 0, o > 0) / (o > 0).sum(),
    }.items():
        card = activations[name]
        assert card.from_output in ("A", "A±")
        np.testing.assert_allclose(card.jacobian, of(card.outputs), atol=1e-12)


# ---- the user's own u -----------------------------------------------------------------------------------


def test_own_u_are_those_of_the_network(rng):
    net = Network([Dense(7, "relu"), Dense(5, "tanh"), Dense(3, "softmax")])
    net.prepare(4, seed=1)
    x = rng.normal(0, 3, (300, 4)).astype(np.float32)
    first, second = own.layers_of(net, {"x": x})
    u = x @ net["dense1.weight"].T + net["dense1.bias"]
    v = np.maximum(u, 0) @ net["dense2.weight"].T + net["dense2.bias"]
    assert (first.name, first.card.name, first.rows, first.units) == ("dense1", "relu", 300, 7)
    assert first.dead == pytest.approx((u <= 0).mean())
    assert first.negative == pytest.approx((u < 0).mean())
    assert first.mean == pytest.approx(u.mean(), abs=1e-5)
    assert first.counts.sum() == u.size
    assert 0.0 in first.edges  # no bar holds both signs
    assert first.counts[first.edges[:-1] >= 0].sum() == pytest.approx((u >= 0).sum())
    assert second.saturated + second.dead == pytest.approx((1 - np.tanh(v) ** 2 < 0.01).mean(), abs=2e-3)
    assert 0 < (np.abs(v) > 9.1).mean() <= second.dead <= (np.abs(v) > 8).mean()  # o is rounded to 1, f′ to 0
    assert second.dead_units == 0


def test_units_that_are_dead_on_every_row_are_counted(rng):
    net = Network([Dense(4, "relu"), Dense(1)])
    net.prepare(2)
    net["dense1.bias"] = [-100.0, 0.0, -100.0, 0.0]
    (layer,) = own.layers_of(net, {"x": rng.normal(size=(50, 2)).astype(np.float32)})
    assert layer.dead_units == 2
    text = page([layer.card], "en", [layer], "a model")
    assert "2 of 4" in text


def test_parameters_of_a_layer_s_function_are_those_of_its_curve(rng):
    net = Network([Dense(3, "elu(u, alpha=2)"), Dense(1)])
    net.prepare(2)
    (layer,) = own.layers_of(net, {"x": rng.normal(size=(40, 2)).astype(np.float32)})
    assert layer.card.range == (-2.0, math.inf)


@pytest.mark.parametrize(
    "layers", [[Dense(3, "softmax")], [Dense(4), GLU()], [Dense(4), Maxout()], [Dense(4), CReLU()]]
)
def test_a_network_without_such_a_layer_is_told(layers, rng):
    net = Network(layers)
    net.prepare(2)
    with pytest.raises(ParameterError) as caught:
        own.layers_of(net, {"x": rng.normal(size=(5, 2)).astype(np.float32)})
    assert caught.value.code == "BL368"


# ---- the page -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {language: page(list(activations.values()), language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_harmless(pages, language):
    text = pages[language]
    assert f'<html lang="{language}">' in text
    assert "<script" not in text
    assert not re.search(r'(src|href)="(?!#|data:,)', text)
    ids = re.findall(r'(?<!-)\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert set(re.findall(r'for="([^"]+)"', text)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    for name in activations:
        assert f'id="f-{name.replace("_", "-")}"' in text
    for part in [*re.findall(r"<svg.*?</svg>", text, re.DOTALL), *re.findall(r"<math.*?</math>", text, re.DOTALL)]:
        root = ElementTree.fromstring(part.replace("&nbsp;", " "))
        assert root.tag.endswith(("svg", "math"))
    assert text.count("<math") > 2 * len(SINGLE)
    assert len(text.encode()) < 1_200_000


def test_the_page_has_the_same_bytes_again(pages):
    assert page(list(activations.values()), "en") == pages["en"]


def test_the_japanese_page_is_japanese(pages):
    visible = re.sub(r"<(style|title|desc|math).*?</\1>|<[^>]+>", " ", pages["ja"], flags=re.DOTALL)
    for english in ("saturated", "monotone ", "largest", "nowhere", "yes", "otherwise", "layers deep"):
        assert english not in visible
    assert "誤差信号" in visible
    assert "<mtext>それ以外</mtext>" in pages["ja"]


@pytest.mark.parametrize("key", table.SORTED_BY)
def test_each_way_to_sort_gives_every_row_a_place_and_the_page_a_rule(pages, key):
    rows = table.rows([activations[name] for name in SINGLE], Words("en"))
    places = {row.card.name: row.places[key] for row in rows}
    assert sorted(places.values()) == list(range(len(SINGLE)))
    assert f"#sort-{key}:checked ~ .scroll tbody tr {{ order: var(--{key}); }}" in pages["en"]
    if key == "below":
        passes = [activations[n].passes[0] for n in sorted(places, key=places.__getitem__)]
        assert passes == sorted(passes, reverse=True)
    if key == "left":
        ratios = [activations[n].depth.left for n in sorted(places, key=places.__getitem__)]
        sizes = [abs(math.log10(r)) if 0 < r < math.inf else math.inf for r in ratios]
        assert sizes == sorted(sizes)

"""The faces of a trace: page, card, drawings, LaTeX; the same numbers everywhere, no scripts, well-formed."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from backlit import BatchNorm, Dense, Network, messages
from backlit.lens.trace import blank, draw_unit
from backlit.lens.trace.draw_network import network
from backlit.lens.trace.formulas import escaped, latex, mathml
from lens.drawn import drawn
from lens.test_random_ledgers import traced
from lens.test_worked_trace import mazur

SVG = "{http://www.w3.org/2000/svg}"
VALUE = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?")


@pytest.fixture
def trace():
    return mazur().trace([0.05, 0.10], [0.01, 0.99], half=True, reduction="sum", learning_rate=0.5)


@pytest.fixture
def large():
    rng = np.random.default_rng(0)
    net = Network([Dense(250, "relu"), Dense(3, "softmax")])
    return net.trace(rng.normal(size=(4, 20)), np.array([0, 1, 2, 0]), row=2, optimizer="adam")


@pytest.fixture(params=messages.LANGUAGES)
def language(request):
    messages.use(request.param)
    yield request.param
    messages.use(None)


def values(text):
    """All numbers with a decimal point, without their signs: they are put in other places in other faces."""
    return set(VALUE.findall(text))


def seen(page):
    """What a reader sees of a page."""
    page = re.sub(r"<style>.*?</style>|<title\b.*?</title>|<desc\b.*?</desc>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def drawings(page):
    return [ET.fromstring(found) for found in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)]


@pytest.mark.parametrize("of", ["trace", "large"])
def test_a_card_and_its_text_hold_the_same_numbers(of, request, language):
    bundle = request.getfixturevalue(of)._repr_mimebundle_()
    plain, card = bundle["text/plain"], bundle["text/html"]
    ledger = re.sub(r"(?s)<svg.*?</svg>", " ", card)
    told = values(plain)
    assert len(told) > 30
    assert told == values(seen(ledger))


def test_one_parameter_in_a_notebook(trace, language):
    bundle = trace.show("dense1.weight[0,0]")._repr_mimebundle_()
    card = bundle["text/html"]
    assert "<script" not in card
    assert 'class="wire plus lit"' in card
    plain = re.sub(r"(?s)<dl.*?</dl>", " ", re.sub(r"(?s)<svg.*?</svg>", " ", card))
    assert values(seen(plain)) == values(bundle["text/plain"])


def test_the_drawing_shows_no_number_that_the_ledger_does_not_have(trace):
    assert values(seen(trace.svg())) <= values(trace.text())


def test_pages_are_one_file_without_scripts(trace, language):
    for page in (trace.html(), blank.html(trace)):
        assert "<script" not in page
        assert f'<html lang="{language}">' in page
        assert "default-src 'none'" in html.unescape(page)
        assert not re.search(r'(src|href)="(?!data:)', page)
        assert "prefers-color-scheme: dark" in page
        assert "@media print" in page
        assert page.count("<section") == page.count("</section>")
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
    assert trace.html() == trace.html()


def test_the_chosen_parameter_stands_on_the_page_with_its_measured_difference(trace):
    page = seen(trace.html("dense1.weight[1,0]"))
    chain = trace.parameter("dense1.weight[1,0]")
    assert f"{chain.difference.value:.10g}" in page
    assert f"relative error {chain.difference.error:.1e}" in page
    assert page.count("agrees: differs by") == 1


def test_two_cards_in_a_notebook_do_not_share_ids(trace, large):
    first, second = trace._repr_html_(), large._repr_html_()
    ids = [set(re.findall(r' id="([^"]+)"', card)) for card in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for card, own in zip((first, second), ids, strict=True):
        for names in re.findall(r'aria-labelledby="([^"]+)"', card):
            assert set(names.split()) <= own


def test_formulas_are_mathml_that_can_be_parsed(trace, language):
    found = re.findall(r"<math.*?</math>", trace.html(), flags=re.DOTALL)
    assert len(found) > 10
    for one in found:
        ET.fromstring(one.replace("&nbsp;", " "))


@pytest.mark.parametrize("seed", range(6))
def test_every_face_of_a_random_network_can_be_made(seed):
    made = traced(drawn(seed))
    page = made.html()
    assert "<script" not in page
    for picture in drawings(page):
        for text in picture.iter(f"{SVG}text"):
            assert text.text
    text = made.latex()
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert made.blank([1, 4], key=False).count(blank.GAP) > 4


# --- drawings ---------------------------------------------------------------------------------------------------------


def classes(picture, name):
    return [e for e in picture.iter() if name in e.get("class", "").split()]


def test_forward_is_solid_backward_dashed_and_signs_are_told_twice(trace):
    (picture,) = drawings(network(trace))
    back = [e for e in classes(picture, "back") if e.tag == f"{SVG}path" and "wire" in e.get("class")]
    assert len(classes(picture, "delta")) == 4
    assert len(classes(picture, "sum")) == 5  # u of every unit, and E
    assert len(classes(picture, "out")) == 6  # o of every unit, and x
    assert len(back) == 4 + 2  # by every weight of the last layer, and from E
    texts = {e.text: e.get("class") for e in picture.iter(f"{SVG}text")}
    assert texts["-0.0380982"] == "num minus"
    assert texts["+0.138499"] == "num plus"
    assert texts["+0.15"].split() == ["note", "plus"]


def test_the_paths_of_a_parameter_are_lit(trace):
    (picture,) = drawings(network(trace, trace.parameter("dense1.weight[0,1]")))
    lit = [e for e in classes(picture, "lit") if e.tag == f"{SVG}rect"]
    assert len(lit) == 1 + 2 + 4 + 1  # x[1], unit 0 of dense1, both of dense2, E
    dim = [e for e in classes(picture, "dim") if "plus" in e.get("class").split() and "wire" in e.get("class").split()]
    weights = [e for e in dim if "back" not in e.get("class")]
    assert len(weights) == 8 - 3
    (plain,) = drawings(network(trace))
    assert not classes(plain, "dim")


def test_large_layers_are_folded_and_a_chosen_unit_is_among_those_drawn(large):
    (picture,) = drawings(network(large))
    texts = [e.text for e in picture.iter(f"{SVG}text")]
    assert "… 244 more" in texts
    assert "… 14 more" in texts
    hidden = set(range(250)) - {int(t[1:-1]) for t in texts if re.fullmatch(r"\[\d+\]", t)}
    unit = min(hidden)
    (lit,) = drawings(network(large, large.parameter(f"dense1.bias[{unit}]")))
    assert f"[{unit}]" in [e.text for e in lit.iter(f"{SVG}text")]


def test_a_unit_whole_and_split_with_its_numbers(trace):
    unit = draw_unit.unit_of(trace, "dense1", 0, 1)
    (whole,), (split,) = drawings(draw_unit.whole(unit, trace.symbols)), drawings(draw_unit.split(unit, trace.symbols))
    assert len(classes(whole, "disc")) == 1
    assert len(classes(split, "disc")) == 2
    texts = [e.text for e in split.iter(f"{SVG}text")]
    for text in ("Σ", "f", "sigmoid", "0.3775", "0.59327", "f′ = 0.241301", "+0.00877135", "+0.0363503", "b = +0.35"):
        assert text in texts
    assert "∂E/∂w[1] = +0.000877135" in texts
    assert "0.3775" not in [e.text for e in whole.iter(f"{SVG}text")]


def test_a_unit_of_many_inputs_adds_up_what_it_does_not_draw(large):
    unit = draw_unit.unit_of(large, "dense1", 3, 19)
    assert 19 in unit.inputs
    shown = sum(float(unit.x[i] * unit.w[i]) for i in unit.inputs)
    assert shown + unit.rest + unit.bias == pytest.approx(unit.u, abs=1e-5)
    (picture,) = drawings(draw_unit.split(unit, large.symbols))
    assert "… 14 more" in [e.text for e in picture.iter(f"{SVG}text")]


def test_layers_without_sums_have_no_unit_to_be_split():
    net = Network([Dense(3, "tanh"), BatchNorm(), Dense(1)])
    made = net.trace(np.arange(4.0).reshape(2, 2), np.ones((2, 1)))
    assert draw_unit.unit_of(made, "batch_norm1", 0) is None
    assert "(b)" not in seen(made.html("batch_norm1.weight[0]"))
    assert "(b)" in seen(made.html("dense1.weight[0,0]"))


def test_other_symbols_stand_on_every_face():
    net = mazur()
    made = net.trace([0.05, 0.10], [0.01, 0.99], half=True, reduction="sum", learning_rate=0.5, symbols="za")
    for text in (seen(made.html()), made.blank(), made.latex()):
        assert "δ" not in text
        assert r"\delta" not in text
    assert "∂C/∂z" in made.blank()


# --- formulas and LaTeX -----------------------------------------------------------------------------------------------


def test_formulas_as_mathml_and_latex():
    assert mathml("∂E/∂w = δᵘ·x[0]").startswith("<math><mfrac><mrow><mo>∂</mo><mi>E</mi></mrow>")
    assert "<msqrt><mi>x</mi><mo>+</mo><mi>ε</mi></msqrt>" in mathml("√(x + ε)")
    assert latex("dense1.f′[0]·√(a)") == r"f'_{\mathrm{dense1},0} \cdot \sqrt{a}"
    assert latex("7.60668e-05") == r"7.60668 \cdot 10^{-5}"
    assert escaped("a_b & 5 % {x}") == r"a\_b \& 5 \% \{x\}"
    assert "<b>" not in mathml("<b>")


@pytest.mark.parametrize("of", ["trace", "large"])
def test_the_document_is_whole(of, request, language):
    """A TeX engine is asked by hand; here: braces, environments, cells of each row, and no sign TeX does not know."""
    text = request.getfixturevalue(of).latex()
    depth = 0
    for mark in re.findall(r"\\[{}\\]|[{}]", text):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        assert depth >= 0
    assert depth == 0
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    for table in re.findall(r"\\begin\{longtable\}.*?\\end\{longtable\}", text, flags=re.DOTALL):
        widths = {len(re.findall(r"(?<!\\)&", row)) for row in table.splitlines() if row.endswith(r"\\")}
        assert len(widths) == 1
    assert "$$" not in text
    if language == "en":
        assert text.isascii()
    assert text.startswith(r"\documentclass{ltjsarticle}" if language == "ja" else r"\documentclass{article}")


def test_the_document_has_the_numbers_of_the_text(trace):
    assert values(trace.text()) <= values(trace.latex())


# --- exercises --------------------------------------------------------------------------------------------------------


def test_what_is_left_out_stands_nowhere_in_the_exercise(trace):
    exercise = trace.blank(key=False)
    for name in ("dense1.u", "dense1.o", "dense1.f′", "dense2.u", "dense2.o", "dense2.δᵘ", "dense1.δᵘ"):
        for value in trace[name].ravel():
            assert f"{value:.6g}" not in exercise
    for given in ("0.15·0.05", "0.45·dense1.o[1]", "0.99", "learning_rate=0.5"):
        assert given in exercise
    page = seen(blank.html(trace, key=False))
    assert f"{trace.E:.6g}" not in page
    assert page.count(blank.GAP) == exercise.count(blank.GAP)


def test_stages_that_are_not_left_out_are_given(trace):
    exercise = trace.blank([4], key=False)
    assert "0.4·0.59327" in exercise
    assert "0.138499" not in exercise
    assert "0.082167" in exercise  # stage 5 is given; its factor δᵘ is not
    assert "dense2.δᵘ[0]·0.59327" in exercise


def test_the_answers_follow_on_a_page_of_their_own(trace, language):
    exercise, _, key = trace.blank().partition("\f")
    assert blank.GAP in exercise
    assert blank.GAP not in key
    assert trace.text() in key
    assert 'class="key"' in blank.html(trace)
    assert 'class="key"' not in blank.html(trace, key=False)

"""The catalogue of errors: every code is told in both languages, on few lines, with facts that are there.

That both languages hold the same files, keys and placeholders is in test_repository.py.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from backlit import Network, errors, messages
from backlit.cli.app import COMMANDS, app
from backlit.cli.page import width
from backlit.errors import BacklitError, fail
from backlit.machine.backend import ENGINES
from backlit.nn import Dense, initial
from backlit.ops import find
from backlit.ops.declare import REGISTRY
from backlit.ops.parse import DEEPEST, LONGEST, is_typed, parse, typed_activation
from backlit.optim import OPTIMIZERS

FOLDER = Path(messages.__file__).parent
SOURCE = FOLDER.parent
CODE = re.compile(r"[A-Z]{2}\d{3}")
WIDEST = 110  # columns of a page
PARTS = ("what", "expected", "got", "where", "try")  # what is filled with facts; a page is shown as it stands


def entries(language: str) -> dict[str, dict[str, str]]:
    """{code: {part: text}} of the files that hold errors."""
    found = {}
    for file in sorted((FOLDER / language).glob("errors_*.toml")):
        found |= tomllib.loads(file.read_text(encoding="utf-8"))
    return found


CODES = sorted(entries("en"))
EVERY = [(language, code) for language in messages.LANGUAGES for code in CODES]

# A value for each fact, such as is passed.
FACTS = {
    "again": "",
    "head": ["a", "b"],
    "missing": ["k"],
    "model": "runs/iris-1",
    "stage": 6,
    "activation": "step",
    "allowed": "0 ≤ noise",
    "batch": 32,
    "classes": ["cat", "dog"],
    "code": "BL999",
    "column": 1,
    "columns": ["age", "weight"],
    "count": 3,
    "delimiter": "','",
    "epoch": 3,
    "expected": 4,
    "fault": "there is no such class",
    "folder": Path("data"),
    "config": Path("runs/iris-1/config.toml"),
    "done": 50,
    "epochs": 20,
    "got": 5,
    "high": "…",
    "install": "pyarrow",
    "kept": "-",
    "known": "relu, sigmoid, tanh",
    "layer": "dense2",
    "least": 2,
    "limit": "60 levels",
    "line": 7,
    "loss": "poisson",
    "low": 0.0,
    "marked": "u + * 2\n" + " " * 13 + "^",
    "name": "dense1.weight",
    "names": ["age", "weight", "ill"],
    "nearest": "relu",
    "number": 12,
    "op": "affine",
    "word": "affine",
    "option": "noise",
    "order": "dmy",
    "other": "--rate",
    "own": "0.1.0",
    "package": "pyarrow",
    "parameters": "dense1.weight, dense1.bias",
    "part": "data",
    "path": Path("runs/iris-1/model.safetensors"),
    "place": "t[2]",
    "reason": "No space left on device",
    "remedy": "sigmoid",
    "row": 0,
    "rows": 150,
    "shape": (30, 3),
    "size": 3,
    "smaller": "0.0001",
    "source": "moons",
    "status": 1,
    "step": 57,
    "stopped": "early",
    "t_rows": 3,
    "targets": 1,
    "text": "abs(t)",
    "test": 0.7,
    "units": 3,
    "validation": 0.4,
    "value": np.float64("nan"),
    "values": ["Kyoto"],
    "version": "2.0",
    "where": "fit",
    "x_rows": 2,
}


# ---- the texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "code"), EVERY)
def test_an_error_is_told_on_two_to_five_lines(language, code):
    wanted = set().union(*(messages.placeholders(entries(language)[code].get(part, "")) for part in PARTS))
    assert wanted <= set(FACTS)
    text = errors.FAMILIES[code[:3]](code, {name: FACTS[name] for name in wanted}).text(language)
    assert 2 <= len(text.splitlines()) <= 5
    assert not re.search(r"[{}]|\bNone\b|[^\S\n]$", text, re.MULTILINE)
    assert f"[{code}]" in text.splitlines()[0]
    assert text.endswith(f"backlit explain {code}")


@pytest.mark.parametrize(("language", "code"), EVERY)
def test_a_text_has_known_parts_and_what_was_got_stands_beside_what_was_expected(language, code):
    found = entries(language)[code]
    assert set(found) <= {*PARTS, "page"}
    assert {"what", "try", "page"} <= set(found)
    assert ("expected" in found) == ("got" in found)
    assert all(text.strip() == text and "\n" not in text for part, text in found.items() if part != "page")


@pytest.mark.parametrize(("language", "code"), EVERY)
def test_a_page_is_neither_short_nor_wide(language, code):
    lines = entries(language)[code]["page"].strip().splitlines()
    assert 4 <= len(lines) <= 18
    assert [line for line in lines if width(line) > WIDEST or line != line.rstrip()] == []


def sentences(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of everything in a catalogue that is filled with facts."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from sentences(inner, f"{key}.{name}")
    elif not key.endswith(".page"):
        yield key, str(value)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_sentence_holds_half_a_placeholder(language):
    torn = [
        key
        for key, text in sentences(messages.catalogue(language))
        if re.search(r"[{}]", re.sub(r"\{\w+(:[^{}]*)?\}", "", text))
    ]
    assert torn == []


JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.mark.parametrize("code", CODES)
def test_a_japanese_text_is_japanese(code):
    english, japanese = entries("en")[code], entries("ja")[code]
    assert JAPANESE.search(japanese["what"])
    assert re.search(r"です|ます|ください|ません", japanese["page"])
    for part in PARTS:
        told = re.sub(r"\{[^{}]*\}", "", japanese.get(part, ""))
        # what has no letters besides the facts, or only names such as NaN, is the same in any language
        assert JAPANESE.search(told) or not re.search(r"[A-Za-z]{4}", told), (part, told)
    assert not any(JAPANESE.search(text) for text in english.values() if "キ" not in text)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_words_of_the_frame_are_there(language):
    assert sorted(messages.catalogue(language)["frame"]) == ["expected", "got", "more", "try", "where"]


# ---- the facts ------------------------------------------------------------------------------------------


def raised() -> Iterator[tuple[str, str, set[str | None]]]:
    """(code, place, facts) of every `fail(code, fact=…)` and `SomeError(code, {"fact": …})` in the source.

    Calls with **facts are left out.
    """
    for file in sorted(SOURCE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not call.args:
                continue
            codes = {part.value for part in ast.walk(call.args[0]) if isinstance(part, ast.Constant)} & set(CODES)
            facts = {keyword.arg for keyword in call.keywords}
            if codes and len(call.args) == 2 and isinstance(call.args[1], ast.Dict):
                facts = {getattr(key, "value", None) for key in call.args[1].keys}
            if None not in facts:
                yield from ((code, f"{file.relative_to(SOURCE)}:{call.lineno}", facts) for code in codes)


@pytest.mark.slow
@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_place_that_fails_passes_the_facts_that_the_text_wants(language):
    found = list(raised())
    assert {code for code, _, _ in found} >= {"BL101", "BL201", "BL308", "BL505", "BL605"}
    lacking = {}
    for code, place, facts in found:
        wanted = set().union(*(messages.placeholders(entries(language)[code].get(p, "")) for p in PARTS))
        if wanted - facts:
            lacking[place] = (code, wanted - facts)
    assert lacking == {}


FORMULAS = {
    "BL401": "u + * 2",
    "BL402": "1 + sgimoid(u)",
    "BL404": "1 + max(u)",
}


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("code", FORMULAS)
def test_the_caret_stands_below_the_place_in_the_formula(code, language):
    with pytest.raises(BacklitError) as caught:
        parse(FORMULAS[code])
    error = caught.value
    assert error.code == code
    wanted = set().union(*(messages.placeholders(entries(language)[code].get(part, "")) for part in PARTS))
    assert wanted <= set(error.values)
    lines = error.text(language).splitlines()
    (caret,) = (i for i, line in enumerate(lines) if line.strip() == "^")
    before = lines[caret - 1].partition(FORMULAS[code])[0]
    assert lines[caret].index("^") == width(before) + error.values["position"] - 1


X, T = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_training_that_breaks_tells_all_it_knows(language):
    net = Network([Dense(2, "exp(u)"), Dense(1)])
    with pytest.raises(errors.TrainingError) as caught:
        net.fit(X, T, epochs=9, optimizer="sgd", learning_rate=1e30, engine=ENGINES[1])
    values, text = caught.value.values, caught.value.text(language)
    for name in ("epoch", "step", "number", "op", "value", "smaller", "kept"):
        assert str(values[name]) in text, name
    assert "1e+29" in text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_notice_is_told_like_an_error(language):
    net = Network([Dense(2, "step"), Dense(2, "softmax")])
    (notice,) = net.fit(X, T, epochs=1, engine=ENGINES[1]).notices
    text = fail(notice.pop("code"), **notice).text(language)
    assert "dense1.weight, dense1.bias" in text
    assert "(step)" in text


# ---- what the texts say is so ---------------------------------------------------------------------------


def said(language: str) -> str:
    return "\n".join(text for entry in entries(language).values() for text in entry.values())


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_codes_options_and_formulas_that_the_texts_mention_exist(language):
    text = said(language)
    assert set(CODE.findall(text)) <= set(CODES)
    commands = [app, *(app.get_command(None, name) for name in COMMANDS)]
    options = {name for c in commands for p in c.params for name in (*p.opts, *p.secondary_opts)}
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= options
    formulas = re.findall(r'--activation "([^"]+)"|(?:Dense\(\d+|Activation\()[, ]*"([^"…]+)"', text)
    assert len(formulas) > 10
    for name in {"".join(pair) for pair in formulas}:
        assert typed_activation(name) if is_typed(name) else find(name, "activation")


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_pages_that_list_names_list_all(language):
    losses = [name for name, op in REGISTRY.items() if op.facts.role == "loss"]
    listed = {"BL302": losses, "BL303": OPTIMIZERS, "BL306": initial._RULES}
    for code, names in listed.items():
        page = entries(language)[code]["page"]
        assert [name for name in names if not re.search(rf"^  .*\b{name}\b", page, re.MULTILINE)] == []
    limits = re.findall(r"\d+", entries(language)["BL403"]["page"].partition("\n\n")[0])
    assert [int(n) for n in limits] == [LONGEST, DEEPEST]


# ---- Japanese punctuation -------------------------------------------------------------------------------

JAPANESE_SIGN = r"[\u3040-\u30ff\u4e00-\u9fff々、。」]"
# Tuples and formulas: what is computed, or typed, keeps its brackets.
FORMULAS_IN_WORDS = {
    "()", "({shape})", "(X, t)", "(行, 列)", "(出力, 入力)", "(項目=数, …)", "(クラス数 · そのクラスの行数)",
    "(x - 平均)", "(入力 + 出力)", "(a * u + b)", "(0.73, 0.27)",
}  # fmt: skip


def half_width(text: str) -> list[str]:
    """The brackets of a Japanese text that a sentence should have in full width: behind a word, or with words in them.

    >>> half_width("名前 (dense1) の層を Dense(8) に、log (ln も可) を log(u) に")
    ['(dense1)', '(ln も可)']
    """
    found, opened = [], []
    for i, sign in enumerate(text):
        if sign == "(":
            opened.append(i)
        elif sign == ")" and opened:
            start = opened.pop()
            behind_a_word = re.search(JAPANESE_SIGN + r"\s?$", text[:start])
            with_words = re.search(r"(^|\s)$", text[:start]) and re.search(JAPANESE_SIGN, text[start:i])
            if behind_a_word or with_words:
                found.append(text[start : i + 1])
    return found


def test_brackets_in_japanese_sentences_are_full_width():
    every = [(key, text) for key, text in filled(messages.catalogue("ja")) if not key.startswith(".bench")]
    assert len(every) > 500
    found = {key: [one for one in half_width(text) if one not in FORMULAS_IN_WORDS] for key, text in every}
    assert {key: ones for key, ones in found.items() if ones} == {}
    both = [key for key, text in every if text.count("（") != text.count("）")]
    assert both == []


def filled(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of every text of a catalogue, pages too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from filled(inner, f"{key}.{name}")
    else:
        yield key, str(value)

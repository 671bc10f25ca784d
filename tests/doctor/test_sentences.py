"""The catalogue of findings: all parts in both languages, and what they mention exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from backlit import messages
from backlit.cli.app import COMMANDS, app
from backlit.cli.page import width
from backlit.doctor.diagnosis import CHECKS
from backlit.messages import LANGUAGES
from backlit.ops import find

FOLDER = Path(messages.__file__).parent
PARTS = ("what", "evidence", "threshold", "consequence", "try", "page")
HEADS = {
    "en": ("What it sees", "Why it hurts", "How sure", "Example", "Source"),
    "ja": ("見ているもの", "なぜ困るか", "確かさ", "例", "出典"),
}
CODE = re.compile(r"DR\d{3}")


def entries(language):
    """{code: {part: text}} of the files that hold findings."""
    found = {}
    for file in sorted((FOLDER / language).glob("doctor_*.toml")):
        found |= {k: v for k, v in tomllib.loads(file.read_text(encoding="utf-8")).items() if CODE.fullmatch(k)}
    return found


EVERY = [(language, code) for language in LANGUAGES for code in entries("en")]


def test_every_finding_has_an_entry_and_every_entry_a_finding():
    assert set(entries("en")) == set(CHECKS)


@pytest.mark.parametrize(("language", "code"), EVERY)
def test_an_entry_has_all_parts_and_ways_only_of_these(language, code):
    found = entries(language)[code]
    assert {part.partition("_")[0] for part in found} == set(PARTS)
    assert all(text.strip() == text and "\n" not in text for part, text in found.items() if part != "page")


@pytest.mark.parametrize(("language", "code"), EVERY)
def test_a_page_says_what_why_how_sure_an_example_and_the_source(language, code):
    lines = entries(language)[code]["page"].strip().splitlines()
    assert [line for line in lines if not line.startswith(" ")] == list(HEADS[language])
    assert 10 <= len(lines) <= 20
    wide = [line for line in lines if width(line) > 110 or line != line.rstrip()]
    assert wide == []


@pytest.mark.parametrize("code", entries("en"))
def test_a_japanese_text_is_japanese(code):
    english, japanese = entries("en")[code], entries("ja")[code]
    for part, text in japanese.items():
        told = re.sub(r"\{[^{}]*\}", "", text)
        assert (
            re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", told)
            or not re.search(r"[A-Za-z]{4}", told)
            or told == (re.sub(r"\{[^{}]*\}", "", english[part]))
        ), part
    assert re.search(r"です|ます|ません", japanese["page"])
    assert not any(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text) for text in english.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_options_and_functions_that_the_texts_mention_exist(language):
    text = "\n".join(text for entry in entries(language).values() for text in entry.values())
    known = {key for key in messages.catalogue(language) if re.fullmatch(r"[A-Z]{2}\d{3}", key)}
    assert set(re.findall(r"\b(?:BL|DR)\d{3}\b", text)) <= known
    commands = [app, *(app.get_command(None, name) for name in COMMANDS)]
    options = {name for c in commands for p in c.params for name in (*p.opts, *p.secondary_opts)}
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= options
    names = re.findall(r'Dense\(\w+, "(\w+)"', text.replace("\\", ""))
    assert len(names) > 10
    for name in names:
        assert find(name, "activation")

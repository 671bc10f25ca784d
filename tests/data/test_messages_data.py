"""Every error of the data room, told in both languages: complete, on three or four lines, with its facts."""

import pickle
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import backlit.data
from backlit import messages
from backlit.data import Preparation, load, split
from backlit.errors import BacklitError

SOURCE = Path(backlit.data.__file__).parent
RAISED = sorted(set(re.findall(r'"(BL\d{3})"', "".join(f.read_text("utf-8") for f in SOURCE.glob("*.py")))))
CODES = [code for code in RAISED if code < "BL220"]  # the others: test_messages_reading.py


def catalogue(language, name):
    folder = Path(messages.__file__).parent / language
    return tomllib.loads((folder / name).read_text(encoding="utf-8"))


def file(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


# How each error comes about, and facts that its text must show.
SAMPLES = {
    "BL103": (lambda p: Preparation.fit(load("iris")).inputs([[1, 2]]), ["X", "4", "2", "sepal length (cm)"]),
    "BL201": (lambda p: load(file(p, b"").parent / "tabel.csv"), ["tabel.csv", "table.csv"]),
    "BL202": (lambda p: load(file(p, b"  \n")), ["table.csv", "3"]),
    "BL203": (lambda p: load(file(p, b"age,ill\n")), ["table.csv", "age, ill"]),
    "BL204": (lambda p: load(file(p, b"a,b\n1,2\n1,2,3\n")), ["table.csv", "2", "3", "','"]),
    "BL205": (lambda p: load(file(p, b"age,ill\n1,2\n"), target="agee"), ["'agee'", "age, ill", "table.csv"]),
    "BL206": (lambda p: load(file(p, b"a,b\n" + b"1,2.5\n" * 20 + b"x,3.5\n")), ["table.csv", "22", "a", "'x'"]),
    "BL207": (lambda p: load(file(p, b"a,b\ninf,2\n")), ["table.csv:2", "inf", "1", "a"]),
    "BL208": (lambda p: load(file(p, b"a,b\n1,cat\n2,cat\n")), ["table.csv", "'cat'", "2", "b"]),
    "BL209": (lambda p: load("iriss"), ["'iriss'", "iris", "moons"]),
    "BL210": (lambda p: split(load("iris"), test=0.7, validation=0.4), ["150", "3", "0.7", "0.4"]),
    "BL211": (lambda p: load(file(p, b"a,b\n1,\x83\n"), encoding="utf-8"), ["table.csv", "0x83", "6"]),
    "BL212": (lambda p: load(([1, 2], [1, 2])), ["X", "1-D (2,): int64", "2-D"]),
    "BL213": (lambda p: load(([[1], [2]], [1, 2, 3])), ["2", "3"]),
    "BL214": (lambda p: load("moons", nois=1), ["moons", "nois", "n, noise, seed"]),
    "BL215": (lambda p: load("moons", noise=-1), ["noise", "-1", "0 ≤ noise"]),
    "BL216": (lambda p: load(file(p, b"a\n1\n")), ["table.csv", "1", "a"]),
    "BL217": (
        lambda p: load(file(p, b"a,b\n1,cta\n"), classes=["cat"]),
        ["table.csv:2", "'cta'", "'cat'", "b"],
    ),
}


def test_every_code_that_is_raised_has_a_sample_and_an_entry_and_no_other_has():
    assert list(SAMPLES) == CODES
    for language in messages.LANGUAGES:
        assert sorted(catalogue(language, "errors_data.toml")) == CODES


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("code", SAMPLES)
def test_the_text_of_each_error(code, language, tmp_path):
    cause, told = SAMPLES[code]
    with pytest.raises(BacklitError) as caught:
        cause(tmp_path)
    assert caught.value.code == code
    text = caught.value.text(language)
    assert len(text.splitlines()) in (3, 4), text
    assert not re.search(r"\{\w*\}|\bNone\b|  $", text), text
    for fact in told:
        assert fact in text, text
    assert all(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("code", SAMPLES)
def test_every_placeholder_is_given_a_value(code, tmp_path):
    with pytest.raises(BacklitError) as caught:
        SAMPLES[code][0](tmp_path)
    for language in messages.LANGUAGES:
        entry = catalogue(language, "errors_data.toml")[code]
        wanted = set().union(*(messages.placeholders(text) for key, text in entry.items() if key != "page"))
        assert wanted <= set(caught.value.values), language


@pytest.mark.parametrize("name", ["errors_data.toml", "data.toml"])
def test_both_languages_have_the_same_keys_and_placeholders(name):
    en, ja = (catalogue(language, name) for language in ("en", "ja"))
    assert list(en) == list(ja)
    for table in en:
        assert list(en[table]) == list(ja[table]), table
        for key in en[table]:
            assert messages.placeholders(en[table][key]) == messages.placeholders(ja[table][key]), (
                table,
                key,
            )


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("code", SAMPLES)
def test_each_page_has_five_to_eighteen_lines_and_no_placeholder(code, language):
    page = catalogue(language, "errors_data.toml")[code]["page"].strip()
    assert 5 <= len(page.splitlines()) <= 18
    assert not messages.placeholders(page)
    if language == "ja":
        assert "ます" in page or "です" in page or "ください" in page


def test_an_error_survives_a_process_border(tmp_path):
    with pytest.raises(BacklitError) as caught:
        load((np.array([[np.nan]]), [1.0]))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)

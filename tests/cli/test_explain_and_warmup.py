"""`backlit explain` and `backlit warmup`."""

from __future__ import annotations

import re

import pytest

from backlit import errors, messages
from backlit.machine import unit

CODES = sorted(key for key in messages.catalogue("en") if re.fullmatch(r"[A-Z]{2}\d{3}", key))


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_code_has_a_page(call, language):
    for code in CODES:
        done = call("explain", code, "--lang", language)
        assert (done.code, done.err) == (0, "")
        title, blank, *body = done.out.splitlines()
        family = errors.FAMILIES.get(code[:3])  # a finding of the doctor is of none
        assert title.startswith(f"{code} {family.__name__}: " if family else f"{code}: ")
        assert blank == ""
        page = messages.entry(code, language)["page"].strip().splitlines()
        assert [line for line in body if line in page] == page
        assert "{" not in title


def test_without_a_code_all_are_listed(call):
    lines = call("explain").out.splitlines()
    assert [line[:5] for line in lines if line[:2] in ("BL", "DR")] == CODES


def test_every_check_of_the_doctor_has_a_page_and_a_name():
    from backlit.doctor.diagnosis import in_order

    for language in messages.LANGUAGES:
        names = messages.catalogue(language)["doctor_names"]
        assert sorted(names) == sorted(check.code for check in in_order())
    assert {check.code for check in in_order()} <= set(CODES)


def test_a_page_of_a_finding_tells_what_was_measured_where_it_is_known(call, monkeypatch):
    from backlit.doctor import measured

    monkeypatch.setattr(measured, "_all", lambda: {"DR401": {"programs": 4, "missed": 1, "healthy": 48, "false": 0}})
    assert "missed in 1 of 4 runs of programs" in call("explain", "DR401").out
    told = "told in 0 of 48 runs of programs that work (0%; with 95 % confidence at most 7%)"
    assert told in call("explain", "DR401").out
    assert "48" not in call("explain", "DR402").out


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_code_that_does_not_exist(call, language):
    done = call("explain", "bl 205", "--lang", language)
    assert (done.code, done.out) == (1, "")
    assert "[BL308]" in done.err
    assert "BL205" in done.err.splitlines()[-1]
    assert call("explain", " bl205 ").code == 0


@pytest.mark.slow  # where nothing is compiled yet
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_after_the_warmup_nothing_is_left_to_compile(call, dtype):
    first = call("warmup", "--dtype", dtype)
    assert (first.code, len(first.out.splitlines())) == (0, 1)
    again = call("warmup", "--dtype", dtype, "--lang", "ja")
    assert again.out.startswith("0 個")
    assert again.err == ""


def test_the_warmup_names_what_it_compiles(call, monkeypatch):
    def train(net, settings):
        unit.listener("some_kernel")
        unit.listener(None)

    monkeypatch.setattr("backlit.cli.warmup._train", train)
    assert call("warmup").err.startswith("  some_kernel\n")

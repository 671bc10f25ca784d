"""Every sentence for people, in English and Japanese, from one catalogue.

`en/*.toml` and `ja/*.toml` hold the same files with the same keys and the same placeholders (a test says so).
A key is a code (BL205) or a dotted name (train.done).  Nothing outside this folder writes a sentence.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

LANGUAGES = ("en", "ja")
_chosen: str | None = None


def use(language: str | None) -> None:
    """Choose the language of all that follows in this process; None goes back to BACKLIT_LANG, else English."""
    global _chosen
    _chosen = language if language in LANGUAGES else None


@contextlib.contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """The language of all that is said within; None leaves it as it is.

    >>> with speaking("ja"):
    ...     language()
    'ja'
    """
    before = _chosen
    if language is not None:
        use(language)
    try:
        yield
    finally:
        use(before)


def language() -> str:
    """The language in force: `use(...)`, else the environment's BACKLIT_LANG, else "en"."""
    asked = _chosen or os.environ.get("BACKLIT_LANG", "").strip().lower()[:2]
    return asked if asked in LANGUAGES else "en"


@functools.cache
def catalogue(name: str) -> dict[str, Any]:
    """The whole catalogue of one language: {key: text or {part: text}}."""
    entries: dict[str, Any] = {}
    folder = resources.files(__package__) / name
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            entries.update(tomllib.loads(file.read_text(encoding="utf-8")))
    return entries


def entry(key: str, lang: str | None = None) -> dict[str, str]:
    """The parts of an error's or a finding's entry: what, expected, got, where, try, page."""
    found = catalogue(lang or language()).get(key)
    if not isinstance(found, dict):
        raise KeyError(f"no entry {key!r} in the catalogue")
    return found


def word(key: str, lang: str | None = None) -> str:
    """One of the fixed words of the frame (expected, got, where, try, more)."""
    return str(catalogue(lang or language())["frame"][key])


def say(key: str, lang: str | None = None, **values: object) -> str:
    """The sentence `table.name` with its placeholders filled: say("train.done", seconds=1.2)."""
    table, _, name = key.partition(".")
    return fill(str(catalogue(lang or language())[table][name]), values, lang)


_PLACEHOLDER = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


def fill(text: str, values: Mapping[str, object], lang: str | None = None) -> str:
    """`text` with {name} or {name:format} replaced; a value that is not there leaves its place empty."""

    def put(match: re.Match[str]) -> str:
        value = values.get(match[1], "")
        if isinstance(value, (list, tuple)):
            value = ", ".join(str(v) for v in value)
        return format(value, match[2]) if match[2] and not isinstance(value, str) else str(value)

    return _PLACEHOLDER.sub(put, text)


def placeholders(text: str) -> set[str]:
    """The names that a text wants filled."""
    return {m[1] for m in _PLACEHOLDER.finditer(text)}


def places(text: str) -> int:
    """The places that a text takes in a terminal, where a Japanese letter takes two.

    >>> places("loss"), places("損失 E")
    (4, 6)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

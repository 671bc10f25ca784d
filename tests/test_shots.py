"""The pictures of every page: there for both languages, light and dark, small, and listed."""

from __future__ import annotations

import importlib.util
import struct
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shots():
    spec = importlib.util.spec_from_file_location("shots", TOP / "tools" / "shots.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["shots"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    yield module
    del sys.modules["shots"]


def test_every_page_has_its_pictures_and_they_are_small(shots):
    wanted = {shots.name_of(p, a, b) for p in shots.PAGES for a in shots.LANGUAGES for b in shots.SCHEMES}
    assert {file.name for file in shots.FOLDER.glob("*.png")} == wanted
    for name in wanted:
        data = (shots.FOLDER / name).read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert len(data) <= shots.MOST, name
        wide, high = struct.unpack(">II", data[16:24])
        assert wide == shots.WIDE
        assert 300 < high <= 3000, name


def test_the_list_of_the_pictures_is_that_of_the_tool(shots):
    assert (shots.FOLDER / "README.md").read_text(encoding="utf-8") == shots.listing()


def test_dark_pictures_are_dark_and_languages_differ(shots):
    image = pytest.importorskip("PIL.Image")
    for page in shots.PAGES:
        seen = {}
        for language in shots.LANGUAGES:
            for scheme in shots.SCHEMES:
                path = shots.FOLDER / shots.name_of(page, language, scheme)
                seen[language, scheme] = path.read_bytes()
                corner = image.open(path).convert("L").getpixel((2, 2))
                assert corner < 60 if scheme == "dark" else corner > 220, path.name
        assert len(set(seen.values())) == 4


def test_without_a_browser_it_says_what_is_needed(shots, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="chromium-headless-shell"):
        shots.main(["group"])

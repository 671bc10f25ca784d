"""The tables that are made of what is declared: they are up to date, and would be seen if they were not."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from backlit.nn.layers import KINDS
from backlit.ops import REGISTRY
from backlit.optim import OPTIMIZERS

TOP = Path(__file__).parents[1]
PAGES = ("docs/activations.md", "docs/findings.md", "README.md", "README.ja.md")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, at work on copies."""
    spec = importlib.util.spec_from_file_location("make_tables", TOP / "tools" / "make_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for page in PAGES:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        shutil.copy(TOP / page, tmp_path / page)
    monkeypatch.setattr(module, "TOP", tmp_path)
    return module


def test_the_tables_are_up_to_date(tool, capsys):
    stale = tool.main(["--check"])
    assert stale == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES)
def test_a_stale_table_is_told_and_mended(tool, page, tmp_path, capsys):
    file = tmp_path / page
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace("softplus", "sofplus").replace("DR301", "sofplus"), encoding="utf-8")
    assert tool.main(["--check"]) == 1
    assert f"{page} is stale" in capsys.readouterr().out
    assert "sofplus" in file.read_text(encoding="utf-8")
    assert tool.main([]) == 0
    assert file.read_text(encoding="utf-8") == right


def test_a_new_function_makes_the_tables_stale(tool, monkeypatch, capsys):
    monkeypatch.delitem(REGISTRY, "mish")
    assert tool.main(["--check"]) == 1
    assert capsys.readouterr().out.count("is stale") == len(PAGES) - 1  # all but the findings


def test_every_function_has_a_row_without_holes():
    page = (TOP / "docs" / "activations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \*\*(\w+).*?\*\* \| (.*) \|$", page, re.MULTILINE))
    assert sorted(rows) == sorted(n for n, op in REGISTRY.items() if op.facts.role == "activation")
    for name, cells in rows.items():
        said = re.split(r" ?(?<!\\)\| ?", cells)
        assert len(said) == (2 if "keeps" not in page.split(f"**{name}")[0].rsplit("| name", 1)[1] else 7), name
        assert all(said[:2]) or len(said) == 2, name


def test_the_readme_names_what_there_is():
    for page in ("README.md", "README.ja.md"):
        text = (TOP / page).read_text(encoding="utf-8")
        for name in [
            *KINDS,
            *OPTIMIZERS,
            *(n for n, op in REGISTRY.items() if op.facts.role in ("activation", "loss")),
        ]:
            assert f"`{name}`" in text, (page, name)
        count = f"層（{len(KINDS)}）" if page.endswith(".ja.md") else f"layers ({len(KINDS)})"
        assert f"| {count} |" in text


def test_a_page_without_marks_is_refused(tool, tmp_path):
    (tmp_path / "README.md").write_text("# Backlit\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="no marks"):
        tool.main(["--check"])

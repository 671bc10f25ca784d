"""docs/losses.md says what the declarations say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from backlit.ops.loss import LOSSES

TOOL = Path(__file__).parents[2] / "tools" / "losses_page.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("losses_page", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_declarations_make(tool):
    assert tool.PAGE.read_text(encoding="utf-8") == tool.whole(), "python tools/losses_page.py writes it anew"


def test_each_loss_has_a_section_with_formula_derivative_and_names(tool):
    made = tool.made()
    for name, kind in LOSSES.items():
        section = made.partition(f"### {name}\n")[2].partition("\n### ")[0]
        assert "*Derivative.*" in section
        assert "- targets: " in section
        assert all(other in section for other in kind.op.facts.names.values())

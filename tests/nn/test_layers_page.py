"""docs/layers.md tells every layer with all its settings, and every rule for initial weights."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import backlit
from backlit.nn import layers as home
from backlit.nn.initial import _OTHERS, _RULES
from backlit.nn.layers import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "layers.md").read_text(encoding="utf-8")


def rows_of(table: str) -> dict[str, list[str]]:
    """The rows of a page's tables by what stands in their first cell."""
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name: row[1:] for row in cells for name in re.findall(r"`(\w+)`", row[0])}


def test_the_page_has_a_row_for_each_layer_and_for_nothing_else():
    told = rows_of(PAGE.partition("## Initial weights")[0])
    assert sorted(told) == sorted(name for name, cls in KINDS.items() if cls.__module__.startswith(home.__name__))
    for name, cls in KINDS.items():
        if name not in told:
            continue
        given = [p.name for p in inspect.signature(cls).parameters.values()]
        words = set(re.findall(r"\w+", " ".join(told[name])))
        assert [n for n in given if n not in words | {"name", "trainable"}] == [], name


def test_the_page_has_a_row_for_each_rule_with_its_usual_number():
    told = rows_of(PAGE.partition("## Initial weights")[2].partition("**LSUV**")[0])
    assert sorted(told) == sorted(_RULES)
    for name, rule in _RULES.items():
        if rule.default is not None:
            (number,) = re.findall(r"\(([^)]*)\)", told[name][1])
            assert (2**0.5 if number == "√2" else float(number)) == rule.default, name
    for name in _OTHERS:
        assert name in PAGE or name.split("_")[0] + "_…" in PAGE, name


def test_every_layer_can_be_had_from_backlit_itself():
    own = [name for name, cls in KINDS.items() if cls.__module__.startswith(home.__name__)]
    assert [name for name in own if getattr(backlit, name, None) is not KINDS[name]] == []
    assert [name for name in own if name not in backlit.__all__] == []
    assert [name for name in own if name not in backlit.nn.__all__] == []


def test_every_layer_has_a_page_that_says_what_it_computes():
    for name, cls in KINDS.items():
        if cls.__module__.startswith(home.__name__):
            assert len(inspect.getdoc(cls) or "") > 30, name

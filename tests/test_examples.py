"""Every public name shows how it is used, and what it shows is so."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import backlit


def rooms() -> Iterator[ModuleType]:
    """The package itself, and every room that says what of it is public."""
    yield backlit
    for found in pkgutil.iter_modules(backlit.__path__):
        if found.name != "__main__":
            room = importlib.import_module(f"backlit.{found.name}")
            if hasattr(room, "__all__"):
                yield room


def public() -> dict[str, Any]:
    """Functions, classes and operations by their shortest public name; the same thing once."""
    found: dict[int, tuple[str, Any]] = {}
    for room in rooms():
        for name in room.__all__:
            thing = getattr(room, name)
            if callable(thing):
                found.setdefault(id(thing), (f"{room.__name__}.{name}", thing))
    return dict(found.values())


PUBLIC = public()


def example_of(name: str, thing: Any) -> doctest.DocTest:
    """What its docstring shows, to be run where it is defined."""
    home = sys.modules.get(getattr(inspect.unwrap(thing), "__module__", ""), backlit)
    known = {**vars(backlit.ops), **vars(home), name.rpartition(".")[2]: thing}
    return doctest.DocTestParser().get_doctest(thing.__doc__ or "", known, name, None, None)


def collected() -> set[str]:
    """The docstrings with examples that pytest finds by itself (--doctest-modules), in the files of all rooms."""
    finder, found = doctest.DocTestFinder(), set()
    for name in sorted(sys.modules):
        module = sys.modules[name]
        if name.startswith("backlit.") and isinstance(module, ModuleType):
            found |= {test.docstring for test in finder.find(module, name) if test.examples}
    return found


COLLECTED = collected()


def test_there_are_as_many_public_names_as_the_package_and_its_rooms_tell():
    assert {f"backlit.{n}" for n in backlit.__all__ if callable(getattr(backlit, n))} <= set(PUBLIC)
    assert {name.split(".")[1] for name in PUBLIC if name.count(".") == 2} >= {"nn", "ops", "optim", "training"}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_and_class_shows_an_example(name):
    page = PUBLIC[name].__doc__ or ""
    assert page.strip(), f"{name} says nothing of itself"
    assert example_of(name, PUBLIC[name]).examples, f"{name} has no example (>>>) in its docstring"


@pytest.mark.parametrize("name", [n for n, thing in PUBLIC.items() if thing.__doc__ not in COLLECTED])
def test_an_example_that_pytest_passes_by_runs(name):
    """Operations are no functions, and optimizers are made by a decorator of another file."""
    page = example_of(name, PUBLIC[name])
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(page, out=told.append).failed == 0, "".join(told)

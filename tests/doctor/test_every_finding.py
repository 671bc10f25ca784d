"""Every finding of the registry: a sick and a healthy example, its words in both languages, its limits, its remedies.

`BACKLIT_SNAPSHOTS=write` writes the words anew; a person reads what `git diff` says then.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit.cli.app import app
from backlit.doctor import checks
from backlit.doctor.finding import CHECKS, GRADES, Finding
from backlit.messages import LANGUAGES, catalogue
from backlit.training.clinic.advising import _finding
from doctor.examples import HEALTHY, SICK, found, healthy
from doctor.patients import FOLDER, same_as_ever

WAYS = ("what", "evidence", "threshold", "consequence", "try")
# What a limit may be: it is never a bare constant.
KINDS = {
    "en": ("exact", "relative", "dimensionless", "statistical", "numerical", "by trial"),
    "ja": ("厳密", "相対", "無次元", "統計", "数値計算", "試行"),
}


@functools.cache
def example(name: str) -> tuple[Finding, object]:
    """The finding, with its commands and lines of Python, and the run that it was found in."""
    one, patient = found(name)
    if patient is None:
        return one, None
    return _finding(one, patient.run), patient.run


def codes(names) -> set[str]:
    return {name.partition(" ")[0] for name in names}


def ways(code: str) -> set[str]:
    """The ways for which the catalogue has sentences of their own."""
    return {key.partition("_")[2] for key in catalogue("en")[code] if key.partition("_")[0] in WAYS and "_" in key}


def test_every_finding_has_a_sick_and_a_healthy_example():
    assert codes(SICK) == set(CHECKS)
    assert codes(HEALTHY) == set(CHECKS)


def test_all_thirty_findings_of_the_literature_are_there():
    assert {check.number for check in CHECKS.values()} == set(range(1, 31))


@pytest.mark.parametrize("code", CHECKS)
def test_every_way_of_a_finding_has_a_sick_example_and_its_words_are_kept(code):
    shown = {name.partition(" ")[2] for name in SICK if name.startswith(code)}
    assert ways(code) <= shown | {str(example(name)[0].facts.get("how", "")) for name in SICK if name.startswith(code)}
    for language in LANGUAGES:
        assert sorted((FOLDER / language).glob(f"{code}*.txt")), language


def test_no_snapshot_is_left_of_a_finding_that_is_gone():
    kept = {path.stem for language in LANGUAGES for path in (FOLDER / language).glob("*.txt")}
    made = [example(name)[0] for name in SICK]
    assert kept == {f"{f.code}_{f.facts['how']}" if f.facts.get("how") else f.code for f in made}


@pytest.mark.parametrize("name", SICK)
def test_a_sick_training_is_told_so_in_the_words_of_the_catalogue(name):
    one, _ = example(name)
    assert one.code == name.partition(" ")[0]
    assert one.grade in GRADES
    same_as_ever(one)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_is_not(name):
    assert healthy(name) == []


@pytest.mark.parametrize("name", SICK)
def test_its_evidence_is_numbers_and_names_a_place(name):
    one, _ = example(name)
    numbers = [v for v in one.facts.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    assert numbers or one.code == "DR109"  # the error that refused the training has them
    text = catalogue("en")[one.code]
    evidence = text.get(f"evidence_{one.facts.get('how', '')}", text.get("evidence", ""))
    assert re.search(r"\{\w+(:[^{}]*)?\}", evidence)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CHECKS)
def test_a_limit_is_of_a_kind_that_has_a_reason(code, language):
    limits = [text for key, text in catalogue(language)[code].items() if key.partition("_")[0] == "threshold"]
    assert limits
    for limit in limits:
        assert re.match(rf"({'|'.join(KINDS[language])})", limit), limit


# ---- remedies ----------------------------------------------------------------------------------------------------


STILL_BROKEN = ("DR401 steep",)  # a rate that is 30 powers of ten too large


def typed(one: Finding) -> list[tuple[str, str]]:
    """All commands and lines of Python of a finding, its own first."""
    return [(one.command, one.python), *((c.command, c.python) for c in one.changes)]


@pytest.mark.parametrize("name", SICK)
def test_the_remedy_is_a_command_that_parses(name):
    one, _ = example(name)
    assert one.command
    for command, _ in typed(one):
        if command:
            first, sub, *words = shlex.split(command)
            assert first == "backlit"
            known = app.get_command(None, sub)
            assert known is not None
            known.make_context(sub, words)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SICK)
def test_the_remedy_is_lines_of_python_that_run(name):
    one, run = example(name)
    assert one.python
    if run is None:  # a training that could not begin
        for _, lines in typed(one):
            assert names(lines) <= {*dir(builtins), *backlit.__all__, "backlit", "x", "t", "net", "np"}
        return
    origin = run.origin
    for _, lines in typed(one):
        assert lines
        shown = {name: getattr(backlit, name) for name in backlit.__all__ if name[0].isupper()}
        t = origin.inputs["t"]
        scope = {
            **shown, "backlit": backlit, "np": np, "net": copy.copy(run.last or run.network), "run": run,
            "x": np.array(origin.inputs["x"]), "t": np.array(t),
        }  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                exec(compile(quick(lines), name, "exec"), scope)
            except backlit.errors.TrainingError:
                assert name in STILL_BROKEN


def names(lines: str) -> set[str]:
    """The names that lines of Python read, but for those that they set."""
    tree = ast.parse(lines)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.id for node in found if isinstance(node.ctx, ast.Store)}
    return {node.id for node in found if isinstance(node.ctx, ast.Load)} - own


def quick(lines: str) -> str:
    """The same lines with fewer epochs, and less time for trials."""
    return re.sub(r"budget=\d+", "budget=0", re.sub(r"epochs=\d+", "epochs=2", lines))


# ---- limits in the code ------------------------------------------------------------------------------------------

SAME = {0, 1, 2, 3, -1}  # none, all, a pair, the fewest points of a slope: these count


def bare(path: Path) -> list[str]:
    """Comparisons with a number that has no name, and so no reason beside it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            for part in (node.left, *node.comparators):
                numbers = [n.value for n in ast.walk(part) if isinstance(n, ast.Constant)]
                found += [
                    f"{path.name}:{node.lineno}: {n}" for n in numbers
                    if isinstance(n, (int, float)) and not isinstance(n, bool) and n not in SAME
                ]  # fmt: skip
    return found


HOME = Path(checks.__file__).parent


@pytest.mark.parametrize("path", [*HOME.glob("*.py"), HOME.parent / "screen.py", HOME.parent / "repair.py"],
                         ids=lambda path: path.name)  # fmt: skip
def test_no_limit_in_the_code_is_a_bare_number(path):
    assert bare(path) == []
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Z_]+(, [A-Z_]+)* = [-\d.]", line):
            assert "  # " in line or "# " in above(path, line), line


def above(path: Path, line: str) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[lines.index(line) - 1]

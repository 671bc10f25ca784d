"""Compilation units and their cache on disk: nothing twice, nothing old, nothing broken."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.machine import lean, unit

SOURCE = Path(__file__).parents[2] / "src"
BODY = "@inline\ndef kernel(A, I, S, C, lo, hi, thread):\n    A[I[1]] = DTYPE({})\n    return 5\n"

# Compiles or loads a kernel that writes a number, calls it, and tells what it had to compile.
PROBE = """
import json, sys
import numpy as np
from ctypes import CFUNCTYPE, c_int64
from backlit.machine import unit
told = []
unit.listener = told.append
address = unit.kernel_address("probe", sys.argv[1], "float32")
arena, instruction = np.zeros(4, np.float32), np.array([address, 2], np.int64)
call = CFUNCTYPE(c_int64, *[c_int64] * 7)(address)
status = call(arena.ctypes.data, instruction.ctypes.data, 0, 0, 0, 1, 0)
print(json.dumps([arena.tolist(), status, unit.compiled, told, str(unit.cache_folder())]))
"""
# The same with a whole tape on the real machine.
MACHINE = """
import json
import numpy as np
from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine import unit
from backlit.machine.runner import Machine
from backlit.ops.arithmetic import exp, mul
from backlit.ops.linear import matmul
g = Graph()
x = g.input("x", (2, 2))
made = Machine(lower({"y": matmul(exp(mul(x, 0.5)), x)}), 1, "float32")
made["x"] = [[1.0, 2.0], [3.0, 4.0]]
made.run()
print(json.dumps([made["y"].tolist(), unit.compiled]))
"""


def start(script: str, *arguments: str, cache: Path | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)} | ({"BACKLIT_CACHE": str(cache)} if cache else {})
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def probe(number: int, cache: Path) -> list[str]:
    """Run the probe in a process of its own; returns what it compiled."""
    arena, status, compiled, told, folder = result(start(PROBE, BODY.format(number), cache=cache))
    assert arena == [0.0, 0.0, number, 0.0]
    assert status == 5
    assert told == [x for name in compiled for x in (name, None)]
    assert folder == str(cache)
    return compiled


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> Path:
    """A folder in which the unit that writes a 3 lies compiled."""
    folder = tmp_path_factory.mktemp("warm")
    assert probe(3, folder) == ["probe_float32"]
    return folder


@pytest.fixture
def cache(warm, tmp_path) -> Path:
    """A copy of it, with its times, by which Numba knows its files."""
    return shutil.copytree(warm, tmp_path / "cache")


def test_a_second_process_compiles_nothing(cache):
    assert probe(3, cache) == []


def test_a_second_process_on_the_real_machine_compiles_nothing():
    first, _ = result(start(MACHINE))
    second, compiled = result(start(MACHINE))
    assert compiled == []
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(second, np.exp(0.5 * x) @ x, rtol=1e-6)
    assert first == second


def test_a_changed_kernel_of_the_same_name_is_compiled_anew_and_the_old_one_is_still_there(cache):
    assert probe(4, cache) == ["probe_float32"]  # the upgrade: the new text runs, not the old code
    assert probe(3, cache) == []
    assert probe(4, cache) == []


@pytest.mark.parametrize("part", ["kernels/header", "kernels/common", "words_float32", "fields", "body", "entry"])
def test_a_change_in_any_part_of_the_text_makes_another_unit(part, monkeypatch, tmp_path):
    before, _ = unit.source("probe", BODY.format(1), "float32")
    read = unit.text_of
    monkeypatch.setattr(unit, "text_of", lambda name: read(name) + ("\n# changed\n" if name == part else ""))
    if part == "fields":
        monkeypatch.setattr(unit, "FIELDS", (*unit.FIELDS[1:], unit.FIELDS[0]))
    if part == "entry":
        monkeypatch.setattr(unit, "ENTRY", unit.ENTRY + "\n# changed\n")
    after, _ = unit.source("probe", BODY.format(2 if part == "body" else 1), "float32")
    assert before[:-16] == after[:-16] == "probe_float32_"
    assert before != after


@pytest.mark.parametrize("ending", [".py", ".pyc", ".nbi", ".nbc"])
@pytest.mark.parametrize(
    "damage",
    ["truncated", pytest.param("empty", marks=pytest.mark.slow), pytest.param("garbage", marks=pytest.mark.slow)],
)
def test_a_damaged_file_in_the_cache_is_repaired(ending, damage, cache):
    (damaged,) = cache.rglob(f"*{ending}")
    whole = damaged.read_bytes()
    damaged.write_bytes({"truncated": whole[: len(whole) // 2], "empty": b"", "garbage": b"\x80garbage" * 100}[damage])
    probe(3, cache)
    assert probe(3, cache) == []  # and the repair is kept


def test_processes_that_compile_the_same_unit_at_the_same_time_all_get_it_and_one_compiles(tmp_path):
    started = [start(PROBE, BODY.format(3), cache=tmp_path) for _ in range(3)]
    found = [result(p) for p in started]
    assert [f[0][2] for f in found] == [3.0] * 3
    assert sorted(f[2] for f in found) == [[], [], ["probe_float32"]]


def test_threads_that_ask_for_the_same_unit_at_the_same_time_all_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path))
    monkeypatch.setattr(unit, "compiled", [])
    found: list[int] = []
    body = BODY.format(77)
    threads = [
        threading.Thread(target=lambda: found.append(unit.kernel_address("probe", body, "float64"))) for _ in range(4)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 4
    for address in set(found):
        arena, instruction = np.zeros(2), np.array([address, 1], dtype=np.int64)
        call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 6)(address)
        assert call(arena.ctypes.data, instruction.ctypes.data, 0, 0, 0, 1, 0) == 5
        assert arena.tolist() == [0.0, 77.0]
    assert unit.compiled == ["probe_float64"]


# ---- where it lies --------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_replaced_by_a_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "file" / "cache"))
    folder = unit.cache_folder()
    assert folder.is_dir()
    assert folder == unit.cache_folder()  # one for the whole process
    assert tmp_path not in folder.parents
    arena, status, compiled, _, elsewhere = result(start(PROBE, BODY.format(3), cache=tmp_path / "file" / "cache"))
    assert (arena[2], status, compiled) == (3.0, 5, ["probe_float32"])
    assert not elsewhere.startswith(str(tmp_path))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    monkeypatch.setenv("BACKLIT_CACHE", str(closed))
    assert unit.cache_folder() != closed
    closed.chmod(0o755)


def test_a_folder_without_room_is_replaced_by_a_temporary_one(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    unit._temporary_folder()
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path))
    monkeypatch.setattr(unit.tempfile, "TemporaryFile", full)
    assert unit.cache_folder() == unit._temporary_folder()


def test_the_folder_is_the_one_asked_for_else_the_users(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "a" / "b"))
    assert unit.cache_folder() == tmp_path / "a" / "b"
    monkeypatch.delenv("BACKLIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert unit.cache_folder() == tmp_path / "xdg" / "backlit"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert unit.cache_folder() == tmp_path / "home" / ".cache" / "backlit"


def test_another_process_compiles_ahead_and_nothing_is_compiled_twice(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path))
    monkeypatch.setattr(unit, "helpers", [])
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    units = [unit.source("probe", BODY.format(n), "float32") for n in (101, 102, 103)]
    unit.ahead(units)
    (helper,) = unit.helpers
    assert helper.wait(timeout=60) == 0
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*.nb?")}
    assert len(kept) == 2 * len(units)
    before = len(unit.compiled)
    for stem, text in units:
        unit._module(stem, text)
    assert len(unit.compiled) == before
    assert kept == {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("__pycache__/*.nb?")}
    unit.ahead(units)  # all is there
    assert unit.helpers == [helper]


def test_whoever_wants_what_another_process_compiles_waits_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path))
    stem, text = unit.source("probe", BODY.format(104), "float32")
    script = (
        "import sys, time; from pathlib import Path; from backlit.machine import unit\n"
        "with unit._alone(Path(sys.argv[1]), ''):\n    print('locked', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / f"{stem}.py")]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "BACKLIT_CACHE": str(tmp_path)}
    told: list[str | None] = []
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "locked\n"

        def listener(name: str | None) -> None:
            told.append(name)
            if len(told) == 1:
                other.stdin.write("\n")  # the other one lets go as soon as it is told that somebody waits
                other.stdin.flush()

        monkeypatch.setattr(unit, "listener", listener)
        unit._module(stem, text)
    assert told == ["probe_float32", None, "probe_float32", None]  # waited for, then compiled here


def test_without_a_second_process_this_one_compiles(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path))
    monkeypatch.setattr(unit, "helpers", [])
    monkeypatch.setattr(sys, "executable", "")
    unit.ahead([unit.source("probe", BODY.format(n), "float32") for n in (105, 106)])
    assert not unit.helpers


def test_only_outer_functions_are_optimised_while_a_unit_is_compiled():
    from numba.core import codegen

    before = codegen.CPUCodeLibrary._optimize_final_module
    text = "@inline\ndef inner(x):\n    return x\n\n\n@entry(REALS)\ndef outer(x):\n    return inner(x)\n"
    assert lean.OUTER.findall(text) == ["outer"]
    with lean.outer_functions_only(text):
        assert codegen.CPUCodeLibrary._optimize_final_module is not before
    assert codegen.CPUCodeLibrary._optimize_final_module is before

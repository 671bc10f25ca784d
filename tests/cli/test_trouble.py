"""What goes wrong around the program: full disks, folders that cannot be written, readers that go away."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import click
import pytest

from backlit import messages
from backlit.cli import trouble
from backlit.errors import fail
from backlit.training.objects.run import read_run
from cli.processes import environment

QUICK = ("--epochs", "3", "--progress", "none", "--no-baselines")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def told(error, capsys):
    def work():
        print("before", flush=False)
        raise error

    code = trouble.told(work)
    return code, *capsys.readouterr()


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (fail("BL201", path="a.csv", folder=".", nearest="b.csv"), 1, "[BL201]"),
        (OSError(errno.ENOSPC, "No space left on device", "x/y"), 1, "[BL504]"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), 1, "[BL505]"),
        (OSError(errno.EIO, "Input/output error"), 1, "OSError"),
        (MemoryError(), 1, ""),
        (RecursionError("maximum recursion depth exceeded"), 1, "RecursionError"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError"),
        (UnicodeEncodeError("ascii", "ü", 0, 1, "ordinal not in range"), 1, "UnicodeEncodeError"),
        (KeyboardInterrupt(), 130, ""),
        (click.UsageError("some words"), 2, "some words"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0, ""),
    ],
)
def test_whatever_happens_is_told_in_a_few_lines(error, code, said, language, capsys):
    messages.use(language)
    found, out, err = told(error, capsys)
    assert (found, out) == (code, "before\n")
    assert said in err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 4
    assert bool(err) == (code != 0)


def test_who_asks_for_a_traceback_gets_one(capsys, monkeypatch):
    monkeypatch.setenv("BACKLIT_DEBUG", "1")
    assert "Traceback" in told(ZeroDivisionError(), capsys)[2]
    assert "Traceback" not in told(fail("BL203", path="a", names=[]), capsys)[2]


def test_an_error_without_an_entry_is_told_by_its_facts(capsys):
    code, _, err = told(fail("BL399", color="green"), capsys)
    assert code == 1
    assert "BL399" in err
    assert "green" in err


# ---- disks and folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_folder_that_cannot_be_written(call, tmp_path, runs, language):
    (tmp_path / "file").write_text("")
    done = call("train", "iris", *QUICK, "--out", "file", "--lang", language)
    assert (done.code, "[BL505]" in done.err) == (1, True)
    done = call("train", "iris", *QUICK, "--out", "file/runs", "--lang", language)
    assert (done.code, "[BL505]" in done.err) == (1, True)
    done = call("predict", runs["iris"], "iris", "--out", "file/a.csv", "--lang", language)
    assert (done.code, "[BL505]" in done.err) == (1, True)


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5, 6])
def test_a_disk_that_becomes_full(call, monkeypatch, moment):
    replace, count = os.replace, 0

    def full(source, target):
        nonlocal count
        count += 1
        if count >= moment:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    done = call("train", "iris", *QUICK)
    assert (done.code, "[BL504]" in done.err) == (1, True)
    assert not [name for _, _, names in os.walk(".") for name in names if name.endswith(".tmp")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs a file system of its own")
def test_a_disk_that_is_full(call, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("may not mount")
    try:
        done = call("train", "digits", *QUICK, "--out", disk)
        assert (done.code, "[BL504]" in done.err) == (1, True)
        done = call("predict", "no", "iris", "--out", disk / "a.csv")
        assert done.code == 1
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_an_output_that_is_full(start):
    with open("/dev/full", "w") as full, start("explain", stdout=full) as done:
        _, err = done.communicate(timeout=20)
    assert (done.returncode, "[BL504]" in err) == (1, True)
    assert "Exception ignored" not in err


# ---- pipes ------------------------------------------------------------------------------------------------------


def test_a_reader_that_has_enough_is_no_error(start, runs):
    with start("predict", runs["iris"], "iris") as done:
        assert done.stdout.readline() == "prediction\n"
        done.stdout.close()
        err = done.stderr.read()
    assert (done.returncode, err) == (0, "")
    with start("explain") as done:
        done.stdout.close()
        err = done.stderr.read()
    assert (done.returncode, err) == (0, "")


def test_streams_that_are_closed_are_no_error(start, tmp_path):
    code = (
        "import os, sys; os.close(1); os.execv(sys.executable, [sys.executable, '-m', 'backlit', 'explain', 'BL205'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_terminal_without_japanese_gets_question_marks(start, tmp_path):
    with start("train", "iris", *QUICK, "--lang", "ja", PYTHONIOENCODING="ascii") as done:
        out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert "runs/iris-1" in out
    assert "???" in out
    assert read_run(tmp_path / "runs" / "iris-1")[0]["result"]["stopped"] == "epochs"

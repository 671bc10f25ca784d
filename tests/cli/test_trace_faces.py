"""`backlit trace` as page, document and exercise, `backlit check` and `backlit step`, in a terminal and without."""

from __future__ import annotations

import csv
import os
import re
import select
import subprocess
import sys
import time

import pytest

import backlit
from cli.processes import environment


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    return backlit.train("iris", hidden=[4], epochs=5, out=folder, progress="none").folder


def test_the_ending_of_the_file_chooses_the_form(call, model, tmp_path):
    begins = {".html": "<!doctype html>", ".tex": "\\documentclass", ".svg": "<svg", ".json": "{", ".txt": "Trace of"}
    for ending, start in begins.items():
        file = tmp_path / f"trace{ending}"
        result = call("trace", model, "iris", "--row", 3, "--in-use", "--out", file)
        assert result.code == 0
        assert result.out == ""
        assert str(file) in result.err
        assert file.read_text(encoding="utf-8").startswith(start)
    page = (tmp_path / "trace.html").read_text(encoding="utf-8")
    assert "iris, 3" in page
    assert call("trace", model, "iris", "--row", 3, "--in-use", "--format", "html").out.rstrip() == page.rstrip()


def test_the_page_of_a_parameter_and_of_a_step_of_the_run(call, model):
    page = call("trace", model, "iris", "--format", "html", "--parameter", "dense1.weight[2,1]", "--in-use").out
    assert "∂E/∂dense1.weight[2,1]" in page
    step = call("trace", model, "--step", 2, "--format", "html", "--lang", "ja").out
    assert '<html lang="ja">' in step


def test_options_that_do_not_belong_together(call, model, tmp_path):
    wrong = [
        ("--format", "csv"), ("--stages", "1"), ("--no-key",), ("--blank", "--format", "latex"),
        ("--blank", "--stages", "a"), ("--out", tmp_path / "x.docx"), ("--format", "docx"),
    ]  # fmt: skip
    for options in wrong:
        result = call("trace", model, "iris", *options)
        assert (result.code, result.out) == (2, "")
        assert "Traceback" not in result.err
    assert "BL378" in call("trace", model, "iris", "--blank", "--stages", "6").err


def edited(path, **numbers):
    """The ledger with numbers filled in: {"stage layer line symbol": text}."""
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    for row in rows:
        row[4] = numbers.get(" ".join(row[:4]), row[4])
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)


def test_a_learner_s_ledger_is_checked_against_the_model(call, model, tmp_path):
    file = tmp_path / "ledger.csv"
    assert call("trace", model, "iris", "--row", 3, "--in-use", "--blank", "--out", file).code == 0
    assert "Nothing is filled in" in call("check", file).out
    trace = backlit.load(model).trace(
        backlit.data.load("iris").x[3:4], backlit.data.load("iris").t[3:4], training=False
    )
    u, bias = trace["dense1.u"][0], trace["dense1.bias"]
    edited(file, **{"1 dense1 0 u": f"{u[0]:.4f}"})
    right = call("check", file)
    assert (right.code, "1 numbers compared, 1 right" in right.out) == (0, True)
    edited(file, **{"1 dense1 1 u": f"{u[1] - bias[1]:.5f}"})
    wrong = call("check", file)
    assert wrong.code == 1
    assert "dense1.u[1]" in wrong.out
    assert "bias was forgotten" in wrong.out
    assert f"{u[1]:.6g}" not in wrong.out
    assert f"{u[1]:.6g}" in call("check", file, "--show").out
    assert "バイアスを忘れています" in call("check", file, "--lang", "ja").out


def test_a_step_of_a_run_is_an_exercise_too(call, model, tmp_path):
    file = tmp_path / "step.csv"
    assert call("trace", model, "--step", 3, "--row", 1, "--blank", "--stages", "5", "--out", file).code == 0
    assert call("check", file).code == 0


def test_another_model_and_other_files_are_told(call, model, tmp_path):
    file, other = tmp_path / "ledger.csv", tmp_path / "other"
    call("trace", model, "iris", "--blank", "--in-use", "--out", file)
    second = backlit.train("iris", hidden=[4], epochs=2, out=other, progress="none", seed=5).folder
    assert "BL376" in call("check", file, "--model", second).err
    assert "BL375" in call("check", model / "history.csv").err if (model / "history.csv").exists() else True
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "BL375" in call("check", tmp_path / "table.csv").err
    assert "BL201" in call("check", tmp_path / "nothing.csv").err
    edited(file, **{"1 dense1 0 u": "a half"})
    assert "BL377" in call("check", file).err


# --- step -----------------------------------------------------------------------------------------------------------


def test_without_a_terminal_all_stages_are_printed(call, model):
    out = call("step", model, "iris", "--row", 3, "--in-use").out
    assert out.count("── forward") == 4
    assert "x → [dense1] → " in out
    assert "x ← [dense1] ← " in out
    assert "sums close" in out
    assert "\x1b" not in out
    assert "── 逆伝播" in call("step", model, "iris", "--in-use", "--lang", "ja").out


class Terminal:
    """A command in a terminal of 30 lines and 100 columns."""

    def __init__(self, *arguments):
        pty = pytest.importorskip("pty")
        import fcntl
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.settings = termios.tcgetattr(slave)
        self.slave, self.termios = slave, termios
        self.process = subprocess.Popen(
            [sys.executable, "-m", "backlit", *map(str, arguments)],
            stdin=slave, stdout=slave, stderr=slave, env=environment(), start_new_session=True,
        )  # fmt: skip

    def screen(self, keys=""):
        """The screen that comes after these keys: each ends with a line that tells the keys."""
        os.write(self.master, keys.encode())
        found, end = "", time.monotonic() + 60
        while "q: end" not in found:
            assert time.monotonic() < end, found
            if select.select([self.master], [], [], 0.2)[0]:
                found += os.read(self.master, 65536).decode(errors="replace")
        return found

    def ended(self):
        """The exit code; the terminal has to be as it was."""
        code = self.process.wait(timeout=20)
        assert self.termios.tcgetattr(self.slave) == self.settings
        os.close(self.master)
        os.close(self.slave)
        return code


@pytest.mark.slow
def test_keys_go_on_back_and_to_the_end(model):
    terminal = Terminal("step", model, "iris", "--in-use")
    first = terminal.screen()
    assert "[dense1]" in first
    count = int(re.search(r"1/(\d+) ", first)[1])
    for keys, at in (("n", 2), ("\x1b[C", 3), (" ", 4), ("\x1b[D", 3), ("p", 2), ("\x1b[H", 1), ("p", 1), ("n", 2)):
        assert f"{at}/{count} " in terminal.screen(keys)
    checked = terminal.screen("g")
    assert "2 · outputs · dense1" in checked
    assert re.search(r"weight\[0,0\].*\de-\d\d", checked)
    assert "relative error" not in terminal.screen("g")
    last = terminal.screen("\x1b[F")
    assert "── the update" in last
    assert f"{count}/{count} " in last
    assert len(last.splitlines()) <= 30
    os.write(terminal.master, b"q")
    assert terminal.ended() == 0


@pytest.mark.slow
def test_ctrl_c_leaves_the_terminal_as_it_was(model):
    terminal = Terminal("step", model, "iris", "--in-use")
    terminal.screen()
    terminal.process.send_signal(2)
    assert terminal.ended() == 130

"""The command line called in this process, and in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from backlit.cli.app import app
from cli.processes import Result, environment


@pytest.fixture
def call() -> Callable[..., Result]:
    """A command in this process: call("train", "iris")."""

    def run(*arguments: object, **environment: str) -> Result:
        found = CliRunner().invoke(app, [str(a) for a in arguments], env=environment)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Result(found.exit_code, found.stdout, found.stderr)

    return run


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """A command in a process of its own, in the folder of the test."""

    def begin(*arguments: object, stdout: object = subprocess.PIPE, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "backlit", *map(str, arguments)],
            cwd=tmp_path, env=environment(**more), stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    return begin


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each kind: classes, numbers, two targets, no header."""
    import numpy as np

    import backlit

    folder = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4)).round(3)
    lines = [",".join(map(str, row)) for row in rows.tolist()]
    (folder / "two.csv").write_text("\n".join(["a,b,left,right", *lines]), encoding="utf-8")
    (folder / "plain.csv").write_text("\n".join(lines), encoding="utf-8")
    sources = {
        "iris": ("iris", None),
        "diabetes": ("diabetes", None),
        "two": (folder / "two.csv", ["left", "right"]),
        "plain": (folder / "plain.csv", None),
    }
    found = {}
    for name, (source, target) in sources.items():
        run = backlit.train(source, target=target, epochs=20, progress="none", out=folder / "out")
        found[name] = run.folder
    return found

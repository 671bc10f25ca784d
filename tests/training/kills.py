"""Trains and saves in children that are killed at random moments, and looks at what they leave.

A program of its own, so that nothing but one import stands before the forks: `python kills.py KILLS SEED FOLDER`
prints what was seen as JSON.  Nothing here starts a thread.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

import backlit
from backlit.training.loop import fitting
from backlit.training.objects.run import read_run
from backlit.training.runs import keeping

AT_ONCE = 2
LONGEST = 0.25  # seconds that a child lives
FILES = {
    "run.json", "history.jsonl", "model.safetensors", "last.safetensors", "resume.safetensors", "config.toml",
    "report.html",
}  # fmt: skip
LEFT_OVER = re.compile(rf"\.({'|'.join(map(re.escape, FILES))})\.\w+\.tmp")


def train(folder: Path, seed: int, epochs: int) -> None:
    backlit.train(
        "digits", hidden=[8], epochs=epochs, patience=epochs, batch_size=256, seed=seed, out=folder, progress="none",
        baselines=False,
    )  # fmt: skip


def live(folder: Path, seed: int) -> None:
    """What a child does until it is killed: short trainings to their end, and long ones, saving all the time."""
    keeping.EVERY = keeping.TIMES = 0
    fitting.SLICE = 0.0005
    while True:
        train(folder, seed, 3 + 40 * (seed % 3))


def start(folder: Path, seed: int) -> int:
    """A child that lives in `folder`; its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        live(folder, seed)
    finally:
        os._exit(1)  # only an exception leads here


def examine(folder: Path, seen: Counter[str]) -> list[str]:
    """What is wrong with one run's folder; and in `seen`, how far its run had come."""
    names = set(os.listdir(folder))
    left_over = names - FILES
    wrong = [f"{folder}: {name}" for name in left_over if not LEFT_OVER.fullmatch(name)]
    seen["left over"] += bool(left_over)
    if "run.json" not in names:  # killed before it was a run at all
        seen["not begun"] += 1
        return wrong + [f"{folder}: {name} without run.json" for name in names & FILES - {"history.jsonl"}]
    facts, history = read_run(folder)
    stopped = facts["result"]["stopped"]
    seen[stopped] += 1
    if [row["epoch"] for row in history] != list(range(1, len(history) + 1)):
        wrong.append(f"{folder}: history {history}")
    if stopped != "running" and not {"model.safetensors"} <= names:
        wrong.append(f"{folder}: {stopped} without a model")
    if "model.safetensors" in names:
        seen["model"] += 1
        o = backlit.load(folder).predict(np.ones((2, 64)))
        if o.shape != (2, 10) or not np.allclose(o.sum(axis=1), 1, atol=1e-5):
            wrong.append(f"{folder}: predicts {o}")
    if "report.html" in names and not (folder / "report.html").read_text("utf-8").rstrip().endswith("</html>"):
        wrong.append(f"{folder}: half a report")
    return wrong


def kill_many(kills: int, seed: int, base: Path) -> dict[str, object]:
    draw, seen, wrong = random.Random(seed), Counter[str](), []
    train(base / "warm", 0, 3)
    living: list[tuple[float, int, Path]] = []
    begun = 0
    while begun < kills or living:
        while begun < kills and len(living) < AT_ONCE:
            folder = base / str(begun)
            folder.mkdir()
            living.append((time.perf_counter() + draw.uniform(0, LONGEST), start(folder, begun), folder))
            begun += 1
        living.sort()
        due, pid, folder = living.pop(0)
        time.sleep(max(0.0, due - time.perf_counter()))
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        if not os.WIFSIGNALED(status):
            wrong.append(f"{folder}: ended by itself, {status}")
        runs = [folder / name for name in os.listdir(folder)]
        seen["runs"] += len(runs)
        for run in runs:
            try:
                wrong += examine(run, seen)
            except Exception as error:
                wrong.append(f"{run}: {type(error).__name__} {getattr(error, 'code', '')} {error.args}")
        if not wrong:
            shutil.rmtree(folder)
    return {"kills": begun, "wrong": wrong, "seen": dict(seen)}


if __name__ == "__main__":
    print(json.dumps(kill_many(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))))

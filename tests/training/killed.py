"""A training that is killed again and again and gone on with, until it comes to its end by itself.

A program of its own, as `kills.py`: `python killed.py SEED FOLDER` prints how often it was killed and how often it
went on from where it had been saved, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import backlit
from backlit.training.loop import fitting
from backlit.training.objects.run import read_run
from backlit.training.runs import keeping
from backlit.training.runs.checkpoint import NAME

KILLS = 25  # the one after them is left alone
TRAINED: dict[str, Any] = {
    "hidden": [16], "dropout": 0.3, "batch_size": 64, "epochs": 800, "patience": 800, "seed": 3, "baselines": False,
}  # fmt: skip


def live(folder: Path) -> None:
    """What a child does: begin, or go on where the one before was killed; saving all the time."""
    keeping.EVERY = keeping.TIMES = 0
    fitting.SLICE = 0.0005
    if (folder / "digits-1" / "run.json").exists():
        if read_run(folder / "digits-1")[0]["result"]["stopped"] != "running":
            return  # killed when nothing was left to do
        backlit.resume(folder / "digits-1", progress="none")
    else:
        backlit.train("digits", out=keeping.Place(folder / "digits-1"), progress="none", **TRAINED)


def run(seed: int, folder: Path) -> dict[str, Any]:
    draw = random.Random(seed)
    backlit.train("digits", progress="none", **{**TRAINED, "epochs": 3})  # compiled before the first fork
    (folder / "digits-1").mkdir()
    kills, saved = 0, 0
    while True:
        saved += (folder / "digits-1" / NAME).exists()
        pid = os.fork()
        if not pid:
            try:
                live(folder)
                os._exit(0)
            finally:
                os._exit(1)
        if kills < KILLS:
            time.sleep(draw.uniform(0.02, 0.12))
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        if not os.WIFSIGNALED(status):
            return {"kills": kills, "saved": saved, "code": os.waitstatus_to_exitcode(status)}
        kills += 1


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), Path(sys.argv[2]))))

"""What the tests of the command line share: a command's result, the surroundings of a process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from backlit import messages

SOURCE = Path(messages.__file__).parents[2]


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    return {**os.environ, "PYTHONPATH": path, **more}

"""`backlit bench`: the speed of training and prediction, next to other libraries and to the machine's limit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..messages import say
from . import page, tables
from .kinds import Whole, Word
from .options import command, option

if TYPE_CHECKING:
    from ..bench.results import Results

# Named here too, so that the help page does not load what computes; a test compares.
WORKLOADS = ("tiny", "small", "digits", "mnist", "wide", "deep", "gelu", "batchnorm", "one-row", "many-rows")

SECTIONS = ("costs", "threads", "growth", "specialists", "vitals")


@command("bench")
@option("--quick", is_flag=True)
@option("--workload", type=Word(*WORKLOADS), metavar="NAME", multiple=True)
@option("--section", type=Word(*SECTIONS), metavar="NAME", multiple=True)
@option("--repeats", type=Whole(1, 1000), metavar="N")
@option("--out", metavar="FOLDER", part="output")
def bench(
    quick: bool, workload: tuple[str, ...], section: tuple[str, ...], repeats: int | None, out: str | None
) -> None:
    """Measure; its sentences are in the catalogue (`cli_bench`)."""
    from ..bench import run

    wanted = repeats or (run.QUICK_REPEATS if quick else run.REPEATS)
    folder = None if out is None else _folder(out)
    told = Told()
    found = run.run(workload, quick=quick, repeats=wanted, tell=told.line, tick=told.tick, sections=section)
    told.end()
    show(found)
    if folder:
        write(found, folder)


def _folder(out: str) -> Path:
    """The folder for the files, there before minutes are spent."""
    from ..training.objects.files import disk_error

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from None
    return folder


def show(found: Results) -> None:
    """A table for each workload, what belongs to it, and the verdict."""
    from ..bench import page as shown

    tables.facts(shown.surroundings(found))
    for m in found.measured:
        page.out(f"\n{shown.title(m)}")
        tables.table(shown.headings(), shown.rows(m))
        page.out("\n".join(f"  {note}" for note in shown.notes(m)))
    for section in found.sections:
        page.out("\n".join(["", section.title, "", *shown.section_lines(section)]))
    page.out("\n" + "\n".join([*map(shown.missing, found.skipped), shown.verdict(found)]))


def write(found: Results, folder: Path) -> None:
    """results.md and results.json, and the drawings of sections."""
    from ..bench.page import markdown
    from ..training.objects.files import write_atomic

    texts = {
        "results.md": markdown(found),
        "results.json": json.dumps(found.plain(), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    }
    texts |= {drawing.file: drawing.svg for section in found.sections for drawing in section.drawings}
    for name, text in texts.items():
        page.out(say("cli_bench.written", path=write_atomic(folder / name, text.encode())))


class Told:
    """Lines on stderr about what begins, and a dot for every sign of life."""

    def __init__(self) -> None:
        self.dots = False

    def line(self, text: str) -> None:
        self.end()
        page.err(text)

    def tick(self) -> None:
        print(".", end="", file=sys.stderr, flush=True)
        self.dots = True

    def end(self) -> None:
        """A new line after dots."""
        if self.dots:
            print(file=sys.stderr, flush=True)
        self.dots = False

"""Runs what the pages show: `python tools/check_docs.py [PAGE ...]` (`make docs-check`).

A block of a page is run when a marker stands before it:

    <!-- run -->            a ```python block, or the `$` lines of a ```console block
    <!-- run, fails -->     the same, but it must end in an exception (or an exit code other than 0)

The output of a Python block is compared with the ```text block that follows it, if there is one; the output
of a command with the lines below it in its console block, if there are any. In what is expected, `…` stands
for any text of the line, and a line that is only `…` for any lines. The blocks of a page share their
variables and a folder that is empty at first.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300
MARKER = re.compile(r"<!-- run(, fails)? -->")
FENCE = re.compile(r"```(\w*)\s*")


@dataclass
class Piece:
    """A piece of a page to be run: a Python block or one command."""

    line: int
    kind: str
    source: str
    expected: str | None
    fails: bool


@dataclass
class Block:
    """A fenced block: where its text begins, its language, its text, where the page goes on."""

    line: int
    kind: str
    text: list[str]
    end: int


def block_at(lines: list[str], start: int) -> Block | None:
    """The fenced block that begins at `start`, blank lines aside."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    opening = FENCE.fullmatch(lines[start]) if start < len(lines) else None
    if opening is None or "```" not in lines[start + 1 :]:
        return None
    end = lines.index("```", start + 1)
    return Block(start + 2, opening[1], lines[start + 1 : end], end + 1)


def commands(block: Block, fails: bool) -> Iterator[Piece]:
    """The `$` lines of a console block, each with the output below it."""
    starts = [i for i, line in enumerate(block.text) if line.startswith("$ ")]
    for start, stop in zip(starts, [*starts[1:], len(block.text)], strict=True):
        rest = start + 1
        while rest < stop and block.text[rest - 1].endswith("\\"):
            rest += 1
        source = "\n".join([block.text[start][2:], *block.text[start + 1 : rest]])
        output = "\n".join(block.text[rest:stop]).strip("\n")
        yield Piece(block.line + start, "console", source, output or None, fails)


def pieces(page: str) -> Iterator[Piece]:
    """All that a page wants run, in its order."""
    lines = page.split("\n")
    for number, line in enumerate(lines):
        marker = MARKER.fullmatch(line.strip())
        if marker is None:
            continue
        block = block_at(lines, number + 1)
        if block is None or block.kind not in ("python", "console"):
            raise SystemExit(f"line {number + 1}: the marker is not followed by a python or console block")
        fails = marker[1] is not None
        if block.kind == "console":
            yield from commands(block, fails)
        else:
            after = block_at(lines, block.end)
            expected = "\n".join(after.text) if after and after.kind == "text" else None
            yield Piece(block.line, "python", "\n".join(block.text), expected, fails)


def matches(expected: str, got: str) -> bool:
    """Whether `got` is what `expected` says; white space at the ends of lines does not count."""
    pattern = ""
    for line in expected.strip("\n").split("\n"):
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in line.rstrip().split("…")) + r"\n"
    found = "".join(line.rstrip() + "\n" for line in got.strip("\n").split("\n"))
    return re.fullmatch(pattern, found) is not None


def run_python(piece: Piece, page: Path, names: dict[str, object]) -> tuple[str, bool]:
    """The output of a Python block, and whether it ended in an exception."""
    printed = io.StringIO()
    failed = False
    with contextlib.redirect_stdout(printed):
        try:
            # Blank lines before the source make line numbers in a traceback those of the page.
            exec(compile("\n" * (piece.line - 1) + piece.source, str(page), "exec"), names)
        except Exception as error:
            failed = True
            if piece.fails:
                print("".join(traceback.format_exception_only(error)), end="")
            else:
                print(traceback.format_exc(), end="")
    return printed.getvalue(), failed


def run_command(piece: Piece) -> tuple[str, bool]:
    """The output of a command, its errors included, and whether its exit code was not 0."""
    done = subprocess.run(
        piece.source,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    return done.stdout.decode(), done.returncode != 0


def faults(page: Path) -> Iterator[str | None]:
    """For each piece of the page its fault, or None."""
    names: dict[str, object] = {"__name__": "__main__"}
    for piece in pieces(page.read_text(encoding="utf-8")):
        got, failed = run_python(piece, page, names) if piece.kind == "python" else run_command(piece)
        place = f"{page}:{piece.line}: "
        if failed and not piece.fails:
            yield f"{place}failed:\n{got}"
        elif piece.fails and not failed:
            yield f"{place}should have failed, but printed:\n{got}"
        elif piece.expected is not None and not matches(piece.expected, got):
            said, now = (text.strip("\n").split("\n") for text in (piece.expected, got))
            shown = difflib.unified_diff(said, now, "the page", "now", lineterm="")
            yield f"{place}prints something else:\n" + "\n".join(shown)
        else:
            yield None


def check_page(page: Path) -> int:
    """Run one page in an empty folder; 1 if anything is not as it says."""
    page = page.resolve()
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    os.environ["BACKLIT_LANG"] = "ja" if page.name.endswith(".ja.md") or "ja" in page.parts else "en"
    os.environ.update(NO_COLOR="1", COLUMNS="100", PYTHONIOENCODING="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        found = list(faults(page))
    wrong = [fault for fault in found if fault is not None]
    print("\n".join([*wrong, f"{page.name}: {len(found)} blocks run, {len(wrong)} not as shown"]))
    return 1 if wrong else 0


def main(arguments: list[str]) -> int:
    """Check the pages named, by default the README in both languages and all of docs; 1 if one is wrong."""
    pages = [Path(name) for name in arguments]
    if len(pages) == 1:
        return check_page(pages[0])
    everywhere = [Path("README.md"), Path("README.ja.md"), *sorted(Path("docs").rglob("*.md"))]
    # Each page in a process of its own: what one of them imports or sets is not there for the next.
    return max(
        (
            subprocess.run([sys.executable, __file__, str(page)]).returncode
            for page in pages or everywhere
            if page.is_file()
        ),
        default=0,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

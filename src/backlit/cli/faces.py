"""In which form a trace is shown: text, a page, LaTeX, JSON, a drawing, an exercise; on stdout or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..messages import say
from . import page

if TYPE_CHECKING:
    from ..lens.trace import Trace

FORMS = ("text", "html", "latex", "json", "svg", "csv")
ENDINGS = {
    ".txt": "text", ".html": "html", ".htm": "html", ".tex": "latex", ".json": "json", ".svg": "svg", ".csv": "csv",
}  # fmt: skip


def form(ctx: click.Context, asked: str | None, out: str | None, *, blank: bool) -> str:
    """The form that is asked for: by its name, else by the ending of the file."""
    if asked is None and out is not None:
        ending = Path(out).suffix.lower()
        if ending not in ENDINGS:
            raise click.UsageError(say("cli.wants_word", words=list(ENDINGS), got=repr(out)), ctx)
        asked = ENDINGS[ending]
    asked = asked or "text"
    if blank and asked not in ("text", "html", "csv"):
        raise click.UsageError(say("cli.wants_word", words=("text", "html", "csv"), got=repr(asked)), ctx)
    if asked == "csv" and not blank:
        raise click.UsageError(say("cli_trace.csv_is_blank"), ctx)
    return asked


def together(ctx: click.Context, form: str, *, blank: bool, parameter: bool, show_code: bool, tape: bool) -> None:
    """Refuse what does not go together: an option that would do nothing."""
    pairs = {
        ("--blank", "--parameter"): blank and parameter,
        ("--blank", "--show-code"): blank and show_code,
        ("--blank", "--tape"): blank and tape,
        ("--show-code", f"--format {form}"): show_code and form != "text",
        ("--tape", f"--format {form}"): tape and form not in ("text", "json"),
    }
    for (first, second), found in pairs.items():
        if found:
            raise click.UsageError(say("cli_trace.not_together", first=first, second=second), ctx)


def stages(ctx: click.Context, typed: str | None) -> tuple[int, ...] | None:
    """The stages that are left out: "1,4"."""
    if typed is None:
        return None
    parts = [part.strip() for part in typed.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise click.UsageError(say("cli_trace.wants_stages", got=repr(typed)), ctx)
    return tuple(int(part) for part in parts)


def exercise(trace: Trace, form: str, left_out: tuple[int, ...] | None, key: bool, facts: dict[str, Any]) -> str:
    """The ledger with numbers left out."""
    from ..lens.trace import blank, checking

    if form == "csv":
        return blank.sheet_csv(trace, left_out, {**facts, "stages": left_out, "numbers": checking.fingerprint(trace)})
    if form == "html":
        return blank.html(trace, left_out, key=key)
    return blank.text(trace, left_out, key=key)


def view(trace: Trace, form: str, parameter: str) -> str:
    """The page, the LaTeX document or the drawing."""
    made = {"html": trace.html, "latex": trace.latex, "svg": trace.svg}
    return made[form](parameter)


def put(text: str, out: str | None) -> None:
    """On stdout, or into a file; CSV begins with a mark by which spreadsheets know its encoding."""
    if out is None:
        page.out(text.rstrip("\n"))
        return
    from ..training.objects.files import write_atomic

    coding = "utf-8-sig" if Path(out).suffix.lower() == ".csv" else "utf-8"
    write_atomic(Path(out), (text if text.endswith("\n") else text + "\n").encode(coding))
    page.err(say("cli_trace.written", path=out))

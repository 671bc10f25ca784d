"""The group of commands and the way in."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from .. import messages
from ..messages import LANGUAGES, say
from ..version import __version__
from . import page, trouble
from .options import Command, common, help_page, option
from .signals import listener

COMMANDS = (
    "train", "evaluate", "predict", "show", "trace", "step", "check", "curvature", "landscape", "collapse", "descend",
    "activations", "explain", "warmup", "bench",
)  # fmt: skip
COMPLETION = "_BACKLIT_COMPLETE"


def chosen_language(arguments: Sequence[str]) -> str | None:
    """The language that the arguments ask for, wherever `--lang` stands: even the errors of parsing are in it.

    >>> chosen_language(["train", "iris", "--lang", "ja"]), chosen_language(["--lang=en"]), chosen_language([])
    ('ja', 'en', None)
    """
    found = None
    for i, word in enumerate(arguments):
        if word == "--":
            break
        name, sign, value = word.partition("=")
        if name == "--lang":
            value = value if sign else next(iter(arguments[i + 1 : i + 2]), "")
            found = value if value in LANGUAGES else found
    return found


class Backlit(click.Group):
    """The commands by name; the file of each is loaded when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> Command | None:
        if name not in COMMANDS:
            return None
        found: Command = getattr(importlib.import_module(f".{name}", __package__), name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if not ctx.resilient_parsing and args[0] not in COMMANDS:
            raise trouble.UnknownCommand(args[0], COMMANDS, ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = page.pairs((name, say(f"cli_{name}.short")) for name in COMMANDS)
        formatter.write("\n".join(help_page(self, ctx, "cli", ["", say("cli.commands"), *rows])))

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command; the process ends with its exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        messages.use(chosen_language(arguments))
        if COMPLETION in os.environ:  # the shell asks what could be typed next
            super().main(arguments, prog_name="backlit", **extra)

        def work() -> None:
            with self.make_context("backlit", list(arguments), obj=arguments) as ctx:
                self.invoke(ctx)

        try:
            with listener.listening():
                code = trouble.told(work)
        except KeyboardInterrupt:  # another Ctrl-C while the first one is being told
            code = 130
        sys.exit(code)


def show_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Print the version, and that is all."""
    if wanted and not ctx.resilient_parsing:
        page.out(f"backlit {__version__}")
        ctx.exit()


@click.command("backlit", cls=Backlit, add_help_option=False, invoke_without_command=True)
@common
@option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version)
@click.pass_context
def app(ctx: click.Context) -> None:
    """Everything that `backlit` can do; without a command, its help."""
    if ctx.invoked_subcommand is None:
        page.out(ctx.get_help())


def enter() -> NoReturn:
    """The command `backlit` in a process of its own."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors="replace")  # a terminal without Japanese shows ? instead of ending the program
    if not sys.warnoptions and not os.environ.get("BACKLIT_DEBUG"):
        warnings.simplefilter("ignore")  # what a person should know is told in sentences
    try:
        app.main()
    except SystemExit as end:
        if end.code in (130, 143):  # at once: nothing waits to be written, and another Ctrl-C may come
            os._exit(end.code)
        raise

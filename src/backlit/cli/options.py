"""Commands and options whose sentences are looked up in the catalogue when they are shown, not when they are made.

The text of `backlit train --learning-rate` is `cli_train.learning_rate`; what every command has is in `cli`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from ..errors import BacklitError
from ..messages import LANGUAGES, catalogue, language, say
from . import page
from .kinds import Word

Function = TypeVar("Function", bound=Callable[..., Any])
PARTS = ("data", "network", "training", "steps", "output", "options")  # the sections of a help page, in this order
COMMON = ("lang", "help")  # what every command has, last on its page


def text(table: str, key: str) -> str:
    """The sentence of a command, or the one that all commands share."""
    own = catalogue(language()).get(table, {})
    return say(f"{table}.{key}" if key in own else f"cli.{key}")


class Option(click.Option):
    """An option: `part` is its section of the help page, `preset` the default as a person would type it."""

    def __init__(self, *names: Any, part: str = "options", preset: str = "", **given: Any) -> None:
        super().__init__(*names, **given)
        self.part, self.preset = part, preset
        self.home = ""  # the table of its sentence, where another command has the same option

    def told(self, table: str) -> tuple[str, str]:
        """Its line of the help page: how it is typed, and what it does."""
        names = ", ".join(self.opts) + "".join(f" / {name}" for name in self.secondary_opts)
        metavar = f" {self.metavar}" if self.metavar else ""
        preset = "  " + say("cli.preset", value=self.preset) if self.preset else ""
        return names + metavar, text(self.home or table, str(self.name)) + preset


# Errors that name arguments, and the facts that do.
OF_OPTIONS = {
    "BL214": ("option",), "BL215": ("option",), "BL305": ("name",), "BL309": ("name", "other"), "BL343": ("name",),
    "BL355": ("name",),
}  # fmt: skip


def as_typed(value: object, typed: Mapping[str, str]) -> object:
    """An argument of Python as the option of the command line: clip_norm, or loss=huber.

    >>> typed = {"clip_norm": "--clip-norm", "loss": "--loss", "weight_column": "--weight-column"}
    >>> as_typed("clip_norm", typed), as_typed("loss=huber", typed), as_typed("delta", typed)
    ('--clip-norm', '--loss huber', 'delta')
    """
    if not isinstance(value, str):
        return value
    name, _, rest = value.partition("=")
    return f"{typed[name]} {rest}".strip() if name in typed else value


def naming(error: BacklitError, command: click.Command) -> BacklitError:
    """The error with the names of this command's options in place of Python's."""
    typed = {str(p.name): max(p.opts, key=len) for p in command.params if isinstance(p, Option)}
    named = OF_OPTIONS.get(error.code, ())
    error.values |= {name: as_typed(value, typed) for name, value in error.values.items() if name in named}
    return error


class Command(click.Command):
    """A command whose help page is in the language in force; left-over arguments are refused in it, too."""

    table = "cli"

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, **{**given, "add_help_option": False})
        self.context_settings = {"allow_extra_args": True, **self.context_settings}
        self.table = f"cli_{self.name}"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # click forgets it where an option lacks its value
            raise
        if ctx.args and not ctx.resilient_parsing:
            raise click.UsageError(say("cli.left_over", words=" ".join(ctx.args[:5])), ctx)
        return ctx.args

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; an error that names an argument of Python names the option instead."""
        try:
            return super().invoke(ctx)
        except BacklitError as error:
            naming(error, self)
            raise

    def get_short_help_str(self, limit: int = 45) -> str:
        return say(f"{self.table}.short")

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n".join(help_page(self, ctx, self.table)))


def help_page(command: click.Command, ctx: click.Context, table: str, before: list[str] | None = None) -> list[str]:
    """Usage, what the command does, its arguments, its options section by section."""
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, Option)]
    lines = [usage(command, ctx), "", *page.paragraph(say(f"{table}.about"), indent=2)]
    if arguments:
        rows = [(metavar(a), say(f"{table}.{a.name}")) for a in arguments]
        lines += ["", *page.pairs(rows)]
    lines += before or []
    for part in PARTS:
        own = [option for option in options if option.part == part]
        rows = [option.told(table) for option in sorted(own, key=lambda one: one.name in COMMON)]
        if rows:
            lines += ["", say(f"cli.part_{part}"), *page.pairs(rows)]
    return lines


def metavar(argument: click.Argument) -> str:
    """How an argument is called: SOURCE."""
    return argument.metavar or str(argument.name).upper()


def usage(command: click.Command, ctx: click.Context) -> str:
    """The usage line."""
    words = [say("cli.any_options")]
    for p in command.params:
        if isinstance(p, click.Argument):
            words.append(metavar(p) if p.required else f"[{metavar(p)}]")
    if isinstance(command, click.Group):
        words.append(say("cli.any_command"))
    return say("cli.usage", line=f"{ctx.command_path} {' '.join(words)}")


def show_help(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Print the help page, and that is all."""
    if wanted and not ctx.resilient_parsing:
        page.out(ctx.get_help())
        ctx.exit()


def option(*names: str, **given: Any) -> Callable[[Function], Function]:
    """Decorator: an option of the kind above."""
    return click.option(*names, cls=Option, **given)


def common(function: Function) -> Function:
    """Decorator: what every command has, --lang and --help."""
    # The language is chosen before the commands are made (`app.chosen_language`): here it is only let through.
    lang = option("--lang", type=Word(*LANGUAGES), metavar="|".join(LANGUAGES), expose_value=False)
    flag: dict[str, Any] = {"is_flag": True, "is_eager": True, "expose_value": False, "callback": show_help}
    return lang(option("-h", "--help", **flag)(function))


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """Decorator: a function as a command."""

    def make(function: Callable[..., Any]) -> Command:
        return click.command(name, cls=Command)(common(function))

    return make

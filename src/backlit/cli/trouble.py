"""What is said when something goes wrong, and the exit code: never a traceback.

0 done · 1 an error that is told · 2 a command line that cannot be understood · 130 Ctrl-C · 143 SIGTERM
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable

import click

from ..errors import BacklitError, fail, nearest
from ..messages import say
from . import page
from .options import metavar
from .signals import Stopped, listener

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


class UnknownCommand(click.UsageError):
    """A command that does not exist."""

    def __init__(self, name: str, known: Iterable[str], ctx: click.Context) -> None:
        super().__init__(name, ctx)
        self.name, self.known = name, tuple(known)


def told(work: Callable[[], object]) -> int:
    """Do the work, tell what goes wrong; the exit code."""
    try:
        return _done(work)
    except click.UsageError as error:
        return _say(usage_text(error), 2)
    except BacklitError as error:
        return _say(error_text(error), 1)
    except BrokenPipeError:  # `backlit predict … | head`: the reader has what it wanted
        _let_go()
        return 0
    except (KeyboardInterrupt, click.Abort) as error:
        return _say(say("cli.interrupted"), error.code if isinstance(error, Stopped) else 130)
    except Exception as error:
        if listener.heard:  # a compilation that was interrupted may end in any way
            return _say(say("cli.interrupted"), 128 + listener.heard)
        return _say(_trouble(error), 1)


def _done(work: Callable[[], object]) -> int:
    """Do the work and write out what waits to be printed: a full disk must show here, not after the end."""
    code = 0
    try:
        work()
    except click.exceptions.Exit as end:
        code = end.exit_code
    sys.stdout.flush()
    return code


def _say(text: str, code: int) -> int:
    """Tell it on stderr, after all that was printed."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        _let_go()
    with contextlib.suppress(OSError, ValueError):  # nobody listens? the exit code still tells
        page.err(text)
    return code


def _let_go() -> None:
    """Give up on stdout, so that the interpreter does not try once more when it ends."""
    with contextlib.suppress(OSError, ValueError):  # a stand-in has no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _trouble(error: Exception) -> str:
    """What is not told by an error of our own."""
    if isinstance(error, MemoryError):
        return say("cli.no_memory")
    return _of_disk(error) if isinstance(error, OSError) else _unexpected(error)


def error_text(error: BacklitError) -> str:
    """The lines of an error; if telling it fails, the bare facts."""
    try:
        return error.text()
    except Exception:
        return f"{type(error).__name__}: {error.code} {error.values}"


def _of_disk(error: OSError) -> str:
    """What the system refused, in our words where we have them."""
    code = "BL504" if error.errno in DISK_FULL else "BL505" if error.errno in NOT_ALLOWED else ""
    if not code:
        return _unexpected(error)
    return error_text(fail(code, path=error.filename or "stdout", reason=error.strerror or str(error)))


def _unexpected(error: Exception) -> str:
    """One sentence for what should not happen; the traceback only for those who ask."""
    if os.environ.get("BACKLIT_DEBUG"):
        return "".join(traceback.format_exception(error)).rstrip()
    what = " ".join(str(error).split())[:200]
    return say("cli.unexpected", kind=type(error).__name__, what=what)


# ---- the command line itself ----------------------------------------------------------------------------------


def usage_text(error: click.UsageError) -> str:
    """A usage error like the others: what, and what to try."""
    ctx = error.ctx
    path = ctx.command_path if ctx else "backlit"
    what, close = _usage(error, ctx)
    remedy = f"{say('cli.try')}  {close}    " if close else ""
    return f"UsageError: {what}\n  {remedy}{say('cli.more')}  {path} --help"


def _usage(error: click.UsageError, ctx: click.Context | None) -> tuple[str, str]:
    """What is wrong, and the names closest to what was typed."""
    params = ctx.command.params if ctx else []
    names = [name for p in params for name in (*p.opts, *p.secondary_opts) if name.startswith("-")]
    if isinstance(error, UnknownCommand):
        return say("cli.no_command", name=error.name), nearest(error.name, error.known)
    if isinstance(error, click.NoSuchOption):
        return say("cli.no_option", name=error.option_name), _close(error.option_name, names)
    if isinstance(error, click.BadOptionUsage):
        flag = any(error.option_name in p.opts and getattr(p, "is_flag", False) for p in params)
        return say("cli.takes_none" if flag else "cli.takes_one", name=error.option_name), ""
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return say("cli.missing", name=_name(error.param)), ""
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{_name(error.param)}: {error.message}", ""
    return error.format_message(), ""


def _close(name: str, names: list[str]) -> str:
    """The options that begin like a name, else those close to it; "" if none is."""
    bare = name.lstrip("-")
    begin = [n for n in names if len(bare) > 1 and n.lstrip("-").startswith(bare)]
    return ", ".join(begin or difflib.get_close_matches(name, names, cutoff=0.55))


def _name(param: click.Parameter) -> str:
    """A parameter as a person types it."""
    return metavar(param) if isinstance(param, click.Argument) else max(param.opts, key=len)

"""The arguments of a training as plain data: in run.json, in a config.toml that reproduces the run, and back."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...data.checks import shown
from ...errors import fail, nearest
from ...messages import say
from ...optim import Optimizer, Schedule, optimizer_named
from ...optim.rule import owners
from ...version import __version__
from ..objects.files import write_atomic
from ..objects.run import Run
from .preparing import Prepared, network_of

NAME = "config.toml"
UNWRITTEN = "unwritten"
WRITTEN = 1000  # numbers of an array, a weight for each row perhaps; who goes on with the run hands over longer ones
_HOW = ("out", "progress", "facts")  # how a run is watched and kept: they change no number


def config_of(asked: Mapping[str, Any], work: Prepared) -> dict[str, Any]:
    """The arguments of `backlit.train` as JSON, defaults that depend on the table filled in."""
    found = {**asked, **{k: v for k, v in work.settings.items() if v is not None and k != "class_weight"}}
    if asked["layers"] is None and asked["start"] is not None:
        pass  # the model says it
    elif asked["layers"] is None:
        found |= {"hidden": work.plan.hidden, "activation": work.plan.activation, "dropout": work.plan.dropout}
    else:
        work.net.connect([work.x.shape[1]])  # only then it can be described
        found["layers"] = work.net.describe()
    return plain(found)


def plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON; what cannot be written down, apart from the data, is listed as UNWRITTEN."""
    wanted = {name: value for name, value in asked.items() if name not in _HOW and value is not None}
    if not isinstance(wanted.get("source"), (str, Path)):
        wanted.pop("source", None)  # arrays: who goes on with the run has to hand them over
    found = {name: _plain(value) for name, value in wanted.items()}
    lost = [name for name, value in found.items() if value is None]
    return {name: value for name, value in found.items() if value is not None} | ({UNWRITTEN: lost} if lost else {})


def reproducing(run: Run) -> dict[str, Any]:
    """The arguments that give this run again: with what it chose itself, and no longer than it went, if it can."""
    found = {n: v for n, v in run.facts.get("config", {}).items() if n not in owners()}
    found["optimizer"] = repr(run.settings.optimizer)  # with all its settings, and the rate that was found
    changes = run.settings.schedule is not None or run.settings.warm_up > 0  # the rate follows from the epochs planned
    if run.result["stopped"] in ("time", "interrupted") and not changes:
        found["epochs"] = max(1, run.result["epochs"])
    found.pop("time_budget", None)
    return found


def _plain(value: Any) -> Any:
    """A value as JSON has it; None for what cannot be written down, as the arrays of a source."""
    if isinstance(value, Optimizer):
        return {"name": value.name, **value.settings}
    if isinstance(value, Schedule):
        return repr(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= WRITTEN:
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        kept = [_plain(v) for v in value]
        return None if any(v is None for v in kept) else kept
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value if isinstance(value, (str, bool, int, float)) else None


def arguments(config: Mapping[str, Any], path: str | Path = NAME) -> dict[str, Any]:
    """What `config_of` wrote as arguments of `backlit.train`; BL513 where it could not write down all of them."""
    found = dict(config)
    if lost := [name for name in found.pop(UNWRITTEN, ()) if name not in found]:
        raise fail("BL513", path=path, name=", ".join(map(str, lost)))
    if isinstance(found.get("layers"), Mapping):
        found["layers"] = network_of(found["layers"])
    if isinstance(found.get("optimizer"), Mapping):
        settings = dict(found["optimizer"])
        found["optimizer"] = optimizer_named(settings.pop("name"), **settings)
    return found


# ---- config.toml ------------------------------------------------------------------------------------------------


def write_config(folder: Path, config: Mapping[str, Any]) -> Path:
    """config.toml: `backlit train --config` repeats the run."""
    head = f"# backlit train --config {NAME}        (Backlit {__version__})\n"
    return write_atomic(folder / NAME, (head + toml(config)).encode("utf-8"))


def toml(config: Mapping[str, Any]) -> str:
    """Plain data as TOML: a line for each key.

    >>> print(toml({"source": "iris", "hidden": [8], "report": True, "optimizer": {"name": "sgd"}}), end="")
    source = "iris"
    hidden = [8]
    report = true
    optimizer = {name = "sgd"}
    """
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in config.items())


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(float(value) if isinstance(value, float) else value)


def _unreadable(error: Exception, path: Path) -> str:
    """Why a file is no TOML, in the language in force: the line at which the reader gave up."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeDecodeError):
        return say("toml.encoding", number=error.start)
    if isinstance(error, RecursionError):
        return say("toml.deep")
    place = re.search(r"line (\d+), column (\d+)", str(error))
    if place is None:
        return say("toml.end")
    line, column = map(int, place.groups())
    text = path.read_text(encoding="utf-8-sig").split("\n")[line - 1]
    return say("toml.at", line=line, column=column, text=shown(text.strip()))


def read_config(path: str | Path, known: Iterable[str] = ()) -> dict[str, Any]:
    """The keys and values of a TOML file; BL511 for a key that is not `known`, BL512 for what is no TOML."""
    path, known = Path(path), sorted(known)
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        there = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise fail("BL201", path=path, folder=path.parent, nearest=nearest(path.name, there)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise fail("BL512", path=path, reason=_unreadable(error, path)) from None
    found = {key.replace("-", "_"): value for key, value in found.items()}
    for key in found:
        if known and key not in known:
            raise fail("BL511", path=path, name=key, nearest=nearest(key, known))
    return found

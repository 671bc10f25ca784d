"""The table of steps, for people and for programs."""

from __future__ import annotations

import csv as writer
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...messages import say
from ...optim import OPTIMIZERS, Optimizer
from . import theory
from .flow import Rest
from .function import Function
from .run import SHORT, Path

if TYPE_CHECKING:
    from .result import Descent, Run

GRADIENT_DESCENT = ("gradient_descent", "sgd")


def number(value: float, digits: int = 7) -> str:
    """A number with some significant digits, to be copied.

    >>> number(3.4867844010000006), number(-0.0), number(1e20), number(61.917364224)
    ('3.486784', '0', '1e+20', '61.91736')
    """
    return "0" if value == 0 else f"{value:.{digits}g}"


def point(function: Function, x: Any, digits: int = 6) -> str:
    """A place: "x = 3" or "x = 1, y = 2"."""
    shown = [f"{n} = {number(float(v), digits)}" for n, v in zip(function.variables, x, strict=True)]
    return ", ".join(shown if len(shown) <= 6 else [*shown[:5], "…"])


def label(rule: Optimizer) -> str:
    """A run in a few letters: its optimizer, settings that are not the usual ones, and its rate.

    >>> from .run import optimizer
    >>> label(optimizer("momentum(momentum=0.8)", 0.1)), label(optimizer("gd", 0.1))
    ('momentum(momentum=0.8) ε=0.1', 'gd ε=0.1')
    """
    usual = OPTIMIZERS[rule.name]().settings
    other = [f"{k}={v:g}" for k, v in rule.settings.items() if k != "learning_rate" and usual[k] != v]
    name = {long: short for short, long in SHORT.items()}.get(rule.name, rule.name)
    settings = f"({', '.join(other)})" if other else ""
    return f"{name}{settings} ε={number(rule.learning_rate, 6)}"


def next_points(path: Path) -> Any:
    """Where each step leads: the next point, or what the run stopped at; NaN where nothing is known."""
    after = np.full_like(path.points, np.nan)
    after[:-1] = path.points[1:]
    if path.stop is not None and len(after):
        after[-1] = path.stop.x
    return after


def records(function: Function, path: Path) -> list[dict[str, Any]]:
    """A dictionary for each step: k, variables, f, df/dx, step x, next x; the last row has no step."""
    names = function.variables
    after = next_points(path)
    rows = []
    for k, (x, f, g, new) in enumerate(zip(path.points, path.values, path.gradients, after, strict=True)):
        known = k < len(path.points) - 1 or path.stop is not None
        end = [*(new - x), *new] if known else [None] * (2 * len(names))
        cells = [k, *x, f, *g, *end]
        row = dict(zip(columns(names), [c if c is None or c is k else float(c) for c in cells], strict=True))
        rows.append(row)
    return rows


def columns(names: tuple[str, ...]) -> list[str]:
    """The names of the columns; one that a variable has already gets parentheses."""
    own = [name if name not in names else f"{name}()" for name in ("k", "f")]
    tail = [f"{what}{n}" for what in ("df/d", "step ", "next ") for n in names]
    return [own[0], *names, own[1], *tail]


def shown(function: Function, path: Path, lang: str) -> tuple[list[str], list[list[str]]]:
    """Headings and cells for people: all of it for one or two variables, sizes only for more."""
    names, rule = function.variables, path.rule
    single = len(names) == 1
    after = next_points(path)
    moved = after - path.points
    mark = "-ε " if rule.name in GRADIENT_DESCENT and not rule.settings.get("weight_decay") else ""
    if len(names) > 2:
        head = ["k", *(names if len(names) <= 4 else [*names[:3], "…"]), "f", "‖∇f‖", say("descent.step_size", lang)]
    else:
        slopes = ["f′(x)".replace("x", names[0])] if single else [f"∂f/∂{n}" for n in names]
        steps = [mark + s if mark else say("descent.step_of", lang, name=n) for s, n in zip(slopes, names, strict=True)]
        ends = [say("descent.next", lang, name=names[0])] if single else []
        head = ["k", *names, f"f({', '.join(names)})", *slopes, *steps, *ends]
    rows = []
    for k, (x, f, g, new, move) in enumerate(zip(path.points, path.values, path.gradients, after, moved, strict=True)):
        cells = [number(v) for v in x]
        if len(names) > 2:
            cells = cells if len(names) <= 4 else [*cells[:3], "…"]
            cells += [number(f), number(math.hypot(*g)), _cell(math.hypot(*move))]
        else:
            cells += [number(f), *map(number, g), *map(_cell, move), *([_cell(new[0])] if single else [])]
        rows.append([str(k), *cells])
    return head, rows


def _cell(value: float) -> str:
    return "–" if np.isnan(value) else number(value)


# ---- for programs -----------------------------------------------------------------------------------------------


def csv(descent: Descent) -> str:
    """All runs, with all digits; several have their name in the first column."""
    stream = io.StringIO()
    out = writer.writer(stream, lineterminator="\n")
    several = len(descent.runs) > 1
    out.writerow([*(["run"] if several else []), *columns(descent.function.variables)])
    for run in descent.runs:
        first = [label(run.rule)] if several else []
        out.writerows([*first, *row.values()] for row in records(descent.function, run.path))
    return stream.getvalue()


def told(descent: Descent) -> dict[str, Any]:
    """The descent as plain data."""
    function = descent.function
    return {
        "formula": function.text,
        "variables": list(function.variables),
        "start": descent.start.tolist(),
        "steps": descent.steps,
        "verdict": descent.verdict,
        "basin": _rest(descent.home),
        "runs": [_run(function, run) for run in descent.runs],
    }


def _run(function: Function, run: Run) -> dict[str, Any]:
    v, path = run.verdict, run.path
    found: dict[str, Any] = {"optimizer": run.rule.name, "settings": dict(run.rule.settings), "verdict": v.word}
    stop = path.stop
    found["stop"] = stop and {"step": stop.step, "why": stop.trouble.kind, "part": stop.trouble.part}
    found["kinks"] = [{"step": k, "word": word, "part": part} for k, word, part in path.kinks[:100]]
    found["rest"] = v.rest and _rest(v.rest)
    if v.rest is not None and v.rest.curved:
        values = v.rest.eigenvalues
        every = [theory.multipliers(run.rule, float(lam)) for lam in values]
        found["multipliers"] = [[[float(c.real), float(c.imag)] for c in m] for m in every if m is not None]
        found["bound"], found["one_step"], found["best"] = v.bound, 1 / float(values[-1]), vars(theory.best(values))
    found["rate"] = {"predicted": v.predicted, "measured": v.measured}
    found["steps_per_digit"] = {
        "predicted": theory.per_digit(v.predicted), "measured": theory.per_digit(v.measured),
    }  # fmt: skip
    found["steps_for_three_digits"], found["period"], found["looked_on"] = v.needed, v.period or None, v.looked or None
    found["table"] = records(function, path)
    return found


def _rest(rest: Rest) -> dict[str, Any]:
    return {"kind": rest.kind, "x": rest.x.tolist(), "f": rest.value, "eigenvalues": rest.eigenvalues.tolist()}

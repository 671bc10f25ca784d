"""The descent in words: facts, sentences, and the whole as plain text whose last line scripts can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...messages import places, say
from ...ops.printing import doubled, plain
from . import theory
from .function import Array, Function
from .table import GRADIENT_DESCENT, label, number, point, shown
from .theory import LEAST
from .verdict import Verdict

if TYPE_CHECKING:
    from .result import Descent, Run

WHOLE, ENDS = 60, 25  # rows of a table that is printed whole; else so many from both ends
LONGEST = 90  # letters of a derivative that is shown
CONVENTIONS = {"abs": "abs", "sign": "step", "floor": "step", "max": "tie", "min": "tie"}


def text(descent: Descent, lang: str) -> str:
    """The whole, for a terminal."""
    main, function = descent.runs[0], descent.function
    lines = [*introduced(descent, lang), ""]
    head, rows = shown(function, main.path, lang)
    if len(rows) > WHOLE:
        rows = [*rows[:ENDS], ["…"] + [""] * (len(head) - 1), *rows[-ENDS:]]
    lines += [*grid(head, rows, left=()), ""]
    known = facts(descent, main, lang)
    wide = max(places(name) for name, _ in known) if known else 0
    lines += [f"{name}{' ' * (wide - places(name) + 2)}{value}" for name, value in known]
    lines += [*([""] if known else []), *sentences(descent, main, lang), ""]
    if len(descent.runs) > 1:
        lines += [*grid(*compared(descent, lang), left=(0, -1)), ""]
    return "\n".join([*lines, last_line(descent, main)])


def introduced(descent: Descent, lang: str) -> list[str]:
    """The function, its derivatives where they are short, and the run."""
    function, main = descent.function, descent.runs[0]
    of = ", ".join(function.variables) if len(function.variables) <= 6 else "…"
    lines = [f"f({of}) = {function.text.strip()}"]
    single = len(function.variables) == 1
    for name, slope in zip(function.variables, function.slopes, strict=True):
        written = plain(doubled(slope))
        if len(written) <= LONGEST and len(lines) <= 2:
            lines.append(f"{f'f′({name})' if single else f'∂f/∂{name}'} = {written}")
    start = point(function, descent.start)
    return [*lines, say("descent.run", lang, label=label(main.rule), start=start, steps=descent.steps)]


def last_line(descent: Descent, run: Run) -> str:
    """`verdict: WORD`, the same in every language, and where the run ended."""
    path = run.path
    end = (
        f"  {point(descent.function, path.points[-1])}, f = {number(float(path.values[-1]))}"
        if len(path.points)
        else ""
    )
    return f"verdict: {run.verdict.word}{end}"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Columns of text, numbers to the right; those in `left` to the left."""
    texts = [j % len(head) for j in left]
    wide = [max(places(row[j]) for row in [head, *rows]) for j in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = []
        for j, cell in enumerate(row):
            room = " " * (wide[j] - places(cell))
            cells.append(cell + room if j in texts else room + cell)
        return "  ".join(cells).rstrip()

    return [line(head), *map(line, rows)]


def compared(descent: Descent, lang: str) -> tuple[list[str], list[list[str]]]:
    """A row for each run."""
    keys = ("who", "end", "value", "digits_after", "measured", "verdict")
    rows = []
    for run in descent.runs:
        path, v = run.path, run.verdict
        ended = len(path.points) > 0
        where = point(descent.function, path.points[-1]) if ended else "–"
        f = number(float(path.values[-1])) if ended else "–"
        needed = "–" if v.needed is None or v.word in ("diverges", "left_domain") else f"{v.needed:.0f}"
        rows.append([label(run.rule), where, f, needed, _number(v.measured), v.word])
    return [say(f"descent.{key}", lang) for key in keys], rows


# ---- facts ------------------------------------------------------------------------------------------------------


def facts(descent: Descent, run: Run, lang: str) -> list[tuple[str, str]]:
    """What is known of the minimum and of the rate, as names and values."""
    v, rest, function = run.verdict, run.verdict.rest, descent.function
    found: list[tuple[str, str]] = []

    def add(key: str, value: str | None, **more: object) -> None:
        if value is not None:
            found.append((say(f"descent.fact_{key}", lang, **more), value))

    if rest is not None and rest.kind not in ("away", "edge"):
        key = "minimum" if rest.is_minimum else "rest"
        add(key, f"{point(function, rest.x)}, f = {number(rest.value)}")
    if v.home is not None and v.word == "other_minimum":
        add("home", f"{point(function, v.home.x)}, f = {number(v.home.value)}")
    if rest is not None and rest.eigenvalues.size:
        add("curvature" if len(function.variables) == 1 else "eigenvalues", _few(rest.eigenvalues))
    if rest is not None and rest.curved:
        _of_theory(run, add)
    both = [(k, x) for k, x in (("predicted", v.predicted), ("measured", v.measured)) if x is not None]
    if both and v.word not in ("left_domain", "no_derivative"):
        add("rho", ", ".join(say(f"descent.{k}_value", lang, value=number(x, 6)) for k, x in both))
        digits = [(k, theory.per_digit(x)) for k, x in both]
        shown_digits = [say(f"descent.{k}_value", lang, value=f"{d:.1f}") for k, d in digits if d is not None]
        add("per_digit", ", ".join(shown_digits) or None)
    return found


def _of_theory(run: Run, add: object) -> None:
    """Bounds and best rates, from the eigenvalues at the minimum."""
    assert callable(add)
    v, rule = run.verdict, run.rule
    assert v.rest is not None
    values = v.rest.eigenvalues
    most, best = float(values[-1]), theory.best(values)
    every = [theory.multipliers(rule, float(lam)) for lam in values[:6]]
    known = [m for m in every if m is not None]
    if known and rule.name in GRADIENT_DESCENT:
        add("factor", _few(np.array([m[0].real for m in known])))
    elif known:
        add("multipliers", _few(np.array([np.abs(m).max() for m in known])))
    several, name = len(values) > 1, "λmax" if len(values) > 1 else "λ"
    if rule.name in GRADIENT_DESCENT:
        add("one_side" if several else "one_step", number(1 / most, 6))
    if v.bound is not None:
        ways = {"momentum": "bound_momentum", "nesterov": "bound_nesterov"}
        add(ways.get(rule.name, "bound"), number(v.bound, 6), name=name)
    else:
        add("bound_none", number(2 / most, 6), name=name)
    if several:
        add("condition", number(best.condition, 6))
        add("best", f"ε = {number(best.rate, 6)}, ρ = {number(best.factor, 6)}")
    if rule.name in ("momentum", "nesterov") or several:
        rho = number(best.momentum**0.5, 6)
        add("best_momentum", f"ε = {number(best.momentum_rate, 6)}, β = {number(best.momentum, 6)}, ρ = {rho}")


# ---- sentences --------------------------------------------------------------------------------------------------


def sentences(descent: Descent, run: Run, lang: str) -> list[str]:
    """What happened, what to try, and the kinks that were visited."""
    v, function = run.verdict, descent.function
    rest, home, stop = v.rest, v.home, run.path.stop
    values: dict[str, object] = {"period": v.period, "looked": v.looked, "rate": number(run.rule.learning_rate, 6)}
    if rest is not None:
        values |= {"minimum": point(function, rest.x), "value": number(rest.value)}
    if home is not None:
        values |= {"home": point(function, home.x), "home_value": number(home.value)}
    if v.needed is not None:
        values["needed"] = f"{v.needed:,.0f}"
    if stop is not None:
        values |= {"step": stop.step, "part": _short(stop.trouble.part), "place": point(function, stop.x)}
    elif run.path.kinks and v.word == "no_derivative":
        values |= {"part": _short(run.path.kinks[-1][2]), "place": point(function, run.path.points[-1])}
    said = [say(f"descent.word_{_which(v, run)}", lang, **values)]
    advice = _advice(run, max(descent.steps, LEAST))
    if advice:
        said.append(say(f"descent.advice_{advice[0]}", lang, **{**values, **advice[1]}))
    return said + _kinks(function, run, lang)


def _which(v: Verdict, run: Run) -> str:
    """The sentence of a verdict, by its word and what led to it."""
    stop = run.path.stop
    if v.word == "diverges":
        return "diverges_overflow" if stop is not None else "diverges"
    if v.word == "stuck" and v.rest is not None:
        return f"stuck_{v.rest.kind}"
    if v.word == "no_derivative":
        at_minimum = v.rest is not None and v.rest.is_minimum
        return "no_derivative" if stop is not None else f"kink_{'minimum' if at_minimum else 'other'}"
    if v.word == "left_domain":
        return "left_domain" if stop is not None and stop.step else "start_outside"
    if v.word in ("too_slow", "converges", "oscillates") and v.needed is None:
        return f"{v.word}_unknown" if v.word == "too_slow" else f"{v.word}_there"
    if v.word in ("converges", "oscillates") and v.needed == 0:
        return f"{v.word}_there"
    return v.word


def _advice(run: Run, budget: int) -> tuple[str, dict[str, object]] | None:
    """Which other rate would do better, where λ tells."""
    v, rule = run.verdict, run.rule
    if v.rest is None or not v.rest.curved or v.bound is None:
        return None
    best = theory.best(v.rest.eigenvalues)
    values: dict[str, object] = {
        "bound": number(v.bound, 6), "best": number(best.rate, 6), "momentum_rate": number(best.momentum_rate, 6),
        "beta": number(best.momentum, 6), "budget": budget,
    }  # fmt: skip
    bad = v.word in ("diverges", "cycles", "wanders", "too_slow", "oscillates")
    if not bad:
        return None
    if rule.learning_rate >= v.bound * (1 - 1e-9):
        return ("beyond", values) if v.word != "oscillates" else None
    if rule.name not in GRADIENT_DESCENT:
        return ("momentum", values) if v.word == "too_slow" else None
    least = -np.log(best.factor) if best.factor > 0 else np.inf
    if v.word == "too_slow" and least * budget < np.log(1 / theory.SHARE):  # no single rate is fast enough
        return "condition", values
    if v.word in ("too_slow", "oscillates"):
        nearly = abs(rule.learning_rate - best.rate) <= 0.01 * best.rate
        return None if nearly else ("smaller" if rule.learning_rate > best.rate else "larger", values)
    return ("far", values) if v.word in ("diverges", "wanders", "cycles") else None


def _kinks(function: Function, run: Run, lang: str) -> list[str]:
    """The first visit of each kink, with what is taken for the derivative there."""
    said: list[str] = []
    seen: set[str] = set()
    for k, word, part in run.path.kinks:
        if part not in seen and len(seen) < 3:
            seen.add(part)
            convention = say(f"descent.kink_{CONVENTIONS.get(word, 'branch')}", lang)
            place = point(function, run.path.points[k])
            said.append(say("descent.visited", lang, step=k, part=_short(part), place=place, convention=convention))
    return said


def _few(values: Array) -> str:
    shown = [number(float(v), 6) for v in values[:6]]
    return ", ".join([*shown, "…"] if len(values) > 6 else shown)


def _short(part: str) -> str:
    return part if len(part) <= 60 else part[:57] + "…"


def _number(value: float | None) -> str:
    return "–" if value is None else number(value, 4)

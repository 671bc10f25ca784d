"""What one types where no setting of the training mends a fault: a look at the rows, the layers, a step.

Lines of Python speak of x and t, the rows and targets that the network `net` was given, and of its `run`.  Of a run of
`backlit.train` nobody has such x and t: the rows are told by their places in the source, and lines name the source.
"""

from __future__ import annotations

import inspect
import math
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...doctor.finding import Finding
from ...doctor.skill import task_of
from ...nn import Dense, Dropout
from ...nn.objective import Objective
from ..loop.settings import Settings
from ..runs.configuring import UNWRITTEN

if TYPE_CHECKING:
    from ..objects.run import Run

Facts = Mapping[str, Any]
SOURCE = "DATA.csv"  # rows that were given as arrays, if they stood in a file
TASKS = {"classes": "classification", "labels": "multilabel", "numbers": "regression"}
LONGEST = 1000  # characters of a list of layers: one that holds arrays is longer than anybody types
LONGER = 120  # seconds of trials: six times as long as usual


def shown(found: Finding, run: Run) -> tuple[str, str]:
    """A command and lines of Python for a finding: they help, or show what is wrong."""
    return _command(found, run), _of_source(found, run) if "config" in run.facts else _python(found)


def _command(found: Finding, run: Run) -> str:
    how, facts = str(found.facts.get("how", "")), found.facts
    train = f"backlit train {shlex.quote(source_of(run))}"
    if found.code == "DR104":
        return f"{train} --task multilabel"
    if found.code == "DR109":
        return f"backlit explain {facts['error']}"
    if found.code == "DR112" and how in ("target", "targets"):
        return f"{train} --target NAME"
    if found.code == "DR112" and how == "rare":
        return f"{train} --class-weight balanced --batch-size {rows_for(facts)}"
    if run.folder is not None:
        folder = shlex.quote(str(run.folder))
        if found.code == "DR305" and run.settings.optimizer.update is not None:
            at = facts.get("batch_row")
            row = "" if at is None else f" --row {at}"
            return f"backlit trace {folder} --step {facts['step']}{row}"
        if found.symptom:
            return f"backlit diagnose {folder} --budget {LONGER}s"
        if found.changes:
            return f"backlit diagnose {folder} --repair"
        if found.code == "DR111":
            return f"backlit show {folder}"
    return f"backlit explain {found.code}"


def source_of(run: Run) -> str:
    """The source of the rows, as one types it."""
    source = (run.facts.get("config") or {}).get("source")
    return source if isinstance(source, str) and source else SOURCE


def rows_for(facts: Facts) -> int:
    """Rows a batch from which half of all batches hold a row of the rare class: (1 - p)ⁿ = ½."""
    return math.ceil(math.log(0.5) / math.log1p(-float(facts["share"])))


def _python(found: Finding) -> str:
    how = str(found.facts.get("how", ""))
    lines = PYTHON.get(f"{found.code} {how}") or PYTHON.get(found.code)
    return lines(found.facts) if lines else f"print(backlit.diagnose(net, x, t, budget={LONGER}).text())"


def _of_source(found: Finding, run: Run) -> str:
    """Lines of Python where the rows came from a source, by way of `backlit.train`."""
    if found.code == "DR112" and found.facts.get("how") == "rare":
        return f'backlit.train({source_of(run)!r}, class_weight="balanced", batch_size={rows_for(found.facts)})'
    if found.code == "DR112" and found.facts.get("how") != "unrelated":
        return ""
    if found.code in ("DR305", "DR111"):
        return _python(found).replace("print(net)", "print(run.network)")
    return "" if run.folder is None else f"print(backlit.diagnose({str(run.folder)!r}, budget={LONGER}).text())"


def _copies(facts: Facts) -> str:
    return (
        "first = np.unique(np.column_stack([x, t]), axis=0, return_index=True)[1]\n"
        "x, t = x[np.sort(first)], t[np.sort(first)]"
    )


def _row(facts: Facts) -> str:
    return "" if facts.get("batch_row") is None else f", row={facts['batch_row']}"


PYTHON: dict[str, Callable[[Facts], str]] = {
    "DR104 empty": lambda facts: "known = t.any(axis=1)\nx, t = x[known], t[known]",
    "DR109": lambda facts: "print(x.shape, t.shape, np.unique(t)[:9])",
    "DR110": lambda facts: "print(backlit.gradient_check(net, x[:4], t[:4]))",
    "DR111": lambda facts: "print(net)",
    "DR112 target": lambda facts: "print(np.unique(t, return_counts=True))",
    "DR112 targets": lambda facts: "t = t[:, np.ptp(t, axis=0) > 0]",
    "DR112 constant": lambda facts: "x = x[:, np.ptp(x, axis=0) > 0]",
    "DR112 leak": lambda facts: f"x = np.delete(x, {facts['column']}, axis=1)",
    "DR112 contradict": lambda facts: (
        f"print(x[[{facts['row']}, {facts['other']}]], t[[{facts['row']}, {facts['other']}]])"
    ),
    "DR112 repeat": _copies,
    "DR112 held_out": _copies,
    "DR112 rare": lambda facts: f'net.fit(x, t, class_weight="balanced", batch_size={rows_for(facts)})',
    "DR113 rows": lambda facts: "print(net.predict(x[:2])[0] - net.predict(x)[0])  # 0 is right",
    "DR206": lambda facts: "print(net.predict(x[:9]))",
    "DR305": lambda facts: f"print(run.trace(step={facts['step']}{_row(facts)}))",
    "DR305 state": lambda facts: "print(run.history[-1])",
    "DR305 data": lambda facts: "print(np.abs(x).max(axis=0), np.abs(t).max(axis=0))",
    "DR503": lambda facts: (
        "others = np.random.default_rng(0).permutation(len(x))\nprint(net.evaluate(x, t), net.evaluate(x[others], t))"
    ),
    "DR504": lambda facts: (
        f"net.fit(x[:{facts['rows']}], t[:{facts['rows']}], epochs={facts['steps']}, batch_size={facts['rows']})"
    ),
}


# ---- the command of a training from Python -----------------------------------------------------------------------


def typed(run: Run, own: Mapping[str, Any], options: tuple[str, ...]) -> list[str]:
    """A run of Python as words of `backlit train`; none where there are no options for its network or settings.

    The output and its loss follow from the task there, and rows are standardised.
    """
    net = run.network
    layers = [layer for layer in net.layers() if type(layer).__name__ != "Input"]
    if not net.chain or not layers or {type(layer) for layer in layers} - {Dense, Dropout}:
        return []
    dense, drops = [d for d in layers if isinstance(d, Dense)], [d for d in layers if isinstance(d, Dropout)]
    activations = {d.activation or "identity" for d in dense[:-1]}
    rates = {d.rate for d in drops}
    if not isinstance(layers[-1], Dense) or len(activations) > 1 or len(rates) > 1:
        return []
    words = [
        "backlit",
        "train",
        source_of(run),
        *_read(run),
        "--hidden",
        ",".join(str(d.units) for d in dense[:-1]) or "none",
    ]
    words += [word for name in activations for word in ("--activation", name)]
    words += [word for rate in rates for word in ("--dropout", f"{rate:g}")]
    for name, value in own.items():
        if name in options:
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
        elif name != "seed":
            return []
    return words


def _read(run: Run) -> list[str]:
    """The options for what is learned from a source, and how its rows are divided."""
    found: list[str] = []
    config, usual = run.facts.get("config") or {}, _usual()
    for name in ("target", "task", "test", "validation", "seed", "split_seed"):
        value = config.get(name)
        if value is not None and value != usual.get(name):
            for one in value if isinstance(value, list) else [value]:
                found += [f"--{name.replace('_', '-')}", str(one)]
    return found


def call_of(run: Run) -> str:
    """A run of `backlit.train` as a line of Python, from its arguments as they were kept."""
    config, usual = dict(run.facts["config"]), _usual()
    source = config.pop("source", None)
    rule = config.get("optimizer")
    if isinstance(rule, Mapping):
        config |= {n: v for n, v in rule.items() if n != "name"} | {"optimizer": rule["name"]}
    words = [f"{n}={v!r}" for n, v in config.items() if n not in ("layers", UNWRITTEN) and v != usual.get(n)]
    if "layers" in config and run.network.chain:
        layers = repr([layer for layer in run.network.layers() if type(layer).__name__ != "Input"])
        words += [f"layers={layers}"] if len(layers) <= LONGEST else []
    return f"backlit.train({', '.join([repr(source) if source else 'source', *words])})"


def _usual() -> dict[str, Any]:
    """What `backlit.train` does unless it is told otherwise, as far as the table does not decide."""
    from ..whole.pipeline import train  # its signature

    own = {name: one.default for name, one in inspect.signature(train).parameters.items()}
    usual = Settings.of()
    return {**{name: getattr(usual, name, None) for name in Settings.names()}, **own, "optimizer": usual.optimizer.name}


def task_asked(run: Run, decode: str) -> str:
    """The task as `backlit train` calls it, with another reading of the targets perhaps."""
    assert run.origin is not None
    if decode:
        return TASKS["classes"]
    return TASKS[task_of(run.origin.inputs["t"], Objective.of(**run.origin.settings.objective()))]

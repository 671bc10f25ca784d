"""How a person makes a change: as a command where there was one, and as lines of Python."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...doctor.diagnosis import Diagnosis
from ...doctor.finding import Finding
from ...doctor.trial import Change, Outcome
from ...errors import BacklitError
from ...optim import optimizer_named
from ...optim.rule import owners
from ..loop.settings import Settings
from .remedies import LONGEST, call_of, shown, task_asked, typed
from .trials import changed

if TYPE_CHECKING:
    from ...data import Preparation
    from ..objects.run import Run

# Settings that `backlit train` has an option for; of the others Python is told.
OPTIONS = (
    "optimizer", "learning_rate", "momentum", "weight_decay", "batch_size", "epochs", "patience", "loss", "l1", "l2",
    "label_smoothing", "schedule", "warm_up", "clip_norm", "clip_value", "dtype",
)  # fmt: skip
PLAIN = (
    "batch_size", "epochs", "patience", "seed", "dtype", "l1", "l2", "label_smoothing", "clip_norm", "clip_value",
)  # fmt: skip
SAME = {"--rate": "--learning-rate"}
BY_TASK = ("output_activation", "loss", "loss_squared", "one_hot")  # the task decides on output and loss
ANEW = ("loss", "dropout", "initial", "from", "start", "freeze")  # what does not hold for a network of another shape
PAIR = {"row": "line", "other": "other_line"}
PLACED = {  # facts that are training rows, and the fact that tells where in the source such a row stands
    "DR305": {"row": "line"}, "DR112 contradict": PAIR, "DR112 repeat": PAIR, "DR112 held_out": {"other": "other_line"},
}  # fmt: skip
IN_TABLE = {
    "DR112 contradict": {"one": "row", "another": "other"},
    "DR112 target": {"value": ""},
}  # targets, and their rows
DROPPED = {"unfreeze": "--freeze", "no_noise": "--dropout"}  # changes that leave an option out
NOTHING: dict[str, Any] = {"loss_options": {}, "schedule": None}  # said by leaving it out


def with_words(diagnosis: Diagnosis, run: Run) -> Diagnosis:
    """The diagnosis with a command and a line of Python for every change; those that a check wrote itself stay."""
    diagnosis.findings = [_finding(f, run) for f in diagnosis.findings]
    diagnosis.notes = [_finding(f, run) for f in diagnosis.notes]
    if diagnosis.repair is not None:
        diagnosis.repair = _outcome(diagnosis.repair, run)
    diagnosis.about |= {"name": str(run.facts.get("name", "")), "settings": run.facts.get("settings", {})}
    return diagnosis


def _finding(found: Finding, run: Run) -> Finding:
    changes, (line, lines) = tuple(worded(c, run) for c in found.changes), shown(found, run)
    tried = tuple(_outcome(o, run) for o in found.tried)
    did = [o.change for o in tried if o.skill == o.skill]  # what did most comes first; then what was not tried
    first = next(iter((*did, *changes)), None)
    return replace(
        found, facts=_facts(found, run), changes=changes, tried=tried,
        command=found.command or (first.command if first else "") or line,
        python=found.python or (first.python if first else "") or lines,
        consequences=tuple(_finding(f, run) for f in found.consequences),
    )  # fmt: skip


def _facts(found: Finding, run: Run) -> dict[str, Any]:
    """What is known; of a row that was learned from also where it stands in the source."""
    facts = dict(found.facts)
    which = f"{found.code} {facts.get('how', '')}"
    for row, line in PLACED.get(which, PLACED.get(found.code, {})).items():
        if isinstance(facts.get(row), int) and run.place_of_row is not None and (place := run.place_of_row(facts[row])):
            facts[line] = f" = {place}"
    for fact, row in IN_TABLE.get(which, {}).items():
        if run.network.preparation is not None and run.origin is not None:
            facts[fact] = _answer(run.network.preparation, run.origin.inputs["t"][[facts.get(row, 0)]])
    return facts


def _answer(preparation: Preparation, row: Any) -> str:
    """A target as it stands in the table: names of classes, or numbers in the column's own unit."""
    values = np.ravel(preparation.labels(row)).tolist()
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)


def _outcome(found: Outcome, run: Run) -> Outcome:
    return replace(found, change=worded(found.change, run))


def worded(change: Change, run: Run) -> Change:
    """A change with its command and its lines of Python."""
    return replace(change, command=change.command or command(change, run), python=change.python or python(change, run))


def command(change: Change, run: Run) -> str:
    """The run's own command with options for the change; "" where it can have none, or where no option makes it.

    What `backlit train` does by itself needs no option: there output and loss follow from the task, rows are
    standardised, and labels are read as classes.
    """
    words = shlex.split(str(run.facts.get("command", ""))) or typed(run, _own(run), OPTIONS)
    whole = options(change, run) is not None and not any(part.name in DROPPED for part in change.each)
    for part in (change,) if whole else change.each:  # layers that are changed one by one may be all there are
        words = _with(words, part, run) if words else []
    return shlex.join(words)


def _with(words: list[str], change: Change, run: Run) -> list[str]:
    """A command with one change; empty where no option makes it."""
    if change.name in DROPPED:
        return _without(words, [(DROPPED[change.name], "")])
    given = options(change, run)
    if change.stack:
        widths = ",".join(str(layer["units"]) for layer in change.stack[:-1])
        given = [("--hidden", widths), ("--activation", str(change.stack[0]["activation"])), *_usual(change)]
        words = _without(words, [(f"--{name.replace('_', '-')}", "") for name in (*ANEW, *change.settings)])
    elif given is None and change.name in BY_TASK:
        given = [("--task", task_asked(run, change.decode))]
        words = _without(words, [("--loss", "")])
    elif given is None:
        return words if change.scale else []
    if "optimizer" in change.settings:  # another one has other settings
        words = _without(words, [(f"--{name.replace('_', '-')}", "") for name in owners()])
    return [*_without(words, given), *(word for pair in given for word in pair)]


def _usual(change: Change) -> list[tuple[str, str]]:
    """The options for the settings of a change that are not the usual ones; the loss follows from the task."""
    usual = Settings.of()
    some = {n: v for n, v in change.settings.items() if n != "loss" and v is not None and v != getattr(usual, n, ...)}
    return [(f"--{n.replace('_', '-')}", f"{v:g}" if isinstance(v, float) else str(v)) for n, v in some.items()
            if n in OPTIONS and v]  # fmt: skip


def options(change: Change, run: Run) -> list[tuple[str, str]] | None:
    """The options of `backlit train` that make a change; None where there are none for all of it."""
    found: list[tuple[str, str]] = []
    for name, value in change.settings.items():
        if name in OPTIONS and value is not None:
            found.append((f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)))
        elif value != NOTHING.get(name, ...):
            return None
    if change.initial:
        found.append(("--initial", change.initial))
    activations = _activations(change, run)
    if change.layers and activations is None:
        return None
    found += [("--activation", name) for name in activations or ()]
    whole = change.head or change.stack or change.scale or change.decode
    return None if whole or not found else found


def _activations(change: Change, run: Run) -> list[str] | None:
    """The activation function that all hidden layers get; nothing for the last one, which follows from the loss."""
    last = run.network.last.name if run.network.chain else ""
    hidden = {name: what for name, what in change.layers.items() if name != last}
    if any(set(what) != {"activation"} for what in change.layers.values()):
        return None
    if last in change.layers and "loss" not in change.settings:
        return None
    names = sorted({str(what["activation"]) for what in hidden.values()})
    own = [layer.name for layer in run.network.layers() if hasattr(layer, "activation") and layer.name != last]
    return names if not hidden or (len(names) == 1 and set(hidden) == set(own)) else None


def _without(words: list[str], given: list[tuple[str, str]]) -> list[str]:
    """A command without the options that are given anew."""
    names, kept, skip = {name for name, _ in given}, [], False
    for word in words:
        if skip:
            skip = False
            continue
        name, sign, _ = word.partition("=")
        if word.startswith("--") and SAME.get(name, name) in names:
            skip = not sign
            continue
        kept.append(word)
    return kept


def python(change: Change, run: Run) -> str:
    """The lines that make a change: of the data, of the network, of the call."""
    of_train = "config" in run.facts  # `backlit.train` standardises, and reads labels, by itself
    lines = [f"{n} = ({n} - {n}.mean(axis=0)) / {n}.std(axis=0)" for n in ("x", "t")
             if n in change.scale and not of_train]  # fmt: skip
    if change.decode == "one_hot" and not of_train:
        lines.append("t = np.unique(t, return_inverse=True)[1].ravel()  # class numbers")
    settings = _settings(change, run, {} if of_train else _own(run))
    if of_train and change.stack:
        return _called_anew(change, run, settings)
    words = [f"{n}={v!r}" for n, v in settings.items()]
    if change.initial and not change.stack:
        words.append(f"initial={change.initial!r}")
    layers = _layers(change, run) if not of_train or change.layers or change.head or change.stack else ""
    if of_train:
        hidden = _activations(change, run) if change.layers and not (change.head or change.stack) else None
        shape = [f"layers={layers}"] if layers and hidden is None else [f"activation={n!r}" for n in hidden or ()]
        given = [*shape, *words]
        if given:
            gone = tuple(owners()) if "optimizer" in settings else ()
            lines.append(_called_with(run, given, gone))
    else:
        lines += [f"net = Network({layers})"] if layers else _attributes(change, run)
        lines.append(f"net.fit({', '.join(['x', 't', *words])})")
    return "\n".join(lines)


def _attributes(change: Change, run: Run) -> list[str]:
    """The settings of single layers, for a network that is no list of layers."""
    if not change.layers or run.network.chain:
        return []
    set_to = [(name, key, value) for name, new in change.layers.items() for key, value in new.items() if key != "kind"]
    found = "layers = {layer.name: layer for layer in net.layers()}"
    return [found, *(f"layers[{name!r}].{key} = {value!r}" for name, key, value in set_to)]


def _called_anew(change: Change, run: Run, settings: Mapping[str, Any]) -> str:
    """The run's own call with another network and training; output and loss follow from the task."""
    usual, shown = Settings.of(), ("optimizer", "learning_rate")
    hidden = [int(layer["units"]) for layer in change.stack[:-1]]
    given = [f"hidden={hidden!r}", f"activation={change.stack[0]['activation']!r}"]
    given += [f"{n}={v!r}" for n, v in settings.items() if n in shown or (n != "loss" and v != getattr(usual, n, ...))]
    return _called_with(run, given, (*ANEW, "layers", *change.settings, *owners()))


def _called_with(run: Run, given: list[str], without: Sequence[str] = ()) -> str:
    """The run's own call with other words in place of those of the same name."""
    changed = _parsed(f"f({', '.join(given)})")
    call = _parsed(str(run.facts.get("python", ""))) or _parsed(call_of(run))
    assert changed is not None
    assert call is not None
    names = {word.arg for word in changed.keywords}
    gone = {"out", *names, *without, *(("hidden", "activation", "dropout") if "layers" in names else ())}
    call.keywords = [word for word in call.keywords if word.arg not in gone] + changed.keywords
    return ast.unparse(call)


def _parsed(line: str) -> ast.Call | None:
    """A line of Python as a call; None where it is none."""
    try:
        found = ast.parse(line, mode="eval").body
    except SyntaxError:
        return None
    return found if isinstance(found, ast.Call) else None


def _own(run: Run) -> dict[str, Any]:
    """The settings of a run of `Network.fit`, as far as they are not the usual ones."""
    found, rule = run.settings, run.settings.optimizer
    usual = Settings.of()
    own: dict[str, Any] = {"optimizer": rule.name} if rule.name != usual.optimizer.name else {}
    preset = optimizer_named(rule.name).settings
    own |= {n: v for n, v in rule.settings.items() if v != preset.get(n)}
    own |= {n: getattr(found, n) for n in PLAIN if getattr(found, n) != getattr(usual, n)}
    if found.loss != run.network._default_loss():
        own["loss"] = found.loss
    return own


def _settings(change: Change, run: Run, own: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be said of the settings: the run's own, and those of the change that are not the usual ones anyhow."""
    usual = Settings.of()
    new = {n: v for n, v in change.settings.items() if v != NOTHING.get(n, ...)}
    before = {n: v for n, v in own.items() if "optimizer" not in new or n not in owners()}
    as_usual = [n for n, v in new.items() if v == getattr(usual, n, ...) and getattr(run.settings, n, ...) == v]
    return {n: v for n, v in {**before, **new}.items() if n not in as_usual}


def _layers(change: Change, run: Run) -> str:
    """The layers as they become, or as they were, to begin anew; "" where they are no list, or hold arrays."""
    if not run.network.chain:
        return ""
    try:
        net = changed(run, change)
    except BacklitError:
        return ""
    layers = repr([layer for layer in net.layers() if type(layer).__name__ != "Input"])
    return layers if len(layers) <= LONGEST else ""

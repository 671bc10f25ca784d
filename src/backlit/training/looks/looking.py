"""What the report of a training shows of its insides: measured after the training, within a second or left out.

What is measured costs at most some WORK multiplications and additions each, whatever the network; so a large network
does without what would take long, its report says so, and the same training always gives the same report.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.gradcheck import Check, check
from ...errors import BacklitError
from ...lens.trace import Chain, Recording, Step, Trace
from ...lens.trace.updates import as_shown, spelled
from ...messages import language as chosen
from ...messages import say, speaking
from ...nn.layers.base import activation_of
from ...nn.objective import WEIGHT
from ...ops.loss import loss_named
from ...optim import optimizer_named
from ..loop.perceptron import learning
from ..rows.dividing import judged_part
from .rates import FACTORS, STEPS, rates
from .spectra import Curvature, curvature_of
from .standing import Standing

if TYPE_CHECKING:
    from ...report.parts import Section
    from ..objects.network import Network
    from ..objects.run import Run
    from ..runs.preparing import Prepared

Array = np.ndarray[Any, Any]
WORK = 6e9  # additions and multiplications for each of what is measured: half a second or so
TOP = 4  # lines and terms of the worked sample
ENTRIES, FEWEST, CHECKED = 16, 4, 8  # gradients checked of each parameter, on so many rows
SAMPLED = 200  # rows of the histograms
LEAST, MOST, PRODUCTS = 100, 500, 60  # rows of the curvature, products H v that it is expected to take
CARDS = 4


@dataclass(eq=False)
class Looked:
    """What was found; of what was left out, why: "large", or the code of an error."""

    trace: Trace | None = None
    rule: Chain | None = None
    sample: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    curvature: Curvature | None = None
    rates: dict[str, Any] | None = None
    signals: dict[str, Any] | None = None
    activations: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As plain data, for run.json."""
        found: dict[str, Any] = {
            "sample": self.sample, "rates": self.rates, "signals": self.signals, "left_out": self.left_out,
            "gradient_checks": [
                {"name": c.name, "checked": c.checked, "median": c.median, "worst": c.worst} for c in self.checks
            ],
            "curvature": None if self.curvature is None else self.curvature.data(),
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}

    def sections(self, language: str | None = None) -> list[Section]:
        """The sections of the report."""
        from ...lens import sections as made

        with speaking(language or chosen()):
            found = []
            if self.trace is not None:
                found.append(made.sample(self.trace, self.rule, self._about()))
                if self.rule is not None:
                    found.append(made.chain(self.trace, self.rule))
            found.append(made.checks(self.told().get("gradient_checks", []), CHECKED))
            found.append(made.pace(self.curvature, self.rates, self._missing("curvature", "rates")))
            found.append(made.signals(self.signals, self._missing("signals")))
            found.append(made.cards(self.activations[:CARDS]))
            if missing := self._missing("sample", "checks"):
                found[-1].notes += missing
            return found

    def _about(self) -> list[tuple[str, str]]:
        told = self.sample
        number = "line" if "line" in told else "row"  # of a text file the line, else the row, from 0 as in Python
        where = say(f"lens.at_{number}", number=told[number])
        place = say(f"lens.place_{told['why']}", where=where, part=say(f"report.set_{told['part']}"))
        return [
            (say("lens.which"), place),
            *((say(f"lens.{n}"), str(told[n])) for n in ("true", "answer") if n in told),
        ]

    def _missing(self, *names: str) -> list[str]:
        """A sentence for each of these that was left out."""
        return [
            say("lens.too_large" if self.left_out[n] == "large" else "lens.impossible",
                what=say(f"lens.what_{n}"), code=self.left_out[n])
            for n in names if n in self.left_out
        ]  # fmt: skip


def look(run: Run, work: Prepared) -> Looked:
    """Look at a training that has ended, at rows of its own and at one that it was judged by."""
    found = Looked(activations=_activations(run.network))
    for name, measure in (
        ("sample", _sample), ("checks", _checks), ("signals", _signals), ("curvature", _curvature), ("rates", _rates),
    ):  # fmt: skip
        try:
            if not measure(found, run, work):
                found.left_out[name] = "large"
        except BacklitError as error:  # a network that no longer has finite numbers, say
            found.left_out[name] = error.code
    return found


def _activations(net: Network) -> list[str]:
    """The functions in use, in the order of the layers, each once."""
    return list(dict.fromkeys(name for layer in net.layers() if (name := activation_of(layer))))


def _sample(found: Looked, run: Run, work: Prepared) -> bool:
    """The judged row that was missed most, or else the first one, and a step of gradient descent on it alone."""
    net, given = run.network, run.settings
    if 6 * net.size > WORK:
        return False
    part, rows = judged_part(work.parts)
    worst = run.facts.get("worst") or []
    told = {n: v for n, v in worst[0].items() if n in ("line", "row")} if worst else {}
    row = next((int(r) for r in rows if told and work.table.numbered(int(r)) == told), int(rows[0]))
    rate = given.optimizer.learning_rate
    rule = optimizer_named("gradient_descent", **({"learning_rate": rate} if rate == rate else {}))
    own = replace(given, optimizer=rule, schedule=None, warm_up=0.0)
    step = Step(
        _rows(net, {"x": work.x[[row]], "t": work.t[[row]]}, given.weighted), own.objective(), own.update(),
        training=False, dtype=given.dtype, engine=given.engine, seed=given.seed,
    )  # fmt: skip
    about = {"optimizer": rule.name, "settings": dict(rule.settings)}
    trace = Trace(learning(net, given), step, top=TOP, about=about)
    name = _followed(trace)
    found.trace, found.rule = trace, trace.parameter(name) if name else None
    found.sample = {
        "part": part,
        "row": row,
        **work.table.numbered(row),
        "why": "worst" if worst else "first",
        "E": trace.E,
        **_answers(net, trace, work, row),
    }
    if found.rule is not None:
        found.sample |= {
            "parameter": name, "gradient": found.rule.gradient, "central_difference": found.rule.difference.value,
            "relative_error": found.rule.difference.error, "closes": trace.ledger().closes and found.rule.closes,
        }  # fmt: skip
    return True


def _followed(trace: Trace) -> str:
    """The weight whose chain rule is shown: that with the largest gradient in the first layer, where paths are many."""
    for p in trace.recording.built.trained:
        if len(p.shape) == 2 and f"∂E/∂{p.name}" in trace.recording:
            size = np.abs(as_shown(p.name, trace.recording[f"∂E/∂{p.name}"]))
            if np.isfinite(size).all() and size.any():
                return spelled(p.name, tuple(int(i) for i in np.unravel_index(int(size.argmax()), size.shape)))
    return trace.largest_parameter()


def _answers(net: Network, trace: Trace, work: Prepared, row: int) -> dict[str, Any]:
    """For classes the right one and the one that the network says."""
    table = work.table
    output = trace.recording.built.output.name
    if table.task != "classification" or output not in trace.recording:
        return {}
    told = {"true": str(table.classes[int(table.t[row])])}
    o = np.asarray(trace[output][0], np.float64)
    if len(o) == len(table.classes) and loss_named(net.loss or "").classes:
        told["answer"] = str(table.classes[int(o.argmax())])
    return told


def _rows(net: Network, given: Mapping[str, Array], weighted: bool) -> dict[str, Array]:
    """Prepared rows under the names of the inputs; of rows with weights each counts once."""
    found = {net.inputs[0].layer.name: given["x"], "t": given["t"]}
    return {**found, WEIGHT: np.ones((len(given["t"]), 1), given["t"].dtype)} if weighted else found


def _own_rows(run: Run, most: int) -> dict[str, Array]:
    """So many of the training rows, drawn by the seed."""
    assert run.origin is not None
    inputs = run.origin.inputs
    chosen = np.sort(np.random.default_rng(run.settings.seed).permutation(len(inputs["t"]))[:most])
    return {name: np.asarray(a)[chosen] for name, a in inputs.items()}


def _checks(found: Looked, run: Run, work: Prepared) -> bool:
    """Backpropagation against central differences, without dropout, at the best weights."""
    net, given = learning(run.network, run.settings), run.settings
    built = net.build(training=False, **given.objective())
    each = 4 * CHECKED * run.network.size * max(len(built.trained), 1)  # of one entry of each parameter
    most = min(ENTRIES, int(WORK / 16 / each))  # by an interpreter, in float64: 16 times as slow
    if most < FEWEST:
        return False
    rows = _own_rows(run, CHECKED)
    assert built.loss is not None
    values = {**run.network.values, **rows}
    found.checks = check(built.loss, built.trained, values, rows=len(rows["t"]), most=most)
    return True


def _signals(found: Looked, run: Run, work: Prepared) -> bool:
    """The values of every unit on the same rows, by the first weights and by the last."""
    from ...lens.sections import measured

    assert run.origin is not None
    rows = _own_rows(run, SAMPLED)
    count = len(rows["t"])
    if 12 * count * run.network.size > WORK:
        return False
    given = run.settings
    training = all(count >= layer.least_rows for layer in run.network.layers())
    step = Step(rows, given.objective(), training=training, dtype=given.dtype, engine=given.engine, seed=given.seed)
    start, end = _with(run.network, run.origin.values), run.last or run.network
    found.signals = measured(*(Recording(learning(net, given), step) for net in (start, end)))
    return True


def _with(net: Network, values: Mapping[str, Array]) -> Network:
    other = copy.copy(net)
    other.values = {name: value.copy() for name, value in values.items()}
    return other


def _curvature(found: Looked, run: Run, work: Prepared) -> bool:
    """At the last weights, on as many training rows as can be afforded, 500 at most."""
    assert run.origin is not None
    rows = int(WORK / (6 * PRODUCTS * max(run.network.size, 1)))
    given = run.origin.settings
    if rows < LEAST:
        return False
    inputs = run.origin.inputs
    rate = run.history[-1].get("learning_rate") if run.history else None
    at = Standing(
        run.last or run.network, inputs, given, run.state, int(run.result.get("steps", 0)),
        given.optimizer.learning_rate if rate is None else rate, len(inputs["t"]), "training",
    )  # fmt: skip
    found.curvature = curvature_of(at.sampled(min(rows, MOST), given.seed), dtype="float32", tolerance=0.01)
    return True


def _rates(found: Looked, run: Run, work: Prepared) -> bool:
    """A third, once and three times the rate, from the start."""
    assert run.origin is not None
    given, inputs = run.origin.settings, run.origin.inputs
    batch = len(inputs["t"]) if given.optimizer.full_batch else min(given.batch_size, len(inputs["t"]))
    if 6 * STEPS * len(FACTORS) * batch * run.network.size > 2 * WORK:
        return False
    found.rates = rates(_with(run.network, run.origin.values), inputs, given)
    return True

"""Whether the outputs can reach the targets at all, and whether they are what the loss takes them for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...ops import Elementwise
from ...ops.normalized import softmax
from ..finding import Finding, check
from ..patient import Patient
from ..reach import EVERYTHING, answers, reach
from ..skill import DECIMALS, cheaper_elsewhere
from ..slopes import flat, surrogate
from ..trial import Change

STUCK = ("DR201", "DR205", "DR109", "DR303", "DR304", "DR402", "DR403", "DR503", "DR504", "DR301", "DR107")


@check("DR101", number=1, category="wrong_output_activation", stage="structure", explains=STUCK)
def targets_out_of_reach(patient: Patient) -> Iterator[Finding]:
    """Targets that no output can take: outside the closed range of the last activation function, or of its sum.

    Where another one stands before it (a sigmoid of a ReLU, a softmax of a softmax), its range is smaller.
    """
    (low, high), inner, name = answers(patient)
    if low == high:
        return  # DR102
    behind = inner.op is not None and reach(inner) != EVERYTHING  # another activation function
    outside = (patient.t < low) | (patient.t > high)
    if outside.any() and name and (behind or not patient.aim.kind.reads):
        row, unit = (int(i) for i in np.argwhere(outside)[0])
        facts = {
            "layer": output_layer(patient), "activation": name, "low": low, "high": high,
            "least": float(patient.t.min()), "most": float(patient.t.max()), "share": float(outside.mean()),
            "row": row * patient.stride, "unit": unit, "value": float(patient.t[row, unit]),
            "width": patient.t.shape[1],
        }  # fmt: skip
        if behind and inner.op is not None:
            layer = inner.name.rpartition(".")[0]
            facts |= {"how": "twice", "layer": layer, "inner": inner.op.name, "harmless": True}
            yield Finding("DR101", "proved", facts, (_without(patient, layer, inner.op.name),))
        else:
            yield Finding("DR101", "proved", facts, (to("identity", patient),))
    elif patient.built.output.op is softmax and not patient.aim.kind.reads:
        yield from _other_sums(patient, name)


def _other_sums(patient: Patient, name: str) -> Iterator[Finding]:
    """The outputs of a softmax add up to 1: targets that do not are out of their reach."""
    sums = patient.t.sum(axis=1)
    other = np.abs(sums - 1) > DECIMALS
    if other.any():
        row = int(np.argmax(other))
        facts = {
            "how": "sum", "layer": output_layer(patient), "activation": name, "share": float(other.mean()),
            "row": row * patient.stride, "value": float(sums[row]), "width": patient.t.shape[1], "harmless": True,
        }  # fmt: skip
        yield Finding("DR101", "proved", facts, (to("sigmoid" if patient.task == "labels" else "identity", patient),))


def _without(patient: Patient, layer: str, activation: str) -> Change:
    """The first of two activation functions in a row left out."""
    return Change(
        "left_out", layers={layer: patient.with_activation(layer, "identity")},
        facts={"layer": layer, "activation": activation},
    )  # fmt: skip


@check(
    "DR102",
    number=2,
    category="wrong_output_activation",
    stage="structure",
    explains=(*STUCK, "DR101", "DR103", "DR106"),
)
def constant_output(patient: Patient) -> Iterator[Finding]:
    """An output that is the same whatever goes in: its derivative by u is exactly 0 everywhere."""
    op = patient.built.output.op
    width = patient.built.output.shape[-1]
    alone = op is softmax and width == 1
    step = isinstance(op, Elementwise) and flat(patient.built.output)
    if not (alone or step) or surrogate(patient):
        return
    assert op is not None
    value = 1.0 if alone else float(patient.values("start", ())["output"].flat[0])
    facts = {"layer": output_layer(patient), "activation": op.name, "width": width, "value": value}
    better = "sigmoid" if patient.task != "numbers" else "identity"
    yield Finding("DR102", "proved", facts, (to(better, patient),))


@check(
    "DR103", number=3, category="wrong_output_activation", stage="structure",
    explains=(*STUCK, "DR305", "DR101", "DR401"),
)  # fmt: skip
def outside_the_loss(patient: Patient) -> Iterator[Finding]:
    """Outputs that the loss is not made for: no shares where it takes their logarithm, or none that add up to 1."""
    kind, (low, high, name) = patient.aim.kind, output_range(patient)
    floor, ceiling = kind.outputs
    out = patient.values("start", ())["output"].astype(np.float64)
    layer = output_layer(patient)
    if (low < floor or high > ceiling) and name:
        clip = float(patient.aim.options.get("clip", 0.0))
        beyond = (out <= floor + clip) | (out >= ceiling - clip)
        facts = {
            "layer": layer, "activation": name, "low": low, "high": high, "floor": floor, "ceiling": ceiling,
            "loss": kind.name, "share": float(beyond.mean()), "clip": clip, "how": "range",
        }  # fmt: skip
        yield Finding("DR103", "proved", facts, (to(made_for(patient), patient),))
    elif kind.classes and kind.by == "rows" and not kind.reads and patient.task == "classes":
        sums = out.sum(axis=1)
        rounding = 8 * out.shape[1] * float(np.finfo(np.float32).eps)  # of a sum of so many shares
        if out.shape[1] > 1 and np.abs(sums - 1).max() > rounding:
            facts = {
                "layer": layer, "activation": name, "loss": kind.name, "least": float(sums.min()),
                "most": float(sums.max()), "how": "sum", "harmless": True,
            }  # fmt: skip
            yield Finding("DR103", "proved", facts, (to("softmax", patient),))
    elif kind.outputs == (-np.inf, np.inf) and not np.isfinite(loss := patient.first_loss) and np.isfinite(out).all():
        if patient.task == "numbers" and not kind.reads and cheaper_elsewhere(patient.t, patient.aim) > 0:
            return  # no output is right for such targets: DR106
        facts = {"layer": layer, "activation": name, "loss": kind.name, "least": float(out.min()),
                 "most": float(out.max()), "how": "formula", "value": loss}  # fmt: skip
        other = made_for(patient)
        yield Finding("DR103", "proved", facts, () if other == name else (to(other, patient),))


def output_layer(patient: Patient) -> str:
    """The name of the layer that gives the output."""
    return patient.built.output.name.rpartition(".")[0] or patient.net.last.name


def output_range(patient: Patient) -> tuple[float, float, str]:
    """The range of the last activation function and its name; ("", everything) where it is none."""
    op = patient.built.output.op
    if isinstance(op, Elementwise) and op.facts.role == "activation":
        return (*op.facts.range, op.name)
    if op is softmax:
        return (0.0, 1.0, "softmax")
    return (-np.inf, np.inf, "identity" if op is not None and op.facts.role == "linear" else "")


def made_for(patient: Patient) -> str:
    """The activation function whose outputs are what the loss and the targets ask for."""
    if patient.task == "classes" and patient.t.shape[1] > 1:
        return "softmax"
    return "sigmoid" if patient.task != "numbers" else "identity"


def to(activation: str, patient: Patient) -> Change:
    """Another activation function at the output."""
    layer = output_layer(patient)
    return Change(
        "output_activation",
        layers={layer: patient.with_activation(layer, activation)},
        facts={"activation": activation},
    )

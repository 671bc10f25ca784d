"""Whether targets, outputs and loss speak of the same thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...ops import REGISTRY
from ...ops.normalized import softmax
from ..finding import Finding, check
from ..patient import Patient
from ..skill import DECIMALS, cheaper_elsewhere
from ..trial import Change
from .output import STUCK, output_layer

ROUNDING = 1e-6  # of a loss: eight units of float32's last digit


@check(
    "DR104", number=4, category="wrong_label_encoding", stage="structure", explains=(*STUCK, "DR106", "DR101", "DR109")
)
def labels_and_width(patient: Patient) -> Iterator[Finding]:
    """Labels that do not fit the outputs: several classes in a single column, shares that add up to nothing."""
    t, kind = patient.t, patient.aim.kind
    values = np.unique(t)
    if t.shape[1] == 1 and kind.classes and len(values) > 2 and class_numbers(values, len(t)):
        # one unit cannot tell more than two classes apart: it is the output layer that does not fit
        facts = {"classes": len(values), "units": 1, "layer": output_layer(patient), "how": "column"}
        facts |= {"category": "wrong_output_activation", "first": True}
        head = {"kind": "Dense", "units": len(values), "activation": "softmax"}
        settings = {"loss": "cross_entropy", "loss_options": {}}
        yield Finding("DR104", "proved", facts, (Change("one_hot", settings=settings, head=head, decode="one_hot"),))
    elif t.shape[1] > 1 and kind.classes and kind.by == "rows":
        sums = t.sum(axis=1)
        empty = sums == 0
        if empty.any():
            facts = {"share": float(empty.mean()), "row": int(np.argmax(empty)) * patient.stride, "how": "empty"}
            yield Finding("DR104", "proved", facts)


def class_numbers(values: np.ndarray, rows: int) -> bool:
    """Whether these values of a column number classes: from 0 or 1 on without a gap, with two rows each on average.

    Amounts that happen to be whole have gaps, or hardly ever the same value twice.
    """
    first = values[0]
    numbered = first in (0.0, 1.0) and np.array_equal(values, first + np.arange(len(values)))
    return bool(numbered and 2 * len(values) <= rows)


@check("DR106", number=19, category="wrong_loss", stage="structure", explains=(*STUCK, "DR101", "DR103", "DR109"))
def loss_for_another_task(patient: Patient) -> Iterator[Finding]:
    """A loss of classes for targets that are amounts, or logarithms of outputs for targets that have no sign."""
    t, kind = patient.t, patient.aim.kind
    values = np.unique(t)
    amounts = patient.task == "numbers" and not np.isin(values, (-1.0, 0.0, 1.0)).all()
    shares = bool(((t >= 0) & (t <= 1)).all())
    if kind.classes and kind.by == "rows" and patient.built.output.shape[1] == 1:
        facts = {"how": "alone", "loss": kind.name, "layer": output_layer(patient), "first_loss": patient.first_loss}
        yield Finding("DR106", "proved", facts, (_yes_or_no(patient),))
    elif kind.classes and amounts and not (shares and np.allclose(t.sum(axis=1), 1.0, atol=DECIMALS)):
        inside = shares and len(values) > 2
        if inside and t.shape[1] > 1 and kind.by != "rows":
            return  # shares of something, each by itself: cross-entropy is made for them
        facts = {"loss": kind.name, "least": float(t.min()), "most": float(t.max()), "values": len(values)}
        # the outputs of a classifier are out of reach of amounts: that follows from asking for classes
        yield Finding(
            "DR106", "suspected" if inside else "proved", {**facts, "first": not inside}, (_regression(patient),)
        )
    elif amounts and not kind.reads and (share := cheaper_elsewhere(patient.t, patient.aim)) > 0:
        facts = {"loss": kind.name, "least": float(t.min()), "most": float(t.max()), "share": share}
        yield Finding("DR106", "proved", facts, (_regression(patient),))


@check("DR107", number=19, category="wrong_loss", stage="start", explains=())
def squares_of_classes(patient: Patient) -> Iterator[Finding]:
    """Squared or absolute errors for classes: a confident mistake has hardly any gradient left."""
    if patient.aim.kind.classes or patient.task == "numbers":
        return
    one = patient.t.shape[1] == 1 or patient.task == "labels"
    loss, activation = ("binary_cross_entropy", "sigmoid") if one else ("cross_entropy", "softmax")
    layer = output_layer(patient)
    facts = {"loss": patient.aim.kind.name, "better": loss, "layer": layer, **_flat_mistakes(patient)}
    change = Change(
        "loss",
        settings={"loss": loss, "loss_options": {}},
        layers={layer: patient.with_activation(layer, activation)},
        facts={"loss": loss, "activation": activation},
    )
    yield Finding("DR107", "suspected", facts, (change,))


def _flat_mistakes(patient: Patient) -> dict[str, Any]:
    """How steep the output is where the answer is wrong, against what cross-entropy makes of the same mistake.

    Of a sigmoid δᵘ is 2 (o - t) o (1 - o) with squared errors and o - t with cross-entropy: the ratio is 2 o (1 - o).
    """
    out = patient.values("end", ())["output"].astype(np.float64)
    if patient.built.output.op not in (softmax, REGISTRY["sigmoid"]) or not np.isfinite(out).all():
        return {}
    wrong = np.abs(out - patient.t) > np.abs(out - (1 - patient.t))  # nearer to the other answer
    if not wrong.any():
        return {}
    ratio = float(np.median(2 * out[wrong] * (1 - out[wrong])))
    return {"how": "flat", "ratio": ratio, "wrong": int(wrong.any(axis=1).sum()), "rows": len(out)}


def _yes_or_no(patient: Patient) -> Change:
    """The loss of one yes or no, with its output; of amounts that of differences."""
    if patient.task == "numbers":
        return _regression(patient)
    layer = output_layer(patient)
    return Change(
        "loss", settings={"loss": "binary_cross_entropy", "loss_options": {}},
        layers={layer: patient.with_activation(layer, "sigmoid")},
        facts={"loss": "binary_cross_entropy", "activation": "sigmoid"},
    )  # fmt: skip


def _regression(patient: Patient) -> Change:
    layer = output_layer(patient)
    return Change(
        "loss_squared",
        settings={"loss": "squared_error", "loss_options": {}},
        layers={layer: patient.with_activation(layer, "identity")},
    )

"""Whether the outputs can reach the targets at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...ops import Elementwise
from ..finding import Finding, check
from ..patient import Patient
from ..trial import Change


@check(
    "DR101", number=1, category="wrong_output_activation", stage="structure",
    explains=("DR304", "DR303", "DR406", "DR503", "DR504", "DR201", "DR205"),
)  # fmt: skip
def targets_out_of_reach(patient: Patient) -> Iterator[Finding]:
    """Targets that no output can take, because they lie outside the range of the last activation function."""
    output = patient.built.output
    if not isinstance(output.op, Elementwise) or patient.aim.kind.reads:
        return
    low, high = output.op.facts.range
    outside = (patient.t < low) | (patient.t > high)
    if outside.any():
        row, unit = (int(i) for i in np.argwhere(outside)[0])
        layer = output.name.rpartition(".")[0]
        yield Finding(
            "DR101", "proved",
            {
                "layer": layer, "activation": output.op.name, "low": low, "high": high,
                "least": float(patient.t.min()), "most": float(patient.t.max()), "share": float(outside.mean()),
                "row": row, "unit": unit, "value": float(patient.t[row, unit]),
            },
            (to("identity", layer),),
        )  # fmt: skip


def to(activation: str, layer: str) -> Change:
    """Another activation function in a layer."""
    return Change("output_activation", layers={layer: {"activation": activation}}, facts={"activation": activation})

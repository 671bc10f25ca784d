"""What is said of signals, pace and learning, word by word: said_course_en.txt and said_course_ja.txt.

A sentence that was changed on purpose: `python tests/doctor/test_said_course.py` writes both files anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from backlit import messages
from backlit.doctor.finding import Finding
from backlit.doctor.trial import Change
from backlit.doctor.words import said

PARTS = ("what", "evidence", "threshold", "consequence", "try")
HERE = Path(__file__).parent
LAYERS = {"layer": "dense1", "last": "dense4", "ratio": 0.0004, "factor": 0.074, "layers": 4}
BROKEN = {
    "epoch": 2, "step": 57, "number": 3, "op": "formula", "word": "exp", "value": "dense2.o", "row": 112,
    "layer": "dense2", "result": "inf", "operands": "exp[0] = 96.4, dense2.u = 96.4", "line": " = rows.csv:131",
    "operation": "exp (exponential)", "at": "dense2.o[1]", "dtype": "float32",
}  # fmt: skip
FACTS = {
    "DR301": LAYERS,
    "DR302 layers": {**LAYERS, "how": "layers", "ratio": 512.0, "factor": 8.0, "step": 1},
    "DR302 steps": {"how": "steps", "least": 0.5, "last": 4e6, "from": 9, "step": 28, "overflow": 97},
    "DR303": {
        "layer": "dense1", "dead": 30, "units": 50, "rows": 1000, "at_most": 0.003, "born": 12, "draws": 50, "bad": 37,
        "chance": 0.74, "low": 0.604, "high": 0.841,
    },
    "DR304": {"layer": "dense2", "activation": "sigmoid", "saturated": 14, "units": 16, "born": 14, "step": 120},
    **{
        f"DR305 {how}".rstrip(): {**BROKEN, "how": how}
        for how in ("forward", "forward_rows", "backward", "backward_rows", "update", "state", "data")
    },
    "DR401": {"rate": 0.1, "r": 7.25, "raised": 0.6, "looks": 40, "ceiling": 0.0276},
    "DR402": {"rate": 1e-5, "r": 0.002, "looks": 40, "better": 0.005},
    "DR403 slope": {
        "how": "slope", "epochs": 20, "steps": 140, "more": 200, "loss": 0.412, "fall": 0.013,
        "error": 0.0009,
    },
    "DR403 few": {"how": "few", "epochs": 2, "steps": 14, "more": 142, "loss": 0.871},
    "DR404 noise": {"how": "noise", "batch": 1, "steps": 2000, "rows": 1000, "better": 32, "least": 1500},
    "DR404 few": {"how": "few", "batch": 1000, "steps": 20, "rows": 1000, "better": 32, "least": 1500},
    "DR405": {"turn": -0.93, "looks": 20, "rate": 0.5, "share": 0.95},
    "DR501": {
        "seen": 0.981, "new": 0.12, "gap": 0.861, "error": 0.09, "rows": 60, "best": 7, "least": 0.9, "last": 2.41,
        "stopped": 0.2,
    },
    "DR502": {"l1": 0.0, "l2": 1.0, "decay": 0.0, "penalty": 0.3, "loss": 0.95},
    "DR503": {"skill": 0.002, "gain": 0.001, "error": 0.004, "rows": 500},
    "DR504": {"rows": 16, "steps": 1000, "skill": -0.2},
}  # fmt: skip
CHANGES = (
    Change("output_activation", facts={"activation": "identity"}),
    Change("hidden_activation", facts={"activation": "relu"}),
    Change("loss", facts={"loss": "cross_entropy", "activation": "softmax"}),
    Change("loss_squared"), Change("one_hot"), Change("scale_x"), Change("scale_t"), Change("no_penalty"),
    Change("initial", facts={"initial": "he"}),
    Change("learning_rate", facts={"rate": 0.003}),
    Change("optimizer", facts={"optimizer": "adam", "rate": 0.003}),
    Change("momentum", facts={"momentum": 0.0}),
    Change("epochs", facts={"epochs": 200}),
    Change("batch_size", facts={"batch": 32}),
    Change("clip_norm", facts={"norm": 2.5}),
    Change("l2", facts={"l2": 0.01}),
    Change("few_rows", facts={"rows": 16}),
    Change("reference"),
)  # fmt: skip


def told(language: str) -> str:
    """All findings of this range, all changes as they are told of trials, and what may be left out."""
    blocks = []
    for name, facts in FACTS.items():
        finding = Finding(name.partition(" ")[0], "suspected", facts)
        parts = [f"  {part}: {said(finding, part, language)}" for part in PARTS]
        blocks.append("\n".join([name, *parts]))
    changes = [messages.say(f"doctor_changes.{c.name}", language, **dict(c.facts)) for c in CHANGES]
    left = messages.catalogue(language)["doctor_left"].values()
    return "\n\n".join([*blocks, "\n".join(changes), "\n".join(left)]) + "\n"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_is_said_is_what_was_agreed(language):
    assert told(language) == (HERE / f"said_course_{language}.txt").read_text(encoding="utf-8")


def test_every_change_has_a_name():
    for language in messages.LANGUAGES:
        assert {c.name for c in CHANGES} <= set(messages.catalogue(language)["doctor_changes"])


if __name__ == "__main__":
    for one in messages.LANGUAGES:
        (HERE / f"said_course_{one}.txt").write_text(told(one), encoding="utf-8")

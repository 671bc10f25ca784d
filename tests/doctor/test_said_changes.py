"""What is said of changes, and of what is left out, word by word: said_changes_en.txt and said_changes_ja.txt.

A sentence that was changed on purpose: `python tests/doctor/test_said_changes.py` writes both files anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from backlit import messages
from backlit.doctor.trial import Change

HERE = Path(__file__).parent
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
    Change("surrogate", facts={"activation": "step_sigmoid", "layer": "dense1"}),
    Change("unfreeze", facts={"names": ["dense1"]}),
    Change("dtype", facts={"dtype": "float64"}),
    Change("no_noise", facts={"layer": "dropout1"}),
    Change("left_out", facts={"layer": "dense2", "activation": "softmax"}),
    Change("head", facts={"units": 1, "activation": "identity"}),
    Change("averages", facts={"momentum": 0.1}),
    Change("derived", facts={"what": "leaning", "formula": "max(u, 0.25 * u)"}),
    Change("normalise", facts={"kind": "LayerNorm", "names": ["batch_norm1"]}),
)  # fmt: skip


def told(language: str) -> str:
    """All changes as they are told of trials, and what may be left out."""
    changes = [messages.say(f"doctor_changes.{c.name}", language, **dict(c.facts)) for c in CHANGES]
    left = messages.catalogue(language)["doctor_left"].values()
    return "\n".join(["\n".join(changes), "", *left]) + "\n"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_is_said_is_what_was_agreed(language):
    assert told(language) == (HERE / f"said_changes_{language}.txt").read_text(encoding="utf-8")


def test_every_change_has_a_name():
    for language in messages.LANGUAGES:
        assert {c.name for c in CHANGES} == set(messages.catalogue(language)["doctor_changes"])


if __name__ == "__main__":
    for one in messages.LANGUAGES:
        (HERE / f"said_changes_{one}.txt").write_text(told(one), encoding="utf-8")

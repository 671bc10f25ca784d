"""Every setting that a run tells of has its words in the report, in both languages."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

import pytest

from backlit import messages
from backlit.data import table
from backlit.ops.loss import LOSSES
from backlit.optim import OPTIMIZERS
from backlit.optim.rule import owners
from backlit.training.loop.settings import Settings


def told() -> set[str]:
    """The keys that `Settings.told` can give: its fields, and what optimizers and losses have of their own."""
    inner = {"loss_options", "auto_rate"}  # told one by one; found before the training
    own = {name for kind in LOSSES.values() for name in kind.options}
    return {field.name for field in fields(Settings)} - inner | set(owners()) | own


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_setting_has_its_words(language):
    words = messages.catalogue(language)["report"]
    assert sorted(name for name in told() if f"setting_{name}" not in words) == []
    shown = [words[f"setting_{name}"] for name in told()]
    assert len(set(shown)) == len(shown)  # two that look alike would say nothing


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_task_has_its_words(language):
    words = messages.catalogue(language)["report"]
    assert [task for task in table.TASKS if f"task_{task}" not in words] == []
    assert set(get_args(table.Task)) == set(table.TASKS)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_nothing_is_told_that_is_not_in_the_list(optimizer):
    given = {"l1": 0.1, "l2": 0.1, "penalty": "all", "class_weight": {0: 1.0}, "time_budget": 1.0}
    loss = {} if optimizer == "perceptron" else {"loss": "huber(delta=2, reduction=sum)"}
    made = replace(Settings.of(optimizer=optimizer, **loss, **given), weighted=True)
    assert set(made.told()) <= told()

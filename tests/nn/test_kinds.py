"""The table of layers: every class enters itself, and comes back from plain data with all its settings."""

from __future__ import annotations

import pytest

from backlit.errors import GraphError
from backlit.nn import Layer
from backlit.nn.layers import KINDS, base, describe, revive


@pytest.fixture
def kinds(monkeypatch):
    """The table, which a test may add to."""
    monkeypatch.setattr(base, "KINDS", dict(KINDS))
    return base.KINDS


def test_a_class_of_layers_enters_itself_and_comes_back_from_plain_data(kinds):
    class Halved(Layer):
        kind = "halved"

        def __init__(self, times: int = 1, pair: tuple[float, float] = (0.0, 1.0), *, trainable=True, name=""):
            super().__init__(trainable=trainable, name=name)
            self.times, self.pair = times, pair

    assert kinds["Halved"] is Halved
    assert describe(Halved()) == {"kind": "Halved"}
    layer = Halved(3, (0.5, 2.0), trainable=False, name="h")
    told = {"kind": "Halved", "name": "h", "times": 3, "pair": [0.5, 2.0], "trainable": False}
    assert describe(layer) == told
    assert describe(revive(told)) == told
    assert repr(layer) == "Halved(times=3, pair=[0.5, 2.0], trainable=False)"


def test_a_class_may_be_defined_again_where_it_was_and_nowhere_else(kinds):
    for _ in range(2):
        newer = type("Twice", (Layer,), {"__module__": "notebook"})
    assert kinds["Twice"] is newer
    with pytest.raises(GraphError) as told:
        type("Dense", (Layer,), {"__module__": "notebook"})
    assert told.value.code == "BL710"
    assert told.value.values["known"] == "backlit.nn.layers.dense"
    assert kinds["Dense"].__module__ == "backlit.nn.layers.dense"


def test_the_table_holds_the_layers_of_every_file_by_their_names():
    assert {"Input", "Dense", "Activation", "Dropout", "BatchNorm", "Add", "Concatenate", "Residual"} <= set(KINDS)
    assert all(name == cls.__name__ and cls.kind != "layer" for name, cls in KINDS.items())

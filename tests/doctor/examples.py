"""A sick and a healthy training for every finding, by its code and by which of several ways it is.

They are gathered from the tests of each kind; those that need an operation or a layer of one's own are here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from backlit import Dense, Network
from backlit.doctor.finding import CHECKS, Finding
from backlit.doctor.patient import Patient
from backlit.nn.initial import zeros
from backlit.nn.layers import Layer
from backlit.nn.layers.base import KINDS
from backlit.ops import REGISTRY, formula
from backlit.ops.arithmetic import add, less, mul
from backlit.ops.reduction import mean
from backlit.training.whole.diagnosing import diagnose
from doctor import test_course, test_graph, test_origin_told, test_relation, test_start
from doctor.patients import SEED, bent, leaning, rows, trained

X = rows()
T = bent(X)


@contextlib.contextmanager
def own() -> Iterator[None]:
    """Operations and layers that are declared inside are forgotten afterwards."""
    before, kinds = dict(REGISTRY), dict(KINDS)
    try:
        yield
    finally:
        for table, kept in ((REGISTRY, before), (KINDS, kinds)):
            for name in set(table) - set(kept):
                del table[name]


def wrong_operation() -> Finding:
    with own():
        leaning(lambda u: -1 + 0 * u)
        return _told("DR110", [Dense(6, "leaning"), Dense(1)])


def wrong_layer() -> Finding:
    """A layer whose gradient is wrong, though no operation was declared beside it."""
    op = REGISTRY["softsign"]
    stated, known = op.stated, op.__dict__.pop("_slopes", None)
    op.stated = {"u": formula.constant(3.0)}
    try:
        with own():

            class Bending(Layer):
                def build(self, builder, inputs):
                    return builder.name(op(inputs[0]), self, "o")

            return _told("DR110", [Dense(4), Bending(), Dense(1)])
    finally:
        op.stated = stated
        op.__dict__.pop("_slopes", None)
        if known is not None:
            op.__dict__["_slopes"] = known


def mixed_rows() -> Finding:
    with own():

        class Centred(Layer):
            """Subtracts the mean of the batch, in use as well: a mistake."""

            def build(self, builder, inputs):
                (x,) = inputs
                return builder.name(add(x, mul(mean(x, axis=0, keepdims=True), -1.0)), self, "o")

        return _told("DR113", [Dense(4, "tanh"), Centred(), Dense(1)])


def no_path() -> Finding:
    with own():

        class Idle(Layer):
            """Has a parameter and forgets to use it."""

            def build(self, builder, inputs):
                builder.parameter(self, "unused", (3,), zeros(), (3, 3))
                return builder.name(add(inputs[0], inputs[0]), self, "o")

        return _told("DR111", [Dense(4, "tanh"), Idle(), Dense(1)])


def right_derivative() -> list[Finding]:
    """What is found of one that is right: while the operation is there."""
    with own():
        leaning(lambda u: 0.75 * less(0.0, u) + 0.25)
        return list(CHECKS["DR110"].look(trained([Dense(6, "leaning"), Dense(1)], X, T)) or ())


def _told(code: str, layers: list[Layer]) -> Finding:
    found = diagnose(Network(layers), X, T, budget=0, epochs=3, seed=SEED)
    return next(f for one in found.findings for f in (one, *one.consequences) if f.code == code)


SICK: dict[str, Callable[[], Any]] = {
    **test_graph.SICK, **test_start.SICK, **{name: sick for name, (_, sick, _) in test_course.EXAMPLES.items()},
    "DR110 operation": wrong_operation, "DR110 layer": wrong_layer, "DR113 rows": mixed_rows, "DR111 path": no_path,
    **test_origin_told.BROKEN, "DR110 uphill": test_relation.going_up,
    "DR112 unrelated": lambda: test_relation.shuffled_apart().findings[0],
}  # fmt: skip
HEALTHY: dict[str, Callable[[], Any]] = {
    **test_graph.HEALTHY, **test_start.HEALTHY, "DR109": lambda: trained([Dense(1)], X, T), "DR110": right_derivative,
    **{name: well for name, (_, _, well) in test_course.EXAMPLES.items()},
}  # fmt: skip


def healthy(name: str) -> list[Finding]:
    """What is found of a healthy example: nothing, as a test says."""
    made = HEALTHY[name]()
    return made if isinstance(made, list) else list(CHECKS[name.partition(" ")[0]].look(made) or ())


def found(name: str) -> tuple[Finding, Patient | None]:
    """The finding of a sick example, and the patient where its training began."""
    code, _, how = name.partition(" ")
    sick = SICK[name]()
    if isinstance(sick, Finding):
        return sick, None
    (finding,) = [f for f in CHECKS[code].look(sick) or () if f.facts.get("how", "") == how or not how]
    return finding, sick

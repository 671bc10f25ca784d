"""Every operation of the registry: shapes, values, dtypes, batches and threads, on every engine."""

from __future__ import annotations

import doctest
import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from backlit.errors import ShapeError
from backlit.ops import REGISTRY, Elementwise, Rows, Structural, shapes
from ops import samples
from ops.samples import EVERY_OP
from tolerance import EPS, assert_close

DTYPES = tuple(EPS)
every_op = pytest.mark.parametrize("name", EVERY_OP)
both_dtypes = pytest.mark.parametrize("dtype", DTYPES)
first_dtype = pytest.mark.parametrize(
    "dtype", [DTYPES[0], *(pytest.param(d, marks=pytest.mark.slow) for d in DTYPES[1:])]
)


def assert_agree(case: samples.Case, dtype: str, rows: int, most: int, rng: np.random.Generator) -> None:
    """All engines, one thread and two, give what the interpreter gives: values and gradients."""
    tape = samples.tape_of(case)
    given = samples.inputs_of(case.at(rows), rng)
    expected = samples.run(tape, given, rows, dtype, "interpreter")
    known = samples.computed(case.at(rows), [given[n].astype(dtype) for n in case.op.inputs])
    assert_close(expected["y"], known, dtype, "op", case)
    for engine in samples.ENGINES:
        for threads in (1, 2):
            found = samples.run(tape, given, rows, dtype, engine, most=most, threads=threads)
            for value in found:
                summed = isinstance(case.op, Structural) or found[value].shape != known.shape
                size = samples.terms(given) if summed else 0.0
                assert_close(found[value], expected[value], dtype, "op", (case, engine, threads, rows, value), size)


@every_op
def test_the_shape_rule_gives_the_shape_of_the_result(name, rng):
    for case in samples.cases(REGISTRY[name]):
        assert samples.computed(case, samples.draw(case, rng)).shape == case.shape(), case
    for case in samples.batched(REGISTRY[name]):
        for rows in (1, case.rows):
            known = case.at(rows)
            shape = samples.computed(known, samples.draw(known, rng)).shape
            assert shape == shapes.resolve(case.shape(), rows), case


@every_op
@first_dtype  # `make quick` leaves the other out
def test_all_engines_give_the_same_values_and_gradients(name, dtype, rng):
    for case in samples.cases(REGISTRY[name]):
        assert_agree(case, dtype, 1, 1, rng)


@pytest.mark.slow
@every_op
@both_dtypes
def test_a_batch_with_fewer_rows_than_there_is_room_for_is_computed_alike(name, dtype, rng):
    for case in samples.batched(REGISTRY[name]):
        for rows in {1, case.rows - 1, case.rows}:
            assert_agree(case, dtype, rows, case.rows, rng)


def test_every_operation_has_a_sample_whose_leading_axis_can_be_the_batch():
    without = {n for n in EVERY_OP if not samples.batched(REGISTRY[n])}
    assert without <= {n for n in EVERY_OP if REGISTRY[n].facts.role == "movement"}


@pytest.mark.parametrize("name", [n for n in EVERY_OP if getattr(REGISTRY[n], "twin", None)])
@both_dtypes
def test_an_operation_agrees_with_its_composed_twin(name, dtype, rng):
    op = REGISTRY[name]
    for case in [*samples.cases(op), *samples.batched(op)]:
        tape = samples.tape_of(case, twin=True)
        given = samples.inputs_of(case, rng)
        for engine in ("interpreter", *samples.ENGINES):
            found = samples.run(tape, given, case.rows, dtype, engine)
            twins = [n for n in found if n.startswith("twin ")]
            assert len(twins) == 1 + len(samples.moving(op)), case
            for twin in twins:
                assert_close(found[twin.removeprefix("twin ")], found[twin], dtype, "twin", (case, engine, twin))


@every_op
@both_dtypes
def test_the_numpy_body_keeps_the_dtype(name, dtype, rng):
    for case in samples.cases(REGISTRY[name]):
        values = [v.astype(dtype) for v in samples.draw(case, rng)]
        result = samples.computed(case, values)
        assert result.dtype == dtype, case
        if isinstance(case.op, Structural):
            continue
        for i in range(len(case.op.inputs)):
            slope = case.op.slope(i)
            parts = [result if r == "y" else values[r] for r in slope.reads]
            assert not parts or np.asarray(slope.op.compute(parts, slope.op.defaults)).dtype == dtype, (case, i)


@every_op
def test_an_operation_on_plain_arrays_leaves_them_as_they_were(name, rng):
    for case in samples.small_cases(REGISTRY[name]):
        values = samples.draw(case, rng)
        before = [v.copy() for v in values]
        samples.computed(case, values)
        for value, old in zip(values, before, strict=True):
            np.testing.assert_array_equal(value, old)


@every_op
def test_the_output_lies_in_the_stated_range(name, rng):
    op = REGISTRY[name]
    low, high = op.facts.range
    for case in samples.cases(op):
        result = samples.computed(case, samples.draw(case, rng))
        assert np.all((result >= low) & (result <= high)), case


@every_op
def test_a_declaration_says_what_the_tests_need(name):
    op = REGISTRY[name]
    assert op.facts.nan in ("kept", "false", "taken", "uncounted")
    assert set(op.facts.sides) <= {"left", "right", "mean", "zero"}
    assert len(op.facts.sides) == len(op.facts.kinks)
    assert (op.__doc__ or "").strip() or op.facts.role == "arithmetic"
    if isinstance(op, Structural):
        assert op.samples, "samples = [(shapes of the inputs, parameters)] is what the tests draw"
        assert op.kernel or op.twin, "the machine needs a kernel, or smaller operations to run instead"
    else:
        assert isinstance(op, Elementwise)
        assert op.slope(0).saves == tuple("output" if r == "y" else f"input {r}" for r in op.slope(0).reads)


@every_op
def test_the_examples_on_its_page_print_what_stands_there(name):
    """An operation is no function, so --doctest-modules passes it by."""
    known = {name: REGISTRY[name], f"{name}_": REGISTRY[name]}  # sum_, where Python has a name of its own
    page = doctest.DocTestParser().get_doctest(REGISTRY[name].__doc__ or "", known, name, None, None)
    assert doctest.DocTestRunner().run(page).failed == 0
    assert page.examples or REGISTRY[name].facts.role != "activation" or isinstance(REGISTRY[name], Structural)


SHAPES = [(), (1,), (3,), (4,), (3, 4), (4, 3), (1, 4), (3, 1), (2, 3, 4), (Rows(), 3), (Rows(), 4)]


def combinations(known: tuple[shapes.Shape, ...]) -> Iterator[tuple[shapes.Shape, ...]]:
    """All shapes of up to three inputs; of more, all shapes of any two of them with the sample's for the rest."""
    if len(known) <= 3:
        yield from itertools.product(SHAPES, repeat=len(known))
        return
    for i, j in itertools.combinations(range(len(known)), 2):
        for a, b in itertools.product(SHAPES, repeat=2):
            yield tuple(a if k == i else b if k == j else s for k, s in enumerate(known))


STRUCTURAL = [n for n in EVERY_OP if isinstance(REGISTRY[n], Structural)]


@pytest.mark.parametrize("name", STRUCTURAL)
def test_shapes_that_do_not_fit_give_a_shape_error_and_all_others_work(name):
    op = REGISTRY[name]
    for known, attrs in op.samples:
        attrs = {**op.defaults, **attrs}
        axes = [{**attrs, "axis": axis} for axis in (-2, -1, 0, 1, 2)] if "axis" in attrs else []
        for given, wanted in itertools.product(combinations(tuple(known)), [attrs, *axes]):
            case = samples.Case(op, given, wanted, rows=3)
            try:
                shape = case.shape()
                op.numbers(given, shape, **wanted)
            except ShapeError:
                continue
            known = [np.ones(s) for s in case.sizes()]
            assert samples.computed(case.at(3), known).shape == shapes.resolve(shape, 3), case

"""Both ends of a spectrum, and how near they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import BacklitError
from backlit.lens.landscape.spectrum import DENSE, ZERO, ends, largest


def symmetric(rng, values):
    q, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    return q @ np.diag(values) @ q.T


SPECTRA = {
    "both signs": lambda n: np.linspace(-2.0, 10.0, n),
    "the lower end is the larger one": lambda n: np.linspace(-10.0, 2.0, n),
    "a small lower end": lambda n: np.concatenate([[-0.03, 12.0], np.linspace(0, 1, n - 2)]),
    "all positive": lambda n: np.geomspace(0.5, 100.0, n),
    "all negative": lambda n: -np.geomspace(0.5, 100.0, n),
}


@pytest.mark.parametrize("size", [1, 2, DENSE, DENSE + 1, 300])
@pytest.mark.parametrize("kind", SPECTRA)
def test_the_ends_are_those_of_the_whole_matrix_within_the_residual(rng, kind, size):
    values = SPECTRA[kind](max(size, 3))[:size]
    matrix = symmetric(rng, values)
    found = ends(lambda v: matrix @ v, size)
    assert found.settled
    assert found.exact == (size <= DENSE)
    for end, wanted in ((found.largest, values.max()), (found.smallest, values.min())):
        assert end.value == pytest.approx(wanted, rel=0.01)
        distance = np.linalg.norm(matrix @ end.vector - end.value * end.vector)
        assert end.distance == pytest.approx(distance, abs=1e-9)
        assert end.residual <= 0.01
    assert largest(lambda v: matrix @ v, size).value == pytest.approx(values.max(), rel=0.01)


def test_an_end_at_zero_is_called_zero(rng):
    values = np.concatenate([np.zeros(150), np.linspace(0.1, 5.0, 50)])
    matrix = symmetric(rng, values)
    found = ends(lambda v: matrix @ v, 200)
    assert found.smallest.is_zero
    assert found.settled
    assert abs(found.smallest.value) <= ZERO * 5
    assert not found.largest.is_zero


def test_a_plane_has_no_curvature():
    found = ends(lambda v: np.zeros_like(v), 100)
    assert (found.largest.value, found.smallest.value, found.settled) == (0.0, 0.0, True)


def test_the_same_seed_gives_the_same_numbers(rng):
    matrix = symmetric(rng, np.linspace(-1, 4, 120))
    one, two = (ends(lambda v: matrix @ v, 120) for _ in range(2))
    assert (one.largest.value, one.smallest.value, one.products) == (
        two.largest.value,
        two.smallest.value,
        two.products,
    )
    assert np.array_equal(one.smallest.vector, two.smallest.vector)


def test_too_few_products_are_told(rng):
    matrix = np.diag(np.linspace(1, 1.001, 400))
    with pytest.raises(BacklitError) as caught:
        ends(lambda v: matrix @ v, 400, tolerance=1e-8, most=30)
    assert caught.value.code == "BL371"


def test_what_was_found_stays_with_its_residual_where_products_run_out(rng):
    values = np.concatenate([np.geomspace(1e-3, 1.0, 399), [100.0]])
    matrix = symmetric(rng, values)
    found = ends(lambda v: matrix @ v, 400, tolerance=1e-4, most=120)
    assert not found.settled
    assert found.largest.value == pytest.approx(100.0)
    assert found.smallest.residual > 1e-4

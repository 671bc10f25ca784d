"""Both ends of the Hessian's spectrum, from products H v alone: the Lanczos method, as SciPy's `eigsh` has it.

λ_max, the largest eigenvalue, is also called the sharpness: it is the curvature of E in its steepest direction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import BacklitError, fail

Array = np.ndarray[Any, Any]
Times = Callable[[Array], Array]
TOLERANCE = 0.01  # of a residual ‖Hv - λv‖ / |λ|
DENSE = 64  # up to so many weights the matrix is written out, a product for each column
KRYLOV = 16  # directions that Lanczos keeps at a time
ZERO = 1e-4  # of the largest |λ|: an end that is closer to 0 than this counts as 0
PRODUCTS = 600


@dataclass(frozen=True)
class End:
    """One eigenvalue: its direction (of length 1) and ‖Hv - λv‖, measured by a product of its own."""

    value: float
    distance: float
    vector: Array = field(repr=False)
    scale: float  # the largest |λ| of the spectrum

    @property
    def residual(self) -> float:
        """‖Hv - λv‖ / |λ|; of an eigenvalue that counts as 0, ‖Hv‖ by a hundredth of the largest |λ|."""
        return self.distance / self.size if self.size else 0.0

    @property
    def size(self) -> float:
        """What the residual is measured by."""
        return 100 * ZERO * self.scale if self.is_zero else abs(self.value)

    @property
    def is_zero(self) -> bool:
        """Whether it is 0 as far as can be told."""
        return abs(self.value) <= ZERO * self.scale


@dataclass(frozen=True)
class Spectrum:
    """The largest and the smallest eigenvalue, and with how many products H v they were found."""

    largest: End
    smallest: End
    products: int
    exact: bool  # all eigenvalues were computed, from the whole matrix
    tolerance: float = TOLERANCE
    values: tuple[float, ...] = ()  # all of them, where the matrix was written out

    @property
    def settled(self) -> bool:
        """Whether both residuals are within the tolerance."""
        return max(self.largest.residual, self.smallest.residual) <= self.tolerance


def ends(times: Times, size: int, *, tolerance: float = TOLERANCE, seed: int = 0, most: int = PRODUCTS) -> Spectrum:
    """The spectrum's ends of the symmetric matrix that `times` multiplies by.

    First the eigenvalue that is largest in size; then, with that one taken off from all, the one farthest from it:
    these two are the ends.  The other end is searched more closely until its residual is within `tolerance` of its own
    size, which is often a thousandth of the first one's, or it cannot be told from 0.

    Parameters
    ----------
    times : v → H v
    size : int
    tolerance : float
        Of ‖Hv - λv‖ / |λ|.
    seed : int
        Of the direction with which the search begins: same seed, same numbers.
    most : int
        Products; ParameterError (BL371) where they are not enough.

    Examples
    --------
    >>> diagonal = np.linspace(-1, 9, 300)
    >>> found = ends(lambda v: diagonal * v, 300)
    >>> abs(found.largest.value - 9) < 0.09, abs(found.smallest.value + 1) < 0.01, found.settled
    (True, True, True)
    """
    counted = _Counted(times, most)
    if size <= DENSE:
        return _whole(counted, size, tolerance)
    start = np.random.default_rng(seed).normal(size=size)
    if not counted(start).any():  # E is a plane
        none = End(0.0, 0.0, start / np.linalg.norm(start), 0.0)
        return Spectrum(none, none, counted.products, False, tolerance)
    one = _measured(counted, _farthest(counted, size, 0.0, start, tolerance / 4), 0.0)
    other = _other_end(counted, size, one, start, tolerance)
    low, high = sorted((one, other), key=lambda end: end.value)
    return Spectrum(high, low, counted.products, False, tolerance)


def largest(times: Times, size: int, *, tolerance: float = TOLERANCE, seed: int = 0, most: int = PRODUCTS) -> End:
    """The largest eigenvalue alone (the sharpness), where the other end is not asked for."""
    counted = _Counted(times, most)
    if size <= DENSE:
        return _whole(counted, size, tolerance).largest
    start = np.random.default_rng(seed).normal(size=size)
    if not counted(start).any():
        return End(0.0, 0.0, start / np.linalg.norm(start), 0.0)
    one = _measured(counted, _farthest(counted, size, 0.0, start, tolerance / 4), 0.0)
    return one if one.value > 0 else _other_end(counted, size, one, start, tolerance)


class _Counted:
    """Counts the products, and ends what takes too many."""

    def __init__(self, times: Times, most: int) -> None:
        self.times, self.most, self.products = times, most, 0

    def __call__(self, v: Array) -> Array:
        if self.products >= self.most:
            raise fail("BL371", count=self.products, size=len(v))
        self.products += 1
        return self.times(np.asarray(v).reshape(-1))


def _other_end(times: _Counted, size: int, one: End, start: Array, tolerance: float) -> End:
    """The end that lies opposite, searched more closely until its residual is within the tolerance of its own size."""
    found: End | None = None
    begin, wanted = start, tolerance / 8
    while found is None or found.residual > tolerance:
        try:
            begin = _farthest(times, size, one.value, begin, wanted)
        except BacklitError as error:
            if found is None or error.code != "BL371":
                raise
            return found  # what there is stays, with its residual
        found = _measured(times, begin, one.scale)
        wanted = min(wanted / 4, 0.7 * tolerance * found.size / abs(found.value - one.value))
    return found


def _farthest(times: _Counted, size: int, origin: float, start: Array, tolerance: float) -> Array:
    """The direction of the eigenvalue farthest from `origin`."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    def shifted(v: Array) -> Array:
        return times(v) - origin * np.asarray(v).reshape(-1)

    operator = LinearOperator((size, size), matvec=shifted, dtype=np.float64)
    kept = min(KRYLOV, size)
    _, vectors = eigsh(operator, k=1, which="LM", v0=start, tol=tolerance, ncv=kept, maxiter=times.most)
    found: Array = vectors[:, 0]
    return found


def _measured(times: _Counted, vector: Array, scale: float) -> End:
    """The end with this direction: λ = vᵀHv, which is the closest, and what is left of H v."""
    v = vector / np.linalg.norm(vector)
    v = v * np.sign(v[np.argmax(np.abs(v))])  # one of the two directions, always the same
    image = times(v)
    value = float(v @ image)
    return End(value, float(np.linalg.norm(image - value * v)), v, max(scale, abs(value)))


def _whole(times: _Counted, size: int, tolerance: float) -> Spectrum:
    """All eigenvalues of a small matrix."""
    matrix = np.array([times(row) for row in np.eye(size)]).reshape(size, size)
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    scale = float(np.abs(values).max(initial=0.0))

    def end(k: int) -> End:
        v, value = vectors[:, k], float(values[k])
        v = v * np.sign(v[np.argmax(np.abs(v))])
        return End(value, float(np.linalg.norm(matrix @ v - value * v)), v, scale)

    return Spectrum(end(-1), end(0), times.products, True, tolerance, tuple(map(float, values[::-1])))

"""Sets that are drawn, not measured: small pictures in the plane on which a network can be watched.

Each function is one set; `@drawn` puts it under its name into the registry, its parameters are its options.
All have two features.  The rows go round the classes (0, 1, …, 0, 1, …), so that every class has its share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .. import messages
from .checks import generator, real, whole
from .table import Table

Draw = Callable[..., Table]
DRAWN: dict[str, Draw] = {}


def drawn(draw: Draw) -> Draw:
    """Register a set under the name of its function."""
    DRAWN[draw.__name__] = draw
    return draw


@drawn
def xor(n: int = 4, noise: float = 0.0, seed: int = 0) -> Table:
    """Exclusive or: the four corners of the unit square, class 1 where exactly one input is 1.

    Parameters
    ----------
    n : int
        The rows; more than four visit the corners again and again.
    noise : float
        The standard deviation of what is added to each input (n = 200, noise = 0.1: the corners are clouds).

    Examples
    --------
    >>> table = xor()
    >>> table.x.tolist(), table.t.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    corner = np.arange(whole("n", n, least=4)) % 4
    x = np.stack([corner // 2, corner % 2], axis=1).astype(np.float64)
    return _table("xor", x, np.array([0, 1, 1, 0])[corner], 2, noise, seed)


@drawn
def spirals(n: int = 400, noise: float = 0.02, arms: int = 2, seed: int = 0) -> Table:
    """Spiral arms wound around each other, each of them a class, from near the centre to radius 1.

    Parameters
    ----------
    arms : int
        The number of arms; each makes one and a half turns.

    Examples
    --------
    >>> spirals(n=90, arms=3)
    Table('spirals', x (90, 2), t (90,), classification: 0, 1, 2)
    """
    arms = whole("arms", arms, least=2)
    t, along = _shared_out(n, arms)
    radius = 0.05 + 0.95 * along
    angle = 3 * np.pi * along + 2 * np.pi * t / arms
    return _table("spirals", radius[:, None] * _on_circle(angle), t, arms, noise, seed)


@drawn
def moons(n: int = 500, noise: float = 0.1, seed: int = 0) -> Table:
    """Two half circles of radius 1, the tip of each in the bay of the other.

    Examples
    --------
    >>> moons(n=6, noise=0).x.round(2).tolist()
    [[1.0, 0.0], [0.0, 0.5], [0.0, 1.0], [1.0, -0.5], [-1.0, 0.0], [2.0, 0.5]]
    """
    t, along = _shared_out(n, 2)
    upper = _on_circle(np.pi * along)
    lower = np.array([1.0, 0.5]) - upper
    return _table("moons", np.where(t[:, None] == 0, upper, lower), t, 2, noise, seed)


@drawn
def circles(n: int = 500, noise: float = 0.05, factor: float = 0.5, seed: int = 0) -> Table:
    """A circle of radius 1 (class 0) and one inside it (class 1).

    Parameters
    ----------
    factor : float
        The radius of the inner circle, between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> np.hypot(*circles(n=4, noise=0).x.T).tolist()
    [1.0, 0.5, 1.0, 0.5]
    """
    t, along = _shared_out(n, 2, closed=True)
    radius = np.where(t == 0, 1.0, real("factor", factor, most=1.0))
    return _table("circles", radius[:, None] * _on_circle(2 * np.pi * along), t, 2, noise, seed)


@drawn
def blobs(n: int = 500, noise: float = 1.0, classes: int = 3, seed: int = 0) -> Table:
    """Round clouds whose centres lie evenly on a circle of radius 4; `noise` is their standard deviation.

    Examples
    --------
    >>> blobs(n=4, noise=0, classes=4).x.round(2).tolist()
    [[4.0, 0.0], [0.0, 4.0], [-4.0, 0.0], [-0.0, -4.0]]
    """
    classes = whole("classes", classes, least=2)
    t, _ = _shared_out(n, classes)
    return _table("blobs", 4 * _on_circle(2 * np.pi * t / classes), t, classes, noise, seed)


def _shared_out(n: int, classes: int, closed: bool = False) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The class of each of n rows, and how far along its class it stands: 0 to 1 (`closed`: 1 is 0 again)."""
    t = np.arange(whole("n", n, least=classes)) % classes
    members = np.bincount(t)
    steps = members if closed else np.maximum(members - 1, 1)
    return t, (np.arange(n) // classes) / steps[t]


def _on_circle(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (cos, sin), shape (rows, 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _table(name: str, x: NDArray[np.float64], t: NDArray[np.int64], classes: int, noise: float, seed: int) -> Table:
    """The drawn points, moved by normal noise, as a table."""
    noise = real("noise", noise)
    # Drawn also for noise = 0: then a larger noise moves the same rows further in the same directions.
    x = x + noise * generator(seed).standard_normal(x.shape)
    source = messages.say(f"data.{name}", rows=len(x), classes=classes, noise=f"{noise:g}", seed=seed)
    names = tuple(str(c) for c in range(classes))
    return Table(name, x, t, ("x1", "x2"), ("class",), "classification", names, source)

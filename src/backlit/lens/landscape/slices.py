"""Slices through the loss: E along the gradient, along one weight, over two weights, over the plane of a run's path.

Each point is a forward pass at other weights.  Where E is not finite it stays so: a gap in the picture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import fail
from ...nn import Structure
from .surface import Surface

Array = np.ndarray[Any, Any]
POINTS = 61  # of a line
GRID = 31  # points of each side of a plane


@dataclass(frozen=True)
class Profile:
    """E along a line through the network's weights.

    Attributes
    ----------
    kind : "gradient" or "weight"
    name : str
        Of the weight.
    at, losses : array
        Positions (rates ε of one step of gradient descent, or values of the weight) and E there.
    here : float
        Where the network stands: 0, or its weight.
    slope, curvature : float
        First and second derivative of E at that place, from ∂E/∂θ and H v.
    """

    kind: str
    name: str
    at: Array
    losses: Array
    here: float
    loss: float
    slope: float
    curvature: float

    @property
    def bottom(self) -> float | None:
        """Where the parabola of the same slope and curvature has its bottom; None where it has none."""
        return self.here - self.slope / self.curvature if self.curvature > 0 else None

    def parabola(self) -> Array:
        """E as slope and curvature foretell it."""
        d = self.at - self.here
        return self.loss + d * (self.slope + 0.5 * d * self.curvature)


@dataclass(frozen=True)
class Dot:
    """A recorded place: its coordinates on the plane, the epoch, and the loss that was really there."""

    x: float
    y: float
    epoch: int
    loss: float


@dataclass(frozen=True)
class Plane:
    """E over a plane: over two weights, or over the two directions in which the weights of a run moved most.

    Attributes
    ----------
    kind : "weights" or "path"
    names : two of str
        The weights' names; "" for directions of a path.
    x, y : array
    losses : array of shape (len(y), len(x))
    here : pair of float
        Where the network stands.
    explained : pair of float
        For a path: the share of the squared distances to its end that each direction holds.
    dots : tuple of Dot
    """

    kind: str
    names: tuple[str, str]
    x: Array
    y: Array
    losses: Array
    here: tuple[float, float]
    loss: float
    explained: tuple[float, float] | None = None
    dots: tuple[Dot, ...] = field(default=())


# ---- weights by name --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """One weight: as it is shown, and its place in θ."""

    name: str
    place: int


def weight_named(surface: Surface, text: str) -> Weight:
    """The weight that "dense1.weight[3,5]" means: unit 3, input 5 (weights are shown as (out, in)), counted from 0.

    Raises
    ------
    ParameterError
        BL307: no parameter of that name; BL372: no such place in it, or a parameter that is not trained.
    """
    net: Structure = surface.net
    found = re.fullmatch(r"\s*(.+?)\s*(?:\[([^\]]*)\])?\s*", text)
    own = net.find(found[1] if found else text)
    shape = net[own].shape
    index = _index(found[2] if found else None, shape)
    if index is None or own not in surface.names:
        example = f"{own}[{','.join(str(s - 1) for s in shape)}]"
        raise fail("BL372", name=text.strip(), shape=shape, remedy=example, known=", ".join(surface.names))
    stored = index[::-1] if own.endswith(".weight") else index
    place = int(np.ravel_multi_index(stored, net.values[own].shape)) if stored else 0
    return Weight(f"{own}[{','.join(map(str, index))}]" if index else own, surface.place(own) + place)


def _index(text: str | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The numbers within the brackets; a parameter that is one number needs none."""
    if text is None:
        return (0,) * len(shape) if int(np.prod(shape)) == 1 else None
    try:
        index = tuple(int(part) for part in text.split(","))
    except ValueError:
        return None
    return index if len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True)) else None


# ---- lines ------------------------------------------------------------------------------------------------------


def gradient_profile(surface: Surface, *, rate: float = 0.0, points: int = POINTS) -> Profile:
    """E(θ - ε ∂E/∂θ) over ε: what one step of gradient descent does at every rate.

    From a little behind the weights to one and a half times the rate at which the parabola is as high as at the start
    (2 ‖g‖² / gᵀHg), or to three times the rate in use where E does not curve upwards.
    """
    g = surface.gradient()
    steep = float(g @ g)
    if not steep:
        raise fail("BL373", reason="∂E/∂θ = 0")
    curvature = float(g @ surface.product(g))
    far = 3 * steep / curvature if curvature > 0 else 3 * (rate or 1 / np.sqrt(steep))
    at = np.linspace(-far / 6, far, points)
    losses = np.array([surface.loss(surface.theta - s * g) for s in at])
    return Profile("gradient", "", at, losses, 0.0, surface.loss(), -steep, curvature)


def weight_profile(surface: Surface, weight: Weight, *, points: int = POINTS) -> Profile:
    """E over the values of one weight, all others as they are."""
    here = float(surface.theta[weight.place])
    at = here + np.linspace(-1, 1, points) * _reach(surface, weight)
    losses = np.array([surface.loss(_moved(surface, {weight.place: value})) for value in at])
    unit = np.zeros(surface.size)
    unit[weight.place] = 1.0
    slope, curvature = surface.gradient()[weight.place], surface.product(unit)[weight.place]
    return Profile("weight", weight.name, at, losses, here, surface.loss(), float(slope), float(curvature))


def weight_plane(surface: Surface, first: Weight, second: Weight, *, points: int = GRID) -> Plane:
    """E over the values of two weights, all others as they are."""
    if first.place == second.place:
        raise fail("BL373", reason=f"{first.name} = {second.name}")
    here = float(surface.theta[first.place]), float(surface.theta[second.place])
    x, y = (h + np.linspace(-1, 1, points) * _reach(surface, w) for h, w in zip(here, (first, second), strict=True))
    losses = [[surface.loss(_moved(surface, {first.place: a, second.place: b})) for a in x] for b in y]
    return Plane("weights", (first.name, second.name), x, y, np.array(losses), here, surface.loss())


def _moved(surface: Surface, changes: Mapping[int, float]) -> Array:
    theta = surface.theta.copy()
    for place, value in changes.items():
        theta[place] = value
    return theta


def _reach(surface: Surface, weight: Weight) -> float:
    """How far to look: three times the size that the weights of its parameter have, and as far as 0 and back."""
    name = weight.name.partition("[")[0]
    begin = surface.place(name)
    own = surface.theta[begin : begin + surface.net.values[name].size]
    return max(3 * float(np.sqrt(np.mean(own**2))), 2 * abs(float(surface.theta[weight.place]))) or 1.0


# ---- the plane of a path ----------------------------------------------------------------------------------------


def path_plane(
    surface: Surface, thetas: Sequence[Array], epochs: Sequence[int], *,
    values: Sequence[Mapping[str, Array]] = (), points: int = GRID,
) -> Plane:  # fmt: skip
    """E over the plane through a path's end along its two main directions, with the path on it.

    The directions are the two largest principal components of θₖ - θ_end (Li and others, NeurIPS 2018).  The plane
    shows the path's shadow: the losses under it are not those that the run met.  So each dot has its own true loss.

    Parameters
    ----------
    thetas : sequence of array of shape (size,)
        The recorded weights, the end last; `surface` stands at that end.
    epochs : sequence of int
    values : sequence of mapping, optional
        The running averages of each place, where the network has some.
    """
    end = surface.theta
    moves = np.array([np.asarray(theta, np.float64) - end for theta in thetas])
    if len(moves) < 3 or not moves.any():
        raise fail("BL373", reason=f"θ₁ … θₙ, n = {len(moves)}")
    left, sizes, right = np.linalg.svd(moves, full_matrices=False)
    total = float((sizes**2).sum())
    axes = right[:2] * np.where(left[0, :2] < 0, -1, 1)[:, None]  # the start lies to the upper right
    places = moves @ axes.T
    x, y = (_around(places[:, k], points) for k in (0, 1))
    losses = [[surface.loss(end + a * axes[0] + b * axes[1]) for a in x] for b in y]
    owned = values or [{}] * len(moves)
    dots = tuple(
        Dot(float(a), float(b), int(epoch), surface.loss(end + move, own))
        for (a, b), epoch, move, own in zip(places, epochs, moves, owned, strict=True)
    )
    explained = (float(sizes[0] ** 2 / total), float(sizes[1] ** 2 / total))
    return Plane("path", ("", ""), x, y, np.array(losses), (0.0, 0.0), surface.loss(), explained, dots)


def _around(values: Array, points: int) -> Array:
    """From a quarter before the least to a quarter behind the largest."""
    low, high = float(values.min()), float(values.max())
    room = (high - low or 1.0) / 4
    return np.linspace(low - room, high + room, points)

"""The largest learning rate at which the optimizer in use is stable, read from the formula of its own step.

Near a point the loss is a bowl with the Hessian H.  There the step of every optimizer that is linear in the gradient
and in its moving averages m, with what scales its steps (Adam's v) held as it stands, is for each weight i

    m ← β m + cᵢ g        w ← (1 - ε d) w - ε (aᵢ g + bᵢ m)

With D the diagonal of 1 / (aᵢ + bᵢ cᵢ / (1 - β)), the divisor of the steps, w moves along each eigenvector of
D^-½ H D^-½ on its own.  The direction with the eigenvalue λ̃ flips its sign without dying away (a root of the
characteristic polynomial reaches -1) at

    ε (λ̃ s + d) = 2,        s = (a + b c / (1 + β)) · D

and this is the bound: gradient descent 2 / λ, the heavy ball 2 (1 + β) / λ (Polyak, 1964), Nesterov
2 (1 + β) / ((1 + 2 β) λ), Adam 2 (1 + β₁) / ((1 - β₁) λ̃) (Cohen and others, 2022).  The coefficients are not written
down here: they are measured on the formulas that train, so that an optimizer that is added brings its own bound.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.lowering import Update
from ...ops import formula as fm
from ...ops.formula import Expr
from ...optim import Optimizer
from .spectrum import TOLERANCE, End, Times, largest

Array = np.ndarray[Any, Any]
CLOSE = 1e-9  # how far the step may be from a linear one, and its coefficients from one ratio


@dataclass(frozen=True)
class Linear:
    """A step as the module's text has it; `d` is what pulls the weights themselves (AdamW's decay)."""

    beta: float
    s: float
    d: float
    pull: float  # λ of a weight decay that is added to the gradient, and so to H
    divisor: Array | None = field(repr=False)  # D; None where it is 1 for every weight

    @property
    def is_plain(self) -> bool:
        """Whether the step is -ε ∂E/∂w and nothing else."""
        return not (self.beta or self.d or self.pull) and self.divisor is None and abs(self.s - 1) < CLOSE

    def limit(self, curvature: float) -> float:
        """The largest stable rate where the largest eigenvalue is this one; infinity where nothing curves upwards."""
        slope = curvature * self.s + self.d
        return 2 / slope if slope > 0 else float("inf")


@dataclass(frozen=True)
class Bound:
    """The bound beside the rate.

    Attributes
    ----------
    optimizer : str
    rate : float
        The learning rate in use; NaN where the optimizer has none.
    limit : float or None
        The largest stable rate; infinity where nothing curves upwards; None where no bound is known.
    why : str
        Why there is none: "unknown" (no linear step) or "state" (the optimizer's state is not at hand); else "".
    factor : float
        2 / s: the bound is factor / λ, where no decay pulls at the weights themselves.
    beta, decay : float
        Of the moving average; the weight decay, of either kind.
    curvature : float
        λ or, where steps are divided, λ̃ of D^-½ (H + decay) D^-½.
    residual : float
        Of that eigenvalue.
    divided : bool
        Whether the steps are divided by a D that differs from weight to weight.
    """

    optimizer: str
    rate: float
    limit: float | None
    why: str = ""
    factor: float = float("nan")
    beta: float = 0.0
    decay: float = 0.0
    decoupled: bool = False
    curvature: float = float("nan")
    residual: float = 0.0
    divided: bool = False
    products: int = 0

    @property
    def ratio(self) -> float | None:
        """The rate by the bound: from 1 on the steepest direction is not stable."""
        return None if self.limit is None or not self.limit else self.rate / self.limit


def linear_step(optimizer: Optimizer, state: Mapping[str, Array] | None, step: int, size: int) -> Linear | str:
    """The optimizer's step on weights in this state, after `step` steps; or why there is none: "unknown", "state"."""
    update = optimizer.update
    if update is None or optimizer.surrogate:
        return "unknown"
    held = held_state(update)
    if held is None:
        return "unknown"
    if held and not state:
        return "state"
    values = {name: np.asarray((state or {})[name], np.float64) for name in held}
    decay = float(optimizer.settings.get("weight_decay", 0.0))
    return _measured(update, held, values, max(step, 1), size, decay)


def held_state(update: Update) -> tuple[str, ...] | None:
    """Which of the state scales the steps, so that they are linear in all else once it is held; None: it never is.

    Found by trial on the formulas: the fewest that do, with one moving average left beside them at most.
    """
    rng = np.random.default_rng(0)
    probe = {name: rng.uniform(0.5, 1.5, 3) for name in update.state}
    for count in range(len(update.state) + 1):
        for held in itertools.combinations(update.state, count):
            moving = [n for n in update.state if n not in held]
            if len(moving) <= 1 and _is_linear(update, held, probe, moving):
                return held
    return None


def _is_linear(update: Update, held: tuple[str, ...], probe: Mapping[str, Array], moving: list[str]) -> bool:
    rng = np.random.default_rng(1)
    names = ["w", "g", *moving]
    fixed = {name: probe[name] for name in held}
    basis = _basis(update, held, fixed, moving, 7, 3)
    for _ in range(3):
        given = {name: rng.normal(size=3) for name in names}
        found = _step(update, held, {**fixed, **given}, 7, 3)
        for out, value in found.items():
            wanted = sum(basis[name][out] * given[name] for name in names)
            if not np.allclose(value, wanted, rtol=1e-7, atol=1e-9 * float(np.abs(wanted).max() + 1)):
                return False
    return True


def _basis(
    update: Update, held: tuple[str, ...], fixed: Mapping[str, Array], moving: list[str], step: int, size: int
) -> dict[str, dict[str, Array]]:
    """What becomes of w and of the moving state where one of w, g and the moving state is 1 and the others are 0."""
    names = ["w", "g", *moving]
    return {
        one: _step(update, held, {**fixed, **{n: np.full(size, float(n == one)) for n in names}}, step, size)
        for one in names
    }


def _step(
    update: Update, held: tuple[str, ...], given: Mapping[str, Array], step: int, size: int, rate: float = 1.0
) -> dict[str, Array]:
    """One step: the new w and the new moving state.  What is held keeps its old value within it."""
    new = dict(zip(("w", *update.state), update.formulas, strict=True))
    stays = {new[name]: fm.symbol(name) for name in held}
    roots = {name: _replaced(e, stays) for name, e in new.items() if name not in held}
    values: dict[str, Any] = {**update.scalars, **given, "k": float(step)}
    if "learning_rate" in update.scalars:
        values["learning_rate"] = rate
    found = fm.evaluate(list(roots.values()), values, np.float64)
    return {name: np.broadcast_to(a, (size,)) for name, a in zip(roots, found, strict=True)}


def _replaced(root: Expr, instead: Mapping[Expr, Expr]) -> Expr:
    """The formula with whole parts of it replaced."""
    made: dict[Expr, Expr] = {}
    for part in fm.order([root]):
        whole = fm.simplify(part.label, tuple(made[a] for a in part.args)) if part.kind == "word" else part
        made[part] = instead.get(part, whole)
    return made[root]


def _measured(
    update: Update, held: tuple[str, ...], values: Mapping[str, Array], step: int, size: int, decay: float
) -> Linear | str:
    """The coefficients, from what becomes of each of w, g and m alone."""
    moving = [n for n in update.state if n not in held]
    basis = _basis(update, held, values, moving, step, size)
    by_g, by_w = -basis["g"]["w"], basis["w"]["w"]  # ε (a + b c), 1 - ε d
    beta, fed = 0.0, np.zeros(size)
    for m in moving:  # there is one at most
        beta, fed = float(basis[m][m][0]), -basis[m]["w"] * basis["g"][m]  # ε b β c
    in_gradient = bool(np.allclose(1 - by_w, decay * by_g, rtol=CLOSE, atol=CLOSE * decay))
    reach = by_g + fed / (1 - beta) if beta < 1 else by_g
    share = (by_g - fed / (1 + beta)) / reach  # a + b c / (1 + β), by the long run's a + b c / (1 - β)
    alike = np.allclose(share, share[0], rtol=CLOSE) and (in_gradient or np.allclose(by_w, by_w[0], rtol=CLOSE))
    if not alike or not (reach > 0).all() or not np.isfinite(reach).all():
        return "unknown"
    pull, d = (decay, 0.0) if in_gradient else (0.0, float(1 - by_w[0]))
    if np.allclose(reach, reach[0], rtol=CLOSE):  # the same for all weights
        return Linear(beta, float(share[0] * reach[0]), d, pull, None)
    return Linear(beta, float(share[0]), d, pull, 1 / reach)


def bound_of(
    times: Times, optimizer: Optimizer, *, rate: float | None = None, state: Mapping[str, Array] | None = None,
    step: int = 1, size: int, sharpness: End | None = None, tolerance: float = TOLERANCE,
) -> Bound:  # fmt: skip
    """The stability bound of an optimizer on the loss whose Hessian `times` multiplies by.

    Parameters
    ----------
    times : v → H v
    optimizer : Optimizer
    rate : float, optional
        The rate in use (a schedule may have changed it); by default the optimizer's.
    state : name → array of shape (size,), optional
        The optimizer's state, which scales the steps of Adam and its kind.
    step : int
        The number of steps done, for what is corrected by it (1 - β₂ᵏ).
    sharpness : End, optional
        The largest eigenvalue of H, where it is known already.

    Examples
    --------
    >>> from backlit.optim import adam, nesterov
    >>> bowl = np.array([4.0, 1.0])
    >>> round(bound_of(lambda v: bowl * v, nesterov(momentum=0.5), size=2).limit, 6)  # 2 (1 + β) / ((1 + 2 β) λ)
    0.375
    >>> state = {"m": np.zeros(2), "v": np.array([16.0, 1.0])}  # so that D^-½ H D^-½ is 1, twice
    >>> round(bound_of(lambda v: bowl * v, adam(), state=state, step=100000, size=2).limit, 3)
    38.0
    """
    used = float(optimizer.learning_rate if rate is None else rate)
    found = linear_step(optimizer, state, step, size)
    if isinstance(found, str):
        return Bound(optimizer.name, used, None, found)
    plain = found.divisor is None
    products = 0
    if plain and sharpness is not None:
        end, curvature = sharpness, sharpness.value + found.pull
    else:
        root = np.ones(size) if found.divisor is None else 1 / np.sqrt(found.divisor)

        def scaled(v: Array) -> Array:
            nonlocal products
            products += 1
            inner = root * v
            image: Array = root * (times(inner) + found.pull * inner)
            return image

        end = largest(scaled, size, tolerance=tolerance)
        curvature = end.value
    return Bound(
        optimizer.name, used, found.limit(curvature), "", 2 / found.s, found.beta, found.d or found.pull,
        found.d != 0, curvature, end.residual, not plain, products,
    )  # fmt: skip

"""Whether the network can bend where the data bend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import reachable
from ..finding import Finding, check
from ..forward import some_rows
from ..trial import HALF
from .data import every_case
from .hidden import hidden

if TYPE_CHECKING:
    from ...core.graph import Node
    from ..patient import Patient

Array = np.ndarray[Any, Any]
MOST_ROWS, MOST_COLUMNS, BENT = 1000, 400, 200  # what the two fits are made of
FEW = 50  # rows: below that both fits are judged on the rows that they were made from, as the trials are
Z = 2.0  # standard errors: one in 44 networks with nothing to bend for passes it by chance
STRENGTHS = (1e-6, 1e-4, 1e-2, 1.0)  # of the ridge, times the number of rows; the best one by leaving rows out


@check("DR105", number=18, category="missing_hidden_activation", stage="structure", explains=("DR503", "DR504"))
def no_bend(patient: Patient) -> Iterator[Finding]:
    """Layers of linear units on top of each other: together they are one affine map.

    That is a fault where the data bend: where a fit of bent random features does better on rows that were left out, by
    more than noise, and the best linear fit reaches less than half of it.  Where it reaches more, a linear network can
    work, and if this one does not, then for another reason.
    """
    linear = stacked(patient)
    if not linear:
        return
    patient.clock.ask()
    fits = two_fits(patient)
    if fits is not None and fits.rows <= MOST_COLUMNS and every_case(patient.x):  # there are no rows but these
        fits = two_fits(patient, by_heart=True)
    if fits is not None and fits.bends:
        facts = {
            "layers": linear, "layer": linear[0], "linear": fits.linear, "bent": fits.bent, "z": fits.z,
            "rows": fits.rows, "how": "rows" if fits.few else "left_out",
        }  # fmt: skip
        # no weights of an affine map do better than least squares do on their own rows
        hopeless = patient.task == "numbers" and fits.best < HALF * fits.bent and affine(patient)
        if hopeless:
            facts |= {"how": "affine", "linear": fits.best}
        yield Finding("DR105", "proved" if hopeless else "suspected", facts, (hidden(patient, "relu", linear),))


def stacked(patient: Patient) -> list[str]:
    """Hidden layers with a sum u that another layer sums again with nothing bent between."""
    names = patient.built.graph.names
    found = []
    for name, (activation, where) in patient.units.items():
        u, o = names[f"{name}.u"], names[f"{name}.o"]
        straight = o is u or (o.op is not None and o.op.name == "identity")  # not the o of a layer such as PReLU
        linear = where == "hidden" and activation == "identity" and straight and _summed(u)
        if linear and _summed_again(patient, o):
            found.append(name)
    return found


def affine(patient: Patient) -> bool:
    """Whether the whole network, in use, is one affine map of its inputs."""
    built = patient.net.build()
    moved = set(built.inputs)
    for node in reachable([built.output]):
        through = [a for a in node.args if a in moved]
        if node.op is None or not through:
            continue
        role, name = node.op.facts.role, node.op.name
        one = len(through) == 1 and node.args.count(through[0]) == 1
        if not (role == "movement" or name in ("add", "identity") or (one and (role == "linear" or name == "mul"))):
            return False
        moved.add(node)
    return built.output in moved


def _summed(u: Node) -> bool:
    return u.op is not None and u.op.facts.role == "linear"


def _summed_again(patient: Patient, o: Node) -> bool:
    """Whether a linear operation reads the node as it is, or moved about, scaled, with entries left out."""
    reached = {o}
    for node in patient.built.graph.nodes:
        if node.op is None or not reached.intersection(node.args):
            continue
        role = node.op.facts.role
        if role == "linear" and node.args[0] in reached:
            return True
        if role in ("movement", "random") or (node.op.name in ("mul", "add") and len(reached & set(node.args)) == 1):
            reached.add(node)
    return False


@dataclass(frozen=True)
class Fits:
    """The skill of the best linear fit and of a bent one, and how sure the difference is."""

    linear: float
    bent: float
    best: float  # of the linear one on the rows that it was made from
    z: float  # the mean difference of the rows' errors over its standard error
    rows: int
    few: bool
    found: float  # by how many standard errors the better of the two beats a constant

    @property
    def bends(self) -> bool:
        """The bent fit is better, and the linear one is no model that works."""
        return self.linear < HALF * self.bent and (self.few or self.z > Z)


def two_fits(patient: Patient, by_heart: bool = False) -> Fits | None:
    """Least squares on the inputs, and on the inputs beside bent random features of them.

    They are judged on the rows that they were made from where these are few, or `by_heart`.
    """
    rows = some_rows(patient, MOST_ROWS)
    t = np.asarray(rows["t"], np.float64)
    x = np.column_stack([np.asarray(rows[link.layer.name], np.float64) for link in patient.net.inputs])
    x = x[:, :: -(-x.shape[1] // MOST_COLUMNS)]
    if not np.isfinite(x).all() or not np.isfinite(t).all() or len(t) < 3 or not t.std(axis=0).any():
        return None
    vary = x.std(axis=0) > 0
    x = (x[:, vary] - x[:, vary].mean(axis=0)) / x[:, vary].std(axis=0)
    if not x.shape[1]:
        return None
    rng = np.random.default_rng(0)
    few = by_heart or len(t) < FEW
    count = len(t) if few else min(BENT, len(t) // 2)
    u = x @ (rng.normal(size=(x.shape[1], count)) * np.sqrt(2 / x.shape[1])) + rng.normal(size=count)
    straight, bent = (_errors(f, t, few, patient.task) for f in (x, np.column_stack([x, np.maximum(u, 0.0)])))
    # of all rows: left out, a row of one of two equal classes would always make the other one the more frequent
    constant = _errors(x[:, :0], t, True, patient.task)
    found = max(_sure(constant - straight), _sure(constant - bent))
    worst = float(constant.mean()) or 1.0
    best = 1 - float(_errors(x, t, True, patient.task).mean()) / worst
    linear, curved = (1 - float(errors.mean()) / worst for errors in (straight, bent))
    return Fits(linear, curved, best, _sure(straight - bent), len(t), few, found)


def _sure(gain: Array) -> float:
    """The mean over its standard error; 0 where nothing varies."""
    spread = gain.std() / np.sqrt(len(gain))
    return float(gain.mean() / spread) if spread > 0 else 0.0


def _errors(features: Array, t: Array, few: bool, task: str) -> Array:
    """What each row costs: 1 for a wrong class, the squared error of numbers over their variance.

    By ridge regression; each row judged by the fit to all others, unless there are few.
    """
    middle, rows = t.mean(axis=0), len(t)
    left, sizes, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    projected = left.T @ (t - middle)
    best: Array | None = None
    for strength in STRENGTHS[:1] if few else STRENGTHS:
        shrink = sizes**2 / (sizes**2 + strength * rows)
        fitted = middle + left @ (shrink[:, None] * projected)
        own = np.clip((left * left) @ shrink + 1 / rows, 0.0, 1 - 1e-9)[:, None]  # what a row has to say of its own fit
        out = fitted if few else t - (t - fitted) / (1 - own)
        errors = _cost(out, t, task)
        best = errors if best is None or errors.mean() < best.mean() else best
    assert best is not None
    return best


def _cost(out: Array, t: Array, task: str) -> Array:
    if task == "classes" and t.shape[1] > 1:
        return np.asarray(out.argmax(axis=1) != t.argmax(axis=1), np.float64)
    if task != "numbers":
        middle = (t.min() + t.max()) / 2
        return np.asarray(((out > middle) != (t > middle)).mean(axis=1), np.float64)
    spread = np.where(t.var(axis=0) > 0, t.var(axis=0), 1.0)
    return np.asarray(((out - t) ** 2 / spread).mean(axis=1))

"""E as a function of all trained weights at once, θ → E(θ), with its gradient and Hessian-vector products.

Every number comes from a tape that the machine runs: forward for E, backward for ∂E/∂θ, and the backward of gᵀv for
H v.  θ and v are single vectors, all parameters one after the other in the order of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.curvature import hessian_vector
from ...core.graph import Node
from ...core.lowering import lower
from ...errors import fail
from ...machine.runner import Machine
from ...nn import Structure

Array = np.ndarray[Any, Any]
CHUNK = 256  # rows at a time: what passes between the layers stays in the cache


class Surface:
    """The loss of a network on these rows; it stands at θ, the network's weights, until it is moved.

    Parameters
    ----------
    net : Structure
        Prepared.  Its values are read, never written.
    inputs : name → array
        The rows of each input, of "t", and of "sample_weight" where the objective is weighted.
    objective : mapping
        What `Structure.build` has to know of E: loss, its options, penalties.
    dtype : "float64" or "float32"
        In which all is computed, whatever the network was trained in.  In float64 H v is exact to about 1e-12 of
        ‖H‖ ‖v‖, in float32 to about 1e-4.
    engine : str
        As for `Machine`.

    Chance is left out: dropout and noise are off, as in prediction.  A network whose layers mix the rows of a batch
    (BatchNorm) is taken as in training, with the statistics of all these rows, unless it also has layers of chance;
    then its running averages stand for them (`statistics` says which: "batch", "running", or "").

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> net = Structure([Dense(1)])
    >>> net.prepare(1)
    >>> surface = Surface(
    ...     net, {"x": np.array([[1.0], [2.0]]), "t": np.array([[0.0], [0.0]])}, {"loss": "squared_error"}
    ... )
    >>> surface.product(np.array([1.0, 0.0]))  # of E = mean((o - t)²): 2 XᵀX / n by weight and bias
    array([5., 3.])
    """

    def __init__(
        self, net: Structure, inputs: Mapping[str, Array], objective: Mapping[str, Any], *,
        dtype: str = "float64", engine: str = "compiled",
    ) -> None:  # fmt: skip
        self.net, self.dtype, self.engine = net, dtype, engine
        self.rows = len(inputs["t"])
        mixes = any(layer.least_rows > 1 for layer in net.layers())
        by_chance = any(getattr(n.op, "random", False) for n in net.build(training=True).graph.nodes if n.op)
        self.as_trained = mixes and not by_chance
        self.by_chance = by_chance
        self.statistics = "batch" if self.as_trained else "running" if mixes else ""
        self.chunk = self.rows if self.as_trained else min(CHUNK, self.rows)
        self.parts = -(-self.rows // self.chunk)
        self.is_sum = objective.get("reduction") == "sum"
        self.objective = dict(objective)
        if self.is_sum:  # each part adds its own penalties: together they are the penalties once
            self.objective |= {name: objective.get(name, 0.0) / self.parts for name in ("l1", "l2")}
        built = net.build(training=self.as_trained, **self.objective)
        assert built.loss is not None
        self.built, self.loss_node = built, built.loss
        self.names = [p.name for p in built.trained]
        self.inputs = {name: np.asarray(a, dtype=dtype) for name, a in inputs.items()}
        self.theta = self._joined({name: net.values[name] for name in self.names})
        self.values: dict[str, Array] = {n: v for n, v in net.values.items() if n not in self.names}
        self._machines: dict[str, Machine | None] = {}

    @property
    def size(self) -> int:
        """The number of trained weights."""
        return len(self.theta)

    # --- vectors ----------------------------------------------------------------------------------------------

    def _joined(self, parts: Mapping[str, Array]) -> Array:
        flat = [np.asarray(parts[name], np.float64).reshape(-1) for name in self.names]
        return np.concatenate(flat) if flat else np.zeros(0)

    def split(self, vector: Array) -> dict[str, Array]:
        """A vector as one array for each parameter (views), in the shapes of the engine."""
        found, begin = {}, 0
        for name in self.names:
            shape = self.net.values[name].shape
            size = int(np.prod(shape))
            found[name] = vector[begin : begin + size].reshape(shape)
            begin += size
        return found

    def place(self, name: str) -> int:
        """Where a parameter begins in θ."""
        before = self.names[: self.names.index(name)]
        return int(sum(self.net.values[n].size for n in before))

    # --- the numbers ------------------------------------------------------------------------------------------

    def loss(self, theta: Array | None = None, values: Mapping[str, Array] | None = None) -> float:
        """E at θ, which may be anything: NaN and infinity come back as they are.

        `values` are other running averages than the network's, where it has some.
        """
        machine = self._machine("loss")
        assert machine is not None
        self._stand(machine, self.theta if theta is None else theta, values)
        return float(self._over_rows(machine, lambda: np.array(float(machine["E"]))))

    def gradient(self) -> Array:
        """∂E/∂θ."""
        return self._vector("gradient", "∂E/∂{}")

    def product(self, v: Array) -> Array:
        """H v, the second derivatives of E by θ times the direction v."""
        machine = self._machine("product")
        if machine is None:
            return np.zeros(self.size)
        for name, part in self.split(np.asarray(v, np.float64).reshape(-1)).items():
            if f"v.{name}" in machine.tape.names:
                machine[f"v.{name}"] = part
        return self._vector("product", "H v, {}")

    def _vector(self, what: str, pattern: str) -> Array:
        machine = self._machine(what)
        if machine is None:
            return np.zeros(self.size)
        self._stand(machine, self.theta)
        there = machine.tape.names

        def read() -> Array:
            return self._joined({
                n: machine[pattern.format(n)] if pattern.format(n) in there else np.zeros_like(self.net.values[n])
                for n in self.names
            })  # fmt: skip

        found = self._over_rows(machine, read)
        if not np.isfinite(found).all():
            name = next(n for n, part in self.split(found).items() if not np.isfinite(part).all())
            raise fail("BL370", name=pattern.format(name), where=f"{self.rows} × {self.objective['loss']}")
        vector: Array = found
        return vector

    # --- tapes ------------------------------------------------------------------------------------------------

    def _machine(self, what: str) -> Machine | None:
        """The machine for one kind of number, made when it is first asked for; None where all are 0."""
        if what not in self._machines:
            keep = self._kept(what)
            made = Machine(lower(keep), self.chunk, self.dtype, engine=self.engine) if keep else None
            if made is not None:
                for name in made.tape.names.keys() & self.values.keys():
                    made[name] = self.values[name]
            self._machines[what] = made
        return self._machines[what]

    def _kept(self, what: str) -> dict[str, Node]:
        if what == "loss":
            return {"E": self.loss_node}
        if what == "gradient":
            found = backprop(self.loss_node, self.built.trained)
            return {f"∂E/∂{p.name}": found[p] for p in self.built.trained if p in found}
        _, products = hessian_vector(self.loss_node, self.built.trained)
        return {f"H v, {p.name}": h for p, h in products.items()}

    def _stand(self, machine: Machine, theta: Array, values: Mapping[str, Array] | None = None) -> None:
        for name, part in {**self.split(theta), **(values or {})}.items():
            if name in machine.tape.names:
                with np.errstate(over="ignore"):
                    machine[name] = part

    def _over_rows(self, machine: Machine, read: Any) -> Any:
        """What `read` gives for all rows: the parts' numbers, each by its share of the rows (a sum: as they are)."""
        total: Any = 0.0
        for begin in range(0, self.rows, self.chunk):
            count = min(self.chunk, self.rows - begin)
            with machine.arena.batch(count):
                for name in machine.tape.names.keys() & self.inputs.keys():
                    machine[name] = self.inputs[name][begin : begin + count]
                machine.run(rows=count)
                share = 1.0 if self.is_sum else count / self.rows
                with np.errstate(all="ignore"):
                    total = total + share * read()
        return total

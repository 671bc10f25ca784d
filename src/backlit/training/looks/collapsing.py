"""A network whose layers of identity units are multiplied into one, shown to be the same network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.graph import Node
from ...core.lowering import lower
from ...errors import fail
from ...lens.collapse import Joined, collapsed, joined
from ...machine.runner import Machine
from ...messages import language as chosen
from ...messages import say
from ..objects import files
from ..objects.network import Network
from ..objects.run import Run
from ..objects.showing import Shown, plain
from ..rows.arrays import as_matrix

Array = np.ndarray[Any, Any]
ROWS = 256


@dataclass(frozen=True, eq=False)
class Chain:
    """One chain of layers beside the one layer: the largest difference of u, and how large it may be there."""

    joined: Joined
    difference: float
    allowed: float
    within: bool  # of every output of every row


@dataclass(frozen=True, eq=False)
class Collapse(Shown):
    """What came out: `network` is the one with fewer layers (the same one, where there was nothing to join)."""

    network: Network
    chains: tuple[Chain, ...]
    difference: float  # largest, of the outputs of both networks
    rows: int
    random: bool
    layers: tuple[int, int]  # with parameters, before and after
    size: tuple[int, int]  # parameters

    def sentences(self, language: str | None = None) -> list[str]:
        """What was joined, and that it is the same."""
        if not self.chains:
            return [say("collapse.none", language)]
        told = [
            say("collapse.joined", language, names=" · ".join(c.joined.names), count=len(c.joined.names),
                inputs=c.joined.weight.shape[0], outputs=c.joined.weight.shape[1], rank=c.joined.rank)
            for c in self.chains
        ]  # fmt: skip
        kind = "random" if self.random else "given"
        told.append(say(f"collapse.same_{kind}", language, rows=f"{self.rows:,}", difference=self.difference))
        b, a = self.size
        return [*told, say("collapse.fewer", language, before=f"{b:,}", after=f"{a:,}", layers=self.layers[1])]

    def text(self, language: str | None = None) -> str:
        """Sentences, and a row for each chain."""
        title, head, rows = self._told(language)
        return "\n".join([*self.sentences(language), *(["", plain(title, head, rows)] if rows else [])])

    def data(self) -> dict[str, Any]:
        """Plain data; weights as (out, in)."""
        chains = [
            {
                "layers": list(c.joined.names), "weight": c.joined.weight.T.tolist(), "bias": c.joined.bias.tolist(),
                "rank": c.joined.rank, "difference": c.difference, "allowed": c.allowed, "within": c.within,
            }
            for c in self.chains
        ]  # fmt: skip
        return {"chains": chains, "difference": self.difference, "rows": self.rows, "random_rows": self.random}

    def __str__(self) -> str:
        return self.text()

    def _told(self, language: str | None = None) -> tuple[str, list[str], list[list[str]]]:
        head = [say(f"collapse.{key}", language) for key in ("layers", "shape", "difference", "allowed", "within")]
        rows = [
            [
                " · ".join(c.joined.names), f"{c.joined.weight.shape[1]} × {c.joined.weight.shape[0]}",
                f"{c.difference:.2e}", f"{c.allowed:.2e}", say(f"collapse.{'yes' if c.within else 'no'}", language),
            ]
            for c in self.chains
        ]  # fmt: skip
        return say("collapse.title", language), head, rows

    def _card(self) -> str:
        from ...report import cards
        from ...report.parts import Table

        title, head, rows = self._told()
        return cards.card(title, self.sentences(), [Table(title, head, rows)] if rows else [], [], chosen())


def collapse(net: Network | Run | str | Path, x: Any = None, *, seed: int = 0) -> Collapse:
    """Multiply layers that are joined by identity units into one affine map, and show that nothing else changed.

    Both networks are given the same rows.  For each chain u of its last layer is compared with x W + b; by rounding
    alone they may differ by (number of terms) · ε/2 · (|x| |W₁| |W₂| … + |b|), which is stated and checked for every
    number.  The collapsed network predicts the same, but would train otherwise: it has other parameters, and dropout
    that stood within a chain is gone.

    Parameters
    ----------
    net : Network, Run or path
        A network, or the run, the run's folder or the model file that has one.
    x : array or table, optional
        Rows as for `Network.predict`; by default 256 rows of normal random numbers, as the network sees its rows.
    seed : int
        Of the random rows.

    Returns
    -------
    Collapse

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> net = Network([Dense(8), Dense(8), Dense(1)])
    >>> net.prepare(3)
    >>> found = collapse(net)
    >>> found.size, found.chains[0].within
    ((113, 4), True)
    """
    net = _network(net)
    if not net.values:
        raise fail("BL707")
    given = _rows(net, x, seed)
    chains = tuple(_compared(net, chain, given) for chain in joined(net))
    described, values = collapsed(net)
    other = Network(*Network.links_of(described)) if chains else net
    if chains:
        other.values = {name: np.ascontiguousarray(value) for name, value in values.items()}
        other.preparation, other.task, other.loss, other.seed = net.preparation, net.task, net.loss, net.seed
        other.prepare(net.features)
    before, after = (n._predictor("output")(given) for n in (net, other))
    return Collapse(
        other, chains, float(np.abs(before - after).max()), len(given[0]), x is None,
        (_layers(net), _layers(other)), (net.size, other.size),
    )  # fmt: skip


def _network(what: Any) -> Network:
    """The network that is meant; BL374 where it is none, or several."""
    found = what.network if isinstance(what, Run) else files.load(what) if isinstance(what, str | Path) else what
    if not isinstance(found, Network):
        raise fail("BL374", got=str(what) if isinstance(what, str | Path) else type(what).__name__)
    return found


def _layers(net: Network) -> int:
    return len({name.rsplit(".", 1)[0] for name in net.values})


def _rows(net: Network, x: Any, seed: int) -> list[Array]:
    if x is None:
        rng = np.random.default_rng(seed)
        return [rng.normal(size=(ROWS, width)) for width in net.features]
    if net.preparation is not None:
        return [net.preparation.inputs(x)]
    many = isinstance(x, (list, tuple)) and len(net.inputs) > 1
    return [as_matrix("x", a) for a in (x if many else [x])]


def _compared(net: Network, chain: Joined, given: list[Array]) -> Chain:
    """u of the chain's last layer, as the machine computes it, beside x W + b."""
    built = net.build()
    u = built.graph.names[f"{chain.names[-1]}.u"]
    enters: Node = built.graph.names[f"{chain.names[0]}.u"].args[0]
    machine = Machine(lower({"u": u, "enters": enters}), len(given[0]), str(chain.weight.dtype))
    for name in machine.tape.names.keys() & net.values.keys():
        machine[name] = net.values[name]
    for link, array in zip(net.inputs, given, strict=True):
        machine[link.layer.name] = array
    machine.run(rows=len(given[0]))
    x, before = machine["enters"].copy(), machine["u"].astype(np.float64)
    apart = np.abs(before - chain.at_once(x))
    allowed = chain.allowed(x)
    worst = np.unravel_index(int(apart.argmax()), apart.shape)
    return Chain(chain, float(apart[worst]), float(allowed[worst]), bool((apart <= allowed).all()))

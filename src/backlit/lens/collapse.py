"""Layers joined by identity units are one layer: W = W₁ W₂ … Wₙ, b = (b₁ W₂ + b₂) W₃ + ….

A unit without an activation function hands on its weighted sum, and sums of sums are sums: however many such layers
stand one behind the other, they can do nothing that a single one cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..nn import Activation, AlphaDropout, Dense, Dropout, GaussianDropout, GaussianNoise, Structure
from ..nn.layers import Layer, Link, describe

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Joined:
    """Dense layers that are one: their names, and the one affine map that they make (weight as (in, out))."""

    names: tuple[str, ...]
    weight: Array
    bias: Array
    parts: tuple[tuple[Array, Array], ...]  # weight and bias of each

    @property
    def before(self) -> int:
        """Numbers in the layers."""
        return sum(w.size + b.size for w, b in self.parts)

    @property
    def after(self) -> int:
        """Numbers in the one."""
        return self.weight.size + self.bias.size

    @property
    def rank(self) -> int:
        """The largest rank that W can have: that of the narrowest layer."""
        return min(int(min(w.shape)) for w, _ in self.parts)

    def layered(self, x: Array) -> Array:
        """Layer after layer."""
        for weight, bias in self.parts:
            x = x @ weight + bias
        return x

    def at_once(self, x: Array) -> Array:
        """x W + b, with W and b as they are stored."""
        return x @ self.weight + self.bias

    def allowed(self, x: Array) -> Array:
        """How far the two may lie apart for each output, by rounding alone.

        A sum of n products has an error of at most n ε/2 times the sum of their sizes (ε: the spacing of numbers at 1;
        Higham, 2002, §3.1).  Here for both ways together, with W and b rounded once when they are stored.
        """
        terms = sum(w.shape[0] for w, _ in self.parts) + self.weight.shape[0] + 2 * len(self.parts)
        size = np.abs(x).astype(np.float64)
        for weight, bias in self.parts:
            size = size @ np.abs(weight).astype(np.float64) + np.abs(bias)
        bound: Array = terms * np.finfo(self.weight.dtype).eps / 2 * size
        return bound


def joined(net: Structure) -> list[Joined]:
    """All chains of Dense layers in which only identity units stand between one and the next.

    A layer that is used twice, or whose output goes elsewhere too, ends a chain.  Dropout and noise between them are
    nothing when the network predicts, and so no hindrance.

    >>> net = Structure([Dense(4), Dense(3), Dense(2, "tanh")])
    >>> net.prepare(5)
    >>> [chain.names for chain in joined(net)]
    [('dense1', 'dense2', 'dense3')]
    """
    return [_product(net, [link.layer for link in chain if isinstance(link.layer, Dense)]) for chain in _chains(net)]


def collapsed(net: Structure) -> tuple[dict[str, Any], dict[str, Array]]:
    """The network with each chain as one Dense layer under the name of its last: description and parameters."""
    chains = _chains(net)
    gone = {id(link): chain for chain in chains for link in chain[:-1]}
    made: dict[int, tuple[Layer, Joined]] = {}
    for chain in chains:
        found = _product(net, [link.layer for link in chain if isinstance(link.layer, Dense)])
        last = chain[-1].layer
        assert isinstance(last, Dense)
        made[id(chain[-1])] = (Dense(last.units, last.activation, name=last.name), found)
    links = [link for link in net.links if id(link) not in gone]
    layers: list[Layer] = []
    for link in links:
        layer = made[id(link)][0] if id(link) in made else link.layer
        if not any(layer is other for other in layers):
            layers.append(layer)
    place = {id(link): k for k, link in enumerate(links)}

    def number(link: Link) -> int:
        layer = made[id(link)][0] if id(link) in made else link.layer
        return next(k for k, other in enumerate(layers) if other is layer)

    def sources(link: Link) -> list[int]:
        first = next((chain[0] for chain in chains if chain[-1] is link), link)
        return [place[id(s)] for s in first.sources]

    described = {
        "layers": [describe(layer) for layer in layers],
        "links": [[number(link), sources(link)] for link in links],
        "inputs": [place[id(link)] for link in net.inputs],
        "output": place[id(net.output)],
    }
    lost = {link.layer.name for chain in chains for link in chain}
    values = {name: value for name, value in net.values.items() if name.rsplit(".", 1)[0] not in lost}
    for layer, found in made.values():
        values |= {f"{layer.name}.weight": found.weight, f"{layer.name}.bias": found.bias}
    return described, values


def _chains(net: Structure) -> list[list[Link]]:
    """The links of each chain, from its first Dense layer to its last, with what stands between them."""
    users: dict[int, int] = {}
    uses: dict[int, int] = {}
    for link in net.links:
        uses[id(link.layer)] = uses.get(id(link.layer), 0) + 1
        for source in link.sources:
            users[id(source)] = users.get(id(source), 0) + 1

    def single(link: Link) -> bool:
        return users.get(id(link), 0) == 1 and uses[id(link.layer)] == 1 and link is not net.output

    chains: list[list[Link]] = []
    for link in net.links:  # sources first
        if not isinstance(link.layer, Dense) or uses[id(link.layer)] > 1:
            continue
        before: list[Link] = []
        source = link.sources[0]
        while _hands_on(source.layer) and single(source):
            before.insert(0, source)
            source = source.sources[0]
        if isinstance(source.layer, Dense) and _is_identity(source.layer.activation) and single(source):
            chain = next((c for c in chains if c[-1] is source), None)
            if chain is None:
                chains.append([source, *before, link])
            else:
                chain += [*before, link]
    return chains


def _hands_on(layer: Layer) -> bool:
    """Whether a layer without weights gives what it takes, when the network predicts."""
    if isinstance(layer, Activation):
        return _is_identity(layer.function)
    return isinstance(layer, (Dropout, AlphaDropout, GaussianDropout, GaussianNoise))


def _is_identity(function: str | None) -> bool:
    return function is None or function == "identity"


def _product(net: Structure, layers: list[Dense]) -> Joined:
    """The layers multiplied out, in float64, and stored as the network stores its numbers."""
    parts = tuple(_of(net.values, layer) for layer in layers)
    weight, bias = (a.astype(np.float64) for a in parts[0])
    for w, b in parts[1:]:
        weight, bias = weight @ w.astype(np.float64), bias @ w.astype(np.float64) + b
    kind = parts[0][0].dtype
    names = tuple(layer.name for layer in layers)
    return Joined(names, np.ascontiguousarray(weight.astype(kind)), bias.astype(kind), parts)


def _of(values: Mapping[str, Array], layer: Dense) -> tuple[Array, Array]:
    weight = values[f"{layer.name}.weight"]
    return weight, values.get(f"{layer.name}.bias", np.zeros(layer.units, weight.dtype))

"""Weights that are kept: layers frozen by name, another head on a body, a body taken over from another network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from ..errors import fail, nearest
from .layers import Input, Layer, Link
from .structure import Structure

AnyStructure = TypeVar("AnyStructure", bound=Structure)
BODY = "body"  # in place of names: all layers but the head


def head_of(net: Structure) -> Link:
    """Where the head begins: at the last layer that has parameters; what follows it only reshapes its answers.

    Raises
    ------
    ParameterError
        BL350 when the output is made of several branches, so that no single layer is the head.
    """
    with_parameters = {name.rsplit(".", 1)[0] for name in net.build().parameters}
    link = net.output
    assert link is not None
    while not any(layer.name in with_parameters for layer in _whole(link.layer)) and len(link.sources) == 1:
        link = link.sources[0]
    if len(link.sources) != 1:
        raise fail("BL350", layer=link.layer.name or type(link.layer).__name__)
    return link


def body_of(net: Structure) -> set[str]:
    """The names of all layers but those of the head."""
    seen: set[str] = set()
    stack = list(head_of(net).sources)
    while stack:
        link = stack.pop()
        seen.update(layer.name for layer in _whole(link.layer) if not isinstance(layer, Input))
        stack.extend(link.sources)
    return seen


def replaced(net: AnyStructure, head: Iterable[Layer]) -> AnyStructure:
    """A copy of the network whose head is another one: `Network.replace_head`."""
    given = list(head)
    if not given or not all(isinstance(layer, Layer) and layer.least == 1 for layer in given):
        raise fail("BL701", got=", ".join(type(layer).__name__ for layer in given) or "-")
    if not net.values:
        raise fail("BL707")
    kept = body_of(net)
    (source,) = head_of(net).sources
    place = {id(link): i for i, link in enumerate(net.links)}
    links = type(net).all_links_of(net.describe())
    end = links[place[id(source)]]
    for layer in given:
        end = layer(end)
    other = type(net)([links[place[id(link)]] for link in net.inputs], end)
    other.values = {n: v.copy() for n, v in net.values.items() if n.rsplit(".", 1)[0] in kept}
    return other


def take_over(net: Structure, other: Structure) -> list[str]:
    """Give the body of a prepared network the values that these layers have in another one; returns their names.

    Raises
    ------
    ParameterError
        BL352 when a layer of the body is not there, or has another shape.
    """
    taken = []
    body = body_of(net)
    for name, value in net.values.items():
        layer = name.rsplit(".", 1)[0]
        if layer not in body:
            continue
        there = other.values.get(name)
        if there is None or there.shape != value.shape:
            got = "-" if there is None else other[name].shape
            raise fail("BL352", layer=layer, name=name, expected=net[name].shape, got=got)
        net.values[name] = there.astype(value.dtype)
        taken.append(layer)
    return list(dict.fromkeys(taken))


def freeze(net: Structure, names: Iterable[str], *, trainable: bool = False) -> list[str]:
    """Freeze layers (or thaw them), those inside them too; "body" stands for all but the head.  Returns their names.

    Raises
    ------
    ParameterError
        BL353 for a name that no layer has.
    """
    if not net.links:
        raise fail("BL707")  # layers get their names when the number of inputs is known
    known = {layer.name: layer for layer in net.layers() if not isinstance(layer, Input)}
    chosen: dict[str, Layer] = {}
    for name in names:
        if name not in known and name != BODY:
            raise fail("BL353", name=name, known=", ".join([*known, BODY]), nearest=nearest(name, [*known, BODY]))
        wanted = [name] if name in known else [n for n in known if n in body_of(net)]
        chosen |= {layer.name: layer for n in wanted for layer in _whole(known[n])}
    for layer in chosen.values():
        layer.trainable = trainable
    return list(chosen)


def names_in(text: str | Iterable[str]) -> list[str]:
    """The names in "dense1, dense2", or a list of them as it is."""
    return [part for part in text.replace(",", " ").split() if part] if isinstance(text, str) else list(text)


def _whole(layer: Layer) -> Iterator[Layer]:
    """The layer and all that is inside it."""
    yield layer
    for inner in layer.inner():
        yield from _whole(inner)

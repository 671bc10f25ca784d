"""Operations by the names that people give them: Backlit's, those of other libraries, those of books."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..errors import fail, nearest
from .declare import LIBRARIES, REGISTRY, Op

MOST_LISTED = 40


def find(name: str, role: str) -> Op:
    """The operation of this name and role; a ParameterError that offers the nearest names.

    >>> find("swish", "activation")
    <elementwise silu>
    """
    op = known_as(name, role)
    if op is not None:
        return op
    known = {n: o for n, o in REGISTRY.items() if o.facts.role == role}
    others = [n for o in known.values() for n in o.facts.also]
    listed = sorted(known)
    if len(listed) > MOST_LISTED:  # a message is no page: those that are used most
        listed = [*(n for n in listed if known[n].facts.hot), "…"]
    code = {"activation": "BL301", "loss": "BL302"}[role]
    raise fail(code, name=name, known=", ".join(listed), nearest=nearest(name, [*known, *others]))


def known_as(name: str, role: str) -> Op | None:
    """The operation of this role that is called so: by Backlit, as a person may write it, or by another library.

    >>> known_as("Leaky ReLU", "activation")
    <elementwise leaky_relu>
    """
    op = REGISTRY.get(name)
    if op is not None and op.facts.role == role:
        return op
    known = [o for o in REGISTRY.values() if o.facts.role == role]
    ways: list[Callable[[Op], Sequence[str]]] = [lambda o: [o.name], lambda o: o.facts.also]
    ways += [lambda o, library=library: [o.facts.names.get(library, "")] for library in LIBRARIES]  # type: ignore[misc]
    wanted = _plain(name)
    return next((o for way in ways for o in known if wanted in map(_plain, way(o))), None) if wanted else None


def _plain(name: str) -> str:
    """A name without capitals, and without what stands between its words."""
    return re.sub(r"(?<=\w)[ _-]+(?=\w)", "", name.strip()).lower()

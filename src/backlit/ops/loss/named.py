"""Losses by name ("huber"), by name with options ("huber(delta=2)"), or as a formula that a person typed."""

from __future__ import annotations

import functools
import re
from typing import Any

from ...errors import fail, nearest
from .. import formula as fm
from ..declare import Elementwise, Facts
from ..parse import parse
from .declare import LOSSES, Loss

NAME = r"[^\W\d]\w*"
CALL = re.compile(rf"\s*({NAME})\s*\(\s*((?:{NAME}\s*=(?!=)[^=(),]+,?\s*)*)\)\s*")


def loss_named(text: Any) -> Loss:
    """The loss of this name, or the one that the formula in o and t writes.

    Raises
    ------
    ParameterError
        BL302: there is none of this name; BL331: a formula without o.
    ExpressionError
        BL401 to BL404: the formula cannot be read.

    Examples
    --------
    >>> loss_named("huber").op, loss_named("abs(t - o) ** 1.5").op
    (<elementwise huber>, <elementwise abs(t - o) ** 1.5>)
    """
    if isinstance(text, str) and text in LOSSES:
        return LOSSES[text]
    if not isinstance(text, str) or (re.fullmatch(NAME, text.strip()) and text.strip() not in ("o", "t")):
        raise _unknown(text)
    return typed_loss(text)


def _unknown(text: Any) -> Exception:
    """BL302, with the nearest names; those of other libraries lead to ours."""
    elsewhere = {other: name for name, one in LOSSES.items() for other in one.op.facts.names.values()}
    close = nearest(text, [*LOSSES, *elsewhere]).split(", ")
    found = ", ".join(dict.fromkeys(elsewhere.get(name, name) for name in close))
    return fail("BL302", name=text, known=", ".join(sorted(LOSSES)), nearest=found)


@functools.lru_cache(maxsize=256)
def typed_loss(text: str) -> Loss:
    """The loss that a person typed, in the output o and the target t; its derivative is found by symbols."""
    e = parse(text, ("o", "t"))
    if "o" not in fm.leaves([e], "input"):
        raise fail("BL331", text=text)
    return Loss(Elementwise(text, ("o", "t"), {}, e, Facts(role="loss"), f"Typed: e = {e!r}"))


def called(text: Any) -> tuple[Any, dict[str, Any]]:
    """The name and the options of "huber(delta=2, reduction=sum)"; of all else the text and no options.

    >>> called("huber(delta=2, reduction=sum)"), called("huber(o, t)")
    (('huber', {'delta': 2.0, 'reduction': 'sum'}), ('huber(o, t)', {}))
    """
    match = CALL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return text, {}
    pairs = (part.split("=") for part in match[2].split(",") if part.strip())
    return match[1], {name.strip(): _value(value.strip()) for name, value in pairs}


def _value(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    try:
        return float(text)
    except ValueError:
        return text.strip("\"'")

"""The values that options take; each kind says in one sentence what it wants and what it got."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from ..errors import nearest
from ..messages import say

LARGEST = 2**53 - 1  # whole numbers up to here are exact wherever they go


class Kind(click.ParamType):  # type: ignore[type-arg]  # generic only in the newest click
    """The base of the kinds."""

    name = "value"

    def refuse(
        self, key: str, value: object, param: click.Parameter | None, ctx: click.Context | None, **more: Any
    ) -> NoReturn:
        """Say that a value cannot be, as a usage error."""
        text = repr(value) if len(str(value)) <= 40 else repr(str(value)[:39] + "…")
        self.fail(say(f"cli.{key}", got=text, **more), param, ctx)


class Whole(Kind):
    """A whole number from `least` on."""

    def __init__(self, least: int, most: int = LARGEST) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = int(value)
        except ValueError:
            number = self.least - 1
        if not self.least <= number <= self.most:
            limit = f" ≤ {self.most}" if self.most < LARGEST else ""
            self.refuse("wants_whole", value, param, ctx, least=self.least, most=limit)
        return number


class Real(Kind):
    """A finite number: `low` ≤ number < `high`, or low < number when `above`."""

    def __init__(self, low: float, high: float = math.inf, *, above: bool = False) -> None:
        self.low, self.high, self.above = low, high, above

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (self.low < number < self.high if self.above else self.low <= number < self.high):
            sign, end = "<" if self.above else "≤", "" if math.isinf(self.high) else f" < {self.high:g}"
            self.refuse("wants_number", value, param, ctx, limits=f"{self.low:g} {sign} x{end}")
        return number


class Duration(Kind):
    """A time: 90, 90s, 5m, 1h30m; in seconds.  With `none` 0 is one, too."""

    def __init__(self, *, none: bool = False) -> None:
        self.none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d*)?|\.\d+)s?)?", text)
        seconds = sum(float(n) * u for n, u in zip(found.groups(), (3600, 60, 1), strict=True) if n) if found else 0.0
        if not (0 < seconds < LARGEST or (self.none and found and text and seconds == 0)):
            self.refuse("wants_duration", value, param, ctx)
        return seconds


class Rate(Real):
    """A learning rate: a number above 0, or "auto"."""

    def __init__(self) -> None:
        super().__init__(0, above=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return "auto" if str(value).lower() == "auto" else super().convert(value, param, ctx)


class Word(Kind):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.words:
            self.refuse("wants_word", value, param, ctx, words=self.words, nearest=nearest(value, self.words))
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


class Widths(Kind):
    """The widths of hidden layers: "64,32", or "none"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[int]:
        if isinstance(value, (list, tuple)):
            return value
        if value.strip().lower() in ("none", "0"):
            return ()
        try:
            widths = tuple(int(part) for part in value.split(","))
        except ValueError:
            widths = (0,)
        if not all(0 < width <= LARGEST for width in widths):
            self.refuse("wants_widths", value, param, ctx)
        return widths


class Weights(Kind):
    """Weights of classes: "balanced", or "setosa=1,virginica=5"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, (dict, list)):  # of a config.toml: class → weight, or one for each class in order
            return value
        if value.strip() == "balanced":
            return "balanced"
        found: dict[str, float] = {}
        for part in value.split(","):
            name, sign, number = part.rpartition("=")
            try:
                found[name.strip()] = float(number)
            except ValueError:
                sign = ""
            if not sign:
                self.refuse("wants_weights", value, param, ctx)
        return found

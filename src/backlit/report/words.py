"""The sentences of the report in one language."""

from __future__ import annotations

from collections.abc import Sequence

from .. import messages


class Words:
    """Looks up `report.KEY` in one language: words("epoch_axis").

    Examples
    --------
    >>> Words("ja")("epoch_axis"), Words("klingon").language
    ('エポック', 'en')
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in messages.LANGUAGES else "en"

    def __call__(self, key: str, **values: object) -> str:
        """The sentence with its placeholders filled."""
        return messages.say(f"report.{key}", self.language, **values)

    def known(self, key: str) -> bool:
        """Whether the catalogue has this key (settings may have names that it does not know)."""
        return key in messages.catalogue(self.language)["report"]

    def join(self, sentences: Sequence[str]) -> str:
        """Whole sentences one after the other: with spaces in English, without in Japanese."""
        return ("" if self.language == "ja" else " ").join(sentence for sentence in sentences if sentence)

    def listed(self, things: Sequence[str]) -> str:
        """Things in a row, separated as the language does it."""
        return ("、" if self.language == "ja" else ", ").join(things)

"""How the values are written: the lecture's u, o, δ, or the symbols that a reader brings from another book."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ...errors import fail, nearest


@dataclass(frozen=True)
class Symbols:
    """A way to write: Backlit's symbol → the reader's."""

    name: str
    u: str
    o: str
    t: str
    E: str
    rate: str = "ε"
    before: str = "δᵘ"  # the error signal at u
    behind: str = "δᵒ"  # and at o

    def __call__(self, text: str) -> str:
        """A formula or a name in these symbols.

        >>> symbols_named("azyt")("o = relu(u)"), symbols_named("za")("dense1.δᵘ"), symbols_named("uoδ")("o = u")
        ('z = relu(a)', 'dense1.∂C/∂z', 'o = u')
        """
        if self.name == "uoδ":
            return text
        known = {"u": self.u, "o": self.o, "t": self.t, "E": self.E, "ε": self.rate}
        known |= {"δᵘ": self.before, "δᵒ": self.behind}
        return _WORD.sub(lambda m: known[m[0]], text)

    @property
    def last(self) -> Symbols:
        """Those of the output layer: in the books of O'Reilly Japan its z is called y."""
        return replace(self, o="y", behind="∂E/∂y") if self.name == "azyt" else self

    def told(self) -> str:
        """The symbols in a line."""
        o = self.o if self.last.o == self.o else f"{self.o} ({self.last.o})"
        return f"{self.u}, {o}, {self.before}, {self.behind}, {self.t}, {self.E}"


# A symbol that stands alone: not a letter of a word, and not the index that ∂E/∂w has already been read as.
_WORD = re.compile(r"δᵘ|δᵒ|ε|(?<![A-Za-z_α-ω])[uotE](?![A-Za-z_])")

SYMBOLS = {
    s.name: s
    for s in (
        Symbols("uoδ", "u", "o", "t", "E"),
        Symbols("azyt", "a", "z", "t", "E", "η", "∂E/∂a", "∂E/∂z"),
        Symbols("za", "z", "a", "y", "C", "η", "∂C/∂z", "∂C/∂a"),
    )
}
ALSO = {"uod": "uoδ", "uo": "uoδ", "az": "azyt"}  # as they are typed where there is no δ


def symbols_named(name: str) -> Symbols:
    """Symbols by name."""
    found = SYMBOLS.get(ALSO.get(str(name), str(name)))
    if found is None:
        known = ", ".join(SYMBOLS)
        raise fail("BL304", name=name, known=known, nearest=nearest(name, SYMBOLS), where="symbols")
    return found

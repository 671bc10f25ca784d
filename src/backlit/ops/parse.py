"""Formulas typed by a person: `parse("u / (1 + abs(u))")`.

A small parser of our own, never `eval`: numbers, the variables, + - * / ** and ^, comparisons, parentheses, and
calls of the vocabulary and of every elementwise operation (`"u * sigmoid(u)"`), with parameters if it has some
(`"elu(u, alpha=2)"`).  What it cannot read it shows with a caret.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence

from ..errors import BacklitError, ExpressionError, fail, nearest
from . import formula as fm
from .declare import REGISTRY, Elementwise, Facts
from .formula import Expr
from .lookup import known_as

NUMBER = r"(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
TOKEN = re.compile(rf"\s*(?:{NUMBER}|([^\W\d]\w*)|(\*\*|>=|<=|==|[-+*/^()<>,=]))")
BINARY = {"==": ("eq", 1), ">": ("gt", 1), ">=": ("ge", 1), "<": ("lt", 1), "<=": ("le", 1)}
BINARY |= {"+": ("add", 2), "-": ("sub", 2), "*": ("mul", 3), "/": ("div", 3), "**": ("pow", 5), "^": ("pow", 5)}
NAMES = {"pi": math.pi, "e": math.e}
OTHER_NAMES = {"maximum": "max", "minimum": "min", "ln": "log", "absolute": "abs"}
DEEPEST, LONGEST = 60, 2000


def parse(text: str, variables: Sequence[str] = ("u",)) -> Expr:
    """The formula that `text` writes, over the variables named.

    Raises
    ------
    ExpressionError
        BL401: it does not parse; BL402: a name that is not in the vocabulary (the nearest are offered);
        BL403: too long or nested too deeply; BL404: a function with the wrong number of values.
    ParameterError
        BL305: a parameter of a function is out of its range.

    Examples
    --------
    >>> parse("u / (1 + abs(u))")
    u / (1 + abs(u))
    >>> parse("2 * x ^ 2 - y", ("x", "y"))
    2 * (x * x) - y
    >>> parse("1 + leaky_relu(u, slope=0.2)")
    1 + where(u > 0, u, 0.2 * u)
    """
    return _Parser(text, tuple(variables)).whole()


class _Parser:
    def __init__(self, text: str, variables: tuple[str, ...]) -> None:
        if len(text) > LONGEST:
            raise fail("BL403", limit=f"{LONGEST} characters", size=len(text), text=text[:40] + " …")
        self.text, self.variables = text, variables
        # The last function that was read: where it began and ended, what it is, its values, its parameters.
        self.called: tuple[int, int, Elementwise, list[Expr], dict[str, float]] | None = None
        self.tokens: list[tuple[str, str, int]] = []  # (kind, text, position)
        place = 0
        while place < len(text.rstrip()):
            match = TOKEN.match(text, place)
            if match is None:
                place += len(text[place:]) - len(text[place:].lstrip())
                raise self.wrong(place, text[place])
            kind = ("number", "name", "sign")[(match.lastindex or 1) - 1]
            self.tokens.append((kind, match[match.lastindex or 0], match.start(match.lastindex or 0)))
            place = match.end()
        self.tokens.append(("end", "", len(text.rstrip())))
        self.next = 0
        self.depth = 0

    def wrong(self, place: int, got: str, code: str = "BL401", **values: object) -> BacklitError:
        flat = re.sub(r"\s", " ", self.text)
        start = max(0, place - 60)
        marked = f"{flat[start : start + 100]}\n  {' ' * 7}{' ' * (place - start)}^"
        return fail(code, text=self.text[:200], position=place + 1, got=got or "-", marked=marked, **values)

    def whole(self) -> Expr:
        e = self.expression(0)
        kind, text, place = self.tokens[self.next]
        if kind != "end":
            raise self.wrong(place, text)
        return e

    def take(self, sign: str = "") -> tuple[str, str, int]:
        kind, text, place = self.tokens[self.next]
        if sign and text != sign:
            raise self.wrong(place, text)
        self.next += 1
        return kind, text, place

    def expression(self, binds: int) -> Expr:
        """Precedence climbing: reads what binds more tightly than `binds`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(self.tokens[self.next][2], "", "BL403", limit=f"{DEEPEST} levels", size=">")
        left = self.operand()
        while True:
            kind, sign, _ = self.tokens[self.next]
            word, strength = BINARY.get(sign, ("", 0)) if kind == "sign" else ("", 0)
            if not word or strength <= binds:
                break
            self.next += 1
            # ** groups to the right, the others to the left
            left = fm.call(word, left, self.expression(strength - 1 if word == "pow" else strength))
        self.depth -= 1
        return left

    def operand(self) -> Expr:
        kind, text, place = self.take()
        if kind == "number":
            return fm.constant(float(text))
        if text in ("-", "+") and kind == "sign":
            inner = self.expression(4)
            return -inner if text == "-" else inner
        if text == "(":
            inner = self.expression(0)
            self.take(")")
            return inner
        if kind != "name":
            raise self.wrong(place, text)
        if self.tokens[self.next][1] == "(":
            return self.function(text, place)
        if text in self.variables:
            return fm.symbol(text)
        if text in NAMES:
            return fm.constant(NAMES[text])
        known = [*self.variables, *NAMES, *self.functions()]
        raise self.wrong(place, text, "BL402", known=", ".join(self.variables), nearest=nearest(text, known))

    def functions(self) -> list[str]:
        return [n for n, op in REGISTRY.items() if isinstance(op, Elementwise)] + list(OTHER_NAMES)

    def function(self, name: str, place: int) -> Expr:
        start = self.next - 1
        op = REGISTRY.get(OTHER_NAMES.get(name, name)) or known_as(name, "activation")
        if not isinstance(op, Elementwise):
            raise self.wrong(place, name, "BL402", known="", nearest=nearest(name, self.functions()))
        self.take("(")
        args: list[Expr] = []
        given: dict[str, float] = {}
        while self.tokens[self.next][1] != ")" or args or given:
            if self.tokens[self.next][0] == "name" and self.tokens[self.next + 1][1] == "=":
                self.parameter(op, given)
            else:
                args.append(self.expression(0))
            if self.tokens[self.next][1] != ",":
                break
            self.take(",")
        self.take(")")
        if len(args) != len(op.inputs):
            raise self.wrong(place, f"{len(args)}", "BL404", name=name, expected=len(op.inputs))
        self.called = (start, self.next, op, args, given)
        return op.inline(args, op.check(given))

    def parameter(self, op: Elementwise, given: dict[str, float]) -> None:
        """Reads `alpha=2`: a parameter is a number, or what can be worked out to be one."""
        _, name, place = self.take()
        if name in given:
            raise self.wrong(place, name)
        if name not in op.defaults:
            known = list(op.defaults)
            raise self.wrong(place, name, "BL402", known=", ".join(known), nearest=nearest(name, known) or "-")
        self.take("=")
        _, text, place = self.tokens[self.next]
        value = self.expression(0)
        if value.kind != "constant":
            raise self.wrong(place, text)
        given[name] = value.label

    def only_call(self) -> tuple[Elementwise, dict[str, float]] | None:
        """The function and its parameters, where the whole formula is one function of the one variable."""
        if self.called is None:
            return None
        start, end, op, args, given = self.called
        whole = (start, end) == (0, len(self.tokens) - 1) and args == [fm.symbol(self.variables[0])]
        return (op, given) if whole else None


def names_in(text: str) -> list[str]:
    """The names in a text that could be variables, sorted: no function, no parameter of one, neither pi nor e.

    >>> names_in("x1 ** 2 + elu(x0, alpha=2) * pi")
    ['x0', 'x1']
    """
    tokens = _Parser(text, ()).tokens
    signs = ["", *(t[1] for t in tokens), ""]
    found = set()
    for (kind, name, _), before, after in zip(tokens, signs, signs[2:], strict=False):
        parameter = after == "=" and before in ("(", ",")
        if kind == "name" and after != "(" and not parameter:
            found.add(name)
    functions = {*REGISTRY, *OTHER_NAMES}
    return sorted(found - {*NAMES} - functions)


@functools.lru_cache(maxsize=256)
def typed_activation(text: str) -> Elementwise:
    """The activation function that a person typed, in the variable u: usable wherever a built-in one is.

    One that is nothing but a built-in one with its parameters, "leaky_relu(u, slope=0.2)", is that function itself:
    with its choice at kinks, its facts, its fused kernel.

    >>> f = typed_activation("u / (1 + abs(u))")
    >>> f([-1.0, 3.0]).tolist()
    [-0.5, 0.75]
    >>> f.slope(0).op([1.0]).tolist()
    [0.25]
    """
    parser = _Parser(text, ("u",))
    e, called = parser.whole(), parser.only_call()
    if called is not None and called[0].facts.role == "activation":
        return called[0].with_parameters(text, **called[1])
    return Elementwise(text, ("u",), {}, e, Facts(role="activation", initial="xavier"), f"Typed: o = {e!r}")


def is_typed(name: str) -> bool:
    """True when `name` is a formula in u and not a function's name.

    >>> is_typed("relu"), is_typed("u / (1 + abs(u))")
    (False, True)
    """
    return not re.fullmatch(r"[^\W\d]\w*", name.strip()) or name.strip() == "u"


__all__ = ["ExpressionError", "is_typed", "names_in", "parse", "typed_activation"]

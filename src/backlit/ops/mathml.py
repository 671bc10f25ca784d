"""Formulas as MathML, which browsers draw by themselves: a view of the words, beside those of printing.py."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from . import formula as fm
from .formula import Expr, order
from .words import Word

GREEK = {"alpha": "α", "beta": "β", "lambd": "λ", "theta": "θ", "threshold": "θ", "value": "v", "slope": "s"}
GREEK |= {"scale": "c", "min_val": "min", "max_val": "max"}
LETTERS = "vwrqpkh"  # for parts that are used more than once
LONG = 3  # words: a shorter part is written again instead
SIGNS = {"sub": "−", "add": "+", "mul": "·", "gt": "&gt;", "lt": "&lt;", "ge": "≥", "le": "≤", "eq": "="}


def _fraction(above: str, below: str) -> str:
    return f"<mfrac>{above}{below}</mfrac>"


_TWO, _PI, _ROOT_TWO = "<mn>2</mn>", "<mi>π</mi>", "<msqrt><mn>2</mn></msqrt>"
_KNOWN = {
    math.sqrt(2): _ROOT_TWO,
    math.pi: _PI,
    math.pi / 2: _fraction(_PI, _TWO),
    2 / math.sqrt(math.pi): _fraction(_TWO, f"<msqrt>{_PI}</msqrt>"),
    1 / math.sqrt(2 * math.pi): _fraction("<mn>1</mn>", f"<msqrt>{_TWO}{_PI}</msqrt>"),
    math.sqrt(2 / math.pi): f"<msqrt>{_fraction(_TWO, _PI)}</msqrt>",
    2 * math.sqrt(2 / math.pi): f"{_TWO}<msqrt>{_fraction(_TWO, _PI)}</msqrt>",
    1 / 6: _fraction("<mn>1</mn>", "<mn>6</mn>"),
    2 / 3: _fraction(_TWO, "<mn>3</mn>"),
    0.5: _fraction("<mn>1</mn>", _TWO),
    0.25: _fraction("<mn>1</mn>", "<mn>4</mn>"),
}


def display(left: str, e: Expr, *, joined: str = "with", otherwise: str = "otherwise") -> str:
    """A `<math>` for the equation left = e; parts used twice get a letter and stand behind the word `joined`.

    >>> display("o", fm.symbol("u"))
    '<math display="block"><mrow><mi>o</mi><mo>=</mo><mrow><mi>u</mi></mrow></mrow></math>'
    """
    short, parts = named_parts(e)
    lines = [f"{_name(left)}<mo>=</mo>{mathml(short, otherwise)}"]
    for i, (letter, part) in enumerate(parts):
        said = f"<mtext>{joined}&nbsp;</mtext>" if i == 0 else "<mspace width='2em'/>"
        lines.append(f"{said}{_name(letter)}<mo>=</mo>{mathml(part, otherwise)}")
    if len(lines) == 1:
        return f'<math display="block"><mrow>{lines[0]}</mrow></math>'
    rows = "".join(f'<mtr><mtd class="left">{_row(line)}</mtd></mtr>' for line in lines)
    return f'<math display="block"><mtable>{rows}</mtable></math>'


def named_parts(e: Expr) -> tuple[Expr, list[tuple[str, Expr]]]:
    """The formula with a letter for each longer part that it uses more than once, and those parts.

    >>> from backlit.ops import parse
    >>> named_parts(parse("exp(1 - u*u) / (1 + exp(1 - u*u))"))
    (v / (1 + v), [('v', exp(1 - u * u))])
    """
    parts = order([e])
    users: dict[Expr, int] = {}
    for part in parts:
        for a in set(part.args):  # a square is one use
            users[a] = users.get(a, 0) + 1
    taken = {str(p.label) for p in parts if p.kind in ("input", "uniform")}
    letters = [x for x in LETTERS if x not in taken | {GREEK.get(name, name) for name in taken}]
    found: list[tuple[str, Expr]] = []
    made: dict[Expr, Expr] = {}
    for part in parts:
        made[part] = part
        if part.kind != "word":
            continue
        short = fm.simplify(part.label, tuple(made[a] for a in part.args))
        often = users.get(part, 0) > 1 and part.label.binds > 1
        if often and fm.size([short]) >= LONG and len(found) < len(letters):
            found.append((letters[len(found)], short))
            short = fm.symbol(found[-1][0])
        made[part] = short
    return made[e], found


def mathml(e: Expr, otherwise: str = "otherwise") -> str:
    """The formula as the inside of a `<math>` element: `mathml(exp(-u))` is e with the exponent −u."""
    text: dict[Expr, tuple[str, int]] = {}
    for part in order([e]):
        if part.kind == "constant":
            text[part] = _number(part.label)
        elif part.kind != "word":
            text[part] = (_name(str(part.label)), 9)
        elif part.label.name == "where":
            text[part] = _cases(part, text, otherwise), 1
        else:
            text[part] = _word(part, [text[a] for a in part.args])
    return _row(text[e][0])


def _word(part: Expr, args: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """A word with its operands written already: the text, and how tightly it binds."""
    word: Word = part.label
    match word.name:
        case "mul":
            return _product(part, args)
        case "div":
            return word.mathml.format(_row(args[0][0]), _row(args[1][0])), 5
        case "pow":
            return word.mathml.format(_wrap(args[0], 6), _row(args[1][0])), 5
        case "neg":
            return word.mathml.format(_wrap(args[0], 3)), 2
    if word.infix:
        right = 3 if word.binds == 2 and (word.name == "sub" or args[1][0].startswith("<mo>−")) else word.binds
        return f"{_wrap(args[0], word.binds)}<mo>{SIGNS[word.name]}</mo>{_wrap(args[1], right)}", word.binds
    if word.mathml:
        return word.mathml.format(_row(args[0][0])), 5 if word.name == "exp" else 9
    inside = "<mo>,</mo>".join(_row(a) for a, _ in args)
    return f"<mrow><mi>{word.name}</mi><mrow><mo>(</mo>{inside}<mo>)</mo></mrow></mrow>", 9


def _product(part: Expr, args: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """A square; a number before what it multiplies, a half below it; else a dot."""
    (a, b), (left, right) = part.args, args
    if a is b:
        return f"<msup>{_wrap(left, 6)}<mn>2</mn></msup>", 5
    if b.kind == "constant":
        a, b, left, right = b, a, right, left
    if a.kind == "constant" and b.kind != "constant":
        if a.label in (0.5, 0.25):
            return _fraction(_row(right[0]), f"<mn>{1 / a.label:.0f}</mn>"), 5
        return f"{left[0]}<mspace width='.15em'/>{_wrap(right, 3)}", left[1] if left[1] < 3 else 3
    signed = left[0].startswith("<mo>−")
    return f"{left[0] if signed else _wrap(left, 3)}<mo>·</mo>{_wrap(right, 3)}", 2 if signed else 3


def _cases(part: Expr, text: Mapping[Expr, tuple[str, int]], otherwise: str) -> str:
    """A `where` and those in its last branch as one brace; two conditions for one value stand in one line."""
    rows: list[tuple[str, str]] = []
    while part.kind == "word" and part.label.name == "where":
        test, value, rest = part.args
        said = text[test][0]
        while value.kind == "word" and value.label.name == "where" and value.args[2] is rest:
            said = f"{_row(said)}<mo>,</mo>{_row(text[value.args[0]][0])}"
            value = value.args[1]
        rows.append((text[value][0], said))
        part = rest
    rows.append((text[part][0], f"<mtext>{otherwise}</mtext>"))
    cells = "".join(
        f'<mtr><mtd class="left">{_row(value)}</mtd><mtd class="left">{_row(said)}</mtd></mtr>' for value, said in rows
    )
    return f"<mrow><mo>{{</mo><mtable>{cells}</mtable></mrow>"


def _wrap(part: tuple[str, int], binds: int) -> str:
    return _row(part[0]) if part[1] >= binds else f"<mrow><mo>(</mo>{part[0]}<mo>)</mo></mrow>"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _name(name: str) -> str:
    """A letter; f′(u) with its prime, a digit or what is behind _ as an index."""
    head, prime, tail = name.partition("′")
    if prime:
        of = f"<mrow><mo>(</mo><mi>{tail[1:-1]}</mi><mo>)</mo></mrow>" if tail else ""
        return f"<mrow><msup><mi>{head}</mi><mo>′</mo></msup>{of}</mrow>"
    head, _, low = GREEK.get(name, name).partition("_")
    if head[:-1].isalpha() and head[-1:].isdigit():
        head, low = head[:-1], head[-1]
    head = GREEK.get(head, head)
    return f"<msub><mi>{head}</mi><mi>{low}</mi></msub>" if low else f"<mi>{head}</mi>"


def _number(value: float) -> tuple[str, int]:
    """A number, as π or a fraction where it is one."""
    whole = abs(value) < 1e15 and value == int(value)
    text = _KNOWN.get(abs(value)) or f"<mn>{abs(value):.0f}</mn>" * whole or f"<mn>{abs(value):.7g}</mn>"
    return ("<mo>−</mo>" + text, 2) if value < 0 else (text, 9)

"""Small SVG: elements whose texts are always escaped, the width of a text, and the frame of a drawing.

Colours and fonts are classes the page's style sheet fills, so that one drawing serves light, dark, print.
"""

from __future__ import annotations

import unicodedata

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Raw(str):
    """Markup that has been escaped already."""


def number(value: float) -> str:
    """A coordinate: two decimals are finer than any screen, and -0 is 0.

    Examples
    --------
    >>> number(12.0), number(0.126), number(-0.001)
    ('12', '0.13', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tag(name: str, *children: str, **attributes: object) -> Raw:
    """One element; texts and values are escaped, `class_` is class, `text_anchor` is text-anchor.

    Examples
    --------
    >>> tag("text", "a < b", x=1.5, class_="tick")
    '<text x="1.5" class="tick">a &lt; b</text>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            text = number(value) if isinstance(value, (int, float)) else str(value).translate(_ESCAPES)
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{text}"')
    inner = "".join(c if isinstance(c, Raw) else c.translate(_ESCAPES) for c in children)
    return Raw(f"<{' '.join(parts)}>{inner}</{name}>" if children else f"<{' '.join(parts)}/>")


def group(*children: str, **attributes: object) -> Raw:
    """Elements that belong together."""
    return tag("g", *children, **attributes)


def label(x: float, y: float, text: str, class_: str = "", anchor: str | None = None) -> Raw:
    """A line of text; `anchor` is None (start), "middle" or "end"."""
    return tag("text", text, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Raw:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


_NARROW, _WIDE = frozenset("fijlrtI.,:;|!'()[]{}/\\ "), frozenset("mwMW@%—…→<>=+~#&")


def width(text: str, size: float = 12) -> float:
    """The estimated width of a text in pixels: no font can be asked, so it errs on the wide side.

    Examples
    --------
    >>> round(width("epoch")), round(width("エポック"))
    (35, 48)
    """
    ems = 0.0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF":
            ems += 1.0
        elif unicodedata.combining(char):
            continue
        elif char in _NARROW:
            ems += 0.36
        elif char in _WIDE:
            ems += 0.92
        else:
            ems += 0.70 if char.isupper() else 0.58
    return ems * size


def fit(text: str, room: float, size: float = 12) -> str:
    """`text`, cut in its middle when it does not fit into `room` pixels: names mostly differ at their ends.

    Examples
    --------
    >>> fit("dense1", 80), fit("a_very_long_layer_name_7", 80)
    ('dense1', 'a_very_…e_7')
    """
    if width(text, size) <= room:
        return text
    head, tail = text[:-3], text[-3:]
    while head and width(f"{head}…{tail}", size) > room:
        head = head[:-1]
    return f"{head}…{tail}"


# One shape per series as well as one colour: ● ▲ ◆ (✕: not finite) can be told apart without colours.
_SHAPES = {
    "dot": "M{x} {y}m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
    "triangle": "M{x} {y}m0 -{d}l{d} {e}h-{ee}z",
    "diamond": "M{x} {y}m0 -{d}l{d} {d}l-{d} {d}l-{d} -{d}z",
    "cross": "M{x} {y}m-{r} -{r}l{d} {d}m0 -{d}l-{d} {d}",
}


def marker(shape: str, x: float, y: float, class_: str, radius: float = 3.5) -> Raw:
    """A mark at (x, y): "dot", "triangle", "diamond" or "cross"."""
    double = 1.4 * radius if shape in ("triangle", "diamond") else 2 * radius
    sizes = {"r": radius, "d": double, "e": 1.7 * double, "ee": 2 * double}
    places = {key: number(value) for key, value in {"x": x, "y": y, **sizes}.items()}
    return tag("path", d=_SHAPES[shape].format(**places), class_=f"mark {class_}")


def drawing(key: str, title: str, description: str, size: tuple[float, float], *children: str) -> str:
    """The `<svg>` with its name and its description for those who do not see it.

    It never grows beyond its own size, so that its letters stay as large as the page's.
    """
    wide, high = size
    return tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", description, id=f"{key}-desc"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(wide)} {number(high)}",
        width=wide,
        height=high,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        style=f"min-width:{number(max(min(wide, 400), 0.75 * wide))}px",
    )

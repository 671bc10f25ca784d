"""How networks, runs and histories show themselves: in a notebook, as text with the same numbers, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...messages import language, say
from ...nn.layers.base import activation_of

if TYPE_CHECKING:
    from .network import Network
    from .run import Run

PARTS = ("train", "validation", "test")
TABLE_ROWS = 20


class Shown:
    """The base of what has a card: `_card` makes the HTML, `_told` the same numbers as headings and rows of text."""

    def _card(self) -> str:
        raise NotImplementedError

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """For a notebook: HTML and SVG, no script."""
        return self._card()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same for whoever asks: text/html, and text/plain with the same numbers."""
        found = {"text/plain": plain(*self._told()), "text/html": self._card()}
        wanted = {k: v for k, v in found.items() if include is None or k in include}
        return {k: v for k, v in wanted.items() if exclude is None or k not in exclude}

    def __rich__(self) -> Any:
        """For `rich.print`: a table."""
        from rich.table import Table
        from rich.text import Text

        title, head, rows = self._told()
        table = Table(title=Text(title), title_justify="left", pad_edge=False)
        for j, name in enumerate(head):
            table.add_column(Text(name), justify="right" if _numbers(rows, j) else "left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        return table


class History(list[dict[str, float]], Shown):
    """One dictionary an epoch: epoch, train_loss, with rows held out valid_loss (and valid_accuracy, valid_exact)."""

    def _card(self) -> str:
        from ...report import cards

        return cards.history(self, language())

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        keys = list(dict.fromkeys(key for row in self for key in row))
        some = self[:: max(1, -(-len(self) // TABLE_ROWS))]
        if self and some[-1] is not self[-1]:
            some = [*some, self[-1]]
        head = [say(f"cli_show.history_{key}") for key in keys]
        rows = [[f"{v:.0f}" if k == "epoch" else f"{v:.6g}" for k, v in row.items()] for row in some]
        return say("cli_show.history", epochs=len(self)), head, rows


def network_card(net: Network) -> str:
    """The layers as boxes; before the first data the bare names."""
    from ...report import cards

    features = sum(net.features) if net.values else 0
    return cards.network(_summary(net), net.size if net.values else 0, features, language())


def _summary(net: Network) -> list[dict[str, Any]]:
    """The rows of `summary`; before the first data what is known without shapes."""
    if net.values:
        return net.summary()
    found = []
    for number, layer in enumerate(net.layers(), start=1):
        row = {"name": layer.name or f"{number}", "kind": type(layer).__name__, "output": None, "parameters": 0}
        activation = activation_of(layer)
        found.append({**row, "activation": activation} if activation else row)
    return found


def network_rows(net: Network) -> tuple[str, list[str], list[list[str]]]:
    """A row for each layer."""
    head = [say(f"cli_show.{key}") for key in ("layer", "kind", "activation", "outputs", "parameters")]
    rows = [
        [
            row["name"], row["kind"], str(row.get("activation", "–")), " × ".join(map(str, row["output"] or ())) or "–",
            f"{row['parameters']:,}",
        ]
        for row in _summary(net)
    ]  # fmt: skip
    return say("cli_show.network", parameters=f"{net.size if net.values else 0:,}"), head, rows


def run_card(run: Run) -> str:
    """Verdict, scores, curves."""
    from ...report import cards

    return cards.run(run.describe(), run._curves(), language())


def run_rows(run: Run) -> tuple[str, list[str], list[list[str]]]:
    """A row for each part of the data."""
    parts = [name for name in PARTS if name in run.result]
    keys = list(dict.fromkeys(key for name in parts for key in run.result[name]))
    rows = [
        [say(f"cli_train.part_{name}"), *(f"{run.result[name].get(key, float('nan')):.6g}" for key in keys)]
        for name in parts
    ]
    return str(run), ["", *(say(f"cli.{key}") for key in keys)], rows


def plain(title: str, head: list[str], rows: list[list[str]]) -> str:
    """A table as text.

    >>> print(plain("two", ["name", "value"], [["a", "1"], ["bc", "22"]]))
    two
    name  value
    a         1
    bc       22
    """
    from ...messages import places

    lines = [head, *rows] if rows else []
    widths = [max(places(row[j]) for row in lines) for j in range(len(head))] if lines else []

    right = [_numbers(rows, j) for j in range(len(head))]

    def line(row: list[str]) -> str:
        cells = [
            " " * (w - places(cell)) + cell if right[j] else cell + " " * (w - places(cell))
            for j, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([title, *map(line, lines)])


def _numbers(rows: list[list[str]], j: int) -> bool:
    """Whether a column holds numbers, which stand on the right."""
    return all(row[j] in ("", "–") or row[j].lstrip("-")[:1].isdigit() or row[j] in ("nan", "inf") for row in rows)

"""A trace: one step of a training, with its ledger and the chain rule of every parameter."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import Node
from ...errors import fail, nearest
from ...nn import Structure
from .cells import Array, Ledger
from .chain import Chain
from .difference import Difference, Measured
from .ledger import Bookkeeper
from .record import Recording, Step
from .slopes import Slopes
from .symbols import Symbols, symbols_named
from .updates import as_kept, as_shown, spelled, step_cells
from .walker import Walker, chain_of

if TYPE_CHECKING:
    from .html import Face

TOP = 8


class Trace:
    """Every number of one step of backpropagation, read from the machine's memory between its instructions.

    Parameters
    ----------
    net : Structure
    step : Step
        Rows, loss, optimizer and its state, dtype, seed: see there.
    row : int
        The row of the batch that the ledger is of, from 0.
    top : int
        Of large layers and long sums so many are shown, the largest; all others in one line.
    symbols : {"uoδ", "azyt", "za"}
        How the values are written: the lecture's, those of O'Reilly Japan's books, or 3Blue1Brown's.
    about : mapping
        More of what the numbers depend on, told beside the rest: optimizer, learning_rate, model, source …

    Examples
    --------
    >>> from backlit import Dense, Network
    >>> net = Network([Dense(2, "sigmoid"), Dense(1, "sigmoid")])
    >>> trace = net.trace([[1.0, 0.0]], [[1.0]])
    >>> trace["dense1.u"].shape, trace.ledger().closes
    ((1, 2), True)
    """

    def __init__(
        self, net: Structure, step: Step, *, row: int = 0, top: int = TOP, symbols: str = "uoδ",
        about: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.symbols: Symbols = symbols_named(symbols)
        self.net, self.step, self.top = net, step, _positive(top)
        self.recording = Recording(net, step)
        self.row = self.recording.row(row)
        self.slopes = Slopes(self.recording)
        self.about = dict(about or {})
        self._measured: Measured | None = None

    def __getitem__(self, name: str) -> Array:
        """A recorded value: "dense1.u", "dense1.f′", "dense1.δᵘ", "E"; a weight and its gradient as they are shown."""
        known = self.recording.before
        if name not in known:
            name = {key: own for own, key in self.net.keys().items()}.get(name, name)
        if name not in known:
            raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, known), where="trace")
        return as_shown(name, self.recording[name])

    @property
    def E(self) -> float:
        """The loss of the batch."""
        return float(self.recording["E"])

    @property
    def after(self) -> dict[str, Array]:
        """The parameters after the step, as they are shown."""
        return {n: as_shown(n, self.recording.after[n]) for n in self.net.values if n in self.recording.after}

    @property
    def conventions(self) -> dict[str, Any]:
        """What the numbers depend on beside the network: loss, ½, reduction, optimizer, dtype, seed, symbols."""
        from .outputs import conventions

        return {**conventions(self.recording, self.row), **self.about, "symbols": self.symbols.name}

    # --- the views --------------------------------------------------------------------------------------------

    def ledger(self, row: int | None = None, top: int | None = None) -> Ledger:
        """The five stages for one row of the batch."""
        row = self.row if row is None else self.recording.row(row)
        made = Bookkeeper(self.recording, self.slopes, row, self.top if top is None else _positive(top)).ledger()
        return Ledger(made.blocks, made.E, {**self.conventions, "row": row})

    def parameter(self, name: str, row: int | None = None, top: int | None = None) -> Chain:
        """The chain rule of one parameter, by its name and place as it is shown: "dense1.weight[3,5]".

        PyTorch's keys ("0.weight[3,5]") are the same.  BL307: no such name; BL361: no such place; BL362: no gradient.
        """
        p, at = self.find(name)
        recording = self.recording
        row = self.row if row is None else recording.row(row)
        key = spelled(self.net.keys().get(p.name, p.name), at)
        return chain_of(
            Walker(recording, self.slopes), p, at, row, self.top if top is None else _positive(top), key,
            tuple(step_cells(recording, p, at)), self.difference(p.name, at),
        )  # fmt: skip

    def difference(self, name: str, at: tuple[int, ...]) -> Difference:
        """The central difference of E by one parameter, in float64, beside its gradient."""
        self._measured = self._measured or Measured(self.recording)
        kept = as_kept(name, at)
        return self._measured.slope(name, kept, float(self.recording[f"∂E/∂{name}"][kept]))

    def text(self, parameter: str = "", *, tape: bool = False) -> str:
        """The ledger, or the chain rule of a parameter, as text for a terminal; `tape` adds the machine's lines."""
        from .chain_text import chain_text
        from .text import ledger_text

        if parameter:
            return chain_text(self.parameter(parameter), self.symbols, self.recording.rows)
        return ledger_text(self, self.ledger(), tape=tape)

    def code(self) -> str:
        """A few lines of NumPy that give the same numbers; BL364 for layers that have none yet.

        Chains of Dense layers with activation functions of one unit, softmax at the end.
        """
        from .code import Writer

        return Writer(self).code()

    def tape(self) -> list[str]:
        """The machine's instructions, a line each."""
        return self.recording.tape.text().split("\n")

    def to_dict(self, parameter: str = "") -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return self.parameter(parameter).to_dict() if parameter else self.ledger().to_dict()

    # --- its faces (html.py, latex.py, blank.py) ------------------------------------------------------------------

    def html(self, parameter: str = "") -> str:
        """The ledger, the drawings and the chain rule of a parameter (the largest gradient's) as a page of HTML."""
        from .html import page

        return page(self, parameter)

    def latex(self, parameter: str = "") -> str:
        """The ledger and the chain rule of a parameter as a LaTeX document."""
        from .latex import document

        return document(self, parameter)

    def blank(self, stages: Collection[int] | None = None, *, key: bool = True) -> str:
        """The ledger as an exercise: the numbers of these stages (all five) left out; with `key` the answers behind it.

        BL378 for a stage that there is not.
        """
        from .blank import text

        return text(self, stages, key=key)

    def svg(self, parameter: str = "") -> str:
        """The network with the numbers of the row; of a parameter the paths to E are lit up."""
        from .draw_network import network

        return network(self, self.parameter(parameter) if parameter else None)

    def show(self, parameter: str) -> Face:
        """The chain rule of a parameter for a notebook: its paths lit up in the network, every factor below."""
        from .html import Face

        return Face(self, parameter)

    def _repr_html_(self) -> str:
        """For a notebook: SVG and MathML, no script."""
        from .html import card

        return card(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same for whoever asks: text/html, and text/plain with the same numbers."""
        from .html import chosen

        largest = self.largest_parameter()
        plain = [self.text(), *([self.text(largest)] if largest else [])]
        found = {"text/plain": "\n\n".join(plain), "text/html": self._repr_html_()}
        return chosen(found, include, exclude)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        told = self.conventions
        return f"<Trace row {self.row} of {told['rows']}, E = {self.E:.6g}, {told['loss']}, {told['dtype']}>"

    def find(self, text: str) -> tuple[Node, tuple[int, ...]]:
        """The parameter and the place that a text like "dense1.weight[3,5]" means."""
        match = re.fullmatch(r"\s*([^\[\]]+?)\s*(?:\[([^\[\]]*)\])?\s*", str(text))
        own = self.net.find(match[1] if match else str(text))
        shape = as_shown(own, self.recording[own]).shape
        written = [part for part in (match[2] or "").split(",") if part.strip()] if match else []
        at = tuple(int(part) for part in written if re.fullmatch(r"\s*-?\d+\s*", part))
        if not at and int(np.prod(shape)) == 1:
            at = (0,) * len(shape)
        inside = [0 <= i < n for i, n in zip(at, shape, strict=False)]
        if len(at) != len(shape) or len(at) < len(written) or not all(inside):
            near = [min(max(i, 0), n - 1) for i, n in zip((*at, *([0] * len(shape))), shape, strict=False)]
            raise fail("BL361", name=text, shape=shape, high=spelled(own, tuple(n - 1 for n in shape)),
                       nearest=spelled(own, tuple(near)))  # fmt: skip
        p = self.recording.built.parameters[own]
        if f"∂E/∂{own}" not in self.recording:
            trained = [q.name for q in self.recording.built.trained if f"∂E/∂{q.name}" in self.recording]
            raise fail("BL362", name=own, known=", ".join(trained), nearest=nearest(own, trained))
        return p, at

    def largest_parameter(self) -> str:
        """The parameter with the largest |gradient|: what to look at where nobody says."""
        best, name = -1.0, ""
        for p in self.recording.built.trained:
            if (key := f"∂E/∂{p.name}") in self.recording:
                shown = np.abs(as_shown(p.name, self.recording[key]))
                if shown.size and float(np.nanmax(shown)) > best:
                    at = np.unravel_index(int(np.nanargmax(shown)), shown.shape)
                    best, name = float(shown[at]), spelled(p.name, tuple(int(i) for i in at))
        return name


def _positive(top: Any) -> int:
    if isinstance(top, bool) or not isinstance(top, (int, np.integer)) or top < 1:
        raise fail("BL305", name="top", low=1, high="…", value=top, where="trace")
    return int(top)

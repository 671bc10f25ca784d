"""The ledger as a few lines of NumPy that anybody can run: the same numbers, without Backlit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import Node
from ...errors import fail
from ...nn.objective import what_it_reads
from ...ops import Elementwise
from ...ops import formula as fm
from ...ops.formula import Expr
from ...ops.normalized import softmax
from ...ops.printing import plain
from .outputs import count
from .updates import GRADIENT, PLAIN, as_shown
from .wiring import Leg

if TYPE_CHECKING:
    from .trace import Trace

FEW = 400  # numbers that are written into the code; more weights are loaded from the model, where it is a file
Array = np.ndarray[Any, Any]


class Writer:
    """Writes the code of one trace: BL364 where a layer has no line here yet."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.recording, self.wiring = trace, trace.recording, trace.recording.wiring
        self.alone = self.recording.rows == 1
        self.words: dict[str, Any] = {}  # functions that the formulas need
        self.name: dict[Node, str] = {}  # of stations, in the code
        self.lines: list[str] = []

    def code(self) -> str:
        """The whole program."""
        chain = self._chain()
        recording = self.recording
        if recording.aim.weighted or recording.aim.l1 or recording.aim.l2:
            raise fail("BL364", layer="sample_weight, l1, l2")
        (x,) = recording.built.inputs
        self.name[x] = "x"
        for number, layer in enumerate(chain, start=1):
            self._forward(number, layer)
        backward = self._loss(chain)
        for number in range(len(chain), 0, -1):
            backward += self._backward(number, chain)
        update = self._update(chain)
        inputs = [f"x = {self._array(self._rows(x.name))}", f"t = {self._array(self._rows('E.t'))}"]
        numbers = self._weights(chain)
        return "\n".join([*self._imports(), "", *inputs, *numbers, "", *self.lines, "", *backward, *update]) + "\n"

    # --- what there is ----------------------------------------------------------------------------------------

    def _chain(self) -> list[tuple[Leg, Node]]:
        """The layers one after the other: each the leg to its u, and its o; else BL364 with the first that is none."""
        recording, found = self.recording, []
        if len(recording.built.inputs) != 1:
            raise fail("BL364", layer=", ".join(n.name for n in recording.built.inputs))
        source = recording.built.inputs[0]
        for station in self.wiring.stations:
            leg = self.wiring.legs[station]
            if leg.kind == "affine" and leg.sources == (source,):
                found.append((leg, station))
                source = station
            elif found and source is found[-1][0].target and leg.sources == (source,) and self._fires(station, source):
                found[-1] = (found[-1][0], station)
                source = station
            elif station is not source:
                raise fail("BL364", layer=self.wiring.name(station).rpartition(".")[0])
        if not found or source is not recording.built.output:
            raise fail("BL364", layer=self.wiring.name(recording.built.output))
        return found

    @staticmethod
    def _fires(o: Node, u: Node) -> bool:
        simple = isinstance(o.op, Elementwise) and o.args == (u,)
        return simple or (o.op is softmax and o.args == (u,))

    def _rows(self, name: str) -> Array:
        found = self.recording[name]
        return found[0] if self.alone else found

    def _array(self, values: Array) -> str:
        return f"np.array({np.asarray(values).tolist()!r})"  # the digits of a float32 are those of its float64

    # --- lines ------------------------------------------------------------------------------------------------

    def _imports(self) -> list[str]:
        lines = ["import numpy as np"]
        own, special = [], []
        for name, function in sorted(self.words.items()):
            if name in ("erf", "ndtr"):
                special.append(name)
            elif name != "abs":
                real = {"where": "where"}.get(name) or function.__name__
                own.append(real if real == name else f"{real} as {name}")
        lines += [f"from numpy import {', '.join(own)}"] if own else []
        return lines + ([f"from scipy.special import {', '.join(special)}"] if special else [])

    def _formula(self, e: Expr, names: dict[str, str]) -> str:
        for part in fm.order([e]):
            if part.kind == "word" and not part.label.infix and part.label.name != "neg":
                self.words[part.label.name] = part.label.numpy
        return plain(e, names)

    def _weights(self, chain: list[tuple[Leg, Node]]) -> list[str]:
        recording, lines = self.recording, []
        many = sum(recording[p.name].size for leg, _ in chain for p in leg.parameters) > FEW
        model = self.trace.about.get("model") if many else None
        if model is not None:
            lines.append(f"import backlit; net = backlit.load({str(model)!r})  # for its weights alone")
        for number, (leg, _) in enumerate(chain, start=1):
            for letter, p in zip("Wb", leg.target.args[1:], strict=False):
                value = f"net[{p.name!r}].astype(float)" if model else self._array(as_shown(p.name, recording[p.name]))
                lines.append(f"{letter}{number} = {value}")
        return lines

    def _forward(self, number: int, layer: tuple[Leg, Node]) -> None:
        leg, o = layer
        source = self.name[leg.target.args[0]]
        bias = f" + b{number}" if len(leg.target.args) > 2 else ""
        product = f"W{number} @ {source}" if self.alone else f"{source} @ W{number}.T"
        self.lines.append(f"u{number} = {product}{bias}")
        self.name[o] = f"o{number}"
        if o is leg.target:
            self.lines.append(f"o{number} = u{number}")
        elif isinstance(o.op, Elementwise):
            self.lines.append(
                f"o{number} = {self._formula(self._with(o, o.op.formula), {o.op.inputs[0]: f'u{number}'})}"
            )
        else:
            self.lines.append(f"o{number} = np.exp(u{number} - u{number}.max(axis=-1, keepdims=True))")
            self.lines.append(f"o{number} /= o{number}.sum(axis=-1, keepdims=True)")

    @staticmethod
    def _with(node: Node, e: Expr) -> Expr:
        """The formula with the parameters of the function as numbers."""
        return fm.substitute(e, {n: fm.constant(float(v)) for n, v in node.attrs.items()})

    def _slope(self, number: int, o: Node) -> str:
        """f′ as it is written."""
        if not isinstance(o.op, Elementwise):
            return "1"
        slope = o.op.slope(0)
        names = {
            n: f"o{number}" if r == "y" else f"u{number}" for n, r in zip(slope.op.inputs, slope.reads, strict=True)
        }
        return self._formula(self._with(o, slope.op.formula), names)

    def _loss(self, chain: list[tuple[Leg, Node]]) -> list[str]:
        aim, last, n = self.recording.aim, len(chain), count(self.recording)
        by = f" / {n}" if n != 1 else ""
        read = what_it_reads(self.recording.built, aim.kind)
        leg, o = chain[-1]
        what = f"o{last}" if read is o and o is not leg.target else f"u{last}"
        signal = "δo" if what.startswith("o") or (o is leg.target and not aim.kind.reads) else "δu"
        if aim.kind.name == "squared_error":
            half = bool(aim.options.get("half"))
            found = [f"E = {'0.5 * ' if half else ''}np.sum((o{last} - t) ** 2){by}"]
            return [*found, f"δo{last} = {'' if half else '2 * '}(o{last} - t){by}"]
        if aim.kind.name == "cross_entropy":
            if o.op is not softmax:
                raise fail("BL364", layer="cross_entropy without softmax")
            return [f"E = -np.sum(t * np.log(o{last})){by}",
                    f"δu{last} = (o{last} * t.sum(axis=-1, keepdims=True) - t){by}"]  # fmt: skip
        op = aim.kind.op
        if not isinstance(op, Elementwise) or aim.kind.through:
            raise fail("BL364", layer=aim.kind.name)
        values = {n: fm.constant(float(aim.options.get(n, v))) for n, v in op.defaults.items()}
        names = dict(zip(op.inputs, (what, "t"), strict=True))
        slope = op.slope(0)
        read_by = {m: names[op.inputs[int(r)]] for m, r in zip(slope.op.inputs, slope.reads, strict=True) if r != "y"}
        term = self._formula(fm.substitute(op.formula, values), names)
        back = self._formula(fm.substitute(slope.op.formula, values), read_by)
        return [f"E = np.sum({term}){by}", f"{signal}{last} = ({back}){by} + 0 * {what}"]

    def _backward(self, number: int, chain: list[tuple[Leg, Node]]) -> list[str]:
        leg, o = chain[number - 1]
        lines = []
        if number < len(chain):
            lines.append(f"δo{number} = W{number + 1}.T @ δu{number + 1}" if self.alone
                         else f"δo{number} = δu{number + 1} @ W{number + 1}")  # fmt: skip
        read = what_it_reads(self.recording.built, self.recording.aim.kind)
        direct = number == len(chain) and read is leg.target and o is not leg.target
        if o.op is softmax and not direct:
            lines.append(
                f"δu{number} = o{number} * (δo{number} - (o{number} * δo{number}).sum(axis=-1, keepdims=True))"
            )
        elif o is leg.target and f"δu{number} = " not in "".join(lines) and not self._is_direct(number, chain):
            lines.append(f"δu{number} = δo{number}")
        elif not direct and o is not leg.target:
            lines += [f"f{number} = {self._slope(number, o)}", f"δu{number} = f{number} * δo{number}"]
        source = self.name[leg.target.args[0]]
        outer = f"np.outer(δu{number}, {source})" if self.alone else f"δu{number}.T @ {source}"
        bias = f"δu{number}" if self.alone else f"δu{number}.sum(axis=0)"
        both = len(leg.target.args) > 2
        return [*lines, f"dW{number}, db{number} = {outer}, {bias}" if both else f"dW{number} = {outer}"]

    def _is_direct(self, number: int, chain: list[tuple[Leg, Node]]) -> bool:
        """Whether the loss has already given the error signal at u."""
        return number == len(chain) and bool(self.recording.aim.kind.reads)

    def _update(self, chain: list[tuple[Leg, Node]]) -> list[str]:
        update = self.recording.step.update
        if update is None or update.state or plain(update.formulas[0]) not in PLAIN:
            return []
        rate = self.recording.scalars["learning_rate"]
        lines = []
        for number, (leg, _) in enumerate(chain, start=1):
            for letter, p in zip("Wb", leg.target.args[1:], strict=False):
                if f"{GRADIENT}{p.name}" in self.recording:
                    lines.append(f"{letter}{number} = {letter}{number} - {rate!r} * d{letter}{number}")
        return ["", *lines]

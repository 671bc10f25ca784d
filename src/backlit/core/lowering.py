"""Lowering: from a graph to a tape.

Elementwise nodes are joined into one formula where nobody else needs the value between them; a value that is only
repeated (`spread`) is read in place.  The nodes that are `keep`t are never joined away: with nothing kept this is
the *fused* tape that trains, with the lecture's u, o, f′, δ kept it is the *observed* one.  Same graph, same formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import fail
from ..ops import formula as fm
from ..ops import shapes
from ..ops.declare import Elementwise, Structural
from ..ops.formula import Expr
from ..ops.shapes import Rows, Shape
from .blocks import Blocks
from .graph import Node, reachable
from .tape import Instruction, Scalar, Tape, Value

MOST_WORDS, MOST_INPUTS = 32, 6  # of a joined formula: what the registers of the formula machine are made for


@dataclass(frozen=True)
class Update:
    """An optimizer's step as formulas over whole blocks: new w and new state from w, g, state and scalars."""

    formulas: tuple[Expr, ...]  # of inputs "w", "g", the state's names and the measures'; the first is the new w
    state: tuple[str, ...]
    scalars: Mapping[str, float]
    # Scalars that follow the number of the step k: each is worked out once a step from itself and others, and read
    # in its own place by the formulas.
    follows: Mapping[str, Expr] = field(default_factory=dict)
    # What is measured of the whole gradient before the step: name → operation, each applied to the result before.
    # The last one is a single number.
    measures: Mapping[str, Structural] = field(default_factory=dict)
    single: frozenset[str] = frozenset()  # those of the state that are one number for all weights


def lower(
    keep: Mapping[str, Node],
    *,
    blocks: Blocks | None = None,
    gradients: Mapping[Node, Node] | None = None,
    update: Update | None = None,
    running: Mapping[Node, Node] | None = None,
    labels: Mapping[Node, str] | None = None,
    changes: Structural | None = None,
) -> Tape:
    """The tape that computes the nodes of `keep` (and the gradients, into their block; and the updates).

    Parameters
    ----------
    keep : name → node
        What can be read after a run, by name.
    blocks : Blocks
        The parameters' order.  Parameters that are in no block become inputs.
    gradients : parameter → node
        What goes to the gradient block.
    update : Update
        The optimizer's step.
    running : node of the running block → node
        The new value of each running value.  Like the optimizer's step it is written behind `update_at`, so that a
        step whose loss is not finite leaves it as it was.
    labels : node → name
        What nodes without a name of their own are called, where they are not joined away: an error signal, say.
    changes : Structural
        What is measured of each parameter's step, behind it: an operation on where the step before began, where this
        one began and ended, and the gradient, as vectors.  Its results are called "Δ.NAME".
    """
    made = _Lowering(dict(keep), blocks or Blocks(), dict(gradients or {}), update, dict(running or {}), changes)
    made.told = dict(labels or {})
    return made.tape()


class _Lowering:
    def __init__(
        self, keep: dict[str, Node], blocks: Blocks, gradients: dict[Node, Node], update: Update | None,
        running: dict[Node, Node], changes: Structural | None = None,
    ) -> None:  # fmt: skip
        self.changes, self.measured = changes, set[str]()  # the names of what is measured
        self.keep, self.blocks, self.gradients, self.update, self.running = keep, blocks, gradients, update, running
        self.kept = set(keep.values())
        self.label = {node: name for name, node in reversed(keep.items())}
        self.told: dict[Node, str] = {}
        self.early = reachable([*keep.values(), *gradients.values()])  # the rest is for the running values alone
        self.nodes = reachable([*self.early, *running.values()])
        self.users: dict[Node, list[Node]] = {n: [] for n in self.nodes}
        for node in self.nodes:
            for a in dict.fromkeys(node.args):
                self.users[a].append(node)
        self.fixed = self.kept | set(gradients.values())
        self.joined: dict[Node, Expr] = {}  # elementwise nodes as formulas over leaf symbols
        self.parts: dict[Node, list[tuple[str, Expr]]] = {}  # the operations that each of these formulas is made of
        self.leaves: dict[str, tuple[Node, Shape]] = {}  # what those symbols stand for
        self.uniforms: dict[str, Scalar] = {}
        self.values: list[Value] = []
        self.value_of: dict[Node, int] = {}
        self.instructions: list[Instruction] = []
        self.derived: list[tuple[str, Expr]] = []
        self.row_scalars: dict[str, Rows] = {}

    def tape(self) -> Tape:
        for node in self.nodes:
            if isinstance(node.op, Elementwise):
                self.joined[node] = self.join(node)
        self.make_blocks()
        for node in self.early:
            self.emit(node)
        for parameter, g in self.gradients.items():
            self.copy_gradient(parameter, g)
        names = {name: self.kept_value(name, node) for name, node in self.keep.items()}
        at = len(self.instructions)
        scalars: dict[str, float | Rows] = {}
        self.emit_running()
        if self.update:
            scalars |= self.emit_watched(self.update, self.changes) if self.changes else self.emit_update(self.update)
        scalars |= self.row_scalars
        names |= {
            v.name: v.number for v in self.values if v.kind in ("block", "input") and v.name and v.name not in names
        }
        names |= {v.name: v.number for v in self.values if v.name and (v.block is not None or v.name in self.measured)}
        return Tape(self.values, self.instructions, names, scalars, self.derived, at)

    # --- joining formulas -------------------------------------------------------------------------------------

    def join(self, node: Node) -> Expr:
        """The node's formula, with the formulas of arguments that nobody else uses written into it."""
        assert isinstance(node.op, Elementwise)
        operands: dict[str, Any] = {n: self.scalar(node.attrs[n]) for n in node.op.defaults}
        plain: dict[str, Any] = {}
        for name, a in zip(node.op.inputs, node.args, strict=True):
            plain[name] = operands[name] = self.operand(a, node)
        for name, a in zip(node.op.inputs, node.args, strict=True):
            if self.can_join(a, node):
                tried = operands | {name: self.joined[a]}
                e = fm.substitute(node.op.formula, tried)
                if fm.size([e]) <= MOST_WORDS and len(fm.leaves([e], "input")) <= MOST_INPUTS:
                    operands = tried
        parts: list[tuple[str, Expr]] = []
        for name, a in zip(node.op.inputs, node.args, strict=True):
            if operands[name] is not plain[name]:
                parts += self.parts[a]
            elif isinstance(a.op, Elementwise):
                self.fixed.add(a)  # stays an instruction of its own
        made = fm.substitute(node.op.formula, operands)
        self.parts[node] = [*parts, (node.op.name, made)]
        return made

    def can_join(self, a: Node, user: Node) -> bool:
        return (
            isinstance(a.op, Elementwise) and a not in self.fixed and a.shape == user.shape and len(self.users[a]) == 1
        )

    def operand(self, a: Node, user: Node) -> Expr:
        """The leaf by which a formula reads node `a`."""
        if a.kind == "constant":
            return fm.constant(a.value) if isinstance(a.value, float) else self.scalar(a.value)
        view = a.shape
        if self.reads_through(a):
            axis, a = a.attrs["axis"], a.args[0]
            if a.kind == "constant":
                return self.operand(a, user)
            view = a.shape if axis is None else (*a.shape[:axis], 1, *a.shape[axis:])
        if shapes.repeats(view, user.shape) is None:
            raise fail("BL101", op="formula", expected=shapes.text(user.shape), got=shapes.text(view), where=str(a))
        name = f"n{a.index} {view}"
        self.leaves[name] = (a, view)
        return fm.symbol(name)

    def reads_through(self, a: Node) -> bool:
        """True for a `spread` that formulas can read in place: it gets no memory."""
        if not isinstance(a.op, Structural) or not a.op.spreads or a in self.fixed:
            return False
        axis, source = a.attrs["axis"], a.args[0].shape
        view = source if axis is None else (*source[:axis], 1, *source[axis:])
        users = self.users[a]
        return all(isinstance(u.op, Elementwise) and shapes.repeats(view, u.shape) is not None for u in users)

    def scalar(self, value: Scalar | None) -> Expr:
        name = f"={value!r}"
        self.uniforms[name] = value if isinstance(value, (Rows, str)) else float(value or 0.0)
        if isinstance(value, Rows):
            self.row_scalars[str(value)] = value
        return fm.uniform(name)

    # --- instructions -----------------------------------------------------------------------------------------

    def new(self, shape: Shape, kind: str, name: str = "", block: int | None = None, place: int = 0) -> int:
        self.values.append(Value(len(self.values), shape, kind, name, block, place))
        return len(self.values) - 1

    def make_blocks(self) -> None:
        for label, places, length in (
            ("θ", self.blocks.trained, self.blocks.length),
            ("running", self.blocks.running, self.blocks.running_length),
            ("frozen", self.blocks.frozen, self.blocks.frozen_length),
        ):
            if not places:
                continue
            block = self.new((length,), "block", label)
            for node, place in places.items():
                self.value_of[node] = self.new(node.shape, "block", node.name, block, place)
        if self.gradients:
            block = self.new((self.blocks.length,), "block", "∂E/∂θ")
            shared = list(self.gradients.values())
            for parameter, g in self.gradients.items():
                own = g.op is not None and shared.count(g) == 1
                place = self.blocks.trained[parameter]
                number = self.new(parameter.shape, "block", f"∂E/∂{parameter.name}", block, place)
                if own:
                    self.value_of[g] = number

    def emit(self, node: Node) -> None:
        """The instruction that makes this node, if it needs one."""
        if node.op is None:
            if node.kind != "constant" and node not in self.value_of:
                self.value_of[node] = self.new(node.shape, "input", node.name)
            return
        if isinstance(node.op, Elementwise):
            if node in self.fixed or len(self.users[node]) != 1 or not self.is_joined(node):
                self.formula([self.joined[node]], [self.result(node)], node.shape, self.parts[node])
        elif not self.reads_through(node):
            assert isinstance(node.op, Structural)
            inputs = tuple(self.read(a) for a in node.args)
            self.add(inputs, (self.result(node),), node.shape, op=node.op, attrs=node.attrs)

    def is_joined(self, node: Node) -> bool:
        return self.can_join(node, self.users[node][0]) and isinstance(self.users[node][0].op, Elementwise)

    def result(self, node: Node) -> int:
        if node not in self.value_of:
            kind = "kept" if node in self.kept else "passing"
            number = self.value_of[node] = self.new(node.shape, kind, node.name or self.label.get(node, ""))
            if node in self.told:
                self.values[number] = replace(self.values[number], label=self.told[node])
        return self.value_of[node]

    def read(self, node: Node) -> int:
        """The value of an argument; a constant is written out for those who need an array."""
        if node not in self.value_of:
            e = self.operand(node, node)
            self.formula([e], [self.result(node)], node.shape)
        return self.value_of[node]

    def formula(
        self, exprs: Sequence[Expr], outputs: Sequence[int], shape: Shape, parts: Sequence[tuple[str, Expr]] = ()
    ) -> None:
        inside = set(fm.order(exprs))
        known = [(name, e) for name, e in parts if e in inside and fm.leaves([e], "input")]
        every = self.hoist([*exprs, *(e for _, e in known)])
        # the parts lie inside the formulas, so they bring no name that these have not
        renumbered, arrays, numbers = fm.number(every)
        numbered, of_parts = renumbered[: len(exprs)], renumbered[len(exprs) :]
        self.add(
            tuple(self.value_of[self.leaves[n][0]] for n in arrays),
            tuple(outputs),
            shape,
            formula=numbered,
            views=tuple(self.leaves[n][1] for n in arrays),
            uniforms=tuple(self.uniforms[n] for n in numbers),
            parts=tuple((name, e) for (name, _), e in zip(known, of_parts, strict=True)),
        )

    def hoist(self, exprs: Sequence[Expr]) -> list[Expr]:
        """Parts that hold no array are worked out once a step, in float64, and read as one scalar."""
        fixed: dict[Expr, bool] = {}
        out: dict[Expr, Expr] = {}
        for e in fm.order(exprs):
            fixed[e] = e.kind != "input" and all(fixed[a] for a in e.args)
            if e.kind == "word" and not fixed[e]:
                out[e] = fm.simplify(e.label, tuple(self.derive(a) if fixed[a] else out[a] for a in e.args))
            else:
                out[e] = e
        return [self.derive(e) if fixed[e] else out[e] for e in exprs]

    def derive(self, e: Expr) -> Expr:
        """A scalar of the tape for this expression of uniforms (leaves stay as they are)."""
        if e.kind != "word":
            return e
        named = fm.substitute(e, {n: self.scalar_leaf(n) for n in fm.leaves([e], "uniform")})
        if named.kind == "constant":  # 1 - 0.1 is known already
            return named
        for name, known in self.derived:
            if known is named:
                return self.scalar(name)
        name = f"s{len(self.derived)}"
        self.derived.append((name, named))
        return self.scalar(name)

    def scalar_leaf(self, name: str) -> Expr:
        value = self.uniforms[name]
        return fm.constant(value) if isinstance(value, float) else fm.uniform(str(value))

    def add(self, inputs: tuple[int, ...], outputs: tuple[int, ...], shape: Shape, **more: Any) -> None:
        self.instructions.append(Instruction(len(self.instructions), inputs, outputs, shape, **more))

    def copy_gradient(self, parameter: Node, g: Node) -> None:
        """A gradient that also serves elsewhere (a kept δ, two parameters) is copied into the block."""
        number = next(v.number for v in self.values if v.name == f"∂E/∂{parameter.name}")
        if self.value_of.get(g) != number:
            self.formula([self.operand(g, g)], [number], parameter.shape)

    def kept_value(self, name: str, node: Node) -> int:
        """The number of a kept value; a leaf or a spread that was never written is written now."""
        if node not in self.value_of:
            self.read(node)
        return self.value_of[node]

    def emit_running(self) -> None:
        """The new running values: all are worked out before the first old one is written over."""
        done = set(self.early)
        whole = {old: new for old, new in self.running.items() if self.is_change_in_place(old, new)}
        for node in self.nodes:
            if node not in done and node not in whole.values():
                self.emit(node)
        copied = {old: self.read(new) for old, new in self.running.items() if old not in whole}
        for old, new in whole.items():
            self.formula([self.joined[new]], [self.read(old)], old.shape, self.parts[new])
        for old in copied:
            self.formula([self.operand(self.running[old], old)], [self.read(old)], old.shape)

    def is_change_in_place(self, old: Node, new: Node) -> bool:
        """Whether the new value is one formula of the old one and of nothing else that is written over."""
        if not isinstance(new.op, Elementwise) or self.users[new] or new in self.kept or new.shape != old.shape:
            return False
        read = {self.leaves[name][0] for name in fm.leaves([self.joined[new]], "input")}
        return not read & (self.running.keys() - {old}) and list(self.running.values()).count(new) == 1

    def emit_update(self, update: Update) -> dict[str, float]:
        """The optimizer's step over the whole block, in place."""
        block = {v.name: v.number for v in self.values if v.kind == "block" and v.block is None}
        if "θ" not in block:
            return {}
        whole: Shape = (self.blocks.length,)
        self.leaf("w", block["θ"], whole)
        self.leaf("g", block["∂E/∂θ"], whole)
        outputs = [block["θ"]]
        for name in update.state:
            shape = (1,) if name in update.single else whole
            outputs.append(self.new(shape, "block", name))
            self.leaf(name, outputs[-1], shape)
        measured, shape = block["∂E/∂θ"], whole
        for name, op in update.measures.items():
            source, shape = measured, op.shape([shape], {})
            measured = self.new(shape, "passing", name)
            self.add((source,), (measured,), shape, op=op)
            self.leaf(name, measured, shape)
        for name in update.scalars:
            self.uniforms[name] = name
        for name, e in update.follows.items():
            self.derived.append((followed(name), e))
            self.uniforms[name] = followed(name)
        changes = list(zip(update.formulas, outputs, (False, *(n in update.single for n in update.state)), strict=True))
        self.formula([e for e, _, alone in changes if not alone], [o for _, o, alone in changes if not alone], whole)
        for e, output, alone in changes:  # after the weights, which read the old number
            if alone:
                self.formula([e], [output], (1,))
        return dict(update.scalars)

    def emit_watched(self, update: Update, op: Structural) -> dict[str, float]:
        """The optimizer's step, with copies of where the one before began, and this one; and what it did."""
        whole: Shape = (self.blocks.length,)
        block = {v.name: v.number for v in self.values if v.kind == "block" and v.block is None}
        block |= {name: self.new(whole, "block", name) for name in ("earlier", "before")}
        for target, source in (("earlier", "before"), ("before", "θ")):
            self.leaf(source, block[source], whole)
            self.formula([fm.symbol(source)], [block[target]], whole)
        scalars = self.emit_update(update)
        for parameter, place in self.blocks.trained.items():
            flat: Shape = (shapes.elements(shapes.resolve(parameter.shape, 1)),)
            parts = [self.new(flat, "block", "", block[name], place) for name in ("earlier", "before", "θ", "∂E/∂θ")]
            self.measured.add(name := f"Δ.{parameter.name}")
            shape = op.shape([flat] * 4, {})
            self.add(tuple(parts), (self.new(shape, "kept", name),), shape, op=op)
        return scalars

    def leaf(self, name: str, number: int, shape: Shape) -> None:
        """Let formulas read a value of the tape that is no node of the graph: a whole block, or a measure of one."""
        node = Node.__new__(Node)
        self.leaves[name] = (node, shape)
        self.value_of[node] = number


def followed(name: str) -> str:
    """The name of the scalar that is `name` at step k."""
    return f"{name}(k)"

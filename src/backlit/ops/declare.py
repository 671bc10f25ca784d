"""The two forms in which an operation is declared, and the registry of all of them.

* `Elementwise`: one formula for every element, written in the vocabulary of `words.py`.  Its derivative is found by
  symbols, or stated where the output says it shorter or where a kink needs a choice.
* `Structural`: an operation that moves, mixes or sums elements.  It has a NumPy body, a shape rule and a vjp
  (vector-Jacobian product) that returns graph, and a kernel or a composed twin for the machine.

Everything else that knows operations (tests, kernels, tables, pages) is a view of `REGISTRY`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from ..errors import fail, nearest
from . import formula as fm
from . import shapes
from .facts import LIBRARIES as LIBRARIES
from .facts import Facts as Facts
from .formula import Expr
from .shapes import Shape, Size

T = TypeVar("T", bound="Op")
Node = Any  # core.graph.Node: a handle that has `__backlit_apply__`; ops never imports core
REGISTRY: dict[str, Op] = {}


class Op:
    """What both forms share: a name, facts, a page (the docstring), and being called.

    Called with arrays an operation computes, with nodes it adds to their graph, with formulas it writes itself
    into them.

    >>> REGISTRY["sigmoid"]
    <elementwise sigmoid>
    >>> REGISTRY["sigmoid"]([0.0, 1.0]).round(4).tolist()
    [0.5, 0.7311]
    """

    name: str
    facts: Facts
    defaults: dict[str, Any]
    family: str = ""  # the file in which it is declared
    module: str = ""  # with its package: who declared it

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        attrs = self.check(attrs)
        for a in args:
            if hasattr(a, "__backlit_apply__"):
                return a.__backlit_apply__(self, args, attrs)
        if any(isinstance(a, Expr) for a in args):
            return self.inline(args, attrs)
        return self.compute(args, attrs)

    def check(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The parameters, defaults filled in; a ParameterError for an unknown name or a value out of range."""
        for name in attrs:
            if name not in self.defaults:
                known = ", ".join(self.defaults) or "-"
                raise fail("BL304", name=name, known=known, nearest=nearest(name, self.defaults), where=self.name)
        given = {**self.defaults, **attrs}
        for name in attrs:
            value, limits = given[name], self.facts.limits.get(name)
            if limits is None or not isinstance(value, (int, float)):
                continue
            low, high = (given[end] if isinstance(end, str) else end for end in limits)
            if not (low <= value <= high and math.isfinite(value)):
                raise fail("BL305", name=name, low=low, high=high, value=value, where=self.name)
        return given

    def inline(self, args: Sequence[Any], attrs: dict[str, Any]) -> Expr:
        raise TypeError(f"{self.name} is not computed element by element, so it cannot stand in a formula")

    def compute(self, args: Sequence[Any], attrs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def shape(self, shapes_in: Sequence[Shape], attrs: dict[str, Any]) -> Shape:
        raise NotImplementedError

    def pullback(self, g: Node, y: Node) -> Sequence[Node | None]:
        """The gradients that go to the arguments of node `y` when `g` arrives at it; None: no gradient."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.name}>"


@dataclass(frozen=True)
class Slope:
    """A local derivative: an elementwise operation, and what it is read from ("y" is the output)."""

    op: Elementwise
    reads: tuple[int | str, ...]

    @property
    def saves(self) -> tuple[str, ...]:
        """What the forward pass has to keep for it: this *is* the list of saved values."""
        return tuple("output" if r == "y" else f"input {r}" for r in self.reads)


class Elementwise(Op):
    """An operation given by one formula; see the module's text.

    >>> tanh = REGISTRY["tanh"]
    >>> tanh.slope(0).op.formula, tanh.slope(0).saves
    (1 - out * out, ('output',))
    """

    def __init__(
        self, name: str, inputs: Sequence[str], defaults: dict[str, float], formula: Expr, facts: Facts, page: str = ""
    ) -> None:
        self.name, self.inputs, self.defaults = name, tuple(inputs), dict(defaults)
        self.formula, self.facts, self.__doc__ = formula, facts, page
        self.stated: dict[str, Expr] = {}
        self.read_back: tuple[Expr, Callable[..., bool]] | None = None
        self.facts_at: Callable[[Mapping[str, float]], Facts] = lambda values: facts

    def with_parameters(self, name: str, **given: float) -> Elementwise:
        """The same function with other defaults, under another name: what a typed "elu(u, alpha=2)" is.

        Facts that depend on parameters (a range, a kink) are those of the new defaults.
        """
        values = self.check(given)
        made = Elementwise(name, self.inputs, values, self.formula, self.facts_at(values), self.__doc__ or "")
        made.stated, made.facts_at, made.family = self.stated, self.facts_at, self.family
        made.module = self.module
        made.read_back = self.read_back
        return made

    def derivative(self, build: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: states the derivative by the (first) input.

        The names of the function's arguments say what is kept for the backward pass: inputs, `o` (where no input is
        called so) or `y` for the output, and parameters.
        """
        return self.derivative_by(self.inputs[0])(build)

    def derivative_by(self, by: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorator: states the derivative by the input of this name, in the same way."""

        def state(build: Callable[..., Any]) -> Callable[..., Any]:
            names = list(inspect.signature(build).parameters)
            known = {*self.inputs, *self.defaults, "o", "y"}
            if not set(names) <= known:
                raise TypeError(f"the derivative of {self.name} asks for {set(names) - known}, which do not exist")
            output = {"o"} - set(self.inputs)  # a loss has an input of that name
            given = {n: fm.uniform(n) if n in self.defaults else fm.symbol("y" if n in output else n) for n in names}
            result = build(**given)
            self.stated[by] = result if isinstance(result, Expr) else fm.constant(result)
            return build

        return state

    def from_output(self, build: Callable[..., Any] | None = None, *, holds: Callable[..., bool] | None = None) -> Any:
        """Decorator: states the derivative through the output o alone, where the backward pass reads something else.

        Nothing is computed by it: it says that a unit could forget u.  `holds` says for which parameters it is so.
        """
        if build is None:
            return lambda function: self.from_output(function, holds=holds)
        names = list(inspect.signature(build).parameters)
        written = build(**{n: fm.uniform(n) if n in self.defaults else fm.symbol(n) for n in names})
        e = written if isinstance(written, Expr) else fm.constant(written)
        if not set(fm.leaves([e], "input")) <= {"o"}:
            raise TypeError(f"{self.name}: a derivative from the output reads o alone")
        self.read_back = (e, holds or (lambda: True))
        return build

    @property
    def through_output(self) -> Expr | None:
        """f′ as a formula in o alone; None where there is none, or none is known."""
        if self.read_back is not None:
            e, holds = self.read_back
            asks = inspect.signature(holds).parameters
            return e if holds(**{n: self.defaults[n] for n in asks}) else None
        slope = self.slope(0)
        return fm.substitute(slope.op.formula, {"out": fm.symbol("o")}) if set(slope.reads) <= {"y"} else None

    def slope(self, i: int) -> Slope:
        """The derivative by input `i`, as stated, else found by symbols."""
        return self._slopes[i]

    @cached_property
    def _slopes(self) -> tuple[Slope, ...]:
        return tuple(self._slope(i) for i in range(len(self.inputs)))

    def _slope(self, i: int) -> Slope:
        name = self.inputs[i]
        e = self.stated.get(name)
        if e is None:
            e = fm.differentiate(self.formula, name)
        if "y" in self.inputs:
            raise TypeError(f"{self.name}: y is the name of the output")
        used = fm.leaves([e], "input")
        numbers = {n: self.defaults[n] for n in fm.leaves([e], "uniform")}
        mark = "′" if len(self.inputs) == 1 else f"′{name}"
        names = {n: ("out" if n == "y" else n) for n in used}
        renamed = fm.substitute(e, {"y": fm.symbol("out")}) if "y" in used else e
        op = Elementwise(self.name + mark, [names[n] for n in used], numbers, renamed, self.facts)
        return Slope(op, tuple("y" if n == "y" else self.inputs.index(n) for n in used))

    def local(self, y: Node, i: int = 0) -> Node:
        """f′(u) as a node of y's graph: the very node that backpropagation multiplies by."""
        slope = self.slope(i)
        if slope.op.formula.kind == "constant":
            return y.graph.constant(slope.op.formula.label)  # so that 1 · g is g
        args = [y if r == "y" else y.args[r] for r in slope.reads]
        attrs = {n: y.attrs[n] for n in slope.op.defaults}
        return y.__backlit_apply__(slope.op, args, attrs)

    def pullback(self, g: Node, y: Node) -> list[Node | None]:
        mul = REGISTRY["mul"]
        return [mul(g, self.local(y, i)) for i in range(len(self.inputs))]

    def shape(self, shapes_in: Sequence[Shape], attrs: dict[str, Any]) -> Shape:
        return shapes.broadcast(self.name, *shapes_in)

    def inline(self, args: Sequence[Any], attrs: dict[str, Any]) -> Expr:
        return fm.substitute(self.formula, {**dict(zip(self.inputs, args, strict=True)), **attrs})

    def compute(self, args: Sequence[Any], attrs: dict[str, Any]) -> Any:
        arrays = [np.asarray(a) for a in args]
        kind = np.result_type(*arrays, np.float32) if arrays else np.float64
        values = {**dict(zip(self.inputs, arrays, strict=True)), **attrs}
        result = fm.evaluate([self.formula], values, kind)[0]
        return np.broadcast_to(result, np.broadcast_shapes(*(a.shape for a in arrays))).copy()


def elementwise(**facts: Any) -> Callable[[Callable[..., Any]], Elementwise]:
    """Decorator: declares an elementwise operation by a function that writes its formula.

    Positional arguments are arrays, keyword arguments are parameters with defaults:

        @elementwise(role="activation", kinks=(0.0,), side="left")
        def relu(u):
            return maximum(u, 0)

    A fact that depends on parameters is a function of them: `range=lambda alpha: (-alpha, math.inf)`.

    >>> from backlit.ops.arithmetic import maximum
    >>> @elementwise(role="arithmetic", kinks=(2.0,))
    ... def above_two(u):
    ...     return maximum(u - 2, 0)
    >>> above_two([1.0, 5.0]).tolist(), above_two.slope(0).saves
    ([0.0, 3.0], ('input 0',))
    >>> del REGISTRY["above_two"]
    """
    asks = {key: tuple(inspect.signature(f).parameters) for key, f in facts.items() if callable(f)}

    def facts_at(values: Mapping[str, float]) -> Facts:
        worked_out = {key: facts[key](**{n: values[n] for n in names}) for key, names in asks.items()}
        return Facts(**{**facts, **worked_out})

    def declare(build: Callable[..., Any]) -> Elementwise:
        parts = inspect.signature(build).parameters.values()
        inputs = [p.name for p in parts if p.kind is p.POSITIONAL_OR_KEYWORD]
        defaults = {p.name: p.default for p in parts if p.kind is p.KEYWORD_ONLY}
        written = build(*(fm.symbol(n) for n in inputs), **{n: fm.uniform(n) for n in defaults})
        e = written if isinstance(written, Expr) else fm.constant(written)
        op = Elementwise(build.__name__.rstrip("_"), inputs, defaults, e, facts_at(defaults), build.__doc__ or "")
        op.facts_at, op.module = facts_at, build.__module__
        op.family = op.module.rpartition(".")[2]
        return register(op)

    return declare


class Structural(Op):
    """An operation with a NumPy body, a shape rule and a vjp; see the module's text.

    >>> softmax = REGISTRY["softmax"]
    >>> softmax([[0.0, 0.0]]).tolist(), softmax.shape([(5, 2)], {}), softmax.mixes_rows
    ([[0.5, 0.5]], (5, 2), False)
    """

    def __init__(self, body: Callable[..., Any], facts: Facts, **parts: Any) -> None:
        parameters = list(inspect.signature(body).parameters.values())
        self.name, self.body, self.facts, self.__doc__ = body.__name__.rstrip("_"), body, facts, body.__doc__
        self.inputs = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        self.defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.rule: Callable[..., Shape] = parts.pop("shape")
        self.kernel: str = parts.pop("kernel", "")  # the machine's function; "": graphs hold the twin instead
        self.numbers: Callable[..., Sequence[Size]] = parts.pop("numbers", lambda shapes_in, result, **attrs: ())
        self.scalars: Callable[..., Sequence[float]] = parts.pop("scalars", lambda **attrs: ())  # and real numbers
        self.words: dict[str, Expr] = parts.pop("words", {})  # formulas that a kernel template is filled with
        self.constant: tuple[str, ...] = parts.pop("constant", ())  # inputs that have no gradient
        self.mixes_rows: bool = parts.pop("mixes_rows", False)  # one row's result depends on other rows
        self.random: bool = parts.pop("random", False)  # reads (seed, step): given by whoever runs it
        self.spreads: bool = parts.pop("spreads", False)  # only repeats elements: a formula can read its input instead
        # Elements of memory that the kernel wants to work in; where this is declared the place comes last, or -1.
        self.scratch: Callable[..., int] | None = parts.pop("scratch", None)
        self.samples: Sequence[tuple[Sequence[Shape], dict[str, Any]]] = parts.pop("samples", ())  # for the tests
        # Ways to share the work: each a number of parts of the result that can be computed apart, the best one first.
        # The kernel of an operation with several ways finds the number of the chosen one behind its other numbers.
        self.units: Callable[..., Sequence[Size]] = parts.pop("units", lambda shapes_in, result, **attrs: (1,))
        self.work: Callable[..., Size] = parts.pop("work", lambda shapes_in, result, **a: shapes.product(result))
        self.twin: Callable[..., Node] | None = None
        self.rule_vjp: Callable[..., Sequence[Node | None]] | None = None
        self.rule_diagonal: Callable[..., Node] | None = None
        if parts:
            raise TypeError(f"{self.name}: unknown parts {list(parts)}")

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: `rule(g, y, *inputs, **attrs)` returns one gradient node (or None) for each input."""
        self.rule_vjp = rule
        return rule

    def diagonal(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: `rule(y, u)` returns ∂y_i/∂u_i, where all outputs of a row depend on all its inputs."""
        self.rule_diagonal = rule
        return rule

    def composed(self, build: Callable[..., Any]) -> Callable[..., Any]:
        """Decorator: the twin, made of smaller operations.

        It explains, it is the tests' oracle, and it is what is differentiated where no vjp is stated.
        """
        self.twin = build
        return build

    def shape(self, shapes_in: Sequence[Shape], attrs: dict[str, Any]) -> Shape:
        return self.rule(*shapes_in, **attrs)

    def compute(self, args: Sequence[Any], attrs: dict[str, Any]) -> Any:
        arrays = [np.asarray(a) for a in args]
        kind = np.result_type(*arrays, np.float32) if arrays else np.float64
        with np.errstate(all="ignore"):
            return np.asarray(self.body(*arrays, **attrs), dtype=kind)

    def pullback(self, g: Node, y: Node) -> Sequence[Node | None]:
        if self.rule_vjp is not None:
            return self.rule_vjp(g, y, *y.args, **y.attrs)
        if self.twin is None:
            raise fail("BL702", op=self.name, where=str(y))
        found = g.graph.pullback_through(g, self.twin(*y.args, **y.attrs), y.args)
        return [None if n in self.constant else part for n, part in zip(self.inputs, found, strict=True)]


def structural(*, role: str, domain: tuple[float, float] = (-4.0, 4.0), source: str = "", **parts: Any) -> Any:
    """Decorator: declares a structural operation by its NumPy body; `parts` as in `Structural`.

    Examples
    --------
    >>> REGISTRY["softmax"].facts.role, REGISTRY["softmax"].kernel
    ('activation', 'softmax')
    """
    facts_names = {
        k: parts.pop(k) for k in ("names", "also", "differs", "limits", "nan", "range", "ends") if k in parts
    }

    def declare(body: Callable[..., Any]) -> Structural:
        op = Structural(body, Facts(role=role, domain=domain, source=source, **facts_names), **parts)
        op.module, op.family = body.__module__, body.__module__.rpartition(".")[2]
        register(op)
        return op

    return declare


def register(op: T) -> T:
    """Enter an operation into the registry; a name can be given once."""
    if op.name in REGISTRY:
        raise TypeError(f"an operation named {op.name!r} exists already")
    REGISTRY[op.name] = op
    return op

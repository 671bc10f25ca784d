"""Kernel text made from formulas: fused kernels for what is hot, and the words of the formula machine."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from importlib import resources

from ..ops import REGISTRY, Elementwise
from ..ops import formula as fm
from ..ops.formula import Expr
from ..ops.printing import machine as written
from ..ops.words import WORDS

CODES = {name: i for i, name in enumerate(WORDS)}  # the numbers of words in formula programs


@functools.cache
def hot_formulas() -> frozenset[Expr]:
    """The formulas that get a compiled kernel: f(u) and g · f′ of every operation declared hot."""
    found: set[Expr] = set()
    for op in REGISTRY.values():
        if not isinstance(op, Elementwise) or not op.facts.hot:
            continue
        found |= set(fm.number([op.formula])[0])
        for i in range(len(op.inputs)):
            found |= set(fm.number([fm.symbol("g") * op.slope(i).op.formula])[0])
    return frozenset(found)


def fused_text(
    formulas: Sequence[Expr], inputs: int, uniforms: int, in_place: Sequence[int], single: Collection[int] = ()
) -> str:
    """A kernel that computes the formulas for every element in one pass.

    `in_place[k]` is the input that output k overwrites, or -1: such a pair is one array with one pointer, since an
    output that may overlap an input forbids vector code.  The inputs in `single` are one number for all elements.
    I = [address, n, grain, outputs …, inputs …, places of uniforms in S …].
    """
    return _fused_text(tuple(formulas), inputs, uniforms, tuple(in_place), frozenset(single))


@functools.lru_cache(fm.REMEMBERED)
def _fused_text(
    formulas: tuple[Expr, ...], inputs: int, uniforms: int, in_place: tuple[int, ...], single: frozenset[int]
) -> str:
    outputs = len(formulas)
    lines, results = written(formulas)
    text = ["@inline", "def kernel(A, I, S, C, lo, hi, thread):"]
    for i in range(inputs):
        place = f"I[{3 + outputs + i}]"
        text.append(f"    x{i} = A[{place}]" if i in single else f"    a{i} = part(A, {place} + lo, hi - lo)")
    for k in range(outputs):
        if in_place[k] < 0:
            text.append(f"    y{k} = part(A, I[{3 + k}] + lo, hi - lo)")
    text += [f"    p{j} = DTYPE(S[I[{3 + outputs + inputs + j}]])" for j in range(uniforms)]
    text.append("    for i in range(hi - lo):")
    text += [f"        x{i} = a{i}[i]" for i in range(inputs) if i not in single]
    text += [f"        {line}" for line in lines]
    for k, result in enumerate(results):
        target = f"y{k}" if in_place[k] < 0 else f"a{in_place[k]}"
        text.append(f"        {target}[i] = {result}")
    return "\n".join([*text, "    return 0", ""])


@functools.cache
def formula_machine_text() -> str:
    """The formula machine: one kernel that runs any formula, given as data, word by word over short blocks."""
    text = kernel_file("formula")
    cases: list[str] = []
    for name, code in CODES.items():
        operands = ["a[i]", "b[i]", "c[i]"][: WORDS[name].arity]
        cases.append(f"    {'if' if not cases else 'elif'} code == {code}:  # {name}")
        cases.append("        for i in range(n):")
        cases.append(f"            d[i] = {WORDS[name].machine.format(*operands)}")
    head, tail = text.split("    # WORDS\n")
    return head + "\n".join(cases) + "\n" + tail


PLAIN_WORDS = frozenset(("add", "sub", "mul", "div", "neg", "pow", "sqrt"))  # all that most optimizers need


@functools.cache
def scalar_machine_text(plain: bool = False) -> str:
    """The words, or only the plain ones, on single numbers in float64: what is worked out once a step."""
    text = kernel_file("scalars")
    cases: list[str] = []
    for name, code in CODES.items():
        if plain and name not in PLAIN_WORDS:
            continue
        operands = ["a", "b", "c"][: WORDS[name].arity]
        cases.append(f"        {'if' if not cases else 'elif'} code == {code}:  # {name}")
        cases.append(f"            S[I[p + 1]] = {WORDS[name].machine.format(*operands)}")
    head, tail = text.split("        # WORDS\n")
    return head + "\n".join(cases) + "\n" + tail


def structural_text(kernel: str, words: Mapping[str, Expr]) -> str:
    """The text of a structural operation's kernel, its formulas in front."""
    return _structural_text(kernel, tuple(words.items()))


@functools.lru_cache(fm.REMEMBERED)
def _structural_text(kernel: str, words: tuple[tuple[str, Expr], ...]) -> str:
    text = []
    for name, e in words:
        if e.kind == "constant":
            text.append(f"{name} = DTYPE({float(e.label)!r})".replace("inf", "np.inf"))
            continue
        lines, results = written([e])
        inside = [*lines, f"return {results[0]}"]
        arguments = ("a", "n") if name == "FINISH" else ("a", "x") if name == "JOIN" else ("x",)
        if name == "JOIN":  # between two accumulators too
            arguments = ("a", "x")
        text += ["@inline", f"def {name}({', '.join(arguments)}):", *(f"    {line}" for line in inside), ""]
    return "\n".join(text) + "\n" + kernel_file(file_of(kernel)) + f"\n\nkernel = {kernel}\n"


@functools.cache
def kernel_file(name: str) -> str:
    """The text of a file of kernels/."""
    return (resources.files(f"{__package__}.kernels") / f"{name}.py").read_text(encoding="utf-8")


@functools.cache
def file_of(kernel: str) -> str:
    """The file of kernels/ in which a function stands."""
    for file in sorted(resources.files(f"{__package__}.kernels").iterdir(), key=lambda f: f.name):
        wanted = f"\ndef {kernel}(A, I, S, C, lo, hi, thread)"
        if file.name.endswith(".py") and wanted in file.read_text(encoding="utf-8"):
            return file.name[:-3]
    raise KeyError(f"no kernel {kernel!r} in machine/kernels")

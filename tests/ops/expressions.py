"""Random formulas for Hypothesis: as a tree of words and leaves, so that nothing has been simplified yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np
from hypothesis import strategies as st

from backlit.ops import formula as fm
from backlit.ops.formula import Expr
from backlit.ops.words import WORDS

Tree = Any  # a name, a number or (word, tree, …)
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -2.5, 0.1, 1e-9, 7e20)

# The words by another library, in as many digits as are asked for.
EXACT: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": mpmath.power,
    "abs": abs,
    "sign": mpmath.sign,
    "floor": mpmath.floor,
    "exp": mpmath.exp,
    "expm1": lambda a: mpmath.exp(a) - 1,
    "log": mpmath.log,
    "log1p": lambda a: mpmath.log(1 + a),
    "sqrt": mpmath.sqrt,
    "tanh": mpmath.tanh,
    "erf": mpmath.erf,
    "ndtr": lambda a: mpmath.erfc(-a / mpmath.sqrt(2)) / 2,
    "atan": mpmath.atan,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "max": max,
    "min": min,
    "where": lambda c, a, b: a if c != 0 else b,
    "gt": lambda a, b: mpmath.mpf(a > b),
    "ge": lambda a, b: mpmath.mpf(a >= b),
    "lt": lambda a, b: mpmath.mpf(a < b),
    "le": lambda a, b: mpmath.mpf(a <= b),
    "eq": lambda a, b: mpmath.mpf(a == b),
}


def trees(names: tuple[str, ...] = ("u", "v"), most: int = 12) -> st.SearchStrategy[Tree]:
    """Formulas over all words."""
    leaf = st.sampled_from(names) | st.sampled_from(NUMBERS)

    def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        return st.sampled_from(sorted(WORDS)).flatmap(
            lambda name: st.tuples(st.just(name), *[inner] * WORDS[name].arity)
        )

    return st.recursive(leaf, grown, max_leaves=most)


def written(tree: Tree) -> Expr:
    """The formula of a tree, simplified as every formula is."""
    if isinstance(tree, tuple):
        return fm.call(tree[0], *map(written, tree[1:]))
    return fm.symbol(tree) if isinstance(tree, str) else fm.constant(tree)


def word_by_word(tree: Tree, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The tree computed as it stands, by NumPy."""
    if isinstance(tree, tuple):
        with np.errstate(all="ignore"):
            return np.asarray(WORDS[tree[0]].numpy(*(word_by_word(t, values) for t in tree[1:])))
    return np.asarray(values[tree] if isinstance(tree, str) else np.float64(tree))


def exactly(e: Expr, values: Mapping[str, Any]) -> Any:
    """The value of a formula in mpmath's numbers; ValueError where it has no real one."""
    made: dict[Expr, Any] = {}
    for part in fm.order([e]):
        if part.kind == "word":
            made[part] = EXACT[part.label.name](*(made[a] for a in part.args))
        else:
            made[part] = values[part.label] if part.kind == "input" else mpmath.mpf(part.label)
        if not mpmath.isfinite(made[part]) or mpmath.im(made[part]) != 0 or abs(made[part]) > 1e60:
            raise ValueError("no real value")
    return made[e]

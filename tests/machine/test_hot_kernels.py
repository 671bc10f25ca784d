"""The fused kernels of hot activation functions are vector code of their own width, in which nothing is called."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backlit.machine import render, unit
from backlit.ops import REGISTRY, Elementwise, formula

HOT = [
    n for n, op in REGISTRY.items() if isinstance(op, Elementwise) and op.facts.hot and op.facts.role == "activation"
]
KIND = {"float32": "float", "float64": "double"}
ARITHMETIC = r"= (?:fmul|fsub|fadd|fcmp \w+|select <\d+ x i1> [^,]+,) <\d+ x {}>"


def compiled(e: formula.Expr, dtype: str) -> str:
    """LLVM's last word on the fused kernel of a formula."""
    numbered, inputs, uniforms = formula.number([e])
    text = render.fused_text(numbered, len(inputs), len(uniforms), [-1])
    names: dict[str, Any] = {}
    whole = unit.unit_text(text, dtype) + unit.ENTRY.format(entry="entry")
    exec(whole.replace("cache=True", "cache=False"), names)
    return str(names["entry"].inspect_llvm())


def called(code: str) -> set[str]:
    """What is called on a float, but for what LLVM has an instruction for."""
    found = re.findall(r"call[^@\n]*@([\w.]+)\(([^)\n]*)", code)
    known = ("llvm.fabs", "llvm.minnum", "llvm.maxnum")
    on_floats = {name for name, given in found if re.search(r"\b(float|double)\b", given)}
    return {name for name in on_floats if not name.startswith(known)}


@pytest.fixture
def _wide() -> None:
    features = pytest.importorskip("llvmlite.binding").get_host_cpu_features()
    if not features.get("avx2"):
        pytest.skip("the width of the vectors is known for AVX2 and later only")


@pytest.mark.slow
@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("dtype", KIND)
@pytest.mark.parametrize("name", HOT)
def test_a_hot_activation_and_its_slope_are_vector_code(name, dtype):
    op = REGISTRY[name]
    for e in (op.formula, formula.symbol("g") * op.slope(0).op.formula):
        code = compiled(e, dtype)
        assert re.search(ARITHMETIC.format(KIND[dtype]), code), e
        assert called(code) == set(), e


@pytest.mark.usefixtures("_wide")
def test_a_call_of_the_c_library_is_seen():
    """LLVM has names for vectors of sines (llvm.sin.v4f64), but calls the library for each number of them."""
    found = called(compiled(formula.call("sin", formula.symbol("u")), "float64"))
    assert found
    assert all("sin" in name for name in found)

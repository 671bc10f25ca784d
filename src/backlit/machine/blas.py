"""BLAS' matrix product: the machine has its own; the benchmark compares with this one."""

from __future__ import annotations


def gemm_address(dtype: str) -> int:
    """The address of BLAS' matrix product, as SciPy exports it for compiled code."""
    from numba.extending import get_cython_function_address

    name = {"float32": "sgemm", "float64": "dgemm"}[dtype]
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))

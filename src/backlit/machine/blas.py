"""BLAS: the address of its matrix product, and its own threads kept out of the way."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@functools.cache
def gemm_address(dtype: str) -> int:
    """The address of BLAS' matrix product, as SciPy exports it for compiled code."""
    from numba.extending import get_cython_function_address

    name = {"float32": "sgemm", "float64": "dgemm"}[dtype]
    return int(get_cython_function_address("scipy.linalg.cython_blas", name))


class _BlasThreads:
    """How many runs want BLAS to keep to one thread; the first one in limits it, the last one out gives it back."""

    lock = threading.Lock()
    running = 0
    controller: Any = None
    limit: Any = None


@contextmanager
def one_thread(engine: str) -> Iterator[None]:
    """BLAS' own threads spin between our instructions: off, while any loop runs."""
    if engine != "compiled":
        yield
        return
    shared = _BlasThreads
    with shared.lock:
        if shared.controller is None:
            from threadpoolctl import ThreadpoolController

            shared.controller = ThreadpoolController()
        if shared.running == 0:
            shared.limit = shared.controller.limit(limits=1, user_api="blas")
        shared.running += 1
    try:
        yield
    finally:
        with shared.lock:
            shared.running -= 1
            if shared.running == 0:
                shared.limit.restore_original_limits()

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


# OpenBLAS' names for processors with AVX-512, for which it has kernels that need no copies of small matrices.
WITHOUT_COPIES = ("SkylakeX", "Cooperlake", "SapphireRapids")


@functools.cache
def likes_tiles() -> bool:
    """Whether a large product is quicker in tiles: where BLAS multiplies small matrices as they lie."""
    found = [info for info in _controller().info() if info.get("internal_api") == "openblas"]
    return bool(found) and all(info.get("architecture") in WITHOUT_COPIES for info in found)


@functools.cache
def _controller() -> Any:
    """The libraries with threads of their own that are loaded, SciPy's BLAS among them."""
    import scipy.linalg.cython_blas  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _BlasThreads:
    """How many runs want BLAS to keep to one thread; the first one in limits it, the last one out gives it back."""

    lock = threading.Lock()
    running = 0
    limit: Any = None


@contextmanager
def one_thread(engine: str) -> Iterator[None]:
    """BLAS' own threads spin between our instructions: off, while any loop runs."""
    if engine != "compiled":
        yield
        return
    shared = _BlasThreads
    with shared.lock:
        if shared.running == 0:
            shared.limit = _controller().limit(limits=1, user_api="blas")
        shared.running += 1
    try:
        yield
    finally:
        with shared.lock:
            shared.running -= 1
            if shared.running == 0:
                shared.limit.restore_original_limits()

"""What the machine can do at best, measured natively: a matrix product in every form, and a stream of numbers.

Both are units of compiled text like the kernels, with the same tiles and the same barrier between threads.  Products
are tried with BLAS, too: the best of both counts.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from ..core.arena import aligned
from ..machine import unit
from ..machine.backend import backend
from ..machine.beside import thread_beside
from ..machine.blas import gemm_address
from ..machine.render import kernel_file
from ..machine.state import APART, CONSTANTS, new_state
from ..ops.linear import STRIP
from .workloads import Array

BODY = '''

@entry(WHOLES, NUMBER)
def gather_here(C, thread):
    """Both threads are running from here on."""
    meet(C, thread)
    return 0


@entry(WHOLES, NUMBER, NUMBER)
def meet_often(C, repeats, thread):
    """Both threads wait for each other, again and again."""
    for _ in range(repeats):
        meet(C, thread)
    return 0


@entry(REALS, WHOLES, TABLE, NUMBER, NUMBER, NUMBER)
def multiply_often(A, C, parts, repeats, thread, threads):
    """A product, or a thread's part of it, again and again; with two threads, both are done before the next one."""
    p = parts[thread]
    for _ in range(repeats):
        if p[0] == OURS:
            multiply(A, p[1], p[2], p[3], p[4], p[5], p[6], -1, 0, p[7], p[8], p[9], p[10], p[11], p[12])
        else:
            gemm(p[12], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], ZERO, p[10], p[11], A)
        if threads > 1:
            meet(C, thread)
    return 0


@entry(REALS, WHOLES, NUMBER, NUMBER, NUMBER, NUMBER)
def stream_often(A, C, n, repeats, thread, threads):
    """c = a + s b over three arrays of n numbers, again and again."""
    lo, hi = share(n, 16, thread, threads)
    a, b, c = A[lo:hi], A[n + lo : n + hi], A[2 * n + lo : 2 * n + hi]
    for r in range(repeats):
        s = DTYPE(r & 1)
        for i in range(len(c)):
            c[i] = a[i] + s * b[i]
        if threads > 1:
            meet(C, thread)
    return 0
'''
BLAS, OURS = 0, 1
SMALL = 4096  # multiplications up to which no second thread is tried
SPINNING = 0.03  # seconds: about as long BLAS' own threads wait for more work before they sleep
BLAS_ALONE = 262_144  # multiplications up to which OpenBLAS itself takes one thread


@dataclass(frozen=True)
class Form:
    """One way to compute a product: how the operands lie, by how many threads, and by whom."""

    ta: int  # the right operand lies transposed
    tb: int  # the left one does
    split: str = ""  # "" one thread, "rows" or "columns" two of ours, "blas" BLAS' own two
    by: int = BLAS

    @property
    def layout(self) -> str:
        """How the operands lie, N for as they are and T for transposed; "tiles" are those of our own kernel."""
        return "NT"[self.tb] + "NT"[self.ta] + (" tiles" if self.by == OURS else "")

    @property
    def threads(self) -> str:
        """Who computes it: "one", "rows", "columns" or "blas"."""
        return self.split or "one"


def forms(m: int, n: int, k: int) -> list[Form]:
    """All forms that are tried for the product of (m, k) and (k, n)."""
    size = m * n * k
    splits = ["", *(["rows", "columns"] if size > SMALL else [])]
    layouts = list(itertools.product((0, 1), (0, 1)))
    found = [Form(*layout, split, by) for layout in layouts for split in splits for by in (BLAS, OURS)]
    return found + ([Form(*layout, "blas") for layout in layouts] if size > BLAS_ALONE else [])


class Bench:
    """Memory and compiled functions for one dtype; every method gives the seconds of one repeat."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.state = new_state()
        backend("compiled", dtype).prepare(self.state)
        blas = (resources.files(__package__) / "gemm.py").read_text(encoding="utf-8")
        texts = kernel_file("tape"), kernel_file("linear"), blas, f"OURS = {OURS}\n", BODY
        self.code = unit.functions("bench", "\n\n".join(texts), dtype)
        self.gemm = gemm_address(dtype)
        self.memory = aligned(16, dtype)

    def product(self, m: int, n: int, k: int, form: Form, seconds: float) -> float:
        """The product (m, k) · (k, n), in row order."""
        self._room(m * k + k * n + m * n + 64 + 2 * STRIP)
        parts = self._parts(m, n, k, form)
        threads = len(parts)

        def run(repeats: int, thread: int) -> None:
            self.code.multiply_often(self.memory, self.state, parts, repeats, thread, threads)

        with _blas_threads(2 if form.split == "blas" else 1):
            return self._timed(run, threads, seconds)

    def stream(self, length: int, threads: int, seconds: float) -> float:
        """Bytes a second of c = a + s b, where the three arrays have `length` bytes together."""
        n = max(16, length // (3 * self.memory.itemsize) // 16 * 16)
        self._room(3 * n)

        def run(repeats: int, thread: int) -> None:
            self.code.stream_often(self.memory, self.state, n, repeats, thread, threads)

        return 3 * n * self.memory.itemsize / self._timed(run, threads, seconds)

    def cores(self, seconds: float) -> float:
        """How many times the work of one thread two threads do that never wait for each other."""
        n, repeats = 2000, [1000]  # three arrays of 8 kB lie in the first-level cache
        self._room(6 * n)

        def work(part: int) -> None:
            self.code.stream_often(self.memory[3 * n * part : 3 * n * (part + 1)], self.state, n, repeats[0], 0, 1)

        def took(threads: int) -> float:
            others = [thread_beside(work, t) for t in range(1, threads)]
            begin = time.perf_counter()
            for other in others:
                other.start()
            work(0)
            for other in others:
                other.join()
            return time.perf_counter() - begin

        repeats[0] = max(1, int(seconds / took(1) * repeats[0]))
        return 2 * took(1) / took(2)

    def meeting(self, seconds: float) -> float:
        """Seconds in which two threads meet: what they pay each time one waits for the other."""

        def run(repeats: int, thread: int) -> None:
            self.code.meet_often(self.state, repeats, thread)

        return self._timed(run, 2, seconds)

    def _room(self, length: int) -> None:
        if self.memory.size < length:
            self.memory = aligned(length, self.dtype)
            self.memory[:] = np.random.default_rng(0).standard_normal(length)

    def _parts(self, m: int, n: int, k: int, form: Form) -> Array:
        """What each thread computes: a part of the rows or of the columns, or all of it."""
        whole = [(0, m, 0, n)]
        if form.split == "rows":
            middle = -(-m // 2)
            whole = [(0, middle, 0, n), (middle, m, 0, n)]
        elif form.split == "columns":
            middle = min(n, -(-n // 32) * 16)
            whole = [(0, m, 0, middle), (0, m, middle, n)]
        part = self._own if form.by == OURS else self._blas
        return np.array([part(m, n, k, form, thread, *bounds) for thread, bounds in enumerate(whole)], dtype=np.int64)

    def _places(self, m: int, n: int, k: int) -> tuple[int, int, int]:
        b = -(-m * k // 16) * 16
        return 0, b, b + -(-k * n // 16) * 16

    def _own(
        self, m: int, n: int, k: int, form: Form, thread: int, top: int, low: int, left: int, right: int
    ) -> list[int]:
        """The numbers of `multiply` (machine/kernels/linear.py)."""
        a, b, c = self._places(m, n, k)
        rows, steps = (1, m) if form.tb else (k, 1)
        stride = k if form.ta else n
        scratch = -(-(c + m * n) // 16) * 16 + thread * STRIP
        high, broad = low - top, right - left
        first = a + top * rows, rows, steps, b + left * (stride if form.ta else 1), stride, form.ta
        return [OURS, *first, c + top * n + left, n, high, broad, k, scratch]

    def _blas(
        self, m: int, n: int, k: int, form: Form, thread: int, top: int, low: int, left: int, right: int
    ) -> list[int]:
        """The numbers of `gemm`, as BLAS counts: columns first, so that the product is bᵀ aᵀ."""
        a, b, c = self._places(m, n, k)
        ta, tb = form.ta, form.tb
        first, second = b + left * (k if ta else 1), a + top * (1 if tb else k)
        sizes = right - left, low - top, k
        return [BLAS, ta, tb, *sizes, first, k if ta else n, second, m if tb else k, c + top * n + left, n, self.gemm]

    def _timed(self, run: Any, threads: int, seconds: float) -> float:
        """Seconds of one repeat: four times as many repeats or more in each try, until they fill half of `seconds`.

        A single repeat may take milliseconds until both threads are under way, which says nothing.
        """
        repeats, took = 1, self._once(run, threads, 1)
        while took < seconds / 2 or repeats == 1:
            repeats *= min(16, max(4, int(seconds / max(took, 1e-7))))
            took = self._once(run, threads, repeats)
            if took > seconds * 4:  # a single repeat is long
                break
        return took / repeats

    def _once(self, run: Any, threads: int, repeats: int) -> float:
        self.state[CONSTANTS["ARRIVALS"] :: APART] = 0

        def helping() -> None:
            self.code.gather_here(self.state, 1)
            run(repeats, 1)

        helper = thread_beside(helping) if threads > 1 else None
        if helper:
            helper.start()
            self.code.gather_here(self.state, 0)
        begin = time.perf_counter()
        run(repeats, 0)
        took = time.perf_counter() - begin
        if helper:
            helper.join()
        return took


@functools.cache
def _controller() -> Any:
    """The libraries with threads of their own that are loaded, SciPy's BLAS among them."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def _blas_threads(count: int) -> Iterator[None]:
    with _controller().limit(limits=count, user_api="blas"):
        yield
    if count > 1:
        time.sleep(SPINNING)

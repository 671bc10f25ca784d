"""What the machine can do at best, measured natively: a matrix product in every form, and a stream of numbers.

Both are units of compiled text like the kernels, with the same address of BLAS and the same barrier between threads.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.arena import aligned
from ..machine import unit
from ..machine.backend import backend
from ..machine.blas import one_thread
from ..machine.render import kernel_file
from ..machine.state import APART, CONSTANTS, new_state
from .workloads import Array

BODY = '''

@entry(WHOLES, NUMBER)
def gather_here(C, thread):
    """Both threads are running from here on."""
    meet(C, thread)
    return 0


@entry(REALS, WHOLES, TABLE, NUMBER, NUMBER, NUMBER)
def multiply_often(A, C, parts, repeats, thread, threads):
    """A product, or a thread's part of it, again and again; with two threads, both are done before the next one."""
    p = parts[thread]
    for _ in range(repeats):
        if p[0] == LOOP:
            for i in range(p[3]):
                row = A[p[9] + i * p[2] : p[9] + (i + 1) * p[2]]
                row[:] = ZERO
                for k in range(p[4]):
                    factor = A[p[7] + i * p[4] + k]
                    other = A[p[5] + k * p[2] : p[5] + (k + 1) * p[2]]
                    for j in range(p[2]):
                        row[j] += factor * other[j]
        else:
            gemm(C[GEMM], p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], ZERO, p[9], p[10], A)
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
LOOP = 2  # in place of a transpose flag: a plain loop, for what is smaller than a call of BLAS
SMALL = 4096  # multiplications up to which that loop is tried, and no second thread
SPINNING = 0.03  # seconds: about as long BLAS' own threads wait for more work before they sleep
BLAS_ALONE = 262_144  # multiplications up to which OpenBLAS itself takes one thread


@dataclass(frozen=True)
class Form:
    """One way to compute a product: how the operands lie, and by how many threads."""

    ta: int
    tb: int
    split: str = ""  # "" one thread, "rows" or "columns" two of ours, "blas" BLAS' own two

    @property
    def layout(self) -> str:
        """How the operands lie, N for as they are and T for transposed; "loop" for the plain loop."""
        return "loop" if self.ta == LOOP else "NT"[self.tb] + "NT"[self.ta]

    @property
    def threads(self) -> str:
        """Who computes it: "one", "rows", "columns" or "blas"."""
        return self.split or "one"


def forms(m: int, n: int, k: int) -> list[Form]:
    """All forms that are tried for the product of (m, k) and (k, n)."""
    size = m * n * k
    splits = ["", *(["rows", "columns"] if size > SMALL else []), *(["blas"] if size > BLAS_ALONE else [])]
    found = [Form(*layout, split) for layout in itertools.product((0, 1), (0, 1)) for split in splits]
    return found + ([Form(LOOP, 0)] if size <= SMALL else [])


class Bench:
    """Memory and compiled functions for one dtype; every method gives the seconds of one repeat."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.state = new_state()
        backend("compiled", dtype).prepare(self.state)
        self.code = unit.functions("bench", kernel_file("tape") + f"\n\nLOOP = {LOOP}\n" + BODY, dtype)
        self.memory = aligned(16, dtype)

    def product(self, m: int, n: int, k: int, form: Form, seconds: float) -> float:
        """The product (m, k) · (k, n), in row order."""
        self._room(m * k + k * n + m * n + 48)
        parts = self._parts(m, n, k, form)
        threads = len(parts)

        def run(repeats: int, thread: int) -> None:
            self.code.multiply_often(self.memory, self.state, parts, repeats, thread, threads)

        with _blas_threads(2) if form.split == "blas" else one_thread("compiled"):
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
            others = [threading.Thread(target=work, args=(t,)) for t in range(1, threads)]
            begin = time.perf_counter()
            for other in others:
                other.start()
            work(0)
            for other in others:
                other.join()
            return time.perf_counter() - begin

        repeats[0] = max(1, int(seconds / took(1) * repeats[0]))
        return 2 * took(1) / took(2)

    def _room(self, length: int) -> None:
        if self.memory.size < length:
            self.memory = aligned(length, self.dtype)
            self.memory[:] = np.random.default_rng(0).standard_normal(length)

    def _parts(self, m: int, n: int, k: int, form: Form) -> Array:
        """What each thread computes, as BLAS counts: columns first, so that the product is bᵀ aᵀ."""
        a, b = 0, -(-m * k // 16) * 16
        c = b + -(-k * n // 16) * 16
        ta, tb = form.ta, form.tb
        lda, ldb = (n if ta != 1 else k), (k if not tb else m)
        if form.split in ("", "blas"):
            return np.array([[ta, tb, n, m, k, b, lda, a, ldb, c, n]], dtype=np.int64)
        found = []
        size = m if form.split == "rows" else n
        middle = -(-size // 2) if form.split == "rows" else min(n, -(-n // 32) * 16)
        for lo, hi in ((0, middle), (middle, size)):
            if form.split == "rows":
                found.append([ta, tb, n, hi - lo, k, b, lda, a + (lo if tb else lo * k), ldb, c + lo * n, n])
            else:
                found.append([ta, tb, hi - lo, m, k, b + (lo * k if ta else lo), lda, a, ldb, c + lo, n])
        return np.array(found, dtype=np.int64)

    def _timed(self, run: Any, threads: int, seconds: float) -> float:
        """Seconds of one repeat: as many repeats as fit, after one that warms up and tells how many."""
        first = self._once(run, threads, 1)
        repeats = max(1, int(seconds / max(first, 1e-7)))
        if repeats > 100:  # the first one told of starting more than of working
            first = self._once(run, threads, repeats // 20) / (repeats // 20)
            repeats = max(1, int(seconds / max(first, 1e-9)))
        return self._once(run, threads, repeats) / repeats

    def _once(self, run: Any, threads: int, repeats: int) -> float:
        self.state[CONSTANTS["ARRIVALS"] :: APART] = 0

        def helping() -> None:
            self.code.gather_here(self.state, 1)
            run(repeats, 1)

        helper = threading.Thread(target=helping, daemon=True) if threads > 1 else None
        if helper:
            helper.start()
            self.code.gather_here(self.state, 0)
        begin = time.perf_counter()
        run(repeats, 0)
        took = time.perf_counter() - begin
        if helper:
            helper.join()
        return took


@contextmanager
def _blas_threads(count: int) -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(count, user_api="blas"):
        yield
    time.sleep(SPINNING)

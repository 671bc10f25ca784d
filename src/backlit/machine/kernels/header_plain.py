# The plain header: the same names for Python itself.  Arrays are NumPy arrays, so indices are checked.

import ctypes
import math

import numpy as np

DTYPE = {"float32": np.float32, "float64": np.float64}[DTYPE_NAME]
INT = {"float32": np.int32, "float64": np.int64}[DTYPE_NAME]
ZERO, ONE = DTYPE(0), DTYPE(1)
LANES = 16
BROAD = 2 * LANES


def inline(function):
    return function


def entry(*kinds):
    return inline


NUMBER = WHOLES = TABLE = REALS = DOUBLES = DOUBLE_TABLE = TAPE = None
KERNELS = {}  # the number that stands in an instruction's first place → the kernel's Python function


def execute(A, S, C, code, place, thread, threads):
    lo, hi = share(int(code[place + 1]), int(code[place + 2]), thread, threads)
    return KERNELS[int(code[place])](A, code[place:], S, C, lo, hi, thread)


def numbers_at(address, n):
    return np.frombuffer((ctypes.c_byte * (int(n) * DTYPE(0).itemsize)).from_address(int(address)), dtype=DTYPE)


def part(array, begin, length):
    assert 0 <= begin <= begin + length <= len(array)
    return array[begin : begin + length]


def at(array, i):
    assert i >= 0
    return array[i]


def dot(x, y, n):
    return sum_of(x[:n] * y[:n], n)


def step_sums(earlier, before, w, g, n):
    e, b, w, g = (np.float64(x[:n]) for x in (earlier, before, w, g))
    step, still = w - b, np.float64((w == b) & (g != 0))
    return tuple(sum_of(x, n, np.float64) for x in (b * b, g * g, step * step, still, step * (b - e)))


def sum_of(x, n, kind=DTYPE):
    sums, rest = np.zeros(8, dtype=kind), kind(0)
    for i in range(0, n // 8 * 8, 8):
        sums += x[i : i + 8]
    for i in range(n // 8 * 8, n):
        rest += x[i]
    while len(sums) > 1:
        sums = sums[: len(sums) // 2] + sums[len(sums) // 2 :]
    return sums[0] + rest


def strip(arena, a, rows, steps, b, stride_b, start, stride_s, c, stride_c, m, k, width):
    right = arena[b + np.arange(k)[:, None] * stride_b + np.arange(width)]
    for i in range(m):
        sums = np.zeros(width, DTYPE) if start < 0 else arena[start + i * stride_s :][:width].copy()
        for p in range(k):
            sums += arena[a + i * rows + p * steps] * right[p]
        arena[c + i * stride_c :][:width] = sums


def copy_broad(arena, source, target):
    arena[target : target + BROAD] = arena[source : source + BROAD]


def turn(arena, source, stride, rows, target):
    for i in range(LANES):
        arena[target + i : target + LANES * BROAD : BROAD] = arena[source + min(i, rows - 1) * stride :][:LANES]


def bits(x):
    return DTYPE(x).view(INT)


def unbits(i):
    return INT(i).view(DTYPE)


def power(a, b):
    return DTYPE(np.power(a, b))


def square_root(a):
    return DTYPE(np.sqrt(a))


def sine(a):
    return DTYPE(np.sin(a))


def cosine(a):
    return DTYPE(np.cos(a))

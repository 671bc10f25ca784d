"""Where a training step's time goes: nanoseconds, FLOP and bytes of every instruction of the tape, in its place.

    python benchmarks/profile.py 784-256-128-10 --batch 128 --threads 2

The clock is read between the instructions while they run one after the other as in training (what reading the
clock takes is taken off).  The median over the steps counts.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from pathlib import Path

import numpy as np

from backlit.core.tape import Tape
from backlit.machine import unit
from backlit.machine.backend import kernel_file
from backlit.machine.beside import thread_beside
from backlit.machine.loop import Loop
from backlit.machine.state import APART, CONSTANTS
from backlit.ops import formula as fm
from backlit.ops import shapes

CLOCKED = '''

@intrinsic
def clock(context, address, pointer):
    """clock_gettime(CLOCK_MONOTONIC, pointer): seconds and nanoseconds."""

    def build(context, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), ir.IntType(64)])
        call = builder.inttoptr(arguments[0], kind.as_pointer())
        builder.call(call, [ir.Constant(ir.IntType(32), 1), arguments[1]])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), build


@entry(REALS, DOUBLES, WHOLES, TAPE, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, WHOLES, TABLE)
def clocked(A, S, C, tape, rows, steps, thread, threads, address, now, times):
    """Run a tape `steps` times; times[step, i] are the nanoseconds at the end of instruction i - 1."""
    if thread == 0:
        resolve(tape[0], tape[1], tape[2], rows)
    if threads > 1:
        meet(C, thread)
    n = len(tape[3])
    for s in range(steps):
        if thread == 0:
            C[STEP] += 1
            S[0] = C[STEP]
        for i in range(n + 1):
            if thread == 0:
                clock(address, now.ctypes.data)
                times[s, i] = now[0] * 1000000000 + now[1]
            if i < n:
                play(A, S, C, tape, i, i + 1, thread, threads)
    return 0


@entry(NUMBER, WHOLES)
def clocks(address, now):
    clock(address, now.ctypes.data)
    first = now[0] * 1000000000 + now[1]
    for i in range(100):
        clock(address, now.ctypes.data)
    return (now[0] * 1000000000 + now[1] - first) // 100
'''


def instruction_times(loop: Loop, steps: int) -> np.ndarray:
    """Nanoseconds of every instruction (rows) in every step (columns)."""
    body = kernel_file("tape") + CLOCKED
    run = unit.functions("clocked", body, loop.dtype).clocked
    address = ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value
    times = np.zeros((steps, len(loop.train.starts) + 1), dtype=np.int64)
    loop.state[CONSTANTS["ARRIVALS"] :: APART] = 0
    head = (loop.arena.memory, loop.table, loop.state, loop.train.arrays(), loop.batch, steps)

    def part(thread: int) -> None:
        run(*head, thread, loop.threads, address, np.zeros(2, dtype=np.int64), times)

    others = [thread_beside(part, t) for t in range(1, loop.threads)]
    for other in others:
        other.start()
    part(0)
    for other in others:
        other.join()
    return np.diff(times, axis=1).T


def clock_cost() -> float:
    """Nanoseconds of reading the clock once."""
    run = unit.functions("clocked", kernel_file("tape") + CLOCKED, "float32").clocks
    address = ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value
    return float(np.median([run(address, np.zeros(2, dtype=np.int64)) for _ in range(200)]))


def work(tape: Tape, rows: int) -> list[tuple[str, int, int]]:
    """(text, FLOP of matrix products, bytes read and written) of every instruction."""
    found = []
    for i in tape.instructions:
        sizes = [shapes.elements(shapes.resolve(tape.values[v].shape, rows)) for v in (*i.inputs, *i.outputs)]
        flop = 0
        if i.op is not None and i.op.name in ("affine", "matmul"):
            shapes_in = [tape.values[v].shape for v in i.inputs]
            flop = shapes.count(i.op.work(shapes_in, i.shape, **dict(i.attrs)), rows)
        what = i.op.name if i.op else f"formula of {fm.size(i.formula)} words"
        out = tape.values[i.outputs[0]]
        found.append((f"{what} → {out.name or '·'} {shapes.text(out.shape)}", flop, sum(sizes)))
    return found


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parent / "decisions"))
    from threads import fitting

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", help="such as 784-256-128-10")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    given = parser.parse_args()
    loop = fitting(tuple(map(int, given.sizes.split("-"))), given.batch, given.threads).loop
    loop.run(20)
    times = instruction_times(loop, given.steps)[:, given.steps // 10 :]
    middle = np.maximum(np.median(times, axis=1) - clock_cost(), 1)
    rows = [("scalars of the step", 0, 0)] * loop.train.extra + work(loop.train_tape, loop.batch)
    print(f"{given.sizes}, batch {loop.batch}, {loop.threads} thread(s); {middle.sum() / 1000:.1f} µs a step")
    for (text, flop, count), took in zip(rows, middle, strict=True):
        bytes_ = count * np.dtype(loop.dtype).itemsize
        print(f"{took / 1000:9.2f} µs {flop / took:7.1f} GF/s {bytes_ / took:7.1f} GB/s  {text}")


if __name__ == "__main__":
    main()

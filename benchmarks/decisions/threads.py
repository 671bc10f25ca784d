"""docs/decisions/0006: one thread and two, for networks from small to large, in one run.

    python benchmarks/decisions/threads.py [--repeats 15] [--seconds 0.15] [--busy]

float32, ReLU, Adam, rows in order.  The repeats of all networks with one and with two threads take turns; the ratio
is the median of the ratios of neighbours in time.  "same bits" compares all weights after 50 steps.  With
--busy another process keeps one core busy all the time: what two threads cost where they do not have two cores.
The first line says how much work two threads got done beside what one does alone, where they have nothing to wait
for: 2.0 on a quiet machine; a run with less than 1.9 says nothing about quiet machines.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import numba
import numpy as np
from timing import machine_line

from backlit.machine.beside import thread_beside
from backlit.machine.loop import WORTH_TWO_THREADS
from backlit.machine.share import tapes_work
from backlit.nn import Dense
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from backlit.training.objects.network import Network

NETWORKS = (
    ((30, 32, 16, 1), 32),
    ((64, 128, 10), 32),
    ((64, 128, 10), 64),
    ((64, 256, 10), 64),
    ((64, 256, 128, 10), 64),
    ((256, 256, 10), 64),
    ((784, 128, 10), 64),
    ((784, 128, 10), 128),
    ((784, 256, 128, 10), 128),
    ((784, 512, 512, 10), 128),
    ((784, 1024, 1024, 10), 256),
)


def fitting(sizes: tuple[int, ...], batch: int, threads: int) -> Fitting:
    rng = np.random.default_rng(0)
    rows = 4 * batch
    x = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    if sizes[-1] == 1:
        t = np.tanh(x[:, :1] - x[:, 1:2])
    else:
        t = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], rows)]
    last = Dense(sizes[-1], "softmax" if sizes[-1] > 1 else None)
    net = Network([*(Dense(width, "relu") for width in sizes[1:-1]), last])
    net.prepare(sizes[0])
    loss = "cross_entropy" if sizes[-1] > 1 else "squared_error"
    # A rate so small that nothing is learned by heart: a loss of 0 would bring subnormal numbers, which are slow.
    settings = Settings.of(
        loss=loss, batch_size=batch, epochs=200_000, shuffle=False, threads=threads, learning_rate=1e-7
    )
    return Fitting(net, {"x": x, "t": t}, {}, settings)


def microseconds(one: Fitting, steps: int) -> float:
    begin = time.perf_counter()
    done = one.loop.run(steps)
    took = time.perf_counter() - begin
    assert done == steps
    return took / steps * 1e6


@numba.njit("uint64(int64)", nogil=True)
def worked(n):
    x = np.uint64(88172645463325252)
    for _ in range(n):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
    return x


def cores_at_hand(n: int = 20_000_000) -> float:
    """How many times the work of one thread two threads do that never wait for each other."""
    begin = time.perf_counter()
    worked(n)
    one = time.perf_counter() - begin
    begin = time.perf_counter()
    other = thread_beside(worked, n)
    other.start()
    worked(n)
    other.join()
    return 2 * one / (time.perf_counter() - begin)


@contextlib.contextmanager
def neighbour(wanted: bool) -> Iterator[None]:
    """Another process that works all the time."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.15, help="of one repeat")
    parser.add_argument("--busy", action="store_true", help="keep a core busy meanwhile")
    given = parser.parse_args()
    print(f"{machine_line()}; now two threads from {WORTH_TWO_THREADS / 1e6:g} million operations on")
    pairs = {}
    for sizes, batch in NETWORKS:
        one, two = (fitting(sizes, batch, threads) for threads in (1, 2))
        for each in (one, two):
            each.loop.run(50)
        same = bool(np.array_equal(one.loop["θ"].view(np.int32), two.loop["θ"].view(np.int32)))
        steps = max(3, int(given.seconds * 1e6 / microseconds(one, 20)))
        pairs[sizes, batch] = (one, two, steps, same)
    times: dict[object, list[tuple[float, float]]] = {key: [] for key in pairs}
    cores = []
    with neighbour(given.busy):
        for round_ in range(given.repeats):
            cores.append(cores_at_hand())
            for key, (one, two, steps, _) in pairs.items():
                order = (one, two) if round_ % 2 == 0 else (two, one)
                first, second = (microseconds(each, steps) for each in order)
                times[key].append((first, second) if round_ % 2 == 0 else (second, first))
    median = statistics.median(cores)
    print(f"two threads that never wait do {median:.2f} times the work of one (at worst {min(cores):.2f})")
    print(f"{'network':24}{'batch':>6}{'operations':>12}{'instructions':>13}{'1 thread':>12}{'2 threads':>12}"
          f"{'2 to 1':>8}{'quartiles':>13}  same bits")  # fmt: skip
    for (sizes, batch), found in times.items():
        one, _, _, same = pairs[sizes, batch]
        tape, bits = one.loop.train_tape, "yes" if same else "no"
        alone, both = (statistics.median(side) for side in zip(*found, strict=True))
        ratios = [b / a for a, b in found]
        low, middle, high = statistics.quantiles(ratios, n=4)
        work = tapes_work(tape, batch)
        print(f"{'-'.join(map(str, sizes)):24}{batch:6}{work / 1e6:10.2f} M{len(tape.instructions):13}"
              f"{alone:9.1f} µs{both:9.1f} µs{middle:8.2f}{low:8.2f}-{high:.2f}  {bits}")  # fmt: skip


if __name__ == "__main__":
    main()

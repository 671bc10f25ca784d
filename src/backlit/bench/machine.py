"""What a run was measured on: processor, cores, versions, load."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..version import __version__
from .native import Bench

PACKAGES = ("numpy", "scipy", "numba", "torch", "jax", "jaxlib", "scikit-learn", "onnxruntime", "onnx")
CORES = 2
QUIET = 1.9  # what two threads do together, from which a machine counts as quiet


def processor() -> str:
    """The processor's name, as the system knows it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """The versions of all that takes part, as far as it is installed."""
    found = {"backlit": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def blas() -> list[str]:
    """The BLAS libraries in this process."""
    from threadpoolctl import threadpool_info

    found = {
        f"{lib['internal_api']} {lib['version']} ({lib.get('architecture') or '?'})"
        for lib in threadpool_info()
        if lib["user_api"] == "blas"
    }
    return sorted(found)


def load() -> float | None:
    """The mean number of processes that wanted a core in the last minute."""
    with suppress(OSError, AttributeError):
        return round(os.getloadavg()[0], 2)
    return None


def cores_at_hand() -> float:
    """How many times the work of one thread two threads do that never wait for each other: 2 on a quiet machine."""
    return round(Bench("float32").cores(0.1), 2)


def meeting() -> int:
    """Nanoseconds in which two threads meet: 100 where their cores share a cache, far more where not."""
    bench = Bench("float32")
    bench.meeting(0.02)  # the second core needs some milliseconds to wake
    return round(1e9 * bench.meeting(0.05))


def described() -> dict[str, Any]:
    """The machine and the moment."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "blas": blas(),
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "load": load(),
        "two_threads_do": cores_at_hand(),
        "two_threads_meet": meeting(),
    }


def keep_to_two_cores() -> None:
    """Two threads each, whatever the libraries would take: the process keeps to two cores where there are more."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(CORES))
    if hasattr(os, "sched_setaffinity"):
        at_hand = sorted(os.sched_getaffinity(0))
        if len(at_hand) > CORES:
            os.sched_setaffinity(0, at_hand[:CORES])

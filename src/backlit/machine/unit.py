"""Compilation units: kernel text → a file of its own in the cache folder → a compiled function.

Numba's disk cache is keyed by the one file that holds a function, so a function that calls into another file keeps
running in its old version after an upgrade.  Here a unit is a single self-contained file, named by the hash of its
content: another text is another file, and nothing old can be met.  Only this module imports numba.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from .state import CONSTANTS, FIELDS, SUMS

DTYPES = ("float32", "float64")
# Called before a unit is compiled (name) and after (None): how the caller tells people what takes a moment.
listener: Callable[[str | None], None] | None = None
compiled: list[str] = []  # units compiled by this process; the tests count them
_lock = threading.Lock()


def cache_folder() -> Path:
    """Where compiled kernels are kept: BACKLIT_CACHE, else the user's cache folder, else a temporary one."""
    asked = os.environ.get("BACKLIT_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(asked) if asked else Path(base) / "backlit"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _temporary_folder()


@functools.cache
def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="backlit-"))


def text_of(name: str) -> str:
    """The text of a file of this folder: "kernels/matmul" or "words_float32"."""
    return (resources.files(__package__) / f"{name}.py").read_text(encoding="utf-8")


def fields() -> str:
    """The names of state fields, and what else Python and the kernels share, as Python text."""
    lines = [f"{name} = {i}" for i, name in enumerate(FIELDS)]
    lines += [f"{name} = {i}" for i, name in enumerate(SUMS)]
    return "\n".join(lines + [f"{name} = {value}" for name, value in CONSTANTS.items()]) + "\n"


def unit_text(body: str, dtype: str, *, plain: bool = False) -> str:
    """The whole text of a unit: header for the dtype, the words, the state's fields, the body."""
    header = text_of("kernels/header_plain" if plain else "kernels/header")
    common = text_of("kernels/common")
    parts = [f"DTYPE_NAME = {dtype!r}\n", header, fields(), common, text_of(f"words_{dtype}"), body]
    return "\n".join(p.replace("from __future__ import annotations\n", "") for p in parts)


ENTRY = """

@cfunc(KERNEL, nopython=True, cache=True, error_model="numpy")
def {entry}(arena, instruction, scalars, state, lo, hi, thread):
    A = carray(as_floats(arena), HUGE)
    I = carray(as_integers(instruction), HUGE)
    S = carray(as_doubles(scalars), HUGE)
    C = carray(as_integers(state), HUGE)
    return kernel(A, I, S, C, lo, hi, thread)
"""


def kernel_address(name: str, body: str, dtype: str) -> int:
    """The address of the compiled kernel whose text is `body`: from memory, from disk, or compiled now."""
    return int(_kernel(name, body, dtype).address)


@functools.cache
def _kernel(name: str, body: str, dtype: str) -> Any:
    text = unit_text(body, dtype)
    mark = _mark(text + ENTRY)
    return getattr(_module(f"{name}_{dtype}", mark, text + ENTRY.format(entry=f"entry_{mark}")), f"entry_{mark}")


@functools.cache
def functions(name: str, body: str, dtype: str) -> ModuleType:
    """A unit whose functions are called from Python: the loop."""
    text = unit_text(body, dtype)
    return _module(f"{name}_{dtype}", _mark(text), text)


@functools.cache
def plain(body: str, dtype: str) -> dict[str, Any]:
    """The same text run by Python itself, on NumPy arrays: slow, bounds checked, for the tests."""
    names: dict[str, Any] = {}
    exec(compile(unit_text(body, dtype, plain=True), "<kernel text>", "exec"), names)
    return names


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _module(name: str, mark: str, text: str) -> ModuleType:
    """Import the unit from its file, writing the file first if there is none; compile what is not cached."""
    with _lock:
        folder = cache_folder()
        path = folder / f"{name}_{mark}.py"
        with _one_process(folder):
            changed = not path.exists() or path.read_bytes() != text.encode()
            if changed:
                _write(path, text)
            kept = (folder / "__pycache__").glob(f"{path.stem}.*")
            if not changed and any(file.suffix == ".nbi" for file in kept):
                try:
                    return _import(path)
                except Exception:  # a damaged file: what is wrong with the text itself is told below
                    for file in (folder / "__pycache__").glob(f"{path.stem}.*"):
                        file.unlink(missing_ok=True)
            compiled.append(name)
            if listener:
                listener(name)
            module = _import(path)
            if listener:
                listener(None)
    return module


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"backlit_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


@contextlib.contextmanager
def _one_process(folder: Path) -> Iterator[None]:
    """Only one process compiles at a time: Numba's first compilations can collide."""
    try:
        import fcntl
    except ImportError:  # no such lock on Windows
        yield
        return
    with open(folder / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.cache
def yield_address() -> int:
    """The address of the C library's sched_yield, 0 where there is none."""
    import ctypes

    try:
        return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0
    except (AttributeError, OSError, TypeError):
        return 0

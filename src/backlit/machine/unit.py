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
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from .beside import cores
from .lean import outer_functions_only
from .state import CONSTANTS, FIELDS, SUMS

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

DTYPES = ("float32", "float64")
# Called before a unit is compiled (name) and after (None): how the caller tells people what takes a moment.
listener: Callable[[str | None], None] | None = None
compiled: list[str] = []  # units compiled by this process; the tests count them
helpers: list[subprocess.Popen[bytes]] = []  # processes that compile ahead
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
    headers = ["header_plain"] if plain else ["header", "tiles"]
    texts = [text_of(f"kernels/{name}") for name in headers]
    parts = [f"DTYPE_NAME = {dtype!r}\n", *texts, fields(), text_of("kernels/common"), text_of(f"words_{dtype}"), body]
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
    stem, text = source(name, body, dtype)
    return getattr(_module(stem, text), f"entry_{stem[-16:]}")


@functools.cache
def functions(name: str, body: str, dtype: str) -> ModuleType:
    """A unit whose functions are called from Python: the loop."""
    return _module(*source(name, body, dtype, kernel=False))


def source(name: str, body: str, dtype: str, *, kernel: bool = True) -> tuple[str, str]:
    """A unit's file: its name, which ends in 16 digits of the hash of the content, and the content."""
    text = unit_text(body, dtype) + (ENTRY if kernel else "")
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{name}_{dtype}_{mark}", text.replace("{entry}", f"entry_{mark}") if kernel else text


@functools.cache
def plain(body: str, dtype: str) -> dict[str, Any]:
    """The same text run by Python itself, on NumPy arrays: slow, bounds checked, for the tests."""
    names: dict[str, Any] = {}
    exec(compile(unit_text(body, dtype, plain=True), "<kernel text>", "exec"), names)
    return names


def _module(stem: str, text: str) -> ModuleType:
    """Import the unit from its file, writing the file first if there is none; compile what is not cached."""
    with _lock:
        path = cache_folder() / f"{stem}.py"
        name = stem[:-17]
        with _alone(path, name):
            if _is_compiled(path, text):
                try:
                    return _import(path)
                except Exception:  # a damaged file: what is wrong with the text itself is told below
                    for file in (path.parent / "__pycache__").glob(f"{stem}.*"):
                        file.unlink(missing_ok=True)
            _write(path, text)
            compiled.append(name)
            with _told(name), outer_functions_only(text):
                return _import(path)


def _is_compiled(path: Path, text: str) -> bool:
    same = path.exists() and path.read_bytes() == text.encode()
    return same and any((path.parent / "__pycache__").glob(f"{path.stem}.*.nbi"))


def ahead(units: Sequence[tuple[str, str]]) -> None:
    """Let another process begin to compile what will be wanted soon, the last of it first.

    This one compiles the same units as it meets them; none is compiled twice, as each is locked while somebody does.
    """
    folder = cache_folder()
    missing = [(folder / f"{stem}.py", text) for stem, text in units]
    missing = [(path, text) for path, text in missing if not _is_compiled(path, text)]
    if len(missing) < 2 or cores() < 2 or not sys.executable or fcntl is None:
        return
    for path, text in missing:
        if not path.exists():
            _write(path, text)
    call = "import sys; from backlit.machine.unit import compile_files; compile_files(sys.argv[1:])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "BACKLIT_CACHE": str(folder)}
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    paths = [str(path) for path, _ in reversed(missing)]
    with contextlib.suppress(OSError):  # no process to be had: then this one compiles all
        helpers.append(subprocess.Popen([sys.executable, "-c", call, *paths], env=environment, **quiet))


def compile_files(paths: Sequence[str]) -> None:
    """What the other process does; it stops as soon as nobody waits for it any more."""
    parent = os.getppid()
    for path in map(Path, paths):
        if os.getppid() != parent:
            return
        with _alone(path, ""):
            text = path.read_text(encoding="utf-8")
            if not _is_compiled(path, text):
                with outer_functions_only(text):
                    _import(path)


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
def _alone(path: Path, name: str) -> Iterator[None]:
    """Only one process compiles a unit at a time: others wait, and then find it done."""
    if fcntl is None:  # no such lock on Windows
        yield
        return
    place = int(path.stem[-12:], 16)  # each unit has its own place in one file of locks
    with open(path.parent / "lock", "w") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except OSError:
            with _told(name):
                fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
        yield


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Whoever listens is told of what takes a moment."""
    if listener and name:
        listener(name)
    yield
    if listener and name:
        listener(None)


@functools.cache
def c_address(name: str) -> int:
    """The address of a function of the C library, 0 where there is none."""
    import ctypes

    try:
        return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0
    except (AttributeError, OSError, TypeError):
        return 0

"""`.npz` files: inputs and answers under the names that people give them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import messages
from ..errors import fail
from . import files
from .checks import one_of, plain
from .table import Table, Task

PARTS = ("train", "test")
INPUTS = ("x", "X", "data", "inputs", "features", "images")
ANSWERS = ("t", "y", "Y", "target", "targets", "labels")
MOST = 1 << 33  # bytes that the arrays may have


def read(
    path: str | os.PathLike[str],
    *,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    target: Any = None,
    part: str = "train",
) -> Table:
    """Two arrays from a `.npz` file: x and t (or y, data and target …), or x_train and y_train as in Keras' files.

    Parameters
    ----------
    path : str or path
    part : {"train", "test"}
        Which of x_train and x_test, where a file has both.
    target : str or [], optional
        The name of the array with the answers; the empty list means that none are wanted.
    task, classes
        As in `csv.read`.

    Returns
    -------
    Table
        Arrays of more than two dimensions, such as images, become a row each.

    Raises
    ------
    DataError
        BL240 when the file is none, or holds no such arrays; else as for two arrays.
    """
    from .load import of_arrays

    one_of("part", part, PARTS)
    path = Path(os.path.expanduser(path))
    held = arrays(path)
    bare = isinstance(target, list | tuple) and not target
    x_name, t_name = _names(path, held, part, None if bare else target, bare)
    x = held[x_name]
    if x.ndim > 2:
        x = x.reshape(len(x), -1)
    t = np.empty((len(x), 0)) if bare else held[t_name]
    table = of_arrays(x, t, task=task, classes=classes, target=t_name if t.ndim == 1 else None)
    source = messages.say("data.npz", path=plain(path.name), arrays=f"{x_name}, {t_name}", rows=table.rows)
    facts = {**vars(table), "name": plain(path.stem), "source": source}
    facts.pop("sha256", None)
    return Table(**facts)


def arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by name; BL240 for what is damaged, BL201 for what is not there.  No pickle is opened."""
    raw = files.bytes_of(path)
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > MOST or size > 1100 * len(raw) + 65536:  # deflate packs at most 1032 to 1
                raise ValueError(f"{size} bytes")
            for entry in archive.infolist():
                if entry.filename.endswith(".npy"):
                    found[entry.filename.removesuffix(".npy")] = _array(archive.read(entry))
    except Exception as error:  # zip, zlib, struct, the header's own text: whatever a damaged file makes go wrong
        raise fail(
            "BL240", path=plain(path), got=plain(str(error))[:200] or type(error).__name__, known="x, t"
        ) from None
    return found


def _array(raw: bytes) -> NDArray[Any]:
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file, max_header_size=10_000)
    if dtype.hasobject:
        raise ValueError("dtype object (pickle)")
    wanted = file.tell() + dtype.itemsize * int(np.prod([int(n) for n in shape], dtype=object) if shape else 1)
    if wanted != len(raw):
        raise ValueError(f"{shape} {dtype}: {wanted} ≠ {len(raw)} bytes")
    found: NDArray[Any] = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    return found


def _names(
    path: Path, held: dict[str, NDArray[Any]], part: str, target: str | None, bare: bool = False
) -> tuple[str, str]:
    """The names of the inputs and of the answers; for the answers "–" where none are wanted."""
    keys = [key for key in held if key.endswith(f"_{part}")] or ([] if part == "test" else list(held))
    short = {key.removesuffix(f"_{part}"): key for key in keys if held[key].ndim}
    x = next((short[name] for name in INPUTS if name in short), None)
    if bare and x is not None:
        return x, "–"
    if target is not None:
        t = target if target in held and held[target].ndim else short.get(target)
    else:
        t = next((short[name] for name in ANSWERS if name in short), None)
    if x is None or t is None or x == t:
        wanted = "x, t · X, y · data, target" if part == "train" else "x_test, y_test"
        raise fail("BL240", path=plain(path), got=", ".join(plain(k) for k in list(held)[:12]) or "–", known=wanted)
    return x, t

"""IDX, the format of MNIST's files: a magic number, the sizes, and then nothing but numbers; gzip too."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import messages
from ..errors import BacklitError, fail
from . import answers, files
from .checks import Origin, one_of, plain
from .table import Table, Task

ENDINGS = ("-ubyte", ".idx", ".idx1", ".idx2", ".idx3", ".idx4")
PARTS = ("train", "test")
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_PREFIX = {"train": ("train",), "test": ("t10k", "test")}
MOST = 1 << 33  # bytes that a header may announce


def read(
    path: str | os.PathLike[str],
    *,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    target: Any = None,
    part: str = "train",
) -> Table:
    """Images and their labels, of MNIST and its relatives.

    Parameters
    ----------
    path : str or path
        The file of images (train-images-idx3-ubyte, with .gz or without), whose labels lie beside it
        (train-labels-idx1-ubyte), or the folder of both.
    part : {"train", "test"}
        In a folder: the files that begin with "train", or those with "t10k" or "test".
    task, classes
        As in `csv.read`.
    target : str or [], optional
        What the labels are called; the empty list means that none are wanted.

    Returns
    -------
    Table
        A row for an image, its pixels in the order of the file; t from the labels.

    Raises
    ------
    DataError
        BL238 (cut short, longer than it says, or not IDX), BL239 (no labels), BL213 (more of one than of the other).
    """
    one_of("part", part, PARTS)
    path = Path(os.path.expanduser(path))
    if isinstance(target, list | tuple) and not target:
        return _inputs(path if path.is_file() else _pair(path, part)[0])
    pictures, labels = _pair(path, part)
    x, t = array(pictures), array(labels)
    if t.ndim != 1 or x.ndim < 1 or not len(x):
        raise fail("BL238", path=plain(labels if t.ndim != 1 else pictures), expected="(rows, …), (rows,)",
                   got=f"{x.shape}, {t.shape}")  # fmt: skip
    if len(x) != len(t):
        raise fail("BL213", x_rows=len(x), t_rows=len(t))
    x = x.reshape(len(x), -1)
    names = _features(x)
    column = target if isinstance(target, str) else "label"
    origin = Origin(plain(labels))
    found = answers.of_numbers(t.astype(np.float64)[:, None], [column], origin, task or "classification", classes)
    source = messages.say("data.idx", path=plain(pictures.name), rows=len(x))
    return Table(plain(_stem(pictures)), x.astype(np.float64), found[1], names, (column,), found[0], found[2], source)


def _inputs(path: Path) -> Table:
    """Images alone."""
    x = array(path)
    if not x.ndim or not len(x):
        raise _broken(path, "(rows, …)", str(x.shape))
    x = x.reshape(len(x), -1)
    source = messages.say("data.idx", path=plain(path.name), rows=len(x))
    return Table(_stem(path), x.astype(np.float64), np.empty((len(x), 0)), _features(x), (), "regression", (), source)


def _features(x: NDArray[Any]) -> tuple[str, ...]:
    return tuple(f"pixel{j}" for j in range(x.shape[1]))


def array(path: Path) -> NDArray[Any]:
    """One IDX file as an array; BL238 when its size is another than its header says."""
    raw = files.bytes_of(path)
    if raw[:2] == b"\x1f\x8b":
        raw = _unpacked(path, raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _TYPES or not raw[3]:
        raise _broken(path, "00 00 08 03 …", raw[:4].hex(" ") or "–")
    dtype, dimensions = np.dtype(_TYPES[raw[2]]), raw[3]
    begin = 4 + 4 * dimensions
    if len(raw) < begin:
        raise _broken(path, f"{begin} bytes", f"{len(raw)} bytes")
    shape = struct.unpack(f">{dimensions}I", raw[4:begin])
    wanted = begin + math.prod(shape) * dtype.itemsize
    if wanted != len(raw):
        raise _broken(path, f"{' × '.join(map(str, shape))}: {wanted} bytes", f"{len(raw)} bytes")
    return np.frombuffer(raw, dtype, offset=begin).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _unpacked(path: Path, raw: bytes) -> bytes:
    """What gzip packed, but never more than the header of the IDX file inside announces."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        head = decoder.decompress(raw, 4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES:
            return head
        sizes = decoder.decompress(decoder.unconsumed_tail, 4 * head[3])
        if len(sizes) < 4 * head[3] or not head[3]:
            return head + sizes
        body = math.prod(struct.unpack(f">{head[3]}I", sizes)) * np.dtype(_TYPES[head[2]]).itemsize
        if body > MOST or body > 1100 * len(raw):  # deflate packs at most 1032 to 1
            return head + sizes
        rest = decoder.decompress(decoder.unconsumed_tail, body + 1)
        if len(rest) == body and not decoder.eof:  # the check sum at the end
            rest += decoder.decompress(decoder.unconsumed_tail, 1)
            if not decoder.eof:
                raise EOFError("gzip")
        return head + sizes + rest
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise _broken(path, "gzip", str(error)) from None


def _broken(path: Path, expected: str, got: str) -> BacklitError:
    return fail("BL238", path=plain(path), expected=expected, got=got)


def _pair(path: Path, part: str) -> tuple[Path, Path]:
    """The file of images and that of labels."""
    if path.is_dir():
        pairs = pairs_in(path)
        found = next((pair for pair in pairs if pair[0].name.lower().startswith(_PREFIX[part])), None)
        if found is None:
            found = pairs[0] if len(pairs) == 1 and part == "train" else None
        if found is None:
            raise fail("BL239", path=plain(path), expected=f"{_PREFIX[part][0]}-images-idx3-ubyte",
                       names=[plain(pair[0].name) for pair in pairs[:12]] or ["–"])  # fmt: skip
        return found
    if not path.exists():
        raise files.missing(path)
    labels = _labels(path)
    if labels is None:
        raise fail("BL239", path=plain(path), expected=_names(path.name)[0], names=_there(path.parent))
    return path, labels


def pairs_in(folder: str | os.PathLike[str]) -> list[tuple[Path, Path]]:
    """The pairs of images and labels in a folder."""
    try:
        there = sorted(file for file in Path(folder).iterdir() if "idx" in file.name.lower())
    except OSError:
        return []
    pairs = ((file, _labels(file)) for file in there if "images" in file.name.lower())
    return [(pictures, labels) for pictures, labels in pairs if labels is not None]


def _labels(pictures: Path) -> Path | None:
    """The labels beside a file of images."""
    beside = (pictures.with_name(name) for name in _names(pictures.name))
    return next((path for path in beside if path != pictures and path.is_file()), None)


def _names(name: str) -> list[str]:
    """The names that the labels of a file of images may have, packed or not."""
    plain_name = name.removesuffix(".gz")
    other = plain_name.replace("images", "labels")
    for dimension in "234":
        other = other.replace(f"idx{dimension}", "idx1")
    return [other, f"{other}.gz"]


def _there(folder: Path) -> list[str]:
    try:
        return [plain(file.name) for file in sorted(folder.iterdir())[:12]] or ["–"]
    except OSError:
        return ["–"]


def _stem(path: Path) -> str:
    """A short name for the table: the folder's for MNIST's own file names."""
    return path.resolve().parent.name or "idx" if "images" in path.name else path.name.split(".")[0]

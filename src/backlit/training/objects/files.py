"""Files: the model (safetensors), and everything written so that a kill at any moment leaves a whole file.

A file is written under a temporary name in its folder, flushed to the disk, and then renamed: a reader sees the old
file or the new one, never a part.  No pickle anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BacklitError, fail, nearest
from ...ops.loss import loss_named
from ...ops.shapes import resolve
from ...version import __version__
from ..loop.settings import DTYPES
from .network import Network

if TYPE_CHECKING:
    from .ensemble import Ensemble

Array = np.ndarray[Any, Any]

FORMAT = 2  # of the model file; a higher number is a newer Backlit's.  2: columns of all kinds, several labels
KEY = "backlit"
GROUP = "group.json"  # in the folder of several runs


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> Path:
    """Write a file, at once or in pieces, whole or not at all; a FileError (BL504, BL505) when the disk says no."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines([data] if isinstance(data, bytes) else data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except BacklitError:  # from what made the pieces
        raise
    except OSError as error:
        raise disk_error(error, path) from error
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def disk_error(error: OSError, path: Path) -> BacklitError:
    """What the disk said, in our words."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return fail("BL504" if full else "BL505", path=path, reason=error.strerror or str(error))


def save_model(net: Network, path: Path) -> Path:
    """The network as one safetensors file: parameters under PyTorch's keys, all else as JSON in its metadata."""
    if not net.values:
        raise fail("BL707")
    about: dict[str, Any] = {
        "format": net.preparation.format if net.preparation else 1,  # the oldest that can hold it
        "version": __version__,
        "structure": net.describe(),
        "keys": net.keys(),
        "loss": net.loss,
        **({"loss_options": net.loss_options} if net.loss_options else {}),
        "task": net.task,
        "preparation": net.preparation.to_dict() if net.preparation else None,
    }
    tensors = {key: np.ascontiguousarray(value) for key, value in net.weights().items()}
    return write_tensors(path, tensors, json.dumps(about, ensure_ascii=False))


def write_tensors(path: Path, tensors: Mapping[str, Array], text: str) -> Path:
    """A safetensors file of arrays of float32 or float64, with `text` in its metadata and a checksum over both."""
    return write_atomic(path, _packed(tensors, {KEY: text, "crc32": _checksum(text, tensors), "format": "pt"}))


def _packed(tensors: Mapping[str, Array], notes: Mapping[str, str]) -> bytes:
    """The safetensors format, written here: the library's own writer puts the notes in another order each time."""
    header: dict[str, Any] = {"__metadata__": notes}
    end = 0
    for key, value in tensors.items():
        begin, end = end, end + value.nbytes
        header[key] = {"dtype": f"F{8 * value.itemsize}", "shape": value.shape, "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(value.tobytes() for value in tensors.values())


def _checksum(text: str, tensors: Mapping[str, Array]) -> str:
    """By which a flipped bit is found; safetensors itself looks at sizes only."""
    total = zlib.crc32(text.encode())
    for key in sorted(tensors):
        total = zlib.crc32(tensors[key].data, total)
    return f"{total:08x}"


def load(path: str | Path) -> Network | Ensemble:
    """Read a network that `save` or `backlit train` wrote; a run's folder stands for the model in it.

    The folder of several runs (`--seeds`, `--folds`) gives the `Ensemble` of their networks.

    Raises
    ------
    FileError
        BL501: truncated or corrupt; BL502: not one of ours; BL503: written by a newer Backlit.
    DataError
        BL201: there is no such file.

    >>> import tempfile
    >>> from backlit import Dense, Network
    >>> net = Network([Dense(1)])
    >>> net.prepare(2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = net.save(Path(folder) / "model.safetensors")
    ...     again = load(path)
    >>> again.predict([[0.0, 0.0]]).tolist()
    [[0.0]]
    """
    path = Path(path)
    if (path / GROUP).is_file():
        from .ensemble import load_group

        return load_group(path)
    return load_network(path)


def load_network(path: Path) -> Network:
    """One network, from its file or its run's folder; see `load`."""
    if path.is_dir():
        path = path / "model.safetensors"
    about, tensors = read_tensors(path)
    try:
        return _revive(about, tensors)
    except BacklitError as error:
        raise fail("BL501", path=path, reason=f"{type(error).__name__} {error.code}") from error
    except Exception as error:  # whatever a hand-made file makes go wrong
        raise fail("BL501", path=path, reason=f"{type(error).__name__}: {error}") from None


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `write_tensors` wrote, its text read as JSON; BL501, BL502 or BL503 where it is not one of our files."""
    from safetensors import SafetensorError, safe_open

    _check_header(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise fail("BL501", path=path, reason=str(error)) from None
    if KEY not in metadata:
        raise fail("BL502", path=path, got="safetensors")
    if metadata.get("crc32", found := _checksum(metadata[KEY], tensors)) != found:
        raise fail("BL501", path=path, reason=f"CRC-32 {found}, {metadata['crc32']}")
    try:
        about = json.loads(metadata[KEY])
        number = int(about["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise fail("BL501", path=path, reason=str(error)) from None
    if number > FORMAT:
        raise fail("BL503", path=path, expected=FORMAT, got=number, version=about.get("version", "?"))
    return about, tensors


def _check_header(path: Path) -> None:
    """Tell a file that is missing, empty or of another kind from one that is damaged."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        there = os.listdir(path.parent) if path.parent.is_dir() else []
        raise fail("BL201", path=path, folder=path.parent, nearest=nearest(path.name, there[:1000])) from None
    except OSError as error:
        raise fail("BL506", path=path, reason=error.strerror or str(error)) from None
    if size < 9:
        raise fail("BL501", path=path, reason=f"{size} bytes")
    if head[8:9] != b"{":
        raise fail("BL502", path=path, got=repr(head[:8])[2:-1])
    if struct.unpack("<Q", head[:8])[0] + 8 > size:
        raise fail("BL501", path=path, reason=f"{size} bytes")


def _revive(about: dict[str, Any], tensors: dict[str, Any]) -> Network:
    from ...data import Preparation

    net = Network(*Network.links_of(about["structure"]))
    (kind,) = {str(t.dtype) for t in tensors.values()}
    if kind not in DTYPES:
        raise ValueError(kind)
    for name, node in net.build().parameters.items():
        net.values[name] = np.empty(resolve(node.shape, 1), kind)
    keys = net.keys()
    if set(keys.values()) != set(tensors):
        raise ValueError(f"parameters {sorted(set(keys.values()) ^ set(tensors))}")
    for own, key in keys.items():
        net[own] = tensors[key]
    net.loss, net.task = str(about["loss"]), str(about["task"])
    net.loss_options = dict(about.get("loss_options") or {})  # files of older versions hold none
    if net.loss:
        loss_named(net.loss).check(net.loss_options)
    if about.get("preparation"):
        net.preparation = Preparation.from_dict(about["preparation"])
    return net

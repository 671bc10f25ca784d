"""Folders of images: a folder for each class, an image file for each row."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import messages
from ..errors import fail
from . import answers, files
from .checks import Origin, one_of, plain, shown
from .extras import needed
from .table import Table, Task

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
COLOURS = ("grey", "colour")
LISTED = 12
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "F")
Size = tuple[int, int]  # height, width


def read(
    path: str | os.PathLike[str],
    *,
    target: Any = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    size: str | int | Sequence[int] | None = None,
    colour: str | None = None,
    skip: bool = False,
) -> Table:
    """Images as rows: `folder/class/file.png` (needs Pillow, which `backlit[images]` brings).

    Parameters
    ----------
    path : str or path
        The folder.  The folders in it are the classes, in the order of their names; images in it and below are rows,
        in the order of their paths.
    size : int, "28x28" or (height, width), optional
        To which all images are brought.  Default: as they are; they must then have one size.
    colour : {"grey", "colour"}, optional
        One number a pixel, or three.  Default: grey when all images are.
    skip : bool
        Leave out images that cannot be read (they are listed in a notice), instead of BL241.
    target : str or [], optional
        What the class is called; the empty list means that there are none, and images may lie in the folder itself.
    task : {"classification"}, optional
    classes : sequence of str, optional
        As in `csv.read`.

    Returns
    -------
    Table
        Numbers from 0 (black) to 255, row by row of the image, the three colours of a pixel side by side.

    Raises
    ------
    DataError
        BL235 (Pillow is missing), BL241 (unreadable images), BL243 (mixed sizes), BL244 (no images, or no classes).
    """
    folder = Path(os.path.expanduser(path))
    if task is not None:
        one_of("task", task, ("classification",))
    if colour is not None:
        one_of("colour", colour, COLOURS)
    wanted = _size(size) if size is not None else None
    bare = isinstance(target, list | tuple) and not target
    named = _files(folder, bare)
    opened, lost = _opened(folder, [file for file, _ in named], wanted)
    notices: list[dict[str, Any]] = []
    if lost:
        facts = {"path": plain(folder), "count": len(lost), "rows": len(named), "names": lost[:LISTED]}
        if not skip or len(lost) == len(named):
            raise fail("BL241", **facts)
        notices.append({"code": "BL242", **facts})
    kept = [(name, image) for (_, name), image in zip(named, opened, strict=True) if image is not None]
    found = wanted or _one_size(folder, [image.shape[:2] for _, image in kept])
    deep = colour == "colour" or (colour is None and any(image.ndim == 3 for _, image in kept))
    x = np.stack([_row(image, deep) for _, image in kept])
    column = target if isinstance(target, str) else "class"
    reading = {"size": list(found), "colour": "colour" if deep else "grey"}
    source = messages.say("data.images", path=plain(folder.name), rows=len(x), height=found[0], width=found[1])
    name, features = plain(folder.resolve().name) or "images", _features(found, deep)
    if bare:
        return Table(
            name, x, np.empty((len(x), 0)), features, (), "regression", (), source, (), tuple(notices), reading
        )
    kind, t, known = answers.of_names([c for c, _ in kept], column, Origin(plain(folder)), classes)
    return Table(name, x, t, features, (column,), kind, known, source, (), tuple(notices), reading)


def _files(folder: Path, bare: bool) -> list[tuple[Path, str]]:
    """The image files of a folder with their classes, in the order of their paths; BL244 when there are none."""
    if not folder.is_dir():
        raise files.missing(folder)
    try:
        inside = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in ENDINGS and file.is_file()]
    except OSError as error:
        raise files.unreadable(folder, error.strerror or str(error)) from None
    found = [(file, file.relative_to(folder).parts[0]) for file in inside if bare or file.parent != folder]
    if not found:
        loose = len(inside)
        there = sorted(plain(file.name) for file in folder.iterdir())[:LISTED] or ["–"]
        raise fail("BL244", path=plain(folder), count=loose, names=there)
    return found


def _opened(folder: Path, paths: list[Path], size: Size | None) -> tuple[list[NDArray[Any] | None], list[str]]:
    """The images as arrays, (height, width) or (height, width, 3), and for each that cannot be read why not."""
    pillow = needed("PIL.Image", folder)
    turned = needed("PIL.ImageOps", folder).exif_transpose
    found: list[NDArray[Any] | None] = []
    lost: list[str] = []
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a bomb of pixels, a damaged tag
                with pillow.open(path) as image:
                    found.append(_array(turned(image), size, pillow))
        except Exception as error:  # whatever a damaged file makes a decoder do
            found.append(None)
            lost.append(f"{plain(path.relative_to(folder))} ({plain(str(error))[:60] or type(error).__name__})")
    return found, lost


def _array(image: Any, size: Size | None, pillow: Any) -> NDArray[Any]:
    """An image from 0 to 255, resized if asked for."""
    if image.mode in ("I", "I;16", "I;16B"):  # 16 bits
        numbers = np.clip(np.asarray(image, dtype=np.float64) / 257, 0, 255)
        image = pillow.fromarray(np.rint(numbers).astype(np.uint8))
    grey = image.mode in GREY
    image = image.convert("L" if grey else "RGB")
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), pillow.Resampling.BILINEAR)
    return np.asarray(image)


def _row(image: NDArray[Any], deep: bool) -> NDArray[np.float64]:
    """An image as one row of numbers; colours to grey by ITU-R 601 as Pillow does it."""
    if deep and image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    if not deep and image.ndim == 3:
        image = np.rint(image @ np.array([0.299, 0.587, 0.114]))
    return image.reshape(-1).astype(np.float64)


def _one_size(folder: Path, sizes: list[Size]) -> Size:
    """The size that all images have; BL243 when they have several."""
    counts = {size: sizes.count(size) for size in dict.fromkeys(sizes)} if len(set(sizes)) > 1 else {}
    if counts:
        most = sorted(counts, key=lambda size: -counts[size])
        told = [f"{h}x{w} ({counts[h, w]})" for h, w in most[:LISTED]]
        raise fail("BL243", path=plain(folder), got=told, count=len(counts), size=f"{most[0][0]}x{most[0][1]}")
    return sizes[0]


def _features(size: Size, deep: bool) -> tuple[str, ...]:
    places = [f"pixel{i},{j}" for i in range(size[0]) for j in range(size[1])]
    return tuple(f"{place} {c}" for place in places for c in "rgb") if deep else tuple(places)


def _size(given: str | int | Sequence[int]) -> Size:
    """28, "28", "28x32" or (28, 32), as height and width."""
    found: Sequence[Any] = ()
    if isinstance(given, str):
        match = re.fullmatch(r"\s*(\d{1,5})(?:\s*[x×,]\s*(\d{1,5}))?\s*", given)
        found = (match[1], match[2] or match[1]) if match else ()
    elif isinstance(given, int) and not isinstance(given, bool):
        found = (given, given)
    elif isinstance(given, list | tuple):
        found = given
    try:
        height, width = (int(n) for n in found)
    except (TypeError, ValueError):
        height = width = 0
    if not (1 <= height <= 4096 and 1 <= width <= 4096):
        raise fail("BL215", option="size", value=shown(given), allowed="28, 28x32 (1 … 4096)")
    return height, width

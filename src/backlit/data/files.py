"""From a path to text, or to a message that says why not."""

from __future__ import annotations

import itertools
from pathlib import Path

from ..errors import BacklitError, fail, nearest
from .checks import plain, shown

MANY = 1000


def text_of(path: Path, encoding: str) -> str:
    """The whole file as text.

    Parameters
    ----------
    path : Path
    encoding : str
        "utf-8-sig" is UTF-8 with or without a byte order mark.

    Raises
    ------
    DataError
        BL201 (no such file), BL202 (nothing in it), BL211 (a folder, locked, binary, another encoding),
        BL215 (no such encoding).
    """
    _known(encoding)
    try:
        raw = path.read_bytes()
        text = raw.decode(encoding)
    except FileNotFoundError:
        there = _neighbours(path)
        raise fail("BL201", path=plain(path), folder=plain(path.parent), nearest=there) from None
    except UnicodeDecodeError as error:
        at = error.start + len(raw) - len(error.object)  # the codec counts from behind the byte order mark
        raise unreadable(path, f"byte {raw[at]:#04x} @ {at}, {error.encoding}") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise unreadable(path, getattr(error, "strerror", None) or str(error)) from None
    if (at := text.find("\0")) >= 0:
        raise unreadable(path, f"byte 0x00 @ {len(text[:at].encode('utf-8', 'replace'))}")
    if not text.strip():
        raise fail("BL202", path=plain(path), size=len(raw))
    return text


def unreadable(path: Path, reason: str) -> BacklitError:
    """BL211.  The reason is a fact (a byte, the system's own words), no sentence: alike in any language."""
    return fail("BL211", path=plain(path), reason=plain(reason))


def _known(encoding: str) -> None:
    try:
        " ".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise fail("BL215", option="encoding", value=shown(encoding), allowed="utf-8, cp932, euc-jp, …") from None


def _neighbours(path: Path) -> str:
    """The names in the folder closest to a missing one (of the first thousand: a folder may be huge)."""
    try:
        names = [plain(file.name) for file in itertools.islice(path.parent.iterdir(), MANY)]
    except (OSError, ValueError):
        names = []
    return nearest(plain(path.name)[:200], names) or "–"

"""From a path to text, or to a message that says why not."""

from __future__ import annotations

import codecs
import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..errors import BacklitError, fail, nearest
from .checks import plain, shown

MANY = 1000
BLOCK = 1 << 18  # bytes looked at at a time
ENOUGH = 4000  # letters beyond ASCII by which encodings are told apart
JAPANESE = ("cp932", "euc_jp")
NUL = "byte 0x00"
KNOWN = "utf-8, utf-16, cp932, euc-jp"


class TextFile:
    """A file of text: its encoding found, or checked if it is given; opened as often as wanted, from the start.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        By default UTF-16 where a byte order mark says so, else UTF-8, else Shift_JIS (CP932) or EUC-JP.

    Raises
    ------
    DataError
        BL201 (no such file), BL202 (nothing in it), BL211 (a folder, locked, binary, another encoding than given),
        BL215 (no such encoding), BL220 (no encoding fits).

    Notes
    -----
    The file is read through once, in blocks.  What can be read only once, as a pipe, is kept in memory.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        if encoding is not None:
            _known(encoding)
        self.path = path
        self._held: bytes | None = None
        try:
            if path.exists() and not path.is_file() and not path.is_dir():
                self._held = path.read_bytes()
            with self._bytes() as file:
                self.size, blank = _measured(file)
            if self.size == 0 or blank:
                raise fail("BL202", path=plain(path), size=self.size)
            self.encoding = encoding or self._found()
            if encoding is not None and (reason := self._decodes(encoding)) is not None:
                raise unreadable(path, reason)
        except FileNotFoundError:
            raise missing(path) from None
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            if isinstance(error, BacklitError):
                raise
            raise unreadable(path, getattr(error, "strerror", None) or str(error)) from None

    def _bytes(self) -> IO[bytes]:
        return open(self.path, "rb") if self._held is None else io.BytesIO(self._held)

    def open(self) -> IO[str]:
        """The text from its start; line ends are left as they are."""
        return io.TextIOWrapper(self._bytes(), encoding=self.encoding, newline="")

    def head(self, size: int = 65536) -> str:
        """The first so many letters, to the last whole line."""
        with self.open() as file:
            text = file.read(size)
            if file.read(1):
                text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
        return text

    def _found(self) -> str:
        """The encoding in which the whole file is text."""
        with self._bytes() as file:
            mark = file.read(4)
        if mark[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and mark != codecs.BOM_UTF32_LE:
            if (reason := self._decodes("utf-16")) is not None:
                raise unreadable(self.path, reason)
            return "utf-16"
        first = self._decodes("utf-8-sig")
        if first is None:
            return "utf-8-sig"
        if first.startswith(NUL):  # no text at all
            raise unreadable(self.path, first)
        found = {name: self._likeness(name) for name in JAPANESE if self._decodes(name) is None}
        best = max(found, key=lambda name: found[name], default="")
        if best and found[best] >= 0.5:
            return best
        raise fail("BL220", path=plain(self.path), reason=first, known=KNOWN)

    def _decodes(self, encoding: str) -> str | None:
        """None when the whole file is text in an encoding, else the place where it is not."""
        decoder = codecs.getincrementaldecoder(encoding)()
        done = 0
        with self._bytes() as file:
            while True:
                block = file.read(BLOCK)
                held = decoder.getstate()[0]  # what is left of the block before
                try:
                    text = decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    at = done - len(held) + error.start + (len(held + block) - len(error.object))
                    return f"byte {error.object[error.start]:#04x} @ {at}, {error.encoding}"
                except UnicodeError as error:  # UTF-16 without a mark
                    return f"{error}"
                if "\0" in text:
                    return f"{NUL} @ {done + max(0, block.find(0))}"
                if not block:
                    return None
                done += len(block)

    def _likeness(self, encoding: str) -> float:
        """The share of everyday Japanese letters among those beyond ASCII."""
        common = rare = 0
        with io.TextIOWrapper(self._bytes(), encoding=encoding) as file:
            for letter in _beyond_ascii(file):
                if _is_everyday(letter):
                    common += 1
                else:
                    rare += 1
        return common / max(1, common + rare)


def _measured(file: IO[bytes]) -> tuple[int, bool]:
    """The size of a file, and whether it is blank."""
    while block := file.read(BLOCK):
        if block.strip(b" \t\r\n\f\v\xef\xbb\xbf"):
            return file.seek(0, os.SEEK_END), False
    return file.tell(), True


def _beyond_ascii(file: IO[str]) -> Iterator[str]:
    letters = (letter for line in file for letter in line if letter > "\x7f")
    return itertools.islice(letters, ENOUGH)


def _is_everyday(letter: str) -> bool:
    """Kana, punctuation and the 2965 kanji of the first level; half-width kana too."""
    if "\uff61" <= letter <= "\uff9f":
        return True
    try:
        return letter.encode("euc_jp")[0] <= 0xCF
    except UnicodeEncodeError:
        return False


def text_of(path: Path, encoding: str | None = None) -> str:
    """The whole file as text; raises what `TextFile` raises."""
    with TextFile(path, encoding).open() as file:
        return file.read()


def unreadable(path: Path, reason: str) -> BacklitError:
    """BL211.  The reason is a fact (a byte, the system's own words), no sentence: alike in any language."""
    return fail("BL211", path=plain(path), reason=plain(reason))


def missing(path: Path) -> BacklitError:
    """BL201, with the nearest names in the folder."""
    return fail("BL201", path=plain(path), folder=plain(path.parent), nearest=_neighbours(path))


def bytes_of(path: Path) -> bytes:
    """The whole file as bytes; BL201 or BL211 where that cannot be."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, ValueError) as error:
        raise unreadable(path, getattr(error, "strerror", None) or str(error)) from None


def _known(encoding: str) -> None:
    try:
        " ".encode(encoding)
        codecs.getincrementaldecoder(encoding)
    except (LookupError, TypeError, ValueError):
        raise fail("BL215", option="encoding", value=shown(encoding), allowed=f"{KNOWN}, …") from None


def _neighbours(path: Path) -> str:
    """The names in the folder closest to a missing one (of the first thousand: a folder may be huge)."""
    try:
        names = [plain(file.name) for file in itertools.islice(Path(os.path.dirname(path) or ".").iterdir(), MANY)]
    except (OSError, ValueError):
        names = []
    return nearest(plain(path.name)[:200], names) or "–"

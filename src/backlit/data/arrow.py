"""Parquet, Feather and Arrow files, by pyarrow, whole or batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import messages
from ..errors import BacklitError, fail
from . import columns, files
from .checks import Origin, plain
from .columns import Target
from .extras import needed
from .frames import given_of
from .given import Given
from .kinds import Kind, plain_number
from .table import Table, Task, one_of_tasks

PARQUET = (".parquet", ".pq")
ENDINGS = (*PARQUET, ".feather", ".arrow", ".ipc")


def read(
    path: str | os.PathLike[str],
    *,
    target: Target | None = None,
    task: Task | None = None,
    classes: Sequence[str] | None = None,
    known: Mapping[str, Kind] | None = None,
) -> Table:
    """A Parquet, Feather or Arrow file as a table (needs pyarrow, which `backlit[data]` brings).

    Parameters
    ----------
    path : str or path
    target, task, classes, known
        As in `csv.read`.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        BL235 (pyarrow is missing), BL236 (not such a file, or damaged), BL237; else as `csv.read`.
    """
    one_of_tasks(task)
    file = ArrowTable(Path(os.path.expanduser(path)))
    where = plain(file.path)
    chosen = columns.chosen(where, file.names, target)
    given, notices = file.whole()
    rows = len(given[0]) if given else 0
    if not rows:
        raise fail("BL203", path=where, names=columns.some(file.names))
    lost = {notice["column"] for notice in notices}
    if lost:
        targets = [file.names[j] for j in chosen]
        chosen = columns.chosen(where, [column.name for column in given], targets)
    return columns.table(
        plain(file.path.stem), given, chosen,
        origin=Origin(where), task=task, classes=classes, known=known, notices=notices,
        source=messages.say("data.csv", path=plain(file.path.name), rows=rows),
    )  # fmt: skip


class ArrowTable:
    """A file as a table: the names of its columns, and its rows, whole or in batches."""

    number = staticmethod(plain_number)

    def __init__(self, path: Path) -> None:
        self.path = path
        pa = needed("pyarrow", path)
        if not path.exists():
            raise files.missing(path)
        try:
            if path.name.lower().endswith(PARQUET):
                self.file: Any = needed("pyarrow.parquet", path).ParquetFile(path)
                schema = self.file.schema_arrow
            else:
                self.file = self._ipc(pa)
                schema = self.file.schema
            self.names: list[str] = [plain(name) for name in schema.names]
        except Exception as error:  # ArrowInvalid, OSError, MemoryError, whatever damaged bytes make go wrong
            raise self._broken(error) from None
        twice = [name for name in set(self.names) if self.names.count(name) > 1]
        if twice:
            raise self._broken(ValueError(f"{', '.join(sorted(twice)[:12])} × 2"))

    def _ipc(self, pa: Any) -> Any:
        ipc = needed("pyarrow.ipc", self.path)
        with open(self.path, "rb") as file:
            begins = file.read(6)
        source = pa.memory_map(str(self.path))
        return ipc.open_file(source) if begins == b"ARROW1" else ipc.open_stream(source)

    def _broken(self, error: Exception) -> BacklitError:
        if isinstance(error, BacklitError):
            return error
        return fail("BL236", path=plain(self.path), got=plain(str(error) or type(error).__name__)[:200])

    def whole(self) -> tuple[list[Given], list[dict[str, Any]]]:
        """All columns, and what is to be noticed."""
        try:
            table = self.file.read() if hasattr(self.file, "iter_batches") else self.file.read_all()
            table.validate(full=True)
        except Exception as error:
            raise self._broken(error) from None
        return given_of(table, plain(self.path))

    def parts(self, wanted: Sequence[int], rows: int) -> Iterator[tuple[Origin, list[Given]]]:
        """The wanted columns, at most so many rows at a time."""
        pa = needed("pyarrow", self.path)
        names = [self.names[j] for j in wanted]
        batches = self._batches(names, rows)
        done = 0
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                table = pa.Table.from_batches([batch]).select(names)
                table.validate(full=True)
            except Exception as error:
                raise self._broken(error) from None
            given, notices = given_of(table, plain(self.path))
            if notices:
                raise fail(notices[0]["code"], **{k: v for k, v in notices[0].items() if k != "code"})
            yield Origin(plain(self.path), rows=range(done, done + len(table))), given
            done += len(table)

    def _batches(self, names: list[str], rows: int) -> Iterator[Any]:
        if hasattr(self.file, "iter_batches"):
            yield from self.file.iter_batches(batch_size=rows, columns=names)
            return
        count = getattr(self.file, "num_record_batches", None)
        whole = self.file if count is None else (self.file.get_batch(i) for i in range(count))
        for batch in whole:
            for start in range(0, len(batch), rows):
                yield batch.slice(start, rows)

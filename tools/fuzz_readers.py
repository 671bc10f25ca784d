"""Changes good files at random and reads them: each must give a table or an error of ours, and soon.

    python tools/fuzz_readers.py --seconds 60                # every reader for a minute
    python tools/fuzz_readers.py --reader parquet --seed 7
    python tools/fuzz_readers.py --cases 100                 # a number of files, not a time

What is found is written to --keep, with the seed of its case; a regression test begins with it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from backlit.data import load
from backlit.errors import BacklitError

SLOW = 5.0  # seconds of computing for one small file: something runs away

TOWNS = ("東京", "大阪", "札幌")
TABLE = "name;size;town;day;ok;t\n" + "".join(
    f"n{i};{i / 3:.2f};{TOWNS[i % 3]};2026-{i % 12 + 1:02}-{i % 28 + 1:02};{'yes' if i % 2 else 'no'};{i % 2}\n"
    for i in range(40)
)
TOKENS = [b",", b";", b"\t", b"|", b'"', b"\n", b"\r\n", b"\0", b"-", b"1e999", b"nan", b"9999-12-31", b"1,250"]
TOKENS += [b"\xff\xfe", b"\xef\xbb\xbf", b"\x83\x5c", b"\xe6\x9d", "令和8年".encode(), b"2026-02-30", b" ", b"_"]


def _csv() -> Iterator[tuple[str, bytes]]:
    for encoding in ("utf-8", "cp932", "utf-16", "euc_jp"):
        for delimiter in ",;|\t":
            yield "a.csv", TABLE.replace(";", delimiter).encode(encoding)


def _npz() -> Iterator[tuple[str, bytes]]:
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=np.arange(40.0).reshape(20, 2), t=np.arange(20) % 2)
        yield "a.npz", file.getvalue()


def _idx() -> Iterator[tuple[str, bytes]]:
    whole = b"\0\0\x08\3" + struct.pack(">3I", 6, 3, 3) + bytes(range(54))
    yield "train-images-idx3-ubyte", whole
    yield "train-images-idx3-ubyte.gz", gzip.compress(whole, mtime=0)


def _parquet() -> Iterator[tuple[str, bytes]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"a": np.arange(20.0), "b": ["x", "y"] * 10, "t": np.arange(20) % 2})
    for codec in ("none", "snappy"):
        file = io.BytesIO()
        pq.write_table(table, file, compression=codec)
        yield "a.parquet", file.getvalue()


def _arrow() -> Iterator[tuple[str, bytes]]:
    import pyarrow as pa

    table = pa.table({"a": np.arange(20.0), "b": ["x", "y"] * 10, "t": np.arange(20) % 2})
    for make in (pa.ipc.new_file, pa.ipc.new_stream):
        file = io.BytesIO()
        with make(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=7)
        yield "a.arrow", file.getvalue()


def _images() -> Iterator[tuple[str, bytes]]:
    from PIL import Image

    picture = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    for kind in ("png", "jpeg", "bmp", "gif", "tiff", "webp", "ppm"):
        file = io.BytesIO()
        picture.save(file, kind)
        yield f"images/cat/a.{kind if kind != 'ppm' else 'pgm'}", file.getvalue()


READERS: dict[str, Callable[[], Iterator[tuple[str, bytes]]]] = {
    "csv": _csv, "npz": _npz, "idx": _idx, "parquet": _parquet, "arrow": _arrow, "images": _images,
}  # fmt: skip


def changed(good: bytes, chance: random.Random) -> bytes:
    """A file with one to five changes."""
    content = bytearray(good)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(content) + 1)
        how = chance.randrange(6)
        if how == 0 and at < len(content):
            content[at] = chance.randrange(256)
        elif how == 1 and at < len(content):
            content[at] ^= 1 << chance.randrange(8)
        elif how == 2:
            del content[at : at + chance.choice([1, 2, 4, 16, len(content)])]
        elif how == 3:
            content[at:at] = chance.choice(TOKENS)
        elif how == 4:
            content[at : at + 4] = struct.pack("<I", chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 24]))
        else:
            end = min(len(content), at + chance.randint(1, 40))
            content[at:at] = content[at:end]
    return bytes(content)


def options(reader: str, chance: random.Random) -> dict[str, object]:
    """Some of the options of a reader."""
    if reader == "csv":
        known = {"target": [0, "t", [], [0, 1], -2], "task": ["classification", "regression", "multilabel"],
                 "header": [True, False], "delimiter": [",", ";", "|"], "encoding": ["utf-8", "cp932", "utf-16"],
                 "decimal": [",", "."]}  # fmt: skip
    elif reader == "images":
        known = {"size": [4, "3x5"], "colour": ["grey", "colour"], "skip": [True]}
    else:
        known = {"target": [[]], "task": ["classification", "regression"]}
    chosen = chance.sample(sorted(known), chance.choice([0, 0, 1, 1, min(2, len(known))]))
    return {name: chance.choice(known[name]) for name in chosen}


def case(reader: str, seed: int, folder: Path) -> str | None:
    """Read one changed file; None when all is well, else what went wrong."""
    chance = random.Random(f"{reader} {seed}")
    name, good = chance.choice(list(READERS[reader]()))
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = changed(good, chance)
    path.write_bytes(content)
    if reader == "idx":
        (folder / name.replace("images-idx3", "labels-idx1").removesuffix(".gz")).write_bytes(
            b"\0\0\x08\1\0\0\0\6" + bytes(6)
        )
    if reader == "images":
        (folder / "images" / "dog").mkdir(exist_ok=True)
        (folder / "images" / "dog" / "b.pgm").write_bytes(b"P5 8 8 255\n" + bytes(64))
    source = folder / "images" if reader == "images" else path
    begin = time.process_time()  # others may keep the machine busy
    try:
        table = load(source, **options(reader, chance))
        if not table.rows:
            return "a table without rows"
    except BacklitError as error:
        for language in ("en", "ja"):
            lines = error.text(language).split("\n")
            if len(lines) not in (3, 4) or not all(line.isprintable() for line in lines):
                return f"a text of another form:\n{error.text(language)}"
    except Exception:
        return traceback.format_exc()
    finally:
        path.unlink(missing_ok=True)
    seconds = time.process_time() - begin
    return f"{seconds:.1f} s for {len(content)} bytes" if seconds > SLOW else None


def main(arguments: list[str] | None = None) -> int:
    """Try; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader", choices=sorted(READERS), action="append")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args(arguments)
    found = 0
    warnings.simplefilter("error")
    for reader in asked.reader or READERS:
        end, seed = time.monotonic() + asked.seconds, asked.seed
        while seed - asked.seed < asked.cases if asked.cases else time.monotonic() < end:
            with tempfile.TemporaryDirectory() as folder:
                wrong = case(reader, seed, Path(folder))
            if wrong is not None:
                found += 1
                print(f"--- {reader}, seed {seed}\n{wrong}", flush=True)
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / f"{reader}-{seed}.txt").write_text(wrong, encoding="utf-8")
            seed += 1
        print(f"{reader}: {seed - asked.seed} files, {found} findings so far", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

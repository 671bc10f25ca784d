"""Every error and notice of reading (BL220 to BL249), told in both languages: on few lines, with its facts."""

import builtins
import re

import numpy as np
import pytest

from backlit import messages
from backlit.data import Preparation, Tally, load
from backlit.data.rows import columns
from backlit.data.table import Table
from backlit.errors import BacklitError, fail
from data.test_messages_data import RAISED, catalogue, file

DATES = b"day,cost\n" + b"".join(b"2026-01-%02d,%d.5\n" % (i + 1, i) for i in range(20))
GREY = b"P5 2 2 255\n0123"


def text(rows):
    return "\n".join(rows).encode()


def folder(tmp_path, **images):
    for name, content in images.items():
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / f"{name}.pgm").write_bytes(content)
    return tmp_path / "images"


def idx(tmp_path, content, name="train-images-idx3-ubyte"):
    (tmp_path / name.replace("images-idx3", "labels-idx1")).write_bytes(b"\0\0\x08\1\0\0\0\2\0\1")
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def without(module, cause):
    """Do something as if a library were not installed."""
    real = builtins.__import__

    def missing(name, *rest):
        if name.partition(".")[0] == module:
            raise ImportError(name)
        return real(name, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.import_module", lambda name: missing(name))
        return cause()


def told(tmp_path, row):
    """What is noticed of one new row by a preparation that knows cats, dogs and numbers without holes."""
    known = Preparation.fit(load(file(tmp_path, b"n,pet,cost\n1,cat,2.5\n2,dog,3.5\n")))
    new = load(file(tmp_path, b"n,pet,cost\n1,cat,1.5\n" + row), known={c.name: c.as_kind() for c in known.features})
    tally = Tally()
    tally.add(known, new)
    return Table("new", [[0.0]], [[0.0]], ("a",), ("b",), "regression", notices=tally.notices())


def lists():
    pa = pytest.importorskip("pyarrow")
    return pa.table({"a": [1.0, 2.0], "lists": [[1], [2]], "b": [0.5, 1.5]})


ERRORS = {
    "BL220": (lambda p: load(file(p, b"a,b\n1,\x83\n")), ["table.csv", "0x83", "6", "cp932"]),
    "BL221": (lambda p: load(file(p, b"a,b\n1,2\n"), delimiter=";"), ["table.csv", "','", "';'", "2"]),
    "BL226": (lambda p: load(file(p, b"a,b\n1,\n2,NA\n")), ["table.csv", "b", "2"]),
    "BL228": (lambda p: load(file(p, text(f"{i},name{i}" for i in range(30)))), ["table.csv", "30", "column2"]),
    "BL229": (lambda p: load(file(p, DATES + b"2026-02-30,1.5\n")), ["table.csv:22", "'2026-02-30'", "day"]),
    "BL231": (lambda p: load(file(p, b'a,b\n"1,250",2.5\n950,3.5\n')), ["table.csv:2", "'1,250'", "--decimal"]),
    "BL235": (lambda p: without("pyarrow", lambda: load(p / "a.parquet")), ["pyarrow", "backlit[data]"]),
    "BL236": (lambda p: load(_written(p / "a.parquet", b"PAR1 and no more")), ["a.parquet"]),
    "BL238": (lambda p: load(idx(p, b"\0\0\x08\3" + b"\0\0\0\2" * 3 + b"1234567")), ["24", "23", "2 × 2 × 2"]),
    "BL239": (lambda p: load(_written(p / "train-images-idx3-ubyte", b"")), ["train-labels-idx1-ubyte"]),
    "BL240": (lambda p: load(_written(p / "a.npz", b"PK")), ["a.npz", "x, t"]),
    "BL241": (lambda p: load(folder(p, cat=b"no image", dog=GREY)), ["cat.pgm", "1", "2"]),
    "BL243": (lambda p: load(folder(p, cat=b"P5 1 1 255\n0", dog=GREY)), ["2x2 (1)", "1x1 (1)", "--size"]),
    "BL244": (lambda p: load(_written(p / "a.txt", b"").parent), ["a.txt", "0"]),
    "BL245": (lambda p: columns(["a", "b", "c"], 3, ["b", "a", "cc"], []), ["c", "b, a, cc"]),
    "BL249": (
        lambda p: load(file(p, b"a,town,b\n1,Nara,2.5\n2,Uji,3.5\n"), target=["town", "b"]),
        ["table.csv:2", "town", "'Nara'"],
    ),
}

# What is told, and the reading goes on.
NOTICES = {
    "BL222": (lambda p: load(file(p, b"a,a,b\n1,2,3.5\n")), ["a", "a column2"]),
    "BL223": (lambda p: load(file(p, b"a,b\n1,2.5\n1,3.5\n")), ["a", "1", "2"]),
    "BL224": (lambda p: load(file(p, b"a,c,b\n,1,2.5\n,2,3.5\n")), ["a", "2"]),
    "BL225": (lambda p: load(file(p, b"a,b\n1,2.5\n2,\n")), ["table.csv:3", "1", "b"]),
    "BL227": (
        lambda p: load(file(p, text(f"{i % 7},{'rare' if i == 3 else 'ab'[i % 2]}" for i in range(30)))),
        ["rare", "column2"],
    ),
    "BL230": (lambda p: load(file(p, b"a,b\n03/04/2026,2.5\n04/05/2026,3.5\n")), ["a", "mdy"]),
    "BL232": (lambda p: load(file(p, text(f"name{i},{i % 7},{i}.5" for i in range(30)))), ["column1", "30"]),
    "BL233": (lambda p: told(p, b"2,cow,1.5\n"), ["pet", "cow", "1"]),
    "BL234": (lambda p: told(p, b",dog,1.5\n"), ["n", "1"]),
    "BL237": (lambda p: load(lists()), ["lists", "List"]),
    "BL242": (lambda p: load(folder(p, cat=b"no", dog=GREY, cow=GREY), skip=True), ["cat.pgm", "1", "3"]),
}


def _written(path, content):
    path.write_bytes(content)
    return path


def error_of(code, tmp_path):
    """The error of a code, raised or noticed."""
    if code in NOTICES:
        notice = next(n for n in NOTICES[code][0](tmp_path).notices if n["code"] == code)
        return fail(code, **{key: value for key, value in notice.items() if key != "code"})
    with pytest.raises(BacklitError) as caught:
        ERRORS[code][0](tmp_path)
    return caught.value


def test_every_code_has_a_sample_and_an_entry_and_no_other_has():
    codes = [code for code in RAISED if code >= "BL220"]
    assert sorted([*ERRORS, *NOTICES]) == codes
    for language in messages.LANGUAGES:
        assert sorted(catalogue(language, "errors_reading.toml")) == codes


@pytest.mark.parametrize("code", [*ERRORS, *NOTICES])
def test_the_text_of_each_error_and_notice(code, tmp_path):
    if code in ("BL241", "BL242", "BL243"):
        pytest.importorskip("PIL")
    error = error_of(code, tmp_path)
    assert error.code == code
    for language in messages.LANGUAGES:
        said = error.text(language)
        assert len(said.splitlines()) in (3, 4), said
        assert not re.search(r"\{\w*\}|\bNone\b|  $", said), said
        for fact in {**ERRORS, **NOTICES}[code][1]:
            assert fact in said, said
        parts = {key: t for key, t in messages.entry(code, language).items() if key != "page"}
        assert set().union(*map(messages.placeholders, parts.values())) <= set(error.values)


def test_what_was_guessed_is_counted_and_not_more(tmp_path):
    known = Preparation.fit(load(file(tmp_path, b"n,pet,cost\n1,cat,2.5\n2,dog,3.5\n,cat,1.5\n")))
    new = load(file(tmp_path, b"n,pet,cost\n1,cow,1.5\n,cow,2.5\n3,,1.5\n2,dog,1.5\n"))
    tally = Tally()
    tally.add(known, new)
    assert dict(tally.filled) == {"pet": 1}  # holes in n are known from training
    assert {name: dict(counts) for name, counts in tally.unseen.items()} == {"pet": {"cow": 2}}
    assert np.isfinite(known.inputs(new)).all()

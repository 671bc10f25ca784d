"""Files that cannot be used: the code, the facts, and never a traceback of another kind."""

import os
import random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from backlit.data import Table, load
from backlit.errors import BacklitError, DataError


@pytest.fixture
def refused(tmp_path):
    """Write bytes to a file, read it, and give the error."""

    def write_and_read(content, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(DataError) as caught:
            load(path, **options)
        assert str(path) in caught.value.values.get("path", str(path))
        return caught.value

    return write_and_read


def facts(error, *names):
    return (error.code, *(error.values[name] for name in names))


def test_a_missing_file_offers_its_neighbours(tmp_path):
    for name in ("houses.csv", "horses.csv", "zebra.txt"):
        (tmp_path / name).touch()
    with pytest.raises(DataError) as caught:
        load(tmp_path / "house.csv")
    assert caught.value.code == "BL201"
    assert caught.value.values["nearest"].split(", ")[0] == "houses.csv"
    assert "zebra" not in caught.value.values["nearest"]


@pytest.mark.parametrize(
    "path", ["nowhere/a.csv", "a\0b.csv", "x" * 5000 + ".csv", "~nobody-at-all/a.csv", "no\nsuch.csv"]
)
def test_impossible_paths(path):
    with pytest.raises(DataError) as caught:
        load(path)
    assert caught.value.code in ("BL201", "BL211")
    assert len(str(caught.value).splitlines()) in (3, 4)


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n  ", b"\xef\xbb\xbf", b'""\n', b'""'])
def test_empty_files(refused, content):
    assert refused(content).code == "BL202"


def test_a_header_alone(refused):
    assert facts(refused("age,ill\n\n"), "names") == ("BL203", ["age", "ill"])


@pytest.mark.parametrize(
    ("text", "line", "expected", "got"),
    [
        ("a,b,c\n1,2,3\n1,2\n", 3, 3, 2),
        ("a,b,c\n1,2,3\n\n\n1,2,3,4\n", 5, 3, 4),
        ("1,2\r\n1\r\n", 2, 2, 1),
        ('a,b\n"1\n",2\n3\n', 4, 2, 1),
    ],
)
def test_ragged_rows_are_named_by_their_line(refused, text, line, expected, got):
    assert facts(refused(text), "line", "expected", "got") == ("BL204", line, expected, got)


@pytest.mark.parametrize("target", ["agee", 3, -4, "3", 1.5, None.__class__, ["age", "agee"], "x" * 9999])
def test_no_such_column(refused, target):
    error = refused("age,size,ill\n1,2,3\n", target=target)
    assert error.code == "BL205"
    assert error.values["names"] == ["age", "size", "ill"]
    if target == "agee":
        assert error.values["nearest"] == "age"


@pytest.mark.parametrize("cell", ["x y", "1_000", "0x10", "1\t2", "1,5", "12 kg"])
@pytest.mark.parametrize("header", ["a;b;c\n", ""])
def test_a_slip_among_numbers_is_refused_with_its_line(refused, cell, header):
    rows = [f"1;{i}.5;{i}.25" for i in range(20)]
    rows[15] = f"1;{cell};3"
    error = refused(header + "\n".join(rows))
    code = "BL231" if cell == "1,5" else "BL206"
    assert facts(error, "line", "column", "value") == (
        code,
        16 + bool(header),
        "b" if header else "column2",
        repr(cell),
    )


def test_a_slip_far_down_is_found_as_well(refused):
    rows = [f"{i},{i}.5" for i in range(30_000)]
    rows[29_990] = "x,1.5"
    assert facts(refused("a,b\n" + "\n".join(rows)), "line", "column") == ("BL206", 29_992, "a")


def test_a_long_cell_is_cut(refused):
    value = refused("a,b\n" + "1,2.5\n" * 20 + "wort" * 20_000 + ",2\n").values["value"]
    assert len(value) == 40
    assert value.endswith("…")


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "9" * 400])
@pytest.mark.parametrize("column", ["a", "b"])
def test_infinite_values(refused, cell, column):
    row = f"{cell},2.5" if column == "a" else f"1.5,{cell}"
    error = refused(f"a,b\n1.5,2.5\n{row}\n")
    assert facts(error, "column") == ("BL207", column)
    assert error.values["place"].endswith("table.csv:3")
    assert len(error.values["value"]) <= 40


def test_one_class(refused):
    assert facts(refused("a,b\n1,cat\n2,cat\n"), "column", "value", "rows") == ("BL208", "b", "'cat'", 2)
    assert refused("a,b\n" + "1,7\n" * 30).code == "BL208"


def test_an_unknown_class(refused):
    error = refused("a,b\n1,cat\n2,cta\n", classes=("cat", "dog"))
    assert facts(error, "value", "nearest") == ("BL217", "'cta'", "'cat'")
    assert error.values["place"].endswith("table.csv:3")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\n1,\0\n", "byte 0x00 @ 6"),
        ("a,b\n1,2\n".encode("utf-16-le"), "byte 0x00 @ 1"),
        (b"PK\x03\x04\x14\x00\x06\x00", "byte 0x00 @ 5"),
        (b"a,b\n1," + b"2" * 200_000, "line 2: field larger than field limit (131072)"),
        (b'a,b\n1,2\n"' + b"1,2\n" * 50_000, "line 3: field larger than field limit (131072)"),
    ],
)
def test_what_is_no_text(refused, content, reason):
    assert facts(refused(content), "reason") == ("BL211", reason)


def test_a_folder_and_a_locked_file(tmp_path, monkeypatch):
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert caught.value.code == "BL244"
    (tmp_path / "locked.csv").write_text("a,b\n1,2\n")

    def locked(file, path, *mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("backlit.data.files.TextFile._bytes", lambda file: locked(file, file.path))
    with pytest.raises(DataError) as caught:
        load(tmp_path / "locked.csv")
    assert facts(caught.value, "reason") == ("BL211", "Permission denied")


@pytest.mark.parametrize("text", ["a\n1\n2\n", "one sentence\nand another\n", "1\n", "1!2\n3!4\n"])
def test_a_file_of_one_column_leaves_no_input(refused, text):
    assert facts(refused(text), "columns") == ("BL216", 1)


def test_all_columns_as_targets_leave_no_input(refused):
    assert refused("a,b\n1,2\n", target=["b", "a"]).code == "BL216"


@pytest.mark.parametrize(
    "option",
    [
        {"delimiter": ""},
        {"delimiter": ",,"},
        {"delimiter": '"'},
        {"delimiter": "\n"},
        {"delimiter": 5},
        {"encoding": "klingon"},
        {"encoding": "hex"},
        {"decimal": ";"},
        {"encoding": "utf\0"},
        {"task": "guess"},
    ],
)
def test_options_out_of_range(refused, option):
    assert refused("a,b\n1,2\n", **option).code == "BL215"


def test_several_targets_are_no_class(refused):
    assert refused("a,b,c\n1,2,3\n", target=["a", "b"], task="classification").code == "BL215"


def test_text_cannot_be_a_quantity(refused):
    assert facts(refused("a,b\n1,cat\n2,dog\n", task="regression"), "line", "value") == ("BL206", 2, "'cat'")


def test_lone_commas(refused):
    assert refused(",,,\n").code == "BL203"
    assert refused(",,,\n,,,\n").code == "BL226"
    assert refused("a,b,c,\n1,2,3,\n").code == "BL226"
    assert refused("a,b,c\n,,1.5\n").code == "BL216"


# ------------------------------------------------------------------------------- whatever the bytes

PIECES = [
    *(b",", b";", b"\t", b"\n", b"\r\n", b"\r", b'"', b'""', b" ", b"_"),
    *(b"1", b"-2.5", b"1e400", b"nan", b"9" * 50, b"a", b"setosa", b"{path}"),
    *(b"\xef\xbb\xbf", b"\xe7\x8c\xab", b"\xe2\x80\xa8", b"\x1c", b"\xc2\x85"),
]
GOOD = ["1", "-2.5", " 3e2", "0", "7", "cat"]
ODD = ["dog", "", "nan", "1e400", '"1,5"', '"a\nb"', "1_0", "１", '"']
CELLS = st.sampled_from(GOOD[:5] * 12 + GOOD + ODD)


def outcome(path, **options):
    """The table, or the error when it is one of ours; any other exception ends the test."""
    try:
        return load(path, **options)
    except BacklitError as error:
        return error


def table_or_told(path, **options):
    """Read a file; an error must be one of ours, and its text must stand on three or four lines."""
    result = outcome(path, **options)
    if isinstance(result, Table):
        assert result.rows > 0
        return
    for language in ("en", "ja"):
        lines = result.text(language).split("\n")
        assert len(lines) in (3, 4)
        assert all(line.isprintable() for line in lines)


@pytest.fixture(scope="module")
def any_file(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "any.csv"


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=200))
def test_random_bytes_give_a_table_or_an_error_of_ours(any_file, content):
    any_file.write_bytes(content)
    table_or_told(any_file)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=60),
    target=st.sampled_from([None, 0, "a", [], [0, 1]]),
    task=st.sampled_from([None, "classification", "regression"]),
    header=st.sampled_from([None, True, False]),
)
def test_random_pieces_of_tables_give_a_table_or_an_error_of_ours(any_file, pieces, target, task, header):
    any_file.write_bytes(b"".join(pieces))
    table_or_told(any_file, target=target, task=task, header=header)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12)
    ),
    delimiter=st.sampled_from(",;\t"),
    options=st.fixed_dictionaries(
        {},
        optional={
            "target": st.sampled_from([0, [], [0, 1]]),
            "task": st.sampled_from(["classification", "regression"]),
            "header": st.booleans(),
            "classes": st.just(("1", "cat")),
        },
    ),
)
def test_random_tables_give_a_table_or_an_error_of_ours(any_file, rows, delimiter, options):
    any_file.write_bytes("\n".join(delimiter.join(row) for row in rows).encode())
    table_or_told(any_file, **options)


def test_a_good_file_with_one_byte_changed_gives_a_table_or_an_error_of_ours(any_file):
    good = b"size,weight,kind\n" + b"".join(b"%d,%d.5,%s\n" % (i, i, b"cat" if i % 3 else b"dog") for i in range(12))
    chance = random.Random(0)
    for _ in range(400):
        content = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        any_file.write_bytes(content)
        table_or_told(any_file)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a POSIX system")
def test_a_device_that_ends_at_once_is_empty():
    with pytest.raises(DataError, match="BL202"):
        load(os.devnull)

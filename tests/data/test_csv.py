"""Reading files: what is understood, and how quickly."""

import io
import time

import numpy as np
import pytest

from backlit.data import csv, load


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it as a table."""

    def write_and_read(text, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, **options)

    return write_and_read


def test_a_plain_file(read):
    table = read("a,b,c\n1,2,3.5\n4,5,6.5\n")
    assert (table.name, table.features, table.target, table.task) == (
        "table",
        ("a", "b"),
        ("c",),
        "regression",
    )
    assert table.x.tolist() == [[1, 2], [4, 5]]
    assert table.t.tolist() == [[3.5], [6.5]]
    assert table.source == "the file table.csv, 2 rows"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", ", " ;"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_delimiters_line_ends_and_byte_order_marks(read, delimiter, end, bom, last):
    rows = [["size", "weight", "kind"], ["1.5", "-2e3", "cat"], ["2", ".5", "dog"]]
    text = end.join(delimiter.join(row) for row in rows) + (end if last else "")
    table = read(bom + text.encode())
    assert table.features == ("size", "weight")
    assert table.x.tolist() == [[1.5, -2000], [2, 0.5]]
    assert (table.classes, table.t.tolist()) == (("cat", "dog"), [0, 1])


def test_a_file_without_header_has_numbered_columns(read):
    table = read("5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.0,virginica\n")
    assert (table.features, table.target) == (("column1", "column2"), ("column3",))
    assert table.t.tolist() == [0, 0, 1]


def test_the_header_can_be_told(read):
    assert read("1,2\n3,4.5\n", header=True).features == ("1",)
    assert read("nan,2\n3,4.5\n", header=True).rows == 1


def test_a_first_row_with_a_number_is_data(read):
    assert read("1,cat\n2,dog\n").rows == 2


def test_names_that_are_empty_or_twice_there_get_a_number(read):
    assert read(",a,a, b \n1,2,3,4.5\n").features == ("column1", "a", "a column3")
    assert read("a,a column3,a,b\n1,2,3,4.5\n").features == ("column1", "column2", "column3")


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (None, ("d",)),
        ("b", ("b",)),
        (1, ("b",)),
        ("1", ("b",)),
        (-1, ("d",)),
        (-4, ("a",)),
        (np.int64(2), ("c",)),
        (["d", "a"], ("d", "a")),
        (("a", 0), ("a",)),
        ([], ()),
    ],
)
def test_the_target_by_name_or_position(read, target, names):
    table = read("a,b,c,d\n1,2,3,4.5\n5,6,7,8.5\n", target=target)
    assert table.target == names
    assert table.features == tuple(name for name in "abcd" if name not in names)
    by_name = dict(zip("abcd", np.array([[1, 2, 3, 4.5], [5, 6, 7, 8.5]]).T, strict=True))
    for values, name in zip(table.t.T, names, strict=True):
        assert values.tolist() == by_name[name].tolist()
    for values, name in zip(table.x.T, table.features, strict=True):
        assert values.tolist() == by_name[name].tolist()


def test_a_name_goes_before_a_position(read):
    assert read("x,1,y\n1,2,3.5\n", target="1", header=True).features == ("x", "y")


def test_text_in_the_middle_can_be_the_target(read):
    table = read("size,kind,weight\n1,b,2\n3,a,4\n", target="kind")
    assert (table.x.tolist(), table.t.tolist(), table.classes) == ([[1, 2], [3, 4]], [1, 0], ("a", "b"))


def test_one_column_is_enough_when_nothing_is_to_be_learned(read):
    assert read("a\n1\n\n2\n", target=[]).x.tolist() == [[1], [2]]


def test_blank_lines_are_left_out(read):
    table = read("\n  \na,b\n\n1,2.5\n   \n3,4.5\n\n")
    assert table.x.tolist() == [[1], [3]]


def test_quotes(read):
    table = read('"size, in cm","kind ""of"" animal"\n"1.5","cat, big"\n2,"dog\nor so"\n')
    assert (table.features, table.target) == (("size, in cm",), ('kind "of" animal',))
    assert table.classes == ("cat, big", "dog\nor so")


def test_decimal_commas_do_not_make_a_comma_file(read):
    assert read("1.5;2,a;3\n1.5;2,b;3\n", target=1).x.tolist() == [[1.5, 3], [1.5, 3]]


def test_delimiter_and_encoding_can_be_told(read):
    assert read("a b\n1  2.5\n", delimiter=" ").t.tolist() == [[2.5]]
    table = read("大きさ,種類\n1,猫\n2,犬\n".encode("cp932"), encoding="cp932")
    assert (table.features, table.classes) == (("大きさ",), ("犬", "猫"))
    assert read("a,b\n1,2.5\n".encode("utf-16"), encoding="utf-16").rows == 1


def test_ways_to_write_a_number(read):
    table = read("a,b\n+1.,.5\n-1e-3,1E5\n 7 ,0.1\n１２,1\n")
    assert table.x[:, 0].tolist() == [1, -0.001, 7, 12]
    assert table.t[:, 0].tolist() == [0.5, 1e5, 0.1, 1]


def test_every_double_comes_back_to_the_bit(read, rng):
    numbers = rng.integers(0, 2**64, 4000, dtype=np.uint64).view(np.float64)
    numbers = numbers[np.isfinite(numbers)].reshape(-1, 1)[:3000].reshape(-1, 3)
    table = read("\n".join(",".join(map(repr, row)) for row in numbers.tolist()), task="regression")
    np.testing.assert_array_equal(np.hstack([table.x, table.t]), numbers)


# ------------------------------------------------------------------------------------- task


def rows_of(values):
    return "x,t\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1] * 10, "classification"),
        ([0, 1] * 9 + [0], "regression"),  # 19 rows: less than ten per class
        (["0.0", "1.0"] * 10, "classification"),
        ([0.5, 1] * 10, "regression"),
        (list(range(20)) * 10, "classification"),
        (list(range(21)) * 10, "regression"),
        (["cat", "dog"], "classification"),
    ],
)
def test_the_task_is_seen_in_the_values(read, values, task):
    assert read(rows_of(values)).task == task


def test_the_task_can_be_told(read):
    assert read(rows_of([0, 1] * 10), task="regression").t.tolist() == [[0], [1]] * 10
    table = read(rows_of([10, 2, 2]), task="classification")
    assert (table.classes, table.t.tolist()) == (("2", "10"), [1, 0, 0])
    assert read(rows_of([0.5, 1, 0.5]), task="classification").classes == ("0.5", "1")


def test_a_slip_in_a_column_of_numbers_is_no_class(read):
    values = [i + 0.5 for i in range(30)]
    values[7] = "7,5x"
    with pytest.raises(ValueError, match="BL206"):
        read(rows_of(values).replace(",7,5x", ',"7,5x"'))
    assert len(read(rows_of([*values[8:], "x"]), task="classification").classes) == 23


def test_classes_can_be_given(read):
    classes = ("dog", "cat", "cow")
    table = read(rows_of(["cat", "cat"]), classes=classes)
    assert (table.classes, table.t.tolist()) == (classes, [1, 1])
    assert read(rows_of([1, 1.0]), classes=("0", "1")).t.tolist() == [1, 1]
    assert read(rows_of(["01", "02"]), classes=("01", "02")).t.tolist() == [0, 1]


def test_a_number_with_an_underscore_is_text(read):
    for text in ("1_0,2.5\n" + "1,3.5\n" * 20, "a_1,b\n" + "1,2.5\n" * 20 + "1_0,3.5\n"):
        with pytest.raises(ValueError, match="BL206"):
            read(text)
    assert read("a_1,b_1\n1,2.5\n").x.tolist() == [[1]]


# ------------------------------------------------------------------------------------- size


def test_a_long_file_is_read_quickly(tmp_path, rng):
    """20,000 rows of 20 columns, next to a bare float(word) for each: by processor time, the best of three in turns."""
    buffer = io.StringIO()
    np.savetxt(buffer, rng.standard_normal((20_000, 20)), delimiter=",", fmt="%.5f")
    (tmp_path / "long.csv").write_text(buffer.getvalue())
    seconds: dict[str, list[float]] = {"bare": [], "read": []}
    for _ in range(3):
        begin = time.process_time()
        lines = (tmp_path / "long.csv").read_text().splitlines()
        bare = [[float(word) for word in line.split(",")] for line in lines]
        middle = time.process_time()
        table = csv.read(tmp_path / "long.csv")
        seconds["bare"].append(middle - begin)
        seconds["read"].append(time.process_time() - middle)
    assert table.x.shape == (20_000, 19)
    assert len(bare) == 20_000
    assert min(seconds["read"]) < 4 * min(seconds["bare"])  # 1.4 when this was written


def test_a_wide_file_is_read_quickly(read):
    begin = time.process_time()
    table = read(",".join(f"c{j}" for j in range(20_000)) + "\n" + ",".join(["1.5"] * 20_000))
    assert table.x.shape == (1, 19_999)
    assert time.process_time() - begin < 4  # a step for each pair of columns would take minutes

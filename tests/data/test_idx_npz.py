"""IDX and `.npz` files, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest

from backlit.data import load, rows
from backlit.errors import BacklitError

X = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(10, 3, 4)
T = np.arange(10, dtype=np.uint8) % 3


def idx(array, code=0x08):
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def mnist(tmp_path):
    """A folder as MNIST's."""

    def write(pack=False, images=None, labels=None):
        for prefix, rows_ in (("train", slice(None)), ("t10k", slice(0, 4))):
            parts = {"images-idx3": images or idx(X[rows_]), "labels-idx1": labels or idx(T[rows_])}
            for name, content in parts.items():
                path = tmp_path / f"{prefix}-{name}-ubyte{'.gz' if pack else ''}"
                path.write_bytes(gzip.compress(content) if pack else content)
        return tmp_path

    return write


@pytest.mark.parametrize("pack", [False, True])
def test_the_folder_of_mnist(mnist, pack):
    folder = mnist(pack)
    table = load(folder)
    np.testing.assert_array_equal(table.x, X.reshape(10, 12))
    np.testing.assert_array_equal(table.t, T)
    assert (table.classes, table.task) == (("0", "1", "2"), "classification")
    assert load(folder, part="test").rows == 4
    assert load(folder / f"t10k-images-idx3-ubyte{'.gz' if pack else ''}").rows == 4


def test_images_without_labels_can_be_answered_for(mnist):
    folder = mnist()
    path = folder / "t10k-images-idx3-ubyte"
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(BacklitError, match="BL239"):
        load(path)
    (block,) = rows(str(path), None, 12)
    np.testing.assert_array_equal(block.x, X[:4].reshape(4, 12))


@pytest.mark.parametrize(
    ("dtype", "code"), [("u1", 0x08), ("i1", 0x09), ("i2", 0x0B), ("i4", 0x0C), ("f4", 0x0D), ("f8", 0x0E)]
)
def test_every_type_of_number(mnist, dtype, code):
    images = (X[:, 0] % 100).astype(dtype)
    np.testing.assert_array_equal(load(mnist(images=idx(images, code), labels=idx(T))).x, images)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"<html>",
        idx(X)[:-1],
        idx(X) + b"\0",
        idx(X)[:9],
        b"\0\0\x08\3" + b"\xff" * 12 + b"1234",
        b"\0\0\x07\1\0\0\0\1\1",
        b"\0\0\x08\0",
        b"\1\0" + idx(X)[2:],
        idx(X[:0]),
    ],
)
def test_a_file_that_is_cut_short_or_lies_about_its_size(mnist, content, pack):
    with pytest.raises(BacklitError) as caught:
        load(mnist(pack, images=content or b"\0"))
    assert caught.value.code == "BL238"
    assert len(str(caught.value).splitlines()) == 4


def test_gzip_that_ends_early_or_is_changed(tmp_path, mnist):
    folder = mnist(pack=True)
    path = folder / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-9], whole[:20], whole[:-8] + b"\0" * 8):
        path.write_bytes(damaged)
        with pytest.raises(BacklitError, match="BL238"):
            load(folder)


def test_more_images_than_labels(mnist):
    with pytest.raises(BacklitError, match="BL213"):
        load(mnist(labels=idx(T[:5])))


# ---- npz --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "part"), [(("x", "t"), "train"), (("X", "y"), "train"), (("data", "target"), "train"),
                        (("x_train", "y_train"), "train"), (("x_test", "y_test"), "test")]
)  # fmt: skip
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_names_of_arrays(tmp_path, names, part, save):
    save(tmp_path / "a.npz", **dict(zip(names, (X, T), strict=True)))
    table = load(tmp_path / "a.npz", part=part, task="classification")
    np.testing.assert_array_equal(table.x, X.reshape(10, 12))
    np.testing.assert_array_equal(table.t, T)
    assert (table.name, table.target) == ("a", (names[1],))


def test_an_array_by_name_and_inputs_alone(tmp_path):
    np.savez(tmp_path / "a.npz", x=X[:, 0], t=T * 0.5, extra=T)
    assert load(tmp_path / "a.npz", target="extra", task="regression").t[:, 0].tolist() == T.tolist()
    np.savez(tmp_path / "b.npz", x=X[:, 0])
    (block,) = rows(tmp_path / "b.npz", None, 4)
    assert block.rows == 10


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"x": X[:, 0]},
        {"t": T},
        {"a": X[:, 0], "b": T},
        {"x": X[:, 0], "t": np.array(5)},
        {"x_train": X[:, 0]},
        {"x": np.array([{}] * 10, dtype=object), "t": T},
    ],
)
def test_npz_without_inputs_and_answers(tmp_path, arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(BacklitError) as caught:
        load(tmp_path / "a.npz")
    assert caught.value.code == "BL240"


def test_no_pickle_is_opened(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([print], dtype=object), t=T)
    with pytest.raises(BacklitError, match="pickle"):
        load(tmp_path / "a.npz")


def test_a_damaged_npz(tmp_path):
    np.savez(tmp_path / "a.npz", x=X[:, 0], t=T)
    whole = (tmp_path / "a.npz").read_bytes()
    for cut in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "a.npz").write_bytes(whole[:cut])
        with pytest.raises(BacklitError, match="BL240"):
            load(tmp_path / "a.npz")

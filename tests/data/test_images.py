"""Folders of images: classes, sizes, colours, and files that are none."""

import json

import numpy as np
import pytest

import backlit
from backlit.data import load
from backlit.errors import BacklitError

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def pets(tmp_path, rng):
    """Dark cats and bright dogs."""

    def write(count=6, size=(8, 6), mode="L", ending="png"):
        for name, low in (("cat", 0), ("dog", 120)):
            (tmp_path / "pets" / name).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                shape = (size[1], size[0]) if mode in ("L", "I;16") else (size[1], size[0], len(mode))
                pixels = rng.integers(low, low + 100, shape)
                array = (pixels * 257).astype(np.uint16) if mode == "I;16" else pixels.astype(np.uint8)
                Image.fromarray(array).save(tmp_path / "pets" / name / f"{i}.{ending}")
        return tmp_path / "pets"

    return write


def test_classes_are_folders_and_rows_are_files(pets):
    table = load(pets())
    assert (table.classes, table.t.tolist()) == (("cat", "dog"), [0] * 6 + [1] * 6)
    assert table.x.shape == (12, 48)
    assert table.reading == {"size": [6, 8], "colour": "grey"}
    first = np.asarray(Image.open(pets(0) / "cat" / "0.png"))
    np.testing.assert_array_equal(load(pets(0)).x[0], first.reshape(-1))


@pytest.mark.parametrize(("mode", "width"), [("L", 48), ("RGB", 144), ("RGBA", 144), ("I;16", 48)])
def test_modes(pets, mode, width):
    table = load(pets(mode=mode))
    assert table.x.shape == (12, width)
    assert 0 <= table.x.min() < table.x.max() <= 255
    assert load(pets(0), colour="grey").x.shape == (12, 48)
    assert load(pets(0), colour="colour").x.shape == (12, 144)


def test_mixed_sizes_need_a_size(pets):
    pets(2)
    folder = pets(1, size=(4, 4))
    with pytest.raises(BacklitError) as caught:
        load(folder)
    assert (caught.value.code, caught.value.values["count"]) == ("BL243", 2)
    for size in (5, "5", "5x5", (5, 5)):
        assert load(folder, size=size).x.shape == (4, 25)
    for size in ("5y5", 0, "0x3", (5,), 10**6, True, None.__class__):
        with pytest.raises(BacklitError, match="BL215"):
            load(folder, size=size)


def test_unreadable_images_are_listed_and_skipped_on_request(pets):
    folder = pets()
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "dog" / "5.png").write_bytes(b"no image")
    (folder / "dog" / "notes.txt").write_text("not looked at")
    with pytest.raises(BacklitError) as caught:
        load(folder)
    assert caught.value.code == "BL241"
    assert [name.partition(" ")[0] for name in caught.value.values["names"]] == ["cat/0.png", "dog/5.png"]
    table = load(folder, skip=True)
    assert (table.rows, table.t.tolist()) == (10, [0] * 5 + [1] * 5)
    assert [notice["code"] for notice in table.notices] == ["BL242"]


def test_an_image_of_too_many_pixels_is_not_unpacked(pets, monkeypatch):
    folder = pets()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(BacklitError, match="BL241"):
        load(folder)


@pytest.mark.parametrize("loose", [False, True])
def test_folders_without_classes(tmp_path, loose):
    if loose:
        Image.new("L", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(BacklitError) as caught:
        load(tmp_path)
    assert (caught.value.code, caught.value.values["count"]) == ("BL244", loose)


@pytest.mark.slow
def test_images_are_trained_on_and_answered_for_in_the_size_of_the_model(pets, call_cli, tmp_path):
    folder = pets(20)
    run = backlit.train(folder, size="4x4", epochs=60, progress="none", out=tmp_path / "runs", baselines=False)
    assert run.result["test"]["accuracy"] == 1
    (tmp_path / "new").mkdir()
    Image.new("RGB", (30, 20), (10, 10, 10)).save(tmp_path / "new" / "a.png")
    Image.new("L", (9, 9), 200).save(tmp_path / "new" / "b.jpg")
    assert call_cli("predict", run.folder, tmp_path / "new").stdout.splitlines() == ["prediction", "cat", "dog"]
    found = json.loads(call_cli("evaluate", run.folder, folder, "--json").stdout)
    assert found["accuracy"] == 1


@pytest.fixture
def call_cli():
    from click.testing import CliRunner

    from backlit.cli.app import app

    return lambda *words: CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

"""When the disk says no: a code, the old file whole, and no litter."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit.errors import FileError
from backlit.nn import Dense
from backlit.training import Network, load
from backlit.training.objects import files
from backlit.training.objects.files import write_atomic
from backlit.training.runs import keeping


def network(value: float = 0.0) -> Network:
    net = Network([Dense(2, weights=value)])
    net.prepare(3)
    return net


class Disk:
    """Makes one call of the operating system fail with an error number, from the n-th time on."""

    def __init__(self, monkeypatch) -> None:
        self.monkeypatch, self.calls = monkeypatch, 0

    def fails(self, call: str, number: int, after: int = 0) -> None:
        right = getattr(os, call)

        def wrong(*args, **kwargs):
            self.calls += 1
            if self.calls > after:
                raise OSError(number, os.strerror(number))
            return right(*args, **kwargs)

        self.monkeypatch.setattr(files.os, call, wrong)


@pytest.fixture
def disk(monkeypatch) -> Disk:
    return Disk(monkeypatch)


CALLS = ["fdopen", "fsync", "chmod", "replace"]
NUMBERS = [
    (errno.ENOSPC, "BL504"), (errno.EDQUOT, "BL504"), (errno.EFBIG, "BL504"),
    (errno.EACCES, "BL505"), (errno.EROFS, "BL505"), (errno.EIO, "BL505"),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("number", "code"), NUMBERS)
def test_the_old_file_stays_whole_wherever_writing_fails(call, number, code, tmp_path, disk):
    path = network(1.0).save(tmp_path / "model.safetensors")
    before = path.read_bytes()
    disk.fails(call, number)
    with pytest.raises(FileError) as caught:
        network(2.0).save(path)
    assert caught.value.code == code
    assert caught.value.values["path"] == path
    assert caught.value.values["reason"] == os.strerror(number)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]  # the part that was written is gone
    assert (load(path)["0.weight"] == 1).all()


@pytest.mark.parametrize("call", CALLS)
def test_an_interruption_while_writing_leaves_the_old_file_too(call, tmp_path, monkeypatch):
    path = write_atomic(tmp_path / "file", b"old")

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_that_is_really_full_is_told(tmp_path, monkeypatch):
    """/dev/full says ENOSPC to every write: the temporary file is one that leads there."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    right = files.tempfile.mkstemp

    def full(**kwargs):
        handle, name = right(**kwargs)
        os.close(handle)
        return os.open("/dev/full", os.O_WRONLY), name

    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    with pytest.raises(FileError) as caught:
        network().save(tmp_path / "model.safetensors")
    assert caught.value.code == "BL504"
    assert os.listdir(tmp_path) == []


def test_a_place_where_no_file_can_be_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "model.safetensors", tmp_path, Path("/proc/nowhere/model.safetensors")):
        with pytest.raises(FileError) as caught:
            network().save(path)
        assert caught.value.code == "BL505"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_is_not_writable_is_told(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):  # the superuser may always

            def mkstemp(**kwargs):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

            monkeypatch.setattr(files.tempfile, "mkstemp", mkstemp)
        with pytest.raises(FileError) as caught:
            network().save(tmp_path / "model.safetensors")
        assert caught.value.code == "BL505"
    finally:
        tmp_path.chmod(0o700)


# --- while a run is kept --------------------------------------------------------------------------------------


def test_a_run_whose_folder_cannot_be_made_is_told_before_training(tmp_path):
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(FileError) as caught:
        backlit.train("iris", out=tmp_path / "runs", progress="none")
    assert caught.value.code == "BL505"


@pytest.mark.parametrize("after", [3, 4, 5, 9])
def test_a_disk_that_fills_up_while_training_is_told_and_the_files_stay_whole(after, tmp_path, disk, monkeypatch):
    monkeypatch.setattr(keeping, "EVERY", 0.0)
    disk.fails("fsync", errno.ENOSPC, after)
    with pytest.raises(FileError) as caught:
        backlit.train("iris", epochs=10**6, out=tmp_path, progress="none")
    assert caught.value.code == "BL504"
    folder = tmp_path / "iris-1"
    assert not [name for name in os.listdir(folder) if name.endswith(".tmp")]
    if (folder / "model.safetensors").exists():
        assert np.isfinite(load(folder).predict(np.ones((1, 4)))).all()


def test_runs_get_folders_of_their_own(tmp_path):
    names = [keeping.new_folder(tmp_path, name).name for name in ("iris", "iris", "a b/c", "..", "")]
    assert names == ["iris-1", "iris-2", "a_b_c-1", "run-1", "run-2"]

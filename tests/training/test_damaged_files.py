"""Files that are cut, bent, newer, somebody else's or no model at all: one of four codes, and never another error."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from safetensors.numpy import save

import backlit
from backlit.errors import BacklitError, FileError
from backlit.nn import Dense
from backlit.training import Network, load
from backlit.training.objects.files import FORMAT

CORRUPT = {"BL501", "BL502"}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    run = backlit.train("iris", hidden=[4], epochs=2, progress="none", baselines=False)
    return run.network.save(tmp_path_factory.mktemp("model") / "model.safetensors").read_bytes()


def code_of(path: Path, data: bytes) -> str | None:
    """The code with which these bytes are refused; None when they are read."""
    path.write_bytes(data)
    try:
        load(path)
    except FileError as error:
        return error.code
    return None


def parts_of(data: bytes) -> tuple[dict, bytes]:
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: dict, tensors: bytes) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + tensors


def changed(data: bytes, keep_sum: bool = False, **about) -> bytes:
    """The file with other facts in its metadata, as somebody's tool would write them: without our checksum."""
    header, tensors = parts_of(data)
    meta = header["__metadata__"]
    meta["backlit"] = json.dumps(json.loads(meta["backlit"]) | about)
    if not keep_sum:
        del meta["crc32"]
    return joined(header, tensors)


def test_the_file_itself_is_read(model, tmp_path):
    assert code_of(tmp_path / "m", model) is None
    header, tensors = parts_of(model)
    assert code_of(tmp_path / "m", joined(header, tensors)) is None


# --- cut and bent ---------------------------------------------------------------------------------------------


def test_cut_at_any_length_it_is_refused(model, tmp_path):
    near = {*range(64), *range(len(model) - 64, len(model)), struct.unpack("<Q", model[:8])[0] + 8}
    for length in sorted(near | set(range(0, len(model), 23))):
        assert code_of(tmp_path / "m", model[:length]) in CORRUPT, length


def test_with_bytes_too_many_it_is_refused(model, tmp_path):
    assert code_of(tmp_path / "m", model + b"\0") in CORRUPT
    assert code_of(tmp_path / "m", b"\0" + model) in CORRUPT
    assert code_of(tmp_path / "m", model + model) in CORRUPT


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_byte_that_is_another_one_is_found_wherever_it_is(model, tmp_path, data):
    bent = bytearray(model)
    for _ in range(data.draw(st.integers(1, 3))):
        bent[data.draw(st.integers(0, len(model) - 1))] ^= data.draw(st.integers(1, 255))
    if bytes(bent) != model and not harmless(bytes(bent), model):
        assert code_of(tmp_path / "m", bytes(bent)) in CORRUPT


def harmless(bent: bytes, model: bytes) -> bool:
    """Whether the change says nothing of the network: the name or the text of a note that nobody needs."""
    try:
        (header, tensors), (known, same) = parts_of(bent), parts_of(model)
        notes = header.pop("__metadata__"), known.pop("__metadata__")
    except (ValueError, KeyError, struct.error):
        return False
    return header == known and tensors == same and notes[0].get("backlit") == notes[1]["backlit"]


def test_every_bit_of_the_weights_is_watched(model, tmp_path):
    start = struct.unpack("<Q", model[:8])[0] + 8
    rng = np.random.default_rng(0)
    for place in rng.integers(start, len(model), 60):
        bent = bytearray(model)
        bent[place] ^= 1 << rng.integers(8)
        assert code_of(tmp_path / "m", bytes(bent)) == "BL501"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_random_bytes_are_no_model(tmp_path, data):
    assert code_of(tmp_path / "m", data) in CORRUPT


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_random_bytes_after_a_header_that_looks_right_are_no_model(tmp_path, data):
    assert code_of(tmp_path / "m", struct.pack("<Q", len(data) + 1) + b"{" + data) in CORRUPT


# --- facts that do not hold together --------------------------------------------------------------------------


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["structure", "keys", "loss", "task", "preparation", "format", "version"]), value=JUNK)
def test_facts_of_another_kind_are_refused_or_read_but_never_break(model, tmp_path, key, value):
    assert code_of(tmp_path / "m", changed(model, **{key: value})) in {None, "BL501", "BL503"}


def structure_of(data: bytes) -> dict:
    return json.loads(parts_of(data)[0]["__metadata__"]["backlit"])["structure"]


@pytest.mark.parametrize(
    "bend",
    [
        lambda s: s["layers"][1].update(units=5),
        lambda s: s["layers"][1].update(units=10**12),
        lambda s: s["layers"][1].update(activation="rleu"),
        lambda s: s["layers"][1].update(activation="__import__('os')"),
        lambda s: s["layers"][1].update(kind="Conv"),
        lambda s: s["layers"][1].update(colour="red"),
        lambda s: s["layers"].pop(),
        lambda s: s["links"].pop(),
        lambda s: s["links"][1].__setitem__(1, [7]),
        lambda s: s["links"][1].__setitem__(0, 99),
        lambda s: s.update(output=-1, inputs=[]),
        lambda s: s.update(inputs=[1]),
        lambda s: s["layers"][0].update(features=7),
        lambda s: s.clear(),
    ],
)
def test_a_structure_that_does_not_fit_the_weights_is_refused(model, tmp_path, bend):
    structure = structure_of(model)
    bend(structure)
    assert code_of(tmp_path / "m", changed(model, structure=structure)) == "BL501"


def test_facts_changed_by_hand_do_not_fit_the_checksum(model, tmp_path):
    assert code_of(tmp_path / "m", changed(model, task="regression", keep_sum=True)) == "BL501"
    assert code_of(tmp_path / "m", changed(model, task="classification")) is None


@pytest.mark.parametrize("dtype", [np.int32, np.float16, np.uint8])
def test_weights_of_another_kind_are_refused(model, tmp_path, dtype):
    header, tensors = parts_of(model)
    meta = header.pop("__metadata__")
    del meta["crc32"]
    whole = {
        key: np.frombuffer(tensors[slice(*about["data_offsets"])], np.float32).reshape(about["shape"]).astype(dtype)
        for key, about in header.items()
    }
    assert code_of(tmp_path / "m", save(whole, meta)) == "BL501"


# --- whose it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [FORMAT + 1, 17, 10**9])
def test_a_newer_format_is_told_with_the_version_that_wrote_it(model, tmp_path, number):
    (tmp_path / "m").write_bytes(changed(model, format=number, version="9.1"))
    with pytest.raises(FileError) as caught:
        load(tmp_path / "m")
    assert caught.value.code == "BL503"
    assert caught.value.values["version"] == "9.1"
    assert (caught.value.values["expected"], caught.value.values["got"]) == (FORMAT, number)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"backlite": "{}"}])
def test_somebody_elses_safetensors_are_told(tmp_path, metadata):
    assert code_of(tmp_path / "m", save({"0.weight": np.zeros((3, 4), np.float32)}, metadata)) == "BL502"


class Bomb:
    """Would make a file if it were ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_not_run(tmp_path, protocol):
    bomb = pickle.dumps(Bomb(tmp_path / "boom"), protocol=protocol)
    assert code_of(tmp_path / "m", bomb) == "BL502"
    assert not (tmp_path / "boom").exists()


def test_other_kinds_of_files_are_told(tmp_path):
    archive, arrays = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.pkl", pickle.dumps([1]))
    np.save(arrays, np.zeros(30))
    csv, text, page = b"a,b,c\n1,2,3\n4,5,6\n", b"a few words, no model", b"<!doctype html><html></html>"
    for data in (archive.getvalue(), arrays.getvalue(), csv, text, page):
        assert code_of(tmp_path / "m", data) == "BL502"


def test_no_file_and_no_right_to_read_it_are_other_codes(tmp_path, monkeypatch):
    net = Network([Dense(2)])
    net.prepare(3)
    net.save(tmp_path / "model.safetensors")
    with pytest.raises(BacklitError) as caught:
        load(tmp_path / "modle.safetensors")
    assert caught.value.code == "BL201"
    assert caught.value.values["nearest"] == "model.safetensors"
    with pytest.raises(BacklitError) as caught:
        load(tmp_path / "nowhere" / "model.safetensors")
    assert caught.value.code == "BL201"
    (tmp_path / "folder" / "model.safetensors").mkdir(parents=True)
    with pytest.raises(BacklitError) as caught:
        load(tmp_path / "folder")
    assert caught.value.code in {"BL201", "BL506"}

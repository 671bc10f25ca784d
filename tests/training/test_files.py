"""The model file: everything comes back to the bit, other programs read its weights, and it holds no code."""

from __future__ import annotations

import json
import os
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import backlit
from backlit.data import load as load_table
from backlit.errors import FileError, GraphError
from backlit.nn import Dense, Dropout
from backlit.training import Network, load
from backlit.training.objects.run import read_run
from backlit.version import __version__
from nn.nets import random_network, random_rows


def trained(dtype: str = "float32") -> Network:
    net = Network([Dense(6, "u / (1 + abs(u))"), Dropout(0.2), Dense(3, "softmax", trainable_bias=False)])
    rng = np.random.default_rng(0)
    net.fit(rng.normal(size=(40, 4)), rng.integers(0, 3, 40), epochs=3, dtype=dtype)
    return net


def header_of(path: Path) -> dict:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length])


# --- there and back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_and_outputs_come_back_to_the_bit(dtype, tmp_path, rng):
    net = trained(dtype)
    other = load(net.save(tmp_path / "model.safetensors"))
    assert other.describe() == net.describe()
    assert other.weights().keys() == net.weights().keys()
    for key, value in net.weights().items():
        assert other[key].dtype == dtype
        assert other[key].tobytes() == value.tobytes()
    x = rng.normal(size=(300, 4))
    assert other.predict(x).tobytes() == net.predict(x).tobytes()
    assert (other.loss, other.task) == (net.loss, net.task)


@pytest.mark.parametrize("seed", range(12))
def test_networks_of_every_shape_come_back(seed, tmp_path):
    rng = np.random.default_rng(seed)
    net = random_network(rng, classes=bool(seed % 2))
    net.loss = "cross_entropy" if seed % 2 else "squared_error"
    other = load(net.save(tmp_path / "model.safetensors"))
    rows = random_rows(net, 9, bool(seed % 2), rng)
    given = [rows[link.layer.name] for link in net.inputs]
    for a, b in zip(net.values.items(), other.values.items(), strict=True):
        assert a[0] == b[0]
        assert a[1].tobytes() == b[1].tobytes()
    assert (
        net.predict(given if len(given) > 1 else given[0]).tobytes()
        == other.predict(given if len(given) > 1 else given[0]).tobytes()
    )
    assert [layer.trainable for layer in net.layers()] == [layer.trainable for layer in other.layers()]


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_the_preparation_comes_back_with_the_network(name, tmp_path):
    run = backlit.train(name, epochs=5, progress="none", baselines=False)
    other = backlit.load(run.network.save(tmp_path / "model.safetensors"))
    x = load_table(name).x
    assert other.predict(x).tobytes() == run.network.predict(x).tobytes()
    assert other.task == run.network.task


def test_a_network_that_was_read_can_be_trained_and_saved_again(tmp_path, rng):
    path = trained().save(tmp_path / "model.safetensors")
    net = load(path)
    before = net.weights()
    net.fit(rng.normal(size=(40, 4)), rng.integers(0, 3, 40), epochs=3)
    assert not np.array_equal(net["0.weight"], before["0.weight"])
    np.testing.assert_array_equal(net["3.bias"], before["3.bias"])  # frozen, as described


def test_the_same_network_is_the_same_file_to_the_bit(tmp_path):
    """safetensors' own writer puts its notes in another order each time."""
    path = trained().save(tmp_path / "model.safetensors")
    for number in range(5):
        net = load(path) if number % 2 else trained()
        assert net.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_signed_zeros_and_the_ends_of_the_range_come_back(tmp_path):
    net, most = trained(), np.finfo(np.float32)
    net["0.bias"] = [-0.0, 0.0, most.smallest_subnormal, most.max, most.min, most.tiny]
    other = load(net.save(tmp_path / "model.safetensors"))
    assert other["0.bias"].tobytes() == net["0.bias"].tobytes()


# --- for other programs ---------------------------------------------------------------------------------------


def test_numpy_reads_the_weights_by_torchs_keys(tmp_path):
    net = trained()
    tensors = load_file(net.save(tmp_path / "model.safetensors"))
    assert {key: value.shape for key, value in tensors.items()} == {
        "0.weight": (6, 4), "0.bias": (6,), "3.weight": (3, 6), "3.bias": (3,),
    }  # fmt: skip
    for key, value in tensors.items():
        assert value.tobytes() == net[key].tobytes()


@pytest.mark.oracle
def test_torch_reads_the_weights(tmp_path):
    pytest.importorskip("torch")
    from safetensors.torch import load_file as load_torch

    net = trained("float64")
    for key, value in load_torch(net.save(tmp_path / "model.safetensors")).items():
        np.testing.assert_array_equal(value.numpy(), net[key])


def test_architecture_and_preparation_are_json_in_the_metadata(tmp_path):
    run = backlit.train("iris", epochs=2, progress="none", baselines=False)
    with safe_open(run.network.save(tmp_path / "model.safetensors"), framework="numpy") as file:
        about = json.loads(file.metadata()["backlit"])
    assert (about["format"], about["version"]) == (1, __version__)
    assert about["structure"]["layers"][0] == {"kind": "Input", "name": "x", "features": 4}
    assert about["loss"] == "cross_entropy"
    assert about["preparation"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert about["keys"]["dense1.weight"] == "0.weight"


def test_the_file_holds_no_pickle(tmp_path):
    path = trained().save(tmp_path / "model.safetensors")
    assert header_of(path)["0.weight"]["dtype"] == "F32"
    data = path.read_bytes()
    assert not data.startswith(b"\x80")
    assert data[:2] != b"PK"


# --- where it is written --------------------------------------------------------------------------------------


def test_folders_are_made_and_the_rights_are_those_of_a_new_file(tmp_path):
    path = trained().save(tmp_path / "a" / "b" / "model.safetensors")
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert os.listdir(path.parent) == ["model.safetensors"]


def test_a_folder_stands_for_the_model_in_it(tmp_path):
    net = trained()
    net.save(tmp_path / "model.safetensors")
    assert load(str(tmp_path))["0.weight"].tobytes() == net["0.weight"].tobytes()


def test_a_network_without_parameters_is_not_saved(tmp_path):
    with pytest.raises(GraphError) as caught:
        Network([Dense(3)]).save(tmp_path / "model.safetensors")
    assert caught.value.code == "BL707"
    assert os.listdir(tmp_path) == []


# --- the run's folder -----------------------------------------------------------------------------------------


def test_a_run_leaves_its_folder_and_can_be_read_again(tmp_path):
    run = backlit.train("iris", epochs=7, out=tmp_path, progress="none")
    again = backlit.train("iris", epochs=2, out=tmp_path, progress="none")
    assert (run.folder, again.folder) == (tmp_path / "iris-1", tmp_path / "iris-2")
    assert sorted(os.listdir(run.folder)) == [
        "config.toml",
        "history.jsonl",
        "last.safetensors",
        "model.safetensors",
        "report.html",
        "resume.safetensors",
        "run.json",
    ]
    facts, history = read_run(run.folder)
    assert history == run.history
    assert len(history) == 7
    assert facts == json.loads(json.dumps(run.describe()))
    assert facts["result"]["test"] == run.result["test"]
    assert load(run.folder)["0.weight"].tobytes() == run.network["0.weight"].tobytes()


def test_a_run_that_is_interrupted_leaves_what_there_is(tmp_path):
    def stop(fitting):
        if fitting.loop.epoch > 3:
            raise KeyboardInterrupt

    from backlit.training.whole.progress import Progress

    class Impatient(Progress):
        def slice(self, fitting):
            stop(fitting)

    with pytest.raises(KeyboardInterrupt):
        backlit.train("iris", epochs=10**6, out=tmp_path, progress=Impatient())
    facts, history = read_run(tmp_path / "iris-1")
    assert facts["result"]["stopped"] == "interrupted"
    assert facts["result"]["epochs"] == len(history) > 3
    assert load(tmp_path / "iris-1").predict(load_table("iris").x).shape == (150, 3)


def test_a_run_that_breaks_leaves_what_there_is(tmp_path):
    with pytest.raises(ArithmeticError):
        backlit.train("diabetes", learning_rate=1e30, optimizer="sgd", out=tmp_path, progress="none")
    folder = tmp_path / "diabetes-1"
    assert folder.exists() == bool(list(tmp_path.iterdir()))
    if folder.exists():
        assert read_run(folder)[0]["result"]["stopped"] == "not finite"
        assert np.isfinite(load(folder).predict(load_table("diabetes").x)).all()


@pytest.mark.parametrize("missing", ["run.json", "history.jsonl"])
def test_a_folder_without_its_facts_is_told(missing, tmp_path):
    run = backlit.train("iris", epochs=1, out=tmp_path, progress="none", baselines=False)
    (run.folder / missing).unlink()
    with pytest.raises(FileError) as caught:
        read_run(run.folder)
    assert caught.value.code == "BL507"

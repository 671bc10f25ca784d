"""Every command with bad arguments and bad files: exit code 0, 1 or 2, and never a traceback."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backlit import messages
from backlit.cli.app import COMMANDS, app
from backlit.cli.options import Option

NUMBERS = ["0", "1", "-1", "2", "0.5", "1e-3", "1e999", "nan", "inf", "-0", "９", "1_0", "0x10", "9" * 30, "1e30"]
WORDS = [
    "",
    " ",
    "-",
    "--",
    "none",
    "relu",
    "rleu",
    "u*u",
    "u+",
    "ε",
    "損失",
    "\udcff",
    "a\nb",
    "{x}",
    "%s",
    "[red]",
    "en",
    "64,32",
]
NAMES = [
    "adam",
    "sgd",
    "cross_entropy",
    "squared_error",
    "classification",
    "regression",
    "float64",
    "interpreter",
    "BL205",
    "softmax",
]
VALUE = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(WORDS), st.sampled_from(NAMES), st.text(max_size=8))
FORMULA = st.one_of(VALUE, st.sampled_from(["x**2", "x*y", "1e400*x", "sqrt(x)/0", "x1+x3", "(" * 300, "x" * 300]))
SOURCES = ["xor", "iris", "iriss", "digits.csv", ".", "..", "/dev/null", ""]
# Long trainings and wide layers are not what is tried here; nor is `warmup`, which has nothing to be given.
TIMES = {
    "--epochs": ["0", "1", "3", "-1", "x"],
    "--hidden": ["none", "3", "2,2", "0", "a", "64,", "-1"],
    "--patience": ["0", "1"],
}
QUICK = ["--epochs", "1", "--progress", "none"]

CSV = b"a,b,c\n" + b"\n".join(b"%d,%d,%d" % (i, i * i % 7, i % 2) for i in range(30)) + b"\n"
CELL = st.sampled_from(["1", "2.5", "x", "", "nan", "-", '"', "1e400"])
FILES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"\n",
            b"a,b,c\n",
            b"a;b;c\n1;2;3\n",
            b"a,b\n1,x\n2,y\n",
            b"a,a,a\n1,2,3\n",
            b"\xff\xfe1\x00",
            b"[]",
            b"{",
        ]
    ),
    st.builds(lambda at, byte: CSV[:at] + byte + CSV[at + 1 :], st.integers(0, len(CSV)), st.binary(max_size=3)),
    st.lists(
        st.lists(st.sampled_from(["1", "2.5", "x", "", "nan", "-", '"', "1e400"]), min_size=1, max_size=4), max_size=20
    ).map(lambda rows: "\n".join(",".join(row) for row in rows).encode()),
)
OPTIONS = {name: [p for p in app.get_command(None, name).params if isinstance(p, Option)] for name in COMMANDS}


@st.composite
def options(draw, name):
    """Some options of a command with fitting, odd or no values; now and then one that it has not."""
    words = []
    for option in draw(st.lists(st.sampled_from(OPTIONS[name]), max_size=4)):
        typed = draw(st.sampled_from([*option.opts, *option.secondary_opts]))
        if typed in ("--help", "-h"):
            continue
        value = draw(st.sampled_from(TIMES[typed])) if typed in TIMES else draw(VALUE)
        if option.is_flag:
            words.append(typed)
        elif draw(st.booleans()):
            words += [typed, value]
        else:
            words.append(f"{typed}={value}")
    return words + draw(st.sampled_from([[], [], [], [], ["--nothing"], ["-x"], ["more"]]))


def check(call, *arguments):
    done = call(*arguments)
    assert done.code in (0, 1, 2), done
    assert "Traceback" not in done.text, done
    assert "should not have happened" not in done.text, done
    assert "想定外" not in done.text, done
    if done.code:
        assert done.err.strip(), done
        assert len(done.err.strip().splitlines()) <= 12, done


MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(data=st.data())
def test_train_with_odd_options(call, tmp_path, data):
    source = data.draw(st.sampled_from([*SOURCES, *["xor"] * 4, "good.csv"]))
    (tmp_path / "good.csv").write_bytes(CSV)
    typed = data.draw(options("train"))
    with contextlib.chdir(tmp_path):
        check(call, "train", *QUICK, source, *typed)


@MANY
@given(content=FILES)
def test_train_with_odd_files(call, tmp_path, content):
    (tmp_path / "rows.csv").write_bytes(content)
    with contextlib.chdir(tmp_path):
        check(call, "train", "rows.csv", *QUICK, "--no-baselines")


@MANY
@given(data=st.data())
def test_the_other_commands_with_odd_options(call, tmp_path, runs, data):
    lenses = ["trace", "curvature", "landscape", "collapse", "descend", "activations"]
    name = data.draw(st.sampled_from(["evaluate", "predict", "show", "explain", *lenses]))
    model = data.draw(st.sampled_from([str(runs["iris"]), str(runs["two"]), str(runs["plain"]), *SOURCES]))
    (tmp_path / "good.csv").write_bytes(CSV)
    alone = {"show": model, "descend": data.draw(FORMULA)} | dict.fromkeys(["explain", "activations"], data.draw(VALUE))
    arguments = [alone[name]] if name in alone else [model, data.draw(st.sampled_from([*SOURCES, "good.csv"]))]
    typed = data.draw(options(name))
    with contextlib.chdir(tmp_path):
        check(call, name, *arguments, *typed)


@MANY
@given(content=FILES)
def test_evaluate_and_predict_with_odd_files(call, tmp_path, runs, content):
    (tmp_path / "rows.csv").write_bytes(content)
    for name in ("iris", "two", "plain"):
        check(call, "predict", runs[name], tmp_path / "rows.csv")
        check(call, "evaluate", runs[name], tmp_path / "rows.csv")


def use(call, path):
    """All that can be done with a model."""
    for options in ([], ["--tape"], ["--observed"]):
        check(call, "show", path, *options)
    check(call, "predict", path, "iris")
    check(call, "evaluate", path, "iris")


@MANY
@given(data=st.data())
def test_models_that_are_damaged(call, tmp_path, runs, data):
    whole = (runs["iris"] / "model.safetensors").read_bytes()
    at = data.draw(st.one_of(st.integers(0, 1500), st.integers(0, len(whole) - 1)))
    kind = data.draw(st.sampled_from(["cut", "byte", "insert"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    content = {
        "cut": whole[:at],
        "byte": whole[:at] + byte + whole[at + 1 :],
        "insert": whole[:at] + byte + whole[at:],
    }[kind]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    for command in (
        ["show", path],
        ["show", path, "--tape"],
        ["show", path, "--observed"],
        ["predict", path, "iris"],
        ["evaluate", path, "iris"],
    ):
        check(call, *command)


def damaged_header(path: Path, change) -> bytes:
    """A model whose architecture and preparation say something else."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    about = json.loads(header["__metadata__"]["backlit"])
    change(about)
    header["__metadata__"]["backlit"] = json.dumps(about)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + raw[8 + length :]


def places(value, path=()):
    """Every place in some plain data."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


ODD = st.sampled_from([None, 0, -1, 1e308, "", "x", [], {}, [[]], True, 10**30, "relu", ["a"] * 3])


@MANY
@given(data=st.data())
def test_models_that_were_written_by_hand(call, tmp_path, runs, data):
    def change(about):
        *outer, last = data.draw(st.sampled_from([p for p in places(about) if p]))
        for key in outer:
            about = about[key]
        about[last] = data.draw(ODD)

    path = tmp_path / "model.safetensors"
    path.write_bytes(damaged_header(runs[data.draw(st.sampled_from(["iris", "two"]))] / "model.safetensors", change))
    use(call, path)


@MANY
@given(data=st.data())
def test_runs_whose_facts_are_damaged(call, tmp_path, runs, data):
    facts = json.loads((runs["iris"] / "run.json").read_text(encoding="utf-8"))
    *outer, last = data.draw(st.sampled_from([p for p in places(facts) if p]))
    part = facts
    for key in outer:
        part = part[key]
    part[last] = data.draw(ODD)
    (tmp_path / "model.safetensors").write_bytes((runs["iris"] / "model.safetensors").read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(facts))
    (tmp_path / "history.jsonl").write_text("")
    use(call, tmp_path)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@MANY
@given(words=st.lists(VALUE, max_size=4))
def test_words_that_mean_nothing(call, language, words):
    check(lambda *typed: call(*typed, BACKLIT_LANG=language), *words)

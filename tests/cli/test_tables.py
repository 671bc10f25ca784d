"""A Japanese table with categories, dates, yes and no, and holes, in many spellings: trained on and answered for."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import backlit

HEAD = ["顧客番号", "年齢", "地域", "会員", "契約日", "料金", "備考", "解約"]
SPELLINGS = [
    ("utf-8", ",", "."),
    ("utf-8-sig", "\t", "."),
    ("cp932", ",", "."),
    ("utf-16", ";", ","),
    ("euc_jp", "|", "."),
]


def customers(count, seed, *, answers=True):
    """Rows of text: the older and those in Tokyo leave, members stay."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        age, town = int(rng.integers(20, 80)), str(rng.choice(["東京", "大阪", "札幌", "福岡"]))
        member, day = str(rng.choice(["はい", "いいえ"])), f"2025/{rng.integers(1, 13)}/{rng.integers(1, 29)}"
        leaves = (age - 50) / 8 + 2 * (town == "東京") - 2 * (member == "はい") > rng.normal()
        fee = f"{rng.normal(5000, 900):.1f}"
        row = [f"C{seed}-{i:05d}", str(age), town, member, day, fee, "折返し\n電話" if i % 50 == 0 else ""]
        for j, share in ((1, 0.05), (2, 0.05), (4, 0.03)):
            row[j] = "" if rng.random() < share else row[j]
        rows.append([*row, ("" if i % 60 == 7 else "解約" if leaves else "継続") if answers else ""])
    return rows


def write(path, rows, encoding, delimiter, decimal, head=HEAD):
    text = io.StringIO()
    rows = [[cell.replace(".", decimal) if j == 5 else cell for j, cell in enumerate(row)] for row in rows]
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([head, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


@pytest.fixture(scope="module")
def answers():
    """What each spelling's model answers, to be compared at the end."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "delimiter", "decimal"), SPELLINGS)
def test_a_japanese_table_is_trained_on_and_answered_for_unattended(
    call, tmp_path, monkeypatch, answers, encoding, delimiter, decimal
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "顧客.csv", customers(400, 0), encoding, delimiter, decimal)
    done = call("train", "顧客.csv", "--target", "解約", "--progress", "none", "--epochs", 120, "--lang", "ja")
    assert done.code == 0, done.err
    assert [code for code in ("BL225", "BL232", "BL223") if code in done.err] == ["BL225", "BL232"]
    facts = json.loads((tmp_path / "runs/顧客-1/run.json").read_text("utf-8"))
    assert facts["data"]["features"] == ["年齢", "地域", "会員", "契約日", "料金", "備考"]
    assert facts["result"]["test"]["accuracy"] > 0.75 > facts["baselines"]["constant"]["accuracy"]

    # Other rows, in another spelling each time, with columns in another order, and a town that is new.
    other = customers(150, 1, answers=False)
    other[3][2] = "那覇"
    order = [7, 5, 4, 3, 2, 1, 0, 6]
    turned = [[row[j] for j in order] for row in other]
    head = [HEAD[j] for j in order]
    with monkeypatch.context():
        path = write(tmp_path / "other.csv", turned, "cp932" if encoding != "cp932" else "utf-8", ",", ".", head)
    done = call("predict", "runs/顧客-1", path, "--lang", "ja")
    assert done.code == 0, done.err
    found = [row[0] for row in csv.reader(io.StringIO(done.out))]
    assert found[0] == "prediction"
    assert set(found[1:]) == {"解約", "継続"}
    assert len(found) == 151
    assert "BL233" in done.err
    assert "那覇" in done.err
    answers[encoding] = found
    assert len({tuple(each) for each in answers.values()}) == 1  # however it is written, it is the same table

    done = call("show", "runs/顧客-1", "--preparation", "--lang", "ja")
    for word in ("札幌", "福岡", "契約日", "2025-", "継続"):
        assert word in done.out


def test_the_options_say_what_is_not_seen(call, tmp_path):
    rows = "\n".join(f"{i % 7}#1,25{i % 9}#{'ab'[i % 2]}" for i in range(60))
    (tmp_path / "odd.txt").write_bytes(rows.encode("utf-16-le"))
    asked = ["--delimiter", "#", "--encoding", "utf-16-le", "--decimal", ",", "--no-header"]
    quick = ["--epochs", "2", "--progress", "none", "--no-report", "--out", tmp_path / "out"]
    assert call("train", tmp_path / "odd.txt", *asked, *quick).code == 0
    net = backlit.load(tmp_path / "out/odd-1")
    assert [c.name for c in net.preparation.features] == ["column1", "column2"]
    assert 1 < net.preparation.features[1].mean < 2
    done = call("predict", tmp_path / "out/odd-1", tmp_path / "odd.txt", *asked)
    assert len(done.out.splitlines()) == 61
    done = call("evaluate", tmp_path / "out/odd-1", tmp_path / "odd.txt", *asked, "--json")
    assert json.loads(done.out)["rows"] == 60
    done = call("train", tmp_path / "odd.txt", *quick, "--size", "28")
    assert "BL214" in done.err


def test_several_labels_a_row(call, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)).round(3)
    lines = [f"{a},{b},{'yes' if a > 0 else 'no'},{int(b > 0)}" for a, b in x.tolist()]
    (tmp_path / "labels.csv").write_text("a,b,left,right\n" + "\n".join(lines))
    target = ["--target", "left", "--target", "right"]
    done = call("train", tmp_path / "labels.csv", *target, "--progress", "none", "--epochs", 200, "--out", tmp_path)
    assert done.code == 0, done.err
    facts = json.loads((tmp_path / "labels-1/run.json").read_text())
    assert facts["data"]["task"] == "multilabel"
    assert facts["result"]["test"]["exact"] > 0.8
    assert facts["architecture"][-1]["activation"] == "sigmoid"
    found = call("predict", tmp_path / "labels-1", tmp_path / "labels.csv").out.splitlines()
    assert found[0] == "left,right"
    assert set(found[1:]) <= {"0,0", "0,1", "1,0", "1,1"}
    shares = call("predict", tmp_path / "labels-1", tmp_path / "labels.csv", "--proba").out.splitlines()[1]
    assert all(0 < float(share) < 1 for share in shares.split(","))
    done = call("evaluate", tmp_path / "labels-1", tmp_path / "labels.csv", "--json")
    assert json.loads(done.out)["exact"] > 0.8


def test_a_parquet_file_and_a_csv_file_of_the_same_rows_get_the_same_answers(call, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"size": np.arange(60) / 7, "town": ["Kyoto", "Osaka", None] * 20, "t": ["a", "b"] * 30})
    frame.to_parquet(tmp_path / "rows.parquet")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    quick = ["--epochs", "2", "--progress", "none", "--no-report", "--out", tmp_path / "out"]
    assert call("train", tmp_path / "rows.parquet", "--target", "t", *quick).code == 0
    found = [
        call("predict", tmp_path / "out/rows-1", tmp_path / f"rows.{end}", "--proba") for end in ("csv", "parquet")
    ]
    assert found[0] == found[1]
    assert len(found[0].out.splitlines()) == 61
    measured = [
        call("evaluate", tmp_path / "out/rows-1", tmp_path / f"rows.{e}", "--json").out for e in ("csv", "parquet")
    ]
    assert json.loads(measured[0])["accuracy"] == json.loads(measured[1])["accuracy"]


@pytest.mark.parametrize(
    ("encoding", "asked", "reading"),
    [
        ("cp1252", ("--encoding", "cp1252"), {"encoding": "cp1252"}),
        ("utf-8", ("--decimal", "."), {"decimal": "."}),
        ("utf-8", ("--no-header",), {"header": False}),
        ("utf-16-le", ("--encoding", "utf-16-le", "--delimiter", ";"), {"encoding": "utf-16-le", "delimiter": ";"}),
        ("utf-8", (), {}),
    ],
)
def test_what_was_said_of_the_file_of_a_training_holds_for_those_that_follow(call, tmp_path, encoding, asked, reading):
    sizes = ["1,250.5", "2.5", "3.5"] if "--decimal" in asked else ["1.5", "2.5", "3.5"]
    sizes = ["low", "mid", "high"] if "--no-header" in asked else sizes
    head = [] if "--no-header" in asked else ["größe;farbe;art"]
    lines = [*head, *(f"{sizes[i % 3]};{['schwarz', 'rot', 'weiß', 'grün'][i % 4]};{'xy'[i % 2]}" for i in range(60))]
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode(encoding))
    (tmp_path / "b.csv").write_text("\n".join(lines), encoding="utf-8")
    quick = ["--epochs", "2", "--progress", "none", "--no-report", "--out", tmp_path / "out"]
    assert call("train", tmp_path / "a.csv", *asked, *quick).code == 0
    model = tmp_path / "out/a-1"
    assert backlit.load(model).preparation.reading == reading
    done = call("predict", model, tmp_path / "a.csv")
    assert (done.code, len(done.out.splitlines())) == (0, 61), done.err
    done = call("evaluate", model, tmp_path / "a.csv", "--json")
    assert (done.code, json.loads(done.out)["rows"]) == (0, 60), done.err
    assert json.loads(done.out)["seen_in_training"]
    for command, more in (("predict", []), ("evaluate", ["--json"])):  # what is asked now goes first
        other = call(command, model, tmp_path / "b.csv", "--encoding", "utf-8", *more)
        assert (other.code, other.err) == (0, "")
    told = call("show", model, "--preparation")
    assert told.code == 0
    assert all(name in told.out for name in reading)


def test_a_model_of_numbers_is_stored_as_before_where_nothing_was_said_of_its_file(call, tmp_path):
    (tmp_path / "a.csv").write_text("a,b,t\n" + "".join(f"{i % 7},{i % 5},{'xy'[i % 2]}\n" for i in range(60)))
    quick = ["--epochs", "2", "--progress", "none", "--no-report", "--out", tmp_path / "out"]
    for number, asked in enumerate([(), ("--delimiter", ",")], 1):
        assert call("train", tmp_path / "a.csv", *asked, *quick).code == 0
        known = backlit.load(tmp_path / f"out/a-{number}").preparation
        assert ("reading" in known.to_dict()) == bool(asked)

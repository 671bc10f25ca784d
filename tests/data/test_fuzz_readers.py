"""Good files changed at random give a table or an error of ours (tools/fuzz_readers.py, some cases of each reader)."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "fuzz_readers.py"
spec = importlib.util.spec_from_file_location("fuzz_readers", TOOL)
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("reader", sorted(fuzz.READERS))
def test_changed_files_give_a_table_or_an_error_of_ours(reader, tmp_path):
    pytest.importorskip({"parquet": "pyarrow", "arrow": "pyarrow", "images": "PIL"}.get(reader, "numpy"))
    for seed in range(60):
        folder = tmp_path / str(seed)
        folder.mkdir()
        wrong = fuzz.case(reader, seed, folder)
        assert wrong is None, f"{reader}, seed {seed}: {wrong}"


FOUND = [("arrow", 5246), ("arrow", 8633), ("arrow", 12483)]  # names of columns that are no UTF-8
FOUND += [("arrow", 5131083), ("arrow", 5141264)]  # a name that cannot be printed, numbers above 2**53


@pytest.mark.parametrize(("reader", "seed"), FOUND)
def test_what_was_found_stays_repaired(reader, seed, tmp_path):
    pytest.importorskip("pyarrow")
    assert fuzz.case(reader, seed, tmp_path) is None


def test_the_tool_tells_what_it_finds(monkeypatch, capsys):
    def broken(source, **options):
        raise KeyError("x")

    monkeypatch.setattr(fuzz, "load", broken)
    assert fuzz.main(["--reader", "csv", "--cases", "2"]) == 1
    assert "KeyError" in capsys.readouterr().out

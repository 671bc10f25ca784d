"""The repository itself: its checks, its catalogues of sentences, its pins, its package."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backlit import errors, messages

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src" / "backlit"
HEAVY = ["numba", "llvmlite", "scipy", "sklearn", "rich", "jinja2", "click"]
FRAMES = ["pandas", "polars", "pyarrow", "narwhals", "PIL"]


def run(*arguments: str, cwd: Path = TOP) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(SOURCE.parent), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, encoding="utf-8")


# ---- what lies in the repository ------------------------------------------------------------------------


@pytest.mark.skipif(not (TOP / ".git").exists(), reason="not a checkout")
def test_the_repository_holds_nothing_that_it_must_not():
    done = run("tools/check_repository.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("src/a.py", "path = '/wo" + "rk/main'\n", "src/a.py:1: a path of one machine"),
        ("docs/a.md", "see\n/tm" + "p/x\n", "docs/a.md:2: a path of one machine"),
        ("README.md", "https://pypi" + ".org/project/x\n", "README.md:1: the address of a package registry"),
        ("src/long.py", "x = 1\n" * 401, "src/long.py: 401 lines"),
        ("data/big.npz", "x" * 500_001, "data/big.npz: 500 kB"),
        ("requirements/run.txt", "numpy>=2.0\n", "requirements/run.txt:1: not of the form name==version"),
    ],
)
def test_the_check_of_the_repository_finds(name, text, said, tmp_path):
    for file, content in {name: text, "tests/ok.py": "# /tm" + "p/ is fine here\n" * 500}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(content, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    done = run(str(TOP / "tools" / "check_repository.py"), cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stdout
    assert "2 files, 1 faults" in done.stdout


def test_importing_backlit_loads_nothing_heavy():
    done = run("-c", "import sys, json, backlit; print(json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "backlit" in loaded
    assert not loaded.intersection([*HEAVY, *FRAMES])


@pytest.mark.parametrize("call", ["backlit.data.load('iris')", "backlit.data.load('a.csv')", "app(['--help'])"])
def test_libraries_of_frames_are_imported_only_for_sources_that_need_them(call, tmp_path):
    (tmp_path / "a.csv").write_text("a,b,c\n1,cat,2026-01-02\n2,dog,2026-01-03\n", encoding="utf-8")
    code = f"import sys, json, backlit\nfrom backlit.cli.app import app\ntry: {call}\nexcept SystemExit: pass\n"
    done = run("-c", code + "print(); print(json.dumps(sorted(sys.modules)))", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert not loaded.intersection([*FRAMES, "sklearn", "numba"])


# ---- pages that are run ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        (
            "<!-- run -->\n```python\nx = 2\nprint(x)\n```\n\n```text\n2\n```\n",
            "1 blocks run, 0 not as shown",
        ),
        ("<!-- run -->\n```python\nprint(0.25)\n```\n```text\n0.…\n```\n", "1 blocks run, 0 not as shown"),
        ("<!-- run -->\n```python\nprint(2)\n```\n```text\n3\n```\n", "1 blocks run, 1 not as shown"),
        ("<!-- run -->\n```python\n1 / 0\n```\n", "1 blocks run, 1 not as shown"),
        ("<!-- run, fails -->\n```python\n1 / 0\n```\n```text\nZero…: …\n```\n", "1 blocks run, 0 not as"),
        ("<!-- run, fails -->\n```python\n1 / 1\n```\n", "1 blocks run, 1 not as shown"),
        (
            "<!-- run -->\n```console\n$ echo a \\\n  b\na b\n$ echo c\nd\n```\n",
            "2 blocks run, 1 not as shown",
        ),
        ("<!-- run -->\n```console\n$ exit 3\n```\n", "1 blocks run, 1 not as shown"),
        ("```python\n1 / 0\n```\n", "0 blocks run, 0 not as shown"),
        ("<!-- run -->\nno block\n", "the marker is not followed by a python or console block"),
    ],
)
def test_a_page_is_run_and_compared(page, verdict, tmp_path):
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    done = run("tools/check_docs.py", str(tmp_path / "page.md"))
    assert verdict in done.stdout + done.stderr
    assert (done.returncode == 0) == (", 0 not as" in verdict)


def test_the_blocks_of_a_page_share_variables_and_a_folder(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- run -->\n```python\nx = 1\nopen('file.txt', 'w').close()\n```\n"
        "<!-- run -->\n```console\n$ ls\nfile.txt\n```\n"
        "<!-- run -->\n```python\nprint(x)\n```\n```text\n1\n```\n",
        encoding="utf-8",
    )
    done = run("tools/check_docs.py", str(page))
    assert done.stdout == "page.md: 3 blocks run, 0 not as shown\n"


# ---- sentences ------------------------------------------------------------------------------------------


def files_of(language: str) -> dict[str, dict[str, str]]:
    """{file: {dotted key: text}} of one language, read from the files themselves."""

    def flat(value: object, key: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from flat(inner, f"{key}.{name}" if key else name)
        else:
            yield key, str(value)

    folder = SOURCE / "messages" / language
    return {
        file.name: dict(flat(tomllib.loads(file.read_text(encoding="utf-8")), "")) for file in folder.glob("*.toml")
    }


@pytest.mark.parametrize("language", [name for name in messages.LANGUAGES if name != "en"])
def test_a_catalogue_has_the_files_keys_and_placeholders_of_the_english_one(language):
    english, other = files_of("en"), files_of(language)
    assert english
    assert sorted(other) == sorted(english)
    for file, texts in english.items():
        assert sorted(other[file]) == sorted(texts), file
        for key, text in texts.items():
            wanted, found = messages.placeholders(text), messages.placeholders(other[file][key])
            assert found == wanted, f"{language}/{file}: {key}"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_key_stands_in_one_file_of_a_catalogue_only(language):
    tables = [table for texts in files_of(language).values() for table in {key.split(".")[0] for key in texts}]
    assert sorted(set(tables)) == sorted(tables)


def codes_in_source() -> dict[str, str]:
    """{code: file} of all error codes that the code names; docstrings and comments do not count."""
    found = {}
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_error(node.value):
                found[node.value] = str(file.relative_to(TOP))
    return found


def is_error(key: str) -> bool:
    return len(key) == 5 and key[:3] in errors.FAMILIES and key[3:].isdigit()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_error_has_an_entry_and_every_entry_an_error(language):
    raised = codes_in_source()
    entries = {key for key in messages.catalogue(language) if is_error(key)}
    assert sorted(set(raised) - entries) == [], {code: raised[code] for code in set(raised) - entries}
    assert sorted(entries - set(raised)) == []


# ---- pins and package -----------------------------------------------------------------------------------


def pins(*names: str) -> dict[str, str]:
    """{package: version} of some files of requirements/."""
    found: dict[str, str] = {}
    for name in names:
        for line in (TOP / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                package, _, version = line.partition("==")
                key = canonicalize_name(package)
                assert found.setdefault(key, version) == version, f"two versions of {package}"
    return found


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_package_is_pinned_at_two_versions():
    assert pins("run", "build", "test", "lint", "bench")


def test_the_pins_hold_what_the_project_declares(project):
    groups = project["dependency-groups"]
    extras = project["project"]["optional-dependencies"]
    wanted = {
        ("run",): project["project"]["dependencies"],
        ("build",): groups["build"],
        ("run", "test"): groups["test"],
        ("run", "test", "bench"): [*extras["bench"], *extras["data"], *extras["images"]],
        ("run", "lint"): groups["lint"],
    }
    for files, requirements in wanted.items():
        pinned = pins(*files)
        for requirement in map(Requirement, requirements):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement} is not in {files}"
            assert requirement.specifier.contains(version), f"{requirement} is pinned at {version}"


@pytest.mark.parametrize("files", [("run",), ("build",), ("run", "test")])
def test_the_pins_are_complete(files):
    pinned = pins(*files)
    for package in pinned:
        try:
            needs = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f"{package} is not installed here")
        for requirement in map(Requirement, needs):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in pinned, f"{package} needs {requirement}"


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed here")
def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    done = run("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    own = {
        file.relative_to(SOURCE.parent).as_posix()
        for file in SOURCE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sorted(own - inside) == []
    assert sorted(inside - own) == []

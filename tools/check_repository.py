"""Checks what lies in the repository: `python tools/check_repository.py` (part of `make lint`).

Tracked files hold no paths of one machine and no addresses of package registries, none is larger than 500
kB, no source file is longer than 400 lines, and requirements are exact versions. With `--all`, files that
git does not track yet (and does not ignore) are looked at as well.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 500_000
MAX_LINES = 400

# Put together from pieces, so that this file does not find itself.
MACHINE_PATHS = [f"/{name}/" for name in ("work", "root", "opt", "farm")] + ["." + "pyenv"]
TEMPORARY = "/" + "tmp/"
REGISTRIES = ["pypi" + ".org", "python" + "hosted", "registry" + ".npmjs", "deb" + ".debian.org"]

PIN = re.compile(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+]+")


def listed(top: Path, everything: bool) -> list[Path]:
    """The tracked files of the checkout at `top` (with `everything`, those that could be as well)."""
    command = ["git", "ls-files", "-z", "--cached"]
    if everything:
        command += ["--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=top, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted(Path(name) for name in set(names) if name and (top / name).is_file())


def faults_of_line(file: Path, line: str) -> Iterator[str]:
    """What one line of a text file must not hold."""
    in_tests = file.parts[0] == "tests"
    for path in [*MACHINE_PATHS, *([] if in_tests else [TEMPORARY])]:
        if path in line:
            yield f"a path of one machine: {path}"
    for host in REGISTRIES:
        if host in line:
            yield f"the address of a package registry: {host}"
    if file.parts[0] == "requirements":
        requirement = line.partition("#")[0].strip()
        if requirement and not PIN.fullmatch(requirement):
            yield f"not of the form name==version: {requirement}"


def faults_of_file(top: Path, file: Path) -> Iterator[str]:
    """All faults of one file, as "file:line: what"."""
    content = (top / file).read_bytes()
    if len(content) > MAX_BYTES:
        yield f"{file}: {len(content) / 1000:.0f} kB, at most {MAX_BYTES / 1000:.0f} are allowed"
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return
    if file.suffix == ".py" and file.parts[0] != "tests" and len(lines) - 1 > MAX_LINES:
        yield f"{file}: {len(lines) - 1} lines, at most {MAX_LINES} are allowed: is it one room or two?"
    for number, line in enumerate(lines, 1):
        for fault in faults_of_line(file, line):
            yield f"{file}:{number}: {fault}"


def main(arguments: list[str]) -> int:
    """Print every fault of the repository in the current folder; 1 if there is one."""
    top = Path.cwd()
    files = listed(top, everything="--all" in arguments)
    faults = [fault for file in files for fault in faults_of_file(top, file)]
    print("\n".join([*faults, f"repository: {len(files)} files, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

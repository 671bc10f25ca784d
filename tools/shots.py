"""Takes pictures of every page in both languages, light and dark: `python tools/shots.py [NAME ...]` (`make shots`).

The pages are made by the commands below in an empty folder and photographed by a Chromium without a window; what is
written is docs/shots/NAME.LANGUAGE.SCHEME.png and docs/shots/README.md, the list of all.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
FOLDER = TOP / "docs" / "shots"
LANGUAGES, SCHEMES = ("en", "ja"), ("light", "dark")
WIDE, MOST = 1000, 200_000  # pixels, bytes
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 120
LABELS = "labels.csv"


@dataclass(frozen=True)
class Page:
    """A page: the command that makes it, the file, how much of it is shown.

    only : sections that are shown, by their ids; all if there are none.
    """

    name: str
    title: str
    command: str
    file: str
    high: int = 1600
    only: tuple[str, ...] = ()


PAGES = (
    Page("classification", "report of a classification", "train digits", "runs/digits-1/report.html", 1700),
    Page("sample", "the same: a row worked through, the chain rule of a weight", "train digits",
         "runs/digits-1/report.html", 3000, ("sample", "chain")),
    Page("insides", "the same: gradient checks, learning rate, layers", "train digits", "runs/digits-1/report.html",
         2400, ("gradient-checks", "rate", "signals")),
    Page("regression", "report of a regression", "train diabetes", "runs/diabetes-1/report.html", 1700),
    Page("labels", "report of several labels a row",
         f"train {LABELS} --task multilabel --target warm --target bright --target loud",
         "runs/labels-1/report.html", 1700),
    Page("group", "report of several trainings", "train wine --folds 5", "runs/wine-folds-1/report.html", 1500),
    Page("trace", "a trace", "trace runs/iris-1 iris --row 3 --top 4 --parameter largest --out trace.html",
         "trace.html", 1900),
    Page("exercise", "an exercise: the ledger with its numbers left out",
         "trace runs/iris-1 iris --row 3 --blank --out blank.html", "blank.html", 1500),
    Page("diagnosis", "a diagnosis",
         "diagnose wine --activation sigmoid --optimizer sgd --rate 1e-6 --out diagnosis.html", "diagnosis.html", 1900),
    Page("descent", "gradient descent on a function",
         'descend "x**2/20+y**2" --start=-7,2 --rate 0.9 --compare momentum:0.1,adam:0.3 --out descent.html',
         "descent.html", 1600),
    Page("gallery", "activation functions", "activations relu elu tanh sigmoid --out gallery.html", "gallery.html",
         1800),
    Page("landscape", "the loss over the plane of a run’s path", "landscape runs/iris-1 --along path --out plane.html",
         "plane.html", 1200),
)  # fmt: skip
BEFORE = {
    "trace": "train iris --dropout 0",
    "exercise": "train iris --hidden 3",
    "landscape": "train iris",
}  # what has to be there


def browser() -> str:
    """The Chromium that takes the pictures."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise SystemExit(f"No browser: one of {', '.join(BROWSERS)} is needed on the PATH (on Debian: chromium).")


def made(page: Page, language: str, folder: Path) -> Path:
    """The page's file; commands that were run before are not run again."""
    for command in filter(None, (BEFORE.get(page.name), page.command)):
        done = folder / f".{abs(hash(command))}"
        if not done.exists():
            backlit(command, language, folder)
            done.touch()
    return folder / page.file


def backlit(command: str, language: str, folder: Path) -> None:
    """Run one command of Backlit."""
    paths = os.pathsep.join([str(TOP / "src"), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    environment = {**os.environ, "BACKLIT_LANG": language, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    line = f'"{sys.executable}" -m backlit {command}'
    done = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"backlit {command}\n{done.stdout}{done.stderr}")


def labels(path: Path) -> None:
    """A table with three labels a row, the same every time."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4)).round(3)
    sums = x @ rng.normal(size=(4, 3)) + 0.5 * rng.normal(size=(400, 3))
    lines = ["sun,wind,rain,hour,warm,bright,loud"]
    lines += [",".join(map(str, [*row, *(int(s > 0) for s in each)])) for row, each in zip(x, sums, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def taken(page: Page, file: Path, scheme: str, chromium: str) -> Any:
    """The picture, cut below the last thing on it."""
    from PIL import Image

    text = file.read_text(encoding="utf-8")
    if page.only:
        kept = ", ".join(f"#{name}" for name in page.only)
        hidden = f"header, nav, .verdict, footer, main > section:not({kept}) {{ display: none }}"
        hidden = f"<style>{hidden} main > section {{ margin-top: 0; border-top: 0 }}</style>"
        text = text.replace("</head>", f"{hidden}</head>", 1)
    shown = file.with_suffix(".shown.html")
    shown.write_text(text, encoding="utf-8")
    picture = file.with_suffix(".png")
    subprocess.run(
        [chromium, "--no-sandbox", "--hide-scrollbars", f"--blink-settings=preferredColorScheme={scheme == 'light':d}",
         f"--window-size={WIDE},{page.high}", f"--screenshot={picture}", shown.as_uri()],
        check=True, capture_output=True, timeout=SECONDS,
    )  # fmt: skip
    whole = Image.open(picture).convert("RGB")
    return whole.crop((0, 0, WIDE, min(page.high, _bottom(whole) + 24)))


def _bottom(picture: Any) -> int:
    """The last row of pixels that is not the paper."""
    from PIL import Image, ImageChops

    paper = Image.new("RGB", picture.size, picture.getpixel((2, 2)))
    box = ImageChops.difference(picture, paper).getbbox()
    return int(box[3]) if box else int(picture.size[1])


def small(picture: Any) -> bytes:
    """The picture as PNG with a palette, with fewer colours until it is small enough."""
    for colours in (128, 64, 32, 16):
        stream = io.BytesIO()
        picture.quantize(colours, dither=0).save(stream, "PNG", optimize=True)
        if stream.tell() <= MOST:
            break
    return stream.getvalue()


def name_of(page: Page, language: str, scheme: str) -> str:
    """The name of a picture's file."""
    return f"{page.name}.{language}.{scheme}.png"


def listing() -> str:
    """docs/shots/README.md."""
    lines = [
        "# Pictures of every page", "",
        "In English and Japanese, light and dark, taken by a real browser: `make shots` (`tools/shots.py`).", "",
        "| page | made by | pictures |", "|---|---|---|",
    ]  # fmt: skip
    for page in PAGES:
        links = [f"[{a} {b}]({name_of(page, a, b)})" for a in LANGUAGES for b in SCHEMES]
        lines.append(f"| {page.title} | `backlit {page.command}` | {' · '.join(links)} |")
    lines += ["", *(f"![{page.title}]({name_of(page, 'en', 'light')})\n" for page in PAGES)]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Take the pictures of the pages named, by default of all."""
    parser = argparse.ArgumentParser(description="Pictures of every page, in docs/shots.")
    parser.add_argument("names", nargs="*", choices=[[], *(page.name for page in PAGES)], metavar="NAME")
    names = parser.parse_args(arguments).names
    chromium = browser()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            labels(folder / LABELS)
            for page in PAGES:
                if names and page.name not in names:
                    continue
                file = made(page, language, folder)
                for scheme in SCHEMES:
                    data = small(taken(page, file, scheme, chromium))
                    (FOLDER / name_of(page, language, scheme)).write_bytes(data)
                    print(f"{name_of(page, language, scheme)}: {len(data) / 1000:.0f} kB", flush=True)
    (FOLDER / "README.md").write_text(listing(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

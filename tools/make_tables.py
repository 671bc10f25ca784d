"""Tables made of what is declared: `python tools/make_tables.py [--check]`.

* docs/activations.md, a page about every activation function;
* docs/findings.md, what the doctor finds, and what each finding counts as;
* in README.md and README.ja.md, between two marks, the table of what exists.

Without an option the files are written; with `--check` nothing is, and 1 says that one is stale.  A test asks
(tests/test_tables.py).
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from backlit.doctor.diagnosis import categories
from backlit.doctor.finding import CHECKS
from backlit.nn import initial
from backlit.nn.layers import KINDS
from backlit.ops import REGISTRY, Elementwise, Op, activation
from backlit.ops.declare import LIBRARIES
from backlit.optim import OPTIMIZERS

TOP = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- made by tools/make_tables.py -->", "<!-- end -->"
LIBRARY_NAMES = {"torch": "PyTorch", "onnx": "ONNX", "keras": "Keras", "jax": "JAX"}


def of_role(role: str) -> list[str]:
    """The names of all operations of a role."""
    return sorted(name for name, op in REGISTRY.items() if op.facts.role == role)


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or look whether they are as they would be written."""
    wanted = {TOP / "docs" / "activations.md": activations_page(), TOP / "docs" / "findings.md": findings_page()}
    for name, heads in HEADS.items():
        wanted[TOP / name] = filled((TOP / name).read_text(encoding="utf-8"), what_exists(*heads))
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(TOP)} is stale: python tools/make_tables.py")
        else:
            path.write_text(wanted[path], encoding="utf-8")
            print(f"{path.relative_to(TOP)} written")
    return 1 if stale and "--check" in arguments else 0


# ---- what exists ------------------------------------------------------------------------------------------

HEADS = {
    "README.md": (
        "| kind | names |",
        "{kind} ({count})",
        ("activation functions", "losses", "optimizers", "layers", "initial weights"),
        "Formulas, derivatives and names in other libraries: [docs/activations.md](docs/activations.md).",
    ),
    "README.ja.md": (
        "| 種類 | 名前 |",
        "{kind}（{count}）",
        ("活性化関数", "損失関数", "最適化手法", "層", "初期値"),
        "式、導関数、ほかのライブラリでの名前: [docs/activations.md](docs/activations.md)（英語）。",
    ),
}


def what_exists(head: str, counted: str, kinds: Sequence[str], after: str) -> str:
    """A table with a row for each kind of thing."""
    names = [of_role("activation"), of_role("loss"), sorted(OPTIMIZERS), sorted(KINDS), sorted(initial.names())]
    first = [counted.format(kind=kind, count=len(own)) for kind, own in zip(kinds, names, strict=True)]
    rows = [f"| {cell} | {', '.join(f'`{x}`' for x in own)} |" for cell, own in zip(first, names, strict=True)]
    return "\n".join([head, "|---|---|", *rows, "", after])


def filled(page: str, table: str) -> str:
    """The page with the table between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"the page has no marks {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


# ---- findings of the doctor -------------------------------------------------------------------------------

FINDINGS = """# What the doctor finds

Made by `python tools/make_tables.py` from the declarations in [doctor/checks](../src/backlit/doctor/checks); do not
change it by hand. `backlit explain DR301` shows a finding's page: what it sees, why it hurts, how sure it is.

A *category* is the word that published collections of troubled programs have for a fault: the benchmark
(`python benchmarks/doctor/run.py benchmarks/doctor/cases.json`) counts a hit where the category of the root cause is
the one with which a program is labelled. A symptom shows that something is wrong and not what, so it has none; where
nothing else is found it counts as `other`.
"""


def findings_page() -> str:
    """A table with a row for each finding and each category it may count as."""
    rows = [row("code", "what it finds", "category", "needs"), "|---" * 4 + "|"]
    for code, category, title in categories():
        rows.append(row(code, title, f"`{category}`" if category else "a symptom", NEEDS[CHECKS[code].stage]))
    return "\n".join([FINDINGS, *rows]) + "\n"


NEEDS = {"structure": "network and rows", "start": "first weights", "course": "the training", "end": "last weights"}


# ---- activation functions ---------------------------------------------------------------------------------

INTRODUCTION = """# Activation functions

Made by `python tools/make_tables.py` from the declarations in [ops/activation](../src/backlit/ops/activation), where
each function has a page of its own; do not change it by hand.

u is the weighted sum that goes into a unit, o = f(u) what comes out; σ is the sigmoid, Φ the distribution function of
the standard normal. Parameters stand behind the name with their defaults; others are typed as in
`"elu(u, alpha=2)"`. Names of other libraries are understood, too, as are capitals, blanks and hyphens
(`"Leaky ReLU"`, `"swish"`). Defaults and what is taken at kinks are PyTorch's where PyTorch has the function.

- **range**: of the outputs, with the default parameters; its ends may be reached or only approached.
- **monotone**: falls nowhere.
- **at kinks**: the inputs at which the derivative is a choice, and the side whose derivative is taken.
- **keeps**: what the backward pass reads: the input u, the output o, or nothing.
"""


def activations_page() -> str:
    """The whole page: a table for each file of ops/activation, one for what looks at a whole row."""
    parts = [INTRODUCTION]
    families: dict[str, list[Op]] = {}
    for op in REGISTRY.values():
        if op.facts.role == "activation":
            families.setdefault(family_of(op), []).append(op)
    for title, members in families.items():
        rows = table(members) if isinstance(members[0], Elementwise) else table_of_rows(members)
        parts += [f"\n## {title}\n", *rows, *notes(members)]
    return "\n".join(parts).rstrip("\n") + "\n"


def family_of(op: Op) -> str:
    """The heading of an operation's table: the first sentence of its file."""
    if not isinstance(op, Elementwise):
        return "Functions of a whole row"
    source = Path(activation.__path__[0])
    for file in sorted(source.glob("*.py")):
        text = file.read_text(encoding="utf-8")
        if f"\ndef {op.name}(" in text or f"\ndef {op.name}_(" in text:
            return text.split('"""')[1].strip().rstrip(".")
    raise KeyError(op.name)


def table(members: Sequence[Op]) -> Iterator[str]:
    """A family of functions that work unit by unit."""
    yield row("name", "o = f(u)", "do/du", "range", "monotone", "at kinks", "keeps", "elsewhere")
    yield "|---" * 8 + "|"
    for op in members:
        facts = [range_of(op), "yes" if op.facts.monotone else "no", kinks_of(op), keeps(op)]
        yield row(f"**{name_of(op)}**", said(op, "o = "), said(op, "do/du = "), *facts, elsewhere(op))


def table_of_rows(members: Sequence[Op]) -> Iterator[str]:
    """Functions in which each output depends on several inputs: what their pages begin with."""
    yield row("name", "what it computes", "elsewhere")
    yield "|---" * 3 + "|"
    for op in members:
        yield row(f"**{op.name}**", (op.__doc__ or "").split("\n\n")[0].replace("\n", " "), elsewhere(op))


def row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"


def name_of(op: Op) -> str:
    given = ", ".join(f"{name}={number(value)}" for name, value in op.defaults.items())
    return f"{op.name}({given})" if given else op.name


def said(op: Op, sign: str) -> str:
    """What the page of an operation says behind "o = " or "do/du = ", up to the end of the sentence."""
    page = " ".join(line.strip() or "¶" for line in (op.__doc__ or "").split("\n"))
    _, found, rest = page.partition(sign)
    sentence = re.split(r"[.:](?= |$)| ¶", rest)[0] if found else ""
    return sentence.strip().replace("*", "\\*").replace("[", "\\[")


def number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    known = {math.pi / 2: "π/2", -math.pi / 2: "-π/2", 2 / 3: "2/3"}
    return known.get(value) or f"{value:.5g}"


def range_of(op: Op) -> str:
    low, high = op.facts.range
    return f"{number(low)} … {number(high)}"


def kinks_of(op: Op) -> str:
    sides = {"left": "left", "right": "right", "mean": "mean", "zero": "0"}
    return ", ".join(f"{number(k)}: {sides[s]}" for k, s in zip(op.facts.kinks, op.facts.sides, strict=True))


def keeps(op: Op) -> str:
    assert isinstance(op, Elementwise)
    saved = [what.replace("output", "o").replace("input 0", "u") for what in op.slope(0).saves]
    return ", ".join(saved) or "nothing"


def elsewhere(op: Op) -> str:
    """Its names in other libraries, and further ones under which it is found."""
    names = [f"{LIBRARY_NAMES[x]} `{op.facts.names[x]}`" for x in LIBRARIES if x in op.facts.names]
    return ", ".join([*names, *(f"“{other}”" for other in op.facts.also)])


def notes(members: Sequence[Op]) -> Iterator[str]:
    """What differs elsewhere, and where a function comes from."""
    yield ""
    for op in members:
        text = " ".join(x for x in (op.facts.differs, op.facts.source and f"*{op.facts.source}.*") if x)
        if text:
            yield f"- **{op.name}**: {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

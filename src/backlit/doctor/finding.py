"""What a finding is, and the table of all checks.

A check is a function of the patient, declared with its code.  It yields findings, or nothing: then it has passed.
What is said of a finding stands in the catalogue under its code (what, evidence, threshold, consequence, try, page);
`facts` fill the places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .patient import Patient
    from .trial import Change, Outcome

# proved: it follows from the graph and the data; measured: an experiment on this network showed it; else suspected.
GRADES = ("proved", "measured", "suspected")
# What a check needs: the graph and the rows; the network before its first step; how it trained; what came out.
STAGES = ("structure", "start", "course", "end")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, with its evidence.

    facts : the numbers and names for the sentences: layer, unit, row, step and what was measured, with its threshold;
        `first` that it goes before its equals, `root` that nothing else can be mended before it,
        `later` that it came about in the course of the training,
        `harmless` that a network can do well in spite of it, `category` that it counts as another one than usual,
        `how` which of several ways it is (`words.py`), `note` that it is told beside a diagnosis and ails nobody
    changes : what may be done against it, the most promising first; trials rank them
    consequences : findings that follow from this one
    tried : what the changes did
    command, python : what one types where none of the changes was tried and helped: it mends, or shows, what is wrong
    """

    code: str
    grade: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    consequences: tuple[Finding, ...] = ()
    tried: tuple[Outcome, ...] = ()
    command: str = ""
    python: str = ""

    @property
    def category(self) -> str:
        """The kind of fault, in the words of the published collections of troubled programs."""
        return str(self.facts.get("category") or CHECKS[self.code].category)

    @property
    def symptom(self) -> bool:
        """Whether it only shows that something is wrong."""
        return CHECKS[self.code].symptom

    @property
    def regardless(self) -> bool:
        """Whether it is told of a network that works, too: it is sure, and may do harm."""
        return self.grade != "suspected" and not self.facts.get("harmless") and not self.symptom

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "code": self.code, "grade": self.grade, "category": self.category, "facts": dict(self.facts),
            "changes": [c.told() for c in self.changes], "tried": [o.told() for o in self.tried],
            "consequences": [f.told() for f in self.consequences], "command": self.command, "python": self.python,
        }  # fmt: skip

    def with_consequences(self, more: tuple[Finding, ...]) -> Finding:
        return replace(self, consequences=more)


@dataclass(frozen=True)
class Check:
    """A declared check: its code, the stage it needs, the category its finding counts as, and what it brings about.

    number : of the finding in the collection of the literature's findings
    explains : codes of findings that follow from this one, as a rule
    symptom : it shows that something is wrong, not what: never the root where there is another
    """

    code: str
    number: int
    category: str
    stage: str
    look: Callable[[Patient], Iterator[Finding] | None]
    explains: tuple[str, ...] = ()
    symptom: bool = False

    @property
    def page(self) -> str:
        return self.look.__doc__ or ""

    @property
    def title(self) -> str:
        """What it finds, in a sentence."""
        return " ".join(self.page.strip().partition("\n\n")[0].split())


CHECKS: dict[str, Check] = {}


def check(
    code: str, *, number: int, category: str, stage: str, explains: tuple[str, ...] = (), symptom: bool = False
) -> Callable[[Callable[[Patient], Iterator[Finding] | None]], Callable[[Patient], Iterator[Finding] | None]]:
    """Decorator: enters a check into the table."""
    if stage not in STAGES:
        raise ValueError(stage)

    def enter(
        look: Callable[[Patient], Iterator[Finding] | None],
    ) -> Callable[[Patient], Iterator[Finding] | None]:
        CHECKS[code] = Check(code, number, category, stage, look, explains, symptom)
        return look

    return enter

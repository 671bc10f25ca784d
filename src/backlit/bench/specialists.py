"""Libraries made for small networks: which ones could not take part, and why."""

from __future__ import annotations

from collections.abc import Callable

from ..messages import say
from .results import Section

# name as it is written, and the key of the reason (`bench.specialist_…`)
TRIED = {
    "SimpleChains.jl (juliacall 0.9.37)": "julia",
    "tinygrad 0.14.0": "clang",
    "FANN (fann2 1.1.2)": "fann",
}


def section(tell: Callable[[str], None]) -> Section:
    """A line for each of them."""
    tell(say("bench.specialists"))
    reasons = {name: say(f"bench.specialist_{key}") for name, key in TRIED.items()}
    lines = [say("bench.specialists_about"), "", *(f"- {name}: {why}" for name, why in reasons.items())]
    return Section("specialists", say("bench.specialists"), lines, dict(reasons))

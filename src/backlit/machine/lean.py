"""Compiling a unit in three quarters of the time: only what is called from outside is optimised, inner functions not.

Numba optimises every function by itself before it puts it into the one that calls it, where it is optimised again.
In a unit all inner functions are put whole into the few that are called from outside (`inline` in the header), so the
first time is for nothing.  Numba has no option for that; where its inside should change, all is optimised as ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OUTER = re.compile(r"^@(?:entry|cfunc)\b.*?^def (\w+)", re.MULTILINE | re.DOTALL)


@contextmanager
def outer_functions_only(text: str) -> Iterator[None]:
    """While the unit with this text is compiled, optimise its outer functions only."""
    from numba.core import codegen
    from numba.core.compiler_lock import global_compiler_lock

    library: Any = getattr(codegen, "CPUCodeLibrary", None)
    optimise = getattr(library, "_optimize_final_module", None)
    outer = set(OUTER.findall(text))
    if optimise is None:
        yield
        return

    def only_outer(self: Any) -> None:
        if self.name in outer or self.name == "nrt":  # the last is Numba's own, and stays for others
            optimise(self)

    with global_compiler_lock:  # nobody else's functions are compiled meanwhile
        library._optimize_final_module = only_outer
        try:
            yield
        finally:
            library._optimize_final_module = optimise

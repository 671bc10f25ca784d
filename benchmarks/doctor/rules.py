"""Update rules that some programs have and this package has not: steps uphill, and rates that decay as Keras' did."""

from __future__ import annotations

from dataclasses import replace

from backlit.ops import formula as fm
from backlit.optim.rule import OPTIMIZERS, Optimizer, enter


def varied(name: str, *, sign: int = 1, decay: float = 0.0) -> str:
    """The name of a rule like this one: gradients times `sign`, the rate over 1 + decay · (steps made)."""
    if sign == 1 and not decay:
        return name
    own = f"{name}{'_negated' if sign < 0 else ''}{f'_decay_{decay:g}' if decay else ''}"
    own = own.replace("-", "_").replace(".", "_")

    def make(**settings: float) -> Optimizer:
        base = OPTIMIZERS[name](**settings)
        update = base.update
        assert update is not None
        rate = fm.uniform("learning_rate")
        if decay:
            rate = rate / (1 + decay * (fm.uniform("k") - 1))
        changed = {"g": sign * fm.symbol("g"), "learning_rate": rate}
        formulas = tuple(fm.substitute(formula, changed) for formula in update.formulas)
        scalars = {**update.scalars, **({"k": 0.0} if decay else {})}
        return Optimizer(own, base.settings, replace(update, formulas=formulas, scalars=scalars))

    enter(own, make, f"{name}, varied.")
    return own

"""L-BFGS: all rows at once, a step whose direction and length follow from the last gradients."""

from __future__ import annotations

from .rule import Optimizer, enter
from .typed import checked

_INF = float("inf")
_LIMITS = {"memory": (1.0, 1000.0, ()), "ftol": (0.0, _INF, (_INF,)), "gtol": (0.0, _INF, (_INF,))}
_DEFAULTS = {"memory": 10.0, "ftol": 1e-9, "gtol": 1e-6}


def _lbfgs(**given: float) -> Optimizer:
    """SciPy's L-BFGS-B without bounds, over all rows at once (Byrd, Lu, Nocedal, Zhu, 1995).

    The last `memory` differences of weights and gradients stand for the curvature, so each iteration goes nearly
    where Newton's method would; a line search finds how far, with one or a few looks at E and ∂E/∂θ.  There is no
    learning rate.  An epoch is an iteration.  It has converged when an iteration lowers E by less than
    ftol · max(E, 1), or when no part of ∂E/∂θ is above gtol.

    Differs from
    ------------
    PyTorch's LBFGS has no line search by default, and a memory of 100; scikit-learn's solver="lbfgs" is this one.

    Examples
    --------
    >>> lbfgs(memory=20)
    lbfgs(memory=20, ftol=1e-09, gtol=1e-06)
    """
    return Optimizer("lbfgs", checked(given, _DEFAULTS, _LIMITS, "lbfgs"), None, full_batch=True)


lbfgs = enter("lbfgs", _lbfgs, _lbfgs.__doc__)

"""The public gradient check of a network."""

from __future__ import annotations

from typing import Any

from ...core.gradcheck import Check, check
from ...nn.objective import WEIGHT, Objective
from ...ops.loss import called
from ..objects.network import Network
from ..rows import weights


def gradient_check(
    net: Network, x: Any, t: Any, *, loss: str | None = None, most: int = 200, sample_weight: Any = None,
    class_weight: Any = None, **options: Any,
) -> list[Check]:  # fmt: skip
    """Compare the network's backpropagated gradients with central differences, in float64.

    Parameters
    ----------
    net : Network
    x, t : arrays
        A few rows and their targets, as for `Network.fit`.
    loss : str, optional
    most : int
        Of larger parameter arrays this many entries are drawn.
    sample_weight, class_weight
        As for `Network.fit`.
    **options
        l1, l2, penalty, label_smoothing, reduction, and the loss's own parameters.

    Returns
    -------
    list of Check
        One for each parameter array; `worst` is about 1e-9 when all is right, and about 1e-3 or more when not.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> net = Network([Dense(3, "tanh"), Dense(1)])
    >>> all(c.worst < 1e-6 for c in gradient_check(net, [[0.1, 0.2], [0.3, -0.4]], [1.0, 0.0]))
    True
    """
    kept = net.loss_options if loss is None and net.loss else {}
    net.loss, more = called(loss or net.loss or net._default_loss())
    options = {**kept, **more, **options}
    aim = Objective.of(net.loss, **options)
    rows = net._rows(x, t, connect=True)
    weighted = sample_weight is not None or class_weight is not None
    if weighted:
        rows[WEIGHT] = weights.column(sample_weight, class_weight, rows["t"], rows["t"], aim)
    net.prepare(net.features, seed=net.seed)
    built = net.build(training=True, loss=net.loss, weighted=weighted, **options)
    assert built.loss is not None
    return check(built.loss, built.trained, {**net.values, **rows}, rows=len(rows["t"]), most=most)

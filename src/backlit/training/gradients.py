"""The public gradient check of a network."""

from __future__ import annotations

from typing import Any

from ..core.gradcheck import Check, check
from .network import Network


def gradient_check(
    net: Network, x: Any, t: Any, *, loss: str | None = None, most: int = 200, **options: Any
) -> list[Check]:
    """Compare the network's backpropagated gradients with central differences, in float64.

    Parameters
    ----------
    net : Network
    x, t : arrays
        A few rows and their targets, as for `Network.fit`.
    loss : str, optional
    most : int
        Of larger parameter arrays this many entries are drawn.

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
    net.loss = loss or net.loss or net._default_loss()
    rows = net._rows(x, t, connect=True)
    net.prepare(net.features, seed=net.seed)
    built = net.build(training=True, loss=net.loss, **options)
    assert built.loss is not None
    return check(built.loss, built.trained, {**net.values, **rows}, rows=len(rows["t"]), most=most)

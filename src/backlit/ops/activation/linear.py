"""Activations that do not bend: the identity."""

from ..declare import elementwise


@elementwise(role="activation", initial="xavier", names={"torch": "Identity", "onnx": "Identity", "keras": "linear"})
def identity(u):
    """The output is the weighted sum itself: o = u.

    For output units of a regression.  In hidden layers it adds nothing: layers of identity units multiply out to a
    single layer.

    Derivative
    ----------
    do/du = 1 everywhere.  Keeps nothing.

    Examples
    --------
    >>> identity([-1.0, 0.0, 2.0]).tolist()
    [-1.0, 0.0, 2.0]
    """
    return u


@identity.derivative
def _():
    return 1.0

"""Steps: outputs that jump."""

from ..arithmetic import where
from ..declare import elementwise


@elementwise(role="activation", range=(0.0, 1.0), kinks=(0.0,), side="zero", initial="xavier")
def step(u):
    """The threshold unit of the simple perceptron: o = 1 for u ≥ 0, o = 0 for u < 0.

    It decides between two classes.  Backpropagation through it learns nothing: its derivative is 0 wherever there
    is one, so no error signal passes.

    Derivative
    ----------
    do/du = 0 for u ≠ 0; at the jump u = 0 there is none, and 0 is used.

    Differs from
    ------------
    Some books take o = 0 at u = 0; here, as in ``numpy.heaviside(u, 1)``, it is 1.

    Source
    ------
    McCulloch, Pitts, "A logical calculus of the ideas immanent in nervous activity", 1943.

    Examples
    --------
    >>> step([-1.0, 0.0, 2.0]).tolist()
    [0.0, 1.0, 1.0]
    """
    return where(u >= 0, 1, where(u < 0, 0, u))  # the last branch is reached by NaN alone, and keeps it


@step.derivative
def _(u):
    return 0 * u

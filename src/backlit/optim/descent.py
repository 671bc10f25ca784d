"""Rules that go down the gradient: gradient descent, SGD, momentum, Nesterov, the perceptron's, Lion."""

from __future__ import annotations

from ..ops import formula as fm
from ..ops.arithmetic import where
from .rule import rule


@rule(full_batch=True)
def gradient_descent(w, g, *, learning_rate=0.1):  # type: ignore[no-untyped-def]
    """The lecture's gradient descent: w ← w - ε · ∂E/∂w, where E is taken over all rows at once.

    A large ε does not converge, a small one takes long.

    >>> gradient_descent(learning_rate=0.5)
    gradient_descent(learning_rate=0.5)
    >>> gradient_descent().update.formulas[0]
    w - learning_rate * g
    """
    return w - learning_rate * g


@rule()
def sgd(w, g, *, learning_rate=0.01):  # type: ignore[no-untyped-def]
    """Stochastic gradient descent: w ← w - ε · ∂E/∂w with the gradient of a minibatch (Robbins, Monro, 1951).

    >>> sgd().update.formulas[0]
    w - learning_rate * g
    >>> sgd(weight_decay=0.01).update.formulas[0]
    w - learning_rate * (g + weight_decay * w)
    """
    return w - learning_rate * g


@rule(optional=("dampening",))
def momentum(w, g, v, *, k, learning_rate=0.01, momentum=0.9, dampening=0.0):  # type: ignore[no-untyped-def]
    """Gradient descent with a heavy ball: v ← β v + (1 - τ) g, w ← w - ε v (Polyak, 1964; PyTorch's SGD(momentum=β)).

    Without the dampening τ a gradient that stays as it is makes steps that are 1 / (1 - β) times as long as those of
    `sgd`; with τ = β they come out as long, and v is a running mean.  As in PyTorch the first v is g, undampened.

    >>> momentum(momentum=0.9, dampening=0.9)
    momentum(learning_rate=0.01, momentum=0.9, dampening=0.9)
    """
    v = momentum * v + (g if dampening is None else where(k > 1, 1 - dampening, 1) * g)
    return w - learning_rate * v, v


@rule()
def nesterov(w, g, v, *, learning_rate=0.01, momentum=0.9):  # type: ignore[no-untyped-def]
    """Momentum that looks ahead: v ← β v + g, w ← w - ε (g + β v).

    The gradient is that of w itself, and the step is the one that the speed would make next (Nesterov, 1983, in the
    form of Sutskever and others, ICML 2013; PyTorch's SGD(momentum=β, nesterov=True)).

    >>> nesterov(momentum=0.8)
    nesterov(learning_rate=0.01, momentum=0.8)
    """
    v = momentum * v + g
    return w - learning_rate * (g + momentum * v), v


@rule(decay=False, surrogate="step_identity")
def perceptron(w, g, *, learning_rate=1.0):  # type: ignore[no-untyped-def]
    """The perceptron's rule (Rosenblatt, 1958): w ← w + ε (t - o) x, row by row, for one layer of step units.

    A unit that answers right changes nothing; one that says 0 for 1 is pulled towards the row, one that says 1 for 0
    is pushed away from it.  If a line (a plane) separates the classes, the rule finds one after a finite number of
    errors (Novikoff, 1962); otherwise it never comes to rest.

    It is no gradient descent on the squared error, whose gradient by w is 0 as the step has the derivative 0.
    `Network.fit` trains with ½ (t - o)² and the step's derivative taken as 1 (`step_identity`): then g = (o - t) x.

    >>> perceptron()
    perceptron(learning_rate=1)
    """
    return w - learning_rate * g


@rule(decay=False)
def lion(w, g, m, *, learning_rate=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):  # type: ignore[no-untyped-def]
    """Lion: every weight goes the same length, in the direction of a running mean (Chen and others, NeurIPS 2023).

    c = β₁ m + (1 - β₁) g, w ← w - ε (sign(c) + λ w), m ← β₂ m + (1 - β₂) g.  As all steps have the length ε, the rate
    is three to ten times smaller than Adam's.  The decay λ is decoupled, as AdamW's.  Where c = 0 the weight stays.

    Differs from
    ------------
    PyTorch has no Lion.  In Optax λ is 0.001 by default; here it is 0.

    Examples
    --------
    >>> lion(weight_decay=0.01)
    lion(learning_rate=0.0001, beta1=0.9, beta2=0.99, weight_decay=0.01)
    """
    c = beta1 * m + (1 - beta1) * g
    return w - learning_rate * (fm.call("sign", c) + weight_decay * w), beta2 * m + (1 - beta2) * g

"""Rules that give each weight a step of its own, by the size of its gradients: AdaGrad to Adam and what came of it."""

from __future__ import annotations

from typing import Any

from ..ops.arithmetic import maximum, sqrt, where
from .rule import rule


@rule(optional=("initial_accumulator_value",))
def adagrad(  # type: ignore[no-untyped-def]
    w, g, v, *, k, learning_rate=0.01, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10
):
    """AdaGrad: the more a weight has moved, the shorter its steps (Duchi, Hazan, Singer, JMLR 2011).

    v ← v + g², w ← w - ε / (1 + (k - 1) lr_decay) · g / (√(a + v) + eps).  The sum v never falls, so the steps fade.
    a = initial_accumulator_value is what the sum begins with, and holds the first steps back: without it the first
    one has the length ε whatever g is.  As PyTorch's Adagrad; Keras and Optax begin with a = 0.1.

    >>> adagrad(initial_accumulator_value=0.1)
    adagrad(learning_rate=0.01, lr_decay=0, initial_accumulator_value=0.1, eps=1e-10)
    """
    v = v + g * g
    total = v if initial_accumulator_value is None else initial_accumulator_value + v
    return w - learning_rate / (1 + (k - 1) * lr_decay) * g / (sqrt(total) + eps), v


@rule()
def adadelta(w, g, v, u, *, learning_rate=1.0, rho=0.9, eps=1e-6):  # type: ignore[no-untyped-def]
    """AdaDelta: steps in the unit of the weights, from running means of g² and of the steps' squares (Zeiler, 2012).

    v ← ρ v + (1 - ρ) g², d = √(u + eps) / √(v + eps) · g, u ← ρ u + (1 - ρ) d², w ← w - ε d.  It begins with very
    short steps, as u begins with 0.  The paper has no ε (it is 1).  As in PyTorch, eps stands inside the roots.

    >>> adadelta(rho=0.95)
    adadelta(learning_rate=1, rho=0.95, eps=1e-06)
    """
    v = rho * v + (1 - rho) * (g * g)
    d = sqrt(u + eps) / sqrt(v + eps) * g
    return w - learning_rate * d, v, rho * u + (1 - rho) * (d * d)


@rule(optional=("momentum",))
def rmsprop(  # type: ignore[no-untyped-def]
    w, g, v, m, b, *, learning_rate=0.01, alpha=0.99, eps=1e-8, momentum=0.0, centered=False
):
    """RMSProp: the gradient divided by the root of a running mean of its square (Tieleman, Hinton, 2012, lecture 6e).

    v ← α v + (1 - α) g², w ← w - ε g / (√v + eps).  As v begins with 0, the first steps are up to 1 / √(1 - α) = 10
    times as long as later ones.

    With `centered`, m ← α m + (1 - α) g, and v - m², an estimate of the variance of g, stands in the place of v
    (Graves, 2013): a gradient that hardly changes makes long steps.  With momentum β, b ← β b + g / (√v + eps),
    w ← w - ε b.

    Differs from
    ------------
    All as in PyTorch (in Keras eps is 1e-7, α is called rho and is 0.9), but for one rounding: where g has not changed
    for long, v - m² comes out a little below 0, and PyTorch's root of it is NaN.  Here it is 0.

    >>> rmsprop(momentum=0.9, centered=True)
    rmsprop(learning_rate=0.01, alpha=0.99, eps=1e-08, momentum=0.9, centered=1)
    """
    v = alpha * v + (1 - alpha) * (g * g)
    m = alpha * m + (1 - alpha) * g if centered else None
    size = sqrt(maximum(v - m * m, 0) if centered else v) + eps
    if momentum is None:
        return w - learning_rate * g / size, v, m, None
    b = momentum * b + g / size
    return w - learning_rate * b, v, m, b


def _adam_step(
    g: Any, m: Any, v: Any, top: Any, k: Any, rate: Any, beta1: Any, beta2: Any, eps: Any, amsgrad: bool
) -> tuple[Any, Any, Any, Any]:
    """ε m̂ / (√v̂ + eps) and the new m, v and (with amsgrad) largest v, for Adam and what is built on it."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    top = maximum(top, v) if amsgrad else None
    return rate / (1 - beta1**k) * m / (sqrt(top if amsgrad else v) / sqrt(1 - beta2**k) + eps), m, v, top


@rule()
def adam(  # type: ignore[no-untyped-def]
    w, g, m, v, top, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, amsgrad=False
):
    """Adam: each weight has its own step, from running means of g and g² (Kingma, Ba, ICLR 2015, algorithm 1).

    m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², w ← w - ε m̂ / (√v̂ + eps) with m̂ = m / (1 - β₁ᵏ),
    v̂ = v / (1 - β₂ᵏ).  As in PyTorch, eps stands outside the root.  With `amsgrad` the largest v so far takes the place
    of v, so that a large gradient is not forgotten (Reddi, Kale, Kumar, ICLR 2018).

    >>> adam(beta2=0.99, amsgrad=True)
    adam(learning_rate=0.001, beta1=0.9, beta2=0.99, eps=1e-08, amsgrad=1)
    """
    step, *state = _adam_step(g, m, v, top, k, learning_rate, beta1, beta2, eps, amsgrad)
    return w - step, *state


@rule(decay=False)
def adamw(  # type: ignore[no-untyped-def]
    w, g, m, v, top, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=False
):
    """Adam that also pulls every weight towards 0, by the same share each step (Loshchilov, Hutter, ICLR 2019).

    w ← (1 - ε λ) w - (Adam's step), λ = weight_decay.  The pull does not go through m and v (it is *decoupled*), so
    a weight with large gradients is pulled as hard as any other; λ ‖w‖² / 2 added to the loss under Adam is another
    method.  As in PyTorch the pull comes first, is multiplied by ε (algorithm 2 of the paper keeps it apart from ε),
    and holds for every trained parameter, the biases too; frozen ones stay put.  With λ = 0 it is Adam.

    >>> adamw(learning_rate=0.01)
    adamw(learning_rate=0.01, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01)
    """
    step, *state = _adam_step(g, m, v, top, k, learning_rate, beta1, beta2, eps, amsgrad)
    return w * (1 - learning_rate * weight_decay) - step, *state


@rule(single=("p",), decoupled=True)
def nadam(  # type: ignore[no-untyped-def]
    w, g, m, v, p, *, k, learning_rate=0.002, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=0.004
):
    """Adam that looks ahead as Nesterov's momentum does (Dozat, ICLR workshop 2016), as in PyTorch.

    The momentum grows with the steps: μₖ = β₁ (1 - 0.96^(k · momentum_decay) / 2), and p = 1 - μ₁ μ₂ … μₖ takes the
    place of Adam's 1 - β₁ᵏ:  m and v as Adam's, v̂ = v / (1 - β₂ᵏ),
    w ← w - ε ((1 - μₖ) / p · g + μₖ₊₁ / (1 - (1 - p) μₖ₊₁) · m) / (√v̂ + eps).

    >>> nadam(learning_rate=0.01)
    nadam(learning_rate=0.01, beta1=0.9, beta2=0.999, eps=1e-08, momentum_decay=0.004)
    """

    def mu(k: Any) -> Any:
        return beta1 * (1 - 0.5 * 0.96 ** (k * momentum_decay))

    p = 1 - (1 - p) * mu(k)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    size = sqrt(v) / sqrt(1 - beta2**k) + eps
    ahead = 1 - (1 - p) * mu(k + 1)
    return w - learning_rate * ((1 - mu(k)) / p * g + mu(k + 1) / ahead * m) / size, m, v, p


@rule(decoupled=True)
def radam(w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):  # type: ignore[no-untyped-def]
    """Adam that divides by √v only when v has seen enough to be trusted (Liu and others, ICLR 2020), as in PyTorch.

    ρ∞ = 2 / (1 - β₂) - 1, ρₖ = ρ∞ - 2 k β₂ᵏ / (1 - β₂ᵏ): for so many gradients v speaks.  While ρₖ ≤ 5 the step is
    ε m̂, as with momentum; then it is Adam's, times r = √((ρₖ - 4)(ρₖ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρₖ)).

    >>> radam(weight_decay=0.01, decoupled_weight_decay=True)
    radam(learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01, decoupled_weight_decay=1)
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    largest = 2 / (1 - beta2) - 1
    length = largest - 2 * k * beta2**k / (1 - beta2**k)
    known = maximum(length, 5)  # so that no root of a negative number is drawn where it is not used
    r = sqrt((known - 4) * (known - 2) * largest / ((largest - 4) * (largest - 2) * known))
    each = where(length > 5, r * sqrt(1 - beta2**k) / (sqrt(v) + eps), 1)
    return w - learning_rate / (1 - beta1**k) * m * each, m, v

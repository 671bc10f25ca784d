"""Rules that give each weight a step of its own, by the size of its gradients: AdaGrad to Adam and what came of it."""

from __future__ import annotations

from typing import Any

from ..ops.arithmetic import maximum, sqrt, where
from .rule import rule


@rule()
def adagrad(w, g, v, *, k, learning_rate=0.01, lr_decay=0.0, eps=1e-10):  # type: ignore[no-untyped-def]
    """AdaGrad: the more a weight has moved, the shorter its steps (Duchi, Hazan, Singer, JMLR 2011).

    v ← v + g², w ← w - ε / (1 + (k - 1) lr_decay) · g / (√v + eps).  The sum v never falls, so the steps fade.
    As PyTorch's Adagrad, whose initial_accumulator_value is 0 here.
    """
    v = v + g * g
    return w - learning_rate / (1 + (k - 1) * lr_decay) * g / (sqrt(v) + eps), v


@rule()
def adadelta(w, g, v, u, *, learning_rate=1.0, rho=0.9, eps=1e-6):  # type: ignore[no-untyped-def]
    """AdaDelta: steps in the unit of the weights, from running means of g² and of the steps' squares (Zeiler, 2012).

    v ← ρ v + (1 - ρ) g², d = √(u + eps) / √(v + eps) · g, u ← ρ u + (1 - ρ) d², w ← w - ε d.  It begins with very
    short steps, as u begins with 0.  The paper has no ε (it is 1).  As in PyTorch, eps stands inside the roots.
    """
    v = rho * v + (1 - rho) * (g * g)
    d = sqrt(u + eps) / sqrt(v + eps) * g
    return w - learning_rate * d, v, rho * u + (1 - rho) * (d * d)


@rule()
def rmsprop(w, g, v, *, learning_rate=0.01, alpha=0.99, eps=1e-8):  # type: ignore[no-untyped-def]
    """RMSProp: the gradient divided by the root of a running mean of its square (Tieleman, Hinton, 2012, lecture 6e).

    v ← α v + (1 - α) g², w ← w - ε g / (√v + eps).  As v begins with 0, the first steps are up to 1 / √(1 - α) = 10
    times as long as later ones.  As in PyTorch, eps stands outside the root; PyTorch's momentum and centered do not
    exist here (use nadam or adam).
    """
    v = alpha * v + (1 - alpha) * (g * g)
    return w - learning_rate * g / (sqrt(v) + eps), v


def _adam_step(g: Any, m: Any, v: Any, k: Any, rate: Any, beta1: Any, beta2: Any, eps: Any) -> tuple[Any, Any, Any]:
    """ε m̂ / (√v̂ + eps) and the new m and v, for Adam and what is built on it."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    return rate / (1 - beta1**k) * m / (sqrt(v) / sqrt(1 - beta2**k) + eps), m, v


@rule()
def adam(w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):  # type: ignore[no-untyped-def]
    """Adam: each weight has its own step, from running means of g and g² (Kingma, Ba, ICLR 2015, algorithm 1).

    m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², w ← w - ε m̂ / (√v̂ + eps) with m̂ = m / (1 - β₁ᵏ),
    v̂ = v / (1 - β₂ᵏ).  As in PyTorch, eps stands outside the root.
    """
    step, m, v = _adam_step(g, m, v, k, learning_rate, beta1, beta2, eps)
    return w - step, m, v


@rule(decay=False)
def adamw(  # type: ignore[no-untyped-def]
    w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01
):
    """Adam that also pulls every weight towards 0, by the same share each step (Loshchilov, Hutter, ICLR 2019).

    w ← (1 - ε λ) w - (Adam's step), λ = weight_decay.  The pull does not go through m and v (it is *decoupled*), so
    a weight with large gradients is pulled as hard as any other; λ ‖w‖² / 2 added to the loss under Adam is another
    method.  As in PyTorch the pull comes first, is multiplied by ε (algorithm 2 of the paper keeps it apart from ε),
    and holds for every trained parameter, the biases too; frozen ones stay put.  With λ = 0 it is Adam.

    >>> adamw(learning_rate=0.01)
    adamw(learning_rate=0.01, beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.01)
    """
    step, m, v = _adam_step(g, m, v, k, learning_rate, beta1, beta2, eps)
    return w * (1 - learning_rate * weight_decay) - step, m, v


@rule(single=("p",))
def nadam(  # type: ignore[no-untyped-def]
    w, g, m, v, p, *, k, learning_rate=0.002, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=0.004
):
    """Adam that looks ahead as Nesterov's momentum does (Dozat, ICLR workshop 2016), as in PyTorch.

    The momentum grows with the steps: μₖ = β₁ (1 - 0.96^(k · momentum_decay) / 2), and p = 1 - μ₁ μ₂ … μₖ takes the
    place of Adam's 1 - β₁ᵏ:  m and v as Adam's, v̂ = v / (1 - β₂ᵏ),
    w ← w - ε ((1 - μₖ) / p · g + μₖ₊₁ / (1 - (1 - p) μₖ₊₁) · m) / (√v̂ + eps).
    """

    def mu(k: Any) -> Any:
        return beta1 * (1 - 0.5 * 0.96 ** (k * momentum_decay))

    p = 1 - (1 - p) * mu(k)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    size = sqrt(v) / sqrt(1 - beta2**k) + eps
    ahead = 1 - (1 - p) * mu(k + 1)
    return w - learning_rate * ((1 - mu(k)) / p * g + mu(k + 1) / ahead * m) / size, m, v, p


@rule()
def radam(w, g, m, v, *, k, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8):  # type: ignore[no-untyped-def]
    """Adam that divides by √v only when v has seen enough to be trusted (Liu and others, ICLR 2020), as in PyTorch.

    ρ∞ = 2 / (1 - β₂) - 1, ρₖ = ρ∞ - 2 k β₂ᵏ / (1 - β₂ᵏ): for so many gradients v speaks.  While ρₖ ≤ 5 the step is
    ε m̂, as with momentum; then it is Adam's, times r = √((ρₖ - 4)(ρₖ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρₖ)).
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    largest = 2 / (1 - beta2) - 1
    length = largest - 2 * k * beta2**k / (1 - beta2**k)
    known = maximum(length, 5)  # so that no root of a negative number is drawn where it is not used
    r = sqrt((known - 4) * (known - 2) * largest / ((largest - 4) * (largest - 2) * known))
    each = where(length > 5, r * sqrt(1 - beta2**k) / (sqrt(v) + eps), 1)
    return w - learning_rate / (1 - beta1**k) * m * each, m, v

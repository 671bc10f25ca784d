"""Normalisation over the features of a row: what a row becomes does not depend on the batch it is in."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.graph import Node
from ...ops.standardised import standardise
from .base import Builder, Layer, features_of, real
from .scaling import by_columns


class LayerNorm(Layer):
    """Shifts and scales each row to mean 0 and variance 1 over its features, then by γ and β, which are trained.

    o = γ (x - mean) / √(variance + ε) + β.  As BatchNorm it keeps numbers at one size on their way through many layers;
    unlike it, it is the same in training and in use, and works with batches of any size, also of a single row.

    Parameters
    ----------
    eps : float above 0
        Bounds the scale of a row that hardly varies.
    affine : bool
        False leaves out γ ("weight", from 1 on) and β ("bias", from 0 on): PyTorch's `elementwise_affine`.
    bias : bool
        False leaves out β alone.
    trainable : bool
        False freezes γ and β.

    Notes
    -----
    PyTorch's LayerNorm over the last axis, with its keys.  The variance is divided by n.  Keras' ε is 0.001, Flax'
    1e-6.  A row of a single feature becomes β.

    Source: Ba, Kiros, Hinton, arXiv:1607.06450, 2016.

    Examples
    --------
    >>> from backlit.nn import Dense, Structure
    >>> net = Structure([Dense(8, "relu"), LayerNorm(), Dense(2)])
    >>> net.prepare(3)
    >>> [key for key in net.weights() if key[0] == "2"]
    ['2.weight', '2.bias']
    """

    kind = "layer_norm"
    centre = True

    def __init__(
        self, eps: float = 1e-5, affine: bool = True, bias: bool = True, *, trainable: bool = True, name: str = ""
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self.eps = real(eps, "eps", type(self).__name__, 0, ends="(]")
        self.affine, self.bias = bool(affine), bool(bias)

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        features_of(self, x)
        o: Node = standardise(x, eps=self.eps, centre=self.centre)
        return builder.name(by_columns(builder, self, o, 1.0, self.bias) if self.affine else o, self, "o")


class RMSNorm(LayerNorm):
    """Divides each row by the root of its mean square, then scales by γ, which is trained: o = γ x / √(mean of x² + ε).

    LayerNorm without the mean and without β: cheaper, and as good where only the size of the numbers matters.

    Parameters
    ----------
    eps : float above 0
    affine : bool
        False leaves out γ ("weight", from 1 on).
    trainable : bool

    Notes
    -----
    PyTorch's RMSNorm, whose ε is the dtype's own: 2⁻²³ for float32, the default here for both dtypes, 2⁻⁵² for float64.
    Keras' ε is 1e-6.

    Source: Zhang, Sennrich, NeurIPS 2019.

    Examples
    --------
    >>> RMSNorm()
    RMSNorm()
    """

    kind = "rms_norm"
    centre = False

    def __init__(self, eps: float = 2.0**-23, affine: bool = True, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(eps, affine, False, trainable=trainable, name=name)

"""Batch normalisation as a layer: statistics of the batch in training, running averages of them in use."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.graph import Node
from ...ops.batch_norm import batch_norm, moving_average, reciprocal_root, unbiased, variance
from ...ops.movement import spread
from ...ops.reduction import mean
from ..initial import constant, zeros
from .base import Builder, Layer, features_of, real


class BatchNorm(Layer):
    """Shifts and scales each feature to mean 0 and variance 1 over the batch, then by γ and β, which are trained.

    o = γ (x - mean) / √(variance + ε) + β.  Whatever the layers below do to the size of their outputs, the next
    layer gets numbers of one size, so larger learning rates work.  In training mean and variance are those of the
    batch; on the way, running averages of both are kept, and these are used for validation and prediction, where
    a row's answer must not depend on its neighbours.  A common place is between a Dense layer without bias (β does
    its work) and its Activation.

    Parameters
    ----------
    momentum : float from 0 to 1
        The share of the newest batch in the running averages: running ← (1 - momentum) running + momentum batch.
    eps : float above 0
        Bounds the scale of a feature that hardly varies.
    affine : bool
        False leaves out γ ("weight", from 1 on) and β ("bias", from 0 on).
    trainable : bool
        False freezes γ and β; the running averages go on.

    Raises
    ------
    ParameterError
        BL305 for a momentum or eps out of range; BL310 by `fit`, when a batch has a single row, which has no variance.

    Notes
    -----
    PyTorch's BatchNorm1d to the letter: the variance of the batch is divided by n for o and by n - 1 for the running
    variance, and the file has PyTorch's keys weight, bias, running_mean and running_var.  num_batches_tracked, which
    PyTorch needs for momentum=None alone, is neither there nor needed to load the file.  Keras' momentum is 1 minus
    this one, its ε 0.001, its running variance divided by n, and trainable=False stops its averages too.

    Source: Ioffe, Szegedy, ICML 2015.

    Examples
    --------
    >>> from backlit.nn import Activation, Dense
    >>> [Dense(3, bias=False), BatchNorm(), Activation("relu")]
    [Dense(units=3, bias=False), BatchNorm(), Activation(function='relu')]
    """

    kind = "batch_norm"
    least_rows = 2
    buffers = ("running_mean", "running_var")

    def __init__(
        self, momentum: float = 0.1, eps: float = 1e-5, affine: bool = True, *, name: str = "", trainable: bool = True
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self.momentum = real(momentum, "momentum", "BatchNorm", 0, 1)
        self.eps = real(eps, "eps", "BatchNorm", 0, ends="(]")
        self.affine = bool(affine)

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (x,) = inputs
        shape = (features_of(self, x),)
        if self.affine:
            scale = builder.parameter(self, "weight", shape, constant(1.0), (*shape, *shape))
            shift = builder.parameter(self, "bias", shape, zeros(), (*shape, *shape))
        else:
            scale, shift = (spread(x.graph.constant(value), shape=shape) for value in (1.0, 0.0))
        middle = builder.running(self, "running_mean", shape, 0.0)
        width = builder.running(self, "running_var", shape, 1.0)
        if builder.training:
            m = builder.name(mean(x, axis=0), self, "mean")
            v = builder.name(variance(x, m), self, "variance")
            estimate = unbiased(v, n=x.shape[0])
            builder.update(middle, lambda old: moving_average(old, m, share=self.momentum))
            builder.update(width, lambda old: moving_average(old, estimate, share=self.momentum))
            middle, width = m, v
        o: Node = batch_norm(x, middle, reciprocal_root(width, eps=self.eps), scale, shift)
        return builder.name(o, self, "o")

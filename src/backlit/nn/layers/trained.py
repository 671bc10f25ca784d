"""Activation functions with parameters of their own, as layers: `Dense(8), PReLU()`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ...core.graph import Node
from ...ops import Op
from ...ops.activation.relu import relu
from ...ops.arithmetic import add
from ...ops.movement import cut
from ...ops.trained import (
    prelu,
    trained_hinge,
    trained_pelu,
    trained_snake,
    trained_soft_exponential,
    trained_srelu,
    trained_swish,
)
from ..initial import constant, initializer, zeros
from .base import Builder, Layer, features_of, positive, real


class TrainedActivation(Layer, abstract=True):
    """The base of those whose parameters are numbers: one of each for all units, or with `per_unit` one for each unit.

    `starts` tells the parameters' names in the model file, and the settings that hold their first values.
    """

    function: ClassVar[Op]
    starts: ClassVar[dict[str, str]]

    def __init__(self, per_unit: bool, *, trainable: bool, name: str, **starts: float) -> None:
        super().__init__(trainable=trainable, name=name)
        self.per_unit = bool(per_unit)
        for setting, value in starts.items():
            setattr(self, setting, real(value, setting, type(self).__name__))

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (u,) = inputs
        shape = (features_of(self, u) if self.per_unit else 1,)
        values = [
            builder.parameter(self, part, shape, constant(getattr(self, setting)), (*shape, *shape))
            for part, setting in self.starts.items()
        ]
        builder.name(u, self, "u")
        return builder.name(self.function(u, *values), self, "o")


class PReLU(TrainedActivation):
    """The parametric ReLU: o = u for u > 0, a u below, where the slope a is trained.

    Parameters
    ----------
    slope : float
        Where a ("weight") begins.
    per_unit : bool
        A slope for each unit instead of one for the layer.
    trainable : bool
        False keeps a as it is: a leaky ReLU.

    Notes
    -----
    ∂E/∂a = Σ δᵒ u over all u ≤ 0, over the rows, and without `per_unit` over the units.  PyTorch's PReLU, key for key
    (`num_parameters` is 1 or the number of units); at u = 0 its derivative is a.  Keras begins with the slope 0, and
    has one for each unit.  No weight decay should pull a to 0, say the authors.

    Source: He, Zhang, Ren, Sun, ICCV 2015.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> [Dense(8), PReLU(per_unit=True)]
    [Dense(units=8), PReLU(per_unit=True)]
    """

    kind = "prelu"
    function = prelu
    starts: ClassVar = {"weight": "slope"}

    def __init__(self, slope: float = 0.25, per_unit: bool = False, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(per_unit, trainable=trainable, name=name, slope=slope)


class Swish(TrainedActivation):
    """Swish with a trained β: o = u σ(β u).  It begins as SiLU, and may become nearly ReLU, or nearly a line.

    Parameters
    ----------
    beta : float
        Where β ("beta") begins.
    per_unit : bool
        A β for each unit instead of one for the layer.
    trainable : bool

    Notes
    -----
    ∂E/∂β = Σ δᵒ u² s (1 - s) with s = σ(β u).  With β = 1 fixed it is the activation "silu": PyTorch, Keras and JAX
    have that alone.

    Source: Ramachandran, Zoph, Le, arXiv:1710.05941, 2017.

    Examples
    --------
    >>> Swish(1.5)
    Swish(beta=1.5)
    """

    kind = "swish"
    function = trained_swish
    starts: ClassVar = {"beta": "beta"}

    def __init__(self, beta: float = 1.0, per_unit: bool = False, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(per_unit, trainable=trainable, name=name, beta=beta)


class PELU(TrainedActivation):
    """The parametric ELU: o = (a / b) u for u ≥ 0, a (e^(u/b) - 1) below; a and b are trained.

    Parameters
    ----------
    a, b : float above 0
        Where they begin; 1 and 1 is ELU.
    per_unit : bool
    trainable : bool

    Notes
    -----
    Both have to stay above 0.  Training does not enforce that: b near 0 makes o very large, and is told as any
    loss that is not finite (BL601).  The authors keep both from 0.1 on.  PyTorch, Keras and JAX have ELU alone.

    Source: Trottier, Giguère, Chaib-draa, ICMLA 2017.

    Examples
    --------
    >>> PELU(b=2.0)
    PELU(b=2.0)
    """

    kind = "pelu"
    function = trained_pelu
    starts: ClassVar = {"a": "a", "b": "b"}

    def __init__(
        self, a: float = 1.0, b: float = 1.0, per_unit: bool = False, *, trainable: bool = True, name: str = ""
    ) -> None:
        super().__init__(per_unit, trainable=trainable, name=name)
        self.a, self.b = (real(v, n, "PELU", 0, ends="(]") for n, v in (("a", a), ("b", b)))


class SReLU(TrainedActivation):
    """The S-shaped ReLU: u in the middle, straight lines with trained slopes beyond two trained ends.

    o = left + left_slope (u - left) for u ≤ left, right + right_slope (u - right) for u ≥ right, u between.

    Parameters
    ----------
    left, left_slope, right, right_slope : float
        Where the four begin: at first a leaky ReLU with the slope 0.2, and a bend to be found at u = 1.
    per_unit : bool
        Four numbers for each unit, as in the paper, instead of four for the layer.
    trainable : bool

    Notes
    -----
    At an end itself the derivative is the mean of both sides.  The authors take `right` from the data.  PyTorch,
    Keras and JAX do not have it.

    Source: Jin, Xu, Feng, Wei, Xiong, Yan, AAAI 2016.

    Examples
    --------
    >>> SReLU(left_slope=0.1)
    SReLU(left_slope=0.1)
    """

    kind = "srelu"
    function = trained_srelu
    starts: ClassVar = {n: n for n in ("left", "left_slope", "right", "right_slope")}

    def __init__(
        self, left: float = 0.0, left_slope: float = 0.2, right: float = 1.0, right_slope: float = 1.0,
        per_unit: bool = True, *, trainable: bool = True, name: str = "",
    ) -> None:  # fmt: skip
        starts = {"left": left, "left_slope": left_slope, "right": right, "right_slope": right_slope}
        super().__init__(per_unit, trainable=trainable, name=name, **starts)


class Snake(TrainedActivation):
    """Snake: o = u + sin²(a u) / a, a line with waves whose frequency a is trained: for what repeats itself.

    Parameters
    ----------
    a : float above 0
        Where a begins.  For waves that are quicker than the inputs' own size, larger ones.
    per_unit : bool
        A frequency for each unit instead of one for the layer.
    trainable : bool

    Notes
    -----
    do/du = 1 + sin(2 a u) is never below 0.  PyTorch, Keras and JAX do not have it.

    Source: Ziyin, Hartwig, Ueda, NeurIPS 2020.

    Examples
    --------
    >>> Snake(5.0, per_unit=False)
    Snake(a=5.0, per_unit=False)
    """

    kind = "snake"
    function = trained_snake
    starts: ClassVar = {"a": "a"}

    def __init__(self, a: float = 1.0, per_unit: bool = True, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(per_unit, trainable=trainable, name=name)
        self.a = real(a, "a", "Snake", 0, ends="(]")


class SoftExponential(TrainedActivation):
    """From logarithm over identity to exponential by one number α, which is trained: units that multiply or add.

    o = (e^αu - 1) / α + α for α > 0, u for α = 0, -ln(1 - α (u + α)) / α for α < 0.

    Parameters
    ----------
    alpha : float from -1 to 1
        Where α ("alpha") begins; at 0 the layer begins as the identity.
    per_unit : bool
        An α for each unit instead of one for the layer.
    trainable : bool

    Notes
    -----
    o has no bend at α = 0, so training goes through it.  For α < 0 there is no value for u ≤ 1/α - α: a loss that is
    not finite is told (BL601); smaller steps, or scaled inputs, keep away from it.  With α fixed it is the activation
    "soft_exponential".  PyTorch, Keras and JAX do not have it.

    Source: Godfrey, Gashler, arXiv:1602.01321, 2016.

    Examples
    --------
    >>> SoftExponential(0.5, per_unit=False)
    SoftExponential(alpha=0.5, per_unit=False)
    """

    kind = "soft_exponential"
    function = trained_soft_exponential
    starts: ClassVar = {"alpha": "alpha"}

    def __init__(self, alpha: float = 0.0, per_unit: bool = True, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(per_unit, trainable=trainable, name=name)
        self.alpha = real(alpha, "alpha", "SoftExponential", -1, 1)


class APL(Layer):
    """The adaptive piecewise linear unit: each unit learns a shape of its own, o = max(0, u) + Σ a_s max(0, b_s - u).

    Parameters
    ----------
    hinges : int
        The number S of hinges of each unit.
    places : initializer
        Where the hinges b begin; the slopes a begin with 0, so at first each unit is a ReLU.
    trainable : bool

    Notes
    -----
    a and b are stored as (hinges, units).  At a hinge itself the derivative is the mean of both sides, as at all
    ties of `max`; of max(0, u) it is 0 at u = 0.  PyTorch, Keras and JAX do not have it.

    Source: Agostinelli, Hoffman, Sadowski, Baldi, ICLR workshop 2015.

    Examples
    --------
    >>> APL(hinges=3)
    APL(hinges=3)
    """

    kind = "apl"

    def __init__(self, hinges: int = 2, places: object = None, *, trainable: bool = True, name: str = "") -> None:
        super().__init__(trainable=trainable, name=name)
        self.hinges = positive(hinges, "hinges", "APL")
        self.places = None if places is None else initializer(places)  # type: ignore[arg-type]

    def build(self, builder: Builder, inputs: Sequence[Node]) -> Node:
        (u,) = inputs
        shape = (self.hinges, features_of(self, u))
        a = builder.parameter(self, "a", shape, zeros(), shape)
        b = builder.parameter(self, "b", shape, self.places or initializer(("normal", 1.0)), shape)
        builder.name(u, self, "u")
        o: Node = relu(u)
        for s in range(self.hinges):
            o = add(o, trained_hinge(u, *(cut(v, axis=0, start=s, length=1) for v in (a, b))))
        return builder.name(o, self, "o")

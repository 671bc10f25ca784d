"""How sharp the loss is where a training stands, and how the learning rate stands to its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import fail
from ...lens.landscape import Bound, Spectrum, Surface, bound_of, ends
from ...lens.landscape.spectrum import PRODUCTS, TOLERANCE
from ...messages import language as chosen
from ...messages import say
from ..objects.showing import Shown
from .standing import ROWS, Standing, standing

EDGE = 0.1  # so near to 1 the rate by its bound counts as at the edge


MUCH = 50_000_000  # weights times rows: from here on a product in float64 takes more than a tenth of a second


@dataclass(frozen=True, eq=False)
class Curvature(Shown):
    """The ends of the Hessian's spectrum at a network's weights, and the optimizer's bound; `str` tells all of it.

    Attributes
    ----------
    spectrum : Spectrum
        `largest` (the sharpness) and `smallest`, each with value, residual and direction.
    bound : Bound
        limit, rate and ratio, and how they come about.
    loss, slope : float
        E and ‖∂E/∂θ‖.
    size : int
        Trained weights.
    rows, of : int
        The rows looked at, and of how many they were drawn.
    """

    spectrum: Spectrum
    bound: Bound
    loss: float
    slope: float
    size: int
    rows: int
    of: int
    origin: str
    dtype: str
    minibatches: bool
    clipped: bool
    by_chance: bool  # dropout or noise, which are off
    statistics: str  # of BatchNorm: "batch", "running", or "" where there is none

    @property
    def sharpness(self) -> float:
        """λ_max."""
        return self.spectrum.largest.value

    @property
    def word(self) -> str:
        """The verdict in a word: "below", "edge" or "above" the bound, "flat" (no bound is needed), "unknown"."""
        ratio = self.bound.ratio
        if ratio is None or math.isnan(ratio):
            return "unknown"
        if math.isinf(self.bound.limit or 0.0):
            return "flat"
        return "below" if ratio < 1 - EDGE else "above" if ratio > 1 + EDGE else "edge"

    def verdict(self, language: str | None = None) -> str:
        """The verdict as a sentence."""
        b = self.bound
        key = f"verdict_{self.word}" + (f"_{b.why}" if self.word == "unknown" and b.why else "")
        ratio = b.ratio or math.nan
        return say(
            f"landscape.{key}", language, rate=b.rate, limit=b.limit, ratio=ratio, optimizer=b.optimizer,
            times=_times(1 / ratio if ratio else math.inf),
        )  # fmt: skip

    def facts(self, language: str | None = None) -> dict[str, str]:
        """Names and numbers, in order."""

        def name(key: str, **values: Any) -> str:
            return say(f"landscape.{key}", language, **values)

        s, b = self.spectrum, self.bound
        told = {
            "E": f"{self.loss:.6g}",
            "‖∂E/∂θ‖": f"{self.slope:.4g}",
            name("largest"): _end(s.largest, name),
            name("smallest"): _end(s.smallest, name),
            name("weights"): name("products", weights=f"{self.size:,}", count=f"{s.products:,}", dtype=self.dtype),
            name("rows"): name(f"rows_{self.origin}", rows=f"{self.rows:,}", of=f"{self.of:,}"),
            name("optimizer"): b.optimizer + (f", β = {b.beta:g}" if b.beta else ""),
        }
        if b.limit is not None:
            told[name("bound")] = "∞" if math.isinf(b.limit) else f"{b.limit:.4g} = {self.formula()}"
            if b.divided:
                told["λ̃"] = name("divided", value=b.curvature, residual=_percent(b.residual))
        told[name("learning_rate")] = "–" if math.isnan(b.rate) else f"{b.rate:.4g}"
        if b.ratio is not None and not math.isnan(b.ratio):
            told[name("ratio")] = f"{b.ratio:.3g}"
        return told

    def formula(self) -> str:
        """The bound with its numbers: 2 / (0.526316 · λ + 0.1), say."""
        b = self.bound
        symbol = "λ̃" if b.divided else "λ_max"
        if b.decay and not b.divided and not b.decoupled:
            symbol = f"({symbol} + {b.decay:g})"
        if b.decay and b.decoupled:
            return f"2 / ({2 / b.factor:.6g} {symbol} + {b.decay:g})"
        return f"{b.factor:.6g} / {symbol}"

    def notes(self, language: str | None = None) -> list[str]:
        """What has to be known with the numbers."""
        keys = ["local"]
        keys += ["minibatches"] if self.minibatches else []
        keys += ["clipped"] if self.clipped else []
        keys += ["by_chance"] if self.by_chance else []
        keys += [f"statistics_{self.statistics}"] if self.statistics else []
        keys += [] if self.spectrum.settled else ["unsettled"]
        return [say(f"landscape.note_{key}", language) for key in keys]

    def text(self, language: str | None = None) -> str:
        """All of it; the last line is the verdict."""
        _, _, rows = self._told(language)
        return "\n".join([*_aligned(rows), *self.notes(language), self.last_line(language)])

    def last_line(self, language: str | None = None) -> str:
        """The word and the sentence, as scripts read them: verdict: WORD …."""
        return f"verdict: {self.word}  {self.verdict(language)}"

    def data(self) -> dict[str, Any]:
        """Plain data."""
        s, b = self.spectrum, self.bound
        return {
            "loss": self.loss, "gradient_norm": self.slope, "weights": self.size, "rows": self.rows, "of": self.of,
            "origin": self.origin, "dtype": self.dtype, "products": s.products, "settled": s.settled,
            "largest": {"value": s.largest.value, "residual": s.largest.residual},
            "smallest": {"value": s.smallest.value, "residual": s.smallest.residual, "is_zero": s.smallest.is_zero},
            "values": list(s.values),
            "optimizer": b.optimizer, "rate": b.rate, "bound": b.limit, "ratio": b.ratio,
            "preconditioned": b.curvature if b.divided else None, "residual": b.residual, "why": b.why,
            "verdict": self.word,
        }  # fmt: skip

    def __str__(self) -> str:
        return self.text()

    def _card(self) -> str:
        from ...report import cards

        return cards.card(say("landscape.curvature"), [self.verdict()], [_table(self)], [], chosen())

    def _told(self, language: str | None = None) -> tuple[str, list[str], list[list[str]]]:
        return say("landscape.curvature", language), ["", ""], [[n, v] for n, v in self.facts(language).items()]


def _aligned(rows: list[list[str]]) -> list[str]:
    from ...messages import places

    wide = max(places(name) for name, _ in rows)
    return [f"{name}{' ' * (wide - places(name))}  {value}" for name, value in rows]


def _table(found: Curvature) -> Any:
    from ...report.parts import Table

    notes = found.notes()
    return Table(say("landscape.curvature"), ["", ""], [[n, v] for n, v in found.facts().items()], 2, notes)


def _end(end: Any, name: Any) -> str:
    key = "end_zero" if end.is_zero else "end"
    return str(name(key, value=end.value, residual=_percent(end.residual), distance=end.distance))


def _times(value: float) -> str:
    """How many times: three digits, and whole thousands (4,370) rather than 4.37e+03.

    >>> _times(1.234), _times(4371.8), _times(2.5e9)
    ('1.23', '4,372', '2.5e+09')
    """
    return f"{value:,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"


def _percent(share: float) -> str:
    return "< 0.01 %" if share < 1e-4 else f"{100 * share:.2g} %"


def curvature(
    model: Any, x: Any = None, t: Any = None, *, rows: int = ROWS, seed: int = 0, dtype: str = "auto",
    tolerance: float = TOLERANCE, products: int = PRODUCTS, **settings: Any,
) -> Curvature:  # fmt: skip
    """The sharpness of the loss where a network stands, and the learning rate beside the bound of its optimizer.

    Both ends of the spectrum of the Hessian H = ∂²E/∂θ² come from the Lanczos method on products H v, which are
    backpropagation once more.  From ε = 2 / λ_max on, gradient descent on the bowl that the loss is nearby does not
    converge; other optimizers have bounds of their own, found on the formula of their step: heavy ball
    2 (1 + β) / λ, Nesterov 2 (1 + β) / ((1 + 2 β) λ), Adam 2 (1 + β₁) / ((1 - β₁) λ̃) with λ̃ of the Hessian divided by
    its √v̂ + eps as they stand.

    Parameters
    ----------
    model : Network, Run, or path of a run's folder or of a model
        A run's folder stands at its last step, on its own training rows, with the optimizer's state.
    x, t : arrays, optional
        Other rows, as for `Network.fit` (raw ones for a network that `backlit.train` made).
    rows : int
        Of more rows so many are drawn.
    seed : int
        Of the rows drawn, and of the direction with which the search begins.
    dtype : "auto", "float64" or "float32"
        Of the products H v; float32 takes half the time, and its residuals end at about 1e-4.  "auto" takes it where a
        product is much work.
    tolerance : float
        Of the residuals ‖Hv - λv‖ / |λ|.
    products : int
        At most so many products for the spectrum.
    **settings
        For a network without a run, as for `Network.fit`: optimizer, learning_rate, loss, l2, class_weight …
        With x and t also sample_weight: how much each of these rows counts.

    Returns
    -------
    Curvature

    Raises
    ------
    ParameterError
        BL370: E, its gradient or H v is not finite; BL371: too few products; BL374: no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from backlit import Dense, Network
    >>> net = Network([Dense(1, bias=False)])
    >>> net.prepare(1)
    >>> found = curvature(net, np.array([[1.0], [2.0]]), np.array([1.0, 2.0]), optimizer="sgd", learning_rate=0.5)
    >>> found.sharpness, found.bound.limit, found.word  # E = mean((o - t)²): H = 2 XᵀX / n = 5
    (5.0, 0.4, 'above')
    """
    return curvature_of(
        standing(model, x, t, **settings).sampled(rows, seed), seed=seed, dtype=dtype, tolerance=tolerance,
        products=products,
    )  # fmt: skip


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what is not finite is told
def curvature_of(
    at: Standing, *, seed: int = 0, dtype: str = "auto", tolerance: float = TOLERANCE, products: int = PRODUCTS
) -> Curvature:
    """The same of a place in a training."""
    if dtype == "auto":
        work = at.differentiated.size * len(at.inputs["t"])
        dtype = "float32" if work > MUCH else "float64"
    surface = Surface(at.differentiated, at.inputs, at.objective(), dtype=dtype, engine=at.settings.engine)
    if not surface.size:
        raise fail("BL374", got="θ = ()")
    loss, slope = surface.loss(), float(np.linalg.norm(surface.gradient()))
    if not math.isfinite(loss):
        raise fail("BL370", name=f"E = {loss}", where=at.settings.loss)
    found = ends(surface.product, surface.size, tolerance=tolerance, seed=seed, most=products)
    bound = bound_of(
        surface.product, at.settings.optimizer, rate=at.rate, state=at.state, step=at.step, size=surface.size,
        sharpness=found.largest, tolerance=tolerance,
    )  # fmt: skip
    s = at.settings
    return Curvature(
        found, bound, loss, slope, surface.size, surface.rows, at.rows, at.origin, dtype,
        minibatches=not s.optimizer.full_batch and s.batch_size < at.rows,
        clipped=bool(s.clip_norm or s.clip_value), by_chance=surface.by_chance, statistics=surface.statistics,
    )  # fmt: skip

"""Slices of a network's loss: along its gradient, along weights by name, over the plane of its run's path."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import fail
from ...lens.landscape import (
    Plane,
    Profile,
    Surface,
    gradient_profile,
    path_plane,
    weight_named,
    weight_plane,
    weight_profile,
)
from ...lens.landscape.bound import linear_step
from ...messages import language as chosen
from ...messages import say
from ..loop.full_batch import FullBatch
from ..objects.files import write_atomic
from ..objects.run import Run
from ..objects.showing import Shown, plain
from ..runs import checkpoint
from ..runs.again import not_begun, work_of
from ..runs.checkpoint import Checkpoint
from .standing import ROWS, standing

Array = np.ndarray[Any, Any]
DOTS = 40  # recorded places of a path
MEMORY = 400_000_000  # bytes for them: of a large network there are fewer
KINDS = ("svg", "html", "csv")


@dataclass(frozen=True, eq=False)
class Landscape(Shown):
    """A slice: `found` holds the numbers, `svg()`, `html()` and `csv()` are views of them; `str` tells the essence."""

    found: Profile | Plane
    rows: int
    of: int
    origin: str
    rate: float  # in use; NaN where the optimizer's steps do not go along the gradient
    limit: float | None  # of gradient descent along the gradient
    same: bool | None = None  # of a path: whether the replay ended with the very weights of the run

    def figure(self, language: str | None = None) -> Any:
        """The drawing with its table twin."""
        from ...lens.landscape import pictures

        return pictures.figure(self.found, language or chosen(), rate=self.rate, limit=self.limit)

    def svg(self, language: str | None = None) -> str:
        """The drawing as a file of its own."""
        from ...report.alone import svg_file

        return svg_file(self.figure(language).svg)

    def html(self, language: str | None = None) -> str:
        """Sentences, drawing and table as a page."""
        from ...report.alone import html_file

        lang = language or chosen()
        return html_file(self._card_in(lang), say("landscape.landscape", lang), lang)

    def csv(self) -> str:
        """The numbers: a line for each point (and for each place of the path)."""
        found, out = self.found, io.StringIO()
        if isinstance(found, Profile):
            out.write("at,loss,parabola\n")
            for row in zip(found.at, found.losses, found.parabola(), strict=True):
                out.write(",".join(repr(float(v)) for v in row) + "\n")
            return out.getvalue()
        out.write("epoch,x,y,loss\n")
        for j, y in enumerate(found.y):
            for i, x in enumerate(found.x):
                out.write(f",{float(x)!r},{float(y)!r},{float(found.losses[j, i])!r}\n")
        for dot in found.dots:
            out.write(f"{dot.epoch},{dot.x!r},{dot.y!r},{dot.loss!r}\n")
        return out.getvalue()

    def save(self, path: str | Path, language: str | None = None) -> Path:
        """Write it as SVG, HTML or CSV, by the ending of the name."""
        ending = Path(path).suffix.lower().lstrip(".")
        if ending not in KINDS:
            raise fail("BL304", name=str(path), known=", ".join(f".{k}" for k in KINDS), nearest=".svg", where="out")
        text = {"svg": self.svg, "html": self.html}[ending](language) if ending != "csv" else self.csv()
        return write_atomic(Path(path), text.encode("utf-8"))

    def sentences(self, language: str | None = None) -> list[str]:
        """What the slice shows."""
        f = self.found
        told = [say(f"landscape.on_{self.origin}", language, rows=f"{self.rows:,}", of=f"{self.of:,}")]
        if isinstance(f, Plane):
            told.append(say("landscape.plane", language, loss=f.loss, low=_low(f.losses), points=f.losses.size))
            if f.explained is not None:
                one, two = (100 * share for share in f.explained)
                told.append(say("landscape.path", language, one=one, two=two, both=one + two, count=len(f.dots)))
            if self.same is not None:
                told.append(say(f"landscape.replay_{'same' if self.same else 'other'}", language))
            return told
        told.append(
            say("landscape.profile", language, loss=f.loss, slope=f.slope, curvature=f.curvature, low=_low(f.losses))
        )
        if f.kind == "gradient":
            key = "gradient_bowl" if self.limit is not None else "gradient_no_bowl"
            told.append(say(f"landscape.{key}", language, bottom=f.bottom, limit=self.limit))
            told += [] if math.isnan(self.rate) else [say("landscape.gradient_rate", language, rate=self.rate)]
        elif f.bottom is not None:
            told.append(say("landscape.weight_bowl", language, name=f.name, here=f.here, bottom=f.bottom))
        return told

    def text(self, language: str | None = None) -> str:
        """The sentences and the table twin."""
        table = self.figure(language).table
        return "\n".join([*self.sentences(language), "", plain(table.caption, table.head, table.rows)])

    def data(self) -> dict[str, Any]:
        """Plain data."""
        f = self.found
        about = {"rows": self.rows, "of": self.of, "origin": self.origin, "kind": f.kind, "loss": f.loss}
        if isinstance(f, Profile):
            line = {"at": f.at.tolist(), "losses": f.losses.tolist(), "here": f.here}
            more = {"slope": f.slope, "curvature": f.curvature, "bottom": f.bottom}
            return {**about, "name": f.name, **line, **more, "rate": self.rate, "limit": self.limit}
        plane = {"x": f.x.tolist(), "y": f.y.tolist(), "losses": f.losses.tolist(), "here": list(f.here)}
        dots = [{"epoch": d.epoch, "x": d.x, "y": d.y, "loss": d.loss} for d in f.dots]
        explained = None if f.explained is None else list(f.explained)
        return {**about, "names": list(f.names), **plane, "explained": explained, "path": dots, "same_bits": self.same}

    def __str__(self) -> str:
        return self.text()

    def _card(self) -> str:
        return self._card_in(chosen())

    def _card_in(self, language: str) -> str:
        from ...report import cards

        title = say("landscape.landscape", language)
        return cards.card(title, self.sentences(language), [], [self.figure(language)], language)

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        table = self.figure().table
        return "\n".join(self.sentences()), table.head, table.rows


def _low(losses: Array) -> float:
    good = losses[np.isfinite(losses)]
    return float(good.min()) if good.size else math.nan


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # what is not finite is told
def landscape(
    model: Any, x: Any = None, t: Any = None, *, along: str | Sequence[str] = "gradient", rows: int = ROWS,
    points: int | None = None, seed: int = 0, dtype: str = "float64", **settings: Any,
) -> Landscape:  # fmt: skip
    """A slice of the loss where a network stands.

    Parameters
    ----------
    model, x, t, rows, seed, dtype, **settings
        As for `backlit.curvature`.
    along : str
        "gradient": E(θ - ε ∂E/∂θ) over ε; "dense1.weight[0,3]": over the values of one weight, shown as (out, in) and
        counted from 0; two of them, in a list or with a comma or a blank between: a map over both; "path": the plane
        of the way that a run's weights went, by replaying the run (a run's folder is needed).
    points : int, optional
        Of a line (61), or of each side of a map (31).

    Returns
    -------
    Landscape

    Raises
    ------
    ParameterError
        BL307, BL372: no such weight; BL373: nothing to look along; BL374: no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from backlit import Dense, Network
    >>> net = Network([Dense(1, bias=False)])
    >>> net.prepare(1)
    >>> found = landscape(net, np.array([[1.0], [2.0]]), np.array([1.0, 2.0]), along="dense1.weight[0,0]").found
    >>> round(found.bottom, 6), round(found.curvature, 6)
    (1.0, 5.0)
    """
    names = [along] if isinstance(along, str) else list(along)
    names = names_of(names[0]) if len(names) == 1 else names
    at = standing(model, x, t, **settings).sampled(rows, seed)
    surface = Surface(at.differentiated, at.inputs, at.objective(), dtype=dtype, engine=at.settings.engine)
    grid: dict[str, int] = {} if points is None else {"points": max(2, int(points))}
    found: Profile | Plane
    limit: float | None = None
    same: bool | None = None
    if names == ["gradient"]:
        found = gradient_profile(surface, rate=at.rate, **grid)
        limit = 2 * found.bottom if found.bottom is not None else None
    elif names == ["path"]:
        folder = model.folder if isinstance(model, Run) else Path(model) if isinstance(model, (str, Path)) else None
        if folder is None or not (Path(folder) / checkpoint.NAME).is_file():
            raise fail("BL373", reason=f"{type(model).__name__}: path")
        recorded = path_of(folder)
        same = recorded.same
        surface.theta = recorded.thetas[-1].astype(np.float64)
        surface.values |= recorded.values[-1]
        found = path_plane(surface, recorded.thetas, recorded.epochs, values=recorded.values, **grid)
    else:
        weights = [weight_named(surface, name) for name in names]
        if len(weights) > 2:
            raise fail("BL373", reason=", ".join(names))
        if len(weights) == 1:
            found = weight_profile(surface, weights[0], **grid)
        else:
            found = weight_plane(surface, weights[0], weights[1], **grid)
    step = linear_step(at.settings.optimizer, at.state, at.step, surface.size)
    along_it = not isinstance(step, str) and step.is_plain
    return Landscape(found, surface.rows, at.rows, at.origin, at.rate if along_it else math.nan, limit, same)


def names_of(text: str) -> list[str]:
    """The names in a text: commas within brackets part no names.

    >>> names_of("dense1.weight[0,3], dense2.bias[1]"), names_of("path")
    (['dense1.weight[0,3]', 'dense2.bias[1]'], ['path'])
    """
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if depth == 0 and sign in ", ;":
            found.append("")
        else:
            found[-1] += sign
    return [name for name in found if name] or [text]


# ---- the path of a run ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Recorded:
    """The weights of a run at some epochs, from its start to its last step."""

    epochs: list[int]
    thetas: list[Array]
    values: list[dict[str, Array]]  # running averages
    same: bool  # whether the last weights are those that the run kept, to the bit


def path_of(folder: str | Path, *, dots: int = DOTS) -> Recorded:
    """The run in this folder once more, from its seeds, with its weights recorded at some forty epochs."""
    kept = Checkpoint.load(Path(folder) / checkpoint.NAME)
    _, fitting = not_begun(work_of(folder, anew=True))
    loop, net = fitting.loop, fitting.net
    trained = [p.name for p in net.build(training=True).trained]
    size = sum(net.values[name].size for name in trained)
    dots = max(3, min(dots, MEMORY // max(4 * size, 1)))
    last = kept.stands["EPOCH"]
    epochs: list[int] = []
    thetas: list[Array] = []
    values: list[dict[str, Array]] = []
    for epoch in sorted({round(e) for e in np.linspace(0, last, min(dots, last + 1))}):
        while loop.epoch < epoch and not fitting.stopped:
            if isinstance(fitting, FullBatch):
                fitting.advance()
            else:
                loop.run((epoch - loop.epoch) * loop.steps_per_epoch)
        now = fitting.last_network().values
        epochs.append(loop.epoch)
        thetas.append(np.concatenate([now[name].reshape(-1) for name in trained]))
        values.append({name: a.copy() for name, a in now.items() if name not in trained})
    same = np.array_equal(loop.arena.kept(), kept.arrays["kept"])
    return Recorded(epochs, thetas, values, same)

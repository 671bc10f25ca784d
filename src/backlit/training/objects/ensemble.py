"""Networks that were trained alike, asked together: their mean answer, and how far they differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import fail
from .files import GROUP, load_network
from .network import Network

if TYPE_CHECKING:
    from ...data import Preparation

Array = np.ndarray[Any, Any]


class Ensemble:
    """Networks with the same inputs and outputs; `backlit.load` makes one from the folder of several runs.

    Parameters
    ----------
    networks : list of Network

    Notes
    -----
    The spread is the standard deviation of the members' answers (with n - 1).  It shows what the chance of a training
    (initial weights, order of the rows, dropout) does to an answer, and is large where the data said little: far from
    the training rows, or between the classes.  It does not hold the noise of the targets.
    Lakshminarayanan et al., Simple and scalable predictive uncertainty estimation using deep ensembles, NeurIPS 2017.

    Examples
    --------
    >>> import backlit
    >>> group = backlit.repeat("iris", seeds=3, epochs=20, progress="none")
    >>> x = backlit.data.load("iris").x[:2]
    >>> group.network.predict(x).shape, group.network.spread(x).shape
    ((2, 3), (2, 3))
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks = list(networks)

    @property
    def preparation(self) -> Preparation | None:
        """Names of columns and classes; each member prepares rows by its own."""
        return self.networks[0].preparation

    @property
    def task(self) -> str:
        return self.networks[0].task

    @property
    def loss(self) -> str:
        return self.networks[0].loss

    @property
    def loss_options(self) -> dict[str, Any]:
        return self.networks[0].loss_options

    @property
    def features(self) -> list[int]:
        return self.networks[0].features

    @property
    def values(self) -> dict[str, Array]:
        """The parameters of the first network, for their type."""
        return self.networks[0].values

    def all(self, x: Any) -> Array:
        """The answers of every member, shape (members, rows, outputs)."""
        return np.stack([network.predict(x) for network in self.networks])

    def predict(self, x: Any) -> Array:
        """The mean of the members' answers (of shares: shares)."""
        return self.predict_with_spread(x)[0]

    def spread(self, x: Any) -> Array:
        """The standard deviation of the members' answers."""
        return self.predict_with_spread(x)[1]

    def predict_with_spread(self, x: Any) -> tuple[Array, Array]:
        """Mean and standard deviation; 0 for a single member.  Summed in float64, given in the members' type."""
        found = self.all(x)
        mean = found.mean(axis=0, dtype=np.float64)
        spread = found.std(axis=0, dtype=np.float64, ddof=1) if len(found) > 1 else np.zeros_like(mean)
        return mean.astype(found.dtype), spread.astype(found.dtype)

    def __repr__(self) -> str:
        return f"Ensemble({len(self.networks)} × {self.networks[0]!r})"


def read_group(folder: str | Path) -> dict[str, Any]:
    """What group.json says; BL507 where it cannot be read."""
    path = Path(folder) / GROUP
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        list(found["members"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise fail("BL507", path=folder, reason=str(error)) from None
    return found


def load_members(folder: Path, names: Sequence[str]) -> Ensemble:
    """The ensemble of the models in these folders."""
    return Ensemble([load_network(folder / name) for name in names])


def load_group(folder: Path) -> Ensemble:
    """The networks of several runs as one model; a FileError (BL514) where a member has none yet."""
    names = list(read_group(folder)["members"])
    missing = [name for name in names if not (folder / name / "model.safetensors").exists()]
    if missing:
        raise fail("BL514", path=folder, missing=missing)
    return load_members(folder, names)

"""What a training is told to do, checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from ..errors import fail, nearest
from ..machine.backend import ENGINES
from ..nn.objective import Objective
from ..ops.loss import called
from ..optim import Optimizer, optimizer_named

DTYPES = ("float32", "float64")
PENALTIES = ("l1", "l2", "penalty")
OBJECTIVE = ("label_smoothing", "class_weight", "weighted", *PENALTIES)
MOST_EPOCHS = 10_000_000  # the history has a row for each, laid out before the first


@dataclass(frozen=True)
class Settings:
    """The settings of a training, as `Network.fit` takes them; see there."""

    optimizer: Optimizer
    loss: str = "squared_error"
    loss_options: dict[str, Any] = field(default_factory=dict)
    batch_size: int = 32
    epochs: int = 100
    patience: int = 0
    seed: int = 0
    shuffle: bool = True
    dtype: str = "float32"
    engine: str = "compiled"
    threads: int = 0
    label_smoothing: float = 0.0
    class_weight: Any = None
    weighted: bool = False  # the rows have weights
    l1: float = 0.0
    l2: float = 0.0
    penalty: str = "weights"

    @classmethod
    def of(cls, *, optimizer: str | Optimizer = "adam", learning_rate: float | None = None, **given: Any) -> Settings:
        """The settings a person gives, with the optimizer by name."""
        known = [f.name for f in fields(cls)] + ["learning_rate"]
        for name in given:
            if name not in known:
                raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, known), where="fit")
        rate = {} if learning_rate is None else {"learning_rate": learning_rate}
        plain: dict[str, Any] = {n: _plain(v) for n, v in given.items()}
        name, called_with = called(plain.pop("loss", cls.loss))  # "huber(delta=2)"
        options = {**called_with, **dict(plain.get("loss_options") or {})}
        plain["loss_options"] = {n: _plain(v) for n, v in options.items()}
        made = cls(optimizer=optimizer_named(optimizer, **rate), loss=name, **plain)
        made.check()
        return made

    def check(self) -> None:
        """A ParameterError for what is out of range."""
        Objective.of(**self.objective())
        least = {"batch_size": 1, "epochs": 1, "patience": 0, "seed": 0, "threads": 0}
        for name, low in least.items():
            value, high = getattr(self, name), 2 if name == "threads" else 2**53
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise fail("BL305", name=name, low=low, high=high, value=value, where="fit")
        if self.epochs > MOST_EPOCHS:
            raise fail("BL305", name="epochs", low=1, high=MOST_EPOCHS, value=self.epochs, where="fit")
        for name, known in (("dtype", DTYPES), ("engine", ENGINES)):
            value = getattr(self, name)
            if value not in known:
                raise fail("BL304", name=value, known=", ".join(known), nearest=nearest(value, known), where=name)

    def objective(self, *, penalties: bool = True) -> dict[str, Any]:
        """What `Structure.build` has to know of E, without penalties on request."""
        aim = {name: getattr(self, name) for name in ("loss", "label_smoothing", "weighted", *PENALTIES)}
        return {**aim, **({} if penalties else {"l1": 0.0, "l2": 0.0}), **self.loss_options}

    def told(self) -> dict[str, Any]:
        """The settings as plain data, for run.json and the report; of the objective's what is not usual."""
        usual = {f.name: f.default for f in fields(self) if f.name in OBJECTIVE}
        plain = {k: v for k, v in asdict(self).items() if k not in ("optimizer", "loss_options")}
        plain = {k: v for k, v in plain.items() if k not in usual or v != usual[k]}
        return {"optimizer": self.optimizer.name, **self.optimizer.settings, **plain, **self.loss_options}


def _plain(value: Any) -> Any:
    """Numbers of NumPy as Python's; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)

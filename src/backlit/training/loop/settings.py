"""What a training is told to do, checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from ...core.lowering import Update
from ...errors import fail, nearest
from ...machine.backend import ENGINES
from ...nn.objective import Objective
from ...ops.loss import called
from ...optim import Optimizer, Schedule, clipped, optimizer_named, schedule_named, scheduled
from ...optim.rule import owners

DTYPES = ("float32", "float64")
PENALTIES = ("l1", "l2", "penalty")
OBJECTIVE = ("label_smoothing", "class_weight", "weighted", *PENALTIES)
SELDOM = ("time_budget", "warm_up", "clip_norm", "clip_value")
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
    time_budget: float = 0.0  # seconds; 0: as long as it takes
    schedule: Schedule | None = None
    warm_up: float = 0.0  # epochs
    clip_norm: float = 0.0  # 0: not clipped
    clip_value: float = 0.0
    auto_rate: bool = False  # the learning rate is still to be found: `probe.py`
    label_smoothing: float = 0.0
    class_weight: Any = None
    weighted: bool = False  # the rows have weights
    l1: float = 0.0
    l2: float = 0.0
    penalty: str = "weights"

    @classmethod
    def names(cls) -> list[str]:
        """The settings that a person gives; beside them those of the optimizers (`optim.rule.owners`)."""
        return [f.name for f in fields(cls) if f.name not in ("auto_rate", "weighted")] + ["learning_rate"]

    @classmethod
    def of(
        cls, *, optimizer: str | Optimizer = "adam", learning_rate: float | str | None = None,
        schedule: str | Schedule | None = None, **given: Any,
    ) -> Settings:  # fmt: skip
        """The settings a person gives, with the optimizer and the schedule by name.

        What is no setting of a training is one of the optimizer: momentum, weight_decay, beta1 …
        """
        known = cls.names()
        auto = isinstance(learning_rate, str) and learning_rate.strip().lower() == "auto"
        own: dict[str, Any] = {} if auto or learning_rate is None else {"learning_rate": learning_rate}
        own |= {name: given.pop(name) for name in set(given) & set(owners())}
        for name in given:
            if name not in known:
                every = [*known, *owners()]
                raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, every), where="fit")
        plain: dict[str, Any] = {n: _plain(v) for n, v in given.items()}
        name, called_with = called(plain.pop("loss", cls.loss))  # "huber(delta=2)"
        options = {**called_with, **dict(plain.get("loss_options") or {})}
        plain["loss_options"] = {n: _plain(v) for n, v in options.items()}
        rule, chosen = optimizer_named(optimizer, **own), schedule_named(schedule)
        if rule.surrogate and name == "squared_error":  # ½ Σ (t - o)², row by row: its gradient is (o - t) x
            plain = {"batch_size": 1, **plain}
            plain["loss_options"] = {"half": True, "reduction": "sum", **plain["loss_options"]}
        made = cls(optimizer=rule, schedule=chosen, auto_rate=auto, loss=name, **plain)
        made.check()
        return made

    def update(self, steps_per_epoch: int = 1) -> Update | None:
        """The optimizer's step with clipping and schedule, for a training with so many steps an epoch."""
        own = self.optimizer.update
        if own is None:
            return None
        cut = clipped(own, norm=self.clip_norm, value=self.clip_value)
        return scheduled(cut, self.schedule, warm_up=self.warm_up, epochs=self.epochs, steps_per_epoch=steps_per_epoch)

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
        budget = self.time_budget
        if isinstance(budget, bool) or not isinstance(budget, Real) or not 0 <= budget < float("inf"):
            raise fail("BL305", name="time_budget", low=0, high="∞", value=budget, where="fit")
        for name, known in (("dtype", DTYPES), ("engine", ENGINES), ("shuffle", (True, False))):
            value = getattr(self, name)
            if value not in known:
                names = [str(k) for k in known]
                raise fail("BL304", name=value, known=", ".join(names), nearest=nearest(value, names), where=name)

        self._check_steps()

    def _check_steps(self) -> None:
        """What changes the steps: whether it is in range, and fits together."""
        for name in ("clip_norm", "clip_value", "warm_up"):
            value, high = getattr(self, name), self.epochs if name == "warm_up" else float("inf")
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= high or value == float("inf"):
                raise fail("BL305", name=name, low=0, high=high, value=value, where="fit")
        if self.clip_norm and self.clip_value:
            raise fail("BL309", name="clip_norm", other="clip_value")
        if self.warm_up and self.schedule is not None and self.schedule.warms_up:
            raise fail("BL309", name="warm_up", other=self.schedule.name)
        if self.optimizer.surrogate and self.loss != "squared_error":
            raise fail("BL309", name=f"optimizer={self.optimizer.name}", other=f"loss={self.loss}")
        if self.optimizer.update is None:
            steps = {"schedule": self.schedule, "learning_rate": self.auto_rate}
            steps |= {name: getattr(self, name) for name in ("warm_up", "clip_norm", "clip_value")}
            for name in (n for n, v in steps.items() if v):
                raise fail("BL343", name=name, where=self.optimizer.name)

    def objective(self, *, penalties: bool = True) -> dict[str, Any]:
        """What `Structure.build` has to know of E, without penalties on request."""
        aim = {name: getattr(self, name) for name in ("loss", "label_smoothing", "weighted", *PENALTIES)}
        return {**aim, **({} if penalties else {"l1": 0.0, "l2": 0.0}), **self.loss_options}

    def told(self) -> dict[str, Any]:
        """The settings as plain data, for run.json and the report; of what is seldom used only what is not usual."""
        left = ("optimizer", "loss_options", "schedule", "auto_rate")
        usual = {f.name: f.default for f in fields(self) if f.name in (*OBJECTIVE, *SELDOM)}
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left}
        plain = {name: value for name, value in plain.items() if name not in usual or value != usual[name]}
        if self.schedule is not None:
            plain["schedule"] = repr(self.schedule)
        return {"optimizer": self.optimizer.name, **self.optimizer.settings, **plain, **self.loss_options}


def _plain(value: Any) -> Any:
    """Numbers of NumPy as Python's; all else as it is."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)

"""All that a diagnosis may look at: the network before and after its training, its data, its settings, its course.

What is dear to find is found when it is first asked for, and kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..core.lowering import lower
from ..machine.runner import Machine
from ..nn import Structure
from ..nn.builder import Built
from ..nn.objective import Objective
from .skill import baseline_of, loss_of, skill_of, task_of
from .time import PIECE, SETTING_UP, Clock, OutOfTime, affordable
from .trial import Change, Outcome
from .vitals import Look

Array = np.ndarray[Any, Any]
MOST = 20_000  # rows that are looked at; of more, every so many-th is taken
BLOCK = 2048  # rows a pass


@dataclass
class Patient:
    """What is to be diagnosed.

    Parameters
    ----------
    net : Structure
        The network; its values are those of the end.
    start, end : name → array
        The parameters before the first step and after the last one.
    aim : Objective
        What it is trained for.
    settings : mapping
        optimizer, learning_rate, batch_size, epochs and the others, as plain data; `steps_per_epoch` beside them.
    inputs, held_out : name → array
        The rows by the names of the network's inputs, and "t".
    history : list of dict
        As in a run.
    looks : list of Look
        Vital signs of sampled steps.
    stopped : str
        Why the training ended; "" where there was none.
    trouble : mapping
        Where the first number that is not finite came from: code and facts of the error; empty if none did.
    attempt : function
        Trains with a change, from the start: attempt(change, hold_out, seconds) → Outcome; with `hold_out` a fifth of
        the rows is kept back, and judges.  None where nothing may be tried.
    look_again : function
        Replays the training and looks at the steps that are asked for, for so many seconds at most.
    """

    net: Structure
    start: dict[str, Array]
    end: dict[str, Array]
    aim: Objective
    settings: Mapping[str, Any]
    inputs: dict[str, Array]
    held_out: dict[str, Array] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    looks: list[Look] = field(default_factory=list)
    stopped: str = ""
    trouble: Mapping[str, Any] = field(default_factory=dict)
    attempt: Callable[[Change, bool, float], Outcome] | None = None
    look_again: Callable[[Sequence[int], float], list[Look]] | None = None
    run: Any = None  # what it was made of: the diagnosis hands it on
    replay: float = float("inf")  # seconds that a replay may take
    redraw: Callable[[int], dict[str, Array]] | None = None  # the first weights as another seed draws them
    features: Sequence[str] = ()
    classes: Sequence[str] = ()
    most: int = MOST  # rows that are looked at
    began: bool = True  # whether the weights before the first step are known
    clock: Clock = field(default_factory=Clock)  # the time that the checks have

    # --- the data ---------------------------------------------------------------------------------------------

    @cached_property
    def t(self) -> Array:
        """Targets of the rows that are looked at, as float64."""
        return np.asarray(self.inputs["t"][:: self.stride], np.float64)

    @cached_property
    def x(self) -> Array:
        """The (first) input's rows that are looked at, as float64."""
        return np.asarray(self.inputs[self.net.inputs[0].layer.name][:: self.stride], np.float64)

    @property
    def rate(self) -> float:
        """The learning rate; 0 for an optimizer that has none."""
        return float(self.settings.get("learning_rate") or 0.0)

    @property
    def stride(self) -> int:
        """Of the rows every so many-th is looked at."""
        return -(-len(self.inputs["t"]) // self.affordable(self.most))

    def affordable(self, most: int) -> int:
        """How many rows, of so many, may go through this network at once."""
        return affordable(self.size, most)

    def ask(self) -> None:
        """Whether there is time for copies of all parameters, as a pass in float64 or another draw of them makes."""
        self.clock.ask(SETTING_UP * self.size)

    @property
    def size(self) -> int:
        """The number of its parameters."""
        return sum(value.size for value in (self.end or self.start).values())

    @property
    def seconds_a_trial(self) -> float:
        """What the shortest trial takes: to set it up, and one pass over the rows, by what the training took."""
        return SETTING_UP * self.size + self.pace * int(self.settings.get("steps_per_epoch") or 1)

    @property
    def pace(self) -> float:
        """Seconds a step, by what the training took; 0 where there was none."""
        steps = int(self.settings.get("steps") or 0)
        return float(self.settings.get("seconds") or 0.0) / steps if steps else 0.0

    @property
    def rows(self) -> int:
        return len(self.inputs["t"])

    @cached_property
    def fits(self) -> bool:
        """Whether there is a target for each output."""
        return bool(self.net.build().output.shape[1] == self.inputs["t"].shape[1])

    @cached_property
    def task(self) -> str:
        """What the targets and the loss say it is: "classes", "labels" or "numbers"."""
        return task_of(self.t, self.aim)

    # --- the network ------------------------------------------------------------------------------------------

    @cached_property
    def built(self) -> Built:
        """The graph with the loss, as in training; who adds nodes builds one of their own."""
        return self.build()

    def build(self, *, training: bool = True) -> Built:
        built = self.net.build(training=training)
        self.aim.add_to(built)
        return built

    @cached_property
    def units(self) -> dict[str, tuple[str, str]]:
        """Layers with a linear sum u and an activation o: name → (activation, "hidden" or "output")."""
        names = self.built.graph.names
        found = {}
        for layer in self.net.layers():
            if f"{layer.name}.u" in names and f"{layer.name}.o" in names:
                o = names[f"{layer.name}.o"]
                where = "output" if o is self.built.output else "hidden"
                activation = getattr(layer, "activation", None) or getattr(layer, "function", None)
                found[layer.name] = (activation or "identity", where)
        return found

    def with_activation(self, layer: str, activation: str) -> dict[str, str]:
        """The setting that gives a layer another activation function; none where its kind has a shape of its own."""
        own = next((one for one in self.net.layers() if one.name == layer), None)
        return {setting: activation for setting in ("activation", "function") if hasattr(own, setting)}

    def values(self, when: str = "end", names: Sequence[str] | None = None) -> dict[str, Array]:
        """Named values (dense1.u, dense1.o, …) and "output" of every row that is looked at.

        `when` is "start" or "end".  Of large networks many rows are much: those who want to count ask for the names.
        """
        key = (when, tuple(names or ()))
        if key not in self._values:
            self._values[key] = self._forward(self.start if when == "start" else self.end, names)
        return self._values[key]

    _values: dict[Any, dict[str, Array]] = field(default_factory=dict, repr=False)

    def answers(self, parameters: Mapping[str, Array], rows: Mapping[str, Array] | None = None) -> Array:
        """The outputs of a network with these parameters, for the rows that are looked at or for others."""
        return self._forward(parameters, (), rows)["output"].astype(np.float64)

    def under(self, parameters: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        """Named values of every row that is looked at, with other parameters."""
        return self._forward({**self.start, **parameters}, names)

    def _forward(
        self, parameters: Mapping[str, Array], names: Sequence[str] | None, others: Mapping[str, Array] | None = None
    ) -> dict[str, Array]:
        built = self.net.build()
        chosen = {n: v for n, v in built.graph.names.items() if n.endswith((".u", ".o"))} if names is None else {}
        chosen |= {n: built.graph.names[n] for n in names or ()}
        keep = {**chosen, "output": built.output}
        dtype = str(next(iter(parameters.values())).dtype) if parameters else "float32"
        source = {n: a[:: self.stride] for n, a in self.inputs.items()} if others is None else others
        total = len(source["t"])
        rows = min(affordable(self.size, BLOCK, PIECE), total)
        machine = Machine(lower(keep), rows, dtype)
        for name in machine.tape.names.keys() & parameters.keys():
            machine[name] = parameters[name]
        given = {n: a for n, a in source.items() if n in machine.tape.names}
        parts: dict[str, list[Array]] = {n: [] for n in keep}
        for first in range(0, total, rows):
            size = min(rows, total - first)
            self.clock.ask()
            with machine.arena.batch(size), np.errstate(all="ignore"):
                for name, array in given.items():
                    machine[name] = array[first : first + size]
                machine.run(rows=size)
                for name in keep:
                    parts[name].append(machine[name].copy())
        return {name: np.concatenate(blocks) for name, blocks in parts.items()}

    def skill(self, when: str = "end") -> float:
        """How good the answers are on the training rows: 0 is a constant answer, 1 is perfect (`skill.py`)."""
        return skill_of(self.values(when, ())["output"], self.t, self.aim)

    @property
    def replay_cut(self) -> bool:
        """Whether the replay of the training had to end before the training did."""
        if "course" not in vars(self) or self.look_again is None or not self.course:
            return False
        last = int(self.settings.get("steps") or 0)
        return self.stopped != "not finite" and self.course[-1].step < last

    @cached_property
    def course(self) -> list[Look]:
        """Looks at steps from the first to the last, in pairs ever wider apart: each pair a third later.

        Those that were taken while it trained do not reach back to the first steps, so the training is replayed.
        OutOfTime where there is no time to look at a single one.
        """
        steps = int(self.settings.get("steps") or 0)
        if self.look_again is None or not steps:
            return self.looks
        at, step = [1, 2, 3], 4.0
        while step < steps:
            at.append(int(step))
            step *= 4 / 3
        pairs = sorted({s + i for s in [*at, steps - 1] for i in (0, 1) if 1 <= s + i <= steps})
        if not self._no_time:
            with contextlib.suppress(OutOfTime):
                return self.look_again(pairs, min(self.replay, self.clock.left)) or self.looks
            self._no_time = True
        if not self.looks:
            raise OutOfTime
        return self.looks

    _no_time: bool = field(default=False, repr=False)  # for a single look: that is found out once

    @cached_property
    def first_loss(self) -> float:
        """The loss of the network before its first step, on the rows that are looked at, without penalties."""
        return loss_of(self.values("start", ())["output"], self.t, self.aim)

    @cached_property
    def baseline(self) -> float:
        """The loss (without penalties) of the best answer that does not look at the input."""
        return baseline_of(self.t, self.aim)

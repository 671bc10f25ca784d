"""The training loop: data, tapes and state joined; n steps at a time, resumable at any step.

The loop itself is native (`kernels/loop.py`).  Here its memory is laid out, and here it is started, stopped, copied
and put back: a `Snapshot` holds all that decides what the next step does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.arena import Arena, Array, aligned
from ..core.lowering import followed
from ..core.tape import Layout, Tape, lay_out
from ..errors import fail
from .backend import Compiled, backend
from .beside import Quicker, cores, thread_beside
from .encode import Code, Scalars
from .share import arrange, tapes_work
from .state import APART, BLOCK, CONSTANTS, HISTORY, PLACE, REASONS, SUMS, new_state

# Operations a step from which a second thread saves a quarter (docs/decisions/0006-threads.md).
WORTH_TWO_THREADS = 2_500_000


@dataclass(frozen=True)
class Job:
    """What to train on, and for how long.

    inputs : name of an input of the tape → array of shape (rows, …), in the order of rows
    held_out : the same for the validation rows; empty if there are none
    plateau : when the learning rate is cut, as `optim.plateau` says: factor, patience, threshold, cooldown, min_lr
    """

    inputs: Mapping[str, Array]
    held_out: Mapping[str, Array]
    batch: int
    epochs: int
    patience: int = 0
    seed: int = 0
    shuffle: bool = True
    sum_loss: bool = False
    plateau: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """The state of a run after some step: copies, good for going back, forking and replaying."""

    kept: Array
    state: Array
    table: Array
    sums: Array
    best: Array
    history: Array

    @property
    def step(self) -> int:
        return int(self.state[PLACE["STEP"]])


class Loop:
    """A training run on the machine; see the module's text.

    Parameters
    ----------
    train : Tape
        Forward, backward and update, with the value "E" and the block "θ".
    valid : Tape or None
        Forward only, with "E", for classes "hits", for several labels a row also "exact".
    job : Job
    dtype, engine : as for `Machine`
    threads : 1, 2 or 0
        0 chooses by the size of the work, and goes on with one thread while the second core is somebody else's.
    """

    def __init__(
        self, train: Tape, valid: Tape | None, job: Job, dtype: str = "float32", *,
        engine: str = "compiled", threads: int = 0,
    ) -> None:  # fmt: skip
        self.job, self.dtype = job, dtype
        self.backend = backend(engine, dtype)
        rows = len(next(iter(job.inputs.values())))
        held_out = len(next(iter(job.held_out.values()))) if job.held_out and valid else 0
        self.batch = min(job.batch, rows)
        self.threads = self._threads(threads, engine, train)
        self.quicker = Quicker() if self.threads == 2 and not threads else None
        table = Scalars()
        if isinstance(self.backend, Compiled):
            self.backend.ahead([train, valid] if valid else [train])
        self.asked_tape = train  # its instructions in the order that does not depend on the threads
        train, until = arrange(train, self.batch) if self.threads > 1 else (train, None)
        self.train_tape = train
        layout = lay_out(train, self.batch, until=until)
        blocks = {v.name: layout.offsets[v.number] for v in train.values if v.kind == "block" and v.block is None}
        self.train, registers = self.backend.encode(train, layout, table, self.threads)
        self.train.meets[self.train.extra + train.update_at :][:1] = False  # there they meet to look at the loss
        length = layout.length
        self.valid: Code | None = None
        valid_batch = max(1, min(held_out, max(self.batch, 256)))
        if held_out and valid:
            valid_layout = lay_out(valid, valid_batch, start=layout.kept, blocks=blocks)
            self.valid, more = self.backend.encode(valid, valid_layout, table, self.threads)
            length, registers = max(length, valid_layout.length), max(registers, more)
        self.arena = Arena(train, layout, dtype, aligned(length + 2 * registers * BLOCK, dtype))
        self.backend.attach(self.train, self.arena)
        self.scalars, self.table = table, np.array(table.values, dtype=np.float64)
        self.data, self.places = packed(job.inputs, train, layout.offsets, dtype)
        self.valid_data, self.valid_places = np.zeros(1, dtype), np.zeros((0, 3), dtype=np.int64)
        if self.valid and valid:
            self.valid_arena = Arena(valid, valid_layout, dtype, self.arena.memory)
            self.backend.attach(self.valid, self.valid_arena)
            self.valid_data, self.valid_places = packed(job.held_out, valid, valid_layout.offsets, dtype)
        self.order = np.arange(rows, dtype=np.int64)
        self.identity = np.arange(held_out, dtype=np.int64)
        self.history = np.full((job.epochs, len(HISTORY)), np.nan)
        self.sums = np.array([np.inf if name.endswith("BEST") else 0.0 for name in SUMS])
        begin, size = _weights_in(train, layout)
        self.best = np.zeros(size, dtype=dtype)
        self.state = new_state()
        self._set(
            SEED=job.seed, ROWS=rows, BATCH=self.batch, SHUFFLE=int(job.shuffle), EPOCHS=job.epochs,
            PATIENCE=job.patience, VALID_ROWS=held_out, VALID_BATCH=valid_batch, SUM_LOSS=int(job.sum_loss),
            EXTRA=self.train.extra, VALID_EXTRA=self.valid.extra if self.valid else 0, REGISTERS=registers * BLOCK,
            UPDATE_AT=train.update_at + self.train.extra, LOSS_AT=layout.offsets[train.names["E"]],
            BLOCK_AT=begin, BLOCK_LENGTH=size, THREADS=self.threads,
            VALID_LOSS_AT=valid_layout.offsets[valid.names["E"]] if self.valid and valid else 0,
            **{
                f"VALID_{name.upper()}_AT": valid_layout.offsets[valid.names[name]]
                if self.valid and valid and name in valid.names else -1
                for name in ("hits", "exact")
            },
        )  # fmt: skip
        self._set(RATE_AT=self.train.scalars.get(followed("learning_rate"), self.train.scalars["learning_rate"]))
        if job.plateau:
            self._set(PLATEAU=int(job.plateau["patience"]) + 1, PLATEAU_REST=int(job.plateau["cooldown"]))
            self.sums[-3:] = [job.plateau[name] for name in ("factor", "threshold", "min_lr")]
        self.backend.prepare(self.state)
        self.backend.function("advance")  # compiled now, so that the first step is a step like any other
        nothing = np.zeros(1, dtype=np.int64)
        false = np.zeros(1, dtype=np.bool_)
        self._no_signs = (np.zeros((0, 3), dtype=np.int64), np.zeros(1, dtype=dtype))
        self._no_tape = (nothing, nothing, false, nothing, false)

    def _set(self, **fields: int) -> None:
        for name, value in fields.items():
            self.state[PLACE[name]] = value

    def _get(self, name: str) -> int:
        return int(self.state[PLACE[name]])

    def _threads(self, asked: int, engine: str, tape: Tape) -> int:
        if engine != "compiled":
            return 1
        if asked:
            return min(asked, 2)
        large = tapes_work(tape, self.batch) >= WORTH_TWO_THREADS
        return 2 if large and cores() > 1 else 1

    # --- where the run stands ---------------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """Steps done."""
        return self._get("STEP")

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._get("EPOCH")

    @property
    def epoch_position(self) -> int:
        """Rows of the epoch under way that are done."""
        return self._get("POSITION")

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest (validation) loss, counted from 1; 0 before the first."""
        return self._get("BEST_EPOCH")

    @property
    def stopped(self) -> str:
        """Why the loop ended: "" while it has not, "epochs", "early", "not finite", "kernel", "converged"."""
        return REASONS[self._get("STOP")]

    @property
    def failed(self) -> tuple[int, int]:
        """(instruction, status) of the kernel that gave up."""
        return self._get("FAILED") - self.train.extra, self._get("STATUS")

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.order) // self.batch)

    def stop(self, reason: str) -> None:
        """End the run: one of the `REASONS`."""
        self._set(STOP=next(number for number, name in REASONS.items() if name == reason))

    def set(self, name: str, value: float) -> None:
        """Change a setting of the optimizer from the next step on: `set("learning_rate", 0.01)`."""
        if name not in self.train_tape.scalars:
            known = ", ".join(self.train_tape.scalars)
            raise fail("BL304", name=name, known=known, nearest=known, where="the optimizer")
        self.table[self.train.scalars[name]] = value

    def __getitem__(self, name: str) -> Array:
        return self.arena[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.arena[name] = value

    # --- running ----------------------------------------------------------------------------------------------

    def run(self, steps: int) -> int:
        """Train for `steps` steps, or until there is a reason to stop; returns how many were done."""
        if self._get("STOP"):
            return 0
        now = self.quicker.threads() if self.quicker else self.threads
        begin = time.perf_counter()
        done = self._advance(steps, self.train, self.places, now, self._no_signs)
        if self.quicker:
            self.quicker.took(now, time.perf_counter() - begin, done)
        return done

    def _advance(self, steps: int, code: Code, places: Array, threads: int, signs: tuple[Array, Array]) -> int:
        self._set(THREADS=threads)
        with np.errstate(all="ignore"):
            train = code.arrays()
            valid = self.valid.arrays() if self.valid else self._no_tape
            head = (self.arena.memory, self.table, self.state)
            advance = self.backend.function("advance")
            rows = (self.data, places, self.order, self.valid_data, self.valid_places, self.identity)
            with self._helper(threads, *head, train, valid, *rows):
                return int(advance(*head, self.sums, steps, train, valid, *rows, self.best, self.history, *signs))

    def grow(self, length: int) -> None:
        """More memory behind what there is, and places for the scalars of another tape; what there is stays."""
        memory = aligned(max(length, len(self.arena.memory)), self.dtype)
        memory[: len(self.arena.memory)] = self.arena.memory
        self.arena = Arena(self.train_tape, self.arena.layout, self.dtype, memory)
        self.backend.attach(self.train, self.arena)
        if self.valid:
            self.valid_arena = Arena(self.valid_arena.tape, self.valid_arena.layout, self.dtype, memory)
            self.backend.attach(self.valid, self.valid_arena)
        self.table = np.concatenate([self.table, self.scalars.values[len(self.table) :]])

    @contextmanager
    def _helper(self, threads: int, *given: Any) -> Iterator[None]:
        """The second thread, where there is one; it ends when `advance` dismisses it (JOB 0)."""
        if threads == 1:
            yield
            return
        self._set(JOB=1)
        self.state[CONSTANTS["ARRIVALS"] :: APART] = 0
        helper = thread_beside(self.backend.function("help_along"), *given)
        try:
            helper.start()
            yield
        finally:
            if helper.ident is not None:
                if self._get("JOB"):  # Ctrl-C came before `advance` began
                    self.backend.function("release")(self.state)
                helper.join()

    def snapshot(self) -> Snapshot:
        """All that decides what comes next, as copies."""
        parts = (self.arena.kept(), self.state, self.table, self.sums, self.best, self.history[: self.epoch])
        return Snapshot(*(p.copy() for p in parts))

    def restore(self, s: Snapshot) -> None:
        """Go back (or on) to a snapshot of a run with the same tapes and job."""
        self.arena.kept()[:] = s.kept
        addresses = {n: self._get(n) for n in ("YIELD", "NAP", "THREADS", "EPOCHS")}
        self.state[:] = s.state
        self._set(RESOLVED=0, VALID_RESOLVED=0, SHUFFLED=0, JOB=0, **addresses)
        own = min(len(self.table), len(s.table))  # behind that are the constants of a tape that watches (`grow`)
        self.table[:own], self.sums[:], self.best[:] = s.table[:own], s.sums, s.best
        self.history[:] = np.nan
        self.history[: len(s.history)] = s.history

    def take_best(self) -> None:
        """Put the best epoch's weights in place of the last ones."""
        if self.best_epoch:
            self.weights()[:] = self.best

    def weights(self) -> Array:
        """All that a step changes and prediction reads: the parameters and the running averages."""
        begin = self._get("BLOCK_AT")
        return self.arena.memory[begin : begin + self._get("BLOCK_LENGTH")]

    def forget_stop(self, epochs: int) -> None:
        """Allow the run to go on, up to `epochs` epochs in all."""
        if epochs > len(self.history):
            more = np.full((epochs - len(self.history), self.history.shape[1]), np.nan)
            self.history = np.concatenate([self.history, more])
        self._set(EPOCHS=epochs, STOP=0, WAIT=0)

    def go_on(self) -> None:
        """Where a snapshot of a run that had ended was restored: what it stopped for may no longer hold.

        More epochs: the run goes on, unless its patience was at its end in the very epoch that was the last one.
        """
        early = 0 < self._get("PATIENCE") <= self._get("WAIT")
        if self.stopped in ("", "epochs", "early"):
            self._set(STOP=1 if self.epoch >= self._get("EPOCHS") else 2 if early else 0)

    def play(self, lo: int, hi: int, rows: int) -> int:
        """Instructions lo … hi - 1 of the training tape, for the step that comes next; returns the status."""
        state, table = self.state.copy(), self.table.copy()
        state[PLACE["STEP"]] += 1
        table[0] = state[PLACE["STEP"]]
        extra = self.train.extra
        first = 0 if lo == 0 else lo + extra
        if extra and lo > 0:  # the step's scalars are instruction 0 of the code
            self.backend.function("play_alone")(self.arena.memory, table, state, self.train.arrays(), rows, 0, extra)
        self._set(RESOLVED=0)
        with np.errstate(all="ignore"):
            return int(
                self.backend.function("play_alone")(
                    self.arena.memory, table, state, self.train.arrays(), rows, first, hi + extra
                )
            )

    def load_batch(self) -> int:
        """Put the rows of the step that comes next where the tape reads them; returns how many they are."""
        first = self._get("POSITION")
        rows = min(self.batch, len(self.order) - first)
        order = self.order_now()
        with self.arena.batch(rows), np.errstate(over="ignore"):
            for name, array in self.job.inputs.items():
                if name in self.train_tape.names:
                    self.arena[name] = np.asarray(array)[order[first : first + rows]]
        return rows

    def order_now(self) -> Array:
        """The order of the rows in this epoch: the loop's own, or where it is not drawn yet another copy of it."""
        if not self.job.shuffle or self._get("SHUFFLED") == self.epoch + 1:
            return self.order
        order = np.empty_like(self.order)
        with np.errstate(over="ignore"):  # the plain engines shuffle with NumPy's numbers
            self.backend.function("shuffled")(order, self.state)
        return order

    def epochs_done(self) -> list[dict[str, float]]:
        """The history: one dictionary an epoch."""
        return [dict(zip(HISTORY, row, strict=True)) for row in self.history[: self.epoch].tolist()]


def _weights_in(tape: Tape, layout: Layout) -> tuple[int, int]:
    """Where θ and the running averages lie, and their length: the first blocks of a tape, side by side."""
    wanted = [v for v in tape.values if v.kind == "block" and v.block is None and v.name in ("θ", "running")]
    ends = [(layout.offsets[v.number], layout.offsets[v.number] + layout.size(v, 1)) for v in wanted]
    begin = min((first for first, _ in ends), default=0)
    return begin, max((last for _, last in ends), default=0) - begin


def packed(inputs: Mapping[str, Array], tape: Tape, offsets: tuple[int, ...], dtype: str) -> tuple[Array, Array]:
    """All inputs in one array, and for each (row width, where it begins, its place in the arena)."""
    used = {n: np.asarray(a) for n, a in inputs.items() if n in tape.names}
    data = np.empty(max(1, sum(a.size for a in used.values())), dtype=dtype)
    places, begin = [], 0
    for name, array in used.items():
        with np.errstate(over="ignore"):  # too large for float32: becomes infinite, and is told as that
            data[begin : begin + array.size].reshape(array.shape)[...] = array
        places.append((array.size // len(array), begin, offsets[tape.names[name]]))
        begin += array.size
    return data, np.array(places, dtype=np.int64).reshape(-1, 3)

"""One training on the machine: tapes made, the loop run in slices, weights brought home."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...core.backprop import backprop
from ...core.lowering import lower
from ...core.remembered import blocks_told, remembered, update_told
from ...core.tape import Tape
from ...doctor.vitals import Vitals
from ...errors import BacklitError, fail
from ...machine.loop import Job, Loop, Snapshot
from ...nn import Structure
from ...nn.builder import Built
from ...nn.objective import right_answers, right_labels
from ...ops import shapes
from ...ops.loss import loss_named
from ..rows.targets import CLASSES, LABELS, counts_of
from . import hunt
from .perceptron import learning
from .settings import Settings

ENDS = ("epochs", "early", "time", "converged")  # in order
SLICE = 0.05  # seconds between two looks at the keyboard and the clock
Array = np.ndarray[Any, Any]


def training_graph(net: Structure, settings: Settings) -> Built:
    """The graph that is trained: the network, and the loss E."""
    return learning(net, settings).build(training=True, **settings.objective())


def training_tape(net: Structure, settings: Settings, steps_per_epoch: int = 1) -> Tape:
    """Forward, backward and update for this network."""
    return tape_of(training_graph(net, settings), settings, steps_per_epoch)


def tape_of(built: Built, settings: Settings, steps_per_epoch: int = 1) -> Tape:
    """Forward, backward and update for a graph."""
    loss, blocks = built.loss, built.blocks()
    assert loss is not None
    update = settings.update(steps_per_epoch) if built.trained else None

    def make() -> Tape:
        found = backprop(loss, built.trained)
        gradients = {p: found[p] for p in built.trained if p in found}
        named = [n for n in built.graph.nodes if n in found and n.name.endswith((".u", ".o"))]
        signals = {found[n]: f"{n.name[:-1]}δ{'ᵘ' if n.name[-1] == 'u' else 'ᵒ'}" for n in reversed(named)}
        return lower(
            {"E": loss}, blocks=blocks, gradients=gradients, update=update, running=built.updates, labels=signals
        )

    running = tuple((old.index, new.index) for old, new in built.updates.items())
    aim = ("training", loss.index, blocks_told(blocks), update_told(update), running)
    return remembered(built.graph, aim, make)


def vitals_of(net: Structure, settings: Settings, steps_per_epoch: int = 1) -> Vitals:
    """What looks at the steps of a training of this network."""
    build = functools.partial(learning(net, settings).build, training=True, **settings.objective())
    return Vitals(build, settings.update(steps_per_epoch))


def judging_tape(net: Structure, settings: Settings, *, penalties: bool = False, count: str = CLASSES) -> Tape:
    """Forward only: the loss, and for classes or labels (`counts_of`) how many answers are right."""
    built = net.build(**settings.objective(penalties=penalties))
    assert built.loss is not None
    keep = {"E": built.loss}
    kind = loss_named(settings.loss)
    if kind.classes and count == CLASSES:
        keep["hits"] = right_answers(built, kind)
    elif count == LABELS:
        keep["hits"], keep["exact"] = right_labels(built, kind)
    return built.tape(keep)


def check_batches(net: Structure, rows: int, batch: int) -> None:
    """A ParameterError where a batch, the last one of an epoch perhaps, has fewer rows than a layer needs."""

    def last(batch: int) -> int:
        return rows % batch or min(batch, rows)

    for layer in net.layers():
        if last(batch) < layer.least_rows:
            larger = range(batch + 1, max(rows, layer.least_rows))
            other = next((b for b in larger if last(b) >= layer.least_rows), max(rows, layer.least_rows))
            raise fail("BL310", least=layer.least_rows, rows=rows, batch=batch, layer=layer.name, other=other)


class Fitting:
    """A training under way; `advance` goes on for a slice, `finish` brings the weights home.

    Parameters
    ----------
    net : Structure
        Prepared: its parameters are where the training starts.
    inputs, held_out : name → array
        Training and validation rows for each input, for "t" and, where rows are weighted, for "sample_weight";
        `held_out` may be empty.
    """

    def __init__(
        self, net: Structure, inputs: Mapping[str, Array], held_out: Mapping[str, Array], settings: Settings
    ) -> None:
        self.net, self.settings = net, settings
        rows = len(inputs["t"])
        batch = rows if settings.optimizer.full_batch else settings.batch_size
        check_batches(net, rows, batch)
        # With one step an epoch its loss is that of the weights before the step: the new ones are judged by themselves.
        judged = held_out or (inputs if batch >= rows and settings.optimizer.update is not None else {})
        job = Job(
            inputs, judged, batch, settings.epochs,
            settings.patience, settings.seed, settings.shuffle and not settings.optimizer.full_batch,
            settings.loss_options.get("reduction") == "sum",
            settings.schedule.settings if settings.schedule and settings.schedule.waits else {},
        )  # fmt: skip
        # New rows are judged without the penalties; the training's own rows by all that the training makes small.
        self.counted = counts_of(inputs["t"], loss_named(settings.loss), getattr(net, "task", ""))
        valid = judging_tape(net, settings, penalties=not held_out, count=self.counted) if judged else None
        self.built = training_graph(net, settings)
        train = tape_of(self.built, settings, -(-rows // min(batch, rows)))
        self.loop = Loop(train, valid, job, settings.dtype, engine=settings.engine, threads=settings.threads)
        for name, value in net.values.items():
            if name in self.loop.train_tape.names:
                self.loop[name] = value
        self.held_out = len(held_out["t"]) if held_out else 0
        self.labels = int(inputs["t"].shape[1])
        self.seconds = 0.0
        self.steps_a_slice = 1
        self.before: Snapshot = self.loop.snapshot()  # where a replay begins when something goes wrong
        self.next_snapshot = 0.0
        self.out_of_time = False
        self.until = float("inf")  # when it ends at the latest (`time.perf_counter`), beside its own budget of time
        self.vitals: Vitals | None = None
        if settings.optimizer.update is not None:
            self.vitals = vitals_of(net, settings, self.loop.steps_per_epoch)
            self.vitals.expect(train)
        self.begun = 0  # epochs that were done when this process took over

    @property
    def done(self) -> bool:
        return bool(self.stopped)

    @property
    def stopped(self) -> str:
        """Why the training ended: what the loop says, or "time"; "" while it goes on.

        A training none of whose epochs had a finite loss to be judged by is broken, whatever ended it.
        """
        why = self.loop.stopped or ("time" if self.out_of_time else "")
        never = self.loop.epoch > 0 and not self.loop.best_epoch
        return "not finite" if never and why in ENDS else why

    def stand_at(self, snapshot: Snapshot, seconds: float) -> None:
        """Go on from where another process stood, after so many seconds of training."""
        self.loop.restore(snapshot)
        self.loop.go_on()
        self.before, self.seconds, self.begun = self.loop.snapshot(), seconds, self.loop.epoch

    def advance(self) -> None:
        """Train for about a twentieth of a second."""
        begin, snapshot = time.perf_counter(), self.before
        if begin >= self.next_snapshot and np.isfinite(self.loop.arena.kept()).all():
            snapshot = self.loop.snapshot()
            # a copy of a large network takes milliseconds: never more than a twentieth of the time
            self.next_snapshot = begin + 20 * (time.perf_counter() - begin)
            begin = time.perf_counter()
        steps = self.loop.run(self.steps_a_slice)
        took = time.perf_counter() - begin
        self.seconds += took
        if steps:
            self.before = snapshot  # its weights gave a finite loss
        if self.vitals is not None and not self.loop.stopped:
            self.vitals.beside(self.loop, self.seconds)
        if steps == self.steps_a_slice:
            # towards SLICE, but never more than ten times what was tried: the first step may load kernels
            self.steps_a_slice = max(1, min(int(self.steps_a_slice * SLICE / max(took, 1e-6)), self.steps_a_slice * 10))

    def run(self, watch: Callable[[Fitting], None] | None = None) -> None:
        """Train until there is a reason to stop; `watch` is called after every slice."""
        end = min(self.until, time.perf_counter() + (self.settings.time_budget or float("inf")))
        try:
            while not self.done:
                self.advance()
                self.out_of_time = time.perf_counter() >= end
                if watch is not None:
                    watch(self)
        finally:
            trouble = self.trouble()
            self.finish()
        if trouble is not None:
            raise trouble

    def best_network(self) -> Any:
        """A network with the best weights so far, while the training goes on."""
        return self._network(self._best())

    def last_network(self) -> Any:
        """A network with the weights of the last step (of the last good one, where they are not finite)."""
        kept = self.loop.arena.kept()
        now = kept.copy()
        if not np.isfinite(self.loop.weights()).all():
            kept[:] = self.before.kept
        values = self._values()
        kept[:] = now
        return self._network(values)

    def optimizer_state(self) -> dict[str, Array] | None:
        """The optimizer's state, each part as one vector in the order of the trained weights.

        None before any step, and where nothing is trained.
        """
        update, tape = self.settings.optimizer.update, self.loop.train_tape
        if update is None or not self.loop.step or "θ" not in tape.names:
            return None
        trained = [v for v in tape.values if v.block is not None and tape.values[v.block].name == "θ"]
        if not trained:  # all is frozen
            return None
        spans = [slice(v.place, v.place + shapes.elements(shapes.resolve(v.shape, 1))) for v in trained]
        whole = {name: self.loop[name].reshape(-1) for name in update.state}
        return {
            name: block.copy() if name in update.single else np.concatenate([block[span] for span in spans])
            for name, block in whole.items()
        }

    def _network(self, values: dict[str, Array]) -> Any:
        other = copy.copy(self.net)
        other.values = {**self.net.values, **values}
        return other

    def _values(self) -> dict[str, Array]:
        return {n: self.loop[n].copy() for n in self.net.values if n in self.loop.train_tape.names}

    def finish(self) -> None:
        """Put the best weights into the network."""
        for name, value in self._best().items():
            self.net.values[name][...] = value  # in place: a view that someone holds stays true

    def _best(self) -> dict[str, Array]:
        """The weights of the best epoch (the last ones, before any was judged), and never any that are not finite."""
        kept = self.loop.arena.kept()
        now = kept.copy()
        self.loop.take_best()
        if not self._good():
            kept[:] = self.before.kept  # the last ones that were known to be good
        values = self._values()
        kept[:] = now
        return values

    def _good(self) -> bool:
        """Whether the weights that would be taken are finite, and did not break the run in the very next step."""
        loop = self.loop
        if loop.best_epoch:
            last = loop.valid is None and loop.step == loop.best_epoch * loop.steps_per_epoch
            return bool(np.isfinite(loop.best).all()) and not (last and loop.stopped == "not finite")
        return bool(np.isfinite(loop.weights()).all()) and loop.stopped != "not finite"

    def trouble(self) -> BacklitError | None:
        """The error to tell when the loop stopped because something broke."""
        if self.loop.stopped == "kernel":
            number, status = self.loop.failed
            return fail("BL602", number=number, op=self.loop.train_tape.instructions[number].name, status=status)
        good, rate = self._good(), self.settings.optimizer.learning_rate
        if good and self.loop.stopped != "not finite":
            if self.stopped != "not finite":
                return None
            loss = self.loop.epochs_done()[-1]["valid_loss"]
            return fail("BL605", epochs=self.loop.epoch, loss=loss, rate=rate, smaller=f"{rate / 10:g}")
        found = hunt.first_not_finite(self.loop, self.before)
        if (found.epoch, found.step) == (1, 1) and (found.forward or np.isnan(rate)):
            # before any update: neither rate nor optimizer can be the reason
            return fail("BL604", number=found.instruction, op=found.operation, value=found.value,
                        again="", **found.details())  # fmt: skip
        return fail(
            "BL601", epoch=found.epoch, step=found.step, number=found.instruction, op=found.operation,
            value=found.value, rate=rate, smaller=f"{rate / 10:g}",
            kept=(good and self.loop.best_epoch) or "-", again="", **found.details(),
        )  # fmt: skip

    def lost(self) -> dict[str, Any]:
        """What there is to tell where the optimizer's own numbers are not finite although the loss is; else nothing.

        Adam with an infinite mean of g² makes steps of length 0: the training goes on, and these weights do not learn.
        """
        update = self.settings.optimizer.update
        if update is None or self.stopped == "not finite":
            return {}
        if all(np.isfinite(self.loop[name]).all() for name in update.state if name in self.loop.train_tape.names):
            return {}
        found = hunt.first_not_finite(self.loop, self.before)
        told = {"epoch": found.epoch, "step": found.step, "number": found.instruction, "op": found.operation}
        return {**told, "value": found.value, **found.details(), "way": "state"}

    def history(self) -> list[dict[str, float]]:
        """One dictionary an epoch: epoch, train_loss; learning_rate, valid_loss, valid_accuracy where they belong.

        Of several labels a row valid_accuracy is the share of labels told right, valid_exact that of rows with all.
        """
        changes = self.settings.schedule is not None or self.settings.warm_up > 0
        labels = self.counted == LABELS
        answers = self.held_out * (self.labels if labels else 1)
        rows = []
        for number, row in enumerate(self.loop.epochs_done(), start=1):
            kept = {"epoch": number, "train_loss": row["train_loss"]}
            if changes:
                kept["learning_rate"] = row["learning_rate"]
            if self.held_out:
                kept["valid_loss"] = row["valid_loss"]
                if self.counted:
                    kept["valid_accuracy"] = row["valid_hits"] / answers
                if labels:
                    kept["valid_exact"] = row["valid_exact"] / self.held_out
            rows.append(kept)
        return rows

"""A step of a run, recorded or still in memory, done again and traced: what is shown is what that step did.

A run is the same bits whenever it is replayed, so its first snapshot, from which it can be made again, is all that is
needed: the loop runs to the step before, and the step itself is done twice, by the loop and under the lens.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.lowering import followed
from ...errors import fail
from ...lens.trace import Step, Trace
from ...ops import Rows
from ..loop.fitting import Fitting
from ..loop.perceptron import learning
from ..objects.files import load_network
from ..objects.run import Run, read_run
from ..runs.again import kept_of, not_begun, work_of

if TYPE_CHECKING:
    from ..objects.network import Network


def trace(what: Any, x: Any = None, t: Any = None, *, step: int | None = None, **given: Any) -> Trace:
    """A trace of a network on rows, or of a recorded step of a run.

    Parameters
    ----------
    what : Network, Run, or path
        With `step`: a run, or its folder.  Else a network, or the file of one.
    x, t
        Rows and targets for a network: see `Network.trace`.
    step : int, optional
        The step of the run, from 1.
    **given
        row, top, symbols; for a network all that `Network.trace` takes.

    Raises
    ------
    ParameterError
        BL363: the run has no such step; BL343: a run by L-BFGS, which has no steps of its own formula.

    Examples
    --------
    >>> import backlit
    >>> run = backlit.train("iris", epochs=3, progress="none")
    >>> second = backlit.trace(run, step=2)
    >>> second.about["same_bits"], second.ledger().closes
    (True, True)
    """
    if step is None:
        net: Network = what.network if isinstance(what, Run) else load_network(what) if _is_path(what) else what
        return net.trace(x, t, **given)
    again = fitting_again(what) if _is_path(what) else _of_run(what)
    result = read_run(what)[0].get("result", {}) if _is_path(what) else what.result
    done = result.get("steps")
    if done is not None and result.get("stopped") == "not finite":
        done += 1  # the step that broke, of which the loss was the end
    return trace_step(again, step, done=done, **given)


def _is_path(what: Any) -> bool:
    return isinstance(what, (str, Path))


def _of_run(run: Run) -> Fitting:
    """The training of a run in memory, before its first step."""
    if run.again is not None:
        return run.again()
    if run.folder is None:
        raise fail("BL507", path="-", reason="run.json")
    return fitting_again(run.folder)


def fitting_again(folder: str | Path) -> Fitting:
    """The training of a recorded run, before its first step; BL509 where data or network are no longer the same."""
    work = work_of(folder, anew=True)
    _, fitting = not_begun(work)
    kept_of(folder, work, fitting)
    return fitting


def trace_step(
    fitting: Fitting, step: int, *, done: int | None = None, row: int = 0, top: int = 8, symbols: str = "uoδ"
) -> Trace:
    """The step of this number of a training that has not begun; afterwards the training has done it.

    `done` is how many steps the run did, where that is known: one that was interrupted could go on.
    """
    if fitting.settings.optimizer.update is None:
        raise fail("BL343", name="step", where=fitting.settings.optimizer.name)
    loop = fitting.loop
    wrong = isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 1
    beyond = not wrong and done is not None and step > done
    if not wrong and not beyond:
        loop.run(int(step) - 1)
    if wrong or beyond or loop.step < step - 1 or loop.stopped:
        last = done if done is not None else loop.step
        raise fail("BL363", step=step, high=last or "…", nearest=1 if wrong else last)
    known = _stand(fitting, int(step))
    own = fitting.settings.optimizer
    told = {"optimizer": own.name, "settings": dict(own.settings)}
    epoch = loop.epoch + 1
    made = Trace(learning(fitting.net, fitting.settings), known, row=row, top=top, symbols=symbols, about=told)
    done = loop.run(1)
    after = made.recording.after.get("θ")
    same = after is None or not done or after.tobytes() == np.asarray(loop["θ"]).tobytes()
    made.about |= {"of_step": int(step), "epoch": epoch, "same_bits": bool(same)}
    return made


def _stand(fitting: Fitting, step: int) -> Step:
    """The step that comes next in a training: its rows, weights, state and settings."""
    loop, settings = fitting.loop, fitting.settings
    rows = loop.load_batch()
    names = loop.train_tape.names
    with loop.arena.batch(rows):
        inputs = {name: loop[name].copy() for name in loop.job.inputs if name in names}
    blocks = [v.name for v in loop.train_tape.values if v.kind == "block" and v.block is None]
    values = {name: loop[name].copy() for name in blocks if name != "∂E/∂θ"}
    # What was set, and what follows from step to step; k, and what each step works out, come by themselves.
    numbers = [name for name, value in loop.train_tape.scalars.items() if not isinstance(value, Rows)]
    kept = {*numbers, *map(followed, numbers)} - {"k"}
    scalars = {name: float(loop.table[at]) for name, at in loop.train.scalars.items() if name in kept}
    total = len(fitting.loop.order)
    update = settings.update(-(-total // min(loop.batch, total)))
    return Step(
        inputs, settings.objective(), update, values, scalars, settings.seed, step, True, loop.dtype, settings.engine
    )

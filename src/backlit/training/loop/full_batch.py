"""L-BFGS: SciPy's optimizer asks for E and ∂E/∂θ over all rows, and the machine answers.

SciPy calls back, once for each look at the loss, and has no way to be left and come back to.  So it runs in a thread
of its own and is let go for one iteration at a time: what watches a training (progress, the run's folder, Ctrl-C)
does it here as everywhere.  Each iteration is one epoch of the loop, which judges, keeps the history and the best
weights, and stops early.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import fail
from ...nn import Structure
from .fitting import Array, Fitting
from .settings import Settings


class _End(Exception):
    """Ends SciPy's thread at its next look at the loss."""


class FullBatch(Fitting):
    """A training by L-BFGS; see the module's text.  `advance` makes one iteration."""

    def __init__(
        self, net: Structure, inputs: Mapping[str, Array], held_out: Mapping[str, Array], settings: Settings
    ) -> None:
        built = net.build(training=True)
        random = [n for n in built.graph.nodes if n.op is not None and getattr(n.op, "random", False)]
        if random:
            raise fail("BL345", layer=", ".join(n.name.rpartition(".")[0] or n.op.name for n in random if n.op))
        from scipy.optimize import minimize  # half a second when it is loaded: before the clock runs

        super().__init__(net, inputs, held_out, settings)
        self.scipy = minimize
        self.rows = len(inputs["t"])
        self.ending = False
        self.error: BaseException | None = None
        self.go, self.come_back = threading.Semaphore(0), threading.Semaphore(0)
        self.thread: threading.Thread | None = None

    # --- what SciPy sees, in its own thread -----------------------------------------------------------------------

    def value(self, theta: Array) -> tuple[float, Array]:
        """E and ∂E/∂θ at these parameters, over all rows."""
        if self.ending:
            raise _End
        loop = self.loop
        loop["θ"][...] = theta
        loop.load_batch()
        status = loop.play(0, loop.train_tape.update_at, self.rows)
        if status:
            raise fail("BL602", number=-1, op="L-BFGS", status=status)
        return float(loop["E"]), loop["∂E/∂θ"].astype(np.float64)

    def iterated(self, theta: Array) -> None:
        """After an iteration: an epoch of the loop at the new parameters, and a look at who watches."""
        self.loop["θ"][...], self.loop["∂E/∂θ"][...] = theta, 0
        stand = self.loop.snapshot()
        self.loop.run(1)
        if self.broke():
            self.before = stand  # where a replay finds what broke
        self.come_back.release()
        self.go.acquire()
        if self.ending or self.loop.stopped:
            raise _End

    def broke(self) -> bool:
        """Stop where the loss is finite and its gradient is not: SciPy would end without a word."""
        found = "θ" in self.loop.train_tape.names and not np.isfinite(self.loop["∂E/∂θ"]).all()
        if found and self.loop.stopped != "kernel":
            self.loop.stop("not finite")
        return found

    def minimise(self) -> None:
        given = self.settings.optimizer.settings
        self.go.acquire()
        try:
            names = self.loop.train_tape.names
            if "θ" in names and all(np.isfinite(f).all() for f in self.value(self.loop["θ"].astype(np.float64))):
                options = {"maxcor": int(given["memory"]), "ftol": given["ftol"], "gtol": given["gtol"]}
                most = self.settings.epochs
                from threadpoolctl import threadpool_limits

                # SciPy's small products are slower with threads of BLAS, many times so beside others who compute
                with np.errstate(all="ignore"), threadpool_limits(1, user_api="blas"):
                    self.scipy(
                        self.value, self.loop["θ"].astype(np.float64), jac=True, method="L-BFGS-B",
                        callback=self.iterated, options={**options, "maxiter": most, "maxfun": 100 * most + 100},
                    )  # fmt: skip
            if not self.loop.epoch:  # not one iteration: the loop says what there is
                self.loop.arena.kept()[:] = self.before.kept
                self.loop.run(1)
                self.broke()
            if not self.loop.stopped:
                self.loop.stop("converged")
        except _End:
            pass
        except BaseException as error:  # handed to whoever waits
            self.error = error
        self.ending = True
        self.come_back.release()

    # --- what the training sees -----------------------------------------------------------------------------------

    def advance(self) -> None:
        """One iteration, with as many looks at the loss as its line search takes."""
        begin = time.perf_counter()
        if self.thread is None:
            self.thread = threading.Thread(target=self.minimise, daemon=True)
            self.thread.start()
        self.go.release()
        self.come_back.acquire()
        self.seconds += time.perf_counter() - begin
        if self.error is not None:
            raise self.error
        if np.isfinite(self.loop.arena.kept()).all() and self.loop.stopped != "not finite":
            self.before = self.loop.snapshot()

    def finish(self) -> None:
        """SciPy's thread sent home; the best weights put into the network."""
        self.close()
        super().finish()

    def trouble(self) -> Any:
        """The error to tell, once SciPy's thread has gone."""
        self.close()
        return super().trouble()

    def close(self) -> None:
        """End SciPy's thread, wherever it is."""
        self.ending = True
        if self.thread is not None:
            self.go.release()
            self.thread.join()
            self.thread = None
            if not self.loop.stopped:  # left in the midst of an iteration, with parameters that were only tried
                self.loop.arena.kept()[:] = self.before.kept


def fitting_of(
    net: Structure, inputs: Mapping[str, Array], held_out: Mapping[str, Array], settings: Settings
) -> Fitting:
    """The training that the optimizer wants: step by step, or L-BFGS."""
    kind = Fitting if settings.optimizer.update is not None else FullBatch
    return kind(net, inputs, held_out, settings)

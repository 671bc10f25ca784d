"""PyTorch with `torch.compile`, in two parts: forward with loss and backward, and the optimizer's step."""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar

from ..workloads import Workload
from . import Learner
from .pytorch import Eager


class Compiled(Eager):
    """The eager loop with both parts compiled; the full and the partial batch each have code of their own."""

    # the compiled optimizer counts steps in float32, and works out its corrections from that
    tolerances: ClassVar[dict[str, float]] = {"float32": 1e-4, "float64": 1e-4}

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        torch, model, loss = self.torch, self.model, self.loss
        torch._dynamo.reset()  # so many networks are not compiled in one process as a rule: begin anew
        torch._inductor.config.fx_graph_cache = False  # what compiling takes is told: nothing from a run before
        torch._functorch.config.enable_autograd_cache = False
        torch._logging.set_logs(all=logging.ERROR)
        self.forward = torch.compile(lambda x, t: loss(model(x), t), dynamic=False)
        self.update = torch.compile(self.optimizer.step)
        begin = time.perf_counter()
        self._compile()
        self.prepared = time.perf_counter() - begin

    def _compile(self) -> None:
        """Two steps of each size of batch; then back to the weights of before."""
        torch, w = self.torch, self.workload
        before = {name: value.clone() for name, value in self.model.state_dict().items()}
        for _ in range(2):
            for n in (w.batch, w.rows % w.batch):
                self.step(self.x[:n], self.t[:n])
        self.model.load_state_dict(before)
        with torch.no_grad():
            for state in self.optimizer.state.values():
                for value in state.values():
                    value.zero_()

    def step(self, x: Any, t: Any) -> Any:
        self.optimizer.zero_grad()
        loss = self.forward(x, t)
        loss.backward()
        self.update()
        return loss.detach()


def learner(w: Workload) -> Learner:
    """PyTorch's compiled training of a workload."""
    return Compiled(w)

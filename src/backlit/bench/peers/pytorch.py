"""PyTorch, eager: the loop of its tutorials."""

from __future__ import annotations

import time
from typing import Any

from ..workloads import Array, Asking, Workload
from . import Learner, Ways

THREADS = 2
PATIENCE = 4  # turns, after which one ends that should have ended long ago


def model(w: Workload) -> Any:
    """The workload as a module with its weights; a softmax belongs to the loss."""
    import torch

    torch.set_num_threads(THREADS)
    dtype = getattr(torch, w.dtype)
    activation = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "gelu": torch.nn.GELU}
    layers: list[Any] = []
    weights = w.weights()
    for number, (weight, bias) in enumerate(weights, start=1):
        linear = torch.nn.Linear(*weight.shape, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        layers.append(linear)
        if number < len(weights):
            layers += [torch.nn.BatchNorm1d(len(bias), dtype=dtype)] if w.batch_norm else []
            layers.append(activation[w.hidden]())
            layers += [torch.nn.Dropout(w.dropout)] if w.dropout else []
    if w.last == "sigmoid":
        layers.append(torch.nn.Sigmoid())
    return torch.nn.Sequential(*layers)


def loss_function(w: Workload) -> Any:
    """Cross-entropy, or ½ mean squared error."""
    import torch

    half = torch.nn.MSELoss()
    return torch.nn.CrossEntropyLoss() if w.classes else lambda o, t: 0.5 * half(o, t)


def optimizer(w: Workload, net: Any) -> Any:
    """With PyTorch's defaults but for the learning rate."""
    import torch

    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[w.optimizer]
    return kind(net.parameters(), lr=w.learning_rate)


class Eager(Learner):
    """zero_grad, forward, backward, step; rows taken by index from a permutation."""

    def __init__(self, workload: Workload) -> None:
        import torch

        super().__init__(workload)
        self.torch, self.model, self.loss = torch, model(workload), loss_function(workload)
        self.optimizer = optimizer(workload, self.model)
        x, t = workload.data()
        self.x, self.t = torch.from_numpy(x), torch.from_numpy(t)

    def epoch(self, order: Array) -> Any:
        rows = self.torch.from_numpy(order)
        losses = []
        for part in rows.split(self.workload.batch):
            losses.append(self.step(self.x[part], self.t[part]))
        return losses

    def turn(self, seconds: float) -> float:
        """Whole epochs; where the cores are busy a step takes a hundred times as long, and the turn ends within one."""
        orders = [self.torch.from_numpy(self.workload.order(self.done + i)) for i in range(self.pace)]
        steps, begin = 0, time.perf_counter()
        for rows in orders:
            for part in rows.split(self.workload.batch):
                self.step(self.x[part], self.t[part])
                steps += 1
                if time.perf_counter() - begin > PATIENCE * seconds:
                    break
        took = time.perf_counter() - begin
        self.done += len(orders)
        self.pace = max(1, round(seconds / took * steps / self.workload.batches))
        return took / steps * 1e6

    def step(self, x: Any, t: Any) -> Any:
        """One step; returns its loss."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), t)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def finish(self, found: Any) -> None:
        """Nothing is under way when a step returns."""

    def loss_of(self, found: Any) -> float:
        w = self.workload
        counts = [min(w.batch, w.rows - i * w.batch) for i in range(w.batches)]
        return sum(float(loss) * n for loss, n in zip(found, counts, strict=True)) / w.rows


def learner(w: Workload) -> Learner:
    """PyTorch's training of a workload."""
    return Eager(w)


def answerer(asking: Asking) -> Ways:
    """All rows at once, and in batches; under `inference_mode`."""
    import torch

    w = asking.network
    net = model(w).eval()
    net = torch.nn.Sequential(net, torch.nn.Softmax(dim=1)) if w.classes else net

    def whole(x: Array) -> Array:
        with torch.inference_mode():
            answers: Array = net(torch.from_numpy(x)).numpy()
        return answers

    def batches(size: int) -> Any:
        def answer(x: Array) -> Array:
            with torch.inference_mode():
                parts = [net(part) for part in torch.from_numpy(x).split(size)]
                answers: Array = torch.cat(parts).numpy()
            return answers

        return answer

    return {"whole": whole} | ({f"batches of {n}": batches(n) for n in (512, 4096)} if asking.rows > 512 else {})

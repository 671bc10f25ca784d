"""A training step as a page of NumPy: forward, backward, Adam.  What the guard compares with."""

from __future__ import annotations

import numpy as np


class Plain:
    """A network of ReLU layers, trained on a workload's rows in the workload's order; all numbers are float32."""

    def __init__(self, w):
        self.w, self.k = w, 0
        self.p = [a.copy() for pair in w.weights() for a in pair]
        self.m, self.v = ([np.zeros_like(a) for a in self.p] for _ in range(2))
        self.x, t = w.data()
        self.t = np.eye(w.sizes[-1], dtype=w.dtype)[t] if w.classes else t

    def forward(self, x):
        """The activation of every layer, the input first; the last one is linear."""
        values = [x]
        for weight, bias in zip(self.p[0::2], self.p[1::2], strict=True):
            u = values[-1] @ weight + bias
            values.append(np.maximum(u, 0) if len(values) < len(self.w.sizes) - 1 else u)
        return values

    def step(self, rows):
        """One step of Adam; returns the loss before it."""
        values, t = self.forward(self.x[rows]), self.t[rows]
        o = softmax(values[-1]) if self.w.classes else values[-1]
        loss = -np.log((o * t).sum(axis=1)).mean() if self.w.classes else 0.5 * ((o - t) ** 2).mean()
        delta, self.k = (o - t) / np.float32(len(t)), self.k + 1  # for both losses
        for at in range(len(self.p) - 2, -1, -2):
            before = values[at // 2]
            gradients = before.T @ delta, delta.sum(axis=0)
            if at:
                delta = (delta @ self.p[at].T) * (before > 0)
            for place, g in enumerate(gradients, start=at):
                self.update(place, g)
        return loss

    def update(self, place, g):
        """Adam with its bias corrections, in place."""
        p, m, v = self.p[place], self.m[place], self.v[place]
        m += np.float32(0.1) * (g - m)
        v += np.float32(0.001) * (g * g - v)
        rate = np.float32(self.w.learning_rate / (1 - 0.9**self.k))
        p -= rate * m / (np.sqrt(v / np.float32(1 - 0.999**self.k)) + np.float32(1e-8))

    def epoch(self, number):
        """All batches of an epoch, the last one partial; returns the mean loss over its rows."""
        order, batch = self.w.order(number), self.w.batch
        parts = [order[i : i + batch] for i in range(0, len(order), batch)]
        return sum(float(self.step(part)) * len(part) for part in parts) / len(order)

    def predict(self, x):
        """The answers for rows x: shares of the classes, or numbers."""
        o = self.forward(x)[-1]
        return softmax(o) if self.w.classes else o


def softmax(u):
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

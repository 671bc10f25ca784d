"""The network that people use: structure, training, prediction, file."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BacklitError, fail
from ...nn import Dense, Layer
from ...nn.initial import initializer
from ...nn.layers.base import activation_of
from ...nn.objective import WEIGHT, Objective
from ...ops.loss import called, loss_named
from ..loop import notices, sequential
from ..loop.fitting import Fitting
from ..loop.full_batch import fitting_of
from ..loop.predicting import Predictor
from ..loop.probe import probed
from ..loop.settings import Settings
from ..rows import metrics, targets, weights
from ..rows.arrays import as_array, as_matrix
from ..rows.label_scores import edge_of
from .reworking import Reworked
from .showing import Shown, network_card, network_rows

if TYPE_CHECKING:
    from ...core.graph import Node
    from ...data import Preparation
    from ...lens.trace import Trace
    from .run import Run

Array = np.ndarray[Any, Any]


class Network(Reworked, Shown):
    """A neural network: layers in a list, or links from inputs to an output.

    Parameters
    ----------
    layers : list of Layer
        In order; the number of inputs is inferred from the data unless an `Input` comes first.
    outputs : Link, optional
        For networks with branches: `Network(x, y)`, where x is an `Input(...)()` or a list of them.

    Examples
    --------
    >>> from backlit.nn import Dense
    >>> import numpy as np
    >>> x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> net = Network([Dense(8, "tanh"), Dense(2, "softmax")])
    >>> run = net.fit(x, t, epochs=300, learning_rate=0.05, batch_size=4)
    >>> net.predict(x).argmax(axis=1).tolist()
    [0, 1, 1, 0]
    """

    preparation: Preparation | None = None
    task: str = ""
    loss: str = ""
    _made_at: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._predictors: dict[str, Predictor] = {}
        self.loss_options: dict[str, Any] = {}

    def __copy__(self) -> Network:
        """The same layers with parameters that can be replaced on their own."""
        other: Network = type(self).__new__(type(self))
        vars(other).update(vars(self))
        other.values, other._predictors = dict(self.values), {}
        return other

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the network, without the forward passes that were made for it."""
        return {**self.__dict__, "_predictors": {}}

    # --- training ---------------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        t: Any,
        *,
        validation: Any = None,
        loss: str | None = None,
        loss_options: Mapping[str, Any] | None = None,
        initial: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        watch: Callable[[Fitting], None] | None = None,
        ready: Callable[[Fitting], None] | None = None,
        left: list[Run] | None = None,
        **settings: Any,
    ) -> Run:
        """Train on rows x with targets t; the best weights (by validation loss, else training loss) are kept.

        Parameters
        ----------
        x : array of shape (rows, features), or a list of them for several inputs
        t : array
            Class numbers of shape (rows,) or shares of shape (rows, classes) for losses of classes; numbers of shape
            (rows,) or (rows, outputs) for the others.
        validation : (x, t) or (x, t, sample_weight), optional
            Rows held out: judged after every epoch, by the same loss without penalties.
        loss : str, optional
            A name (docs/losses.md), a name with options ("huber(delta=2)"), or a formula in o and t
            ("abs(t - o) ** 1.5").  By default cross-entropy after softmax, log_softmax or
            softmin, else squared error.
        loss_options : mapping
            reduction ("mean", "sum", "rows"), and the parameters of the loss.  The network keeps them with its loss:
            a further `fit` in which no loss is named has them too, and so has the model's file.
        sample_weight : array of shape (rows,), optional
            E = Σ wᵢ eᵢ / Σ wᵢ: a row of weight 2 counts as two rows, one of weight 0 is not there.
        class_weight : "balanced", mapping or list, optional
            A weight for each class, by which the rows' weights are multiplied, held-out rows' too; "balanced" is
            rows / (classes · rows of the class).
        label_smoothing : float
            Targets of classes are mixed with 1 / classes (with ½ for sigmoid outputs): (1 - s) t + s / classes.
        l1, l2 : float
            Penalties as terms of E: l1 · Σ|w| + l2/2 · Σ w² over the weights, not the biases (penalty="all": all).
        initial : str, pair or Initializer, optional
            How weights begin that are not there yet, in Dense layers without a rule of their own: "orthogonal",
            ("normal", 0.1), …; "lsuv" fits them to the rows (`initialize_from`).
        watch : callable
            Called with the `Fitting` about twenty times a second.
        ready : callable, optional
            Called with the `Fitting` before its first step.
        left : list, optional
            The run is put into it before training begins: what there is after an interruption.
        optimizer, learning_rate, batch_size, epochs, patience, seed, shuffle, dtype, engine, threads, time_budget
            See `Settings`; patience 0 never stops early, a time budget (seconds) stops it between two steps.  The rate
            "auto" is found by a probe of the loss.
        schedule, warm_up, clip_norm, clip_value
            How the rate changes ("cosine", or `backlit.optim.step(step_size=10)`), epochs in which it grows to its
            full size, and limits for the gradient; 0 is none.  Further names are settings of the optimizer:
            momentum, weight_decay, beta1 …
        **settings
            The names of the last three entries and of label_smoothing, l1, l2.

        Returns
        -------
        Run

        Raises
        ------
        ParameterError
            BL310, when a batch has a single row and the network a BatchNorm.
        TrainingError
            BL601, when the loss is not finite; the best weights so far are in the network.
        """
        from .run import Origin, Run

        kept = self.loss_options if loss is None and self.loss else {}
        own = {**kept, **called(loss)[1], **(loss_options or {})}
        given = Settings.of(
            loss=loss or self.loss or self._default_loss(), loss_options=own,
            class_weight=weights.plain(class_weight), **settings,
        )  # fmt: skip
        self.loss, self.loss_options = given.loss, {name: given.loss_options[name] for name in own}
        inputs, output = self._rows(x, t, connect=True), self.build().output
        targets.check_outputs(loss_named(self.loss), output, given.loss_options)
        held = () if validation is None else _held_out(validation)
        held_out = self._rows(*held[:2], output=output) if held else {}
        if class_weight is not None or sample_weight is not None or len(held) == 3:
            given = replace(given, weighted=True)
            aim = Objective.of(**given.objective())
            learned = inputs["t"]
            inputs[WEIGHT] = weights.column(sample_weight, class_weight, learned, learned, aim)
            if held_out:
                held_out[WEIGHT] = weights.column((*held, None)[2], class_weight, held_out["t"], learned, aim)
        self._begin(inputs, initial, given)
        for name in self.values:
            self.values[name] = np.ascontiguousarray(self.values[name], dtype=given.dtype)
        self._predictors.clear()
        given, found = probed(self, inputs, given)
        start = copy.copy(self)
        start.values = {name: value.copy() for name, value in self.values.items()}
        fitting = fitting_of(self, inputs, held_out, given)
        run = Run(self, given)
        run.origin = Origin(start.values, inputs, held_out, given)
        run.again = functools.partial(fitting_of, start, inputs, held_out, given)
        if found is not None:
            run.facts["rate_probe"] = found.told()
        run.notices = notices.before_training(fitting.built, given)
        if left is not None:
            left.append(run)
        if ready is not None:
            ready(fitting)
        try:
            fitting.run(watch)
        except BacklitError as error:
            run.origin.trouble.append(error)
            raise
        finally:
            run.take(fitting)
        return run

    def _begin(self, rows: Mapping[str, Array], initial: Any, given: Settings) -> None:
        """Draw the weights that are not there yet."""
        new = [
            layer for layer in self.layers()
            if isinstance(layer, Dense) and layer.weights is None and f"{layer.name}.weight" not in self.values
        ]  # fmt: skip
        if initial is not None and initial != sequential.NAME:
            rule = initializer(initial)
            for layer in new:
                layer.weights = rule
        self.prepare(self.features, seed=given.seed, dtype=given.dtype)
        if initial == sequential.NAME:
            sequential.layer_sequential(self, rows, seed=given.seed, only=[layer.name for layer in new])

    def _default_loss(self) -> str:
        last = self.chain[-1] if self.chain else self.last
        return "cross_entropy" if activation_of(last) in ("softmax", "log_softmax", "softmin") else "squared_error"

    def _rows(self, x: Any, t: Any, *, connect: bool = False, output: Node | None = None) -> dict[str, Array]:
        """Inputs by name and targets as float arrays, checked; to `connect` is to let the shapes follow from them.

        `output` is the network's, where it is known already.
        """
        many = isinstance(x, (list, tuple)) and len(self.inputs) > 1
        names = [f"x{i + 1}" for i in range(len(x))] if many else ["x"]
        rows = {n: as_matrix(n, a) for n, a in zip(names, x if many else [x], strict=True)}
        widths = [a.shape[1] for a in rows.values()]
        if connect:
            self.connect(widths)
        elif widths != self.features:
            raise fail("BL102", expected=self.features, got=widths, where="x")
        out = int((output or self.build().output).shape[1])  # type: ignore[arg-type]
        rows["t"] = self._targets(t if isinstance(t, np.ndarray) else as_array("t", t), out)
        for a in rows.values():
            if len(a) != len(rows["t"]):
                raise fail("BL213", x_rows=len(a), t_rows=len(rows["t"]))
        return rows

    def _targets(self, t: Array, out: int) -> Array:
        """Targets of shape (rows, outputs) from class numbers or numbers, checked against the loss."""
        kind = loss_named(self.loss)
        targets.check_width(kind, out)
        if kind.classes and t.ndim == 1 and (out > 1 or kind.by == "rows"):
            found = targets.coded(targets.one_hot(t, out), kind)
        else:
            found = as_matrix("t", t.reshape(len(t), -1) if t.ndim == 1 else t)
        if found.shape[1] != out:
            raise fail("BL104", expected=out, got=found.shape[1], layer=self.last.name)
        targets.check(kind, found)
        return found

    def _width(self) -> int:
        """The width of the output, as far as it is known before the shapes are; else 0."""
        width = 0
        for layer in self.chain or [self.last]:
            width = layer.width(width)
        return width

    # --- using ------------------------------------------------------------------------------------------------

    def predict(self, x: Any) -> Array:
        """The outputs for rows x: shares of the classes after cross-entropy, else what the last layer gives.

        A loss that reads the sums u of the last layer has its activation function put after it, if it is not there:
        softmax after cross_entropy, sigmoid after binary_cross_entropy, e^u (rates) after poisson.
        A network trained by `backlit.train` takes raw rows (a table, a data frame, an array) and gives targets in
        their own unit; a single output for two classes becomes a column for each.

        Returns
        -------
        array of shape (rows, outputs)
        """
        if not self.values:
            raise fail("BL707")
        kind = loss_named(self.loss) if self.loss else None
        predictor = self._predictor((kind.reads if kind else "") or "output")
        if self.preparation is None and (quick := predictor.quick(x)) is not None:
            return quick
        if self.preparation is not None:
            given = [self.preparation.inputs(x)]
        else:
            many = isinstance(x, (list, tuple)) and len(self.inputs) > 1
            given = [as_matrix("x", a) for a in (x if many else [x])]
        got = [a.shape[1] for a in given]
        if got != self.features:
            raise fail("BL102", expected=self.features, got=got, where="x")
        out = predictor(given)
        if self.preparation is not None and self.task == "regression":
            return self.preparation.restore(out)
        if self.preparation is not None and kind is not None and len(self.preparation.classes) == 2:
            return targets.two_columns(out, kind)
        return out

    def _predictor(self, what: str) -> Predictor:
        if self._made_at != Layer.rewritten:  # a layer may have another activation function by now
            self._predictors, self._made_at = {}, Layer.rewritten
        found = self._predictors.get(what)
        if found is None:  # another thread may forget them all at any time: this one holds on to its own
            dtype = str(next(iter(self.values.values())).dtype) if self.values else "float32"
            found = self._predictors[what] = Predictor(self, what, dtype)
        return found

    def evaluate(self, x: Any, t: Any) -> dict[str, float]:
        """Loss and accuracy for classes (t: class numbers), loss, RMSE, MAE and R² for numbers.

        For several labels a row: accuracy (the share of labels told right) and exact (that of rows with all of them).
        """
        kind = loss_named(self.loss or self._default_loss())
        out, target = self.predict(x), as_array("t", t)
        if kind.classes:
            out = targets.two_columns(out, kind)
            target = targets.as_rows(target, out.shape[1], kind)
        target = as_matrix("t", target.reshape(len(target), -1) if target.ndim == 1 else target)
        if len(target) != len(out):
            raise fail("BL213", x_rows=len(out), t_rows=len(target))
        if target.shape[1] != out.shape[1]:
            raise fail("BL104", expected=out.shape[1], got=target.shape[1], layer=self.last.name)
        if targets.counts_of(target, kind, self.task) == targets.LABELS:
            yes = target > kind.between[1]
            return metrics.labels(out, yes.astype(np.float64), edge_of(kind.name))
        if targets.one_class_a_row(target, kind):
            return metrics.classes(out, target.argmax(axis=1))
        return metrics.numbers(out, target.astype(np.float64))

    def trace(self, x: Any, t: Any, **given: Any) -> Trace:
        """Every number of one step of backpropagation on rows x, targets t: see `looks.tracing.trace_network`."""
        from ..looks.tracing import trace_network

        return trace_network(self, x, t, **given)

    def save(self, path: str | Path) -> Path:
        """Write the network to a file that holds no code: safetensors, with PyTorch's keys. Read by `backlit.load`."""
        from .files import save_model

        return save_model(self, Path(path))

    def summary(self) -> list[dict[str, Any]]:
        """A row for each layer: name, kind, activation, output width, parameters."""
        built = self.build()
        rows = []
        for layer in self.layers():
            own = [v for n, v in self.parameters().items() if n.rsplit(".", 1)[0] == layer.name]
            node = built.graph.names.get(f"{layer.name}.o")
            activation = activation_of(layer)
            width = [int(s) for s in node.shape[1:]] if node is not None else []  # type: ignore[arg-type]
            kind = type(layer).__name__
            row = {"name": layer.name, "kind": kind, "output": width or None, "parameters": sum(v.size for v in own)}
            if activation:
                row["activation"] = activation
            if own:
                row["trainable"] = layer.trainable
            if hasattr(layer, "features"):
                row["output"] = [layer.features]
            rows.append(row)
        return rows

    def _card(self) -> str:
        return network_card(self)

    def _told(self) -> tuple[str, list[str], list[list[str]]]:
        return network_rows(self)

    def __repr__(self) -> str:
        return f"Network({list(self.layers())!r})"


def _held_out(given: Any) -> tuple[Any, ...]:
    if not isinstance(given, (list, tuple)) or len(given) not in (2, 3):
        raise fail("BL212", name="validation", expected="(x, t)", got=type(given).__name__)
    return tuple(given)

"""A case as a Backlit program: its layers, its loss, its optimizer, its rows, by the rules of the README."""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass
from typing import Any

import generators
import numpy as np
from rules import varied

from backlit import Activation, BatchNorm, Dense, Dropout, Network
from backlit.doctor.trial import Change
from backlit.nn import initial
from backlit.training.clinic.trials import repaired, scales_of
from backlit.training.objects.run import Run

SECONDS = 20.0  # that a program may train

APART = "features only"  # each epoch the rows of x and of y are shuffled separately
MOST_ROWS = 20000  # that such epochs are written out as

KERAS_BN = {"momentum": 0.01, "eps": 1e-3}
CLIP = 1e-7  # Keras clips probabilities
ACTIVATIONS = {"linear": "identity", None: "identity"}
LOSSES = {
    "mse": "squared_error",
    "0.5*mse": "squared_error(half=True)",
    "mae": "absolute_error",
    "sum of squared errors": "squared_error(reduction='sum')",
    "mean((pred(n,1) - y(n,))^2)": "squared_error",
    "binary_crossentropy": f"binary_cross_entropy_from_probabilities(clip={CLIP})",
    "categorical_crossentropy": f"cross_entropy_from_scores(clip={CLIP})",
    "sparse_categorical_crossentropy": f"cross_entropy_from_scores(clip={CLIP})",
    "sparse_categorical_crossentropy (expects probabilities)": f"cross_entropy_from_scores(clip={CLIP})",
    "categorical_crossentropy_from_logits": "cross_entropy",
    "softmax_crossentropy_with_logits": "cross_entropy",
    "sigmoid_crossentropy_with_logits": "binary_cross_entropy",
    "poisson": f"o - t * log(o + {CLIP})",
    "binary cross-entropy formula on RAW outputs": "-t * log(o) - (1 - t) * log(1 - o)",
    "-mean(y*log(clip(pred,1e-10,1)))": "-t * log(max(min(o, 1), 1e-10))",
    "-sum(y*log(softmax)) over the batch": "cross_entropy_from_probabilities(reduction='sum')",
    "-sum(y*log(softmax)) over the whole batch (hand written, no clipping)":
        "cross_entropy_from_probabilities(reduction='sum')",
}  # fmt: skip
APPLIES = {
    "categorical_crossentropy_from_logits": "softmax",
    "softmax_crossentropy_with_logits": "softmax",
    "sigmoid_crossentropy_with_logits": "sigmoid",
}
SPARSE = ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy (expects probabilities)")


class CannotRun(Exception):
    """The case asks for something that this package does not have (yet)."""


@dataclass
class Program:
    """What is handed to Backlit, and how the answers are judged."""

    case: dict[str, Any]
    data: dict[str, Any]
    x: np.ndarray
    y: np.ndarray
    x_eval: np.ndarray
    t_eval: np.ndarray
    threshold: float

    def network(self) -> Network:
        made = layers(self.case, self.x.shape[1])
        again = APPLIES.get(parts_of_loss(self.case)[0])
        if again and self.case["layers"][-1].get("activation") == again:
            made.append(Activation(again))  # this loss applies it to the outputs, whatever they are
        return Network(made)

    def settings(self) -> dict[str, Any]:
        case = self.case
        loss, l2 = loss_of(case)
        given = {
            "loss": loss,
            "l2": 2 * l2,
            "batch_size": min(case["batch_size"], len(self.x)),
            "epochs": case["epochs"],
        }
        return {**given, **optimizer_of(case)}

    def metric(self, net: Network) -> float:
        """Accuracy or R² as the README defines them, on the rows it names."""
        out = np.asarray(forward(net, self.x_eval), np.float64)
        return score(out, self.t_eval, self.data["task"], self.data["k"], self.threshold)

    def metric_of(self, run: Run, change: Change) -> float:
        """The metric of the program with a change of the doctor's, in the units of the program's own rows."""
        scales = scales_of(run.origin.inputs, change)
        x = self.x_eval
        if "x" in scales:
            x = (x - scales["x"][0]) / scales["x"][1]
        made = repaired(run, change, seconds=SECONDS)
        out = np.asarray(forward(made.last or made.network, x), np.float64)
        if "t" in scales:
            out = out * scales["t"][1] + scales["t"][0]
        own = not (change.stack or change.head or change.layers)
        return score(out, self.t_eval, self.data["task"], self.data["k"], self.threshold if own else 0.5)


def forward(net: Network, x: np.ndarray) -> np.ndarray:
    """What the last layer gives, whatever the loss would make of it."""
    return net._predictor("output")([x])


def program(case: dict[str, Any], *, fixed: bool) -> Program:
    """The case as written or with its repair, in the sizes of a quick run."""
    chosen = shrunk(patched(case) if fixed else case, case, fixed)
    spec = chosen["data_spec"]
    maker = getattr(generators, f"gen_{spec['gen']}", None)
    if maker is None:
        raise CannotRun(f"data: {spec['gen']}")
    check_layers(chosen)
    data = maker(spec, np.random.default_rng(spec.get("seed", 0)))
    flat = chosen["layers"][0]["type"] == "flatten"
    if data["task"] == "steps" or (data["x"].ndim != 2 and not flat):
        raise CannotRun("data: more than one axis")
    y = encoded(data["t"], data["task"], data["k"], spec.get("target"))
    x, x_eval = (data[name].reshape(len(data[name]), -1) for name in ("x", "x_eval"))
    t_eval = data["t_eval"]
    if how := chosen.get("scale_x"):
        scale = scaler(x, how)
        x, x_eval = rescaled(x, scale), rescaled(x_eval, scale)
    if how := chosen.get("scale_y"):
        scale = scaler(data["t"], how)
        y, t_eval = rescaled(data["t"], scale), rescaled(t_eval, scale)
    if chosen.get("shuffle") == APART:
        x, y = apart(x, y, chosen)
    name, _ = parts_of_loss(chosen)
    logits = name.endswith("logits")
    threshold = chosen.get("decision_threshold", 0.0 if logits else 0.5)
    if name in SPARSE and y.shape[1] == 1:
        y = y[:, 0].astype(np.int64)
    return Program(chosen, data, x, y, x_eval, t_eval, threshold)


# ---- the repair and the sizes --------------------------------------------------------------------------------


def patched(case: dict[str, Any]) -> dict[str, Any]:
    """The repaired twin: the case with its `fix_patch` applied."""
    c = copy.deepcopy(case)
    patch = case.get("fix_patch") or {}
    for key, value in patch.items():
        place = re.fullmatch(r"layers\[(-?\d+)\](\.activation)?", key)
        if place:
            i = int(place[1])
            c["layers"][i] = {**c["layers"][i], "activation": value} if place[2] else value
        elif key == "hidden":
            first = case["layers"][0]["activation"]
            c["layers"] = [{"type": "dense", "units": u, "activation": first} for u in value] + [c["layers"][-1]]
        elif key == "hidden_activation":
            for layer in c["layers"][:-1]:
                if layer["type"] in ("dense", "conv2d"):
                    layer["activation"] = value
        elif key == "init":
            c["init"] = "glorot_uniform" if (c.get("init") or "").endswith("no biases") else c.get("init")
            for layer in c["layers"]:
                if layer["type"] in ("dense", "conv2d"):
                    layer["init"] = value
            c["layers"][-1]["init"] = "glorot_uniform"
        elif key == "bias":
            c["bias_init"] = value
        elif key == "target":
            c["data_spec"]["target"] = value
        elif key == "data_spec":
            c["data_spec"].update(value)
        elif key == "optimizer":
            c["optimizer"] = value
            if "optimizer_args" not in patch:
                c["optimizer_args"] = {}
        else:
            c[key] = value
    return c


def shrunk(chosen: dict[str, Any], case: dict[str, Any], fixed: bool) -> dict[str, Any]:
    """Sizes for a quick run: the field `toy`."""
    c, toy = copy.deepcopy(chosen), case.get("toy") or {}
    for key in ("n_samples", "n_features", "shape"):
        if key in toy:
            c["data_spec"][key] = toy[key]
    for key in ("batch_size", "epochs"):
        if fixed and f"fixed_{key}" in toy:
            c[key] = toy[f"fixed_{key}"]
        elif key in toy and not (fixed and key in (case.get("fix_patch") or {})):
            c[key] = toy[key]
    return c


# ---- targets -------------------------------------------------------------------------------------------------


def encoded(t: np.ndarray, task: str, k: int, how: str | None) -> np.ndarray:
    """The column(s) that the program trains on."""
    if task == "class":
        if how == "onehot":
            return np.eye(k)[t]
        return (t / 255.0)[:, None] if how == "int/255" else t[:, None].astype(float)
    return t.astype(float)


def scaler(a: np.ndarray, how: str) -> tuple[Any, Any]:
    a = a.reshape(len(a), -1).astype(float)
    if how == "standard":
        spread = a.std(0)
        return a.mean(0), np.where(spread > 0, spread, 1.0)
    if how == "minmax":
        width = np.ptp(a, axis=0)
        return a.min(0), np.where(width > 0, width, 1.0)
    if how == "div255":
        return 0.0, 255.0
    raise CannotRun(f"scale: {how}")


def apart(x: np.ndarray, y: np.ndarray, case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The rows as a program meets them that shuffles inputs and targets separately each epoch: those of its epochs."""
    times = min(case["epochs"], max(1, MOST_ROWS // len(x)))
    case["epochs"] = -(-case["epochs"] // times)
    rng = np.random.default_rng(0)
    return np.concatenate([x] * times), np.concatenate([y[rng.permutation(len(y))] for _ in range(times)])


def rescaled(a: np.ndarray, scale: tuple[Any, Any]) -> np.ndarray:
    return ((a.reshape(len(a), -1) - scale[0]) / scale[1]).reshape(a.shape)


# ---- layers --------------------------------------------------------------------------------------------------


def check_layers(case: dict[str, Any]) -> None:
    unknown = {layer["type"] for layer in case["layers"]} - {"dense", "dropout", "batchnorm", "flatten"}
    if unknown:
        raise CannotRun("layers: " + ", ".join(sorted(unknown)))


def layers(case: dict[str, Any], features: int) -> list[Any]:
    whole = case.get("init") or ""
    default = "trunc normal 0.1" if whole.startswith("truncated normal 0.1") else "glorot_uniform"
    bias: Any = 0.0
    if case.get("bias_init"):
        bias = initializer(case["bias_init"])
    elif "weights and biases" in whole:
        bias = initial.normal(1.0)
    elif re.search(r"bias (constant )?0\.1", whole):
        bias = 0.1
    made: list[Any] = []
    for layer in case["layers"]:
        if layer["type"] == "dense":
            words = layer.get("init") or default
            no_bias = "no bias" in words or "no biases" in whole
            activation = ACTIVATIONS.get(layer["activation"], layer["activation"])
            own = {"weights": initializer(words), "bias": not no_bias, "biases": bias}
            made.append(Dense(layer["units"], activation, **own))
        elif layer["type"] == "dropout":
            made.append(Dropout(layer["rate"]))
        elif layer["type"] == "batchnorm":
            made.append(BatchNorm(**KERAS_BN))
    return made


def initializer(words: str) -> Any:
    """glorot_uniform, normal(0,0.05), trunc normal 0.5, zeros …"""
    words = words.replace("truncated", "trunc")
    if words.startswith(("glorot", "he", "lecun")) and "bias" in words:
        words = words.split(",")[0]
    numbers = [float(v) for v in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", words.replace("2/14", ""))]
    if "zeros" in words:
        return initial.zeros()
    if words.startswith("constant"):
        return initial.constant(numbers[0])
    if "sqrt(2/14)" in words:
        return initial.truncated_normal(math.sqrt(2 / 14))
    if words.startswith("trunc"):
        return initial.truncated_normal(numbers[-1])
    if words.startswith("normal"):
        return initial.normal(numbers[1])
    if words.startswith("uniform"):
        return initial.uniform(numbers[1])
    family = {"glorot": initial.xavier, "he": initial.he, "lecun": initial.lecun}.get(words.split("_")[0])
    if family is None:
        raise CannotRun(f"init: {words}")
    return family(distribution="uniform" if "uniform" in words else "normal")


def parts_of_loss(case: dict[str, Any]) -> tuple[str, float]:
    """The data loss and the weight of the penalty."""
    found = re.fullmatch(r"(.*?) \+ ([\d.e-]+)\*? ?L2", case["loss"])
    name, l2 = (found[1], float(found[2])) if found else (case["loss"], 0.0)
    return name, float(case.get("l2", l2))


def loss_of(case: dict[str, Any]) -> tuple[str, float]:
    name, l2 = parts_of_loss(case)
    if name not in LOSSES:
        raise CannotRun(f"loss: {name}")
    return LOSSES[name], l2


def optimizer_of(case: dict[str, Any]) -> dict[str, Any]:
    """Keras' rules: the same formulas as ours, with ε = 1e-7."""
    more = case.get("optimizer_args") or {}
    eps, momentum = more.get("epsilon", CLIP), more.get("momentum", 0.0)
    kind = case["optimizer"]
    if kind not in ("sgd", "adam", "rmsprop"):
        raise CannotRun(f"optimizer: {kind}")
    own = {"sgd": {"momentum": momentum} if momentum else {}, "adam": {"eps": eps},
           "rmsprop": {"alpha": 0.9, "eps": eps}}  # fmt: skip
    name = ("nesterov" if more.get("nesterov") else "momentum") if kind == "sgd" and momentum else kind
    name = varied(name, sign=case.get("grad_sign", 1), decay=more.get("decay", 0.0))
    return {"optimizer": name, "learning_rate": case["lr"], **own[kind]}


# ---- metric --------------------------------------------------------------------------------------------------


def score(out: np.ndarray, t: np.ndarray, task: str, k: int, threshold: float = 0.5) -> float:
    """Accuracy (classes, labels that vary) or R², the mean over the targets."""
    if not np.isfinite(out).all():
        return float("nan")
    if task == "regression":
        t = t if t.ndim == 2 else t[:, None]
        total = ((t - t.mean(0)) ** 2).sum(0)
        with np.errstate(over="ignore"):
            wrong = ((t - out) ** 2).sum(0)
        kept = np.broadcast_to(total > 0, wrong.shape)
        return float(np.mean(1 - (wrong / np.where(total > 0, total, 1))[kept]))
    if task == "multilabel":
        vary = t.std(0) > 0
        return float(((out > threshold) == (t > 0.5))[:, vary].mean())
    if out.shape[1] == 1:
        found = (out[:, 0] > threshold).astype(int) if k == 2 else np.round(out[:, 0])
    else:
        found = out.argmax(1)
    return float((found == t).mean())

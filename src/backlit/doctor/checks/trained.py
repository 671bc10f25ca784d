"""Whether every parameter is trained, and whether the network in training is the one that is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.graph import reachable
from ...nn.builder import Built
from ...nn.objective import what_it_reads
from ..finding import Finding, check
from ..forward import compute, some_rows
from ..patient import Patient
from ..skill import skill_of
from ..slopes import flat, surrogate
from ..trial import BATCH, Change

if TYPE_CHECKING:
    from ...core.graph import Node

Array = np.ndarray[Any, Any]
HALF = 0.5  # more weights that stand still than move; less skill in use than half of that in training
BEHIND = ("DR206", "DR301", "DR402", "DR403", "DR503", "DR504")


# ---- parameters that are not trained -------------------------------------------------------------------------


@check("DR111", number=28, category="other", stage="structure", explains=BEHIND)
def not_trained(patient: Patient) -> Iterator[Finding]:
    """Parameters that stay as they are: out of reach of the error signal, frozen, or with steps that rounding eats."""
    built = patient.build()
    if surrogate(patient):
        return
    yield from _out_of_reach(patient, built)
    yield from _frozen(patient, built)
    yield from _rounded_away(patient)


def _out_of_reach(patient: Patient, built: Built) -> Iterator[Finding]:
    """What no error signal reaches: every path to the loss leads through a function that is flat, or there is none."""
    assert built.loss is not None
    seen: set[Node] = set()
    stack = [built.loss]
    walls: list[Node] = []
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if flat(node):
                walls.append(node)
            else:
                stack.extend(node.args)
    lost = [p for p in built.trained if p not in seen]
    if not lost or built.output in walls:
        return  # a flat output is DR102
    joined = set(reachable([built.loss]))
    names = [p.name for p in lost]
    where = {n.name.rpartition(".")[0]: n for n in walls}
    facts: dict[str, Any] = {"names": names, "count": len(names), "of": len(built.trained), "harmless": True}
    if any(p not in joined for p in lost):
        yield Finding("DR111", "proved", {**facts, "how": "path", "layer": names[0].rpartition(".")[0]})
        return
    layer, wall = next(iter(where.items()))
    name = wall.op.name if wall.op is not None else ""
    steps = {n: patient.with_activation(n, "step_sigmoid") for n in where if n in patient.units}
    bent = {n: patient.with_activation(n, "tanh") for n in where if n in patient.units}
    changes = (
        Change("surrogate", layers=steps, facts={"activation": "step_sigmoid", "layer": layer}),
        Change("hidden_activation", layers=bent, facts={"activation": "tanh"}),
    )
    facts |= {"how": "flat", "layer": layer, "activation": name, "category": "saturating/vanishing"}
    yield Finding("DR111", "proved", facts, changes)


def _frozen(patient: Patient, built: Built) -> Iterator[Finding]:
    """What was told to stay: a suspicion, unless nothing is left that is trained."""
    if not built.frozen:
        return
    layers = list(dict.fromkeys(p.name.rpartition(".")[0] for p in built.frozen))
    known = {layer.name: layer for layer in patient.net.layers()}
    freed = {
        name: {"trainable": True, **({"trainable_bias": True} if hasattr(known[name], "trainable_bias") else {})}
        for name in layers if name in known
    }  # fmt: skip
    names = [p.name for p in built.frozen]
    facts = {"how": "frozen" if built.trained else "all_frozen", "names": names, "layer": layers[0],
             "count": len(names), "of": len(names) + len(built.trained)}  # fmt: skip
    change = Change("unfreeze", layers=freed, facts={"names": layers})
    yield Finding("DR111", "suspected" if built.trained else "proved", facts, (change,))


def _rounded_away(patient: Patient) -> Iterator[Finding]:
    """Weights with a gradient that the step leaves as they were: it is below half a unit of their last digit."""
    lost: dict[str, float] = {}
    steps: dict[str, tuple[float, float]] = {}
    for name in patient.start:
        seen = [look.parameters[name] for look in patient.course if name in look.parameters]
        if not seen:
            continue
        lost[name] = float(np.median([one.get("lost", 0.0) for one in seen]))
        steps[name] = (float(np.median([one["w"] for one in seen])), float(np.median([one["g"] for one in seen])))
    still = {name: share for name, share in lost.items() if share > HALF}
    if not still:
        return
    name = max(still, key=lambda n: still[n])
    w, g = steps[name]
    dtype = patient.start[name].dtype
    every = len(still) == len(lost)
    facts = {
        "how": "rounding", "names": list(still), "name": name, "layer": name.rpartition(".")[0], "share": still[name],
        "w": w, "g": g, "ulp": float(np.spacing(dtype.type(w))) / 2, "dtype": str(dtype), "count": len(still),
        "of": len(lost), "rate": patient.rate, "harmless": True,
        "later": not every,  # some layers only: their gradients are small because of what stands behind them
        "category": "lr_too_low" if every else "saturating/vanishing",
    }  # fmt: skip
    changes: tuple[Change, ...] = (Change("dtype", settings={"dtype": "float64"}, facts={"dtype": "float64"}),)
    if patient.rate:
        # by which all steps together can move a weight by its own size: of g itself, or of its sign
        made = max(int(patient.settings.get("steps") or 0), 1)
        rates = (float(f"{w / (size * made):.2g}") for size in (g, 1.0) if size > 0)
        changes += tuple(Change("learning_rate", settings={"learning_rate": r}, facts={"rate": r}) for r in rates if r)
    yield Finding("DR111", "proved", facts, changes)


# ---- training and use ----------------------------------------------------------------------------------------


@check("DR113", number=30, category="other", stage="end", explains=BEHIND)
def another_in_use(patient: Patient) -> Iterator[Finding]:
    """A network that answers otherwise in use than in training, or whose rows have a say in each other's answers."""
    yield from _mixed_rows(patient)
    yield from _random_output(patient)
    patient.ask()
    yield from _two_modes(patient)


def _mixed_rows(patient: Patient) -> Iterator[Finding]:
    """Rows whose answers change when other rows of the batch do: exactly none may.

    In training layers that say so (they need several rows) may mix them.
    """
    rows = some_rows(patient, 32)
    count = len(rows["t"])
    if count < 2:
        return
    names = [link.layer.name for link in patient.net.inputs]
    half = count // 2
    other = {n: np.concatenate([rows[n][:half], rows[n][half:] * 2 + 1]) for n in names}
    declared = any(layer.least_rows > 1 for layer in patient.net.layers())
    for training in (False, True)[: 1 if declared else 2]:
        built = patient.net.build(training=training)
        keep = {"o": built.output, **{n: v for n, v in built.graph.names.items() if n.endswith(".o")}}
        patient.ask()
        one = compute(keep, {**patient.end, **rows}, count)
        two = compute(keep, {**patient.end, **rows, **other}, count)
        moved = {n: np.nan_to_num(np.abs(one[n][:half] - two[n][:half])) for n in keep}
        if moved["o"].max(initial=0.0) > 0:
            row = int(np.argmax(moved["o"].max(axis=tuple(range(1, moved["o"].ndim)))))
            where = [n for n in built.graph.names if n.endswith(".o") and moved[n].max(initial=0.0) > 0]
            layer = where[0].rpartition(".")[0] if where else ""
            facts = {"how": "rows", "row": row, "change": float(moved["o"].max()), "training": training,
                     "layer": layer, "rows": count - half}  # fmt: skip
            yield Finding("DR113", "proved", facts, tuple(_by_row(patient, [layer], ("LayerNorm", "BatchNorm"))))
            return


def _by_row(patient: Patient, layers: list[str], kinds: tuple[str, ...]) -> Iterator[Change]:
    """Layers in place of these whose answer for a row asks for no other row, in use at least.

    Of a single feature a row has no spread: LayerNorm would make a constant of it.
    """
    names = patient.built.graph.names
    widths = [int(names[f"{n}.o"].shape[-1]) for n in layers if f"{n}.o" in names]  # type: ignore[arg-type]
    for kind in kinds:
        if len(widths) == len(layers) and (kind != "LayerNorm" or min(widths) > 1):
            yield Change("normalise", layers={n: {"kind": kind} for n in layers}, facts={"kind": kind, "names": layers})


def _random_output(patient: Patient) -> Iterator[Finding]:
    """Random numbers behind the last weights: no weight can answer for what they do to the outputs."""
    built = patient.build()
    owners = {
        layer.name: layer for layer in patient.net.layers() if getattr(layer, "rate", 0) or getattr(layer, "std", 0)
    }
    stack, seen = [what_it_reads(built, patient.aim.kind)], set()
    layer, met = "", False
    while stack:
        node = stack.pop()
        if node in seen or node.op is None or node.op.facts.role == "linear":
            continue
        seen.add(node)
        met = met or bool(getattr(node.op, "random", False))
        layer = layer or next((n for n in owners if node.name.startswith(f"{n}.")), "")
        stack.extend(node.args)
    if met and layer:
        setting = "rate" if getattr(owners[layer], "rate", 0) else "std"
        size = float(getattr(owners[layer], setting))
        facts = {"how": "random_output", "layer": layer, "rate": size, "kind": type(owners[layer]).__name__}
        yield Finding(
            "DR113", "suspected", facts, (Change("no_noise", layers={layer: {setting: 0.0}}, facts={"layer": layer}),)
        )


def _two_modes(patient: Patient) -> Iterator[Finding]:
    """The skill of the same weights in the two modes: of what was learned less than half is left in use."""
    averaged = [layer.name for layer in patient.net.layers() if layer.buffers]
    if not averaged:
        return
    batch = int(patient.settings.get("batch_size") or 32)
    rows = some_rows(patient, max(batch, 2))  # statistics of a batch of the size that it was trained with
    count = len(rows["t"])
    out = {}
    for training in (True, False):
        keep = {"o": patient.net.build(training=training).output}
        out[training] = compute(keep, {**patient.end, **rows}, count)["o"]
    t = np.asarray(rows["t"], np.float64)
    learned, used = (skill_of(out[mode], t, patient.aim) for mode in (True, False))
    if learned > 0 and not used >= HALF * learned:
        steps = int(patient.settings.get("steps") or 0)
        facts = {"how": "modes", "layer": averaged[0], "learned": learned, "used": used, "rows": count, "steps": steps}
        # with this share of the newest batch the averages have left their start behind when half of the steps are made
        share = min(1.0, 2 * float(np.log(20)) / max(steps, 1))
        momentum = round(max(share, 0.1), 3)
        own = {n: {"momentum": momentum} for n in averaged if n}
        faster = Change("averages", layers=own, facts={"momentum": momentum})
        changes = [faster, *_by_row(patient, averaged, ("LayerNorm",))]
        if batch < BATCH <= patient.rows:  # averages over few rows are noise
            changes.append(Change("batch_size", settings={"batch_size": BATCH}, facts={"batch": BATCH}))
        yield Finding("DR113", "suspected", facts, tuple(changes))

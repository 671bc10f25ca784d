"""What is the matter with the rows themselves.

Most of it is true of a healthy training as well, so it is told beside the diagnosis and ails nobody; a target that
never varies leaves nothing to learn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..finding import Finding, check
from ..patient import Patient

Array = np.ndarray[Any, Any]
SOME = 3  # names that are told
Z = 3.0  # standard deviations of a count of coincidences (Poisson): above that it is no coincidence
NEVER = 1e-6  # pairs: none in a million such tables
EMPTY = 0.5  # of all batches without a row of a class: most steps have nothing to say of it


@check("DR112", number=29, category="other", stage="structure", explains=("DR206", "DR402", "DR403", "DR503", "DR504"))
def data_faults(patient: Patient) -> Iterator[Finding]:
    """Rows that teach nothing, contradict each other, give the answer away, or judge what they taught."""
    for part in (_constant_target, _constant_features, _leak, _repeated, _held_out, _rare_class):
        patient.clock.ask()
        yield from part(patient)


def _constant_target(patient: Patient) -> Iterator[Finding]:
    t = patient.t
    still = np.ptp(t, axis=0) == 0
    if still.all():
        facts = {"how": "target", "value": float(t[0].argmax() if t.shape[1] > 1 else t[0, 0]), "rows": len(t)}
        yield Finding("DR112", "proved", facts)
    elif still.any():
        where = np.flatnonzero(still)[:SOME].tolist()
        names = [patient.classes[i] if i < len(patient.classes) else f"t[{i}]" for i in where]
        facts = {"how": "targets", "count": int(still.sum()), "of": t.shape[1], "names": names, "rows": len(t),
                 "note": True}  # fmt: skip
        yield Finding("DR112", "proved", facts)


def _constant_features(patient: Patient) -> Iterator[Finding]:
    still = np.flatnonzero(np.ptp(patient.x, axis=0) == 0)
    if len(still):
        some = len(still) < patient.x.shape[1]  # if all are, nothing can be learned
        facts = {"how": "constant", "count": len(still), "of": patient.x.shape[1], "note": some, "root": not some,
                 "rows": len(patient.x),
                 "names": [name_of(patient, i) for i in still[:SOME].tolist()]}  # fmt: skip
        yield Finding("DR112", "proved", facts)


def _leak(patient: Patient) -> Iterator[Finding]:
    """A feature that is a target.  Where all inputs are (an autoencoder) it is what was asked for."""
    x, t = patient.x, patient.t
    answers = np.column_stack([t, t.argmax(axis=1)]) if patient.task == "classes" and t.shape[1] > 1 else t
    found = [
        (i, j) for j in range(answers.shape[1]) if np.ptp(answers[:, j]) > 0
        for i in np.flatnonzero((x[0] == answers[0, j]) & (x[-1] == answers[-1, j]))
        if np.array_equal(x[:, i], answers[:, j])
    ]  # fmt: skip
    columns = {i for i, _ in found}
    if found and len(columns) < x.shape[1]:
        facts = {
            "how": "leak",
            "name": name_of(patient, int(found[0][0])),
            "column": int(found[0][0]),
            "count": len(columns),
            "rows": len(x),
            "note": True,
        }
        yield Finding("DR112", "proved", facts)


def _repeated(patient: Patient) -> Iterator[Finding]:
    """Rows with the same inputs: with other targets they contradict; with the same they count twice."""
    x, t = patient.x, patient.t
    first, group = groups(x)
    if len(first) == len(x):
        return
    differs = (t != t[first[group]]).any(axis=1)
    against = np.isin(group, group[differs])
    if against.any():
        other = int(np.argmax(differs))
        row = int(np.flatnonzero(group == group[other])[0])
        facts: dict[str, Any] = {
            "how": "contradict", "share": float(against.mean()), "count": int(against.sum()), "rows": len(x),
            "row": row * patient.stride, "other": other * patient.stride, "one": _target(t[row]),
            "another": _target(t[other]), "line": "", "other_line": "", "note": True,
        }  # fmt: skip
        yield Finding("DR112", "proved", facts)
    first, group = groups(np.column_stack([x, t]))
    copies = np.bincount(group)
    pairs, chance = float((copies * (copies - 1) / 2).sum()), coincidences(x, t)
    if pairs > chance + Z * np.sqrt(max(chance, 1.0)):
        again = int(np.argmax(first[group] != np.arange(len(x))))
        facts = {"how": "repeat", "count": int((copies - 1).sum()), "share": float((copies - 1).sum() / len(x)),
                 "pairs": pairs, "chance": chance, "rows": len(x), "row": int(first[group[again]]) * patient.stride,
                 "other": again * patient.stride, "line": "", "other_line": "", "note": True}  # fmt: skip
        yield Finding("DR112", "proved", facts)


def _target(row: Array) -> str:
    """The target of a row, as it is said: the class of shares, else the numbers."""
    return ", ".join(f"{value:g}" for value in row)


def groups(rows: Array) -> tuple[Array, Array]:
    """Rows that are equal: the first of each group, and each row's group."""
    number: dict[bytes, int] = {}
    first: list[int] = []
    group = np.empty(len(rows), np.int64)
    for i, row in enumerate(np.ascontiguousarray(rows) + 0.0):  # -0 is 0
        group[i] = number.setdefault(row.tobytes(), len(first))
        if group[i] == len(first):
            first.append(i)
    return np.array(first), group


def every_case(x: Array) -> bool:
    """Whether the rows are all that there can be: each combination of the values that the columns take.

    Of such a table there are no new rows; to remember it is all that can be asked.
    """
    cases = 1
    for column in x.T:
        cases *= len(np.unique(column))
        if cases > len(x):
            return False
    return len(groups(x)[0]) == cases


def coincidences(x: Array, t: Array) -> float:
    """Pairs of equal rows that chance makes of such columns, if they have nothing to do with each other."""
    rows = len(x)
    share = 1.0
    for column in (*t.T, *x.T):
        if share * rows * rows < NEVER:  # the other columns make it less
            return 0.0
        _, counts = np.unique(column, return_counts=True)
        share *= float((counts * (counts - 1)).sum() / (rows * (rows - 1))) if rows > 1 else 1.0
    return share * rows * (rows - 1) / 2


def _held_out(patient: Patient) -> Iterator[Finding]:
    """Held-out rows that are training rows, too: their score says what was remembered."""
    name = patient.net.inputs[0].layer.name
    if not len(patient.held_out.get("t", ())) or name not in patient.held_out:
        return
    columns = [
        np.ascontiguousarray(np.column_stack([rows[name], rows["t"]])) for rows in (patient.inputs, patient.held_out)
    ]
    if columns[0].shape[1] != columns[1].shape[1]:
        return
    known = {row.tobytes(): i for i, row in enumerate(columns[0])}
    again = np.array([row.tobytes() in known for row in columns[1]])
    x, t = (np.asarray(patient.inputs[n][:: patient.stride], np.float64) for n in (name, "t"))
    pairs = coincidences(x, t) / max(len(x) * (len(x) - 1) / 2, 1.0)
    chance = min(float(len(again)), pairs * len(columns[0]) * len(again))
    if again.sum() > chance + Z * np.sqrt(max(chance, 1.0)):
        row = int(np.argmax(again))
        facts = {"how": "held_out", "count": int(again.sum()), "of": len(again), "row": row,
                 "other": known[columns[1][row].tobytes()], "chance": chance, "other_line": "",
                 "note": True}  # fmt: skip
        yield Finding("DR112", "proved", facts)


def _rare_class(patient: Patient) -> Iterator[Finding]:
    """A class so rare that most batches hold no row of it: (1 - p)ⁿ, the binomial chance of none in n rows."""
    t = patient.t
    if patient.task != "classes":
        return
    batch = min(int(patient.settings.get("batch_size") or 32), patient.rows)
    shares = t.mean(axis=0) if t.shape[1] > 1 else np.array([(t == t.min()).mean(), (t == t.max()).mean()])
    shares = np.where(shares > 0, shares, 1.0)
    k = int(shares.argmin())
    none = float((1 - shares[k]) ** batch)
    if none > EMPTY:
        facts = {"how": "rare", "name": patient.classes[k] if k < len(patient.classes) else str(k),
                 "share": float(shares[k]), "count": round(float(shares[k]) * patient.rows), "batch": batch,
                 "none": none, "most": float(shares.max()), "note": True}  # fmt: skip
        yield Finding("DR112", "proved", facts)


def name_of(patient: Patient, column: int) -> str:
    """What a feature is called."""
    return patient.features[column] if column < len(patient.features) else f"x[{column}]"

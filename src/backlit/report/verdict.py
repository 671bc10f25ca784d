"""The first lines of the report: how good the network is, in a sentence, and against what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .facts import finite, items, number, part, text
from .numbers import count, measured, percent, prose, wilson
from .words import Words

SETS = ("test", "validation", "train")  # the most honest first
NOT_FINITE = ("nan", "not finite")


@dataclass(frozen=True)
class Verdict:
    """`status` is "good", "even", "bad" or "plain"; `more` are the sentences below the first one."""

    status: str
    sentence: str
    more: list[str]


def is_regression(run: dict[str, Any]) -> bool:
    """Whether the run predicts numbers: by its task, else by what was measured."""
    task = text(part(run, "data"), "task")
    if task:
        return task == "regression"
    scores = [part(part(run, "result"), name) for name in SETS]
    return any(finite(found.get(key)) is not None for found in scores for key in ("rmse", "r2"))


def is_multilabel(run: dict[str, Any]) -> bool:
    """Whether a row may have several labels."""
    return text(part(run, "data"), "task") == "multilabel"


def target(run: dict[str, Any]) -> str:
    """The name of the target, several joined; "" if unknown."""
    names = items(part(run, "data"), "target")
    alone = text(part(run, "data"), "target") or text(part(run, "residuals"), "target")
    return ", ".join(str(name) for name in names) or alone


def verdict(run: dict[str, Any], words: Words) -> Verdict | None:
    """The sentence on the best evidence there is; None when nothing was measured."""
    result = part(run, "result")
    used = next((name for name in SETS if part(result, name)), None)
    main = _score(run, part(result, used), used, words) if used else ""
    stopped = _stopped(result, words)
    if not main and not stopped:
        return None
    clause = _baselines(run, words)
    if not main:
        sentence, stopped = stopped[0], stopped[1:]
    elif clause:
        sentence = words("verdict_both", main=main, baselines=clause)
    else:
        sentence = words("verdict_alone", main=main)
    status, judged = _judged(run, used, words) if used else ("plain", "")
    if text(result, "stopped") in NOT_FINITE:
        status = "bad"
    flattering = [words(f"flattering_{used}")] if main and used != "test" else []
    return Verdict(status, prose(sentence), [prose(line) for line in [judged, *flattering, *stopped] if line])


def _score(run: dict[str, Any], scores: dict[str, Any], used: str, words: Words) -> str:
    """The main clause: accuracy, or R² and RMSE in the target's unit, or just the loss."""
    rows = finite(part(part(run, "data"), "split").get(used))
    form = "unknown" if rows is None else "one" if rows == 1 else "many"
    where = words(f"where_{used}_{form}", rows=count(rows))
    accuracy, r2, rmse, loss = (number(scores.get(key)) for key in ("accuracy", "r2", "rmse", "loss"))
    exact, labels = number(scores.get("exact")), len(items(part(run, "data"), "target"))
    if accuracy is not None and exact is not None:
        facts = {"accuracy": percent(accuracy), "exact": percent(exact), "where": where}
        return words("score_labels", labels=count(labels), **facts)
    if accuracy is not None:
        rest = words("score_accuracy", accuracy=percent(accuracy), where=where)
        classes = len(items(part(run, "data"), "classes"))
        return words("score_classes", classes=count(classes), rest=rest) if classes else rest
    named = target(run)
    unit = words("unit", target=named) if named else words("unit_unknown")
    if r2 is not None and rmse is not None:
        return words("score_both", r2=measured(r2), rmse=measured(rmse), where=where, unit=unit)
    if rmse is not None:
        return words("score_rmse", rmse=measured(rmse), where=where, unit=unit)
    if r2 is not None:
        return words("score_r2", r2=measured(r2), where=where)
    return words("score_loss", loss=measured(loss), where=where) if loss is not None else ""


def _baseline(run: dict[str, Any], name: str, key: str) -> float | None:
    return finite(part(part(run, "baselines"), name).get(key))


def _baselines(run: dict[str, Any], words: Words) -> str:
    """The clause on the constant answer and the linear model, in the unit of the main clause."""
    for key, name in (("accuracy", ""), ("rmse", "RMSE "), ("r2", "R² ")):
        write = percent if key == "accuracy" else measured
        known = {model: _baseline(run, model, key) for model in ("constant", "linear")}
        said = {model: name + write(value) for model, value in known.items() if value is not None}
        if said:
            return words("baseline_" + "_".join(said), **said)
    return ""


def _judged(run: dict[str, Any], used: str, words: Words) -> tuple[str, str]:
    """What the comparison means: worse than the constant, about as good as a linear model, or better."""
    if used == "train":
        return "plain", ""  # the training rows prove nothing, whatever the numbers
    scores = part(part(run, "result"), used)
    accuracy, rmse = finite(scores.get("accuracy")), finite(scores.get("rmse"))
    rows = finite(part(part(run, "data"), "split").get(used))
    # Weighted rows tell as much as so many that count the same: (Σw)² / Σw² (Kish, Survey Sampling, 1965).
    worth = finite(part(part(run, "data"), "worth").get(used)) or rows
    if accuracy is not None:
        return _judged_accuracy(run, accuracy, rows, worth, words)
    if rmse is None:
        return "plain", ""
    return _judged_rmse(run, rmse, rows, worth, words)


def _judged_accuracy(
    run: dict[str, Any], share: float, rows: float | None, worth: float | None, words: Words
) -> tuple[str, str]:
    """A difference counts only when it is larger than what so few rows can show."""
    constant, linear = _baseline(run, "constant", "accuracy"), _baseline(run, "linear", "accuracy")
    if constant is not None and share <= constant:
        return "bad", words("judged_constant")
    if not rows or not worth or worth < 1 or not 0 <= share <= 1:
        return "plain", ""
    ends = _interval(run, "accuracy")
    if ends is None and is_multilabel(run):  # labels of one row are not so many rows
        return _judged_plainly(share, constant, linear, words)
    low, high = ends or wilson(share, worth)
    facts = {"low": percent(low), "high": percent(high), "rows": count(rows)}
    if constant is not None and constant >= low:
        return "bad", words("judged_constant_even", **facts)
    if linear is None:
        return ("good" if constant is not None else "plain"), words("judged_interval", **facts)
    if linear > high:
        return "even", words("judged_linear_better")
    if linear >= low:
        return "even", words("judged_even", **facts)
    return "good", words("judged_better", **facts)


def _judged_plainly(share: float, constant: float | None, linear: float | None, words: Words) -> tuple[str, str]:
    """Without an interval."""
    if linear is not None and linear >= share:
        return "even", words("judged_linear_better")
    return "good" if constant is not None else "plain", ""


def _interval(run: dict[str, Any], key: str) -> tuple[float, float] | None:
    """The interval of a score of the judged rows, the same that stands in the table of all scores."""
    low, high = (finite(part(part(run, "scores"), key).get(end)) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _judged_rmse(
    run: dict[str, Any], rmse: float, rows: float | None, worth: float | None, words: Words
) -> tuple[str, str]:
    """The same for an error.

    Where nobody worked out the interval: with n rows and normal errors, the standard error is about RMSE / √(2n).
    """
    constant, linear = _baseline(run, "constant", "rmse"), _baseline(run, "linear", "rmse")
    if constant is not None and rmse >= constant:
        return "bad", words("judged_constant")
    if linear is None or linear <= 0:
        return ("good" if constant is not None else "plain"), ""
    if rmse >= linear:
        return "even", words("judged_linear_better")
    share = percent(1 - rmse / linear)
    half = 1.96 * rmse / math.sqrt(2 * worth) if worth and worth >= 1 else 0.0
    low, high = _interval(run, "rmse") or (rmse - half, rmse + half)
    if linear <= high:
        facts = {"rows": count(rows), "low": measured(low), "high": measured(high)}
        return "even", words("judged_rmse_even", share=share, **facts)
    return "good", words("judged_rmse", share=share)


def _stopped(result: dict[str, Any], words: Words) -> list[str]:
    """Why the training ended, and what the best epoch says."""
    why, ran, best = text(result, "stopped"), finite(result.get("epochs")), finite(result.get("best_epoch"))
    why = "nan" if why in NOT_FINITE else why
    if why not in ("early", "epochs", "interrupted", "converged", "nan", "time"):
        return []
    form = "unknown" if ran is None else "known"
    if why == "early" and ran is not None and best is not None:
        return [words("stopped_early_best", epochs=count(ran), best=count(best))]
    said = [words(f"stopped_{why}_{form}", epochs=count(ran))]
    if why == "epochs" and ran is not None and ran == best and ran > 1:
        said.append(words("still_improving"))
    elif best:
        said.append(words("best_described", epoch=count(best)))
    return said

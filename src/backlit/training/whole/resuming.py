"""Going on with a run that was interrupted, killed, or is to have more epochs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import fail, nearest
from ..objects.files import GROUP, load_network
from ..objects.run import Run, read_run
from ..runs.configuring import UNWRITTEN, arguments
from ..runs.keeping import Place
from .pipeline import train
from .progress import Progress

if TYPE_CHECKING:
    from .group import Group


def resume(
    folder: str | Path,
    *,
    source: Any = None,
    epochs: int | None = None,
    patience: int | None = None,
    time_budget: float | None = None,
    progress: str | Progress | None = "auto",
    report: bool | None = None,
    **again: Any,
) -> Run | Group:
    """Go on with the run, or the runs, in a folder: the same bits as if it had never stopped.

    There are two exceptions.  A schedule that follows from the number of epochs (cosine, linear, one_cycle) stays that
    of the epochs planned at first, and with more of them the rate stays where it ended.  And L-BFGS begins anew from
    the weights, as its memory of the last gradients is SciPy's and is not kept.

    Parameters
    ----------
    folder : path
        A run's folder, or that of several runs (`repeat`, `cross_validate`).  A run that was killed goes on from where
        it was saved last (at most about a second before).
    source
        The data, where they cannot be found again: arrays, or a file that lies elsewhere now.
    epochs, patience : int, optional
        More of them, for a run that had come to its end.  All other settings stay.
    time_budget : float, optional
        Seconds, for this time only.
    progress, report
        As for `backlit.train`.
    **again
        Other arguments of `backlit.train` that no file can hold (a long `sample_weight`, an `initial` of your own):
        those of that time.

    Returns
    -------
    Run, or the Group of several

    Raises
    ------
    FileError
        BL507: no run; BL508: another process is at it; BL509: other data or another network than the run's;
        BL510: it has come to its end; BL513: the data, or another argument, could not be written down; BL515: another
        version of Backlit wrote where it stands.
    ParameterError
        BL304: a setting that stays as it was.

    Examples
    --------
    >>> import tempfile, backlit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = backlit.train("iris", epochs=20, patience=0, out=folder, progress="none")
    ...     more = resume(run.folder, epochs=30, progress="none")
    >>> whole = backlit.train("iris", epochs=30, patience=0, progress="none")
    >>> more.history == whole.history
    True
    """
    given = {
        "source": source, "epochs": epochs, "patience": patience, "time_budget": time_budget, "progress": progress,
        "report": report, **again,
    }  # fmt: skip
    if (Path(folder) / GROUP).is_file():
        from .group import resume_group  # which goes on with its members by `resume_run`

        return resume_group(folder, **given)
    return resume_run(folder, **given)


def resume_run(
    folder: str | Path,
    *,
    source: Any = None,
    epochs: int | None = None,
    patience: int | None = None,
    time_budget: float | None = None,
    progress: str | Progress | None = "auto",
    report: bool | None = None,
    **again: Any,
) -> Run:
    """`resume` for a single run."""
    past, _ = read_run(folder)
    asked = dict(past.get("config") or {})
    lost = asked.get(UNWRITTEN, [])
    for name in again:
        if name not in lost:
            known = [*lost, "source", "epochs", "patience", "time_budget", "progress", "report"]
            raise fail("BL304", name=name, known=", ".join(known), nearest=nearest(name, known), where="resume")
    asked |= again
    changed = {"epochs": epochs, "patience": patience, "report": report, "source": source}
    asked |= {name: value for name, value in changed.items() if value is not None}
    asked["time_budget"] = time_budget or 0.0
    if asked.get("source") is None:
        raise fail("BL513", path=Path(folder), name="source")
    place = Place(folder, past)
    try:
        if "start" in lost and (own := place.begun(asked.get("start"))) is not None:
            asked["start"] = load_network(own) if isinstance(own, Path) else own
        words = arguments(asked, Path(folder))
        facts: dict[str, Any] = {
            name: past[name] for name in ("command", "python", "versions", "created") if name in past
        }
        more = [f" --{n} {asked[n]}" for n in ("epochs", "patience") if changed[n] is not None]
        if "command" in facts:
            facts["command"] += "".join(more)
        return train(**words, out=place, progress=progress, facts=facts)
    finally:
        place.close()

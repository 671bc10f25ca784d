"""The report of one training run: a single HTML file that needs no script and no network.

    facts.py     reads the run leniently: what is missing is left out, what is not finite is said
    numbers.py   digits for people
    words.py     the sentences of one language
    svg.py, axes.py                              elements, text that fits, ticks on round numbers
    boxes.py, curves.py, heat.py, residuals.py   the figures, each with its table twin
    downloads.py                                              the numbers as files that the page holds itself
    parts.py, verdict.py, evidence.py, sections.py, page.py   from the first sentence to the whole page
    members.py, several.py                                    the page of several trainings: folds, seeds

`import backlit.report` loads none of them; `render` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .parts import Section

__all__ = ["render", "render_group"]


def render(
    run: Mapping[str, Any], history: Sequence[Mapping[str, Any]], language: str = "en", *, more: Sequence[Section] = ()
) -> str:
    """The report of a run as one self-contained HTML page.

    The same input gives the same bytes; nothing in the page is executed or loaded.

    Parameters
    ----------
    run : mapping
        What `Run` knows about itself: name, settings, data, architecture, result, baselines, confusion or
        residuals, command.  Any key may be missing or None; its section is then left out.
    history : sequence of mappings
        One entry per epoch: `epoch`, `train_loss` and, with a validation set, `valid_loss`, `valid_accuracy`.
        Values may be None (not recorded) or NaN and infinite (drawn as a gap and named in a note).
    language : {"en", "ja"}
        The language of every sentence; anything else is read as English.
    more : sequence of `parts.Section`
        Sections that somebody else made, in that language; they stand before those on how to repeat the run.

    Returns
    -------
    str
        The page; write it as UTF-8.

    Examples
    --------
    >>> page = render({"name": "xor", "result": {"test": {"loss": 0.01}}}, [{"epoch": 1, "train_loss": 0.5}])
    >>> page.startswith("<!doctype html>"), "<script" in page
    (True, False)
    """
    from .page import page  # Jinja2 costs some 50 ms: only who wants a report pays

    return page(run, history, language, more)


def render_group(
    found: Mapping[str, Any], members: Mapping[str, Mapping[str, Any]], language: str = "en", *, links: bool = True
) -> str:
    """The report of several trainings (folds or seeds) as one self-contained HTML page.

    Parameters
    ----------
    found : mapping
        What group.json holds: kind, name, result (mean and standard deviation), command.
    members : mapping
        For each member, by the name of its folder, what its run.json holds.
    language : {"en", "ja"}
    links : bool
        Whether the members have reports of their own: a link to NAME/report.html then, relative to this page.

    Returns
    -------
    str
        The page; write it as UTF-8.

    Examples
    --------
    >>> page = render_group({"kind": "folds", "name": "xor"}, {"fold-1": {}, "fold-2": {}})
    >>> page.startswith("<!doctype html>"), "xor: 2 folds" in page
    (True, True)
    """
    from .several import page

    return page(found, members, language, links)

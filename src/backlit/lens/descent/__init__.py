"""Descent: the lecture's gradient descent on any function that a person types.

function.py   the typed formula with its exact gradient and Hessian, and what is wrong where it has no value
run.py        the iteration: the optimizer's own formulas, in float64
flow.py       where a point leads: the way of an infinitely small rate, down to a minimum
theory.py     what λ says of a rate: 1 - ελ, bounds, the best rate, steps per digit, zones
verdict.py    the word for a run, by stated rules
result.py     `descend(...)` and what it returns
text.py, table.py, picture.py, contours.py, html.py   the faces
"""

from .result import Descent, descend

__all__ = ["Descent", "descend"]

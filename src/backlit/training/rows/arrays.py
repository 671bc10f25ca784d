"""What people hand over as arrays of finite numbers, or an error that says what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import fail

Array = np.ndarray[Any, Any]


def as_array(name: str, values: Any, dtype: Any = None) -> Array:
    """The values as an array; BL212 for what is none."""
    try:
        return np.asarray(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError):
        raise fail("BL212", name=name, expected="numbers", got=type(values).__name__) from None


def as_matrix(name: str, values: Any) -> Array:
    """The values as a two-dimensional array of finite numbers."""
    array = as_array(name, values, None if isinstance(values, np.ndarray) else np.float64)
    if array.ndim == 1 and name != "t":
        raise fail("BL212", name=name, expected="(rows, features)", got=array.shape)
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise fail("BL212", name=name, expected="(rows, features)", got=f"{array.shape} {array.dtype}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise fail("BL212", name=name, expected="rows ≥ 1, columns ≥ 1", got=array.shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row, column = (int(i[0]) for i in np.nonzero(~np.isfinite(array)))
        raise fail("BL105", name=name, row=row, column=column, value=array[row, column])
    return array

"""Libraries that only some sources need: imported when they are, and named when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import fail

EXTRA = {"pyarrow": "data", "PIL": "images", "narwhals": ""}  # an extra of the package, or part of it
NAMES = {"PIL": "pillow"}


def needed(module: str, source: object) -> Any:
    """The module; BL235 when its package is not installed.

    >>> needed("narwhals", "a frame").__name__
    'narwhals'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        top = module.partition(".")[0]
        package = NAMES.get(top, top)
        install = f'"backlit[{EXTRA[top]}]"' if EXTRA[top] else package
        raise fail("BL235", package=package, source=str(source)[:200], install=install) from None

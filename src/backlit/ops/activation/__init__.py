"""Activation functions o = f(u), a file per family.

A new one is declared in one of these files, or in a new file of this folder: every file here is imported, and
nothing else has to be told.
"""

import importlib
import pkgutil

for _file in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_file}")

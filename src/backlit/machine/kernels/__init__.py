"""Kernel texts.  These files are not imported: `machine/unit.py` makes compilation units of them."""

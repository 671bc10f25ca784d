"""Ledgers and chains as plain data: what JSON holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .cells import Ledger
from .chain import Chain


def ledger_data(ledger: Ledger) -> dict[str, Any]:
    """The ledger: every cell with its sum, and whether it closes."""
    found = asdict(ledger)
    for block in found["blocks"]:
        for line in block["lines"]:
            for cell in line["cells"]:
                if cell["sum"] is not None:
                    total = cell["sum"]
                    total["difference"] = total["value"] - total["added"]
                    for term in total["terms"]:
                        term["product"] = term["a"] * term["b"]
    return {"closes": ledger.closes, **found}


def chain_data(chain: Chain) -> dict[str, Any]:
    """The chain rule of a parameter."""
    return {"closes": chain.closes, **asdict(chain)}

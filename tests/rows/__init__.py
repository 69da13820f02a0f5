"""Every batching rule as cases that are compared with the loop: hand-written ones, and those that the table gives."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from tests.rows.case import CASES, Case

__all__ = ["CASES", "Case", "load_cases"]

TOPICS = ("reductions", "elementwise", "contractions", "shapes", "indexing", "python", "statistics", "forms")
OPTIONAL = {"scipy": "scipy_rows"}


def load_cases() -> list[Case]:
    """All cases, each once."""
    for topic in TOPICS:
        importlib.import_module(f"tests.rows.{topic}")
    for package, topic in OPTIONAL.items():
        if find_spec(package) is not None:
            importlib.import_module(f"tests.rows.{topic}")
    return list({case.id: case for case in CASES}.values())

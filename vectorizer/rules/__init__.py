"""Batching rules: how each function is lowered when some of its operands vary."""

from __future__ import annotations

import importlib

MODULES = (
    "elementwise", "indexing", "reductions", "contractions", "shapes", "creation", "python", "statistics", "stores",
    "ufuncs", "choices", "layouts", "random", "random_vectors", "permutations", "generators",
)  # fmt: skip


def load_rules() -> None:
    """Imports every module that fills the table."""
    for name in MODULES:
        importlib.import_module(f"vectorizer.rules.{name}")

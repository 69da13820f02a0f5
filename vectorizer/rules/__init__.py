"""Batching rules: how each function is lowered when some of its operands vary."""

from __future__ import annotations

import importlib

MODULES = (
    "elementwise", "indexing", "reductions", "along", "contractions", "linear_algebra", "shapes", "joins", "repeats",
    "parts", "creation", "python", "conversions", "containers", "maths", "complex_math", "operators", "statistics",
    "stores", "inplace", "ufuncs", "choices", "facts", "layouts", "edits", "sets", "masked", "masked_parts",
    "searching", "counting", "convolutions", "differences", "polynomials", "least_squares", "applied", "random",
    "random_vectors", "permutations", "generators",
)  # fmt: skip


def load_rules() -> None:
    """Imports every module that fills the table."""
    for name in MODULES:
        importlib.import_module(f"vectorizer.rules.{name}")

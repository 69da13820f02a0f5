"""Batching rules: how each function is lowered when some of its operands vary."""

from __future__ import annotations


def load_rules() -> None:
    """Imports every module that fills the table."""
    from vectorizer.rules import contractions, creation, elementwise, indexing, python, reductions, shapes

    _ = (contractions, creation, elementwise, indexing, python, reductions, shapes)

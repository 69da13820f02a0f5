"""What emitted code imports where NumPy has no operation of its own."""

from __future__ import annotations

from typing import Any

from vectorizer.reference import stack_values
from vectorizer.tree import map_tree


def stack_examples(results: list[Any]) -> Any:
    """The results of a function for each example, stacked along a new first axis.

    Containers are stacked leaf by leaf.  Python numbers are weak beside NumPy's, as NEP 50 has it: a result ``0.0``
    beside float32 results gives float32.
    """
    first = results[0]
    return map_tree(lambda *leaves: stack_values(list(leaves)), first, *results[1:])

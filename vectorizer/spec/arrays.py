"""What counts as an array among the arguments of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from vectorizer import tree
from vectorizer.errors import VectorizeValueError
from vectorizer.tree import Kind, Tree


def holds_arrays(value: Tree, is_argument: bool) -> bool:
    """Whether a container under an int axis is one of arrays; a list or tuple of numbers is an array itself.

    An empty list is an array where it `is_argument`, the whole of one, and holds none inside of another container.
    """
    if tree.kind(value) not in (Kind.LIST, Kind.TUPLE):
        return True
    if not value:
        return isinstance(value, tuple) or not is_argument
    return _has_arrays(value)


_PLAIN: Final = {bool, int, float, complex, str, bytes, type(None)}


def _has_arrays(items: Sequence[Any]) -> bool:
    """Whether a nested list holds an array, or a container that is no list and no tuple."""
    for item in items if set(map(type, items)) - _PLAIN else ():
        if tree.kind(item) in (Kind.LIST, Kind.TUPLE):
            if _has_arrays(item):
                return True
        elif tree.is_container(item) or _is_array(item):
            return True
    return False


def _is_array(value: object) -> bool:
    rank = getattr(value, "ndim", None)
    return rank > 0 if isinstance(rank, int) else hasattr(value, "__array__") and not isinstance(value, type)


def as_array(value: Any, path: str, title: str) -> Any:
    """An array for an array-like, None where NumPy would make no array with axes of it."""
    if isinstance(value, np.ndarray | np.generic):
        return value
    is_foreign = hasattr(value, "shape") and hasattr(value, "ndim")
    if is_foreign and not isinstance(value, memoryview) and not hasattr(value, "iloc"):  # `iloc`: pandas
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise VectorizeValueError(
            f"{title}: argument {path} is {tree.describe(value)}, which makes no array: {error}\n"
            "Pass examples of one shape (padded, with their lengths as another argument, if need be)."
        ) from error
    return array if array.ndim else None

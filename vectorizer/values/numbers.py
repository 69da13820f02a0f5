"""Numbers: Python's, which are weak beside arrays (NEP 50), and the dtypes that come of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.values.affine import Affine
from vectorizer.values.model import Array, Unsupported

INT64: np.dtype[Any] = np.dtype(np.int64)
WEAK_DTYPES: dict[type, np.dtype[Any]] = {
    bool: np.dtype(bool),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
    complex: np.dtype(np.complex128),
}


def number(value: complex | bool) -> Array:
    """The abstract value of a Python number that is known."""
    kind = type(value)
    affine = Affine(int(value)) if kind is int else None  # type: ignore[arg-type]
    return Array(WEAK_DTYPES[kind], 0, weak=True, affine=affine, const=value)


def weak_type(value: Array) -> type:
    """int, float or complex: the Python type that a weak value has."""
    return {"b": bool, "i": int, "u": int, "f": float, "c": complex}[value.kind]


def promote(first: Array, second: Array) -> tuple[np.dtype[Any] | None, bool]:
    """The dtype and weakness of a value that is `first` for some examples and `second` for others."""
    if first.dtype is None or second.dtype is None:
        return None, False
    if first.weak and second.weak:
        return np.result_type(first.dtype, second.dtype), True
    if first.weak != second.weak:
        weak, strong = (first, second) if first.weak else (second, first)
        assert weak.dtype is not None and strong.dtype is not None
        check_fits(weak, strong.dtype)
        python = weak_type(weak)
        return np.result_type(strong.dtype, python(1) if python is not bool else np.dtype(bool)), False
    return np.result_type(first.dtype, second.dtype), False


def is_mixed(first: Array, second: Array) -> bool:
    """Whether what is `first` for some examples and `second` for others is a Python number for some of them only."""
    return first.weak != second.weak or first.mixed or second.mixed


def is_pythons_complex(left: Array, right: Array) -> bool:
    """Whether an operation gives one of Python's complex numbers, though its right operand is one of NumPy's.

    An np.float64 is a float, so that a complex on its left computes with it.
    """
    is_float = right.dtype == np.float64 and not (right.weak or right.rank or right.zero_d)
    return left.weak and left.kind == "c" and not left.rank and is_float


def check_fits(value: Array, dtype: np.dtype[Any]) -> None:
    """Refuses a known Python integer that is beyond an integer dtype."""
    if dtype.kind in "iu" and type(value.const) is int:
        limits = np.iinfo(dtype)
        if not limits.min <= value.const <= limits.max:
            raise Unsupported(f"{value.const} among integers of dtype {dtype}")

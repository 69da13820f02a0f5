"""Single integers that go into a smaller dtype: NumPy raises where one does not fit; an array of them would wrap."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.source.operand import Operand
from vectorizer.source.statements import Stmt
from vectorizer.values import Array


def is_narrowing(value: Array, dtype: np.dtype[Any] | None) -> bool:
    """Whether an example's integer may be beyond `dtype`, which raises: one of NumPy's wraps in unsigned dtypes."""
    return (value.weak or dtype is not None and dtype.kind == "i") and may_exceed(value, dtype)


def may_exceed(value: Array, dtype: np.dtype[Any] | None) -> bool:
    """Whether an example's integer may be beyond `dtype`; a known number is NumPy's own business."""
    if value.rank or not value.axes or value.dtype is None or dtype is None or value.kind not in "iu":
        return False
    return dtype.kind in "iu" and not np.can_cast(value.dtype, dtype)


def narrowed(rw: Context, operand: Operand, dtype: np.dtype[Any]) -> Operand:
    """The integers in `dtype`, behind a check that all of them fit, unless that is known."""
    value = rw.array(operand)
    if rw.fits(operand, dtype):
        code = f"{operand.primary}.astype({rw.dtype_code(dtype)})"
        return Operand(code, value.with_(dtype=dtype, dims=value.dims, origins=frozenset()), fresh=True)
    whole = operand if operand.is_name else rw.temp(operand, "whole")
    code = f"{whole.primary}.astype({rw.dtype_code(dtype)})"
    rw.hazard("an integer may not fit")
    body = [Stmt(f'raise OverflowError("an integer is out of bounds for {dtype}")', line=rw.line)]
    rw.emit(f"if ({whole.primary} != {code}).any():", body=body)
    return Operand(code, value.with_(dtype=dtype, dims=value.dims, origins=frozenset()), fresh=True)

"""Functions that are given a function: apply_along_axis, apply_over_axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import apply, composite, integer
from vectorizer.rules.context import Context
from vectorizer.rules.reductions import normalized
from vectorizer.rules.table import Call, find
from vectorizer.source.operand import Operand
from vectorizer.values import Obj, Unsupported

Bound = dict[str, Operand]


def with_axis(rw: Context, c: Call, function: Operand, operand: Operand, axis: int) -> Operand:
    """The call of a function of NumPy's along an axis."""
    known: Any = function.value.value if isinstance(function.value, Obj) else None
    name = getattr(known, "__name__", "")
    rule = find(known) if known is not None else None
    if rule is None or "axis" not in rule.params or getattr(np, name, None) is not known:
        raise Unsupported(f"{c.name} of a function that has no axis")
    if rule.kind not in ("reduction", "cumulative", "sort"):
        raise Unsupported(f"{c.name} of a function that may move axes")
    return rule.lower(rw, Call(rw.np(name), [operand], {"axis": integer(axis)}, None, known))


@composite(np.apply_along_axis, "func1d axis arr", "applied")
def lower_apply_along_axis(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["arr"])
    axis = rw.pin_int(bound["axis"], "an axis")
    normalized((axis,), rw.array(operand).rank)
    return with_axis(rw, c, bound["func1d"], operand, axis)


@composite(np.apply_over_axes, "func a axes", "applied")
def lower_apply_over_axes(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    rank = rw.array(operand).rank
    given = rw.pin(bound["axes"], "axes")
    for axis in given if isinstance(given, (tuple, list)) else [given]:
        normalized((axis,), rank)
        made = with_axis(rw, c, bound["func"], operand, axis)
        if rw.array(made).rank < rank:
            made = apply(rw, np.expand_dims, made, axis=integer(axis % rank))
        operand = made
    return operand

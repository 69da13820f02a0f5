"""Reductions of ``x[mask]``, where every example chooses a different number of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none, lower_ufunc
from vectorizer.rules.subscripts import Masked, masked
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.source.statements import Stmt
from vectorizer.values import INT64, Array, MaskedV, Unsupported

REASON = "a mask that varies selects a different number of elements for each example"
WHERE = ("sum", "prod", "mean", "std", "var", "any", "all", "max", "min", "amax", "amin", "nansum", "nanmean")


def parts_of(rw: Context, operand: Operand) -> tuple[Operand, Operand, str]:
    """The array and the mask, both with all axes, and code for the logical axes."""
    assert isinstance(operand.node, Masked)
    (array, mask), axes, rank = rw.align([operand.node.array, operand.node.mask])
    if set(axes) - set(rw.array(operand.node.array).axes):
        array = rw.spread(operand.node.array, axes)
    positions = [str(len(axes) + k) for k in range(rank)]
    return array, mask, positions[0] if rank == 1 else tuple_code(positions)


def count(rw: Context, operand: Operand) -> Operand:
    """How many elements are chosen."""
    _, mask, axis = parts_of(rw, operand)
    assert isinstance(operand.value, MaskedV)
    code = call(rw.np("count_nonzero"), mask.code, axis=axis)
    return Operand(code, Array(INT64, 0, operand.value.array.axes, weak=True), fresh=True)


def masked_elementwise(rw: Context, compute: Callable[[list[Operand]], Operand], operands: list[Operand]) -> Operand:
    """An elementwise operation on the chosen elements, computed for all elements."""
    found = [o.node for o in operands if isinstance(o.value, MaskedV)]
    masks = {m.mask.code for m in found if isinstance(m, Masked)}
    plain = [o for o in operands if not isinstance(o.value, MaskedV)]
    if len(masks) != 1 or any(not isinstance(o.value, Array) or o.value.rank for o in plain):
        raise Unsupported(REASON)
    hazards = len(rw.hazards)
    rw.speculating += 1
    try:
        result = compute([o.node.array if isinstance(o.node, Masked) else o for o in operands])
    finally:
        rw.speculating -= 1
    if len(rw.hazards) > hazards:
        raise Unsupported("an operation that must not be computed for elements that are not chosen")
    first = found[0]
    assert isinstance(first, Masked)
    return masked(rw, result, first.mask)


def masked_call(rw: Context, name: str, c: Call, target: Any) -> Operand:
    """A function or method of chosen elements."""
    operand = next(o for o in c.operands if isinstance(o.value, MaskedV))
    if name == "len":
        return count(rw, operand)
    if isinstance(target, np.ufunc) and target.signature is None and not c.keywords:
        return masked_elementwise(rw, lambda parts: lower_ufunc(rw, Call(c.function, parts, {}, None, target)), c.args)
    rest = [o for o in c.operands if o is not operand]
    if name not in WHERE or any(not is_none(o) for o in rest) or c.operands[0] is not operand:
        raise Unsupported(REASON)
    return reduce(rw, name, operand, target in (max, min, sum, any, all))


def reduce(rw: Context, name: str, operand: Operand, builtin: bool) -> Operand:
    """The reduction with ``where=``; the greatest and the least need one element at least."""
    array, mask, axis = parts_of(rw, operand)
    value = rw.array(array)
    if builtin and (value.rank != 1 or name in ("max", "min") and value.kind == "f" and not rw.facts.no_nan()):
        raise Unsupported(REASON)
    if builtin and name == "sum" and value.kind in "iub":
        raise Unsupported("a sum of integers that may be none")
    keywords: dict[str, str | None] = {"axis": axis}
    if name in ("max", "min", "amax", "amin"):
        mask = rw.temp(mask, "chosen")
        keywords["initial"] = least(rw, value, name.endswith("max"))
        rw.hazard("the greatest of no elements raises")
        test = f"not {call(rw.np('all'), call(rw.np('any'), mask.code, axis=axis))}"
        text = "zero-size array to reduction operation which has no identity"
        rw.emit(f"if {test}:", body=[Stmt(f'raise ValueError("{text}")')])
    keywords["where"] = mask.code
    if name in ("mean", "std", "var", "nanmean"):
        rw.hazard("the mean of no elements warns")
    assert isinstance(operand.value, MaskedV)
    function = getattr(np, name)
    if value.dtype is None:
        raise Unsupported(REASON)
    dtype = np.asarray(probe(function, np.ones(2, value.dtype))).dtype
    return Operand(call(rw.np(name), array.code, **keywords), Array(dtype, 0, operand.value.array.axes), fresh=True)


def least(rw: Context, value: Array, greatest: bool) -> str:
    """A number that is the result of no comparison."""
    if value.kind == "f":
        return f"-{rw.np('inf')}" if greatest else rw.np("inf")
    if value.kind in "iu" and value.dtype is not None:
        return f"{call(rw.np('iinfo'), rw.dtype_code(value.dtype))}.{'min' if greatest else 'max'}"
    raise Unsupported(REASON)

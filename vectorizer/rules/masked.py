"""What ``x[mask]`` gives where every example chooses a different number of elements: reductions, lengths, items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.elementwise import is_none, lower_ufunc, select
from vectorizer.rules.python import MASKED_TRUTH
from vectorizer.rules.reductions import flattened
from vectorizer.rules.subscripts import Masked, Parts, masked
from vectorizer.rules.table import Call, find, probe
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.source.statements import Stmt
from vectorizer.values import INT64, MISSING, Array, MaskedV, TupleV, Unsupported

REASON = "a mask that varies selects a different number of elements for each example"
WHERE = frozenset(
    """sum prod mean std var any all max min amax amin nansum nanprod nanmean nanstd nanvar nanmax nanmin ptp
    count_nonzero argmax argmin""".split()
)
ELEMENTWISE = frozenset(("elementwise", "math"))


def chosen_of(operand: Operand) -> Masked:
    assert isinstance(operand.node, Masked)
    return operand.node


def wide_mask(rw: Context, node: Masked) -> Operand:
    """The mask with logical axes of length one behind its own, so that it has the rank of the array."""
    rank, value = rw.array(node.array).rank, rw.array(node.mask)
    if value.rank == rank:
        return node.mask
    index = ", ".join(["...", *["None"] * (rank - value.rank)])
    return Operand(f"{node.mask.primary}[{index}]", value.with_(rank=rank))


def parts_of(rw: Context, operand: Operand, rows: bool = False) -> tuple[Operand, Operand, str, int]:
    """The array and the mask, both with all axes; code for the logical axes that are reduced, and how many remain.

    rows: only the axes of the mask are reduced.
    """
    node = chosen_of(operand)
    (array, mask), axes, rank = rw.align([node.array, wide_mask(rw, node)])
    if set(axes) - set(rw.array(node.array).axes):
        array = rw.spread(node.array, axes)
    gone = rw.array(node.mask).rank if rows else rank
    positions = [str(len(axes) + k) for k in range(gone)]
    return array, mask, positions[0] if gone == 1 else tuple_code(positions), rank - gone


def count(rw: Context, operand: Operand) -> Operand:
    """How many elements, or rows, are chosen."""
    node = chosen_of(operand)
    mask = rw.array(node.mask)
    assert isinstance(operand.value, MaskedV)
    axes = operand.value.array.axes
    positions = [str(len(mask.axes) + k) for k in range(mask.rank)]
    axis = positions[0] if mask.rank == 1 else tuple_code(positions)
    code = call(rw.np("count_nonzero"), node.mask.code, axis=axis)
    made = Operand(code, Array(INT64, 0, mask.axes, weak=True), fresh=True)
    return rw.spread(made, axes) if set(axes) - set(mask.axes) else made


def is_any(rw: Context, operand: Operand) -> Operand:
    """Whether any elements are chosen: a list is true where it has any."""
    node = chosen_of(operand)
    mask = rw.array(node.mask)
    assert isinstance(operand.value, MaskedV)
    positions = [str(len(mask.axes) + k) for k in range(mask.rank)]
    axis = positions[0] if mask.rank == 1 else tuple_code(positions)
    code = f"{node.mask.primary}.any(axis={axis})"
    made = Operand(code, Array(np.dtype(bool), 0, mask.axes, weak=True), fresh=True)
    return rw.spread(made, operand.value.array.axes)


MASKED_TRUTH.append(is_any)


def size(rw: Context, operand: Operand) -> Operand:
    """How many elements are chosen, those of all rows."""
    node = chosen_of(operand)
    made = count(rw, operand)
    lengths: list[Operand] = rw.items(rw.attribute(node.array, "shape"))
    for length in lengths[rw.array(node.mask).rank :]:
        made = rw.binary("*", made, length)
    return made


def refuse_masked_lists(*operands: Operand) -> None:
    """Operators put lists together and repeat them, where they compute with the elements of an array."""
    if any(isinstance(o.value, MaskedV) and o.value.is_list for o in operands):
        raise Unsupported("an operator on a list of a different length for each example")


def masked_attribute(rw: Context, operand: Operand, name: str) -> Operand:
    node = chosen_of(operand)
    rank = rw.array(node.array).rank - rw.array(node.mask).rank + 1
    if name == "size":
        return size(rw, operand)
    if name == "ndim":
        return Operand(str(rank), Array(INT64, 0, weak=True, const=rank))
    if name == "shape":
        lengths: list[Operand] = rw.items(rw.attribute(node.array, "shape"))
        parts = [count(rw, operand), *lengths[rw.array(node.mask).rank :]]
        return Operand(tuple_code([p.code for p in parts]), TupleV(tuple(p.value for p in parts)), node=Parts(parts))
    if name == "dtype":
        return rw.attribute(node.array, name)
    raise Unsupported(REASON)


def as_vector(rw: Context, node: Masked) -> Masked:
    """The chosen elements of an array of a higher rank, as those of the flattened array."""
    if rw.array(node.mask).rank == 1 or rw.array(node.mask).rank != rw.array(node.array).rank:
        return node
    return Masked(rw.temp(flattened(rw, node.array), "flat"), rw.temp(flattened(rw, node.mask), "chosen"))


# --- elementwise operations ------------------------------------------------------------------------------------------


def masked_elementwise(rw: Context, compute: Callable[[list[Operand]], Operand], operands: list[Operand]) -> Operand:
    """An elementwise operation on the chosen elements, computed for all elements."""
    found = [chosen_of(o) for o in operands if isinstance(o.value, MaskedV)]
    masks = {m.mask.code for m in found}
    plain = [o for o in operands if not isinstance(o.value, MaskedV)]
    if len(masks) != 1 or any(not isinstance(o.value, Array) or o.value.rank for o in plain):
        raise Unsupported(REASON)
    whole = [chosen_of(o).array if isinstance(o.value, MaskedV) else o for o in operands]
    result, hazardous = rw.speculate(lambda: compute(whole))
    if hazardous and all(rw.array(o).const is not MISSING for o in plain):
        filled = [filled_with_one(rw, chosen_of(o)) if isinstance(o.value, MaskedV) else o for o in operands]
        hazards = len(rw.hazards)
        result = compute(filled)
        del rw.hazards[hazards:]
    elif hazardous:
        raise Unsupported("an operation that must not be computed for elements that are not chosen")
    return masked(rw, result, found[0].mask, from_list=any(is_of_list(o) for o in operands))


def filled_with_one(rw: Context, node: Masked) -> Operand:
    """The array with ones in the place of what is not chosen: they do no harm."""
    wide = wide_mask(rw, node)
    one = Operand("1", Array(INT64, 0, weak=True, const=1))
    made = select(rw, wide, node.array, one, rw.np("where"))
    return rw.temp(made, "filled")


def masked_call(rw: Context, name: str, c: Call, target: Any) -> Operand:
    """A function or method of chosen elements."""
    operand = next(o for o in c.operands if isinstance(o.value, MaskedV))
    if name == "len":
        return count(rw, operand)
    if target in (max, min) and set(c.keywords) == {"default"} and c.args == [operand]:
        return extremum_or(rw, name, operand, c.keywords["default"])
    if target is sum and (len(c.args) == 2 or "start" in c.keywords):
        start = c.keywords.get("start") or c.args[1]
        return rw.binary("+", start, reduce(rw, name, operand, True))
    if target in (list, tuple, np.array, np.asarray) and c.operands == [operand]:
        return taken_over(rw, operand, target in (list, tuple))
    if isinstance(target, np.ufunc) and target.signature is None and not c.keywords:
        return masked_elementwise(rw, lambda parts: lower_ufunc(rw, Call(c.function, parts, {}, None, target)), c.args)
    rule = find(target) if target is not None else None
    if rule is not None and rule.kind in ELEMENTWISE and not c.keywords and c.base is None:
        return masked_elementwise(rw, lambda parts: rule.lower(rw, Call(c.function, parts, {}, None, target)), c.args)
    if name == "size" and c.operands == [operand]:
        return size(rw, operand)
    rest = [o for o in c.operands if o is not operand]
    axis = c.keywords.get("axis", c.args[0 if c.base is not None else 1] if len(rest) and not c.keywords else None)
    if name not in WHERE or len(rest) > 1 or c.operands[0] is not operand or bool(rest) != (axis is not None):
        raise Unsupported(REASON)
    rows = axis is not None and not is_none(axis)
    node = chosen_of(operand)
    if rows:
        assert axis is not None
        whole = rw.array(node.array).rank == rw.array(node.mask).rank
        if rw.pin_int(axis, "an axis") not in ((0, -1) if whole else (0,)):
            raise Unsupported(REASON)
    return reduce(rw, name, operand, target in (max, min, sum, any, all), rows)


def taken_over(rw: Context, operand: Operand, is_list: bool) -> Operand:
    """``list(chosen)`` and ``np.array(chosen)``."""
    node = chosen_of(operand)
    assert isinstance(operand.value, MaskedV)
    weak, from_list = is_list and operand.value.weak, not is_list and is_of_list(operand)
    return masked(rw, node.array, node.mask, is_list=is_list, weak=weak, from_list=from_list)


def is_of_list(operand: Operand) -> bool:
    """Whether NumPy makes an array of a list, which has float64 where the list is empty."""
    return isinstance(operand.value, MaskedV) and (operand.value.is_list or operand.value.from_list)


def check_not_empty(rw: Context, operand: Operand) -> None:
    """Where a list is empty for some examples, the loop gives numbers of another dtype."""
    test = f"{is_any(rw, operand).primary}.all()"
    if rw.facts.has_loop and not any(statement.text == f"if not {test}:" for statement in rw.out):
        require(rw, test, "an array of an empty list has float64")


# --- reductions ------------------------------------------------------------------------------------------------------


def reduce(rw: Context, name: str, operand: Operand, builtin: bool, rows: bool = False) -> Operand:
    """The reduction with ``where=``; the greatest and the least need one element at least."""
    if name in ("argmax", "argmin"):
        return extremal_place(rw, name, operand)
    if name == "ptp":
        high, low = (reduce(rw, end, operand, builtin, rows) for end in ("max", "min"))
        return rw.binary("-", high, low)
    array, mask, axis, remaining = parts_of(rw, operand, rows)
    value = rw.array(array)
    if builtin and (value.rank != 1 or name in ("max", "min") and value.kind == "f" and not rw.facts.no_nan()):
        raise Unsupported(REASON)
    assert isinstance(operand.value, MaskedV)
    axes = operand.value.array.axes
    dims = value.dims[value.rank - remaining :] if remaining else ()
    if name == "count_nonzero":
        test = mask if value.kind == "b" else rw.binary("&", mask, rw.compare("!=", array, zero()))
        test = test if value.kind != "b" else rw.binary("&", mask, array)
        code = call(rw.np("count_nonzero"), test.code, axis=axis)
        return Operand(code, Array(INT64, remaining, axes, weak=not remaining, dims=dims), fresh=True)
    keywords: dict[str, str | None] = {"axis": axis}
    weak = builtin and operand.value.weak and name in ("sum", "max", "min") or builtin and name in ("any", "all")
    narrow = builtin and name == "sum" and value.kind in "iu" and value.dtype not in (None, INT64)
    if name in ("max", "min", "amax", "amin"):
        mask = rw.temp(mask, "chosen")
        keywords["initial"] = least(rw, value, name.endswith("max"))
        rw.hazard("the greatest of no elements raises")
        test_code = f"not {call(rw.np('all'), call(rw.np('any'), mask.code, axis=axis))}"
        text = "zero-size array to reduction operation which has no identity"
        rw.emit(f"if {test_code}:", body=[Stmt(f'raise ValueError("{text}")')])
    elif name in ("nanmax", "nanmin"):
        raise Unsupported(REASON)
    keywords["where"] = mask.code
    if name in ("mean", "std", "var", "nanmean", "nanstd", "nanvar"):
        rw.hazard("the mean of no elements warns")
    function = getattr(np, name)
    if value.dtype is None:
        raise Unsupported(REASON)
    dtype = value.dtype if narrow else np.asarray(probe(function, np.ones(2, value.dtype))).dtype
    if narrow:  # numbers of a narrower kind are added one by one to Python's 0
        keywords["dtype"] = rw.dtype_code(value.dtype)
    if not builtin and is_of_list(operand) and dtype != np.asarray(probe(function, np.ones(2))).dtype:
        check_not_empty(rw, operand)
    made = Array(dtype, remaining, axes, dims=dims, weak=weak, mixed=builtin and name == "sum")  # of nothing: 0
    return Operand(call(rw.np(name), array.code, **keywords), made, fresh=True)


def extremum_or(rw: Context, name: str, operand: Operand, default: Operand) -> Operand:
    """``max(chosen, default=d)``: what is given where nothing is chosen."""
    array, mask, axis, _ = parts_of(rw, operand)
    value = rw.array(array)
    if value.rank != 1 or value.kind == "f" and not rw.facts.no_nan() or not isinstance(default.value, Array):
        raise Unsupported(REASON)
    assert isinstance(operand.value, MaskedV)
    mask = rw.temp(mask, "chosen")
    code = call(rw.np(name), array.code, axis=axis, initial=least(rw, value, name == "max"), where=mask.code)
    most = Operand(code, Array(value.dtype, 0, operand.value.array.axes, weak=operand.value.weak), fresh=True)
    return rw.merge(is_any(rw, masked(rw, array, mask)), most, default)


def zero() -> Operand:
    return Operand("0", Array(INT64, 0, weak=True, const=0))


def places_before(mask: Any, k: Any) -> Any:
    return np.cumsum(mask)[k] - 1


def extremal_place(rw: Context, name: str, operand: Operand) -> Operand:
    """The place of the greatest among the chosen elements, counted among them."""
    node = as_vector(rw, chosen_of(operand))
    array, mask, axis, _ = parts_of(rw, Operand(None, operand.value, make=operand.make, node=node))
    value = rw.array(array)
    if value.rank != 1 or value.kind not in "iu" and not (value.kind == "f" and rw.facts.no_nan()):
        raise Unsupported(REASON)
    require(
        rw,
        f"{call(rw.np('any'), mask.code, axis=axis)}.all()",
        "attempt to get argmax of an empty sequence",
        raises=True,
    )
    filler = least(rw, value, name == "argmax")
    if value.kind == "f":
        require(rw, f"{call(rw.np('isinf'), array.code)}.any()", "an infinite element", wanted=False)
    else:
        require(rw, f"({array.primary} == {filler}).any()", "an element that is the least of all", wanted=False)
    code = call(rw.np(name), call(rw.np("where"), mask.code, array.code, filler), axis=axis)
    assert isinstance(operand.value, MaskedV)
    found = Operand(code, Array(INT64, 0, operand.value.array.axes))
    return rw.inline(places_before, mask=node.mask, k=rw.temp(found, "place"))


def least(rw: Context, value: Array, greatest: bool) -> str:
    """A number that is the result of no comparison."""
    if value.kind == "f":
        return f"-{rw.np('inf')}" if greatest else rw.np("inf")
    if value.kind in "iu" and value.dtype is not None:
        return f"{call(rw.np('iinfo'), rw.dtype_code(value.dtype))}.{'min' if greatest else 'max'}"
    raise Unsupported(REASON)

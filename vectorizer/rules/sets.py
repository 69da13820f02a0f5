"""Functions that choose a different number of elements for each example: nonzero, extract, unique and their kin.

What they give is the elements of an array that a mask chooses (`MaskedV`): good for reductions, lengths and the first
or the last of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import composite, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.edits import along
from vectorizer.rules.indexing import Parts
from vectorizer.rules.reductions import flattened
from vectorizer.rules.subscripts import Masked, masked
from vectorizer.rules.table import METHODS, Call, Rule
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Obj, TupleV, Unsupported, is_uniform

Bound = dict[str, Operand]
RAGGED = "a mask that varies selects a different number of elements for each example"


def is_chosen(x: Any) -> Any:
    return x != 0


def mask_of(rw: Context, operand: Operand) -> Operand:
    """Which elements are not zero."""
    if rw.array(operand).kind == "b":
        return operand
    return rw.temp(rw.inline(is_chosen, x=operand), "chosen")


def ramp_along(rw: Context, mask: Operand, axis: int) -> Operand:
    """The place of each element along a logical axis, laid out like `mask`."""
    value = rw.array(mask)
    mask = rw.temp(mask, "chosen")
    behind = value.rank - 1 - axis
    code = call(rw.np("arange"), f"{mask.code}.shape[{len(value.axes) + axis}]")
    code += f"[:{', None' * behind}]" if behind else ""
    full = call(rw.np("broadcast_to"), code, f"{mask.code}.shape")
    return Operand(full, value.with_(dtype=np.dtype(np.intp), dims=value.dims))


def chosen_places(rw: Context, operand: Operand) -> Operand:
    """The places of the elements that are not zero, one result for each axis."""
    if not rw.array(operand).rank:
        raise Unsupported("np.nonzero of a single number")
    mask = rw.temp(mask_of(rw, operand), "chosen")
    rank = rw.array(mask).rank
    parts = [masked(rw, ramp_along(rw, mask, axis), mask) for axis in range(rank)]
    return Operand(None, TupleV(tuple(p.value for p in parts)), make=ragged, node=Parts(parts))


def ragged() -> Operand:
    raise Unsupported(RAGGED)


@composite(np.nonzero, "a", "ragged", method="nonzero")
def lower_nonzero(rw: Context, c: Call, bound: Bound) -> Operand:
    return chosen_places(rw, rw.as_array(bound["a"]))


@composite(np.flatnonzero, "a", "ragged")
def lower_flatnonzero(rw: Context, c: Call, bound: Bound) -> Operand:
    return rw.items(chosen_places(rw, flattened(rw, rw.as_array(bound["a"]))))[0]


@composite(np.argwhere, "a", "ragged")
def lower_argwhere(rw: Context, c: Call, bound: Bound) -> Operand:
    """Its rows are as many as there are elements that are not zero."""
    operand = rw.as_array(bound["a"])
    rank = rw.array(operand).rank
    nodes = [p.node for p in rw.items(chosen_places(rw, operand))]
    codes = [node.array.code for node in nodes if isinstance(node, Masked)]
    assert isinstance(nodes[0], Masked)
    value = rw.array(nodes[0].array)
    stacked = call(rw.np("stack"), f"[{', '.join(codes)}]", axis="-1")
    table = Operand(stacked, value.with_(rank=rank + 1, dims=(*value.dims, Affine(rank))))
    return masked(rw, table, nodes[0].mask)


@composite(np.extract, "condition arr", "ragged")
def lower_extract(rw: Context, c: Call, bound: Bound) -> Operand:
    mask = flattened(rw, mask_of(rw, rw.as_array(bound["condition"])))
    values = flattened(rw, rw.as_array(bound["arr"]))
    if not rw.array(mask).axes:
        return rw.inline(kept, x=values, condition=mask)
    if not rw.equal(rw.array(mask).dims[0], rw.array(values).dims[0]) and not same_dims(rw, bound):
        raise Unsupported("np.extract of arrays whose sizes are not known to be the same")
    return masked(rw, values, rw.temp(mask, "chosen"))


def kept(x: Any, condition: Any) -> Any:
    return x[condition]


def same_dims(rw: Context, bound: Bound) -> bool:
    one, other = (rw.array(rw.as_array(bound[k])).dims for k in ("condition", "arr"))
    return len(one) == len(other) and all(rw.equal(a, b) for a, b in zip(one, other, strict=True))


@composite(np.compress, "condition a axis out", "ragged")
def lower_compress(rw: Context, c: Call, bound: Bound) -> Operand:
    return compressed(rw, c, bound)


def compressed(rw: Context, c: Call, bound: Bound) -> Operand:
    operand, axis = along(rw, c, rw.as_array(bound["a"]), bound)
    value = rw.array(operand)
    if is_uniform(bound["condition"].value):
        position = str(axis if axis < 0 else axis + len(value.axes))
        dims = tuple(None if k == axis % value.rank else d for k, d in enumerate(value.dims))
        code = call(rw.np("compress"), bound["condition"].code, operand.code, axis=position)
        return Operand(code, value.with_(dims=dims, origins=frozenset()), fresh=True)
    mask = rw.temp(mask_of(rw, rw.as_array(bound["condition"])), "chosen")
    if axis % value.rank or rw.array(mask).rank != 1 or not rw.equal(rw.array(mask).dims[0], value.dims[0]):
        raise Unsupported(RAGGED)
    return masked(rw, operand, mask)


def method_compress(rw: Context, c: Call) -> Operand:
    """The method has the array first."""
    assert c.base is not None
    bound = Call(c.function, c.args, c.keywords).bind(("condition", "axis"))
    return compressed(rw, c, {**bound, "a": c.base})


METHODS["compress"] = Rule("ndarray.compress", "ragged", method_compress, ("condition", "axis"))


# --- sets ------------------------------------------------------------------------------------------------------------


def in_order(x: Any) -> Any:
    return np.sort(x)


def is_first_float(s: Any) -> Any:
    """An element is another than the one before it; all nan are one."""
    return np.append(True, (s[1:] != s[:-1]) & ~(np.isnan(s[1:]) & np.isnan(s[:-1])))


def is_first(s: Any) -> Any:
    return np.append(True, s[1:] != s[:-1])


def distinct(rw: Context, operand: Operand, equal_nan: bool = True) -> Operand:
    """The distinct elements, in order."""
    flat = flattened(rw, operand)
    value = rw.array(flat)
    if (
        value.kind not in "biuf"
        or value.dims[0] is None
        and not all(d is not None and rw.relies_on(d - 1) for d in rw.array(operand).dims)
    ):
        raise Unsupported("the distinct elements of an array in a form that has no rule")
    if value.dims[0] is not None and not rw.relies_on(value.dims[0] - 1):
        raise Unsupported("the distinct elements of nothing")
    s = rw.temp(rw.inline(in_order, x=flat), "in_order")
    first = rw.inline(is_first_float if value.kind == "f" and equal_nan else is_first, s=s)
    first = first.with_value(rw.array(first).with_(dims=rw.array(s).dims))
    return masked(rw, s, rw.temp(first, "is_first"))


def plain_options(rw: Context, bound: Bound, *names: str) -> None:
    """The arguments behind the arrays must be those that say nothing."""
    for name, operand in bound.items():
        if name in names or isinstance(operand.value, Obj) and operand.value.value is None:
            continue
        if rw.pin(operand, f"{name}=") is not (name == "sorted"):
            raise Unsupported(f"an argument {name!r} that has no rule")


@composite(np.unique, "ar return_index return_inverse return_counts axis equal_nan sorted", "ragged")
def lower_unique(rw: Context, c: Call, bound: Bound) -> Operand:
    plain_options(rw, bound, "ar", "equal_nan")
    equal_nan = "equal_nan" not in bound or bool(rw.pin(bound["equal_nan"], "equal_nan="))
    return distinct(rw, rw.as_array(bound["ar"]), equal_nan)


@composite(np.unique_values, "x", "ragged")
def lower_unique_values(rw: Context, c: Call, bound: Bound) -> Operand:
    return distinct(rw, rw.as_array(bound["x"]), equal_nan=False)


def both(a: Any, b: Any) -> Any:
    return np.append(a, b)


@composite(np.union1d, "ar1 ar2", "ragged")
def lower_union(rw: Context, c: Call, bound: Bound) -> Operand:
    return distinct(rw, rw.inline(both, a=rw.as_array(bound["ar1"]), b=rw.as_array(bound["ar2"])))


def and_in(first: Any, s: Any, other: Any) -> Any:
    return first & np.isin(s, other)


def and_not_in(first: Any, s: Any, other: Any) -> Any:
    return first & ~np.isin(s, other)


def in_only_one(first: Any, s: Any, one: Any, other: Any) -> Any:
    return first & (np.isin(s, one) != np.isin(s, other))


def narrowed(rw: Context, found: Operand, test: Any, **operands: Operand) -> Operand:
    """Some of the distinct elements."""
    assert isinstance(found.node, Masked)
    mask = rw.inline(test, first=found.node.mask, s=found.node.array, **operands)
    return masked(rw, found.node.array, rw.temp(mask, "is_found"))


@composite(np.intersect1d, "ar1 ar2 assume_unique return_indices", "ragged")
def lower_intersection(rw: Context, c: Call, bound: Bound) -> Operand:
    plain_options(rw, bound, "ar1", "ar2")
    return narrowed(rw, distinct(rw, rw.as_array(bound["ar1"])), and_in, other=rw.as_array(bound["ar2"]))


@composite(np.setdiff1d, "ar1 ar2 assume_unique", "ragged")
def lower_difference(rw: Context, c: Call, bound: Bound) -> Operand:
    plain_options(rw, bound, "ar1", "ar2")
    return narrowed(rw, distinct(rw, rw.as_array(bound["ar1"])), and_not_in, other=rw.as_array(bound["ar2"]))


@composite(np.setxor1d, "ar1 ar2 assume_unique", "ragged")
def lower_symmetric_difference(rw: Context, c: Call, bound: Bound) -> Operand:
    plain_options(rw, bound, "ar1", "ar2")
    one, other = (rw.temp(rw.as_array(bound[k]), k) for k in ("ar1", "ar2"))
    found = distinct(rw, rw.inline(both, a=one, b=other))
    return narrowed(rw, found, in_only_one, one=one, other=other)


def surrounds(x: Any) -> Any:
    """Where an element that is not zero stands on both sides, itself included."""
    return np.maximum.accumulate(x != 0) & np.maximum.accumulate((x != 0)[::-1])[::-1]


@composite(np.trim_zeros, "filt trim axis", "ragged")
def lower_trim_zeros(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["filt"])
    trim = rw.pin(bound["trim"], "trim=") if "trim" in bound else "fb"
    if rw.array(operand).rank != 1 or not is_missing(bound, "axis") or sorted(str(trim).lower()) != ["b", "f"]:
        raise Unsupported("np.trim_zeros in a form that has no rule")
    named = rw.temp(operand, "x")
    return masked(rw, named, rw.temp(rw.inline(surrounds, x=named), "kept"))

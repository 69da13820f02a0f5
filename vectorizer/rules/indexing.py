"""Subscripts: reading and writing elements, rows, slices, windows and gathers.

The layout of an array is ``[axes..., logical...]``.  A subscript that is uniform leaves the axes alone.  One that is
affine in the target of a loop that has become an axis is a slice whose dimension becomes that axis.  Anything else
that varies is a gather, for which the base's own axes are indexed by an `arange` each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.rules.gathers import locate_gather
from vectorizer.rules.innermost import gather_innermost
from vectorizer.rules.periodic import locate_wrapped
from vectorizer.rules.slices import locate_slices, loop_affine
from vectorizer.rules.subscripts import (
    ELLIPSIS,
    FULL,
    NEWAXIS,
    Index,
    Masked,
    Parts,
    Region,
    Slice,
    cut_last,
    expand_index,
    indexed_value,
    is_varying_mask,
    item_code,
    masked,
    note_range,
    varying_slice,
)
from vectorizer.rules.windows import find_window
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Array,
    DictV,
    ListV,
    MaskedV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    join,
)

__all__ = [
    "ELLIPSIS", "FULL", "NEWAXIS", "Masked", "Parts", "Region", "Slice", "expand_index", "is_varying_mask", "item_code",
    "locate", "locate_gather", "masked", "subscript",
]  # fmt: skip


# Filled by modules that import this one.
JOINERS: dict[int, Callable[[Context, Sequence[Index]], Operand]] = {}  # np.r_ and np.c_, by identity
VARYING_KEY: list[Callable[[Context, Operand, Operand], Operand]] = []
MASKED_SLICE: list[Callable[[Context, Operand, Sequence[Index], int], Operand]] = []
MASKED_ITEM: list[Callable[[Context, Operand, Index], Operand]] = []


def subscript(rw: Context, base: Operand, index: Sequence[Index]) -> Operand:
    """``base[index]`` for reading."""
    value = base.value
    if isinstance(value, MaskedV) and len(index) == 1:
        return MASKED_ITEM[0](rw, base, index[0])
    if isinstance(value, (TupleV, ListV, SeqV, DictV)):
        return container_item(rw, base, index)
    joiner = JOINERS.get(id(value.value)) if isinstance(value, Obj) else None
    if joiner is not None:
        return joiner(rw, index)
    if isinstance(value, Obj) and isinstance(value.value, (tuple, list, dict, str)) and len(index) == 1:
        item = value.value[rw.pin(index[0], "a subscript")]
        return Operand(f"{base.primary}[{item_code(index[0])}]", rw.value_of(item))
    if isinstance(value, NestedV):
        return nested_item(rw, base.with_value(value.array), value, index)
    operand = rw.as_array(base)
    array = rw.array(operand)
    if isinstance(value, StackedV) and any(isinstance(i, Slice) for i in index):
        result = locate(rw, operand, index)
        return Operand(result.code, StackedV(result.value, value.weak), fresh=False)
    if array.rank == 0 and any(not isinstance(i, str) for i in index):
        raise Unsupported("a number is subscripted")
    if len(index) == 1 and is_varying_mask(index[0], array):
        return masked(rw, operand, index[0])
    cut = varying_slice(index, array.rank)
    if cut is not None:
        return MASKED_SLICE[0](rw, operand, index, cut)
    parts = cut_last(index)
    if parts is not None:
        return subscript(rw, rw.temp(subscript(rw, operand, parts[0]), "whole"), [parts[1]])
    window = find_window(rw, operand, index)
    if window is not None:
        return window
    wrapped = locate_wrapped(rw, operand, index)
    region = wrapped or gather_innermost(rw, operand, index, locate(rw, operand, index))
    found = region.value
    if isinstance(value, StackedV) and value.weak and found.rank == 0:
        found = found.with_(weak=True)
    if region.view and found.rank == 0 and any(i == ELLIPSIS for i in index if isinstance(i, str)):
        found = found.with_(zero_d=True)
    return Operand(region.code, found, fresh=not region.view)


def nested_item(rw: Context, operand: Operand, value: NestedV, index: Sequence[Index]) -> Operand:
    """One of the lists of a list of lists."""
    if len(index) != 1 or not isinstance(index[0], Operand) or not isinstance(index[0].value, Array):
        raise Unsupported("a list of lists is subscripted with anything but a number")
    if index[0].value.rank or index[0].value.kind == "b":
        raise Unsupported("a list of lists is subscripted with anything but a number")
    row = subscript(rw, operand, index)
    return row.with_value(value.item(rw.array(row)))


def is_number_that_varies(key: Operand) -> bool:
    """Whether a key is a number that differs between the examples."""
    value = key.value
    return isinstance(value, Array) and bool(value.axes) and not value.rank and value.kind in "iuf"


def container_item(rw: Context, base: Operand, index: Sequence[Index]) -> Operand:
    """An item of a tuple, a list or a dict."""
    value = base.value
    if len(index) != 1:
        raise Unsupported("a container is subscripted with several indices")
    item = index[0]
    if isinstance(value, DictV) and isinstance(item, Operand) and is_number_that_varies(item):
        return VARYING_KEY[0](rw, base, item)
    if isinstance(value, DictV):
        key = rw.pin(item, "a key")
        found = value.get(key)
        if found is None:
            raise Unsupported(f"a dict has no key {key!r}")
        if isinstance(base.node, Parts):
            return base.node.parts[[known for known, _ in value.items].index(key)]
        return Operand(f"{base.primary}[{item_code(item)}]", found)
    assert isinstance(value, (TupleV, ListV, SeqV))
    if isinstance(item, Slice):
        return _container_slice(rw, base, value, item)
    if not isinstance(item, Operand) or not isinstance(item.value, Array) or item.value.rank:
        raise Unsupported("a container is subscripted with something unknown")
    if item.value.axes:
        return _varying_item(rw, base, value, index)
    if isinstance(value, SeqV):
        return Operand(f"{base.primary}[{item.code}]", value.item)
    return _uniform_item(rw, base, value, item)


def _varying_item(rw: Context, base: Operand, value: TupleV | ListV | SeqV, index: Sequence[Index]) -> Operand:
    """Every example takes another item: the items are put into one array, from which it is gathered."""
    array = rw.as_array(base)
    items = value.items if isinstance(value, (TupleV, ListV)) else ()
    if not all(isinstance(i, Array) for i in items):
        raise Unsupported("a list of lists is subscripted with an index that varies")
    if len({(i.dtype, i.weak) for i in items if isinstance(i, Array)}) > 1:
        raise Unsupported("a list of numbers of different kinds is subscripted with an index that varies")
    named = Operand(call(rw.np("array"), base.code), array.value, fresh=True) if is_uniform(value) else array
    found = subscript(rw, rw.temp(named, "table"), index)
    numbers = items if items else (value.item,) if isinstance(value, SeqV) else ()
    if numbers and all(isinstance(i, Array) and i.weak for i in numbers) and isinstance(found.value, Array):
        return found.with_value(found.value.with_(weak=True))  # the list's items are Python's numbers, not NumPy's
    return found


def _uniform_item(rw: Context, base: Operand, value: TupleV | ListV, item: Operand) -> Operand:
    """All examples take the same item, which one is known or not."""
    try:
        known = rw.pin_int(item, "a subscript")
    except Unsupported:
        if not value.items:
            raise Unsupported("an item of an empty list") from None
        merged = value.items[0]
        for other in value.items[1:]:
            merged = join(merged, other)
        if not all(axes_of(merged) == axes_of(other) for other in value.items):
            raise Unsupported("the items of a list vary differently") from None
        return Operand(f"{base.primary}[{item.code}]", merged)
    if not -len(value.items) <= known < len(value.items):
        raise Unsupported("a subscript is out of range")
    if isinstance(base.node, Parts) and not base.is_name:
        return base.node.parts[known]
    return Operand(f"{base.primary}[{item.code}]", value.items[known])


def _container_slice(rw: Context, base: Operand, value: Any, item: Slice) -> Operand:
    if isinstance(value, SeqV):
        return Operand(f"{base.primary}[{item.code}]", SeqV(value.item, object()))
    bounds = [None if b is None else rw.pin_int(b, "a subscript") for b in (item.lower, item.upper, item.step)]
    part = value.items[slice(*bounds)]
    made: Value = TupleV(part) if isinstance(value, TupleV) else ListV(part, object())
    return Operand(f"{base.primary}[{item.code}]", made)


def locate(rw: Context, base: Operand, index: Sequence[Index]) -> Region:
    """What ``base[index]`` names, in the layout of the batch."""
    value = rw.array(base)
    items = expand_index(index, value.rank)
    for item in items:
        if isinstance(item, Operand) and not isinstance(item.value, Array):
            if isinstance(item.value, (ListV, TupleV)):
                items = [rw.as_array(i) if isinstance(i, Operand) else i for i in items]
                break
            raise Unsupported("a subscript of unknown kind")
        if isinstance(item, Slice) and not item.full:
            _check_bounds_uniform(item)
    hazards = len(rw.hazards)
    note_range(rw, value, items)
    known = (rw.regions or rw.loops or rw.speculating) and len(rw.hazards) == hazards
    varying = [i for i in items if isinstance(i, Operand) and i.array.axes]
    if not varying:
        return locate_uniform(rw, base, items, any(isinstance(i, str) and i == ELLIPSIS for i in index))
    if all(
        loop_affine(rw, value, k, items) for k, i in enumerate(items) if isinstance(i, Operand) and i.array.axes
    ) and not any(isinstance(i, Operand) and i.array.rank for i in items):
        region = locate_slices(rw, base, items)
        if region is not None:
            return region
    region = locate_gather(rw, base, items)
    if known:  # all subscripts are within range
        del rw.hazards[hazards:]
    return region


def _check_bounds_uniform(item: Slice) -> None:
    for bound in (item.lower, item.upper, item.step):
        if bound is None or isinstance(bound.value, Obj) and bound.value.value is None:
            continue
        if not isinstance(bound.value, Array) or bound.value.axes:
            raise Unsupported("a slice whose ends differ between the examples")


def locate_uniform(rw: Context, base: Operand, items: list[Index], as_array: bool = False) -> Region:
    """Every subscript is the same for all examples: the axes are passed over by full slices.

    as_array: a single number is an array without axes, not a scalar, whose arithmetic would warn where it overflows.
    """
    value = rw.array(base)
    lead = len(value.axes)
    arrays = [i for i in items if isinstance(i, Operand) and i.array.rank]
    code_items = [":"] * lead + [item_code(i) for i in items]
    while code_items and code_items[-1] == ":" and len(code_items) > 1:
        code_items.pop()
    result, adjacent, width, _ = indexed_value(rw, value, items)
    if as_array and not (lead or result.rank):
        code_items.append(ELLIPSIS)
    seen = result.rank or result.axes or as_array
    origins = value.origins if seen and not arrays else frozenset[object]()
    result = result.with_(origins=origins, dims=result.dims)
    joined = ", ".join(code_items)
    region = Region(f"{base.primary}[{joined}]", result, view=not arrays, gathered=bool(arrays), index=joined)
    if code_items == [":"]:
        region.code = base.primary
    if arrays and lead and not adjacent:
        targets = [str(k) for k in range(lead)]
        sources = [str(k + width) for k in range(lead)]
        source, target = (
            (sources[0], targets[0]) if lead == 1 else (f"({', '.join(sources)})", f"({', '.join(targets)})")
        )
        region.code = call(rw.np("moveaxis"), region.code, source, target)
        region.moved = True
    return region

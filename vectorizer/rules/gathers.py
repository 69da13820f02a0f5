"""Subscripts that vary in any other way: gathers."""

from __future__ import annotations

from vectorizer.rules.context import Context
from vectorizer.rules.subscripts import (
    Index,
    Region,
    indexed_value,
    item_code,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Axes,
    Unsupported,
    copies,
    union_axes,
)


def locate_gather(rw: Context, base: Operand, items: list[Index]) -> Region:
    """Subscripts that vary: integer arrays for them and, where they share axes with the base, for its axes too."""
    value = rw.array(base)
    operands = [i for i in items if isinstance(i, Operand)]
    if any(o.array.kind == "b" for o in operands):
        raise Unsupported("a mask that varies selects a different number of elements for each example")
    width = max(o.array.rank for o in operands)
    result, adjacent, _, position = indexed_value(rw, value, items)
    if any(o.array.axes and o.array.kind not in "iu" for o in operands):
        raise Unsupported("a subscript that is not an integer")
    index_axes = union_axes(*(o.array.axes for o in operands))
    behind = not set(index_axes) & set(value.axes) and all(a < b for a in value.axes for b in index_axes)
    first = next(k for k, i in enumerate(items) if isinstance(i, Operand))
    rw.hazard("a subscript may be out of range")
    if not width and result.rank:  # one example's row is a view
        result = result.with_(origins=copies(value.origins), dims=result.dims)
    axes = union_axes(value.axes, index_axes)
    leads = behind and adjacent and first == 0
    if leads:
        codes = [":"] * len(value.axes) + [_spread_index(rw, i, index_axes, width) for i in items]
    else:
        codes = _own_indices(rw, value.axes, axes, len(axes) + width)
        codes += [_spread_index(rw, i, axes, width) for i in items]
    while codes[-1] == ":":
        codes.pop()
    index = ", ".join(codes)
    made = result.with_(axes=axes, dims=result.dims)
    code = f"{base.primary}[{index}]"
    region = Region(code, made, view=False, gathered=True, covered=set(index_axes), index=index)
    if leads or not adjacent:
        return region
    if not value.axes and first:  # NumPy leaves the gathered axes where the indices stand
        before = sum(1 for i in items[:first] if not isinstance(i, Operand))
        if before:
            _move(rw, region, before, 0, len(axes))
    elif value.axes and width and position and first:
        _move(rw, region, len(axes), len(axes) + position, width)
    return region


def _own_indices(rw: Context, own: Axes, axes: Axes, total: int) -> list[str]:
    """An `arange` for each axis of the base, laid out along `axes` among `total` dimensions."""
    codes = []
    for axis in own:
        trailing = total - 1 - axes.index(axis)
        arange = call(rw.np("arange"), rw.size(axis))
        codes.append(arange + (f"[:{', None' * trailing}]" if trailing else ""))
    return codes


def _move(rw: Context, region: Region, source: int, target: int, count: int) -> None:
    """Moves `count` axes of what a subscript gives from `source` to `target`."""
    pair = [", ".join(str(first + k) for k in range(count)) for first in (source, target)]
    if count > 1:
        pair = [f"({places})" for places in pair]
    region.code, region.moved = call(rw.np("moveaxis"), region.code, *pair), True
    region.shuffle = (pair[0], pair[1])


def _spread_index(rw: Context, item: Index, axes: Axes, width: int) -> str:
    """Code for one subscript among gathers: index arrays are laid out along `axes` and `width` logical dimensions."""
    if not isinstance(item, Operand):
        return item_code(item)
    return rw.expand(item, axes, width).code if item.array.axes else item.code

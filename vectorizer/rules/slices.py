"""Subscripts that are affine in the target of a loop that has become an axis: slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.rules.subscripts import (
    Index,
    Region,
    Slice,
    index_bounds_hold,
    item_code,
    slice_length,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Affine,
    Array,
    Axis,
    Unsupported,
    union_axes,
)


def loop_affine(rw: Context, base: Array, position: int, items: Sequence[Index]) -> bool:
    """Whether an index is affine in the target of one loop axis, along which the base does not vary already."""
    value = items[position].array
    if value.affine is None or value.rank:
        return False
    loops = [loop for loop in rw.loops if value.affine.coefficient(loop.symbol)]
    if len(loops) != 1 or value.axes != (loops[0].axis,) or loops[0].axis in base.axes:
        return False
    others = [i.array.affine for k, i in enumerate(items) if isinstance(i, Operand) and k != position]
    return not any(affine is not None and affine.coefficient(loops[0].symbol) for affine in others)


def locate_slices(rw: Context, base: Operand, items: list[Index]) -> Region | None:
    """Loop targets in a subscript become slices, whose dimensions become the loops' axes."""
    value = rw.array(base)
    codes = [":"] * len(value.axes)
    order: list[Axis | int] = list(value.axes)  # what each dimension of the slice is: an axis, or a logical one
    dims: list[Affine | None] = []
    position = 0
    for item in items:
        if isinstance(item, (str, Slice)):
            codes.append(item_code(item))
            order.append(len(dims))
            dims.append(slice_length(rw, value.dims[position], item) if isinstance(item, Slice) else Affine(1))
        elif not item.array.axes:
            codes.append(item.code)
        else:
            loop = next(x for x in rw.loops if item.array.axes == (x.axis,))
            piece = loop_slice(rw, item.array, loop, value.dims[position])
            if piece is None:
                return None
            codes.append(piece)
            order.append(loop.axis)
        position += not isinstance(item, str)
    while len(codes) > 1 and codes[-1] == ":":
        codes.pop()
    covered = {o for o in order if isinstance(o, Axis)} - set(value.axes)
    axes = union_axes(value.axes, covered)
    result = Array(value.dtype, len(dims), axes, dims=tuple(dims), origins=value.origins)
    index = ", ".join(codes)
    code = f"{base.primary}[{index}]" if codes != [":"] else base.primary
    permutation = [order.index(o) for o in [*axes, *range(len(dims))]]
    moved = permutation != sorted(permutation)
    if moved:
        code += ".T" if permutation == [1, 0] else f".transpose({', '.join(map(str, permutation))})"
    return Region(code, result, view=True, moved=moved, covered=covered, index=index)


def loop_slice(rw: Context, index: Array, loop: Any, dim: Affine | None) -> str | None:
    """Code for the slice that an affine index runs through; None where it cannot be shown to stay within range."""
    assert index.affine is not None
    if loop.first is None or dim is None or not index_bounds_hold(rw, index, dim) or not rw.relies_on(loop.trips):
        return None
    stride = index.affine.coefficient(loop.symbol) * loop.step
    if stride != 1 and not rw.relies_on(loop.trips - 1):
        return None  # the end of a slice of nothing could be counted from the end of the axis
    start = index.affine.substitute(loop.symbol, loop.first)
    last = index.affine.substitute(loop.symbol, loop.last)
    return slice_code(rw, start, last, stride, dim)


def slice_code(rw: Context, start: Affine, last: Affine, stride: int, dim: Affine) -> str | None:
    """``start:stop:stride`` that takes the elements from `start` to `last`, both included."""
    try:
        if stride > 0:
            lower = "" if start == Affine(0) else rw.print_affine(start).code
            reaches = stride > 1 and rw.relies_on(last + stride - dim)  # what is left is no whole step
            upper = "" if reaches else end_code(rw, last + 1, dim)
        else:
            lower = "" if start == dim - 1 else rw.print_affine(start).code
            if start != dim - 1 and not start.is_const and (dim - start).is_const:
                lower = str(-(dim - start).const)
            if last == Affine(0):
                upper = ""
            elif rw.relies_on(last - 1):
                upper = rw.print_affine(last - 1).code
            else:  # counted from the end, it stands in front of the first element where `last` is 0
                upper = rw.print_affine(last - 1 - dim).code
    except Unsupported:
        return None
    return stride_code(colon_code(lower, upper), stride)


def stride_code(code: str, stride: int) -> str:
    """A slice with a step."""
    if stride == 1:
        return code
    return f"{code} : {stride}" if " :" in code or ": " in code else f"{code}:{stride}"


def colon_code(lower: str, upper: str) -> str:
    """``lower:upper``, with spaces around the colon where an end is more than a name or a number."""
    if all(x.isidentifier() or x.lstrip("-").isdigit() for x in (lower, upper) if x):
        return f"{lower}:{upper}"
    return f"{lower} : {upper}".strip()


def end_code(rw: Context, stop: Affine, dim: Affine) -> str:
    """Code for the end of a slice: nothing at the end of the axis, ``-k`` for `k` before it."""
    rest = dim - stop
    if rest == Affine(0):
        return ""
    if rest.is_const and rest.const > 0 and not dim.is_const:
        return str(-rest.const)
    if rw.facts.samples is not None and not stop.is_const and rw.equal(stop, dim):
        return ""
    return rw.print_affine(stop).code

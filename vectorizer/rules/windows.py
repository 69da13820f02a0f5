"""Sliding windows: slices whose ends both follow a loop's target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.rules.slices import loop_slice, slice_code
from vectorizer.rules.sliding import Kept, Moving, Place, Window, WindowNode, transposed
from vectorizer.rules.subscripts import (
    NEWAXIS,
    Index,
    Slice,
    expand_index,
    item_code,
    slice_length,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Array,
    Unsupported,
    union_axes,
)


def find_window(rw: Context, base: Operand, index: Sequence[Index]) -> Operand | None:
    """Slices whose ends both follow a loop's target, as sliding windows along those loops' axes."""
    value = rw.array(base)
    if not any(isinstance(i, Slice) and any(_varies(b) for b in (i.lower, i.upper)) for i in index):
        return None
    if any(isinstance(i, str) and i == NEWAXIS for i in index):
        raise Unsupported("a new axis beside a slice whose ends differ between the examples")
    places = [_place_of(rw, base, value, k, i) for k, i in enumerate(expand_index(index, value.rank))]
    windows = [place for place in places if isinstance(place, Window)]
    moving = [place.loop for place in places if isinstance(place, (Window, Moving))]
    if len(set(map(id, moving))) != len(moving):
        raise Unsupported("one loop's target in several subscripts beside a sliding window")
    for window in windows:
        _check_inside(rw, window, value)
    axes = union_axes(value.axes, (loop.axis for loop in moving))
    if any(axis.depth > loop.axis.depth for axis in value.axes for loop in moving):
        raise Unsupported("a window over an array that varies along an inner loop")
    dims = tuple(p.width if isinstance(p, Window) else p.dim for p in places if isinstance(p, (Window, Kept)))
    result = Array(value.dtype, len(dims), axes, dims=dims, origins=value.origins)
    plain = windows[0] if len(places) == 1 and windows[0].stride == 1 else None
    node = WindowNode(plain, tuple(window.width for window in windows), base, tuple(places), result)
    return Operand(None, result, make=lambda: _view(rw, base, places, result), node=node)


def _place_of(rw: Context, base: Operand, value: Array, k: int, item: Index) -> Place:
    """What a subscript does to a dimension; a text for one that takes a single element."""
    dim = value.dims[k]
    if isinstance(item, Slice):
        if any(_varies(b) for b in (item.lower, item.upper)):
            return _window_of(rw, base, value, item, k)
        return Kept(item_code(item), slice_length(rw, dim, item))
    if not isinstance(item, Operand) or not isinstance(item.value, Array) or item.value.rank:
        raise Unsupported("an array as a subscript beside a sliding window")
    if not item.value.axes:
        return str(item.code)
    loop = next((x for x in rw.loops if item.value.axes == (x.axis,)), None)
    piece = loop_slice(rw, item.value, loop, dim) if loop is not None and item.value.affine is not None else None
    if piece is None or loop is None or loop.axis in value.axes:
        raise Unsupported("a subscript that varies beside a sliding window")
    return Moving(loop, piece)


def _check_inside(rw: Context, window: Window, value: Array) -> None:
    """Raises Unsupported where a window may reach beyond its array or be empty."""
    dim = value.dims[window.place]
    assert dim is not None
    inside = rw.relies_on(window.start) and rw.relies_on(dim - window.last - window.width)
    if not inside or not rw.relies_on(window.loop.trips) or not rw.relies_on(window.width - 1):
        raise Unsupported("a window that may reach beyond its array")


def _view(rw: Context, base: Operand, places: Sequence[Any], result: Array) -> Operand:
    """The windows as a view: their dimensions stand behind all others, and are moved to where the subscripts are."""
    value = rw.array(base)
    lead = len(value.axes)
    windows = [place for place in places if isinstance(place, Window)]
    function = rw.imported("numpy.lib.stride_tricks", "sliding_window_view")
    widths = [rw.print_affine(w.width).code for w in windows]
    along = [str(lead + w.place) for w in windows]
    if len(windows) > 1:
        widths, along = [f"({', '.join(widths)})"], [f"({', '.join(along)})"]
    code = call(function, base.code, widths[0], axis=along[0])
    pieces, order = [":"] * lead, list[Any](value.axes)
    for k, place in enumerate(places):
        if isinstance(place, Window):
            dim = value.dims[place.place]
            assert dim is not None
            piece = slice_code(rw, place.start, place.last, place.stride, dim - place.width + 1)
            if piece is None:
                raise Unsupported("the ends of a window have no names here")
            pieces.append(piece)
            order.append(place.loop.axis)
        elif isinstance(place, str):
            pieces.append(place)
        else:
            pieces.append(place.code)
            order.append(place.loop.axis if isinstance(place, Moving) else k)
    order += [w.place for w in windows]
    while len(pieces) > 1 and pieces[-1] == ":":
        pieces.pop()
    if pieces != [":"]:
        code = f"{code}[{', '.join(pieces)}]"
    wanted = [*result.axes, *sorted(o for o in order if isinstance(o, int))]
    return Operand(transposed(code, [order.index(o) for o in wanted]), result)


def _varies(bound: Operand | None) -> bool:
    """Whether an end of a slice follows an axis."""
    return bound is not None and isinstance(bound.value, Array) and bool(bound.value.axes)


def _window_of(rw: Context, base: Operand, value: Array, item: Slice, place: int) -> Window:
    """The window that a slice is whose ends follow one loop's target at a fixed distance."""
    lower, upper = (b.array.affine if b is not None else None for b in (item.lower, item.upper))
    if lower is None or upper is None or item.step is not None or value.dims[place] is None:
        raise Unsupported("a slice whose ends differ between the examples")
    width = upper - lower
    loops = [x for x in rw.loops if lower.coefficient(x.symbol)]
    if len(loops) != 1 or any(width.coefficient(x.symbol) for x in rw.loops):
        raise Unsupported("a slice whose length differs between the iterations")
    loop = loops[0]
    stride = lower.coefficient(loop.symbol) * loop.step
    if stride < 1 or loop.first is None or loop.axis in value.axes:
        raise Unsupported("a slice whose length differs between the iterations")
    return Window(base, lower.substitute(loop.symbol, loop.first), loop.trips, width, loop, stride, place)

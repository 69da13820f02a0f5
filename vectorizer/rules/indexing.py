"""Subscripts: reading and writing elements, rows, slices, windows and gathers.

The layout of an array is ``[axes..., logical...]``.  A subscript that is uniform leaves the axes alone.  One that is
affine in the target of a loop that has become an axis is a slice whose dimension becomes that axis.  Anything else
that varies is a gather, for which the base's own axes are indexed by an `arange` each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.source.operand import PRODUCT, SUM, Operand, call
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axes,
    Axis,
    DictV,
    ListV,
    MaskedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    join,
    union_axes,
)


@dataclass
class Parts:
    """The operands of a tuple or list that is written out."""

    parts: list[Operand]


@dataclass
class Slice:
    """A slice of a subscript; `code` is how it is written."""

    lower: Operand | None
    upper: Operand | None
    step: Operand | None
    code: str

    @property
    def full(self) -> bool:
        return self.lower is None and self.upper is None and self.step is None


FULL = Slice(None, None, None, ":")
NEWAXIS = "None"
ELLIPSIS = "..."
Index = Any  # Operand | Slice | NEWAXIS | ELLIPSIS


@dataclass
class Region:
    """What a subscript names in an array.

    code: the subscripted expression, as for reading.
    view: it shares memory with the base, so that it can be written through.
    moved: the axes had to be rearranged behind the subscript; a store goes through ``[...]``.
    gathered: integer arrays are involved.
    """

    code: str
    value: Array
    view: bool = True
    moved: bool = False
    gathered: bool = False
    unordered: bool = False
    covered: set[Axis] = field(default_factory=set)
    index: str = ""


def expand_index(index: Sequence[Index], rank: int) -> list[Index]:
    """`index` with the ellipsis written out and full slices for what it leaves away."""
    used = sum(_consumes(item) for item in index)
    if used > rank:
        raise Unsupported(f"{used} subscripts for an array of rank {rank}")
    full = [FULL] * (rank - used)
    if ELLIPSIS in [i for i in index if isinstance(i, str)]:
        k = next(k for k, item in enumerate(index) if isinstance(item, str) and item == ELLIPSIS)
        return [*index[:k], *full, *index[k + 1 :]]
    return [*index, *full]


def _consumes(item: Index) -> int:
    if isinstance(item, str):
        return 0
    if isinstance(item, Operand) and isinstance(item.value, Array) and item.value.kind == "b":
        return item.value.rank
    return 1


def item_code(item: Index) -> str:
    if isinstance(item, str):
        return item
    return str(item.code)


def subscript(rw: Context, base: Operand, index: Sequence[Index]) -> Operand:
    """``base[index]`` for reading."""
    value = base.value
    if isinstance(value, (TupleV, ListV, SeqV, DictV)):
        return container_item(rw, base, index)
    if isinstance(value, Obj) and isinstance(value.value, (tuple, list, dict, str)) and len(index) == 1:
        item = value.value[rw.pin(index[0], "a subscript")]
        return Operand(f"{base.primary}[{item_code(index[0])}]", rw.value_of(item))  # type: ignore[attr-defined]
    operand = rw.as_array(base)
    array = rw.array(operand)
    if isinstance(value, StackedV) and any(isinstance(i, Slice) for i in index):
        result = locate(rw, operand, index)
        return Operand(result.code, StackedV(result.value, value.weak), fresh=False)
    if array.rank == 0 and not index == [ELLIPSIS]:
        raise Unsupported("a number is subscripted")
    if len(index) == 1 and is_varying_mask(index[0], array):
        return masked(rw, operand, index[0])
    window = find_window(rw, operand, index)
    if window is not None:
        return window
    region = locate(rw, operand, index)
    found = region.value
    if isinstance(value, StackedV) and value.weak and found.rank == 0:
        found = found.with_(weak=True)
    return Operand(region.code, found, fresh=not region.view)


@dataclass
class Masked:
    """The array and the mask of ``x[mask]``, laid out alike."""

    array: Operand
    mask: Operand


def is_varying_mask(item: Index, array: Array) -> bool:
    found = isinstance(item, Operand) and isinstance(item.value, Array) and item.value.kind == "b"
    return found and bool(item.array.axes) and item.array.rank == array.rank


def masked(rw: Context, operand: Operand, mask: Operand) -> Operand:
    """The elements of `operand` that `mask` chooses, a different number for each example."""

    def make() -> Operand:
        raise Unsupported("a mask that varies selects a different number of elements for each example")

    axes = union_axes(rw.array(operand).axes, mask.array.axes)
    value = rw.array(operand).with_(axes=axes, dims=rw.array(operand).dims, origins=frozenset())
    return Operand(None, MaskedV(value), make=make, node=Masked(operand, mask))


def container_item(rw: Context, base: Operand, index: Sequence[Index]) -> Operand:
    value = base.value
    if len(index) != 1:
        raise Unsupported("a container is subscripted with several indices")
    item = index[0]
    if isinstance(value, DictV):
        key = rw.pin(item, "a key")
        found = value.get(key)
        if found is None:
            raise Unsupported(f"a dict has no key {key!r}")
        return Operand(f"{base.primary}[{item_code(item)}]", found)
    assert isinstance(value, (TupleV, ListV, SeqV))
    if isinstance(item, Slice):
        return _container_slice(rw, base, value, item)
    if not isinstance(item, Operand) or not isinstance(item.value, Array) or item.value.rank:
        raise Unsupported("a container is subscripted with something unknown")
    if item.value.axes:
        array = rw.as_array(base)
        if not all(isinstance(i, Array) for i in getattr(value, "items", ())):
            raise Unsupported("a list of lists is subscripted with an index that varies")
        if len({(i.dtype, i.weak) for i in getattr(value, "items", ()) if isinstance(i, Array)}) > 1:
            raise Unsupported("a list of numbers of different kinds is subscripted with an index that varies")
        named = Operand(call(rw.np("array"), base.code), array.value, fresh=True) if is_uniform(value) else array
        return subscript(rw, rw.temp(named, "table"), index)
    if isinstance(value, SeqV):
        return Operand(f"{base.primary}[{item.code}]", value.item)
    try:
        known = rw.pin_int(item, "a subscript") if item.value.const is not MISSING or not _alike(value) else None
    except Unsupported:
        known = None
    if known is not None and not -len(value.items) <= known < len(value.items):
        raise Unsupported("a subscript is out of range")
    if known is not None:
        parts = getattr(base.node, "parts", None)
        if parts is not None and not base.is_name:
            return parts[known]  # type: ignore[no-any-return]
        return Operand(f"{base.primary}[{item.code}]", value.items[known])
    merged = value.items[0]
    for other in value.items[1:]:
        merged = join(merged, other)
    if not all(axes_equal(merged, other) for other in value.items):
        raise Unsupported("the items of a list vary differently")
    return Operand(f"{base.primary}[{item.code}]", merged)


def axes_equal(first: Value, second: Value) -> bool:
    from vectorizer.values import axes_of

    return axes_of(first) == axes_of(second)


def _alike(value: TupleV | ListV) -> bool:
    return False


def _container_slice(rw: Context, base: Operand, value: Any, item: Slice) -> Operand:
    if isinstance(value, SeqV):
        return Operand(f"{base.primary}[{item.code}]", SeqV(value.item, object()))
    bounds = [None if b is None else rw.pin_int(b, "a subscript") for b in (item.lower, item.upper, item.step)]
    part = value.items[slice(*bounds)]
    made: Value = TupleV(part) if isinstance(value, TupleV) else ListV(part, object())
    return Operand(f"{base.primary}[{item.code}]", made)


# --- locating -------------------------------------------------------------------------------------------------------


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
    varying = [i for i in items if isinstance(i, Operand) and i.array.axes]
    note_range(rw, value, items)
    if not varying:
        return locate_uniform(rw, base, items)
    if all(
        loop_affine(rw, value, k, items) for k, i in enumerate(items) if isinstance(i, Operand) and i.array.axes
    ) and not any(isinstance(i, Operand) and i.array.rank for i in items):
        region = locate_slices(rw, base, items)
        if region is not None:
            return region
    return locate_gather(rw, base, items)


def _check_bounds_uniform(item: Slice) -> None:
    for bound in (item.lower, item.upper, item.step):
        if bound is None or isinstance(bound.value, Obj) and bound.value.value is None:
            continue
        if not isinstance(bound.value, Array) or bound.value.axes:
            raise Unsupported("a slice whose ends differ between the examples")


def note_range(rw: Context, base: Array, items: Sequence[Index]) -> None:
    """A subscript that may be out of range must not be computed for examples that do not reach it."""
    if not (rw.regions or rw.loops or rw.speculating):
        return
    position = 0
    for item in items:
        if isinstance(item, Operand):
            dim = base.dims[position] if position < base.rank else None
            if not in_range(rw, item.array, dim):
                rw.hazard("a subscript may be out of range")
        position += _consumes(item)


def in_range(rw: Context, index: Array, dim: Affine | None) -> bool:
    if index.rank or dim is None:
        return False
    if index.const is not MISSING and not index.axes:
        k = int(index.const)
        return rw.relies_on(dim - (k + 1 if k >= 0 else -k))
    return index_bounds_hold(rw, index, dim)


def index_bounds_hold(rw: Context, index: Array, dim: Affine) -> bool:
    """Whether an affine index stays within ``[0, dim)`` for all values of its loop targets."""
    if index.affine is None:
        return False
    low = high = index.affine
    for axis in rw.loops:
        coefficient = index.affine.coefficient(axis.symbol)
        if not coefficient:
            continue
        if axis.first is None or axis.last is None:
            return False
        first, last = (axis.first, axis.last) if coefficient * axis.step > 0 else (axis.last, axis.first)
        low, high = low.substitute(axis.symbol, first), high.substitute(axis.symbol, last)
    return rw.relies_on(low) and rw.relies_on(dim - high - 1)


def locate_uniform(rw: Context, base: Operand, items: list[Index]) -> Region:
    """Every subscript is the same for all examples: the axes are passed over by full slices."""
    value = rw.array(base)
    lead = len(value.axes)
    arrays = [i for i in items if isinstance(i, Operand) and i.array.rank]
    code_items = [":"] * lead + [item_code(i) for i in items]
    while code_items and code_items[-1] == ":" and len(code_items) > 1:
        code_items.pop()
    result, adjacent, width, _ = indexed_value(rw, value, items)
    origins = frozenset[object]() if arrays or not (result.rank or result.axes) else value.origins
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


def indexed_value(rw: Context, value: Array, items: Sequence[Index]) -> tuple[Array, bool, int, int]:
    """The per-example value of a subscript; whether its advanced indices are adjacent, their rank, their position."""
    advanced = [k for k, i in enumerate(items) if isinstance(i, Operand)]
    any_array = any(isinstance(i, Operand) and i.array.rank for i in items)
    adjacent = not advanced or advanced[-1] - advanced[0] + 1 == len(advanced)
    width = 0
    shape: tuple[Affine | None, ...] = ()
    for item in items:
        if isinstance(item, Operand) and item.array.rank:
            rank = 1 if item.array.kind == "b" else item.array.rank
            dims = (None,) if item.array.kind == "b" else item.array.dims
            if rank > width:
                width, shape = rank, dims
            elif rank == width:
                shape = tuple(a if a == b else None for a, b in zip(shape, dims, strict=True))
    dims_out: list[Affine | None] = []
    axis, position = 0, 0
    placed = not any_array
    for k, item in enumerate(items):
        if isinstance(item, str):
            dims_out.append(Affine(1))
            continue
        if isinstance(item, Slice):
            dims_out.append(slice_length(rw, value.dims[axis], item))
        elif not placed and (adjacent and k == advanced[0]):
            position = len(dims_out)
            dims_out += shape
            placed = True
        axis += _consumes(item)
    if not placed:
        dims_out = [*shape, *dims_out]
    result = Array(value.dtype, len(dims_out), value.axes, dims=tuple(dims_out), zero_d=False)
    return result, adjacent, width, position


def slice_length(rw: Context, dim: Affine | None, item: Slice) -> Affine | None:
    """The length of a slice whose ends lie within the axis, provably or now and guarded; None where not known."""
    if item.full:
        return dim
    if dim is None:
        return None
    if item.step is not None:
        step = item.step.value
        reverses = isinstance(step, Array) and step.const == -1 and item.lower is None and item.upper is None
        return dim if reverses else None
    start, stop = slice_end(item.lower, dim, Affine()), slice_end(item.upper, dim, dim)
    if start is None or stop is None:
        return None
    if rw.relies_on(start) and rw.relies_on(stop - start) and rw.relies_on(dim - stop):
        return stop - start
    return None


def slice_end(bound: Operand | None, dim: Affine, default: Affine) -> Affine | None:
    """One end of a slice; a negative constant counts from the end of the axis."""
    if bound is None:
        return default
    value = bound.value
    if not isinstance(value, Array) or value.axes or value.affine is None:
        return None
    return dim + value.affine if value.affine.is_const and value.affine.const < 0 else value.affine


# --- slices of loop axes ---------------------------------------------------------------------------------------------


def loop_affine(rw: Context, base: Array, position: int, items: Sequence[Index]) -> bool:
    """Whether an index is affine in the target of one loop axis, along which the base does not vary already."""
    value = items[position].array
    if value.affine is None or value.rank:
        return False
    loops = [loop for loop in rw.loops if value.affine.coefficient(loop.symbol)]
    if len(loops) != 1 or value.axes != (loops[0].axis,) or loops[0].axis in base.axes:
        return False
    others = [i for k, i in enumerate(items) if isinstance(i, Operand) and k != position and i.array.affine is not None]
    return not any(o.array.affine.coefficient(loops[0].symbol) for o in others)  # type: ignore[union-attr]


def locate_slices(rw: Context, base: Operand, items: list[Index]) -> Region | None:
    """Loop targets in a subscript become slices, whose dimensions become the loops' axes."""
    value = rw.array(base)
    lead = len(value.axes)
    codes = [":"] * lead
    order: list[Any] = list(value.axes)
    dims: list[Affine | None] = []
    covered: set[Axis] = set()
    position = 0
    for item in items:
        if isinstance(item, str):
            codes.append(NEWAXIS)
            order.append(("logical", len(dims)))
            dims.append(Affine(1))
            continue
        if isinstance(item, Slice):
            codes.append(item.code)
            order.append(("logical", len(dims)))
            dims.append(slice_length(rw, value.dims[position], item))
        elif not item.array.axes:
            codes.append(item.code)
        else:
            loop = next(x for x in rw.loops if item.array.axes == (x.axis,))
            piece = loop_slice(rw, item.array, loop, value.dims[position])
            if piece is None:
                return None
            codes.append(piece)
            order.append(loop.axis)
            covered.add(loop.axis)
        position += 1
    while len(codes) > 1 and codes[-1] == ":":
        codes.pop()
    axes = union_axes(value.axes, covered)
    result = Array(value.dtype, len(dims), axes, dims=tuple(dims), origins=value.origins)
    index = ", ".join(codes)
    code = f"{base.primary}[{index}]" if codes != [":"] else base.primary
    wanted = [*axes, *(o for o in order if isinstance(o, tuple))]
    permutation = [order.index(o) for o in wanted]
    moved = permutation != list(range(len(permutation)))
    if moved:
        if permutation == [1, 0]:
            code = f"{code}.T"
        else:
            code = f"{code}.transpose({', '.join(map(str, permutation))})"
    return Region(code, result, view=True, moved=moved, covered=covered, index=index)


def loop_slice(rw: Context, index: Array, loop: Any, dim: Affine | None) -> str | None:
    """Code for the slice that an affine index runs through; None where it cannot be shown to stay within range."""
    assert index.affine is not None
    if loop.first is None or dim is None or not index_bounds_hold(rw, index, dim) or not rw.relies_on(loop.trips):
        return None
    stride = index.affine.coefficient(loop.symbol) * loop.step
    start = index.affine.substitute(loop.symbol, loop.first)
    last = index.affine.substitute(loop.symbol, loop.last)
    return slice_code(rw, start, last, stride, dim)


def slice_code(rw: Context, start: Affine, last: Affine, stride: int, dim: Affine) -> str | None:
    """``start:stop:stride`` that takes the elements from `start` to `last`, both included."""
    try:
        if stride > 0:
            lower = "" if start == Affine(0) else rw.print_affine(start).code
            upper = end_code(rw, last + 1, dim)
        else:
            lower = "" if start == dim - 1 else rw.print_affine(start).code
            if start != dim - 1 and not start.is_const and (dim - start).is_const:
                lower = str(-(dim - start).const)
            if last == Affine(0):
                upper = ""
            elif rw.relies_on(last - 1):
                upper = rw.print_affine(last - 1).code
            else:
                return None
    except Unsupported:
        return None
    spaced = any(not x.isidentifier() and not x.lstrip("-").isdigit() for x in (lower, upper) if x)
    colon = " : " if spaced and lower and upper else ":"
    text = (
        f"{lower}{colon}{upper}"
        if not spaced or (lower and upper)
        else f"{lower} :{upper}"
        if lower and not upper
        else f": {upper}"
        if upper
        else ":"
    )
    if spaced and not lower and upper:
        text = f": {upper}"
    if spaced and lower and not upper:
        text = f"{lower} :"
    return text + (f":{stride}" if stride != 1 else "")


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


# --- gathers --------------------------------------------------------------------------------------------------------


def locate_gather(rw: Context, base: Operand, items: list[Index]) -> Region:
    """Subscripts that vary: integer arrays for them and, where they share axes with the base, for its axes too."""
    value = rw.array(base)
    if any(isinstance(i, Operand) and i.array.kind == "b" for i in items):
        raise Unsupported("a mask that varies selects a different number of elements for each example")
    operands = [i for i in items if isinstance(i, Operand)]
    index_axes = union_axes(*(o.array.axes for o in operands))
    width = max(o.array.rank for o in operands)
    result, adjacent, _, position = indexed_value(rw, value, items)
    for operand in operands:
        if operand.array.axes and operand.array.kind not in "iu":
            raise Unsupported("a subscript that is not an integer")
    shared = set(index_axes) & set(value.axes)
    behind = not shared and all(a < b for a in value.axes for b in index_axes)
    first = next(k for k, i in enumerate(items) if isinstance(i, Operand))
    rw.hazard("a subscript may be out of range")
    covered = set(index_axes)
    if not width and result.rank:  # one example's row is a view
        result = result.with_(
            origins=frozenset(("copy", o) for o in value.origins if not (isinstance(o, tuple) and o[0] == "copy")),
            dims=result.dims,
        )
    if behind and adjacent and first == 0:
        codes = [":"] * len(value.axes) + [_spread_index(rw, i, index_axes, width) for i in items]
        while codes[-1] == ":":
            codes.pop()
        axes = union_axes(value.axes, index_axes)
        made = result.with_(axes=axes, dims=result.dims)
        index = ", ".join(codes)
        return Region(f"{base.primary}[{index}]", made, view=False, gathered=True, covered=covered, index=index)
    axes = union_axes(value.axes, index_axes)
    total = len(axes) + width
    codes = []
    for axis in value.axes:
        trailing = total - 1 - axes.index(axis)
        arange = call(rw.np("arange"), rw.size(axis))
        codes.append(arange + (f"[:{', None' * trailing}]" if trailing else ""))
    codes += [_spread_index(rw, i, axes, width) for i in items]
    while codes[-1] == ":":
        codes.pop()
    made = result.with_(axes=axes, dims=result.dims)
    index = ", ".join(codes)
    code = f"{base.primary}[{index}]"
    region = Region(code, made, view=False, gathered=True, covered=covered, index=index)
    together = adjacent and (not value.axes or first == 0)
    if not value.axes and adjacent and first:  # NumPy leaves the gathered axes where the indices stand
        before = sum(1 for i in items[:first] if not isinstance(i, Operand))
        if before:
            _move(rw, region, before, 0, len(axes))
    elif value.axes and adjacent and width and position and not together:
        _move(rw, region, len(axes), len(axes) + position, width)
    return region


def _move(rw: Context, region: Region, source: int, target: int, count: int) -> None:
    """Moves `count` axes of what a subscript gives from `source` to `target`."""
    pair = [", ".join(str(first + k) for k in range(count)) for first in (source, target)]
    if count > 1:
        pair = [f"({places})" for places in pair]
    region.code, region.moved = call(rw.np("moveaxis"), region.code, *pair), True


def _spread_index(rw: Context, item: Index, axes: Axes, width: int) -> str:
    """Code for one subscript among gathers: index arrays are laid out along `axes` and `width` logical dimensions."""
    if not isinstance(item, Operand):
        return item_code(item)
    value = item.array
    if not value.axes and not value.rank:
        return item.code
    if not value.axes:
        return item.code
    return rw.expand(item, axes, width).code


# --- windows --------------------------------------------------------------------------------------------------------


@dataclass
class Window:
    """``x[i + a : i + b]`` for a loop target `i`: a sliding window over a vector."""

    base: Operand
    start: Affine  # of the first window
    count: Affine  # number of windows
    width: Affine
    loop: Any

    def dot(self, rw: Context, other: Operand) -> Operand | None:
        """The dot product with a short vector, one shifted slice for each of its elements."""
        from vectorizer.rules.contractions import LONGEST_UNROLLED, product_dtype

        base, vector = rw.array(self.base), rw.array(other)
        if not self.width.is_const or not 1 < self.width.const <= LONGEST_UNROLLED or vector.rank != 1:
            return None
        if self.loop.axis in vector.axes or not set(vector.axes) <= set(base.axes) or base.rank != 1:
            return None
        if not rw.equal(vector.dims[0], self.width) or base.kind not in "fc" or vector.dtype != base.dtype:
            return None
        if rw.regions or len(rw.loops) != 1 or rw.speculating:
            return None
        shifted = self.slices(rw)
        if shifted is None:
            return None
        source, weights = rw.temp(self.base, "signal"), rw.temp(other, "weights")
        lead = [":" if axis in vector.axes else "None" for axis in base.axes] if vector.axes else []
        total, term = rw.fresh("total"), rw.fresh("term")
        for k, piece in enumerate(shifted):
            x = f"{source.primary}[{', '.join([':'] * len(base.axes) + [piece])}]"
            w = f"{weights.primary}[{', '.join([*lead, f'{k}:{k + 1}' if vector.axes else str(k)])}]"
            if k == 0:
                rw.emit(f"{total} = {x} * {w}")
            elif k == 1:
                rw.emit(f"{term} = {x} * {w}")
                rw.emit(f"{total} += {term}")
            else:
                rw.emit(f"{rw.np('multiply')}({x}, {w}, out={term})")
                rw.emit(f"{total} += {term}")
        rw.change("unroll", f"a dot product with {self.width.const} neighbours is the sum of as many shifted products")
        axes = union_axes(base.axes, (self.loop.axis,))
        return Operand(total, Array(product_dtype([base, vector]), 0, axes), fresh=True)

    def slices(self, rw: Context) -> list[str] | None:
        """The slice of the base that each element of the window runs through."""
        dim = rw.array(self.base).dims[0]
        assert dim is not None
        pieces = []
        for k in range(self.width.const):
            piece = slice_code(rw, self.start + k, self.start + k + self.count - 1, 1, dim)
            if piece is None:
                return None
            pieces.append(piece)
        return pieces


def find_window(rw: Context, base: Operand, index: Sequence[Index]) -> Operand | None:
    """A slice whose ends both follow a loop's target, as a sliding window along that loop's axis."""
    value = rw.array(base)
    bounds = [
        (k, i) for k, i in enumerate(index)
        if isinstance(i, Slice)
        and any(isinstance(b, Operand) and isinstance(b.value, Array) and b.value.axes for b in (i.lower, i.upper))
    ]  # fmt: skip
    if not bounds:
        return None
    if len(bounds) != 1 or value.rank != 1 or len(index) != 1:
        raise Unsupported("a slice whose ends differ between the examples")
    _, item = bounds[0]
    lower, upper = (b.array.affine if isinstance(b, Operand) else None for b in (item.lower, item.upper))
    dim = value.dims[0]
    if lower is None or upper is None or item.step is not None or dim is None:
        raise Unsupported("a slice whose ends differ between the examples")
    width = upper - lower
    loop = next((x for x in rw.loops if lower.coefficient(x.symbol) == 1), None)
    if loop is None or loop.step != 1 or loop.first is None or loop.axis in value.axes:
        raise Unsupported("a slice whose length differs between the iterations")
    others = [x for x in rw.loops if x is not loop]
    if any(width.coefficient(x.symbol) for x in rw.loops) or any(lower.coefficient(x.symbol) for x in others):
        raise Unsupported("a slice whose length differs between the iterations")
    start, last = lower.substitute(loop.symbol, loop.first), lower.substitute(loop.symbol, loop.last)
    inside = rw.relies_on(start) and rw.relies_on(dim - last - width) and rw.relies_on(loop.trips)
    if not inside or not rw.relies_on(width - 1):
        raise Unsupported("a window that may reach beyond its array")
    if any(axis.depth > loop.axis.depth for axis in value.axes):
        raise Unsupported("a window over an array that varies along an inner loop")
    window = Window(base, start, last - start + 1, width, loop)
    axes = union_axes(value.axes, (loop.axis,))
    result = Array(value.dtype, 1, axes, dims=(width,), origins=value.origins)

    def make() -> Operand:
        function = rw.imported("numpy.lib.stride_tricks", "sliding_window_view")
        code = call(function, base.code, rw.print_affine(width).code, axis=str(len(value.axes)))
        piece = slice_code(rw, start, last, 1, dim - width + 1)
        if piece is None:
            raise Unsupported("the ends of a window have no names here")
        if piece != ":":
            code = f"{code}[{', '.join([*[':'] * len(value.axes), piece])}]"
        return Operand(code, result)

    return Operand(None, result, make=make, node=_WindowNode(window))


@dataclass
class _WindowNode:
    window: Window


_ = (np, PRODUCT, SUM)

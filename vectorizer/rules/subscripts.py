"""What subscripts are made of, and what they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axis,
    MaskedV,
    Unsupported,
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
ZERO = Affine()
ELLIPSIS = "..."
Index = Any  # Operand | Slice | NEWAXIS | ELLIPSIS


@dataclass
class Region:
    """What a subscript names in an array.

    code: the subscripted expression, as for reading.
    view: it shares memory with the base, so that it can be written through.
    moved: the axes had to be rearranged behind the subscript; a store goes through ``[...]``.
    gathered: integer arrays are involved.
    apart: they name another element for each example and each iteration, all of them within range.
    """

    code: str
    value: Array
    view: bool = True
    moved: bool = False
    gathered: bool = False
    apart: bool = False
    covered: set[Axis] = field(default_factory=set)
    index: str = ""
    shuffle: tuple[str, str] | None = None  # where the axes stand behind the index, and where they belong


@dataclass
class Masked:
    """The array and the mask of ``x[mask]``; a mask of lower rank chooses among the first axes of the array."""

    array: Operand
    mask: Operand
    view: bool = False  # it stands for a view of the array, not for a copy


def expand_index(index: Sequence[Index], rank: int) -> list[Index]:
    """`index` with the ellipsis written out and full slices for what it leaves away."""
    used = sum(consumed(item) for item in index)
    if used > rank:
        raise Unsupported(f"{used} subscripts for an array of rank {rank}")
    full = [FULL] * (rank - used)
    if ELLIPSIS in [i for i in index if isinstance(i, str)]:
        k = next(k for k, item in enumerate(index) if isinstance(item, str) and item == ELLIPSIS)
        if not full and has_arrays(index) and has_numbers(index[:k]) and has_numbers(index[k + 1 :]):
            raise Unsupported("integer arrays on both sides of an ellipsis that stands for no axis")
        return [*index[:k], *full, *index[k + 1 :]]
    return [*index, *full]


def has_numbers(index: Sequence[Index]) -> bool:
    return any(isinstance(item, Operand) for item in index)


def has_arrays(index: Sequence[Index]) -> bool:
    return any(isinstance(i, Operand) and not (isinstance(i.value, Array) and not i.array.rank) for i in index)


def consumed(item: Index) -> int:
    """How many logical axes of the base a subscript speaks of."""
    if isinstance(item, str):
        return 0
    if isinstance(item, Operand) and isinstance(item.value, Array) and item.value.kind == "b":
        return item.value.rank
    return 1


def item_code(item: Index) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, Slice) and not item.code:
        raise Unsupported("a slice whose ends differ between the examples")
    return str(item.code)


def is_varying_mask(item: Index, array: Array) -> bool:
    found = isinstance(item, Operand) and isinstance(item.value, Array) and item.value.kind == "b"
    return found and bool(item.array.axes) and 0 < item.array.rank <= array.rank


def varying_slice(index: Sequence[Index], rank: int) -> int | None:
    """The place of a slice whose ends differ between the examples, if numbers alone stand before it."""
    found = [k for k, item in enumerate(index) if isinstance(item, Slice) and any(_of_examples(b) for b in ends(item))]
    if len(found) != 1:
        return None
    item, before = index[found[0]], index[: found[0]]
    plain = all(isinstance(i, Operand) and isinstance(i.value, Array) and not i.array.rank for i in before)
    behind = all(i is FULL or isinstance(i, Slice) and i.full for i in index[found[0] + 1 :])
    step = item.step.value if item.step is not None else None
    return found[0] if plain and behind and (step is None or isinstance(step, Array) and step.const == 1) else None


def cut_last(index: Sequence[Index]) -> tuple[list[Index], Slice] | None:
    """``a[i:, j]`` as ``a[:, j][i:]`` where the ends of the slice differ; the two subscripts, or None.

    Numbers may stand before the slice, and numbers and slices that are the same for all examples behind it.
    """
    found = [k for k, item in enumerate(index) if isinstance(item, Slice) and any(_of_examples(b) for b in ends(item))]
    if len(found) != 1:
        return None
    place = found[0]
    numbers = [isinstance(i, Operand) and isinstance(i.value, Array) and not i.array.rank for i in index]
    rest = [*index[:place], FULL, *index[place + 1 :]]
    behind = all(numbers[k] or isinstance(index[k], Slice) for k in range(place + 1, len(index)))
    item = index[place]
    return (rest, item) if all(numbers[:place]) and behind and isinstance(item, Slice) else None


def ends(item: Slice) -> list[Operand]:
    return [b for b in (item.lower, item.upper) if b is not None]


def _of_examples(bound: Operand) -> bool:
    """Whether an end of a slice varies, and not along a loop only."""
    value = bound.value
    if not isinstance(value, Array) or value.rank or value.kind not in "iu":
        return False
    return bool(value.axes) and all(axis.kind in ("batch", "lanes") for axis in value.axes)


def masked(
    rw: Context,
    operand: Operand,
    mask: Operand,
    view: bool = False,
    is_list: bool = False,
    weak: bool = False,
    from_list: bool = False,
) -> Operand:
    """The elements of `operand` that `mask` chooses, a different number for each example."""

    def make() -> Operand:
        raise Unsupported("a mask that varies selects a different number of elements for each example")

    axes = union_axes(rw.array(operand).axes, mask.array.axes)
    value = rw.array(operand).with_(axes=axes, dims=rw.array(operand).dims, origins=frozenset())
    return Operand(None, MaskedV(value, is_list, weak, from_list), make=make, node=Masked(operand, mask, view))


def note_range(rw: Context, base: Array, items: list[Index]) -> None:
    """A subscript that may be out of range must not be computed for examples that do not reach it.

    In a branch of a loop that is an axis it becomes 0 for those.
    """
    if not (rw.regions or rw.loops or rw.speculating):
        return
    position = 0
    for k, item in enumerate(items):
        if isinstance(item, Operand):
            dim = base.dims[position] if position < base.rank else None
            if not in_range(rw, item.array, dim) and not wraps(rw, item.array, dim):
                harmless = rw.harmless_index(item, dim)
                if harmless is None:
                    rw.hazard("a subscript may be out of range")
                else:
                    items[k] = harmless
        position += consumed(item)


def in_range(rw: Context, index: Array, dim: Affine | None) -> bool:
    if index.rank or dim is None:
        return False
    if index.const is not MISSING and not index.axes:
        k = int(index.const)
        return rw.relies_on(dim - (k + 1 if k >= 0 else -k))
    return index_bounds_hold(rw, index, dim)


def wraps(rw: Context, index: Array, dim: Affine | None) -> bool:
    """Whether an affine index is at worst negative, and then counts from the end."""
    return dim is not None and not index.rank and index_bounds_hold(rw, index, dim, dim * -1)


def index_bounds_hold(rw: Context, index: Array, dim: Affine, least: Affine = ZERO) -> bool:
    """Whether an affine index stays within ``[least, dim)`` for all values of its loop targets."""
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
    return rw.needs(low - least) and rw.needs(dim - high - 1)


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
        axis += consumed(item)
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

"""Subscripts that go on at the other end of an axis: ``x[(i + 1) % n]``, and ``x[i - 1]`` from the first element on.

An array that is read so is rolled; if several of its axes are, it is padded with its own other end, and what is read
are slices of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.rules.slices import locate_slices, loop_affine
from vectorizer.rules.subscripts import Index, Region, expand_index, note_range
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, Unsupported

FARTHEST = 8  # elements beyond the end of an axis


@dataclass(frozen=True)
class Wrapped:
    """What is known of ``(i + c) % n``: `affine` is ``i + c``, and `modulus` is `n`."""

    affine: Affine
    modulus: Affine


@dataclass(frozen=True)
class _Shifted:
    """The target of a loop, as a subscript, and by how much the elements that are read are away from it."""

    target: Operand
    shift: int


def locate_wrapped(rw: Context, base: Operand, index: Sequence[Index]) -> Region | None:
    """What ``base[index]`` gives for reading, if some subscripts go on at the other end; None if none do."""
    value = rw.array(base)
    items = expand_index(index, value.rank)
    if len(items) != value.rank or not rw.loops or any(isinstance(i, str) for i in items):
        return None
    found = {k: s for k, i in enumerate(items) if (s := _shifted(rw, i, value.dims[k])) is not None}
    if not found:
        return None
    plain = [found[k].target if k in found else item for k, item in enumerate(items)]
    operands = [(k, i) for k, i in enumerate(plain) if isinstance(i, Operand)]
    if any(i.array.rank or i.array.axes and not loop_affine(rw, value, k, plain) for k, i in operands):
        return None
    note_range(rw, value, plain)
    shifts = {k: s.shift for k, s in found.items() if s.shift}
    widths = rw.beyond_ends(base, shifts)
    moved = [i for k, i in enumerate(plain) if k in (widths or found)]
    if any(not isinstance(i, Operand) or i.array.affine is None for i in moved):
        raise Unsupported("a subscript that goes on at the other end beside one that is not known")
    made = _rolled(rw, base, shifts) if widths is None else _padded(rw, base, widths)
    if widths is not None:
        plain = [_moved(i, shifts.get(k, 0) + widths[k][0]) if k in widths else i for k, i in enumerate(plain)]
    return locate_slices(rw, made, plain)


def _shifted(rw: Context, item: Index, dim: Affine | None) -> _Shifted | None:
    """A subscript that may go beyond an end, by a number that is known."""
    if not isinstance(item, Operand) or not isinstance(item.value, Array) or dim is None or item.value.rank:
        return None
    value, node = item.value, item.node
    affine = node.affine if isinstance(node, Wrapped) else value.affine
    loops = [loop for loop in rw.loops if affine is not None and affine.coefficient(loop.symbol)]
    if affine is None or len(loops) != 1 or value.axes != (loops[0].axis,) or loops[0].first is None:
        return None
    loop = loops[0]
    shift = affine - Affine.of(loop.symbol)
    low, high = (loop.first, loop.last) if loop.step > 0 else (loop.last, loop.first)
    if not shift.is_const or abs(shift.const) > FARTHEST:
        return None
    if isinstance(node, Wrapped):
        if not rw.equal(node.modulus, dim):
            return None
    elif not (low + shift).is_const or (low + shift).const >= 0:
        return None  # it is a slice, or is out of range
    inside = (low, dim - 1 - high, dim - 1 - abs(shift.const))
    if not all(map(rw.relies_on, inside)):
        return None
    target = value.with_(affine=Affine.of(loop.symbol))
    return _Shifted(Operand(None, target, make=lambda: rw.print_affine(Affine.of(loop.symbol))), shift.const)


def _moved(item: Index, by: int) -> Operand:
    """A subscript that is so many elements further on."""
    assert isinstance(item, Operand) and item.array.affine is not None
    value = item.array.with_(affine=item.array.affine + by)
    return Operand(None, value, make=item.make) if item.lazy else Operand(item.code, value)


def _rolled(rw: Context, base: Operand, shifts: dict[int, int]) -> Operand:
    value = rw.array(base)
    made = value.with_(dims=value.dims, origins=frozenset())
    for k, shift in shifts.items():
        base = Operand(call(rw.np("roll"), base.code, str(-shift), axis=str(len(value.axes) + k)), made, fresh=True)
    return base


def _padded(rw: Context, base: Operand, widths: dict[int, tuple[int, int]]) -> Operand:
    """An array with so many elements of its other end in front of each axis and behind it."""
    value = rw.array(base)
    pairs = [*[(0, 0)] * len(value.axes), *(widths.get(k, (0, 0)) for k in range(value.rank))]
    dims: list[Any] = [d + sum(widths.get(k, (0, 0))) if d is not None else None for k, d in enumerate(value.dims)]
    code = call(rw.np("pad"), base.code, f"({', '.join(map(str, pairs))}{',' * (len(pairs) == 1)})", mode='"wrap"')
    return Operand(code, value.with_(dims=tuple(dims), origins=frozenset()), fresh=True)

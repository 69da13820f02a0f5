"""Joins: the value that a variable has which is one thing on one path and another on the other."""

from __future__ import annotations

import functools

from vectorizer.values.axes import union_axes
from vectorizer.values.facts import describe, is_uniform
from vectorizer.values.model import (
    MISSING,
    Array,
    Conflict,
    DictV,
    FuncV,
    ListV,
    NestedV,
    Obj,
    Opaque,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
)
from vectorizer.values.numbers import is_mixed, promote


def join(first: Value, second: Value) -> Value:
    """The least value that describes both.  Raises Unsupported where there is none."""
    if first is second:
        return first
    if isinstance(first, Conflict) or isinstance(second, Conflict):
        return first if isinstance(first, Conflict) else second
    if isinstance(first, Array) and isinstance(second, Array):
        return join_arrays(first, second)
    if isinstance(first, TupleV) and isinstance(second, TupleV) and len(first.items) == len(second.items):
        items = tuple(join(a, b) for a, b in zip(first.items, second.items, strict=True))
        return TupleV(items, first.type_)
    if isinstance(first, (ListV, SeqV)) and isinstance(second, (ListV, SeqV)):
        return join_lists(first, second)
    if (
        isinstance(first, DictV)
        and isinstance(second, DictV)
        and [k for k, _ in first.items] == [k for k, _ in second.items]
    ):
        return DictV(
            tuple((k, join(a, b)) for (k, a), (_, b) in zip(first.items, second.items, strict=True)), first.site
        )
    if isinstance(first, Obj) and isinstance(second, Obj) and first.value is second.value:
        return first
    if isinstance(first, (StackedV, NestedV)) and first == second:
        return first
    if first == second or isinstance(first, FuncV) and isinstance(second, FuncV) and first.node is second.node:
        return first
    if is_uniform(first) and is_uniform(second) and not isinstance(first, Array) and not isinstance(second, Array):
        return Opaque()
    raise Unsupported(f"a variable is {describe(first)} on one path and {describe(second)} on another")


def join_lists(first: ListV | SeqV, second: ListV | SeqV) -> Value:
    site = first.site if first.site == second.site else None
    if isinstance(first, ListV) and isinstance(second, ListV) and len(first.items) == len(second.items):
        return ListV(tuple(join(a, b) for a, b in zip(first.items, second.items, strict=True)), site)
    parts = [*(first.items if isinstance(first, ListV) else (first.item,))]
    parts += [*(second.items if isinstance(second, ListV) else (second.item,))]
    return SeqV(functools.reduce(join, parts), site)


def join_arrays(first: Array, second: Array) -> Array:
    if first == second:
        return first
    if first.rank != second.rank:
        raise Unsupported(f"a variable has rank {first.rank} on one path and rank {second.rank} on another")
    dtype, weak = promote(first, second)
    return Array(
        dtype,
        first.rank,
        union_axes(first.axes, second.axes),
        weak=weak,
        affine=first.affine if first.affine == second.affine else None,
        dims=tuple(a if a == b else None for a, b in zip(first.dims, second.dims, strict=True)),
        const=first.const if type(first.const) is type(second.const) and first.const == second.const else MISSING,
        origins=first.origins | second.origins,
        zero_d=first.zero_d or second.zero_d,
        pin=first.pin if first.pin == second.pin else None,
        mixed=is_mixed(first, second),
    )

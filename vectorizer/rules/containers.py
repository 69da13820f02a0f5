"""Builtins of lists and tuples, and `isinstance`."""

from __future__ import annotations

import builtins
import numbers
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.indexing import Parts
from vectorizer.rules.python import verbatim
from vectorizer.rules.table import Call, custom
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import (
    Array,
    DictV,
    ListV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    join,
    number,
    weak_type,
)


@custom(builtins.sorted, kind="builtin")
def lower_sorted(rw: Context, c: Call) -> Operand:
    if is_uniform(c.args[0].value) and isinstance(c.args[0].value, (ListV, TupleV)) and not c.keywords:
        items = c.args[0].value.items
        merged = items[0] if items else number(0)
        for item in items[1:]:
            merged = join(merged, item)
        return Operand(verbatim(c), ListV((merged,) * len(items)))
    backwards = bool(rw.pin(c.keywords["reverse"], "reverse=")) if "reverse" in c.keywords else False
    if c.keywords.keys() - {"reverse"}:
        raise Unsupported("sorted with a key")
    operand = rw.as_array(c.args[0])
    value = rw.array(operand)
    if value.kind == "f" and not rw.facts.no_nan():
        raise Unsupported("a sort of numbers that may be nan")
    if value.rank != 1:
        raise Unsupported("sorted rows")
    code = call(rw.np("sort"), operand.code)
    if backwards:
        code += "[..., ::-1]"
    weak = isinstance(c.args[0].value, StackedV) and c.args[0].value.weak
    return Operand(code, StackedV(value.with_(dims=value.dims, origins=frozenset(), weak=False), weak), fresh=True)


@custom(builtins.isinstance, kind="builtin")
def lower_isinstance(rw: Context, c: Call) -> Operand:
    what = c.args[0].value
    types = rw.pin(c.args[1], "the type")
    known = stands_for(what, types if isinstance(types, tuple) else (types,))
    return Operand(verbatim(c) if is_uniform(what) else str(known), number(known))


def stands_for(value: Value, types: tuple[Any, ...]) -> bool:
    """What `isinstance` says of the per-example value; an integer dtype is an `int`, and so on."""
    match value:
        case Array(rank=0, zero_d=False):
            if value.dtype is None:
                raise Unsupported("isinstance of a number of unknown dtype")
            python = weak_type(value) if value.kind in "biufc" else None
            if value.weak:
                return any(issubclass(weak_type(value), t) for t in types)
            scalar = value.dtype.type
            return any(
                issubclass(scalar, t) or (python is not None and value.axes and t in _FAMILY.get(python, ()))
                for t in types
            )
        case Array():
            return any(issubclass(np.ndarray, t) for t in types)
        case TupleV():
            return any(issubclass(value.type_, t) for t in types)
        case ListV() | SeqV() | StackedV():
            return any(issubclass(list, t) for t in types)
        case DictV():
            return any(issubclass(dict, t) for t in types)
        case Obj():
            return isinstance(value.value, types)
    raise Unsupported("isinstance of something unknown")


_FAMILY: dict[type, tuple[type, ...]] = {
    bool: (bool,),
    int: (int, numbers.Integral, numbers.Real, numbers.Number),
    float: (float, numbers.Real, numbers.Number),
    complex: (complex, numbers.Complex, numbers.Number),
}


@custom(builtins.list, kind="builtin")
def lower_list(rw: Context, c: Call) -> Operand:
    if not c.args:
        return Operand(verbatim(c), ListV((), site=rw.site(c)))
    value = c.args[0].value
    if isinstance(value, (TupleV, ListV)):
        return Operand(verbatim(c), ListV(value.items, site=rw.site(c)))
    if isinstance(value, StackedV):
        return Operand(f"{c.args[0].primary}.copy()", value, fresh=True)
    if isinstance(value, Array) and value.rank:
        # The items are views, but those of the batch's list are not.
        shared = rw.may_share(value) if value.rank > 1 else frozenset[object]()
        if not value.axes:
            item = value.with_(rank=value.rank - 1, dims=value.dims[1:])
            return Operand(verbatim(c), SeqV(item, site=rw.site(c)))
        return Operand(
            f"{c.args[0].primary}.copy()", StackedV(value.with_(dims=value.dims, origins=shared)), fresh=not shared
        )
    raise Unsupported("list of something that has no rule")


@custom(builtins.tuple, kind="builtin")
def lower_tuple(rw: Context, c: Call) -> Operand:
    value = c.args[0].value if c.args else TupleV(())
    if isinstance(value, (TupleV, ListV)):
        return Operand(verbatim(c), TupleV(value.items), node=c.args[0].node if c.args else None)
    if isinstance(value, Array) and value.rank == 1 and value.axes:  # its items, if they are few
        parts = rw.items(c.args[0])
        return Operand(tuple_code([p.code for p in parts]), TupleV(tuple(p.value for p in parts)), node=Parts(parts))
    if isinstance(value, SeqV) and isinstance(c.args[0].node, Parts):
        parts = rw.items(c.args[0])
        return Operand(tuple_code([p.code for p in parts]), TupleV(tuple(p.value for p in parts)), node=Parts(parts))
    raise Unsupported("tuple of something that has no rule")

"""Values as the caller and as the called function see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vectorizer.values import (
    MISSING,
    Array,
    Axes,
    Axis,
    DictV,
    FuncV,
    GeneratorV,
    ListV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Value,
)


def value_key(value: Value) -> Any:
    """A hashable form of a value, for the table of helpers."""
    match value:
        case Array():
            return (
                "array",
                str(value.dtype),
                value.rank,
                value.axes,
                value.weak,
                repr(value.const),
                value.dims,
                value.affine,
                value.zero_d,
            )
        case TupleV() | ListV():
            return (type(value).__name__, tuple(value_key(i) for i in value.items))
        case SeqV():
            return ("seq", value_key(value.item))
        case StackedV():
            return ("stacked", value_key(value.array), value.weak)
        case NestedV():
            return ("nested", value_key(value.array), value.weak, value.depth)
        case DictV():
            return ("dict", tuple((repr(k), value_key(v)) for k, v in value.items))
        case Obj():
            return ("object", id(value.value))
        case FuncV():
            return ("function", id(value.node))
        case GeneratorV():
            return ("generator", value.is_legacy, value.is_seeded)
    return type(value).__name__


def renamed_axes(value: Value, axes: Mapping[Axis, Axis], name: str | None) -> Value:
    """A value with other axes, as a parameter `name` has it or, without a name, as the caller sees a result."""

    def item(part: Value, key: object) -> Value:
        return renamed_axes(part, axes, f"{name}[{key!r}]" if name else None)

    match value:
        case Array():
            return _renamed_array(value, axes, name is not None)
        case TupleV():
            return TupleV(tuple(item(part, k) for k, part in enumerate(value.items)), value.type_)
        case ListV():
            site = object() if name is None else value.site
            return ListV(tuple(item(part, k) for k, part in enumerate(value.items)), site)
        case SeqV():
            return SeqV(renamed_axes(value.item, axes, None), object() if name is None else value.site)
        case StackedV() | NestedV():
            array = renamed_axes(value.array, axes, name)
            assert isinstance(array, Array)
            return replace(value, array=array)
        case DictV():
            return DictV(tuple((k, item(part, k)) for k, part in value.items), value.site)
    return value


def _renamed_array(value: Array, axes: Mapping[Axis, Axis], is_parameter: bool) -> Array:
    """A number that is known stays known; a parameter is not rewritten for each float that it may be."""
    renamed = tuple(sorted(axes.get(a, a) for a in value.axes))
    made = value.with_(axes=renamed, dims=value.dims, origins=frozenset(), affine=value.affine, const=value.const)
    if not is_parameter:
        return made
    const = MISSING if isinstance(value.const, float) else value.const
    return made.with_(dims=value.dims, affine=value.affine, const=const, pin=value.pin)


NUMBER = "number"  # a parameter that is a number for each example, and may be a view of an array of the caller's


def is_number_of_caller(origin: object) -> bool:
    return isinstance(origin, tuple) and origin[0] == NUMBER


def with_origins(value: Value, name: str) -> Value:
    """The value of a parameter, whose memory is the caller's."""
    if isinstance(value, Array) and (value.rank or value.zero_d or value.axes):
        kind = "argument" if value.rank or value.zero_d else NUMBER
        return value.with_(
            origins=frozenset({(kind, name)}),
            dims=value.dims,
            affine=value.affine,
            const=value.const,
            pin=value.pin,
        )
    site = ("argument", name)  # a list or dict of the caller's, which only the caller can follow if it is changed
    if isinstance(value, TupleV):
        return TupleV(tuple(with_origins(i, name) for i in value.items), value.type_)
    if isinstance(value, ListV):
        return ListV(tuple(with_origins(i, name) for i in value.items), site)
    if isinstance(value, SeqV):
        return SeqV(value.item, site)
    if isinstance(value, DictV):
        return DictV(tuple((k, with_origins(v, name)) for k, v in value.items), site)
    return value


def standard_axes(axes: Axes) -> dict[Axis, Axis]:
    """What the axes of a caller are called in a function that it calls."""
    return {axis: Axis("batch" if k == 0 else f"batch_{k + 1}", (k,)) for k, axis in enumerate(axes)}

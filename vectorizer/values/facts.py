"""What is so of a value: whether it varies, along which axes, whether another is like it, what to call it."""

from __future__ import annotations

from vectorizer.values.axes import Axes, union_axes
from vectorizer.values.model import (
    Array,
    Conflict,
    DictV,
    FuncV,
    GeneratorV,
    ListV,
    MaskedV,
    NestedV,
    Obj,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Value,
)
from vectorizer.values.numbers import weak_type


def is_uniform(value: Value) -> bool:
    """Whether no part of `value` depends on the example."""
    match value:
        case Array():
            return not value.axes
        case TupleV() | ListV():
            return all(is_uniform(item) for item in value.items)
        case SeqV():
            return is_uniform(value.item)
        case StackedV() | NestedV():
            return not value.array.axes
        case MaskedV():
            return False
        case DictV():
            return all(is_uniform(item) for _, item in value.items)
        case PerExample() | FuncV() | Conflict():
            return False
    return True


def axes_of(value: Value) -> Axes:
    """All axes along which any part of `value` varies."""
    match value:
        case Array():
            return value.axes
        case TupleV() | ListV():
            return union_axes(*(axes_of(item) for item in value.items))
        case SeqV():
            return axes_of(value.item)
        case StackedV() | NestedV() | MaskedV():
            return value.array.axes
        case DictV():
            return union_axes(*(axes_of(item) for _, item in value.items))
    return ()


def is_alike(old: Value, new: Value) -> bool:
    """Whether both are arrays of the batch, of one dtype and one shape: the memory of one can hold the other."""
    if not isinstance(old, Array) or not isinstance(new, Array) or not new.axes or new.dtype is None:
        return False
    return (old.axes, old.dtype, old.dims) == (new.axes, new.dtype, new.dims) and None not in new.dims


def describe(value: Value) -> str:
    """A few words for messages."""
    match value:
        case Array(dtype=dtype, rank=rank):
            if value.weak:
                return f"a Python {weak_type(value).__name__}"
            return f"an array of rank {rank} and dtype {dtype}" if rank else f"a number of dtype {dtype}"
        case TupleV():
            return f"a tuple of {len(value.items)}"
        case ListV() | SeqV() | StackedV() | NestedV():
            return "a list"
        case DictV():
            return "a dict"
        case Obj(value=None):
            return "None"
        case Obj():
            return f"a {type(value.value).__name__}"
        case FuncV():
            return "a function"
        case GeneratorV():
            return "a random generator"
    return "a value of unknown kind"

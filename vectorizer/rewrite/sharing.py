"""The memory behind what functions are given and return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from vectorizer.source.operand import Operand
from vectorizer.values import Array, DictV, ListV, NestedV, SeqV, StackedV, TupleV, Value, copies, is_copy, sites


def origins_of(value: Value) -> frozenset[object]:
    """The memory behind all arrays of a value."""
    items: list[Value] = []
    match value:
        case Array():
            return value.origins
        case TupleV() | ListV():
            items = list(value.items)
        case DictV():
            items = [item for _, item in value.items]
        case SeqV():
            items = [value.item]
        case StackedV() | NestedV():
            items = [value.array]
    return frozenset[object]().union(*map(origins_of, items))


def returns_given(value: Value) -> bool:
    """Whether a value is or holds a list or dict of the caller's."""
    if isinstance(value, (ListV, SeqV, DictV)) and isinstance(value.site, tuple):
        return True
    items = [v for _, v in value.items] if isinstance(value, DictV) else getattr(value, "items", ())
    return any(map(returns_given, items)) if isinstance(value, (TupleV, ListV, DictV)) else False


def hands_back_numbers(value: Value) -> bool:
    """Whether a number that a function returns, as it sees it itself, may be one that it was given."""
    if isinstance(value, Array):
        return not value.rank and bool(value.origins)
    items = [v for _, v in value.items] if isinstance(value, DictV) else getattr(value, "items", ())
    return any(map(hands_back_numbers, items)) if isinstance(value, (TupleV, ListV, DictV)) else False


def is_own(value: Value) -> bool:
    """Whether a function returns an array that it has made itself, as it is seen inside of the function."""
    return isinstance(value, Array) and bool(value.origins) and not any(isinstance(o, tuple) for o in value.origins)


def is_of_unknown_memory(operand: Operand) -> bool:
    """Whether an argument is an array of which it is not known whose memory it shares."""
    value = operand.value
    is_array = isinstance(value, Array) and (value.rank > 0 or value.zero_d)
    return is_array and not operand.fresh and not operand.array.origins


def shares(array: Operand, other: Operand) -> bool:
    """Whether two operands may share memory, or one is a copy of what shares it with the other."""
    first, second = sites(array.array.origins), sites(origins_of(other.value))
    return bool({o for o in first if not is_copy(o)} & {o[1] if is_copy(o) else o for o in second})  # type: ignore[index]


def of_unknown_memory(value: Value) -> Value:
    """An array that a function returns of which it is not known whose memory it shares."""
    if not isinstance(value, Array) or value.origins or not (value.rank or value.zero_d):
        return value
    return value.with_(origins=frozenset({("unknown",)}), dims=value.dims, affine=value.affine, const=value.const)


def sharing(value: Value, made: Value, given: Mapping[str, frozenset[object]]) -> Value:
    """What a function returns (`made` as it sees it itself), whose arrays may share the memory of its arguments.

    given: the memory behind each argument.
    """
    match value, made:
        case Array(), Array():
            return _sharing_array(value, made, given, frozenset())
        case TupleV(), TupleV():
            return replace(value, items=tuple(map(partial(_sharing_item, given), value.items, made.items)))
        case ListV(), ListV():
            return replace(value, items=tuple(map(partial(_sharing_item, given), value.items, made.items)))
        case DictV(), DictV():
            pairs = zip(value.items, made.items, strict=True)
            return DictV(tuple((k, _sharing_item(given, v, m)) for (k, v), (_, m) in pairs), value.site)
    return value


def _sharing_item(given: Mapping[str, frozenset[object]], value: Value, made: Value) -> Value:
    """The same for an item of a tuple, list or dict, which may have memory of its own besides."""
    if isinstance(value, Array) and isinstance(made, Array):
        return _sharing_array(value, made, given, frozenset((object(),)))
    return sharing(value, made, given)


def _sharing_array(value: Array, made: Array, given: Mapping[str, frozenset[object]], own: frozenset[object]) -> Array:
    if not value.rank:
        return value
    shared = _memory_of(made, given) | own
    copied = any(is_copy(o) for o in made.origins)
    return value.with_(origins=copies(shared) if copied else shared, dims=value.dims)


def _memory_of(made: Array, given: Mapping[str, frozenset[object]]) -> frozenset[object]:
    """The memory of the caller's behind an array that a function returns; that of all arguments where in doubt."""
    found = frozenset[object]()
    for origin in made.origins:
        source = origin[1] if is_copy(origin) else origin  # type: ignore[index]
        if isinstance(source, tuple) and (source[0] != "argument" or source[1] not in given):
            return frozenset[object]().union(*given.values())
        if isinstance(source, tuple):
            found |= given[source[1]]
    return found if made.origins else frozenset[object]().union(*given.values())

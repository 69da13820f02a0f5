"""The memory behind what functions are given and return."""

from __future__ import annotations

from vectorizer.values import Array, DictV, ListV, NestedV, SeqV, StackedV, TupleV, Value, copies, is_copy


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


def sharing(value: Value, made: Value, origins: frozenset[object]) -> Value:
    """What a function returns (`made` as it sees it itself), whose arrays may share the memory of its arguments."""
    match value, made:
        case Array(), Array():
            if not value.rank:
                return value
            copied = any(is_copy(o) for o in made.origins)
            return value.with_(origins=copies(origins) if copied else origins, dims=value.dims)
        case TupleV(), TupleV():
            pairs = zip(value.items, made.items, strict=True)
            return TupleV(tuple(sharing(v, m, origins) for v, m in pairs), value.type_)
        case ListV(), ListV():
            pairs = zip(value.items, made.items, strict=True)
            return ListV(tuple(sharing(v, m, origins) for v, m in pairs), value.site)
        case DictV(), DictV():
            named = zip(value.items, made.items, strict=True)
            return DictV(tuple((k, sharing(v, m, origins)) for (k, v), (_, m) in named), value.site)
    return value

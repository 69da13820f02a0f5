"""What is known of a variable's value in every iteration of a loop, not only in the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from vectorizer.values import (
    MISSING,
    Array,
    DictV,
    Earlier,
    ListV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    is_copy,
)


def forget_constants(value: Value) -> Value:
    """What remains true of a value when its number is no longer the same."""
    match value:
        case Array():
            if value.const is MISSING and value.affine is None and value.pin is None:
                return value
            return value.with_(dims=value.dims)
        case TupleV():
            return TupleV(tuple(forget_constants(i) for i in value.items), value.type_)
        case ListV():
            return ListV(tuple(forget_constants(i) for i in value.items), value.site)
        case SeqV():
            return SeqV(forget_constants(value.item), value.site)
    return value


def aged(value: Value, inside: frozenset[object]) -> Value:
    """A value at the head of a loop: what the sites `inside` of the loop have made is of an earlier iteration."""
    return _with_origins(value, lambda origin: Earlier(origin) if origin in inside else origin)


def ageless(value: Value, inside: frozenset[object]) -> Value:
    """A value behind a loop, where it no longer matters which iteration has made its memory."""
    return _with_origins(value, lambda o: o.site if isinstance(o, Earlier) and o.site in inside else o)


def _with_origins(value: Value, change: Callable[[object], object]) -> Value:
    """`value` with other origins, everywhere in it."""

    def changed(part: Value) -> Value:
        return _with_origins(part, change)

    match value:
        case Array() if value.origins:
            origins = frozenset(("copy", change(o[1])) if is_copy(o) else change(o) for o in value.origins)  # type: ignore[index]
            return value if origins == value.origins else replace(value, origins=origins)
        case StackedV() | NestedV():
            array = changed(value.array)
            assert isinstance(array, Array)
            return value if array is value.array else replace(value, array=array)
        case TupleV():
            return replace(value, items=tuple(map(changed, value.items)))
        case ListV():
            return replace(value, items=tuple(map(changed, value.items)))
        case SeqV():
            return replace(value, item=changed(value.item))
        case DictV():
            return replace(value, items=tuple((k, changed(v)) for k, v in value.items))
    return value


def loop_dtype(merged: Array, head: Array, now: Array) -> Array:
    """A variable whose dtype changes from iteration to iteration: not known where it is uniform, refused where not."""
    changes = head.dtype != now.dtype and not (head.weak or now.weak)
    if merged.axes and changes:
        raise Unsupported("a variable whose dtype changes from one iteration to the next")
    if merged.axes and merged.dtype is None and head.dtype is not None:
        raise Unsupported("a variable whose dtype is not known behind the first iteration")
    check_goes_on(head, now)
    if head.weak != now.weak:
        weak, strong = (head, now) if head.weak else (now, head)
        if weak.kind == "f" and strong.kind in "iub":
            raise Unsupported("a variable that starts as a float and goes on as an integer")
    return merged.with_(dtype=None, dims=merged.dims) if changes else merged


def check_goes_on(head: Array, now: Array) -> None:
    """A number of NumPy's at the head of a loop may not become one of Python's, which has another precision."""
    alike = head.kind == now.kind or {head.kind, now.kind} <= {"i", "u"}
    if now.axes and now.weak and not head.weak and alike and head.dtype != now.dtype:
        raise Unsupported("a variable that starts as a NumPy number and goes on as a Python number")


def changes_dtype(before: Value, after: Value) -> bool:
    """Whether a variable is of another dtype behind a loop than in front of it, or no longer a Python number."""
    if not isinstance(before, Array) or not isinstance(after, Array):
        return False
    return before.dtype != after.dtype or before.weak and not after.weak


def needs_constants(items: Sequence[Value]) -> bool:
    """Whether the items of a short list are worth knowing one by one: strings, None, functions, containers of them."""
    return any(isinstance(i, Obj) for i in items) or any(
        isinstance(i, (TupleV, ListV)) and needs_constants(i.items) for i in items
    )

"""What is known of a variable's value in every iteration of a loop, not only in the first."""

from __future__ import annotations

from collections.abc import Sequence

from vectorizer.values import MISSING, Array, ListV, Obj, SeqV, TupleV, Unsupported, Value


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


def loop_dtype(merged: Array, head: Array, now: Array) -> Array:
    """A variable whose dtype changes from iteration to iteration: not known where it is uniform, refused where not."""
    changes = head.dtype != now.dtype and not (head.weak or now.weak)
    if merged.axes and changes:
        raise Unsupported("a variable whose dtype changes from one iteration to the next")
    if head.weak != now.weak:
        weak, strong = (head, now) if head.weak else (now, head)
        if weak.kind == "f" and strong.kind in "iub":
            raise Unsupported("a variable that starts as a float and goes on as an integer")
    return merged.with_(dtype=None, dims=merged.dims) if changes else merged


def changes_dtype(before: Value, after: Value) -> bool:
    """Whether a variable is an array of another dtype behind a loop than in front of it."""
    return isinstance(before, Array) and isinstance(after, Array) and before.dtype != after.dtype


def needs_constants(items: Sequence[Value]) -> bool:
    """Whether the items of a short list are worth knowing one by one: strings, None, functions, containers of them."""
    return any(isinstance(i, Obj) for i in items) or any(
        isinstance(i, (TupleV, ListV)) and needs_constants(i.items) for i in items
    )

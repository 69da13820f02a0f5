"""Dicts of numbers that are looked up at keys that differ between the examples: ``jumps[position]``."""

from __future__ import annotations

from collections.abc import Sequence

from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.indexing import VARYING_KEY
from vectorizer.rules.subscripts import Parts
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, DictV, TupleV, Unsupported, Value, number


def is_key(rw: Context, value: DictV, key: Operand) -> Operand:
    """``key in table``, for a key that has a name."""
    found: Operand | None = None
    for test in tests(rw, value, key):
        found = test if found is None else rw.binary("|", found, test)
    assert found is not None
    return found


def item_at(rw: Context, base: Operand, key: Operand, default: Operand | None = None) -> Operand:
    """``table[key]``, or ``table.get(key, default)``; one example raises `KeyError` for a key that is not there."""
    value = base.value
    assert isinstance(value, DictV)
    key = rw.temp(key, "key")
    found = is_key(rw, value, key)
    if default is None:
        require(rw, f"{found.primary}.all()", "a key that is not in a dict", raises=True)
    conditions = tests(rw, value, key)
    items = [(f"{base.primary}[{k!r}]", item) for k, item in value.items]
    chosen = chosen_of(rw, conditions, items)
    return chosen if default is None else rw.merge(found, chosen, rw.as_array(default))


VARYING_KEY.append(item_at)


def chosen_of(rw: Context, conditions: Sequence[Operand], items: Sequence[tuple[str, Value]]) -> Operand:
    """The item whose condition holds: a number, or a tuple of numbers."""
    first = items[0][1]
    if isinstance(first, TupleV):
        tuples = [(code, v) for code, v in items if isinstance(v, TupleV) and v.type_ is tuple]
        if len(tuples) != len(items) or any(len(v.items) != len(first.items) for _, v in tuples):
            raise Unsupported("a dict of tuples of different kinds is looked up at a key that varies")
        rows = [[(f"{code}[{n}]", part) for n, part in enumerate(v.items)] for code, v in tuples]
        parts = [chosen_of(rw, conditions, column) for column in zip(*rows, strict=True)]
        codes = ", ".join(part.code for part in parts)
        values = TupleV(tuple(part.value for part in parts))
        return Operand(f"({codes},)" if len(parts) == 1 else f"({codes})", values, node=Parts(parts))
    numbers = [v for _, v in items if isinstance(v, Array) and not v.rank and not v.axes]
    kinds = {(v.dtype, v.weak) for v in numbers}
    if len(kinds) != 1 or len(numbers) != len(items):
        raise Unsupported("a dict of other than numbers of one kind is looked up at a key that varies")
    ((dtype, weak),) = kinds
    tested = ", ".join(test.code for test in conditions)
    given = ", ".join(known_or(code, v) for (code, _), v in zip(items, numbers, strict=True))
    other = "False" if dtype is not None and dtype.kind == "b" else None
    axes = rw.array(conditions[0]).axes
    code = call(rw.np("select"), f"[{tested}]", f"[{given}]", default=other)
    return Operand(code, Array(dtype, 0, axes, weak=weak), fresh=True)


def known_or(code: str, value: Array) -> str:
    """A number, written down where it is known."""
    known = value.const
    is_plain = type(known) is int or type(known) is bool or type(known) is float and abs(known) < float("inf")
    return repr(known) if is_plain else code


def tests(rw: Context, value: DictV, key: Operand) -> list[Operand]:
    """``key == k`` for all keys of a dict."""
    keys = [k for k, _ in value.items]
    if not keys or any(type(k) not in (int, float) for k in keys):
        raise Unsupported("a dict with other keys than numbers is looked up at one that varies")
    return [rw.compare("==", key, Operand(repr(k), number(k))) for k in keys]

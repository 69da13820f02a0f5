"""Functions that call themselves.

Such a function is rewritten like any other that is called, to a function that calls itself for the examples that are
still active.  What it returns must be known where it calls itself: the first walk leaves out the branches in which it
does, and takes what the others return; the next ones start from there, until nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vectorizer.values import Affine, Array, DictV, ListV, SeqV, TupleV, Unsupported, Value, join

MOST_WALKS = 5  # until what a function returns does not change any more
MOST_FORMS = 3  # in which a function may call itself: with other ranks, dtypes, axes


class Endless(Exception):
    """A call of a function that is being rewritten, of which it is not known yet what it returns."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Recurses(Exception):
    """A function calls itself with other values than it was called with, which must then not be relied on."""

    def __init__(self, opened: OpenCall) -> None:
        super().__init__()
        self.opened = opened


@dataclass
class OpenCall:
    """A function that is being rewritten.

    key: identity of the function, and the form of its arguments.
    emitted: the name that it gets.
    result: what it returns, as far as that is known; None where it is not.
    general: whether it is rewritten for any lengths and numbers.
    recursive: whether it was found to call itself.
    """

    key: tuple[int, Any]
    emitted: str
    general: bool = False
    result: Value | None = None
    recursive: bool = False


def generalized(value: Value, path: str | None = None) -> Value:
    """A value of which only the kind is known: no numbers, and lengths that are those of `path`, if it is given."""

    def item(part: Value, key: object) -> Value:
        return generalized(part, path and f"{path}[{key!r}]")

    match value:
        case Array():
            lengths = [Affine.of(f"{path}.shape[{k}]") for k in range(value.rank)] if path else []
            return value.with_(dims=tuple(lengths))
        case TupleV():
            return TupleV(tuple(item(v, k) for k, v in enumerate(value.items)), value.type_)
        case ListV():
            return ListV(tuple(item(v, k) for k, v in enumerate(value.items)), value.site)
        case SeqV():
            return SeqV(generalized(value.item), value.site)
        case DictV():
            return DictV(tuple((k, item(v, k)) for k, v in value.items), value.site)
    return value


def join_known(first: Value | None, second: Value | None, name: str) -> Value:
    """What two walks say that a function returns, of which either may say nothing."""
    if first is None or second is None:
        found = first or second
        if found is None:
            raise Unsupported(f"{name} calls itself without end")
        return found
    return join(first, second)

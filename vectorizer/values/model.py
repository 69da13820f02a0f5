"""The abstract values themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vectorizer.values.affine import Affine, Dims
from vectorizer.values.axes import Axes


class Unsupported(Exception):
    """The rewriter has no rule for something.  Caught inside: the expression or the function is then looped."""

    def __init__(self, reason: str, node: object = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.node = node


class Value:
    """Base of the abstract values."""

    __slots__ = ()


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


@dataclass(frozen=True, slots=True)
class Array(Value):
    """A number or an array.

    dtype: None where it is not known.
    rank: the user's, per example.
    axes: along which it varies, in nesting order.
    weak: a Python number, which NumPy promotes weakly (NEP 50); rank is then 0.
    affine: the integer's value where it is known to be affine in sizes and loop targets.
    dims: the logical axes' lengths, each None where not known.
    const: the Python number where it is known.
    origins: the buffers whose memory this may share (allocation sites and arguments).
    zero_d: may be a 0-d ndarray, not a scalar.
    mixed: a NumPy number for some examples and a Python number for others, whose arithmetic raises.
    """

    dtype: np.dtype[Any] | None
    rank: int
    axes: Axes = ()
    weak: bool = False
    affine: Affine | None = None
    dims: Dims = ()
    const: Any = MISSING
    origins: frozenset[object] = frozenset()
    zero_d: bool = False
    pin: str | None = None
    mixed: bool = False

    def __post_init__(self) -> None:
        if len(self.dims) != self.rank:
            object.__setattr__(self, "dims", (None,) * self.rank)
        if self.mixed and (self.weak or self.rank):
            object.__setattr__(self, "mixed", False)

    @property
    def may_raise(self) -> bool:
        """Whether it is a Python number for some examples at least, whose arithmetic raises where NumPy's warns."""
        return self.weak or self.mixed

    @property
    def kind(self) -> str:
        """NumPy's letter for the dtype ('b', 'i', 'u', 'f', 'c', ...), '?' where unknown."""
        return self.dtype.kind if self.dtype is not None else "?"

    def with_(self, **changes: Any) -> Array:
        """A copy with some fields replaced; facts about the old value (constant, affine) do not survive."""
        changes.setdefault("affine", None)
        changes.setdefault("const", MISSING)
        changes.setdefault("pin", None)
        if "rank" in changes and "dims" not in changes:
            changes["dims"] = ()
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class TupleV(Value):
    """A tuple whose items are known one by one."""

    items: tuple[Value, ...]
    type_: type = tuple


@dataclass(frozen=True, slots=True)
class ListV(Value):
    """A list whose items are known one by one; `site` tells lists apart (lists are mutable)."""

    items: tuple[Value, ...]
    site: object = None


@dataclass(frozen=True, slots=True)
class SeqV(Value):
    """A list of any length whose items are all alike."""

    item: Value
    site: object = None


@dataclass(frozen=True, slots=True)
class StackedV(Value):
    """A list that is held as one array: its items lie along the array's first logical axis."""

    array: Array
    weak: bool = False


@dataclass(frozen=True, slots=True)
class NestedV(Value):
    """A list of lists or tuples, all of one length, that is held as one array: it is good for being taken as one.

    depth: how many levels of lists there are inside of it; 0 where its items are not to be taken out of it, because
        they are tuples, or of different dtypes.
    """

    array: Array
    weak: bool = False
    depth: int = 0

    def item(self, array: Array) -> StackedV | NestedV:
        """One of its lists, which lies in `array`.  Raises Unsupported."""
        if not self.depth:
            raise Unsupported("an item of a list of lists or tuples that is held as an array")
        return NestedV(array, self.weak, self.depth - 1) if self.depth > 1 else StackedV(array, self.weak)


def held_list(item: Value, weak: bool, array: Array) -> StackedV | NestedV:
    """A list of items like `item`, which are numbers of Python's if they are `weak`, that is held as `array`."""
    match item:
        case Array():
            return StackedV(array, weak)
        case StackedV():
            return NestedV(array, item.weak, 1)
        case NestedV(depth=depth) if depth:
            return NestedV(array, item.weak, depth + 1)
    return NestedV(array)


@dataclass(frozen=True, slots=True)
class DictV(Value):
    """A dict whose keys are known; `site` tells dicts apart."""

    items: tuple[tuple[Any, Value], ...]
    site: object = None

    def get(self, key: Any) -> Value | None:
        return dict(self.items).get(key)


@dataclass(frozen=True, eq=False, slots=True)
class Obj(Value):
    """A Python object that is known at rewriting time and is the same for all examples: a module, a function, None."""

    value: Any
    pin: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class GeneratorV(Value):
    """A random generator that all examples draw from.

    is_legacy: it is a `RandomState`.
    is_seeded: the function makes it, from a seed that all examples share, so that they draw the same numbers.
    """

    is_legacy: bool = False
    is_seeded: bool = False


GENERATORS: dict[type, bool] = {np.random.Generator: False, np.random.RandomState: True}
"""The classes of generators; whether they are of the legacy kind."""


@dataclass(frozen=True, eq=False, slots=True)
class FuncV(Value):
    """A function of the user's that is defined inside the function being rewritten."""

    name: str
    node: Any
    env: dict[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class PerExample(Value):
    """A Python list with one entry per example: the result of an expression that had to be looped."""


@dataclass(frozen=True, slots=True)
class MaskedV(Value):
    """``x[mask]`` with a mask that varies: a different number of elements for each example, good for reductions.

    is_list: it stands for a list, as of a comprehension with a condition; weak: of Python's numbers.
    from_list: it is an array that NumPy makes of a list, which has float64 where the list is empty.
    """

    array: Array
    is_list: bool = False
    weak: bool = False
    from_list: bool = False


@dataclass(frozen=True, slots=True)
class Opaque(Value):
    """Something uniform of which nothing else is known."""


NONE = Obj(None)


class Conflict(Value):
    """A variable that is one thing on one path and another on the other: it must not be used."""

    __slots__ = ()

"""Abstract values: what the rewriter knows of every expression.

A number or an array is described by its dtype, its rank as the user's function sees it, and the set of axes along
which it varies.  At run time it is laid out as ``[axes in nesting order ..., logical axes ...]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np


class Unsupported(Exception):
    """The rewriter has no rule for something.  Caught inside: the expression or the function is then looped."""

    def __init__(self, reason: str, node: object = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.node = node


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis along which values vary: a batch axis (put on by `vmap`), a loop's, or the active lanes of one."""

    name: str
    depth: tuple[int, ...]
    kind: Literal["batch", "loop", "lanes"] = "batch"

    def __lt__(self, other: Axis) -> bool:
        return self.depth < other.depth


Axes = tuple[Axis, ...]


def union_axes(*sets: Iterable[Axis]) -> Axes:
    """All axes of `sets`, in nesting order."""
    return tuple(sorted({axis for axes in sets for axis in axes}))


# --- affine sizes and subscripts ------------------------------------------------------------------------

Symbol = str


@dataclass(frozen=True, slots=True, order=True)
class Affine:
    """An integer ``const + sum(coefficient * symbol)``; symbols stand for sizes, integer arguments and loop targets."""

    const: int = 0
    terms: tuple[tuple[Symbol, int], ...] = ()

    @staticmethod
    def of(symbol: Symbol) -> Affine:
        return Affine(0, ((symbol, 1),))

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.const + other, self.terms)
        terms = dict(self.terms)
        for symbol, coefficient in other.terms:
            terms[symbol] = terms.get(symbol, 0) + coefficient
        return Affine(self.const + other.const, tuple(sorted((s, c) for s, c in terms.items() if c)))

    def __mul__(self, factor: int) -> Affine:
        if factor == 0:
            return Affine()
        return Affine(self.const * factor, tuple((s, c * factor) for s, c in self.terms))

    def __sub__(self, other: Affine | int) -> Affine:
        return self + other * -1

    @property
    def is_const(self) -> bool:
        return not self.terms

    def __str__(self) -> str:
        return " + ".join([*(f"{c}*{s}" for s, c in self.terms), str(self.const)])

    def coefficient(self, symbol: Symbol) -> int:
        return dict(self.terms).get(symbol, 0)

    def without(self, symbol: Symbol) -> Affine:
        return Affine(self.const, tuple((s, c) for s, c in self.terms if s != symbol))

    def substitute(self, symbol: Symbol, value: Affine) -> Affine:
        return self.without(symbol) + value * self.coefficient(symbol)

    def evaluate(self, samples: Mapping[Symbol, int]) -> int | None:
        """The number that this is for the given values of its symbols; None where one is not known."""
        total = self.const
        for symbol, coefficient in self.terms:
            value = samples.get(symbol)
            if value is None:
                value = _derived_value(symbol, samples)
            if value is None:
                return None
            total += coefficient * value
        return total


DERIVED: dict[Symbol, tuple[Callable[..., int], tuple[Affine, ...]]] = {}


def derived(name: str, function: Callable[..., int], *operands: Affine) -> Affine:
    """A symbol for a pure function of other integers, such as ``n // 2``: equal operands give the same symbol."""
    symbol = f"{name}({', '.join(map(str, operands))})"
    DERIVED[symbol] = (function, operands)
    return Affine.of(symbol)


def _derived_value(symbol: Symbol, samples: Mapping[Symbol, int]) -> int | None:
    if symbol not in DERIVED:
        return None
    function, operands = DERIVED[symbol]
    values = [operand.evaluate(samples) for operand in operands]
    try:
        return None if None in values else function(*values)
    except ArithmeticError:
        return None


Dims = tuple["Affine | None", ...]


# --- values ---------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Earlier:
    """Memory that a site inside of a loop has made in an earlier iteration: apart from what it makes in this one."""

    site: object


def sites(origins: Iterable[object]) -> frozenset[object]:
    """Origins without regard to the iteration that made them."""
    return frozenset(_site(origin) for origin in origins)


def _site(origin: object) -> object:
    if isinstance(origin, Earlier):
        return origin.site
    return ("copy", _site(origin[1])) if isinstance(origin, tuple) and origin[0] == "copy" else origin


def is_copy(origin: object) -> bool:
    """Whether an origin stands for memory that was copied for the batch, where one example has a view."""
    return isinstance(origin, tuple) and origin[0] == "copy"


def copies(origins: frozenset[object]) -> frozenset[object]:
    """Origins of an array that holds copies of what one example's array shares memory with."""
    return frozenset(o if is_copy(o) else ("copy", o) for o in origins)


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


INT64: np.dtype[Any] = np.dtype(np.int64)
WEAK_DTYPES: dict[type, np.dtype[Any]] = {
    bool: np.dtype(bool),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
    complex: np.dtype(np.complex128),
}


def number(value: complex | bool) -> Array:
    """The abstract value of a Python number that is known."""
    kind = type(value)
    affine = Affine(int(value)) if kind is int else None  # type: ignore[arg-type]
    return Array(WEAK_DTYPES[kind], 0, weak=True, affine=affine, const=value)


def weak_type(value: Array) -> type:
    """int, float or complex: the Python type that a weak value has."""
    return {"b": bool, "i": int, "u": int, "f": float, "c": complex}[value.kind]


def promote(first: Array, second: Array) -> tuple[np.dtype[Any] | None, bool]:
    """The dtype and weakness of a value that is `first` for some examples and `second` for others."""
    if first.dtype is None or second.dtype is None:
        return None, False
    if first.weak and second.weak:
        return np.result_type(first.dtype, second.dtype), True
    if first.weak != second.weak:
        weak, strong = (first, second) if first.weak else (second, first)
        assert weak.dtype is not None and strong.dtype is not None
        check_fits(weak, strong.dtype)
        python = weak_type(weak)
        return np.result_type(strong.dtype, python(1) if python is not bool else np.dtype(bool)), False
    return np.result_type(first.dtype, second.dtype), False


def is_mixed(first: Array, second: Array) -> bool:
    """Whether what is `first` for some examples and `second` for others is a Python number for some of them only."""
    return first.weak != second.weak or first.mixed or second.mixed


def is_pythons_complex(left: Array, right: Array) -> bool:
    """Whether an operation gives one of Python's complex numbers, though its right operand is one of NumPy's.

    An np.float64 is a float, so that a complex on its left computes with it.
    """
    is_float = right.dtype == np.float64 and not (right.weak or right.rank or right.zero_d)
    return left.weak and left.kind == "c" and not left.rank and is_float


def check_fits(value: Array, dtype: np.dtype[Any]) -> None:
    """Refuses a known Python integer that is beyond an integer dtype."""
    if dtype.kind in "iu" and type(value.const) is int:
        limits = np.iinfo(dtype)
        if not limits.min <= value.const <= limits.max:
            raise Unsupported(f"{value.const} among integers of dtype {dtype}")


def join(first: Value, second: Value) -> Value:
    """The least value that describes both.  Raises Unsupported where there is none."""
    if first is second:
        return first
    if isinstance(first, Conflict) or isinstance(second, Conflict):
        return first if isinstance(first, Conflict) else second
    if isinstance(first, Array) and isinstance(second, Array):
        return join_arrays(first, second)
    if isinstance(first, TupleV) and isinstance(second, TupleV) and len(first.items) == len(second.items):
        items = tuple(join(a, b) for a, b in zip(first.items, second.items, strict=True))
        return TupleV(items, first.type_)
    if isinstance(first, (ListV, SeqV)) and isinstance(second, (ListV, SeqV)):
        return join_lists(first, second)
    if (
        isinstance(first, DictV)
        and isinstance(second, DictV)
        and [k for k, _ in first.items] == [k for k, _ in second.items]
    ):
        return DictV(
            tuple((k, join(a, b)) for (k, a), (_, b) in zip(first.items, second.items, strict=True)), first.site
        )
    if isinstance(first, Obj) and isinstance(second, Obj) and first.value is second.value:
        return first
    if isinstance(first, (StackedV, NestedV)) and first == second:
        return first
    if first == second or isinstance(first, FuncV) and isinstance(second, FuncV) and first.node is second.node:
        return first
    if is_uniform(first) and is_uniform(second) and not isinstance(first, Array) and not isinstance(second, Array):
        return Opaque()
    raise Unsupported(f"a variable is {describe(first)} on one path and {describe(second)} on another")


def join_lists(first: ListV | SeqV, second: ListV | SeqV) -> Value:
    site = first.site if first.site == second.site else None
    if isinstance(first, ListV) and isinstance(second, ListV) and len(first.items) == len(second.items):
        return ListV(tuple(join(a, b) for a, b in zip(first.items, second.items, strict=True)), site)
    parts = [*(first.items if isinstance(first, ListV) else (first.item,))]
    parts += [*(second.items if isinstance(second, ListV) else (second.item,))]
    joined = parts[0]
    for part in parts[1:]:
        joined = join(joined, part)
    return SeqV(joined, site)


def join_arrays(first: Array, second: Array) -> Array:
    if first == second:
        return first
    if first.rank != second.rank:
        raise Unsupported(f"a variable has rank {first.rank} on one path and rank {second.rank} on another")
    dtype, weak = promote(first, second)
    return Array(
        dtype,
        first.rank,
        union_axes(first.axes, second.axes),
        weak=weak,
        affine=first.affine if first.affine == second.affine else None,
        dims=tuple(a if a == b else None for a, b in zip(first.dims, second.dims, strict=True)),
        const=first.const if type(first.const) is type(second.const) and first.const == second.const else MISSING,
        origins=first.origins | second.origins,
        zero_d=first.zero_d or second.zero_d,
        pin=first.pin if first.pin == second.pin else None,
        mixed=is_mixed(first, second),
    )


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

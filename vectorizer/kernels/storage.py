"""Arrays that a function of numbers makes for itself, and stores into arrays, in kernels.

An array of a few numbers, whose length is written in the function, is an array of C++.  For all others the host makes
room, a row for each example; such a row may be a result as well.  An argument that is stored into is a copy in the
kernel, which the host writes back when no example has raised.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vectorizer.kernels.numbers import EQUAL, INT, Expr, NoKernel, bare, cast, literal, number_type, type_of
from vectorizer.kernels.sequences import Sequence_, Sequences, flat_index
from vectorizer.kernels.sizes import Size
from vectorizer.values import MISSING, Array

MOST_LOCAL = 64  # numbers in an array of C++
FILLED = {"zeros": 0, "ones": 1, "empty": None, "full": None}
DTYPES: dict[Any, Any] = {int: np.int64, float: np.float64, bool: np.bool_, complex: np.complex128}


@dataclass(frozen=True)
class Memory:
    """What a thread may store into: rows for which the host makes room, and rows of arguments.

    uniform: arguments that are numbers of the host, of which it can compute how much room there must be.
    rows: arrays of which each example has its own row.
    """

    uniform: frozenset[str]
    rows: frozenset[str]


@dataclass(frozen=True)
class Made:
    """An array that an expression makes.

    value: the code of the number at a place; None where it may be anything.
    is_list: it is a list of Python's numbers.
    """

    item: Array
    sizes: tuple[Size, ...]
    value: Callable[[str], Expr] | None
    is_list: bool = False


@dataclass(frozen=True)
class Room:
    """Memory that a function stores into.

    own_lengths: the parameters that tell its lengths, with these.
    is_local: it is an array of C++.
    """

    name: str
    sequence: Sequence_
    own_lengths: tuple[tuple[str, Size], ...]
    is_local: bool
    is_list: bool


class Storage(Sequences):
    """Making arrays, and storing into them.

    rooms: the memory of each variable that holds an array of the function's own.
    stored_into: arguments that are stored into.
    returned: variables that are returned.
    memory: what may be stored into; None for what the host does not call.
    """

    arrays: dict[str, Sequence_]
    parameters: dict[str, Array]
    names: set[str]
    outer: dict[str, str]
    rooms: dict[str, Room]
    stored_into: frozenset[str]
    returned: set[str]
    memory: Memory | None
    emit: Callable[[str], None]
    fresh: Callable[[str], str]
    held: Callable[[str, Expr], Expr]
    unlike: Callable[[str, Set[str]], str]

    # --- making ------------------------------------------------------------------------------------------------------

    def array_made(self, node: ast.expr) -> Made | None:
        """The array that an expression makes; None where it makes none."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="copy"), args=[], keywords=[]):
                return self.copied(name) if name in self.sequences else None
            case ast.Call(func=function, args=args, keywords=keywords):
                return self.made_by(self.outside.found(function), args, {k.arg or "": k.value for k in keywords})
            case ast.BinOp(left=ast.List(elts=[item]), op=ast.Mult(), right=count):
                return self.list_of(item, [count])
            case ast.ListComp(generators=[ast.comprehension(target=ast.Name(id=name), iter=source, ifs=[])]):
                return self.list_by(node.elt, name, source)
        return None

    def made_by(self, function: Any, args: list[ast.expr], keywords: dict[str, ast.expr]) -> Made | None:
        """What one of NumPy's functions makes."""
        name = getattr(function, "__name__", "")
        if function is list and len(args) == 1 and not keywords and isinstance(args[0], ast.Call):
            inner = args[0]
            is_range = self.outside.found(inner.func) is range and len(inner.args) == 1
            sizes = self.shape(inner.args[0]) if is_range else None
            return None if sizes is None else Made(INT, sizes, lambda at: Expr(at, INT), is_list=True)
        if not name or getattr(np, name, None) is not function or keywords.keys() - {"dtype", "shape", "fill_value"}:
            return None
        given = [*args, *(keywords[key] for key in ("shape", "fill_value") if key in keywords)]
        if name in ("copy", "array") and len(given) == 1 and isinstance(given[0], ast.Name) and not keywords:
            return self.copied(given[0].id) if given[0].id in self.sequences else None
        like = name.removesuffix("_like")
        if like not in FILLED and name != "arange" or not given:
            return None
        dtype = keywords.get("dtype") or next(iter(given[2 if like == "full" else 1 :]), None)
        if name == "arange":
            return self.counted_up(given, dtype)
        value = self.expression(given[1]) if like == "full" else FILLED[like]
        if like != name:
            return self.made_like(given[0], dtype, value)
        sizes = self.shape(given[0])
        if sizes is None:
            return None
        plain = value.value.dtype if isinstance(value, Expr) else np.float64
        return self.filled(plain if dtype is None else self.dtype(dtype), sizes, value)

    def filled(self, dtype: Any, sizes: tuple[Size, ...], value: Expr | int | None) -> Made:
        item = number_type(dtype)
        if value is None:
            return Made(item, sizes, None)
        fill = self.as_item(value if isinstance(value, Expr) else literal(value), item)
        return Made(item, sizes, lambda _: fill)

    def made_like(self, node: ast.expr, dtype: ast.expr | None, value: Expr | int | None) -> Made | None:
        if not isinstance(node, ast.Name) or node.id not in self.sequences:
            return None
        other = self.sequence(node.id)
        if other.item.weak:
            return None
        return self.filled(other.item.dtype if dtype is None else self.dtype(dtype), other.sizes, value)

    def counted_up(self, given: list[ast.expr], dtype: ast.expr | None) -> Made | None:
        sizes = self.shape(given[0]) if len(given) == 1 else None
        if sizes is None or len(sizes) != 1:
            return None
        item = number_type(np.int64 if dtype is None else self.dtype(dtype))
        return Made(item, sizes, lambda at: cast(Expr(at, INT), item.dtype))

    def copied(self, name: str) -> Made:
        other = self.sequence(name)
        code, is_list = self.written(name, other), other.item.weak
        return Made(other.item, other.sizes, lambda at: Expr(f"{code}[{at}]", other.item), is_list)

    def list_of(self, node: ast.expr, counts: list[ast.expr]) -> Made | None:
        """``[0] * n``, which holds Python's numbers."""
        sizes = [self.size_of(count) for count in counts]
        value = self.expression(node)
        if None in sizes or not value.weak:
            return None
        return Made(value.value, tuple(size for size in sizes if size is not None), lambda _: value, is_list=True)

    def list_by(self, node: ast.expr, target: str, source: ast.expr) -> Made | None:
        """``[0 for _ in range(n)]`` and ``[[0] * m for _ in range(n)]``."""
        if any(isinstance(part, ast.Name) and part.id == target for part in ast.walk(node)):
            return None
        if not isinstance(source, ast.Call) or self.outside.found(source.func) is not range or len(source.args) != 1:
            return None
        counts = [source.args[0]]
        match node:
            case ast.BinOp(left=ast.List(elts=[item]), op=ast.Mult(), right=count):
                return self.list_of(item, [*counts, count])
            case ast.ListComp(elt=item, generators=[ast.comprehension(target=ast.Name(id=name), iter=inner, ifs=[])]):
                row = self.list_by(item, name, inner)
                size = self.size_of(counts[0])
                return None if row is None or size is None else replace(row, sizes=(size, *row.sizes))
        return self.list_of(node, counts)

    def shape(self, node: ast.expr) -> tuple[Size, ...] | None:
        if isinstance(node, ast.Attribute) and node.attr == "shape" and isinstance(node.value, ast.Name):
            return self.sequences[node.value.id].sizes if node.value.id in self.sequences else None
        parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
        sizes = [self.size_of(part) for part in parts]
        return None if None in sizes else tuple(size for size in sizes if size is not None)

    def dtype(self, node: ast.expr) -> np.dtype[Any]:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr="dtype") if name in self.sequences:
                if not self.sequences[name].item.weak:
                    return np.dtype(self.sequences[name].item.dtype)
            case ast.Constant(value=str(name)):
                return np.dtype(name)
        found = self.outside.found(node)
        if not isinstance(found, type):
            raise NoKernel("a dtype that is not known")
        made: np.dtype[Any] = np.dtype(DTYPES.get(found, found))
        return made

    # --- rooms -------------------------------------------------------------------------------------------------------

    def make_room(self, name: str, made: Made, at_top: bool) -> None:
        """``name = np.zeros(n)``, wherever it stands: the memory is the same each time."""
        type_of(made.item)
        if not 1 <= len(made.sizes) <= 2:
            raise NoKernel("an array of more than two axes")
        if name in self.types or name in self.arrays and not at_top:
            raise NoKernel(f"{name} is a number or an argument elsewhere")
        room = self.rooms.get(name) or self.new_room(name, made)
        if (room.sequence.item, room.sequence.sizes, room.is_list) != (made.item, made.sizes, made.is_list):
            raise NoKernel(f"{name} is an array of one kind here and of another there")
        self.rooms[name], self.sequences[name] = room, room.sequence
        self.set.add(name)
        if made.value is not None:
            self.fill(room.sequence, made.value)

    def new_room(self, name: str, made: Made) -> Room:
        code = self.unlike(self.renamed(f"{name}_own" if name in self.arrays else name), self.names - {name})
        count = math.prod(size.offset for size in made.sizes) if not any(size.base for size in made.sizes) else 0
        is_local = 1 <= count <= MOST_LOCAL and all(size.offset > 0 for size in made.sizes)
        is_local = is_local and name not in self.returned
        if is_local:
            self.outer[f"{code} "] = f"{type_of(made.item)} {code}[{count}];"
        elif self.memory is None or not {n for size in made.sizes for n in size.numbers()} <= self.memory.uniform:
            raise NoKernel("an array for which the host can make no room")
        names = [f"{code}_length"] if len(made.sizes) == 1 else [f"{code}_rows", f"{code}_columns"]
        own, lengths = [], []
        for size, length in zip(made.sizes, names, strict=True):
            known = self.length_code(size)
            if known is None:
                own.append((length := self.unlike(length, self.names), size))
                known = Expr(length, number_type("int64", True))
            lengths.append(known)
        sequence = Sequence_(code, made.item, tuple(lengths), made.sizes)
        return Room(name, sequence, tuple(own), is_local, made.is_list)

    def length_code(self, size: Size) -> Expr | None:
        """A length that the kernel has under another name."""
        if not size.base:
            return literal(size.offset)
        for sequence in self.arrays.values():
            for length, other in zip(sequence.lengths, sequence.sizes, strict=True):
                if other == size:
                    return length
        for room in self.rooms.values():
            for own, other in room.own_lengths:
                if other == size:
                    return Expr(own, number_type("int64", True))
        return None

    def fill(self, sequence: Sequence_, value: Callable[[str], Expr]) -> None:
        """Sets all numbers of an array."""
        at = self.fresh(f"{sequence.code}_at")
        count = " * ".join(bare(length).code for length in sequence.lengths)
        made = bare(value(at))
        if made.code == f"{sequence.code}[{at}]":
            return
        self.emit(f"for (long long {at} = 0; {at} < {count}; {at}++) {{")
        self.emit(f"    {sequence.code}[{at}] = {made.code};")
        self.emit("}")

    # --- stores ------------------------------------------------------------------------------------------------------

    def store_item(self, node: ast.Subscript, value: Expr) -> None:
        """``x[k] = value``."""
        if isinstance(node.slice, ast.Slice):
            self.store_all(node, value)
            return
        name, sequence, indices, made = self.place(node)
        self.check_may_store(name)
        stored = bare(self.as_item(value, sequence.item)).code
        if all(map(self.is_inside, indices, made, sequence.sizes)):
            self.emit(f"{sequence.code}[{bare(flat_index(made, sequence.lengths)).code}] = {stored};")
            return
        pairs = zip(made, sequence.lengths, strict=True)
        places = [Expr(f"place_of({i.code}, {length.code}, {self.bad()})", INT) for i, length in pairs]
        at = self.fresh(f"{sequence.code}_place")
        self.emit(f"const long long {at} = {flat_index(places, sequence.lengths).code};")
        self.emit(f"if (!{self.bad()}) {sequence.code}[{at}] = {stored};")

    def store_all(self, node: ast.Subscript, value: Expr) -> None:
        """``x[:] = value``."""
        part = node.slice
        is_whole = isinstance(part, ast.Slice) and part.lower is None and part.upper is None and part.step is None
        if not is_whole or not isinstance(node.value, ast.Name):
            raise NoKernel("a store into a part of an array")
        sequence = self.sequence(node.value.id)
        if sequence.item.weak:
            raise NoKernel("a store into a part of a list")
        self.check_may_store(node.value.id)
        held = value if value.const is not MISSING else self.held(f"{sequence.code}_value", value)
        self.fill(sequence, lambda _: self.as_item(held, sequence.item))

    def check_may_store(self, name: str) -> None:
        if name in self.rooms and self.sequences[name] is self.rooms[name].sequence:
            return
        if name not in self.stored_into:
            raise NoKernel("a store into other than an array of the example")

    def as_item(self, value: Expr, item: Array) -> Expr:
        """A number as it is stored in an array, or in a list, which holds the very number.

        Raises:
            NoKernel: it may not fit, or a list would hold numbers of several kinds.
        """
        dtype = np.dtype(item.dtype)
        if value.value.dtype == dtype and (value.weak or not item.weak):
            return value
        if item.weak:
            raise NoKernel("a list of numbers of several kinds")
        order = "biufc"
        if value.kind == "f" and dtype.kind in "iu" and dtype == np.int64:
            return Expr(f"to_integer({cast(value, np.float64).code}, {self.bad()})", item)
        if dtype.kind == "b" and value.kind in "iuf":
            if value.const is not MISSING:
                return literal(bool(value.const))
            return Expr(f"{value.at(EQUAL)} != 0", number_type(bool), EQUAL)
        if order.index(value.kind) > order.index(dtype.kind) and (value.kind, dtype.kind) != ("u", "i"):
            raise NoKernel("a number is stored into an array of another kind")
        if value.weak and value.kind == "i" and dtype.kind in "iu":
            limits = np.iinfo(dtype)
            if value.const is MISSING or not limits.min <= value.const <= limits.max:
                raise NoKernel("a Python integer that may not fit an array")
        return cast(value, dtype)

    def swap_rooms(self, names: list[str], others: list[str]) -> bool:
        """``a, b = b, a`` of two arrays: their memory changes hands."""
        if len(names) != 2 or names != others[::-1] or not all(name in self.rooms for name in names):
            return False
        one, two = (self.sequence(name) for name in names)
        if (one.item, one.sizes) != (two.item, two.sizes) or set(names) & self.returned:
            raise NoKernel("arrays of several kinds, or that are returned, change names")
        if any(self.rooms[name].is_local for name in names):
            raise NoKernel("arrays of C++ change names")
        held = self.fresh(f"next_{one.code}")
        self.emit(f"{type_of(one.item)}* const {held} = {two.code};")
        self.emit(f"{two.code} = {one.code};")
        self.emit(f"{one.code} = {held};")
        return True

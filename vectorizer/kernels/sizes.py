"""Lengths of arrays in kernels: which are equal, and what the host computes where it makes room for an array."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vectorizer.kernels.expressions import Expressions
from vectorizer.kernels.numbers import Expr
from vectorizer.values import MISSING

if TYPE_CHECKING:
    from vectorizer.kernels.sequences import Sequence_

LEAF = re.compile(r"\{(\w+)\.?(\d*)\}")
ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[int, int], int]]] = {
    ast.Add: ("+", operator.add), ast.Sub: ("-", operator.sub), ast.Mult: ("*", operator.mul),
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """A length, ``base + offset``.

    base: Python code with ``{x.0}`` for the length of an argument's axis and ``{n}`` for an argument that is a number;
        empty for a plain number.
    """

    base: str
    offset: int = 0

    @property
    def code(self) -> str:
        if not self.base:
            return str(self.offset)
        sign = "-" if self.offset < 0 else "+"
        return f"{self.base} {sign} {abs(self.offset)}" if self.offset else self.base

    def on_host(self, leaves: Mapping[str, str]) -> str:
        """What the host computes; `leaves` has the code of each leaf, ``x.0`` or ``n``."""
        return LEAF.sub(lambda match: leaves[match[0][1:-1]], self.code)

    def numbers(self) -> set[str]:
        """The arguments that are numbers in it."""
        return {match[1] for match in LEAF.finditer(self.base) if not match[2]}


@dataclass(frozen=True)
class Counter:
    """An integer that goes from `low` to the number before `stop`."""

    low: int
    stop: Size


class Sizes(Expressions):
    """What is known of integers without a look at any example's values.

    sequences: the arrays and tuples that names stand for.
    known: variables that are set once, to lengths.
    bounded: variables that count within bounds, as long as they do.
    fixed: arguments that are integers and are never set to anything else.
    """

    sequences: dict[str, Sequence_]
    known: dict[str, Size]
    bounded: dict[str, Counter]
    fixed: set[str]

    def size_of(self, node: ast.expr) -> Size | None:
        """The length that an expression gives; None where it may give something else."""
        match node:
            case ast.Constant(value=int(value)) if type(value) is int:
                return Size("", value)
            case ast.Name(id=name):
                return self.size_of_name(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                one, two = self.size_of(left), self.size_of(right)
                return None if one is None or two is None else computed(op, one, two)
            case ast.Call(func=function, args=[ast.Name(id=name)], keywords=[]) if self.outside.found(function) is len:
                return self.length(name, 0)
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr="shape"), slice=ast.Constant(value=k)):
                return self.length(name, k) if type(k) is int else None
            case ast.Attribute(value=ast.Name(id=name), attr="size"):
                sequence = self.sequences.get(name)
                return self.length(name, 0) if sequence is not None and len(sequence.sizes) == 1 else None
        return None

    def size_of_name(self, name: str) -> Size | None:
        if name in self.known:
            return self.known[name]
        if name in self.types:
            return Size(f"{{{name}}}") if name in self.fixed else None
        found = self.outside.constant(name)
        return Size("", found) if found is not MISSING and type(found) is int else None

    def length(self, name: str, axis: int) -> Size | None:
        sizes = self.sequences[name].sizes if name in self.sequences else ()
        return sizes[axis] if -len(sizes) <= axis < len(sizes) else None

    def is_inside(self, node: ast.expr, index: Expr, size: Size) -> bool:
        """Whether an index is known to be one of an axis of this length, and not negative."""
        if index.const is not MISSING:
            return not size.base and 0 <= index.const < size.offset
        found = self.counted_index(node)
        if found is None:
            return False
        counter, added = found
        reaches = counter.stop.offset + added <= size.offset
        return counter.low + added >= 0 and counter.stop.base == size.base and reaches

    def counted_index(self, node: ast.expr) -> tuple[Counter, int] | None:
        """A counter, and what is added to it."""
        match node:
            case ast.Name(id=name) if name in self.bounded:
                return self.bounded[name], 0
            case ast.BinOp(left=ast.Name(id=name), op=op, right=ast.Constant(value=int(added))) if name in self.bounded:
                if isinstance(op, (ast.Add, ast.Sub)):
                    return self.bounded[name], added if isinstance(op, ast.Add) else -added
        return None


def computed(op: ast.operator, one: Size, two: Size) -> Size:
    """The sum, the difference or the product of two lengths."""
    symbol, function = ARITHMETIC[type(op)]
    if not one.base and not two.base:
        return Size("", function(one.offset, two.offset))
    if not two.base and symbol != "*":
        return Size(one.base, function(one.offset, two.offset))
    if not one.base and symbol == "+":
        return Size(two.base, one.offset + two.offset)
    return Size(f"({_enclosed(one)} {symbol} {_enclosed(two)})")


def _enclosed(size: Size) -> str:
    return f"({size.code})" if size.base and size.offset else size.code

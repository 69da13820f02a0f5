"""Sequences of numbers in kernels: arrays that are arguments, and tuples and lists that are only read."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np

from vectorizer.kernels.expressions import Expressions
from vectorizer.kernels.numbers import EQUAL, INT, OR, PRODUCT, SUM, Expr, NoKernel, bare, cast, literal, number_type
from vectorizer.values import MISSING, Array

MOST_ITEMS = 64  # of tuples from outside that are written out


@dataclass(frozen=True)
class Sequence_:
    """An array in C++, whose rows stand behind each other.

    item: the value of one of its numbers.
    lengths: those of its axes.
    items: its numbers, where these are known one by one.
    """

    code: str
    item: Array
    lengths: tuple[Expr, ...]
    items: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Counter:
    """An integer that goes from `low` to the number before `stop`, the code of a length."""

    low: int
    stop: str


class Sequences(Expressions):
    """Items, lengths and the question whether a number is among others.

    sequences: those that names stand for.
    lengths: variables that are set once, to lengths.
    bounded: variables that count within bounds, as long as they do.
    """

    sequences: dict[str, Sequence_]
    lengths: dict[str, Expr]
    bounded: dict[str, Counter]

    def expression(self, node: ast.expr) -> Expr:
        match node:
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name), attr="shape"), slice=ast.Constant(value=k)):
                lengths = self.sequence(name).lengths
                if type(k) is int and -len(lengths) <= k < len(lengths):
                    return lengths[k]
            case ast.Subscript():
                return self.item(node)
            case ast.Attribute(value=ast.Name(id=name), attr="size") if name in self.sequences:
                if len(self.sequences[name].lengths) == 1:
                    return self.sequences[name].lengths[0]
            case ast.Call(func=function, args=[ast.Name(id=name)], keywords=[]) if self.outside.found(function) is len:
                return self.sequence(name).lengths[0]
        return super().expression(node)

    def sequence(self, name: str) -> Sequence_:
        """What a name stands for.

        Raises:
            NoKernel: it is no sequence of numbers.
        """
        if name in self.sequences:
            return self.sequences[name]
        if name in self.types:
            raise NoKernel(f"{name} is a number")
        items = self.outside.items(name)
        if items is None or not 0 < len(items) <= MOST_ITEMS:
            raise NoKernel(f"{name} is no sequence of numbers")
        return self.literal_sequence(name, [literal(item) for item in items])

    def literal_sequence(self, name: str, items: list[Expr]) -> Sequence_:
        """A sequence of numbers that are known one by one, not yet written down."""
        first = items[0]
        for other in items[1:]:
            first = Expr(first.code, self.merged(first, other))
        same = tuple(cast(item, first.value.dtype) for item in items)
        return Sequence_(name, number_type(first.value.dtype, first.weak), (literal(len(items)),), same)

    def item(self, node: ast.Subscript) -> Expr:
        """``x[k]``, ``x[j, k]`` or ``x[j][k]``."""
        indices: list[ast.expr] = []
        base: ast.expr = node
        while isinstance(base, ast.Subscript):
            part = base.slice
            indices = [*(part.elts if isinstance(part, ast.Tuple) else [part]), *indices]
            base = base.value
        if not isinstance(base, ast.Name):
            raise NoKernel("a subscript of other than a variable")
        sequence = self.sequence(base.id)
        if len(indices) != len(sequence.lengths) or len(indices) > 2:
            raise NoKernel("a row of an array")
        made = [self.expression(index) for index in indices]
        if any(index.kind not in "iu" for index in made):
            raise NoKernel("a subscript that is no integer")
        known, at = len(sequence.items), made[0].const
        if type(at) is int and -known <= at < known:
            return sequence.items[at]
        code = self.written(base.id, sequence)
        whole = [cast(index, np.int64) for index in made]
        if all(map(self.is_inside, indices, made, sequence.lengths)):
            flat = whole[0]
            if len(whole) == 2:
                row = f"{whole[0].at(PRODUCT)} * {sequence.lengths[1].code}"
                flat = Expr(f"{row} + {whole[1].at(SUM + 1)}", INT, SUM)
            return Expr(f"{code}[{bare(flat).code}]", sequence.item)
        pairs = [f"{index.code}, {length.code}" for index, length in zip(whole, sequence.lengths, strict=True)]
        function = "item_of" if len(pairs) == 1 else "item_of_matrix"
        return Expr(f"{function}({code}, {', '.join(pairs)}, {self.bad()})", sequence.item)

    def is_inside(self, node: ast.expr, index: Expr, length: Expr) -> bool:
        """Whether an index is known to be one of a sequence of this length, and not negative."""
        if index.const is not MISSING:
            return length.const is not MISSING and 0 <= index.const < length.const
        match node:
            case ast.Name(id=name) if name in self.bounded:
                return self.bounded[name].stop == length.code
            case ast.BinOp(left=ast.Name(id=name), op=ast.Sub(), right=ast.Constant(value=int(less))):
                found = self.bounded.get(name)
                return found is not None and found.stop == length.code and 0 <= less <= found.low
        return False

    def written(self, name: str, sequence: Sequence_) -> str:
        """The name of a sequence in C++, where it stands as an array; one from outside is written there now."""
        raise NotImplementedError

    def length_of(self, node: ast.expr) -> Expr | None:
        """The length that an expression gives; None where it gives something else."""
        match node:
            case ast.Name(id=name):
                return self.lengths.get(name)
            case ast.Call() | ast.Subscript() | ast.Attribute():
                known = [length for found in self.sequences.values() for length in found.lengths]
                try:
                    made = self.expression(node)
                except NoKernel:
                    return None
                return made if made in known else None
        return None

    def comparisons(self, operands: list[ast.expr], ops: list[ast.cmpop]) -> Expr:
        match operands, ops:
            case [left, ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items)], [ast.In()]:
                return self.is_among(self.expression(left), items)
            case [_, _], [ast.NotIn()]:
                return self.expression(ast.UnaryOp(ast.Not(), ast.Compare(operands[0], [ast.In()], operands[1:])))
        return super().comparisons(operands, ops)

    def is_among(self, a: Expr, items: list[ast.expr]) -> Expr:
        """``a in (b, c)``; nan, which may be found though it equals nothing, is no literal."""
        made = [self.expression(item) for item in items]
        if not made or not a.code.isidentifier() or any(b.kind not in "bi" and b.const is MISSING for b in made):
            raise NoKernel("`in` of these numbers")
        if len(made) == 1:
            return Expr((tested := self.compare("==", a, made[0])).code, number_type(bool, True), tested.level)
        tests = [self.compare("==", a, b).at(EQUAL) for b in made]
        return Expr(" || ".join(tests), number_type(bool, True), OR)

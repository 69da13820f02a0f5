"""Sequences of numbers in kernels: arrays that are arguments, and tuples and lists that are only read."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vectorizer.kernels.numbers import EQUAL, INT, OR, PRODUCT, SUM, Expr, NoKernel, bare, cast, literal, number_type
from vectorizer.kernels.sizes import Size, Sizes
from vectorizer.values import MISSING, Array

MOST_ITEMS = 64  # of tuples from outside that are written out


@dataclass(frozen=True)
class Sequence_:
    """An array in C++, whose rows stand behind each other.

    item: the value of one of its numbers.
    lengths: those of its axes.
    sizes: the same, as the host knows them.
    items: its numbers, where these are known one by one.
    """

    code: str
    item: Array
    lengths: tuple[Expr, ...]
    sizes: tuple[Size, ...]
    items: tuple[Expr, ...] = ()


class Sequences(Sizes):
    """Items, lengths and the question whether a number is among others."""

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
            if name not in self.set:
                raise NoKernel(f"{name} may be read before it is set")
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
        length = Size("", len(items))
        return Sequence_(name, number_type(first.value.dtype, first.weak), (literal(len(items)),), (length,), same)

    def item(self, node: ast.Subscript) -> Expr:
        """``x[k]``, ``x[j, k]`` or ``x[j][k]``."""
        name, sequence, indices, made = self.place(node)
        known, at = len(sequence.items), made[0].const
        if type(at) is int and -known <= at < known:
            return sequence.items[at]
        code = self.written(name, sequence)
        if all(map(self.is_inside, indices, made, sequence.sizes)):
            return Expr(f"{code}[{bare(flat_index(made, sequence.lengths)).code}]", sequence.item)
        pairs = [f"{index.code}, {length.code}" for index, length in zip(made, sequence.lengths, strict=True)]
        function = "item_of" if len(pairs) == 1 else "item_of_matrix"
        return Expr(f"{function}({code}, {', '.join(pairs)}, {self.bad()})", sequence.item)

    def place(self, node: ast.Subscript) -> tuple[str, Sequence_, list[ast.expr], list[Expr]]:
        """The name and the sequence of an item, its subscripts, and these as integers of 64 bits."""
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
        return base.id, sequence, indices, [cast(index, np.int64) for index in made]

    def written(self, name: str, sequence: Sequence_) -> str:
        """The name of a sequence in C++, where it stands as an array; one from outside is written there now."""
        raise NotImplementedError

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


def flat_index(indices: Sequence[Expr], lengths: Sequence[Expr]) -> Expr:
    """Where an item stands, whose rows stand behind each other."""
    if len(indices) == 1:
        return indices[0]
    row = f"{indices[0].at(PRODUCT)} * {lengths[1].code}"
    return Expr(f"{row} + {indices[1].at(SUM + 1)}", INT, SUM)

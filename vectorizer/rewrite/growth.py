"""How far integers in tables may grow while a nest fills them, read off the syntax.

Each cell of ``D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + cost)`` is at most one more than the
greatest cell before it, if `cost` is 0 or 1.  With the number of cells that follow from each other, that is a bound.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.names import names_read, nodes_of, statements_of

CHOICES = (builtins.min, builtins.max, np.minimum, np.maximum)
Span = tuple[int, int]


class Unbounded(Exception):
    """The integers of a nest have no bound that is known."""


@dataclass(frozen=True)
class Reach:
    """Where an integer may lie.

    relative: at most this far from the integers that are in the tables; absolute: between these two.  It is one of the
        two; None where it is not.
    """

    relative: Span | None = None
    absolute: Span | None = None

    def __or__(self, other: Reach) -> Reach:
        return Reach(_hull(self.relative, other.relative), _hull(self.absolute, other.absolute))

    def __add__(self, other: Reach) -> Reach:
        if self.relative is not None and other.relative is not None:
            raise Unbounded
        sums = _sum(self.relative, other.absolute), _sum(self.absolute, other.relative)
        return Reach(_hull(*sums), _sum(self.absolute, other.absolute))

    def __neg__(self) -> Reach:
        if self.relative is not None or self.absolute is None:
            raise Unbounded
        return Reach(None, (-self.absolute[1], -self.absolute[0]))


@dataclass
class Growth:
    """What a nest does to the integers in its tables.

    tables: their names.
    known: the integers that names outside of the nest stand for.
    function: what a name of a function stands for.
    stored: what it stores; stores: by how many statements; made: all that it computes of the tables.
    """

    tables: frozenset[str]
    known: Callable[[str], Any]
    function: Callable[[cst.BaseExpression], Any]
    stored: Reach = Reach()
    stores: int = 0
    made: Reach = Reach()

    def read(self, body: Sequence[cst.CSTNode]) -> dict[str, Reach]:
        """Reads the statements of a cell; returns where the variables that they set may lie.

        Raises:
            Unbounded: one of them does something else with the tables than to add small integers and to choose.
        """
        return self._block(body, {})

    def _block(self, body: Sequence[cst.CSTNode], names: Mapping[str, Reach]) -> dict[str, Reach]:
        found = dict(names)
        for statement in body:
            match statement:
                case cst.SimpleStatementLine(body=parts):
                    for part in parts:
                        self._small(part, found)
                case cst.If(test=test, body=inner, orelse=orelse):
                    self._test(test, found)
                    one = self._block(statements_of(inner), found)
                    if isinstance(orelse, cst.If):
                        other = self._block([orelse], found)
                    else:
                        other = self._block(statements_of(orelse.body) if orelse is not None else [], found)
                    found = {name: one[name] | other[name] for name in one if name in other}
                case _:
                    raise Unbounded
        return found

    def _small(self, node: cst.CSTNode, names: dict[str, Reach]) -> None:
        match node:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                try:
                    names[name] = self.reach(value, names)
                except Unbounded:
                    names.pop(name, None)
                    if self._is_of_tables(value, names):
                        raise
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(value=cst.Name(value=name)) as target)]):
                if name not in self.tables or self._is_of_tables(target.slice, names):
                    raise Unbounded
                self.stored, self.stores = self.stored | self.reach(node.value, names), self.stores + 1
            case cst.Pass():
                pass
            case _:
                raise Unbounded

    def reach(self, node: cst.BaseExpression, names: Mapping[str, Reach]) -> Reach:
        """Where an integer may lie."""
        found = self._reach(node, names)
        self.made = self.made | found
        return found

    def _reach(self, node: cst.BaseExpression, names: Mapping[str, Reach]) -> Reach:
        match node:
            case cst.Integer():
                return Reach(None, (node.evaluated_value, node.evaluated_value))
            case cst.Name(value=name):
                return names[name] if name in names else self._known(name)
            case cst.Subscript(value=cst.Name(value=name)) if name in self.tables:
                if self._is_of_tables(node.slice, names):
                    raise Unbounded
                return Reach((0, 0))
            case cst.UnaryOperation(operator=cst.Minus(), expression=inner):
                return -self.reach(inner, names)
            case cst.BinaryOperation(operator=cst.Add(), left=left, right=right):
                return self.reach(left, names) + self.reach(right, names)
            case cst.BinaryOperation(operator=cst.Subtract(), left=left, right=right):
                return self.reach(left, names) + -self.reach(right, names)
            case cst.IfExp(test=test, body=body, orelse=orelse):
                self._test(test, names)
                return self.reach(body, names) | self.reach(orelse, names)
            case cst.Call(func=func, args=[_, _, *_] as args) if self.function(func) in CHOICES:
                if any(arg.keyword is not None or arg.star for arg in args):
                    raise Unbounded
                result = Reach()
                for arg in args:
                    result = result | self.reach(arg.value, names)
                return result
        raise Unbounded

    def _known(self, name: str) -> Reach:
        value = self.known(name)
        if type(value) is not int:
            raise Unbounded
        return Reach(None, (value, value))

    def _test(self, node: cst.BaseExpression, names: Mapping[str, Reach]) -> None:
        """A condition may compare what is in the tables, and nothing else."""
        if not self._is_of_tables(node, names):
            return
        match node:
            case cst.Comparison(left=left, comparisons=comparisons):
                for side in (left, *(c.comparator for c in comparisons)):
                    if self._is_of_tables(side, names):
                        self.reach(side, names)
            case cst.BooleanOperation(left=left, right=right):
                self._test(left, names)
                self._test(right, names)
            case cst.UnaryOperation(operator=cst.Not(), expression=inner):
                self._test(inner, names)
            case _:
                raise Unbounded

    def _is_of_tables(self, node: cst.CSTNode | Sequence[cst.CSTNode], names: Mapping[str, Reach]) -> bool:
        """Whether an expression reads tables, or what was computed of them."""
        parts = node if isinstance(node, Sequence) else [node]
        read = set[str]().union(*(names_read(part) for part in parts))
        return bool(read & self.tables) or any(names[n].relative is not None for n in read if n in names)


def targets_of(node: cst.CSTNode, tables: frozenset[str]) -> list[cst.Subscript]:
    """The elements of tables that are assigned to somewhere in a piece of syntax."""
    found: list[cst.Subscript] = []
    for part in nodes_of(node):
        for target in [t.target for t in part.targets] if isinstance(part, cst.Assign) else []:
            if (
                isinstance(target, cst.Subscript)
                and isinstance(target.value, cst.Name)
                and target.value.value in tables
            ):
                found.append(target)
    return found


def _hull(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one[0], other[0]), max(one[1], other[1])


def _sum(one: Span | None, other: Span | None) -> Span | None:
    return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])

"""Recurrences through an array: ``out[i + 1] = out[i] + x[i]``.

The element that an iteration reads is the one that the iteration before has stored.  With a variable for it,

    last = out[0]
    for i in range(n):
        last = last + x[i]
        out[i + 1] = last

the loop is one of those that are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.loop_syntax import stored_subscripts
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of, statements_of
from vectorizer.rewrite.unrolled import Unrolled
from vectorizer.rewrite.updates import indices_of, plain, substituted
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Unsupported, number

ADDED: dict[type, cst.BaseBinaryOp] = {
    cst.AddAssign: cst.Add(), cst.SubtractAssign: cst.Subtract(), cst.MultiplyAssign: cst.Multiply(),
}  # fmt: skip


@dataclass
class Handed:
    """A loop with a variable for the element that one iteration hands to the next.

    load: sets the variable to the element in front of the first one that is stored.
    """

    node: cst.For
    name: str
    array: str
    load: cst.Assign


class HandedOn(Unrolled):
    """Loops in which an element follows from the one before."""

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        try:
            if super().become_axis(node, it):
                return True
        except Unsupported:
            if not self.become_handed(node, it):
                raise
            return True
        return self.become_handed(node, it)

    def become_handed(self, node: cst.For, it: Iteration) -> bool:
        """Tries the same with a variable for the element."""
        if self.plan.no_axes:
            return False
        key = "handed", self.node_site(node)
        if key not in self.plan.guarded:
            self.plan.guarded[key] = self.handed(node, it)
        found, trips = self.plan.guarded[key], self.trips_of(it)
        if found is None or trips is None:
            return False
        mark, pending = self.mark(), self.pending
        try:
            self.load_first(found)
            if self.relies_on(trips - 1) and super().become_axis(found.node, it) and self.keeps_dtype(found):
                self.env.pop(found.name, None)
                for statement in self.out[mark.out :]:
                    if statement.target == found.name:
                        statement.generated = found.name
                return True
        except Unsupported:
            pass
        self.rollback(mark)
        self.pending = pending
        self.plan.guarded[key] = None
        return False

    def load_first(self, found: Handed) -> None:
        """Sets the variable in front of the loop; the elements of an array that was just made of zeros are known."""
        array = self.env.get(found.array)
        if array is not None and isinstance(array.value, Array) and self.is_untouched(array):
            zero = 0.0 if array.value.kind == "f" else 0
            self.env[found.name] = Operand(repr(zero), number(zero))
        else:
            self.small(found.load)

    def keeps_dtype(self, found: Handed) -> bool:
        """Whether what is stored is what is handed on: the array's dtype does not change it."""
        array, last = (self.env[name].value if name in self.env else None for name in (found.array, found.name))
        return isinstance(array, Array) and isinstance(last, Array) and not last.rank and last.dtype == array.dtype

    def handed(self, node: cst.For, it: Iteration) -> Handed | None:
        """The loop with a variable, if an element follows from the one before and nothing else is done to the array."""
        if it.kind != "range" or len(it.bounds) > 2 or not isinstance(node.target, cst.Name):
            return None
        for position, statement in enumerate(statements_of(node.body)):
            small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            store = _store(small)
            if store is not None and len(statement.body) == 1:
                made = self.with_variable(node, position, *store)
                if made is not None:
                    return made
        return None

    def with_variable(
        self, node: cst.For, position: int, target: cst.Subscript, value: cst.BaseExpression
    ) -> Handed | None:
        """The loop with a variable for what ``target = value`` reads; None where it does not read what is stored."""
        array, index = indices_of(target)
        held = self.env.get(array)
        counter = node.target.value  # type: ignore[attr-defined]
        if held is None or not isinstance(held.value, Array) or held.value.rank != len(index):
            return None
        inside = assigned_names(node)
        places = [k for k, i in enumerate(index) if names_read(i) & inside]
        if len(places) != 1 or names_read(index[places[0]]) & inside != {counter}:
            return None
        before = _before(target, counter)
        body = list(statements_of(node.body))
        if any(array in stored_subscripts(part) for k, part in enumerate(body) if k != position):
            return None
        name = self.fresh("last")
        old, new = {plain(before): name}, {plain(target): name}
        front = [part.visit(_Renamed(old)) for part in body[:position]]
        rest = [part.visit(_Renamed(new)) for part in body[position + 1 :]]
        made = value.visit(_Renamed(old))
        assert isinstance(made, cst.BaseExpression)
        others = [part for part in (*front, *rest, made) if array in names_read(part)]
        if made is value and front == body[:position] or any(_uses_other(p, array, plain(target)) for p in others):
            return None
        if any(array in names_read(part) for part in rest):
            return None
        self.plan.reserved.add(name)
        update = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], made)])
        store = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(target)], cst.Name(name))])
        loop = node.with_changes(body=cst.IndentedBlock([*front, update, store, *rest]))
        args = node.iter.args  # type: ignore[attr-defined]
        start = args[0].value if len(args) > 1 else cst.Integer("0")
        first = substituted(before, {counter: start}).visit(_Folded())
        assert isinstance(first, cst.Subscript)
        return Handed(loop, name, array, cst.Assign([cst.AssignTarget(cst.Name(name))], first))


def _store(small: Any) -> tuple[cst.Subscript, cst.BaseExpression] | None:
    """The element that a statement stores into, and the value; for ``a[i] += e`` that is ``a[i] + e``."""
    if isinstance(small, cst.Assign) and len(small.targets) == 1 and isinstance(small.targets[0].target, cst.Subscript):
        return small.targets[0].target, small.value
    if isinstance(small, cst.AugAssign) and isinstance(small.target, cst.Subscript) and type(small.operator) in ADDED:
        return small.target, cst.BinaryOperation(small.target, ADDED[type(small.operator)], small.value)
    return None


def _before(target: cst.Subscript, counter: str) -> cst.Subscript:
    """What the iteration before stores: the subscript with ``counter - 1`` for the counter, in the usual form."""
    made = target.visit(_Lagged(counter))
    assert isinstance(made, cst.Subscript)
    return made


def _uses_other(node: cst.CSTNode, array: str, text: str) -> bool:
    """Whether `node` uses an array in any other way than by reading one element."""
    parts = list(nodes_of(node))
    elements = [part for part in parts if isinstance(part, cst.Subscript) and plain(part) == text]
    count = sum(isinstance(part, cst.Name) and part.value == array for part in parts)
    return count != len(elements)


class _Lagged(cst.CSTTransformer):
    """``i + 1`` becomes `i`, ``i + 2`` becomes ``i + 1``, and `i` becomes ``i - 1``."""

    def __init__(self, counter: str) -> None:
        super().__init__()
        self.counter = counter

    def leave_Index(self, original_node: cst.Index, updated_node: cst.Index) -> cst.Index:
        value = original_node.value
        name = cst.Name(self.counter)
        if isinstance(value, cst.Name) and value.value == self.counter:
            return updated_node.with_changes(value=cst.BinaryOperation(name, cst.Subtract(), cst.Integer("1")))
        if not isinstance(value, cst.BinaryOperation) or not isinstance(value.right, cst.Integer):
            return updated_node
        if not isinstance(value.left, cst.Name) or value.left.value != self.counter:
            return updated_node
        sign = {cst.Add: 1, cst.Subtract: -1}.get(type(value.operator), 0)
        shift = sign * int(value.right.value, 0) - 1
        if not sign:
            return updated_node
        if not shift:
            return updated_node.with_changes(value=name)
        operator = cst.Add() if shift > 0 else cst.Subtract()
        return updated_node.with_changes(value=cst.BinaryOperation(name, operator, cst.Integer(str(abs(shift)))))


class _Folded(cst.CSTTransformer):
    """``1 - 1`` becomes `0`."""

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        left, right = updated_node.left, updated_node.right
        if not isinstance(left, cst.Integer) or not isinstance(right, cst.Integer):
            return updated_node
        sign = {cst.Add: 1, cst.Subtract: -1}.get(type(updated_node.operator), 0)
        made = int(left.value, 0) + sign * int(right.value, 0)
        if not sign:
            return updated_node
        return cst.Integer(str(made)) if made >= 0 else cst.UnaryOperation(cst.Minus(), cst.Integer(str(-made)))


class _Renamed(cst.CSTTransformer):
    """Puts a variable in the place of an element."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        name = self.names.get(plain(original_node))
        return updated_node if name is None else cst.Name(name)

"""Expressions: one method for each kind of syntax node, from a libcst node to an operand."""

from __future__ import annotations

from typing import Any

import libcst as cst

from vectorizer.rewrite.attributes import Attributes
from vectorizer.rules.indexing import subscript
from vectorizer.rules.subscripts import (
    ELLIPSIS,
    NEWAXIS,
    Slice,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Array,
    ListV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    is_uniform,
)


class Expressions(Attributes):
    """What an expression becomes: subscripts are here, everything else in the classes below."""

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        base = self.base_of(node.value)
        index = self.placed(base, self.indices(node.slice))
        result = subscript(self, base, index)
        self.note_read(base, index, result, node)
        return result

    def placed(self, base: Operand, index: list[Any]) -> list[Any]:
        """The subscripts of what stands elsewhere in the array that the emitted code has."""
        return index

    def note_read(self, base: Operand, index: list[Any], result: Operand, node: cst.Subscript) -> None:
        """In a loop that becomes an axis: a part of `base` is read."""

    def base_of(self, node: cst.BaseExpression) -> Operand:
        return self.expression(node)

    def indices(self, elements: Any) -> list[Any]:
        """The subscripts of a subscript expression."""
        items: list[Any] = []
        for element in elements:
            piece = element.slice
            if isinstance(piece, cst.Slice):
                items.append(self.slice_item(piece))
            elif isinstance(piece, cst.Index):
                if piece.star is not None:
                    raise Unsupported("a starred subscript")
                items += self._index_item(piece.value)
        return items

    def _index_item(self, node: cst.BaseExpression) -> list[Any]:
        if isinstance(node, cst.Ellipsis):
            return [ELLIPSIS]
        operand = self.expression(node)
        value = operand.value
        if isinstance(value, Obj) and value.value is None:
            return [NEWAXIS]
        if isinstance(value, Obj) and value.value is ...:
            return [ELLIPSIS]
        if isinstance(value, TupleV):
            return self.items(operand)
        if isinstance(value, (ListV, StackedV, SeqV)):
            return [self.as_array(operand)]
        if isinstance(value, (Array, Obj)):
            if isinstance(value, Array) and value.kind == "b" and not value.rank:
                raise Unsupported("a boolean number as a subscript")
            return [operand]
        raise Unsupported("a subscript of unknown kind")

    def slice_item(self, node: cst.Slice) -> Slice:
        """A slice; it is written as the user wrote it where nothing in it has changed."""
        lower, upper, step = (self._bound(p) for p in (node.lower, node.upper, node.step))
        parts = (lower, upper, step)
        if any(p is not None and (p.lazy or not is_uniform(p.value)) for p in parts):
            return Slice(lower, upper, step, code="")
        changed = [p.code if p is not None else "" for p in parts]
        plain = [self.text(p) if p is not None else "" for p in (node.lower, node.upper, node.step)]
        if changed == plain:
            return Slice(lower, upper, step, code=self.text(node))
        return Slice(lower, upper, step, code=f"{changed[0]}:{changed[1]}" + (f":{changed[2]}" if changed[2] else ""))

    def _bound(self, node: cst.BaseExpression | None) -> Operand | None:
        """One end of a slice; None stands for itself."""
        operand = self.expression(node) if node is not None else None
        is_none = operand is not None and isinstance(operand.value, Obj) and operand.value.value is None
        return None if is_none else operand

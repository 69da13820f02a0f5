"""Branches that only decide what is stored: ``if c: a[i] = x`` and ``else: a[i] = y`` store one value, that of
``x if c else y``.  ``if x < a[i]: a[i] = x`` stores the lesser of the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import else_statements
from vectorizer.rewrite.names import statements_of
from vectorizer.rewrite.swaps import Swaps
from vectorizer.rewrite.updates import COMPARED, OPPOSITE, plain
from vectorizer.rules.elementwise import lower_ufunc
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Unsupported


@dataclass
class ChosenStore:
    """An element, what is stored into it on either side, and the comments that stand there."""

    target: cst.Subscript
    body: cst.BaseExpression
    orelse: cst.BaseExpression
    comments: tuple[str, ...]


class ChosenStores(Swaps):
    """Stores of one of two values."""

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        chosen, extreme = self.chosen_store(node), self.extreme_store(node)
        if chosen is None and extreme is None:
            return super().varying_if(node, test, rest)
        mark, pending = self.mark(), self.pending
        try:
            if extreme is not None and self.store_extreme(*extreme):
                if mark.out and self.out[mark.out - 1].generated == test.code:
                    del self.out[mark.out - 1]  # nobody looks at the condition
                return False
            if chosen is not None and self.store_chosen(chosen, test):
                return False
        except Unsupported:
            pass
        self.rollback(mark)
        self.pending = pending
        return super().varying_if(node, test, rest)

    def extreme_store(self, node: cst.If) -> tuple[ChosenStore, np.ufunc] | None:
        """``if x < a[i]: a[i] = x``, which stores the lesser (or, by ">", the greater) of `x` and ``a[i]``."""
        found = self._single_store(statements_of(node.body)) if node.orelse is None else None
        test = node.test
        if found is None or not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
            return None
        symbol = COMPARED.get(type(test.comparisons[0].operator))
        target, value, comments = found
        sides, pair = [plain(test.left), plain(test.comparisons[0].comparator)], [plain(value), plain(target)]
        if symbol is None or sides not in (pair, pair[::-1]):
            return None
        symbol = symbol if sides == pair else OPPOSITE[symbol]
        return ChosenStore(target, target, value, comments), np.minimum if symbol == "<" else np.maximum

    def store_extreme(self, found: ChosenStore, ufunc: np.ufunc) -> bool:
        """Stores the lesser or the greater of an element and a value; False where nan may tell the two ways apart."""
        kept, other = self.as_array(self.expression(found.body)), self.as_array(self.expression(found.orelse))
        value = self.array(kept)
        alike = value.dtype == self.array(other).dtype and not value.rank and not self.array(other).rank
        if not alike or value.kind not in "iuf" or self.array(other).weak:
            return False
        if value.kind == "f" and not self.facts.no_nan():
            return False
        self.pending += found.comments
        name = self.np(ufunc.__name__)
        self.assign_item(found.target, lower_ufunc(self, Call(name, [kept, other], {}, None, ufunc, object())))
        self.change("where", "the right one of two values is stored")
        return True

    def store_chosen(self, chosen: ChosenStore, test: Operand) -> bool:
        """Stores the right one of two values; False where they must not both be computed."""
        test = self.temp(test, "taken")
        body, warns = self.speculate_where(test, True, chosen.body)
        orelse, warns_too = self.speculate_where(test, False, chosen.orelse)
        if warns or warns_too or not _alike(body, orelse):
            return False
        self.pending += chosen.comments
        self.assign_item(chosen.target, self.merge_values(test, body, orelse))
        self.change("where", "both values are computed for all examples and the right one is stored")
        return True

    def chosen_store(self, node: cst.If) -> ChosenStore | None:
        """What an `if` stores, whose branches all store into one element and do nothing else."""
        body = self._single_store(statements_of(node.body))
        if isinstance(node.orelse, cst.If):
            inner = self.chosen_store(node.orelse)
            if inner is None:
                return None
            value: cst.BaseExpression = cst.IfExp(node.orelse.test, inner.body, inner.orelse)
            orelse = inner.target, value, inner.comments
        else:
            found = self._single_store(else_statements(node))
            if found is None:
                return None
            orelse = found
        if body is None or self.text(body[0]) != self.text(orelse[0]):
            return None
        return ChosenStore(body[0], body[1], orelse[1], (*body[2], *orelse[2]))

    def _single_store(
        self, statements: Sequence[Any]
    ) -> tuple[cst.Subscript, cst.BaseExpression, tuple[str, ...]] | None:
        """The element, the value and the comments of a block that is one assignment to an element."""
        if len(statements) != 1 or not isinstance(statements[0], cst.SimpleStatementLine):
            return None
        line = statements[0]
        small = line.body[0]
        if len(line.body) != 1 or not isinstance(small, cst.Assign) or len(small.targets) != 1:
            return None
        target = small.targets[0].target
        if not isinstance(target, cst.Subscript):
            return None
        comment = line.trailing_whitespace.comment
        behind = (comment.value,) if comment is not None else ()
        return target, small.value, (*(c for c in self.comments(line.leading_lines) if c), *behind)


def _alike(one: Operand, two: Operand) -> bool:
    """Whether two numbers are of one dtype, so that each is stored as it would be on its own."""
    first, second = one.value, two.value
    if not isinstance(first, Array) or not isinstance(second, Array) or first.rank or second.rank:
        return False
    if first.dtype == second.dtype:
        return first.dtype is not None
    return first.weak != second.weak and first.kind == second.kind

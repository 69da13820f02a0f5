"""Augmented assignments."""

from __future__ import annotations

from typing import Any

import libcst as cst

from vectorizer.rewrite.arithmetic import LISTS
from vectorizer.rewrite.assignments import Assignments
from vectorizer.rewrite.symbols import BINARY, SYMBOLS
from vectorizer.rules.elementwise import (
    note_hazard,
    strengthen,
)
from vectorizer.rules.subscripts import FULL
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Array,
    DictV,
    ListV,
    SeqV,
    StackedV,
    Unsupported,
    axes_of,
    is_alike,
)


def without_zero(symbol: str, before: Operand, right: Operand, result: Operand) -> Operand:
    """``0 + right`` is `right`, for integers of one dtype."""
    start, value, made = before.value, right.value, result.value
    if not isinstance(start, Array) or not isinstance(value, Array) or not isinstance(made, Array):
        return result
    if symbol != "+" or start.const != 0 or start.kind != "i" or right.lazy or value.kind != "i":
        return result
    same = (value.dtype, value.axes, value.rank) == (made.dtype, made.axes, made.rank) and not value.weak
    return Operand(right.code, value, right.level, fresh=right.fresh) if same else result


class Augmented(Assignments):
    """What ``target op= value`` becomes."""

    def small_AugAssign(self, node: cst.AugAssign) -> bool:
        symbol = SYMBOLS[type(node.operator)]
        if isinstance(node.target, cst.Name):
            self.augment_name(node.target.value, symbol, node)
        elif isinstance(node.target, cst.Subscript):
            self.augment_item(node.target, symbol, node)
        else:
            raise Unsupported("an attribute is assigned to", node)
        return False

    def augment_name(self, name: str, symbol: str, node: cst.AugAssign) -> None:
        """``name op= value``: in place for lists and arrays, an assignment for numbers."""
        self.check_set(name)
        if (self.regions or self.masks) and not self.loops and self.holds_array(name):
            self.augment_part(self.env[name], symbol, self.value_or_loop(node.value))
            return
        before = self.read(name)
        right = self.value_or_loop(node.value)
        if isinstance(before.value, (ListV, SeqV, StackedV)) and symbol == "+":
            self._extend_list(before, right)
            return
        if isinstance(before.value, LISTS):
            raise Unsupported("a list or tuple is changed by an operator")
        value = self.array(before)
        if self.loops and self.accumulate(name, symbol, before, right):
            return
        if value.rank or value.zero_d:
            self.augment_array(before, symbol, right)
            return
        result = self.binary(symbol, before, right, "**" if symbol == "**" and right.code.isalnum() else None)
        in_place = not axes_of(result.value) and not result.lazy and before.code == name
        emitted = len(self.out)
        self.assign_name(name, without_zero(symbol, before, right, result))
        if is_alike(value, result.value):
            for statement in self.out[emitted:]:
                statement.fits = True
        elif in_place and not self.scopes:
            for statement in self.out[emitted:]:
                statement.text = f"{name} {symbol}= {right.code}"

    def holds_array(self, name: str) -> bool:
        """Whether a variable is an array, and no number."""
        value = self.env[name].value if name in self.env else None
        return isinstance(value, Array) and bool(value.rank or value.zero_d)

    def _extend_list(self, before: Operand, right: Operand) -> None:
        """``items += others``."""
        known = isinstance(before.value, (ListV, SeqV)) and isinstance(right.value, (ListV, SeqV))
        if not known or self.loops or self.regions or self.speculating:
            raise Unsupported("a list is extended in place")
        assert isinstance(before.value, (ListV, SeqV))
        site, made = before.value.site, self.binary("+", before, right).value
        assert isinstance(made, (ListV, SeqV))
        self.emit(f"{before.code} += {right.code}")
        self.update_site(site, ListV(made.items, site) if isinstance(made, ListV) else SeqV(made.item, site))

    def augment_part(self, held: Operand, symbol: str, right: Operand) -> None:
        """``a += b`` under a condition: a store into all elements of the examples that get here."""
        value = self.array(held)
        if not value.rank or self.loops or self.array(self.as_array(right)).rank > value.rank:
            raise Unsupported("an array is changed in place under a condition")
        self._augment_hazard(symbol, right)
        self.store(held, [FULL] * value.rank, right, symbol)

    def augment_array(self, before: Operand, symbol: str, right: Operand) -> None:
        """``a += b`` on an array writes into its memory."""
        value, other = self.array(before), self.array(self.as_array(right))
        if self.regions or self.loops or self.speculating:
            raise Unsupported("an array is changed in place under a condition")
        missing = set(other.axes) - set(value.axes)
        if missing:
            self.store_needs(before, tuple(sorted({*missing, *value.axes})))
        if other.rank > value.rank:
            raise Unsupported("an array of higher rank is added in place")
        if symbol == "@":
            raise Unsupported("a matrix product in place")
        self.written(before)
        right = strengthen(self, [before, self.as_array(right)], BINARY[symbol][0])[1]
        note_hazard(self, BINARY[symbol][0].__name__, [value, self.array(right)])
        if self.array(right).axes:
            right = self.expand(right, value.axes, value.rank)
        self.emit(f"{before.code} {symbol}= {right.code}")

    def accumulate(self, name: str, symbol: str, before: Operand, right: Operand) -> bool:
        return False

    def augment_item(self, target: cst.Subscript, symbol: str, node: cst.AugAssign) -> None:
        base = self.store_base(target.value)
        right = self.value_or_loop(node.value)
        if isinstance(base.value, (ListV, SeqV, DictV)):
            current = self.expression(target)
            if isinstance(current.value, Array) and current.value.rank:
                raise Unsupported("an array inside a container is changed in place")
            self.assign_container(base, target, self.binary(symbol, current, right))
            return
        if symbol == "@":
            raise Unsupported("a matrix product in place")
        self.note_added(target, right)
        self.store_text = self.text(target)
        index = self.placed(base, self.indices(target.slice))
        if self.loops and self.accumulate_item(base, index, symbol, right):
            return
        self._augment_hazard(symbol, right)
        self.store(base, index, right, symbol)

    def note_added(self, target: cst.Subscript, right: Operand) -> None:
        """Something is added to an element, or taken from it."""

    def _augment_hazard(self, symbol: str, right: Operand) -> None:
        """What ``op=`` may warn of: the right side stands for the left, of which nothing is known."""
        if isinstance(right.value, Array):
            note_hazard(self, BINARY[symbol][0].__name__, [right.value, right.value])

    def accumulate_item(self, base: Operand, index: list[Any], symbol: str, right: Operand) -> bool:
        return False

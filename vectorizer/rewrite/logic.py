"""`and`, `or` and conditional expressions."""

from __future__ import annotations

import libcst as cst
import numpy as np

from vectorizer.rewrite.merging import Merging
from vectorizer.rewrite.recursion import Endless
from vectorizer.rules.plan import NeedsStatements
from vectorizer.rules.python import truth
from vectorizer.source.operand import (
    AND,
    NOT,
    OR,
    TERNARY,
    UNARY,
    Operand,
    call,
)
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Array,
    Obj,
    Opaque,
    Unsupported,
    Value,
    copies,
    is_uniform,
    join,
    promote,
)


class Logic(Merging):
    """What expressions become that do not compute all of their parts."""

    masks: list[Operand]  # the conditions of the open branches of loops that have become axes

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> Operand:
        conjunction = isinstance(node.operator, cst.And)
        left = self.expression(node.left)
        if is_uniform(left.value):
            return self._uniform_boolean(node, left, conjunction)
        left = self.temp(left, "condition") if self.array(left).kind != "b" else left
        as_bool = truth(self, left)
        as_bool = self.temp(as_bool, "condition") if self.loops else as_bool
        right, hazardous = self.speculate_where(as_bool, conjunction, node.right)
        if hazardous:
            return self._guarded_boolean(node, as_bool, conjunction, left)
        if self.array(left).kind != "b" or not isinstance(right.value, Array) or right.value.kind != "b":
            if self.truth_only:
                return self.logical("&" if conjunction else "|", as_bool, truth(self, right))
            first, second = (right, left) if conjunction else (left, right)
            return self.merge(as_bool, first, second)
        return self.logical("&" if conjunction else "|", as_bool, right)

    def speculate_where(self, test: Operand, holds: bool, node: cst.BaseExpression) -> tuple[Operand, bool]:
        """Runs `speculate` on an expression that only counts where `test` holds, or where it does not."""
        if not self.loops:
            return self.speculate(lambda: self.expression(node))
        mask = test if holds else Operand(f"~{test.at(UNARY)}", test.value, UNARY)
        self.masks.append(mask)
        try:
            return self.speculate(lambda: self.expression(node))
        finally:
            self.masks.pop()

    def _uniform_boolean(self, node: cst.BooleanOperation, left: Operand, conjunction: bool) -> Operand:
        known = left.value.const if isinstance(left.value, Array) else MISSING
        if isinstance(left.value, Obj) and not callable(left.value.value):
            known = bool(left.value.value)
        word, level = ("and", AND) if conjunction else ("or", OR)
        if known is not MISSING and bool(known) != conjunction:  # decided by the left side alone
            return left
        taken = self.taken_here()
        prelude, right, hazardous = self.under_condition(node.right)
        if is_uniform(right.value):
            if prelude and hazardous:
                raise Unsupported("a condition that needs statements of its own")
            self.out += prelude
            value: Value = right.value if known is not MISSING else self._either(left.value, right.value)
            return Operand(f"{left.at(level)} {word} {right.at(level + 1)}", value, level)
        if known is not MISSING or not hazardous:
            self.out += prelude
        if known is not MISSING:
            return right
        if not self.truth_only and not _are_booleans(left.value, right.value):
            raise Unsupported("and/or of values that are not both booleans, the first the same for all examples")
        as_bool = truth(self, right)
        if hazardous and prelude:
            made = self._conditional_statements(left, as_bool, prelude, conjunction)
            self.forget_taken(taken)
            return made
        if not hazardous:
            if not isinstance(left.value, Array) or left.value.kind != "b":
                left = Operand(f"bool({left.code})", Array(np.dtype(bool), 0, weak=True))
            return self.logical("&" if conjunction else "|", left, as_bool)
        value = self.array(as_bool)
        other = call(self.np("zeros" if conjunction else "ones"), self.shape_code(value.axes), "bool")
        first, second = (as_bool.at(TERNARY + 1), other) if conjunction else (other, as_bool.at(TERNARY + 1))
        return Operand(f"{first} if {left.at(TERNARY + 1)} else {second}", value, TERNARY, fresh=True)

    def under_condition(self, node: cst.BaseExpression) -> tuple[list[Stmt], Operand, bool]:
        """An expression under a uniform condition, the statements that it needs, and whether it needs the condition."""
        saved, self.out = self.out, []
        hazards = len(self.hazards)
        self.speculating += 1
        try:
            operand = self.expression(node)
            if not operand.lazy:
                _ = operand.code
            return self.out, operand, len(self.hazards) > hazards
        finally:
            self.out = saved
            self.speculating -= 1

    def _conditional_statements(self, left: Operand, right: Operand, prelude: list[Stmt], conjunction: bool) -> Operand:
        """``if left: ...; holds = right``, where `right` needs statements of its own."""
        value = self.array(right)
        name = self.fresh("holds")
        decided = "zeros" if conjunction else "ones"
        self.emit(f"{name} = {call(self.np(decided), self.shape_code(value.axes), 'bool')}")
        test = left.code if conjunction else f"not {left.at(NOT)}"
        self.emit(f"if {test}:", body=[*prelude, Stmt(f"{name} = {right.code}")])
        return Operand(name, value, fresh=True)

    def _either(self, first: Value, second: Value) -> Value:
        try:
            return join(first, second)
        except Unsupported:
            return Opaque()

    def _guarded_boolean(
        self, node: cst.BooleanOperation, left: Operand, conjunction: bool, original: Operand
    ) -> Operand:
        """The right side is computed only for the examples whose left side does not decide."""
        if self.array(original).kind != "b" and not self.truth_only:
            raise Unsupported("and/or of numbers, the second of which must not always be computed")
        value = self.array(left)
        result = self.fresh("holds")
        self.emit(f"{result} = {left.code}" if left.fresh else f"{result} = {left.code}.copy()")
        held = Operand(result, value)
        mask = held if conjunction else Operand(f"~{result}", value, UNARY)
        mask = self.temp(mask, "undecided")
        with self.if_any(mask), self.region(mask, "undecided") as region:
            right = truth(self, self.expression(node.right))
            if region.axis not in self.array(right).axes:
                right = self.spread(right, (region.axis,))
            if len(self.array(right).axes) != len({*value.axes, region.axis} - set(region.replaced)):
                raise Unsupported("and/or whose second side varies along axes that the first does not")
            self.emit(f"{result}[{region.mask}] = {right.code}")
        return Operand(result, value.with_(weak=value.weak), fresh=True)

    def visit_IfExp(self, node: cst.IfExp) -> Operand:
        test = self.condition(node.test)
        if is_uniform(test.value):
            return self._uniform_ternary(node, test)
        test = truth(self, test)
        test = self.temp(test, "chosen") if self.loops else test
        mark = self.mark()
        try:
            body, hazard_one = self.speculate_where(test, True, node.body)
            orelse, hazard_two = self.speculate_where(test, False, node.orelse)
        except Endless:
            hazard_one = hazard_two = True
        if not (hazard_one or hazard_two):
            merged = self.merge_values(test, body, orelse)
            if isinstance(merged.value, Array) and merged.value.rank:
                origins = self.array(body).origins | self.array(orelse).origins
                return merged.with_value(merged.value.with_(origins=copies(origins), dims=merged.value.dims))
            return merged
        self.rollback(mark)
        return self._guarded_ternary(node, test)

    def _uniform_ternary(self, node: cst.IfExp, test: Operand) -> Operand:
        known = test.value.const if isinstance(test.value, Array) else MISSING
        if known is not MISSING:
            return self.expression(node.body if known else node.orelse)
        sides = [self.under_condition(node.body), self.under_condition(node.orelse)]
        if any(prelude and hazardous for prelude, _, hazardous in sides):
            raise NeedsStatements("a conditional expression that needs statements of its own")
        for prelude, _, _ in sides:
            self.out += prelude
        body, orelse = sides[0][1], sides[1][1]
        value = join(body.value, orelse.value)
        if isinstance(value, Array):
            body, orelse = (self.spread(self.as_array(o), value.axes) for o in (body, orelse))
        return Operand(
            f"{body.at(TERNARY + 1)} if {test.at(TERNARY + 1)} else {orelse.at(TERNARY)}",
            value,
            TERNARY,
            fresh=body.fresh and orelse.fresh,
        )

    def _guarded_ternary(self, node: cst.IfExp, test: Operand) -> Operand:
        """Each side is computed for its own examples only."""
        test = self.temp(test, "chosen")
        mask = self.array(test)
        merged: Array | None = None
        slot = self.emit("", generated=None)
        result = self.fresh("result")
        endless: list[Endless] = []
        for branch, code in ((node.body, test), (node.orelse, Operand(f"~{test.code}", mask, UNARY))):
            mark = self.mark()
            try:
                value = self._guarded_side(branch, code, "chosen" if code is test else "others", result)
            except Endless as error:
                self.rollback(mark)
                endless.append(error)
                continue
            if merged is not None:
                self.check_mixed(merged, value)
            merged = value if merged is None else _joined(merged, value)
        if len(endless) == 2:
            raise endless[0]
        assert merged is not None
        if merged.dtype is None:
            raise Unsupported("the dtype of a conditional expression is not known")
        slot.text = f"{result} = {call(self.np('empty'), self.shape_code(mask.axes), self.dtype_code(merged.dtype))}"
        return Operand(result, Array(merged.dtype, 0, mask.axes, weak=merged.weak), fresh=True)

    def _guarded_side(self, branch: cst.BaseExpression, mask: Operand, label: str, result: str) -> Array:
        """One side of a conditional expression, computed for the examples of `mask` and put into `result`."""
        mask = self.temp(mask, label)
        with self.if_any(mask), self.region(mask, label) as region:
            operand = self.as_array(self.expression(branch))
            value = self.array(operand)
            if value.rank or any(axis != region.axis for axis in value.axes):
                raise NeedsStatements("a conditional expression between arrays that must not all be computed")
            self.emit(f"{result}[{region.mask}] = {operand.code}")
        return value


def _are_booleans(*values: Value) -> bool:
    return all(isinstance(value, Array) and value.kind == "b" and not value.rank for value in values)


def _joined(first: Array, second: Array) -> Array:
    dtype, weak = promote(first, second)
    return Array(dtype, first.rank, weak=weak)

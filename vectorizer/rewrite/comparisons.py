"""Comparisons and the joining of conditions."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.arithmetic import LISTS
from vectorizer.rewrite.operators import Operators
from vectorizer.rewrite.symbols import COMPARISONS, SYMBOLS
from vectorizer.rules.elementwise import (
    broadcast_dims,
    strengthen,
)
from vectorizer.rules.indexing import is_number_that_varies
from vectorizer.rules.lookups import is_key
from vectorizer.rules.masked import masked_elementwise, refuse_masked_lists
from vectorizer.source.operand import (
    BIT_AND,
    BIT_OR,
    COMPARE,
    Holds,
    Operand,
    call,
)
from vectorizer.values import (
    MISSING,
    Array,
    DictV,
    ListV,
    MaskedV,
    NestedV,
    Obj,
    Opaque,
    PerExample,
    StackedV,
    TupleV,
    Unsupported,
    is_uniform,
    number,
)


class Comparisons(Operators):
    """What comparisons become."""

    def visit_Comparison(self, node: cst.Comparison) -> Operand:
        left = self.expression(node.left)
        rights = self._comparands(node)
        if is_uniform(left.value) and all(is_uniform(r.value) for _, r in rights):
            return self._uniform_comparison(left, rights)
        result: Operand | None = None
        for target, right in rights:
            part = self.compare(SYMBOLS[type(target.operator)], left, right)
            result = part if result is None else self.logical("&", result, part)
            left = right
        assert result is not None
        return result

    @staticmethod
    def _refuse_lists(operands: list[Operand]) -> None:
        """Python compares lists and tuples as a whole, NumPy item by item: only an array makes it NumPy's."""
        lists = [o.value for o in operands if isinstance(o.value, LISTS)]
        arrays = [o for o in operands if isinstance(o.value, Array) and not o.value.weak]
        is_known = all(is_uniform(v) and not isinstance(v, (StackedV, NestedV)) for v in lists)
        if lists and not arrays and not (is_known and all(is_uniform(o.value) for o in operands)):
            raise Unsupported("a comparison of lists or tuples")

    def _comparands(self, node: cst.Comparison) -> list[tuple[cst.ComparisonTarget, Operand]]:
        """The right sides; each but the first is evaluated only where the comparison before it holds."""
        first, *later = node.comparisons
        rights = [(first, self.expression(comparand(first)))]
        for target in later:
            right, hazardous = self.speculate(lambda part=target.comparator: self.expression(part))  # type: ignore[misc]
            if hazardous:
                raise Unsupported("a chained comparison whose later operands must not always be computed")
            before, middle = rights[-1]
            rights[-1] = (before, middle if middle.lazy else self.temp(middle, "middle"))
            rights.append((target, right))
        return rights

    def _uniform_comparison(self, left: Operand, rights: list[Any]) -> Operand:
        code = left.at(COMPARE + 1)
        known: Any = MISSING
        strong = False
        rank = 0
        previous = left
        for target, right in rights:
            symbol = SYMBOLS[type(target.operator)]
            code += f"{self.spacing(target.operator, symbol)}{right.at(COMPARE + 1)}"
            if symbol in COMPARISONS:
                self._refuse_lists([previous, right])
            for value in (previous.value, right.value):
                if isinstance(value, Array):
                    rank = max(rank, value.rank)
                    strong = strong or not value.weak
            if len(rights) == 1:
                known = self._known_comparison(symbol, left, right)
            previous = right
        if known is not MISSING:
            return Operand(code, number(known), COMPARE)
        return Operand(code, Array(np.dtype(bool), rank, weak=not strong and rank == 0), COMPARE, fresh=True)

    def _known_comparison(self, symbol: str, left: Operand, right: Operand) -> Any:
        a, b = left.value, right.value
        if symbol in ("is", "is not"):
            none = [isinstance(v, Obj) and v.value is None for v in (a, b)]
            if any(none):
                both = all(none)
                if not both and any(isinstance(v, Opaque) for v in (a, b)):
                    return MISSING
                return both if symbol == "is" else not both
            if isinstance(a, Obj) and isinstance(b, Obj):
                return (a.value is b.value) == (symbol == "is")
        if (
            isinstance(a, Array)
            and isinstance(b, Array)
            and a.const is not MISSING
            and b.const is not MISSING
            and symbol in COMPARISONS
        ):
            return bool(COMPARISONS[symbol](a.const, b.const))
        if isinstance(a, Obj) and isinstance(b, Obj) and symbol in ("==", "!="):
            for v in (a, b):
                if v.pin is not None:
                    self.facts.pins[v.pin] = v.value
            return bool((a.value == b.value) == (symbol == "=="))
        return MISSING

    def compare(self, symbol: str, left: Operand, right: Operand) -> Operand:
        if symbol in ("in", "not in"):
            found = self._membership(left, right)
            return found if symbol == "in" else self.negation(found)
        if symbol in ("is", "is not"):
            none = [isinstance(o.value, Obj) and o.value.value is None for o in (left, right)]
            if any(none) and not any(isinstance(o.value, (Opaque, PerExample)) for o in (left, right)):
                both = all(none)
                return Operand(
                    f"{left.at(COMPARE + 1)} {symbol} {right.at(COMPARE + 1)}",
                    number(both == (symbol == "is")),
                    COMPARE,
                )
            raise Unsupported("the identity of values that vary")
        if isinstance(left.value, MaskedV) or isinstance(right.value, MaskedV):
            refuse_masked_lists(left, right)
            return masked_elementwise(self, lambda parts: self.compare(symbol, parts[0], parts[1]), [left, right])
        ufunc = COMPARISONS[symbol]
        for operand in (left, right):
            if not isinstance(operand.value, (Array, ListV, StackedV, TupleV)):
                raise Unsupported("a comparison between values of unknown kind")
        self._refuse_lists([left, right])
        left, right = self.as_array(left), self.as_array(right)
        holds = Holds(((left, symbol, right),))
        left, right = strengthen(self, [left, right], ufunc)
        a, b = self.array(left), self.array(right)
        aligned, axes, rank = self.align([left, right])
        weak = a.weak and b.weak
        value = Array(np.dtype(bool), rank, axes, weak=weak, dims=broadcast_dims([a, b], rank, self))
        return Operand(
            f"{aligned[0].at(COMPARE + 1)} {symbol} {aligned[1].at(COMPARE + 1)}",
            value,
            COMPARE,
            fresh=True,
            node=holds,
        )

    def _membership(self, left: Operand, right: Operand) -> Operand:
        if (
            isinstance(right.value, Array)
            and right.value.rank == 1
            and isinstance(left.value, Array)
            and not left.value.rank
        ):
            equal = self.compare("==", left, right)
            lead = len(self.array(equal).axes)
            return Operand(
                f"{equal.primary}.any(axis={lead})",
                Array(np.dtype(bool), 0, self.array(equal).axes, weak=True),
                fresh=True,
            )
        if isinstance(right.value, DictV) and is_number_that_varies(left):
            return is_key(self, right.value, self.temp(left, "key"))
        if not isinstance(right.value, (TupleV, ListV)):
            raise Unsupported("membership in something unknown")
        left = self.temp(left, "value")
        result: Operand | None = None
        for part in self.items(right):
            equal = self.compare("==", left, part)
            result = equal if result is None else self.logical("|", result, equal)
        if result is None:
            raise Unsupported("membership in nothing")
        return result

    def logical(self, symbol: str, left: Operand, right: Operand) -> Operand:
        """``left & right`` of two booleans."""
        level = BIT_AND if symbol == "&" else BIT_OR
        left, right = self.as_bool(left), self.as_bool(right)
        (a, b), axes, rank = self.align([left, right])
        weak = self.array(left).weak and self.array(right).weak
        known = [x for o in (left, right) if isinstance(o.node, Holds) for x in o.node.comparisons]
        holds = Holds(tuple(known)) if symbol == "&" and known else None
        code = f"{a.at(level)} {symbol} {b.at(level + 1)}"
        return Operand(code, Array(np.dtype(bool), rank, axes, weak=weak), level, fresh=True, node=holds)

    def conjunction(self, masks: list[Operand]) -> Operand:
        """All of some conditions at once."""
        result = masks[0]
        for other in masks[1:]:
            result = self.logical("&", result, other)
        return result

    def as_bool(self, operand: Operand) -> Operand:
        """A uniform number as the boolean that it stands for in a condition."""
        value = self.array(operand)
        if value.kind == "b" or value.axes or value.rank:
            return operand
        return Operand(call("bool", operand.code), Array(np.dtype(bool), 0, weak=True))


def comparand(target: cst.ComparisonTarget) -> cst.BaseExpression:
    """The right side of a comparison; the items of ``{1, 2}``, in which something is looked for, as a tuple."""
    node = target.comparator
    is_membership = isinstance(target.operator, (cst.In, cst.NotIn))
    if not is_membership or not isinstance(node, cst.Set) or any(not isinstance(e, cst.Element) for e in node.elements):
        return node
    return cst.Tuple([cst.Element(e.value) for e in node.elements])

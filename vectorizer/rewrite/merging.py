"""Values that differ between the examples of two branches, merged into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.comparisons import Comparisons
from vectorizer.rules.elementwise import (
    select,
)
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    UNARY,
    Between,
    Operand,
)
from vectorizer.values import (
    MISSING,
    Array,
    ListV,
    NestedV,
    Obj,
    StackedV,
    TupleV,
    Unsupported,
    is_mixed,
    number,
    promote,
)


class Merging(Comparisons):
    """``np.where`` for numbers, arrays and containers."""

    returns_to_caller: bool = True  # nothing is computed with the results any more
    merging_results: bool = False  # results are merged, of which the dtype is not read any more

    def condition(self, node: cst.BaseExpression) -> Operand:
        """An expression of which only the truth matters."""
        previous, self.truth_only = self.truth_only, True
        try:
            result = self.expression(node)
        finally:
            self.truth_only = previous
        if isinstance(result.value, (StackedV, NestedV)):
            raise Unsupported("the truth of a list that is held as an array")
        return result

    def merge(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """``np.where`` for two numbers or arrays of the same rank."""
        a, b = self.array(body), self.array(orelse)
        if body.code == orelse.code and a.axes == b.axes:  # one array may stand for the targets of two loops
            return body
        if a.rank != b.rank:
            raise Unsupported(f"a value of rank {a.rank} for some examples and of rank {b.rank} for others")
        if a.kind == b.kind == "b" and not (a.rank or b.rank) and (a.const, b.const) != (MISSING, MISSING):
            return self.merge_flags(test, body, orelse)
        self.check_lengths(a, b)
        dtype, weak = promote(a, b)
        if a.weak != b.weak or a.dtype != b.dtype:
            self.check_mixed(a, b)
        if dtype is not None and is_flag(self.array(test), a, b):
            return self.merge_zero_one(test, dtype, bool(a.const))
        merged = select(self, test, body, orelse)
        if type(a.const) is type(b.const) is int:
            merged.node = Between(min(a.const, b.const), max(a.const, b.const))
        return merged.with_value(self.array(merged).with_(weak=weak, dtype=dtype, dims=b.dims, mixed=is_mixed(a, b)))

    def check_lengths(self, first: Array, second: Array) -> None:
        """Arrays of the examples of two paths share one only with the same lengths: NumPy would broadcast."""
        if not all(map(self.equal, first.dims, second.dims)):
            raise Unsupported("arrays that may have different lengths for different examples")

    def merge_zero_one(self, test: Operand, dtype: np.dtype[Any], positive: bool) -> Operand:
        """``1 if test else 0`` and the reverse: booleans as numbers, which `np.where` would choose one by one."""
        flag = test if positive else inverse(test)
        value = Array(dtype, 0, self.array(test).axes, weak=True)
        code = f"{flag.primary}.astype({self.dtype_code(dtype)})"
        return Operand(code, value, fresh=True, node=Between(0, 1) if value.kind == "i" else None)

    def merge_flags(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """Booleans of which one is known: ``np.where(test, True, flag)`` is ``test | flag``."""
        first, second = self.array(body).const, self.array(orelse).const
        if MISSING not in (first, second):
            if first == second:
                return Operand(str(first), number(first))
            made = test if first else inverse(test)
        elif second is MISSING:
            made = self.logical("|", test, orelse) if first else self.logical("&", inverse(test), orelse)
        else:
            made = self.logical("|", inverse(test), body) if second else self.logical("&", test, body)
        return made.with_value(self.array(made).with_(weak=self.array(body).weak and self.array(orelse).weak))

    def check_beside_small(self, values: Sequence[Array]) -> None:
        if not any(v.weak and v.kind == "i" for v in values) or not any(v.kind == "f" for v in values):
            return
        held = (operand.value for operand in self.env.values())
        if any(isinstance(v, Array) and v.kind in "iu" and v.dtype != np.int64 and not v.weak for v in held):
            raise Unsupported("an integer for some examples and a float for others, beside small integers")

    def check_mixed(self, a: Array, b: Array) -> None:
        """Whether values of different dtypes may share one array without changing what follows."""
        if a.dtype is None or b.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        if not self.merging_results:
            self.check_beside_small((a, b))
        if a.dtype != b.dtype and not self.merging_results:
            if not a.weak and not b.weak:
                raise Unsupported("values of different dtypes for different examples")
            weak, strong = (a, b) if a.weak else (b, a)
            if not strong.weak and weak.kind in "fc" and strong.kind in "iu":
                raise Unsupported("a float for some examples and an integer for others")
        if "b" in (a.kind, b.kind) and a.kind != b.kind:
            raise Unsupported("a boolean for some examples and a number for others")

    def merge_values(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """Tuples and lists are merged item by item."""
        a, b = body.value, orelse.value
        if isinstance(a, Array) and isinstance(b, Array):
            return self.merge(test, body, orelse)
        if isinstance(a, Obj) and isinstance(b, Obj) and a.value is b.value:
            return body
        if isinstance(a, (TupleV, ListV)) and type(a) is type(b) and len(a.items) == len(b.items):
            test = self.temp(test, "chosen")
            parts = [
                self.merge_values(test, one, two) for one, two in zip(self.items(body), self.items(orelse), strict=True)
            ]
            codes = ", ".join(p.code for p in parts)
            values = tuple(p.value for p in parts)
            if isinstance(a, TupleV):
                return Operand(
                    f"({codes},)" if len(parts) == 1 else f"({codes})", TupleV(values, a.type_), node=Parts(parts)
                )
            return Operand(f"[{codes}]", ListV(values, a.site), node=Parts(parts))
        raise Unsupported("values of different kinds for different examples")


def is_flag(test: Array, first: Array, second: Array) -> bool:
    """Whether a choice is between Python's 1 and 0, made for each example by itself."""
    if test.kind != "b" or not test.axes or test.rank or not first.weak or not second.weak:
        return False
    return {repr(first.const), repr(second.const)} in ({"0", "1"}, {"0.0", "1.0"})  # not -0.0, nor True


def inverse(test: Operand) -> Operand:
    """Where a condition does not hold."""
    if test.code.startswith("~") and test.code[1:].isidentifier():
        return Operand(test.code[1:], test.value)
    return Operand(f"~{test.at(UNARY)}", test.value, UNARY)

"""Operators with one or two operands."""

from __future__ import annotations

import operator
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.arithmetic import Arithmetic
from vectorizer.rewrite.symbols import BINARY, SYMBOLS
from vectorizer.rules.contractions import lower_matmul
from vectorizer.rules.definitions import require
from vectorizer.rules.elementwise import (
    DIVISIONS,
    broadcast_dims,
    is_nonzero_constant,
    note_hazard,
    strengthen,
)
from vectorizer.rules.masked import masked_elementwise, refuse_masked_lists
from vectorizer.rules.python import truth
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.source.operand import (
    NOT,
    UNARY,
    Joins,
    Operand,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    MaskedV,
    NestedV,
    StackedV,
    Unsupported,
    is_pythons_complex,
    is_uniform,
    number,
)

RAISING = frozenset(("**", "%", "//"))  # of Python's floats: they raise, or do not warn, where NumPy's warn
MOST_SCALED = 2**16  # what integers may be multiplied by once, and not in a loop, without a check
OUTGROWN = "a product of Python's integers that outgrows 64 bits"
PREFIXES = {"-": "neg", "+": "pos", "~": "invert"}


class Operators(Arithmetic):
    """What arithmetic becomes."""

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> Operand:
        symbol = SYMBOLS[type(node.operator)]
        return self.binary(
            symbol, self.expression(node.left), self.expression(node.right), self.spacing(node.operator, symbol)
        )

    def spacing(self, node: cst.CSTNode, symbol: str) -> str:
        """The operator with the white space that the user put around it."""
        before, after = getattr(node, "whitespace_before", None), getattr(node, "whitespace_after", None)
        simple = isinstance(before, cst.SimpleWhitespace) and isinstance(after, cst.SimpleWhitespace)
        if simple and not {"\n", "\\"} & {*before.value, *after.value}:  # type: ignore[union-attr]
            return f"{before.value}{symbol}{after.value}"  # type: ignore[union-attr]
        return f" {symbol} "

    def binary(self, symbol: str, left: Operand, right: Operand, spaced: str | None = None) -> Operand:
        """``left symbol right``; `spaced` is the symbol with the user's white space."""
        spaced = spaced or f" {symbol} "
        if isinstance(left.value, MaskedV) or isinstance(right.value, MaskedV):
            refuse_masked_lists(left, right)
            return masked_elementwise(self, lambda parts: self.binary(symbol, parts[0], parts[1]), [left, right])
        containers = self._binary_containers(symbol, left, right)
        if containers is not None:
            return containers
        if symbol == "@":
            return lower_matmul(self, left, right)
        left, right = self.as_array(left), self.as_array(right)
        if left.lazy or right.lazy:
            lazy = self._lazy_binary(symbol, left, right, spaced)
            if lazy is not None:
                return lazy
        return self._binary_arrays(symbol, left, right, spaced)

    def _binary_arrays(self, symbol: str, left: Operand, right: Operand, spaced: str) -> Operand:
        """An operation between numbers and arrays."""
        if is_by_power_of_two(symbol, self.array(left), self.array(right)):
            self.change("bits", "of integers, a shift or a mask gives the same as a division by a power of two, sooner")
            symbol, bits = by_bits(symbol, self.array(right).const)
            right, spaced = Operand(repr(bits), number(bits)), f" {symbol} "
        ufunc, level, function = BINARY[symbol]
        if is_pythons_complex(self.array(left), self.array(right)):
            right = right.with_value(self.array(right).with_(weak=True))
        a, b = self.array(left), self.array(right)
        value = self._python_arithmetic(symbol, function, a, b) if a.weak and b.weak else None
        if value is None:
            left, right = strengthen(self, [left, right], ufunc)
            a, b = self.array(left), self.array(right)
            self._bool_arithmetic(symbol, a, b)
            dtype = ufunc_dtypes(ufunc, [a, b])[0]
            value = Array(dtype, 0, affine=self._affine(symbol, a, b), mixed=a.may_raise and b.may_raise)
        elif a.axes or b.axes:
            left, right = (self._integers(o, symbol) for o in (left, right))
            if value.kind == "i" and self._may_outgrow(symbol, a, b):
                left, right = self._checked(symbol, left, right)
        (left, right), harmless = self.guarded(ufunc.__name__, [left, right])
        if not harmless:
            note_hazard(self, ufunc.__name__, [a, b])
        raises = a.may_raise and b.may_raise and (a.axes or b.axes)
        if raises and ufunc.__name__ in DIVISIONS and not is_nonzero_constant(b):
            self.facts.strict_floats = True
        if symbol in RAISING and made_of_floats(a, b):
            self.facts.strict_floats = True
        aligned, axes, rank = self.align([left, right])
        dims = broadcast_dims([a, b], rank, self)
        made = value.with_(axes=axes, rank=rank, dims=dims, affine=value.affine, const=value.const)
        factors, divisors = product_of(symbol, left, right)
        code = self.infix(aligned[0], aligned[1], spaced, level)
        node = Joins(ufunc.__name__, *aligned) if joins_axes(made, a) and joins_axes(made, b) else None
        return Operand(code, made, level, fresh=True, factors=factors, divisors=divisors, node=node)

    def _may_outgrow(self, symbol: str, a: Array, b: Array) -> bool:
        """Whether an operation between Python's integers, one of which varies, may give one of over 64 bits.

        Sizes and loop targets are small, and so is what is multiplied once by a small number.
        """
        if symbol not in ("*", "**", "<<") or a.affine is not None and b.affine is not None:
            return False
        known = [v.const for v in (a, b) if v.const is not MISSING]
        most = 1 if self.loop_depth or self.lanes_depth else MOST_SCALED
        if symbol == "<<":
            return b.const is MISSING or not 0 <= b.const < most.bit_length()
        return symbol == "**" or not known or abs(known[0]) > most

    def _checked(self, symbol: str, left: Operand, right: Operand) -> tuple[Operand, Operand]:
        """The operands of an operation, under names, behind a check that its result stays far below 64 bits."""
        left, right = (self.temp(o, "number") if self.array(o).axes else o for o in (left, right))
        places = right.array.const
        if symbol == "<<" and isinstance(places, int) and 0 <= places < 62:
            require(self, f"(abs({left.code}) < 2**{62 - places}).all()", OUTGROWN)
            return left, right
        if symbol == "<<":
            test = f"({right.primary} >= 0).all()" if right.array.axes else f"{right.primary} >= 0"
            require(self, test, "a negative shift count")
        aligned, _, _ = self.align([left, right])
        a, b = (
            Operand(f"{o.primary}.astype(float)", o.value) if self.array(given).axes else o
            for o, given in zip(aligned, (left, right), strict=True)
        )
        scaled = f"abs({a.code}) * 2.0**{b.at(UNARY)}" if symbol == "<<" else None
        size = scaled or f"abs({self.infix(a, b, symbol, BINARY[symbol][1])})"
        require(self, f"({size} < 2.0**62).all()", OUTGROWN)
        return left, right

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> Operand:
        symbol = SYMBOLS[type(node.operator)]
        operand = self.expression(node.expression)
        if symbol == "not":
            return self.negation(operand)
        return self.unary(symbol, operand)

    def unary(self, symbol: str, operand: Operand) -> Operand:
        if isinstance(operand.value, MaskedV):
            refuse_masked_lists(operand)
            return masked_elementwise(self, lambda parts: self.unary(symbol, parts[0]), [operand])
        operand = self.as_array(operand)
        value = self.array(operand)
        if value.const is not MISSING:
            known: Any = getattr(operator, PREFIXES[symbol])(value.const)
            return Operand(f"{symbol}{operand.at(UNARY)}", number(known), UNARY)
        affine = (
            value.affine * -1 if symbol == "-" and value.affine is not None else value.affine if symbol == "+" else None
        )
        dtype = value.dtype
        if value.kind == "b" and value.weak:
            if value.axes:
                raise Unsupported("arithmetic with Python's booleans")
            dtype = np.dtype(np.int64)
        elif value.kind == "b" and symbol != "~":
            raise Unsupported("a TypeError of NumPy's booleans")
        result = value.with_(affine=affine, dtype=dtype, dims=value.dims, origins=frozenset())
        if operand.lazy:
            return Operand(None, result, make=lambda: Operand(f"{symbol}{operand.at(UNARY)}", result, UNARY))
        return Operand(f"{symbol}{operand.at(UNARY)}", result, UNARY, fresh=True)

    def negation(self, operand: Operand) -> Operand:
        if isinstance(operand.value, (StackedV, NestedV)):
            raise Unsupported("the truth of a list that is held as an array")
        if is_uniform(operand.value):
            value = operand.value
            known = number(not value.const) if isinstance(value, Array) and value.const is not MISSING else None
            return Operand(f"not {operand.at(NOT)}", known or Array(np.dtype(bool), 0, weak=True), NOT)
        as_bool = truth(self, operand)
        result = self.array(as_bool).with_(weak=True)
        return Operand(f"~{as_bool.at(UNARY)}", result, UNARY, fresh=True)


def joins_axes(made: Array, value: Array) -> bool:
    """Whether an operand lacks an axis of what it goes into."""
    if value.axes != made.axes or value.rank != made.rank:
        return True
    one = Affine(1)
    return any(d == one != result for d, result in zip(value.dims, made.dims, strict=True))


def product_of(symbol: str, left: Operand, right: Operand) -> tuple[tuple[Operand, ...], tuple[Operand, ...]]:
    """The factors and divisors of a product or quotient; none of anything else."""
    factors = left.factors or (left,)
    if symbol == "*":
        return (*factors, *(right.factors or (right,))), (*left.divisors, *right.divisors)
    return (factors, (*left.divisors, right)) if symbol == "/" else ((), ())


def made_of_floats(first: Array, second: Array) -> bool:
    """Whether an operation is one between Python's numbers that vary, and gives a float."""
    varies = bool(first.axes or second.axes)
    return varies and first.weak and second.weak and "f" in (first.kind, second.kind)


def is_by_power_of_two(symbol: str, first: Array, second: Array) -> bool:
    """Whether an operation is ``//`` or ``%`` of integers that vary by 2, 4, 8 ..., which are rounded down."""
    by = second.const
    if symbol not in ("//", "%") or first.kind not in "iu" or not first.axes or first.affine is not None:
        return False
    if type(by) is not int or not second.weak or by < 2 or by & (by - 1) or first.dtype is None:
        return False
    return by <= np.iinfo(first.dtype).max  # beyond, NumPy raises


def by_bits(symbol: str, by: int) -> tuple[str, int]:
    """The symbol and the right side that give the same as ``//`` or ``%`` by a power of two."""
    return (">>", by.bit_length() - 1) if symbol == "//" else ("&", by - 1)

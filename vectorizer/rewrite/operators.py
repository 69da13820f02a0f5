"""Operators with one or two operands."""

from __future__ import annotations

import operator
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.arithmetic import Arithmetic
from vectorizer.rewrite.symbols import BINARY, SYMBOLS
from vectorizer.rules.contractions import lower_matmul
from vectorizer.rules.elementwise import (
    DIVISIONS,
    broadcast_dims,
    is_nonzero_constant,
    note_hazard,
    strengthen,
)
from vectorizer.rules.masked import masked_elementwise
from vectorizer.rules.python import truth
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.source.operand import (
    NOT,
    UNARY,
    Operand,
)
from vectorizer.values import (
    MISSING,
    Array,
    MaskedV,
    Unsupported,
    is_uniform,
    number,
)

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
        ufunc, level, function = BINARY[symbol]
        a, b = self.array(left), self.array(right)
        value = self._python_arithmetic(symbol, function, a, b) if a.weak and b.weak else None
        if value is None:
            left, right = strengthen(self, [left, right], ufunc)
            a, b = self.array(left), self.array(right)
            self._bool_arithmetic(symbol, a, b)
            dtype = ufunc_dtypes(ufunc, [a, b])[0]
            value = Array(dtype, 0, affine=self._affine(symbol, a, b))
        elif a.axes or b.axes:
            left, right = (self._integers(o, symbol) for o in (left, right))
        (left, right), harmless = self.guarded(ufunc.__name__, [left, right])
        if not harmless:
            note_hazard(self, ufunc.__name__, [a, b])
        if a.weak and b.weak and (a.axes or b.axes) and ufunc.__name__ in DIVISIONS and not is_nonzero_constant(b):
            self.facts.strict_floats = True
        aligned, axes, rank = self.align([left, right])
        dims = broadcast_dims([a, b], rank, self)
        made = value.with_(axes=axes, rank=rank, dims=dims, affine=value.affine, const=value.const)
        factors = (*(left.factors or (left,)), *(right.factors or (right,))) if symbol == "*" else ()
        return Operand(self.infix(aligned[0], aligned[1], spaced, level), made, level, fresh=True, factors=factors)

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> Operand:
        symbol = SYMBOLS[type(node.operator)]
        operand = self.expression(node.expression)
        if symbol == "not":
            return self.negation(operand)
        return self.unary(symbol, operand)

    def unary(self, symbol: str, operand: Operand) -> Operand:
        if isinstance(operand.value, MaskedV):
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
        if is_uniform(operand.value):
            value = operand.value
            known = number(not value.const) if isinstance(value, Array) and value.const is not MISSING else None
            return Operand(f"not {operand.at(NOT)}", known or Array(np.dtype(bool), 0, weak=True), NOT)
        as_bool = truth(self, operand)
        result = self.array(as_bool).with_(weak=True)
        return Operand(f"~{as_bool.at(UNARY)}", result, UNARY, fresh=True)

"""What operators make of Python's own numbers and lists, which follow other rules than NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rewrite.atoms import Atoms
from vectorizer.rewrite.symbols import BINARY
from vectorizer.source.operand import (
    POWER,
    PRODUCT,
    SUM,
    UNARY,
    Operand,
)
from vectorizer.values import (
    INT64,
    MISSING,
    Affine,
    Array,
    ListV,
    NestedV,
    Opaque,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    derived,
    is_uniform,
    join,
    join_lists,
    number,
    weak_type,
)

LISTS = (ListV, TupleV, SeqV, StackedV, NestedV)
MOST_REPEATED = 64  # items of a list that are known one by one


class Arithmetic(Atoms):
    """The value of an operation between Python numbers, and whether NumPy gives the same."""

    @staticmethod
    def infix(left: Operand, right: Operand, spaced: str, level: int) -> str:
        if level == POWER:
            return f"{left.at(POWER + 1)}{spaced}{right.at(UNARY)}"
        return f"{left.at(level)}{spaced}{right.at(level + 1)}"

    def _integers(self, operand: Operand, symbol: str) -> Operand:
        """Python's bools count as integers in arithmetic; NumPy's would not."""
        value = self.array(operand)
        if value.kind == "b" and value.weak and value.axes and symbol in "+-*//%**<<>>":
            return Operand(f"{operand.primary}.astype(int)", value.with_(dtype=np.dtype(np.int64)), fresh=True)
        return operand

    def _bool_arithmetic(self, symbol: str, a: Array, b: Array) -> None:
        if symbol == "**" and a.kind == "b" and (a.axes or b.axes):
            raise Unsupported("a power of a boolean")
        if a.weak != b.weak and "b" in (a.kind, b.kind) and a.kind == b.kind and symbol in ("+", "-", "*"):
            raise Unsupported("arithmetic between Python's and NumPy's booleans")

    def _python_arithmetic(self, symbol: str, function: Callable[[Any, Any], Any], a: Array, b: Array) -> Array | None:
        """The value of an operation between Python numbers."""
        if a.const is not MISSING and b.const is not MISSING:
            try:
                return number(function(a.const, b.const))
            except (ArithmeticError, TypeError, ValueError, KeyError):
                raise Unsupported(f"{a.const} {symbol} {b.const}") from None
        types_ = {weak_type(a), weak_type(b)}
        if symbol in ("&", "|", "^") and types_ == {bool}:
            return Array(np.dtype(bool), 0, weak=True)
        if symbol == "/" and complex not in types_:
            return Array(np.dtype(float), 0, weak=True)
        if symbol in ("**", "<<") and types_ <= {int, bool}:
            varies = a.axes or b.axes
            if symbol == "<<" and not varies:
                return Array(np.dtype(np.int64), 0, weak=True)
            if not (b.const is not MISSING and 0 <= b.const <= 3) and (varies or symbol == "**" and b.const is MISSING):
                if not varies:  # a whole number, a fraction where the exponent is negative
                    is_whole = b.affine is not None and self.relies_on(b.affine)
                    return Array(INT64, 0, weak=True) if is_whole else Array(None, 0)
                raise Unsupported("a power of Python integers may outgrow 64 bits")
        if (
            symbol == "**"
            and (a.axes or b.axes)
            and not (b.const is not MISSING and isinstance(b.const, int) and b.const >= 0)
        ):
            raise Unsupported("a power of Python numbers follows other rules than NumPy's")
        if complex in types_ and symbol in ("//", "%"):
            raise Unsupported("a TypeError of complex numbers")
        dtype = np.result_type(a.dtype, b.dtype, *([np.int64] if bool in types_ else []))
        return Array(dtype, 0, weak=True, affine=self._affine(symbol, a, b))

    def _affine(self, symbol: str, a: Array, b: Array) -> Affine | None:
        if a.affine is None or b.affine is None or a.rank or b.rank:
            return None
        if symbol == "+":
            return a.affine + b.affine
        if symbol == "-":
            return a.affine - b.affine
        if symbol == "*" and (a.affine.is_const or b.affine.is_const):
            return a.affine * b.affine.const if b.affine.is_const else b.affine * a.affine.const
        if symbol in ("//", "%", "*") and not a.axes and not b.axes:
            return derived(symbol, BINARY[symbol][2], a.affine, b.affine)
        return None

    def _lazy_binary(self, symbol: str, left: Operand, right: Operand, spaced: str) -> Operand | None:
        """An index that is affine in a loop's target stays unmade as long as it is only used in subscripts."""
        a, b = self.array(left), self.array(right)
        affine = self._affine(symbol, a, b)
        if affine is None or not (a.weak and b.weak):
            return None
        axes = tuple(sorted({*a.axes, *b.axes}))
        value = Array(np.dtype(np.int64), 0, axes, weak=True, affine=affine)

        def make() -> Operand:
            aligned, _, _ = self.align([Operand(o.code, o.value, o.level) for o in (left, right)])
            level = BINARY[symbol][1]
            return Operand(self.infix(aligned[0], aligned[1], spaced, level), value, level)

        return Operand(None, value, make=make)

    def _binary_containers(self, symbol: str, left: Operand, right: Operand) -> Operand | None:
        """An operation with a list, a tuple or something unknown; None where it is one between arrays."""
        a, b = left.value, right.value
        if not isinstance(a, LISTS) and not isinstance(b, LISTS):
            if isinstance(a, Array) and isinstance(b, Array):
                return None
            if is_uniform(a) and is_uniform(b):
                level = SUM if symbol in "+-" else PRODUCT
                return Operand(f"{left.at(PRODUCT)} {symbol} {right.at(PRODUCT + 1)}", Opaque(), level)
            raise Unsupported("an operation between values of unknown kind")
        if isinstance(a, LISTS) and isinstance(b, LISTS) and symbol == "+":
            return Operand(f"{left.at(SUM)} + {right.at(SUM + 1)}", joined_lists(a, b), SUM)
        if symbol == "*":
            for sequence, count in ((a, b), (b, a)):
                if isinstance(sequence, (ListV, TupleV)) and is_count(count):
                    code = f"{left.at(PRODUCT)} * {right.at(PRODUCT + 1)}"
                    return Operand(code, repeated_list(sequence, count), PRODUCT)
        numbers = [v for v in (a, b) if isinstance(v, Array)]
        if symbol == "*" and any(v.rank == 0 and v.kind not in ("f", "c") for v in numbers):
            raise Unsupported("a list or tuple times a number that varies")
        if any(not v.weak for v in numbers):
            return None
        raise Unsupported("an operation between lists")


def joined_lists(first: Value, second: Value) -> Value:
    """The value of one list or tuple with another behind it."""
    if isinstance(first, TupleV) and isinstance(second, TupleV):
        return TupleV(first.items + second.items)
    if isinstance(first, ListV) and isinstance(second, ListV):
        return ListV(first.items + second.items, object())
    if isinstance(first, (ListV, SeqV)) and isinstance(second, (ListV, SeqV)):
        joined = join_lists(first, second)
        return joined if isinstance(joined, SeqV) else SeqV(joined, object())
    raise Unsupported("lists of different kinds are joined")


def is_count(value: Value) -> bool:
    """Whether a value is an integer that is the same for all examples, and no array."""
    if not isinstance(value, Array) or value.axes or value.rank or value.zero_d:
        return False
    return value.kind in ("i", "u")


def repeated_list(sequence: ListV | TupleV, count: Value) -> Value:
    """The value of a list or tuple times a number."""
    items = sequence.items
    const = count.const if isinstance(count, Array) else MISSING
    if const is not MISSING and len(items) * const <= MOST_REPEATED:
        return ListV(items * const, object()) if isinstance(sequence, ListV) else TupleV(items * const)
    merged = items[0]
    for item in items[1:]:
        merged = join(merged, item)
    return SeqV(merged, object())

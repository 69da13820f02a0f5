"""Operators in kernels, with the dtypes and the exceptions of Python's and NumPy's numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.kernels.numbers import (
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    COMPARE,
    EQUAL,
    PRODUCT,
    SHIFT,
    SUM,
    TERNARY,
    UNARY,
    Expr,
    NoKernel,
    bare,
    cast,
    literal,
    number_type,
    type_of,
    typed,
)
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.values import MISSING, Array, Unsupported, is_pythons_complex, promote

UFUNCS: dict[str, np.ufunc] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "//": np.floor_divide, "%": np.remainder,
    "**": np.power, "&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor, "<<": np.left_shift,
    ">>": np.right_shift,
}  # fmt: skip
PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
SIGNED: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "&": BIT_AND, "|": BIT_OR, "^": BIT_XOR, "<<": SHIFT}
LEVELS |= {">>": SHIFT}
WRAPPING = {"+": "wrapping_add", "-": "wrapping_subtract", "*": "wrapping_multiply"}
EXACT = {"+": "exact_add", "-": "exact_subtract", "*": "exact_multiply"}
ONES = {"b": True, "i": 1, "u": 1, "f": 1.0, "c": 1j}


class Arithmetic:
    """Operators.

    may_be_bad: whether the code notes that Python raises.
    """

    may_be_bad = False

    def bad(self) -> str:
        """The flag that says that Python raises."""
        self.may_be_bad = True
        return "bad"

    def binary(self, symbol: str, a: Expr, b: Expr) -> Expr:
        """``a symbol b``."""
        folded = self.folded(symbol, a, b)
        if folded is not None:
            return folded
        if is_pythons_complex(a.value, b.value):
            b = Expr(b.code, b.value.with_(weak=True), b.level)
        weak = a.weak and b.weak
        dtype = self.result_dtype(symbol, a, b)
        value = number_type(dtype, weak)
        if symbol == "**":
            return self.power(a, b, value)
        if symbol in ("<<", ">>"):
            self.check_shift(symbol, b, dtype)
        left, right = cast(a, dtype), cast(b, dtype)
        if symbol in ("//", "%") or symbol == "/":
            return self.division(symbol, left, right, value)
        wraps = dtype.kind == "i" and dtype.itemsize >= 4 and not weak
        if symbol in WRAPPING and wraps:
            return Expr(f"{WRAPPING[symbol]}({left.code}, {right.code})", value)
        if weak and dtype.kind == "i" and symbol in EXACT:
            return Expr(f"{EXACT[symbol]}({left.code}, {right.code}, {self.bad()})", value)
        level = LEVELS[symbol]
        left, right = self.bared(left, right)
        made = Expr(f"{left.at(level)} {symbol} {right.at(level + 1)}", value, level)
        small = dtype.kind in "iub" and dtype.itemsize < 4  # C++ computes in int
        return Expr(f"({type_of(value)})({made.code})", value, UNARY) if small else made

    def counted(self, symbol: str, a: Expr, b: Expr) -> Expr:
        """``n + 1`` for a counter, which never gets too large for an integer of 64 bits."""
        value = number_type(np.int64, True)
        left, right = self.bared(a, b)
        return Expr(f"{left.at(SUM)} {symbol} {right.at(SUM + 1)}", value, SUM)

    def check_shift(self, symbol: str, b: Expr, dtype: np.dtype[Any]) -> None:
        """C++ leaves open what shifts by many places give, and those of negative numbers to the left."""
        is_small = b.const is not MISSING and 0 <= b.const < dtype.itemsize * 8 - 1
        if not is_small or symbol == "<<" and dtype.kind == "i":
            raise NoKernel("a shift")

    def folded(self, symbol: str, a: Expr, b: Expr) -> Expr | None:
        """Two literals are computed now."""
        if a.const is MISSING or b.const is MISSING or not (a.weak and b.weak):
            return None
        try:
            return literal(PYTHON[symbol](a.const, b.const))
        except (ArithmeticError, TypeError, ValueError):
            raise NoKernel("an operation of constants that raises") from None

    def result_dtype(self, symbol: str, a: Expr, b: Expr) -> np.dtype[Any]:
        if a.weak and b.weak:
            made = PYTHON[symbol](ONES[a.kind], ONES[b.kind])
            return np.dtype({bool: bool, int: np.int64, float: float, complex: complex}[type(made)])
        try:
            dtype: np.dtype[Any] = np.dtype(ufunc_dtypes(UFUNCS[symbol], [a.value, b.value])[0])
        except Unsupported as error:
            raise NoKernel(error.reason) from None
        for expr in (a, b):
            if expr.weak and expr.kind == "i" and dtype.kind in "iu":
                self.check_fits(expr, dtype)
        return dtype

    def check_fits(self, expr: Expr, dtype: np.dtype[Any]) -> None:
        """NumPy raises where a Python integer does not fit the dtype beside it."""
        limits = np.iinfo(dtype)
        if dtype == np.int64 or expr.const is not MISSING and limits.min <= expr.const <= limits.max:
            return
        raise NoKernel(f"a Python integer beside {dtype}")

    def division(self, symbol: str, left: Expr, right: Expr, value: Array) -> Expr:
        """Python raises ZeroDivisionError; NumPy's integers give 0."""
        kind = value.kind
        if value.weak and (right.const is MISSING or right.const == 0):
            right = Expr(f"nonzero({right.code}, {self.bad()})", right.value)
        if symbol == "/":
            return Expr(f"{left.at(PRODUCT)} / {right.at(PRODUCT + 1)}", value, PRODUCT)
        if kind not in "iuf":
            raise NoKernel(f"{symbol} of other than real numbers")
        what = "quotient" if symbol == "//" else "remainder"
        return Expr(f"{'float' if kind == 'f' else 'floor'}_{what}({typed(left)}, {typed(right)})", value)

    def power(self, a: Expr, b: Expr, value: Array) -> Expr:
        """Powers; those with literal exponents are products."""
        base = cast(a, value.dtype)
        if b.const in (1, 2, 3) and not isinstance(b.const, (bool, complex)) and base.code.isidentifier():
            return self.product([base] * int(b.const), value)
        if value.kind in "iu":
            if b.const is not MISSING and b.const >= 0:
                return Expr(f"integer_power({typed(base)}, {typed(cast(b, value.dtype))})", value)
            if value.weak:
                raise NoKernel("a power of Python integers whose exponent may be negative")
            exponent = cast(b, value.dtype)
            return Expr(f"integer_power({typed(base)}, nonnegative({exponent.code}, {self.bad()}))", value)
        if value.kind == "f" and b.const == 2 and type(b.const) is not bool:
            return Expr(f"squared({base.code})", value)
        if value.kind != "f":
            raise NoKernel("a power of complex numbers")
        code = f"pow({base.code}, {cast(b, value.dtype).code})"
        if not value.weak:
            return Expr(code, value)
        # Python gives a complex number where this gives nan: that is noted, as what raises is.
        return Expr(f"checked_{code[:-1]}, {self.bad()})", value)

    def product(self, factors: list[Expr], value: Array) -> Expr:
        made = factors[0]
        for factor in factors[1:]:
            made = self.binary("*", Expr(made.code, value, made.level), Expr(factor.code, value, factor.level))
        return made

    @staticmethod
    def bared(left: Expr, right: Expr) -> tuple[Expr, Expr]:
        """Two operands of one type; a literal needs no suffix beside a variable."""
        if left.const is not MISSING and right.const is not MISSING:
            return left, right
        return bare(left), bare(right)

    def unary(self, symbol: str, a: Expr) -> Expr:
        """``-a``, ``+a``, ``~a``."""
        if a.const is not MISSING and a.weak:
            return literal(SIGNED[symbol](a.const))
        if a.kind == "b":
            if symbol != "~" or a.weak:
                raise NoKernel("arithmetic with booleans")
            return Expr(f"!{a.at(UNARY)}", a.value, UNARY)
        if symbol == "~" and a.kind not in "iu":
            raise NoKernel("~ of other than integers")
        made = f"{symbol}{a.at(UNARY + 1)}"
        small = a.kind in "iu" and a.value.dtype is not None and a.value.dtype.itemsize < 4
        return Expr(f"({type_of(a.value)})({made})" if small else made, a.value, UNARY)

    def compare(self, symbol: str, a: Expr, b: Expr) -> Expr:
        """A comparison."""
        dtype = self.compared_dtype(a, b)
        if dtype.kind == "c" and symbol not in ("==", "!="):
            raise NoKernel("an order of complex numbers")
        level = EQUAL if symbol in ("==", "!=") else COMPARE
        left, right = self.bared(cast(a, dtype), cast(b, dtype))
        weak = a.weak and b.weak
        return Expr(f"{left.at(level + 1)} {symbol} {right.at(level + 1)}", number_type(bool, weak), level)

    def compared_dtype(self, a: Expr, b: Expr) -> np.dtype[Any]:
        if "u" in (a.kind, b.kind) and "i" in (a.kind, b.kind):
            unsigned, other = (a, b) if a.kind == "u" else (b, a)
            if unsigned.value.dtype == np.uint64 and not (
                other.weak and other.const is not MISSING and other.const >= 0
            ):
                raise NoKernel("a comparison of uint64 and signed integers")
            return np.dtype(np.int64 if unsigned.value.dtype != np.uint64 else np.uint64)
        if a.kind in "iu" and b.kind in "iu" and (a.weak or b.weak):
            return np.dtype(np.int64 if "u" not in (a.kind, b.kind) else np.uint64)
        dtype, _ = promote(a.value, b.value)
        assert dtype is not None
        return np.dtype(dtype)

    def merged(self, a: Expr, b: Expr) -> Array:
        """The value of what is `a` or `b`; they must be alike, so that it does not matter which."""
        if a.value.dtype == b.value.dtype and a.weak == b.weak:
            return number_type(a.value.dtype, a.weak)
        dtype, weak = promote(a.value, b.value)
        for expr in (a, b):
            other = b if expr is a else a
            same = expr.value.dtype == dtype and not expr.weak
            if not same and not self.holds_exactly(expr, np.dtype(dtype), other):
                raise NoKernel("a number that has one dtype on one path and another on the other")
        return number_type(dtype, weak)

    def holds_exactly(self, expr: Expr, dtype: np.dtype[Any], other: Expr) -> bool:
        """Whether a literal is the same number in a dtype; other numbers only if they have that dtype already."""
        if expr.const is MISSING:
            return expr.value.dtype == dtype
        return bool(dtype.type(expr.const) == expr.const) if expr.const == expr.const else True

    def choice(self, test: Expr, a: Expr, b: Expr) -> Expr:
        """``a if test else b``."""
        value = self.merged(a, b)
        one, two = self.bared(cast(a, value.dtype), cast(b, value.dtype))
        return Expr(f"{self.truth(test).at(TERNARY + 1)} ? {one.at(TERNARY + 1)} : {two.at(TERNARY)}", value, TERNARY)

    def truth(self, a: Expr) -> Expr:
        """Whether a number is other than zero."""
        if a.kind == "b":
            return a
        if a.kind == "c":
            raise NoKernel("the truth of a complex number")
        return Expr(f"{a.at(EQUAL)} != 0", number_type(bool, True), EQUAL)

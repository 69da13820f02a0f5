"""Numbers in kernels: C++ types of dtypes, literals, and expressions with the value that Python's have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.values import MISSING, Array

TYPES = {
    "bool": "bool", "int8": "signed char", "int16": "short", "int32": "int", "int64": "long long",
    "uint8": "unsigned char", "uint16": "unsigned short", "uint32": "unsigned int", "uint64": "unsigned long long",
    "float32": "float", "float64": "double", "complex64": "complex<float>", "complex128": "complex<double>",
}  # fmt: skip

# How tightly an expression binds, loosest first.
TERNARY, OR, AND, BIT_OR, BIT_XOR, BIT_AND, EQUAL, COMPARE, SHIFT, SUM, PRODUCT, UNARY, PRIMARY = range(13)


class NoKernel(Exception):
    """A function is none that can become a kernel; the message says why."""


@dataclass(frozen=True)
class Expr:
    """C++ code and what it computes.

    const: its value where it is a literal.
    """

    code: str
    value: Array
    level: int = PRIMARY
    const: Any = MISSING

    def at(self, level: int) -> str:
        return f"({self.code})" if self.level < level else self.code

    @property
    def kind(self) -> str:
        return self.value.kind

    @property
    def weak(self) -> bool:
        return self.value.weak


def type_of(value: Array) -> str:
    """The C++ type of a value."""
    if value.rank or value.dtype is None or value.dtype.name not in TYPES:
        raise NoKernel(f"a value of dtype {value.dtype} and rank {value.rank}")
    return TYPES[value.dtype.name]


def number_type(dtype: Any, weak: bool = False) -> Array:
    return Array(np.dtype(dtype), 0, weak=weak)


BOOL, INT, FLOAT = number_type(bool, True), number_type(np.int64, True), number_type(float, True)


def literal(value: Any, dtype: Any = None) -> Expr:
    """A Python number, as one of `dtype`."""
    kind = type(value)
    if kind not in (bool, int, float, complex):
        raise NoKernel(f"a constant of type {kind.__name__}")
    own = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}[kind]
    if kind is int and not -(2**63) < value < 2**63:
        raise NoKernel("an integer beyond 64 bits")
    wanted = np.dtype(dtype or own)
    return Expr(_spelled(value, wanted), number_type(wanted, True), UNARY if _is_negative(value) else PRIMARY, value)


def _is_negative(value: Any) -> bool:
    return not isinstance(value, (bool, complex)) and (value < 0 or math.copysign(1, value) < 0)


def _spelled(value: Any, dtype: np.dtype[Any]) -> str:
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.kind in "iu":
        suffix = {"int64": "LL", "uint32": "U", "uint64": "ULL"}.get(dtype.name, "")
        return f"{int(value)}{suffix}"
    if dtype.kind == "c":
        part = np.dtype("f4" if dtype.itemsize == 8 else "f8")
        number = complex(value)
        return f"{TYPES[dtype.name]}({_spelled(number.real, part)}, {_spelled(number.imag, part)})"
    number = float(np.dtype(dtype).type(value))
    if math.isnan(number):
        return "(0.0 / 0.0)"
    if math.isinf(number):
        return "(1.0 / 0.0)" if number > 0 else "(-1.0 / 0.0)"
    return f"{np.float32(number)!s}f" if dtype.name == "float32" else repr(number)


def cast(expr: Expr, dtype: Any) -> Expr:
    """An expression as a number of a dtype."""
    wanted = np.dtype(dtype)
    if expr.value.dtype == wanted:
        return expr
    if expr.const is not MISSING and expr.kind in "bif" and wanted.kind != "b":
        made = literal(expr.const, wanted)
        return Expr(made.code, made.value.with_(weak=expr.weak), made.level, expr.const)
    name = TYPES.get(wanted.name)
    if name is None:
        raise NoKernel(f"a value of dtype {wanted}")
    value = expr.value.with_(dtype=wanted)
    if wanted.kind == "c":
        return Expr(_as_complex(expr, wanted), value)
    if expr.kind == "c":
        raise NoKernel("a complex number where a real one is wanted")
    if wanted.kind == "b":
        return Expr(f"{expr.at(EQUAL)} != 0", value, EQUAL)
    return Expr(f"({name}){expr.at(UNARY)}", value, UNARY)


def typed(expr: Expr) -> str:
    """The code of an argument of a template, which must have its very type: small literals are ints in C++."""
    dtype = expr.value.dtype
    is_small = dtype is not None and dtype.kind in "iu" and dtype.itemsize < 4
    return f"({type_of(expr.value)}){expr.at(UNARY)}" if is_small and expr.const is not MISSING else expr.code


def bare(expr: Expr) -> Expr:
    """An integer literal without its suffix, for where it meets a number whose type tells what it is."""
    small = expr.const is not MISSING and expr.code.endswith("LL") and abs(expr.const) < 2**31
    return Expr(expr.code.rstrip("UL"), expr.value, expr.level, expr.const) if small else expr


def _as_complex(expr: Expr, dtype: np.dtype[Any]) -> str:
    part = "f4" if dtype.itemsize == 8 else "f8"
    name = TYPES[dtype.name]
    return f"{name}({expr.code})" if expr.kind == "c" else f"{name}({cast(expr, part).code}, 0)"

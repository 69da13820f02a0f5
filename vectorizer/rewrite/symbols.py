"""What operators mean: for NumPy, for Python, and how tightly they bind."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.source.operand import (
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    POWER,
    PRODUCT,
    SHIFT,
    SUM,
)

BINARY: dict[str, tuple[np.ufunc, int, Callable[[Any, Any], Any]]] = {
    "+": (np.add, SUM, operator.add),
    "-": (np.subtract, SUM, operator.sub),
    "*": (np.multiply, PRODUCT, operator.mul),
    "/": (np.divide, PRODUCT, operator.truediv),
    "//": (np.floor_divide, PRODUCT, operator.floordiv),
    "%": (np.remainder, PRODUCT, operator.mod),
    "**": (np.power, POWER, operator.pow),
    "@": (np.matmul, PRODUCT, operator.matmul),
    "&": (np.bitwise_and, BIT_AND, operator.and_),
    "|": (np.bitwise_or, BIT_OR, operator.or_),
    "^": (np.bitwise_xor, BIT_XOR, operator.xor),
    "<<": (np.left_shift, SHIFT, operator.lshift),
    ">>": (np.right_shift, SHIFT, operator.rshift),
}
COMPARISONS: dict[str, np.ufunc] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip  # fmt: skip
SYMBOLS: dict[type, str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.MatrixMultiply: "@", cst.BitAnd: "&", cst.BitOr: "|", cst.BitXor: "^", cst.LeftShift: "<<",
    cst.RightShift: ">>", cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//", cst.ModuloAssign: "%", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@",
    cst.BitAndAssign: "&", cst.BitOrAssign: "|", cst.BitXorAssign: "^", cst.LeftShiftAssign: "<<",
    cst.RightShiftAssign: ">>", cst.LessThan: "<", cst.LessThanEqual: "<=", cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=", cst.Equal: "==", cst.NotEqual: "!=", cst.Is: "is", cst.IsNot: "is not", cst.In: "in",
    cst.NotIn: "not in", cst.Minus: "-", cst.Plus: "+", cst.BitInvert: "~", cst.Not: "not",
}  # fmt: skip  # fmt: skip
# What is called from these with uniform operands is called as it stands.
PURE_MODULES = (
    "numpy", "math", "cmath", "scipy", "operator", "itertools", "functools", "string", "re", "fractions", "decimal",
    "statistics", "collections", "dataclasses", "typing", "enum",
)  # fmt: skip

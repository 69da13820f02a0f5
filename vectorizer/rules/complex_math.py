"""`cmath`: as NumPy's functions of complex numbers."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.conversions import scalar_of
from vectorizer.rules.indexing import Parts
from vectorizer.rules.maths import COMPLEX, defined_math
from vectorizer.rules.python import BOOL, FLOAT, python_value, verbatim
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, TupleV, Unsupported, is_uniform

CMATH = {
    "sqrt": "sqrt", "exp": "exp", "log": "log", "log10": "log10", "sin": "sin", "cos": "cos", "tan": "tan",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
}  # fmt: skip
OF_COMPLEX = {
    "isnan": (BOOL, "isnan"),
    "isinf": (BOOL, "isinf"),
    "isfinite": (BOOL, "isfinite"),
    "phase": (FLOAT, "angle"),
}


def cmath_rule(name: str, target: str, dtype: np.dtype[Any] = COMPLEX) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        function = getattr(cmath, name)
        if len(c.args) != 1 or c.keywords:
            raise Unsupported(f"cmath.{name} in a form that has no rule")
        if is_uniform(c.args[0].value):
            return Operand(verbatim(c), python_value(rw, function, c) or Array(dtype, 0, weak=True))
        operand = scalar_of(rw, c.args[0], f"cmath.{name}")
        value = rw.array(operand)
        if value.dtype != COMPLEX:
            operand = Operand(f"{operand.primary}.astype(complex)", value.with_(dtype=COMPLEX, weak=False), fresh=True)
        if dtype == COMPLEX:
            rw.hazard(f"cmath.{name} raises outside its domain")
            rw.facts.strict_floats = True
        return Operand(call(rw.np(target), operand.code), Array(dtype, 0, value.axes, weak=True), fresh=True)

    register(getattr(cmath, name), Rule(f"cmath.{name}", "math", lower))


for _name, _target in CMATH.items():
    cmath_rule(_name, _target)
for _name, (_dtype, _target) in OF_COMPLEX.items():
    cmath_rule(_name, _target, _dtype)


def lower_polar(rw: Context, c: Call) -> Operand:
    parts = [cmath_part(rw, c, name) for name in ("absolute", "angle")]
    made = TupleV(tuple(p.value for p in parts))
    if all(is_uniform(a.value) for a in c.args):
        return Operand(verbatim(c), made)
    return Operand(f"({parts[0].code}, {parts[1].code})", made, node=Parts(parts))


def cmath_part(rw: Context, c: Call, name: str) -> Operand:
    operand = scalar_of(rw, c.bind(("z",))["z"], "cmath.polar")
    if rw.array(operand).dtype != COMPLEX and rw.array(operand).axes:
        operand = Operand(f"{operand.primary}.astype(complex)", rw.array(operand).with_(dtype=COMPLEX, weak=False))
    operand = rw.temp(operand, "z")
    return Operand(call(rw.np(name), operand.code), Array(FLOAT, 0, rw.array(operand).axes, weak=True))


register(cmath.polar, Rule("cmath.polar", "math", lower_polar, ("z",)))


def from_polar(r: Any, phi: Any) -> Any:
    return r * np.exp(1j * phi)


defined_math(cmath, "rect", from_polar, COMPLEX, "biuf")

"""Rules for what makes a number of another kind: ``int(x)``, ``complex(a, b)``, ``np.float32(x)``, ``round(x)``."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.python import BOOL, FLOAT, INT, python_value, truth, verbatim
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, Obj, Unsupported, number, union_axes


def cast(rw: Context, operand: Operand, dtype: np.dtype[Any], weak: bool = True) -> Operand:
    value = rw.array(operand)
    if value.dtype == dtype:
        return operand.with_value(value.with_(weak=weak, dims=value.dims))
    return Operand(f"{operand.primary}.astype({rw.dtype_code(dtype)})", value.with_(dtype=dtype, weak=weak), fresh=True)


def scalar_of(rw: Context, operand: Operand, what: str) -> Operand:
    """A single number, also where it is given as an array of one element."""
    operand = rw.as_array(operand)
    value = rw.array(operand)
    if value.rank:
        raise Unsupported(f"{what} of an array")
    return operand


def complex_of(rw: Context, c: Call) -> Operand:
    """``complex(a, b)``, written into an array part by part: ``a + 1j * b`` would spoil infinities and signed zeros."""
    parts = [scalar_of(rw, a, c.function) for a in c.args]
    values = [rw.array(p) for p in parts]
    if any(v.kind not in "iuf" for v in values):
        raise Unsupported("complex of parts that are no real numbers")
    if not any(v.axes for v in values):
        return Operand(verbatim(c), Array(np.dtype(complex), 0, weak=True))
    axes = union_axes(*(v.axes for v in values))
    name = rw.fresh("number")
    rw.emit(f"{name} = {call(rw.np('empty'), rw.shape_code(axes), 'complex')}", target=name)
    for part, field in zip(parts, ("real", "imag"), strict=True):
        rw.emit(f"{name}.{field} = {rw.expand(part, axes, 0).code if rw.array(part).axes else part.code}")
    return Operand(name, Array(np.dtype(complex), 0, axes, weak=True))


def conversion(function: type, dtype: np.dtype[Any]) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if not c.args and not c.keywords:
            return Operand(verbatim(c), number(function()))
        if function is complex and len(c.args) == 2 and not c.keywords:
            return complex_of(rw, c)
        if len(c.args) != 1 or c.keywords:
            raise Unsupported(f"{c.function} with several arguments")
        if isinstance(c.args[0].value, Obj):
            known = c.args[0].value.value
            if isinstance(known, str):
                return Operand(verbatim(c), number(function(known)))
            if function is bool:
                return Operand(verbatim(c), Array(BOOL, 0, weak=True))
        operand = scalar_of(rw, c.args[0], c.function)
        value = rw.array(operand)
        if not value.axes:
            known_number = python_value(rw, function, c)
            result = known_number or Array(dtype, 0, weak=True, affine=value.affine if function is int else None)
            return Operand(verbatim(c), result)
        if function is bool:
            return truth(rw, operand)
        if function is int and value.kind in "fc":
            rw.hazard("int of a number that is not finite raises")
            rw.facts.strict_floats = True
        if value.kind == "c" and function is not complex:
            raise Unsupported(f"{c.function} of a complex number")
        return cast(rw, operand, dtype)

    register(function, Rule(f"builtins.{function.__name__}", "builtin", lower))


conversion(float, FLOAT)
conversion(int, INT)
conversion(bool, BOOL)
conversion(complex, np.dtype(complex))

SCALARS = (
    np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32,
    np.uint64, np.complex64, np.complex128, np.bool_, np.longlong, np.ulonglong,
)  # fmt: skip


def scalar_type(type_: Any) -> None:
    """A scalar type called on a value: a cast."""
    dtype = np.dtype(type_)

    def lower(rw: Context, c: Call) -> Operand:
        if len(c.args) != 1 or c.keywords:
            raise Unsupported(f"{c.function} in a form that has no rule")
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        result = value.with_(dtype=dtype, weak=False, dims=value.dims, origins=frozenset())
        if not value.axes:
            return Operand(verbatim(c), result, fresh=True)
        if value.kind == "c" and dtype.kind != "c":
            raise Unsupported(f"{c.function} of a complex number")
        if value.kind in "fc" and dtype.kind in "iu" or value.kind in "iu" and value.weak:
            rw.hazard("a cast to integers could warn or raise")
        return Operand(f"{operand.primary}.astype({rw.dtype_code(dtype)})", result, fresh=True)

    register(type_, Rule(f"numpy.{type_.__name__}", "elementwise", lower))


for _type in SCALARS:
    scalar_type(_type)


@custom(builtins.round, kind="builtin")
def lower_round(rw: Context, c: Call) -> Operand:
    bound = c.bind(("number", "ndigits"))
    operand = scalar_of(rw, bound["number"], "round")
    value = rw.array(operand)
    if value.kind == "b" and value.axes:
        raise Unsupported("round of a boolean")
    whole = "ndigits" not in bound or is_none(bound["ndigits"])
    if not value.axes:
        return Operand(verbatim(c), Array(INT, 0, weak=True) if whole else value.with_())
    if whole:
        if value.kind in "iub":
            return cast(rw, operand, INT)
        rw.hazard("round of a number that is not finite raises")
        rw.facts.strict_floats = True
        return Operand(
            f"{call(rw.np('rint'), operand.code)}.astype(int)", value.with_(dtype=INT, weak=True), fresh=True
        )
    if value.weak or value.kind != "f":
        raise Unsupported("round of a Python number to some digits is correctly rounded, unlike np.round")
    return Operand(call(rw.np("round"), operand.code, bound["ndigits"].code), value.with_(), fresh=True)

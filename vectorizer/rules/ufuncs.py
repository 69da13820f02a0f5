"""The methods of ufuncs: reduce, accumulate, reduceat, outer."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import uniform_call
from vectorizer.rules.context import Context, Effect
from vectorizer.rules.elementwise import is_none, lower_ufunc
from vectorizer.rules.outputs import store_into
from vectorizer.rules.reductions import normalized, remaining, shifted, with_where
from vectorizer.rules.table import UFUNC_METHODS, Call, Lower, Rule, probe
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array, Unsupported, is_uniform

PARAMS = {
    "reduce": ("array", "axis", "dtype", "out", "keepdims", "initial", "where"),
    "accumulate": ("array", "axis", "dtype", "out"),
    "reduceat": ("array", "indices", "axis", "dtype", "out"),
}


def ufunc_method(name: str, lower: Lower) -> None:
    def guarded(rw: Context, c: Call) -> Operand:
        if "out" in c.keywords:
            rest = {k: o for k, o in c.keywords.items() if k != "out"}
            plain = Call(c.function, c.args, rest, None, c.target, c.site)
            return store_into(rw, c.keywords["out"], guarded(rw, plain))
        if name in PARAMS and len(c.args) > PARAMS[name].index("out"):
            raise Effect(f"{c.name} with out=")
        if all(is_uniform(o.value) for o in c.operands):
            return uniform_call(c, c.target)
        return lower(rw, c)

    UFUNC_METHODS[name] = Rule(f"numpy.ufunc.{name}", "ufunc method", guarded, PARAMS.get(name, ()))


# The order in which NumPy takes the elements of these depends on how they lie in memory.
OF_NO_ORDER = (np.power, np.arctan2)


def lower_reduce(rw: Context, c: Call) -> Operand:
    if c.target.__self__ in OF_NO_ORDER:
        raise Unsupported(f"{c.name}, whose order depends on the layout of one example")
    bound = c.bind(PARAMS["reduce"])
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    if "where" in bound:
        operand, value, bound["where"] = with_where(rw, operand, bound["where"])
    if "initial" in bound and not is_none(bound["initial"]):
        rw.pin(bound["initial"], "initial=")
    if not value.rank:
        raise Unsupported(f"{c.name} of a single number")
    given = bound.get("axis", Operand("0", Array(np.dtype(int), 0, weak=True, affine=Affine(), const=0)))
    code, logical = shifted(rw, given, value)
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    dtype = _dtype(rw, c, value, bound)
    rw.hazard(f"{c.name} of an empty array")
    codes = {k: o.code for k, o in bound.items()} | {"array": operand.code, "axis": code}
    rank = value.rank if keep else value.rank - len(normalized(logical, value.rank))
    result = Array(dtype, rank, value.axes, dims=remaining(value, logical, keep))
    return Operand(c.render(PARAMS["reduce"], codes), result, fresh=True)


def lower_accumulate(rw: Context, c: Call) -> Operand:
    bound = c.bind(PARAMS["accumulate"])
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
    normalized((axis,), value.rank)
    codes = {k: o.code for k, o in bound.items()} | {"array": operand.code, "axis": _moved(axis, value)}
    result = Array(_dtype(rw, c, value, bound), value.rank, value.axes, dims=value.dims)
    return Operand(c.render(PARAMS["accumulate"], codes), result, fresh=True)


def lower_reduceat(rw: Context, c: Call) -> Operand:
    bound = c.bind(PARAMS["reduceat"])
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    if not is_uniform(bound["indices"].value):
        raise Unsupported(f"{c.name} at indices that vary")
    if c.target.__self__ in OF_NO_ORDER:
        raise Unsupported(f"{c.name}, whose order depends on the layout of one example")
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
    normalized((axis,), value.rank)
    codes = {k: o.code for k, o in bound.items()} | {"array": operand.code, "axis": _moved(axis, value)}
    rw.hazard(f"{c.name} at indices that are out of range")
    result = Array(_dtype(rw, c, value, bound), value.rank, value.axes)
    return Operand(c.render(PARAMS["reduceat"], codes), result, fresh=True)


def _moved(axis: int, value: Array) -> str:
    return str(axis if axis < 0 else axis + len(value.axes))


def _dtype(rw: Context, c: Call, value: Array, bound: dict[str, Operand]) -> Any:
    if value.dtype is None:
        raise Unsupported("the dtype of an operand is not known")
    if "dtype" in bound and not is_none(bound["dtype"]):
        return np.dtype(rw.pin(bound["dtype"], "a dtype"))
    extra = ([0],) if c.target.__name__ == "reduceat" else ()
    return np.asarray(probe(c.target, np.ones(2, value.dtype), *extra)).dtype


def lower_outer(rw: Context, c: Call) -> Operand:
    if len(c.args) != 2 or c.keywords:
        raise Unsupported(f"{c.name} in a form that has no rule")
    first, second = (rw.as_array(a) for a in c.args)
    a, b = rw.array(first), rw.array(second)
    if a.weak and a.axes or b.weak and b.axes:
        raise Unsupported(f"{c.name} of a Python number")
    if a.rank and b.rank or a.axes and b.rank:
        index = ", ".join(["...", *["None"] * b.rank])
        first = Operand(f"{first.primary}[{index}]", a.with_(rank=a.rank + b.rank))
    if b.axes and a.rank:
        index = ", ".join([*[":"] * len(b.axes), *["None"] * a.rank])
        second = Operand(f"{second.primary}[{index}]", b.with_(rank=a.rank + b.rank))
    ufunc = c.target.__self__
    return lower_ufunc(rw, Call(c.function.removesuffix(".outer"), [first, second], {}, None, ufunc))


ufunc_method("reduce", lower_reduce)
ufunc_method("accumulate", lower_accumulate)
ufunc_method("reduceat", lower_reduceat)
ufunc_method("outer", lower_outer)

"""Functions that write into their first argument: copyto, putmask, put_along_axis, fill_diagonal and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rules.compose import verbatim
from vectorizer.rules.context import Context, Effect
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import NONE, Array, Axes, Unsupported, axes_of, is_uniform, union_axes

Native = Callable[[Context, dict[str, Operand], Array], str]


def storing(function: Any, params: str, native: Native | None = None) -> None:
    """A function that writes into its first argument and gives None.

    native: the code for a target that varies along all axes of the other operands.
    """
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        target = bound[names[0]]
        prepare(rw, c, target, union_axes(*(axes_of(o.value) for k, o in bound.items() if k != names[0])))
        if all(is_uniform(o.value) for o in bound.values()):
            return Operand(verbatim(c), NONE)
        if native is None:
            raise Unsupported(f"{c.name} has no batching rule")
        return Operand(native(rw, bound, rw.array(target)), NONE)

    register(function, Rule(f"numpy.{function.__name__}", "store", lower, names))


def prepare(rw: Context, c: Call, target: Operand, axes: Axes) -> None:
    """Makes the memory behind `target` vary along `axes`."""
    if rw.regions or rw.loops or rw.speculating:
        raise Effect(f"{c.name} inside a loop or branch that has become an array operation")
    if not isinstance(target.value, Array) or not target.value.rank:
        raise Effect(f"{c.name} into something that is not known to be an array")
    if not target.value.origins:
        raise Effect(f"{c.name} into memory whose origin is not known")
    try:
        if set(axes) - set(target.value.axes):
            rw.store_needs(target, axes)
        rw.written(target)
    except Unsupported as error:
        raise Effect(error.reason) from None


def fitted(rw: Context, operand: Operand, target: Array) -> str:
    """Code for an operand that broadcasts against the target."""
    operand = rw.as_array(operand)
    if rw.array(operand).rank > target.rank:
        raise Unsupported("an array of higher rank is stored")
    return rw.expand(operand, target.axes, target.rank).code


def as_stores_cast(value: Array, target: Array) -> str | None:
    """The `casting=` with which np.copyto casts as a store does; None where its own will do."""
    if value.dtype is None or target.dtype is None:
        raise Unsupported("a value whose dtype is not known is stored")
    return None if np.can_cast(value.dtype, target.dtype, "same_kind") else '"unsafe"'


def native_copyto(rw: Context, bound: dict[str, Operand], target: Array) -> str:
    where = fitted(rw, bound["where"], target) if "where" in bound else None
    casting = bound["casting"].code if "casting" in bound else None
    return call(rw.np("copyto"), bound["dst"].code, fitted(rw, bound["src"], target), casting=casting, where=where)


def native_putmask(rw: Context, bound: dict[str, Operand], target: Array) -> str:
    mask, values = rw.array(rw.as_array(bound["mask"])), rw.array(rw.as_array(bound["values"]))
    if values.rank or mask.rank != target.rank or mask.kind != "b":
        raise Unsupported("np.putmask in a form that has no rule")
    where, casting = fitted(rw, bound["mask"], target), as_stores_cast(values, target)
    return call(rw.np("copyto"), bound["a"].code, fitted(rw, bound["values"], target), casting=casting, where=where)


def native_put_along_axis(rw: Context, bound: dict[str, Operand], target: Array) -> str:
    indices = rw.as_array(bound["indices"])
    axis = rw.pin_int(bound["axis"], "axis=")
    if rw.array(indices).rank != target.rank:
        raise Unsupported("np.put_along_axis of different ranks")
    spread = rw.spread(indices, target.axes)
    position = str(axis if axis < 0 else axis + len(target.axes))
    arguments = (bound["arr"].code, spread.code, fitted(rw, bound["values"], target))
    return call(rw.np("put_along_axis"), *arguments, axis=position)


def native_fill_diagonal(rw: Context, bound: dict[str, Operand], target: Array) -> str:
    value = rw.array(rw.as_array(bound["val"]))
    if "wrap" in bound or target.rank != 2 or value.rank > 1 or not rw.equal(*target.dims):
        raise Unsupported("np.fill_diagonal in a form that has no rule")
    if value.rank and not rw.equal(value.dims[0], target.dims[0]):
        raise Unsupported("np.fill_diagonal with another number of values")
    diagonal = call(rw.np("einsum"), '"...ii->...i"', bound["a"].code)
    fitting = rw.expand(rw.as_array(bound["val"]), target.axes, 1)
    return call(rw.np("copyto"), diagonal, fitting.code, casting=as_stores_cast(value, target))


def cycled(mask: Any, vals: Any) -> Any:
    return vals[(np.cumsum(mask) - 1) % len(vals)]


def native_place(rw: Context, bound: dict[str, Operand], target: Array) -> str:
    """The values are taken one after the other, and from the first again."""
    mask, values = rw.as_array(bound["mask"]), rw.as_array(bound["vals"])
    m, v = rw.array(mask), rw.array(values)
    if target.rank != 1 or m.kind != "b" or m.rank != 1 or v.rank != 1 or v.dims[0] is None:
        raise Unsupported("np.place in a form that has no rule")
    if not rw.relies_on(v.dims[0] - 1) or v.dtype != target.dtype:
        raise Unsupported("np.place with values of another kind, or with none")
    mask = rw.temp(mask, "mask")
    chosen = rw.inline(cycled, mask=mask, vals=rw.temp(values, "vals"))
    arguments = (bound["arr"].code, fitted(rw, chosen, target))
    return call(rw.np("copyto"), *arguments, where=rw.expand(mask, target.axes, target.rank).code)


storing(np.copyto, "dst src casting where", native_copyto)
storing(np.putmask, "a mask values", native_putmask)
storing(np.put_along_axis, "arr indices values axis", native_put_along_axis)
storing(np.fill_diagonal, "a val wrap", native_fill_diagonal)
storing(np.place, "arr mask vals", native_place)

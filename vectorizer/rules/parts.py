"""Splitting, diagonals, taking."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.indexing import FULL, subscript
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.shapes import code_for, kept
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import ATOM, PRODUCT, Operand, call, tuple_code
from vectorizer.values import Affine, Array, ListV, TupleV, Unsupported, union_axes


@custom(np.diagonal, method="diagonal", params="a offset axis1 axis2", kind="shape")
def lower_diagonal(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "offset", "axis1", "axis2"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if value.rank < 2:
        raise Unsupported("diagonal of an array of rank below 2")
    codes = {k: o.code for k, o in bound.items()} | {"a": code_for(c, operand)}
    lead = len(value.axes)
    if lead:
        for key, default in (("axis1", 0), ("axis2", 1)):
            axis = rw.pin_int(bound[key], key) if key in bound else default
            codes[key] = str(axis if axis < 0 else axis + lead)
    return Operand(c.render(("a", "offset", "axis1", "axis2"), codes), value.with_(rank=value.rank - 1))


@custom(np.diag, params="v k", kind="shape")
def lower_diag(rw: Context, c: Call) -> Operand:
    bound = c.bind(("v", "k"))
    operand = rw.as_array(bound["v"])
    value = rw.array(operand)
    if not 1 <= value.rank <= 2:
        raise Unsupported("np.diag of an array of another rank")
    if not value.axes:
        origins = value.origins if value.rank == 2 else frozenset[object]()
        made = value.with_(rank=3 - value.rank, origins=origins)
        return Operand(kept(c, ("v", "k"), bound, v=operand.code), made, fresh=value.rank == 1)
    k = rw.pin_int(bound["k"], "k=") if "k" in bound else 0
    lead = len(value.axes)
    if value.rank == 2:
        keywords = {"offset": str(k) if k else None, "axis1": str(lead), "axis2": str(lead + 1)}
        return Operand(call(rw.np("diagonal"), operand.code, **keywords), value.with_(rank=1))
    if value.rank != 1:
        raise Unsupported("np.diag of an array of a higher rank")
    return _diagonal_matrix(rw, operand, k)


def _diagonal_matrix(rw: Context, operand: Operand, k: int) -> Operand:
    """The vector is put on a diagonal by selection: a product would make NaN of zero times infinity."""
    value = rw.array(operand)
    named = rw.temp(operand, "diagonal")
    padded = named.code
    if k:
        width = tuple_code(["(0, 0)"] * len(value.axes) + [f"(0, {abs(k)})"])
        padded = call(rw.np("pad"), named.code, width)
    size = f"{named.code}.shape[-1]" + (f" + {abs(k)}" if k else "")
    eye = call(rw.np("eye"), size, k=str(k) if k else None, dtype="bool")
    code = call(rw.np("where"), eye, f"{padded}[..., {'None, :' if k < 0 else ':, None'}]", _zero(value))
    dim = value.dims[0] + abs(k) if value.dims[0] is not None else None
    return Operand(code, value.with_(rank=2, dims=(dim, dim), origins=frozenset()), fresh=True)


def _zero(value: Array) -> str:
    return {"f": "0.0", "b": "False"}.get(value.kind, "0")


@custom(np.diagflat, params="v k", kind="shape")
def lower_diagflat(rw: Context, c: Call) -> Operand:
    bound = c.bind(("v", "k"))
    operand = rw.as_array(bound["v"])
    value = rw.array(operand)
    if not value.axes:
        return Operand(kept(c, ("v", "k"), bound, v=operand.code), Array(value.dtype, 2), fresh=True)
    k = rw.pin_int(bound["k"], "k=") if "k" in bound else 0
    return _diagonal_matrix(rw, flattened(rw, operand), k)


def triangle(function: Any) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(("m", "k"))
        operand = rw.as_array(bound["m"])
        value = rw.array(operand)
        if value.axes and value.rank < 2:
            return _triangle_of_rows(rw, function, operand, bound.get("k"))
        if "k" in bound and rw.array(bound["k"]).axes:
            raise Unsupported(f"{c.name} with a k that varies")
        result = value.with_(rank=max(value.rank, 2), dims=value.dims if value.rank >= 2 else (), origins=frozenset())
        return Operand(kept(c, ("m", "k"), bound, m=operand.code), result, fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "shape", lower))


def lower_rows(m: Any, k: Any) -> Any:
    return np.where(np.tri(len(m), k=k, dtype=bool), m, np.zeros(1, m.dtype))


def upper_rows(m: Any, k: Any) -> Any:
    return np.where(np.tri(len(m), k=k - 1, dtype=bool), np.zeros(1, m.dtype), m)


def _triangle_of_rows(rw: Context, function: Any, operand: Operand, k: Operand | None) -> Operand:
    """A vector stands for a matrix whose rows are all alike."""
    if not rw.array(operand).rank:
        raise Unsupported("a triangle of a single number")
    offset = k if k is not None else Operand("0", Array(np.dtype(np.int64), 0, weak=True, affine=Affine(), const=0))
    return rw.inline(lower_rows if function is np.tril else upper_rows, m=operand, k=offset)


triangle(np.tril)
triangle(np.triu)


def splitting(function: Any) -> None:
    """split and array_split: the parts are views along a shifted axis."""

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(("ary", "indices_or_sections", "axis"))
        operand = rw.as_array(bound["ary"])
        value = rw.array(operand)
        if not isinstance(bound["indices_or_sections"].value, (Array, ListV, TupleV)):
            raise Unsupported(f"{c.name} at points that are not known")
        sections = rw.pin(bound["indices_or_sections"], "the sections")
        axis = rw.pin_int(bound["axis"], "axis=") if "axis" in bound else 0
        count = sections if isinstance(sections, int) else len(sections) + 1
        part = value.with_(dims=tuple(None if k == axis % value.rank else d for k, d in enumerate(value.dims)))
        codes = {k: o.code for k, o in bound.items()} | {"ary": operand.code}
        if value.axes:
            codes["axis"] = str(axis if axis < 0 else axis + len(value.axes))
        return Operand(c.render(("ary", "indices_or_sections", "axis"), codes), ListV((part,) * count))

    register(function, Rule(f"numpy.{function.__name__}", "split", lower))


splitting(np.split)
splitting(np.array_split)


@custom(np.take, method="take", params="a indices axis out mode", kind="indexing")
def lower_take(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "indices", "axis", "out", "mode"))
    operand, indices = rw.as_array(bound["a"]), rw.as_array(bound["indices"])
    mode = rw.pin(bound["mode"], "mode=") if "mode" in bound else "raise"
    whole = "axis" not in bound or is_none(bound["axis"])
    if whole and rw.array(operand).rank != 1:
        operand = flattened(rw, operand)
    if mode != "raise":
        axis = 0 if whole else rw.pin_int(bound["axis"], "axis=")
        normalized((axis,), rw.array(operand).rank)
        operand, indices = rw.temp(operand, "operand"), _in_range(rw, operand, axis, indices, mode)
        bound.pop("mode")
    if whole:
        return subscript(rw, operand, [indices])
    axis = rw.pin_int(bound["axis"], "axis=")
    normalized((axis,), rw.array(operand).rank)
    axis %= rw.array(operand).rank
    a, i = rw.array(operand), rw.array(indices)
    if not i.axes:
        codes = {k: o.code for k, o in bound.items()} | {"a": code_for(c, operand), "indices": indices.code}
        if a.axes:
            codes["axis"] = str(axis + len(a.axes))
        dims = (*a.dims[:axis], *i.dims, *a.dims[axis + 1 :])
        made = Array(a.dtype, a.rank - 1 + i.rank, a.axes, dims=dims)
        return Operand(c.render(("a", "indices", "axis", "out", "mode"), codes), made, fresh=True)
    return subscript(rw, operand, [*(FULL,) * axis, indices])


def _in_range(rw: Context, operand: Operand, axis: int, indices: Operand, mode: str) -> Operand:
    """Indices that are taken to the nearest place, or around the end."""
    named = rw.temp(operand, "operand")
    value = rw.array(named)
    length = f"{named.code}.shape[{axis % value.rank + len(value.axes)}]"
    if mode == "wrap":
        code, level = f"{indices.at(PRODUCT)} % {length}", PRODUCT
    else:
        code, level = call(rw.np("clip"), indices.code, "0", f"{length} - 1"), ATOM
    return rw.temp(Operand(code, rw.array(indices).with_(dims=rw.array(indices).dims, weak=False), level), "places")


@custom(np.take_along_axis, params="arr indices axis", kind="indexing")
def lower_take_along(rw: Context, c: Call) -> Operand:
    bound = c.bind(("arr", "indices", "axis"))
    operand, indices = rw.as_array(bound["arr"]), rw.as_array(bound["indices"])
    a, b = rw.array(operand), rw.array(indices)
    if a.rank != b.rank or "axis" not in bound:
        raise Unsupported("take_along_axis of different ranks")
    axis = rw.pin_int(bound["axis"], "axis=")
    axes = union_axes(a.axes, b.axes)
    first, second = rw.fully(operand, axes, a.rank), rw.fully(indices, axes, b.rank)
    if axes and (set(axes) - set(a.axes) and a.axes == () or set(axes) - set(b.axes) and b.axes == ()):
        first, second = (rw.spread(o, axes) for o in (operand, indices))
    rw.hazard("an index may be out of range")
    code = call(c.function, first.code, second.code, axis=str(axis if axis < 0 else axis + len(axes)))
    return Operand(code, Array(a.dtype, a.rank, axes, dims=b.dims), fresh=True)

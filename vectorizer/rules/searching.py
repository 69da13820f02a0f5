"""Searching in sorted arrays, and what rests on it: digitize, interp, isin."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.array_functions import SHORT
from vectorizer.rules.compose import composite, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import constant, require
from vectorizer.rules.reductions import flattened
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Array, Unsupported, is_uniform, union_axes

INT, FLOAT = np.dtype(np.int64), np.dtype(float)
Bound = dict[str, Operand]


def known_dtype(*values: Array) -> None:
    if any(v.dtype is None for v in values):
        raise Unsupported("the dtype of an operand is not known")


@composite(np.searchsorted, "a v side sorter", "search", method="searchsorted")
def lower_searchsorted(rw: Context, c: Call, bound: Bound) -> Operand:
    """One sorted array for all examples: elementwise.  One for each: the elements before the sought one are counted."""
    table, sought = rw.as_array(bound["a"]), rw.as_array(bound["v"])
    a, v = rw.array(table), rw.array(sought)
    side = rw.pin(bound["side"], "side=") if "side" in bound else "left"
    if side not in ("left", "right") or a.rank != 1:
        raise Unsupported(f"{c.name} in a form that has no rule")
    if not a.axes:
        if _is_short(rw, a, v) and "sorter" not in bound:
            return _compared(rw, table, sought, side)
        codes = {k: o.code for k, o in bound.items()} | {"a": table.primary, "v": sought.code}
        dtype = rw.np("searchsorted") if c.base is None else None
        code = c.render(("a", "v", "side", "sorter"), codes, dtype)
        return Operand(code, Array(INT, v.rank, v.axes, dims=v.dims), fresh=True)
    if "sorter" in bound or {a.kind, v.kind} - set("iuf") or {a.kind, v.kind} == {"i", "u"}:
        raise Unsupported(f"{c.name} of arrays that vary, in a form that has no rule")
    return _rowwise(rw, table, sought, side)


def _is_short(rw: Context, table: Array, sought: Array) -> bool:
    """Whether so few elements are searched that what is sought can be compared with each of them."""
    dim, samples = table.dims[0], rw.facts.samples
    length = dim.evaluate(samples) if dim is not None and samples is not None else None
    if length is None or not 0 < length <= SHORT or not sought.axes or rw.shared.backend is not None:
        return False
    kinds = {table.kind, sought.kind}
    return not kinds - set("iuf") and kinds != {"i", "u"} and not sought.weak and not table.zero_d


def _compared(rw: Context, table: Operand, sought: Operand, side: str) -> Operand:
    """One short table for all examples."""
    v = rw.array(sought)
    function = rw.imported("vectorizer.array_functions", "search_short")
    code = call(function, table.code, sought.code, side=None if side == "left" else f'"{side}"')
    return Operand(code, Array(INT, v.rank, v.axes, dims=v.dims), fresh=True)


def _rowwise(rw: Context, table: Operand, sought: Operand, side: str) -> Operand:
    """A table for each example."""
    a, v = rw.array(table), rw.array(sought)
    axes = union_axes(a.axes, v.axes)
    rows = rw.expand(table.with_value(a.with_(rank=0)), axes, v.rank) if v.rank or a.axes != axes else table
    rw.hazard("an array that is searched may not be sorted")
    function = rw.imported("vectorizer.array_functions", "search_rows")
    within = rw.expand(sought, axes, v.rank).code if v.axes else sought.code
    code = call(function, rows.code, within, side=None if side == "left" else f'"{side}"')
    return Operand(code, Array(INT, v.rank, axes, dims=v.dims), fresh=True)


def digits(x: Any, bins: Any, side: Any) -> Any:
    return np.searchsorted(bins, x, side=side)


@composite(np.digitize, "x bins right", "search")
def lower_digitize(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["x"])
    if not is_uniform(bound["bins"].value):
        right = "right" in bound and bool(rw.pin(bound["right"], "right="))
        return rw.inline(
            digits, x=operand, bins=rw.as_array(bound["bins"]), side=constant("left" if right else "right")
        )
    value = rw.array(operand)
    codes = {k: o.code for k, o in bound.items()} | {"x": operand.code}
    result = Array(INT, value.rank, value.axes, dims=value.dims)
    return Operand(c.render(("x", "bins", "right"), codes), result, fresh=True)


@composite(np.interp, "x xp fp left right period", "search")
def lower_interp(rw: Context, c: Call, bound: Bound) -> Operand:
    if not all(is_uniform(o.value) for k, o in bound.items() if k != "x"):
        return _interpolated(rw, bound)
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    dtype = np.asarray(probe(np.interp, 1.0, [1.0], np.ones(1, rw.array(rw.as_array(bound["fp"])).dtype))).dtype
    codes = {k: o.code for k, o in bound.items()} | {"x": operand.code}
    code = c.render(("x", "xp", "fp", "left", "right", "period"), codes)
    return Operand(code, Array(dtype, value.rank, value.axes, dims=value.dims), fresh=True)


def interpolated(x: Any, xp: Any, fp: Any, k: Any, left: Any, right: Any) -> Any:
    """NumPy's own formula; a step of zero is never taken."""
    x0, x1, f0, f1 = xp[k], xp[k + 1], fp[k], fp[k + 1]
    inside = np.where(x == x0, f0, (f1 - f0) / np.where(x1 > x0, x1 - x0, 1) * (x - x0) + f0)
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, np.where(x == xp[-1], fp[-1], inside)))


def places(x: Any, xp: Any) -> Any:
    return np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)


def first_of(fp: Any) -> Any:
    return fp[0]


def last_of(fp: Any) -> Any:
    return fp[-1]


def _interpolated(rw: Context, bound: Bound) -> Operand:
    """Between points that vary: those beside each element are searched."""
    x, xp, fp = (_as_float(rw, rw.as_array(bound[k])) for k in ("x", "xp", "fp"))
    length = rw.array(xp).dims[0] if rw.array(xp).rank == 1 else None
    if length is None or not rw.relies_on(length - 2) or not is_missing(bound, "period") or rw.array(fp).rank != 1:
        raise Unsupported("np.interp in a form that has no rule")
    if not rw.equal(length, rw.array(fp).dims[0]):
        raise Unsupported("np.interp between vectors of different lengths")
    fp = rw.temp(fp, "fp")
    require(rw, f"{rw.np('isinf')}({fp.code}).any()", "between infinite values other rules hold", wanted=False)
    left = rw.inline(first_of, fp=fp) if is_missing(bound, "left") else bound["left"]
    right = rw.inline(last_of, fp=fp) if is_missing(bound, "right") else bound["right"]
    k = rw.inline(places, x=x, xp=xp)
    return rw.inline(interpolated, x=x, xp=xp, fp=fp, k=k, left=left, right=right)


def _as_float(rw: Context, operand: Operand) -> Operand:
    value = rw.array(operand)
    if value.dtype == FLOAT:
        return operand
    if value.kind not in "iufb":
        raise Unsupported("np.interp of complex numbers that vary")
    if not value.axes and not value.rank:
        return Operand(f"float({operand.code})", value.with_(dtype=FLOAT, weak=False))
    return Operand(f"{operand.primary}.astype(float)", value.with_(dtype=FLOAT, dims=value.dims, weak=False))


@composite(np.isin, "element test_elements assume_unique invert kind", "search")
def lower_isin(rw: Context, c: Call, bound: Bound) -> Operand:
    operand, test = rw.as_array(bound["element"]), rw.as_array(bound["test_elements"])
    value, among = rw.array(operand), rw.array(test)
    for extra in bound.keys() - {"element", "test_elements"}:
        rw.pin(bound[extra], extra)
    if not among.axes:
        codes = {k: o.code for k, o in bound.items()} | {"element": operand.code}
        code = c.render(("element", "test_elements", "assume_unique", "invert", "kind"), codes)
        zero_d = not value.rank
        return Operand(code, Array(np.dtype(bool), value.rank, value.axes, dims=value.dims, zero_d=zero_d), fresh=True)
    if {value.kind, among.kind} - set("iufb") or {value.kind, among.kind} == {"i", "u"}:
        raise Unsupported(f"{c.name} in a form that has no rule")
    test = flattened(rw, test)
    axes = union_axes(value.axes, among.axes)
    column = Operand(f"{operand.primary}[..., None]", value.with_(rank=value.rank + 1))
    column, row = rw.expand(column, axes, value.rank + 1), rw.expand(test, axes, value.rank + 1)
    code = f"({column.primary} == {row.primary}).any(axis=-1)"
    if "invert" in bound and rw.pin(bound["invert"], "invert"):
        code = f"~{code}"
    zero_d = not value.rank
    return Operand(code, Array(np.dtype(bool), value.rank, axes, dims=value.dims, zero_d=zero_d), PRODUCT, fresh=True)

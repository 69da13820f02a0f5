"""Differences along axes: gradient, ediff1d."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import apply, composite, integer, is_missing, length_of
from vectorizer.rules.context import Context
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.shapes import permuted
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, TupleV, Unsupported, is_uniform

FLOAT = np.dtype(float)
Bound = dict[str, Operand]


def slope(f: Any, t: Any) -> Any:
    """NumPy's formula for points at any distance, along the last axis."""
    h = np.diff(t)
    h1, h2 = h[:-1], h[1:]
    before, at, behind = -h2 / (h1 * (h1 + h2)), (h2 - h1) / (h1 * h2), h1 / (h2 * (h1 + h2))
    inside = before * f[..., :-2] + at * f[..., 1:-1] + behind * f[..., 2:]
    first, last = (f[..., 1:2] - f[..., :1]) / h[:1], (f[..., -1:] - f[..., -2:-1]) / h[-1:]
    return np.concatenate((first, inside, last), axis=-1)


def scaled(g: Any, h: Any) -> Any:
    return g / h


def plain_gradient(f: Any, axis: Any) -> Any:
    return np.gradient(f, axis=axis)


def _over_varying_points(rw: Context, bound: Bound, operand: Operand, axes: tuple[int, ...]) -> Operand:
    """One axis, along which the step or the points differ between the examples."""
    points = rw.as_array(bound["spacing"])
    value, p = rw.array(operand), rw.array(points)
    if len(axes) != 1 or not is_missing(bound, "edge_order") or p.dtype != FLOAT or value.dtype != FLOAT:
        raise Unsupported("np.gradient over points that vary, in a form that has no rule")
    if not p.rank:
        return rw.inline(scaled, g=_plain(rw, operand, axes[0]), h=points)
    dim = value.dims[axes[0]]
    if p.rank != 1 or dim is None or not rw.equal(dim, p.dims[0]) or not rw.relies_on(dim - 3):
        raise Unsupported("np.gradient over points whose number is not known")
    order = [k for k in range(value.rank) if k != axes[0] % value.rank] + [axes[0] % value.rank]
    moved = rw.inline(slope, f=rw.temp(permuted(rw, operand, order), "f"), t=points)
    return permuted(rw, moved, [order.index(k) for k in range(value.rank)])


def _plain(rw: Context, operand: Operand, axis: int) -> Operand:
    if not rw.array(operand).axes:
        return Operand(call(rw.np("gradient"), operand.code, axis=str(axis)), rw.array(operand).with_())
    return rw.inline(plain_gradient, f=operand, axis=integer(axis))


@composite(np.gradient, "f spacing axis edge_order", "along")
def lower_gradient(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["f"])
    value = rw.array(operand)
    axes = tuple(range(value.rank))
    if not is_missing(bound, "axis"):
        given = rw.pin(bound["axis"], "an axis")
        axes = tuple(given) if isinstance(given, tuple) else (given,)
    normalized(axes, value.rank)
    if not value.axes or "spacing" in bound and not is_uniform(bound["spacing"].value) or value.rank < 1:
        return _over_varying_points(rw, bound, operand, axes)
    moved = [str(k if k < 0 else k + len(value.axes)) for k in axes]
    single = len(axes) == 1
    dtype = np.asarray(probe(np.gradient, np.ones(3, value.dtype))).dtype
    if (
        "spacing" in bound
        and rw.array(rw.as_array(bound["spacing"])).dtype == FLOAT
        and not rw.array(rw.as_array(bound["spacing"])).weak
    ):
        dtype = np.result_type(dtype, FLOAT)
    order = bound["edge_order"].code if "edge_order" in bound else None
    arguments = [operand.code, *([bound["spacing"].code] if "spacing" in bound else [])]
    code = call(c.function, *arguments, axis=moved[0] if single else f"({', '.join(moved)})", edge_order=order)
    part = Array(dtype, value.rank, value.axes, dims=value.dims)
    alone = single and (value.rank == 1 or not is_missing(bound, "axis"))
    return Operand(code, part if alone else TupleV((part,) * len(axes)), fresh=True)


def with_ends(first: Any, middle: Any, last: Any) -> Any:
    return np.concatenate((first, middle, last))


def with_first(first: Any, middle: Any) -> Any:
    return np.concatenate((first, middle))


@composite(np.ediff1d, "ary to_end to_begin", "along")
def lower_ediff1d(rw: Context, c: Call, bound: Bound) -> Operand:
    """What comes before and behind takes the dtype of the array."""
    flat = flattened(rw, rw.as_array(bound["ary"]))
    value = rw.array(flat)
    if value.kind not in "ifc":
        raise Unsupported("np.ediff1d in a form that has no rule")
    made = apply(rw, np.diff, flat)
    ends = {k: _end(rw, bound[k], value) for k in ("to_begin", "to_end") if not is_missing(bound, k)}
    if len(ends) == 2:
        return rw.inline(with_ends, first=ends["to_begin"], middle=made, last=ends["to_end"])
    if "to_begin" in ends:
        return rw.inline(with_first, first=ends["to_begin"], middle=made)
    return rw.inline(with_first, first=made, middle=ends["to_end"]) if ends else made


def _end(rw: Context, operand: Operand, target: Array) -> Operand:
    operand = flattened(rw, rw.as_array(operand))
    value = rw.array(operand)
    if value.dtype is None or target.dtype is None or not np.can_cast(value.dtype, target.dtype, "same_kind"):
        raise Unsupported("np.ediff1d with ends of another kind")
    if value.dtype == target.dtype:
        return operand
    code = f"{operand.primary}.astype({rw.dtype_code(target.dtype)})"
    return Operand(code, value.with_(dtype=target.dtype, dims=value.dims, weak=False))


@composite(np.unstack, "x axis", "split", views=True)
def lower_unstack(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
    normalized((axis,), value.rank)
    count = length_of(rw, operand, axis)
    if count > 64:
        raise Unsupported("np.unstack into many parts")
    rest = tuple(d for k, d in enumerate(value.dims) if k != axis % value.rank)
    part = value.with_(rank=value.rank - 1, dims=rest)
    codes = {"x": operand.code, "axis": str(axis if axis < 0 else axis + len(value.axes))}
    return Operand(c.render(("x", "axis"), codes), TupleV((part,) * count))

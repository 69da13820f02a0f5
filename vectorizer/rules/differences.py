"""Differences along axes: gradient, ediff1d."""

from __future__ import annotations

import numpy as np

from vectorizer.rules.compose import apply, composite, is_missing, length_of
from vectorizer.rules.context import Context
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, TupleV, Unsupported, is_uniform

FLOAT = np.dtype(float)
Bound = dict[str, Operand]


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
        raise Unsupported("np.gradient over points that vary")
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


@composite(np.ediff1d, "ary to_end to_begin", "along")
def lower_ediff1d(rw: Context, c: Call, bound: Bound) -> Operand:
    flat = flattened(rw, rw.as_array(bound["ary"]))
    value = rw.array(flat)
    if value.kind not in "ifc" or bound.keys() - {"ary"}:
        raise Unsupported("np.ediff1d in a form that has no rule")
    return apply(rw, np.diff, flat)


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

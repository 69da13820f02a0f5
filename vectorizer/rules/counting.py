"""Counting: bincount, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import batch_size, composite, integer, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.indexing import Parts
from vectorizer.rules.reductions import flattened
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, ListV, Obj, TupleV, Unsupported, is_uniform, union_axes

INT, FLOAT = np.dtype(np.int64), np.dtype(float)
Bound = dict[str, Operand]


@composite(np.bincount, "x weights minlength", "count")
def lower_bincount(rw: Context, c: Call, bound: Bound) -> Operand:
    """Each example counts into its own range; a number beyond `minlength` raises, and then the loop decides."""
    if is_missing(bound, "minlength"):
        raise Unsupported("np.bincount without minlength= has a length that depends on the data")
    length = rw.array(bound["minlength"])
    operand = rw.as_array(bound["x"])
    if length.axes or length.rank or rw.array(operand).kind not in "iu" or rw.array(operand).rank != 1:
        raise Unsupported("np.bincount in a form that has no rule")
    weights = None if is_missing(bound, "weights") else rw.as_array(bound["weights"])
    rw.hazard("np.bincount of numbers out of range")
    count = bound["minlength"].code
    return counted(rw, operand, weights, count, length.affine)


def counted(rw: Context, operand: Operand, weights: Operand | None, count: str, length: Affine | None) -> Operand:
    value = rw.array(operand)
    axes = union_axes(value.axes, rw.array(weights).axes if weights is not None else ())
    operand = rw.spread(operand, axes)
    size = batch_size(rw, rw.array(operand))
    ramp = f"{call(rw.np('arange'), size)}[:, None]"
    places = call(rw.np("ravel_multi_index"), f"({ramp}, {operand.code})", f"({size}, {count})")
    weighting = None
    if weights is not None:
        if rw.array(weights).rank != 1 or not rw.equal(rw.array(weights).dims[0], value.dims[0]):
            raise Unsupported("weights whose length is not known to be that of the array")
        weighting = f"{rw.spread(weights, axes).primary}.ravel()"
    made = call(rw.np("bincount"), f"{places}.ravel()", weights=weighting, minlength=f"{size} * ({count})")
    dtype = INT if weights is None else FLOAT
    return Operand(f"{made}.reshape({size}, -1)", Array(dtype, 1, axes, dims=(length,)), fresh=True)


def found_ends(a: Any) -> Any:
    low, high = a.min(), a.max()
    same = low == high
    return np.where(same, low - 0.5, low), np.where(same, high + 0.5, high)


def spread_edges(low: Any, high: Any, n: Any, dtype: Any) -> Any:
    return np.linspace(low, high, n + 1, dtype=dtype)


def bin_places(a: Any, edges: Any) -> Any:
    """What lies before the first edge is counted in front, what lies behind the last at the end."""
    return np.where(a == edges[-1], len(edges) - 1, np.searchsorted(edges, a, side="right"))


def densities(counts: Any, edges: Any) -> Any:
    return counts / np.diff(edges) / counts.sum()


def edges_of(rw: Context, operand: Operand, bins: Operand, limits: Operand | None) -> Operand:
    """The edges of the bins: given, between given ends, or between the least and the greatest element."""
    value = rw.array(operand)
    if not isinstance(bins.value, Array) or bins.value.rank:
        edges = rw.as_array(bins)
        if rw.array(edges).rank != 1 or rw.array(edges).kind not in "iuf":
            raise Unsupported("np.histogram with bins in a form that has no rule")
        return edges
    if bins.value.axes or value.kind not in "iufb" or value.dtype is None:
        raise Unsupported("np.histogram with a number of bins that varies")
    natural = np.dtype(np.float64) if value.kind != "f" else value.dtype
    if limits is not None and is_uniform(limits.value):
        code = call(rw.np("histogram_bin_edges"), operand.code, bins.code, range=limits.code)
        kinds = [rw.array(rw.as_array(limits)).kind]
        length = bins.value.affine + 1 if bins.value.affine is not None else None
        dtype = natural if set(kinds) <= set("iuf") else np.dtype(complex)
        return Operand(code, Array(dtype, 1, dims=(length,)), fresh=True)
    if limits is not None or value.kind == "b":
        raise Unsupported("np.histogram between ends that vary")
    named = rw.temp(operand, "values")
    ends = rw.items(rw.inline(found_ends, a=named))
    kind = Operand(rw.dtype_code(natural), Obj(natural))
    edges = rw.temp(rw.inline(spread_edges, low=ends[0], high=ends[1], n=bins, dtype=kind), "edges")
    require(rw, f"{rw.np('isfinite')}({edges.code}).all()", "the autodetected range is not finite", raises=True)
    return edges


def places_of(rw: Context, operand: Operand, edges: Operand) -> Operand:
    """The number of each element's bin."""
    found = rw.inline(bin_places, a=operand, edges=edges)
    named = rw.temp(found, "places")
    return named.with_value(rw.array(named).with_(dims=rw.array(operand).dims))


@composite(np.histogram_bin_edges, "a bins range weights", "count")
def lower_bin_edges(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = flattened(rw, rw.as_array(bound["a"]))
    limits = None if is_missing(bound, "range") else bound["range"]
    bins = bound.get("bins", integer(10))
    if isinstance(bins.value, Obj) or not isinstance(bins.value, Array) or bins.value.rank:
        raise Unsupported("np.histogram_bin_edges with bins in a form that has no rule")
    rw.hazard("np.histogram_bin_edges may raise")
    return edges_of(rw, operand, bins, limits)


@composite(np.histogram, "a bins range density weights", "count")
def lower_histogram(rw: Context, c: Call, bound: Bound) -> Operand:
    """Every element's bin is searched, and the bins are counted."""
    operand = flattened(rw, rw.as_array(bound["a"]))
    value = rw.array(operand)
    if value.kind not in "iuf":
        raise Unsupported("np.histogram in a form that has no rule")
    operand = rw.temp(operand, "values")
    limits = None if is_missing(bound, "range") else bound["range"]
    rw.hazard("np.histogram may raise")
    edges = rw.temp(edges_of(rw, operand, bound.get("bins", integer(10)), limits), "edges")
    weights = None if is_missing(bound, "weights") else flattened(rw, rw.as_array(bound["weights"]))
    if weights is not None and rw.array(weights).kind not in "iuf":
        raise Unsupported("np.histogram with weights of another kind")
    places = places_of(rw, operand, edges)
    size = f"{edges.code}.shape[-1] + 1"
    counts = counted(rw, places, weights, size, None)
    hist = Operand(f"{counts.primary}[:, 1:-1]", rw.array(counts), fresh=True)
    if weights is not None and rw.array(weights).dtype != FLOAT:
        dtype = rw.array(weights).dtype
        assert dtype is not None
        hist = Operand(f"{hist.code}.astype({rw.dtype_code(dtype)})", rw.array(counts).with_(dtype=dtype), fresh=True)
    if not is_missing(bound, "density") and rw.pin(bound["density"], "density"):
        hist = rw.inline(densities, counts=rw.temp(hist, "counts"), edges=edges)
    ends = Operand(edges.code, rw.array(edges))
    made = TupleV((rw.array(hist), rw.array(ends)))
    return Operand(f"({hist.code}, {ends.code})", made, node=Parts([hist, ends]))


@composite(np.histogram2d, "x y bins range density weights", "count")
def lower_histogram2d(rw: Context, c: Call, bound: Bound) -> Operand:
    """The bins of both coordinates, counted as one number."""
    points = [rw.temp(rw.as_array(bound[k]), k) for k in ("x", "y")]
    values = [rw.array(p) for p in points]
    if any(v.rank != 1 or v.dtype not in (FLOAT, INT) for v in values) or "density" in bound:
        raise Unsupported("np.histogram2d in a form that has no rule")
    if not rw.equal(values[0].dims[0], values[1].dims[0]):
        raise Unsupported("np.histogram2d of vectors of different lengths")
    bins = bound.get("bins", integer(10))
    each = rw.items(bins) if isinstance(bins.value, (ListV, TupleV)) else [bins, bins]
    limits: list[Any] = [None, None] if is_missing(bound, "range") else rw.items(bound["range"])
    if len(each) != 2 or len(limits) != 2:
        raise Unsupported("np.histogram2d in a form that has no rule")
    rw.hazard("np.histogram2d may raise")
    edges = [
        rw.temp(_as_float(rw, edges_of(rw, p, b, r)), f"{k}_edges")
        for k, p, b, r in zip("xy", points, each, limits, strict=True)
    ]
    first, second = (places_of(rw, p, e) for p, e in zip(points, edges, strict=True))
    rows, columns = (f"({e.code}.shape[-1] + 1)" for e in edges)
    size = Operand(columns, Array(INT, 0, weak=True))
    weights = None if is_missing(bound, "weights") else rw.as_array(bound["weights"])
    joint = rw.temp(rw.inline(joint_place, i=first, j=second, n=size), "joint")
    joint = joint.with_value(rw.array(joint).with_(dims=values[0].dims))
    counts = counted(rw, joint, weights, f"{rows} * {columns}", None)
    value = rw.array(counts)
    grid = f"{counts.primary}.reshape(-1, {rows[1:-1]}, {columns[1:-1]})[:, 1:-1, 1:-1]"
    hist = Operand(grid if value.dtype == FLOAT else f"{grid}.astype(float)", value.with_(rank=2, dtype=FLOAT))
    parts = [hist, *(Operand(e.code, rw.array(e)) for e in edges)]
    made = TupleV(tuple(p.value for p in parts))
    return Operand(f"({', '.join(p.code for p in parts)})", made, node=Parts(parts))


def joint_place(i: Any, j: Any, n: Any) -> Any:
    return i * n + j


def _as_float(rw: Context, operand: Operand) -> Operand:
    value = rw.array(operand)
    if value.dtype == FLOAT:
        return operand
    return Operand(f"{rw.np('asarray')}({operand.code}, float)", value.with_(dtype=FLOAT, dims=value.dims))

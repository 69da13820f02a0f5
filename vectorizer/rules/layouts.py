"""More functions that move, cut and join: roll over all axes, rot90, insert, delete, block, windows, grids."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.along import moved_axes
from vectorizer.rules.compose import apply, at_rank, composite, integer, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.indexing import JOINERS, Parts
from vectorizer.rules.joins import joined
from vectorizer.rules.reductions import normalized
from vectorizer.rules.shapes import permuted
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Affine, Array, Axes, ListV, TupleV, Unsupported, is_uniform

Bound = dict[str, Operand]
# Memory that several results may share, or that may not be written to: `Walk.written` refuses it.
SPREAD = frozenset({("spread", "the result of broadcasting")})


@composite(np.rot90, "m k axes", "shape", views=True)
def lower_rot90(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["m"])
    value = rw.array(operand)
    turns = rw.pin_int(bound["k"], "k=") if "k" in bound else 1
    code, axes = moved_axes(rw, bound.get("axes"), value, (0, 1))
    first, second = (k % value.rank for k in axes)
    dims = list(value.dims)
    if turns % 2:
        dims[first], dims[second] = dims[second], dims[first]
    text = call(c.function, operand.code, *([bound["k"].code] if "k" in bound else []), axes=code)
    return Operand(text, value.with_(dims=tuple(dims)))


@composite(np.rollaxis, "a axis start", "shape", views=True)
def lower_rollaxis(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    rank = rw.array(operand).rank
    axis = rw.pin_int(bound["axis"], "an axis")
    start = rw.pin_int(bound["start"], "start=") if "start" in bound else 0
    normalized((axis,), rank)
    order = [n - 1 for n in np.rollaxis(np.empty(tuple(range(1, rank + 1))), axis, start).shape]
    return permuted(rw, operand, order)


def lower_dstack(rw: Context, c: Call) -> Operand:
    if len(c.args) != 1 or c.keywords or not isinstance(c.args[0].value, (TupleV, ListV)):
        raise Unsupported("np.dstack in a form that has no rule")
    parts = [apply(rw, np.atleast_3d, rw.as_array(p)) for p in rw.items(c.args[0])]
    return joined(rw, parts, 2, rw.np("concatenate"))


register(np.dstack, Rule("numpy.dstack", "join", lower_dstack))


@composite(np.block, "arrays", "join")
def lower_block(rw: Context, c: Call, bound: Bound) -> Operand:
    depth = _depth(bound["arrays"])
    rank = max(depth, *(rw.array(p).rank for p in _leaves(rw, bound["arrays"])), 1)
    if not depth:
        raise Unsupported("np.block of one array")
    return _blocked(rw, bound["arrays"], -depth, rank)


def _depth(operand: Operand) -> int:
    value, depth = operand.value, 0
    while isinstance(value, ListV) and value.items:
        value, depth = value.items[0], depth + 1
    return depth


def _leaves(rw: Context, operand: Operand) -> list[Operand]:
    if isinstance(operand.value, ListV):
        return [leaf for part in rw.items(operand) for leaf in _leaves(rw, part)]
    return [operand]


def _blocked(rw: Context, operand: Operand, axis: int, rank: int) -> Operand:
    if not isinstance(operand.value, ListV):
        return at_rank(rw, rw.as_array(operand), rank)
    parts = [_blocked(rw, part, axis + 1, rank) for part in rw.items(operand)]
    return joined(rw, parts, axis, rw.np("concatenate"))


@composite(np.lib.stride_tricks.sliding_window_view, "x window_shape axis subok writeable", "shape", views=True)
def lower_windows(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    if bound.keys() & {"subok", "writeable"} or not is_uniform(bound["window_shape"].value):
        raise Unsupported("sliding_window_view in a form that has no rule")
    window = bound["window_shape"]
    several = isinstance(window.value, (TupleV, ListV))
    sizes = rw.items(window) if several else [window]
    default = tuple(range(value.rank)) if several else 0
    if not several and value.rank != 1 and is_missing(bound, "axis"):
        raise Unsupported("sliding_window_view of an array whose axis is not given")
    code, axes = moved_axes(rw, bound.get("axis"), value, default)  # type: ignore[arg-type]
    if len(axes) != len(sizes) or len({k % value.rank for k in axes}) != len(axes):
        raise Unsupported("sliding_window_view in a form that has no rule")
    dims = list(value.dims)
    widths = [rw.array(s).affine for s in sizes]
    for k, width in zip(axes, widths, strict=True):
        dim = dims[k]
        dims[k] = dim - width + 1 if dim is not None and width is not None else None
    rw.hazard("sliding_window_view may raise")
    text = call(c.function, operand.code, window.code, axis=code)
    made = Array(
        value.dtype, value.rank + len(sizes), value.axes, dims=(*dims, *widths), origins=value.origins | SPREAD
    )
    return Operand(text, made)


@composite(np.broadcast_arrays, "a b c d e f subok", "shape", views=True)
def lower_broadcast_arrays(rw: Context, c: Call, bound: Bound) -> Operand:
    operands = [rw.as_array(a) for a in c.args]
    if c.keywords or any(rw.array(o).weak and rw.array(o).axes for o in operands):
        raise Unsupported("np.broadcast_arrays in a form that has no rule")
    aligned, axes, rank = rw.align(operands)
    parts = tuple(_broadcast(rw.array(o), rank, axes) for o in operands)
    return Operand(call(c.function, *(a.code for a in aligned)), TupleV(parts))


def _broadcast(value: Array, rank: int, axes: Axes) -> Array:
    return Array(value.dtype, rank, axes, origins=value.origins | SPREAD, zero_d=not rank)


def lower_meshgrid(rw: Context, c: Call) -> Operand:
    """Each vector along an axis of its own; for `indexing="xy"` the first two change places."""
    vectors = [rw.as_array(a) for a in c.args]
    values = [rw.array(v) for v in vectors]
    options = {k: rw.pin(o, k) for k, o in c.keywords.items()}
    if any(v.rank != 1 for v in values) or not 2 <= len(values) <= 3 or options.keys() - {"indexing", "sparse"}:
        raise Unsupported("np.meshgrid in a form that has no rule")
    count = len(values)
    places = list(range(count))
    if options.get("indexing", "xy") == "xy":
        places[:2] = [1, 0]
    placed = []
    for vector, value, place in zip(vectors, values, places, strict=True):
        index = [":"] * len(value.axes) + ["None"] * place + [":"] + ["None"] * (count - place - 1)
        dims = tuple(value.dims[0] if k == place else Affine(1) for k in range(count))
        placed.append(Operand(f"{vector.primary}[{', '.join(index)}]", value.with_(rank=count, dims=dims)))
    if options.get("sparse", False):
        parts = [
            Operand(f"{p.primary}.copy()", rw.array(p).with_(dims=rw.array(p).dims, origins=frozenset()))
            for p in placed
        ]
        made = TupleV(tuple(p.value for p in parts))
        return Operand(tuple_code([p.code for p in parts]), made, node=Parts(parts), fresh=True)
    rw.may_share(*values)
    aligned, axes, _ = rw.align(placed)
    dims = tuple(values[places.index(k)].dims[0] for k in range(count))
    grid = tuple(Array(v.dtype, count, axes, dims=dims, origins=SPREAD) for v in values)
    return Operand(call(rw.np("broadcast_arrays"), *(a.code for a in aligned)), TupleV(grid))


def split_along(function: Any, axis: int) -> None:
    """vsplit, hsplit, dsplit: array_split along an axis that depends on the rank."""

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(("ary", "indices_or_sections"))
        rank = rw.array(rw.as_array(bound["ary"])).rank
        if rank < (1 if function is np.hsplit else max(axis + 1, 2)):
            raise Unsupported(f"{c.name} of an array of rank {rank}")
        place = 0 if rank == 1 else axis
        return apply(rw, np.split, bound["ary"], bound["indices_or_sections"], axis=integer(place))

    register(function, Rule(f"numpy.{function.__name__}", "split", lower, ("ary", "indices_or_sections")))


split_along(np.vsplit, 0)
split_along(np.hsplit, 1)
split_along(np.dsplit, 2)


def joined_by(function: Any) -> Any:
    """``np.r_[x, y]`` is a join, where only arrays and numbers stand in it."""

    def lower(rw: Context, index: Any) -> Operand:
        if not index or not all(isinstance(i, Operand) and isinstance(i.value, Array) for i in index):
            raise Unsupported("np.r_ or np.c_ in a form that has no rule")
        ranks = {rw.array(i).rank for i in index}
        if max(ranks) > 1 or function is np.column_stack and ranks != {1}:
            raise Unsupported("np.r_ or np.c_ of matrices")
        parts = TupleV(tuple(i.value for i in index))
        return apply(rw, function, Operand(None, parts, make=lambda: _listed(index), node=Parts(list(index))))

    return lower


def _listed(parts: list[Operand]) -> Operand:
    return Operand(f"({', '.join(p.code for p in parts)},)", TupleV(tuple(p.value for p in parts)))


JOINERS[id(np.r_)] = joined_by(np.hstack)
JOINERS[id(np.c_)] = joined_by(np.column_stack)

"""Functions that join arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.reductions import flattened
from vectorizer.rules.shapes import kept, permuted
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, ListV, TupleV, Unsupported, union_axes


def parts_of(rw: Context, operand: Operand) -> list[Operand] | None:
    """The parts of a join one by one; None where their number is not known."""
    if isinstance(operand.value, (TupleV, ListV)):
        return [rw.as_array(part) for part in rw.items(operand)]
    return None


def lower_stack(rw: Context, c: Call) -> Operand:
    bound = c.bind(("arrays", "axis"))
    axis = rw.pin_int(bound["axis"], "axis=") if "axis" in bound else 0
    parts = parts_of(rw, bound["arrays"])
    if parts is None:
        joined = rw.as_array(bound["arrays"])
        if axis == 0:
            return joined
        return permuted(rw, joined, _moved(rw.array(joined).rank, axis))
    if not any(rw.array(p).axes for p in parts):
        value = value_like(probe(np.stack, [rw.array(p) for p in parts], axis=axis)) if parts else None
        if value is None:
            raise Unsupported("a stack of nothing")
        assert isinstance(value, Array)
        inner = list(rw.array(parts[0]).dims)
        inner.insert(axis % value.rank, Affine(len(parts)))
        return Operand(
            c.render(("arrays", "axis"), {k: o.code for k, o in bound.items()}),
            value.with_(dims=tuple(inner)),
            fresh=True,
        )
    return rw.stack(parts, axis)


def _moved(rank: int, axis: int) -> list[int]:
    order = list(range(1, rank))
    order.insert(axis % rank, 0)
    return order


register(np.stack, Rule("numpy.stack", "join", lower_stack))


def joined(rw: Context, parts: list[Operand], axis: int, function: str) -> Operand:
    """`np.concatenate` along logical axis `axis`; every part gets all batch axes."""
    values = [rw.array(p) for p in parts]
    axes = union_axes(*(v.axes for v in values))
    rank = values[0].rank
    if rank == 0 or any(v.rank != rank for v in values) or not -rank <= axis < rank:
        raise Unsupported("arrays of different ranks are joined")
    dtypes = [v.dtype for v in values]
    known = [d for d in dtypes if d is not None]  # `in` would take float64 for None
    dtype = np.result_type(*known) if len(known) == len(dtypes) else None
    along = [v.dims[axis] for v in values]
    total: Affine | None = Affine()
    for d in along:
        total = total + d if total is not None and d is not None else None
    dims = tuple(total if k == axis % rank else d for k, d in enumerate(values[0].dims))
    spread = [rw.spread(p, axes) for p in parts]
    position = axis if axis < 0 else axis + len(axes)
    code = call(function, f"[{', '.join(p.code for p in spread)}]", axis=str(position) if position else None)
    return Operand(code, Array(dtype, rank, axes, dims=dims), fresh=True)


@custom(np.concatenate, params="arrays axis", kind="join")
def lower_concatenate(rw: Context, c: Call) -> Operand:
    bound = c.bind(("arrays", "axis"))
    parts = parts_of(rw, bound["arrays"])
    if parts is None:
        raise Unsupported("np.concatenate of a list whose items are not known one by one")
    flat = "axis" in bound and is_none(bound["axis"])
    axis = 0 if flat or "axis" not in bound else rw.pin_int(bound["axis"], "axis=")
    if flat:
        parts = [flattened(rw, p) for p in parts]
    if not any(rw.array(p).axes for p in parts):
        result = joined(rw, parts, axis, c.function)
        return Operand(c.render(("arrays", "axis"), {k: o.code for k, o in bound.items()}), result.value, fresh=True)
    return joined(rw, parts, axis, c.function)


def join_by(function: Any, minimum: int, axis: Any) -> None:
    """hstack and its kin: the parts are raised to a rank, then joined along an axis that depends on the rank."""

    def lower(rw: Context, c: Call) -> Operand:
        parts = parts_of(rw, c.args[0]) if len(c.args) == 1 and not c.keywords else None
        if not parts:
            raise Unsupported(f"{c.name} of a list whose items are not known one by one")
        if not any(rw.array(p).axes for p in parts):
            return Operand(
                call(c.function, c.args[0].code), value_like(probe(function, [rw.array(p) for p in parts])), fresh=True
            )
        raised = [_raise_rank(rw, p, minimum, function) for p in parts]
        return joined(rw, raised, axis(rw.array(raised[0]).rank), rw.np("concatenate"))

    register(function, Rule(f"numpy.{function.__name__}", "join", lower))


def _raise_rank(rw: Context, operand: Operand, rank: int, function: Any) -> Operand:
    value = rw.array(operand)
    if value.rank >= rank:
        return operand
    if value.rank == 0:
        operand = (
            Operand(f"{operand.primary}[..., None]", value.with_(rank=1, dims=(Affine(1),), weak=False))
            if value.axes
            else Operand(f"{rw.np('reshape')}({operand.code}, 1)", value.with_(rank=1, dims=(Affine(1),), weak=False))
        )
        value = rw.array(operand)
    if value.rank < rank:
        column = function is np.column_stack
        index = "..., None" if column else "..., None, :"
        operand = Operand(
            f"{operand.primary}[{index}]",
            value.with_(rank=2, dims=(*value.dims, Affine(1)) if column else (Affine(1), *value.dims)),
        )
    return operand


join_by(np.hstack, 1, lambda rank: 0 if rank == 1 else 1)
join_by(np.vstack, 2, lambda rank: 0)
join_by(np.column_stack, 2, lambda rank: 1)


@custom(np.append, params="arr values axis", kind="join")
def lower_append(rw: Context, c: Call) -> Operand:
    bound = c.bind(("arr", "values", "axis"))
    parts = [rw.as_array(bound["arr"]), rw.as_array(bound["values"])]
    if not any(rw.array(p).axes for p in parts):
        keywords = {"axis": rw.pin(bound["axis"], "axis=")} if "axis" in bound else {}
        return Operand(
            kept(c, ("arr", "values", "axis"), bound),
            value_like(probe(np.append, *(rw.array(p) for p in parts), **keywords)),
            fresh=True,
        )
    if "axis" not in bound or is_none(bound["axis"]):
        return joined(rw, [flattened(rw, p) for p in parts], 0, rw.np("concatenate"))
    return joined(rw, parts, rw.pin_int(bound["axis"], "axis="), rw.np("concatenate"))

"""Functions that take elements out of arrays, put some in, or turn them around: delete, insert, roll, resize, pad."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import composite, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import constant, require
from vectorizer.rules.indexing import subscript
from vectorizer.rules.joins import joined
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.repeats import lower_roll
from vectorizer.rules.shapes import lower_reshape, permuted, shape_items
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, ListV, TupleV, Unsupported, is_uniform

Bound = dict[str, Operand]


def along(rw: Context, c: Call, operand: Operand, bound: Bound) -> tuple[Operand, int]:
    """The array and the axis of a function that flattens where no axis is given."""
    if is_missing(bound, "axis"):
        return flattened(rw, operand), 0
    axis = rw.pin_int(bound["axis"], "an axis")
    normalized((axis,), rw.array(operand).rank)
    return operand, axis


def in_front(rw: Context, operand: Operand, axis: int) -> Operand:
    """`operand` with one of its logical axes before the others."""
    rank = rw.array(operand).rank
    axis %= rank
    return permuted(rw, operand, [axis, *(k for k in range(rank) if k != axis)])


def put_back(rw: Context, operand: Operand, axis: int) -> Operand:
    """The reverse of `in_front`."""
    rank = rw.array(operand).rank
    order = list(range(1, rank))
    order.insert(axis % rank, 0)
    return permuted(rw, operand, order)


def one_place(rw: Context, operand: Operand, what: str) -> Operand:
    """A single integer, the same for all examples or not."""
    operand = rw.as_array(operand)
    value = rw.array(operand)
    if value.rank or value.kind not in "iu":
        raise Unsupported(f"{what} that is not one integer")
    return operand


# --- rolling ---------------------------------------------------------------------------------------------------------


def rolled(x: Any, shift: Any) -> Any:
    return x[(np.arange(len(x)) - shift) % len(x)]


@composite(np.roll, "a shift axis", "shape")
def lower_any_roll(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if not value.rank:
        if not is_missing(bound, "axis"):
            raise Unsupported("np.roll of a single number along an axis")
        return Operand(operand.code, value.with_(zero_d=True, weak=False), operand.level)
    if is_uniform(bound["shift"].value):
        return lower_roll(rw, c)
    shift = one_place(rw, bound["shift"], "np.roll by a shift")
    if is_missing(bound, "axis"):
        shape = rw.items(rw.attribute(operand, "shape"))
        turned = rw.inline(rolled, x=rw.temp(flattened(rw, operand), "flat"), shift=shift)
        return lower_reshape(rw, turned, shape, None) if value.rank > 1 else turned
    axis = rw.pin_int(bound["axis"], "an axis")
    normalized((axis,), value.rank)
    return put_back(rw, rw.inline(rolled, x=rw.temp(in_front(rw, operand, axis), "rolled"), shift=shift), axis)


# --- inserting and deleting ------------------------------------------------------------------------------------------


def deleted(x: Any, k: Any) -> Any:
    places = np.arange(len(x) - 1)
    return x[places + (places >= np.where(k < 0, k + len(x), k))]


def within(x: Any, k: Any) -> Any:
    return (k >= -len(x)) & (k < len(x))


def delete_varying(rw: Context, c: Call, bound: Bound) -> Operand:
    """One element is left away, a different one for each example."""
    operand, axis = along(rw, c, rw.as_array(bound["arr"]), bound)
    k = rw.temp(one_place(rw, bound["obj"], "np.delete at a place"), "place")
    moved = rw.temp(in_front(rw, operand, axis), "whole")
    test = rw.inline(within, x=moved, k=k)
    require(rw, f"({test.code}).all()", "np.delete at a place that is out of range", raises=True)
    return put_back(rw, rw.inline(deleted, x=moved, k=k), axis)


@composite(np.delete, "arr obj axis", "shape")
def lower_delete(rw: Context, c: Call, bound: Bound) -> Operand:
    if not is_uniform(bound["obj"].value):
        return delete_varying(rw, c, bound)
    operand, axis = along(rw, c, rw.as_array(bound["arr"]), bound)
    value = rw.array(operand)
    position = str(axis if axis < 0 else axis + len(value.axes))
    dims = tuple(None if k == axis % value.rank else d for k, d in enumerate(value.dims))
    rw.hazard("np.delete may raise")
    code = call(c.function, operand.code, bound["obj"].code, axis=position)
    return Operand(code, value.with_(dims=dims, origins=frozenset()), fresh=True)


@composite(np.insert, "arr obj values axis", "shape")
def lower_insert(rw: Context, c: Call, bound: Bound) -> Operand:
    operand, axis = along(rw, c, rw.as_array(bound["arr"]), bound)
    varies = not all(is_uniform(o.value) for k, o in bound.items() if k != "arr")
    if rw.array(operand).rank == 1 and (varies or rw.array(rw.as_array(bound["values"])).rank):
        return insert_into_vector(rw, bound, operand)
    if not is_uniform(bound["obj"].value):
        raise Unsupported("np.insert into a matrix at places that vary")
    value, values = rw.array(operand), rw.as_array(bound["values"])
    inserted = rw.array(values)
    rw.hazard("np.insert may raise")
    if inserted.axes or inserted.rank:
        return _inserted(rw, operand, axis, bound["obj"], values)
    position = str(axis if axis < 0 else axis + len(value.axes))
    dims = tuple(None if k == axis % value.rank else d for k, d in enumerate(value.dims))
    code = call(c.function, operand.code, bound["obj"].code, values.code, axis=position)
    return Operand(code, value.with_(dims=dims, origins=frozenset()), fresh=True)


def _inserted(rw: Context, operand: Operand, axis: int, place: Operand, values: Operand) -> Operand:
    """What is inserted at one place is joined with what lies before and behind."""
    value, inserted = rw.array(operand), rw.array(values)
    where = rw.pin_int(place, "a place")
    axis %= value.rank
    dim = value.dims[axis]
    if where < 0 or dim is None or not rw.relies_on(dim - where) or inserted.dtype != value.dtype:
        raise Unsupported("np.insert in a form that has no rule")
    if inserted.rank == value.rank - 1:
        index = [":"] * (len(inserted.axes) + axis) + ["None"]
        dims = (*inserted.dims[:axis], Affine(1), *inserted.dims[axis:])
        values = Operand(
            f"{values.primary}[{', '.join(index)}]", inserted.with_(rank=value.rank, dims=dims, weak=False)
        )
    elif inserted.rank != 1 or value.rank != 1:
        raise Unsupported("np.insert in a form that has no rule")
    middle = rw.array(values)
    others = [k for k in range(value.rank) if k != axis]
    if not all(rw.equal(middle.dims[k], value.dims[k]) for k in others):
        raise Unsupported("np.insert of something of another shape")
    named = rw.temp(operand, "whole")
    lead = [":"] * (len(value.axes) + axis)
    rest = value.with_(dims=tuple(None if k == axis else d for k, d in enumerate(value.dims)))
    before = Operand(f"{named.primary}[{', '.join([*lead, f':{where}'])}]", rest)
    behind = Operand(f"{named.primary}[{', '.join([*lead, f'{where}:'])}]", rest)
    return joined(rw, [before, values, behind], axis, rw.np("concatenate"))


def inserted_one(x: Any, k: Any, v: Any) -> Any:
    places = np.arange(len(x) + 1)
    k = np.where(k < 0, k + len(x), k)
    return np.append(x, v)[np.where(places < k, places, np.where(places == k, len(x), places - 1))]


def within_or_behind(x: Any, k: Any) -> Any:
    return (k >= -len(x)) & (k <= len(x))


def insert_into_vector(rw: Context, bound: Bound, vector: Operand) -> Operand:
    """Elements that are put into a vector are taken from behind it, where they are joined to it."""
    values = _cast_to(rw, rw.as_array(bound["values"]), rw.array(vector))
    count = rw.array(values).dims[0] if rw.array(values).rank == 1 else Affine(1)
    vector = rw.temp(vector, "whole")
    place = rw.as_array(bound["obj"])
    if rw.array(values).rank > 1 or count is None:
        raise Unsupported("np.insert in a form that has no rule")
    if rw.array(place).axes:
        place = rw.temp(one_place(rw, place, "np.insert at a place"), "place")
        if rw.array(values).rank:
            raise Unsupported("np.insert of several elements at a place that varies")
        test = rw.inline(within_or_behind, x=vector, k=place)
        require(rw, f"({test.code}).all()", "np.insert at a place that is out of range", raises=True)
        return rw.inline(inserted_one, x=vector, k=place, v=values)
    several = rw.array(place).dims[0] if rw.array(place).rank == 1 else count
    if several is None or rw.array(values).rank and not rw.equal(several, count):
        raise Unsupported("np.insert of another number of elements than places")
    length = f"{vector.code}.shape[{len(rw.array(vector).axes)}]"
    behind = call(rw.np("arange"), length, f"{length} + {rw.print_affine(count).code}")
    order = call(
        rw.np("insert"), call(rw.np("arange"), length), place.code, behind if rw.array(values).rank else length
    )
    dim = rw.array(vector).dims[0]
    index = Operand(order, Array(np.dtype(np.int64), 1, dims=(dim + several if dim is not None else None,)))
    return subscript(rw, rw.inline(with_more, x=vector, v=values), [rw.temp(index, "order")])


def with_more(x: Any, v: Any) -> Any:
    return np.append(x, v)


def _cast_to(rw: Context, operand: Operand, target: Array) -> Operand:
    value = rw.array(operand)
    if value.dtype == target.dtype or value.weak and not value.axes and value.kind == target.kind:
        return operand
    if value.dtype is None or target.dtype is None or not np.can_cast(value.dtype, target.dtype):
        raise Unsupported("elements of another kind are inserted")
    if not value.axes and not value.rank:
        return Operand(f"{rw.np(target.dtype.name)}({operand.code})", value.with_(dtype=target.dtype, weak=False))
    code = f"{operand.primary}.astype({rw.dtype_code(target.dtype)})"
    return Operand(code, value.with_(dtype=target.dtype, dims=value.dims, weak=False))


# --- resizing --------------------------------------------------------------------------------------------------------


def repeated(x: Any, n: Any) -> Any:
    return np.take(x, np.arange(n) % len(x))


@composite(np.resize, "a new_shape", "shape")
def lower_resize(rw: Context, c: Call, bound: Bound) -> Operand:
    flat = rw.temp(flattened(rw, rw.as_array(bound["a"])), "flat")
    shape = shape_items(rw, [bound["new_shape"]])
    lengths = [rw.pin_int(s, "a length") for s in shape]
    dim = rw.array(flat).dims[0]
    if dim is None or not rw.relies_on(dim - 1):
        dims = rw.array(rw.as_array(bound["a"])).dims
        if any(d is None or not rw.relies_on(d - 1) for d in dims):
            raise Unsupported("np.resize of an array that may be empty")
    made = rw.inline(repeated, x=flat, n=constant(int(np.prod(lengths))))
    if isinstance(bound["new_shape"].value, (TupleV, ListV)):
        return lower_reshape(rw, rw.temp(made, "resized"), [constant(n) for n in lengths], None)
    return made


# --- taking with a mode ----------------------------------------------------------------------------------------------


def clipped(x: Any, i: Any) -> Any:
    return np.clip(i, 0, len(x) - 1)


def wrapped(x: Any, i: Any) -> Any:
    return i % len(x)

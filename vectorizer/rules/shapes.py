"""Functions that move, join, split and repeat axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.indexing import FULL, subscript
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import ATOM, PRODUCT, Operand, call, tuple_code
from vectorizer.values import Affine, Array, Dims, ListV, TupleV, Unsupported, is_uniform, union_axes


def code_for(c: Call, operand: Operand) -> str:
    return operand.primary if c.base is not None else operand.code


def kept(c: Call, names: tuple[str, ...], bound: dict[str, Operand], **codes: str | None) -> str:
    return c.render(names, {k: o.code for k, o in bound.items()} | codes)


# --- reshape ----------------------------------------------------------------------------------------------------


def shape_items(rw: Context, operands: list[Operand]) -> list[Operand]:
    """The lengths of a shape given as separate integers or as one tuple or integer."""
    if len(operands) == 1 and isinstance(operands[0].value, (TupleV, ListV)):
        return rw.items(operands[0])
    for operand in operands:
        if not isinstance(operand.value, Array) or operand.value.rank or operand.value.axes:
            raise Unsupported("a shape that varies, or whose length is not known")
    return operands


def lower_reshape(rw: Context, operand: Operand, shape: list[Operand], order: Operand | None) -> Operand:
    value = rw.array(operand)
    wanted = "C" if order is None else rw.pin(order, "order=")
    if wanted == "F" and value.axes:
        rw.may_share(value)
        turned = lower_reshape(rw, permuted(rw, operand, backwards(value.rank)), shape[::-1], None)
        return permuted(rw, turned, backwards(len(shape)))
    if wanted not in ("C", "F"):
        raise Unsupported("reshape in an order that depends on the layout of one example")
    if any(not isinstance(s.value, Array) or s.value.axes for s in shape):
        raise Unsupported("a shape that varies")
    dims: Dims = tuple(s.array.affine if s.array.const is None or s.array.const != -1 else None for s in shape)
    if any(s.array.affine is None for s in shape):
        dims = tuple(d if s.array.affine is not None else None for s, d in zip(shape, dims, strict=True))
    result = value.with_(rank=len(shape), dims=dims)
    lengths = [s.code for s in shape]
    if not value.axes:
        lengths += [] if wanted == "C" else [f'order="{wanted}"']
        return Operand(f"{operand.primary}.reshape({', '.join(lengths) or '()'})", result, fresh=False)
    lead = len(value.axes)
    named = rw.temp(operand, "flat") if not operand.is_name else operand
    if lead == 1 and rw.can_size(value.axes[0]):
        first = [rw.size(value.axes[0])]
    else:
        first = [f"*{named.code}.shape[:{lead}]"] if lead > 1 else [f"{named.code}.shape[0]"]
    return Operand(f"{named.code}.reshape({', '.join(first + lengths)})", result, fresh=False)


def backwards(rank: int) -> list[int]:
    return list(range(rank))[::-1]


@custom(method="reshape", kind="shape")
def method_reshape(rw: Context, c: Call) -> Operand:
    assert c.base is not None
    args = c.args or ([c.keywords["shape"]] if "shape" in c.keywords else [])
    return lower_reshape(rw, rw.as_array(c.base), shape_items(rw, args), c.keywords.get("order"))


@custom(np.reshape, params="a shape order", kind="shape")
def function_reshape(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "shape", "order"))
    return lower_reshape(rw, rw.as_array(bound["a"]), shape_items(rw, [bound["shape"]]), bound.get("order"))


@custom(np.ravel, method="ravel", params="a order", kind="shape")
@custom(method="flatten", params="a order", kind="shape")
def lower_ravel(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "order"))
    order = rw.pin(bound["order"], "order=") if "order" in bound else "C"
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if order != "C" and value.axes:
        if order != "F":
            raise Unsupported(f"{c.name} in an order that depends on the layout of one example")
        operand = permuted(rw, operand, backwards(value.rank))
    fresh = c.function == "flatten"
    if value.axes and not fresh:
        rw.may_share(value)
    if not value.axes:
        result = value.with_(
            rank=1, dims=value.dims if value.rank == 1 else (None,), origins=frozenset() if fresh else value.origins
        )
        return Operand(kept(c, ("a", "order"), bound, a=code_for(c, operand)), result, fresh=fresh)
    flat = flattened(rw, operand)
    if fresh:
        return Operand(
            f"{flat.primary}.copy()", rw.array(flat).with_(origins=frozenset(), dims=rw.array(flat).dims), fresh=True
        )
    return flat


# --- permutations -----------------------------------------------------------------------------------------------


def permuted(rw: Context, operand: Operand, order: list[int], plain: str | None = None) -> Operand:
    """`operand` with its logical axes in `order`."""
    value = rw.array(operand)
    lead = len(value.axes)
    result = value.with_(dims=tuple(value.dims[k] for k in order))
    if order == list(range(value.rank)):
        return operand
    if not lead:
        return Operand(plain or f"{operand.primary}.transpose({', '.join(map(str, order))})", result)
    if order == [*range(value.rank - 2), value.rank - 1, value.rank - 2]:
        if value.rank == 2 and plain is not None and plain.endswith(".mT"):
            return Operand(plain, result)
        return Operand(f"{operand.primary}.swapaxes(-2, -1)", result)
    moved = [str(k) for k in range(lead)] + [str(k + lead) for k in order]
    return Operand(f"{operand.primary}.transpose({', '.join(moved)})", result)


@custom(np.transpose, method="transpose", kind="shape")
def lower_transpose(rw: Context, c: Call) -> Operand:
    args = list(c.args)
    operand = rw.as_array(c.base if c.base is not None else args.pop(0))
    if "axes" in c.keywords:
        args = [c.keywords["axes"]]
    value = rw.array(operand)
    order = list(range(value.rank))[::-1]
    if args and not is_none(args[0]):
        given = rw.pin(args[0], "axes=") if len(args) == 1 else [rw.pin_int(a, "an axis") for a in args]
        order = [k % value.rank for k in (given if isinstance(given, (tuple, list)) else [given])]
    if sorted(order) != list(range(value.rank)):
        raise Unsupported(f"{c.name} with axes that are no permutation")
    if not value.axes:
        code = call(
            f"{operand.primary}.transpose" if c.base is not None else c.function,
            *([] if c.base is not None else [operand.code]),
            *(a.code for a in args),
        )
        return Operand(code, value.with_(dims=tuple(value.dims[k] for k in order)))
    return permuted(rw, operand, order)


def attribute_T(rw: Context, operand: Operand) -> Operand:
    value = rw.array(operand)
    order = list(range(value.rank))[::-1]
    return (
        permuted(rw, operand, order, f"{operand.primary}.T" if not value.axes else None) if value.rank > 1 else operand
    )


@custom(np.swapaxes, method="swapaxes", params="a axis1 axis2", kind="shape")
def lower_swapaxes(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "axis1", "axis2"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    one, two = (rw.logical_axis(bound[k], value.rank, len(value.axes)) for k in ("axis1", "axis2"))
    order = list(range(value.rank))
    i, j = (rw.pin_int(bound[k], "an axis") % value.rank for k in ("axis1", "axis2"))
    order[i], order[j] = order[j], order[i]
    result = value.with_(dims=tuple(value.dims[k] for k in order))
    return Operand(kept(c, ("a", "axis1", "axis2"), bound, a=code_for(c, operand), axis1=one, axis2=two), result)


@custom(np.moveaxis, params="a source destination", kind="shape")
def lower_moveaxis(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "source", "destination"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    lead = len(value.axes)

    def shift(key: str) -> tuple[str, Any]:
        given = rw.pin(bound[key], key)
        many = given if isinstance(given, (tuple, list)) else (given,)
        codes = [str(k if k < 0 else k + lead) for k in many]
        return (tuple_code(codes) if isinstance(given, (tuple, list)) else codes[0]), given

    (source, a), (destination, b) = shift("source"), shift("destination")
    template = np.empty(tuple(range(1, value.rank + 1)))
    order = [n - 1 for n in np.moveaxis(template, a, b).shape]
    result = value.with_(dims=tuple(value.dims[k] for k in order))
    return Operand(
        kept(c, ("a", "source", "destination"), bound, a=operand.code, source=source, destination=destination), result
    )


# --- axes of length one -----------------------------------------------------------------------------------------


@custom(np.expand_dims, params="a axis", kind="shape")
def lower_expand_dims(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "axis"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    given = rw.pin(bound["axis"], "axis=")
    many = list(given) if isinstance(given, (tuple, list)) else [given]
    rank = value.rank + len(many)
    lead = len(value.axes)
    codes = [str(k if k < 0 else k + lead) for k in many]
    dims = list(value.dims)
    for k in sorted(k % rank for k in many):
        dims.insert(k, Affine(1))
    axis = tuple_code(codes) if isinstance(given, (tuple, list)) else codes[0]
    return Operand(
        kept(c, ("a", "axis"), bound, a=operand.code, axis=axis), value.with_(rank=rank, dims=tuple(dims), weak=False)
    )


@custom(np.squeeze, method="squeeze", params="a axis", kind="shape")
def lower_squeeze(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "axis"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    lead = len(value.axes)
    if "axis" not in bound or is_none(bound["axis"]):
        ones = []
        for k, dim in enumerate(value.dims):
            if dim is None:
                raise Unsupported("squeeze of axes whose lengths are not known")
            if rw.equal(dim, Affine(1)):
                ones.append(k)
            elif not (rw.relies_on(dim - 2)):
                raise Unsupported("squeeze of axes whose lengths are not known")
        if not ones:
            return operand
        many, single = ones, len(ones) == 1
    else:
        given = rw.pin(bound["axis"], "axis=")
        single = isinstance(given, int)
        many = [given] if single else list(given)
    codes = [str(k if k < 0 else k + lead) for k in many]
    gone = {k % value.rank for k in many}
    result = value.with_(rank=value.rank - len(gone), dims=tuple(d for k, d in enumerate(value.dims) if k not in gone))
    axis = codes[0] if single else tuple_code(codes)
    return Operand(kept(c, ("a", "axis"), bound, a=code_for(c, operand), axis=axis), result)


def at_least(function: Any, rank: int) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if len(c.args) != 1:
            raise Unsupported(f"{c.name} of several arrays")
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        if not value.axes:
            return Operand(call(c.function, operand.code), value_like(probe(function, value)))
        if value.rank >= rank:
            return operand
        new = np.shape(probe(function, Array(np.dtype(float), value.rank, dims=(Affine(7),) * value.rank)))
        where = list(new)
        index = [":"] * len(value.axes) + [":" if n == 7 else "None" for n in where]
        while index[-1] == ":":
            index.pop()
        return Operand(f"{operand.primary}[{', '.join(index)}]", value.with_(rank=len(new), weak=False))

    register(function, Rule(f"numpy.{function.__name__}", "shape", lower))


for _f, _r in ((np.atleast_1d, 1), (np.atleast_2d, 2), (np.atleast_3d, 3)):
    at_least(_f, _r)


@custom(np.broadcast_to, params="array shape", kind="shape")
def lower_broadcast_to(rw: Context, c: Call) -> Operand:
    bound = c.bind(("array", "shape"))
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    shape = shape_items(rw, [bound["shape"]])
    dims = tuple(s.array.affine for s in shape)
    if not value.axes:
        return Operand(
            kept(c, ("array", "shape"), bound, array=operand.code), value.with_(rank=len(shape), dims=dims, weak=False)
        )
    operand = rw.expand(operand, value.axes, len(shape))
    code = call(c.function, operand.code, tuple_code([*(rw.size(x) for x in value.axes), *(s.code for s in shape)]))
    return Operand(code, value.with_(rank=len(shape), dims=dims, weak=False))


# --- joining ----------------------------------------------------------------------------------------------------


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


# --- repeating and moving ---------------------------------------------------------------------------------------


@custom(np.tile, params="A reps", kind="shape")
def lower_tile(rw: Context, c: Call) -> Operand:
    bound = c.bind(("A", "reps"))
    operand = rw.as_array(bound["A"])
    value = rw.array(operand)
    reps = shape_items(rw, [bound["reps"]])
    rank = max(value.rank, len(reps))
    if not value.axes:
        return Operand(kept(c, ("A", "reps"), bound, A=operand.code), value.with_(rank=rank, weak=False), fresh=True)
    operand = rw.expand(operand, value.axes, rank)
    counts = ["1"] * (len(value.axes) + rank - len(reps)) + [r.code for r in reps]
    return Operand(
        call(c.function, operand.code, tuple_code(counts)),
        value.with_(rank=rank, weak=False, origins=frozenset()),
        fresh=True,
    )


@custom(np.repeat, method="repeat", params="a repeats axis", kind="shape")
def lower_repeat(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "repeats", "axis"))
    operand = rw.as_array(bound["a"])
    if rw.array(bound["repeats"]).axes:
        raise Unsupported("np.repeat by numbers that vary")
    whole = "axis" not in bound or is_none(bound["axis"])
    if whole and rw.array(operand).axes:
        operand = flattened(rw, operand)
    value = rw.array(operand)
    lead = len(value.axes)
    if whole:
        result = value.with_(rank=1, weak=False, origins=frozenset())
        axis = str(lead) if lead else None
    else:
        k = rw.pin_int(bound["axis"], "axis=")
        axis = rw.logical_axis(bound["axis"], value.rank, lead)
        result = value.with_(
            dims=tuple(None if j == k % value.rank else d for j, d in enumerate(value.dims)), origins=frozenset()
        )
    return Operand(kept(c, ("a", "repeats", "axis"), bound, a=code_for(c, operand), axis=axis), result, fresh=True)


def lower_roll(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "shift", "axis"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if not is_uniform(bound["shift"].value):
        raise Unsupported("np.roll by a shift that varies")
    whole = "axis" not in bound or is_none(bound["axis"])
    fresh = value.with_(origins=frozenset(), dims=value.dims)
    if not value.axes:
        return Operand(kept(c, ("a", "shift", "axis"), bound, a=operand.code), fresh, fresh=True)
    if whole:
        if value.rank != 1:
            return _rolled_flat(rw, operand, bound["shift"])
        axis: str | None = str(len(value.axes))
    else:
        given = rw.pin(bound["axis"], "axis=")
        many = given if isinstance(given, tuple) else (given,)
        codes = [str(k if k < 0 else k + len(value.axes)) for k in many]
        axis = tuple_code(codes) if isinstance(given, tuple) else codes[0]
    return Operand(kept(c, ("a", "shift", "axis"), bound, a=operand.code, axis=axis), fresh, fresh=True)


def _rolled_flat(rw: Context, operand: Operand, shift: Operand) -> Operand:
    """A roll over all axes goes through the flattened array."""
    value = rw.array(operand)
    if not value.rank or not isinstance(shift.value, Array):
        raise Unsupported("np.roll of a single number")
    named = rw.temp(operand, "operand")
    rolled = call(rw.np("roll"), flattened(rw, named).code, shift.code, axis=str(len(value.axes)))
    fresh = value.with_(origins=frozenset(), dims=value.dims)
    return Operand(f"{rolled}.reshape({named.code}.shape)", fresh, fresh=True)


@custom(np.flip, params="m axis", kind="shape")
def lower_flip(rw: Context, c: Call) -> Operand:
    bound = c.bind(("m", "axis"))
    operand = rw.as_array(bound["m"])
    value = rw.array(operand)
    lead = len(value.axes)
    if not lead:
        return Operand(kept(c, ("m", "axis"), bound, m=operand.code), value.with_(dims=value.dims))
    if "axis" not in bound or is_none(bound["axis"]):
        codes = [str(lead + k) for k in range(value.rank)]
        axis = codes[0] if len(codes) == 1 else tuple_code(codes)
    else:
        given = rw.pin(bound["axis"], "axis=")
        many = given if isinstance(given, tuple) else (given,)
        codes = [str(k if k < 0 else k + lead) for k in many]
        axis = tuple_code(codes) if isinstance(given, tuple) else codes[0]
    return Operand(kept(c, ("m", "axis"), bound, m=operand.code, axis=axis), value.with_(dims=value.dims))


def flip_axis(function: Any, axis: int) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        if not value.axes:
            return Operand(call(c.function, operand.code), value.with_(dims=value.dims))
        return Operand(
            call(rw.np("flip"), operand.code, axis=str(len(value.axes) + axis)), value.with_(dims=value.dims)
        )

    register(function, Rule(f"numpy.{function.__name__}", "shape", lower))


flip_axis(np.flipud, 0)
flip_axis(np.fliplr, 1)


@custom(np.pad, params="array pad_width mode", kind="shape")
def lower_pad(rw: Context, c: Call) -> Operand:
    extra = {k: o for k, o in c.keywords.items() if k not in ("array", "pad_width", "mode")}
    c = Call(c.function, c.args, {k: o for k, o in c.keywords.items() if k not in extra}, c.base, c.target)
    bound = c.bind(("array", "pad_width", "mode"))
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    if any(rw.array(o).axes for o in extra.values() if isinstance(o.value, Array)):
        raise Unsupported("np.pad with values that vary")
    tail = {k: o.code for k, o in extra.items()}
    if not value.axes:
        return Operand(
            call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()}, **tail),
            value.with_(dims=()),
            fresh=True,
        )
    width = (
        rw.pin(bound["pad_width"], "pad_width") if not isinstance(bound["pad_width"].value, (TupleV, ListV)) else None
    )
    if isinstance(width, int):
        code = (
            f"[(0, 0)] * {len(value.axes)} + [({width}, {width})] * {value.rank}"
            if value.rank > 1
            else tuple_code(["(0, 0)"] * len(value.axes) + [f"({width}, {width})"])
        )
    else:
        items = rw.items(bound["pad_width"])
        pairs = all(isinstance(i.value, (TupleV, ListV)) for i in items)
        if pairs and len(items) == value.rank:
            code = tuple_code(["(0, 0)"] * len(value.axes) + [i.code for i in items])
        elif pairs and len(items) == 1:
            code = tuple_code(["(0, 0)"] * len(value.axes) + [items[0].code] * value.rank)
        elif not pairs and len(items) == 2 and value.rank >= 1:
            both = bound["pad_width"].code
            code = tuple_code(["(0, 0)"] * len(value.axes) + [both] * value.rank)
        else:
            raise Unsupported("np.pad in a form that has no rule")
    codes = {k: o.code for k, o in bound.items()} | {"array": operand.code, "pad_width": code}
    rendered = c.render(("array", "pad_width", "mode"), codes)
    if tail:
        rendered = rendered[:-1] + ", " + ", ".join(f"{k}={v}" for k, v in tail.items()) + ")"
    return Operand(rendered, value.with_(dims=(), origins=frozenset()), fresh=True)


# --- splitting, diagonals, taking -------------------------------------------------------------------------------


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

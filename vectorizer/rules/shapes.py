"""Functions that move, join, split and repeat axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.reductions import flattened
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Affine, Array, Dims, ListV, TupleV, Unsupported


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
    result = value.with_(rank=len(shape), dims=dims, zero_d=not shape)
    lengths = [s.code for s in shape]
    if not value.axes and not value.rank:  # perhaps a number of Python's, which has no methods
        return Operand(call(rw.np("reshape"), operand.code, tuple_code(lengths)), result, fresh=False)
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
        if not all(-value.rank <= k < value.rank for k in many):
            raise Unsupported(f"squeeze of an axis that an array of rank {value.rank} does not have")
    codes = [str(k if k < 0 else k + lead) for k in many]
    gone = {k % value.rank for k in many}
    dims = tuple(d for k, d in enumerate(value.dims) if k not in gone)
    result = value.with_(rank=len(dims), dims=dims, zero_d=not dims)
    axis = codes[0] if single else tuple_code(codes)
    return Operand(kept(c, ("a", "axis"), bound, a=code_for(c, operand), axis=axis), result)


def at_least(function: Any, rank: int) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if len(c.args) != 1:
            raise Unsupported(f"{c.name} of several arrays")
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        if not value.axes:
            made = value_like(probe(function, value))
            assert isinstance(made, Array)
            return Operand(call(c.function, operand.code), made.with_(origins=value.origins))
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

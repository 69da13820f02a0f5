"""Functions that choose between values, or compare whole arrays: select, choose, piecewise, allclose, array_equal."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import composite, integer, length_of, uniform_call
from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import broadcast_dims
from vectorizer.rules.indexing import subscript
from vectorizer.rules.table import Call, Rule, probe, register
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Affine, Array, ListV, Obj, Opaque, TupleV, Unsupported, is_uniform, number

Bound = dict[str, Operand]
BOOL = np.dtype(bool)


def parts_of(rw: Context, operand: Operand) -> list[Operand]:
    if not isinstance(operand.value, (TupleV, ListV)):
        raise Unsupported("a list whose items are not known one by one")
    return [rw.as_array(p) for p in rw.items(operand)]


def no_weak(values: list[Array]) -> None:
    """Python numbers that vary are held in arrays, which promote in another way."""
    if any(v.weak and v.axes for v in values):
        raise Unsupported("a choice among Python numbers that vary")


def listed(operands: list[Operand]) -> str:
    return f"[{', '.join(o.code for o in operands)}]"


@composite(np.select, "condlist choicelist default", "choice")
def lower_select(rw: Context, c: Call, bound: Bound) -> Operand:
    tests, choices = parts_of(rw, bound["condlist"]), parts_of(rw, bound["choicelist"])
    default = [rw.as_array(bound["default"])] if "default" in bound else []
    values = [rw.array(o) for o in (*tests, *choices, *default)]
    no_weak(values)
    if any(v.kind != "b" for v in values[: len(tests)]) or len(tests) != len(choices) or not tests:
        raise Unsupported("np.select in a form that has no rule")
    typical = [Array(v.dtype, 0, weak=v.weak) for v in values[len(tests) :]]
    extra = typical[len(choices) :]
    dtype = np.asarray(probe(np.select, [True] * len(tests), _dummies(typical[: len(choices)]), *extra)).dtype
    aligned, axes, rank = rw.align([*tests, *choices, *default])
    last = aligned[-1].code if default else None
    code = call(c.function, listed(aligned[: len(tests)]), listed(aligned[len(tests) : 2 * len(tests)]), default=last)
    dims = broadcast_dims(values, rank)
    return Operand(code, Array(dtype, rank, axes, dims=dims, zero_d=not rank), fresh=True)


def _dummies(values: list[Array]) -> ListV:
    return ListV(tuple(values))


def choices_of(rw: Context, operand: Operand) -> list[Operand]:
    """The choices one by one, also those that are the rows of an array."""
    if isinstance(operand.value, (TupleV, ListV)):
        return parts_of(rw, operand)
    named = rw.temp(rw.as_array(operand), "choices")
    count = length_of(rw, named, 0)
    if count > 32:
        raise Unsupported("np.choose among many rows")
    return [subscript(rw, named, [integer(k)]) for k in range(count)]


@composite(np.choose, "a choices out mode", "choice", method="choose")
def lower_choose(rw: Context, c: Call, bound: Bound) -> Operand:
    choices = choices_of(rw, bound["choices"])
    index = rw.as_array(bound["a"])
    values = [rw.array(o) for o in (index, *choices)]
    no_weak(values)
    dtype = np.asarray(probe(np.choose, 0, ListV(tuple(Array(v.dtype, 0, weak=v.weak) for v in values[1:])))).dtype
    aligned, axes, rank = rw.align([index, *choices])
    rw.hazard("np.choose may raise")
    mode = bound["mode"].code if "mode" in bound else None
    code = call(rw.np("choose"), aligned[0].code, listed(aligned[1:]), mode=mode)
    return Operand(code, Array(dtype, rank, axes, dims=broadcast_dims(values, rank)), fresh=True)


@composite(np.piecewise, "x condlist funclist", "choice")
def lower_piecewise(rw: Context, c: Call, bound: Bound) -> Operand:
    """With numbers for functions; the result has the dtype of `x`."""
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    tests, functions = parts_of(rw, bound["condlist"]), rw.items(bound["funclist"])
    numbers = [f.value for f in functions]
    if not value.rank or not all(isinstance(f, Array) and f.rank == 0 and is_uniform(f) for f in numbers):
        raise Unsupported("np.piecewise with functions")
    if any(rw.array(t).rank != value.rank or rw.array(t).axes != value.axes for t in tests):
        raise Unsupported("np.piecewise with conditions of another shape")
    rw.hazard("np.piecewise may raise")
    code = call(c.function, operand.code, listed(tests), listed(functions))
    return Operand(code, value.with_(dims=value.dims, origins=frozenset()), fresh=True)


# --- whole arrays -----------------------------------------------------------------------------------------------


def whole(rw: Context, code: str, rank: int, axes: Any, count: int) -> Operand:
    """Whether something holds for all elements of an example: a Python bool."""
    places = [str(count + k) for k in range(rank)]
    if places:
        code = f"{code}.all(axis={places[0] if len(places) == 1 else tuple_code(places)})"
    return Operand(code, Array(BOOL, 0, axes, weak=True), fresh=True)


@composite(np.allclose, "a b rtol atol equal_nan", "comparison")
def lower_allclose(rw: Context, c: Call, bound: Bound) -> Operand:
    operands = [rw.as_array(bound["a"]), rw.as_array(bound["b"])]
    no_weak([rw.array(o) for o in operands])
    extra = {k: o for k, o in bound.items() if k not in ("a", "b")}
    if not all(is_uniform(o.value) for o in extra.values()):
        raise Unsupported("np.allclose with a tolerance that varies")
    (a, b), axes, rank = rw.align(operands)
    code = call(rw.np("isclose"), a.code, b.code, **{k: o.code for k, o in extra.items()})
    return whole(rw, code, rank, axes, len(axes))


def are_same(a: Any, b: Any) -> Any:
    return a == b


def are_same_or_nan(a: Any, b: Any) -> Any:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def never() -> Operand:
    return Operand("False", number(False))


def differs(rw: Context, one: Affine | None, other: Affine | None) -> bool:
    """Whether two lengths are not the same: now, and guarded."""
    return one is not None and other is not None and (rw.relies_on(one - other - 1) or rw.relies_on(other - one - 1))


@composite(np.array_equal, "a1 a2 equal_nan", "comparison")
def lower_array_equal(rw: Context, c: Call, bound: Bound) -> Operand:
    operands = [rw.as_array(bound["a1"]), rw.as_array(bound["a2"])]
    a, b = (rw.array(o) for o in operands)
    nan = "equal_nan" in bound and bool(rw.pin(bound["equal_nan"], "equal_nan="))
    if a.rank != b.rank or any(differs(rw, x, y) for x, y in zip(a.dims, b.dims, strict=True)):
        return never()
    if not all(rw.equal(x, y) for x, y in zip(a.dims, b.dims, strict=True)):
        raise Unsupported("np.array_equal of arrays whose lengths are not known to be the same")
    floats = nan and "f" in (a.kind, b.kind)
    return all_of(rw, rw.inline(are_same_or_nan if floats else are_same, a=operands[0], b=operands[1]))


@composite(np.array_equiv, "a1 a2", "comparison")
def lower_array_equiv(rw: Context, c: Call, bound: Bound) -> Operand:
    operands = [rw.as_array(bound["a1"]), rw.as_array(bound["a2"])]
    a, b = (rw.array(o) for o in operands)
    for x, y in zip(a.dims[::-1], b.dims[::-1], strict=False):
        if not rw.equal(x, y) and not rw.equal(x, Affine(1)) and not rw.equal(y, Affine(1)):
            if differs(rw, x, y):
                return never()
            raise Unsupported("np.array_equiv of arrays whose lengths are not known")
    return all_of(rw, rw.inline(are_same, a=operands[0], b=operands[1]))


def all_of(rw: Context, test: Operand) -> Operand:
    value = rw.array(test)
    return whole(rw, f"({test.code})" if value.rank else test.code, value.rank, value.axes, len(value.axes))


# --- what is known without looking ------------------------------------------------------------------------------


def known(function: Any) -> None:
    """A function of dtypes and ranks: what it gives is known now."""

    def lower(rw: Context, c: Call) -> Operand:
        values = [rw.array(a) for a in c.args]
        if all(is_uniform(v) for v in values):
            return uniform_call(c, function)
        if any(v.weak and v.axes or v.zero_d for v in values) or c.keywords:
            raise Unsupported(f"{c.name} in a form that has no rule")
        result = probe(function, *(Array(v.dtype, v.rank) for v in values))
        return Operand(str(result), number(result))

    register(function, Rule(f"numpy.{function.__name__}", "fact", lower))


for _f in (np.isscalar, np.ndim, np.iscomplexobj, np.isrealobj):
    known(_f)


def lower_shape(rw: Context, c: Call) -> Operand:
    if len(c.args) != 1 or c.keywords:
        raise Unsupported("np.shape in a form that has no rule")
    made: Operand = rw.attribute(rw.as_array(c.args[0]), "shape")
    return made


def lower_size(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "axis"))
    operand = rw.as_array(bound["a"])
    if "axis" not in bound or isinstance(bound["axis"].value, Obj):
        made: Operand = rw.attribute(operand, "size")
        return made
    axis = rw.pin_int(bound["axis"], "an axis")
    parts = rw.items(rw.attribute(operand, "shape"))
    if not -len(parts) <= axis < len(parts):
        raise Unsupported("an axis that is out of range")
    return parts[axis]


register(np.shape, Rule("numpy.shape", "fact", lower_shape))
register(np.size, Rule("numpy.size", "fact", lower_size))


def limits(function: Any) -> None:
    """finfo and iinfo: of a dtype that is known, whose attributes are numbers."""

    def lower(rw: Context, c: Call) -> Operand:
        code = call(c.function, *(a.code for a in c.args))
        if len(c.args) != 1 or c.keywords:
            raise Unsupported(f"{c.name} in a form that has no rule")
        given = c.args[0].value
        if isinstance(given, Array):
            return Operand(code, Obj(function(given.dtype))) if not given.weak else Operand(code, Opaque())
        return Operand(code, Obj(function(rw.pin(c.args[0], "a dtype"))))

    register(function, Rule(f"numpy.{function.__name__}", "fact", lower))


limits(np.finfo)
limits(np.iinfo)


@composite(np.result_type, "a b c d", "fact")
def lower_result_type(rw: Context, c: Call, bound: Bound) -> Operand:
    values = [o.value for o in c.args]
    if any(isinstance(v, Array) and v.weak and v.axes for v in values):
        raise Unsupported("np.result_type of Python numbers that vary")
    return Operand(call(c.function, *(a.code for a in c.args)), Obj(probe(np.result_type, *values)))


@composite(np.unravel_index, "indices shape order", "indexing")
def lower_unravel_index(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["indices"])
    value = rw.array(operand)
    shape = bound["shape"].value
    if not is_uniform(shape) or "order" in bound or value.kind not in "iu":
        raise Unsupported("np.unravel_index in a form that has no rule")
    count = len(shape.items) if isinstance(shape, (TupleV, ListV)) else 1
    rw.hazard("np.unravel_index may raise")
    part = Array(np.dtype(np.intp), value.rank, value.axes, dims=value.dims)
    return Operand(call(c.function, operand.code, bound["shape"].code), TupleV((part,) * count), fresh=True)


@composite(np.ravel_multi_index, "multi_index dims mode order", "indexing")
def lower_ravel_multi_index(rw: Context, c: Call, bound: Bound) -> Operand:
    parts = parts_of(rw, bound["multi_index"])
    values = [rw.array(p) for p in parts]
    extra = {k: o for k, o in bound.items() if k not in ("multi_index", "dims")}
    if not all(is_uniform(o.value) for o in (bound["dims"], *extra.values())):
        raise Unsupported("np.ravel_multi_index in a form that has no rule")
    aligned, axes, rank = rw.align(parts)
    rw.hazard("np.ravel_multi_index may raise")
    keywords = {k: o.code for k, o in extra.items()}
    code = call(c.function, tuple_code([a.code for a in aligned]), bound["dims"].code, **keywords)
    return Operand(code, Array(np.dtype(np.intp), rank, axes, dims=broadcast_dims(values, rank)), fresh=True)

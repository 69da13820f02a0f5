"""Elementwise functions: every ufunc of NumPy, derived from NumPy itself, and the functions that act like one."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.narrowing import is_narrowing, narrowed
from vectorizer.rules.table import Call, Lower, Rule, custom, probe, register, ufunc_dtypes, value_like
from vectorizer.source.operand import Operand, call
from vectorizer.values import MISSING, Affine, Array, Axes, Dims, Obj, TupleV, Unsupported, promote

# Elementwise functions that neither raise nor warn on finite operands: both sides of a `where` may compute them.
QUIET = frozenset(
    """add subtract multiply negative positive absolute fabs maximum minimum fmax fmin equal not_equal less less_equal
    greater greater_equal logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_xor invert sign
    floor ceil rint trunc isnan isinf isfinite copysign conjugate signbit square sin cos tanh arctan arctan2 hypot
    deg2rad rad2deg degrees radians cbrt heaviside""".split()
)
DIVISIONS = frozenset(("divide", "true_divide", "floor_divide", "remainder", "fmod"))


def broadcast_dims(values: list[Array], rank: int, rw: Context | None = None) -> Dims:
    """The logical lengths of an elementwise result, where all operands agree on them."""
    dims: list[Affine | None] = []
    for k in range(rank):
        found = {v.dims[k - rank + v.rank] for v in values if v.rank >= rank - k}
        found.discard(Affine(1))
        if not found:
            dims.append(Affine(1))
        else:
            known = [d for d in found if d is not None and d.is_const]
            if len(found) == 2 and not known and rw is not None and None not in found and rw.equal(*found):
                dims.append(min(d for d in found if d is not None))
            else:
                dims.append(found.pop() if len(found) == 1 else known[0] if len(known) == 1 else None)
    return tuple(dims)


def strengthen(rw: Context, operands: list[Operand], ufunc: np.ufunc) -> list[Operand]:
    """Casts varying Python numbers, which are held in arrays, so that they promote weakly as they would one by one."""
    values = [rw.array(operand) for operand in operands]
    if not any(v.weak and v.axes and v.kind in "ifc" for v in values):
        return operands
    if all(v.weak for v in values):
        return operands
    if any(v.dtype is None for v in values):
        raise Unsupported("the dtype beside a Python number is not known")
    if ufunc_dtypes(ufunc, values) == ufunc_dtypes(ufunc, values, strong=True) and ufunc.__name__ not in DIVISIONS:
        return operands
    strong = np.result_type(*(v.dtype for v in values if not v.weak and v.dtype is not None))
    cast = []
    for operand, value in zip(operands, values, strict=True):
        if value.weak and value.axes and value.kind in "ifc":
            python = {"i": 1, "f": 1.0, "c": 1j}[value.kind]
            dtype = np.result_type(strong, python)
            if dtype != value.dtype:
                code = f"{operand.primary}.astype({rw.dtype_code(dtype)})"
                fits = not is_narrowing(value, dtype)
                operand = Operand(code, value.with_(dtype=dtype), fresh=True) if fits else narrowed(rw, operand, dtype)
        cast.append(operand)
    return cast


def is_nonzero_constant(value: Array) -> bool:
    return value.const is not MISSING and bool(value.const != 0)


def note_hazard(rw: Context, name: str, values: list[Array]) -> None:
    if rw.on_device:
        refuse_integers(name, values)
    if not any(v.axes for v in values) and not rw.regions and not rw.loops and not rw.speculating:
        return
    if name in DIVISIONS and is_nonzero_constant(values[-1]):
        return
    if name == "power" and values[1].const is not MISSING and values[1].const in (1, 2, 3):
        return
    if name == "right_shift" and values[1].const is not MISSING and values[1].const >= 0:
        return
    if name not in QUIET:
        rw.hazard(f"{name} could warn for examples that do not take this path", only_warns=True)


def refuse_integers(name: str, values: list[Array]) -> None:
    """What integers give on a device where NumPy raises, or has a rule of its own: there it is not defined."""
    if any(v.kind not in "iub" for v in values) or name not in ("power", "left_shift", "right_shift"):
        return
    last = values[-1].const
    if last is MISSING or not 0 <= last < 64:
        raise Unsupported(f"{name} of integers by a number that may be negative or large, on a device")


def ufunc_result(ufunc: np.ufunc, values: list[Array], axes: Any, rank: int, dtype: Any = None) -> Any:
    dtypes = ufunc_dtypes(ufunc, values) if dtype is None else (np.dtype(dtype),) * ufunc.nout
    dims = broadcast_dims(values, rank)
    results = tuple(Array(d, rank, axes, dims=dims) for d in dtypes)
    return results[0] if ufunc.nout == 1 else TupleV(results)


GUFUNC: list[Lower] = []  # filled by the module of contractions, which imports this one


def lower_ufunc(rw: Context, c: Call) -> Operand:
    """A ufunc: operands are aligned, the call stays."""
    ufunc: np.ufunc = c.target
    if ufunc.signature is not None:
        return GUFUNC[0](rw, c)
    if len(c.args) < ufunc.nin:
        raise Unsupported(f"{c.name} is called with too few arguments")
    if len(c.args) == ufunc.nin + 1 and ufunc.nout == 1 and "out" not in c.keywords:
        c = Call(c.function, c.args[: ufunc.nin], c.keywords | {"out": c.args[-1]}, None, c.target, c.site)
    if len(c.args) > ufunc.nin or "out" in c.keywords and ufunc.nout != 1:
        raise Effect(f"{c.name} is called in a form that has no rule")
    if c.keywords.keys() - {"out", "where", "dtype", "casting"}:
        raise Unsupported(f"{c.name} is called in a form that has no rule")
    operands = [rw.as_array(arg) for arg in c.args]
    operands = strengthen(rw, operands, ufunc)
    operands, harmless = rw.guarded(ufunc.__name__, operands)
    values = [rw.array(operand) for operand in operands]
    if not harmless:
        note_hazard(rw, ufunc.__name__, values)
    dtype = rw.pin(c.keywords["dtype"], "dtype") if "dtype" in c.keywords else None
    aligned, axes, rank = rw.align(operands)
    if "out" in c.keywords and isinstance(c.keywords["out"].value, TupleV) and ufunc.nout == 1:
        (c.keywords["out"],) = rw.items(c.keywords["out"])
    if "out" in c.keywords and is_none(c.keywords["out"]):
        c.keywords.pop("out")
    if "out" in c.keywords or "where" in c.keywords:
        try:
            return _ufunc_out(rw, c, ufunc, operands, axes, rank)
        except Unsupported as error:
            raise (Effect(error.reason) if "out" in c.keywords else error) from None
    code = call(c.function, *(a.code for a in aligned), **{k: o.code for k, o in c.keywords.items()})
    result = ufunc_result(ufunc, values, axes, rank, dtype)
    factors = tuple(c.args) if ufunc is np.multiply else ()
    return Operand(code, result, fresh=True, factors=factors)


def _ufunc_out(rw: Context, c: Call, ufunc: np.ufunc, operands: list[Operand], axes: Axes, rank: int) -> Operand:
    out = c.keywords.get("out")
    if out is None or ufunc.nout != 1:
        raise Unsupported(f"{c.name} with where= and no out= leaves parts of its result undefined")
    target = rw.array(out)
    where = c.keywords.get("where")
    if where is not None and not (isinstance(where.value, Array)):
        raise Unsupported("where= is not an array")
    all_axes = set(axes) | set(rw.array(where).axes if where is not None else ())
    if all_axes - set(target.axes) or target.rank < rank:
        rw.store_needs(out, tuple(sorted(all_axes)))
    if rw.regions or rw.loops:
        raise Unsupported("out= inside a loop or branch that has become an array operation")
    codes = (
        [rw.expand(a, target.axes, target.rank).code for a in operands] if target.axes else [a.code for a in operands]
    )
    keywords = {k: o.code for k, o in c.keywords.items()}
    if where is not None:
        keywords["where"] = rw.expand(where, target.axes, target.rank).code
    rw.written(out)
    return Operand(call(c.function, *codes, **keywords), target)


def lower_where(rw: Context, c: Call) -> Operand:
    if len(c.args) != 3 or c.keywords:
        raise Unsupported("np.where with one argument gives as many indices as there are hits")
    condition, first, second = (rw.as_array(arg) for arg in c.args)
    return select(rw, condition, first, second, c.function)


def select(rw: Context, condition: Operand, first: Operand, second: Operand, function: str | None = None) -> Operand:
    """``np.where(condition, first, second)`` with the dtype that NumPy gives example by example."""
    values = [rw.array(o) for o in (condition, first, second)]
    dtype, weak = promote(values[1], values[2])
    sides = []
    for operand, value in ((first, values[1]), (second, values[2])):
        if value.weak and value.axes and dtype is not None and value.dtype != dtype:
            operand = Operand(f"{operand.primary}.astype({rw.dtype_code(dtype)})", value.with_(dtype=dtype))
        sides.append(operand)
    aligned, axes, rank = rw.align([condition, *sides])
    dims = broadcast_dims(values, rank)
    code = call(function or rw.np("where"), *(a.code for a in aligned))
    return Operand(code, Array(dtype, rank, axes, weak=weak and function is None, dims=dims), fresh=True)


register(np.where, Rule("numpy.where", "elementwise", lower_where))


def elementwise(function: Any, params: str, operands: int = 1, method: str | None = None) -> None:
    """A function that is no ufunc but acts elementwise on its first `operands` parameters."""
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        arrays = {k: rw.as_array(bound[k]) for k in names[:operands] if k in bound and not is_none(bound[k])}
        aligned, axes, rank = rw.align(list(arrays.values()))
        values = [rw.array(o) for o in arrays.values()]
        plain = {k: rw.pin(o, f"{k}=") for k, o in bound.items() if k not in arrays}
        if plain.get("copy") is False:
            raise Effect(f"{c.name} with copy=False")
        result = probe(function, **{k: v.value for k, v in arrays.items()}, **plain)
        codes = {k: o.code for k, o in bound.items()} | dict(zip(arrays, (a.code for a in aligned), strict=True))
        shape = value_like(result)
        dtype = shape.dtype if isinstance(shape, Array) else None
        if any(v.weak and v.axes for v in values) and any(not v.weak for v in values):
            raise Unsupported(f"{c.name} of Python numbers that vary")
        return Operand(c.render(names, codes), Array(dtype, rank, axes, dims=broadcast_dims(values, rank)), fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "elementwise", lower, names), method)


def is_none(operand: Operand) -> bool:
    return isinstance(operand.value, Obj) and operand.value.value is None


elementwise(np.round, "a decimals out", 1, method="round")
elementwise(np.around, "a decimals out", 1)
elementwise(np.nan_to_num, "x copy nan posinf neginf", 1)
elementwise(np.angle, "z deg", 1)
elementwise(np.isclose, "a b rtol atol equal_nan", 2)
elementwise(np.sinc, "x", 1)
elementwise(np.i0, "x", 1)
elementwise(np.fix, "x out", 1)
elementwise(np.isreal, "x", 1)
elementwise(np.iscomplex, "x", 1)
elementwise(np.isposinf, "x out", 1)
elementwise(np.isneginf, "x out", 1)


@custom(np.copy, method="copy", params="a order", kind="elementwise")
def lower_copy(rw: Context, c: Call) -> Operand:
    base = rw.as_array(c.bind(("a", "order"))["a"])
    value = rw.array(base)
    code = f"{base.primary}.copy()" if c.base is not None else call(c.function, base.code)
    return Operand(code, value.with_(origins=frozenset(), dims=value.dims, weak=False), fresh=True)


@custom(method="conj", params="a", kind="elementwise")
@custom(method="conjugate", params="a", kind="elementwise")
def lower_conj(rw: Context, c: Call) -> Operand:
    base = rw.as_array(c.bind(("a",))["a"])
    return Operand(f"{base.primary}.{c.function}()", rw.array(base).with_(dims=rw.array(base).dims), fresh=False)


@custom(np.astype, method="astype", params="a dtype order casting subok copy", kind="elementwise")
def lower_astype(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "dtype", "order", "casting", "subok", "copy"))
    value = rw.array(bound["a"])
    dtype = np.dtype(rw.pin(bound["dtype"], "a dtype"))
    if value.kind in "fc" and dtype.kind in "iu":
        rw.hazard("a cast to integers could warn", only_warns=True)
    codes = {k: o.code for k, o in bound.items()} | {"a": bound["a"].primary if c.base is not None else bound["a"].code}
    code = c.render(("a", "dtype", "order", "casting", "subok", "copy"), codes)
    origins = value.origins if "copy" in bound else frozenset[object]()
    return Operand(
        code, value.with_(dtype=dtype, weak=False, dims=value.dims, origins=origins), fresh="copy" not in bound
    )


@custom(np.clip, method="clip", params="a a_min a_max out min max", kind="elementwise")
def lower_clip(rw: Context, c: Call) -> Operand:
    """Bounds may be called `a_min` or, as for the method, `min`; either may be missing."""
    bound = c.bind(("a", "a_min", "a_max", "out", "min", "max"))
    bounds = [_bound(bound, "a_min", "min"), _bound(bound, "a_max", "max")]
    given = [o for o in bounds if o is not None]
    operands = [rw.as_array(o) for o in (bound["a"], *given)]
    values = [rw.array(o) for o in operands]
    if any(v.weak and v.axes for v in values) and not all(v.weak for v in values):
        raise Unsupported(f"{c.name} of Python numbers that vary")
    dtype = np.asarray(probe(np.clip, values[0], *_limits(bounds, values[1:]))).dtype
    aligned, axes, rank = rw.align(operands)
    rest = iter(a.code for a in aligned[1:])
    codes = [None if o is None else next(rest) for o in bounds]
    result = Array(dtype, rank, axes, dims=broadcast_dims(values, rank))
    if all(codes):
        return Operand(call(rw.np("clip"), aligned[0].code, *(x for x in codes if x)), result, fresh=True)
    return Operand(call(rw.np("clip"), aligned[0].code, min=codes[0], max=codes[1]), result, fresh=True)


def _bound(bound: dict[str, Operand], *names: str) -> Operand | None:
    found = [bound[n] for n in names if n in bound and not is_none(bound[n])]
    return found[0] if found else None


def _limits(bounds: list[Operand | None], values: list[Array]) -> list[Any]:
    rest = iter(values)
    return [None if o is None else next(rest) for o in bounds]


def part(function: Any) -> None:
    """real and imag: the attribute, which is a view."""

    def lower(rw: Context, c: Call) -> Operand:
        operand = rw.as_array(c.bind(("val",))["val"])
        value = rw.array(operand)
        dtype = np.dtype(f"f{value.dtype.itemsize // 2}") if value.dtype and value.kind == "c" else value.dtype
        return Operand(call(c.function, operand.code), value.with_(dtype=dtype, dims=value.dims, weak=False))

    register(function, Rule(f"numpy.{function.__name__}", "elementwise", lower, ("val",)))


part(np.real)
part(np.imag)

"""Functions that make arrays.  What they are given is mostly uniform; a buffer that will hold varying values is born
with the batch axes that the plan gives its site."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import at_rank
from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.layouts import lower_meshgrid as lower_varying_grid
from vectorizer.rules.narrowing import may_exceed, narrowed
from vectorizer.rules.reductions import flattened
from vectorizer.rules.shapes import kept, shape_items
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import Operand, argument_list, call
from vectorizer.values import Affine, Array, Dims, ListV, SeqV, TupleV, Unsupported, Value, is_uniform


def dims_of(shape: list[Operand]) -> Dims:
    return tuple(s.array.affine for s in shape)


def filling(function: Any, params: str) -> None:
    """zeros, ones, empty, full: the shape gets the batch axes where the plan says so."""
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        if "order" in bound:
            raise Unsupported(f"{c.name} with order=")
        given = bound["shape"]
        if isinstance(given.value, Array) and given.value.rank:
            raise Unsupported("a shape that is an array")
        shape = shape_items(rw, [given])
        if any(s.array.axes for s in shape):
            raise Unsupported("an array whose shape differs between the examples")
        fill = bound.get("fill_value")
        value = rw.array(fill) if fill is not None else Array(np.dtype(float), 0)
        dtype = (
            np.dtype(rw.pin(bound["dtype"], "a dtype")) if "dtype" in bound and not is_none(bound["dtype"]) else None
        )
        dtype = dtype or (value.dtype if fill is not None else np.dtype(float))
        axes = rw.promoted_axes(c)
        if fill is not None and value.rank > len(shape):
            raise Unsupported("np.full with an array of a higher rank")
        result = Array(dtype, len(shape), axes, dims=dims_of(shape), zero_d=not shape)
        codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
        if axes:
            codes["shape"] = rw.shape_code(axes, [s.code for s in shape])
            codes["order"] = '"F"' if rw.site(c) in rw.plan.batch_last else None
        if fill is not None and value.axes:
            if set(value.axes) - set(axes):
                rw.plan.promote(rw.site(c), value.axes)
            filler = rw.expand(fill, axes, len(shape))
            codes["fill_value"] = rw.fully(fill, axes, len(shape)).code if value.axes else filler.code
        return Operand(c.render(names, codes), result, fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "creation", lower, names))


filling(np.zeros, "shape dtype order")
filling(np.ones, "shape dtype order")
filling(np.empty, "shape dtype order")
filling(np.full, "shape fill_value dtype order")


def like(function: Any, params: str) -> None:
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        operand = rw.as_array(bound["a"])
        value = rw.array(operand)
        if {"shape", "order", "subok"} & bound.keys():
            raise Unsupported(f"{c.name} with shape= or order=")
        dtype = (
            np.dtype(rw.pin(bound["dtype"], "a dtype"))
            if "dtype" in bound and not is_none(bound["dtype"])
            else value.dtype
        )
        fill = bound.get("fill_value")
        axes = rw.promoted_axes(c)
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "a": operand.code}
        missing = [x for x in axes if x not in value.axes]
        result = value.with_(dtype=dtype, weak=False, dims=value.dims, origins=frozenset(), zero_d=not value.rank)
        filler = rw.array(fill) if fill is not None else None
        if filler is not None and filler.axes and set(filler.axes) - set(value.axes) - set(axes):
            rw.plan.promote(rw.site(c), filler.axes)
        if missing:
            spread = rw.spread(operand, tuple(sorted({*axes, *value.axes})))
            codes["a"] = spread.code
            result = result.with_(axes=rw.array(spread).axes, dims=value.dims, zero_d=result.zero_d)
            if fill is None and function is not np.empty_like:
                function_code = c.function.removesuffix("_like")
                named = rw.temp(operand, "like")
                logical = [f"*{named.primary}.shape[{-value.rank}:]"] if value.rank else []
                dtype_code = f"{named.primary}.dtype" if "dtype" not in bound else bound["dtype"].code
                shape = rw.shape_code(result.axes, logical)
                order = '"F"' if rw.site(c) in rw.plan.batch_last else None
                return Operand(f"{function_code}({argument_list(shape, dtype_code, order=order)})", result, fresh=True)
        if fill is not None and filler is not None and filler.axes:
            codes["fill_value"] = rw.fully(fill, result.axes, value.rank).code
        if result.axes and rw.site(c) in rw.plan.batch_last:
            codes["order"] = '"F"'
        return Operand(c.render(names, codes), result, fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "creation", lower, names))


like(np.zeros_like, "a dtype order subok shape")
like(np.ones_like, "a dtype order subok shape")
like(np.empty_like, "a dtype order subok shape")
like(np.full_like, "a fill_value dtype order subok shape")


def uniform_only(function: Any) -> None:
    """A function of uniform operands, whose result is uniform."""

    def lower(rw: Context, c: Call) -> Operand:
        if not all(is_uniform(o.value) for o in c.operands):
            raise Unsupported(f"{c.name} of something that varies")
        keywords = {k: o.value for k, o in c.keywords.items()}
        result = value_like(probe(function, *(a.value for a in c.args), **keywords))
        code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
        return Operand(code, _with_length(function, c, result), fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "creation", lower))


def _with_length(function: Any, c: Call, result: Any) -> Any:
    if function in (np.eye, np.identity) and len(c.args) == 1 and isinstance(c.args[0].value, Array):
        return result.with_(dims=(c.args[0].value.affine,) * 2)
    if function is np.arange and len(c.args) == 1 and isinstance(c.args[0].value, Array):
        return result.with_(dims=(c.args[0].value.affine,))
    return result


UNIFORM_ONLY: tuple[Any, ...] = (
    np.eye, np.identity, np.tri, np.hanning, np.hamming, np.blackman, np.bartlett, np.kaiser, np.fft.fftfreq,
    np.fft.rfftfreq, np.indices, np.triu_indices, np.tril_indices,
)  # fmt: skip
_f: Any
for _f in UNIFORM_ONLY:
    uniform_only(_f)


@custom(np.arange, kind="creation")
def lower_arange(rw: Context, c: Call) -> Operand:
    if not all(is_uniform(o.value) for o in c.operands):
        raise Unsupported("np.arange of a length that differs between the examples")
    dtype = None
    if "dtype" in c.keywords:
        dtype = np.dtype(rw.pin(c.keywords["dtype"], "a dtype"))
    elif len(c.args) < 4:
        kinds = [rw.array(a) for a in c.args]
        if any(k.dtype is None for k in kinds):
            raise Unsupported("np.arange of something of unknown dtype")
        dtype = np.result_type(*(k.dtype for k in kinds if k.dtype is not None))
        dtype = np.dtype(np.int64) if dtype.kind == "b" else dtype
    else:
        raise Unsupported("np.arange in a form that has no rule")
    length = rw.array(c.args[0]).affine if len(c.args) == 1 else None
    if (
        len(c.args) >= 2
        and (first := rw.array(c.args[0]).affine)
        and (last := rw.array(c.args[1]).affine)
        and len(c.args) == 2
    ):
        length = last - first
    code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
    return Operand(code, Array(dtype, 1, dims=(length,)), fresh=True)


def _spaced_dims(length: Affine | None, rank: int, place: int) -> Dims:
    place %= rank + 1
    return tuple(length if k == place else None for k in range(rank + 1))


def spaced(function: Any) -> None:
    """linspace and its kin: array ends give a new first axis, which moves behind the batch axes."""
    names = (
        tuple("start stop num endpoint retstep dtype axis".split())
        if function is np.linspace
        else tuple("start stop num endpoint base dtype axis".split())
    )

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        ends = [rw.as_array(bound[k]) for k in ("start", "stop")]
        if "base" in bound and not is_uniform(bound["base"].value):
            raise Unsupported(f"{c.name} with a base that varies")
        steps = "retstep" in bound and bool(rw.pin(bound["retstep"], "retstep="))
        aligned, axes, rank = rw.align(ends)
        values = [rw.array(e) for e in ends]
        place = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
        if not -rank - 1 <= place <= rank:
            raise Unsupported("an axis that is out of range")
        dtype = (
            np.dtype(rw.pin(bound["dtype"], "a dtype"))
            if "dtype" in bound
            else np.asarray(probe(function, *(Array(v.dtype, 0, weak=v.weak) for v in values), num=3)).dtype
        )
        length = rw.array(bound["num"]).affine if "num" in bound else Affine(50)
        ends_codes = zip(("start", "stop"), (a.code for a in aligned), strict=True)
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, **dict(ends_codes)}
        if "num" in bound and rw.array(bound["num"]).axes:
            raise Unsupported(f"{c.name} of a length that varies")
        if axes:
            codes["axis"] = str(place if place < 0 else place + len(axes)) if rank else "-1"
        made: Value = Array(dtype, rank + 1, axes, dims=_spaced_dims(length, rank, place))
        if steps:
            typical = (Array(v.dtype, 0, weak=v.weak) for v in values)
            step = np.asarray(probe(function, *typical, num=3, retstep=True)[1])
            made = TupleV((made, Array(step.dtype, rank, axes)))
        return Operand(c.render(names, codes), made, fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "creation", lower, names))


for _f in (np.linspace, np.logspace, np.geomspace):
    spaced(_f)


def converting(function: Any) -> None:
    """array, asarray and their kin."""
    names = ("a", "dtype", "copy") if function is np.array else ("a", "dtype")

    def lower(rw: Context, c: Call) -> Operand:
        if function is np.array and "ndmin" in c.keywords:
            least = rw.pin_int(c.keywords["ndmin"], "ndmin=")
            rest = {k: o for k, o in c.keywords.items() if k != "ndmin"}
            return at_rank(rw, lower(rw, Call(c.function, c.args, rest, None, c.target, c.site)), least)
        bound = c.bind(names)
        if "copy" in bound and rw.pin(bound["copy"], "copy=") is not True:
            raise Unsupported("np.array that may or may not copy")
        named = bound.get("dtype")
        dtype = None if named is None or is_none(named) else np.dtype(rw.pin(named, "a dtype"))
        given = bound["a"]
        value = given.value
        if isinstance(value, TupleV | ListV | SeqV) and is_uniform(value):
            code = c.render(names, {k: o.code for k, o in bound.items()})
            return _promoted(rw, c, Operand(code, _array_of_items(value, dtype), fresh=True))
        operand = rw.as_array(given)
        array = rw.array(operand)
        if not isinstance(value, Array) and array.rank == 1 and may_exceed(array.with_(rank=0), dtype):
            assert dtype is not None
            operand, array = narrowed(rw, operand, dtype), array.with_(dtype=dtype)
        if isinstance(value, Array) and not array.axes:
            code = c.render(names, {k: o.code for k, o in bound.items()})
            made = _as_converted(array, dtype, copied=function is np.array)
            return _promoted(rw, c, Operand(code, made.with_(zero_d=not array.rank), fresh=function is np.array))
        if function in (np.ascontiguousarray, np.asfortranarray):
            rw.may_share(array)
            operand = operand if array.rank else flattened(rw, operand)
        copies = isinstance(value, Array) and function is np.array
        return _converted(rw, operand, dtype, named, copies, may_share=isinstance(value, Array) and not copies)

    register(function, Rule(f"numpy.{function.__name__}", "creation", lower, ("a", "dtype")))


def _array_of_items(items: TupleV | ListV | SeqV, dtype: np.dtype[Any] | None) -> Array:
    """The array that NumPy makes of a list whose items are the same for all examples."""
    value = value_like(probe(np.asarray, items, dtype=dtype))
    assert isinstance(value, Array)
    if not value.rank or isinstance(items, SeqV):
        return value.with_(dims=())
    return value.with_(dims=(Affine(len(items.items)),) + (None,) * (value.rank - 1))


def _as_converted(value: Array, dtype: np.dtype[Any] | None, copied: bool) -> Array:
    return value.with_(
        dtype=value.dtype if dtype is None else dtype,
        weak=False,
        dims=value.dims,
        zero_d=not value.rank,
        origins=frozenset[object]() if copied else value.origins,
    )


def _converted(
    rw: Context, operand: Operand, dtype: np.dtype[Any] | None, named: Operand | None, copies: bool, may_share: bool
) -> Operand:
    """A batched array of another dtype.

    copies: it must be a copy even of an array that is the function's own, as the user would see a store into either.
    may_share: it is the array itself where the user's function would have that.
    """
    value = rw.array(operand)
    fresh = operand.fresh or not may_share
    made = _as_converted(value, dtype, copied=fresh)
    if dtype is not None and dtype != value.dtype:
        assert named is not None
        if value.kind in "fc" and dtype.kind in "iu":
            rw.hazard("a cast to integers could warn", only_warns=True)
        return Operand(
            f"{operand.primary}.astype({named.code})",
            made,
            fresh=fresh,
            factors=operand.factors,
            divisors=operand.divisors,
        )
    if not operand.fresh and not may_share and (copies or value.origins):
        return Operand(
            f"{operand.primary}.copy()", made, fresh=fresh, factors=operand.factors, divisors=operand.divisors
        )
    return Operand(operand.code, made, operand.level, fresh=fresh, factors=operand.factors, divisors=operand.divisors)


def _promoted(rw: Context, c: Call, made: Operand) -> Operand:
    axes = rw.promoted_axes(c)
    if not axes:
        return made
    value = rw.array(made)
    spread = rw.spread(made, axes)
    return Operand(f"{spread.primary}.copy()", value.with_(axes=axes, dims=value.dims), fresh=True)


for _f in (np.array, np.asarray, np.asanyarray, np.ascontiguousarray):
    converting(_f)


@custom(np.meshgrid, kind="creation")
def lower_meshgrid(rw: Context, c: Call) -> Operand:
    if not all(is_uniform(o.value) for o in c.operands):
        return lower_varying_grid(rw, c)
    if "copy" in c.keywords:
        raise Unsupported("np.meshgrid of views")
    result = value_like(probe(np.meshgrid, *(a.value for a in c.args), **{k: o.value for k, o in c.keywords.items()}))
    code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
    return Operand(code, result, fresh=True)


@custom(np.vander, params="x N increasing", kind="creation")
def lower_vander(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x", "N", "increasing"))
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    made = value_like(probe(np.vander, Array(value.dtype, 1)))
    assert isinstance(made, Array)
    given = "N" in bound and not is_none(bound["N"])
    columns = rw.array(bound["N"]).affine if given else value.dims[0]
    result = Array(made.dtype, 2, value.axes, dims=(value.dims[0], columns))
    if not value.axes:
        return Operand(kept(c, ("x", "N", "increasing"), bound), result, fresh=True)
    named = rw.temp(operand, "points")
    count = bound["N"].code if given else f"{named.primary}.shape[-1]"
    up = "increasing" in bound and rw.pin(bound["increasing"], "increasing")
    powers = call(rw.np("arange"), count) if up else f"{call(rw.np('arange'), count)}[::-1]"
    if value.kind in "iub":
        named = Operand(f"{named.primary}.astype({rw.dtype_code(made.dtype)})", value)  # type: ignore[arg-type]
    return Operand(f"{named.primary}[..., None] ** {powers}", result, 14, fresh=True)

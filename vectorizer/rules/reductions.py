"""Reductions, cumulative functions, sorting: functions with an `axis` that is shifted past the batch axes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.table import Call, Rule, probe, register, value_like
from vectorizer.source.operand import Operand, tuple_code
from vectorizer.values import Affine, Array, Dims, Obj, StackedV, Unsupported

REDUCE = "a axis dtype out keepdims initial where"


def flattened(rw: Context, operand: Operand) -> Operand:
    """All logical axes of `operand` as one."""
    value = rw.array(operand)
    if value.rank == 1:
        return operand
    if value.rank == 0:
        code = f"{operand.primary}[..., None]" if value.axes else f"{rw.np('reshape')}({operand.code}, 1)"
        return Operand(code, value.with_(rank=1, dims=(Affine(1),), weak=False))
    lead = len(value.axes)
    if not lead:
        return Operand(f"{operand.primary}.reshape(-1)", value.with_(rank=1))
    named = rw.temp(operand, "flat")
    shape = f"*{named.code}.shape[:{lead}]" if lead > 1 else f"{named.code}.shape[0]"
    return Operand(f"{named.code}.reshape({shape}, -1)", value.with_(rank=1))


def normalized(axes: tuple[int, ...], rank: int) -> set[int]:
    for axis in axes:
        if not -rank <= axis < rank:
            raise Unsupported(f"axis {axis} is out of range for rank {rank}")
    return {axis % rank for axis in axes}


def shifted(rw: Context, axis: Operand | None, value: Array) -> tuple[str | None, tuple[int, ...]]:
    """Code for a reduction's axis argument past the batch axes, and the logical axes that it names."""
    lead, rank = len(value.axes), value.rank
    if axis is None or is_none(axis):
        names = tuple(range(rank))
        if not lead:
            return None, names
        return (str(lead) if rank == 1 else tuple_code([str(lead + k) for k in names])), names
    given = rw.pin(axis, "an axis")
    if isinstance(given, tuple):
        normalized(given, rank)
        return tuple_code([str(k if k < 0 else k + lead) for k in given]), given
    normalized((given,), rank)
    return str(given if given < 0 else given + lead), (given,)


def remaining(value: Array, axes: tuple[int, ...], keep: bool) -> Dims:
    gone = normalized(axes, value.rank)
    if keep:
        return tuple(Affine(1) if k in gone else d for k, d in enumerate(value.dims))
    return tuple(d for k, d in enumerate(value.dims) if k not in gone)


def reduction(
    function: Any, params: str = REDUCE, method: str | None = None, axes: Literal["many", "single", "flat"] = "many"
) -> None:
    """A function that reduces over `axis`.

    axes: "many" where a tuple is allowed; "single" where only an integer is, and None means all axes at once.
    """
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        return lower_reduction(rw, c, function, names, axes)

    register(function, Rule(f"numpy.{function.__name__}", "reduction", lower, names), method)


def lower_reduction(rw: Context, c: Call, function: Any, names: tuple[str, ...], axes: str) -> Operand:
    bound = c.bind(names)
    original = bound[names[0]]
    operand = rw.as_array(original)
    value = rw.array(operand)
    for extra in set(names[1:]) - {"axis", "out", "where"}:
        if extra in bound:
            rw.pin(bound[extra], f"{extra}=")
    if "where" in bound:
        operand, value, bound["where"] = _with_where(rw, operand, bound["where"])
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    whole = "axis" not in bound or is_none(bound["axis"])
    if value.rank == 0 and value.axes:
        return _of_scalar(rw, function, value, operand, c)
    if whole and value.axes and value.rank > 1 and axes == "single":
        operand = flattened(rw, operand)
        value, keep_rank = rw.array(operand), value.rank
        if keep and keep_rank > 1:
            raise Unsupported(f"{c.name} with keepdims= over all axes")
    code, logical = shifted(rw, bound.get("axis"), value)
    result = _probed(rw, function, value, bound, logical, whole)
    codes = {k: o.code for k, o in bound.items()} | {names[0]: operand.code}
    if c.base is not None:
        codes[names[0]] = operand.primary
    if not (whole and not value.axes):
        codes["axis"] = code
    rank = value.rank if keep else value.rank - len(normalized(logical, value.rank)) if value.rank else 0
    hazard_free = function in (np.sum, np.any, np.all, np.count_nonzero, np.ptp)
    if not hazard_free:
        rw.hazard(f"{c.name} of an empty array")
    method = c.base is not None and isinstance(original.value, Array)
    rendered = c.render(names, codes, None if method or c.base is None else rw.np(function.__name__))
    return Operand(
        rendered,
        Array(result, rank, value.axes, dims=remaining(value, logical, keep) if value.rank else ()),
        fresh=True,
    )


def _with_where(rw: Context, operand: Operand, where: Operand) -> tuple[Operand, Array, Operand]:
    aligned, axes, rank = rw.align([operand, where])
    if rank != rw.array(operand).rank:
        raise Unsupported("where= of a higher rank than the array")
    spread = rw.spread(operand, axes) if set(axes) - set(rw.array(operand).axes) else operand
    return spread, rw.array(spread), aligned[1]


def _of_scalar(rw: Context, function: Any, value: Array, operand: Operand, c: Call) -> Operand:
    """A reduction of a single number is that number, in the dtype of the reduction."""
    if (
        function not in (np.sum, np.prod, np.max, np.min, np.mean, np.median, np.amax, np.amin)
        or len(c.args) > 1
        or c.keywords
    ):
        raise Unsupported(f"{c.name} of a single number")
    dtype = value_like(probe(function, Array(value.dtype, 0))).dtype  # type: ignore[union-attr]
    if dtype == value.dtype:
        return Operand(operand.code, value.with_(weak=False), operand.level)
    return Operand(
        f"{operand.primary}.astype({rw.dtype_code(dtype)})", value.with_(weak=False, dtype=dtype), fresh=True
    )


def _probed(
    rw: Context, function: Any, value: Array, bound: dict[str, Operand], logical: tuple[int, ...], whole: bool
) -> np.dtype[Any] | None:
    if value.dtype is None:
        return None
    options = {k: rw.pin(o, k) for k, o in bound.items() if k in ("dtype", "ddof", "method", "correction")}
    extra = {k: rw.pin(bound[k], k) for k in ("q",) if k in bound}
    return np.dtype(_result_dtype(function, value.dtype, tuple(options.items()), tuple(extra.items())))


@functools.cache
def _result_dtype(function: Any, dtype: Any, options: tuple[Any, ...], extra: tuple[Any, ...]) -> Any:
    return np.asarray(probe(function, np.ones(2, dtype), **dict(options), **dict(extra))).dtype


for _f, _m in ((np.sum, "sum"), (np.prod, "prod")):
    reduction(_f, "a axis dtype out keepdims initial where", _m)
for _f, _m in ((np.max, "max"), (np.min, "min")):
    reduction(_f, "a axis out keepdims initial where", _m)
reduction(np.amax, "a axis out keepdims initial where")
reduction(np.amin, "a axis out keepdims initial where")
reduction(np.mean, "a axis dtype out keepdims where", "mean")
reduction(np.var, "a axis dtype out ddof keepdims where mean correction", "var")
reduction(np.std, "a axis dtype out ddof keepdims where mean correction", "std")
reduction(np.any, "a axis out keepdims where", "any")
reduction(np.all, "a axis out keepdims where", "all")
reduction(np.ptp, "a axis out keepdims")
reduction(np.count_nonzero, "a axis keepdims")
reduction(np.median, "a axis out overwrite_input keepdims")
reduction(np.nansum, "a axis dtype out keepdims initial where")
reduction(np.nanprod, "a axis dtype out keepdims initial where")
reduction(np.nanmax, "a axis out keepdims initial where")
reduction(np.nanmin, "a axis out keepdims initial where")
reduction(np.nanmean, "a axis dtype out keepdims where")
reduction(np.nanvar, "a axis dtype out ddof keepdims where")
reduction(np.nanstd, "a axis dtype out ddof keepdims where")
reduction(np.nanmedian, "a axis out overwrite_input keepdims")
reduction(np.argmax, "a axis out keepdims", "argmax", "single")
reduction(np.argmin, "a axis out keepdims", "argmin", "single")
reduction(np.nanargmax, "a axis out keepdims", None, "single")
reduction(np.nanargmin, "a axis out keepdims", None, "single")


def along(
    function: Any,
    params: str,
    method: str | None = None,
    default: int | None = -1,
    flatten: bool = True,
    grows: bool = False,
    kind: str = "cumulative",
) -> None:
    """A function that works along one axis and keeps the rank.

    default: the axis where none is given; None means the flattened array.
    """
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        operand = rw.as_array(bound[names[0]])
        value = rw.array(operand)
        for extra in set(names[1:]) - {"axis"}:
            if extra in bound:
                rw.pin(bound[extra], f"{extra}=")
        whole = is_none(bound["axis"]) if "axis" in bound else default is None
        if value.axes and whole:
            if not flatten:
                raise Unsupported(f"{c.name} of a flattened array")
            operand = flattened(rw, operand)
            value = rw.array(operand)
        elif whole and value.rank != 1:
            value = value.with_(rank=1)
        if value.rank == 0:
            raise Unsupported(f"{c.name} of a single number")
        codes = {k: o.code for k, o in bound.items()} | {
            names[0]: operand.primary if c.base is not None else operand.code
        }
        axis = -1 if whole else default
        if "axis" in bound and not whole:
            axis = rw.pin_int(bound["axis"], "an axis")
        assert axis is not None
        normalized((axis,), value.rank)
        if value.axes:
            shifted_axis = axis if axis < 0 else axis + len(value.axes)
            if "axis" in bound or whole or axis >= 0:
                codes["axis"] = str(len(value.axes) if whole else shifted_axis)
            if codes.get("axis") == "-1" and default == -1 and "axis" not in bound:
                del codes["axis"]
        options = {k: rw.pin(o, k) for k, o in bound.items() if k not in ("axis", names[0])}
        if value.dtype is None:
            raise Unsupported("the dtype of an operand is not known")
        dtype = np.asarray(probe(function, np.ones((3,), value.dtype), **{k: v for k, v in options.items()})).dtype
        dims: Dims = tuple(None if grows and k == axis % value.rank else d for k, d in enumerate(value.dims))
        rendered = c.render(
            names,
            codes,
            rw.np(function.__name__) if c.base is not None and not isinstance(bound[names[0]].value, Array) else None,
        )
        return Operand(rendered, value.with_(dtype=dtype, dims=dims, origins=frozenset(), weak=False), fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", kind, lower, names), method)


along(np.cumsum, "a axis dtype out", "cumsum", default=None)
along(np.cumprod, "a axis dtype out", "cumprod", default=None)
along(np.nancumsum, "a axis dtype out", default=None)
along(np.nancumprod, "a axis dtype out", default=None)
along(np.sort, "a axis kind order stable", default=-1, kind="sort")
along(np.argsort, "a axis kind order stable", "argsort", default=-1, kind="sort")
along(np.diff, "a n axis", default=-1, grows=True)
along(np.partition, "a kth axis kind order", default=-1, kind="sort")
along(np.argpartition, "a kth axis kind order", "argpartition", default=-1, kind="sort")
along(np.unwrap, "p discont axis period", default=-1)
along(np.fft.fft, "a n axis norm out", default=-1, grows=True, kind="fft")
along(np.fft.ifft, "a n axis norm out", default=-1, grows=True, kind="fft")
along(np.fft.rfft, "a n axis norm out", default=-1, grows=True, kind="fft")
along(np.fft.irfft, "a n axis norm out", default=-1, grows=True, kind="fft")
along(np.fft.hfft, "a n axis norm out", default=-1, grows=True, kind="fft")
along(np.fft.ihfft, "a n axis norm out", default=-1, grows=True, kind="fft")


def _function_of(name: str, module: Any = np) -> Callable[..., Any]:
    return getattr(module, name)  # type: ignore[no-any-return]


def quantile(function: Any) -> None:
    names = tuple("a q axis out overwrite_input method keepdims".split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        q = bound["q"]
        if not isinstance(q.value, Array) or q.value.rank or q.value.axes:
            raise Unsupported(f"{c.name} with more than one quantile, or one that varies")
        operand = rw.as_array(bound["a"])
        value = rw.array(operand)
        keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
        code, logical = shifted(rw, bound.get("axis"), value)
        codes = {k: o.code for k, o in bound.items()} | {"a": operand.code}
        if value.axes:
            codes["axis"] = code  # type: ignore[assignment]
        dtype = np.asarray(probe(function, np.ones(2, value.dtype), Array(q.value.dtype, 0, weak=q.value.weak))).dtype
        rank = value.rank if keep else value.rank - len(normalized(logical, value.rank))
        rw.hazard(f"{c.name} of an empty array")
        return Operand(
            c.render(names, codes), Array(dtype, rank, value.axes, dims=remaining(value, logical, keep)), fresh=True
        )

    register(function, Rule(f"numpy.{function.__name__}", "reduction", lower, names))


for _f in (np.percentile, np.quantile, np.nanpercentile, np.nanquantile):
    quantile(_f)


def lower_average(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "axis", "weights", "returned", "keepdims"))
    if "weights" not in bound or is_none(bound["weights"]):
        bound.pop("weights", None)
        inner = Call(
            c.function.replace("average", "mean"),
            [bound["a"]],
            {k: v for k, v in bound.items() if k != "a"},
            None,
            np.mean,
        )
        return lower_reduction(rw, inner, np.mean, tuple("a axis dtype out keepdims where".split()), "many")
    raise Unsupported("np.average with weights")


register(np.average, Rule("numpy.average", "reduction", lower_average))

__all__ = ["flattened", "lower_reduction", "normalized", "shifted"]
_ = (Obj, StackedV)

"""Reductions, cumulative functions, sorting: functions with an `axis` that is shifted past the batch axes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.innermost import batch_innermost
from vectorizer.rules.pieces import REDUCED, in_pieces
from vectorizer.rules.short_axes import fold_short
from vectorizer.rules.table import Call, Rule, probe, register
from vectorizer.rules.window_reductions import reduce_windows
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Affine, Array, Dims, Unsupported

HARMLESS = (np.sum, np.any, np.all, np.count_nonzero, np.ptp)  # of an empty array
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
    """A reduction over `axis`, of whatever may be taken for an array; see :func:`reduction`."""
    bound = c.bind(names)
    operand = rw.as_array(bound[names[0]])
    value = rw.array(operand)
    if function is np.sum and len(bound) == 1 and (contracted := rw.sum_of_product(operand)) is not None:
        return contracted
    refuse_overwriting(rw, c, bound)
    for extra in set(names[1:]) - {"axis", "out", "where"}:
        if extra in bound:
            rw.pin(bound[extra], f"{extra}=")
    if "where" in bound:
        operand, value, bound["where"] = with_where(rw, operand, bound["where"])
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    whole = "axis" not in bound or is_none(bound["axis"])
    if value.rank == 0 and value.axes:
        if not whole:
            probe(function, value, axis=rw.pin(bound.pop("axis"), "an axis"))  # most take 0 and -1
        if len(bound) == 1 and (same := _of_scalar(function, value, operand)) is not None:
            return same
        operand, keep = flattened(rw, operand), False
        bound.pop("keepdims", None)
    elif whole and value.axes and value.rank > 1 and axes == "single":
        operand = flattened(rw, operand)
        if keep:
            plain = lower_reduction(rw, Call(rw.np(function.__name__), [operand]), function, names, axes)
            return _with_ones(rw, plain, value.rank)
    return _reduce_array(rw, c, function, names, {**bound, names[0]: operand}, keep)


def _reduce_array(
    rw: Context, c: Call, function: Any, names: tuple[str, ...], bound: dict[str, Operand], keep: bool
) -> Operand:
    """The reduction of an array; `bound` holds it as it has become, whatever it was in the call."""
    operand = bound[names[0]]
    value, whole = rw.array(operand), "axis" not in bound or is_none(bound["axis"])
    code, logical = shifted(rw, bound.get("axis"), value)
    result = _probed(rw, function, value, bound)
    places = normalized(logical, value.rank)
    inner = batch_innermost(rw, operand, places) if function in REDUCED and value.rank else operand
    if inner is operand and bound.keys() <= {names[0], "axis"}:
        for lower in (reduce_windows, fold_short):
            reduced = lower(rw, operand, function, places, result)
            if reduced is not None:
                return reduced
    operand = in_pieces(rw, inner) if function in REDUCED else inner
    codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
    codes[names[0]] = operand.code if c.base is None else operand.primary
    if value.axes or not whole:
        codes["axis"] = code
    if function not in HARMLESS and not (rw.on_device and has_items(rw, value, places)):
        rw.hazard(f"{c.name} of an empty array")
    method = c.base is not None and isinstance(c.base.value, Array)
    rendered = c.render(names, codes, None if method or c.base is None else rw.np(function.__name__))
    rank = value.rank - (0 if keep else len(places))
    dims = remaining(value, logical, keep) if value.rank else ()
    return Operand(rendered, Array(result, rank, value.axes, dims=dims), fresh=True)


def has_items(rw: Context, value: Array, axes: Iterable[int]) -> bool:
    """Whether some axes are known to be longer than 0, which the specialization then relies on."""
    dims = [value.dims[k] for k in axes] if len(value.dims) == value.rank else [None]
    return rw.facts.has_loop and all(dim is not None and rw.facts.holds(dim - 1) for dim in dims)


def with_where(rw: Context, operand: Operand, where: Operand) -> tuple[Operand, Array, Operand]:
    aligned, axes, rank = rw.align([operand, where])
    if rank != rw.array(operand).rank:
        raise Unsupported("where= of a higher rank than the array")
    spread = rw.spread(operand, axes) if set(axes) - set(rw.array(operand).axes) else operand
    return spread, rw.array(spread), aligned[1]


def _with_ones(rw: Context, operand: Operand, rank: int) -> Operand:
    """A number with `rank` axes of length one."""
    value = rw.array(operand).with_(rank=rank, dims=(Affine(1),) * rank)
    return Operand(f"{operand.primary}[{', '.join(['...', *['None'] * rank])}]", value, fresh=True)


def _of_scalar(function: Any, value: Array, operand: Operand) -> Operand | None:
    """Some reductions of a single number are that number, if the dtype stays."""
    if function not in (np.sum, np.prod, np.max, np.min, np.mean, np.median, np.amax, np.amin) or value.dtype is None:
        return None
    if np.asarray(probe(function, np.ones(2, value.dtype))).dtype != value.dtype:
        return None
    return Operand(operand.code, value.with_(weak=False, zero_d=False), operand.level)


def _probed(rw: Context, function: Any, value: Array, bound: dict[str, Operand]) -> np.dtype[Any] | None:
    """The dtype of a result."""
    if value.dtype is None:
        return None
    options = {k: rw.pin(o, k) for k, o in bound.items() if k in ("dtype", "ddof", "method", "correction")}
    extra = {k: rw.pin(bound[k], k) for k in ("q",) if k in bound}
    found: np.dtype[Any] = _result_dtype(function, value.dtype, tuple(options.items()), tuple(extra.items()))
    return found


@functools.cache
def _result_dtype(function: Any, dtype: Any, options: tuple[Any, ...], extra: tuple[Any, ...]) -> Any:
    return np.asarray(probe(function, np.ones(2, dtype), **dict(options), **dict(extra))).dtype


_f: Any
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


def quantile(function: Any) -> None:
    names = tuple("a q axis out overwrite_input method keepdims".split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        several = rw.as_array(bound["q"])
        q = rw.array(several)
        if q.axes or q.rank > 1:
            raise Unsupported(f"{c.name} at quantiles that vary")
        refuse_overwriting(rw, c, bound)
        operand = rw.as_array(bound["a"])
        value = rw.array(operand)
        if not value.rank or value.dtype is None:
            raise Unsupported(f"{c.name} of a single number")
        keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
        code, logical = shifted(rw, bound.get("axis"), value)
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "a": operand.code}
        if value.axes:
            codes["axis"] = code
        method = {"method": rw.pin(bound["method"], "method")} if "method" in bound else {}
        dtype = np.asarray(probe(function, np.ones(2, value.dtype), q, **method)).dtype
        dims = (*q.dims, *remaining(value, logical, keep))
        rw.hazard(f"{c.name} of an empty array")
        text = c.render(names, codes)
        lead = len(value.axes)
        if q.rank and lead:  # NumPy puts the quantiles in front of all axes
            text = call(rw.np("moveaxis"), text, "0", str(lead))
        return Operand(text, Array(dtype, len(dims), value.axes, dims=dims), fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "reduction", lower, names))


for _f in (np.percentile, np.quantile, np.nanpercentile, np.nanquantile):
    quantile(_f)


def refuse_overwriting(rw: Context, c: Call, bound: dict[str, Operand]) -> None:
    if "overwrite_input" in bound and rw.pin(bound["overwrite_input"], "overwrite_input"):
        raise Effect(f"{c.name} with overwrite_input=True")

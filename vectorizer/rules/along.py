"""Functions along an axis that keep the rank: cumulative ones, sorting, Fourier transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.table import FUNCTIONS, Call, Rule, probe, register
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Array, Dims, ListV, TupleV, Unsupported, is_uniform, union_axes


@dataclass(frozen=True, slots=True)
class Along:
    """What a function that works along one axis takes, and what it does to the shape.

    names: its parameters, the array first.
    default: the axis where none is given; None means the flattened array.
    flatten: whether it takes the flattened array at all.
    grows: whether the length along the axis changes.
    """

    function: Any
    names: tuple[str, ...]
    default: int | None
    flatten: bool
    grows: bool

    def lower(self, rw: Context, c: Call) -> Operand:
        bound = c.bind(self.names)
        given = bound[self.names[0]]
        options = {k: self._option(rw, k, o) for k, o in bound.items() if k not in ("axis", self.names[0])}
        operand, whole = self._operand(rw, c, given, bound.get("axis"))
        value = rw.array(operand)
        codes = {k: o.code for k, o in bound.items()}
        codes[self.names[0]] = operand.primary if c.base is not None else operand.code
        axis = self._axis(rw, bound.get("axis"), whole)
        normalized((axis,), value.rank)
        codes |= self._axis_code(value, axis, whole, "axis" in bound)
        if value.dtype is None and self.function is not np.sort_complex:
            raise Unsupported("the dtype of an operand is not known")
        dtype = np.asarray(probe(self.function, np.ones((3,), value.dtype), **options)).dtype
        dims: Dims = tuple(None if self.grows and k == axis % value.rank else d for k, d in enumerate(value.dims))
        is_list = c.base is not None and not isinstance(given.value, Array)
        rendered = c.render(self.names, codes, rw.np(self.function.__name__) if is_list else None)
        return Operand(rendered, value.with_(dtype=dtype, dims=dims, origins=frozenset(), weak=False), fresh=True)

    @staticmethod
    def _option(rw: Context, name: str, operand: Operand) -> Any:
        """An option as the stand-in for the array is given it, which is too short for most places of `kth`."""
        if name == "kth" and is_uniform(operand.value):
            return 0
        return rw.pin(operand, f"{name}=")

    def _operand(self, rw: Context, c: Call, given: Operand, axis: Operand | None) -> tuple[Operand, bool]:
        """The array that the function works along, of rank 1 or more, and whether that is the flattened one."""
        operand = rw.as_array(given)
        value = rw.array(operand)
        whole = self.default is None if axis is None else is_none(axis)
        if value.rank == 0:
            asked = self.default if axis is None else rw.pin(axis, "an axis")
            if not value.axes or np.ndim(probe(self.function, value, axis=asked)) != 1:
                raise Unsupported(f"{c.name} of a single number")
            return flattened(rw, operand), True
        if not whole:
            return operand, False
        if value.axes and not self.flatten:
            raise Unsupported(f"{c.name} of a flattened array")
        return (flattened(rw, operand) if value.axes else operand.with_value(value.with_(rank=1))), True

    def _axis(self, rw: Context, given: Operand | None, whole: bool) -> int:
        if whole:
            return -1
        axis = self.default if given is None else rw.pin_int(given, "an axis")
        assert axis is not None
        return axis

    def _axis_code(self, value: Array, axis: int, whole: bool, is_given: bool) -> dict[str, str]:
        """`axis=`, counted from behind the batch axes, where it has to be said."""
        if not value.axes or not (is_given or whole or axis >= 0):
            return {}
        shifted = len(value.axes) if whole else axis if axis < 0 else axis + len(value.axes)
        return {"axis": str(shifted)}


def along(
    function: Any,
    params: str,
    method: str | None = None,
    default: int | None = -1,
    flatten: bool = True,
    grows: bool = False,
    kind: str = "cumulative",
) -> None:
    """Register a function that works along one axis and keeps the rank (see `Along`)."""
    rule = Along(function, tuple(params.split()), default, flatten, grows)
    register(function, Rule(f"numpy.{function.__name__}", kind, rule.lower, rule.names), method)


along(np.cumsum, "a axis dtype out", "cumsum", default=None)
along(np.cumprod, "a axis dtype out", "cumprod", default=None)
along(np.nancumsum, "a axis dtype out", default=None)
along(np.nancumprod, "a axis dtype out", default=None)
along(np.sort, "a axis kind order stable", default=-1, kind="sort")
along(np.argsort, "a axis kind order stable", "argsort", default=-1, kind="sort")
along(np.sort_complex, "a", default=-1, kind="sort")
along(np.packbits, "a axis bitorder", default=None, grows=True, kind="bits")
along(np.unpackbits, "a axis count bitorder", default=None, grows=True, kind="bits")
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


# --- Fourier transforms ----------------------------------------------------------------------------------------------


def moved_axes(
    rw: Context, operand: Operand | None, value: Array, default: tuple[int, ...]
) -> tuple[str, tuple[int, ...]]:
    """Code for an argument `axes` past the batch axes, and the axes that it names; a single one stays single."""
    given = default if operand is None or is_none(operand) else rw.pin(operand, "axes")
    many = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    normalized(many, value.rank)
    codes = [str(k if k < 0 else k + len(value.axes)) for k in many]
    return (tuple_code(codes) if isinstance(given, (tuple, list)) else codes[0]), many


def transform(function: Any, every: bool) -> None:
    """A transform over several axes; `every`: over all of them where none are given, else over the last two."""
    names = ("a", "s", "axes", "norm", "out")

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        operand = rw.as_array(bound["a"])
        value = rw.array(operand)
        if not value.rank and value.kind == "f" and bound.keys() == {"a"} and every and function is not np.fft.rfftn:
            return Operand(operand.code, value.with_(weak=False, zero_d=True), operand.level)  # it has no axes
        if value.dtype is None or not value.rank:
            raise Unsupported(f"{c.name} of an array that is not known")
        if "s" in bound and not is_none(bound["s"]) and "axes" not in bound and every:
            raise Unsupported(f"{c.name} with s= and no axes=")
        default = tuple(range(-value.rank, 0)) if every else (-2, -1)
        code, _ = moved_axes(rw, bound.get("axes"), value, default)
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "a": operand.code}
        if value.axes and (every or "axes" in bound):
            codes["axes"] = code
        dtype = np.asarray(probe(function, np.ones((2, 2), value.dtype))).dtype
        return Operand(c.render(names, codes), Array(dtype, value.rank, value.axes), fresh=True)

    register(function, Rule(f"numpy.fft.{function.__name__}", "fft", lower, names))


for _name in ("fft", "ifft", "rfft", "irfft"):
    transform(getattr(np.fft, f"{_name}2"), every=False)
    transform(getattr(np.fft, f"{_name}n"), every=True)


def shift(function: Any) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(("x", "axes"))
        operand = rw.as_array(bound["x"])
        value = rw.array(operand)
        if not value.rank:
            raise Unsupported(f"{c.name} of a single number")
        code, _ = moved_axes(rw, bound.get("axes"), value, tuple(range(value.rank)))
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "x": operand.code}
        if value.axes:
            codes["axes"] = code
        result = value.with_(origins=frozenset(), dims=value.dims)
        return Operand(c.render(("x", "axes"), codes), result, fresh=True)

    register(function, Rule(f"numpy.fft.{function.__name__}", "fft", lower, ("x", "axes")))


shift(np.fft.fftshift)
shift(np.fft.ifftshift)


def lower_lexsort(rw: Context, c: Call) -> Operand:
    bound = c.bind(("keys", "axis"))
    keys = bound["keys"]
    parts = [rw.as_array(k) for k in rw.items(keys)] if isinstance(keys.value, (TupleV, ListV)) else [rw.as_array(keys)]
    values = [rw.array(p) for p in parts]
    axes = union_axes(*(v.axes for v in values))
    if len(parts) < 2 or any(v.rank != values[0].rank or not v.rank for v in values):
        raise Unsupported("np.lexsort of keys that are not known one by one")
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else -1
    normalized((axis,), values[0].rank)
    spread = [rw.spread(p, axes).code for p in parts]
    position = str(axis % values[0].rank - values[0].rank)
    code = call(c.function, tuple_code(spread), axis=position if position != "-1" else None)
    return Operand(code, Array(np.dtype(np.intp), values[0].rank, axes, dims=values[0].dims), fresh=True)


register(np.lexsort, Rule("numpy.lexsort", "sort", lower_lexsort))


def lower_diff(rw: Context, c: Call) -> Operand:
    """What is put in front or behind is given all batch axes."""
    bound = c.bind(("a", "n", "axis", "prepend", "append"))
    extra = [k for k in ("prepend", "append") if k in bound]
    plain = Call(c.function, [], {k: o for k, o in bound.items() if k not in extra}, None, c.target)
    if not extra:
        return LOWER_DIFF(rw, c)
    operand = rw.as_array(bound["a"])
    ends = {k: rw.as_array(bound[k]) for k in extra}
    axes = union_axes(rw.array(operand).axes, *(rw.array(o).axes for o in ends.values()))
    if any(
        rw.array(o).rank not in (0, rw.array(operand).rank) or rw.array(o).rank == 0 and rw.array(o).axes
        for o in ends.values()
    ):
        raise Unsupported(f"{c.name} with an end that varies")
    dtypes = [rw.array(o).dtype for o in ends.values() if not rw.array(o).weak]
    if any(d != rw.array(operand).dtype for d in dtypes) or any(
        rw.array(o).weak and rw.array(o).kind != "i" for o in ends.values()
    ):
        raise Unsupported(f"{c.name} with an end of another dtype")
    if rw.array(operand).kind not in "ifc":
        raise Unsupported(f"{c.name} of other than numbers")
    plain.keywords["a"] = rw.spread(operand, axes)
    made = LOWER_DIFF(rw, plain)
    tail = ", ".join(f"{k}={(rw.spread(o, axes) if rw.array(o).rank else o).code}" for k, o in ends.items())
    return Operand(f"{made.code[:-1]}, {tail})", rw.array(made).with_(), fresh=True)


LOWER_DIFF = FUNCTIONS[id(np.diff)].lower
register(np.diff, Rule("numpy.diff", "cumulative", lower_diff, ("a", "n", "axis", "prepend", "append")))


def cumulative(function: Any) -> None:
    """The array API's names: the axis may only be left away for a vector."""
    names = ("x", "axis", "dtype", "out", "include_initial")

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        operand = rw.as_array(bound["x"])
        value = rw.array(operand)
        if value.dtype is None or not value.rank or "axis" not in bound and value.rank != 1:
            raise Unsupported(f"{c.name} in a form that has no rule")
        axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
        normalized((axis,), value.rank)
        longer = "include_initial" in bound and bool(rw.pin(bound["include_initial"], "include_initial"))
        options = {"dtype": rw.pin(bound["dtype"], "a dtype")} if "dtype" in bound else {}
        dtype = np.asarray(probe(function, np.ones(2, value.dtype), **options)).dtype
        codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "x": operand.code}
        if value.axes:
            codes["axis"] = str(axis if axis < 0 else axis + len(value.axes))
        dims = tuple(None if longer and k == axis % value.rank else d for k, d in enumerate(value.dims))
        return Operand(c.render(names, codes), Array(dtype, value.rank, value.axes, dims=dims), fresh=True)

    register(function, Rule(f"numpy.{function.__name__}", "cumulative", lower, names))


cumulative(np.cumulative_sum)
cumulative(np.cumulative_prod)

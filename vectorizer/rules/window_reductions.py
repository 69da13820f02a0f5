"""Reductions of short sliding windows: an operation on shifted slices for each place of a window.

NumPy's inner loops would otherwise run over single windows, which are too short for them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.slices import colon_code, slice_code, stride_code
from vectorizer.rules.sliding import MOST_PLACES, Kept, Place, Window, WindowNode, transposed
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, Axis

MOST_WRITTEN = 4  # places whose operations are written one below the other; for more there is a loop
MOST_LISTED = 5  # slices that are written one beside the other


@dataclass(frozen=True)
class Chain:
    """A reduction that is done two operands at a time.

    function: NumPy's name of the operation; symbol: its operator, where it has one.
    name: what the result is called.
    warns: numbers that no window holds must not take part in it.
    """

    function: str
    name: str
    kinds: str
    symbol: str = ""
    warns: bool = False


HIGHEST, LOWEST = Chain("maximum", "highest", "biuf"), Chain("minimum", "lowest", "biuf")
TOTAL, MULTIPLIED = Chain("add", "total", "biufc", "+", True), Chain("multiply", "product", "biufc", "*", True)
CHAINS: dict[Any, Chain] = {
    np.max: HIGHEST,
    np.amax: HIGHEST,
    np.min: LOWEST,
    np.amin: LOWEST,
    np.sum: TOTAL,
    np.mean: TOTAL,
    np.prod: MULTIPLIED,
    np.any: Chain("logical_or", "found", "biufc"),
    np.all: Chain("logical_and", "found", "biufc"),
}


def reduce_windows(
    rw: Context, operand: Operand, function: Any, axes: Collection[int], dtype: np.dtype[Any] | None
) -> Operand | None:
    """A reduction of short sliding windows over all of their places; None where it is another one.

    axes: the logical axes that are reduced.
    dtype: of the result.
    """
    node, value = operand.node, operand.value
    if not isinstance(node, WindowNode) or not isinstance(value, Array) or value.dtype is None or dtype is None:
        return None
    if rw.shared.backend is not None or not _are_short(rw, node, axes):
        return None
    if value.kind in "fc" and value.dtype.itemsize < 4:  # NumPy adds half floats up in single precision
        return None
    if function is np.median:
        return _median(rw, node, dtype) if value.kind in "iuf" else None
    chain = CHAINS.get(function)
    if chain is None or value.kind not in chain.kinds or chain.warns and not _are_covered(rw, node, value):
        return None
    made = _chained(rw, node, chain, dtype)
    if made is None or function is not np.mean:
        return made
    return mean_of(made, _count(rw, node))


def mean_of(total: Operand, count: str) -> Operand:
    """A sum over the code for how many numbers it is of."""
    return Operand(f"{total.code} / {count}", total.value, PRODUCT, fresh=True)


def _are_short(rw: Context, node: WindowNode, axes: Collection[int]) -> bool:
    """Whether all windows, and nothing else, are reduced, and each of them is short."""
    logical = [place for place in node.places if isinstance(place, (Window, Kept))]
    if {k for k, place in enumerate(logical) if isinstance(place, Window)} != set(axes):
        return False
    for window in node.windows:
        if not rw.relies_on(window.width - 2) or not rw.relies_on(Affine(MOST_PLACES) - window.width):
            return False
        if window.stride != 1 and not rw.relies_on(window.count - 1):
            return False  # the end of a slice of nothing could be counted from the end of the axis
    return True


def _are_covered(rw: Context, node: WindowNode, value: Array) -> bool:
    """Whether no number between the windows, which an example never looks at, is added up.

    Sums over the first dimension are taken of all that the windows take up along the others.
    """
    return value.kind not in "fc" or all(rw.relies_on(w.width - w.stride) for w in node.windows[1:])


def _count(rw: Context, node: WindowNode) -> str:
    """Code for how many places a window has."""
    number, codes = 1, []
    for window in node.windows:
        if window.width.is_const:
            number *= window.width.const
        else:
            codes.append(rw.print_affine(window.width).at(PRODUCT))
    factors = [*([str(number)] if number > 1 else []), *codes]
    return factors[0] if len(factors) == 1 and factors[0].isalnum() else f"({' * '.join(factors)})"


# --- slices -----------------------------------------------------------------------------------------------------------


def _shifted(rw: Context, window: Window, dim: Affine, place: int) -> str | None:
    """The slice that goes through one place of all windows."""
    start, last, behind = window.start + place, window.last + place, window.width - place - 1
    further = window.stride > 1 and not rw.relies_on(last + window.stride - dim)
    if further and behind.is_const and rw.relies_on(last + window.stride + behind - dim):
        lower = "" if start == Affine() else rw.print_affine(start).code
        return stride_code(colon_code(lower, str(-behind.const)), window.stride)
    return slice_code(rw, start, last, window.stride, dim)


def _shifted_by(rw: Context, window: Window, name: str) -> str:
    """The same for the place that a variable holds, counted from the start of the array."""
    extent = rw.print_affine(window.count * window.stride).code
    return stride_code(f"{name} : {name} + {extent}", window.stride)


def place_name(rw: Context) -> str:
    """A variable for the places of a window."""
    return rw.fresh(next((name for name in "kmpq" if name not in rw.used), "place"))


def _hull(rw: Context, place: Place, dim: Affine | None) -> str | None:
    """What all windows take up together; the subscript itself of anything else."""
    if isinstance(place, Window):
        assert dim is not None
        return slice_code(rw, place.start, place.last + place.width - 1, 1, dim)
    return place if isinstance(place, str) else place.code


def _item(code: str, lead: int, index: Sequence[str]) -> str:
    pieces = [":"] * lead + list(index)
    while len(pieces) > 1 and pieces[-1] == ":":
        pieces.pop()
    return f"{code}[{', '.join(pieces)}]"


def _ordered(node: WindowNode, code: str, dtype: np.dtype[Any] | None) -> Operand:
    """What is left of the base without the windows' places, with its axes where they belong."""
    order: list[Axis | int] = list(node.base.array.axes)
    dims: list[Affine | None] = []
    for place in node.places:
        if isinstance(place, Kept):
            order.append(len(dims))
            dims.append(place.dim)
        elif not isinstance(place, str):
            order.append(place.loop.axis)
    value = Array(dtype, len(dims), node.value.axes, dims=tuple(dims))
    wanted: list[Axis | int] = [*value.axes, *range(len(dims))]
    return Operand(transposed(code, [order.index(o) for o in wanted]), value, fresh=True)


# --- chains -----------------------------------------------------------------------------------------------------------


def _chained(rw: Context, node: WindowNode, chain: Chain, dtype: np.dtype[Any]) -> Operand | None:
    """One dimension after the other, each by operations on the slices through its places."""
    base = rw.temp(node.base, "source")
    code, lead, dims = base.primary, len(base.array.axes), list(base.array.dims)
    places = list(node.places)
    widened = rw.dtype_code(dtype) if chain.symbol and dtype != base.array.dtype else None
    while (at := next((k for k, place in enumerate(places) if isinstance(place, Window)), None)) is not None:
        window, dim = places[at], dims[at]
        assert isinstance(window, Window) and dim is not None
        index = [_hull(rw, place, d) for place, d in zip(places, dims, strict=True)]
        made = _along(rw, window, dim, chain, widened, _Taken(code, lead, at, index))
        if made is None:
            return None
        code, widened = made, None
        dims = [_rest(place, d) for place, d in zip(places, dims, strict=True) if not isinstance(place, str)]
        places = [_settled(place, window) for place in places if not isinstance(place, str)]
    rw.change("windows", "short windows are reduced place by place, over slices of the array")
    return _ordered(node, code, dtype)


def _settled(place: Place, done: Window) -> Place:
    """What a place is in the array whose windows along one dimension have been reduced."""
    if isinstance(place, Window) and place is not done:
        return replace(place, start=Affine())
    return Kept(":", None)


def _rest(place: Place, dim: Affine | None) -> Affine | None:
    return (place.count - 1) * place.stride + place.width if isinstance(place, Window) else dim


@dataclass
class _Taken:
    """A subscript of which one slice is still open."""

    code: str
    lead: int
    at: int
    index: list[str | None]

    def at_slice(self, piece: str | None) -> str | None:
        index = [*self.index[: self.at], piece, *self.index[self.at + 1 :]]
        known = [text for text in index if text is not None]
        return _item(self.code, self.lead, known) if len(known) == len(index) else None


def _along(rw: Context, window: Window, dim: Affine, chain: Chain, dtype: str | None, taken: _Taken) -> str | None:
    """The name of the array that holds the reductions along one dimension."""
    is_written = window.width.is_const and window.width.const <= MOST_WRITTEN
    if not is_written and not window.start.is_const:
        return None
    written = window.width.const if is_written else 2
    slices = [taken.at_slice(_shifted(rw, window, dim, k)) for k in range(written)]
    known = [text for text in slices if text is not None]
    if len(known) < written:
        return None
    name = rw.fresh(chain.name)
    first = f"{known[0]} {chain.symbol} {known[1]}"
    if dtype is not None or not chain.symbol:
        first = call(rw.np(chain.function), known[0], known[1], dtype=dtype)
    steps = [into(rw, chain, name, text) for text in known[2:]]
    if is_written:
        for text in [f"{name} = {first}", *steps]:
            rw.emit(text)
        return name
    place = place_name(rw)
    piece = taken.at_slice(_shifted_by(rw, window, place)) or ""
    ends = ", ".join(rw.print_affine(window.start + k).code for k in (2, window.width))
    rw.emit(f"{name} = {first}")
    rw.emit(f"for {place} in range({ends}):", body=[Stmt(into(rw, chain, name, piece), line=rw.line)])
    return name


def into(rw: Context, chain: Chain, name: str, piece: str) -> str:
    """One more operand."""
    if chain.symbol:
        return f"{name} {chain.symbol}= {piece}"
    return call(rw.np(chain.function), name, piece, out=name)


# --- medians ----------------------------------------------------------------------------------------------------------


def _median(rw: Context, node: WindowNode, dtype: np.dtype[Any]) -> Operand | None:
    """The median of the slices, element by element."""
    widths = [window.width.const for window in node.windows if window.width.is_const]
    if len(widths) < len(node.windows) or math.prod(widths) > MOST_PLACES:
        return None
    if math.prod(widths) <= MOST_LISTED:
        slices = [_slice_at(rw, node, places) for places in itertools.product(*map(range, widths))]
        listed = ", ".join(text for text in slices if text is not None)
        if None in slices:
            return None
    else:
        if not all(window.start.is_const for window in node.windows):
            return None
        names = [place_name(rw) for _ in widths]
        ranges = [range(w.start.const, w.start.const + width) for w, width in zip(node.windows, widths, strict=True)]
        loops = [f"for {name} in range({range_code(r)})" for name, r in zip(names, ranges, strict=True)]
        listed = " ".join([_slice_at(rw, node, names) or "", *loops])
    rw.change("windows", "medians of short windows are taken place by place, over slices of the array")
    function = rw.imported("vectorizer.array_functions", "median_of")
    return _ordered(node, call(function, f"[{listed}]"), dtype)


def range_code(r: range) -> str:
    return str(r.stop) if r.start == 0 else f"{r.start}, {r.stop}"


def _slice_at(rw: Context, node: WindowNode, places: Sequence[int | str]) -> str | None:
    """The slice through one place of the windows in each dimension: a number, or a variable that holds it."""
    base, index, rest = rw.temp(node.base, "source"), list[str](), iter(places)
    for place, dim in zip(node.places, base.array.dims, strict=True):
        if isinstance(place, Window):
            number = next(rest)
            assert dim is not None
            shifted = _shifted(rw, place, dim, number) if isinstance(number, int) else _shifted_by(rw, place, number)
        else:
            shifted = _hull(rw, place, dim)
        if shifted is None:
            return None
        index.append(shifted)
    return _item(base.primary, len(base.array.axes), index)

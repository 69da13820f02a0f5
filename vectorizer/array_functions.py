"""Functions of arrays that NumPy or CuPy lacks, which emitted code imports.  It imports nothing of the package."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np

__all__ = [
    "accumulate_along",
    "device_copy",
    "median_of",
    "nan_quantile",
    "reduce_along",
    "search_rows",
    "search_short",
    "solve_each",
]

FEW: Final = 16
"""Up to as many elements a row are all compared with what is sought; longer rows are searched by halves."""
SHORT: Final = 32
"""Up to as many elements of a table for all are compared with what is sought, if that is 256 times as many numbers."""
_COPIES: Final[dict[tuple[int, str], tuple[Any, Any, Any]]] = {}


def search_rows(table: Any, sought: Any, side: str = "left") -> Any:
    """`np.searchsorted` in rows that each belong to other examples.

    Args:
        table: shape (..., n), each row in ascending order.
        sought: shape (...); its axes broadcast with those of `table` before the last.
        side: "left" or "right", as for `np.searchsorted`.

    Returns:
        Any: the place of each element of `sought` in its row, an integer array of the broadcast shape.

    Raises:
        ValueError: a row is not in order.
    """
    module = library_of(table, sought)
    table, sought = module.asarray(table), module.asarray(sought)
    if not (table[..., 1:] >= table[..., :-1]).all():
        raise ValueError("an array that is searched must be sorted")
    before = module.less if side == "left" else module.less_equal
    length = table.shape[-1]
    if length <= FEW:
        places = before(table, sought[..., None]).sum(axis=-1)
    else:
        places = _halved(table, sought, before, module)
    return module.where(module.isnan(sought), length, places) if sought.dtype.kind == "f" else places


def search_short(table: Any, sought: Any, side: Literal["left", "right"] = "left") -> Any:
    """`np.searchsorted` in a short table, several times as fast where many numbers are sought in no order.

    Args:
        table: NumPy's, of shape (n,).
        sought: NumPy's, of any shape.
        side: "left" or "right", as for `np.searchsorted`.

    Returns:
        Any: the place of each element of `sought`, an integer array of its shape.
    """
    table, sought = np.asarray(table), np.asarray(sought)
    if not 1 < len(table) <= min(SHORT, sought.size // 256) or not (table[1:] >= table[:-1]).all():
        return np.searchsorted(table, sought, side)
    is_before = np.less if side == "right" else np.less_equal
    places = np.full(sought.shape, len(table), np.int8)
    for element in table:
        places -= is_before(sought, element).view(np.int8)  # nan is before none
    return places.astype(np.intp)


def library_of(*values: Any) -> Any:
    """The library of the first value that is an array on a device; NumPy where there is none."""
    found = [type(value).__module__.partition(".")[0] for value in values if hasattr(value, "dtype")]
    return next((sys.modules[name] for name in found if name != "numpy"), np)


def _halved(table: Any, sought: Any, before: Any, module: Any) -> Any:
    """The number of elements that stand before what is sought, found bit by bit."""
    length = table.shape[-1]
    starts = module.arange(0, table.size, length).reshape(table.shape[:-1])
    flat = table.reshape(-1)
    places = module.zeros(np.broadcast_shapes(starts.shape, sought.shape), np.intp)
    for bit in reversed(range(length.bit_length())):
        further = places + (1 << bit)
        is_before = before(flat[starts + module.minimum(further, length) - 1], sought)
        places = module.where(is_before & (further <= length), further, places)
    return places


def accumulate_along(function: Any, a: Any, axis: int = 0) -> Any:
    """``function.accumulate`` for libraries that lack it, in as many steps as the length has binary digits.

    Args:
        function: of two arrays, associative, and with ``function(x, x) == x``: a maximum, a minimum, `and`, `or`.
        a: an array of shape (..., n, ...).
        axis: that of length n.

    Returns:
        Any: the results for the first element, the first two, and so on; the shape of `a`.
    """
    module = library_of(a)
    values, shift = module.moveaxis(function(a, a), axis, -1), 1
    while shift < values.shape[-1]:
        joined = function(values[..., shift:], values[..., :-shift])
        values, shift = module.concatenate([values[..., :shift], joined], axis=-1), 2 * shift
    return module.moveaxis(values, -1, axis)


def _with_last(a: Any, axis: int | tuple[int, ...] | None) -> Any:
    """The elements along some axes, or all, along the last."""
    if axis is None:
        return a.ravel()
    if isinstance(axis, int):
        return library_of(a).moveaxis(a, axis, -1)
    kept = [k for k in range(a.ndim) if k not in axis and k - a.ndim not in axis]
    return a.transpose(*kept, *axis).reshape(*(a.shape[k] for k in kept), -1)


def reduce_along(function: Any, a: Any, axis: int | tuple[int, ...] | None = 0, keepdims: bool = False) -> Any:
    """``function.reduce`` for libraries that lack it: neighbours are joined, then pairs of them, and so on.

    Args:
        function: of two arrays, associative.
        a: an array of shape (..., n, ...), n > 0.
        axis: that of length n, or several; None for all elements.
        keepdims: whether it stays, with length 1; not for all elements.

    Raises:
        ValueError: there are no elements.
    """
    values = _with_last(a, axis)
    if not values.shape[-1]:
        raise ValueError("zero-size array to reduction operation which has no identity")
    while values.shape[-1] > 1:
        odd = values[..., -1:]
        paired = function(values[..., 0:-1:2], values[..., 1::2])
        values = library_of(a).concatenate([paired, odd], axis=-1) if values.shape[-1] % 2 else paired
    result = values[..., 0]
    return library_of(a).expand_dims(result, axis) if keepdims else result


def median_of(arrays: Sequence[Any]) -> Any:
    """The medians of numbers that stand at the same place of several arrays; nan where one of them is nan.

    As long as there are three, the lowest and the highest of some more than half of them are left out, which cannot be
    the median of all; others take their places.  Many short medians are found several times as fast as one by one.

    Args:
        arrays: of one shape and dtype, integers or floats; one at least.

    Returns:
        Any: as `np.median` gives them: of the arrays' dtype, or float64 where they hold integers.
    """
    module = library_of(*arrays)
    enough = len(arrays) // 2 + 2
    kept, waiting = list(arrays[:enough]), list(arrays[enough:])
    while len(kept) > 2:
        kept = _without_ends(kept, module.minimum, module.maximum) + waiting[:1]
        del waiting[:1]
    if kept[0].dtype.kind in "iu":
        kept = [a.astype(float) for a in kept]
    return kept[0] if len(kept) == 1 else (kept[0] + kept[1]) / 2


def _without_ends(arrays: list[Any], minimum: Any, maximum: Any) -> list[Any]:
    """Three or more arrays without the lowest and the highest at each place."""
    pairs = list(zip(arrays[0::2], arrays[1::2], strict=False))
    odd = arrays[2 * len(pairs) :]  # it may be either
    rest = _losers([minimum(a, b) for a, b in pairs] + odd, minimum, maximum)
    between = len(rest) - len(odd)
    return rest[:between] + _losers([maximum(a, b) for a, b in pairs] + rest[between:], maximum, minimum)


def _losers(arrays: list[Any], better: Any, worse: Any) -> list[Any]:
    """All but the best at each place, in the order in which they lost."""
    best, rest = arrays[0], []
    for a in arrays[1:-1]:
        rest.append(worse(best, a))
        best = better(best, a)
    return [*rest, worse(best, arrays[-1])] if len(arrays) > 1 else []


def device_copy(array: Any, module: Any) -> Any:
    """A NumPy array from outside of a function, on the device: it is moved once, and again where it has changed.

    Nobody may write into what is given.  To look for changes, all of the array is read at each call.

    Args:
        array: NumPy's, of any shape and dtype.
        module: the device's library.
    """
    key, state = (id(array), module.__name__), (array.dtype, array.shape, array.tobytes())
    reference, known, copied = _COPIES.get(key, (None, None, None))
    if reference is None or reference() is not array or known != state:
        copied = module.asarray(array)
        _COPIES[key] = weakref.ref(array, lambda _: _COPIES.pop(key, None)), state, copied
    return copied


def nan_quantile(a: Any, q: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """`numpy.nanquantile` for libraries that lack it: linear between elements, nan where all are nan.

    Args:
        a: numbers of shape (..., n, ...).
        q: a number from 0 to 1.
        axis: that of length n, or several; None for all elements.
    """
    module = sys.modules[type(a).__module__.split(".")[0]]
    values = module.sort(_with_last(a, axis), axis=-1)  # nan comes last
    count = (~module.isnan(values)).sum(axis=-1)
    place = q * module.maximum(count - 1, 0)
    low = module.floor(place).astype(int)
    high = module.minimum(low + 1, module.maximum(count - 1, 0))
    first = module.take_along_axis(values, low[..., None], -1)[..., 0]
    last = module.take_along_axis(values, high[..., None], -1)[..., 0]
    return first + (last - first) * (place - low).astype(values.dtype)


def solve_each(a: Any, b: Any) -> Any:
    """`np.linalg.solve` of stacks of matrices that broadcast, for libraries whose own stacks must have one shape.

    Args:
        a: shape (..., n, n).
        b: shape (..., n, k), or (n,).

    Returns:
        Any: what `x` must be for ``a @ x`` to be `b`.

    Raises:
        LinAlgError: a matrix is singular; some libraries do not look.
    """
    module = library_of(a, b)
    if b.ndim > 1 and a.shape[:-2] != b.shape[:-2]:
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = module.broadcast_to(a, (*stack, *a.shape[-2:]))
        b = module.broadcast_to(b, (*stack, *b.shape[-2:]))
    return module.linalg.solve(a, b)

"""Functions of arrays that NumPy or CuPy lacks, which emitted code imports.  It imports nothing of the package."""

from __future__ import annotations

import sys
import weakref
from typing import Any, Final

import numpy as np

__all__ = ["accumulate_along", "device_copy", "nan_quantile", "reduce_along", "search_rows"]

FEW: Final = 16
"""Up to as many elements a row are all compared with what is sought; longer rows are searched by halves."""
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

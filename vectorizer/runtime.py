"""What emitted code imports where NumPy has no operation of its own.  It imports nothing of the package."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

__all__ = ["drop_lanes", "in_range", "map_examples", "stack_examples", "stack_values"]

WEAK: Final[Mapping[type, Any]] = {int: 0, float: 0.0, complex: 0j}
"""Python's numeric types, which are weak beside arrays (NEP 50), with a value of each; bool is not weak."""


def stack_examples(results: Sequence[Any]) -> Any:
    """The results of a function for each example, stacked along a new first axis.

    Containers are stacked leaf by leaf, and None stays None.  Python numbers are weak beside NumPy's, as NEP 50 has
    it: a result ``0.0`` beside float32 results gives float32.
    """
    first = results[0]
    if all(result is None for result in results):
        return None
    if isinstance(first, dict):
        return {key: stack_examples([result[key] for result in results]) for key in first}
    if isinstance(first, (tuple, list)):
        return _like(first, [stack_examples(parts) for parts in zip(*results, strict=True)])
    if hasattr(type(first), "__dataclass_fields__"):
        stacked = copy.copy(first)  # its `__init__` does not run again
        for name in type(first).__dataclass_fields__:
            object.__setattr__(stacked, name, stack_examples([getattr(result, name) for result in results]))
        return stacked
    return stack_values(results)


def map_examples(function: Callable[..., Any], in_axes: Sequence[Any], out_axes: Any = 0) -> Callable[..., Any]:
    """A function that calls another for each example, and stacks the results.

    Args:
        function: of one example.
        in_axes: for each argument the axis that counts the examples, None where they share it, or a container of these.
        out_axes: where results are stacked: an int, None for a result that is the same for all, or a container.
    """

    def run(*args: Any) -> Any:
        count = next(length for value, axes in zip(args, in_axes, strict=True) for length in _lengths(value, axes))
        results = []
        for i in range(count):
            results.append(function(*(_take(value, axes, i) for value, axes in zip(args, in_axes, strict=True))))
        return _placed(stack_examples(results), out_axes)

    return run


def _like(container: Any, items: Sequence[Any]) -> Any:
    return type(container)(*items) if hasattr(container, "_fields") else type(container)(items)


def _keys(container: Any) -> Sequence[Any]:
    return list(container) if isinstance(container, dict) else range(len(container))


def _below(axes: Any, key: Any) -> Any:
    return axes[key] if isinstance(axes, (dict, tuple, list)) else axes


def _lengths(value: Any, axes: Any) -> list[int]:
    if axes is None:
        return []
    if isinstance(value, (dict, tuple, list)):
        return [length for key in _keys(value) for length in _lengths(value[key], _below(axes, key))]
    return [value.shape[axes]]


def _take(value: Any, axes: Any, i: int) -> Any:
    """One example of an argument: of an array it is a view, so that what is written to it reaches the array."""
    if axes is None:
        return value
    if isinstance(value, dict):
        return {key: _take(item, _below(axes, key), i) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return _like(value, [_take(item, _below(axes, key), i) for key, item in enumerate(value)])
    return np.moveaxis(value, axes, 0)[i]


def _placed(stacked: Any, axes: Any) -> Any:
    """Results that are stacked along axis 0, with that axis where `axes` wants it."""
    if isinstance(stacked, dict):
        return {key: _placed(item, _below(axes, key)) for key, item in stacked.items()}
    if isinstance(stacked, (tuple, list)):
        return _like(stacked, [_placed(item, _below(axes, key)) for key, item in enumerate(stacked)])
    if stacked is None or axes == 0:
        return stacked
    return stacked[0] if axes is None else np.moveaxis(stacked, 0, axes)


def stack_values(values: Sequence[Any]) -> Any:
    """Stack numbers and arrays of one shape along a new first axis.

    The dtype is `np.stack`'s, but Python ints, floats and complex numbers are weak beside arrays and NumPy scalars.
    Python ints alone give int64, uint64 or object, whichever holds them all.

    Args:
        values: numbers and arrays of shape (...); NumPy's or another library's.

    Returns:
        Any: an array of shape (len(values), ...).
    """
    types = set(map(type, values))
    if types <= {float} or types <= {bool}:
        return np.array(values)
    weak = {cls: _weak_class(cls) for cls in types}
    if not any(weak.values()):
        masked = any(hasattr(cls, "filled") for cls in types)  # `np.stack` forgets the masks of masked arrays
        return np.ma.stack(values) if masked else np.stack(values)
    if all(weak.values()):
        return _stack_python(values, set(weak.values()))
    strong = {value.dtype if hasattr(value, "dtype") else np.dtype(bool) for value in values if not weak[type(value)]}
    return _stack_mixed(values, strong, weak)


def _weak_class(cls: type) -> type | None:
    """`int`, `float` or `complex` for Python's numbers and their subclasses, None for all else."""
    if issubclass(cls, np.generic | bool) or hasattr(cls, "dtype"):
        return None
    return next((base for base in WEAK if issubclass(cls, base)), None)


def _stack_python(values: Sequence[Any], kinds: set[type | None]) -> Any:
    """An array of Python numbers; ints beyond int64 and uint64 give an object array."""
    if kinds != {int}:
        try:
            return np.array(values, dtype=complex if complex in kinds else float)
        except OverflowError:  # an int beyond all floats
            return np.array(values, dtype=object)
    low, high = min(values), max(values)
    if low >= -(2**63) and high < 2**63:
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.uint64 if low >= 0 and high < 2**64 else object)


def _stack_mixed(values: Sequence[Any], strong: set[Any], weak: Mapping[type, type | None]) -> Any:
    """Stack Python numbers beside arrays or NumPy scalars."""
    zeros = [WEAK[cls] for cls in weak.values() if cls is not None]
    dtype = np.result_type(*strong, *zeros)
    lead = next(value for value in values if not weak[type(value)])
    module = (
        np if isinstance(lead, np.ndarray | np.generic | bool) else sys.modules[type(lead).__module__.split(".")[0]]
    )
    try:
        return np.stack([module.asarray(value, dtype=dtype) for value in values])
    except OverflowError:  # a Python int that the arrays' dtype cannot hold
        return np.stack(values)


FEW_LANES: Final = 1024
"""Up to as many lanes are gathered at once, which then takes less time than to look for places."""


def drop_lanes(done: Any, *state: Any, of: int) -> list[Any]:
    """The state of the lanes that stay in a loop.

    Where few lanes leave, the last ones move to their places, which does not take longer for the many that stay.  So
    the order may change, for all arrays alike, and arrays are written to.  As long as all lanes are in the loop they
    may be the caller's, or a view of them, and what is returned is a copy.

    Args:
        done: the places of the lanes that leave, in ascending order; shape (m,).
        state: arrays of shape (n, ...).
        of: how many lanes have entered the loop.

    Returns:
        list: for each array one of shape (n - m, ...).
    """
    count = len(state[0])
    left = count - done.size
    if count == of or count <= FEW_LANES or left < 3 * done.size:
        stays = np.ones(count, bool)
        stays[done] = False
        return [array[stays] for array in state]
    free = done[: np.searchsorted(done, left)]
    stays = np.ones(done.size, bool)  # of the lanes behind those that are kept in their places
    stays[done[free.size :] - left] = False
    moved = left + np.flatnonzero(stays)
    return [_moved(array, moved, free, left) for array in state]


def _moved(array: Any, moved: Any, free: Any, left: int) -> Any:
    """The first `left` elements, those of `moved` having gone to the places `free`."""
    if not array.flags.writeable:  # one value for all lanes
        array = array.copy()
    array[free] = array[moved]
    return array[:left]


# On a device


def in_range(index: Any, length: int) -> Any:
    """Subscripts of an axis, as they are: a device wraps those that are out of range, where NumPy raises.

    It waits for the device.

    Args:
        index: integers of shape (...); booleans pass, and so do numbers, which raise by themselves.
        length: of the axis.

    Raises:
        IndexError: one of them is out of range.
    """
    if (
        not isinstance(index, int)
        and index.dtype.kind != "b"
        and index.size
        and bool(((index < -length) | (index >= length)).any())
    ):
        raise IndexError(f"a subscript is out of bounds for an axis of length {length}")
    return index

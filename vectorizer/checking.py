"""`check=True`: a few examples of a rewritten function's result, compared with what the loop gives for them."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.runtime import stack_values
from vectorizer.spec import UNBATCHED, Layer, LeafAxes, Resolved, broadcast_out_axes, normalize_out_axis

TOLERANCE = 1e3  # times the dtype's epsilon: what a sum may lose when its terms are added in another order


def pick(sizes: tuple[int, ...]) -> list[int]:
    """The flat indices of the first, the middle and the last example."""
    count = math.prod(sizes)
    return sorted({0, count // 2, count - 1})


def snapshot(resolved: Resolved) -> Resolved:
    """The arguments with copies of their arrays."""
    shared: dict[int, Any] = {}
    copied = {name: tree.map_tree(lambda leaf: _copied(leaf, shared), v) for name, v in resolved.arguments.items()}
    return dataclasses.replace(resolved, arguments=copied)


def _copied(leaf: Any, shared: dict[int, Any]) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    return copy.deepcopy(leaf, shared)


def compare(
    expected: Sequence[Any] | None,
    got: Any,
    picked: Sequence[int],
    layers: tuple[Layer, ...],
    sizes: tuple[int, ...],
    before: Resolved,
    after: Resolved,
) -> str | None:
    """What differs between the loop's results for the picked examples and the batch's result; None if nothing does.

    Args:
        expected: the loop's results; None where an example raised.
        got: the batch's result.
        picked: the examples, by flat index.
        layers: of the function.
        sizes: the batch sizes.
        before: the arguments that the loop ran on.
        after: the arguments that the batch ran on.
    """
    if expected is None:
        return "an example raises, and the batch does not"
    try:
        axes = broadcast_out_axes(layers, expected[0])
    except Exception as error:  # noqa: BLE001 - the loop will say so itself
        return str(error)
    for flat, result in zip(picked, expected, strict=True):
        index = tuple(map(int, np.unravel_index(flat, sizes))) if sizes else ()
        name = f"example {index[0] if len(index) == 1 else index}" if index else "the result"
        difference = _compare_trees(result, got, axes, index, "result")
        if difference is None:
            difference = _compare_arguments(before, after, index)
        if difference is not None:
            return f"{name}: {difference}"
    return None


def _compare_arguments(before: Resolved, after: Resolved, index: tuple[int, ...]) -> str | None:
    """What an example wrote into its arguments."""
    for name, axes in before.axes.items():
        rows = zip(tree.flatten(before.arguments[name], name), tree.leaves(after.arguments[name]), strict=True)
        spread = tree.leaves(axes)
        for ((path, one), other), leaf_axes in zip(rows, spread, strict=False):
            if isinstance(one, np.ndarray) and any(axis is not UNBATCHED for axis in leaf_axes):
                found = _compare_leaf(_example(one, leaf_axes, index), _example(other, leaf_axes, index), path)
                if found is not None:
                    return found
    return None


def _example(array: np.ndarray[Any, Any], axes: LeafAxes, index: tuple[int, ...]) -> Any:
    """One example of an argument."""
    for axis, i in zip(axes, index, strict=True):
        if axis is not UNBATCHED:
            array = array.take(i, axis)
    return array


def _compare_trees(expected: Any, got: Any, axes: Any, index: tuple[int, ...], path: str) -> str | None:
    if not tree.has_same_node(expected, got):
        return f"{path} is {tree.describe(got)}, not {tree.describe(expected)}"
    if not tree.is_container(expected):
        return _compare_result(expected, got, axes, index, path)
    for key, inner in zip(tree.keys(expected), tree.children(axes), strict=True):
        below = path + tree.child_path(expected, key)
        found = _compare_trees(tree.child_of(expected, key), tree.child_of(got, key), inner, index, below)
        if found is not None:
            return found
    return None


def _compare_result(expected: Any, got: Any, axes: LeafAxes, index: tuple[int, ...], path: str) -> str | None:
    if expected is None or got is None:
        return None if expected is got else f"{path} is {tree.describe(got)}, not {tree.describe(expected)}"
    if not axes:
        return _compare_leaf(expected, got, path)
    wanted = [axis for axis in axes if axis is not UNBATCHED]
    places = [i for i, axis in zip(index, axes, strict=True) if axis is not UNBATCHED]
    rank = np.ndim(expected)
    if np.ndim(got) != rank + len(wanted):
        return f"{path} has rank {np.ndim(got)}, not {rank + len(wanted)}"
    part = got
    for count, (axis, place) in enumerate(zip(wanted, places, strict=True)):
        part = part.take(place, normalize_out_axis(axis, rank + len(wanted) - count, path))
    return _compare_leaf(expected, part, path, got.dtype)


def _compare_leaf(expected: Any, got: Any, path: str, dtype: Any = None) -> str | None:
    """One example's value; the batch's dtype may be wider, as other examples may have asked for it."""
    one, other = stack_values([expected]), np.asarray(got)[None]
    if one.shape != other.shape:
        return f"{path} has shape {other.shape[1:]}, not {one.shape[1:]}"
    if dtype is not None and hasattr(expected, "dtype") and np.result_type(one.dtype, dtype) != dtype:
        return f"{path} has dtype {dtype}, not {one.dtype}"
    if is_close(one, other):
        return None
    return f"{path} is {_short(got)}, not {_short(expected)}"


def is_close(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays of one shape are equal, floats up to rounding."""
    if one.dtype.kind not in "fc" or other.dtype.kind not in "fc":
        return bool(((one == other) | ((one != one) & (other != other))).all())
    epsilon = max(float(np.finfo(array.dtype).eps) for array in (one, other))
    with np.errstate(all="ignore"):
        finite = np.abs(one[np.isfinite(one)])
        largest = float(finite.max()) if finite.size else 0.0
        tolerance = TOLERANCE * epsilon
        return bool(np.isclose(other, one, rtol=tolerance, atol=tolerance * largest, equal_nan=True).all())


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."

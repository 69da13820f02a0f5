"""The results of all examples as one result: trees stacked leaf by leaf along `out_axes`, and what cannot be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.runtime import stack_values
from vectorizer.spec import UNBATCHED, LeafAxes, normalize_out_axis
from vectorizer.tree import Tree


class Stacking:
    """What stacking needs beside the results: batch sizes of the results and of the answer, the title of messages."""

    def __init__(self, sizes: tuple[int, ...], final: tuple[int, ...], title: str) -> None:
        self.sizes = sizes
        self.final = final
        self.title = title

    def example(self, flat: int) -> str:
        """How messages name an example."""
        index = tuple(map(int, np.unravel_index(flat, self.sizes)))
        return f"example {index[0] if len(index) == 1 else index}"


def stack_trees(results: Sequence[Tree], axes: Tree, stacking: Stacking, path: str) -> Tree:
    first = results[0]
    _check_same_node(results, stacking, path)
    if not tree.is_container(first):
        return _stack_leaves(results, axes, stacking, path)
    children = [
        stack_trees(
            [tree.child_of(result, key) for result in results],
            tree.child_of(axes, key),
            stacking,
            path + tree.child_path(first, key),
        )
        for key in tree.keys(first)
    ]
    return tree.rebuild(first, children)


def _check_same_node(results: Sequence[Tree], stacking: Stacking, path: str) -> None:
    first = results[0]
    if len(set(map(type, results))) == 1 and not tree.is_container(first):
        return
    for flat, result in enumerate(results):
        if not tree.has_same_node(first, result):
            raise VectorizeValueError(
                f"{stacking.title}: result{path} does not have the same structure for all examples:\n"
                f"  {stacking.example(0)}: {tree.describe(first)}\n"
                f"  {stacking.example(flat)}: {tree.describe(result)}\n"
                "Return the same containers of the same lengths for every example."
            )


def _stack_leaves(values: Sequence[Any], axes: LeafAxes, stacking: Stacking, path: str) -> Any:
    """One array (or None) for the leaves of all examples."""
    if any(value is None for value in values):
        return _stack_none(values, stacking, path)
    if all(axis is UNBATCHED for axis in axes) and not _is_numeric(values[0]):
        return _shared_object(values, stacking, path)
    for flat, value in enumerate(values):
        if not _is_numeric(value):
            raise VectorizeTypeError(
                f"{stacking.title}: result{path} is {tree.describe(value)} for {stacking.example(flat)}; "
                "such results cannot be stacked.\n"
                "Return numbers and arrays; for what is the same for all examples, give None in out_axes."
            )
    _check_shapes(values, stacking, path)
    stacked = stack_values(values)
    return _place_axes(stacked, axes, stacking, path)


def _stack_none(values: Sequence[Any], stacking: Stacking, path: str) -> None:
    for flat, value in enumerate(values):
        if (value is None) is not (values[0] is None):
            raise VectorizeTypeError(
                f"{stacking.title}: result{path} is None for some examples only:\n"
                f"  {stacking.example(0)}: {tree.describe(values[0])}\n"
                f"  {stacking.example(flat)}: {tree.describe(value)}\n"
                "Return None for every example or for none; `nan` may stand for a missing number."
            )


def _shared_object(values: Sequence[Any], stacking: Stacking, path: str) -> Any:
    """A result that is no number, under `out_axes=None` of all layers: the same for every example."""
    _refuse_empty(LeafAxes((UNBATCHED,) * len(stacking.final)), stacking, path)
    for flat, value in enumerate(values):
        if value is not values[0] and value != values[0]:
            examples = stacking.example(0), stacking.example(flat)
            raise VectorizeValueError(_varies_message((values[0], value), examples, stacking, path))
    return values[0]


def _is_numeric(value: Any) -> bool:
    """Whether a result can be stacked: a number or an array."""
    if isinstance(value, np.ndarray | np.generic):
        return True
    if isinstance(value, int | float | complex):
        return True
    return hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type)


def _check_shapes(values: Sequence[Any], stacking: Stacking, path: str) -> None:
    shapes = [getattr(value, "shape", ()) for value in values]
    if len(set(shapes)) == 1:
        return
    odd = next(flat for flat, shape in enumerate(shapes) if shape != shapes[0])
    raise VectorizeValueError(
        f"{stacking.title}: result{path} does not have the same shape for all examples:\n"
        f"  {stacking.example(0)}: shape {shapes[0]}\n  {stacking.example(odd)}: shape {shapes[odd]}\n"
        "Return arrays of one shape, padded if need be."
    )


def _place_axes(stacked: Any, axes: LeafAxes, stacking: Stacking, path: str) -> Any:
    """Split the leading axis of examples into one per layer, and move each to where `out_axes` wants it.

    Args:
        stacked: shape (number of examples, *shape of an example's result).
        axes: the out axis of each layer.
        stacking: batch sizes and title.
        path: of the leaf, for messages.
    """
    shape = tuple(stacked.shape[1:])
    _refuse_empty(axes, stacking, path)
    array = stacked.reshape(stacking.sizes + shape)
    array = _drop_shared(array, axes, stacking, path)
    level = sum(axis is not UNBATCHED for axis in axes)
    order = list(range(level, level + len(shape)))
    for axis in reversed(axes):
        if axis is not UNBATCHED:
            level -= 1
            order.insert(normalize_out_axis(axis, len(order) + 1, path), level)
    if math.prod(stacking.final) == 0:
        sizes = tuple(size for size, axis in zip(stacking.final, axes, strict=True) if axis is not UNBATCHED)
        array = stacked[:0].reshape(sizes + shape)
    return array.transpose(order) if order != list(range(array.ndim)) else array


def _refuse_empty(axes: LeafAxes, stacking: Stacking, path: str) -> None:
    """`out_axes=None` has no answer where there is no example to take it from."""
    pairs = list(zip(axes, stacking.final, strict=True))
    if math.prod(stacking.final) == 0 and all(size for axis, size in pairs if axis is not UNBATCHED):
        raise VectorizeValueError(
            f"{stacking.title}: out_axes is None for result{path}, but there are no examples "
            f"(batch sizes {stacking.final}) to take its value from.\n"
            "Give an axis in out_axes, or call it with at least one example."
        )


def _drop_shared(array: Any, axes: LeafAxes, stacking: Stacking, path: str) -> Any:
    """Take the first example along each layer that has `None` in `out_axes`, after checking that all are equal.

    Args:
        array: shape (*batch sizes, *shape of an example's result).
        axes: the out axis of each layer.
        stacking: batch sizes and title.
        path: of the leaf, for messages.
    """
    for level in reversed(range(len(axes))):
        if axes[level] is not UNBATCHED:
            continue
        first = array[(slice(None),) * level + (0,)]
        for i in range(1, array.shape[level]):
            other = array[(slice(None),) * level + (i,)]
            if not is_equal(first, other):
                raise VectorizeValueError(
                    _varies_message((first, other), ("example 0", f"example {i}"), stacking, path)
                )
        array = first
    return array


def is_equal(one: Any, other: Any) -> bool:
    """Whether two arrays of one shape are equal, where NaN equals NaN."""
    same = (one == other) | ((one != one) & (other != other))
    return bool(same.all() if hasattr(same, "all") else same)


def _varies_message(values: Sequence[Any], examples: Sequence[str], stacking: Stacking, path: str) -> str:
    pairs = zip(examples, values, strict=True)
    listed = "\n".join(f"  {example}: {_short(value)}" for example, value in pairs)
    return (
        f"{stacking.title}: out_axes is None for result{path}, but the result varies:\n{listed}\n"
        "Give the position of its batch axis in out_axes."
    )


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."

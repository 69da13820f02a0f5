"""The arguments of `vectorize`: broadcast against each other, their loop dimensions laid out as one batch axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from vectorizer.core_dims import CoreDims, Dims, Sizes, loop_shape
from vectorizer.gathering import NUMERIC, Array

Slot = int | str
"""A positional argument by its number, or a keyword by its name."""


@dataclass
class Passed:
    """What is passed to the function of a batch: arguments, and the batch axis of each (None where it is shared)."""

    args: list[Any]
    kwargs: dict[str, Any]
    axes: list[int | None] = field(init=False)
    keyword_axes: dict[str, int | None] = field(init=False)

    def __post_init__(self) -> None:
        self.axes = [None] * len(self.args)
        self.keyword_axes = dict.fromkeys(self.kwargs)

    def put(self, slot: Slot, value: Any, axis: int | None) -> None:
        """Passes another value at a place."""
        if isinstance(slot, int):
            self.args[slot], self.axes[slot] = value, axis
        else:
            self.kwargs[slot], self.keyword_axes[slot] = value, axis


@dataclass
class Arguments:
    """The arguments of a call that are broadcast.

    slots: where they are passed.
    given: what is passed there.
    arrays: the same as arrays.
    loop: the shape that they are broadcast to, core dimensions apart.
    core: the core dimensions of each.
    sizes: the lengths of the core dimensions.
    """

    slots: Sequence[Slot]
    given: Sequence[Any]
    arrays: Sequence[Array]
    loop: tuple[int, ...]
    core: tuple[Dims, ...]
    sizes: Sizes

    @staticmethod
    def of(slots: Sequence[Slot], given: Sequence[Any], dims: CoreDims | None, may_be_ragged: bool) -> Arguments:
        """The arguments in these places.

        Raises:
            VectorizeTypeError: there are not as many as the signature has.
            VectorizeValueError: their shapes do not go together.
            ValueError: one is a ragged list, which is an array of lists where it may be one.
        """
        if dims is not None:
            dims.check_count(len(slots))
        core: tuple[Dims, ...] = dims.inputs if dims is not None else ((),) * len(slots)
        arrays = [as_array(value, may_be_ragged) for value in given]
        sizes = Sizes()
        for array, names in zip(arrays, core, strict=True):
            sizes.note(array.shape, names)
        return Arguments(slots, given, arrays, loop_shape(arrays, core), core, sizes)

    @property
    def count(self) -> int:
        """How many elements there are."""
        return prod(self.loop)

    def of_ones(self) -> Arguments:
        """Two made-up elements of ones in place of those that there are; what all elements share stays."""
        made = [
            array if self.is_shared(k) else np.ones((2, *array.shape[array.ndim - len(self.core[k]) :]), array.dtype)
            for k, array in enumerate(self.arrays)
        ]
        given = [value if self.is_shared(k) else made[k] for k, value in enumerate(self.given)]
        return Arguments(self.slots, given, made, (2,), self.core, self.sizes)

    def passed(self, args: Sequence[Any], kwargs: dict[str, Any], plain: bool) -> Passed:
        """What a call passes to the function of a batch.

        plain: numbers are Python's, as NumPy hands them to a function of which it expects objects or text.
        """
        made = Passed(list(args), dict(kwargs))
        for k, slot in enumerate(self.slots):
            if not self.loop or self.count > 1 and self.is_shared(k):
                made.put(slot, self.shared(k, plain), None)
            else:
                made.put(slot, self.flat(k, plain), 0)
        return made

    def is_shared(self, k: int) -> bool:
        """Whether all elements see the same of argument `k`."""
        array = self.arrays[k]
        return prod(map(int, array.shape[: array.ndim - len(self.core[k])])) == 1

    def flat(self, k: int, plain: bool) -> Array:
        """Argument `k` with one loop dimension in front of the core dimensions; it is not to be written to."""
        array, rank = self.arrays[k], len(self.core[k])
        if not rank:
            array = _elements(np.asarray(array), plain)
        core = array.shape[array.ndim - rank :]
        shape = self.loop + core
        spread: Array = array if array.shape == shape else np.broadcast_to(array, shape, subok=True)
        return _frozen(spread.reshape((self.count, *core)))

    def shared(self, k: int, plain: bool) -> Any:
        """Argument `k` as each element sees it, where all see the same."""
        array, rank = self.arrays[k], len(self.core[k])
        if rank:
            return _frozen(array.reshape(array.shape[array.ndim - rank :]).view())
        value = self.given[k]
        if array.dtype == object and not isinstance(value, np.ndarray | list | tuple):
            return value
        return _elements(np.asarray(array), plain).reshape(())[()]


def as_array(value: Any, may_be_ragged: bool) -> Array:
    """An argument as an array; text and lists of it hold Python's strings."""
    try:
        made: Array = np.asanyarray(value)
    except ValueError:
        if not may_be_ragged:
            raise
        return np.asanyarray(value, dtype=object)
    if made.dtype.kind in "SU" and not isinstance(value, np.ndarray | np.generic):
        return np.asanyarray(value, dtype=object)
    return made


def _elements(array: Array, plain: bool) -> Array:
    """Single elements as the function is to see them: NumPy's scalars, but text as Python's, numbers too if `plain`."""
    if array.dtype.kind in "SU" or plain and array.dtype.kind in NUMERIC:
        return np.asarray(array, dtype=object)
    return array


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array

"""Signatures of generalized ufuncs, such as ``(m,n),(n)->(m)``: which dimensions of its arguments a function sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer.errors import VectorizeTypeError, VectorizeValueError

Dims = tuple[str, ...]

_LIST = r"\((?:\w+(?:,\w+)*)?\)(?:,\((?:\w+(?:,\w+)*)?\))*"
_SIGNATURE = re.compile(rf"({_LIST})->({_LIST})")


@dataclass(frozen=True)
class CoreDims:
    """The core dimensions of each argument and each result.

    Raises:
        VectorizeValueError: `parse` was given something that is no signature.
    """

    inputs: tuple[Dims, ...]
    outputs: tuple[Dims, ...]

    @staticmethod
    def parse(signature: str) -> CoreDims:
        """The dimensions that a signature names."""
        match = _SIGNATURE.fullmatch(re.sub(r"\s+", "", signature))
        if match is None:
            raise VectorizeValueError(
                f"vectorize: not a valid gufunc signature: {signature}\nOne reads like '(m,n),(n)->(m)'."
            )
        sides = (
            tuple(tuple(re.findall(r"\w+", part)) for part in re.findall(r"\([^)]*\)", side)) for side in match.groups()
        )
        return CoreDims(*sides)

    def check_count(self, count: int) -> None:
        """Raises VectorizeTypeError where a call has another number of arguments."""
        if count != len(self.inputs):
            raise VectorizeTypeError(
                f"vectorize: wrong number of positional arguments: expected {len(self.inputs)}, got {count}"
            )


@dataclass
class Sizes:
    """The lengths of core dimensions, as far as they are known."""

    known: dict[str, int] = field(default_factory=dict)

    def note(self, shape: tuple[int, ...], dims: Dims, is_exact: bool = False) -> None:
        """Takes the lengths of `dims`, the last dimensions of something of this shape.

        is_exact: nothing stands in front of them.

        Raises:
            VectorizeValueError: there are fewer, or a length is not what it was before.
        """
        if len(shape) < len(dims) or is_exact and len(shape) > len(dims):
            what = "does not have enough dimensions for all" if len(shape) < len(dims) else "has more dimensions than"
            raise VectorizeValueError(f"vectorize: {len(shape)}-dimensional argument {what} core dimensions {dims}")
        for name, size in zip(dims, shape[len(shape) - len(dims) :], strict=True):
            if self.known.setdefault(name, size) != size:
                raise VectorizeValueError(
                    f"vectorize: inconsistent size for core dimension {name!r}: {size} vs {self.known[name]}"
                )

    def shape(self, dims: Dims) -> tuple[int, ...] | None:
        """The lengths of `dims`; None where one is not known."""
        found = tuple(self.known[name] for name in dims if name in self.known)
        return found if len(found) == len(dims) else None


def loop_shape(arrays: Sequence[np.ndarray[Any, Any]], dims: Sequence[Dims]) -> tuple[int, ...]:
    """The common shape of all that stands in front of the core dimensions.

    Raises:
        VectorizeValueError: there is none.
    """
    shapes = [array.shape[: array.ndim - len(core)] for array, core in zip(arrays, dims, strict=True)]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise VectorizeValueError(f"vectorize: {error}") from None

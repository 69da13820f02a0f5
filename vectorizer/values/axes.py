"""Axes along which values vary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis along which values vary: a batch axis (put on by `vmap`), a loop's, or the active lanes of one."""

    name: str
    depth: tuple[int, ...]
    kind: Literal["batch", "loop", "lanes"] = "batch"

    def __lt__(self, other: Axis) -> bool:
        return self.depth < other.depth


Axes = tuple[Axis, ...]


def union_axes(*sets: Iterable[Axis]) -> Axes:
    """All axes of `sets`, in nesting order."""
    return tuple(sorted({axis for axes in sets for axis in axes}))

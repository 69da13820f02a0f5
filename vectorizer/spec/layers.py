"""One `vmap`: its specifications, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

import numpy as np

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.tree import Kind, Tree


class Unbatched(Enum):
    """The type of `UNBATCHED`."""

    UNBATCHED = "UNBATCHED"

    def __repr__(self) -> str:
        return "UNBATCHED"


UNBATCHED: Final = Unbatched.UNBATCHED
"""Stands where the user wrote `None`: the value is the same for all examples."""


Axis: TypeAlias = int | Unbatched


RANDOMNESS: Final = ("different", "same", "error")
"""What `vmap` may be told of random numbers: each example draws its own, all draw the same, or none may be drawn."""


class LeafAxes(tuple[Axis, ...]):
    """The axes of one leaf, one entry per layer, outermost first.  A leaf itself in the eyes of `tree`."""

    __slots__ = ()
    __tree_leaf__ = True


@dataclass(frozen=True)
class Layer:
    """One `vmap`: its specifications, checked and with `UNBATCHED` for `None` and tuples for lists.

    Raises:
        VectorizeTypeError: an axis is not an int or `None`; `axis_size` is not an int.
        VectorizeValueError: `axis_size` is negative; `randomness` is none of the three.
    """

    in_axes: Tree = 0
    out_axes: Tree = 0
    axis_size: int | None = None
    randomness: str = "different"

    def __post_init__(self) -> None:
        if tree.kind(self.in_axes) is Kind.DATACLASS:
            raise VectorizeTypeError(
                f"vmap: in_axes is {tree.describe(self.in_axes)}.\n"
                "At its top level it is an int, None, a tuple or list with one entry per positional argument, "
                "or a dict by parameter name."
            )
        object.__setattr__(self, "in_axes", _check_spec(self.in_axes, "in_axes"))
        object.__setattr__(self, "out_axes", _check_spec(self.out_axes, "out_axes"))
        object.__setattr__(self, "axis_size", _check_axis_size(self.axis_size))
        if self.randomness not in RANDOMNESS:
            raise VectorizeValueError(
                f"vmap: randomness is {self.randomness!r}.\nIt is one of {', '.join(map(repr, RANDOMNESS))}."
            )

    def __hash__(self) -> int:
        return hash((_frozen(self.in_axes), _frozen(self.out_axes), self.axis_size, self.randomness))


def make_layer(
    in_axes: Tree = 0, out_axes: Tree = 0, axis_size: int | None = None, randomness: str = "different"
) -> Layer:
    """The layer for one `vmap`, checked at wrap time (see `Layer` for what is raised)."""
    return Layer(in_axes, out_axes, axis_size, randomness)


def titles(layers: Sequence[Layer], name: str) -> tuple[str, ...]:
    """How messages name each layer: `vmap(vmap(f))` for the outer one of two, `vmap(f)` for the inner one."""
    depth = len(layers)
    return tuple("vmap(" * (depth - level) + name + ")" * (depth - level) for level in range(depth))


def _check_spec(spec: Tree, path: str) -> Tree:
    """A specification in normal form: ints, `UNBATCHED`, tuples, named tuples, dicts and dataclasses of these."""
    if spec is None or spec is UNBATCHED:
        return UNBATCHED
    if isinstance(spec, int | np.integer) and not isinstance(spec, bool):
        return int(spec)
    if not tree.is_container(spec):
        raise VectorizeTypeError(_bad_axis_message(spec, path))
    pairs = zip(tree.keys(spec), tree.children(spec), strict=True)
    checked = [_check_spec(child, path + tree.child_path(spec, key)) for key, child in pairs]
    return tuple(checked) if tree.kind(spec) in (Kind.LIST, Kind.TUPLE) else tree.rebuild(spec, checked)


def _bad_axis_message(spec: object, path: str) -> str:
    shared = "an argument that all examples share" if path.startswith("in_axes") else "a result that does not vary"
    allowed = f"An axis is an int, or None for {shared}"
    if isinstance(spec, bool | np.bool_):
        return f"vmap: {path} is {spec}.\n{allowed}; a bool is not taken for 0 or 1."
    return f"vmap: {path} is {tree.describe(spec)}.\n{allowed}; tuples, lists and dicts of these are fine too."


def _check_axis_size(size: object) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise VectorizeTypeError(
            f"vmap: axis_size is {tree.describe(size)}.\nGive the number of examples as an int, or leave it out."
        )
    if size < 0:
        raise VectorizeValueError(f"vmap: axis_size is {size}.\nThe number of examples cannot be negative.")
    return int(size)


def _frozen(spec: Tree) -> Any:
    if not tree.is_container(spec):
        return spec
    return type(spec), tuple(tree.keys(spec)), tuple(_frozen(child) for child in tree.children(spec))

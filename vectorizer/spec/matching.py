"""Arguments beside the specifications of all layers: the axes of every leaf, and the batch sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.spec.arrays import as_array, holds_arrays
from vectorizer.spec.layers import UNBATCHED, Axis, Layer, LeafAxes
from vectorizer.spec.slots import Slot
from vectorizer.spec.structure import mismatch_type, split_spec, wanted
from vectorizer.tree import Kind, Tree


@dataclass(slots=True)
class Place:
    """Where the matching is: the path in the arguments, and for each layer the path in its `in_axes`."""

    path: str
    roots: tuple[str, ...]
    slot: Slot

    def below(self, value: Tree, index: int, key: object, specs: Sequence[Tree]) -> Place:
        """The place of a container's child: its index and key among the children."""
        roots = tuple(root + _spec_step(spec, index, key) for root, spec in zip(self.roots, specs, strict=True))
        return Place(self.path + tree.child_path(value, key), roots, self.slot)

    def hint(self, level: int) -> str:
        """How to say that all examples share this argument."""
        if self.slot.position is None and self.roots[level] == "in_axes" and self.slot.key is not None:
            return f"in_axes={{{self.slot.key!r}: None}}"
        return "None for it in in_axes"


@dataclass(slots=True)
class _Mapped:
    """One batch axis found: the leaf, its shape, the axis as given and its size."""

    path: str
    shape: tuple[int, ...]
    axis: int
    size: int

    def __str__(self) -> str:
        return f"axis {self.axis} of {self.path}, shape {self.shape}"


@dataclass(slots=True)
class Matching:
    """The matching of one call's arguments with the layers; `found` gathers the batch axes of each layer,
    `titles` names the layers in messages."""

    titles: tuple[str, ...]
    found: tuple[list[_Mapped], ...]

    def match(self, value: Tree, specs: tuple[Tree, ...], place: Place) -> tuple[Tree, Tree]:
        """A value with its batched leaves as arrays, and the axes of its leaves."""
        if all(spec is UNBATCHED for spec in specs):
            return value, _shared_axes(value, LeafAxes(specs))
        structured = any(tree.is_container(spec) for spec in specs)
        if tree.is_container(value) and (structured or holds_arrays(value, place.path == place.slot.path)):
            return self._match_container(value, specs, place)
        if structured:
            level = next(k for k, spec in enumerate(specs) if tree.is_container(spec))
            raise VectorizeTypeError(self._mismatch(value, specs[level], place, level))
        return self._match_leaf(value, specs, place)

    def _match_container(self, value: Tree, specs: tuple[Tree, ...], place: Place) -> tuple[Tree, Tree]:
        columns: list[list[Tree]] = []
        for level, spec in enumerate(specs):
            split = split_spec(spec, value)
            if split is None:
                raise mismatch_type(spec, value)(self._mismatch(value, spec, place, level))
            columns.append(split)
        rows = enumerate(zip(tree.keys(value), tree.children(value), zip(*columns, strict=True), strict=True))
        matched = [self.match(child, row, place.below(value, i, key, specs)) for i, (key, child, row) in rows]
        return (
            tree.rebuild(value, [child for child, _ in matched]),
            tree.rebuild(value, [axes for _, axes in matched]),
        )

    def _mismatch(self, value: Tree, spec: Tree, place: Place, level: int) -> str:
        root = place.roots[level]
        return (
            f"{self.titles[level]}: {root} does not match argument {place.path}:\n"
            f"  {root} is {tree.describe(spec)}\n  {place.path} is {tree.describe(value)}\n"
            f"Give one axis for the whole of {place.path}, or {wanted(value)}."
        )

    def _match_leaf(self, value: Any, specs: tuple[Axis, ...], place: Place) -> tuple[Any, LeafAxes]:
        array = as_array(value, place.path, self.titles[0])
        shape = left = tuple(array.shape) if array is not None else ()
        axes: list[Axis] = []
        for level, axis in enumerate(specs):
            if axis is UNBATCHED:
                axes.append(UNBATCHED)
                continue
            if array is None:
                raise VectorizeTypeError(self._no_array(value, axis, place, level))
            if not -len(left) <= axis < len(left):
                raise VectorizeValueError(self._out_of_range(axis, shape, left, place, level))
            position = axis % len(left)
            self.found[level].append(_Mapped(place.path, shape, axis, left[position]))
            axes.append(position)
            left = left[:position] + left[position + 1 :]
        return array, LeafAxes(axes)

    def _no_array(self, value: Any, axis: int, place: Place, level: int) -> str:
        return (
            f"{self.titles[level]}: argument {place.path} is to be batched along axis {axis}, "
            f"but it is no array: {tree.describe(value)}.\n"
            f"Give {place.hint(level)} if all examples share it, or pass an array with one entry per example."
        )

    def _out_of_range(self, axis: int, shape: tuple[int, ...], left: tuple[int, ...], place: Place, level: int) -> str:
        message = f"{self.titles[level]}: argument {place.path} is to be batched along axis {axis}"
        if len(left) == len(shape):
            message += f", but it has rank {len(shape)} and shape {shape}."
        else:
            message += (
                f", but without the batch axes of the outer vmap it has rank {len(left)} and shape {left} "
                f"(as passed: {shape})."
            )
        if not left:
            return f"{message}\nGive {place.hint(level)} if all examples share it, or pass an array of higher rank."
        return f"{message}\nGive an axis from {-len(left)} to {len(left) - 1}, or None if all examples share it."

    def sizes(self, layers: Sequence[Layer]) -> tuple[int, ...]:
        """The batch size of each layer; raises where it is not known or the arguments disagree."""
        rows = zip(layers, self.found, self.titles, strict=True)
        return tuple(_size(layer, found, title) for layer, found, title in rows)


def _spec_step(spec: Tree, index: int, key: object) -> str:
    """How a specification's path goes on for a child: not at all where one int covers the whole."""
    if not tree.is_container(spec):
        return ""
    return tree.child_path(spec, index if tree.kind(spec) in (Kind.TUPLE, Kind.LIST) else key)


def _shared_axes(value: Tree, axes: LeafAxes) -> Tree:
    """The same axes for all leaves of a value; for the value as a whole where it contains itself."""
    if not tree.is_container(value):
        return axes
    try:
        return tree.map_tree(lambda _: axes, value)
    except RecursionError:
        return axes


def _size(layer: Layer, found: Sequence[_Mapped], title: str) -> int:
    groups: dict[int, list[_Mapped]] = defaultdict(list)
    for mapped in found:
        groups[mapped.size].append(mapped)
    if layer.axis_size is not None:
        if set(groups) - {layer.axis_size}:
            raise VectorizeValueError(_contradiction(layer.axis_size, groups, title))
        return layer.axis_size
    if not groups:
        raise VectorizeValueError(
            f"{title}: no argument is batched, so the number of examples is not known.\n"
            "Pass an array and give its batch axis in in_axes, or give axis_size."
        )
    if len(groups) > 1:
        raise VectorizeValueError(_disagreement(groups, title))
    return next(iter(groups))


def _contradiction(size: int, groups: Mapping[int, list[_Mapped]], title: str) -> str:
    lines = [f"  size {other}: {mapped}" for other, group in groups.items() if other != size for mapped in group]
    listed = "\n".join(lines)
    return (
        f"{title}: axis_size is {size}, but there are batch axes of another size:\n{listed}\n"
        "Leave axis_size out where an argument is batched, or give None in in_axes for what all examples share."
    )


def _disagreement(groups: Mapping[int, list[_Mapped]], title: str) -> str:
    """The message for batch sizes that disagree: the majority first, each odd one by name."""
    lines = []
    for size, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        lead = f"  size {size}: "
        lines.append(lead + f"\n{' ' * len(lead)}".join(map(str, group[:5])))
        if len(group) > 5:
            lines.append(f"{' ' * len(lead)}and {len(group) - 5} more")
    listed = "\n".join(lines)
    return (
        f"{title}: the batch axes differ in size:\n{listed}\n"
        "Pass arrays with the same number of examples, name another batch axis in in_axes, "
        "or give None in in_axes for what all examples share."
    )

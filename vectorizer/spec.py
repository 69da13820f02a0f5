"""Axis specifications: what `in_axes`, `out_axes` and `axis_size` say about the arguments and results of one call.

One `vmap` is a `Layer`; nested ones are several layers, outermost first.  A specification is a prefix of the tree that
it speaks of: one int covers everything below it.  Inside the package `UNBATCHED` stands where the user wrote `None`.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Resolved:
    """One call's arguments with the axes that they are batched along.

    Attributes:
        arguments: by parameter name, defaults applied; `*args` is a tuple and `**kwargs` a dict under its name.
        axes: the structure of `arguments`, each leaf a `LeafAxes`: non-negative int or `UNBATCHED` for each layer.
            The entry of an inner layer counts the axes that are left when the outer layers' axes are removed.
        sizes: the batch size of each layer.
        signature: how the function takes the arguments.
        defaulted: the parameters that were not passed; their defaults stand in `arguments`.
    """

    arguments: dict[str, Tree]
    axes: dict[str, Tree]
    sizes: tuple[int, ...]
    signature: inspect.Signature
    defaulted: frozenset[str] = frozenset()

    def split(self, arguments: Mapping[str, Tree] | None = None) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments to call the function with, from arguments by parameter name.

        Those that were not passed are left out: the function has its defaults (a ufunc objects to some of its own).
        """
        arguments = self.arguments if arguments is None else arguments
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        by_keyword = False
        for name, parameter in self.signature.parameters.items():
            by_keyword = by_keyword or parameter.kind is parameter.KEYWORD_ONLY or name in self.defaulted
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional += arguments[name]
            elif parameter.kind is parameter.VAR_KEYWORD:
                keywords |= arguments[name]
            elif not by_keyword:
                positional.append(arguments[name])
            elif name not in self.defaulted:
                keywords[name] = arguments[name]
        return positional, keywords


def signature_of(function: Any) -> inspect.Signature:
    """The signature of a callable; `(*args, **kwargs)` where it tells none (some C functions)."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        variadic = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
        return inspect.Signature(
            [inspect.Parameter(name, kind) for name, kind in zip(("args", "kwargs"), variadic, strict=True)]
        )


def resolve_call(
    layers: tuple[Layer, ...],
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    name: str,
) -> Resolved:
    """Bind a call's arguments and find each leaf's batch axes and the batch sizes.

    Batched array-likes (lists of numbers, `range`) become NumPy arrays; arrays of any library and whatever is not
    batched are passed through as they are.

    Args:
        layers: one per `vmap`, outermost first.
        signature: of the per-example function.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
        name: of the per-example function, for messages.

    Raises:
        VectorizeTypeError: arguments that the function does not take, a specification whose structure does not match,
            something that is no array where an axis is given.
        VectorizeValueError: wrong length of a tuple, axis out of range, batch sizes that disagree or are not known.
    """
    slots = _bind(signature, args, kwargs, name)
    call = _Call(titles(layers, name), tuple([] for _ in layers))
    for level, layer in enumerate(layers):
        _check_top(layer.in_axes, signature, slots, len(args), call.titles[level])
    arguments: dict[str, Tree] = {}
    axes: dict[str, Tree] = {}
    for parameter in signature.parameters.values():
        arguments[parameter.name], axes[parameter.name] = _empty(parameter), _empty(parameter)
    for slot in slots:
        pairs = [_slot_spec(layer.in_axes, slot) for layer in layers]
        place = _Place(slot.path, tuple(root for _, root in pairs), slot)
        value, leaf_axes = call.match(slot.value, tuple(spec for spec, _ in pairs), place)
        _fill(arguments, slot, value)
        _fill(axes, slot, leaf_axes)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments[parameter.name] = tuple(arguments[parameter.name])
            axes[parameter.name] = tuple(axes[parameter.name])
    defaulted = frozenset(slot.parameter for slot in slots if slot.is_default)
    return Resolved(arguments, axes, call.sizes(layers), signature, defaulted)


def broadcast_out_axes(layers: tuple[Layer, ...], result_tree: Tree, name: str = "fun") -> Tree:
    """The out axes of each leaf of a result: the structure of `result_tree`, each leaf a `LeafAxes`.

    The axes are as the user gave them, negative ones too (`normalize_out_axis` checks them where ranks are known).

    Args:
        layers: one per `vmap`, outermost first.
        result_tree: what the per-example function returns, or any tree of that structure.
        name: of the per-example function, for messages.

    Raises:
        VectorizeTypeError: `out_axes` and the result differ in structure.
        VectorizeValueError: a tuple in `out_axes` has another length than the result.
    """
    specs = tuple(_unwrap_single(layer.out_axes, result_tree) for layer in layers)
    return _match_result(result_tree, specs, "", titles(layers, name))


def normalize_out_axis(axis: int, batched_rank: int, path: str = "") -> int:
    """The non-negative position of a result's batch axis.

    Args:
        axis: as given in `out_axes`.
        batched_rank: rank of the result with this batch axis in it.
        path: of the leaf in the result, such as `[0]['w']`.

    Raises:
        VectorizeValueError: the axis is out of range.
    """
    if -batched_rank <= axis < batched_rank:
        return axis % batched_rank
    raise VectorizeValueError(
        f"vmap: out_axes gives axis {axis} for result{path}, which is out of range: with the batch axis in it "
        f"the result has rank {batched_rank}.\nGive an axis from {-batched_rank} to {batched_rank - 1}."
    )


# -- the specification itself, at wrap time --


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


def titles(layers: Sequence[Layer], name: str) -> tuple[str, ...]:
    """How messages name each layer: `vmap(vmap(f))` for the outer one of two, `vmap(f)` for the inner one."""
    depth = len(layers)
    return tuple("vmap(" * (depth - level) + name + ")" * (depth - level) for level in range(depth))


def _split_spec(spec: Tree, value: Tree) -> list[Tree] | None:
    """The specification of each child of a container, or None where the two differ in structure."""
    order = tree.keys(value)
    if not tree.is_container(spec):
        return [spec] * len(order)
    spec_kind, value_kind = tree.kind(spec), tree.kind(value)
    if spec_kind in (Kind.DATACLASS, Kind.NAMED) and value_kind is spec_kind and type(spec) is not type(value):
        return None
    if spec_kind in tree.SEQUENCES and value_kind in tree.SEQUENCES:
        return tree.children(spec) if len(spec) == len(order) else None
    by_name = (Kind.DICT, Kind.DATACLASS, Kind.NAMED)
    if spec_kind in by_name and value_kind in by_name and set(tree.keys(spec)) == set(order):
        return [tree.child_of(spec, key) for key in order]
    return None


# -- arguments --


@dataclass(slots=True)
class _Slot:
    """One passed argument, and how it was passed.

    Attributes:
        path: how messages name it: `x`, `args[1]`, `kwargs['y']`.
        value: what was passed, or the default.
        parameter: the name of the parameter that takes it.
        position: among the positional arguments; None for keywords and defaults.
        key: the name that a dict in `in_axes` may use for it; None for an entry of `*args`.
        item: its index or key inside a variadic parameter; None elsewhere.
        is_default: it was not passed.
    """

    path: str
    value: Any
    parameter: str
    position: int | None = None
    key: str | None = None
    item: int | str | None = None
    is_default: bool = False


def _bind(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any], name: str) -> list[_Slot]:
    """The arguments of a call in the order of the parameters."""
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise VectorizeTypeError(f"{name}{signature} cannot be called with these arguments: {error}") from None
    slots: list[_Slot] = []
    position = 0
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = enumerate(bound.get(key, ()))
            slots += [_Slot(f"{key}[{i}]", value, key, position + i, None, i) for i, value in rest]
        elif parameter.kind is parameter.VAR_KEYWORD:
            extra = bound.get(key, {}).items()
            slots += [_Slot(f"{key}[{item!r}]", value, key, None, item, item) for item, value in extra]
        elif key not in bound:
            slots.append(_Slot(key, parameter.default, key, key=key, is_default=True))
        elif parameter.kind is not parameter.KEYWORD_ONLY and position < len(args):
            slots.append(_Slot(key, bound[key], key, position, key))
            position += 1
        else:
            slots.append(_Slot(key, bound[key], key, None, key))
    return slots


def _empty(parameter: inspect.Parameter) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return []
    return {} if parameter.kind is parameter.VAR_KEYWORD else None


def _fill(target: dict[str, Tree], slot: _Slot, value: Tree) -> None:
    if slot.item is None:
        target[slot.parameter] = value
    elif isinstance(slot.item, int):
        target[slot.parameter].append(value)
    else:
        target[slot.parameter][slot.item] = value


def _slot_spec(in_axes: Tree, slot: _Slot) -> tuple[Tree, str]:
    """The specification of one argument, and where the user wrote it."""
    if slot.is_default:
        return UNBATCHED, "in_axes"
    if isinstance(in_axes, dict):
        return _named_spec(in_axes, slot)
    if slot.position is None:
        return 0, "in_axes"
    if isinstance(in_axes, tuple):
        return in_axes[slot.position], f"in_axes[{slot.position}]"
    return in_axes, "in_axes"


def _named_spec(in_axes: Mapping[str, Tree], slot: _Slot) -> tuple[Tree, str]:
    if slot.key is not None and slot.key in in_axes:
        return in_axes[slot.key], f"in_axes[{slot.key!r}]"
    if slot.item is None or slot.parameter not in in_axes:
        return 0, "in_axes"
    spec, root = in_axes[slot.parameter], f"in_axes[{slot.parameter!r}]"
    if isinstance(spec, dict):
        return spec.get(slot.item, 0), f"{root}[{slot.item!r}]"
    if isinstance(spec, tuple) and isinstance(slot.item, int):
        return spec[slot.item], f"{root}[{slot.item}]"
    return spec, root


def _check_top(
    in_axes: Tree, signature: inspect.Signature, slots: Sequence[_Slot], positional: int, title: str
) -> None:
    """Check the top level of `in_axes`: a tuple's length, a dict's names."""
    if isinstance(in_axes, dict):
        _check_names(in_axes, signature, slots, title)
    elif isinstance(in_axes, tuple) and len(in_axes) != positional:
        raise VectorizeValueError(_length_message(in_axes, slots, positional, title))


def _length_message(in_axes: tuple[Tree, ...], slots: Sequence[_Slot], positional: int, title: str) -> str:
    given = [slot.path for slot in slots if slot.position is not None]
    keywords = [slot.key for slot in slots if slot.position is None and not slot.is_default]
    listed = f" ({', '.join(given)})" if given else ""
    message = (
        f"{title}: in_axes has {len(in_axes)} {'entry' if len(in_axes) == 1 else 'entries'}, "
        f"but {positional} positional {'argument was' if positional == 1 else 'arguments were'} passed{listed}."
    )
    if keywords:
        example = f"in_axes={{{str(keywords[0])!r}: None}}"
        return (
            f"{message}\nA tuple in in_axes speaks of positional arguments only; those passed by keyword "
            f"({', '.join(map(str, keywords))}) are batched along axis 0.\n"
            f"Pass them by position, or give in_axes as a dict by parameter name, such as {example}."
        )
    return f"{message}\nGive one entry for each positional argument, or one int for all of them."


def _check_names(in_axes: Mapping[str, Tree], signature: inspect.Signature, slots: Sequence[_Slot], title: str) -> None:
    parameters = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [key for key in in_axes if key not in parameters]
    if any(not isinstance(key, str) for key in unknown) or (unknown and not takes_any):
        raise VectorizeTypeError(
            f"{title}: in_axes names {', '.join(map(repr, unknown))}, which is no parameter of it.\n"
            f"A dict at the top level of in_axes names parameters; there are: {', '.join(parameters) or 'none'}."
        )
    for key, parameter in parameters.items():
        spec = in_axes.get(key)
        if parameter.kind is parameter.VAR_POSITIONAL and tree.is_container(spec):
            passed = sum(slot.parameter == key for slot in slots)
            if not isinstance(spec, tuple) or len(spec) != passed:
                raise VectorizeValueError(
                    f"{title}: in_axes[{key!r}] is {tree.describe(spec)}, but *{key} received {passed} arguments.\n"
                    f"Give one int for all of them, or a tuple of length {passed}."
                )


@dataclass(slots=True)
class _Place:
    """Where the matching is: the path in the arguments, and for each layer the path in its `in_axes`."""

    path: str
    roots: tuple[str, ...]
    slot: _Slot

    def below(self, value: Tree, index: int, key: object, specs: Sequence[Tree]) -> _Place:
        """The place of a container's child: its index and key among the children."""
        roots = tuple(root + _spec_step(spec, index, key) for root, spec in zip(self.roots, specs, strict=True))
        return _Place(self.path + tree.child_path(value, key), roots, self.slot)

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
class _Call:
    """The matching of one call's arguments with the layers; `found` gathers the batch axes of each layer,
    `titles` names the layers in messages."""

    titles: tuple[str, ...]
    found: tuple[list[_Mapped], ...]

    def match(self, value: Tree, specs: tuple[Tree, ...], place: _Place) -> tuple[Tree, Tree]:
        """A value with its batched leaves as arrays, and the axes of its leaves."""
        if all(spec is UNBATCHED for spec in specs):
            return value, _shared_axes(value, LeafAxes(specs))
        structured = any(tree.is_container(spec) for spec in specs)
        if tree.is_container(value) and (structured or _holds_arrays(value, place)):
            return self._match_container(value, specs, place)
        if structured:
            level = next(k for k, spec in enumerate(specs) if tree.is_container(spec))
            raise VectorizeTypeError(self._mismatch(value, specs[level], place, level))
        return self._match_leaf(value, specs, place)

    def _match_container(self, value: Tree, specs: tuple[Tree, ...], place: _Place) -> tuple[Tree, Tree]:
        columns: list[list[Tree]] = []
        for level, spec in enumerate(specs):
            split = _split_spec(spec, value)
            if split is None:
                raise _mismatch_type(spec, value)(self._mismatch(value, spec, place, level))
            columns.append(split)
        rows = enumerate(zip(tree.keys(value), tree.children(value), zip(*columns, strict=True), strict=True))
        matched = [self.match(child, row, place.below(value, i, key, specs)) for i, (key, child, row) in rows]
        return (
            tree.rebuild(value, [child for child, _ in matched]),
            tree.rebuild(value, [axes for _, axes in matched]),
        )

    def _mismatch(self, value: Tree, spec: Tree, place: _Place, level: int) -> str:
        root = place.roots[level]
        return (
            f"{self.titles[level]}: {root} does not match argument {place.path}:\n"
            f"  {root} is {tree.describe(spec)}\n  {place.path} is {tree.describe(value)}\n"
            f"Give one axis for the whole of {place.path}, or {_wanted(value)}."
        )

    def _match_leaf(self, value: Any, specs: tuple[Axis, ...], place: _Place) -> tuple[Any, LeafAxes]:
        array = _as_array(value, place.path, self.titles[0])
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

    def _no_array(self, value: Any, axis: int, place: _Place, level: int) -> str:
        return (
            f"{self.titles[level]}: argument {place.path} is to be batched along axis {axis}, "
            f"but it is no array: {tree.describe(value)}.\n"
            f"Give {place.hint(level)} if all examples share it, or pass an array with one entry per example."
        )

    def _out_of_range(self, axis: int, shape: tuple[int, ...], left: tuple[int, ...], place: _Place, level: int) -> str:
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


def _holds_arrays(value: Tree, place: _Place) -> bool:
    """Whether a container under an int axis is one of arrays; a list or tuple of numbers is an array itself."""
    if tree.kind(value) not in (Kind.LIST, Kind.TUPLE):
        return True
    if not value:
        return isinstance(value, tuple) or place.path != place.slot.path
    return _has_arrays(value)


_PLAIN: Final = {bool, int, float, complex, str, bytes, type(None)}


def _has_arrays(items: Sequence[Any]) -> bool:
    """Whether a nested list holds an array, or a container that is no list and no tuple."""
    for item in items if set(map(type, items)) - _PLAIN else ():
        if tree.kind(item) in (Kind.LIST, Kind.TUPLE):
            if _has_arrays(item):
                return True
        elif tree.is_container(item) or _is_array(item):
            return True
    return False


def _is_array(value: object) -> bool:
    rank = getattr(value, "ndim", None)
    return rank > 0 if isinstance(rank, int) else hasattr(value, "__array__") and not isinstance(value, type)


def _as_array(value: Any, path: str, title: str) -> Any:
    """An array for an array-like, None where NumPy would make no array with axes of it."""
    if isinstance(value, np.ndarray | np.generic):
        return value
    is_foreign = hasattr(value, "shape") and hasattr(value, "ndim")
    if is_foreign and not isinstance(value, memoryview) and not hasattr(value, "iloc"):  # `iloc`: pandas
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise VectorizeValueError(
            f"{title}: argument {path} is {tree.describe(value)}, which makes no array: {error}\n"
            "Pass examples of one shape (padded, with their lengths as another argument, if need be)."
        ) from error
    return array if array.ndim else None


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


# -- results --


def _unwrap_single(spec: Tree, result: Tree) -> Tree:
    """A tuple of one entry may speak of a result that is no container."""
    return spec[0] if type(spec) is tuple and len(spec) == 1 and not tree.is_container(result) else spec


def _match_result(result: Tree, specs: tuple[Tree, ...], path: str, heads: tuple[str, ...]) -> Tree:
    if not tree.is_container(result):
        for level, spec in enumerate(specs):
            if tree.is_container(spec):
                raise VectorizeTypeError(_result_mismatch(spec, result, path, heads[level]))
        return LeafAxes(specs)
    columns: list[list[Tree]] = []
    for level, spec in enumerate(specs):
        split = _split_spec(spec, result)
        if split is None:
            raise _mismatch_type(spec, result)(_result_mismatch(spec, result, path, heads[level]))
        columns.append(split)
    pairs = zip(tree.keys(result), tree.children(result), zip(*columns, strict=True), strict=True)
    return tree.rebuild(
        result,
        [_match_result(child, row, path + tree.child_path(result, key), heads) for key, child, row in pairs],
    )


def _mismatch_type(spec: Tree, value: Tree) -> type[VectorizeTypeError | VectorizeValueError]:
    """A wrong length is a `ValueError`, a wrong kind or wrong keys a `TypeError`."""
    sequences = tree.kind(spec) in tree.SEQUENCES and tree.kind(value) in tree.SEQUENCES
    return VectorizeValueError if sequences and len(spec) != len(value) else VectorizeTypeError


def _result_mismatch(spec: Tree, result: Tree, path: str, title: str) -> str:
    return (
        f"{title}: out_axes{path} does not match what the function returns:\n"
        f"  out_axes{path} is {tree.describe(spec)}\n  result{path} is {tree.describe(result)}\n"
        f"Give one axis for the whole of it, or {_wanted(result)}."
    )


def _wanted(value: Tree) -> str:
    """What a specification for `value` may look like, for a message."""
    match tree.kind(value):
        case Kind.DICT:
            return f"a dict with the keys {', '.join(map(repr, tree.keys(value)))}"
        case Kind.NAMED | Kind.DATACLASS:
            return f"a dict with the keys {', '.join(map(repr, tree.keys(value)))}, or another {type(value).__name__}"
        case Kind.TUPLE | Kind.LIST:
            return f"a tuple of length {len(value)}"
    return "None if it is the same for all examples"

"""Containers of arrays: what may stand inside arguments, results and axis specifications.

A container is a tuple, named tuple, tuple subclass, list, dict (`OrderedDict` and others too) or an instance of a
dataclass.  Everything else is a leaf: arrays, numbers, strings, `None`, functions, any object.  A class with the
attribute `__tree_leaf__ = True` is a leaf even where it is a tuple or a dataclass; so is every array-like class.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeAlias

Tree: TypeAlias = Any


class Kind(Enum):
    """What a type is in a tree."""

    LEAF = "leaf"
    TUPLE = "tuple"
    NAMED = "named tuple"
    LIST = "list"
    DICT = "dict"
    DATACLASS = "dataclass"


SEQUENCES = (Kind.TUPLE, Kind.NAMED, Kind.LIST)


@functools.lru_cache(maxsize=1024)
def kind_of_type(cls: type) -> Kind:
    """The kind of a type's instances."""
    if getattr(cls, "__tree_leaf__", False) or hasattr(cls, "__array__") or hasattr(cls, "__array_namespace__"):
        return Kind.LEAF
    if issubclass(cls, tuple):
        return Kind.NAMED if hasattr(cls, "_fields") and hasattr(cls, "_make") else Kind.TUPLE
    if issubclass(cls, list):
        return Kind.LIST
    if issubclass(cls, dict):
        return Kind.DICT
    return Kind.DATACLASS if dataclasses.is_dataclass(cls) else Kind.LEAF


def kind(value: Any) -> Kind:
    """The kind of a value."""
    cls: Any = type(value)
    return kind_of_type(cls)


def is_container(value: Any) -> bool:
    """Whether `value` holds other values."""
    cls: Any = type(value)
    return kind_of_type(cls) is not Kind.LEAF


def keys(container: Tree) -> list[Any]:
    """The keys of a container's children in order: indices, dict keys, or names of fields."""
    match kind(container):
        case Kind.TUPLE | Kind.LIST:
            return list(range(len(container)))
        case Kind.NAMED:
            return list(container._fields)
        case Kind.DICT:
            return list(container)
        case Kind.DATACLASS:
            return [field.name for field in dataclasses.fields(container) if hasattr(container, field.name)]
    raise TypeError(f"{type(container).__name__} is not a container")


def children(container: Tree) -> list[Any]:
    """The values that a container holds, in the order of `keys`."""
    match kind(container):
        case Kind.TUPLE | Kind.LIST | Kind.NAMED:
            return list(container)
        case Kind.DICT:
            return list(container.values())
    return [getattr(container, name) for name in keys(container)]


def child_path(container: Tree, key: object) -> str:
    """How Python would write the step from a container to its child: `[0]`, `['w']`, `.weight`."""
    return f".{key}" if kind(container) in (Kind.NAMED, Kind.DATACLASS) else f"[{key!r}]"


def rebuild(container: Tree, values: Sequence[Any]) -> Tree:
    """A container of the same type and keys that holds `values` (in the order of `keys`).

    A dataclass is copied and its fields are set: its `__init__` and `__post_init__` do not run again.
    """
    match kind(container):
        case Kind.LIST if type(container) is list:
            return list(values)
        case Kind.DICT if type(container) is dict:
            return dict(zip(container, values, strict=True))
        case Kind.NAMED:
            return container._make(values)
        case Kind.TUPLE:
            return _rebuild_tuple(container, values)
    return _refilled(container, values)


def _rebuild_tuple(container: Tree, values: Sequence[Any]) -> Tree:
    cls = type(container)
    if cls is tuple or hasattr(cls, "n_sequence_fields"):  # the latter: `time.struct_time` and its like
        return cls(values)
    rebuilt = tuple.__new__(cls, values)
    if hasattr(container, "__dict__"):
        rebuilt.__dict__.update(container.__dict__)
    return rebuilt


def _refilled(container: Tree, values: Sequence[Any]) -> Tree:
    """A shallow copy with other children: for subclasses (a `defaultdict` keeps its factory) and dataclasses."""
    rebuilt = copy.copy(container)
    is_dataclass = kind(container) is Kind.DATACLASS
    for key, value in zip(keys(container), values, strict=True):
        if is_dataclass:
            object.__setattr__(rebuilt, key, value)
        else:
            rebuilt[key] = value
    return rebuilt


def leaves(value: Tree) -> list[Any]:
    """The leaves of a tree from left to right."""
    if not is_container(value):
        return [value]
    return [leaf for child in children(value) for leaf in leaves(child)]


def flatten(value: Tree, path: str = "") -> list[tuple[str, Any]]:
    """The leaves of a tree with their paths, such as `params[0]['w']` where `path` is `params`."""
    if not is_container(value):
        return [(path, value)]
    found = []
    for key, child in zip(keys(value), children(value), strict=True):
        found += flatten(child, path + child_path(value, key))
    return found


def map_tree(function: Callable[..., Any], value: Tree, *others: Tree) -> Tree:
    """A tree like `value` that holds `function(leaf, *leaves of the others at the same place)`.

    Raises:
        TypeError: one of the `others` has another structure.
    """
    if not is_container(value):
        return function(value, *others)
    for other in others:
        if not has_same_node(value, other):
            raise TypeError(f"the trees differ: {describe(value)}, {describe(other)}")
    order = keys(value)
    columns = [children(value)] + [[child_of(other, key) for key in order] for other in others]
    return rebuild(value, [map_tree(function, *row) for row in zip(*columns, strict=True)])


def child_of(container: Tree, key: Any) -> Any:
    """The child of a container under one of its `keys`."""
    by_name = kind(container) in (Kind.NAMED, Kind.DATACLASS)
    return getattr(container, key) if by_name else container[key]


def has_same_node(one: Tree, other: Tree) -> bool:
    """Whether two values are both leaves, or containers of one type with the same keys (children not compared)."""
    if not is_container(one) or not is_container(other):
        return is_container(one) is is_container(other)
    if type(one) is not type(other) or len(keys(one)) != len(keys(other)):
        return False
    return kind(one) in (Kind.TUPLE, Kind.LIST) or set(keys(one)) == set(keys(other))


def find_difference(one: Tree, other: Tree, path: str = "") -> tuple[str, Tree, Tree] | None:
    """The first place where two trees differ in structure: its path and both values there."""
    if not has_same_node(one, other):
        return path, one, other
    if not is_container(one):
        return None
    for key in keys(one):
        found = find_difference(child_of(one, key), child_of(other, key), path + child_path(one, key))
        if found is not None:
            return found
    return None


def describe(value: object) -> str:
    """What a value is, in a few words for a message: `a dict with the keys 'w', 'b'`."""
    name = type(value).__name__
    match kind(value):
        case Kind.DICT:
            listed = ", ".join(map(repr, keys(value)))
            return f"a {name} with the keys {listed}" if listed else f"an empty {name}"
        case Kind.DATACLASS | Kind.NAMED:
            return f"a {name} with the fields {', '.join(keys(value))}"
        case Kind.TUPLE | Kind.LIST:
            return f"a {name} of length {len(keys(value))}"
    return _describe_leaf(value)


def _describe_leaf(value: object) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None and not isinstance(value, type):
        return f"an array of shape {shape} and dtype {dtype}"
    if value is None:
        return "None"
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"

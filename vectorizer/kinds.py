"""Which arguments share a specialization: keys, and the same as a compiled check for the fast path."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Set
from enum import Enum
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.guards import BY_VALUE, NUMBERS, Guards, Identity
from vectorizer.namespace import LIBRARIES, LONGEST_KNOWN
from vectorizer.spec import UNBATCHED, LeafAxes, Resolved
from vectorizer.tree import Kind

CONTAINERS = (Kind.TUPLE, Kind.NAMED, Kind.LIST, Kind.DICT)
MOST_PARTS = 256  # with more, a call takes the slow path
LIVING = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, Enum)  # one is not like another


class TooMany(Exception):
    """The arguments have too many parts for a compiled check."""


def key_of(resolved: Resolved) -> Any:
    """What the arguments of two calls have in common if one specialization may serve both."""
    parts = [_key(value, resolved.axes[name]) for name, value in resolved.arguments.items()]
    return (resolved.defaulted, tuple(parts))


def _key(value: Any, axes: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (type(value), value.dtype, value.ndim, axes)
    if not is_known_container(value):
        return leaf_key(value)
    inner = _axes_of_children(value, axes)
    if len(inner) > LONGEST_KNOWN and type(value) is list:
        return (list, frozenset(_key(item, axis) for item, axis in zip(value, inner, strict=True)))
    keys = tuple(value) if isinstance(value, dict) else len(inner)
    return (type(value), keys, tuple(_key(c, a) for c, a in zip(tree.children(value), inner, strict=True)))


def is_known_container(value: Any) -> bool:
    """Whether the rewriter knows the parts of a value one by one."""
    return tree.kind(value) in CONTAINERS


def _axes_of_children(value: Any, axes: Any) -> list[Any]:
    return [axes] * len(tree.keys(value)) if isinstance(axes, LeafAxes) else tree.children(axes)


def leaf_key(value: Any) -> Any:
    """The key of something that is no array and no container."""
    cls = type(value)
    if cls in NUMBERS or isinstance(value, np.generic):
        return cls
    if cls in BY_VALUE and cls is not slice:
        return (cls, value)
    if cls is types.MethodType:
        return (cls, Identity(value.__self__), Identity(value.__func__))
    return Identity(value) if is_one_of_a_kind(value) else cls


def is_one_of_a_kind(value: Any) -> bool:
    """Whether a rewrite may rely on which object a value is, and not on its type alone."""
    if isinstance(value, LIVING):
        return True
    root = (type(value).__module__ or "").partition(".")[0]
    return callable(value) and root in (*LIBRARIES, "vectorizer", "builtins")


# The same as a check


def compile_check(
    guards: Guards,
    resolved: Resolved,
    constants: Set[str],
    sizes: tuple[int | None, ...],
    array_type: type | None = np.ndarray,
) -> Callable[..., bool]:
    """A function that tells whether a call is like this one; it takes the arguments as they are passed.

    Args:
        guards: the other conditions.
        resolved: the arguments by the parameters of the function itself.
        constants: the parameters that are not passed, whose values are taken as they are.
        sizes: the batch size of each layer, where it is given.
        array_type: that of the arrays that are passed, for which NumPy's stand in `resolved`.

    Raises:
        TooMany: the arguments have too many parts.
    """
    own = _Conditions(guards, len(resolved.sizes), array_type or np.ndarray)
    parameters: list[str] = []
    for name, parameter in resolved.signature.parameters.items():
        stars = "*" * (parameter.kind is parameter.VAR_POSITIONAL) or "**" * (parameter.kind is parameter.VAR_KEYWORD)
        if name not in constants:
            parameters.append(stars + name)
        own.add(name, resolved.arguments[name], resolved.axes[name])
    return guards.compiled(parameters, {name: resolved.arguments[name] for name in constants}, own.all(sizes))


class _Conditions:
    """The conditions on the kinds of arguments and on the batch sizes."""

    def __init__(self, guards: Guards, layers: int, array_type: type) -> None:
        self.guards, self.array_type = guards, array_type
        self.found: list[str] = []
        self.sizes: list[list[str]] = [[] for _ in range(layers)]

    def all(self, sizes: tuple[int | None, ...]) -> list[str]:
        return [*self.found, *self.size_conditions(sizes)]

    def size_conditions(self, sizes: tuple[int | None, ...]) -> Iterator[str]:
        """The batch axes of a layer are equally long, and there are examples."""
        for codes, given in zip(self.sizes, sizes, strict=True):
            if codes:
                chain = " == ".join(codes if given is None else [str(given), *codes])
                yield f"{chain} != 0"

    def add(self, code: str, value: Any, axes: Any) -> None:
        """`code` gives something of the kind of `value`."""
        if len(self.found) > MOST_PARTS:
            raise TooMany
        if isinstance(value, np.ndarray):
            self.found.append(self.guards.array_likeness(code, value, self.array_type))
            if isinstance(axes, LeafAxes):
                self.add_sizes(code, value, axes)
        elif is_known_container(value):
            self.add_container(code, value, axes)
        elif is_one_of_a_kind(value):
            self.found.append(f"{code} is {self.guards.name(value)}")
        elif isinstance(leaf_key(value), tuple):
            self.found.append(self.guards.equality(code, value))
        else:
            self.found.append(f"_type_({code}) is {self.guards.name(type(value))}")

    def add_sizes(self, code: str, value: np.ndarray[Any, Any], axes: LeafAxes) -> None:
        left = list(range(value.ndim))
        for level, axis in enumerate(axes):
            if axis is not UNBATCHED:
                self.sizes[level].append(f"{code}.shape[{left.pop(axis)}]")

    def add_container(self, code: str, value: Any, axes: Any) -> None:
        self.found.append(f"_type_({code}) is {self.guards.name(type(value))}")
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if len(keys) > LONGEST_KNOWN or not all(type(key) in (str, int, bool) for key in keys):
            raise TooMany
        self.found.append(f"_list_({code}) == {keys!r}" if isinstance(value, dict) else f"_len_({code}) == {len(keys)}")
        for key, child, inner in zip(keys, tree.children(value), _axes_of_children(value, axes), strict=True):
            self.add(f"{code}[{key!r}]", child, inner)

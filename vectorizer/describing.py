"""The arguments of a call as abstract values: what a rewrite may rely on."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from vectorizer.namespace import LONGEST_KNOWN
from vectorizer.spec import UNBATCHED, LeafAxes
from vectorizer.tree import children, is_container, leaves
from vectorizer.values import (
    GENERATORS,
    Affine,
    Array,
    Axes,
    Axis,
    DictV,
    GeneratorV,
    ListV,
    Obj,
    Opaque,
    SeqV,
    TupleV,
    Unsupported,
    Value,
    join,
    number,
)


def batch_axes(count: int) -> Axes:
    return tuple(Axis("batch" if k == 0 else f"batch_{k + 1}", (k,)) for k in range(count))


class Describer:
    """Abstract values of arguments, with the lengths and integers that stand behind their symbols.

    samples: the integer that each symbol stands for.
    values: arguments that a rewrite may rely on as they are, by path.
    codes: an expression for each symbol, over the arguments as they are passed.
    """

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.floats: dict[str, Any] = {}
        self.samples: dict[str, int] = {}
        self.values: dict[str, Any] = {}
        self.codes: dict[str, str] = {}

    def describe(self, path: str, value: Any, axes: Any, root: str) -> tuple[Value, dict[str, list[tuple[int, int]]]]:
        """The value of an argument, and the moves that bring the batch axes of its arrays to the front."""
        if all(axis is UNBATCHED for leaf in leaves(axes) for axis in leaf):
            return self.uniform(path, value, root), {}
        if isinstance(axes, LeafAxes):
            return self.leaf(path, value, axes, root)
        moves: dict[str, list[tuple[int, int]]] = {}
        parts: list[Value] = []
        inner = list(children(axes)) if is_container(axes) else [axes] * len(list(children(value)))
        keys = list(value.keys()) if isinstance(value, dict) else [None] * len(inner)
        for k, (part, part_axes) in enumerate(zip(children(value), inner, strict=True)):
            suffix = f"[{keys[k]!r}]" if isinstance(value, dict) else f"[{k}]"
            found, moved = self.describe(path + suffix, part, part_axes, root)
            parts.append(found)
            moves |= moved
        return self.container(value, parts, path), moves

    def container(self, value: Any, parts: list[Value], path: str) -> Value:
        if isinstance(value, dict):
            return DictV(tuple(zip(value.keys(), parts, strict=True)), site=("argument", path))
        if isinstance(value, tuple):
            return TupleV(tuple(parts), type(value))
        if isinstance(value, list):
            return ListV(tuple(parts), site=("argument", path))
        raise Unsupported(f"an argument of type {type(value).__name__} with batched parts")

    def leaf(self, path: str, value: Any, axes: LeafAxes, root: str) -> tuple[Value, dict[str, list[tuple[int, int]]]]:
        batched = [k for k, a in enumerate(axes) if a is not UNBATCHED]
        if isinstance(value, np.ndarray):
            return self.array(path, value, axes, batched, root)
        raise Unsupported(f"an argument of type {type(value).__name__} is batched")

    def array(
        self, path: str, value: np.ndarray[Any, Any], axes: LeafAxes, batched: list[int], root: str
    ) -> tuple[Array, dict[str, list[tuple[int, int]]]]:
        if value.dtype.kind not in "biufc" or type(value) is not np.ndarray:
            what = f"an array of dtype {value.dtype}" if type(value) is np.ndarray else f"a {type(value).__name__}"
            raise Unsupported(what)
        moves: list[tuple[int, int]] = []
        left = list(range(value.ndim))
        for position, k in enumerate(batched):
            source = int(axes[k])  # type: ignore[arg-type]
            self.codes.setdefault(f"size:{self.axes[k].name}", f"{path}.shape[{left.pop(source)}]")
            if source:
                moves.append((source + position, position))
        dims = []
        for k, place in enumerate(left):
            symbol = f"{path}.shape[{k}]"
            self.samples[symbol] = value.shape[place]
            self.codes[symbol] = f"{path}.shape[{place}]"
            dims.append(Affine.of(symbol))
        if value.dtype.kind in "fc":
            self.floats[path] = value
        varying = tuple(self.axes[k] for k in batched)
        own = len(batched) == len(self.axes)  # examples along an axis that it lacks share it
        origins = frozenset({("argument" if own else "shared", path)}) if left or not batched else frozenset()
        zero_d = not left and not batched
        found = Array(value.dtype, len(left), varying, dims=tuple(dims), origins=origins, zero_d=zero_d)
        return found, ({path.removeprefix(root): moves} if moves else {})

    def uniform(self, path: str, value: Any, root: str) -> Value:
        if isinstance(value, np.ndarray):
            return self.array(path, value, LeafAxes(()), [], root)[0]
        kind = type(value)
        if kind is bool:
            self.values[path] = value
            return Array(np.dtype(bool), 0, weak=True, pin=path)
        if kind is int:
            self.samples[path] = value
            self.values[path] = value
            self.codes[path] = path
            return Array(np.dtype(np.int64), 0, weak=True, affine=Affine.of(path), pin=path)
        if kind in (float, complex):
            self.values[path] = value
            return number(value).with_(pin=path)
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return Array(value.dtype, 0)
        if kind is list and len(value) > LONGEST_KNOWN:
            return self.long_list(path, value, root)
        if kind in (list, tuple) or isinstance(value, tuple) and hasattr(value, "_fields"):
            parts = [self.uniform(f"{path}[{k}]", part, root) for k, part in enumerate(value)]
            return self.container(value, parts, path)
        if kind is dict and all(isinstance(k, (str, int)) for k in value):
            return self.container(value, [self.uniform(f"{path}[{k!r}]", v, root) for k, v in value.items()], path)
        if kind in GENERATORS:
            return GeneratorV(GENERATORS[kind])
        is_stateless = isinstance(value, (np.random.Generator, np.random.RandomState))
        if value is None or isinstance(value, (str, np.dtype)) or callable(value):
            self.values[path] = value
            return Obj(value, pin=path)
        if hasattr(value, "__dict__") and not is_stateless:
            self.values[path] = value
            return Obj(value, pin=path)
        return Opaque()

    def long_list(self, path: str, value: list[Any], root: str) -> Value:
        """A list whose items are not told apart."""
        noted = dict(self.samples), dict(self.values), dict(self.codes)
        joined = functools.reduce(join, (self.uniform(f"{path}[{k}]", part, root) for k, part in enumerate(value)))
        self.samples, self.values, self.codes = noted
        return SeqV(_anonymous(joined), site=("argument", path))


def _anonymous(item: Value) -> Value:
    """The value of any item of a list: a rewrite may not rely on which one it is."""
    if isinstance(item, Array):
        return item.with_(dims=())
    raise Unsupported("an argument is a long list of containers or objects")

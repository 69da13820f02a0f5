"""What names outside of the function mean: the live globals and closure of a running function."""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source
from vectorizer.values import (
    Array,
    DictV,
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

if TYPE_CHECKING:
    import libcst as cst

LIBRARIES = ("numpy", "math", "cmath", "scipy", "operator", "itertools", "functools", "builtins")
LONGEST_KNOWN = 64


class Guards:
    """What a specialization relied on outside of its arguments, each with a way to look again."""

    def __init__(self) -> None:
        self.checks: dict[Any, tuple[Callable[[], Any], Any]] = {}

    def add(self, key: Any, look: Callable[[], Any]) -> None:
        if key not in self.checks:
            self.checks[key] = (look, signature_of(look()))

    def hold(self) -> bool:
        for look, expected in self.checks.values():
            try:
                if signature_of(look()) != expected:
                    return False
            except Exception:
                return False
        return True


def signature_of(value: Any) -> Any:
    """What a rewrite may rely on of a value from outside: kind, rank and dtype of data, the identity of the rest."""
    kind = type(value)
    if kind is np.ndarray:
        return (np.ndarray, value.dtype, value.ndim)
    if kind in (int, float, complex):
        return kind
    if isinstance(value, np.generic):
        return kind
    if kind in (list, tuple):
        return (kind, tuple(signature_of(v) for v in value))
    if kind is dict:
        return (dict, tuple((k, signature_of(v)) for k, v in value.items()))
    if kind in (str, bool, bytes, type(None)):
        return (kind, value)
    return (kind, id(value))


def value_of(item: Any, path: Any = None) -> Value:
    """The abstract value of a Python object that is the same for all examples."""
    if isinstance(item, bool):
        return number(item)
    if isinstance(item, (int, float, complex)) and type(item) in (int, float, complex):
        found = number(item)
        return found if path is None else found.with_()
    if isinstance(item, np.generic) and item.dtype.kind in "biufc":
        return Array(item.dtype, 0)
    if isinstance(item, np.ndarray):
        if item.dtype.kind not in "biufc" or type(item) is not np.ndarray:
            return Opaque()
        origins = frozenset({("outside", path or id(item))})
        return Array(item.dtype, item.ndim, origins=origins, zero_d=item.ndim == 0)
    if isinstance(item, (list, tuple)):
        return _sequence(item, path)
    if isinstance(item, dict):
        if not all(isinstance(k, (str, int, bool)) for k in item):
            return Obj(item)
        return DictV(tuple((k, value_of(v, (path, k))) for k, v in item.items()), site=("outside", id(item)))
    return Obj(item)


def _sequence(item: Any, path: Any) -> Value:
    values = tuple(value_of(v, (path, k)) for k, v in enumerate(item))
    if isinstance(item, tuple):
        return TupleV(values, type(item))
    if len(values) > LONGEST_KNOWN:
        try:
            merged = values[0]
            for value in values[1:]:
                merged = join(merged, value)
            return SeqV(merged, site=("outside", id(item)))
        except Unsupported:
            return Opaque()
    return ListV(values, site=("outside", id(item)))


class LiveNamespace:
    """The globals and the closure of a function that is running; whatever is looked up is guarded."""

    def __init__(self, function: types.FunctionType, guards: Guards, sources: dict[Any, FunctionSource | None]) -> None:
        self.function = function
        self.globals = function.__globals__
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self.guards = guards
        self.sources = sources
        self.aliases: dict[str, str | None] = {}

    def lookup(self, name: str) -> Value | None:
        if name in self.cells:
            cell = self.cells[name]
            try:
                found = cell.cell_contents
            except ValueError:
                return None
            self.guards.add((id(cell), name), lambda: cell.cell_contents)
            return value_of(found, (id(cell), name))
        if name in self.globals:
            scope = self.globals
            self.guards.add((id(scope), name), lambda: scope[name])
            return value_of(scope[name], (id(scope), name))
        if hasattr(builtins, name):  # a global of that name would hide it
            scope = self.globals
            self.guards.add((id(scope), name), lambda: scope.get(name))
        return None

    def has(self, name: str) -> bool:
        return name in self.cells or name in self.globals

    def is_import(self, function: str, module: str) -> bool:
        import importlib

        found = self.globals.get(function)
        return found is not None and found is getattr(importlib.import_module(module), function, None)

    def alias_of(self, module: str) -> str | None:
        if module not in self.aliases:
            self.aliases[module] = self._alias(module)
        name = self.aliases[module]
        if name is not None:
            self.lookup(name)
        return name

    def _alias(self, module: str) -> str | None:
        short = {"numpy": "np"}.get(module, module)
        for name in (short, module):
            found = self.globals.get(name)
            if isinstance(found, types.ModuleType) and found.__name__ == module and name not in self.cells:
                return name
        for name, found in self.globals.items():
            if isinstance(found, types.ModuleType) and found.__name__ == module and not name.startswith("__"):
                return name
        return None

    def value_of(self, item: Any) -> Value:
        return value_of(item)

    def attribute_value(self, base: Any, owner: Any, name: str, found: Any) -> Value:
        if owner.__name__.split(".")[0] in LIBRARIES:
            return value_of(found)
        self.guards.add((id(owner), name), lambda: getattr(owner, name))
        return value_of(found, (id(owner), name))

    def instance_attribute(self, value: Obj, name: str) -> Value:
        owner = value.value
        found = inspect.getattr_static(owner, name, None)
        if found is None and not hasattr(owner, name):
            raise Unsupported(f"there is no attribute {name!r}")
        if isinstance(found, property) or (found is not None and hasattr(type(found), "__get__") and not isinstance(found, types.FunctionType)):
            if not isinstance(found, (types.BuiltinFunctionType, types.MethodDescriptorType, staticmethod, classmethod, types.MemberDescriptorType)):
                raise Unsupported(f"attribute {name!r} is computed")
        if isinstance(owner, (str, bytes, np.random.Generator, np.random.RandomState)) or isinstance(found, (types.MethodDescriptorType,)):
            return Obj(getattr(owner, name))
        self.guards.add((id(owner), name), lambda: getattr(owner, name) if not isinstance(found, types.FunctionType) else found)
        return value_of(getattr(owner, name), (id(owner), name))

    def source_of(self, function: types.FunctionType) -> FunctionSource | None:
        if function not in self.sources:
            try:
                self.sources[function] = find_source(function)
            except SourceUnavailable:
                self.sources[function] = None
        return self.sources[function]

    def inside(self, function: types.FunctionType) -> LiveNamespace:
        return LiveNamespace(function, self.guards, self.sources)

    def line_numbers(self, node: cst.FunctionDef) -> dict[int, int]:
        from vectorizer.source.lines import number_lines

        return number_lines(node)

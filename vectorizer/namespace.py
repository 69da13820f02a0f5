"""What names outside of the function mean: the live globals and closure of a running function."""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorizer.backends import find_owner
from vectorizer.guards import Guards
from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source
from vectorizer.source.unwrapping import OWN_WRAPPER
from vectorizer.values import (
    GENERATORS,
    Array,
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

if TYPE_CHECKING:
    import libcst as cst

LIBRARIES = ("numpy", "math", "cmath", "scipy", "operator", "itertools", "functools", "builtins")
LONGEST_KNOWN = 64


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
    if find_owner(item) is not None and item.dtype.kind in "biufc":
        return Array(item.dtype, item.ndim, origins=frozenset({("outside", path or id(item))}), zero_d=item.ndim == 0)
    if type(item) in GENERATORS:
        return GeneratorV(GENERATORS[type(item)])
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
            return SeqV(functools.reduce(join, values), site=("outside", id(item)))
        except Unsupported:
            return Opaque()
    return ListV(values, site=("outside", id(item)))


class LiveNamespace:
    """The globals and the closure of a function that is running; whatever is looked up is guarded.

    values: where the values of numbers from outside are noted, under expressions that give them, so that a rewrite may
        rely on them (and says so by pinning them); without it, it relies on their types alone.
    """

    def __init__(
        self,
        function: types.FunctionType,
        guards: Guards,
        sources: dict[Any, FunctionSource | None],
        values: dict[str, Any] | None = None,
    ) -> None:
        self.function = function
        self.globals = function.__globals__
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self.guards = guards
        self.sources = sources
        self.values = values
        self.aliases: dict[str, str | None] = {}

    def lookup(self, name: str) -> Value | None:
        """What a name means that is none of the function's own; None where nothing outside has it."""
        if name in self.cells:
            try:
                return self.known(self.code_of(name), self.cells[name].cell_contents)
            except ValueError:
                return None
        if name in self.globals:
            return self.known(self.code_of(name), self.globals[name])
        if hasattr(builtins, name):  # a global of that name would hide it
            self.guards.require(f"{name!r} not in {self.guards.name(self.globals)}")
        return None

    def code_of(self, name: str) -> str:
        """An expression for what a name of the module or the closure stands for, in guards."""
        if name in self.cells:
            return f"{self.guards.name(self.cells[name])}.cell_contents"
        return f"{self.guards.name(self.globals)}[{name!r}]"

    def known(self, code: str, found: Any) -> Value:
        """The value of something from outside, guarded by looking again at what `code` gives."""
        self.guards.add(code, found)
        value = value_of(_unwrapped(found), code)
        if isinstance(value, Obj):
            return Obj(value.value, pin=code)
        if not isinstance(value, Array) or type(found) not in (int, float, complex) or self.values is None:
            return value
        self.values[code] = found
        return value.with_(pin=code)

    def has(self, name: str) -> bool:
        return name in self.cells or name in self.globals

    def is_import(self, function: str, module: str) -> bool:
        """Whether the global `function` is what `from module import function` gives."""
        found = self.globals.get(function)
        return found is not None and found is getattr(importlib.import_module(module), function, None)

    def alias_of(self, module: str) -> str | None:
        """The global name of a module; None where it has none."""
        if module not in self.aliases:
            self.aliases[module] = self._alias(module)
        name = self.aliases[module]
        if name is not None:
            self.lookup(name)
        return name

    def _alias(self, module: str) -> str | None:
        short = {"numpy": "np"}.get(module, module)
        for name in (short, module, *self.globals):
            found = self.globals.get(name)
            is_module = isinstance(found, types.ModuleType) and found.__name__ == module
            if is_module and not name.startswith("__") and name not in self.cells:
                return name
        return None

    def value_of(self, item: Any) -> Value:
        return value_of(item)

    def attribute_value(self, base: Any, owner: Any, name: str, found: Any) -> Value:
        """The value of a module's attribute; those of libraries are taken for constants."""
        if owner.__name__.split(".")[0] in LIBRARIES:
            return value_of(found)
        return self.known(f"{self.guards.name(owner)}.{name}", found)

    def instance_attribute(self, value: Obj, name: str) -> Value:
        """The value of an object's attribute.

        An object that is an argument is guarded by its expression, so that others of its type fit as well.
        """
        owner = value.value
        found = inspect.getattr_static(owner, name, None)
        if found is None and not hasattr(owner, name):
            raise Unsupported(f"there is no attribute {name!r}")
        if _is_computed(found):
            raise Unsupported(f"attribute {name!r} is computed")
        if isinstance(owner, STATELESS) or isinstance(found, types.MethodDescriptorType):
            return Obj(getattr(owner, name))
        code = value.pin if value.pin is not None else self.guards.name(owner)
        return self.known(f"{code}.{name}", getattr(owner, name))

    def source_of(self, function: types.FunctionType) -> FunctionSource | None:
        """The source of a helper; None where it cannot be had."""
        if function not in self.sources:
            try:
                self.sources[function] = find_source(function)
            except SourceUnavailable:
                self.sources[function] = None
        return self.sources[function]

    def inside(self, function: types.FunctionType) -> LiveNamespace:
        """The namespace of a helper."""
        return LiveNamespace(function, self.guards, self.sources, self.values)

    def line_numbers(self, node: cst.FunctionDef) -> dict[int, int]:
        from vectorizer.source.lines import number_lines

        return number_lines(node)


STATELESS = (str, bytes, np.random.Generator, np.random.RandomState)
PLAIN_DESCRIPTORS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.MemberDescriptorType,
    staticmethod,
    classmethod,
)


def _is_computed(found: Any) -> bool:
    """Whether an attribute runs code when it is read."""
    return hasattr(type(found), "__get__") and not isinstance(found, PLAIN_DESCRIPTORS)


def _unwrapped(found: Any) -> Any:
    """The function inside a `jit` object, which does what the object does; everything else is left as it is."""
    own = vars(found).get(OWN_WRAPPER) if hasattr(found, "__dict__") else None
    return own if isinstance(own, types.FunctionType) and getattr(found, "_layers", None) == () else found

"""From what `vmap` was given to a function with source: bound arguments put back, library functions wrapped in a def.

A function of NumPy's has no source that is of use.  It gets one that calls it::

    def solve(a, b):
        return np.linalg.solve(a, b)
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import inspect
import keyword
import math
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source
from vectorizer.source.registry import register
from vectorizer.spec import UNBATCHED, LeafAxes, Resolved, signature_of
from vectorizer.values import Unsupported

WRAPPABLE = ("numpy", "math", "cmath", "scipy", "builtins", "operator")
HOMES = ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft"), (math, "math"))


class Target:
    """The function behind a callable."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.inner, self.bound, self.bound_keywords = unwrap_partials(function)
        self.is_library = is_library(self.inner)

    @functools.cached_property
    def source(self) -> FunctionSource:
        """The source of a function that is not a library's; it raises `SourceUnavailable`."""
        refuse_inner_layers(self.function)
        return find_source(self.function)

    def prepare(self, resolved: Resolved) -> tuple[FunctionSource, Resolved]:
        """The source of what a call runs, and the call's arguments as that function's parameters receive them.

        Raises:
            SourceUnavailable: there is no source.
            Unsupported: the function does not take the arguments.
        """
        if self.is_library:
            return wrap_library(self, resolved)
        return self.source, bind_all(self.source, resolved)


def unwrap_partials(function: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The callable inside of partials, with the arguments that they bind."""
    bound: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while type(function) is functools.partial:
        bound, keywords = function.args + bound, {**function.keywords, **keywords}
        function = function.func
    return function, bound, keywords


def refuse_inner_layers(function: Any) -> None:
    """A partial or method of a function that is batched already runs that function's own batching."""
    inner = function
    while True:
        if getattr(inner, "_layers", ()):
            raise Unsupported("it calls a function that is batched already")
        if isinstance(inner, functools.partial):
            inner = inner.func
        elif isinstance(inner, types.MethodType):
            inner = inner.__func__
        elif isinstance(inner, functools._lru_cache_wrapper):
            inner = inner.__wrapped__
        else:
            return


# Bound arguments


def bind_all(source: FunctionSource, resolved: Resolved) -> Resolved:
    """The arguments of a call by the parameters of the function itself, those that are bound to it included."""
    signature = _own_signature(source.function)
    if not source.bound and not source.bound_keywords and _is_same(signature, resolved.signature):
        return resolved
    positional, keywords = resolved.split()
    positional_axes, keyword_axes = resolved.split(resolved.axes)
    shared = LeafAxes((UNBATCHED,) * len(resolved.sizes))
    try:
        values = signature.bind(*source.bound, *positional, **{**source.bound_keywords, **keywords}).arguments
    except TypeError as error:
        raise Unsupported(f"the call does not fit the function's parameters: {error}") from None
    bound_axes = dict.fromkeys(source.bound_keywords, shared)
    axes = signature.bind(*(shared for _ in source.bound), *positional_axes, **{**bound_axes, **keyword_axes}).arguments
    arguments, all_axes, defaulted = {}, {}, set()
    for name, parameter in signature.parameters.items():
        if name in values:
            arguments[name], all_axes[name] = values[name], axes[name]
        else:
            arguments[name] = _empty(parameter)
            all_axes[name] = shared if arguments[name] is parameter.default else arguments[name]
            defaulted.add(name)
    return Resolved(arguments, all_axes, resolved.sizes, signature, frozenset(defaulted))


def _own_signature(function: types.FunctionType) -> inspect.Signature:
    """The signature of the def, whatever a decorator says of it."""
    bare = types.FunctionType(
        function.__code__, {}, function.__name__, function.__defaults__, _empty_cells(function.__code__)
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(bare)


def _empty_cells(code: types.CodeType) -> tuple[types.CellType, ...]:
    return tuple(types.CellType() for _ in code.co_freevars)


def _is_same(one: inspect.Signature, other: inspect.Signature) -> bool:
    return [(p.name, p.kind) for p in one.parameters.values()] == [(p.name, p.kind) for p in other.parameters.values()]


def _empty(parameter: inspect.Parameter) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return ()
    return {} if parameter.kind is parameter.VAR_KEYWORD else parameter.default


# Functions of libraries


def is_library(function: Any) -> bool:
    """Whether a callable is one of NumPy's, SciPy's or Python's own."""
    if isinstance(function, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return function.__objclass__ is np.ndarray
    if isinstance(function, type):
        return function in (int, float, complex, bool) or issubclass(function, np.generic)
    if isinstance(function, types.FunctionType):
        return _root(function.__globals__.get("__name__")) in WRAPPABLE
    if isinstance(function, types.BuiltinFunctionType):
        return isinstance(function.__self__, types.ModuleType)
    if isinstance(function, np.ufunc):
        return True
    return hasattr(function, "__name__") and _root(type(function).__module__) in WRAPPABLE and not _is_bound(function)


def _root(module: object) -> str:
    return module.partition(".")[0] if isinstance(module, str) else ""


def _is_bound(function: Any) -> bool:
    return (
        hasattr(function, "__self__")
        or hasattr(function, "__wrapped__")
        and _root(function.__module__) not in WRAPPABLE
    )


def wrap_library(target: Target, resolved: Resolved) -> tuple[FunctionSource, Resolved]:
    """A def that calls a library's function with the arguments of a call, and the arguments by its parameters."""
    function, shared = target.inner, LeafAxes((UNBATCHED,) * len(resolved.sizes))
    passed, passed_keywords = resolved.split()
    passed_axes, keyword_axes = resolved.split(resolved.axes)
    positional, axes = [*target.bound, *passed], [*(shared for _ in target.bound), *passed_axes]
    keywords = {**target.bound_keywords, **passed_keywords}
    names = _positional_names(function, len(positional))
    wrapper = _wrapper(function, names, list(keywords), bool(positional) and _is_array(positional[0], axes[0]))
    arguments = {**dict(zip(names, positional, strict=True)), **keywords}
    all_axes = {**dict(zip(names, axes, strict=True)), **dict.fromkeys(target.bound_keywords, shared), **keyword_axes}
    source = dataclasses.replace(find_source(wrapper), bound=target.bound, bound_keywords=target.bound_keywords)
    return source, Resolved(arguments, all_axes, resolved.sizes, inspect.signature(wrapper))


def _wrapper(function: Any, names: list[str], keywords: list[str], has_array: bool) -> types.FunctionType:
    """A def with the given parameters, the positional ones first, that calls a function."""
    is_method = isinstance(function, (types.MethodDescriptorType, types.WrapperDescriptorType))
    if is_method and not has_array:
        raise Unsupported(f"the examples are no arrays, which {function.__name__!r} is a method of")
    code, scope = (f"{names[0]}.{function.__name__}", {}) if is_method else spelling(function)
    passed = [*names[is_method:], *(f"{name}={name}" for name in keywords)]
    parameters = [*names, *(["*", *keywords] if keywords else [])]
    name = f"batched_{function.__name__}" if hasattr(builtins, function.__name__) else function.__name__
    return _define(name, ", ".join(parameters), f"{code}({', '.join(passed)})", scope)


def _positional_names(function: Any, count: int) -> list[str]:
    """Names for the positional arguments of a call."""
    names: list[str] = []
    for parameter in signature_of(function).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"x{number}" for number in range(1, count - len(names) + 1)]
        else:
            names.append(parameter.name)
    taken = {"np", "math", "scipy", function.__name__}
    return [f"{name}_" if name in taken or keyword.iskeyword(name) else name for name in names[:count]]


def _is_array(value: Any, axes: Any) -> bool:
    """Whether an argument is an array for each example, and no number."""
    return isinstance(value, np.ndarray) and value.ndim > sum(axis is not UNBATCHED for axis in axes)


def spelling(function: Any) -> tuple[str, dict[str, Any]]:
    """How code names a library's function, and the globals that it needs."""
    name = function.__name__
    for home, alias in HOMES:
        if getattr(home, name, None) is function:
            root = alias.partition(".")[0]
            return f"{alias}.{name}", {root: np if root == "np" else home}
    if getattr(builtins, name, None) is function:
        return name, {}
    module = getattr(function, "__module__", "") or ""
    if name.isidentifier() and getattr(sys.modules.get(module), name, None) is function:
        root = module.partition(".")[0]
        return f"{module}.{name}", {root: sys.modules[root]}
    raise SourceUnavailable(f"the source of {name!r} could not be had: it is not written in Python")


def _define(name: str, parameters: str, expression: str, scope: Mapping[str, Any]) -> types.FunctionType:
    text = f"def {name}({parameters}):\n    return {expression}\n"
    filename = f"<{expression}>"
    register(filename, text)
    made: dict[str, Any] = {**scope, "__name__": "vectorizer.library"}
    exec(compile(text, filename, "exec"), made)
    function: types.FunctionType = made[name]
    return function

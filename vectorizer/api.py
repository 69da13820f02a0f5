"""`vmap` and `jit`: what a user calls."""

from __future__ import annotations

import functools
import threading
import types
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from vectorizer import reference
from vectorizer.errors import FallbackWarning, VectorizeError, VectorizeTypeError, VectorizeValueError
from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source
from vectorizer.spec import Layer, Resolved, make_layer, resolve_call, signature_of, titles

MOST_SPECIALIZATIONS = 256


class CacheInfo(NamedTuple):
    """As `functools.lru_cache` has it: calls that found a specialization, calls that made one, bound, number held."""

    hits: int
    misses: int
    maxsize: int
    currsize: int


class Vectorized:
    """A function that is rewritten for the kind of arguments that it is called with.

    Made by `vmap` and `jit`; it keeps the name, docstring and signature of the function.
    """

    def __init__(self, function: Callable[..., Any], layers: tuple[Layer, ...], options: dict[str, Any]) -> None:
        self._function = function
        self._layers = layers
        self._options = options
        self._name = getattr(function, "__name__", type(function).__name__)
        self._signature = signature_of(function)
        self._cache: OrderedDict[Any, list[Any]] = OrderedDict()
        self._hits = self._misses = 0
        self._latest: Any = None
        self._source: FunctionSource | None = None
        self._lock = threading.RLock()
        functools.update_wrapper(self, function, updated=())
        self.__vectorizer_source__ = function
        self.__wrapped__ = function

    # --- calling -------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from vectorizer.cache import call

        return call(self, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """On a class: bound like a method; the instance is not batched."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<vectorized {self._name}>"

    def __reduce__(self) -> Any:
        return (_rebuild, (self._function, self._layers, self._options))

    # --- looking -------------------------------------------------------------------------------------------------------

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The emitted source for arguments like these; without arguments, that of the latest call."""
        return str(self._find(args, kwargs).source)

    def diff(self, *args: Any, **kwargs: Any) -> str:
        """A unified diff from the user's function to the emitted one."""
        from vectorizer.cache import diff_of

        return diff_of(self, self._find(args, kwargs))

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """One line for each change: the line in the user's file, the rule, the reason."""
        from vectorizer.cache import explain

        return explain(self, self._find(args, kwargs))

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from vectorizer.cache import specialization_for

        if args or kwargs:
            return specialization_for(self, args, kwargs)
        if self._latest is None:
            raise VectorizeValueError(
                f"{self._name} has not been called yet, so nothing has been rewritten; call it first, or give example arguments"
            )
        return self._latest

    def cache_info(self) -> CacheInfo:
        return CacheInfo(self._hits, self._misses, MOST_SPECIALIZATIONS, sum(len(v) for v in self._cache.values()))

    def cache_clear(self) -> None:
        with self._lock:
            self._cache.clear()
            self._hits = self._misses = 0
            self._latest = None


def _rebuild(function: Callable[..., Any], layers: tuple[Layer, ...], options: dict[str, Any]) -> Vectorized:
    return Vectorized(function, layers, options)


def vmap(
    fun: Callable[..., Any] | None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    backend: str | None = None,
    strict: bool = False,
    check: bool = False,
) -> Any:
    """Rewrites a function of one example into a function of a whole batch.

    ``vmap(f, in_axes, out_axes)(*args)`` gives what this loop gives: call `f` on each example, in order, and stack the
    results along `out_axes` (the semantics of `jax.vmap`).

    fun: a function of one example, in Python and NumPy; left out when used as a decorator with arguments.
    in_axes: the axis of each argument that counts the examples: an int for all, a tuple or list with one entry for
        each positional argument, or a dict by parameter name.  Entries are ints (negative ones count from the end),
        None for an argument that all examples share, or containers of these that match the argument.  Keyword
        arguments are batched along axis 0 unless a dict names them.
    out_axes: where the results are stacked, an int or a container that matches the result; None only for a result
        that does not vary.
    axis_size: the batch size; needed only where no argument is batched.
    backend: "numpy" or None.
    strict: raise `VectorizeError` where something would have to be looped.
    check: compare a few examples of the first call of each specialization with the loop.

    Raises `VectorizeTypeError` and `VectorizeValueError` for axes that do not fit the arguments.
    """
    options = {"strict": strict, "check": check}
    if backend not in (None, "numpy"):
        raise VectorizeValueError(f"backend={backend!r} is not known; the backends are: 'numpy'")
    layer = make_layer(in_axes, out_axes, axis_size)
    if fun is None:
        return lambda function: vmap(
            function, in_axes, out_axes, axis_size=axis_size, backend=backend, strict=strict, check=check
        )
    return _wrap(fun, (layer,), options, "vmap")


def jit(fun: Callable[..., Any] | None = None, *, strict: bool = False, check: bool = False) -> Any:
    """Rewrites a function with no batch axis from outside: its own loops become array operations where they can."""
    options = {"strict": strict, "check": check}
    if fun is None:
        return lambda function: jit(function, strict=strict, check=check)
    return _wrap(fun, (), options, "jit")


def _wrap(fun: Any, layers: tuple[Layer, ...], options: dict[str, Any], word: str) -> Any:
    if isinstance(fun, (staticmethod, classmethod)):
        return type(fun)(_wrap(fun.__func__, layers, options, word))
    if isinstance(fun, Vectorized):
        merged = {k: options[k] or fun._options[k] for k in options}
        return Vectorized(fun._function, (*layers, *fun._layers), merged)
    if not callable(fun):
        raise VectorizeTypeError(f"{word} expects a function, got {type(fun).__name__}")
    return Vectorized(fun, layers, options)


__all__ = ["CacheInfo", "Vectorized", "jit", "vmap"]
_ = (FallbackWarning, VectorizeError, Resolved, SourceUnavailable, find_source, np, reference, resolve_call, titles, warnings)

"""`vmap` and `jit`: what a user calls."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias, overload

from vectorizer.backends import find_backend
from vectorizer.cache import MOST_SPECIALIZATIONS, Entry, State, find_entry, resolve
from vectorizer.calling import call, describe, recover
from vectorizer.errors import SettingError, VectorizeTypeError, VectorizeValueError
from vectorizer.listing import diff_text, explanation, source_text
from vectorizer.spec import UNBATCHED, Layer, make_layer, signature_of

Randomness: TypeAlias = Literal["different", "same", "error"]

__all__ = ["CacheInfo", "Vectorized", "jit", "vmap"]


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
        self._state = State(function, layers, options, _name_of(function), signature_of(function))
        self._method_state: State | None = None
        self._instance: tuple[Any, ...] = ()
        functools.update_wrapper(self, function, updated=())
        self.__vectorizer_source__ = function
        self.__wrapped__ = function

    # --- calling -----------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = self._state
        if self._instance:
            args = self._instance + args
        count, names = len(args), tuple(kwargs)
        for fast in state.fast:
            if fast.count == count and fast.names == names and fast.fits(*args, **kwargs):
                entry = fast.entry
                state.hits = entry.used = state.hits + 1
                state.latest = entry
                try:
                    return fast.run(*args, **kwargs)
                except SettingError:
                    raise
                except Exception as error:  # noqa: BLE001 - the loop decides
                    failure = describe(error)
                return recover(state, entry, args, kwargs, failure)
        return call(state, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """On a class: bound like a method; the instance is not batched, and `in_axes` need not speak of it."""
        bind = getattr(self._function, "__get__", None)
        if instance is None or bind is None or self._instance:
            return self
        if self._method_state is None:
            state = self._state
            self._method_state = State(
                state.function, state.layers, state.options, state.name, state.signature, is_method=True
            )
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound._state, bound._method_state = self._method_state, None
        bound._instance = (instance,)
        bound._function = bound.__vectorizer_source__ = bound.__wrapped__ = bind(instance, owner)
        return bound

    # --- looking -----------------------------------------------------------------------------------------------------

    def source(self, *args: Any, **kwargs: Any) -> str:
        """The emitted source for arguments like these; without arguments, that of the latest call."""
        return source_text(self._state, self._find(args, kwargs))

    def diff(self, *args: Any, **kwargs: Any) -> str:
        """A unified diff from the user's function to the emitted one."""
        return diff_text(self._state, self._find(args, kwargs))

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """One line for each change: the line in the user's file, the rule, the reason."""
        return explanation(self._find(args, kwargs))

    def _find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        """The specialization for arguments, without running anything; without arguments, the latest."""
        state = self._state
        if args or kwargs:
            args = self._instance + args
            entry = find_entry(state, resolve(state, args, kwargs), state.layers_for(len(args)))
            state.latest = entry
            return entry
        latest = next((one.latest for one in self._states() if one.latest is not None), None)
        if latest is None:
            raise VectorizeValueError(
                f"{state.name} has not been called yet, so nothing has been rewritten.\n"
                "Call it first, or give example arguments."
            )
        return latest

    def cache_info(self) -> CacheInfo:
        """How often calls found a specialization and how often they made one; the bound; how many there are."""
        states = self._states()
        counts = (sum(state.hits for state in states), sum(state.misses for state in states))
        return CacheInfo(*counts, MOST_SPECIALIZATIONS, sum(state.size() for state in states))

    def cache_clear(self) -> None:
        """Forget all specializations."""
        for state in self._states():
            state.clear()

    def _states(self) -> list[State]:
        """That of the function and, on a class, that of its bound methods."""
        return [state for state in (self._state, self._method_state) if state is not None]

    # --- being an object ---------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<vectorized {self._state.name}>"

    def __reduce__(self) -> Any:
        if self._instance:
            return getattr, (self._instance[0], self._state.name)
        if global_named_like(self) is self:
            return self.__qualname__
        return _rebuild, (self._function, self._layers, self._options)

    def __copy__(self) -> Vectorized:
        return self

    def __deepcopy__(self, memo: Any) -> Vectorized:
        return self


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def global_named_like(vectorized: Any) -> Any:
    """What its module has under the name of a function: that is how pickle refers to functions."""
    found: Any = sys.modules.get(getattr(vectorized, "__module__", None) or "")
    for name in str(getattr(vectorized, "__qualname__", "")).split("."):
        found = getattr(found, name, None)
    return found


def _rebuild(function: Callable[..., Any], layers: tuple[Layer, ...], options: dict[str, Any]) -> Vectorized:
    return Vectorized(function, layers, options)


@overload
def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    backend: str | None = None,
    strict: bool = False,
    check: bool = False,
    randomness: Randomness = "different",
    chunk_size: int | None = None,
    threads: int | None = None,
) -> Vectorized: ...
@overload
def vmap(
    fun: None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    backend: str | None = None,
    strict: bool = False,
    check: bool = False,
    randomness: Randomness = "different",
    chunk_size: int | None = None,
    threads: int | None = None,
) -> Callable[[Callable[..., Any]], Vectorized]: ...
def vmap(
    fun: Callable[..., Any] | None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    backend: str | None = None,
    strict: bool = False,
    check: bool = False,
    randomness: Randomness = "different",
    chunk_size: int | None = None,
    threads: int | None = None,
) -> Any:
    """Rewrites a function of one example into a function of a whole batch.

    ``vmap(f, in_axes, out_axes)(*args)`` gives what this loop gives: call `f` on each example, in order, and stack the
    results along `out_axes` (the semantics of `jax.vmap`).

    Args:
        fun: a function of one example, in Python and NumPy; left out when used as a decorator with arguments.
        in_axes: the axis of each argument that counts the examples: an int for all, a tuple or list with one entry for
            each positional argument, or a dict by parameter name.  Entries are ints (negative ones count from the
            end), None for an argument that all examples share, or containers of these that match the argument.
            Keyword arguments are batched along axis 0 unless a dict names them.  The instance of a method is shared,
            and need not be spoken of.
        out_axes: where the results are stacked, an int or a container that matches the result; None only for a result
            that does not vary.
        axis_size: the batch size; needed only where no argument is batched.
        backend: "numpy", "cupy" or the name of one that is registered; by default that of the arguments.  NumPy arrays
            are moved to the device of the one that is named, and the results back.
        strict: raise `VectorizeError` where something would have to be looped.
        check: compare a few examples of the first call of each specialization with the loop.
        randomness: "different": each example draws random numbers of its own; "same": all examples draw the same;
            "error": drawing any raises `VectorizeError`.
        chunk_size: how many examples are computed at once, which bounds the memory that temporaries take up.  By
            default as many as the processor's caches hold where that is faster, and no more than 1 GiB holds (or
            as many bytes as the environment variable `VECTORIZER_MEMORY` says).
        threads: how many threads may share a large batch, where nothing speaks against it (random numbers, calls of
            functions with side effects); 1 for none.  By default as many as there are processors (or as the variable
            `VECTORIZER_THREADS` says), where each has enough to do.

    Returns:
        Vectorized: the function of a batch; where `fun` is left out, a decorator that gives it.

    Raises:
        VectorizeTypeError: `fun` is not callable, or an axis is none.
        VectorizeValueError: `backend` or `randomness` is not known, `axis_size` is negative, or `chunk_size` or
            `threads` is no positive int.
    """
    options = {
        "strict": strict, "check": check, "backend": _backend_name(backend, "vmap"),
        "chunk_size": _positive(chunk_size, "chunk_size"), "threads": _positive(threads, "threads"),
    }  # fmt: skip
    layer = make_layer(in_axes, out_axes, axis_size, randomness)
    if fun is None:
        return lambda function: _wrap(function, (layer,), options, "vmap")
    return _wrap(fun, (layer,), options, "vmap")


def _positive(value: int | None, name: str) -> int | None:
    """A positive int, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise VectorizeValueError(f"vmap: {name} is {value!r}.\nIt is an int of at least 1, or None.")
    return value


def _backend_name(backend: str | None, word: str) -> str | None:
    """The name of a backend that is known, or None."""
    try:
        return backend if backend is None else find_backend(backend).name
    except VectorizeValueError as error:
        raise VectorizeValueError(f"{word}: {error}") from None


@overload
def jit(
    fun: Callable[..., Any], *, backend: str | None = None, strict: bool = False, check: bool = False
) -> Vectorized: ...
@overload
def jit(
    fun: None = None, *, backend: str | None = None, strict: bool = False, check: bool = False
) -> Callable[[Callable[..., Any]], Vectorized]: ...
def jit(
    fun: Callable[..., Any] | None = None, *, backend: str | None = None, strict: bool = False, check: bool = False
) -> Any:
    """Rewrites a function with no batch axis from outside: its own loops become array operations where they can.

    Args:
        fun: a function in Python and NumPy; left out when used as a decorator with arguments.
        backend: as for `vmap`.
        strict: raise `VectorizeError` where the function cannot be rewritten.
        check: compare the first result of each specialization with the function's own.

    Raises:
        VectorizeTypeError: `fun` is not callable.
    """
    options = {"strict": strict, "check": check, "backend": _backend_name(backend, "jit")}
    options |= {"chunk_size": None, "threads": None}
    if fun is None:
        return lambda function: _wrap(function, (), options, "jit")
    return _wrap(fun, (), options, "jit")


class _ClassMethod(classmethod):  # type: ignore[type-arg]
    """A class method whose function is vectorized: the class is not batched.  Python 3.13 does not ask `__get__`."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.__func__.__get__(owner if owner is not None else type(instance))


def _wrap(fun: Any, layers: tuple[Layer, ...], options: dict[str, Any], word: str) -> Any:
    if isinstance(fun, (staticmethod, classmethod)):
        inner = _wrap(fun.__func__, layers, options, word)
        return staticmethod(inner) if isinstance(fun, staticmethod) else _ClassMethod(inner)
    if isinstance(fun, Vectorized):
        merged = {name: options[name] or fun._options[name] for name in options}
        own = fun._layers if not fun._instance else tuple(_without_instance(fun, layer) for layer in fun._layers)
        return Vectorized(fun._function, (*layers, *own), merged)
    if not callable(fun):
        raise VectorizeTypeError(f"{word}: expected a function, got {type(fun).__name__}.")
    return Vectorized(fun, layers, options)


def _without_instance(method: Vectorized, layer: Layer) -> Layer:
    """A layer of a bound method, whose axes speak of the instance no more."""
    axes, parameters = layer.in_axes, method._state.signature.parameters
    if isinstance(axes, dict):
        axes = {name: axis for name, axis in axes.items() if name != next(iter(parameters))}
    elif isinstance(axes, tuple) and len(axes) == len(parameters) and axes[0] is UNBATCHED:
        axes = axes[1:]
    return dataclasses.replace(layer, in_axes=axes)

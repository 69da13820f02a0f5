"""From a callable to the Python function behind it: partials, bound methods, decorators, callable objects."""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

from vectorizer.errors import VectorizeError

OWN_WRAPPER = "__vectorizer_source__"  # the attribute by which `vmap` and `jit` objects name the callable they wrap
DEEPEST = 1000  # callables inside callables; more than this is a cycle


class SourceUnavailable(VectorizeError):
    """The source of a callable could not be had; `reason` is a sentence for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unwrap(fun: object) -> tuple[types.FunctionType, tuple[object, ...], dict[str, object]]:
    """Return the plain function that a call of `fun` runs, with the positional and keyword arguments bound to it.

    Only what leaves the result of a call as it is gets unwrapped.  A function made by some other decorator with
    `functools.wraps` stands for itself: its own body is what runs.
    """
    bound: tuple[object, ...] = ()
    keywords: dict[str, object] = {}
    inner = fun
    for _ in range(DEEPEST):
        if isinstance(inner, functools.partial):
            _refuse_placeholders(inner)
            bound, keywords = inner.args + bound, {**inner.keywords, **keywords}
            inner = inner.func
        elif isinstance(inner, types.MethodType):
            bound, inner = (inner.__self__, *bound), inner.__func__
        elif (own := _own_wrapped(inner)) is not None:
            inner = own
        elif isinstance(inner, types.FunctionType):
            return inner, bound, keywords
        else:
            inner = _unwrap_object(inner, fun)
    raise SourceUnavailable(f"the source of {_name_of(fun)} could not be had: its '__call__' leads back to itself")


def _refuse_placeholders(partial: functools.partial[Any]) -> None:
    """Python 3.14 lets a partial leave out positions before bound ones; `bound` cannot say that."""
    placeholder = getattr(functools, "Placeholder", None)
    if placeholder is not None and any(argument is placeholder for argument in partial.args):
        raise SourceUnavailable(
            f"the source of {_name_of(partial.func)} could not be had: a partial with 'Placeholder' binds it"
        )


def _own_wrapped(fun: object) -> object | None:
    """The callable inside a `vmap` or `jit` object.

    `functools.wraps` copies attributes, so a decorator written around such an object carries the attribute as well;
    its `__wrapped__` tells them apart.
    """
    if inspect.getattr_static(fun, OWN_WRAPPER, None) is None:
        return None
    own: object = getattr(fun, OWN_WRAPPER)
    return own if getattr(fun, "__wrapped__", own) is own else None


def _unwrap_object(fun: object, outer: object) -> object:
    """What a callable that is neither function, method nor partial calls, with the same arguments."""
    if isinstance(fun, functools._lru_cache_wrapper):
        return fun.__wrapped__
    if isinstance(fun, (staticmethod, classmethod)):
        return fun.__func__
    if isinstance(fun, type):
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it is a class, not a function")
    call = next((vars(base)["__call__"] for base in type(fun).__mro__ if "__call__" in vars(base)), None)
    if call is None:
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it cannot be called")
    if isinstance(call, types.WrapperDescriptorType):
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it is not written in Python")
    return call.__get__(fun, type(fun)) if hasattr(call, "__get__") else call


def _name_of(fun: object) -> str:
    name = getattr(fun, "__qualname__", None)
    return repr(name) if isinstance(name, str) else f"a {type(fun).__name__!r} object"

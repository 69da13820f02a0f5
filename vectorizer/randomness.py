"""Random numbers in the loop: examples that are to draw the same start from the same states of all generators."""

from __future__ import annotations

import functools
import itertools
import pickle
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.errors import RandomnessError
from vectorizer.spec import Layer, Resolved

Generator = np.random.Generator | np.random.RandomState
States = list[Any]


def drawing(
    function: Callable[..., Any], resolved: Resolved, layers: tuple[Layer, ...], name: str
) -> Callable[..., Any]:
    """`function` for the loop over its examples, which calls it once for each of them, in order.

    Under ``randomness="same"`` the generators that it can reach (its arguments, their attributes, its globals and
    closure, NumPy's own) are set back for each example; under ``"error"`` it raises where one of them has been used.
    """
    kinds = [layer.randomness for layer in layers]
    if all(kind == "different" for kind in kinds):
        return function
    generators = list(_reachable(function, resolved))
    examples = itertools.product(*map(range, resolved.sizes))
    saved: dict[int, States] = {}

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        index = next(examples)
        for level, kind in enumerate(kinds):
            if kind == "same" and not any(index[level + 1 :]):
                if index[level]:
                    _restore(generators, saved[level])
                else:
                    saved[level] = _states(generators)
        before = pickle.dumps(_states(generators)) if "error" in kinds else b""
        result = function(*args, **kwargs)
        if "error" in kinds and pickle.dumps(_states(generators)) != before:
            raise RandomnessError(f'{name}: it draws random numbers, and randomness is "error"')
        return result

    return run


def _states(generators: list[Generator]) -> States:
    return [one.bit_generator.state if isinstance(one, np.random.Generator) else one.get_state() for one in generators]


def _restore(generators: list[Generator], states: States) -> None:
    for one, state in zip(generators, states, strict=True):
        if isinstance(one, np.random.Generator):
            one.bit_generator.state = state
        else:
            one.set_state(state)


def _reachable(function: Callable[..., Any], resolved: Resolved) -> Iterator[Generator]:
    """The generators that a function can draw from, as far as that can be seen from outside."""
    seen: set[int] = set()
    waiting: list[Any] = [np.random.mtrand._rand, function, *resolved.arguments.values()]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Generator):
            yield value
        elif not isinstance(value, np.ndarray | types.ModuleType | type):
            waiting += _parts(value)


def _parts(value: Any) -> list[Any]:
    """What a value leads to: items, attributes, what a function reads of its surroundings."""
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
        names = [value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__]
        return [*cells, *names, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    if tree.is_container(value):
        return tree.children(value)
    return list(vars(value).values()) if hasattr(value, "__dict__") else []

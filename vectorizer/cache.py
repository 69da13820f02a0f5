"""The cache of specializations: from a call's arguments to the rewritten function that fits them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorizer import reference
from vectorizer.errors import FallbackWarning, VectorizeError
from vectorizer.source.diff import unified
from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source
from vectorizer.spec import UNBATCHED, Resolved, resolve_call
from vectorizer.tree import flatten, leaves

if TYPE_CHECKING:
    from vectorizer.pipeline import Specialization

STRICT = {"divide": "raise", "over": "raise", "invalid": "raise"}


@dataclass
class Entry:
    """A specialization in the cache; `run` is None where the function is looped."""

    specialization: Specialization
    run: Callable[..., Any] | None


def call(vectorized: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    resolved = resolve_call(vectorized._layers, vectorized._signature, args, kwargs, vectorized._name)
    if 0 in resolved.sizes:
        return reference.loop(vectorized._function, resolved, vectorized._layers, vectorized._name)
    entry = find_entry(vectorized, resolved)
    vectorized._latest = entry.specialization
    return execute(vectorized, entry, resolved)


def find_entry(vectorized: Any, resolved: Resolved) -> Entry:
    key = key_of(resolved)
    entries = vectorized._cache.get(key, ())
    for entry in entries:
        if holds(entry.specialization, resolved):
            vectorized._hits += 1
            return entry
    with vectorized._lock:
        for entry in vectorized._cache.get(key, ()):
            if holds(entry.specialization, resolved):
                vectorized._hits += 1
                return entry
        entry = make_entry(vectorized, resolved)
        vectorized._misses += 1
        from vectorizer.api import MOST_SPECIALIZATIONS

        vectorized._cache.setdefault(key, []).append(entry)
        while sum(len(v) for v in vectorized._cache.values()) > MOST_SPECIALIZATIONS:
            vectorized._cache.popitem(last=False)
        return entry


def key_of(resolved: Resolved) -> Any:
    parts: list[Any] = []
    for name, value in resolved.arguments.items():
        for (path, leaf), axes in zip(flatten(value, name), _leaf_axes(resolved.axes[name], value), strict=True):
            parts.append((path, axes, leaf_key(leaf)))
    return tuple(parts)


def _leaf_axes(axes: Any, value: Any) -> list[Any]:
    found = list(leaves(axes))
    count = len(list(leaves(value)))
    return found if len(found) == count else found * count if len(found) == 1 else [None] * count


def leaf_key(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return (type(leaf), leaf.dtype, leaf.ndim)
    kind = type(leaf)
    if kind in (int, float, complex) or isinstance(leaf, np.generic):
        return kind
    if kind in (bool, str, type(None)):
        return (kind, leaf)
    return (kind, id(leaf))


def holds(specialization: Specialization, resolved: Resolved) -> bool:
    if not specialization.guards.hold():
        return False
    if not specialization.conditions and not specialization.pins:
        return True
    samples, values = measure(resolved)
    for condition in specialization.conditions:
        value = condition.evaluate(samples)
        if value is None or value < 0:
            return False
    for path, expected in specialization.pins.items():
        found = values.get(path, MISSING)
        if type(found) is not type(expected) or not (found is expected or _equal(found, expected)):
            return False
    return True


MISSING = object()


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b)
    except Exception:
        return False


def measure(resolved: Resolved) -> tuple[dict[str, int], dict[str, Any]]:
    """The lengths and integers of a call, by the symbols that stand for them."""
    from vectorizer.pipeline import Describer, batch_axes

    describer = Describer(batch_axes(len(resolved.sizes)))
    for name, argument in resolved.arguments.items():
        describer.describe(name, argument, resolved.axes[name], name)
    return describer.samples, describer.values


def specialization_for(vectorized: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    resolved = resolve_call(vectorized._layers, vectorized._signature, args, kwargs, vectorized._name)
    return find_entry(vectorized, resolved).specialization


def source_of(vectorized: Any) -> FunctionSource:
    if vectorized._source is None:
        vectorized._source = find_source(vectorized._function)
    found: FunctionSource = vectorized._source
    return found


def make_entry(vectorized: Any, resolved: Resolved) -> Entry:
    from vectorizer.pipeline import Specialization, compile_specialization, specialize
    from vectorizer.namespace import Guards
    from vectorizer.values import Unsupported

    line = 0
    try:
        source = source_of(vectorized)
        if source.bound or source.bound_keywords:
            raise Unsupported("arguments are bound to the function")
        specialization = specialize(source, resolved, vectorized._layers, vectorized._name)
        run = compile_specialization(specialization, source)
        specialization.function = run
        for change in specialization.fallbacks:
            report(vectorized, source, change.line, change.reason, "this expression")
        return Entry(specialization, run)
    except SourceUnavailable as error:
        reason = error.reason
    except Unsupported as error:
        reason = error.reason
    except VectorizeError:
        raise
    except Exception as error:  # a fault of ours must not become the user's: the loop is always right
        if os.environ.get("VECTORIZER_DEBUG"):
            raise
        reason = f"the rewriter failed ({type(error).__name__}: {error})"
    report(vectorized, vectorized._source, line, reason, "the whole function")
    looped = Specialization(
        vectorized._name, "", [], [], Guards(), frozenset(), {}, frozenset(), False, (), looped=reason
    )
    return Entry(looped, None)


def report(vectorized: Any, source: FunctionSource | None, line: int, reason: str, what: str) -> None:
    place = ""
    if source is not None:
        number = source.position(line)[0] if line else source.first_line
        place = f"{source.filename}:{number}: "
    message = f"{place}{vectorized._name}: {what} is looped over the examples: {reason}"
    if vectorized._options["strict"]:
        raise VectorizeError(message)
    warnings.warn(message, FallbackWarning, stacklevel=6)


def execute(vectorized: Any, entry: Entry, resolved: Resolved) -> Any:
    if entry.run is None:
        return run_loop(vectorized, resolved)
    args, kwargs = resolved.split()
    snapshots = take_snapshots(entry.specialization, resolved)
    try:
        if entry.specialization.strict_floats:
            with np.errstate(**STRICT):  # type: ignore[arg-type]
                return entry.run(*args, **kwargs)
        return entry.run(*args, **kwargs)
    except Exception:
        # The loop decides: it raises what the first failing example raises, or it gives the result.
        for array, copy in snapshots:
            array[...] = copy
        return run_loop(vectorized, resolved)


def take_snapshots(specialization: Specialization, resolved: Resolved) -> list[tuple[Any, Any]]:
    if not specialization.writes:
        return []
    found = []
    for name, value in resolved.arguments.items():
        for path, leaf in flatten(value, name):
            if path in specialization.writes and isinstance(leaf, np.ndarray):
                found.append((leaf, leaf.copy()))
    return found


def run_loop(vectorized: Any, resolved: Resolved) -> Any:
    if not vectorized._layers:
        args, kwargs = resolved.split()
        return vectorized._function(*args, **kwargs)
    return reference.loop(vectorized._function, resolved, vectorized._layers, vectorized._name)


def diff_of(vectorized: Any, specialization: Specialization) -> str:
    source = source_of(vectorized)
    return unified(source.text, specialization.source, source.filename, source.first_line)


def explain(vectorized: Any, specialization: Specialization) -> str:
    source = source_of(vectorized)
    if specialization.looped:
        return f"{source.filename}:{source.first_line}: loop: {specialization.looped}"
    lines = []
    for change in specialization.changes:
        number = source.position(change.line)[0] if change.line else source.first_line
        lines.append(f"{source.filename}:{number}: {change.rule}: {change.reason}")
    return "\n".join(lines)


_ = UNBATCHED

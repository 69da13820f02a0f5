"""The cache of specializations: from a call's arguments to the rewritten function that fits them."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorizer import placing, reference
from vectorizer.backends import Backend, find_backend
from vectorizer.blocks import Options, in_blocks
from vectorizer.callables import Target
from vectorizer.cutting import places_to_cut
from vectorizer.errors import RandomnessError, VectorizeError
from vectorizer.guards import Guards
from vectorizer.kinds import TooMany, compile_check, key_of
from vectorizer.reporting import host_of, line_of, place_of, report
from vectorizer.source.frontend import FunctionSource, SourceUnavailable
from vectorizer.spec import UNBATCHED, Layer, Resolved, resolve_call
from vectorizer.values import Unsupported

if TYPE_CHECKING:
    from vectorizer.compiling import Specialization

NUMPY = find_backend(None)
MOST_SPECIALIZATIONS = 256
MOST_FAST = 8  # specializations that a call is compared with before its arguments are looked at in full


class _Rewriting:
    """One rewrite at a time, in the whole process: it is Python through and through, so more would not be faster."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)  # a thread that held it is not there any more

    def renew(self) -> None:
        self.lock = threading.RLock()


_rewriting = _Rewriting()


@dataclass(eq=False)
class Entry:
    """A specialization in the cache.

    run: what a call runs; None where the function is looped.
    source: of the function that was rewritten; None where there is none.
    arguments: the parameters of the function itself, in the order in which `holds` takes them.
    axes: the batch axes of the arguments, by these parameters.
    signature: of the function itself.
    key: of the arguments.
    used: at which hit it was last used.
    fast: the checks that were made for it, by how many arguments are passed by position and which by keyword.
    is_new: nothing has been called yet.
    backend: where it runs.
    unsure: the loop is to be asked before the first result is returned.
    told: what the user has been told of calls that had to be looped.
    late_reason: a reason to be told once the loop has run without an exception.
    """

    specialization: Specialization
    run: Callable[..., Any] | None
    source: FunctionSource | None = None
    arguments: tuple[str, ...] = ()
    axes: dict[str, Any] = field(default_factory=dict)
    signature: inspect.Signature | None = None
    key: Any = None
    backend: Backend = NUMPY
    used: int = 0
    fast: dict[tuple[int, tuple[str, ...]], Fast | None] = field(default_factory=dict)
    is_new: bool = True
    unsure: bool = False
    told: set[str] = field(default_factory=set)
    late_reason: str = ""

    @functools.cached_property
    def holds(self) -> Callable[..., bool]:
        """Whether all that was relied on beside the kinds of the arguments is still so."""
        return self.specialization.guards.compiled(self.arguments, {})


@dataclass(eq=False, slots=True)
class Fast:
    """A way to call a specialization without looking at the arguments in full.

    run: that of the entry.
    count: how many arguments are passed by position.
    names: of those passed by keyword.
    fits: whether the arguments are such that `run` may be called with them as they are.
    """

    entry: Entry
    run: Callable[..., Any]
    count: int
    names: tuple[str, ...]
    fits: Callable[..., bool]


@dataclass(eq=False)
class State:
    """What a vectorized function knows of itself, shared by the bound methods that are made of it.

    is_method: the first argument is an instance, which is not batched and of which `in_axes` need not speak.
    loop: what runs where the function cannot be rewritten.
    entries: by key; entries of one key differ in what holds beside the kinds of the arguments.
    fast: what a call is compared with first.
    """

    function: Callable[..., Any]
    layers: tuple[Layer, ...]
    options: dict[str, Any]
    name: str
    signature: inspect.Signature
    is_method: bool = False
    loop: Callable[..., Any] = reference.loop
    entries: dict[Any, list[Entry]] = field(default_factory=dict)
    fast: tuple[Fast, ...] = ()
    latest: Entry | None = None
    hits: int = 0
    misses: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @functools.cached_property
    def target(self) -> Target:
        return Target(self.function)

    def clear(self) -> None:
        with self.lock:
            self.entries.clear()
            self.fast = ()
            self.latest = None
            self.hits = self.misses = 0

    def size(self) -> int:
        return sum(map(len, list(self.entries.values())))

    def layers_for(self, count: int) -> tuple[Layer, ...]:
        """The layers for a call with `count` positional arguments."""
        return tuple(_for_method(layer, count) for layer in self.layers) if self.is_method else self.layers


@functools.lru_cache(maxsize=1024)
def _for_method(layer: Layer, count: int) -> Layer:
    """A layer that says of the instance, the first of `count` positional arguments, that it is not batched."""
    axes = layer.in_axes
    if isinstance(axes, dict) or not count:
        return layer
    if not isinstance(axes, tuple):
        axes = (UNBATCHED, *[axes] * (count - 1))
    elif not (len(axes) == count and axes[0] is UNBATCHED):
        axes = (UNBATCHED, *axes)
    return dataclasses.replace(layer, in_axes=axes)


# --- finding ---------------------------------------------------------------------------------------------------------


def resolve(state: State, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Resolved:
    """A call's arguments with their batch axes; arrays of libraries that are no backends are refused."""
    layers = state.layers_for(len(args))
    if state.is_method:
        layers = tuple(_with_instance(layer, state.signature) for layer in layers)
    resolved = resolve_call(layers, state.signature, args, kwargs, state.name)
    placing.find_backend_of(resolved, state.options["backend"], state.name)  # which refuses what does not fit
    return resolved


def _with_instance(layer: Layer, signature: inspect.Signature) -> Layer:
    """A layer whose dict of axes names the instance too."""
    first = next(iter(signature.parameters), None)
    if not isinstance(layer.in_axes, dict) or first is None or first in layer.in_axes:
        return layer
    return dataclasses.replace(layer, in_axes={first: UNBATCHED, **layer.in_axes})


def find_entry(state: State, resolved: Resolved, layers: tuple[Layer, ...], backend: Backend | None = None) -> Entry:
    """The entry for a call, on the backend that it asks for or on another; it is made where there is none."""
    backend = backend or placing.find_backend_of(resolved, state.options["backend"], state.name)
    resolved = placing.described(resolved, backend)
    key = (backend.name, key_of(resolved))
    entry = _look_up(state, key, resolved)
    if entry is not None:
        return entry
    with _rewriting.lock:
        entry = _look_up(state, key, resolved)  # another thread may have made it
        if entry is not None:
            return entry
        made = make_entry(state, resolved, layers, backend)
        made.key = key
        _insert(state, made)
        return made


def _look_up(state: State, key: Any, resolved: Resolved) -> Entry | None:
    for entry in tuple(state.entries.get(key, ())):
        if _holds(state, entry, resolved):
            state.hits += 1
            entry.used = state.hits
            return entry
    return None


def _holds(state: State, entry: Entry, resolved: Resolved) -> bool:
    if entry.run is None:
        return True
    _, inner = state.target.prepare(resolved)
    return entry.holds(*inner.arguments.values())


def _insert(state: State, entry: Entry) -> None:
    with state.lock:
        state.misses += 1
        entry.used = state.hits
        state.entries.setdefault(entry.key, []).append(entry)
        while state.size() > MOST_SPECIALIZATIONS:
            candidates = [old for entries in state.entries.values() for old in entries if old is not entry]
            _drop(state, min(candidates, key=lambda old: old.used))


def _drop(state: State, entry: Entry) -> None:
    state.entries[entry.key].remove(entry)
    if not state.entries[entry.key]:
        del state.entries[entry.key]
    state.fast = tuple(fast for fast in state.fast if fast.entry is not entry)


def make_fast(state: State, entry: Entry, resolved: Resolved, count: int, names: tuple[str, ...]) -> None:
    """Let calls like this one, with `count` positional arguments and keywords `names`, take the fast path."""
    if entry.run is None or entry.unsure or entry.specialization.writes:
        return
    if placing.must_move(resolved, entry.backend):
        return
    if (count, names) not in entry.fast:
        entry.fast[count, names] = _compile_fast(state, entry, resolved, count, names)
    made = entry.fast[count, names]
    with state.lock:
        if made is None or made in state.fast:
            return
        kept = sorted(state.fast, key=lambda fast: -fast.entry.used)[: MOST_FAST - 1]
        state.fast = (made, *kept)


def _compile_fast(state: State, entry: Entry, resolved: Resolved, count: int, names: tuple[str, ...]) -> Fast | None:
    assert entry.run is not None
    source, inner = state.target.prepare(placing.described(resolved, entry.backend))
    sizes = tuple(layer.axis_size for layer in state.layers)
    constants = inner.defaulted | (set(source.bound_keywords) - set(names))
    try:
        fits = compile_check(entry.specialization.guards, inner, constants, sizes, entry.backend.array_type)
    except TooMany:
        return None
    return Fast(entry, entry.run, count, names, functools.partial(fits, *source.bound) if source.bound else fits)


# --- making ----------------------------------------------------------------------------------------------------------


def make_entry(state: State, resolved: Resolved, layers: tuple[Layer, ...], backend: Backend) -> Entry:
    """Rewrite the function for a call like this one, or find that it must be looped."""
    source = inner = None
    try:
        source, inner = state.target.prepare(resolved)
        entry = _rewrite(state, source, inner, layers, backend)
    except SourceUnavailable as error:
        entry = _looped(state, source, error.reason, backend=backend)
    except Unsupported as error:
        entry = _looped(state, source, error.reason, line_of(error, source), backend=backend)
    except RandomnessError as error:
        raise RandomnessError(f"{place_of(source, error.line)}{state.name}: {error}", error.line) from None
    except VectorizeError as error:  # the result does not fit `out_axes`: the loop decides, and says where
        if state.options["strict"]:
            raise
        entry = _looped(state, source, str(error), is_late=True)
    except Exception as error:
        # A fault of ours must not become the user's: the loop is always right.
        if os.environ.get("VECTORIZER_DEBUG"):
            raise
        entry = _looped(state, source, f"the rewriter failed ({type(error).__name__}: {error})", backend=backend)
    if inner is not None:
        entry.arguments, entry.axes, entry.signature = tuple(inner.arguments), inner.axes, inner.signature
    entry.backend = backend
    return entry


def _rewrite(
    state: State, source: FunctionSource, inner: Resolved, layers: tuple[Layer, ...], backend: Backend
) -> Entry:
    from vectorizer.compiling import compile_specialization
    from vectorizer.pipeline import specialize

    is_numpy = placing.is_numpy(backend)
    specialization = specialize(source, inner, layers, state.name, None if is_numpy else backend)
    run = compile_specialization(specialization, source)
    if not is_numpy:
        run = placing.within(backend, run)
    else:
        run = in_blocks(
            run, specialization.source, batched_arrays(inner, layers, specialization), _out_axis(layers),
            Options(state.options["chunk_size"], state.options["threads"]), not specialization.draws,
            specialization.per_step,
        )  # fmt: skip
    if specialization.strict_floats and is_numpy:
        run = _strict(run)
    if source.bound or source.bound_keywords:
        run = functools.partial(run, *source.bound, **source.bound_keywords)
    for change in specialization.fallbacks:
        report(state, source, change.line, change.reason, "this expression")
    unsure = state.options["check"] and not specialization.draws  # the loop would draw other numbers
    return Entry(specialization, run, source, unsure=unsure)


def batched_arrays(
    inner: Resolved, layers: tuple[Layer, ...], specialization: Specialization
) -> dict[int, tuple[str, int]]:
    """Parameters that are arrays with one batch axis, and that axis, by position; empty if others are batched too."""
    if specialization.writes or specialization.fallbacks:
        return {}
    if specialization.draws and layers and layers[0].randomness != "different":  # blocks would draw other numbers
        return {}
    return places_to_cut(inner, layers)


def _out_axis(layers: tuple[Layer, ...]) -> int:
    axes = layers[0].out_axes if layers else 0
    return axes if isinstance(axes, int) else 0


def _strict(run: Callable[..., Any]) -> Callable[..., Any]:
    """`run`, with floating-point errors raised: Python's own numbers raise them."""

    def run_strictly(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(divide="raise", over="raise", invalid="raise"):
            return run(*args, **kwargs)

    return run_strictly


def _looped(
    state: State,
    source: FunctionSource | None,
    reason: str,
    line: int = 0,
    is_late: bool = False,
    backend: Backend = NUMPY,
) -> Entry:
    if not is_late:
        report(state, source, line, reason, "the whole function", host_of(backend))
    from vectorizer.compiling import Specialization

    looped = Specialization(
        name=state.name,
        source="",
        changes=[],
        fallbacks=[],
        guards=Guards(),
        conditions=frozenset(),
        pins={},
        writes=frozenset(),
        strict_floats=False,
        imports=(),
        looped=reason,
        looped_line=line,
    )
    return Entry(looped, None, source, late_reason=reason if is_late else "")

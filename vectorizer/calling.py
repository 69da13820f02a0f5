"""One call: run what was emitted, and where that fails, let the loop decide.

The emitted code may fail where an example fails, or where it does more than the examples do.  Either way the loop is
run in its place: it raises what the first failing example raises, or gives the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from vectorizer import placing, reference
from vectorizer.backends import find_owner
from vectorizer.cache import Entry, State, find_entry, make_fast, resolve
from vectorizer.checking import compare, pick, snapshot
from vectorizer.errors import SettingError
from vectorizer.randomness import drawing
from vectorizer.reporting import host_of, report
from vectorizer.spec import Layer, Resolved
from vectorizer.tree import leaves

MAX_WORK = 10_000  # steps to find out whether two arrays overlap, before it is taken for granted


def call(state: State, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call whose arguments are looked at in full."""
    resolved = resolve(state, args, kwargs)
    layers = state.layers_for(len(args))
    if 0 in resolved.sizes:
        return run_loop(state, resolved, layers)
    entry = find_entry(state, resolved, layers)
    state.latest = entry
    if entry.unsure:
        return first_call(state, entry, resolved, layers)
    if not entry.is_new:
        make_fast(state, entry, resolved, len(args), tuple(kwargs))
    entry.is_new = False
    return execute(state, entry, resolved, layers)


def execute(state: State, entry: Entry, resolved: Resolved, layers: tuple[Layer, ...]) -> Any:
    """Run a specialization."""
    if entry.run is None:
        return looped(state, entry, resolved, layers)
    written = written_arrays(state, entry, resolved)
    if written and has_overlap(state, entry, resolved, written):
        tell(state, entry, "overlap", "an argument that is written to shares memory with another")
        return run_loop(state, resolved, layers)
    copies = [array.copy() for array in written]
    try:
        return run_emitted(entry, resolved)
    except SettingError:
        raise
    except Exception as error:  # noqa: BLE001 - the loop decides
        failure = describe(error)
    restore(written, copies)
    return replay(state, entry, resolved, layers, failure)


def run_emitted(entry: Entry, resolved: Resolved) -> Any:
    """What was emitted, on a device where it was emitted for one; what it gives lies where the arguments lie."""

    def run(placed: Resolved) -> Any:
        positional, keywords = placed.split()
        assert entry.run is not None
        return entry.run(*positional, **keywords)

    if placing.is_numpy(entry.backend):
        return run(resolved)
    return placing.on_the_device(entry.backend, resolved, run, placing.may_store(entry.specialization.source))


def recover(state: State, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], failure: str) -> Any:
    """The call again, as a loop, after the emitted code has failed on the fast path."""
    return replay(state, entry, resolve(state, args, kwargs), state.layers_for(len(args)), failure)


def replay(state: State, entry: Entry, resolved: Resolved, layers: tuple[Layer, ...], failure: str) -> Any:
    """The loop, where the emitted code has failed; if the loop does not, the user is told, once."""
    result = run_elsewhere(state, entry, resolved, layers)
    tell(state, entry, "failure", f"the emitted code raised {failure}, and the loop does not")
    return result


def tell(state: State, entry: Entry, what: str, reason: str) -> None:
    """Say that a call is looped: once for each specialization, but under `strict=True` every time."""
    if what not in entry.told or state.options["strict"]:
        entry.told.add(what)
        report(state, entry.source, 0, reason, "this call", host_of(entry.backend))


def looped(state: State, entry: Entry, resolved: Resolved, layers: tuple[Layer, ...]) -> Any:
    """A function that is looped as a whole, or for which nothing could be emitted for the device."""
    result = run_elsewhere(state, entry, resolved, layers)
    if entry.late_reason:
        reason, entry.late_reason = entry.late_reason, ""
        report(state, entry.source, 0, reason, "the whole function", host_of(entry.backend))
    return result


def run_elsewhere(state: State, entry: Entry, resolved: Resolved, layers: tuple[Layer, ...]) -> Any:
    """A call that its specialization cannot answer: the loop; for one on a device, what is emitted for NumPy."""
    if placing.is_numpy(entry.backend):
        return run_loop(state, resolved, layers)

    def run(placed: Resolved) -> Any:
        other = find_entry(state, placed, layers, placing.NUMPY)
        return first_call(state, other, placed, layers) if other.unsure else execute(state, other, placed, layers)

    return placing.on_the_host(resolved, run)


def run_loop(state: State, resolved: Resolved, layers: tuple[Layer, ...]) -> Any:
    """The function itself, example by example, on the host.

    Raises:
        VectorizeTypeError: the function mixes NumPy's arrays with those of a device that it finds outside.
    """

    def run(placed: Resolved) -> Any:
        if layers:
            function = drawing(state.function, placed, layers, state.name)
            return state.loop(function, placed, layers, state.name)
        positional, keywords = placed.split()
        return state.function(*positional, **keywords)

    try:
        return placing.on_the_host(resolved, run)
    except TypeError as error:
        mixed = placing.mixed_outside(resolved, state.function, state.name)
        if mixed is None:
            raise
        raise mixed from error


def describe(error: Exception) -> str:
    """An exception of the emitted code; without its traceback, which would keep the arguments alive."""
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- what is written to ----------------------------------------------------------------------------------------------


def written_arrays(state: State, entry: Entry, resolved: Resolved) -> list[Any]:
    """The arguments that a specialization writes to."""
    writes = entry.specialization.writes
    if not writes:
        return []
    inner = state.target.prepare(resolved)[1]
    found = [eval(path, {}, dict(inner.arguments)) for path in sorted(writes)]
    return [array for array in found if find_owner(array) is not None]


def restore(arrays: Sequence[Any], copies: Sequence[Any]) -> None:
    """Undo what has been written."""
    for array, copy in zip(arrays, copies, strict=True):
        if not isinstance(array, np.ndarray) or array.flags.writeable:
            array[...] = copy


def has_overlap(state: State, entry: Entry, resolved: Resolved, written: Sequence[Any]) -> bool:
    """Whether what is written to may share memory with what is read, so that the order of the examples matters."""
    inner = state.target.prepare(resolved)[1]
    guards = entry.specialization.guards
    outside = [eval(code, dict(guards.objects), dict(inner.arguments)) for code in guards.arrays]
    arrays = [leaf for leaf in [*leaves(dict(inner.arguments)), *outside] if find_owner(leaf) is not None]
    others = [array for array in arrays if not any(array is one for one in written)]
    is_passed_twice = len(arrays) - len(others) > len(written)
    pairs = [*combinations(written, 2), *((one, other) for one in written for other in others)]
    return is_passed_twice or any(map(overlaps_itself, written)) or any(may_overlap(one, other) for one, other in pairs)


def may_overlap(one: Any, other: Any) -> bool:
    """Whether two arrays share memory, or it takes too long to find out."""
    owner = find_owner(one)
    if owner is not find_owner(other):
        return False
    if owner is not None and not placing.is_numpy(owner):
        return bool(owner.library.may_share_memory(one, other))
    if not np.may_share_memory(one, other):
        return False
    try:
        return bool(np.shares_memory(one, other, max_work=MAX_WORK))  # type: ignore[arg-type]  # it takes any int
    except np.exceptions.TooHardError:
        return True


def overlaps_itself(array: Any) -> bool:
    """Whether two elements of an array may lie at the same place, as in the windows that `as_strided` makes."""
    steps = sorted((abs(step), size) for step, size in zip(array.strides, array.shape, strict=True) if size > 1)
    reach = array.itemsize
    for step, size in steps:
        if step < reach:
            return True
        reach += step * (size - 1)
    return False


# --- check=True ------------------------------------------------------------------------------------------------------


def first_call(state: State, entry: Entry, resolved: Resolved, layers: tuple[Layer, ...]) -> Any:
    """The first call under `check=True`: a few examples are compared with the loop, which answers if they differ."""
    if entry.run is None:
        return looped(state, entry, resolved, layers)
    before = snapshot(placing.on_host(resolved))
    picked = pick(resolved.sizes)
    try:
        if layers:
            expected = reference.call_examples(state.function, before, layers, picked)
        else:
            positional, keywords = before.split()
            expected = [state.function(*positional, **keywords)]
    except Exception:  # noqa: BLE001 - an example that raises; so must the emitted code
        expected = None
    trial = snapshot(placing.on_host(resolved))
    try:
        got = run_emitted(entry, trial)
    except Exception:  # noqa: BLE001 - the loop decides
        return execute(state, entry, resolved, layers)
    difference = compare(expected, got, picked, layers, resolved.sizes, before, trial)
    entry.unsure = False
    if difference is None:
        return execute(state, entry, resolved, layers)
    entry.run = None
    entry.specialization.looped = f"the rewritten function does not do what the loop does: {difference}"
    report(state, entry.source, 0, entry.specialization.looped, "the whole function")
    return run_loop(state, resolved, layers)

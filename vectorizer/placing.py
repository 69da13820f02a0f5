"""Where arguments lie and where a call runs: choosing the backend, and moving arrays to a device and back."""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.backends import Backend, find_backend, find_owner
from vectorizer.errors import VectorizeTypeError
from vectorizer.spec import UNBATCHED, LeafAxes, Resolved

NUMPY = find_backend(None)
STORING = frozenset("at copyto fill fill_diagonal partition place put put_along_axis putmask shuffle sort".split())


def is_numpy(backend: Backend) -> bool:
    return backend is NUMPY


def iter_arrays(resolved: Resolved) -> Iterator[tuple[str, Any, Backend]]:
    """Path, array and owner of the arrays that were passed; defaults are not among them."""
    for name, value in resolved.arguments.items():
        if name not in resolved.defaulted:
            for path, leaf in tree.flatten(value, name):
                owner = find_owner(leaf)
                if owner is not None:
                    yield path, leaf, owner


def find_backend_of(resolved: Resolved, asked: str | None, name: str) -> Backend:
    """The backend that a call runs on: the one that was asked for, else the one that the arrays belong to.

    Raises:
        VectorizeTypeError: a batched argument is no array of a backend; arrays are of several backends; they are of
            another than the one that was asked for, unless it is NumPy's that are to be moved to a device.
    """
    owners: dict[Backend, str] = {}
    for path, _, owner in iter_arrays(resolved):
        owners.setdefault(owner, path)
    if len(owners) > 1:
        raise _mixed(owners, name)
    own = next(iter(owners), NUMPY)
    for key, value in resolved.arguments.items():
        _refuse_foreign(key, value, resolved.axes[key], name, own)
    wanted = own if asked is None else find_backend(asked)
    if wanted is not own and own is not NUMPY:
        path = owners[own]
        raise VectorizeTypeError(
            f"vmap({name}): argument {path} is an array of {own.module}, but the backend is {wanted.name!r}.\n"
            f"Pass an array of {wanted.module}, or leave `backend` out."
        )
    return wanted


def _mixed(owners: dict[Backend, str], name: str) -> VectorizeTypeError:
    told = " and ".join(f"argument {path} is an array of {owner.module}" for owner, path in owners.items())
    first = next(owner for owner in owners if owner is not NUMPY)
    other = next(path for owner, path in owners.items() if owner is not first)
    return VectorizeTypeError(
        f"vmap({name}): {told}.\nAll arrays must be of one library: {first.module}.asarray({other}) moves one."
    )


def mixed_outside(resolved: Resolved, function: Any, name: str) -> VectorizeTypeError | None:
    """What a function that failed on NumPy's arrays is told of arrays of a device in its globals and closure.

    None where there are none.
    """
    found = [(path, owner) for path, owner in outside_arrays(function) if not is_numpy(owner)]
    if not found:
        return None
    outside, owner = found[0]
    inside = [path for path, _, own in iter_arrays(resolved) if is_numpy(own)]
    told = f"vmap({name}): {outside}, which the function reads, is an array of {owner.module}, "
    if not inside:
        return VectorizeTypeError(f"{told}but it runs on the host here, where the arguments are NumPy's.")
    return VectorizeTypeError(
        f"{told}and argument {inside[0]} is an array of numpy.\n"
        f"All arrays must be of one library: {owner.module}.asarray({inside[0]}) moves one."
    )


def outside_arrays(function: Any) -> Iterator[tuple[str, Backend]]:
    """The arrays that a function's globals and closure hold under names that it mentions, and their owners."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    for name in (*code.co_names, *cells):
        try:
            value = cells[name].cell_contents if name in cells else function.__globals__.get(name)
        except ValueError:  # a cell that is empty
            continue
        for path, leaf in tree.flatten(value, name):
            owner = find_owner(leaf)
            if owner is not None:
                yield path, owner


def _refuse_foreign(path: str, value: Any, axes: Any, name: str, backend: Backend) -> None:
    if not isinstance(axes, LeafAxes):
        for number, (child, inner) in enumerate(zip(tree.children(value), tree.children(axes), strict=True)):
            _refuse_foreign(f"{path}[{number}]", child, inner, name, backend)
    elif any(axis is not UNBATCHED for axis in axes) and find_owner(value) is None:
        if isinstance(value, np.generic):
            return
        raise VectorizeTypeError(
            f"vmap({name}): argument {path} is {tree.describe(value)}, of type "
            f"{type(value).__module__}.{type(value).__qualname__}, but the backend is NumPy.\n"
            "Pass a NumPy array, such as numpy.asarray gives."
        )


# --- moving ----------------------------------------------------------------------------------------------------------


def mapped(resolved: Resolved, function: Callable[[Any], Any]) -> Resolved:
    """The call with `function` of each array; an array that is passed twice is still one."""
    made: dict[int, Any] = {}

    def once(leaf: Any) -> Any:
        if find_owner(leaf) is None:
            return leaf
        if id(leaf) not in made:
            made[id(leaf)] = function(leaf)
        return made[id(leaf)]

    arguments = {name: tree.map_tree(once, value) for name, value in resolved.arguments.items()}
    return dataclasses.replace(resolved, arguments=arguments)


def described(resolved: Resolved, backend: Backend) -> Resolved:
    """The call with NumPy arrays without memory in the place of a device's: they tell ranks, lengths and dtypes."""
    if is_numpy(backend):
        return resolved
    return mapped(resolved, lambda array: np.broadcast_to(np.zeros((), array.dtype), array.shape))


def must_move(resolved: Resolved, backend: Backend) -> bool:
    """Whether arrays of NumPy's, those of defaults included, are to be moved to a device for a call."""
    return not is_numpy(backend) and any(isinstance(array, np.ndarray) for array in arrays_of(resolved))


def moved(resolved: Resolved, backend: Backend) -> Resolved:
    """The call with its NumPy arrays on the device; defaults that are arrays are passed then."""
    made = mapped(resolved, lambda array: backend.to_device(array) if isinstance(array, np.ndarray) else array)
    passed = {name for name in made.defaulted if any(map(backend.owns, tree.leaves(made.arguments[name])))}
    return dataclasses.replace(made, defaulted=made.defaulted - passed)


def on_host(resolved: Resolved) -> Resolved:
    """The call with copies of a device's arrays in the memory of the host."""
    return mapped(resolved, host_copy)


def host_copy(array: Any) -> Any:
    owner = find_owner(array)
    return array if owner is None or is_numpy(owner) else owner.to_host(array)


def returned(result: Any, place: Callable[[Any], Any]) -> Any:
    """A result with `place` of each of its arrays."""
    return tree.map_tree(lambda leaf: leaf if find_owner(leaf) is None else place(leaf), result)


def arrays_of(resolved: Resolved) -> list[Any]:
    return [
        leaf for value in resolved.arguments.values() for leaf in tree.leaves(value) if find_owner(leaf) is not None
    ]


def written_back(source: Resolved, target: Resolved) -> None:
    """What has been written into the arrays of one call, written into those of the other, wherever they lie."""
    for new, old in zip(arrays_of(source), arrays_of(target), strict=True):
        before, after = host_copy(old), host_copy(new)
        if before is after or np.array_equal(before, after, equal_nan=before.dtype.kind in "fc"):
            continue
        owner = find_owner(old)
        assert owner is not None
        old[...] = owner.to_device(after)


def on_the_host(resolved: Resolved, run: Callable[[Resolved], Any]) -> Any:
    """`run`, which is written for NumPy, of a call whose arrays may lie on a device; so does then what it gives."""
    owner = next((found for _, _, found in iter_arrays(resolved) if not is_numpy(found)), None)
    if owner is None:
        return run(resolved)
    copies = on_host(resolved)
    try:
        result = run(copies)
    finally:
        written_back(copies, resolved)
    return returned(result, owner.to_device)


def on_the_device(backend: Backend, resolved: Resolved, run: Callable[[Resolved], Any], writes: bool) -> Any:
    """`run`, which is written for a device, of a call whose arrays may lie in the memory of the host."""
    if not must_move(resolved, backend):
        return run(resolved)
    copies = moved(resolved, backend)
    result = run(copies)
    if writes:
        written_back(copies, resolved)
    on_device = any(owner is backend for _, _, owner in iter_arrays(resolved))
    return result if on_device else returned(result, host_copy)


@functools.lru_cache(maxsize=256)
def may_store(source: str) -> bool:
    """Whether emitted code may write into arrays."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AugAssign) or isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            return True
        if (
            isinstance(node, ast.Attribute)
            and node.attr in STORING
            or isinstance(node, ast.keyword)
            and node.arg == "out"
        ):
            return True
    return False


def within(backend: Backend, run: Callable[..., Any]) -> Callable[..., Any]:
    """`run` under the settings of the backend that make it raise what NumPy raises."""
    if backend.running is None:
        return run
    settings = backend.running

    def run_within(*args: Any, **kwargs: Any) -> Any:
        with settings(backend.library):
            return run(*args, **kwargs)

    return run_within

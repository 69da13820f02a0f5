"""The oracle for tests, yours and ours: does a vectorized function do what the loop over its examples does?"""

from __future__ import annotations

import copy
import importlib
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

import numpy as np

from vectorizer import tree
from vectorizer.errors import FallbackWarning
from vectorizer.reference import loop
from vectorizer.spec import (
    UNBATCHED,
    Layer,
    Resolved,
    broadcast_out_axes,
    make_layer,
    normalize_out_axis,
    resolve_call,
    signature_of,
)
from vectorizer.tree import Tree

__all__ = ["assert_matches_loop"]

Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
Array: TypeAlias = np.ndarray[Any, Any]


def assert_matches_loop(
    f: Callable[..., Any],
    args: Sequence[Any],
    in_axes: Tree = 0,
    out_axes: Tree = 0,
    *,
    kwargs: Mapping[str, Any] | None = None,
    axis_size: int | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    vmapped: Callable[..., Any] | None = None,
    native: bool = False,
) -> Any:
    """Check that the vectorized `f` does what the loop over the examples does.

    Both run on deep copies of the arguments.  Compared are: the structure of the result; each leaf's shape, dtype and
    values (integers and booleans exactly, NaN equal to NaN); what is left in the arguments afterwards; the type of an
    exception.  A `RuntimeWarning` that the loop does not give is a failure.

    Args:
        f: the function for one example; it should not draw random numbers.
        args: positional arguments, batched.
        in_axes, out_axes, axis_size: as for `vmap`.
        kwargs: keyword arguments, batched.
        rtol: relative tolerance for floats; by default some roundings of the dtype, times the square root of an
            example's number of elements.
        atol: absolute tolerance for floats; by default `rtol` times the largest float in the leaf and the arguments.
        vmapped: what to check; `vectorizer.vmap(f, in_axes, out_axes, axis_size=axis_size)` by default.
        native: whether a `FallbackWarning` is a failure.

    Returns:
        Any: the vectorized result; None where both raise.

    Raises:
        AssertionError: they differ; the message says which leaf, which examples, what was expected and what came.
    """
    layer = make_layer(in_axes, out_axes, axis_size)
    vmapped = vmapped or _vectorized(f, in_axes, out_axes, axis_size)
    checker = _Checker(getattr(f, "__name__", type(f).__name__), layer, rtol, atol)
    expected = _run(_looped(f, layer, checker), args, kwargs)
    got = _run(vmapped, args, kwargs)
    if native:
        checker.check_native(got)
    if checker.check_raised(expected, got):
        return None
    checker.check_warnings(expected, got)
    checker.check_results(expected.result, got.result)
    checker.check_arguments(expected.arguments, got.arguments)
    return got.result


def _vectorized(f: Callable[..., Any], in_axes: Tree, out_axes: Tree, axis_size: int | None) -> Callable[..., Any]:
    package = importlib.import_module("vectorizer")  # at the call, because the package imports this module
    vmapped: Callable[..., Any] = package.vmap(f, in_axes, out_axes, axis_size=axis_size)
    return vmapped


def _looped(f: Callable[..., Any], layer: Layer, checker: _Checker) -> Callable[..., Any]:
    """The loop over `f` as a function of the batched arguments; it leaves with the checker how they were resolved."""

    def run(*args: Any, **kwargs: Any) -> Any:
        resolved = resolve_call((layer,), signature_of(f), args, kwargs, checker.name)
        checker.resolved, checker.scale = resolved, _measure(resolved)
        return loop(f, resolved, (layer,), checker.name)

    return run


@dataclass(slots=True)
class _Outcome:
    """What a call did: result or exception, warnings, and the arguments as they were left."""

    arguments: Arguments
    result: Any = None
    error: Exception | None = None
    warned: list[warnings.WarningMessage] = field(default_factory=list)


def _run(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None) -> _Outcome:
    outcome = _Outcome(_deep_copy((tuple(args), dict(kwargs or {}))))
    with warnings.catch_warnings(record=True) as warned, np.errstate(divide="warn", over="warn", invalid="warn"):
        warnings.simplefilter("always")
        try:
            outcome.result = function(*outcome.arguments[0], **outcome.arguments[1])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other run shall raise it too
            outcome.error = error
    outcome.warned = warned
    return outcome


def _deep_copy(value: Tree) -> Tree:
    """A deep copy; where something refuses to be copied, of the containers and of what does not refuse."""
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - a lock, a module, a generator
        return tree.rebuild(value, [_deep_copy(child) for child in tree.children(value)]) if _has(value) else value


def _has(value: Tree) -> bool:
    return tree.is_container(value) and bool(tree.children(value))


class _Checker:
    """The comparisons of one `assert_matches_loop`; each raises `AssertionError`."""

    def __init__(self, name: str, layer: Layer, rtol: float | None, atol: float | None) -> None:
        self.name = name
        self.layer = layer
        self.rtol = rtol
        self.atol = atol
        self.resolved: Resolved | None = None
        self.scale = (1, 0.0)  # of the arguments before the call: see `_measure`

    def fail(self, text: str, cause: BaseException | None = None) -> NoReturn:
        """Object."""
        raise AssertionError(f"vmap({self.name}) does not do what the loop does: {text}") from cause

    def check_native(self, got: _Outcome) -> None:
        """Object to a `FallbackWarning`."""
        fallbacks = [str(item.message) for item in got.warned if issubclass(item.category, FallbackWarning)]
        if fallbacks:
            self.fail("part of it is looped.\n  " + "\n  ".join(fallbacks))

    def check_raised(self, expected: _Outcome, got: _Outcome) -> bool:
        """Whether both raised; objects where only one did, or another type."""
        if type(expected.error) is not type(got.error):
            one, other = _describe_error(expected.error), _describe_error(got.error)
            self.fail(f"exceptions differ.\n  expected {one}\n  got      {other}", got.error or expected.error)
        return expected.error is not None

    def check_warnings(self, expected: _Outcome, got: _Outcome) -> None:
        """Object to a `RuntimeWarning` that the loop does not give."""
        known = {_warning_key(item) for item in expected.warned}
        extra = [item for item in got.warned if issubclass(item.category, RuntimeWarning)]
        listed = [f"{item.category.__name__}: {item.message}" for item in extra if _warning_key(item) not in known]
        if listed:
            self.fail("it warns where the loop does not.\n  " + "\n  ".join(listed))

    def check_results(self, expected: Tree, got: Tree) -> None:
        """Compare two results leaf by leaf."""
        self.check_structure(expected, got, "result")
        axes = broadcast_out_axes((self.layer,), expected)
        rows = zip(tree.flatten(expected, "result"), tree.leaves(got), tree.leaves(axes), strict=True)
        for (path, one), other, (axis,) in rows:
            position = None
            if axis is not UNBATCHED and one is not None:
                position = normalize_out_axis(axis, np.ndim(one))
            self.check_leaf(one, other, path, position)

    def check_arguments(self, expected: Arguments, got: Arguments) -> None:
        """Compare what two runs left in their arguments, as far as it is arrays and numbers."""
        assert self.resolved is not None
        positions = {
            path: axes[0] for name, spec in self.resolved.axes.items() for path, axes in tree.flatten(spec, name)
        }
        names = _argument_names(self.resolved, len(expected[0]), expected[1])
        rows = zip(names, [*expected[0], *expected[1].values()], [*got[0], *got[1].values()], strict=True)
        for name, one, other in rows:
            self.check_structure(one, other, f"argument {name} after the call")
            for (path, one_leaf), other_leaf in zip(tree.flatten(one, name), tree.leaves(other), strict=True):
                axis = positions.get(path, UNBATCHED)
                if isinstance(one_leaf, np.ndarray | np.generic | int | float | complex | str):
                    label = f"argument {path} after the call"
                    self.check_leaf(one_leaf, other_leaf, label, axis if isinstance(axis, int) else None)

    def check_structure(self, expected: Tree, got: Tree, path: str) -> None:
        """Compare containers: types, lengths and keys."""
        difference = tree.find_difference(expected, got, path)
        if difference is not None:
            where, one, other = difference
            self.fail(
                f"{where} has another structure.\n  expected {tree.describe(one)}\n  got      {tree.describe(other)}"
            )

    def check_leaf(self, expected: Any, got: Any, path: str, position: int | None) -> None:
        """Compare two leaves; `position` is the batch axis, to name the examples that differ."""
        if not hasattr(expected, "dtype"):
            if type(expected) is not type(got) or (expected != got and expected == expected):
                self.fail(f"{path} differs.\n  expected {tree.describe(expected)}\n  got      {tree.describe(got)}")
            return
        if not hasattr(got, "dtype"):
            self.fail(f"{path} is no array.\n  expected {tree.describe(expected)}\n  got      {tree.describe(got)}")
        one, other = _as_numpy(expected), _as_numpy(got)
        for what in ("shape", "dtype"):
            wanted, came = getattr(one, what), getattr(other, what)
            if wanted != came:
                self.fail(f"{path} has another {what}.\n  expected {wanted}\n  got      {came}")
        self.check_values(one, other, path, position)

    def check_values(self, expected: Array, got: Array, path: str, position: int | None) -> None:
        """Compare two arrays of one shape and dtype."""
        rtol = atol = 0.0
        if expected.dtype.kind in "fc":
            rtol, atol = self.tolerances(expected)
        differs = _differing(expected, got, rtol, atol)
        if not differs.any():
            return
        places = np.argwhere(differs)
        where = f" in {_name_examples(places[:, position])}" if position is not None else ""
        first = tuple(map(int, places[0]))
        allowed = f"\n  allowed: rtol={rtol:.3g}, atol={atol:.3g}" if rtol or atol else ""
        at = f"first at index {list(first)}:\n" if first else "\n"
        self.fail(
            f"{path}: {len(places)} of {expected.size} values differ{where}; {at}"
            f"  expected {expected[first]!r}\n  got      {got[first]!r}{allowed}"
        )

    def tolerances(self, expected: Array) -> tuple[float, float]:
        """Relative and absolute tolerance for a float leaf of a result."""
        length, magnitude = self.scale
        epsilon = float(np.finfo(expected.dtype).eps)
        rtol = min(8 * epsilon * math.sqrt(length), 0.05) if self.rtol is None else self.rtol
        atol = rtol * max(magnitude, _largest(expected)) if self.atol is None else self.atol
        return rtol, atol


def _measure(resolved: Resolved) -> tuple[int, float]:
    """Elements per example in the largest argument, and the largest float in the arguments."""
    length, magnitude = 1, 0.0
    axes_leaves = tree.leaves(dict(resolved.axes))
    for value, axes in zip(tree.leaves(dict(resolved.arguments)), axes_leaves, strict=True):
        if isinstance(value, np.ndarray | np.generic | float | complex):
            array = np.asarray(value)
            batch = resolved.sizes[0] if axes[0] is not UNBATCHED else 1
            length = max(length, array.size // max(batch, 1))
            magnitude = max(magnitude, _largest(array))
    return length, magnitude


def _largest(array: Array) -> float:
    """The largest finite absolute value of a float array; 0 where there is none."""
    if array.dtype.kind not in "fc":
        return 0.0
    sizes = np.abs(array[np.isfinite(array)])
    return float(sizes.max()) if sizes.size else 0.0


def _differing(expected: Array, got: Array, rtol: float, atol: float) -> Array:
    """Where two arrays of one shape and dtype differ; NaN equals NaN, NaT equals NaT.

    Returns:
        Array: bool, of the same shape.
    """
    with np.errstate(all="ignore"):
        if expected.dtype.kind in "fc":
            wide = np.promote_types(expected.dtype, np.float64)
            close = np.isclose(got.astype(wide), expected.astype(wide), rtol=rtol, atol=atol, equal_nan=True)
            return np.asarray(~close)
        both_missing = (expected != expected) & (got != got)
        return np.asarray((expected != got) & ~both_missing)


def _as_numpy(value: Any) -> Array:
    """A NumPy array from an array of NumPy or of a GPU library (whose `get` copies it to the host)."""
    on_device = not isinstance(value, np.ndarray | np.generic) and hasattr(value, "get")
    return np.asarray(value.get() if on_device else value)


def _name_examples(indices: Array) -> str:
    """`example 3`, or `examples 0, 3, 4 (17 in all)`."""
    distinct = sorted({int(index) for index in indices})
    if len(distinct) == 1:
        return f"example {distinct[0]}"
    listed = ", ".join(map(str, distinct[:8]))
    return f"examples {listed}" + (f", … ({len(distinct)} in all)" if len(distinct) > 8 else "")


def _argument_names(resolved: Resolved, positional: int, kwargs: Mapping[str, Any]) -> list[str]:
    """How messages name the arguments of a call: positional ones, then keywords."""
    names: list[str] = []
    extra = ""
    for name, parameter in resolved.signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{name}[{i}]" for i in range(positional - len(names))]
        elif parameter.kind is parameter.VAR_KEYWORD:
            extra = name
        else:
            names.append(name)
    known = resolved.signature.parameters
    return names[:positional] + [key if key in known else f"{extra}[{key!r}]" for key in kwargs]


def _describe_error(error: Exception | None) -> str:
    if error is None:
        return "no exception"
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", []))
    return f"{type(error).__name__}: {error}{notes}"


def _warning_key(item: warnings.WarningMessage) -> tuple[type[Warning], str]:
    """What a warning is about: NumPy names the operation in it, and that differs between scalars and arrays."""
    return item.category, re.sub(r" encountered in .*", "", str(item.message))

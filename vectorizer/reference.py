"""The loop that `vmap` is measured by: call the function on each example in order, and stack the results.

It is the contract in executable form (the oracle of all tests), and what runs where a function cannot be rewritten.
"""

from __future__ import annotations

import copy
import functools
import inspect
import itertools
import linecache
import math
import operator
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, Final, TypeAlias

import numpy as np

from vectorizer import tree
from vectorizer.errors import VectorizeValueError
from vectorizer.spec import UNBATCHED, Layer, LeafAxes, Resolved, broadcast_out_axes, titles
from vectorizer.stacking import Stacking, stack_trees
from vectorizer.tree import Tree

Index: TypeAlias = tuple[int, ...]
Getter: TypeAlias = Callable[[Index], Any]

Example: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]

VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def loop(fun: Callable[..., Any], resolved: Resolved, layers: tuple[Layer, ...], name: str) -> Tree:
    """What `fun` gives example by example, stacked along the out axes.

    Nested layers are nested loops, the outermost slowest.  An example of a batched array is a view of it, so that
    in-place writes reach the caller; an example of rank 0 is a NumPy scalar.

    Args:
        fun: the per-example function.
        resolved: its arguments, from `resolve_call` with the same layers.
        layers: one per `vmap`, outermost first.
        name: of the function, for messages.

    Returns:
        Tree: the structure that `fun` returns; each leaf has the dtype that `np.stack` gives, where Python numbers
        are weak beside arrays and NumPy scalars.

    Raises:
        Exception: the first that `fun` raises, with a note that names the example and the line.
        VectorizeTypeError: a result that is no number or array; `None` for some examples only.
        VectorizeValueError: results of different structure or shape; a result that varies under `out_axes=None`;
            no examples, and `fun` cannot be run on a made-up one.
    """
    if 0 in resolved.sizes:
        return _loop_over_nothing(fun, resolved, layers, name)
    return stack(call_all(fun, resolved), layers, resolved.sizes, name)


def call_all(fun: Callable[..., Any], resolved: Resolved) -> list[Tree]:
    """What `fun` returns for each example, in order."""
    return _run(fun, _examples(resolved), resolved.sizes)


def call_examples(
    fun: Callable[..., Any], resolved: Resolved, layers: tuple[Layer, ...], indices: Sequence[int]
) -> list[Tree]:
    """What `fun` returns for some examples, given by flat index (in the order in which the loop runs them)."""
    if len(layers) != len(resolved.sizes):
        raise ValueError(f"{len(layers)} layers, but {len(resolved.sizes)} batch sizes")
    selected = [tuple(map(int, np.unravel_index(flat, resolved.sizes))) for flat in indices]
    return _run(fun, _examples(resolved, selected), resolved.sizes, selected)


def stack(results: Sequence[Tree], layers: tuple[Layer, ...], sizes: tuple[int, ...], name: str) -> Tree:
    """One result for the batch from the results of all examples, in the order in which the loop runs them.

    Raises:
        VectorizeTypeError: see `loop`.
        VectorizeValueError: see `loop`.
    """
    axes = broadcast_out_axes(layers, results[0], name)
    return stack_trees(results, axes, Stacking(sizes, sizes, titles(layers, name)[0]), "")


def _run(
    fun: Callable[..., Any],
    examples: Iterator[Example],
    sizes: tuple[int, ...],
    selected: Sequence[Index] | None = None,
) -> list[Tree]:
    """Call `fun` on all examples, or on the selected; an exception gets a note that says where it came from."""
    results: list[Tree] = []
    try:
        for args, kwargs in examples:
            results.append(fun(*args, **kwargs))
    except Exception as error:
        done = len(results)
        index = selected[done] if selected is not None else tuple(map(int, np.unravel_index(done, sizes)))
        error.add_note(_note(error, fun, index, sizes))
        raise
    return results


# -- examples --


def _examples(resolved: Resolved, selected: Sequence[Index] | None = None) -> Iterator[Example]:
    """The arguments of each call, in order; read when they are asked for, as earlier calls may write to them."""
    streams = {
        name: _stream(value, resolved.axes[name], resolved.sizes, selected)
        for name, value in resolved.arguments.items()
    }
    if not any(parameter.kind in VARIADIC for parameter in resolved.signature.parameters.values()):
        positional, keywords = resolved.split(streams)
        if positional and not keywords:
            return zip(zip(*positional, strict=False), itertools.repeat({}), strict=False)
    count = math.prod(resolved.sizes) if selected is None else len(selected)
    return (resolved.split({name: next(stream) for name, stream in streams.items()}) for _ in range(count))


def _stream(value: Tree, axes: Tree, sizes: tuple[int, ...], selected: Sequence[Index] | None) -> Iterator[Any]:
    """One argument's examples in order, for all indices or the selected ones."""
    if selected is None and len(sizes) == 1 and isinstance(value, np.ndarray) and axes[0] is not UNBATCHED:
        return iter(np.moveaxis(value, axes[0], 0))  # iterating is indexing: views, or NumPy scalars
    indices = itertools.product(*map(range, sizes)) if selected is None else iter(selected)
    return map(_getter(value, axes, len(sizes)), indices)


def _getter(value: Tree, axes: Tree, depth: int) -> Getter:
    """A function from an example's index to that example of an argument; what is not batched stays the same object."""
    if isinstance(axes, LeafAxes):
        return _leaf_getter(value, axes, depth)
    if all(axis is UNBATCHED for leaf in tree.leaves(axes) for axis in leaf):
        return lambda index: value
    pairs = zip(tree.children(value), tree.children(axes), strict=True)
    getters = [_getter(child, child_axes, depth) for child, child_axes in pairs]
    return lambda index: tree.rebuild(value, [get(index) for get in getters])


def _leaf_getter(value: Any, axes: LeafAxes, depth: int) -> Getter:
    levels = [level for level, axis in enumerate(axes) if axis is not UNBATCHED]
    if not levels:
        return lambda index: value
    if not isinstance(value, np.ndarray):
        return functools.partial(_index_foreign, value, axes)
    positions = _absolute(axes)
    front: np.ndarray[Any, Any] = np.moveaxis(value, positions, range(len(positions)))
    if len(levels) == depth:
        return front.__getitem__
    select = operator.itemgetter(*levels)
    return lambda index: front[select(index)]


def _absolute(axes: LeafAxes) -> list[int]:
    """The positions of a leaf's batch axes in the array as it was passed, outermost layer first."""
    left = list(range(len(axes) + max((axis for axis in axes if axis is not UNBATCHED), default=0)))
    return [left.pop(axis) for axis in axes if axis is not UNBATCHED]


def _index_foreign(value: Any, axes: LeafAxes, index: Index) -> Any:
    """An example of an array of another library."""
    for axis, i in zip(axes, index, strict=True):
        if axis is not UNBATCHED:
            value = value[(slice(None),) * axis + (i,)]
    return value


# -- exceptions --


def _note(error: BaseException, fun: Callable[..., Any], index: Index, sizes: tuple[int, ...]) -> str:
    """The note on an exception: which example raised it, and on which line of the user's file."""
    where = _user_line(error, fun)
    example, count = (index[0], sizes[0]) if len(index) == 1 else (index, sizes)
    return f"raised by example {example} of {count}{where}"


def _user_line(error: BaseException, fun: Callable[..., Any]) -> str:
    code = code_of(fun)
    frames = traceback.walk_tb(error.__traceback__)
    own = [(frame, line) for frame, line in frames if code and frame.f_code.co_filename == code.co_filename]
    if not own:
        return ""
    frame, line = own[-1]
    file = frame.f_code.co_filename
    text = linecache.getline(file, line, frame.f_globals).strip()
    return f", at {file}:{line} in {frame.f_code.co_name}" + (f": {text}" if text else "")


def code_of(fun: Any) -> CodeType | None:
    """The code of the Python function inside a callable (partial, method, wrapper, callable object), if any."""
    while isinstance(fun, functools.partial):
        fun = fun.func
    fun = inspect.unwrap(fun)
    fun = getattr(fun, "__func__", fun)
    if not hasattr(fun, "__code__") and not isinstance(fun, type):
        fun = getattr(type(fun).__call__, "__func__", type(fun).__call__)
    code = getattr(fun, "__code__", None)
    return code if isinstance(code, CodeType) else None


# -- no examples --


def _loop_over_nothing(fun: Callable[..., Any], resolved: Resolved, layers: tuple[Layer, ...], name: str) -> Tree:
    """The result for no examples: shapes and dtypes are those that `fun` gives on an example of ones."""
    title = titles(layers, name)[0]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            args, kwargs = resolved.split(_made_up_example(resolved))
            result = fun(*args, **kwargs)
    except Exception as error:
        raise VectorizeValueError(
            f"{title}: there are no examples (batch sizes {resolved.sizes}), and running it on an example of ones to "
            f"learn the shapes and dtypes of its results raised {type(error).__name__}: {error}\n"
            "Call it with at least one example, or handle the empty batch before the call."
        ) from error
    axes = broadcast_out_axes(layers, result, name)
    return stack_trees([result], axes, Stacking((1,) * len(layers), resolved.sizes, title), "")


def _made_up_example(resolved: Resolved) -> dict[str, Tree]:
    """Ones for what is batched, copies for what is not (so that nothing of the caller's is written to)."""
    return {name: _made_up(value, resolved.axes[name]) for name, value in resolved.arguments.items()}


def _made_up(value: Tree, axes: Tree) -> Tree:
    if not isinstance(axes, LeafAxes):
        pairs = zip(tree.children(value), tree.children(axes), strict=True)
        return tree.rebuild(value, [_made_up(child, child_axes) for child, child_axes in pairs])
    if all(axis is UNBATCHED for axis in axes):
        return _copied(value)
    shape = list(value.shape)
    for axis in axes:
        if axis is not UNBATCHED:
            del shape[axis]
    ones = np.ones_like(value, shape=tuple(shape))
    return ones[()] if isinstance(value, np.ndarray) else ones


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - a lock, a module, a generator: whatever refuses is passed as it is
        return value

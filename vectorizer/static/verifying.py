"""Comparing a function with the loop over its examples, on inputs made up from facts.  This runs the user's code."""

from __future__ import annotations

import functools
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.errors import FallbackWarning
from vectorizer.reference import loop
from vectorizer.spec import UNBATCHED, Layer, LeafAxes, resolve_call, signature_of
from vectorizer.static.arguments import Arguments, find_arguments, given_facts
from vectorizer.static.facts import ArrayFact, Fact, GeneratorFact, ObjectFact, ScalarFact
from vectorizer.static.module import rewrite_module
from vectorizer.static.problems import InputError, Place
from vectorizer.static.reading import StaticModule
from vectorizer.static.targets import Options, Target, find_targets
from vectorizer.testing import assert_matches_loop

LENGTHS = (3, 9)  # from and below what a length is that is a name


@dataclass(frozen=True)
class Trials:
    """How a function is tried: number of examples, number of inputs, seed."""

    batch: int = 7
    count: int = 3
    seed: int = 0


def verify_file(module: StaticModule, name: str | None, options: Options, texts: Sequence[str], trials: Trials) -> str:
    """Import the file, compare its functions with the loop, and say so.

    Raises:
        InputError: what is missing, as for `emit`; the file cannot be imported; a function draws random numbers.
        AssertionError: they differ.
    """
    targets = find_targets(module, name, options)
    given = given_facts(texts, targets)
    prepared = [(target, find_arguments(target, module, given)) for target in targets]
    emitted = rewrite_module(module, [replace(target, backend=None) for target in targets], given)
    for done in emitted.functions:
        if done.draws:
            place = Place(module.filename, done.target.line)
            name = done.target.name
            raise InputError(place, f"{name} draws random numbers, which are not those that the loop draws")
    loaded, rewritten = load(module), load(module, emitted.text)
    pairs = zip(prepared, emitted.functions, strict=True)
    return "\n".join(
        _verify(target, arguments, loaded, None if done.warns else rewritten, trials)
        for (target, arguments), done in pairs
    )


def _verify(
    target: Target, arguments: Arguments, loaded: types.ModuleType, rewritten: types.ModuleType | None, trials: Trials
) -> str:
    """Compare what runs, and what is emitted unless that goes on where the user's function raises, with the loop."""
    function = plain_function(getattr(loaded, target.name))
    if not target.layers:
        raise InputError(
            Place(target.source.filename, target.line), f"{target.name} has no vmap to compare with a loop"
        )
    maker = Maker(np.random.default_rng(trials.seed), trials.batch)
    vmapped = vectorized(function, target.layers)
    messages: list[warnings.WarningMessage] = []
    for _ in range(trials.count):
        args, kwargs = maker.call(target, arguments)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            compare(function, vmapped, target.layers, args, kwargs)
            if rewritten is not None:
                compare(function, getattr(rewritten, target.name), target.layers, args, kwargs)
        messages += caught
    loops = any(issubclass(message.category, FallbackWarning) for message in messages)
    return f"{target.name}: equals the loop on {trials.count} inputs" + (", in part by looping" if loops else "")


def vectorized(function: Callable[..., Any], layers: Sequence[Layer]) -> Callable[..., Any]:
    """The function under one `vmap` for each layer."""
    vmap = importlib.import_module("vectorizer").vmap  # it stands above this module
    for layer in reversed(layers):
        function = vmap(function, layer.in_axes, layer.out_axes, axis_size=layer.axis_size)
    return function


def compare(
    function: Callable[..., Any],
    vmapped: Callable[..., Any],
    layers: Sequence[Layer],
    args: Sequence[Any],
    kwargs: dict[str, Any],
) -> None:
    """Compare the rewritten function with the loop, which for nested axes is one of loops."""
    first, inner = layers[0], tuple(layers[1:])

    @functools.wraps(function)
    def one(*args: Any, **kwargs: Any) -> Any:
        resolved = resolve_call(inner, signature_of(function), args, kwargs, function.__name__)
        return loop(function, resolved, inner, function.__name__)

    assert_matches_loop(
        one if inner else function, args, first.in_axes, first.out_axes,
        kwargs=kwargs, axis_size=first.axis_size, vmapped=vmapped,
    )  # fmt: skip


def load(module: StaticModule, text: str | None = None) -> types.ModuleType:
    """Import the user's file, or `text` in its place, as Python would run it as a script but under its own name."""
    path = Path(module.filename).resolve()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InputError(Place(module.filename), "the file cannot be imported")
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        if text is None:
            spec.loader.exec_module(loaded)
        else:
            exec(compile(text.removeprefix("\ufeff"), module.filename, "exec"), loaded.__dict__)
    except Exception as error:
        raise InputError(Place(module.filename), f"importing it fails: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return loaded


def plain_function(found: Any) -> Callable[..., Any]:
    """The user's function, without `vmap` and `jit`."""
    while hasattr(found, "__vectorizer_source__"):
        found = found.__vectorizer_source__
    function: Callable[..., Any] = found
    return function


@dataclass
class Maker:
    """Makes up arguments; the lengths of one call that have one name are equal.

    sizes: of the batch axes, outermost first; without a given size, they differ.
    """

    random: np.random.Generator
    batch: int
    lengths: dict[str, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def call(self, target: Target, arguments: Arguments) -> tuple[list[Any], dict[str, Any]]:
        self.lengths = {}
        resolved = arguments.resolved
        given = [layer.axis_size for layer in target.layers]
        self.sizes = [self.batch + k if size is None else size for k, size in enumerate(given)]
        values = {name: self.value(fact, resolved.axes[name]) for name, fact in arguments.facts.items()}
        args, kwargs = resolved.split({**resolved.arguments, **values})
        return args, kwargs

    def value(self, fact: Fact, axes: Any) -> Any:
        if not tree.is_container(fact):
            return self.leaf(fact, axes if isinstance(axes, LeafAxes) else tree.leaves(axes)[0])
        parts = tree.children(axes) if tree.is_container(axes) else [axes] * len(tree.keys(fact))
        made = [self.value(item, part) for item, part in zip(tree.children(fact), parts, strict=True)]
        return tree.rebuild(fact, made)

    def leaf(self, fact: Any, axes: LeafAxes) -> Any:
        if isinstance(fact, ObjectFact):
            return fact.value if fact.value is not ... else "text"
        if isinstance(fact, ScalarFact) and fact.value is not ...:
            return fact.value
        if isinstance(fact, GeneratorFact):
            return fact.make(int(self.random.integers(1 << 30)))
        dtype = fact.dtype if isinstance(fact, ArrayFact) else np.dtype(fact.type_)
        dims = fact.dims if isinstance(fact, ArrayFact) else None
        shape = [self.length(dim) for dim in dims or ()]
        is_batched = any(axis is not UNBATCHED for axis in axes)
        for axis, size in reversed(list(zip(axes, self.sizes, strict=True))):
            if axis is not UNBATCHED:
                shape.insert(int(axis), size)
        made = self.array(dtype, tuple(shape))
        if is_batched or dims is not None:
            return made
        return made[()] if isinstance(fact, ArrayFact) else fact.type_(made[()])

    def length(self, dim: int | str | None) -> int:
        if isinstance(dim, int):
            return dim
        drawn = int(self.random.integers(*LENGTHS))
        return drawn if dim is None else self.lengths.setdefault(dim, drawn)

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if dtype.kind == "b":
            return self.random.random(shape) < 0.5
        if dtype.kind in "iu":
            return np.asarray(self.random.integers(0, 10, shape)).astype(dtype)
        made = self.random.uniform(0.1, 2.0, shape) * self.random.choice([-1.0, 1.0, 1.0], shape)
        if dtype.kind == "c":
            made = made + 1j * self.random.uniform(-2.0, 2.0, shape)
        return np.asarray(made).astype(dtype)

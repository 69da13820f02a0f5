"""From a call to a specialization: parse, describe the arguments, rewrite, compile.

source ──► parse ──► specialise ──► rewrite ──► tidy ──► emit ──► compile
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.backends import Backend
from vectorizer.compiling import Specialization, assemble, guard_identities
from vectorizer.cutting import places_to_cut
from vectorizer.describing import Describer, batch_axes
from vectorizer.finishing import Finisher
from vectorizer.guards import Guards
from vectorizer.namespace import LiveNamespace
from vectorizer.rewrite.function import Function, Parameter, restorer, rewrite
from vectorizer.rules.context import Draws, Facts, Shared
from vectorizer.source.frontend import FunctionSource
from vectorizer.spec import Layer, Resolved
from vectorizer.values import Axes, Axis, Unsupported


def specialize(
    source: FunctionSource, resolved: Resolved, layers: tuple[Layer, ...], name: str, backend: Backend | None = None
) -> Specialization:
    """Rewrites a function for arguments like those of a call, in terms of NumPy or of another backend.

    Raises:
        Unsupported: it must be looped.
    """
    axes = batch_axes(len(layers))
    describer = Describer(axes)
    parameters: dict[str, Parameter] = {}
    for key, argument in resolved.arguments.items():
        value, moves = describer.describe(key, argument, resolved.axes[key], key)
        parameters[key] = Parameter(key, value, moves)
    for axis, size in zip(axes, resolved.sizes, strict=True):
        describer.samples[f"size:{axis.name}"] = size
    guards = Guards()
    facts = Facts(samples=describer.samples, values=describer.values)
    mentions_nan = re.search("nan", source.text, re.IGNORECASE) is not None
    is_hidden = backend is not None and backend.is_device  # to look for nan would be to wait
    facts.nan_free = not (mentions_nan or is_hidden or any(has_nan(value) for value in describer.floats.values()))
    namespace = LiveNamespace(source.function, guards, {}, describer.values)
    sizes, draws = sizes_of(layers, axes), draws_of(layers, axes)
    shared = Shared(facts, namespace, root=source.function, sizes=sizes, draws=draws, backend=backend)
    shared.taken |= {source.name}
    shared.in_blocks = backend is None and bool(places_to_cut(resolved, layers))
    check_syntax(source)
    function = Function(source.node, parameters, axes, Finisher(layers, axes, name))
    text = emit_function(source, function, shared, source.name)
    check_backend(shared)
    made = assemble(source, text, shared, guards, axes)
    _check_globals(made, source)
    for condition in sorted(made.conditions, key=str):
        guards.require(f"{guards.affine(condition, describer.codes)} >= 0")
    for path, value in made.pins.items():
        guards.require(guards.equality(path, value))
    if facts.uses_nan_free:
        for path in describer.floats:
            guards.require(f"not {guards.name(has_nan)}({path})")
    guard_identities(describer.values, guards, source.text + made.source)
    return made


def emit_function(source: FunctionSource, function: Function, shared: Shared, name: str) -> str:
    """A function rewritten for its backend: as one kernel, where there are kernels and it computes numbers alone.

    A function that reads arrays is one kernel where a loop would be left in array code: that starts kernels at each
    step, and computes what has ended.
    """
    if shared.backend is None or not shared.backend.kernels:
        return rewrite(function, shared, name)[0]
    from vectorizer.kernels.emission import make_kernel
    from vectorizer.kernels.fusion import fuse
    from vectorizer.kernels.numbers import NoKernel

    restore = undoing(shared)
    try:
        return make_kernel(source, function, shared, name).text
    except (NoKernel, Unsupported):
        restore()
    try:
        kernel = make_kernel(source, function, shared, name, reads=True)
    except (NoKernel, Unsupported):
        kernel = None
    restore()
    shared.fuse = fuse
    if kernel is None:
        return rewrite(function, shared, name)[0]
    try:
        text = rewrite(function, shared, name)[0]
        if not (shared.fallbacks or shared.facts.strict_floats or prefers_kernel(source, kernel.stores, shared, text)):
            return text
    except Unsupported:
        pass
    restore()
    return make_kernel(source, function, shared, name, reads=True).text


def prefers_kernel(source: FunctionSource, stores: bool, shared: Shared, text: str) -> bool:
    """Whether a thread for each example does better than array code.

    Array code starts kernels at each step of a loop that is left in it, and computes what has ended.  But where a
    function stores into arrays, a step may compute many elements at once: then a thread does better only if the step
    would wait for the device.
    """
    left = max(map(loop_depth, [text, *shared.helper_sources]))
    return left > 0 and (not stores or left >= loop_depth(source.text) or shared.waits_in_loops)


def loop_depth(text: str) -> int:
    """How deep the loops of some functions are nested."""

    def depth(node: ast.AST) -> int:
        inner = max(map(depth, ast.iter_child_nodes(node)), default=0)
        return inner + isinstance(node, (ast.For, ast.While))

    return depth(ast.parse(text))


def undoing(shared: Shared) -> Callable[[], None]:
    """What brings `shared` and the facts in it back to their state of now."""
    facts, before = shared.facts, copy.deepcopy(vars(shared.facts) | {"values": None})
    helpers, elementwise = dict(shared.helpers), dict(shared.elementwise)
    restore = restorer(shared)

    def undo() -> None:
        shared.helpers, shared.elementwise, shared.fuse = dict(helpers), dict(elementwise), None
        shared.waits_in_loops = False
        restore()
        vars(facts).update(copy.deepcopy({key: value for key, value in before.items() if key != "values"}))

    return undo


def check_backend(shared: Shared) -> None:
    """Refuses what a device must not do.

    Where Python's own numbers raise, it goes on with inf or nan, and nobody would notice.  A loop over the examples
    starts a kernel for each of them.
    """
    if shared.backend is None or not shared.backend.is_device:
        return
    if shared.fallbacks:
        raise Unsupported(shared.fallbacks[0].reason)
    if shared.facts.strict_floats:
        raise Unsupported(
            "Python's numbers and math raise where a device does not (a division by zero, a square root of -1); "
            "NumPy's do not raise"
        )


def sizes_of(layers: tuple[Layer, ...], axes: Axes) -> dict[Axis, int]:
    """The batch sizes that `axis_size` gives."""
    return {axis: layer.axis_size for axis, layer in zip(axes, layers, strict=True) if layer.axis_size is not None}


def draws_of(layers: tuple[Layer, ...], axes: Axes) -> Draws:
    """Along which axes the examples draw random numbers of their own."""
    apart = tuple(axis for axis, layer in zip(axes, layers, strict=True) if layer.randomness == "different")
    return Draws(apart, apart != axes, any(layer.randomness == "error" for layer in layers))


def has_nan(value: Any) -> bool:
    return bool(np.isnan(value).any())


def _check_globals(made: Specialization, source: FunctionSource) -> None:
    """A helper that stands inside of a function sees the globals of that function, which must be this one's."""
    emitted = re.findall(r"^def (\w+)", made.source, re.MULTILINE)
    has_inner = any(name != source.name and name not in made.helpers for name in emitted)
    if has_inner and any(helper.__globals__ is not source.function.__globals__ for helper in made.helpers.values()):
        raise Unsupported("functions of other modules are called, and functions that are defined inside of one")


def check_syntax(source: FunctionSource) -> None:
    node = source.node
    if node.asynchronous is not None:
        raise Unsupported("a coroutine")

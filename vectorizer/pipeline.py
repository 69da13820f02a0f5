"""From a call to a specialization: parse, describe the arguments, rewrite, compile.

source ──► parse ──► specialise ──► rewrite ──► tidy ──► emit ──► compile
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer.backends import Backend
from vectorizer.cutting import places_to_cut
from vectorizer.errors import VectorizeValueError
from vectorizer.guards import Guards
from vectorizer.namespace import LONGEST_KNOWN, LiveNamespace
from vectorizer.rewrite.function import Function, Parameter, Rewriter, rewrite
from vectorizer.rules.context import Draws, Facts, Shared
from vectorizer.rules.indexing import Parts
from vectorizer.source.frontend import FunctionSource
from vectorizer.source.layout import fit
from vectorizer.source.operand import Operand, call, literal
from vectorizer.source.registry import register
from vectorizer.source.statements import Change
from vectorizer.spec import UNBATCHED, Layer, LeafAxes, Resolved, broadcast_out_axes, normalize_out_axis
from vectorizer.tree import children, is_container, leaves
from vectorizer.values import (
    GENERATORS,
    Affine,
    Array,
    Axes,
    Axis,
    DictV,
    GeneratorV,
    ListV,
    NestedV,
    Obj,
    Opaque,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    join,
    number,
    union_axes,
)

HELPER_NAME = re.compile(r"^(?:def )?(\w+)", re.MULTILINE)


@dataclass
class Specialization:
    """A rewritten version of a function and what must hold for it to be used.

    guards: conditions on the arguments and on what is outside of the function.
    conditions: affine expressions in the lengths and integers of the arguments, each of which must be >= 0.
    pins: values that the rewrite relied on, by the expression that gives them.
    writes: the arguments that are written to, by path.
    strict_floats: where floating-point errors are to be raised, as Python's own numbers raise them.
    helpers: the user's functions that are emitted beside this one, by emitted name.
    draws: whether it draws random numbers that differ from call to call.
    looped: why the function is looped as a whole; empty where it is not.
    looped_line: where in its text, if that is known.
    """

    name: str
    source: str
    changes: list[Change]
    fallbacks: list[Change]
    guards: Guards
    conditions: frozenset[Affine]
    pins: dict[str, Any]
    writes: frozenset[str]
    strict_floats: bool
    imports: tuple[str, ...]
    helpers: dict[str, types.FunctionType] = field(default_factory=dict)
    draws: bool = False
    looped: str = ""
    looped_line: int = 0


# --- describing arguments --------------------------------------------------------------------------------------------


def batch_axes(count: int) -> Axes:
    return tuple(Axis("batch" if k == 0 else f"batch_{k + 1}", (k,)) for k in range(count))


class Describer:
    """Abstract values of arguments, with the lengths and integers that stand behind their symbols.

    samples: the integer that each symbol stands for.
    values: arguments that a rewrite may rely on as they are, by path.
    codes: an expression for each symbol, over the arguments as they are passed.
    """

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.floats: dict[str, Any] = {}
        self.samples: dict[str, int] = {}
        self.values: dict[str, Any] = {}
        self.codes: dict[str, str] = {}

    def describe(self, path: str, value: Any, axes: Any, root: str) -> tuple[Value, dict[str, list[tuple[int, int]]]]:
        """The value of an argument, and the moves that bring the batch axes of its arrays to the front."""
        if all(axis is UNBATCHED for leaf in leaves(axes) for axis in leaf):
            return self.uniform(path, value, root), {}
        if isinstance(axes, LeafAxes):
            return self.leaf(path, value, axes, root)
        moves: dict[str, list[tuple[int, int]]] = {}
        parts: list[Value] = []
        inner = list(children(axes)) if is_container(axes) else [axes] * len(list(children(value)))
        keys = list(value.keys()) if isinstance(value, dict) else [None] * len(inner)
        for k, (part, part_axes) in enumerate(zip(children(value), inner, strict=True)):
            suffix = f"[{keys[k]!r}]" if isinstance(value, dict) else f"[{k}]"
            found, moved = self.describe(path + suffix, part, part_axes, root)
            parts.append(found)
            moves |= moved
        return self.container(value, parts, path), moves

    def container(self, value: Any, parts: list[Value], path: str) -> Value:
        if isinstance(value, dict):
            return DictV(tuple(zip(value.keys(), parts, strict=True)), site=("argument", path))
        if isinstance(value, tuple):
            return TupleV(tuple(parts), type(value))
        if isinstance(value, list):
            return ListV(tuple(parts), site=("argument", path))
        raise Unsupported(f"an argument of type {type(value).__name__} with batched parts")

    def leaf(self, path: str, value: Any, axes: LeafAxes, root: str) -> tuple[Value, dict[str, list[tuple[int, int]]]]:
        batched = [k for k, a in enumerate(axes) if a is not UNBATCHED]
        if isinstance(value, np.ndarray):
            return self.array(path, value, axes, batched, root)
        raise Unsupported(f"an argument of type {type(value).__name__} is batched")

    def array(
        self, path: str, value: np.ndarray[Any, Any], axes: LeafAxes, batched: list[int], root: str
    ) -> tuple[Array, dict[str, list[tuple[int, int]]]]:
        if value.dtype.kind not in "biufc" or type(value) is not np.ndarray:
            what = f"an array of dtype {value.dtype}" if type(value) is np.ndarray else f"a {type(value).__name__}"
            raise Unsupported(what)
        moves: list[tuple[int, int]] = []
        left = list(range(value.ndim))
        for position, k in enumerate(batched):
            source = int(axes[k])  # type: ignore[arg-type]
            self.codes.setdefault(f"size:{self.axes[k].name}", f"{path}.shape[{left.pop(source)}]")
            if source:
                moves.append((source + position, position))
        dims = []
        for k, place in enumerate(left):
            symbol = f"{path}.shape[{k}]"
            self.samples[symbol] = value.shape[place]
            self.codes[symbol] = f"{path}.shape[{place}]"
            dims.append(Affine.of(symbol))
        if value.dtype.kind in "fc":
            self.floats[path] = value
        varying = tuple(self.axes[k] for k in batched)
        own = len(batched) == len(self.axes)  # examples along an axis that it lacks share it
        origins = frozenset({("argument" if own else "shared", path)}) if left or not batched else frozenset()
        zero_d = not left and not batched
        found = Array(value.dtype, len(left), varying, dims=tuple(dims), origins=origins, zero_d=zero_d)
        return found, ({path.removeprefix(root): moves} if moves else {})

    def uniform(self, path: str, value: Any, root: str) -> Value:
        if isinstance(value, np.ndarray):
            return self.array(path, value, LeafAxes(()), [], root)[0]
        kind = type(value)
        if kind is bool:
            self.values[path] = value
            return Array(np.dtype(bool), 0, weak=True, pin=path)
        if kind is int:
            self.samples[path] = value
            self.values[path] = value
            self.codes[path] = path
            return Array(np.dtype(np.int64), 0, weak=True, affine=Affine.of(path), pin=path)
        if kind in (float, complex):
            self.values[path] = value
            return number(value).with_(pin=path)
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return Array(value.dtype, 0)
        if kind is list and len(value) > LONGEST_KNOWN:
            return self.long_list(path, value, root)
        if kind in (list, tuple) or isinstance(value, tuple) and hasattr(value, "_fields"):
            parts = [self.uniform(f"{path}[{k}]", part, root) for k, part in enumerate(value)]
            return self.container(value, parts, path)
        if kind is dict and all(isinstance(k, (str, int)) for k in value):
            return self.container(value, [self.uniform(f"{path}[{k!r}]", v, root) for k, v in value.items()], path)
        if kind in GENERATORS:
            return GeneratorV(GENERATORS[kind])
        is_stateless = isinstance(value, (np.random.Generator, np.random.RandomState))
        if value is None or isinstance(value, (str, np.dtype)) or callable(value):
            self.values[path] = value
            return Obj(value, pin=path)
        if hasattr(value, "__dict__") and not is_stateless:
            self.values[path] = value
            return Obj(value, pin=path)
        return Opaque()

    def long_list(self, path: str, value: list[Any], root: str) -> Value:
        """A list whose items are not told apart."""
        noted = dict(self.samples), dict(self.values), dict(self.codes)
        joined = functools.reduce(join, (self.uniform(f"{path}[{k}]", part, root) for k, part in enumerate(value)))
        self.samples, self.values, self.codes = noted
        return SeqV(_anonymous(joined), site=("argument", path))


def _anonymous(item: Value) -> Value:
    """The value of any item of a list: a rewrite may not rely on which one it is."""
    if isinstance(item, Array):
        return item.with_(dims=())
    raise Unsupported("an argument is a long list of containers or objects")


# --- finishing results -----------------------------------------------------------------------------------------------


class Finisher:
    """Turns what the function returns into what the caller gets: all batch axes present, at `out_axes`."""

    def __init__(self, layers: tuple[Layer, ...], axes: Axes, name: str) -> None:
        self.layers, self.axes, self.name = layers, axes, name

    def __call__(self, rw: Rewriter, result: Operand) -> Operand:
        if not self.layers:
            return self.plain(rw, result)
        skeleton = self.skeleton(result.value)
        spec = broadcast_out_axes(self.layers, skeleton, self.name)
        return self.finish(rw, result, spec, "result")

    def plain(self, rw: Rewriter, result: Operand) -> Operand:
        """Without batch axes only lists that are held as arrays must become lists again."""
        value = result.value
        if isinstance(value, NestedV) or isinstance(value, SeqV) and self.needs_work(value.item):
            raise Unsupported("a list of lists is returned")
        if isinstance(value, StackedV):
            tail = ".tolist()" if value.weak else ""
            return Operand(f"{result.primary}{tail}" if tail else call("list", result.code), value)
        if isinstance(value, (TupleV, ListV)) and self.needs_work(value):
            parts = [self.plain(rw, p) for p in rw.items(result)]
            return self.rebuilt(value, parts)
        if isinstance(value, DictV) and any(self.needs_work(v) for _, v in value.items):
            raise Unsupported("a dict of lists is returned")
        return result

    def needs_work(self, value: Value) -> bool:
        if isinstance(value, (TupleV, ListV)):
            return any(self.needs_work(i) for i in value.items)
        if isinstance(value, SeqV):
            return self.needs_work(value.item)
        return isinstance(value, (StackedV, NestedV))

    def skeleton(self, value: Value) -> Any:
        match value:
            case TupleV():
                items = [self.skeleton(i) for i in value.items]
                return value.type_(*items) if hasattr(value.type_, "_fields") else tuple(items)
            case ListV():
                return [self.skeleton(i) for i in value.items]
            case DictV():
                return {k: self.skeleton(v) for k, v in value.items}
        return _Leaf()

    def finish(self, rw: Rewriter, operand: Operand, spec: Any, path: str) -> Operand:
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            plain = rw.items(operand)
            parts = [
                self.finish(rw, part, inner, f"{path}[{k}]")
                for k, (part, inner) in enumerate(zip(plain, children(spec), strict=True))
            ]
            if isinstance(value, TupleV) and value.type_ is not tuple:
                return self.named(operand, plain, parts)
            return self.rebuilt(value, parts)
        if isinstance(value, DictV):
            return self.dict(rw, operand, value, spec, path)
        return self.leaf(rw, operand, spec, path)

    def named(self, operand: Operand, plain: list[Operand], parts: list[Operand]) -> Operand:
        """A named tuple is returned as it is, where none of its items needs work."""
        if isinstance(operand.node, Parts) or [p.code for p in parts] != [p.code for p in plain]:
            raise Unsupported("a named tuple is returned")
        return Operand(plain[0].code.rpartition("[")[0], operand.value)

    def dict(self, rw: Rewriter, operand: Operand, value: DictV, spec: Any, path: str) -> Operand:
        base = rw.temp(operand, "result") if not operand.is_name else operand
        if base is not operand:
            rw.out[-1].generated = None
        codes = []
        for key, inner in zip((k for k, _ in value.items), children(spec), strict=True):
            item = value.get(key)
            assert item is not None
            part = self.finish(rw, Operand(f"{base.code}[{literal(key)}]", item), inner, f"{path}[{key!r}]")
            codes.append(f"{literal(key)}: {part.code}")
        return Operand("{" + ", ".join(codes) + "}", value)

    def rebuilt(self, value: TupleV | ListV, parts: list[Operand]) -> Operand:
        codes = ", ".join(p.code for p in parts)
        values = tuple(p.value for p in parts)
        if isinstance(value, ListV):
            return Operand(f"[{codes}]", ListV(values, value.site), node=Parts(parts))
        if value.type_ is not tuple:
            raise Unsupported("a named tuple is returned")
        code = f"({codes},)" if len(parts) == 1 else f"({codes})"
        return Operand(code, TupleV(values), node=Parts(parts))

    def leaf(self, rw: Rewriter, operand: Operand, spec: LeafAxes, path: str) -> Operand:
        value = operand.value
        if isinstance(value, PerExample):
            if any(a != 0 for a in spec):
                raise Unsupported("a looped result at another axis")
            return Operand(call(rw.imported("vectorizer.runtime", "stack_examples"), operand.code), value)
        if isinstance(value, Obj) and value.value is None:
            return operand
        if isinstance(value, SeqV):
            return self.sequence(rw, operand, value, spec, path)
        if isinstance(value, StackedV):
            return self.list_of(rw, operand, value, spec)
        if not isinstance(value, Array) or value.dtype is None and not value.axes and value.rank == 0 and value.weak:
            raise Unsupported("a result that is not known to be an array")
        return self.array(rw, operand, value, spec, path)

    def sequence(self, rw: Rewriter, operand: Operand, value: SeqV, spec: LeafAxes, path: str) -> Operand:
        if isinstance(value.item, (SeqV, TupleV, ListV)):
            raise Unsupported("a list of lists is returned")
        item = rw.fresh("item")
        made = self.leaf(rw, Operand(item, value.item), spec, path)
        if made.code == item:
            return operand
        return Operand(f"[{made.code} for {item} in {operand.code}]", value)

    def list_of(self, rw: Rewriter, operand: Operand, value: StackedV, spec: LeafAxes) -> Operand:
        if any(a != 0 for a in spec):
            raise Unsupported("a list at another axis is returned")
        array = operand.with_value(value.array)
        full = rw.spread(array, self.axes)
        if value.array.origins:
            full = Operand(f"{full.primary}.copy()", full.value, fresh=True)
        lead = len(self.axes)
        is_matrix = lead == 1 and value.array.rank == 1
        code = f"{full.primary}.T" if is_matrix else call(rw.np("moveaxis"), full.code, str(lead), "0")
        return Operand(call("list", code), value)

    def array(self, rw: Rewriter, operand: Operand, value: Array, spec: LeafAxes, path: str) -> Operand:
        wanted = tuple(a for a, s in zip(self.axes, spec, strict=True) if s is not UNBATCHED)
        extra = [a for a in value.axes if a not in wanted]
        if extra:
            raise VectorizeValueError(
                f"out_axes is None for {path}, but it differs between the examples; give it an axis, or return "
                "something that does not depend on the batched arguments"
            )
        if set(wanted) - set(value.axes):
            operand = rw.spread(operand, union_axes(wanted, value.axes))
            if value.rank or value.axes or not operand.fresh:
                operand = Operand(f"{operand.primary}.copy()", operand.value, fresh=True)
        elif may_be_an_arguments(rw, operand, value, wanted):
            operand = Operand(f"{operand.primary}.copy()", value, fresh=True)
        elif not wanted and value.rank == 0 and not value.zero_d:
            operand = Operand(call(rw.np("asarray"), operand.code), value)
        code = operand.code
        count = len(wanted)
        inner_first = [s for s in reversed(list(spec)) if s is not UNBATCHED]
        for k, axis in enumerate(inner_first):
            position = count - 1 - k
            target = normalize_out_axis(int(axis), value.rank + k + 1, path)
            if target:
                if value.rank + k + 1 == 2 and position == 0:
                    code = f"({code}).T" if operand.level < 15 else f"{code}.T"
                else:
                    code = call(rw.np("moveaxis"), code, str(position), str(position + target))
                operand = Operand(code, value)
        return operand


class _Leaf:
    __tree_leaf__ = True


def may_be_an_arguments(rw: Rewriter, operand: Operand, value: Array, wanted: Axes) -> bool:
    """Whether the memory of a result may be the caller's."""
    is_parameter = operand.is_name and operand.code in rw.function.parameters and bool(wanted) and not value.origins
    seen = any(isinstance(origin, tuple) and origin[0] != "copy" for origin in value.origins)
    return seen or is_parameter


# --- rewriting -------------------------------------------------------------------------------------------------------


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
    _guard_identities(describer.values, guards, source.text + made.source)
    return made


def emit_function(source: FunctionSource, function: Function, shared: Shared, name: str) -> str:
    """A function rewritten for its backend: as one kernel, where there are kernels and it computes numbers alone."""
    if shared.backend is not None and shared.backend.kernels:
        from vectorizer.kernels.emission import make_kernel
        from vectorizer.kernels.fusion import fuse
        from vectorizer.kernels.numbers import NoKernel

        pins = dict(shared.facts.pins)
        try:
            return make_kernel(source, function, shared, name)
        except (NoKernel, Unsupported):
            shared.facts.pins = pins
        shared.fuse = fuse
    return rewrite(function, shared, name)[0]


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


def _guard_identities(values: Mapping[str, Any], guards: Guards, text: str) -> None:
    """Objects that are arguments stand for all of their type, but not where it matters which one it is."""
    compared = re.search(r"\bis\b(?! (not )?None\b)", text) is not None
    for path, value in values.items():
        kind = type(value)
        if hasattr(value, "__dict__") and (compared or hasattr(kind, "__bool__") or hasattr(kind, "__len__")):
            guards.require(guards.equality(path, value))


def check_syntax(source: FunctionSource) -> None:
    node = source.node
    if node.asynchronous is not None:
        raise Unsupported("a coroutine")


def assemble(source: FunctionSource, text: str, shared: Shared, guards: Guards, axes: Axes) -> Specialization:
    facts = shared.facts
    helpers = used_helpers(shared, text)
    used = set(re.findall(r"[A-Za-z_]\w*", "\n".join([*helpers, text])))
    imports = tuple(line for name, line in sorted(shared.imports.items()) if name in used)
    body = "\n\n\n".join([*helpers, text])
    head = "\n".join(imports)
    gap = "\n\n\n" if body.startswith("def ") else "\n\n"
    full = fit(f"{head}{gap}{body}\n" if imports else f"{body}\n")
    return Specialization(
        source.name, full, list(shared.changes), list(shared.fallbacks), guards, frozenset(facts.conditions),
        dict(facts.pins), frozenset(facts.writes), facts.strict_floats, imports, _helper_functions(shared),
        shared.drawn,
    )  # fmt: skip


def used_helpers(shared: Shared, text: str) -> list[str]:
    """The helpers that a function calls, directly or not: kernels may have taken others in."""
    texts = list(shared.helper_sources)
    while shared.fuse is not None:
        names = {helper: HELPER_NAME.findall(helper)[0] for helper in texts}
        words = {helper: set(re.findall(r"[A-Za-z_]\w*", helper)) for helper in [*texts, text]}
        kept = [h for h in texts if any(names[h] in words[other] for other in [*texts, text] if other is not h)]
        if len(kept) == len(texts):
            break
        texts = kept
    return texts


def _helper_functions(shared: Shared) -> dict[str, types.FunctionType]:
    """The user's functions behind the emitted helpers, by emitted name."""
    known = {id(function): function for function in shared.namespace.sources}
    return {made[0]: known[key[0]] for key, made in shared.helpers.items() if key[0] in known}


# --- compiling -------------------------------------------------------------------------------------------------------

_COUNTER = itertools.count(1)


def compile_specialization(specialization: Specialization, source: FunctionSource) -> Callable[..., Any]:
    """The emitted source as a function that sees the live globals and closure of the user's, which stay untouched."""
    filename = f"<vectorized {source.name} {next(_COUNTER)}>"
    register(filename, specialization.source)
    tree = ast.parse(specialization.source, filename)
    originals = {
        node.name: specialization.helpers.get(node.name, source.function)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    scratch: dict[str, Any] = {}
    exec(compile(_factory(tree, originals), filename, "exec"), scratch)
    made = scratch["__factory__"]()
    own = {source.name, *specialization.helpers}  # the others were defined inside of a function, and have no defaults
    bound = {name: _rebind(made[name], original, name in own) for name, original in originals.items()}
    for function in bound.values():
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name in bound and name not in originals[function.__name__].__code__.co_freevars:
                cell.cell_contents = bound[name]
    return bound[source.name]


def _factory(tree: ast.Module, originals: Mapping[str, types.FunctionType]) -> ast.Module:
    """A module with a function that returns all functions of `tree`.

    Its locals are their imports and helpers.  Each function stands in a function of its own, whose parameters are the
    free variables of the user's; these, and its defaults, are put in afterwards.
    """
    body: list[ast.stmt] = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            body.append(node)
            continue
        cells = originals[node.name].__code__.co_freevars
        node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
        node.args.kw_defaults = [default and ast.Constant(None) for default in node.args.kw_defaults]
        scope = _define("__scope__", cells, [node, ast.Return(ast.Name(node.name, ast.Load()))])
        call_scope = ast.Call(ast.Name("__scope__", ast.Load()), [ast.Constant(None) for _ in cells], [])
        body += [scope, ast.Assign([ast.Name(node.name, ast.Store())], call_scope)]
    names = [ast.Name(name, ast.Load()) for name in originals]
    result = ast.Dict([ast.Constant(name) for name in originals], [*names])
    factory = _define("__factory__", (), [*body, ast.Return(result)])
    return ast.fix_missing_locations(ast.Module([factory], []))


def _define(name: str, parameters: Sequence[str], body: list[ast.stmt]) -> ast.stmt:
    definition = ast.parse(f"def {name}({', '.join(parameters)}): pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.body = body
    return definition


def _rebind(made: types.FunctionType, original: types.FunctionType, has_defaults: bool) -> types.FunctionType:
    """`made` with the globals, defaults and closure of the user's function, so that it sees what happens to them."""
    live = dict(zip(original.__code__.co_freevars, original.__closure__ or (), strict=True))
    own = zip(made.__code__.co_freevars, made.__closure__ or (), strict=True)
    cells = tuple(live.get(name, cell) for name, cell in own)
    bound = types.FunctionType(made.__code__, original.__globals__, made.__name__, None, cells)
    if has_defaults:
        bound.__defaults__, bound.__kwdefaults__ = original.__defaults__, original.__kwdefaults__
    return bound

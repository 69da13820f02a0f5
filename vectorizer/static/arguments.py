"""From facts to the call that a rewrite is made for: stand-ins of the arguments, with their batch axes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer import tree
from vectorizer.describing import Describer
from vectorizer.errors import VectorizeError
from vectorizer.spec import UNBATCHED, Layer, Resolved, resolve_call, signature_of
from vectorizer.static.annotations import annotated, ranks_in_comments
from vectorizer.static.constants import UNKNOWN
from vectorizer.static.facts import ArrayFact, Dim, Fact, GeneratorFact, ObjectFact, ScalarFact, parse_argument, show
from vectorizer.static.problems import InputError, Place
from vectorizer.static.reading import StaticModule
from vectorizer.static.targets import Target
from vectorizer.tree import Tree
from vectorizer.values import GENERATORS, Affine, Array, Axes, Opaque, Value

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
SIZE = 7919  # of a stand-in's batch axes; nothing depends on it
LENGTH = 5  # of a stand-in's axes whose length has a name


@dataclass
class Arguments:
    """One call, as far as it is known.

    facts: by parameter, of one example.
    resolved: stand-ins and their axes, as `resolve_call` gives them.
    fixed: values of defaults that the rewrite may rely on, by parameter.
    """

    facts: dict[str, Fact]
    resolved: Resolved
    fixed: dict[str, Any] = field(default_factory=dict)


def given_facts(texts: Sequence[str], targets: Sequence[Target]) -> dict[str, Fact]:
    """The facts of the `--arg` options.

    Raises:
        InputError: one cannot be read, stands twice, or no function has such a parameter.
    """
    found: dict[str, Fact] = {}
    names = {arg.arg for target in targets for arg in parameters_of(target.node)}
    for text in texts:
        name, fact = parse_argument(text)
        if name in found:
            raise InputError(Place(f"--arg {text!r}"), f"{name} is given twice")
        if name not in names:
            functions = " and ".join(target.name for target in targets)
            there = f"The parameters are: {', '.join(sorted(names))}." if names else ""
            raise InputError(Place(f"--arg {text!r}"), f"{functions} has no parameter {name}", there)
        found[name] = fact
    return found


def parameters_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    stars = [star for star in (node.args.vararg, node.args.kwarg) if star is not None]
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, *stars]


def find_arguments(target: Target, module: StaticModule, given: Mapping[str, Fact]) -> Arguments:
    """What is known of the arguments of a function.

    Raises:
        InputError: something is missing, with the option to type; the axes do not fit.
    """
    node = target.node
    ranks = ranks_in_comments(node, module)
    signature = signature_of(target.source.function)
    facts: dict[str, Fact] = {}
    missing: list[ast.arg] = []
    for arg in parameters_of(node):
        fact = given.get(arg.arg)
        if arg in (node.args.vararg, node.args.kwarg):
            facts[arg.arg] = _starred(arg, fact, target, module)
            continue
        if fact is None and _is_optional(signature, arg.arg):
            continue
        fact = annotated(arg, module, ranks) if fact is None else fact
        if fact is None:
            missing.append(arg)
        else:
            facts[arg.arg] = fact
    if missing:
        raise _missing(missing, target, module, ranks)
    return Arguments(facts, _resolve(target, module, facts, signature))


def _starred(arg: ast.arg, fact: Fact | None, target: Target, module: StaticModule) -> Fact:
    """The facts of all arguments that `*args` or `**kwargs` takes: how many they are is a part of them."""
    is_keyword = arg is target.node.args.kwarg
    fact = fact[0] if is_keyword and isinstance(fact, tuple) and len(fact) == 1 else fact
    if isinstance(fact, dict if is_keyword else (tuple, list)):
        return fact if is_keyword else tuple(fact)
    form = '{"a": float64[n], "b": float}' if is_keyword else "(float64[n], float64[n])"
    message = f"{target.name} takes any number of arguments; for how many it is emitted is not known"
    hint = f"Give them all: --arg '{arg.arg}: {form}'"
    raise InputError(module.place(arg), message, hint)


def _is_optional(signature: inspect.Signature, name: str) -> bool:
    return signature.parameters[name].default is not inspect.Parameter.empty


def _missing(
    missing: list[ast.arg], target: Target, module: StaticModule, ranks: Mapping[str, tuple[Dim, ...]]
) -> InputError:
    names = [arg.arg for arg in missing]
    options = " ".join(f'--arg "{name}: {_example(ranks.get(name))}"' for name in names)
    what = f"argument {names[0]}" if len(names) == 1 else f"arguments {', '.join(names[:-1])} and {names[-1]}"
    verb = "is" if len(names) == 1 else "are"
    hint = (
        f"Give one example's: {options}\n"
        "(a matrix is float64[n, m], a NumPy number float64, a Python number float, int, bool or complex)"
    )
    return InputError(module.place(missing[0]), f"rank and dtype of {what} of {target.name} {verb} not known", hint)


def _example(dims: tuple[Dim, ...] | None) -> str:
    return str(ArrayFact(np.dtype(float), ("n",) if dims is None else dims))


# Stand-ins


def _resolve(target: Target, module: StaticModule, facts: Mapping[str, Fact], signature: inspect.Signature) -> Resolved:
    positional, keywords = _passed(target, facts, signature)
    star, double_star = target.node.args.vararg, target.node.args.kwarg
    listed = [(name, facts[name]) for name in positional]
    listed += [(star.arg, fact) for fact in facts[star.arg]] if star is not None else []
    named = {name: facts[name] for name in keywords} | (facts[double_star.arg] if double_star is not None else {})
    try:
        args = [
            stand_in(fact, [_entry(layer, name, k) for layer in target.layers], target.layers, name)
            for k, (name, fact) in enumerate(listed)
        ]
        kwargs = {
            name: stand_in(fact, [_entry(layer, name, None) for layer in target.layers], target.layers, name)
            for name, fact in named.items()
        }
        return resolve_call(target.layers, signature, args, kwargs, target.name)
    except VectorizeError as error:
        raise InputError(module.place(line=target.line), str(error)) from None


def _passed(target: Target, facts: Mapping[str, Fact], signature: inspect.Signature) -> tuple[list[str], list[str]]:
    """The parameters that are passed by position and by keyword: a tuple in `in_axes` says how many of the first."""
    counts = [len(layer.in_axes) for layer in target.layers if isinstance(layer.in_axes, tuple)]
    kinds = {name: parameter.kind for name, parameter in signature.parameters.items()}
    order = [name for name, kind in kinds.items() if kind in POSITIONAL]
    positional: list[str] = []
    for name in order:
        if name not in facts or (counts and len(positional) >= min(counts)):
            break
        positional.append(name)
    stars = [star.arg for star in (target.node.args.vararg, target.node.args.kwarg) if star is not None]
    return positional, [name for name in facts if name not in (*positional, *stars)]


def _entry(layer: Layer, name: str, position: int | None) -> Tree:
    in_axes = layer.in_axes
    if isinstance(in_axes, dict):
        return in_axes.get(name, 0)
    if position is None:
        return 0
    if isinstance(in_axes, tuple):
        return in_axes[position] if position < len(in_axes) else UNBATCHED
    return in_axes


def stand_in(fact: Fact, specs: Sequence[Tree], layers: Sequence[Layer], path: str) -> Any:
    """A value like the argument that a fact speaks of, with the batch axes that `specs` give, one for each layer."""
    if not tree.is_container(fact):
        return _leaf(fact, specs, layers, path)
    keys = tree.keys(fact)
    parts = [
        stand_in(
            tree.child_of(fact, key),
            [_below(spec, k, key) for spec in specs],
            layers,
            path + tree.child_path(fact, key),
        )
        for k, key in enumerate(keys)
    ]
    return tree.rebuild(fact, parts)


def _below(spec: Tree, index: int, key: Any) -> Tree:
    """The part of a specification that speaks of a container's child; where it does not fit, `resolve_call` objects."""
    if isinstance(spec, dict):
        return spec.get(key, UNBATCHED)
    if isinstance(spec, tuple):
        return spec[index] if index < len(spec) else UNBATCHED
    return spec


def _leaf(fact: Any, specs: Sequence[Tree], layers: Sequence[Layer], path: str) -> Any:
    if all(spec is UNBATCHED or not isinstance(spec, int) for spec in specs):
        return _unbatched(fact)
    if isinstance(fact, ObjectFact):
        return fact.value if fact.value is not ... else "text"
    if isinstance(fact, GeneratorFact):
        raise VectorizeError(f"{path} is a random generator, which all examples share: give None for it in in_axes")
    dims = fact.dims or () if isinstance(fact, ArrayFact) else ()
    dtype = fact.dtype if isinstance(fact, ArrayFact) else np.dtype(fact.type_)
    shape = _lengths(dims)
    for layer, spec in reversed(list(zip(layers, specs, strict=True))):
        if spec is UNBATCHED or not isinstance(spec, int):
            continue
        rank = len(shape) + 1
        if not -rank <= spec < rank:
            raise VectorizeError(
                f"in_axes gives axis {spec} for {path}, which for one example is {show(fact)}: "
                f"give an axis from {-rank} to {rank - 1}, or None if all examples share it"
            )
        shape.insert(spec % rank, SIZE if layer.axis_size is None else layer.axis_size)
    return np.broadcast_to(np.zeros((), dtype), shape)


def _lengths(dims: Sequence[Dim]) -> list[int]:
    return [dim if isinstance(dim, int) else LENGTH for dim in dims]


def _unbatched(fact: Any) -> Any:
    match fact:
        case ObjectFact(value=value):
            return UNKNOWN if value is ... else value
        case GeneratorFact():
            return fact.make()
        case ScalarFact(type_=type_, value=value):
            return type_(1) if value is ... else value
    return fact.dtype.type(1) if fact.dims is None else np.broadcast_to(np.zeros((), fact.dtype), _lengths(fact.dims))


def iter_leaves(value: Tree, path: str) -> Iterator[tuple[str, Any]]:
    """The leaves of a container with their paths as `Describer` writes them: fields of a named tuple by number."""
    if not tree.is_container(value):
        yield path, value
        return
    for k, (key, child) in enumerate(zip(tree.keys(value), tree.children(value), strict=True)):
        yield from iter_leaves(child, f"{path}[{key!r}]" if isinstance(value, dict) else f"{path}[{k}]")


# Abstract values


class StaticDescriber(Describer):
    """Abstract values of stand-ins, in which only what the facts say is taken for known."""

    def __init__(self, axes: Axes, arguments: Arguments) -> None:
        super().__init__(axes)
        self.facts = {path: leaf for name, fact in arguments.facts.items() for path, leaf in iter_leaves(fact, name)}
        self.fixed = arguments.fixed
        self.known: dict[str, Any] = {}

    def declared(self) -> dict[str, Affine]:
        """The lengths that the facts give: numbers, or the first length of the same name."""
        found: dict[str, Affine] = {}
        first: dict[str, Affine] = {}
        for path, fact in self.facts.items():
            for k, dim in enumerate(fact.dims or () if isinstance(fact, ArrayFact) else ()):
                symbol = f"{path}.shape[{k}]"
                if isinstance(dim, int):
                    found[symbol] = Affine(dim)
                elif dim is not None:
                    found[symbol] = first.setdefault(dim, Affine.of(symbol))
        return found

    def uniform(self, path: str, value: Any, root: str) -> Value:
        if tree.is_container(value) or isinstance(value, np.ndarray) or type(value) in GENERATORS:
            return super().uniform(path, value, root)
        fact = self.facts.get(path)
        if (isinstance(fact, ObjectFact | ScalarFact) and fact.value is not ...) or root in self.fixed:
            self.known[path] = value
            return super().uniform(path, value, root)
        if value is UNKNOWN or not isinstance(value, (bool, int, float, complex, np.generic)):
            return Opaque()
        return super().uniform(path, value, root) if type(value) is not float else _number(value, path)


def _number(value: float, path: str) -> Value:
    return Array(np.dtype(type(value)), 0, weak=True, pin=path)

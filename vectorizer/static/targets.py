"""The functions of a file that are to be rewritten: those under `@vmap` and `@jit`, those of assignments such as
`g = vmap(f)`, or one that is named.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from vectorizer.backends import find_backend
from vectorizer.errors import VectorizeError
from vectorizer.source.frontend import FunctionSource
from vectorizer.spec import Layer, make_layer
from vectorizer.static.problems import InputError
from vectorizer.static.reading import StaticModule, source_of, stub

OWN = {f"{package}.{name}": name for package in ("vectorizer", "vectorizer.api") for name in ("vmap", "jit")}
VMAP_PARAMETERS = ("fun", "in_axes", "out_axes")
ALLOWED_KEYWORDS = ("in_axes", "out_axes", "axis_size", "backend", "strict", "check", "randomness")


@dataclass
class Options:
    """What stands on the command line; None where it does not."""

    in_axes: Any = None
    out_axes: Any = None
    strict: bool = False
    backend: str | None = None


GIVEN_NONE = object()
"""`--in-axes None`, told from no `--in-axes` at all."""


@dataclass
class Target:
    """One function to rewrite.

    layers: one for each `vmap`, outermost first.
    backend: the name of the one to emit for, which the command line names or else the decorator; None for NumPy.
    kept: decorators that stay, above the ones that are removed.
    others: decorators below them, which change the function in a way that reading does not tell.
    assigned: the statement `g = vmap(f)` whose place the rewritten function takes; `f` stays.
    """

    node: ast.FunctionDef | ast.AsyncFunctionDef
    source: FunctionSource
    layers: tuple[Layer, ...]
    strict: bool = False
    backend: str | None = None
    kept: list[ast.expr] = field(default_factory=list)
    others: list[ast.expr] = field(default_factory=list)
    assigned: ast.Assign | None = None

    @property
    def name(self) -> str:
        """The name of the rewritten function."""
        return self.node.name if self.assigned is None else bound_to(self.assigned)

    @property
    def line(self) -> int:
        """Where the function is vectorized."""
        return self.node.lineno if self.assigned is None else self.assigned.lineno


def find_targets(module: StaticModule, name: str | None, options: Options) -> list[Target]:
    """The functions to rewrite, in the order of the file.

    Raises:
        InputError: there is none; it is a method or stands inside of something; its decorator cannot be read.
    """
    found = [node for node in module.tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    assignments = [node for node in module.tree.body if isinstance(node, ast.Assign) and _wrapped(node, module)]
    if name is not None:
        for statement in assignments:
            if bound_to(statement) == name:
                return [_assigned(statement, module, options)]
        return [_target(_named(module, name, found), module, options, True)]
    targets = [_target(node, module, options, False) for node in found if _own_decorators(node, module)]
    targets += [_assigned(statement, module, options) for statement in assignments]
    if not targets or options.strict:
        _refuse_inner(module, None)
    if not targets:
        raise InputError(
            module.place(),
            "no function is decorated with @vmap or @jit",
            f"Name one: {module.filename}:{found[0].name if found else 'FUNCTION'}",
        )
    return sorted(targets, key=lambda target: target.line)


def bound_to(statement: ast.Assign) -> str:
    """The name that `g = ...` binds; empty where the target is something else."""
    match statement.targets:
        case [ast.Name(id=name)]:
            return name
    return ""


def _wrapped(statement: ast.Assign, module: StaticModule) -> tuple[str, list[ast.Call]] | None:
    """The function that `g = vmap(f, ...)` names, and the calls of `vmap` and `jit` around it, outermost first.

    None where the statement is no such thing: what is vectorized is no function of this file, or `g` is bound twice.
    """
    value, calls = statement.value, list[ast.Call]()
    while isinstance(value, ast.Call):
        factory = value.func if isinstance(value.func, ast.Call) else value
        is_own = _own_name(factory, module) and len(value.args) >= 1 and not isinstance(value.args[0], ast.Starred)
        if not is_own or factory is not value and (len(value.args) > 1 or value.keywords):
            return None
        calls.append(factory)
        value = value.args[0]
    name = bound_to(statement)
    if not calls or not isinstance(value, ast.Name) or not name or name in module.functions:
        return None
    is_plain = value.id in module.functions and module.times_bound(value.id) == module.times_bound(name) == 1
    node = module.functions.get(value.id)
    is_below = is_plain and node is not None and node.lineno < statement.lineno and not _own_decorators(node, module)
    return (value.id, calls) if is_below else None


def _assigned(statement: ast.Assign, module: StaticModule, options: Options) -> Target:
    """The function that an assignment vectorizes, decorators of its own included."""
    found = _wrapped(statement, module)
    assert found is not None
    name, calls = found
    node = module.functions[name]
    source = source_of(node, module, stub(node, module))
    target = Target(node, source, (), options.strict, options.backend, [], list(node.decorator_list), statement)
    _read_layers(calls, target, module, options)
    target.layers = _overridden(target.layers, options, target, module)
    return target


def _read_layers(decorators: list[Any], target: Target, module: StaticModule, options: Options) -> None:
    """The layers of decorators, or of the calls that do the same."""
    layers = []
    for decorator in decorators:
        strict, backend, layer = _read_decorator(decorator, module, target.assigned is not None)
        target.strict |= strict
        if options.backend is None and backend is not None:
            target.backend = backend
        layers += [layer] if layer is not None else []
    target.layers = tuple(layers)


def _named(module: StaticModule, name: str, found: list[Any]) -> Any:
    defs = [node for node in found if node.name == name]
    if not defs:
        _refuse_inner(module, name)
        there = f"The functions there are: {', '.join(node.name for node in found)}." if found else ""
        raise InputError(module.place(), f"there is no function {name}", there)
    if len(defs) > 1:
        message = f"{name} is defined more than once, here and on line {defs[0].lineno}"
        raise InputError(module.place(line=defs[-1].lineno), message)
    return defs[0]


def _refuse_inner(module: StaticModule, name: str | None) -> None:
    """Refuse the function of that name, or any that is decorated, which does not stand at the top level."""
    for line, message in inner_functions(module, name):
        hint = "Move its body to a function of the file, or use the decorator at run time."
        raise InputError(module.place(line=line), f"{message}; only functions at the top level can be emitted", hint)


def inner_functions(module: StaticModule, name: str | None = None) -> Iterator[tuple[int, str]]:
    """The functions of that name, or all that are decorated, that do not stand at the top level: line and message."""
    for outer in module.tree.body:
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)) and name is None:
            continue  # a vmap inside of a function is run by it
        for node in ast.walk(outer):
            if node is outer or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            dotted = f"{outer.name}.{node.name}" if isinstance(outer, ast.ClassDef) else node.name
            if name not in (node.name, dotted) if name is not None else not _own_decorators(node, module):
                continue
            what = "is a method" if isinstance(outer, ast.ClassDef) else "does not stand at the top level of the file"
            yield node.lineno, f"{dotted} {what}"


def _own_decorators(node: ast.FunctionDef | ast.AsyncFunctionDef, module: StaticModule) -> list[ast.expr]:
    return [decorator for decorator in node.decorator_list if _own_name(decorator, module)]


def _own_name(decorator: ast.expr, module: StaticModule) -> str:
    """`vmap` or `jit`; empty for any other decorator."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return OWN.get(module.qualified(function), "")


def _target(node: Any, module: StaticModule, options: Options, named: bool) -> Target:
    source = source_of(node, module, stub(node, module))
    own = _own_decorators(node, module)
    target = Target(node, source, (), options.strict, options.backend)
    positions = [node.decorator_list.index(decorator) for decorator in own]
    if positions:
        target.kept = node.decorator_list[: positions[0]]
        target.others = [d for d in node.decorator_list[positions[0] :] if d not in own]
    else:
        target.others = list(node.decorator_list)
    _read_layers(own, target, module, options)
    if named and not own:
        target.layers = (make_layer(),)
    target.layers = _overridden(target.layers, options, target, module)
    return target


def _overridden(layers: tuple[Layer, ...], options: Options, target: Target, module: StaticModule) -> tuple[Layer, ...]:
    """The layers with what the command line says in place of the decorator's."""
    if options.in_axes is None and options.out_axes is None:
        return layers
    if len(layers) != 1:
        message = f"--in-axes and --out-axes speak of one vmap, but {target.name} has {len(layers) or 'none'}"
        raise InputError(module.place(line=target.line), message)
    layer = layers[0]
    in_axes = layer.in_axes if options.in_axes is None else _given(options.in_axes)
    out_axes = layer.out_axes if options.out_axes is None else _given(options.out_axes)
    try:
        return (replace(layer, in_axes=in_axes, out_axes=out_axes),)
    except VectorizeError as error:
        raise InputError(module.place(line=target.line), str(error)) from None


def _given(axes: Any) -> Any:
    return None if axes is GIVEN_NONE else axes


def _read_decorator(
    decorator: ast.expr, module: StaticModule, is_call: bool = False
) -> tuple[bool, str | None, Layer | None]:
    """Whether it is strict, the backend that it names, and its axes; None for `jit`.

    is_call: its first argument is the function itself.
    """
    call = decorator if isinstance(decorator, ast.Call) else None
    values: dict[str, Any] = {}
    for k, argument in enumerate(call.args if call else []):
        if k == 0 and is_call and not isinstance(argument, ast.Starred):
            continue
        if k == 0 or k >= len(VMAP_PARAMETERS) or isinstance(argument, ast.Starred):
            raise InputError(module.place(argument), "this argument of the decorator cannot be read", _BY_KEYWORD)
        values[VMAP_PARAMETERS[k]] = _literal(argument, module)
    for keyword in call.keywords if call else []:
        if keyword.arg not in ALLOWED_KEYWORDS:
            raise InputError(module.place(keyword), "this argument of the decorator is not known", _BY_KEYWORD)
        values[keyword.arg] = _literal(keyword.value, module)
    strict = bool(values.get("strict", False))
    try:
        backend = None if values.get("backend") is None else find_backend(values["backend"]).name
        if _own_name(decorator, module) == "jit":
            return strict, backend, None
        layer = make_layer(values.get("in_axes", 0), values.get("out_axes", 0), values.get("axis_size"))
        return strict, backend, replace(layer, randomness=values.get("randomness", "different"))
    except VectorizeError as error:
        raise InputError(module.place(decorator), str(error)) from None


_BY_KEYWORD = "Give axes by keyword: @vmap(in_axes=(0, None), out_axes=0)"


def _literal(node: ast.expr, module: StaticModule) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, SyntaxError):
        hint = "Write it as a literal, such as (0, None), or give it by --in-axes and --out-axes."
        raise InputError(
            module.place(node), "this is no literal, and nothing is run to find out what it is", hint
        ) from None

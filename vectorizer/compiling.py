"""Emitted text as a specialization, and that as a function."""

from __future__ import annotations

import ast
import itertools
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vectorizer.guards import Guards
from vectorizer.rules.context import Shared
from vectorizer.source.frontend import FunctionSource
from vectorizer.source.layout import fit
from vectorizer.source.registry import register
from vectorizer.source.statements import Change
from vectorizer.values import Affine, Axes

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
    per_step: how many elements of an example are handled at once in loops that stay loops; 0 where there are none.
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
    per_step: int = 0
    looped: str = ""
    looped_line: int = 0


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
        shared.drawn, shared.per_step,
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


def guard_identities(values: Mapping[str, Any], guards: Guards, text: str) -> None:
    """Objects that are arguments stand for all of their type, but not where it matters which one it is."""
    compared = re.search(r"\bis\b(?! (not )?None\b)", text) is not None
    for path, value in values.items():
        kind = type(value)
        if hasattr(value, "__dict__") and (compared or hasattr(kind, "__bool__") or hasattr(kind, "__len__")):
            guards.require(guards.equality(path, value))

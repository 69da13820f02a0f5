"""Rewriting a function that is read and not run: the same rewrite as at run time, for the facts that are given."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from vectorizer.backends import Backend, find_backend
from vectorizer.compiling import used_helpers
from vectorizer.describing import batch_axes
from vectorizer.errors import VectorizeError
from vectorizer.finishing import Finisher
from vectorizer.pipeline import check_syntax, draws_of, emit_function, sizes_of
from vectorizer.rewrite.function import Function, Parameter
from vectorizer.rules.context import Shared
from vectorizer.source.frontend import FunctionSource
from vectorizer.source.lines import number_lines
from vectorizer.source.statements import Change
from vectorizer.spec import signature_of
from vectorizer.static.arguments import Arguments, StaticDescriber, find_arguments
from vectorizer.static.assumptions import StaticFacts, with_checks
from vectorizer.static.facts import Fact
from vectorizer.static.problems import InputError, Place
from vectorizer.static.reading import StaticModule
from vectorizer.static.targets import Target
from vectorizer.values import Unsupported


@dataclass
class Rewritten:
    """What became of one function.

    text: the emitted function; empty where it is looped as a whole.
    helpers: functions that are emitted before it.
    imports: import lines by the name that they bind.
    looped: why it is looped as a whole, with the place.
    relied: defaults whose value the rewrite relied on, by parameter.
    draws: whether it draws random numbers that differ from call to call.
    warns: whether it may warn, and go on with nan or inf, where the user's function raises.
    """

    target: Target
    arguments: Arguments
    text: str = ""
    helpers: list[str] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    fallbacks: list[Change] = field(default_factory=list)
    looped: Looped | None = None
    relied: dict[str, Any] = field(default_factory=dict)
    draws: bool = False
    warns: bool = False

    def place(self, line: int, code: str = "") -> Place:
        """Where a line of the function's text stands in the file, or `code` in it; line 0 is the function's own."""
        source = self.target.source
        number = source.position(line)[0] if line else self.target.line
        text, code = source.line_text(number), code.partition("\n")[0]
        column = text.find(code) if code else -1
        return Place(source.filename, number, text, column if column >= 0 else None, len(code))


@dataclass(frozen=True)
class Looped:
    """Why a function is looped as a whole."""

    reason: str
    place: Place


def rewrite_target(target: Target, module: StaticModule, given: dict[str, Fact], taken: set[str]) -> Rewritten:
    """Rewrite one function; where that cannot be done it is marked as looped.

    `taken` has the names that other emitted functions have.

    Raises:
        InputError: the arguments are not known, or the axes do not fit.
    """
    arguments = find_arguments(target, module, {name: given[name] for name in given if name in _names(target)})
    first = _attempt(target, module, arguments, taken)
    if first.looped is not None and any(layer.randomness != "different" for layer in target.layers):
        hint = "A loop that is emitted does not look after random numbers; use the decorator, or leave randomness out."
        raise InputError(first.looped.place, f"it cannot be rewritten: {first.looped.reason}", hint)
    if first.looped is None and not first.fallbacks:
        return first
    arguments.fixed = known_defaults(target, arguments)
    if not arguments.fixed:
        return first
    second = _attempt(target, module, arguments, taken)
    if second.looped is not None or len(second.fallbacks) >= len(first.fallbacks) and first.looped is None:
        arguments.fixed = {}
        return first
    second.relied = arguments.fixed
    return second


def _names(target: Target) -> set[str]:
    return set(signature_of(target.source.function).parameters)


def known_defaults(target: Target, arguments: Arguments) -> dict[str, Any]:
    """The defaults of parameters that were not given, and whose values are strings, integers, booleans or None."""
    parameters = signature_of(target.source.function).parameters
    defaults = {name: parameters[name].default for name in arguments.resolved.defaulted}
    return {name: value for name, value in defaults.items() if value is None or isinstance(value, (str, int))}


def _attempt(target: Target, module: StaticModule, arguments: Arguments, taken: set[str]) -> Rewritten:
    done = Rewritten(target, arguments)
    axes = batch_axes(len(target.layers))
    describer = StaticDescriber(axes, arguments)
    try:
        if target.others:
            decorator = ast.unparse(target.others[0])
            raise Unsupported(f"what @{decorator} makes of the function is not known")
        check_syntax(target.source)
        parameters = _parameters(arguments, describer)
        facts = StaticFacts.of(describer)
        namespace = module.namespace(target.source.function)
        sizes, draws = sizes_of(target.layers, axes), draws_of(target.layers, axes)
        root, backend = target.source.function, backend_of(target)
        shared = Shared(facts, namespace, root=root, sizes=sizes, draws=draws, backend=backend)
        shared.taken |= {target.name, *taken}
        finish = Finisher(target.layers, axes, target.name)
        function = Function(target.source.node, parameters, axes, finish)
        text = emit_function(target.source, function, shared, target.name)
        ast.parse("\n\n".join([*shared.helper_sources, text]))
        checked = with_checks(text, facts, arguments, describer.known)
    except Unsupported as error:
        done.looped = Looped(error.reason, place_of(error, target.source, module))
        return done
    except VectorizeError as error:
        raise InputError(module.place(line=target.line), str(error)) from None
    except Exception as error:
        # A fault of ours must not become the user's: the loop is always right.
        if os.environ.get("VECTORIZER_DEBUG"):
            raise
        reason = f"the rewriter failed ({type(error).__name__}: {error})"
        done.looped = Looped(reason, module.place(line=target.line))
        return done
    done.text = checked
    done.helpers, done.imports = used_helpers(shared, text), dict(shared.imports)
    done.warns, done.draws = facts.strict_floats, shared.drawn
    done.changes, done.fallbacks = list(shared.changes), list(shared.fallbacks)
    return done


def backend_of(target: Target) -> Backend | None:
    """The backend that a function is emitted for; None for NumPy."""
    found = find_backend(target.backend)
    return None if found is find_backend(None) else found


def _parameters(arguments: Arguments, describer: StaticDescriber) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, value in arguments.resolved.arguments.items():
        described, moves = describer.describe(name, value, arguments.resolved.axes[name], name)
        found[name] = Parameter(name, described, moves)
    return found


# Where it happened


def place_of(error: Unsupported, source: FunctionSource, module: StaticModule) -> Place:
    """The place of the expression that has no rule, as well as it can be told."""
    start = module.place(line=source.first_line + _decorator_lines(source))
    if not isinstance(error.node, cst.CSTNode):
        return start
    code = cst.Module([]).code_for_node(error.node).strip().splitlines()
    if not code:
        return start
    statement = _line_of(error.node, source.node)
    for offset, text in enumerate(source.text.splitlines(), 1):
        if (statement is None or offset >= statement) and code[0] in text:
            line = source.position(offset)[0]
            shown = module.line_text(line)
            return Place(module.filename, line, shown, shown.find(code[0]), len(code[0]))
    return start


def _decorator_lines(source: FunctionSource) -> int:
    lines = source.text.splitlines()
    return next((k for k, line in enumerate(lines) if line.startswith(("def ", "async "))), 0)


def _line_of(node: cst.CSTNode, function: cst.FunctionDef) -> int | None:
    """The line in the function's text of the statement that a node stands in."""
    numbers = number_lines(function)

    def search(part: cst.CSTNode, line: int | None) -> tuple[bool, int | None]:
        line = numbers.get(id(part), line)
        if part is node:
            return True, line
        for child in part.children:
            found, where = search(child, line)
            if found:
                return True, where
        return False, None

    return search(function, None)[1]


__all__ = ["Looped", "Rewritten", "place_of", "rewrite_target"]

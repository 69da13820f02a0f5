"""Rows that are definitions: what a function gives for one example, in terms of functions that have rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from vectorizer.rules.compose import composite
from vectorizer.rules.context import Context
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand
from vectorizer.source.statements import Stmt
from vectorizer.values import Obj, Unsupported, number

Definition = TypeVar("Definition", bound=Callable[..., Any])


def defined(
    function: Any, kind: str, method: str | None = None, *, views: bool = False
) -> Callable[[Definition], Definition]:
    """Registers the definition of a function; its parameters are those that the rule takes.

    The definition is assignments to names and a return, and is put in place of the call.  Calls whose operands are all
    the same for all examples stay as they are.
    """

    def add(definition: Definition) -> Definition:
        parameters = inspect.signature(definition).parameters

        @composite(function, " ".join(parameters), kind, method, views=views)
        def lower(rw: Context, c: Call, bound: dict[str, Operand]) -> Operand:
            return rw.inline(definition, **with_defaults(definition, bound))

        return definition

    return add


def with_defaults(definition: Callable[..., Any], bound: dict[str, Operand]) -> dict[str, Operand]:
    """Operands for all parameters of a definition."""
    made = dict(bound)
    for name, parameter in inspect.signature(definition).parameters.items():
        if name not in made:
            if parameter.default is parameter.empty:
                raise Unsupported(f"an argument {name!r} is missing")
            made[name] = constant(parameter.default)
    return made


def constant(value: Any) -> Operand:
    """A number, a string or None as an operand."""
    known = number(value) if isinstance(value, (bool, int, float, complex)) else Obj(value)
    return Operand(repr(value), known)


def require(rw: Context, test: str, text: str, wanted: bool = True, *, raises: bool = False) -> None:
    """Emits a check that a test gives `wanted`, without which the code behind it would be wrong.

    Where it fails an exception is raised, upon which the call is done by the loop.  Code that is emitted into a file
    has no loop behind it: there a check stands only if one example raises as well.

    raises: one example raises as well where the check fails.
    """
    if not rw.facts.has_loop and not raises:
        raise Unsupported(text)
    rw.hazard(text)
    rw.emit(f"if {'not ' if wanted else ''}{test}:", body=[Stmt(f'raise ValueError("{text}")', line=rw.line)])

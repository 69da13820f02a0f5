"""Calls as text, and rows that say what is emitted in the place of one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

PLACE = re.compile(r"\{(\w+)\}(?=(\.\w|\[)?)")
PRIMARY = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Tuple)


@dataclass(frozen=True)
class Text:
    """An argument: its text, already lowered, and its syntax."""

    code: str
    node: ast.expr

    @property
    def primary(self) -> str:
        """The text as something that an attribute or subscript may follow."""
        return self.code if isinstance(self.node, PRIMARY) else f"({self.code})"


@dataclass(frozen=True)
class CallText:
    """A call to be lowered.

    name: NumPy's dotted name of the function.
    alias: the backend's module in emitted source.
    is_complex: whether an operand may be complex.
    """

    name: str
    alias: str
    args: tuple[Text, ...]
    keywords: Mapping[str, Text] = field(default_factory=dict)
    is_complex: bool = True

    def bind(self, parameters: str) -> dict[str, Text] | None:
        """Arguments by parameter; None where they do not fit."""
        names = parameters.split()
        bound = dict(zip(names, self.args, strict=False))
        if len(self.args) > len(names) or self.keywords.keys() - set(names) or self.keywords.keys() & bound.keys():
            return None
        return {**bound, **self.keywords}


Lowered: TypeAlias = Callable[[CallText], str | None]
"""A row: the code for a call, a primary expression; None where this form of the call has none."""


def template(parameters: str, code: str, **defaults: str) -> Lowered:
    """A row whose code has the arguments' names in braces, and ``cp`` for the module.

    ``{x}[`` and ``{x}.`` put parentheses around an argument where it needs them.  Parameters with a default may be
    missing; those that do not stand in the code must be.
    """
    used = set(re.findall(r"\{(\w+)\}", code))

    def lower(c: CallText) -> str | None:
        bound = c.bind(parameters)
        if bound is None or bound.keys() - used:
            return None
        missing = used - bound.keys()
        if missing - defaults.keys():
            return None

        def filled(match: re.Match[str]) -> str:
            found = bound.get(match[1])
            if found is None:
                return defaults[match[1]]
            return found.primary if match[2] else found.code

        text = PLACE.sub(filled, re.sub(r"\bcp\.", f"{c.alias}.", code))
        return text if c.is_complex else text.replace(".conj()", "")

    return lower


def keeping(parameters: str, target: str, **fixed: str) -> Lowered:
    """A row that calls another function with the arguments as they are given, and some of its own."""

    def lower(c: CallText) -> str | None:
        if c.bind(parameters) is None:
            return None
        given = {key: text.code for key, text in c.keywords.items()}
        parts = [*(text.code for text in c.args), *(f"{key}={code}" for key, code in {**given, **fixed}.items())]
        return f"{c.alias}.{target}({', '.join(parts)})"

    return lower


def first_of(*rows: Lowered) -> Lowered:
    """The first row that has code for a call."""

    def lower(c: CallText) -> str | None:
        return next((code for row in rows if (code := row(c)) is not None), None)

    return lower

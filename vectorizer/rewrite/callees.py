"""The user's own functions that are called: what is known of one, and of the text that it is rewritten to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import libcst as cst

from vectorizer.rewrite.renaming import value_key
from vectorizer.rules.subscripts import Parts
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Axis, Value


@dataclass
class Callee:
    """A function of the user's that is called.

    identity: what tells it from others: the function itself, or for one defined inside another its syntax tree.
    source: its text; None for one that is defined inside another.
    sizes: parameters that were added to it and say how long an axis is.
    """

    name: str
    node: cst.FunctionDef
    identity: object
    namespace: Any
    source: Any
    sizes: dict[Axis, str] = field(default_factory=dict)


class Reliance(NamedTuple):
    """What the text of a helper needs, wherever it is called: see `Shared` and `Facts`."""

    imports: dict[str, str]
    conditions: set[Affine]
    strict_floats: bool


class Helper(NamedTuple):
    """A function as it was rewritten for a call.

    writes: parameters that it stores into.
    texts: its source and that of the functions that it calls, its own last.
    drawn: whether it draws random numbers from a generator that is not of its own making.
    reliance: None for a function that is still being rewritten.
    """

    emitted: str
    result: Value
    writes: set[str]
    hazards: list[str]
    texts: list[str]
    drawn: bool
    reliance: Reliance | None = None

    def is_unchanged(self, callee: Callee) -> bool:
        """Whether the rewritten text is the user's own, which then can be called as it stands."""
        if not self.texts:  # it is still being rewritten
            return False
        plain = re.sub(rf"\b{self.emitted}\b", callee.name, self.texts[-1])
        return bool(plain.strip() == callee.source.text.strip())


def helper_key(callee: Callee, values: dict[str, Value]) -> tuple[int, Any]:
    """What tells a rewritten function from others."""
    return id(callee.identity), tuple(value_key(v) for v in values.values())


def argument_codes(node: cst.FunctionDef, bound: dict[str, Operand]) -> str:
    """The arguments of a call; behind a default that is left away they are given by name."""
    codes: list[str] = []
    keywords: list[str] = []
    positional = True
    order = [p.name.value for p in [*node.params.posonly_params, *node.params.params]]
    for name in order:
        if bound[name].code == "<default>":
            positional = False
            continue
        codes.append(bound[name].code if positional else f"{name}={bound[name].code}")
    for name, operand in bound.items():
        if name in order or operand.code == "<default>":
            continue
        star = node.params.star_arg
        if isinstance(star, cst.Param) and name == star.name.value:
            assert isinstance(operand.node, Parts)
            codes += [p.code for p in operand.node.parts]
        else:
            keywords.append(f"{name}={operand.code}")
    return ", ".join(codes + keywords)


def is_generator(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.Yield, cst.From)):
        return True
    return any(is_generator(c) for c in node.children if not isinstance(c, (cst.Lambda, cst.FunctionDef)))

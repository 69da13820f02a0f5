"""Functions that are emitted beside another, and compute element by element: kernels may take them in."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from vectorizer.kernels.elementwise import check_elementwise
from vectorizer.kernels.expressions import Outside
from vectorizer.kernels.numbers import NoKernel

OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)


@dataclass(frozen=True, eq=False)
class Emitted:
    """A function that was emitted, as it was before kernels were made of its own operations.

    operations: how many elementwise operations it has.
    """

    name: str
    text: str
    node: ast.FunctionDef
    outside: Outside
    operations: int


def as_elementwise(text: str, node: ast.FunctionDef, outside: Outside) -> Emitted | None:
    """A function that computes element by element; None for any other."""
    arguments = node.args
    if arguments.defaults or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or arguments.posonlyargs:
        return None
    try:
        check_elementwise(node, {arg.arg for arg in arguments.args}, outside)
    except NoKernel:
        return None
    return Emitted(node.name, text, node, outside, sum(isinstance(part, OPERATIONS) for part in ast.walk(node)))

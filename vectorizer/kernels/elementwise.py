"""Functions of arrays that compute element by element: they are functions of numbers, which a kernel broadcasts."""

from __future__ import annotations

import ast
from collections.abc import Set
from typing import Any

import numpy as np

from vectorizer.kernels.expressions import Outside
from vectorizer.kernels.numbers import NoKernel

ALLOWED = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Name, ast.Attribute, ast.Constant, ast.operator, ast.unaryop,
    ast.cmpop, ast.expr_context,
)  # fmt: skip


def check_elementwise(node: ast.FunctionDef, arrays: Set[str], outside: Outside) -> None:
    """Refuses what does more with arrays than to compute with their elements.

    Args:
        node: the function.
        arrays: its parameters that are arrays.
        outside: what its names mean.

    Raises:
        NoKernel: a statement, an operation or a call is none that goes element by element, or the result does not
            have the shape that all arrays broadcast to.
    """
    depends: dict[str, set[str]] = {name: {name} for name in arrays}
    body = node.body[ast.get_docstring(node) is not None :]
    for statement in body[:-1]:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                check_expression(value, outside)
                depends[name] = arrays_in(value, depends)
            case _:
                raise NoKernel("a statement that is no assignment, in a function of arrays")
    match body[-1:]:
        case [ast.Return(value=ast.expr() as value)]:
            check_expression(value, outside)
        case _:
            raise NoKernel("a function of arrays that ends with no return")
    if arrays_in(value, depends) != arrays:
        raise NoKernel("the result does not depend on all arrays, so that its shape may be another")


def arrays_in(node: ast.expr, depends: dict[str, set[str]]) -> set[str]:
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return set[str]().union(*(depends.get(name, set()) for name in names))


def check_expression(node: ast.expr, outside: Outside) -> None:
    for part in ast.walk(node):
        if not isinstance(part, ALLOWED) or isinstance(part, ast.Not | ast.In | ast.NotIn | ast.Is | ast.IsNot):
            raise NoKernel(f"{type(part).__name__} in a function of arrays")
        if isinstance(part, ast.Compare) and len(part.ops) > 1:
            raise NoKernel("a chain of comparisons of arrays")
        if isinstance(part, ast.Call) and not is_elementwise(outside.found(part.func)):
            raise NoKernel("a call of something that is no elementwise function")
        if isinstance(part, ast.Attribute) and part.attr in ("real", "imag", "T"):
            raise NoKernel("an attribute of an array")


def is_elementwise(function: Any) -> bool:
    is_ufunc = isinstance(function, np.ufunc) and function.signature is None
    return is_ufunc or any(function is known for known in (np.where, np.clip, abs))

"""The values of constants at the top level of a file, found by reading: literals, arithmetic, a few NumPy creations."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import numpy as np

LARGEST: Final = 1_000_000  # elements of an array, digits of a number: more is not worth computing here


class NotKnown(Exception):
    """The value of an expression cannot be told without running the file."""


class _Unknown:
    """Stands for whatever a name outside of the function holds, where reading does not tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

BINARY: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
}
UNARY: Final[Mapping[type, Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
CREATIONS: Final = tuple(
    "array asarray zeros ones full eye identity arange linspace logspace geomspace diag outer".split()
)
FUNCTIONS: Final = {
    *(getattr(np, name) for name in CREATIONS),
    *(np.sqrt, np.exp, np.log, np.sin, np.cos, np.tan, np.deg2rad, np.radians, np.float16, np.float32, np.float64),
    *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.complex64, np.complex128),
    *(math.sqrt, math.exp, math.log, math.sin, math.cos, math.tan, math.radians, float, int, complex, abs, len, tuple),
}


def evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of an expression, of constants and library functions alone.

    Raises:
        NotKnown: it holds anything else, or computing it fails or would take long.
    """
    try:
        with np.errstate(all="ignore"):
            return _evaluate(node, names)
    except NotKnown:
        raise
    except Exception as error:  # whatever the arithmetic of someone's constants raises, it is the file's own business
        raise NotKnown from error


def _evaluate(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _known(names.get(name, UNKNOWN))
        case ast.Tuple(elts=items):
            return tuple(_evaluate(item, names) for item in items)
        case ast.List(elts=items):
            return [_evaluate(item, names) for item in items]
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            pairs = zip(keys, values, strict=True)
            return {_evaluate(key, names): _evaluate(value, names) for key, value in pairs if key is not None}
        case ast.UnaryOp(op=op, operand=operand):
            return UNARY[type(op)](_evaluate(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(type(op), _evaluate(left, names), _evaluate(right, names))
        case ast.Attribute(value=base, attr=attribute):
            return _attribute(_evaluate(base, names), attribute)
        case ast.Call():
            return _call(node, names)
    raise NotKnown


def _known(value: Any) -> Any:
    if value is UNKNOWN:
        raise NotKnown
    return value


def _binary(op: type, left: Any, right: Any) -> Any:
    numbers = (int, float, complex, np.generic, np.ndarray)
    if not isinstance(left, numbers) or not isinstance(right, numbers):
        raise NotKnown
    if op is ast.Pow and isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > LARGEST:
        raise NotKnown
    return BINARY[op](left, right)


def _attribute(base: Any, name: str) -> Any:
    if isinstance(base, ModuleType):
        return getattr(base, name)
    if isinstance(base, np.ndarray) and name in ("T", "shape", "ndim", "size", "dtype"):
        return getattr(base, name)
    raise NotKnown


def _call(node: ast.Call, names: Mapping[str, Any]) -> Any:
    function = _evaluate(node.func, names)
    if any(isinstance(arg, ast.Starred) for arg in node.args) or any(key.arg is None for key in node.keywords):
        raise NotKnown
    if not callable(function) or function not in FUNCTIONS:
        raise NotKnown
    args = [_evaluate(arg, names) for arg in node.args]
    keywords = {str(key.arg): _evaluate(key.value, names) for key in node.keywords}
    if _elements(args) > LARGEST:
        raise NotKnown
    return function(*args, **keywords)


def _elements(args: list[Any]) -> float:
    """At most so many elements can the array have that is made from these arguments."""
    sizes = [
        s for arg in args for s in (arg if isinstance(arg, (list, tuple)) else [arg]) if isinstance(s, (int, float))
    ]
    return math.prod(max(abs(size), 1.0) for size in sizes) if len(sizes) <= 8 else len(sizes)

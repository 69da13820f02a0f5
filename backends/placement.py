"""Where the values of emitted code live: in the memory of the host, or on the device.

It is told from the text, without regard to the order of statements; what is not known is taken to be on the device.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

HOST_ATTRIBUTES = frozenset(("dtype", "itemsize", "name", "nbytes", "ndim", "shape", "size"))
HOST_BUILTINS = frozenset(("bool", "complex", "float", "int", "isinstance", "len", "range", "round", "str", "type"))
# Functions that give a number where they are given numbers of the host; others make arrays, on the device.
NUMBERS = frozenset("""abs amax amin around isscalar max mean min ndim prod round shape size sum fix clip""".split())
MADE = frozenset(("empty", "full", "ones", "zeros"))
UNIQUE = frozenset(("arange", "flatnonzero"))  # subscripts that are in range, and of which no two are equal
IN_RANGE = frozenset((*UNIQUE, "argmax", "argmin", "argsort", "argpartition", "in_range"))
MASKS = frozenset(
    """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_not logical_xor isnan isinf
    isfinite isclose""".split()
)


def _is_bool(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "bool"


def gives_number(path: str) -> bool:
    """Whether a function of a library gives a number where it is given numbers of the host."""
    root, _, name = path.partition(".")
    if root in ("math", "cmath"):
        return True
    found = getattr(np, name, None)
    return name in NUMBERS or isinstance(found, (np.ufunc, type)) or root == "scipy"


@dataclass(frozen=True)
class Parameters:
    """Those of a function that may hold arrays of the device, and those that are arrays of booleans.

    kernels: the kernels that it calls.
    makers: those that give arrays of booleans.
    """

    device: frozenset[str]
    masks: frozenset[str]
    kernels: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()


class Placement:
    """The names of a function that stand for values on the device, and those of masks.

    parameters: those of the function.
    path: the dotted name of what an expression names in a library, such as `numpy.linalg.norm`; empty for all else.
    outside: whether an expression from outside of the function stands for an array.
    """

    def __init__(
        self,
        function: ast.FunctionDef,
        parameters: Parameters,
        path: Callable[[ast.expr], str],
        outside: Callable[[ast.expr], bool],
    ) -> None:
        self.path, self.outside = path, outside
        self.device, self.masks, self.makers = set(parameters.device), set(parameters.masks), parameters.makers
        self.values: dict[str, list[ast.expr]] = {}  # what each name is set to
        self.indices: dict[str, bool] = {}  # names of subscripts that are in range, and whether none occurs twice
        self.parameters = {arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)}
        self.local = self.parameters | {
            n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        while True:
            before = len(self.device), len(self.masks)
            self.values.clear()
            for node in ast.walk(function):
                self._note(node)
            if before == (len(self.device), len(self.masks)):
                break
        self._find_indices()

    def _find_indices(self) -> None:
        """Names all of whose values are subscripts in range; values may be made of each other."""
        self.indices = dict.fromkeys(self.values.keys() - self.parameters, True)
        while True:
            before = dict(self.indices)
            for name in before:
                kinds = [self.index_kind(value) for value in self.values[name]]
                if any(kind is None for kind in kinds):
                    del self.indices[name]
                else:
                    self.indices[name] = all(kinds)
            if before == self.indices:
                break

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                self._bind(target, value)
            case ast.AugAssign(target=target, value=value) | ast.For(target=target, iter=value):
                self._bind(target, value)
            case ast.comprehension(target=target, iter=value):
                self._bind(target, value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        targets, values = getattr(target, "elts", None), getattr(value, "elts", None)
        if targets is not None and values is not None and len(targets) == len(values):
            for inner, part in zip(targets, values, strict=True):
                self._bind(inner, part)
            return
        if self.on_device(value):
            self.device |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if not isinstance(target, ast.Name):
            return
        if self.is_mask(value):
            self.masks.add(target.id)
        self.values.setdefault(target.id, []).append(value)

    def index_kind(self, node: ast.expr) -> bool | None:
        """Whether no two of some subscripts are equal; None where they need not even be in range."""
        match node:
            case ast.Name(id=name):
                return self.indices.get(name)
            case ast.Call(func=function):
                name = self.path(function).rpartition(".")[2]
                name = name or (function.attr if isinstance(function, ast.Attribute) else "")
                name = name or (function.id if isinstance(function, ast.Name) else "")
                return name in UNIQUE if name in IN_RANGE else None
            case ast.Subscript(value=inner, slice=index):
                found = self.index_kind(inner)
                kept = self.is_mask(index) or isinstance(index, ast.Slice) or self.index_kind(index) is True
                return found and kept if found is not None else None
        return None

    def is_mask(self, node: ast.expr) -> bool:
        """Whether an expression is an array of booleans on the device, as well as the text tells it."""
        if not self.on_device(node):
            return False
        match node:
            case ast.Name(id=name):
                return name in self.masks
            case ast.Compare():
                return True
            case ast.UnaryOp(op=ast.Invert(), operand=inner) | ast.Subscript(value=inner):
                return self.is_mask(inner)
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor(), left=left):
                return self.is_mask(left)
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_mask(body) and self.is_mask(orelse)
            case ast.Call(func=function, args=args, keywords=keywords):
                if isinstance(function, ast.Name) and function.id in self.makers:
                    return True
                name = self.path(function).rpartition(".")[2]
                if name in MASKS or isinstance(function, ast.Attribute) and function.attr == "copy":
                    return bool(name) or self.is_mask(function.value)  # type: ignore[attr-defined]
                is_made = name in MADE or isinstance(function, ast.Attribute) and function.attr == "astype"
                return is_made and any(_is_bool(part) for part in [*args, *(keyword.value for keyword in keywords)])
        return False

    def on_device(self, node: ast.AST | None) -> bool:
        """Whether an expression gives something that lies on the device, or that holds such things."""
        match node:
            case None | ast.Constant() | ast.JoinedStr():
                return False
            case ast.Name(id=name):
                return name in self.device or (name not in self.local and self.outside(node))
            case ast.Attribute(value=value, attr=name):
                is_device = not self.path(node) and name not in HOST_ATTRIBUTES and self.on_device(value)
                return is_device or self.outside(node)
            case ast.Subscript() if self.outside(node):
                return True
            case ast.Call():
                return self._call_on_device(node)
            case ast.Lambda():
                return True
        return any(self.on_device(child) for child in ast.iter_child_nodes(node))

    def _call_on_device(self, node: ast.Call) -> bool:
        given = any(self.on_device(part) for part in [*node.args, *(keyword.value for keyword in node.keywords)])
        path = self.path(node.func)
        if path:
            return given or not gives_number(path)
        match node.func:
            case ast.Name(id=name) if name not in self.local and hasattr(builtins, name):
                return given and name not in HOST_BUILTINS
            case ast.Attribute(value=value, attr=method):
                return method not in ("item", "tolist") and (given or self.on_device(value))
        return True  # a function of the user's

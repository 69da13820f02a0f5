"""Where the values of emitted code live: in the memory of the host, or on the device.

It is told from the text, without regard to the order of statements; what is not known is taken to be on the device.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable

HOST_ATTRIBUTES = frozenset(("dtype", "itemsize", "name", "nbytes", "ndim", "shape", "size"))
HOST_BUILTINS = frozenset(("bool", "complex", "float", "int", "isinstance", "len", "range", "round", "str", "type"))
MAKERS = frozenset(
    """arange array asarray ascontiguousarray concatenate empty eye full geomspace identity indices linspace logspace
    meshgrid ones stack tri vander zeros hstack vstack""".split()
)
MASKS = frozenset(
    """equal not_equal less less_equal greater greater_equal logical_and logical_or logical_not logical_xor isnan isinf
    isfinite isclose""".split()
)


class Placement:
    """The names of a function that stand for values on the device, and those of masks.

    path: the dotted name of what an expression names in a library, such as `numpy.linalg.norm`; empty for all else.
    outside: whether a name from outside of the function stands for an array.
    """

    def __init__(
        self,
        function: ast.FunctionDef,
        device: Iterable[str],
        path: Callable[[ast.expr], str],
        outside: Callable[[str], bool],
    ) -> None:
        self.path, self.outside = path, outside
        self.device = set(device)
        self.masks: set[str] = set()
        self.local = {arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)}
        self.local |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        while True:
            before = len(self.device), len(self.masks)
            for node in ast.walk(function):
                self._note(node)
            if before == (len(self.device), len(self.masks)):
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
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
            if len(target.elts) == len(value.elts):
                for inner, part in zip(target.elts, value.elts, strict=True):
                    self._bind(inner, part)
                return
        if self.on_device(value):
            self.device |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        if isinstance(target, ast.Name) and self.is_mask(value):
            self.masks.add(target.id)

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
            case ast.Call(func=function):
                return self.path(function).rpartition(".")[2] in MASKS
        return False

    def on_device(self, node: ast.AST | None) -> bool:
        """Whether an expression gives something that lies on the device, or that holds such things."""
        match node:
            case None | ast.Constant() | ast.JoinedStr():
                return False
            case ast.Name(id=name):
                return name in self.device or (name not in self.local and self.outside(name))
            case ast.Attribute(value=value, attr=name):
                return not self.path(node) and name not in HOST_ATTRIBUTES and self.on_device(value)
            case ast.Call():
                return self._call_on_device(node)
            case ast.Lambda():
                return True
        return any(self.on_device(child) for child in ast.iter_child_nodes(node))

    def _call_on_device(self, node: ast.Call) -> bool:
        given = any(self.on_device(part) for part in [*node.args, *(keyword.value for keyword in node.keywords)])
        path = self.path(node.func)
        if path:
            return given or path.partition(".")[0] != "math" and path.rpartition(".")[2] in MAKERS
        match node.func:
            case ast.Name(id=name) if name not in self.local and hasattr(builtins, name):
                return given and name not in HOST_BUILTINS
            case ast.Attribute(value=value, attr=method):
                return method not in ("item", "tolist") and (given or self.on_device(value))
        return True  # a function of the user's

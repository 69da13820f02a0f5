"""What a call of emitted code costs on a device: launches, waits for the device, copies between the memories."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from vectorizer.backends.base import Backend
from vectorizer.backends.placement import Parameters, Placement
from vectorizer.backends.translate import Names

ON_HOST = frozenset(("bool", "complex", "float", "int", "max", "min", "round", "sorted"))
CHECKING = {"in_range": "subscripts, which a device would wrap", "search_rows": "whether rows are sorted"}
SIZED = frozenset(("argwhere", "compress", "extract", "flatnonzero", "nonzero", "trim_zeros", "unique"))
SOLVERS = frozenset("cholesky eigh eigvalsh inv lstsq pinv qr solve svd tensorinv tensorsolve".split())
LOOKING = frozenset(
    """bincount delete histogram histogram2d histogramdd nanmax nanmin place ravel_multi_index
    unravel_index""".split()
)
FREE = frozenset(
    """asarray atleast_1d atleast_2d atleast_3d broadcast_to diagonal expand_dims moveaxis ravel reshape real
    rollaxis squeeze swapaxes transpose broadcast_arrays empty empty_like ndim shape size T imag""".split()
)


def list_costs(text: str, backend: Backend, alias: str, parameters: Parameters, names: Names) -> list[tuple[str, str]]:
    """What `explain` says of a function: pairs of a kind and a reason."""
    if not backend.is_device:
        return []
    function = ast.parse(text).body[-1]
    assert isinstance(function, ast.FunctionDef)
    found = _Costs(function, alias, parameters, names)
    found.block(function.body, 0)
    costs = [("launches", found.launches())]
    lines = text.split("\n")
    costs += [("waits", f"`{lines[line - 1].strip()}` {reason}") for line, reason in sorted(found.waits.items())]
    costs += [("copies", f"{name} is a NumPy array: it is copied to the device {when}") for name, when in found.copied]
    return costs


class _Costs:
    """One pass over a function."""

    def __init__(self, function: ast.FunctionDef, alias: str, parameters: Parameters, names: Names) -> None:
        self.alias, self.names = alias, names
        self.placement = Placement(function, parameters, self.path, names.is_array)
        self.counts: dict[int, int] = {}  # launches outside of loops, and in the loop at each line
        self.waits: dict[int, str] = {}
        self.copied: list[tuple[str, str]] = []

    def path(self, node: ast.expr) -> str:
        """As `numpy.` what the backend's module has."""
        parts: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id == self.alias:
            return ".".join(["numpy", *parts])
        return self.names.path(node)

    def launches(self) -> str:
        total = f"{self.counts.get(0, 0)} at most"
        loops = [f"{count} at each step of the loop in its line {line}" for line, count in self.counts.items() if line]
        return "; ".join([total, *loops])

    def block(self, statements: Iterable[ast.stmt], loop: int) -> None:
        for statement in statements:
            self.statement(statement, loop)

    def statement(self, node: ast.stmt, loop: int) -> None:
        inner = node.lineno if isinstance(node, (ast.For, ast.While)) else loop
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.statement(child, inner)
            elif isinstance(child, ast.expr):
                is_test = isinstance(node, (ast.If, ast.While, ast.Assert)) and child is node.test
                self.expression(child, inner if isinstance(node, ast.While) else loop, is_test)
            elif isinstance(child, ast.withitem):
                self.expression(child.context_expr, loop)
        if isinstance(node, ast.AugAssign) and self.placement.on_device(node.value):
            self.launch(loop)
        for target in getattr(node, "targets", []):
            for part in getattr(target, "elts", [target]):
                if isinstance(part, ast.Subscript) and self.placement.on_device(part.value):
                    self.launch(loop)

    def expression(self, node: ast.expr, loop: int, is_test: bool = False) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                self.conversion(part)
            if isinstance(part, ast.expr) and self.placement.on_device(part):
                self.part(part, loop)
        for tested in self.tested(node, is_test):
            self.waits.setdefault(tested.lineno, "waits for the device: it looks at a value")

    def tested(self, node: ast.expr, is_test: bool) -> Iterator[ast.expr]:
        """Expressions on the device whose truth is asked for."""
        found = [node] if is_test else []
        for part in ast.walk(node):
            if isinstance(part, ast.IfExp):
                found.append(part.test)
            elif isinstance(part, ast.BoolOp):
                found += part.values[:-1]
            elif isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
                found.append(part.operand)
        for part in found:
            if self.placement.on_device(part) and not (isinstance(part, ast.Compare) and _is_identity(part)):
                yield part

    def part(self, node: ast.expr, loop: int) -> None:
        match node:
            case ast.BinOp() | ast.UnaryOp():
                self.launch(loop)
            case ast.Compare() if not _is_identity(node):
                self.launch(loop)
            case ast.Subscript(slice=index) if any(map(self.placement.is_mask, getattr(index, "elts", [index]))):
                self.launch(loop, 3)
                self.wait(node, "waits for the device: the size of what a mask selects must be known")
            case ast.Subscript(slice=index) if self.placement.on_device(index):
                self.launch(loop)
            case ast.Call():
                self.call(node, loop)

    def call(self, node: ast.Call, loop: int) -> None:
        path = self.path(node.func)
        name = path.rpartition(".")[2] or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        is_copy = isinstance(node.func, ast.Name) and node.func.id == "device_copy"
        if (is_copy or path == "numpy.asarray") and self.names.is_array(node.args[0]):
            told = ast.unparse(node.args[0]), "once, and again where it has changed" if is_copy else "at each call"
            self.copied += [told] if told not in self.copied else []
            return
        helper = node.func.id if isinstance(node.func, ast.Name) else ""
        if helper in CHECKING:
            self.wait(node, f"waits for the device: it checks {CHECKING[helper]}")
            self.launch(loop, 3)
        if path.startswith("numpy.linalg.") and name in SOLVERS:
            self.wait(node, "waits for the device: it checks whether a matrix can be solved for")
        if name in LOOKING:
            self.wait(node, f"waits for the device: CuPy's {name} looks at values")
        if name in SIZED:
            self.wait(node, "waits for the device: the size of its result depends on values")
        if name not in FREE:
            self.launch(loop)

    def conversion(self, node: ast.Call) -> None:
        """Numbers of the host that are made of values on the device."""
        function = node.func
        is_builtin = (
            isinstance(function, ast.Name) and function.id in ON_HOST or self.path(function).startswith("math.")
        )
        if is_builtin and any(self.placement.on_device(arg) for arg in node.args):
            self.wait(node, "waits for the device: it makes a Python number")
        is_method = isinstance(function, ast.Attribute) and function.attr in ("item", "tolist")
        if is_method and self.placement.on_device(function.value):  # type: ignore[attr-defined]
            self.wait(node, "waits for the device: it makes Python numbers")

    def wait(self, node: ast.expr, reason: str) -> None:
        self.waits.setdefault(node.lineno, reason)

    def launch(self, loop: int, count: int = 1) -> None:
        self.counts[loop] = self.counts.get(loop, 0) + count


def _is_identity(node: ast.Compare) -> bool:
    return all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)

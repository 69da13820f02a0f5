"""What a call of emitted code costs on a device: launches, waits for the device, copies between the memories."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vectorizer.backends.base import Backend
from vectorizer.backends.placement import Parameters, Placement
from vectorizer.backends.translate import Names

ON_HOST = frozenset(("all", "any", "bool", "complex", "float", "int", "max", "min", "round", "sorted"))
CHECKING = {
    "in_range": "subscripts, which a device would wrap",
    "search_rows": "whether rows are sorted",
    "solve_each": "whether a matrix can be solved for",
}
SIZED = frozenset(
    (
        "argwhere",
        "compress",
        "extract",
        "flatnonzero",
        "intersect1d",
        "nonzero",
        "setdiff1d",
        "setxor1d",
        "trim_zeros",
        "union1d",
        "unique",
    )
)
SOLVERS = frozenset("cholesky eigh eigvalsh inv lstsq pinv qr solve svd tensorinv tensorsolve".split())
LOOKING = frozenset(
    """bincount choose delete histogram histogram2d histogramdd nanmax nanmin place put ravel_multi_index
    unravel_index""".split()
)
FREE = frozenset(
    """asarray atleast_1d atleast_2d atleast_3d broadcast_to diagonal expand_dims moveaxis ravel reshape real
    rollaxis squeeze swapaxes transpose broadcast_arrays empty empty_like ndim shape size T imag""".split()
)


@dataclass(frozen=True)
class Wait:
    """A line at which the host waits for the device.

    loop: the line of the loop that it stands in; 0 outside of all.
    rarely: it is only done every so many steps.
    """

    reason: str
    loop: int
    rarely: bool = False

    def told(self, line: str) -> str:
        often = "" if not self.loop else " now and then in a loop" if self.rarely else " at each step of a loop"
        return f"`{line.strip()}` waits for the device{often}: {self.reason}"


@dataclass(frozen=True)
class Costs:
    """What `explain` says of a function: pairs of a kind and a reason; and whether it waits at each step of a loop."""

    told: list[tuple[str, str]]
    waits_in_loops: bool = False


def list_costs(text: str, backend: Backend, alias: str, parameters: Parameters, names: Names) -> Costs:
    """What a function costs on a device."""
    if not backend.is_device:
        return Costs([])
    function = ast.parse(text).body[-1]
    assert isinstance(function, ast.FunctionDef)
    found = _Costs(function, alias, parameters, names)
    found.block(function.body, 0)
    costs = [("launches", found.launches())]
    lines = text.split("\n")
    costs += [("waits", wait.told(lines[line - 1])) for line, wait in sorted(found.waits.items())]
    costs += [("copies", f"{name} is a NumPy array: it is copied to the device {when}") for name, when in found.copied]
    return Costs(costs, any(wait.loop and not wait.rarely for wait in found.waits.values()))


class _Costs:
    """One pass over a function."""

    def __init__(self, function: ast.FunctionDef, alias: str, parameters: Parameters, names: Names) -> None:
        self.alias, self.names = alias, names
        self.placement = Placement(function, parameters, self.path, names.is_array)
        self.counts: dict[int, int] = {}  # launches outside of loops, and in the loop at each line
        self.waits: dict[int, Wait] = {}
        self.loop = 0  # the line of the loop that is looked at
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
            self.loop = inner if isinstance(child, ast.stmt) or isinstance(node, ast.While) else loop
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
            self.wait(tested, "it looks at a value", rarely=is_rare(node))

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
            elif isinstance(part, ast.comprehension):
                found += part.ifs
            elif isinstance(part, ast.Compare) and (len(part.ops) > 1 or isinstance(part.ops[0], (ast.In, ast.NotIn))):
                found.append(part)  # a chain is joined by `and`
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
                self.wait(node, "the size of what a mask selects must be known")
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
            self.wait(node, f"it checks {CHECKING[helper]}")
            self.launch(loop, 3)
        if path.startswith("numpy.linalg.") and name in SOLVERS:
            self.wait(node, "it checks whether a matrix can be solved for")
        is_weighted = name == "average" and any(keyword.arg == "weights" for keyword in node.keywords)
        if name in LOOKING or is_weighted:
            self.wait(node, f"CuPy's {name} looks at values")
        if name in SIZED or name == "where" and len(node.args) == 1:
            self.wait(node, "the size of its result depends on values")
        if name not in FREE:
            self.launch(loop)

    def conversion(self, node: ast.Call) -> None:
        """Numbers of the host that are made of values on the device."""
        function = node.func
        is_builtin = (
            isinstance(function, ast.Name) and function.id in ON_HOST or self.path(function).startswith("math.")
        )
        if is_builtin and any(self.placement.on_device(arg) for arg in node.args):
            self.wait(node, "it makes a Python number")
        is_method = isinstance(function, ast.Attribute) and function.attr in ("item", "tolist")
        if is_method and self.placement.on_device(function.value):  # type: ignore[attr-defined]
            self.wait(node, "it makes Python numbers")

    def wait(self, node: ast.expr, reason: str, rarely: bool = False) -> None:
        self.waits.setdefault(node.lineno, Wait(reason, self.loop, rarely))

    def launch(self, loop: int, count: int = 1) -> None:
        self.counts[loop] = self.counts.get(loop, 0) + count


def is_rare(node: ast.expr) -> bool:
    """``step % 16 == 15 and not running.any()``: what is looked at every so many steps."""
    match node:
        case ast.BoolOp(op=ast.And(), values=[ast.Compare(left=ast.BinOp(op=ast.Mod())), *_]):
            return True
    return False


def _is_identity(node: ast.Compare) -> bool:
    return all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)

"""Runs of elementwise operations inside of functions become kernels: one launch, and no arrays in between.

It works on the finished text, before that is translated, with the dtypes that the walk has noted for expressions.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.backends.placement import Placement
from vectorizer.backends.translate import Names
from vectorizer.kernels.collecting import Collected, Collector
from vectorizer.kernels.elementwise import is_elementwise
from vectorizer.kernels.expressions import BINARY, COMPARE, Outside
from vectorizer.kernels.functions import TABLE
from vectorizer.kernels.helpers import Emitted, as_elementwise
from vectorizer.kernels.leaves import Leaves, Parameter
from vectorizer.kernels.numbers import NoKernel
from vectorizer.kernels.runs import Definition, Flow, is_numeric_literal, is_quiet_call, roots_of
from vectorizer.kernels.statements import INDENT, Body
from vectorizer.kernels.user_functions import Kernel
from vectorizer.kernels.written import write_kernel
from vectorizer.rewrite.function import Rewriter
from vectorizer.rewrite.translating import read_surroundings
from vectorizer.values import MISSING, Unsupported

FEWEST_FUSED = 2  # operations that are worth a kernel
MARK = re.compile(r"kernel__\d+__")
DELAYED = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp)


def fuse(walker: Rewriter, text: str) -> str:
    """A function's text with its runs of elementwise operations as calls of kernels, which join the helpers."""
    text = without_inexact_updates(walker, text)
    tree: Any = ast.parse(text).body[-1]
    if any(isinstance(node, (ast.NamedExpr, ast.Global, ast.Nonlocal, ast.FunctionDef)) for node in inner_nodes(tree)):
        return text
    fusion = Fusion(walker, text, tree)
    made = as_elementwise(text, tree, fusion.outside) if walker.function.finish is None else None
    walker.shared.elementwise.pop(tree.name, None)
    if made is not None:
        walker.shared.elementwise[tree.name] = made
    return fusion.run()


def without_inexact_updates(walker: Rewriter, text: str) -> str:
    """``x %= y`` of floats as ``x[...] = x % y``, for which there can be a kernel: a device rounds otherwise."""
    tree: Any = ast.parse(text).body[-1]
    found = [node for node in ast.walk(tree) if isinstance(node, ast.AugAssign) and is_division(node, None)]
    if not found:
        return text
    names, parameters = read_surroundings(walker, text)
    placement = Placement(tree, parameters, names.path, names.is_array)
    lines = text.split("\n")
    for node in sorted(found, key=lambda node: node.lineno, reverse=True):
        target, value = ast.unparse(node.target), ast.unparse(node.value)
        integers = all(value.kind in "iub" for value in walker.given.get(target, ()))
        if placement.on_device(node.target) and not (integers and target in walker.given):
            place = f"{target}[...]" if isinstance(node.target, ast.Name) else target
            symbol = "//" if isinstance(node.op, ast.FloorDiv) else "%"
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            behind = lines[last].encode()[node.end_col_offset :].decode()
            before = lines[first].encode()[: node.col_offset].decode()
            lines[first : last + 1] = [f"{before}{place} = {target} {symbol} ({value}){behind}"]
    return "\n".join(lines)


def inner_nodes(tree: ast.AST) -> Iterable[ast.AST]:
    return (node for node in ast.walk(tree) if node is not tree)


class Libraries(Outside):
    """The names of a run: NumPy's functions and constants, and helpers; all others are its parameters."""

    def __init__(self, names: Names, helpers: Mapping[str, Emitted]) -> None:
        self.names, self.helpers = names, helpers

    def constant(self, name: str) -> Any:
        return MISSING

    def found(self, node: ast.expr) -> Any:
        path = self.names.path(node)
        if path:
            root, *parts = path.split(".")
            found: Any = importlib.import_module(root)
            for part in parts:
                found = getattr(found, part, None)
            return found
        if not isinstance(node, ast.Name) or node.id in self.names.local:
            return None
        return self.helpers.get(node.id) or getattr(builtins, node.id, None)


@dataclass(frozen=True)
class Made:
    """A kernel that was made.

    mark: what stands for its name as long as it has none.
    count: of its operations.
    """

    mark: str
    name: str
    text: str
    count: int
    is_mask: bool


class Fusion:
    """One function."""

    def __init__(self, walker: Rewriter, text: str, tree: Any) -> None:
        self.walker, self.function = walker, tree
        self.source = text.encode()
        names, parameters = read_surroundings(walker, text)
        self.placement = Placement(tree, parameters, names.path, names.is_array)
        self.outside = Libraries(names, dict(walker.shared.elementwise))
        self.leaves = Leaves(walker.given, walker.ndims, self.placement, self.outside, tree)
        self.flow = Flow(tree, lambda call: is_quiet_call(call, names.path))
        self.collector = Collector(
            self.flow, self.leaves, lambda node: self.weight(node) if self.is_operation(node) else 0, self.may_fold,
            self.is_inline, parts_of,
        )  # fmt: skip
        self.folded: set[int] = set()  # ids of statements that have gone into kernels
        self.edits: list[tuple[int, int, str]] = []
        self.kernels: list[Made] = []
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def run(self) -> str:
        statements = [statement for block in self.flow.blocks for statement in block]
        for statement in sorted(statements, key=lambda s: s.lineno, reverse=True):
            if id(statement) in self.folded:
                self.remove(statement)
                continue
            for root in roots_of(statement):
                start, end = self.span(root)
                code = self.code(root, statement, not isinstance(statement, ast.While))
                if code != self.source[start:end].decode():
                    self.edits.append((start, end, code))
        source = self.source
        for start, end, code in sorted(self.edits, reverse=True):
            source = source[:start] + code.encode() + source[end:]
        return self.with_kernels(source.decode())

    def with_kernels(self, text: str) -> str:
        """The function's text with the kernels' names, which are given in its order; the kernels join the helpers."""
        walker, names = self.walker, dict[str, str]()
        found = {made.mark: made for made in self.kernels}
        for mark in dict.fromkeys(match[0] for match in MARK.finditer(text)):
            made = found[mark]
            name = names[made.mark] = walker.fresh(f"{made.name}_kernel")
            walker.shared.taken.add(name)
            walker.shared.helper_sources.append(made.text.replace(made.mark, name))
            walker.change("fused", f"{made.count} elementwise operations are one kernel, {name}")
            walker.kernels[name] = made.is_mask
        return MARK.sub(lambda match: names[match[0]], text)

    # --- text --------------------------------------------------------------------------------------------------------

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        first = self.starts[node.lineno - 1] + node.col_offset
        return first, self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def plain(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def code(self, node: ast.expr, statement: ast.stmt, may_fold: bool) -> str:
        """The text of an expression, with calls of kernels in it."""
        if self.is_operation(node):
            made = self.kernel_call(node, statement, may_fold)
            if made is not None:
                return made
        start, end = self.span(node)
        may_fold = may_fold and not isinstance(node, DELAYED)
        inner = [(*self.span(part), self.code(part, statement, may_fold)) for part in parts_of(node)]
        return self.spliced(start, end, inner)

    def spliced(self, start: int, end: int, edits: list[tuple[int, int, str]]) -> str:
        pieces, at = [], start
        for first, last, code in sorted(edits):
            pieces += [self.source[at:first].decode(), code]
            at = last
        return "".join([*pieces, self.source[at:end].decode()])

    def comments_above(self, statement: ast.stmt) -> int:
        """The first of the comment lines directly above a statement."""
        line = statement.lineno
        while line > 1 and self.line(line - 1).strip().startswith("#"):
            line -= 1
        return line

    def line(self, number: int) -> str:
        return self.source[self.starts[number - 1] : self.starts[number]].decode().rstrip("\n")

    def remove(self, statement: ast.stmt) -> None:
        """A statement with its comments leaves the function."""
        last = statement.end_lineno or statement.lineno
        self.edits.append((self.starts[self.comments_above(statement) - 1], self.starts[last], ""))

    def stands_alone(self, statement: ast.stmt) -> bool:
        """Whether nothing but a comment shares the lines of a statement."""
        last = statement.end_lineno or statement.lineno
        behind = self.source[self.span(statement)[1] : self.starts[last]].decode().strip()
        before = self.source[self.starts[statement.lineno - 1] : self.span(statement)[0]].decode().strip()
        return not before and (not behind or behind.startswith("#"))

    # --- runs --------------------------------------------------------------------------------------------------------

    def is_operation(self, node: ast.expr) -> bool:
        """Whether an expression is an elementwise operation on the device that kernels have."""
        match node:
            case ast.BinOp(op=op):
                known = type(op) in BINARY
            case ast.UnaryOp(op=op):
                known = not isinstance(op, ast.Not) and not is_numeric_literal(node)
            case ast.Compare(ops=[op]):
                known = type(op) in COMPARE
            case ast.Call(func=function, args=args, keywords=[]):
                found = self.outside.found(function)
                plain = not any(isinstance(arg, ast.Starred) for arg in args)
                known = plain and (isinstance(found, Emitted) or is_elementwise(found) and found in TABLE)
            case _:
                return False
        return known and self.placement.on_device(node)

    def kernel_call(self, root: ast.expr, statement: ast.stmt, may_fold: bool) -> str | None:
        """The call that stands for a run; None where there is none, or no kernel can be made of it."""
        for folding in (True, False) if may_fold else (False,):
            parts = self.collector.collect(root, statement, folding)
            if parts.count < FEWEST_FUSED:
                return None
            try:
                return self.made(root, statement, parts)
            except (NoKernel, Unsupported):
                if not parts.folded:
                    return None
        return None

    def weight(self, node: ast.expr) -> int:
        """How many operations stand behind one; a helper has some of its own."""
        found = self.outside.found(node.func) if isinstance(node, ast.Call) else None
        if isinstance(found, Emitted):
            return found.operations
        dtype = self.leaves.noted_dtype(node)
        differs = is_division(node, found) and (isinstance(node, ast.Call) or dtype is None or dtype.kind == "f")
        return FEWEST_FUSED if differs else 1  # the device's own function rounds otherwise

    def may_fold(self, found: Definition, statement: ast.stmt) -> bool:
        return (
            self.is_operation(found.statement.value)
            and self.flow.may_move(found, statement)
            and self.stands_alone(found.statement)
        )

    def is_inline(self, node: ast.expr) -> bool:
        """Whether an expression is a number that is written out in the kernel."""
        if is_numeric_literal(node):
            return True
        return isinstance(node, ast.Attribute) and type(self.outside.found(node)) in (float, int, complex)

    # --- kernels -----------------------------------------------------------------------------------------------------

    def made(self, root: ast.expr, statement: ast.stmt, parts: Collected) -> str:
        """The call of a kernel that is made here."""
        walker = self.walker
        local = {found.name for found in parts.folded}
        leaves = sorted(parts.leaves, key=self.span)
        coded = [(leaf, self.plain(leaf) + parts.subscripts.get(id(leaf), "")) for leaf in leaves]
        parameters, names = self.leaves.parameters(coded, local)
        name = f"{self.function.name}_{named_after(statement, root)}"
        text = self.function_text(name, root, parts, parameters, names)
        node: Any = ast.parse(text).body[0]
        kernel = Kernel(walker.shared)
        body = kernel.compile(
            inner := kernel.free(name), node, text, {p.name: p.value for p in parameters}, self.outside
        )
        value = self.checked(root, body)
        args = [self.argument(p.leaf, statement, parts) for p in parameters]
        mark = f"kernel__{len(self.kernels)}__"
        alias = walker.module(walker.shared.backend.module, walker.shared.backend.alias)
        text = write_kernel(mark, inner, kernel, body, alias)
        self.kernels.append(Made(mark, name, text, parts.count, value == np.dtype(bool)))
        self.folded |= {id(found.statement) for found in parts.folded}
        return f"{mark}({', '.join(args)})"

    def argument(self, leaf: ast.expr, statement: ast.stmt, parts: Collected) -> str:
        """What a kernel is given for a leaf."""
        code, subscript = (
            self.code(leaf, statement, not isinstance(statement, ast.While)),
            parts.subscripts.get(id(leaf)),
        )
        if not subscript:
            return code
        is_primary = isinstance(leaf, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
        return f"{code if is_primary else f'({code})'}{subscript}"

    def checked(self, root: ast.expr, body: Body) -> Any:
        """The dtype that a kernel gives, which must be the one that the walk has found."""
        if body.may_be_bad or len(body.result) != 1:
            raise NoKernel("it would have to note that Python raises")
        dtype, noted = body.result[0].dtype, self.leaves.noted_dtype(root)
        if noted is None and self.leaves.is_unsure:
            raise NoKernel("something may be a Python number or an array")
        if noted is not None and noted != dtype:
            raise NoKernel(f"its dtype is {noted} and not {dtype}")
        return dtype

    def function_text(
        self, name: str, root: ast.expr, parts: Collected, parameters: list[Parameter], names: dict[int, str]
    ) -> str:
        """The run as a function of its parameters, with the comments of what it takes in."""
        lines = [f"def {name}({', '.join(p.name for p in parameters)}):"]
        views = {id(view.node) for view in parts.views}
        for found in parts.folded:
            first, last = self.comments_above(found.statement), found.statement.end_lineno or 0
            lines += [INDENT + self.line(number).strip() for number in range(first, found.statement.lineno)]
            behind = self.source[self.span(found.statement)[1] : self.starts[last]].decode().strip()
            value = self.with_names(found.statement.value, names, views)
            lines.append(f"{INDENT}{found.name} = ({value})  {behind}".rstrip())
        return "\n".join([*lines, f"{INDENT}return ({self.with_names(root, names, views)})", ""])

    def with_names(self, node: ast.expr, names: dict[int, str], views: set[int]) -> str:
        """The text of a part of a run, with its parameters' names in place of the leaves, which have the new axes."""
        start, end = self.span(node)
        edits: list[tuple[int, int, str]] = []
        open_: list[ast.AST] = [node]
        while open_:
            part = open_.pop()
            if id(part) in names:
                edits.append((*self.span(part), names[id(part)]))  # type: ignore[arg-type]
            elif id(part) in views and isinstance(part, ast.Subscript):
                first, last = self.span(part.value)[1], self.span(part)[1]
                closing, _, _ = self.source[first:last].decode().partition("[")
                edits.append((first, last, closing))
                open_.append(part.value)
            else:
                open_ += ast.iter_child_nodes(part)
        return self.spliced(start, end, edits)


def is_division(node: ast.expr | ast.AugAssign, function: Any) -> bool:
    """``a // b``, ``a % b``, or a call of NumPy's functions of these names."""
    is_operator = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.FloorDiv, ast.Mod))
    return is_operator or any(function is known for known in (np.floor_divide, np.remainder))


def parts_of(node: ast.AST) -> list[ast.expr]:
    """The expressions directly below a node; for an operation, its operands."""
    found: list[ast.expr] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            is_function = isinstance(node, ast.Call) and child is node.func and not isinstance(child, ast.Attribute)
            if not is_function:
                found.append(child)
        elif not isinstance(child, (ast.operator, ast.cmpop, ast.unaryop, ast.boolop, ast.expr_context)):
            found += parts_of(child)
    if isinstance(node, ast.Call) and found and found[0] is node.func and not _holds_value(node.func):
        found = found[1:]
    return found


def _holds_value(function: ast.expr) -> bool:
    """Whether the function of a call is the method of an expression, which may hold a run."""
    return isinstance(function, ast.Attribute) and not re.fullmatch(r"[\w.]+", ast.unparse(function))


def named_after(statement: ast.stmt, root: ast.expr) -> str:
    """What a kernel is called: after the variable that it gives."""
    is_whole = root in roots_of(statement)
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)):
            return name if is_whole else f"{name}_part"
        case ast.Return():
            return "result" if is_whole else "part"
    return "part"

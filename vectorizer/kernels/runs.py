"""Runs of elementwise operations: which operations of a function's text one kernel can compute.

A run is an expression, with the variables that only it reads: they need no arrays of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

STORING = frozenset(
    "at copyto fill fill_diagonal partition place put put_along_axis putmask resize shuffle sort".split()
)
Block = list[ast.stmt]


@dataclass
class Definition:
    """``name = value``, and where the value is read.

    reads: the names that read this value and no other; None where that cannot be told.
    """

    statement: ast.Assign
    name: str
    block: Block
    position: int
    reads: set[ast.Name] | None


@dataclass
class Run:
    """An expression and the definitions that are computed with it, in their order."""

    root: ast.expr
    statement: ast.stmt
    folded: list[Definition] = field(default_factory=list)


class Flow:
    """Which definition each name in a function reads.

    is_quiet: whether a call writes to none of the arrays that the function sees.
    """

    def __init__(self, function: ast.FunctionDef, is_quiet: Callable[[ast.Call], bool]) -> None:
        self.function, self.is_quiet = function, is_quiet
        self.reads: dict[str, list[ast.Name]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self.reads.setdefault(node.id, []).append(node)
        self.blocks: list[Block] = []
        self.definitions: dict[int, Definition] = {}  # by the id of the name that reads it
        self._visit(function.body, False)

    def _visit(self, block: Block, in_loop: bool) -> None:
        self.blocks.append(block)
        for position, statement in enumerate(block):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)]):
                    reads = self._reads_of(name, block, position, in_loop)
                    found = Definition(statement, name, block, position, reads)
                    self.definitions |= {id(read): found for read in reads or ()}
            for inner in blocks_in(statement):
                self._visit(inner, in_loop or isinstance(statement, (ast.For, ast.While)))

    def _reads_of(self, name: str, block: Block, position: int, in_loop: bool) -> set[ast.Name] | None:
        """The names that read what ``block[position]`` assigns; None where others may, or these may read another."""
        span: list[ast.stmt] = []
        is_closed = False
        for statement in block[position + 1 :]:
            span.append(statement)
            if name in stored_names(statement):
                if isinstance(statement, ast.AugAssign) or blocks_in(statement):
                    return None
                is_closed = True
                break
        inside = {node for statement in span for node in names_read(statement) if node.id == name}
        others = [node for node in self.reads.get(name, ()) if node not in inside]
        last = block[-1].end_lineno or 0
        if not is_closed and any(in_loop or node.lineno > last for node in others):
            return None
        return inside

    def may_move(self, found: Definition, to: ast.stmt) -> bool:
        """Whether what is assigned may be computed in a later statement of its block instead."""
        if to not in found.block:
            return False
        between = found.block[found.position + 1 : found.block.index(to)]
        read = {node.id for node in names_read(found.statement)}
        return all(self.is_plain(s) and not read & stored_names(s) for s in between)

    def is_plain(self, statement: ast.stmt) -> bool:
        """Whether a statement sets variables and does nothing else."""
        if not isinstance(statement, ast.Assign):
            return False
        targets = [inner for target in statement.targets for inner in getattr(target, "elts", [target])]
        calls = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
        return all(isinstance(target, ast.Name) for target in targets) and all(map(self.is_quiet, calls))


def blocks_in(statement: ast.stmt) -> list[Block]:
    """The blocks of a compound statement."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return []
    found = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
    found += [handler.body for handler in getattr(statement, "handlers", [])]
    return [block for block in found if block]


def names_read(node: ast.AST) -> Iterator[ast.Name]:
    return (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def stored_names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def roots_of(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement itself, without those of its blocks."""
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Expr(value=value) | ast.For(iter=value):
            return [value]
        case ast.AnnAssign(value=ast.expr() as value) | ast.Return(value=ast.expr() as value):
            return [value]
        case ast.If(test=test) | ast.While(test=test):
            return [test]
    return []


def is_numeric_literal(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bool() | int() | float() | complex()):
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return True
    return False


def is_quiet_call(node: ast.Call, path: Callable[[ast.expr], str]) -> bool:
    """Whether a call is known to write into none of its arguments."""
    if any(keyword.arg in ("out", None) for keyword in node.keywords):
        return False
    name = path(node.func)
    if name:
        return name.rpartition(".")[2] not in STORING
    function = node.func
    return isinstance(function, ast.Attribute) and hasattr(np.ndarray, function.attr) and function.attr not in STORING

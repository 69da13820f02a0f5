"""Variables that a loop sets to arithmetic of what they were: in their own memory, step by step.

``y = y * x + c[k]`` becomes ``y *= x`` and ``y += c[k]``, where nothing else can see the memory of `y`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

import numpy as np

from vectorizer.rewrite.dead_code import walk
from vectorizer.source.statement_syntax import kind_of, segment, syntax
from vectorizer.source.statements import Stmt

MOST_STEPS = 3
SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
COMMUTING = (ast.Add, ast.Mult)
FACTS = {"shape", "size", "ndim", "dtype"}
MAKERS = {"zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like", "where"}


def renew(statements: list[Stmt], parameters: Collection[str]) -> None:
    """Writes updates of variables in loops in place, wherever all uses of the variable are seen to allow it."""
    renewed = {s.target for s in walk(statements) if s.renews and s.target is not None} - set(parameters)
    if not renewed or any(kind_of(s.text) in ("def", "try") or syntax(s).kind == "?" for s in walk(statements)):
        return
    for name in sorted(renewed):
        if all(_is_private(s, name) for s in walk(statements)):
            _update(statements, name)


def _update(block: list[Stmt], name: str) -> None:
    for k in reversed(range(len(block))):
        statement = block[k]
        _update(statement.body or [], name)
        if statement.renews and statement.target == name and (made := _steps_of(statement, name)):
            steps = [Stmt(text, line=statement.line) for text in made]
            steps[0].leading = statement.leading
            steps[-1].trailing, steps[-1].after = statement.trailing, statement.after
            block[k : k + 1] = steps


def _steps_of(statement: Stmt, name: str) -> list[str]:
    """The augmented assignments that an assignment is; none where it is none."""
    node = syntax(statement).node
    if not isinstance(node, ast.Assign):
        return []
    uses = [n for n in ast.walk(node.value) if isinstance(n, ast.Name) and n.id == name]
    found = _chain(node.value, name) if len(uses) == 1 else None
    if not found or len(found) > MOST_STEPS:
        return []
    return [f"{name} {SYMBOLS[type(op)]}= {segment(statement.text, other)}" for op, other in found]


def _chain(node: ast.expr, name: str) -> list[tuple[ast.operator, ast.expr]] | None:
    """Operators and operands that are applied to a variable, the first one first; None where it is something else."""
    if isinstance(node, ast.Name) and node.id == name:
        return []
    if not isinstance(node, ast.BinOp) or type(node.op) not in SYMBOLS:
        return None
    sides = [(node.left, node.right)]
    if isinstance(node.op, COMMUTING):
        sides.append((node.right, node.left))
    for inner, other in sides:
        before = _chain(inner, name)
        if before is not None:
            return [*before, (node.op, other)]
    return None


# --- who sees it ------------------------------------------------------------------------------------------------------


def _is_private(statement: Stmt, name: str) -> bool:
    """Whether a statement leaves no other way to the memory of a variable than its name."""
    node = syntax(statement).node
    if node is None:
        return True
    parents = {child: parent for parent in ast.walk(node) for child in ast.iter_child_nodes(parent)}
    found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
    return all(_is_read(n, parents) if isinstance(n.ctx, ast.Load) else _is_set(n, parents[n]) for n in found)


def _is_set(name: ast.Name, parent: ast.AST) -> bool:
    """Whether a variable is set to memory of its own."""
    match parent:
        case ast.AugAssign():
            return True
        case ast.Assign(targets=[target], value=value):
            return target is name and _is_made(value)
    return False


def _is_made(value: ast.expr) -> bool:
    """Whether an expression makes a new array, or a number."""
    match value:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Constant():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=function)) if module in ("np", "numpy"):
            return (function in MAKERS or _is_ufunc(function)) and not any(k.arg == "out" for k in value.keywords)
        case ast.Call(func=ast.Attribute(attr=method), args=[], keywords=[]):
            return method == "copy"
    return False


def _is_ufunc(name: str) -> bool:
    return isinstance(getattr(np, name, None), np.ufunc)


def _is_read(name: ast.Name, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a variable is read here without another name, or an item of something, being left for its memory."""
    parent = parents[name]
    if isinstance(parent, ast.Subscript) and parent.value is name:
        return isinstance(parents[parent], (ast.BinOp, ast.UnaryOp, ast.Compare))
    match parent:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Return() | ast.AugAssign():
            return True
        case ast.Tuple():
            return isinstance(parents[parent], ast.Return)
        case ast.Attribute(attr=attribute):
            return attribute in FACTS
        case ast.Assign(targets=targets):
            return all(_is_copied_to(target) for target in targets)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=function), args=args):
            return name in args and (function == "where" or _is_ufunc(function))
    return False


def _is_copied_to(target: ast.expr) -> bool:
    """Whether a target is a part of an array, and no item of a list."""
    match target:
        case ast.Subscript(slice=ast.Tuple() | ast.Slice()):
            return True
    return False

"""What is read off a function's text before it becomes a kernel: counters and comments."""

from __future__ import annotations

import ast
import io
import tokenize


def find_counters(node: ast.FunctionDef) -> set[str]:
    """Variables that are only set to small integers, and to themselves plus or minus one."""
    found: dict[str, bool] = {}
    for part in ast.walk(node):
        for target, value in _bindings(part):
            if isinstance(target, ast.Name):
                found[target.id] = found.get(target.id, True) and _is_step(value, target.id)
    return {name for name, counts in found.items() if counts}


def _bindings(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Targets and what they are set to; a target that is set to itself may be anything."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            return list(zip(targets, values, strict=False))
        case ast.Assign(targets=targets, value=value):
            return [(inner, value) for target in targets for inner in getattr(target, "elts", [target])]
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
            return [(target, value)]
        case ast.For(target=target):
            return [(part, part) for part in ast.walk(target) if isinstance(part, ast.Name)]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return [(target, target)]
    return []


def _is_step(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Constant(value=int(value)) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return abs(value) < 2**31
        case ast.BinOp(left=ast.Name(id=left), op=ast.Add() | ast.Sub(), right=ast.Constant(value=int(value))):
            return left == name and abs(value) < 2**31
    return False


class Comments:
    """The comments of a function, as C++ has them."""

    def __init__(self, text: str) -> None:
        self.own: dict[int, str] = {}
        self.trailing: dict[int, str] = {}
        lines = text.splitlines()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                is_own = not lines[line - 1][:column].strip()
                if "\\" not in token.string and '"""' not in token.string:  # it will stand in a string
                    (self.own if is_own else self.trailing)[line] = f"// {token.string.lstrip('#').strip()}"

    def pop_before(self, line: int) -> list[str]:
        found = [k for k in sorted(self.own) if k < line]
        return [self.own.pop(k) for k in found]

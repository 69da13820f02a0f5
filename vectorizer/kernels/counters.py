"""What is read off a function's text before it becomes a kernel: counters and comments."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Set


def find_counters(node: ast.FunctionDef) -> set[str]:
    """Variables that never get too large for an integer of 64 bits.

    They are only set to small integers, to lengths, and to each other plus or minus a small integer: however often that
    is done, it would take years.
    """
    bindings = [pair for part in ast.walk(node) for pair in _bindings(part)]
    found = {target.id for target, _ in bindings if isinstance(target, ast.Name)}
    while True:
        wrong = {t.id for t, value in bindings if isinstance(t, ast.Name) and not _is_step(value, found)}
        if not wrong & found:
            return found
        found -= wrong


def _bindings(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Targets and what they are set to; a target that is set to itself may be anything."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            return list(zip(targets, values, strict=False))
        case ast.Assign(targets=targets, value=value):
            return [(inner, value) for target in targets for inner in getattr(target, "elts", [target])]
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub() as op, value=value):
            return [(target, ast.BinOp(target, op, value))]
        case ast.For(target=ast.Name() as target, iter=ast.Call(func=ast.Name(id="range"), args=args)) if args:
            return [(target, first_of_range(args))]
        case ast.For(target=target):
            return [(part, ANYTHING) for part in ast.walk(target) if isinstance(part, ast.Name)]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return [(target, ANYTHING)]
    return []


ANYTHING = ast.Constant(None)


def first_of_range(args: list[ast.expr]) -> ast.expr:
    """Where a range begins, from which it goes by small steps."""
    is_small = len(args) < 3 or _is_small_number(args[2])
    return ANYTHING if not is_small else ast.Constant(0) if len(args) == 1 else args[0]


def _is_small_number(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int(value)) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return abs(value) < 2**31
    return False


def is_length(node: ast.expr) -> bool:
    """``len(x)`` or ``x.shape[0]``."""
    match node:
        case ast.Call(func=ast.Name(id="len")) | ast.Attribute(attr="size"):
            return True
        case ast.Subscript(value=ast.Attribute(attr="shape")):
            return True
    return False


def _is_step(node: ast.expr, counters: Set[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in counters
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _is_step(left, counters) and _is_small_number(right)
    return _is_small_number(node) or is_length(node)


def stays_small(node: ast.expr, counters: Set[str]) -> bool:
    """Whether an expression adds and subtracts counters, lengths and small integers, and nothing else."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return stays_small(left, counters) and stays_small(right, counters)
    return _is_step(node, counters)


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

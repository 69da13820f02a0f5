"""Where control may leave a block: read off the syntax."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

import libcst as cst

from vectorizer.rewrite.names import children_of, statements_of

JUMPS = (cst.Break, cst.Continue, cst.Return)


def has_jump(nodes: Sequence[cst.CSTNode], kinds: tuple[type, ...]) -> bool:
    """Whether a statement of `kinds` occurs (for break and continue: one that belongs to the surrounding loop)."""
    return any(_jumps(node, kinds, False) for node in nodes)


@lru_cache(maxsize=4096)  # asked for again and again, and nodes do not change
def _jumps(node: cst.CSTNode, kinds: tuple[type, ...], inner: bool) -> bool:
    """inner: whether a loop has been entered on the way, to which `break` and `continue` belong."""
    if isinstance(node, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
        return False
    if isinstance(node, kinds) and not (inner and isinstance(node, (cst.Break, cst.Continue))):
        return True
    if isinstance(node, cst.BaseExpression):
        return False
    deeper = inner or isinstance(node, (cst.For, cst.While))
    return any(_jumps(child, kinds, deeper) for child in children_of(node))


def ends(statements: Sequence[Any]) -> bool:
    """Whether control never leaves a block at its end."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, cst.SimpleStatementLine):
        return isinstance(last.body[-1], (cst.Return, cst.Raise, cst.Break, cst.Continue))
    if isinstance(last, cst.If) and last.orelse is not None:
        return ends(statements_of(last.body)) and ends(else_statements(last))
    return is_endless(last)


def is_endless(node: cst.CSTNode) -> bool:
    """Whether a loop is left by a `return` or an exception only: ``while True`` without `break`."""
    if not isinstance(node, cst.While) or not isinstance(node.test, cst.Name | cst.Integer):
        return False
    return node.test.value in ("True", "1") and not has_jump([node.body], (cst.Break,))


def else_statements(node: cst.If) -> Sequence[Any]:
    """The statements of an `else`; an `elif` is an `if` inside of it."""
    if node.orelse is None:
        return []
    return [node.orelse] if isinstance(node.orelse, cst.If) else statements_of(node.orelse.body)


def only_raises(body: Sequence[Any]) -> bool:
    """Whether a block does nothing but prepare an exception and raise it."""
    if not body or not isinstance(body[-1], cst.SimpleStatementLine) or not isinstance(body[-1].body[-1], cst.Raise):
        return False
    return not has_jump(body, JUMPS)


def lone_jump(body: Sequence[Any]) -> cst.Break | cst.Continue | None:
    """The `break` or `continue` that stands alone on the last line of a block."""
    if not body or not isinstance(body[-1], cst.SimpleStatementLine) or len(body[-1].body) != 1:
        return None
    last = body[-1].body[0]
    return last if isinstance(last, (cst.Break, cst.Continue)) else None


def returns_at_end(body: Sequence[Any]) -> bool:
    """Whether a `return` stands alone on the last line of a block."""
    last = body[-1] if body else None
    return isinstance(last, cst.SimpleStatementLine) and len(last.body) == 1 and isinstance(last.body[0], cst.Return)


def conjuncts(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The operands of ``a and b and c``, in order."""
    if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.And):
        return [*conjuncts(node.left), *conjuncts(node.right)]
    return [node]


@lru_cache(maxsize=256)  # plans find nodes again by their identity
def nested_if(node: cst.If, count: int) -> cst.If:
    """``if a and b: ...`` as ``if a: if b: ...``, where `a` is the first `count` operands."""
    parts = conjuncts(node.test)
    sides = parts[:count], parts[count:]
    outer, inner = (reduce(lambda a, b: cst.BooleanOperation(a, cst.And(), b), side) for side in sides)
    branch = cst.If(inner, node.body)
    return node.with_changes(test=outer, body=cst.IndentedBlock([branch]))

"""``if c: ...; continue`` in a loop as ``if not c:`` around what follows: there is one jump less to rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import libcst as cst

from vectorizer.rewrite.control_flow import JUMPS, else_statements, has_jump, lone_jump
from vectorizer.rewrite.names import statements_of

Loop = TypeVar("Loop", cst.For, cst.While)


def without_continue(loop: Loop) -> Loop:
    """A loop without the `continue`s that end a branch of its body; the loop itself where it has none.

    It is the same node whenever a loop is the same, so that plans find it again.
    """
    body = _body_without(loop.body)
    return loop if body is loop.body else _with_body(loop, body)


@lru_cache(maxsize=256)
def _with_body(loop: Loop, body: cst.IndentedBlock) -> Loop:
    return loop.with_changes(body=body)


@lru_cache(maxsize=256)
def _body_without(body: cst.BaseSuite) -> cst.BaseSuite:
    if not has_jump([body], (cst.Continue,)):
        return body
    found = _structured(list(statements_of(body)))
    if found is None:
        return body
    return body.with_changes(body=found) if isinstance(body, cst.IndentedBlock) else cst.IndentedBlock(found)


def _structured(body: Sequence[Any]) -> list[Any] | None:
    """The statements of a loop's body; None where they stay as they are."""
    for position, statement in enumerate(body):
        if not isinstance(statement, cst.If) or not has_jump([statement], (cst.Continue,)):
            continue
        first, rest = list(statements_of(statement.body)), list(body[position + 1 :])
        before, orelse = first[:-1], list(else_statements(statement))
        if not isinstance(lone_jump(first), cst.Continue) or has_jump([*before, *orelse], JUMPS):
            continue
        rest = _structured(rest) or rest
        if not before and not orelse and not rest:  # nothing but a condition, which may raise
            return None
        block = _with_comment(statement.body, first[-1])
        return [*body[:position], _branches(statement, block, before, [*orelse, *rest])]
    return None


def _branches(node: cst.If, block: cst.IndentedBlock, first: list[Any], second: list[Any]) -> cst.If:
    """An `if` with other branches, of which one may be empty."""
    if first:
        orelse = cst.Else(cst.IndentedBlock(second)) if second else None
        return node.with_changes(body=block.with_changes(body=first), orelse=orelse)
    return node.with_changes(test=_negated(node.test), body=block.with_changes(body=second), orelse=None)


def _with_comment(body: cst.BaseSuite, jump: cst.SimpleStatementLine) -> cst.IndentedBlock:
    """The block of an `if`, whose head gets the comment of its last line."""
    block = body if isinstance(body, cst.IndentedBlock) else cst.IndentedBlock([])
    has_comment = block.header.comment is not None or jump.trailing_whitespace.comment is None
    return block if has_comment else block.with_changes(header=jump.trailing_whitespace)


def _negated(test: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return test.expression
    if isinstance(test, (cst.BooleanOperation, cst.IfExp, cst.Lambda, cst.NamedExpr)) and not test.lpar:
        test = test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return cst.UnaryOperation(cst.Not(), test)

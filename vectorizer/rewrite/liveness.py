"""Which variables may still be read behind a loop, as far as the syntax tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from vectorizer.rewrite.control_flow import else_statements, has_jump
from vectorizer.rewrite.loop_syntax import names_flow, target_names
from vectorizer.rewrite.names import names_read, nodes_of, statements_of

Loop = cst.For | cst.While


def live_behind(function: cst.FunctionDef, loop: Loop) -> set[str]:
    """Names that may be read behind a loop before they are set again; all where the loop is not found."""
    found = _behind(statements_of(function.body), loop, set(), set())
    if found is None:
        return names_read(function)
    inner = [n for n in nodes_of(function.body) if isinstance(n, (cst.FunctionDef, cst.Lambda))]
    return found.union(*(names_read(n) for n in inner))  # they read when they are called


def live_at_head(function: cst.FunctionDef, loop: Loop) -> set[str]:
    """Names that may be read from the head of a loop on before they are set again."""
    return _at_head(loop, live_behind(function, loop))


def _at_head(loop: Loop, behind: set[str]) -> set[str]:
    reads = names_read(loop.test) if isinstance(loop, cst.While) else set()
    if loop.orelse is not None:
        reads |= names_read(loop.orelse)
    reads |= behind
    targets = target_names(loop.target) if isinstance(loop, cst.For) else set[str]()
    return reads | (_before(statements_of(loop.body), reads, reads) - targets)


def _before(statements: Sequence[Any], after: set[str], jumps: set[str]) -> set[str]:
    """Names that are live in front of statements.

    after: those behind them.
    jumps: those where a `break` or `continue` in them leads.
    """
    live = after
    for statement in reversed(statements):
        reads, done = names_flow(statement)
        live = reads | (live - done)
        if has_jump([statement], (cst.Break, cst.Continue)):
            live = live | jumps
    return live


def _behind(statements: Sequence[Any], loop: Loop, after: set[str], jumps: set[str]) -> set[str] | None:
    """Names that are live behind a loop somewhere in statements; None where it is not found."""
    for position, statement in enumerate(statements):
        live = _before(statements[position + 1 :], after, jumps)
        if statement is loop:
            return live if loop.orelse is None else live | names_read(loop.orelse)
        found = None
        if isinstance(statement, cst.If):
            for block in (statements_of(statement.body), else_statements(statement)):
                found = _behind(block, loop, live, jumps) if found is None else found
        elif isinstance(statement, (cst.For, cst.While)):
            head = _at_head(statement, live)
            found = _behind(statements_of(statement.body), loop, head, head)
        if found is not None:
            return found
    return None

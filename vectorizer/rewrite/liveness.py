"""Which variables may still be read behind a loop, as far as the syntax tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
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
    return found | _read_when_called(function)


@lru_cache(maxsize=64)
def _read_when_called(function: cst.FunctionDef) -> frozenset[str]:
    """Names that the functions inside of a function read."""
    inner = [n for n in nodes_of(function.body) if isinstance(n, (cst.FunctionDef, cst.Lambda))]
    return frozenset(name for node in inner for name in names_read(node))


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
        live = _in_front(statement, live, jumps)
    return live


def _in_front(statement: cst.CSTNode, live: set[str], jumps: set[str]) -> set[str]:
    """Names that are live in front of a statement, if those of `live` are behind it."""
    reads, done = names_flow(statement)
    live = (live - done) | reads
    return live | jumps if has_jump([statement], (cst.Break, cst.Continue)) else live


def _behind(statements: Sequence[Any], loop: Loop, after: set[str], jumps: set[str]) -> set[str] | None:
    """Names that are live behind a loop somewhere in statements; None where it is not found."""
    live = after
    for statement in reversed(statements):
        if statement is loop:
            return live if loop.orelse is None else live | names_read(loop.orelse)
        if _holds(statement, loop):
            if isinstance(statement, (cst.For, cst.While)):
                live = jumps = _at_head(statement, live)
            found = (_behind(block, loop, live, jumps) for block in _blocks(statement))
            return next((names for names in found if names is not None), None)
        live = _in_front(statement, live, jumps)
    return None


def _holds(statement: cst.CSTNode, loop: Loop) -> bool:
    """Whether a loop is somewhere in a statement."""
    return any(part is loop or _holds(part, loop) for block in _blocks(statement) for part in block)


def _blocks(statement: cst.CSTNode) -> list[Sequence[Any]]:
    """The blocks of an `if`, and the body of a loop."""
    if isinstance(statement, cst.If):
        return [statements_of(statement.body), else_statements(statement)]
    return [statements_of(statement.body)] if isinstance(statement, (cst.For, cst.While)) else []

"""Results that need no copy: ``return x.copy()`` is ``return x``, where `x` owns its memory and ends with the call."""

from __future__ import annotations

import ast
import re

from vectorizer.rewrite.dead_code import walk
from vectorizer.rewrite.owned import Names, owned
from vectorizer.source.statement_syntax import syntax
from vectorizer.source.statements import Stmt

COPIED = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\.copy\(\)")


def hand_over(statements: list[Stmt]) -> None:
    """Takes copies out of what a function returns, where nobody else can see the array."""
    returns = [s for s in walk(statements) if s.text.startswith("return ") and COPIED.search(s.text)]
    if not returns:
        return
    own = owned(statements)
    for statement in returns:
        _without_copies(statement, own.get(id(statement), frozenset()))


def _without_copies(statement: Stmt, own: Names) -> None:
    node = syntax(statement).node
    names = [] if node is None else [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]

    def plain(match: re.Match[str]) -> str:
        name = match[1]
        return name if name in own and names.count(name) == 1 else match[0]

    statement.text = COPIED.sub(plain, statement.text)

"""The syntax of one emitted statement: what it reads, what it binds, and its parts with their places in the text."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass

from vectorizer.source.statements import Stmt

COMPOUND = ("if", "elif", "else", "for", "while", "with", "try", "except", "finally", "def", "match", "case")


@dataclass(frozen=True)
class Syntax:
    """A statement, without its body.

    node: the statement; None for `else:`, `try:`, `finally:` and what cannot be parsed alone.
    loads, stores: names that it reads and may bind, those inside of its expressions included.
    sets: names that it binds for certain.
    late: names that something in it may read later: a lambda, a generator, a nested def.
    """

    kind: str
    node: ast.stmt | None
    loads: frozenset[str]
    stores: frozenset[str]
    sets: frozenset[str]
    late: frozenset[str]


def kind_of(text: str) -> str:
    """The keyword that a block begins with, or an empty string for a simple statement."""
    word = text.split(None, 1)[0].rstrip(":") if text else ""
    return word if word in COMPOUND and text.endswith(":") else ""


@functools.lru_cache(maxsize=4096)
def syntax_of(text: str, is_block: bool = False) -> Syntax:
    """Parses the text of a statement; the head of a block is completed for the parser."""
    kind = kind_of(text) if is_block else ""
    try:
        node = _parse(text, kind, is_block)
    except SyntaxError:
        node = None
        kind = kind if kind in ("else", "try", "finally") else "?"
    if node is None:
        return Syntax(kind, None, *[frozenset[str]()] * 4)
    loads, stores, late = set[str](), set[str](), set[str]()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (stores if isinstance(part.ctx, ast.Store) else loads).add(part.id)
        elif isinstance(part, (ast.Lambda, ast.GeneratorExp)):
            late |= {inner.id for inner in ast.walk(part) if isinstance(inner, ast.Name)}
        elif isinstance(part, (ast.Global, ast.Nonlocal)):
            late |= set(part.names)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        loads.add(node.target.id)
    return Syntax(kind, node, frozenset(loads), frozenset(stores), _bound(node), frozenset(late))


def _bound(node: ast.stmt) -> frozenset[str]:
    """The names that a statement itself assigns to, without those of comprehensions and walruses inside of it."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign():
            targets = node.targets
        case ast.For() | ast.AugAssign():
            targets = [node.target]
    flat = [part for t in targets for part in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
    return frozenset(part.id for part in flat if isinstance(part, ast.Name))


def _parse(text: str, kind: str, is_block: bool) -> ast.stmt | None:
    if kind in ("else", "try", "finally"):
        return None
    if kind == "elif":
        return ast.parse(text[2:] + " pass").body[0]
    if kind in ("except", "case"):
        raise SyntaxError
    return ast.parse(f"{text} pass" if is_block else text).body[0]


def syntax(statement: Stmt) -> Syntax:
    return syntax_of(statement.text, statement.body is not None)


def segment(text: str, node: ast.expr) -> str:
    """The text of an expression; positions count bytes, and `text` is one that :func:`syntax_of` has parsed."""
    start, end = span(text, node)
    return text[start:end]


def span(text: str, node: ast.AST) -> tuple[int, int]:
    """Where in `text` an expression of a statement stands."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def place(row: int, column: int) -> int:
        line = lines[row - 1]
        return starts[row - 1] + (column if line.isascii() else len(line.encode()[:column].decode()))

    first = place(node.lineno, node.col_offset)  # type: ignore[attr-defined]
    return first, place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

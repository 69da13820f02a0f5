"""Assignments that are updates, done where the memory is: ``D[:] = np.minimum(D, e)`` is ``np.minimum(D, e, out=D)``.

What is computed is the same; it is not computed somewhere else first.  There is one condition, whether a place is a
variable or a part of an array: what is assigned has the dtype and the shape of what is there, which the walk says
(`Stmt.fits`), and nobody else is to see what was there.  A part of an array is always meant to be changed; the memory
of a variable must be its own (`owned.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from vectorizer.rewrite.dead_code import walk
from vectorizer.rewrite.owned import Names, owned
from vectorizer.source.statement_syntax import segment, syntax
from vectorizer.source.statements import Stmt

FUNCTIONS = frozenset(("minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or"))
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip
COMMUTING = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
MOST_STEPS = 3  # of a variable; a part of an array, which may lie scattered, is gone through once


def update_in_place(statements: list[Stmt]) -> None:
    """Writes assignments as updates of what they assign to, in loops and where the user's function had updates."""
    for block in blocks_of(statements):
        start_with_sums(block)
    if any(s.fits for s in walk(statements)):
        own = owned(statements)
        for block in blocks_of(statements):
            _update(block, own)


def blocks_of(statements: list[Stmt]) -> Iterator[list[Stmt]]:
    yield statements
    for statement in statements:
        yield from blocks_of(statement.body or [])


def _update(block: list[Stmt], own: dict[int, Names]) -> None:
    for k in reversed(range(len(block))):
        statement = block[k]
        if statement.fits and (made := _steps(statement, own.get(id(statement), frozenset()))):
            steps = [Stmt(text, line=statement.line) for text in made]
            steps[0].leading = statement.leading
            steps[-1].trailing, steps[-1].after = statement.trailing, statement.after
            block[k : k + 1] = steps


def _steps(statement: Stmt, own: Names) -> list[str]:
    """The updates that an assignment is; none where it is none."""
    match syntax(statement).node:
        case ast.Assign(targets=[ast.Name(id=name) as target], value=value) if name in own:
            alone = sum(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)) == 1
            return _operations(statement.text, target, value, MOST_STEPS) if alone else []
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            place = _without_whole(target)
            return _call(statement.text, place, value) or _operations(statement.text, place, value, 1)
    return []


def _operations(text: str, place: ast.expr, value: ast.expr, most: int) -> list[str]:
    """``x *= a`` and ``x += b``, where `value` is ``x * a + b``."""
    found = _chain(value, place)
    if not found or len(found) > most:
        return []
    return [f"{segment(text, place)} {OPERATORS[type(op)]}= {segment(text, other)}" for op, other in found]


def _chain(node: ast.expr, place: ast.expr) -> list[tuple[ast.operator, ast.expr]] | None:
    """Operators and operands that are applied to a place, the first one first; None where it is something else."""
    if _is(place, node):
        return []
    if not isinstance(node, ast.BinOp) or type(node.op) not in OPERATORS:
        return None
    sides = [(node.left, node.right)]
    if isinstance(node.op, COMMUTING):
        sides.append((node.right, node.left))
    for inner, other in sides:
        before = _chain(inner, place)
        if before is not None:
            return [*before, (node.op, other)]
    return None


def _call(text: str, place: ast.expr, value: ast.expr) -> list[str]:
    """``np.minimum(x, e, out=x)``, where `value` is ``np.minimum(x, e)``."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=attr), args=[first, second], keywords=[]):
            if attr in FUNCTIONS and _is(place, first) != _is(place, second):
                return [f"{segment(text, value)[:-1]}, out={segment(text, place)})"]
    return []


def _without_whole(target: ast.Subscript) -> ast.expr:
    """`x` for ``x[:]``."""
    match target.slice:
        case ast.Slice(lower=None, upper=None, step=None):
            return target.value
    return target


def _is(place: ast.expr, node: ast.expr) -> bool:
    return ast.unparse(place) == ast.unparse(node)


# --- sums that begin with a part of an array --------------------------------------------------------------------------


def start_with_sums(block: list[Stmt]) -> None:
    """``x = a[i]; x = x + b`` is ``x = a[i] + b``, whose memory is the variable's own."""
    for k in reversed(range(1, len(block))):
        before, statement = block[k - 1], block[k]
        first = _first(before, statement) if statement.fits and not before.trailing else None
        if first is not None:
            name = statement.text.partition(" ")[0]
            statement.text = statement.text.replace(f"= {name} ", f"= {first} ", 1)
            statement.leading = before.leading + statement.leading
            del block[k - 1]


def _first(before: Stmt, statement: Stmt) -> str | None:
    """The part of an array that a variable is set to, before an operation on it sets it again."""
    match syntax(before).node, syntax(statement).node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() as first),
            ast.Assign(targets=[ast.Name(id=target)], value=ast.BinOp(left=ast.Name(id=left), op=op, right=right)),
        ) if name == target == left and type(op) in OPERATORS:
            found = [part.id for side in (first, right) for part in ast.walk(side) if isinstance(part, ast.Name)]
            return segment(before.text, first) if name not in found else None
    return None

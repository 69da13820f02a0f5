"""Updates of arrays in loops, done where the arrays are: ``D[:] = np.minimum(D, e)`` is ``np.minimum(D, e, out=D)``.

What is computed is the same; it is not computed somewhere else first and copied then.
"""

from __future__ import annotations

import ast

from vectorizer.source.statement_syntax import segment, syntax
from vectorizer.source.statements import Stmt

FUNCTIONS = frozenset(("minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or"))
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
}  # fmt: skip


def update_in_place(statements: list[Stmt], in_loop: bool = False) -> None:
    """Writes updates of whole arrays and of slices in their short form, in loops."""
    for statement in statements:
        if statement.body is not None:
            update_in_place(statement.body, in_loop or statement.text.startswith(("for ", "while ")))
        elif in_loop and statement.fits and (made := _updated(statement)) is not None:
            statement.text = made


def _updated(statement: Stmt) -> str | None:
    """The text of ``x[i] = f(x[i], e)`` as an update; None for any other statement."""
    text = statement.text
    match syntax(statement).node:
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            place = _whole(target)
        case _:
            return None
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=attr), args=[first, second], keywords=[]):
            if attr in FUNCTIONS and _is(place, first) != _is(place, second):
                return f"{segment(text, value)[:-1]}, out={segment(text, place)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS and _is(place, left):
            return f"{segment(text, place)} {OPERATORS[type(op)]}= {segment(text, right)}"
    return None


def _whole(target: ast.Subscript) -> ast.expr:
    """`x` for ``x[:]``."""
    match target.slice:
        case ast.Slice(lower=None, upper=None, step=None):
            return target.value
    return target


def _is(place: ast.expr, node: ast.expr) -> bool:
    return ast.unparse(place) == ast.unparse(node)

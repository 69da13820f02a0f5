"""Updates of arrays in loops, done where the arrays are: ``D[:] = np.minimum(D, e)`` is ``np.minimum(D, e, out=D)``.

What is computed is the same; it is not computed somewhere else first and copied then.  Variables that were updated by
``x += e`` are so again, where nothing else can see the array that was made for them.
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
    add_up(statements)
    for statement in statements:
        if statement.body is not None:
            update_in_place(statement.body, in_loop or statement.text.startswith(("for ", "while ")))
        elif in_loop and statement.fits and (made := _updated(statement)) is not None:
            statement.text = made


def add_up(block: list[Stmt]) -> None:
    """``x = a; x = x + b; x = x + c`` is ``x = a + b; x += c``."""
    own = set[str]()  # names of arrays that nothing else can see
    k = 0
    while k < len(block):
        found = syntax(block[k])
        match found.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=same), op=op, right=right)):
                updates = block[k].fits and same == name and type(op) in OPERATORS and not _reads(right, name)
                before = syntax(block[k - 1]).node if k else None
                if updates and name in own:
                    block[k].text = f"{name} {OPERATORS[type(op)]}= {segment(block[k].text, right)}"
                elif updates and not block[k - 1].trailing and (first := _first(before, name)) is not None:
                    block[k].text = f"{name} = {segment(block[k - 1].text, first)}{block[k].text[_end_of_name(name) :]}"
                    block[k].leading = block[k - 1].leading + block[k].leading
                    k -= 1
                    del block[k]
                own = {name} if same != name or updates else set()
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp()):
                own = (own - found.loads) | {name}
            case _:
                own = set() if block[k].body is not None else own - found.loads - found.stores
        k += 1


def _first(node: ast.stmt | None, name: str) -> ast.expr | None:
    """The part of an array that a variable is set to, before anything is added."""
    match node:
        case ast.Assign(targets=[ast.Name(id=found)], value=ast.Subscript() as value):
            return value if found == name and not _reads(value, name) else None
    return None


def _reads(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _end_of_name(name: str) -> int:
    """Where the name ends in ``name = name + e``, the second time."""
    return 2 * len(name) + len(" = ")


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

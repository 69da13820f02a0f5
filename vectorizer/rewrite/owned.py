"""Variables that own their memory: nothing but their name leads to it, wherever they came from and whoever read them.

The function's statements are gone through in order, and loops until nothing changes.  A variable owns its memory once
it is set to an array that was made for it; it does so no longer when it gets another name, becomes an item of
something, or is handed to anybody of whom it is not known that he lets go of it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vectorizer.rewrite.dead_code import body_of, walk
from vectorizer.source.statement_syntax import Syntax, kind_of, syntax
from vectorizer.source.statements import Stmt

MODULES = ("np", "numpy")
VIEWS = ("T", "real", "imag")
FACTS = frozenset(("shape", "size", "ndim", "dtype"))
MAKERS = frozenset((
    "zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like", "array",
))  # fmt: skip
READERS = frozenset((  # they give new arrays
    "where", "count_nonzero", "flatnonzero", "any", "all", "sum", "prod", "max", "min", "mean", "argmax", "argmin",
    "cumsum", "delete", "concatenate", "stack", "repeat", "sort", "argsort",
))  # fmt: skip
METHODS = frozenset(("any", "all", "sum", "max", "min", "mean", "argmax", "argmin", "copy", "astype"))
OPERATIONS = (ast.BinOp, ast.UnaryOp, ast.Compare)

Names = frozenset[str]


def owned(statements: list[Stmt]) -> dict[int, Names]:
    """The variables that own their memory behind what each statement reads and in front of what it sets, by its id."""
    if any(kind_of(s.text) in ("def", "try") or syntax(s).kind == "?" for s in walk(statements)):
        return {}
    found = Ownership()
    found.block(statements, frozenset())
    return found.before


@dataclass
class Ownership:
    """One pass forwards.

    before: what :func:`owned` gives.
    left, again: for each open loop, what is owned where it is left, and where it goes on with its next iteration.
    """

    before: dict[int, Names] = field(default_factory=dict)
    left: list[list[Names]] = field(default_factory=list)
    again: list[list[Names]] = field(default_factory=list)

    def block(self, block: Sequence[Stmt], own: Names | None) -> Names | None:
        """What is owned behind a block; None where nothing comes there."""
        k = 0
        while k < len(block) and own is not None:
            last = k + 1
            while last < len(block) and syntax(block[last]).kind in ("elif", "else"):
                last += 1
            chain, k = block[k:last], last
            own = self.simple(chain[0], own) if chain[0].body is None else self.compound(chain, own)
        return own

    def simple(self, statement: Stmt, own: Names) -> Names | None:
        found = syntax(statement)
        if moves_lanes(statement, found):
            return own
        own = own - shared_by(found)
        self.before[id(statement)] = own
        match found.node:
            case ast.Return() | ast.Raise():
                return None
            case ast.Break():
                self.left[-1].append(own)
                return None
            case ast.Continue():
                self.again[-1].append(own)
                return None
            case ast.AugAssign():
                return own
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_made(value):
                return own - found.stores | {name}
        return own - found.stores

    def compound(self, chain: Sequence[Stmt], own: Names) -> Names | None:
        head = syntax(chain[0])
        own = own - shared_by(head) - head.stores
        if head.kind in ("for", "while"):
            return self.loop(chain, own)
        if head.kind == "if":
            return self.branches(chain, own)
        return self.block(body_of(chain[0]), own) if head.kind == "with" else frozenset()

    def branches(self, chain: Sequence[Stmt], own: Names) -> Names | None:
        ends: list[Names | None] = []
        for statement in chain:
            own = own - shared_by(syntax(statement))
            ends.append(self.block(body_of(statement), own))
        return common(ends if syntax(chain[-1]).kind == "else" else [*ends, own])

    def loop(self, chain: Sequence[Stmt], own: Names) -> Names | None:
        while True:
            self.left.append([])
            self.again.append([])
            end = self.block(body_of(chain[0]), own)
            left, again = self.left.pop(), self.again.pop()
            head = common([own, end, *again]) or frozenset()
            if head == own:
                break
            own = head
        done = self.block(body_of(chain[1]), own) if len(chain) > 1 else own
        return common([done, *left])


def common(ends: Sequence[Names | None]) -> Names | None:
    """What is owned where several ways meet."""
    met = [end for end in ends if end is not None]
    return met[0].intersection(*met[1:]) if met else None


# --- what a statement does with its variables -------------------------------------------------------------------------


def moves_lanes(statement: Stmt, found: Syntax) -> bool:
    """Whether a statement drops lanes from variables, each in its own memory, or keeps values of those that leave."""
    match found.node:
        case ast.Assign(targets=[target], value=ast.Call(func=ast.Name(id="drop_lanes"), args=[_, *held])):
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            return list(map(ast.unparse, names)) == list(map(ast.unparse, held))
        case ast.Assign(targets=[ast.Subscript()]):
            return statement.safe
    return False


def shared_by(found: Syntax) -> Names:
    """The variables whose memory can be seen in another way once a statement has read them."""
    if found.node is None or not found.loads:
        return frozenset()
    parents = {child: parent for parent in ast.walk(found.node) for child in ast.iter_child_nodes(parent)}
    reads = [n for n in parents if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)]
    return frozenset(n.id for n in reads if n.id not in MODULES and not is_let_go(n, parents))


def is_let_go(part: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a variable, or a view of it, is read here without another name or an item being left for its memory."""
    parent = parents[part]
    match parent:
        case ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Subscript(value=value, slice=index):
            return index is part or value is part and is_let_go(parent, parents)
        case ast.Tuple():
            whole = parents[parent]
            return isinstance(whole, ast.Return) or isinstance(whole, ast.Subscript) and whole.slice is parent
        case ast.Attribute(attr=attribute) if attribute in VIEWS:
            return is_let_go(parent, parents)
        case ast.Attribute(attr=attribute):
            call = parents[parent]
            return attribute in FACTS or attribute in METHODS and isinstance(call, ast.Call) and not call.keywords
        case ast.Assign(targets=targets):
            return all(map(_is_copied_to, targets))
        case ast.keyword(arg="out"):
            return isinstance(parents[parents[parent]], ast.Expr)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=function), args=args) if module in MODULES:
            return part in args and (function in MAKERS or function in READERS or _is_ufunc(function))
        case ast.Call(func=function):
            return function is part
    return isinstance(parent, (*OPERATIONS, ast.Return, ast.AugAssign))


def is_made(value: ast.expr) -> bool:
    """Whether an expression makes a new array, or a number."""
    match value:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare() | ast.Constant():
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=function)) if module in MODULES:
            made = function in MAKERS or function in READERS or _is_ufunc(function)
            return made and not any(k.arg in ("out", "copy") for k in value.keywords)
        case ast.Call(func=ast.Attribute(attr=method), keywords=[]):
            return method in METHODS
    return False


def _is_ufunc(name: str) -> bool:
    return isinstance(getattr(np, name, None), np.ufunc)


def _is_copied_to(target: ast.expr) -> bool:
    """Whether a target is a part of an array, and no item of a list."""
    match target:
        case ast.Subscript(slice=ast.Tuple() | ast.Slice()):
            return True
    return False

"""New axes inside of runs: ``(a * b)[:, None] + c`` is one kernel, which is given ``a[:, None]`` and ``b[:, None]``."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from vectorizer.kernels.leaves import Leaves
from vectorizer.kernels.runs import is_numeric_literal

FULL, NEW = ":", "None"


@dataclass(frozen=True)
class View:
    """A subscript that puts in new axes, and does nothing else.

    items: one for each axis of the result, `FULL` or `NEW`.
    """

    node: ast.Subscript
    items: tuple[str, ...]

    def of(self, ndim: int) -> str:
        """The subscript for something with fewer axes, which are the last ones; empty where it needs none."""
        if not ndim:
            return ""
        own = [k for k, item in enumerate(self.items) if item == FULL][-ndim:]
        items = list(self.items[own[0] :])
        while items and items[-1] == FULL:
            items.pop()
        return f"[{', '.join(items)}]" if NEW in items else ""


def view_of(node: ast.expr, leaves: Leaves) -> View | None:
    """The new axes that a subscript puts in; None for any other."""
    if not isinstance(node, ast.Subscript):
        return None
    ndim = ndim_of(node.value, leaves)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    items = [item_of(part) for part in parts]
    if ndim is None or None in items or NEW not in items or items.count("...") > 1:
        return None
    rest = [FULL] * (ndim - items.count(FULL))
    at = items.index("...") if "..." in items else len(items)
    found = [*items[:at], *rest, *items[at + 1 :]]
    return View(node, tuple(item for item in found if item is not None)) if found.count(FULL) == ndim else None


def item_of(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=None):
            return NEW
        case ast.Constant(value=value) if value is ...:
            return "..."
        case ast.Slice(lower=None, upper=None, step=None):
            return FULL
    return None


def ndim_of(node: ast.expr, leaves: Leaves) -> int | None:
    """How many axes an expression has, those of the examples among them; None where that is not known."""
    noted = leaves.ndims.get(ast.unparse(node))
    if noted is not None:
        return next(iter(noted)) if len(noted) == 1 else None
    if is_numeric_literal(node):
        return 0
    match node:
        case ast.Name(id=name):
            values = [value for value in leaves.assigned.get(name, []) if value is not None]
            return ndim_of(values[0], leaves) if len(values) == 1 and len(leaves.assigned[name]) == 2 else None
        case ast.BinOp(left=left, op=op, right=right) if not isinstance(op, ast.MatMult):
            parts = [left, right]
        case ast.Compare(left=left, comparators=[right]):
            parts = [left, right]
        case ast.UnaryOp(operand=operand):
            parts = [operand]
        case ast.Call(func=function, args=args, keywords=[]) if leaves.is_ufunc(function):
            parts = args
        case _:
            return None
    found = [ndim_of(part, leaves) for part in parts]
    known = [ndim for ndim in found if ndim is not None]
    return max(known) if len(known) == len(found) and known else None

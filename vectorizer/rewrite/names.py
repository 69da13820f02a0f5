"""Names that a piece of the user's function binds and reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import libcst as cst

# Fields of syntax nodes that hold no names: white space, punctuation and operators.
EMPTY = frozenset(
    "comma comment dot equal footer header indicator lbrace lbracket leading_lines lines_after_decorators"
    " lines_after_module_docstring lpar operator rbrace rbracket rpar semicolon star trailing_whitespace".split()
)


# Nodes inside of which nothing is bound for the statement around them.
CLOSED = (
    cst.Lambda, cst.GeneratorExp, cst.ListComp, cst.SetComp, cst.DictComp, cst.Name, cst.BaseNumber, cst.BaseString,
)  # fmt: skip


@lru_cache(maxsize=256)
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a kind of node below which names may occur."""
    names = kind.__dataclass_fields__
    return tuple(name for name in names if name not in EMPTY and "whitespace" not in name)


@lru_cache(maxsize=1 << 14)  # asked for again and again, and nodes do not change
def children_of(node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """The nodes below `node` that may hold names; libcst's own `children` takes several times as long."""
    found: list[cst.CSTNode] = []
    for name in _fields(type(node)):
        child = getattr(node, name)
        if isinstance(child, cst.CSTNode):
            found.append(child)
        elif isinstance(child, (tuple, list)):
            found += (part for part in child if isinstance(part, cst.CSTNode))
    return tuple(found)


def statements_of(body: cst.BaseSuite) -> Sequence[Any]:
    """The statements of a block, also of one that stands behind its colon."""
    if isinstance(body, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(body=[small]) for small in body.body]
    return body.body


def assigned_names(node: cst.CSTNode) -> set[str]:
    """Names that statements inside `node` bind, nested functions not counted."""
    return set(_names_bound(node))


def updated_names(node: cst.CSTNode) -> set[str]:
    """Names that statements inside `node` bind by ``op=`` alone, which changes arrays and lists where they are."""
    return set(_names_bound(node) - _names_bound(node, updates=False))


@lru_cache(maxsize=4096)  # asked for again and again, and nodes do not change
def _names_bound(node: cst.CSTNode, updates: bool = True) -> frozenset[str]:
    found: set[str] = set()

    def targets(target: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            found.add(target.value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                targets(element.value)

    def walk(part: cst.CSTNode) -> None:
        if isinstance(part, cst.Assign):
            for item in part.targets:
                targets(item.target)
        elif isinstance(part, (cst.AnnAssign, cst.For, cst.NamedExpr)) or updates and isinstance(part, cst.AugAssign):
            targets(part.target)
        elif isinstance(part, (cst.FunctionDef, cst.ClassDef)):
            found.add(part.name.value)
            return
        elif isinstance(part, CLOSED):
            return
        for child in children_of(part):
            walk(child)

    walk(node)
    return frozenset(found)


def names_read(node: cst.CSTNode) -> set[str]:
    """All names that occur in `node`, wherever they occur."""
    return set(_names_in(node))


@lru_cache(maxsize=4096)  # asked for again and again, and nodes do not change
def _names_in(node: cst.CSTNode) -> frozenset[str]:
    found: set[str] = set()

    def walk(part: cst.CSTNode) -> None:
        if isinstance(part, cst.Name):
            found.add(part.value)
            return
        for child in children_of(part):
            walk(child)

    walk(node)
    return frozenset(found)


def parameter_names(node: cst.FunctionDef | cst.Lambda) -> set[str]:
    """The names of a function's parameters."""
    params = node.params
    found = {p.name.value for p in [*params.posonly_params, *params.params, *params.kwonly_params]}
    return found | {p.name.value for p in (params.star_arg, params.star_kwarg) if isinstance(p, cst.Param)}


@lru_cache(maxsize=1 << 12)
def nodes_of(node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
    """A node and all nodes in it that may hold names, in the order of the source."""
    found: list[cst.CSTNode] = []

    def walk(part: cst.CSTNode) -> None:
        found.append(part)
        for child in children_of(part):
            walk(child)

    walk(node)
    return tuple(found)


class Renamed(cst.CSTTransformer):
    """Gives variables other names; those that `names` does not know stay."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self.names.get(updated_node.value, updated_node.value))

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

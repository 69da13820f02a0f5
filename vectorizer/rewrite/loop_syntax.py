"""What a loop's body does to variables and arrays, as far as the syntax tells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import libcst as cst

from vectorizer.rewrite.control_flow import else_statements
from vectorizer.rewrite.names import children_of, nodes_of
from vectorizer.rewrite.statements import _statements, assigned_names, names_read

# Methods that change an array in place.
CHANGING = frozenset("fill sort put partition resize".split())
# Attributes that say nothing of an array's elements.
SHAPES = frozenset("shape ndim size dtype".split())


def target_names(target: cst.BaseExpression) -> set[str]:
    """The names that an assignment to `target` binds."""
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return set().union(*(target_names(e.value) for e in target.elements))
    return set()


# --- which names an iteration reads before it sets them --------------------------------------------------------------


def exposed_names(statements: Sequence[Any], defined: set[str]) -> set[str]:
    """Names that an iteration may read before it has set them."""
    exposed: set[str] = set()
    known = set(defined)
    for statement in statements:
        found, set_here = names_flow(statement)
        exposed |= found - known
        known |= set_here
    return exposed


def names_taken(node: cst.CSTNode) -> set[str]:
    """Names that an expression reads, but for those that a comprehension in it binds for itself."""
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)):
        bound, part = set[str](), cast("cst.CompFor | None", node.for_in)
        while part is not None:
            bound |= target_names(part.target)
            part = part.inner_for_in
        inside = set[str]().union(*map(names_taken, node.children))
        return (inside - bound) | names_taken(node.for_in.iter)
    return set[str]().union(*map(names_taken, children_of(node)))


def conditional_names(statements: Sequence[Any]) -> set[str]:
    """Names that an iteration may or may not set."""
    return set[str]().union(*(assigned_names(s) for s in statements)) - _sets(statements)


def inner_targets(statements: Sequence[Any]) -> set[str]:
    """Names that only loops inside of a block bind, as their targets, and that are read nowhere else in it."""
    loops = [n for statement in statements for n in nodes_of(statement) if isinstance(n, cst.For)]
    found = set[str]().union(*(target_names(loop.target) for loop in loops))
    for name in list(found):
        own = [loop for loop in loops if name in target_names(loop.target)]
        inside = {id(part) for loop in own for part in (*nodes_of(loop.target), *nodes_of(loop.body))}
        everywhere = [n for s in statements for n in nodes_of(s) if isinstance(n, cst.Name) and n.value == name]
        set_in_body = any(name in assigned_names(loop.body) for loop in own)
        if set_in_body or any(id(n) not in inside for n in everywhere):
            found.discard(name)
    return found


@lru_cache(maxsize=4096)  # asked for again and again, and nodes do not change
def names_flow(node: cst.CSTNode) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a statement may read before setting them, and names that it sets for certain."""
    if isinstance(node, cst.SimpleStatementLine):
        reads: set[str] = set()
        done: set[str] = set()
        for small in node.body:
            found, made = _flow_small(small)
            reads |= found - done
            done |= made
        return frozenset(reads), frozenset(done)
    if isinstance(node, cst.If):
        body, orelse = _statements(node.body), else_statements(node)
        walrus = {n.target.value for n in _walruses(node.test) if isinstance(n.target, cst.Name)}
        reads = names_read(node.test) | exposed_names(body, walrus) | exposed_names(orelse, walrus)
        return frozenset(reads), frozenset((_sets(body) & _sets(orelse)) | walrus)
    if isinstance(node, (cst.For, cst.While)):
        reads = names_read(node.iter if isinstance(node, cst.For) else node.test)
        target = target_names(node.target) if isinstance(node, cst.For) else set()
        if node.orelse is not None:
            reads |= names_read(node.orelse)
        return frozenset(reads | exposed_names(_statements(node.body), target)), frozenset()
    return frozenset(names_read(node)), frozenset()


def _flow_small(node: cst.CSTNode) -> tuple[set[str], set[str]]:
    """The same for a statement without a body."""
    if isinstance(node, cst.Assign):
        reads = names_taken(node.value)
        made: set[str] = set()
        for target in node.targets:
            names = target_names(target.target)
            made |= names
            if not names:
                reads |= names_read(target.target)
        return reads, made
    if isinstance(node, cst.AnnAssign) and node.value is not None:
        return names_read(node.value), target_names(node.target)
    return names_read(node), set()


def _sets(statements: Sequence[Any]) -> set[str]:
    """Names that a block sets for certain."""
    return set[str]().union(*(names_flow(statement)[1] for statement in statements))


def _walruses(node: cst.CSTNode) -> list[cst.NamedExpr]:
    return [part for part in nodes_of(node) if isinstance(part, cst.NamedExpr)]


# --- memory ----------------------------------------------------------------------------------------------------------


def augmented_names(body: cst.CSTNode) -> set[str]:
    """Variables that statements such as ``x += y`` change, in place where they are arrays."""
    found = (node.target for node in nodes_of(body) if isinstance(node, cst.AugAssign))
    return {target.value for target in found if isinstance(target, cst.Name)}


def stored_subscripts(body: cst.CSTNode) -> dict[str, set[str]]:
    """Arrays that statements store into, with the text of each subscript."""
    found: dict[str, set[str]] = {}
    module = cst.Module([])
    for node in nodes_of(body):
        if isinstance(node, cst.Assign):
            targets = [part for target in node.targets for part in _stored(target.target)]
        elif isinstance(node, cst.AugAssign):
            targets = _stored(node.target)
        else:
            if isinstance(node, cst.Call):
                changed = _changed_by_call(node)
                if changed is not None:  # "whole" makes it a second place, so that it is apart from no other
                    found.setdefault(changed, set()).update({module.code_for_node(node), "whole"})
            continue
        for target in targets:
            found.setdefault(_base_name(target) or "?", set()).add(module.code_for_node(target))
    return found


def _stored(target: cst.BaseExpression) -> list[cst.Subscript]:
    """The subscripts that an assignment to `target` stores into."""
    if isinstance(target, (cst.Tuple, cst.List)):
        return [part for element in target.elements for part in _stored(element.value)]
    return [target] if isinstance(target, cst.Subscript) else []


def _changed_by_call(node: cst.Call) -> str | None:
    """The array that a call such as ``a.sort()`` or ``np.add.at(a, ...)`` changes, "?" where it has no name."""
    if not isinstance(node.func, cst.Attribute):
        return None
    method = node.func.attr.value
    if method in CHANGING:
        return _base_name(node.func.value) or "?"
    if method == "at":
        return (_base_name(node.args[0].value) if node.args else None) or "?"
    return None


def _base_name(node: cst.BaseExpression) -> str | None:
    """``a`` of ``a.b[c]``."""
    while isinstance(node, (cst.Subscript, cst.Attribute)):
        node = node.value
    return node.value if isinstance(node, cst.Name) else None


def occurrences(body: cst.CSTNode) -> dict[str, set[str]]:
    """Every name that occurs, with the text of the widest subscript around each occurrence."""
    found: dict[str, set[str]] = {}
    _note_occurrences(body, found, cst.Module([]))
    return found


def _note_occurrences(node: cst.CSTNode, found: dict[str, set[str]], module: cst.Module) -> None:
    if isinstance(node, cst.Subscript):
        root, indices = _subscript_chain(node)
        if isinstance(root, cst.Name):
            found.setdefault(root.value, set()).add(module.code_for_node(node))
            for index in indices:
                _note_occurrences(index, found, module)
            return
    if isinstance(node, cst.Attribute):
        if not isinstance(node.value, cst.Name) or node.attr.value not in SHAPES:
            _note_occurrences(node.value, found, module)
    elif isinstance(node, cst.Name):
        found.setdefault(node.value, set()).add(node.value)
    elif not (isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "len"):
        for child in node.children:
            _note_occurrences(child, found, module)


def _subscript_chain(node: cst.BaseExpression) -> tuple[cst.BaseExpression, list[cst.SubscriptElement]]:
    """What ``a[i][j]`` takes elements of, and all of its subscripts."""
    indices: list[cst.SubscriptElement] = []
    while isinstance(node, cst.Subscript):
        indices += node.slice
        node = node.value
    return node, indices

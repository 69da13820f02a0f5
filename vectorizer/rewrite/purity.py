"""Whether an expression may change something beside giving its result, judged by the text of what it calls."""

from __future__ import annotations

import types
from typing import Any

import libcst as cst

from vectorizer.rewrite.names import assigned_names, nodes_of, parameter_names
from vectorizer.values import Obj

# Methods and functions of modules that change what they are called on, or given.
EFFECTS = frozenset(
    "append pop write sort extend update add remove seed shuffle put place resize partition setflags clear"
    " insert".split()
)
STORING = EFFECTS | frozenset(
    "copyto putmask put_along_axis fill_diagonal fill at reverse popitem setdefault discard heappush heappop insort"
    " itemset setfield byteswap".split()
)
SPEAKING = frozenset(("print", "input", "next", "setattr"))


def has_effect(node: cst.CSTNode) -> bool:
    """Whether an expression changes something by itself."""
    if isinstance(node, (cst.Await, cst.Yield, cst.NamedExpr, cst.Lambda)):
        return True
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in SPEAKING:
        return True
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in EFFECTS:
        return True
    return any(has_effect(child) for child in node.children)


def calls_what_stores(namespace: Any, node: cst.CSTNode, seen: frozenset[object] = frozenset()) -> bool:
    """Whether an expression calls a function of the user's that may store into arrays and lists, its arguments too."""
    for part in nodes_of(node):
        if not isinstance(part, cst.Call) or not isinstance(part.func, cst.Name):
            continue
        found = namespace.lookup(part.func.value)
        function = found.value if isinstance(found, Obj) else None
        if not isinstance(function, types.FunctionType) or function in seen:
            continue
        source = namespace.source_of(function)
        if source is not None and _may_store(namespace.inside(function), source.node, seen | {function}):
            return True
    return False


def _may_store(namespace: Any, function: cst.FunctionDef, seen: frozenset[object]) -> bool:
    """Whether a function may store into something that is not its own, or calls what does."""
    own = assigned_names(function.body) | parameter_names(function)
    for part in nodes_of(function.body):
        match part:
            case cst.AugAssign() | cst.Del() | cst.Global() | cst.Nonlocal():
                return True
            case cst.Assign(targets=targets):
                if any(isinstance(p, (cst.Subscript, cst.Attribute)) for t in targets for p in nodes_of(t.target)):
                    return True
            case cst.Call(func=cst.Attribute(attr=name)) if name.value in STORING:
                return True
            case cst.Call(func=cst.Name(value=name)) if name in own | SPEAKING:
                return True
            case cst.Arg(keyword=cst.Name(value="out")):
                return True
    return calls_what_stores(namespace, function.body, seen)

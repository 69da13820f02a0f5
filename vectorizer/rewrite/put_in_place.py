"""Nested functions that change what is around them, such as `find` in a union-find: put in the place of their calls.

A function with one `return` at its end, or with bare ones in a last loop, becomes the statements of its body, with
variables of its own, in front of the statement that calls it.  That statement may do nothing else than compute with
names, numbers and the results of such calls, so that it does not matter when its other parts are evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.names import (
    Renamed,
    assigned_names,
    children_of,
    names_read,
    nodes_of,
    parameter_names,
    statements_of,
)

LOOPS = (cst.For, cst.While)
# What a statement that calls such functions may consist of besides the calls.
INERT = (
    cst.Name, cst.BaseNumber, cst.Comparison, cst.ComparisonTarget, cst.UnaryOperation, cst.BinaryOperation, cst.Tuple,
    cst.Element, cst.Assign, cst.AssignTarget, cst.AugAssign, cst.Expr, cst.Return, cst.Arg,
)  # fmt: skip
OPERATIONS = (cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)
CLOSED = (cst.Lambda, cst.FunctionDef, cst.ClassDef, cst.GeneratorExp, cst.ListComp, cst.SetComp, cst.DictComp)


@dataclass
class Nested:
    """A nested function that can be put in the place of its calls.

    own: its parameters and variables; value: what it returns, None where it returns nothing.
    """

    name: str
    params: list[str]
    own: set[str]
    body: list[Any]
    value: cst.BaseExpression | None


def with_bodies_in_place(node: cst.FunctionDef) -> cst.FunctionDef | None:
    """The function without those of its nested functions that are called as above only; None where there are none.

    Those that call no other one come first: what calls them is then such a function itself.
    """
    made: cst.FunctionDef | None = None
    refused: set[str] = set()
    while True:
        statements = statements_of(node.body)
        bound = [n for s in statements for n in assigned_names(s)]  # of a function that is bound again no call is sure
        refused |= {n for n in bound if bound.count(n) > 1} | parameter_names(node)
        defined = {s.name.value for s in statements if isinstance(s, cst.FunctionDef)}
        found = {f.name: f for f in map(nested, statements) if f is not None and f.name not in refused}
        leaves = {name: f for name, f in found.items() if not any(names_read(s) & defined for s in f.body)}
        if not leaves:
            return made
        body = [
            s for s in Placing(leaves, names_read(node)).block(statements)
            if not (isinstance(s, cst.FunctionDef) and s.name.value in leaves)
        ]  # fmt: skip
        left = {name for s in body for name in names_read(s)} & leaves.keys()
        refused |= left
        if not left:
            node = made = node.with_changes(body=node.body.with_changes(body=body))


def nested(node: Any) -> Nested | None:
    """A nested function of the form that is described above; None for any other statement."""
    if not isinstance(node, cst.FunctionDef) or node.decorators or node.asynchronous is not None:
        return None
    params = node.params
    plain = not (params.kwonly_params or params.posonly_params or isinstance(params.star_arg, cst.Param))
    if not plain or params.star_kwarg is not None or any(p.default is not None for p in params.params):
        return None
    statements = [s for s in statements_of(node.body) if not is_docstring(s)]
    shared = {n.name.value for s in statements for p in nodes_of(s) if isinstance(p, cst.Nonlocal) for n in p.names}
    if any(isinstance(p, (*CLOSED, cst.Yield, cst.Global, cst.Try, cst.With)) for s in statements for p in nodes_of(s)):
        return None
    statements = [s for s in statements if not is_nonlocal(s)]
    value, statements = returned(statements)
    statements = leaving_last_loop(statements) if value is None else statements
    if any(isinstance(p, (cst.Return, cst.Nonlocal)) for s in statements for p in nodes_of(s)):
        return None
    names = [p.name.value for p in params.params]
    own = parameter_names(node) | {n for s in statements for n in assigned_names(s)} - shared
    return Nested(node.name.value, names, own, statements, value) if statements else None


def is_function(node: Any) -> bool:
    return isinstance(node, cst.FunctionDef)


def is_store(node: cst.CSTNode) -> bool:
    """Whether a statement stores into an item of something."""
    targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else []
    return any(isinstance(part, cst.Subscript) for target in targets for part in nodes_of(target))


def is_docstring(node: Any) -> bool:
    small = only_small(node)
    return isinstance(small, cst.Expr) and isinstance(small.value, cst.BaseString)


def is_nonlocal(node: Any) -> bool:
    return isinstance(only_small(node), cst.Nonlocal)


def only_small(node: Any) -> cst.BaseSmallStatement | None:
    """The only statement of a line."""
    return node.body[0] if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1 else None


def returned(statements: list[Any]) -> tuple[cst.BaseExpression | None, list[Any]]:
    """What a last `return` gives, and the statements in front of it."""
    last = only_small(statements[-1]) if statements else None
    return (last.value, statements[:-1]) if isinstance(last, cst.Return) else (None, statements)


def leaving_last_loop(statements: list[Any]) -> list[Any]:
    """The statements with `break` for a bare `return` in a last loop, but not in a loop inside of it."""
    if not statements or not isinstance(statements[-1], LOOPS) or statements[-1].orelse is not None:
        return statements
    last = statements[-1]
    return [*statements[:-1], last.with_changes(body=last.body.visit(Leaving()))]


class Leaving(cst.CSTTransformer):
    """`break` for a bare `return`."""

    def visit_For(self, node: cst.For) -> bool:
        return False

    def visit_While(self, node: cst.While) -> bool:
        return False

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.BaseSmallStatement:
        return cst.Break() if updated_node.value is None else updated_node


class Placing:
    """Puts bodies in front of the statements that call the functions."""

    def __init__(self, functions: dict[str, Nested], taken: set[str]) -> None:
        self.functions = functions
        self.taken = set(taken)
        self.names = {
            f.name: {name: self.fresh(f"{f.name}_{name}") for name in sorted(f.own)} for f in functions.values()
        }
        statements = [part for f in functions.values() for s in f.body for part in nodes_of(s)]
        self.stores = any(isinstance(part, (cst.AugAssign, cst.Call)) or is_store(part) for part in statements)
        # Variables around the functions that these set.
        self.shared = {n for f in functions.values() for s in f.body for n in assigned_names(s) - f.own}

    def fresh(self, hint: str) -> str:
        name, count = hint, 2
        while name in self.taken:
            name, count = f"{hint}_{count}", count + 1
        self.taken.add(name)
        return name

    def block(self, statements: Sequence[Any]) -> list[Any]:
        return [made for statement in statements for made in self.statement(statement)]

    def statement(self, node: Any) -> list[Any]:
        """A statement, behind the bodies of the functions that it calls."""
        if not names_read(node) & self.functions.keys() or is_function(node) and node.name.value in self.functions:
            return [node]
        if isinstance(node, cst.SimpleStatementLine):
            return self.simple(node)
        front: list[Any] = []
        if isinstance(node, cst.If) and self.is_inert(node.test):
            front, test = self.hoisted(node.test)
            node = node.with_changes(test=test)
        changes: dict[str, Any] = {}
        for part in ("body", "orelse"):
            inner = getattr(node, part, None)
            if isinstance(inner, cst.BaseSuite):
                changes[part] = cst.IndentedBlock(self.block(statements_of(inner)))
            elif isinstance(inner, cst.Else):
                changes[part] = inner.with_changes(body=cst.IndentedBlock(self.block(statements_of(inner.body))))
            elif isinstance(inner, cst.If):  # its test is evaluated there only
                changes[part] = cst.Else(cst.IndentedBlock(self.statement(inner)))
        return [*front, node.with_changes(**changes)]

    def simple(self, node: cst.SimpleStatementLine) -> list[Any]:
        small = only_small(node)
        if small is None or not self.is_inert(small):
            return [node]
        called = small.value if isinstance(small, cst.Expr) else None
        front, made = self.hoisted(small)
        is_call = called is not None and self.function_of(called) is not None
        return front if is_call else [*front, node.with_changes(body=[made])]

    def function_of(self, node: cst.CSTNode) -> Nested | None:
        """The function that a call calls with as many arguments as it has parameters."""
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name):
            return None
        found = self.functions.get(node.func.value)
        plain = all(not a.star and a.keyword is None for a in node.args)
        return found if found is not None and plain and len(node.args) == len(found.params) else None

    def is_inert(self, node: cst.CSTNode) -> bool:
        """Whether nothing but calls of the functions matters for when a statement is evaluated."""
        if (
            isinstance(node, cst.Call) and self.function_of(node) is not None
        ):  # what it is given is evaluated just before
            calls = any(names_read(arg.value) & self.functions.keys() for arg in node.args)
            return not calls or all(self.is_inert(arg.value) for arg in node.args)
        if isinstance(node, cst.AugAssign) and not isinstance(node.target, cst.Name):
            return False
        if isinstance(node, cst.Name) and node.value in self.shared:
            return False
        if isinstance(node, cst.Comparison) and len(node.comparisons) > 1:  # which may end at the first
            return False
        if isinstance(node, OPERATIONS) and self.stores and not all(map(self.is_leaf, children_of(node))):
            return False  # a part of it is computed of arrays before a call may change them
        return isinstance(node, INERT) and all(map(self.is_inert, children_of(node)))

    def is_leaf(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.ComparisonTarget):
            return self.is_leaf(node.comparator)
        return isinstance(node, (cst.Name, cst.BaseNumber)) or self.function_of(node) is not None

    def hoisted(self, node: Any) -> tuple[list[Any], Any]:
        """The bodies of the functions that a piece of syntax calls, and the piece with their results."""
        hoisting = Hoisting(self)
        made = node.visit(hoisting)
        return hoisting.front, made


class Hoisting(cst.CSTTransformer):
    """Replaces calls, the inner ones and the left ones first, by names for their results."""

    def __init__(self, placing: Placing) -> None:
        self.placing = placing
        self.front: list[Any] = []

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        function = self.placing.function_of(original_node)
        if function is None:
            return updated_node
        names = self.placing.names[function.name]
        renamed = Renamed(names)
        for name, arg in zip(function.params, updated_node.args, strict=True):
            self.front.append(assigned(names[name], arg.value))
        self.front += [statement.deep_clone().visit(renamed) for statement in function.body]
        if function.value is None:
            return cst.Name("None")
        result = self.placing.fresh(f"{function.name}_value")
        self.front.append(assigned(result, function.value.deep_clone().visit(renamed)))
        return cst.Name(result)


def assigned(name: str, value: Any) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(cst.Name(name))], value)])

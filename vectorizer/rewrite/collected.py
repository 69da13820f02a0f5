"""Lists that a loop appends to once in each iteration, and that become one array: they are that from the start.

``out = []``, ``out.append(x)`` and ``np.stack(out)`` become ``out = np.empty((n, k))``, ``out[t] = x`` and `out`: what
is appended is put where it belongs while it is in the cache, and not kept and copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.names import assigned_names, nodes_of, statements_of
from vectorizer.rewrite.rolled import Rolled
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, Obj, SeqV, Unsupported

JOINERS: tuple[Any, ...] = (np.stack, np.array, np.asarray)


@dataclass(frozen=True)
class List:
    """A list: where it is made, the loop that appends to it, what it appends, and where it becomes an array."""

    name: str
    made: cst.Assign
    loop: cst.For
    appended: cst.Expr
    item: cst.BaseExpression
    joined: cst.Call


@dataclass(frozen=True)
class Items:
    """How many items there are, and what they are like."""

    count: Affine
    like: Array


class Collected(Rolled):
    """Lists of arrays."""

    lists: dict[int, List] | None = None  # by the statements and expressions that stand in them
    counts: dict[int, Affine]  # how often loops run that stay loops

    def list_at(self, node: cst.CSTNode) -> List | None:
        if self.lists is None:
            found = lists_of(self.function_node())
            self.lists = {id(part): x for x in found for part in (x.made, x.loop, x.appended, x.joined)}
        return self.lists.get(id(node))

    def items_at(self, node: cst.CSTNode) -> tuple[List, Items] | None:
        """The list that a piece of syntax belongs to, where it is an array from the start."""
        found = self.list_at(node) if self.plan.collected else None
        items = self.plan.collected.get(found.name) if found is not None else None
        return (found, items) if found is not None and items is not None else None

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        if self.list_at(node) is not None and not (self.loops or self.regions or self.masks or self.scopes):
            try:
                extent = self.extent(it)
            except Unsupported:
                pass
            else:
                if extent.step == 1 and extent.first == Affine():
                    self.counts[id(node)] = extent.trips
        return super().sequential_for(node, it)

    def small_Assign(self, node: cst.Assign) -> bool:
        found = self.items_at(node)
        if found is None:
            return super().small_Assign(node)
        (made, items), site = found, self.node_site(node.value)
        try:
            lengths = [self.print_affine(length) for length in (items.count, *items.like.dims) if length is not None]
        except Unsupported:
            self.leave_list(made.name)
        axes, dtype = items.like.axes, items.like.dtype
        options = {
            "dtype": self.dtype_code(dtype) if dtype is not None and dtype != np.dtype(float) else None,
            "order": '"F"' if site in self.plan.batch_last else None,
        }
        code = call(self.np("empty"), self.shape_code(axes, [length.code for length in lengths]), **options)
        value = Array(dtype, 1 + items.like.rank, axes, dims=(items.count, *items.like.dims))
        self.assign_name(made.name, self.fresh_memory(Operand(code, value, fresh=True), node.value))
        self.change("collected", f"{made.name} is an array from the start: its items are put where they belong")
        return False

    def small_Expr(self, node: cst.Expr) -> bool:
        found = self.items_at(node)
        if found is None:
            return super().small_Expr(node)
        (made, items), target = found, cst.Name(found[0].loop.target.value)  # type: ignore[attr-defined]
        try:
            item = self.as_array(self.expression(made.item))
            if item.array.dtype != items.like.dtype or item.array.rank != items.like.rank:
                raise Unsupported("an item of another kind")
            self.assign_item(cst.Subscript(cst.Name(made.name), [cst.SubscriptElement(cst.Index(target))]), item)
        except Unsupported:
            self.leave_list(made.name)
        return False

    def visit_Call(self, node: cst.Call) -> Operand:
        found = self.list_at(node)
        if found is None or found.name not in self.env:
            return super().visit_Call(node)
        held = self.env[found.name]
        if self.items_at(node) is not None:
            return Operand(held.code, held.value)
        if found.name not in self.plan.collected:
            items = self.items_of_list(found, held)
            if items is not None:
                self.plan.collected[found.name] = items
                raise PlanChange
        return super().visit_Call(node)

    def items_of_list(self, found: List, held: Operand) -> Items | None:
        """What is in a list behind the loop that appends to it; None where it is not known well enough."""
        count, value = self.counts.get(id(found.loop)), held.value
        like = value.item if isinstance(value, SeqV) else None
        plain = not (self.loops or self.regions or self.masks or self.scopes or self.speculating)
        if count is None or not plain or not isinstance(like, Array) or self.shared.backend is not None:
            return None
        known = like.dtype is not None and like.kind in "biufc" and None not in like.dims
        if not known or not like.axes or set(like.axes) - set(self.axes) or like.zero_d:
            return None
        if like.rank and not is_new(found.item) and self.changes_arrays():
            return None  # what is changed in place behind `append` changes in the list
        function = self.expression(found.joined.func).value
        if not isinstance(function, Obj) or not any(function.value is joiner for joiner in JOINERS):
            return None
        return Items(count, like) if self.relies_on(count - 1) else None

    def changes_arrays(self) -> bool:
        """Whether the function may change any array in place, numbers and lists to which it appends aside."""
        for part in nodes_of(self.function_node()):
            match part:
                case cst.Assign(targets=targets):
                    if any(not isinstance(t.target, (cst.Name, cst.Tuple, cst.List)) for t in targets):
                        return True
                case cst.AugAssign(target=target):
                    value = (
                        self.env[target.value].value
                        if isinstance(target, cst.Name) and target.value in self.env
                        else None
                    )
                    if not isinstance(value, Array) or value.rank or value.zero_d:
                        return True
                case cst.Expr(value=cst.Call()):
                    if self.list_at(part) is None:
                        return True
                case cst.Arg(keyword=cst.Name(value="out")):
                    return True
        return False

    def leave_list(self, name: str) -> None:
        """The list stays one.  Raises PlanChange."""
        self.plan.collected[name] = None
        raise PlanChange


def lists_of(function: cst.FunctionDef) -> list[List]:
    """The lists of a function that one loop over a range fills, and one call turns into an array."""
    body = statements_of(function.body)
    made: dict[str, cst.Assign] = {}
    for statement in body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            match small:
                case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=cst.List(elements=[])):
                    made[name] = small
    if not made:
        return []
    uses: dict[str, int] = {}
    for part in nodes_of(function):
        if isinstance(part, cst.Name) and part.value in made:
            uses[part.value] = uses.get(part.value, 0) + 1
    calls = [part for part in nodes_of(function) if isinstance(part, cst.Call)]
    found = []
    for loop in (statement for statement in body if isinstance(statement, cst.For)):
        for name, appended, item in appends_in(loop):
            joined = [c for c in calls if len(c.args) == 1 and is_name(c.args[0].value, name) and not c.args[0].star]
            joined = [c for c in joined if c.args[0].keyword is None]
            if name in made and len(joined) == 1 and uses[name] == 3:
                found.append(List(name, made[name], loop, appended, item, joined[0]))
    return found


def appends_in(loop: cst.For) -> list[tuple[str, cst.Expr, cst.BaseExpression]]:
    """The lists that a loop over a range appends to in each iteration, with the statements and the items."""
    ranges = (
        isinstance(loop.iter, cst.Call) and isinstance(loop.iter.func, cst.Name) and loop.iter.func.value == "range"
    )
    body = statements_of(loop.body)
    if not ranges or not isinstance(loop.target, cst.Name) or loop.orelse is not None:
        return []
    if loop.target.value in assigned_names(loop.body) or has_jump(list(body), (*JUMPS, cst.Raise, cst.Try, cst.With)):
        return []
    found = []
    for statement in body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            match small:
                case cst.Expr(
                    value=cst.Call(
                        func=cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="append")),
                        args=[cst.Arg(value=item, keyword=None, star="")],
                    )
                ):
                    found.append((name, small, item))
    return found


def is_new(node: cst.BaseExpression) -> bool:
    """Whether an expression gives an array that nothing else can see."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value == "copy" and not node.args
    return isinstance(node, cst.BinaryOperation)


def is_name(node: cst.BaseExpression, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name

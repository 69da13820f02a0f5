"""Lists of numbers as arrays: ``counts = [0] * n``, of which nothing but items is set and read.

A function is written anew with such lists marked where they are made (``counts = heldʹ("counts", [0] * n)``) and where
they are read as a whole (``max(listʹ(counts))``); ``table[i][j]`` becomes ``table[i, j]``.  Whatever else is done with
a list, such as to append to it or to hand it to another function, rules it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.list_growth import Growth
from vectorizer.rewrite.list_variables import (
    candidates,
    chain,
    depths,
    entries,
    groups,
    is_maker,
    ordered_list,
    pairs,
    stored_names,
)
from vectorizer.rewrite.names import children_of, nodes_of

HELD, LIST = "held\u02b9", "list\u02b9"  # names that are none of the user's
# Functions that read a list, and keep nothing of it.
READERS = frozenset("sum max min sorted any all enumerate zip reversed list tuple range abs".split())
ARRAY_READERS = frozenset(
    "array asarray sum mean prod max min amax amin argmax argmin std var median cumsum cumprod dot sort argsort diff"
    " any all count_nonzero unique percentile quantile bincount searchsorted".split()
)
NAMES_BOUND = (
    cst.Global, cst.Nonlocal, cst.Del, cst.With, cst.Import, cst.ImportFrom, cst.ExceptHandler, cst.NamedExpr, cst.Match
)  # fmt: skip


SIMPLE = (cst.SubscriptElement, cst.Index, cst.Name, cst.Integer, cst.BinaryOperation, cst.UnaryOperation)
OPERATORS: dict[type[cst.CSTNode], type[cst.BaseBinaryOp]] = {
    cst.AddAssign: cst.Add, cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply, cst.DivideAssign: cst.Divide, cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo, cst.PowerAssign: cst.Power, cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr, cst.BitXorAssign: cst.BitXor,
}  # fmt: skip


class Refused(Exception):
    """A variable is used as only a list can be."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass
class HeldLists:
    """A function whose lists are arrays.

    group: by variable, the first of those that may stand for the same list: their items are of one kind.
    depth: by variable, of how many lists in each other it consists.
    growing: the groups whose items would have to be integers of more than 64 bits, sooner or later.
    """

    node: cst.FunctionDef
    group: dict[str, str]
    depth: dict[str, int]
    growing: frozenset[str]

    def lines(self, plain: cst.FunctionDef, lines: dict[int, int]) -> dict[int, int]:
        """Line numbers of the new statements: those of the old ones, which are as many."""
        old, new = ([p for p in nodes_of(node) if isinstance(p, STATEMENTS)] for node in (plain, self.node))
        return lines | {id(made): lines[id(part)] for part, made in zip(old, new, strict=True) if id(part) in lines}


STATEMENTS = (cst.BaseStatement, cst.BaseSmallStatement)


def hold_lists(node: cst.FunctionDef) -> HeldLists | None:
    """The function with those of its lists as arrays that can be; None where there are none."""
    group = groups(candidates(node))
    while group:
        depth = depths(node, group)
        growing = Growth(node, frozenset(group)).growing()
        try:
            body = node.body.visit(Conversion(group, depth, entries(node), growing))
        except Refused as refused:
            root = group.get(refused.name)
            group = {name: first for name, first in group.items() if first != root}
            continue
        assert isinstance(body, cst.BaseSuite)
        return HeldLists(node.with_changes(body=body), group, depth, frozenset(group[name] for name in growing))
    return None


# --- the new function ------------------------------------------------------------------------------------------------


class Conversion(cst.CSTTransformer):
    """Marks lists where they are made and read; raises Refused where one is used otherwise."""

    def __init__(
        self, group: dict[str, str], depth: dict[str, int], entries: dict[str, cst.BaseExpression], growing: set[str]
    ) -> None:
        self.group, self.depth, self.entries, self.growing = group, depth, entries, growing
        self.made: dict[cst.CSTNode, cst.CSTNode] = {}

    def on_visit(self, node: cst.CSTNode) -> bool:
        made = self.converted(node)
        if made is None:
            return True
        self.made[node] = made
        return False

    def on_leave(self, original_node: cst.CSTNode, updated_node: Any) -> Any:
        return self.made.pop(original_node, updated_node)

    def converted(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What a node becomes; None where it stays, and what is in it is looked at."""
        if isinstance(node, cst.Name):
            if node.value in self.group:
                raise Refused(node.value)
            return node
        if isinstance(node, (cst.FunctionDef, cst.ClassDef, *NAMES_BOUND)):
            self.refuse_all(node)
            return None
        method = getattr(self, f"from_{type(node).__name__}", None)
        return method(node) if method is not None else None

    def refuse_all(self, node: cst.CSTNode) -> None:
        for part in nodes_of(node):
            if isinstance(part, cst.Name) and part.value in self.group:
                raise Refused(part.value)

    def inner(self, node: Any) -> Any:
        return node.visit(self)

    def is_held(self, node: Any) -> bool:
        return isinstance(node, cst.Name) and node.value in self.group

    def from_Attribute(self, node: cst.Attribute) -> cst.CSTNode:
        return node.with_changes(value=self.inner(node.value))

    def from_Arg(self, node: cst.Arg) -> cst.CSTNode:
        return node.with_changes(value=self.inner(node.value))

    def from_Subscript(self, node: cst.Subscript) -> cst.CSTNode | None:
        base, index = chain(node)
        if not isinstance(base, cst.Name) or base.value not in self.group:
            return None
        if any(isinstance(i.slice, cst.Slice) for i in index):
            if len(index) > 1 or self.depth[base.value] != 1:
                raise Refused(base.value)
            return node.with_changes(value=whole(base), slice=[self.inner(i) for i in index])
        if len(index) != self.depth[base.value]:
            raise Refused(base.value)
        return self.element(node, base, index)

    def element(self, node: cst.Subscript, base: cst.Name, index: Sequence[cst.SubscriptElement]) -> cst.Subscript:
        items = [self.inner(i).with_changes(comma=cst.MaybeSentinel.DEFAULT) for i in index]
        return node.with_changes(value=base, slice=items)

    def read_whole(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        """A list, or a row of one, that is read as a whole; None for anything else."""
        if self.is_held(node):
            return whole(node)
        base, index = chain(node)
        is_row = isinstance(base, cst.Name) and self.is_held(base) and len(index) < self.depth[base.value]
        if not is_row or any(isinstance(i.slice, cst.Slice) for i in index):
            return None
        assert isinstance(node, cst.Subscript) and isinstance(base, cst.Name)
        return whole(self.element(node, base, index))

    def reading(self, node: cst.BaseExpression) -> cst.BaseExpression:
        found = self.read_whole(node)
        return found if found is not None else self.inner(node)

    def from_Call(self, node: cst.Call) -> cst.CSTNode | None:
        function = node.func
        plain = not any(a.star for a in node.args)
        if isinstance(function, cst.Name) and function.value == "len" and len(node.args) == 1 and plain:
            return self.length(node)
        if isinstance(function, cst.Attribute) and self.is_held(function.value):
            if function.attr.value == "copy" and not node.args:
                return whole(function.value)
            if function.attr.value not in ("index", "count"):
                raise Refused(function.value.value)  # type: ignore[attr-defined]
            arguments = [self.inner(a) for a in node.args]
            return node.with_changes(func=function.with_changes(value=whole(function.value)), args=arguments)
        is_reader = isinstance(function, cst.Name) and function.value in READERS
        if isinstance(function, cst.Attribute) and isinstance(function.value, cst.Name):
            is_reader = function.value.value in ("np", "numpy") and function.attr.value in ARRAY_READERS
        if not is_reader or not plain:
            return None
        return node.with_changes(args=[a.with_changes(value=self.reading(a.value)) for a in node.args])

    def length(self, node: cst.Call) -> cst.CSTNode | None:
        """``len(table[i])`` is the length of a later axis."""
        argument = node.args[0].value
        if self.is_held(argument):
            return node
        base, index = chain(argument)
        if not self.is_held(base):
            return None
        if len(index) >= self.depth[base.value] or any(isinstance(i.slice, cst.Slice) for i in index):  # type: ignore[attr-defined]
            raise Refused(base.value)  # type: ignore[attr-defined]
        shape = cst.Attribute(base, cst.Name("shape"))
        return cst.Subscript(shape, [cst.SubscriptElement(cst.Index(cst.Integer(str(len(index)))))])

    def from_For(self, node: cst.For) -> cst.CSTNode | None:
        stored = {name for part in nodes_of(node.body) for name in stored_names(part)}
        changed = {self.group[name] for name in stored & self.group.keys()}
        for part in nodes_of(node.iter):
            name = part if isinstance(part, cst.Name) else None
            if name is not None and self.group.get(name.value) in changed and not only_measured(node.iter, name):
                raise Refused(name.value)
        if self.read_whole(node.iter) is None:
            return None
        orelse = self.inner(node.orelse) if node.orelse is not None else None
        body, target = self.inner(node.body), self.inner(node.target)
        return node.with_changes(target=target, iter=self.reading(node.iter), body=body, orelse=orelse)

    def from_CompFor(self, node: cst.CompFor) -> cst.CSTNode | None:
        if self.read_whole(node.iter) is None:
            return None
        inner = self.inner(node.inner_for_in) if node.inner_for_in is not None else None
        ifs = [self.inner(i) for i in node.ifs]
        target = self.inner(node.target)
        return node.with_changes(target=target, iter=self.reading(node.iter), ifs=ifs, inner_for_in=inner)

    def from_ComparisonTarget(self, node: cst.ComparisonTarget) -> cst.CSTNode | None:
        is_membership = isinstance(node.operator, (cst.In, cst.NotIn))
        return node.with_changes(comparator=self.reading(node.comparator)) if is_membership else None

    def from_Return(self, node: cst.Return) -> cst.CSTNode | None:
        return node.with_changes(value=self.returned(node.value)) if node.value is not None else None

    def returned(self, node: cst.BaseExpression) -> cst.BaseExpression:
        if isinstance(node, cst.Tuple):
            elements = [e.with_changes(value=self.returned(e.value)) for e in node.elements]
            return node.with_changes(elements=elements)
        return self.reading(node)

    def from_Expr(self, node: cst.Expr) -> cst.CSTNode | None:
        """``items.sort()`` is ``items[:] = sorted(items)``."""
        name = ordered_list(node)
        if name is None or not self.is_held(name) or self.depth[name.value] != 1:
            return None
        every = cst.SubscriptElement(cst.Slice(None, None))
        backwards = cst.SubscriptElement(cst.Slice(None, None, cst.parse_expression("-1")))
        is_sort = node.value.func.attr.value == "sort"  # type: ignore[attr-defined]
        new = (
            cst.Call(cst.Name("sorted"), [cst.Arg(whole(name))]) if is_sort else cst.Subscript(whole(name), [backwards])
        )
        return cst.Assign([cst.AssignTarget(cst.Subscript(name, [every]))], held(name, new))

    def from_AugAssign(self, node: cst.AugAssign) -> cst.CSTNode | None:
        """``items[i] *= v`` is ``items[i] = items[i] * v``, but for sums, which an array does in place as well.

        Sums that may become as large as they like are looked at, whenever one is stored.
        """
        base, index = chain(node.target)
        is_step = isinstance(node.operator, (cst.AddAssign, cst.SubtractAssign))
        if not isinstance(base, cst.Name) or not self.is_held(base) or is_step and base.value not in self.growing:
            return None
        operator = OPERATORS.get(type(node.operator))
        if operator is None or any(not isinstance(p, SIMPLE) for i in index for p in nodes_of(i)):
            raise Refused(base.value)
        item = self.inner(node.target)
        value = self.inner(node.value).with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return cst.Assign([cst.AssignTarget(item)], cst.BinaryOperation(item, operator(), value))

    def from_Assign(self, node: cst.Assign) -> cst.CSTNode | None:
        bound = [pair for item in node.targets for pair in pairs(item.target, node.value)]
        if not any(name in self.group for name, _ in bound):
            unpacks = any(isinstance(item.target, (cst.Tuple, cst.List)) for item in node.targets)
            if unpacks and self.read_whole(node.value) is not None:
                targets = [self.inner(item) for item in node.targets]
                return node.with_changes(targets=targets, value=self.reading(node.value))
            return None
        if len(node.targets) > 1:
            raise Refused(next(name for name, _ in bound if name in self.group))
        target = node.targets[0].target
        return node.with_changes(
            targets=[node.targets[0].with_changes(target=self.bound(target))], value=self.set_to(target, node.value)
        )

    def bound(self, target: cst.BaseExpression) -> cst.BaseExpression:
        """A target, whose variables may be lists."""
        if isinstance(target, (cst.Tuple, cst.List)):
            return target.with_changes(elements=[e.with_changes(value=self.bound(e.value)) for e in target.elements])
        return target if isinstance(target, cst.Name) else self.inner(target)

    def set_to(self, target: cst.BaseExpression, value: cst.BaseExpression) -> cst.BaseExpression:
        """What a target is set to, with lists marked where they are made."""
        if isinstance(target, (cst.Tuple, cst.List)) and isinstance(value, (cst.Tuple, cst.List)):
            sides = zip(target.elements, value.elements, strict=True)
            made: cst.BaseExpression = value.with_changes(
                elements=[v.with_changes(value=self.set_to(t.value, v.value)) for t, v in sides]
            )
            return made
        if not self.is_held(target):
            plain: cst.BaseExpression = self.inner(value)
            return plain
        assert isinstance(target, cst.Name)
        if self.is_held(value):
            return value
        if not is_maker(value) or not self.depth[target.value]:
            raise Refused(target.value)
        if self.entries.get(target.value) is not value:
            return held(target, self.inner(value))
        others = {name: first for name, first in self.group.items() if name != target.value}
        self.group, every = others, self.group
        try:
            return held(target, self.inner(value))  # the parameter is read there
        finally:
            self.group = every


def held(name: cst.Name, value: cst.BaseExpression) -> cst.Call:
    return cst.Call(cst.Name(HELD), [cst.Arg(cst.SimpleString(f'"{name.value}"')), cst.Arg(value)])


def whole(node: cst.BaseExpression) -> cst.Call:
    return cst.Call(cst.Name(LIST), [cst.Arg(node)])


def only_measured(node: cst.CSTNode, name: cst.Name) -> bool:
    """Whether an expression takes nothing but the length of a variable."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "len":
        return True
    if node is name:
        return False
    return all(only_measured(child, name) for child in children_of(node) if name in list(nodes_of(child)))

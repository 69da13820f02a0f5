"""Whether the integers in a list may grow without bound: Python's do not end at 64 bits, those of an array do.

A list may grow by a step at a time, `counts[v] += 1` or `best[i] = max(best[i], best[j] + 1)`: as many steps as it
takes to leave 64 bits are never made.  Sums of its items, and their products, may double in each step: they are looked
at wherever one is stored.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from vectorizer.rewrite.names import nodes_of

SMALL, LARGE, GROWS = 0, 1, 2  # bounded by the number of steps; as large as an item; larger than that
STEPS = (cst.Add, cst.Subtract)
SHRINKS = (cst.FloorDivide, cst.RightShift, cst.Divide)
CHOOSING = frozenset("min max abs int enumerate zip reversed sorted list tuple".split())


class Growth:
    """How large the integers are that the variables of a function stand for."""

    def __init__(self, node: cst.FunctionDef, lists: frozenset[str]) -> None:
        self.lists = lists
        self.sizes: dict[str, int] = {}
        self.assignments = [*assignments(node)]
        self.settle()

    def growing(self) -> set[str]:
        """The lists whose items may become as large as they like."""
        return {name for name in self.lists if self.sizes.get(name) == GROWS}

    def settle(self) -> None:
        """Goes through all assignments until nothing changes."""
        changed = True
        while changed:
            changed = False
            for name, value, is_sum in self.assignments:
                size = self.size(value)
                if is_sum and size == LARGE:
                    size = GROWS
                if size > self.sizes.get(name, SMALL):
                    self.sizes[name] = size
                    changed = True

    def size(self, node: cst.BaseExpression) -> int:
        """How large what an expression gives may be."""
        if isinstance(node, cst.Name):
            return LARGE if node.value in self.lists else self.sizes.get(node.value, SMALL)
        if isinstance(node, cst.Subscript):
            return self.size(node.value)
        if isinstance(node, (cst.Comparison, cst.BaseNumber)):
            return SMALL
        if isinstance(node, cst.BinaryOperation):
            return self.operation(node)
        if isinstance(node, cst.IfExp):
            return max(self.size(node.body), self.size(node.orelse))
        if isinstance(node, (cst.GeneratorExp, cst.ListComp)):
            return self.size(node.elt)
        if isinstance(node, cst.UnaryOperation):
            return self.size(node.expression)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in ("len", "range"):
            return SMALL
        inner = max((self.size(part) for part in parts_of(node)), default=SMALL)
        chooses = isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in CHOOSING
        is_display = isinstance(node, (cst.List, cst.Tuple))
        return inner if chooses or is_display or inner == SMALL else GROWS

    def operation(self, node: cst.BinaryOperation) -> int:
        left, right = self.size(node.left), self.size(node.right)
        if isinstance(node.operator, STEPS):
            return left + right if GROWS not in (left, right) else GROWS
        if isinstance(node.operator, cst.Modulo):
            return right
        if isinstance(node.operator, SHRINKS):
            return left
        if isinstance(node.operator, cst.Multiply) and isinstance(node.left, cst.List):
            return max((self.size(e.value) for e in node.left.elements), default=SMALL)
        return GROWS if max(left, right) > SMALL else SMALL


def parts_of(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """The operands of an expression."""
    if isinstance(node, cst.Call):
        yield from (a.value for a in node.args)
        if isinstance(node.func, cst.Attribute):
            yield node.func.value
    elif isinstance(node, (cst.List, cst.Tuple)):
        yield from (e.value for e in node.elements)
    else:
        yield from (p for p in nodes_of(node) if isinstance(p, cst.BaseExpression) and p is not node)


def assignments(node: cst.FunctionDef) -> Iterator[tuple[str, cst.BaseExpression, bool]]:
    """Variables with what they are set to, and whether that is added to them."""
    for part in nodes_of(node.body):
        if isinstance(part, cst.Assign):
            for item in part.targets:
                yield from bindings(item.target, part.value)
        elif isinstance(part, cst.AugAssign):
            for name, _, _ in bindings(part.target, part.value):
                operator = getattr(cst, type(part.operator).__name__.removesuffix("Assign"))()
                is_step = isinstance(operator, STEPS)
                value = part.value if is_step else cst.BinaryOperation(cst.Name(name), operator, part.value)
                yield name, value, is_step
        elif isinstance(part, (cst.For, cst.CompFor)):
            yield from bindings(part.target, part.iter)
        elif isinstance(part, cst.NamedExpr):
            yield from bindings(part.target, part.value)


def bindings(target: cst.BaseExpression, value: cst.BaseExpression) -> Iterator[tuple[str, cst.BaseExpression, bool]]:
    if isinstance(target, (cst.Tuple, cst.List)):
        values = list(value.elements) if isinstance(value, (cst.Tuple, cst.List)) else []
        fits = len(values) == len(target.elements)
        for k, element in enumerate(target.elements):
            yield from bindings(element.value, values[k].value if fits else value)
    elif isinstance(target, cst.Name):
        yield target.value, value, False
    elif isinstance(target, cst.Subscript):
        yield from bindings(target.value, value)

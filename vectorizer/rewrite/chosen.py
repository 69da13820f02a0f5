"""Iterating over what a mask chooses: over all elements, with a condition around what is done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import libcst as cst

from vectorizer.rewrite.branches import Branches
from vectorizer.rewrite.statements import _statements
from vectorizer.rules.subscripts import Masked
from vectorizer.source.operand import Operand
from vectorizer.values import MaskedV, StackedV, Unsupported

Node = TypeVar("Node", bound=cst.CSTNode)


class Chosen(Branches):
    """Loops and comprehensions over a different number of items for each example."""

    def chosen_items(self, node: cst.BaseExpression) -> Operand | None:
        """What is iterated over, if it is elements that a mask chooses."""
        if isinstance(node, cst.Name):
            held = self.env.get(node.value)
            return self.expression(node) if held is not None and isinstance(held.value, MaskedV) else None
        if not isinstance(node, (cst.Subscript, cst.ListComp, cst.GeneratorExp)):
            return None
        mark = self.mark()
        try:
            operand = self.expression(node)
        except Unsupported:
            self.rollback(mark)
            return None
        if isinstance(operand.value, MaskedV) and isinstance(operand.node, Masked):
            return operand
        self.rollback(mark)
        return None

    def over_all(self, node: cst.For) -> cst.For | None:
        """``for v in x[mask]: ...`` as ``for item, kept in zip(x, mask): if kept: v = item; ...``."""
        found = self.chosen_items(node.iter)
        if found is None:
            return None
        if node.orelse is not None:
            raise Unsupported("for ... else over items that a mask chooses")

        def make(item: str, kept: str, source: cst.BaseExpression) -> cst.For:
            first = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(node.target)], cst.Name(item))])
            branch = cst.If(cst.Name(kept), cst.IndentedBlock([first, *_statements(node.body)]))
            target = cst.Tuple([cst.Element(cst.Name(item)), cst.Element(cst.Name(kept))])
            return node.with_changes(target=target, iter=source, body=cst.IndentedBlock([branch]))

        return self.with_mask(found, node, make)

    def generator_over_all(self, node: cst.CompFor) -> cst.CompFor:
        """``for v in x[mask]`` of a comprehension as ``for v, kept in zip(x, mask) if kept``."""
        found = self.chosen_items(node.iter)
        if found is None:
            return node

        def make(item: str, kept: str, source: cst.BaseExpression) -> cst.CompFor:
            target = cst.Tuple([cst.Element(node.target), cst.Element(cst.Name(kept))])
            return node.with_changes(target=target, iter=source, ifs=[cst.CompIf(cst.Name(kept)), *node.ifs])

        return self.with_mask(found, node, make)

    def with_mask(
        self, found: Operand, node: cst.CSTNode, make: Callable[[str, str, cst.BaseExpression], Node]
    ) -> Node:
        """The syntax for going through an array and its mask, which get names; it is the same in each walk."""
        chosen, value = found.node, found.value
        assert isinstance(chosen, Masked)
        assert isinstance(value, MaskedV)
        if self.array(chosen.mask).rank != 1:
            raise Unsupported("a loop over what a mask of a higher rank chooses")
        key = ("chosen", self.node_site(node))
        if key not in self.plan.guarded:
            names = [self.fresh(hint) for hint in ("items", "chosen", "item", "kept")]
            self.plan.reserved.update(names)
            parts = [cst.Arg(cst.Name(name)) for name in names[:2]]
            self.plan.guarded[key] = names, make(names[2], names[3], cst.Call(cst.Name("zip"), parts))
        names, made = self.plan.guarded[key]
        array = chosen.array
        dims = self.array(chosen.mask).dims
        if self.array(array).dims[:1] != dims:  # both are as long as each other, whichever is known
            known = dims[0] if dims[0] is not None else self.array(array).dims[0]
            array = array.with_value(self.array(array).with_(dims=(known, *self.array(array).dims[1:])))
            dims = (known,)
        items = self.temp(array, names[0])
        if value.weak:
            items = items.with_value(StackedV(self.array(items), True))
        mask = self.temp(chosen.mask, names[1])
        self.env[names[0]] = items
        self.env[names[1]] = mask.with_value(self.array(mask).with_(dims=dims))
        self.local_names = self.local_names | set(names)
        return made  # type: ignore[no-any-return]

"""Expressions that need statements of their own: comprehensions as loops, conditional expressions as branches.

That is done where no shorter form is found.  The statements stand in front of what the expression is a part of, and the
syntax that is made up is the same in each walk.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import libcst as cst

from vectorizer.rewrite.functional import (
    ZERO,
    Functional,
    Made,
    assigned,
    conjunction,
)
from vectorizer.rewrite.names import nodes_of
from vectorizer.rules.plan import NeedsStatements
from vectorizer.source.operand import Operand
from vectorizer.values import Array, FuncV, Obj, Unsupported

CONSUMERS = (builtins.sum, builtins.any, builtins.all)


class SpelledOut(Functional):
    """Expressions that are written as statements."""

    def function_call(self, function: Operand, node: cst.Call) -> Operand:
        target = function.value.value if isinstance(function.value, Obj) else None
        if not any(target is consumer for consumer in CONSUMERS):
            return super().function_call(function, node)
        return self.or_spelled_out(node, lambda: super(SpelledOut, self).function_call(function, node), self.as_total)

    def comprehension(self, node: cst.ListComp | cst.GeneratorExp) -> Operand:
        return self.or_spelled_out(node, lambda: super(SpelledOut, self).comprehension(node), self.as_appends)

    def visit_IfExp(self, node: cst.IfExp) -> Operand:
        short = super().visit_IfExp
        return self.or_spelled_out(node, lambda: short(node), self.as_branches, NeedsStatements)

    def call_lambda(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """What statements in a lambda give gets a name of its own, for another call of it sets the same variables."""
        before = self.written_parts
        result = super().call_lambda(function, args, keywords)
        if self.written_parts == before:
            return result
        if not isinstance(result.value, Array):
            raise Unsupported("a lambda with statements that gives no number or array")
        name = self.fresh("value")
        self.emit(f"{name} = {result.code}", generated=name, target=name)
        return Operand(name, result.value, fresh=result.fresh)

    def or_spelled_out(
        self,
        node: Any,
        short: Callable[[], Operand],
        write: Callable[[Any], Made | None],
        refusal: type[Unsupported] = Unsupported,
    ) -> Operand:
        """What `short` gives; where that is refused, what the statements give that `write` makes."""
        mark = self.mark()
        try:
            return short()
        except refusal as error:
            if self.loops or any(isinstance(part, cst.NamedExpr) for part in nodes_of(node)):
                raise
            self.rollback(mark)
            key = ("spelled out", self.node_site(node))
            if key not in self.plan.guarded:
                self.plan.guarded[key] = write(node)
            made: Made | None = self.plan.guarded[key]
            if made is None:
                raise
            return self.spelled_out(made, node, error)

    def spelled_out(self, made: Made, node: cst.Call, error: Unsupported) -> Operand:
        """The result of statements; where they are refused as well, the first reason counts."""
        mark = self.mark()
        try:
            return self.written_out(made, node)
        except Unsupported:
            self.rollback(mark)
            raise error from None

    def as_total(self, node: cst.Call) -> Made | None:
        """``any(e for x in y)`` as a loop that ends at the first hit, a sum as one that adds up."""
        plain = [a.value for a in node.args]
        if any(a.keyword is not None or a.star for a in node.args) or not isinstance(node.func, cst.Name):
            return None
        if not plain or not isinstance(plain[0], (cst.GeneratorExp, cst.ListComp)):
            return None
        if plain[0].for_in.inner_for_in is not None or len(plain) > 1 + (node.func.value == "sum"):
            return None
        return self.loop_over(plain[0], node.func.value, plain[1] if len(plain) == 2 else ZERO)

    def as_appends(self, node: cst.ListComp | cst.GeneratorExp) -> Made | None:
        """``[e for x in y if c]`` as a loop that appends to a list."""
        if node.for_in.inner_for_in is not None:
            return None
        items = cst.Name(self.new_name("items"))
        target, element, tests = self.renamed(node.for_in, node.elt)
        append = cst.Call(cst.Attribute(items, cst.Name("append")), [cst.Arg(element)])
        body: list[Any] = [cst.SimpleStatementLine([cst.Expr(append)])]
        if tests:
            body = [cst.If(conjunction(tests), cst.IndentedBlock(body))]
        return [assigned(items, cst.List([])), cst.For(target, node.for_in.iter, cst.IndentedBlock(body))], items

    def as_branches(self, node: cst.IfExp) -> Made | None:
        """``a if c else b`` as an `if` that sets a variable."""
        result = cst.Name(self.new_name("result"))
        sides = [cst.IndentedBlock([assigned(result, side)]) for side in (node.body, node.orelse)]
        return [cst.If(node.test, sides[0], orelse=cst.Else(sides[1]))], result

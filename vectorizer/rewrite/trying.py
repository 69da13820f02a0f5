"""``try``: where it can be said which examples raise, these are the ones that take the handler.

``try: y = a / b`` with an ``except ZeroDivisionError`` is ``if b == 0: ... else: y = a / b``.  What raises otherwise
makes the batch raise, and then the loop is run in its place.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libcst as cst

from vectorizer.rewrite.names import children_of, names_read, statements_of
from vectorizer.rewrite.unset import Unset
from vectorizer.source.operand import Operand
from vectorizer.values import Array, ListV, Obj, SeqV, StackedV, TupleV, Unsupported

LARGEST_EXPONENT = 709.782712893384  # math.exp of more overflows

# function of one number -> what it raises, and for which arguments
RAISING: dict[Callable[..., Any], tuple[type[Exception], str]] = {
    math.sqrt: (ValueError, "({0}) < 0"),
    math.log: (ValueError, "({0}) <= 0"),
    math.log2: (ValueError, "({0}) <= 0"),
    math.log10: (ValueError, "({0}) <= 0"),
    math.log1p: (ValueError, "({0}) <= -1"),
    math.acos: (ValueError, "abs({0}) > 1"),
    math.asin: (ValueError, "abs({0}) > 1"),
    math.acosh: (ValueError, "({0}) < 1"),
    math.atanh: (ValueError, "abs({0}) >= 1"),
    math.exp: (OverflowError, f"({{0}}) > {LARGEST_EXPONENT}"),
}
DIVISIONS = (cst.Divide, cst.FloorDivide, cst.Modulo)


class Trying(Unset):
    """What a `try` becomes."""

    def visit_Try(self, node: cst.Try, rest: Sequence[Any]) -> bool:
        """Handles statement by statement those examples that raise there."""
        if self.facts.samples is None:
            raise Unsupported("a try statement, without a loop to fall back on")
        if node.finalbody is not None or len(node.handlers) != 1:
            raise Unsupported("a try statement with several handlers or a finally")
        handler = node.handlers[0]
        if handler.name is not None:
            raise Unsupported("an exception that is caught is looked at")
        caught = self.caught(handler.type)
        body = list(statements_of(node.body))
        after = list(statements_of(node.orelse.body)) if node.orelse is not None else []
        for k, statement in enumerate(body):
            failing = self.failing(statement, caught)
            if failing:
                left = body[k + 1 :]
                then = [node.with_changes(body=cst.IndentedBlock(left))] if left else after
                test = cst.parse_expression(" or ".join(f"({text})" for text in failing))
                branch = cst.If(test, handler.body, orelse=cst.Else(cst.IndentedBlock([statement, *then])))
                self.plan.made.append(branch)
                self.change("try", "the handler runs for the examples that raise")
                return self.visit_If(branch, rest)
            if self.block([statement]):
                return True
        return self.block(after) if after else False

    def caught(self, node: cst.BaseExpression | None) -> tuple[type[BaseException], ...]:
        """The exceptions that a handler catches."""
        if node is None:
            return (Exception,)
        parts = [e.value for e in node.elements] if isinstance(node, cst.Tuple) else [node]
        found = [getattr(builtins, part.value, None) if isinstance(part, cst.Name) else None for part in parts]
        classes = tuple(f for f in found if isinstance(f, type) and issubclass(f, BaseException))
        if len(classes) != len(parts):
            raise Unsupported("a handler of exceptions that are not Python's own")
        return classes

    def failing(self, statement: Any, caught: tuple[type[BaseException], ...]) -> list[str]:
        """Conditions under which a simple statement raises what is caught."""
        if not isinstance(statement, cst.SimpleStatementLine):
            return []
        found: list[str] = []
        for part in expressions_of(statement):
            condition = self.raises(part)
            if condition is not None and issubclass(condition[0], caught) and condition[1] not in found:
                found.append(condition[1])
        return found

    def raises(self, node: cst.BaseExpression) -> tuple[type[Exception], str] | None:
        """What an operation may raise, and when; None where it does not, or that cannot be said."""
        text = self.text
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, DIVISIONS):
            if self.is_python_number(node.left) and self.is_python_number(node.right):
                return ZeroDivisionError, f"({text(node.right)}) == 0"
            return None
        if isinstance(node, cst.Call) and len(node.args) == 1 and node.args[0].keyword is None:
            function = self.peek(node.func)
            known = function.value.value if function is not None and isinstance(function.value, Obj) else None
            if callable(known) and known in RAISING:
                kind, condition = RAISING[known]
                return kind, condition.format(text(node.args[0].value))
            return None
        if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
            return self.out_of_range(node.value, node.slice[0].slice.value)
        return None

    def out_of_range(self, base: cst.BaseExpression, index: cst.BaseExpression) -> tuple[type[Exception], str] | None:
        """When a subscript is out of range."""
        held, place = self.peek(base), self.peek(index)
        if held is None or place is None or not isinstance(place.value, Array):
            return None
        if place.value.rank or place.value.kind not in "iu":
            return None
        is_array = isinstance(held.value, Array) and held.value.rank > 0
        if not is_array and not isinstance(held.value, (ListV, TupleV, SeqV, StackedV)):
            return None
        length = f"len({self.text(base)})"
        return IndexError, f"not -{length} <= ({self.text(index)}) < {length}"

    def is_python_number(self, node: cst.BaseExpression) -> bool:
        """Whether an expression gives a number of Python's own, which raises where NumPy's warn."""
        operand = self.peek(node)
        return operand is not None and isinstance(operand.value, Array) and operand.value.weak

    def peek(self, node: cst.BaseExpression) -> Operand | None:
        """The value of an expression that is not emitted here; None where it has none."""
        if names_read(node) & (self.local_names - self.env.keys()):
            return None
        mark = self.mark()
        self.speculating += 1
        try:
            return self.expression(node)
        except Unsupported:
            return None
        finally:
            self.speculating -= 1
            self.rollback(mark)


def expressions_of(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """The expressions in a statement that are always evaluated, the innermost first."""
    if isinstance(node, (cst.Lambda, cst.GeneratorExp, cst.ListComp, cst.SetComp, cst.DictComp)):
        return
    if isinstance(node, cst.BooleanOperation):
        yield from expressions_of(node.left)
        return
    if isinstance(node, cst.IfExp):
        yield from expressions_of(node.test)
        return
    for child in children_of(node):
        yield from expressions_of(child)
    if isinstance(node, cst.BaseExpression):
        yield node

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

from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.names import children_of, names_read, nodes_of, statements_of
from vectorizer.rewrite.nones import Nones
from vectorizer.rules.subscripts import in_range
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
DIVIDES = (cst.DivideAssign, cst.FloorDivideAssign, cst.ModuloAssign, cst.PowerAssign)
# Expressions that may raise.
RAISERS = (
    cst.BinaryOperation, cst.Call, cst.Subscript, cst.Lambda, cst.GeneratorExp, cst.ListComp, cst.Attribute, cst.Dict,
)  # fmt: skip

Handlers = Sequence[tuple[tuple[type[BaseException], ...], cst.ExceptHandler]]


class Trying(Nones):
    """What a `try` becomes."""

    fell_through: bool = False  # the end of an iteration was reached inside of what a jump has made of the rest

    def visit_Try(self, node: cst.Try, rest: Sequence[Any]) -> bool:
        """Handles statement by statement those examples that raise there."""
        handlers = [(self.caught(h.type), h) for h in node.handlers]
        for _, handler in handlers:
            bound = handler.name.name if handler.name is not None else None
            if isinstance(bound, cst.Name) and bound.value in names_read(handler.body):
                raise Unsupported("an exception that is caught is looked at")
        if not self.facts.has_loop and not all(self.is_foreseen(s, handlers) for s in statements_of(node.body)):
            raise Unsupported("a try statement in which something unforeseen may raise")
        if node.finalbody is None:
            return self.try_body(node, handlers, rest)
        if has_jump([node.body, *node.handlers, *([node.orelse] if node.orelse is not None else [])], JUMPS):
            raise Unsupported("control leaves a try statement with a finally")
        ended = self.try_body(node, handlers, ())
        return ended or self.block(statements_of(node.finalbody.body))

    def try_body(self, node: cst.Try, handlers: Handlers, rest: Sequence[Any]) -> bool:
        """The statements under `try`: behind the first that may raise, all is in the `else` of a condition."""
        body = list(statements_of(node.body))
        after = list(statements_of(node.orelse.body)) if node.orelse is not None else []
        for k, statement in enumerate(body):
            left = body[k + 1 :]
            then = self.remaining(node, left) if left else after
            branch = self.guarded_raise(statement, handlers, then) or self.guarded_statement(statement, handlers, then)
            if branch is not None:
                self.plan.made.append(branch)
                self.change("try", "the handler runs for the examples that raise")
                return self.visit_If(branch, rest)
            if has_jump([statement], JUMPS):  # what follows, here and behind, is for the examples that do not jump
                self.plan.made += then
                ended = self.block([statement, *then, *rest])
                self.fell_through = self.fell_through or not ended and self.jumped()
                return True
            if self.block([statement]):
                return True
        if has_jump(after, JUMPS):
            self.instead = after
            return False
        return self.block(after)

    def remaining(self, node: cst.Try, left: list[Any]) -> list[Any]:
        """The statements of a `try` that are left, with its handlers; without any, they are statements like others."""
        if not node.handlers:
            return [*left, *(statements_of(node.orelse.body) if node.orelse is not None else [])]
        return [node.with_changes(body=cst.IndentedBlock(left), finalbody=None)]

    def guarded_statement(self, statement: Any, handlers: Handlers, then: list[Any]) -> cst.If | None:
        """``if it raises: handler; else: statement; then``."""
        failing = self.failing(statement, handlers)
        if not failing:
            return None
        chain: cst.If | cst.Else = cst.Else(cst.IndentedBlock([statement, *then]))
        for texts, handler in reversed(failing):
            test = cst.parse_expression(" or ".join(f"({text})" for text in texts))
            chain = cst.If(test, handler.body, orelse=chain)
        assert isinstance(chain, cst.If)
        return chain

    def guarded_raise(self, statement: Any, handlers: Handlers, then: list[Any]) -> cst.If | None:
        """``if bad: raise ValueError`` under a handler for it is ``if bad: handler``; `then` is for the others."""
        if not isinstance(statement, cst.If) or statement.orelse is not None:
            return None
        body = statements_of(statement.body)
        small = body[0].body if len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine) else []
        if len(small) != 1 or not isinstance(small[0], cst.Raise) or small[0].exc is None:
            return None
        exception = small[0].exc
        kinds = self.caught(exception.func if isinstance(exception, cst.Call) else exception)
        handler = handler_of(kinds[0], handlers)
        if handler is None or self.failing(cst.SimpleStatementLine([cst.Expr(statement.test)]), handlers):
            return None
        return statement.with_changes(body=handler.body, orelse=cst.Else(cst.IndentedBlock(then)) if then else None)

    def caught(self, node: cst.BaseExpression | None) -> tuple[type[BaseException], ...]:
        """The exceptions that a handler catches, or that are raised."""
        if node is None:
            return (Exception,)
        parts = [e.value for e in node.elements] if isinstance(node, cst.Tuple) else [node]
        found = [getattr(builtins, part.value, None) if isinstance(part, cst.Name) else None for part in parts]
        classes = tuple(f for f in found if isinstance(f, type) and issubclass(f, BaseException))
        if len(classes) != len(parts):
            raise Unsupported("a handler of exceptions that are not Python's own")
        return classes

    def failing(self, statement: Any, handlers: Handlers) -> list[tuple[list[str], cst.ExceptHandler]]:
        """Conditions under which a simple statement raises what is caught, in their order, with the handlers."""
        if not isinstance(statement, cst.SimpleStatementLine):
            return []
        found: list[tuple[list[str], cst.ExceptHandler]] = []
        for part in expressions_of(statement):
            condition = self.raises(part)
            handler = handler_of(condition[0], handlers) if condition is not None else None
            if condition is None or handler is None or any(condition[1] in texts for texts, _ in found):
                continue
            if found and found[-1][1] is handler:
                found[-1][0].append(condition[1])
            else:
                found.append(([condition[1]], handler))
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
        dim = held.value.dims[0] if isinstance(held.value, Array) else None
        if dim is not None and in_range(self, place.value, dim):
            return None
        length = f"len({self.text(base)})"
        return IndexError, f"not -{length} <= ({self.text(index)}) < {length}"

    def is_foreseen(self, statement: Any, handlers: Handlers) -> bool:
        """Whether it is known of all that a statement computes when it raises what is caught."""
        if not isinstance(statement, cst.SimpleStatementLine):
            return self.guarded_raise(statement, handlers, []) is not None
        if not all(isinstance(small, (cst.Assign, cst.AugAssign, cst.Return, cst.Expr)) for small in statement.body):
            return False
        if any(isinstance(part, cst.AugAssign) and isinstance(part.operator, DIVIDES) for part in statement.body):
            return False
        known = [id(part) for part in expressions_of(statement)]
        raisers = [part for part in nodes_of(statement) if isinstance(part, RAISERS)]
        return all(id(part) in known and self.is_harmless(part) for part in raisers)

    def is_harmless(self, node: cst.BaseExpression) -> bool:
        """Whether an operation raises at most what `raises` says."""
        if isinstance(node, cst.BinaryOperation):
            sides = [self.peek(node.left), self.peek(node.right)]
            if any(o is None or not isinstance(o.value, Array) or o.value.rank for o in sides):
                return False
            return isinstance(node.operator, (cst.Add, cst.Subtract, cst.Multiply, *DIVISIONS))
        if isinstance(node, cst.Call):
            function = self.peek(node.func)
            known = function.value.value if function is not None and isinstance(function.value, Obj) else None
            return callable(known) and (known in RAISING or known in (abs, float)) and self.peek(node) is not None
        if isinstance(node, cst.Attribute):
            return self.peek(node) is not None
        held = self.peek(node.value) if isinstance(node, cst.Subscript) else None
        return held is not None and isinstance(held.value, Array) and self.peek(node) is not None

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


def handler_of(kind: type[BaseException], handlers: Handlers) -> cst.ExceptHandler | None:
    """The first handler that catches an exception."""
    return next((handler for caught, handler in handlers if issubclass(kind, caught)), None)


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

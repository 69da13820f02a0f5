"""Statements: the classes below say what each kind becomes, this one what is left."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.names import assigned_names, names_read, statements_of
from vectorizer.rewrite.uniform import Uniform
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    FuncV,
    Obj,
    Unsupported,
)

__all__ = ["Statements", "_statements", "assigned_names", "names_read"]

_statements = statements_of


class Statements(Uniform):
    """What a statement becomes."""

    def visit_Match(self, node: cst.Match, rest: Any) -> bool:
        """``match`` on numbers is a chain of comparisons."""
        subject = node.subject
        if not isinstance(subject, cst.Name):
            operand = self.value_or_loop(subject)
            name = self.fresh("subject")
            self.local_names = self.local_names | {name}
            self.assign_name(name, operand)
            subject = cst.Name(name)
        chain: Any = None
        for case in reversed(node.cases):
            test = case_test(case, subject)
            if test is None:
                chain = cst.Else(case.body)
            else:
                chain = cst.If(test, case.body, orelse=chain)
        if not isinstance(chain, cst.If):
            raise Unsupported("a match statement with one case", node)
        return self.visit_If(chain, rest)

    def visit_FunctionDef(self, node: cst.FunctionDef, rest: Any) -> bool:
        if node.decorators or node.asynchronous is not None:
            raise Unsupported("a decorated function inside the function")
        name = node.name.value
        self.env[name] = Operand(name, FuncV(name, node, {}))
        return False

    def visit_With(self, node: cst.With, rest: Any) -> bool:
        if len(node.items) != 1 or node.items[0].asname is not None:
            raise Unsupported("a with statement that has no rule")
        manager = self.items_of_with(node.items[0].item)
        if rest and self.jumped() and has_jump([node.body], JUMPS):
            raise Unsupported("a jump out of a with statement that only some examples reach")
        body, ended = self.nested_block(node.body)
        self.emit(f"with {manager}:", body=body)
        return ended

    def items_of_with(self, node: cst.BaseExpression) -> str:
        if isinstance(node, cst.Call):
            function = self.expression(node.func)
            if isinstance(function.value, Obj) and function.value.value is np.errstate:
                return self.text(node)
        raise Unsupported("a with statement that has no rule")


def case_test(case: cst.MatchCase, subject: cst.Name) -> cst.BaseExpression | None:
    """The condition of a case; None where it always holds."""
    pattern = case.pattern
    if isinstance(pattern, cst.MatchAs) and pattern.pattern is None and pattern.name is None:
        return case.guard
    options = [e.pattern for e in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
    values = [o.value for o in options if isinstance(o, cst.MatchValue)]
    if len(values) != len(options):
        raise Unsupported("a match statement on other than numbers", case)
    tests: list[cst.BaseExpression] = [
        cst.Comparison(subject, [cst.ComparisonTarget(cst.Equal(), value)]) for value in values
    ]
    result = tests[0]
    for other in tests[1:]:
        result = cst.BooleanOperation(result, cst.Or(), other)
    return result if case.guard is None else cst.BooleanOperation(result, cst.And(), case.guard)

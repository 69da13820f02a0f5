"""Functions that are given by a definition for one example: it is put in place of the call."""

from __future__ import annotations

import builtins
import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import libcst as cst

from vectorizer.rewrite.methods import Methods
from vectorizer.rewrite.names import Renamed, names_read, statements_of
from vectorizer.source.frontend import find_source
from vectorizer.source.operand import Operand
from vectorizer.values import FuncV, ListV, Obj, TupleV, Unsupported, number

MARK = "\u02b9"  # behind the names of a definition (a prime, which names may have), so that none is one of the user's


@functools.cache
def definition_of(function: Callable[..., Any]) -> tuple[tuple[cst.BaseSmallStatement, ...], Counter[str]]:
    """The statements of a definition, their names marked, and how often each name is read."""
    node = find_source(function).node
    statements = [small for line in statements_of(node.body) for small in getattr(line, "body", ())]
    if statements and isinstance(statements[0], cst.Expr):  # its docstring
        statements = statements[1:]
    names = {name: name + MARK for name in names_read(node)}
    marked = tuple(s.visit(Renamed(names)) for s in statements)
    reads: Counter[str] = Counter()
    for statement in marked:
        reads.update(_names(statement.value))
    return marked, reads


def _names(node: cst.CSTNode) -> list[str]:
    own = [node.value] if isinstance(node, cst.Name) and node.value.endswith(MARK) else []
    return own + [name for child in node.children for name in _names(child)]


class Inlining(Methods):
    """What a call of a function becomes that is defined by other functions."""

    inlined: list[tuple[dict[str, Operand], dict[str, Any]]]  # the open definitions: their variables and globals

    def inline(self, definition: Callable[..., Any], **operands: Operand) -> Operand:
        """The result of a definition: assignments to names and a return, of functions that have rules.

        Args:
            definition: a function for one example; its text is read, it is not called.
            operands: its arguments, all of them.
        """
        statements, reads = definition_of(definition)
        variables = {name + MARK: self._kept_once(o, name, reads[name + MARK]) for name, o in operands.items()}
        self.inlined.append((variables, definition.__globals__))
        truth_only, self.truth_only = self.truth_only, False
        try:
            for statement in statements[:-1]:
                assert isinstance(statement, cst.Assign)
                self._define(statement.targets[0].target, self.expression(statement.value), reads)
            last = statements[-1]
            assert isinstance(last, cst.Return)
            assert last.value is not None
            return self.expression(last.value)
        finally:
            self.inlined.pop()
            self.truth_only = truth_only

    def _define(self, target: cst.BaseExpression, operand: Operand, reads: Counter[str]) -> None:
        if isinstance(target, cst.Tuple):
            for element, part in zip(target.elements, self.items(operand), strict=True):
                self._define(element.value, part, reads)
            return
        assert isinstance(target, cst.Name)
        name = target.value
        self.inlined[-1][0][name] = self._kept_once(operand, name.removesuffix(MARK), reads[name])

    def _kept_once(self, operand: Operand, name: str, reads: int) -> Operand:
        """An operand under a name where it is read more than once."""
        plain = operand.lazy or operand.is_name or isinstance(operand.value, (Obj, FuncV, TupleV, ListV))
        return operand if plain or reads <= 1 or operand.code.isdigit() else self.temp(operand, name)

    def read(self, name: str) -> Operand:
        if not name.endswith(MARK):
            return super().read(name)
        variables, outside = self.inlined[-1]
        found = variables.get(name)
        if found is not None:
            return found
        plain = name.removesuffix(MARK)
        value = outside.get(plain, getattr(builtins, plain, None))
        if value is None and plain != "None":
            raise Unsupported(f"the definition of a function speaks of {plain}, which is not known")
        if isinstance(value, bool):
            return Operand(plain, number(value))
        module = getattr(value, "__name__", "")
        code = self.module(module, {"numpy": "np"}.get(module, module)) if type(value).__name__ == "module" else plain
        return Operand(code, Obj(value))

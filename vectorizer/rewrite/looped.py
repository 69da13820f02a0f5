"""The fallback at one expression: what has no rule is computed example by example."""

from __future__ import annotations

import libcst as cst

from vectorizer.rewrite.inlining import MARK
from vectorizer.rewrite.names import Renamed, names_read
from vectorizer.rewrite.nested_functions import NestedFunctions
from vectorizer.rewrite.purity import calls_what_stores, has_effect
from vectorizer.rules.context import Effect
from vectorizer.rules.random import may_loop
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.source.statements import Change
from vectorizer.values import (
    Array,
    FuncV,
    NestedV,
    Obj,
    PerExample,
    StackedV,
    Unsupported,
    is_uniform,
)

LOOPABLE = (cst.Call, cst.BinaryOperation, cst.Subscript, cst.Attribute, cst.Tuple, cst.Comparison)


class Looped(NestedFunctions):
    """What an expression without a rule becomes."""

    def loop_expression(self, node: cst.BaseExpression, error: Unsupported) -> Operand:
        """``[f(x_i) for x_i in x]``: an expression without a rule, computed example by example."""
        if len(self.axes) != 1 or self.regions or self.loops or self.speculating or self.function.finish is None:
            raise error
        if not isinstance(node, LOOPABLE) or has_effect(node) or isinstance(error, Effect):
            raise error
        read = names_read(node)
        if not may_loop(self, read) or any(MARK in name for name in read):  # names that nothing else knows
            raise error
        if any(n in self.local_names and n not in self.env for n in read):
            raise error
        if calls_what_stores(self.shared.namespace, node) and any(self._is_memory(n) for n in read):
            raise error  # what it stores into is seen by later examples, and through other names
        varying = [n for n in sorted(read) if n in self.env and self._is_iterated(n, error)]
        if not varying or any(self.env[n].code != n for n in varying):
            raise error
        if any(isinstance(self.env[n].value, Array) and self.env[n].array.zero_d for n in varying):
            raise error
        single = {n: self.fresh(f"{n}_i") for n in varying}
        text = _renamed(node, single)
        targets = ", ".join(single.values())
        source = varying[0] if len(varying) == 1 else call("zip", *varying)
        self.note_fallback(error)
        return Operand(f"[{text} for {targets} in {source}]", PerExample())

    def _is_memory(self, name: str) -> bool:
        """Whether a variable holds anything but a number."""
        value = self.env[name].value if name in self.env else None
        return value is not None and not isinstance(value, Obj) and not (isinstance(value, Array) and not value.rank)

    def _is_iterated(self, name: str, error: Unsupported) -> bool:
        """Whether a variable has one item for each example; raises where it cannot be seen example by example."""
        operand = self.env[name]
        value = operand.value
        if isinstance(value, PerExample) or isinstance(value, Array) and value.axes == self.axes and not value.weak:
            return True
        if (
            not is_uniform(value)
            or isinstance(value, (FuncV, StackedV, NestedV))
            or operand.lazy
            or operand.code != name
        ):
            raise error
        return False

    def note_fallback(self, error: Unsupported) -> None:
        """Records why an expression is looped."""
        code = cst.Module([]).code_for_node(error.node).strip() if isinstance(error.node, cst.CSTNode) else ""
        change = Change(self.line, "fallback", error.reason, code)
        if change not in self.shared.fallbacks:
            self.shared.fallbacks.append(change)
        self.change("fallback", f"looped: {error.reason}")


def _renamed(node: cst.BaseExpression, names: dict[str, str]) -> str:
    code = cst.Module([]).code_for_node(node.visit(Renamed(names)))  # type: ignore[arg-type]
    return f"({code})" if isinstance(node, cst.Tuple) and not node.lpar else code

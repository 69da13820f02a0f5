"""What a condition says of integers: under ``if i > 0 and j != 0`` the subscript ``i - 1`` is not negative."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import libcst as cst

from vectorizer.rewrite.chosen_stores import ChosenStores
from vectorizer.rewrite.symbols import SYMBOLS
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Conditions(ChosenStores):
    """Notes the conditions of branches in loops that have become axes."""

    tests: dict[str, cst.BaseExpression]  # conditions, by the names of their masks
    supposed: tuple[Affine, ...] = ()  # what is not negative in the branch that is being walked

    def relies_on(self, condition: Affine) -> bool:
        rests = (condition - fact for fact in self.supposed)
        return any(rest.is_const and rest.const >= 0 for rest in rests) or super().relies_on(condition)

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        if self.loops:
            test = self.temp(test, "taken")
            self.tests[test.code] = node.test
        return super().varying_if(node, test, rest)

    def extremes(self, affine: Affine, loops: Sequence[Any]) -> tuple[Affine | None, Affine | None]:
        """In a branch, an integer is no less than its condition says."""
        low, high = super().extremes(affine, loops)
        facts = [*self.facts_here(), *self.supposed] if loops else []
        for count in (1, 2):
            for some in combinations(facts, count):
                rest = affine
                for fact in some:
                    rest = rest - fact
                least = super().extremes(rest, loops)[0]
                if least is not None and self.relies_on(least):
                    return least, high
        return low, high

    def facts_here(self) -> list[Affine]:
        """Integers that are not negative where all masks hold."""
        found: list[Affine] = []
        masks, self.masks = self.masks, []
        try:
            for mask in masks:
                holds = not mask.code.startswith("~")
                test = self.tests.get(mask.code.lstrip("~"))
                found += self._facts(test, holds) if test is not None else []
        finally:
            self.masks = masks
        return found

    def _facts(self, test: cst.BaseExpression, holds: bool) -> list[Affine]:
        """What is not negative where a condition holds, or where it does not."""
        if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
            return self._facts(test.expression, not holds)
        if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And) == holds:
            return self._facts(test.left, holds) + self._facts(test.right, holds)
        if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
            return []
        symbol = SYMBOLS[type(test.comparisons[0].operator)]
        left, right = self._integer(test.left), self._integer(test.comparisons[0].comparator)
        if left is None or right is None or symbol not in OPPOSITE:
            return []
        return self._compared(left - right, symbol if holds else OPPOSITE[symbol])

    def _compared(self, difference: Affine, symbol: str) -> list[Affine]:
        """What ``difference symbol 0`` says."""
        match symbol:
            case "<" | "<=":
                return [difference * -1 - (symbol == "<")]
            case ">" | ">=":
                return [difference - (symbol == ">")]
            case "==":
                return [difference, difference * -1]
        low = super().extremes(difference, self.loops)[0]
        return [difference - 1] if low is not None and self.relies_on(low) else []

    def _integer(self, node: cst.BaseExpression) -> Affine | None:
        """An integer that is affine in sizes and targets."""
        if isinstance(node, cst.Integer):
            return Affine(int(node.value, 0))
        if isinstance(node, cst.Name):
            value = self.env[node.value].value if node.value in self.env else None
            return value.affine if isinstance(value, Array) else None
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Subtract)):
            left, right = self._integer(node.left), self._integer(node.right)
            if left is None or right is None:
                return None
            return left + right if isinstance(node.operator, cst.Add) else left - right
        return None

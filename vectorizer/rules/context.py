"""What every rule is handed: the state of the walk, alignment, and facts about integers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.rules.alignment import Alignment, Dtype
from vectorizer.rules.plan import Draws, Effect, Facts, Plan, PlanChange, Shared, is_size
from vectorizer.source.operand import (
    ATOM,
    PRIMARY,
    SUM,
    Operand,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    DictV,
    ListV,
    Obj,
    Symbol,
    TupleV,
    Unsupported,
)

__all__ = ["Context", "Draws", "Dtype", "Effect", "Facts", "Plan", "PlanChange", "Shared", "is_size"]


class Context(Alignment):
    """State and small tools; the mixins of `rewrite` add the syntax."""

    def relies_on(self, condition: Affine) -> bool:
        """Whether `condition` >= 0 may be taken for granted."""
        return self.facts.holds(condition)

    def needs(self, condition: Affine) -> bool:
        """The same of what an operation asks for, which may be checked in the emitted code."""
        return self.relies_on(condition)

    def beyond_ends(self, base: Operand, shifts: dict[int, int]) -> dict[int, tuple[int, int]] | None:
        """How far an array is to be padded with its other end so as to be read at `shifts`; None to roll it."""
        return None

    def check_beside_small(self, values: Sequence[Array]) -> None:
        """A Python integer for some examples and a float for others, which are not merged beside small integers.

        In arithmetic with these the one gives small integers again, which wrap, and the other gives floats.
        """

    def equal(self, first: Affine | None, second: Affine | None) -> bool:
        """Whether two sizes are the same: provably, or now and guarded."""
        if first is None or second is None:
            return False
        if first == second:
            return True
        return self.relies_on(first - second) and self.relies_on(second - first)

    def print_affine(self, value: Affine) -> Operand:
        """Code for an affine integer; Unsupported where one of its symbols has no name at this point."""
        parts: list[str] = []
        for symbol, coefficient in sorted(value.terms, key=lambda term: term[1] < 0):
            code = self.print_symbol(symbol)
            term = code if abs(coefficient) == 1 else f"{abs(coefficient)} * {code}"
            if not parts:
                parts.append(f"-{term}" if coefficient < 0 else term)
            else:
                parts.append(f"- {term}" if coefficient < 0 else f"+ {term}")
        if not parts:
            return Operand(str(value.const), Array(np.dtype(int), 0, weak=True, affine=value, const=value.const))
        if value.const:
            parts.append(f"- {-value.const}" if value.const < 0 else f"+ {value.const}")
        code = " ".join(parts)
        level = (
            ATOM if len(parts) == 1 and code.isidentifier() else PRIMARY if len(parts) == 1 and code[-1] == "]" else SUM
        )
        return Operand(code, Array(np.dtype(int), 0, weak=True, affine=value), level)

    def length_of_all(self, dim: Affine | None) -> Operand | None:
        """A length without the array that has it, where that would be gathered for some examples; None elsewhere."""
        if not self.regions or dim is None:
            return None
        try:
            return self.print_affine(dim)
        except Unsupported:
            return None

    def print_symbol(self, symbol: Symbol) -> str:
        """Code for a length or an integer: a variable that holds it, or where it can be read off."""
        target = Affine.of(symbol)
        for name, operand in self.env.items():
            value = operand.value
            found = isinstance(value, Array) and value.affine == target and not value.axes
            if found and not operand.lazy and operand.code == name:
                return name
        recipe = self.symbol_code.get(symbol)
        if recipe is not None:
            name, code = recipe
            if self.env.get(name) is self.initial.get(name) and name in self.initial:
                return code
        for name, operand in self.env.items():
            value = operand.value
            if isinstance(value, Array) and target in value.dims and operand.code == name:
                return f"{name}.shape[{len(value.axes) + value.dims.index(target)}]"
        raise Unsupported("a length has no name here")

    def pin(self, operand: Operand, what: str) -> Any:
        """The very value of a uniform operand; a guard holds it where it comes from outside."""
        value = operand.value
        if isinstance(value, Array) and value.const is not MISSING:
            return value.const
        if isinstance(value, Obj):
            if value.pin is not None:
                self.facts.pins[value.pin] = value.value
            return value.value
        if isinstance(value, Array) and value.pin is not None and value.pin in self.facts.values:
            self.facts.pins[value.pin] = self.facts.values[value.pin]
            return self.facts.values[value.pin]
        if isinstance(value, Array) and value.affine is not None and self.facts.samples is not None and not value.axes:
            known = value.affine.evaluate(self.facts.samples)
            if known is not None:
                self.facts.conditions |= {value.affine - known, value.affine * -1 + known}
                return known
        if isinstance(value, (TupleV, ListV)):
            items = [self.pin(part, what) for part in self.items(operand)]
            return tuple(items) if isinstance(value, TupleV) else items
        if isinstance(value, DictV):
            raise Unsupported(f"{what} must be known when the function is rewritten")
        raise Unsupported(f"{what} must be known when the function is rewritten")

    def pin_int(self, operand: Operand, what: str) -> int:
        try:
            return operator.index(self.pin(operand, what))
        except TypeError:
            raise Unsupported(f"{what} is not an integer") from None

    def logical_axis(self, operand: Operand, rank: int, lead: int) -> str | None:
        """Code for a user's axis argument shifted past `lead` axes."""
        axis = self.pin_int(operand, "an axis")
        if not -rank <= axis < rank:
            raise Unsupported(f"axis {axis} is out of range for rank {rank}")
        return str(axis if axis < 0 else axis + lead)

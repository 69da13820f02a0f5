"""Loops that read beyond the ends of arrays, where the other end begins: which arrays are padded, and by how much."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.measured import Measured
from vectorizer.rules.context import PlanChange
from vectorizer.rules.periodic import Wrapped
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array


@dataclass
class Beyond:
    """How far an array is read beyond its ends, for each axis; whether beyond the ends of several axes at once."""

    widths: dict[int, tuple[int, int]] = field(default_factory=dict)
    several: bool = False


class Periodic(Measured):
    """Notes remainders by the length of an axis, and what is read with them."""

    reaches_farther: bool = False  # something is read farther from an end than the plan has it

    def binary(self, symbol: str, left: Operand, right: Operand, spaced: str | None = None) -> Operand:
        made = super().binary(symbol, left, right, spaced)
        if symbol == "%" and self.loops and made.node is None:
            made.node = self.wrapped(left, right)
        return made

    def wrapped(self, left: Operand, right: Operand) -> Wrapped | None:
        """What is known of ``(i + c) % n`` for the target of a loop; None where that is something else."""
        a, b = left.value, right.value
        if not isinstance(a, Array) or not isinstance(b, Array) or a.rank or b.rank or b.axes:
            return None
        if a.affine is None or b.affine is None or not a.axes:
            return None
        symbols = [loop.symbol for loop in self.loops if a.affine.coefficient(loop.symbol)]
        if len(symbols) != 1 or a.affine.coefficient(symbols[0]) != 1 or not self.relies_on(b.affine - 1):
            return None
        for shifted in (a.affine, a.affine - b.affine, a.affine + b.affine):
            if (shifted - Affine.of(symbols[0])).is_const:
                return Wrapped(shifted, b.affine)
        return None

    def beyond_ends(self, base: Operand, shifts: dict[int, int]) -> dict[int, tuple[int, int]] | None:
        """How far an array is read beyond its ends, which is padded so far; None for one that is rolled instead."""
        held = self.plan.guarded.setdefault(("periodic", base.code), Beyond())
        widths = dict(held.widths)
        for k, shift in shifts.items():
            low, high = widths.get(k, (0, 0))
            widths[k] = max(low, -shift), max(high, shift)
        several = held.several or len(shifts) > 1
        if widths != held.widths or several != held.several:
            held.widths, held.several, self.reaches_farther = widths, several, True
        return widths if several else None

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        if not self.loops:
            self.reaches_farther = False
        done = super().become_axis(node, it)
        if done and not self.loops and self.reaches_farther:
            raise PlanChange  # what was read first must be read of what is padded far enough
        return done

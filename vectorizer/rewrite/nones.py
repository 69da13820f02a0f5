"""Variables that are None for some examples, compared and handed on: ``v != last``, ``second = first``.

`unset.py` says which examples have a number.  What is None is equal to no number, and a variable that is set to another
one is None for the same examples.
"""

from __future__ import annotations

import libcst as cst

from vectorizer.rewrite.unset import Unset, is_none
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Obj, number


class Nones(Unset):
    """Uses of what may be None."""

    def visit_Name(self, node: cst.Name) -> Operand:
        return self.read(node.value) if id(node) in self.plan.handed_on else super().visit_Name(node)

    def visit_Comparison(self, node: cst.Comparison) -> Operand:
        """``x == y`` where either may be None for some examples."""
        sides = equated(node)
        if sides is None or any(map(is_none, sides)):
            return super().visit_Comparison(node)
        equal = isinstance(node.comparisons[0].operator, cst.Equal)
        if self.is_number_and_none(*sides):
            return Operand(str(not equal), number(not equal))
        names = [side.value for side in sides if isinstance(side, cst.Name) and side.value in self.plan.nones]
        flags = [self.read(self.plan.flags[name]) for name in dict.fromkeys(names) if name not in self.assumed]
        flags = [flag for flag in flags if self.array(flag).const is not True]
        if not flags or len(names) == 2 and names[0] == names[1]:
            return super().visit_Comparison(node)
        if any(self.array(flag).const is False for flag in flags) and len(names) == 1:
            return Operand(str(not equal), number(not equal))
        saved, self.assumed = self.assumed, self.assumed | set(names)
        unchecked, self.unchecked = self.unchecked, self.unchecked | set(names)
        try:
            found = super().visit_Comparison(node)
        finally:
            self.assumed, self.unchecked = saved, unchecked
        return self.where_set(found, flags, equal, both=len(names) == 2)

    def where_set(self, found: Operand, flags: list[Operand], equal: bool, both: bool) -> Operand:
        """A comparison that counts where all flags are set; elsewhere both sides are equal if both are None."""
        if not both or len(flags) == 1:
            if equal:
                return self.logical("&", self.conjunction(flags), found)
            return self.logical("|", self.negation(self.conjunction(flags)), found)
        one, other = flags
        alike = self.compare("==", one, other)
        if equal:  # both None, or two numbers that are equal
            return self.logical("&", alike, self.logical("|", self.negation(one), found))
        return self.logical("|", self.negation(alike), self.logical("&", one, found))

    def is_number_and_none(self, left: cst.BaseExpression, right: cst.BaseExpression) -> bool:
        """Whether one side is a variable that is None for all examples, and the other one a number."""
        for side, other in ((left, right), (right, left)):
            held = self.env.get(side.value) if isinstance(side, cst.Name) else None
            if held is None or not isinstance(held.value, Obj) or held.value.value is not None:
                continue
            value = self.expression(other).value
            return isinstance(value, Array) and value.rank == 0
        return False


def equated(node: cst.Comparison) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """The sides of ``a == b`` or ``a != b``."""
    if len(node.comparisons) != 1 or not isinstance(node.comparisons[0].operator, (cst.Equal, cst.NotEqual)):
        return None
    return node.left, node.comparisons[0].comparator

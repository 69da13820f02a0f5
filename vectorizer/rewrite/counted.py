"""``h[b[i]] += e`` by one `np.bincount`: each example counts into bins of its own."""

from __future__ import annotations

import numpy as np

from vectorizer.rewrite.dependences import Dependences
from vectorizer.source.operand import Holds, Operand, call
from vectorizer.values import MISSING, Affine, Array

FLOAT, INT = np.dtype(float), np.dtype(np.int64)
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Counted(Dependences):
    """Accumulation into bins that a condition shows to exist."""

    def count_taken(self, base: Operand, index: Operand, symbol: str, right: Operand, taken: Operand) -> bool:
        """``h[i] += 1`` or ``h[i] += e`` where `taken` holds, a mask along all axes; whether it can be written so."""
        target, value = self.array(base), self.array(right)
        if symbol not in "+-" or target.rank != 1 or len(target.axes) != 1 or not base.is_name:
            return False
        ones = value.const is not MISSING and value.const == 1 and target.dtype in (FLOAT, INT)
        doubles = bool(value.axes) and value.dtype == target.dtype == FLOAT
        if not (ones or doubles) or not self.is_within(index, target.dims[0], taken):
            return False
        axes = taken.array.axes
        numbers = Operand(call(self.np("arange"), self.size(target.axes[0])), Array(INT, 0, target.axes), fresh=True)
        covered = {*index.array.axes, *target.axes} == {*axes}
        first = self.expand(index, axes, 0) if covered else self.spread(index, axes)
        offsets = self.expand(numbers, axes, 0)
        places = f"({first.code} + {offsets.code} * {base.code}.shape[1])[{taken.code}]"
        weights = None if ones else f"{self.spread(right, axes).primary}[{taken.code}]"
        counts = call(self.np("bincount"), places, weights=weights, minlength=f"{base.code}.size")
        self.emit(f"{base.code} {symbol}= {counts}.reshape({base.code}.shape)")
        return True

    def is_within(self, index: Operand, length: Affine | None, mask: Operand) -> bool:
        """Whether `index` is a subscript of an axis of this length, and not a negative one, where `mask` holds."""
        if not isinstance(mask.node, Holds) or length is None or index.lazy or index.array.kind != "i":
            return False
        low = high = False
        for left, symbol, right in mask.node.comparisons:
            for one, sign, other in ((left, symbol, right), (right, FLIPPED.get(symbol, ""), left)):
                if one.lazy or one.code != index.code or one.value is not index.value or not one.is_name:
                    continue
                limit = other.value.affine if isinstance(other.value, Array) and not other.value.rank else None
                if limit is None:
                    continue
                if sign in (">", ">="):
                    low = low or limit.is_const and limit.const >= (0 if sign == ">=" else -1)
                elif sign in ("<", "<="):
                    high = high or self.equal(limit, length if sign == "<" else length - 1)
        return low and high

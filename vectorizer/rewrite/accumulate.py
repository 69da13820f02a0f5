"""Accumulation in loops that have become axes: ``total += e`` is a sum over the axis, ``h[b[i]] += e`` a scatter."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer.rewrite.counted import Counted
from vectorizer.rewrite.dependences import Access
from vectorizer.rewrite.iteration import INT, Extent
from vectorizer.rewrite.recurrences import Recurrences
from vectorizer.rules.elementwise import DIVISIONS, select
from vectorizer.rules.indexing import FULL, expand_index, locate, locate_gather
from vectorizer.rules.python import python_number
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.source.operand import Operand, call
from vectorizer.values import MISSING, Affine, Array, Axes, Axis, Unsupported, axes_of, number, union_axes

# Functions that neither raise nor warn at 1: what a branch must not compute is computed of 1 instead.
HARMLESS_AT_ONE = DIVISIONS | {
    "log", "log2", "log10", "log1p", "sqrt", "exp", "exp2", "expm1", "arcsin", "arccos", "arccosh", "reciprocal",
    "tan", "sinh", "cosh", "power",
}  # fmt: skip
REDUCTIONS = {"+": "sum", "-": "sum", "*": "prod", "|": "any", "&": "all"}
# What changes nothing when it is accumulated, as code and as a number.
IDENTITIES: dict[str, tuple[str, int | bool]] = {
    "+": ("0", 0),
    "-": ("0", 0),
    "*": ("1", 1),
    "|": ("False", False),
    "&": ("True", True),
}


@dataclass
class LoopAxis(Extent):
    """A loop that has become an axis.

    symbol: stands for what counts the loop in affine subscripts, which runs from `first` to `last` by `step`.
    assigned: variables that the loop sets.
    carried: variables that one iteration hands to the next, all of them accumulated.
    accesses: elements that iterations read and store, in the order of the body.
    after: variables behind their updates, where these were made at the top of the body.
    node: its syntax, where it is a statement; appended: what has been appended to lists.
    flipped: the axis runs the other way than the loop.
    scopes, masks: how many scopes and conditions are open around the loop.
    """

    axis: Axis
    symbol: str
    assigned: set[str] = field(default_factory=set)
    outside: frozenset[object] = frozenset()  # buffers that were there before the loop
    carried: set[str] = field(default_factory=set)
    accesses: list[Access] = field(default_factory=list)
    recurrences: Recurrences = field(default_factory=Recurrences)
    after: dict[str, Operand] = field(default_factory=dict)
    scopes: int = 0
    masks: int = 0
    flipped: bool = False
    node: Any = None
    appended: dict[str, Any] = field(default_factory=dict)


@functools.cache
def natural_sum(dtype: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """The dtype of a sum of which none is said."""
    return None if dtype is None else np.sum(np.ones(1, dtype)).dtype


class Accumulation(Counted):
    """Variables and array elements that every iteration of an axis adds to."""

    # --- variables ---------------------------------------------------------------------------------------------------

    def accumulate(self, name: str, symbol: str, before: Operand, right: Operand) -> bool:
        """``name += right``; returns False where no open loop accumulates `name`."""
        loops = [loop for loop in self.loops if name in loop.carried]
        if not loops:
            return False
        summed = self.summed_dtype(symbol, before, right)
        total = self.reduce(symbol, right, [loop.axis for loop in loops], summed)
        value = self.array(before)
        combined = self.binary(symbol, before, total)
        if value.rank and not before.array.weak:
            self._accumulate_array(before, symbol, total)
            return True
        result = self.array(combined)
        if value.dtype != result.dtype and not all(
            self.relies_on(x.trips - 1) for x in self.loops if name in x.carried
        ):
            raise Unsupported("a sum of what may be nothing")
        neutral = value.const is not MISSING and value.const == {"+": 0, "*": 1}.get(symbol, MISSING)
        if neutral and result.dtype == self.array(total).dtype and result.rank == self.array(total).rank:
            combined = Operand(total.code, result.with_(dims=result.dims, weak=result.weak), total.level, fresh=True)
        if value.weak and self.inner_masks():  # examples that take no iteration keep their Python number
            combined = combined.with_value(result.with_(mixed=True, dims=result.dims, affine=result.affine))
        inner, self.scopes = self.scopes, self.scopes[: loops[0].scopes]
        self.assign_name(name, combined)
        self.scopes = inner
        return True

    def _accumulate_array(self, before: Operand, symbol: str, total: Operand) -> None:
        """``acc += term`` on an array, summed over the loop."""
        value, other = self.array(before), self.array(total)
        if self.masks[: self.loops[0].masks]:
            raise Unsupported("an array is changed in place under a condition")
        missing = set(other.axes) - set(value.axes)
        if missing:
            self.store_needs(before, tuple(sorted({*missing, *value.axes})))
        if other.rank > value.rank:
            raise Unsupported("an array of higher rank is added in place")
        self.note_store(before, [FULL] * value.rank, symbol)
        self.written(before)
        fitted = self.expand(total, value.axes, value.rank) if other.axes else total
        self.emit(f"{before.code} {symbol}= {fitted.code}")

    def summed_dtype(self, symbol: str, before: Operand, right: Operand) -> np.dtype[Any] | None:
        """The dtype in which the loop adds numbers of a narrower dtype one by one; None where it is their own."""
        a, b = before.value, right.value
        if symbol not in ("+", "-", "*") or not isinstance(a, Array) or not isinstance(b, Array):
            return None
        if a.dtype is None or b.dtype is None or a.kind not in "iufc" or b.weak:
            return None
        dtype: np.dtype[Any] = ufunc_dtypes(np.add, [a, b])[0]
        return None if dtype == b.dtype else dtype

    # --- reductions --------------------------------------------------------------------------------------------------

    def reduce(self, symbol: str, right: Operand, axes: list[Axis], summed: np.dtype[Any] | None = None) -> Operand:
        """`right` summed (or multiplied, ...) over loop axes."""
        right = self.as_array(right)
        masks = self.inner_masks()
        if masks and symbol == "+" and summed is None and right.factors:
            contracted = self.masked_contraction(right, axes, masks)
            if contracted is not None:
                return contracted
        if masks:
            right = self.masked(right, symbol)
        missing = [a for a in axes if a not in self.array(right).axes]
        if missing:
            right = self.repeated(symbol, right, missing)
            axes = [a for a in axes if a in self.array(right).axes]
            if not axes:
                return right
        value = self.array(right)
        function = REDUCTIONS.get(symbol)
        if function is None or function in ("any", "all") and value.kind != "b":
            raise Unsupported(f"an accumulation by {symbol}=")
        plain = not masks and not value.weak and value.kind in "fc" and summed is None
        if function == "sum" and len(right.factors) > 1 and plain:
            contracted = self.contraction(right, axes)
            if contracted is not None:
                return contracted
        return self.reduction(function, right, axes, summed)

    def reduction(
        self, function: str, right: Operand, axes: list[Axis], summed: np.dtype[Any] | None = None
    ) -> Operand:
        """``np.sum(right, axis=...)``, in the dtype in which the loop adds."""
        value = self.array(right)
        if function == "prod" and value.weak and value.kind in "iu":
            raise Unsupported("a product of Python integers in a loop may outgrow 64 bits")
        positions = sorted(value.axes.index(a) for a in axes)
        axis = str(positions[0]) if len(positions) == 1 else f"({', '.join(map(str, positions))})"
        keyword = None
        dtype = value.dtype
        if value.kind == "b" and function in ("sum", "prod"):
            dtype = INT
        elif value.kind in "iu" and value.dtype != INT and dtype is not None:
            keyword = self.dtype_code(dtype)
        if summed is not None:
            dtype = summed
            keyword = None if summed == natural_sum(value.dtype) else self.dtype_code(summed)
        code = call(self.np(function), right.code, axis=axis, dtype=keyword)
        kept = tuple(a for a in value.axes if a not in axes)
        kind = value.with_(axes=kept, dtype=dtype, dims=value.dims, origins=frozenset())
        return python_number(Operand(code, kind, fresh=True))

    def masked(self, right: Operand, symbol: str) -> Operand:
        """`right` where the conditions in the loop hold, elsewhere what changes nothing."""
        if symbol not in IDENTITIES:
            raise Unsupported(f"an accumulation by {symbol}= under a condition")
        identity, known = IDENTITIES[symbol]
        value = self.array(right)
        if value.kind == "b" and symbol in "+-*":
            right = Operand(f"{right.primary}.astype(int)", value.with_(dtype=INT, dims=value.dims))
            value = self.array(right)
        neutral = Operand(identity, number(known))
        if value.kind in "f" and symbol in "+-*":
            neutral = Operand(f"{identity}.0", number(float(known)))
        chosen = select(self, self.conjunction(self.inner_masks()), right, neutral)
        return self._as_weak_as(chosen, value)

    def _as_weak_as(self, chosen: Operand, value: Array) -> Operand:
        """`chosen` with the dtype and weakness of `value`, from which it differs in nothing that counts."""
        array = self.array(chosen)
        return chosen.with_value(array.with_(weak=value.weak, dtype=value.dtype, dims=array.dims))

    def repeated(self, symbol: str, right: Operand, axes: list[Axis]) -> Operand:
        """The same term in each iteration."""
        if symbol not in "+-":
            raise Unsupported(f"an accumulation of one value by {symbol}=")
        result = right
        for axis in axes:
            loop = next(x for x in self.loops if x.axis == axis)
            count = self.print_affine(loop.trips)
            value = self.array(result)
            if value.kind == "b":
                raise Unsupported("a sum of one boolean")
            if value.const is not MISSING and value.const == 1 and value.weak:
                result = count
            else:
                result = self.binary("*", result, count)
        return result

    # --- elements of arrays ------------------------------------------------------------------------------------------

    def accumulate_item(self, base: Operand, index: list[Any], symbol: str, right: Operand) -> bool:
        """``out[i] += e`` in loops: summed over the loops whose target does not occur in the subscript."""
        target = self.array(base)
        own = {x.axis for x in self.loops} & self.born_in(target)
        if own - set(target.axes):
            self.store_needs(base, tuple(sorted({*own, *target.axes})))
        mark = self.mark()
        region = locate(self, base, index)
        free = [x.axis for x in self.loops if x.axis not in target.axes and x.axis not in region.covered]
        apart = region.gathered and not free and self.tells_apart(base, region, index)
        if region.gathered and self.masks and not free and not apart:
            self.rollback(mark)  # only the subscripts of iterations that take the branch are looked at
            return self.scatter_taken(base, index, symbol, right)
        if region.gathered and not apart:
            return self.scatter_add(base, index, symbol, right, free)
        if not free:
            return False
        self.note_store(base, index, symbol)
        element = Operand("", region.value.with_(origins=frozenset(), dims=region.value.dims))
        self._check_fits(element.array, symbol, self.as_array(right))
        total = self.reduce(symbol, right, free, self.summed_dtype(symbol, element, self.as_array(right)))
        loops, masks = self.loops, self.masks
        # Loops that are summed over no longer take part; the others address their own elements.
        # Conditions inside of them are in the sum; those around them still hold.
        self.loops, self.masks = [x for x in loops if x.axis not in free], masks[: loops[0].masks]
        try:
            under = (axes_of(mask.value) for mask in self.masks)
            needed = set(axes_of(total.value)).union(*under) - set(target.axes) - {x.axis for x in self.loops}
            if needed:
                self.store_needs(base, tuple(sorted({*needed, *target.axes})))
            self.written(base)
            located = locate(self, base, index)
            self.check_loop_store(base, located, index)
            self.write(base, located, self.weak_for(total, located.value), symbol)
        finally:
            self.loops, self.masks = loops, masks
        return True

    def _check_fits(self, target: Array, symbol: str, right: Operand) -> None:
        """Sums over a loop are not made where the loop raises as soon as one does not fit its element."""
        element = Operand("_", target.with_(rank=0, dims=()))
        if not self.array(right).rank and self.summed_into(element, symbol, right)[1] is None:
            raise Unsupported("integers are added to an element of a smaller type")

    def scatter_add(self, base: Operand, index: list[Any], symbol: str, right: Operand, free: list[Axis]) -> bool:
        """``h[b[i]] += e``: equal subscripts accumulate."""
        ufunc = {"+": "add", "-": "subtract", "*": "multiply"}.get(symbol)
        target = self.array(base)
        if ufunc is None or self.masks or self.regions or free:
            raise Unsupported("iterations store through an index that may repeat")
        right = self.as_array(right)
        self._check_fits(target, symbol, right)
        self.note_store(base, index, symbol)
        items = expand_index(index, target.rank)
        loop_axes = {x.axis for x in self.loops}
        needed = {a for i in items if isinstance(i, Operand) for a in i.array.axes} | set(self.array(right).axes)
        missing = needed - set(target.axes) - loop_axes
        if missing:
            self.store_needs(base, tuple(sorted({*missing, *target.axes})))
        self.written(base)
        region = locate_gather(self, base, self._anchored(items, target))
        if region.moved or any(a not in region.covered and a not in target.axes for a in loop_axes):
            raise Unsupported("iterations store through an index that may repeat")
        fitted = self.fully(right, region.value.axes, region.value.rank) if self.array(right).axes else right
        fitted = self._number_for(self.weak_for(fitted, region.value), target)
        subscript = f"({region.index})" if "," in region.index else region.index
        self.emit(call(self.np(f"{ufunc}.at"), base.code, subscript, fitted.code))
        self.change("scatter", "an accumulation through an index")
        return True

    def scatter_taken(self, base: Operand, index: list[Any], symbol: str, right: Operand) -> bool:
        """``if c: h[b[i]] += e``: the subscripts and terms of the iterations in which the condition holds."""
        ufunc = {"+": "add", "-": "subtract", "*": "multiply"}.get(symbol)
        target, right, masks = self.array(base), self.as_array(right), self.inner_masks()
        items = expand_index(index, target.rank)
        if ufunc is None or self.regions or len(masks) != len(self.masks):
            raise Unsupported("iterations store through an index that may repeat")
        if any(not isinstance(i, Operand) or i.array.rank for i in items) or self.array(right).rank:
            raise Unsupported("rows are accumulated through an index under a condition")
        self._check_fits(target, symbol, right)
        self.note_store(base, index, symbol)
        mask = self.conjunction(masks)
        loop_axes = {x.axis for x in self.loops}
        parts = [*items, right, mask]
        axes = union_axes(target.axes, loop_axes, *(self.array(p).axes for p in parts))
        if set(axes) - loop_axes - set(target.axes):
            self.store_needs(base, tuple(sorted(set(axes) - loop_axes)))
        self.written(base)
        self.change("scatter", "an accumulation through an index, where the condition holds")
        taken = self.temp(self._laid_out(self.as_bool(mask), axes), "taken")
        if len(items) == 1 and self.count_taken(base, items[0], symbol, right, taken):
            return True
        codes = [self._taken_numbers(axis, axes, taken) for axis in target.axes]
        codes += [f"{self.spread(i, axes).primary}[{taken.code}]" if i.array.axes else i.code for i in items]
        term = self._number_for(self.weak_for(right, target.with_(rank=0)), target)
        value = f"{self.spread(term, axes).primary}[{taken.code}]" if self.array(term).axes else term.code
        subscript = f"({', '.join(codes)})" if len(codes) > 1 else codes[0]
        self.emit(call(self.np(f"{ufunc}.at"), base.code, subscript, value))
        return True

    def _laid_out(self, mask: Operand, axes: Axes) -> Operand:
        """A condition along all of `axes`."""
        spread = self.spread(mask, axes)
        return Operand(spread.code, spread.value, spread.level, fresh=spread.fresh, node=mask.node)

    def _taken_numbers(self, axis: Axis, axes: Axes, taken: Operand) -> str:
        """The number along `axis` of every place that is taken."""
        numbers = Operand(call(self.np("arange"), self.size(axis)), Array(INT, 0, (axis,)), fresh=True)
        return f"{self.spread(numbers, axes).primary}[{taken.code}]"

    @staticmethod
    def _number_for(term: Operand, target: Array) -> Operand:
        """A number that is known, as the element of an array would be: NumPy need not cast it again and again."""
        value = term.array
        if value.axes or value.rank or type(value.const) is not int or target.kind != "f":
            return term
        return Operand(repr(float(value.const)), number(float(value.const)))

    def _anchored(self, items: list[Any], target: Array) -> list[Any]:
        """Subscripts of which one varies along the axes of the array, so that each example finds its own part."""
        if not target.axes or any(set(target.axes) & set(i.array.axes) for i in items if isinstance(i, Operand)):
            return items
        k = next(n for n, i in enumerate(items) if isinstance(i, Operand))
        spread = self.spread(items[k], tuple(sorted({*target.axes, *items[k].array.axes})))
        return [*items[:k], spread, *items[k + 1 :]]

    # --- branches in loops -------------------------------------------------------------------------------------------

    def harmless_index(self, index: Operand, dim: Affine | None) -> Operand | None:
        """In a branch of a loop that is an axis, nobody looks at elements of iterations that do not take it."""
        masks, value = self.inner_masks(), index.value
        if not self.loops or not masks or len(masks) != len(self.masks) or self.speculating != len(masks):
            return None
        if not isinstance(value, Array) or not value.axes or value.rank or value.kind not in "iu":
            return None
        if dim is None or not self.relies_on(dim - 1):
            return None
        chosen = self._as_weak_as(select(self, self.conjunction(masks), index, Operand("0", number(0))), value)
        return self.temp(chosen, "place")

    def guarded(self, name: str, operands: list[Operand]) -> tuple[list[Operand], bool]:
        """In a branch of a loop that is an axis, a division by zero is avoided by dividing by 1 where nobody looks."""
        masks = self.inner_masks()
        if not self.loops or not masks or len(masks) != len(self.masks) or self.speculating != len(masks):
            return operands, False
        exponent = operands[-1].value if name == "power" else None
        if name not in HARMLESS_AT_ONE or isinstance(exponent, Array) and exponent.const in (1, 2, 3):
            return operands, False
        position = len(operands) - 1 if name in DIVISIONS else 0
        value = operands[position].value
        if not isinstance(value, Array) or not value.axes or value.kind not in "iuf":
            return operands, False
        chosen = select(self, self.conjunction(masks), operands[position], Operand("1", number(1)))
        harmless = self._as_weak_as(chosen, value)
        return [harmless if k == position else o for k, o in enumerate(operands)], True

"""Stores that reach some examples or some elements only."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.effects import Effects
from vectorizer.rewrite.sharing import origins_of
from vectorizer.rules.elementwise import (
    strengthen,
)
from vectorizer.rules.narrowing import is_narrowing, may_exceed, narrowed
from vectorizer.rules.subscripts import (
    Masked,
    cut_last,
    expand_index,
    item_code,
    note_range,
    varying_slice,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Array,
    MaskedV,
    Unsupported,
    check_fits,
)


class PartialStores(Effects):
    """What stores through masks and under conditions become."""

    def fitting(self, operand: Operand, target: Array) -> Operand:
        """What is stored into `target`: single numbers that do not fit an integer array raise."""
        value = self.array(operand)
        if not value.rank and value.axes and target.kind in "iu" and value.kind in "fc":
            self.facts.strict_floats = True  # too large a number raises, where an array of them only warns
        if target.dtype is not None and (self.masks or self.regions):
            check_fits(value, target.dtype)
        if target.dtype is None or not is_narrowing(value, target.dtype) or self.fits(operand, target.dtype):
            return operand
        if self.masks:
            raise Unsupported("integers are stored into a smaller type under a condition in a loop")
        return narrowed(self, operand, target.dtype)

    def summed_into(self, element: Operand, symbol: str | None, operand: Operand) -> tuple[Operand, str | None]:
        """``x[i] += v``: what is stored, and by which symbol; in full where the sum may not fit the element."""
        value, number = element.array, self.array(operand)
        if symbol is None or value.rank or number.rank or value.kind not in "iub":
            return operand, symbol
        total = self.binary(symbol, element, operand)
        kinds = "b" if value.kind == "b" else "iub"
        if self.array(total).kind not in kinds or may_exceed(self.array(total), value.dtype):
            return total, None  # a float is cut to fit
        return operand, symbol

    def store_masked(self, base: Operand, mask: Operand, operand: Operand, symbol: str | None) -> None:
        """``x[mask] = value`` with a mask that varies: one number for all places, or one for each place that is set."""
        target = self.array(base)
        if self.loops or self.regions and self.regions[-1].axis not in target.axes:
            raise Unsupported("a store through a mask under a condition")
        if self.masks:
            if isinstance(operand.value, MaskedV):
                raise Unsupported("a store of chosen elements under a condition")
            mask = self.temp(self.logical("&", mask, self.conjunction(self.masks)), "chosen")
        operand = self._masked_operand(mask, operand, target.rank - mask.array.rank)
        value = self.array(operand)
        needed = set(mask.array.axes) | set(value.axes)
        if needed - set(target.axes):
            self.store_needs(base, tuple(sorted({*needed, *target.axes})))
        self.written(base)
        if value.kind == "c" and target.kind != "c" or value.kind == "f" and target.kind in "iub":
            raise Unsupported("a store through a mask into an array of another kind")
        if symbol is None:
            operand = self.fitting(operand, target)
        elif self.summed_into(base.with_value(target.with_(rank=0)), symbol, operand)[1] is None:
            raise Unsupported("integers are added through a mask to a smaller type")
        if not value.axes and mask.array.axes == target.axes:
            self.emit(f"{base.primary}[{mask.code}] {symbol or ''}= {operand.code}")
            return
        new = self.binary(symbol, base, operand) if symbol is not None else operand
        behind = ", ".join(["...", *["None"] * (target.rank - mask.array.rank)])
        wide = (
            mask if "None" not in behind else Operand(f"{mask.primary}[{behind}]", mask.array.with_(rank=target.rank))
        )
        where = self.expand(wide, target.axes, target.rank)
        fitted = self.expand(new, target.axes, target.rank) if self.array(new).axes else new
        self.emit(call(self.np("copyto"), base.code, fitted.code, where=where.code))

    @staticmethod
    def _masked_operand(mask: Operand, operand: Operand, rest: int) -> Operand:
        """What is stored through a mask: a number, or an array whose elements are chosen by the same mask."""
        if isinstance(operand.value, MaskedV) and isinstance(operand.node, Masked):
            if operand.node.mask.code != mask.code:
                raise Unsupported("a store of as many elements as another mask chooses")
            return operand.node.array
        if not isinstance(operand.value, Array) or operand.value.rank > rest:
            raise Unsupported("a store of an array through a mask that varies")
        return operand

    def store_lanes(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """A store for the active examples only, into an array that holds all examples."""
        target = self.array(base)
        chain = self.chain_to(target)
        if self.loops or self.masks or chain is None:
            raise Unsupported("a store under nested conditions")
        region, index_code = chain
        items = expand_index(index, target.rank)
        codes = [index_code, *(item_code(i) for i in items)]
        while codes[-1] == ":":
            codes.pop()
        rank = sum(1 for i in items if not isinstance(i, Operand))  # of slices and new axes
        element = Operand(f"{base.primary}[{', '.join(codes)}]", Array(target.dtype, rank, (region.axis,)))
        operand, symbol = self.summed_into(element, symbol, operand)
        value = self.array(operand)
        if value.rank > rank:
            raise Unsupported("an array of higher rank is stored")
        if value.axes:
            operand = self.expand(operand, (region.axis,), rank)
        if symbol is None:
            operand = self.fitting(operand, target)
        else:
            operand = strengthen(self, [element, operand], np.add)[1]
        self.emit(f"{base.primary}[{', '.join(codes)}] {symbol or ''}= {operand.code}")
        self.forget_taken_of(target)

    def takes_rows(self, index: list[Any], target: Array) -> bool:
        """Whether the rows of the active examples must be taken, before anything is stored into them at an index.

        Masks, ranges that differ and integer arrays ask for that.  Numbers and slices are put behind the index of the
        examples: wherever they stand, NumPy puts the axis of the examples in front.
        """
        replaced = {a for axes in self.replaced_axes(self.axes_inside(target)).values() for a in axes}
        if not replaced & set(target.axes) or self.regions[-1].axis in target.axes:
            return False
        operands = [i.value for i in index if isinstance(i, Operand)]
        arrays = any(isinstance(v, Array) and (v.rank or v.kind == "b") for v in operands)
        return arrays or varying_slice(index, target.rank) == 0 or cut_last(index) is not None

    def store_in_rows(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """A store into a copy of the rows of the active examples, which is then stored in their place."""
        target = self.array(base)
        chain = self.chain_to(target)
        if self.loops or self.masks or chain is None:
            raise Unsupported("a store under nested conditions")
        region, index_code = chain
        site = object()
        self.site_axes[site] = (*self.axes, *(r.axis for r in self.regions))
        taken = target.with_(axes=(region.axis,), origins=frozenset((site,)), dims=target.dims)
        rows = self.temp(Operand(f"{base.primary}[{index_code}]", taken, fresh=True), "rows")
        self.written(base)
        self.store(rows, index, operand, symbol)
        self.emit(f"{base.primary}[{index_code}] = {rows.code}")
        self.forget_taken_of(target)

    def store(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """``base[index] = operand``, or ``base[index] op= operand``."""
        raise NotImplementedError

    def axes_inside(self, target: Array) -> set[Any]:
        """Axes of the regions inside which a buffer was made: it holds their examples only."""
        raise NotImplementedError

    def replaced_axes(self, inside: set[Any]) -> dict[Any, tuple[Any, ...]]:
        """Each lanes axis with the axes that it stands for in an array, which was made inside some of the regions."""
        raise NotImplementedError

    def forget_taken_of(self, target: Array) -> None:
        """What the regions have taken of variables that share the memory of `target` is out of date."""
        for region in self.regions:
            for name, operand in self.env.items():
                if origins_of(operand.value) & target.origins:
                    region.cache.pop(name, None)

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        """``x[i]`` for the active examples is ``x[active, i]``: their rows need not be copied first."""
        held = self.env.get(node.value.value) if isinstance(node.value, cst.Name) else None
        if held is not None and self.regions and not self.loops and isinstance(held.value, Array) and held.value.rank:
            chain = self.chain_to(held.value)
            assert isinstance(node.value, cst.Name)
            self.check_set(node.value.value)
            element = self.active_element(held, chain, node) if chain is not None else None
            if element is not None:
                return element
        return super().visit_Subscript(node)

    def active_element(self, base: Operand, chain: Any, node: cst.Subscript) -> Operand | None:
        """A number read from an array of all examples at one integer for each dimension, for the active ones."""
        value, (region, active) = base.array, chain
        index = self.placed(base, self.indices(node.slice))
        if len(index) != value.rank or not all(isinstance(i, Operand) and isinstance(i.value, Array) for i in index):
            return None
        if any(i.array.rank or i.array.kind not in "iu" or not set(i.array.axes) <= {region.axis} for i in index):
            return None
        note_range(self, value, index)
        code = f"{base.primary}[{', '.join([active, *(i.code for i in index)])}]"
        return Operand(code, Array(value.dtype, 0, (region.axis,)), fresh=True)

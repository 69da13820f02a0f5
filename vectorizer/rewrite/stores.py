"""Stores into elements of arrays and into items of containers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.items_under import ItemsUnder
from vectorizer.rules.elementwise import (
    strengthen,
)
from vectorizer.rules.indexing import locate
from vectorizer.rules.masked_parts import slice_mask
from vectorizer.rules.subscripts import (
    Region,
    Slice,
    cut_last,
    expand_index,
    in_range,
    is_varying_mask,
    varying_slice,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    MISSING,
    Array,
    DictV,
    ListV,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    axes_of,
    is_uniform,
    join,
    sites,
    union_axes,
)


class Stores(ItemsUnder):
    """What an assignment to a subscript becomes."""

    def assign_item(self, target: cst.Subscript, operand: Operand) -> None:
        base = self.store_base(target.value)
        if isinstance(base.value, (DictV, ListV, SeqV)):
            self.assign_container(base, target, operand)
            return
        self.store_text = self.text(target)
        if isinstance(base.value, StackedV):
            self.sequential_again("a list is changed after the loop that filled it")
        self.store(base, self.placed(base, self.indices(target.slice)), operand, None)

    def store_base(self, node: cst.BaseExpression) -> Operand:
        """The array that a store goes to; a variable is taken with all examples, also where only some are active."""
        if isinstance(node, cst.Name) and node.value in self.env:
            self.check_set(node.value)
            return self.env[node.value]
        if isinstance(node, cst.Subscript):  # A[i][j] = v: through the row, which is a view
            inner = self.store_base(node.value)
            if isinstance(inner.value, Array) and not (
                set(axes_of(inner.value)) & {a for r in self.regions for a in r.replaced}
            ):
                region = locate(self, inner, self.indices(node.slice))
                if region.view:
                    row = Operand(region.code, region.value)
                    row.node = self.access_of(inner, self.indices(node.slice), "") if self.loops else None
                    return row
            if isinstance(inner.value, (ListV, TupleV, DictV, SeqV)):
                if not all(is_uniform(b.value) for i in self.indices(node.slice) for b in self._bounds(i)):
                    raise Unsupported("a store into an item of a list that differs between the examples")
                return self.expression(node)
            raise Unsupported("a store into a copy")
        return self.expression(node)

    def assign_container(self, base: Operand, target: cst.Subscript, operand: Operand) -> None:
        """``base[index] = operand`` for a list or dict."""
        value, operand = base.value, self.kept(operand)
        index = self.indices(target.slice)
        if len(index) != 1 or not isinstance(index[0], Operand) or self.loops:
            raise Unsupported("an item of a container is assigned under a condition")
        item = index[0]
        if self.regions or self.speculating:
            self.assign_item_under(base, item, operand)
            return
        if not is_uniform(item.value):
            raise Unsupported("an item of a list is assigned at an index that varies")
        made: DictV | ListV | SeqV
        if isinstance(value, DictV):
            pairs = dict(value.items)
            pairs[self.pin(item, "a key")] = operand.value
            made = DictV(tuple(pairs.items()), value.site)
        elif isinstance(value, ListV) and isinstance(item.value, Array) and item.value.const is not MISSING:
            items = list(value.items)
            items[int(item.value.const)] = operand.value
            made = ListV(tuple(items), value.site)
        else:
            assert isinstance(value, (ListV, SeqV))
            made, operand = self._assigned_somewhere(value, operand)
        self.emit(f"{base.primary}[{item.code}] = {operand.code}")
        self.update_site(made.site, made)

    def _assigned_somewhere(self, value: ListV | SeqV, operand: Operand) -> tuple[ListV | SeqV, Operand]:
        """A list after an assignment to an item, it is not known which; the operand gets the form of the items."""
        known = value.item if isinstance(value, SeqV) else value.items[0]
        for other in value.items[1:] if isinstance(value, ListV) else ():
            known = join(known, other)
        merged = join(known, operand.value)
        if not self.same_layout(known, merged):
            raise Unsupported("a list whose items become varying one by one")
        coerced = self.coerced(operand, merged)
        if isinstance(value, SeqV):
            return SeqV(merged, value.site), coerced
        return ListV((merged,) * len(value.items), value.site), coerced

    def store(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """``base[index] = operand``, or ``base[index] op= operand``."""
        target = self.array(base)
        if self.takes_rows(index, target):
            self.store_in_rows(base, index, operand, symbol)
            return
        if len(index) == 1 and is_varying_mask(index[0], target):
            self.store_masked(base, index[0], operand, symbol)
            return
        if varying_slice(index, target.rank) == 0:
            self.store_masked(base, slice_mask(self, base, index[0]), operand, symbol)
            return
        parts = cut_last(index)
        region = locate(self, base, parts[0]) if parts is not None else None
        if parts is not None and region is not None and region.view and not region.moved:
            self.store(Operand(region.code, region.value), [parts[1]], operand, symbol)
            return
        if not isinstance(operand.value, (Array, TupleV, ListV, StackedV, SeqV)):
            raise Unsupported("a value of unknown kind is stored")
        operand = self.as_array(operand)
        if isinstance(base.value, Array) and target.rank == 0:
            raise Unsupported("a store into a number")
        inside = self.axes_inside(target)
        replaced = self.replaced_axes(inside)
        self._check_axes(base, index, operand, inside, replaced)
        self.written(base)
        if set(target.axes) & {a for axes in replaced.values() for a in axes}:
            self.store_lanes(base, index, operand, symbol)
            return
        if self.mask_axes() - inside and not self.loops and not (self.mask_axes() & set(target.axes)):
            raise Unsupported("examples under a condition write into one array that they share")
        region = locate(self, base, index)
        self.check_loop_store(base, region, index)
        self.note_store(base, index, symbol)
        element = Operand(region.code, region.value.with_(origins=frozenset(), dims=region.value.dims))
        operand, symbol = self.summed_into(element, symbol, operand)
        if symbol is not None:
            operand = self.weak_for(operand, region.value)
        else:
            operand = self.fitting(operand, region.value)
        self.write(base, region, operand, symbol)

    def _check_axes(
        self, base: Operand, index: list[Any], operand: Operand, inside: set[Any], replaced: dict[Any, tuple[Any, ...]]
    ) -> None:
        """A buffer must vary along all axes along which the index, the value or the condition of a store varies."""
        target = self.array(base)
        index_axes = union_axes(*(axes_of(b.value) for i in index for b in self._bounds(i)))
        under = union_axes(*(axes_of(mask.value) for mask in self.masks))
        needed = set(self.array(operand).axes) | set(index_axes) | set(under) | (self.mask_axes() - inside)
        outer = {a for axis in needed for a in replaced.get(axis, (axis,))}
        missing = outer - set(target.axes) - ({loop.axis for loop in self.loops} - self.born_in(target))
        if missing:
            self.store_needs(base, tuple(sorted({*missing, *target.axes})))

    def born_in(self, target: Array) -> set[Any]:
        """Axes of the open loops inside of which a buffer was made: each iteration has its own."""
        return {axis for origin in sites(target.origins) for axis in self.site_axes.get(origin, ())}

    @staticmethod
    def _bounds(item: Any) -> list[Operand]:
        if isinstance(item, Operand):
            return [item]
        if isinstance(item, Slice):
            return [b for b in (item.lower, item.upper, item.step) if b is not None]
        return []

    def note_store(self, base: Operand, index: Sequence[Any], symbol: str | None) -> None:
        """In a loop that becomes an axis: a part of `base` is stored into."""

    def access_of(self, base: Operand, index: Sequence[Any], text: str) -> object:
        """What `note_store` is to know of a part of an array."""

    def mask_axes(self) -> set[Any]:
        return {region.axis for region in self.regions}

    def replaced_axes(self, inside: set[Any]) -> dict[Any, tuple[Any, ...]]:
        """Each lanes axis with the axes that it stands for in an array, which was made inside some of the regions."""
        table: dict[Any, tuple[Any, ...]] = {}
        for region in self.regions:
            if region.axis not in inside:
                table[region.axis] = tuple(a for axis in region.replaced for a in table.get(axis, (axis,)))
        return table

    def axes_inside(self, target: Array) -> set[Any]:
        """Axes of the regions inside which a buffer was made: it holds their examples only."""
        axes = [set(self.site_axes.get(origin, ())) for origin in sites(target.origins)]
        return set.intersection(*axes) & self.mask_axes() if axes else set()

    def check_loop_store(self, base: Operand, region: Region, index: Sequence[Any]) -> None:
        """A store inside loops that have become axes must go to another place in each iteration."""
        for loop in self.loops:
            if base.code in loop.assigned and self.array(base).origins & loop.outside:
                raise Unsupported("a loop stores through a name that it sets itself")
            if loop.axis not in self.array(base).axes and loop.axis not in region.covered:
                raise Unsupported("iterations store into the same place")
        region.apart = region.gathered and self.tells_apart(base, region, index)
        covered = any(loop.axis in region.covered for loop in self.loops)
        if self.loops and region.gathered and covered and not region.apart:
            raise Unsupported("iterations store through an index that may repeat")

    def tells_apart(self, base: Operand, region: Region, index: Sequence[Any]) -> bool:
        """Whether subscripts name another element for each example and each iteration, all of them within range."""
        value = self.array(base)
        items = expand_index(index, value.rank)
        if any(not isinstance(i, Operand) or not isinstance(i.value, Array) or i.value.rank for i in items):
            return False
        if not all(in_range(self, i.array, dim) for i, dim in zip(items, value.dims, strict=True)):
            return False
        loops = [loop for loop in self.loops if loop.axis in region.covered]
        own = {loop.axis for loop in loops} | set(value.axes)
        return region.covered <= own and all(_moves(loop.symbol, loops, items) for loop in loops)

    def weak_for(self, operand: Operand, value: Array) -> Operand:
        return strengthen(self, [Operand("", value), operand], np.add)[1]

    def write(self, base: Operand, region: Region, operand: Operand, symbol: str | None) -> None:
        value = self.array(operand)
        target = region.value
        if value.rank > target.rank:
            raise Unsupported("an array of higher rank is stored")
        if region.moved and region.gathered:
            self._write_moved(base, region, operand, symbol)
            return
        self.note_step(target)
        if value.axes:
            operand = self.expand(operand, target.axes, target.rank)
        code = region.code
        if region.moved:
            code = f"{code}[...]"
        elif not code.endswith("]"):
            code = f"{code}[:]" if len(target.axes) + target.rank else f"{code}[()]"
        elif code == base.primary and not base.code.endswith("]"):
            code = f"{code}[:]"
        if code == base.code:
            code = f"{code}[...]"
        whole = base.code if base.is_name and self.sets_all(base, region, operand) else None
        plain = symbol is None and region.view and not region.moved
        fits = self.is_repeated() and plain and value.dtype == target.dtype and len(target.axes) + target.rank > 0
        self.emit(f"{code} {symbol or ''}= {operand.code}", whole=whole, fits=fits)

    def _write_moved(self, base: Operand, region: Region, operand: Operand, symbol: str | None) -> None:
        """A store through integer arrays whose axes NumPy puts in front: so are those of what is stored."""
        if region.shuffle is None:
            raise Unsupported("a store through integer arrays over later axes")
        source, target = region.shuffle
        value = self.array(operand)
        if value.axes or value.rank:
            full = self.fully(operand, region.value.axes, region.value.rank)
            missing = len(region.value.axes) + region.value.rank - len(value.axes) - value.rank
            if not value.axes and missing:
                full = Operand(f"{operand.primary}[{', '.join(['None'] * missing)}, ...]", value)
            operand = Operand(call(self.np("moveaxis"), full.code, target, source), value)
        self.emit(f"{base.primary}[{region.index}] {symbol or ''}= {operand.code}")

    def sets_all(self, base: Operand, region: Region, operand: Operand) -> bool:
        """Whether a store sets the whole of an array to a fresh one of its own dtype and shape."""
        value, target = self.array(operand), self.array(base)
        covers = not region.gathered and not region.moved and set(region.index) <= set(":, ")
        alike = value.dtype == target.dtype and value.axes == region.value.axes and None not in region.value.dims
        same = value.rank == region.value.rank and value.dims == region.value.dims and not value.origins
        return covers and alike and same and len(value.axes) + value.rank == len(target.axes) + target.rank


def _moves(symbol: str, loops: Sequence[Any], items: Sequence[Operand]) -> bool:
    """Whether one of some subscripts is another number in each iteration of a loop, whatever other loops do."""
    others = {loop.symbol for loop in loops} - {symbol}
    known = [i.array.affine for i in items]
    return any(a is not None and a.coefficient(symbol) and not others & {s for s, _ in a.terms} for a in known)

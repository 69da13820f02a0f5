"""Lists that a loop fills which has become an axis: they are held as arrays.

Where an item is appended under a condition, the array has an element for each iteration, and a mask says which of them
are in the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.choices import Choices
from vectorizer.rewrite.names import nodes_of
from vectorizer.rules.subscripts import masked
from vectorizer.source.operand import Operand
from vectorizer.values import Array, ListV, Unsupported, Value, held_list, union_axes


@dataclass
class Appended:
    """What has been appended to a list in the body of a loop so far.

    conditions: those of each append, as code.
    items: one for each iteration; item: what such an item is.
    mask: whether there is one; None where there always is.
    """

    conditions: list[tuple[str, ...]]
    items: Operand
    item: Value
    mask: Operand | None


class Appends(Choices):
    """Appending in loops that have become axes."""

    def loop_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        """``out.append(e)`` in a loop that has become an axis."""
        masks = self.inner_masks()
        if name != "append" or len(args) != 1 or self.speculating != len(self.masks) or self.regions:
            raise Unsupported("a list is changed in a loop that has become an axis")
        loop: LoopAxis = self.loops[-1]
        self.check_items_stay(args[0])
        variable, before = self.filled_list(base, loop)
        if len(masks) != len(self.masks):
            raise Unsupported("a list is filled under a condition that is around the loop")
        condition = self.temp(self.conjunction(masks), "kept") if masks else None
        made = Appended([tuple(m.code for m in masks)], self.as_array(args[0]), args[0].value, condition)
        if before is not None:
            made = self.either(before, made)
        if masks and not isinstance(made.item, Array):
            raise Unsupported("lists or tuples are kept under a condition")
        loop.appended[variable] = made
        self.hold_list(variable, made, loop)
        loop.carried.add(variable)

    def check_items_stay(self, item: Operand) -> None:
        """An array in a list is seen there with all that is done to it later; not so a number, nor a new array."""
        value = item.value
        if isinstance(value, Array) and (item.fresh and not item.is_name or not value.rank and not value.zero_d):
            return
        for loop in self.loops:
            for part in nodes_of(loop.node) if loop.node is not None else ():
                if isinstance(part, cst.AugAssign) and isinstance(part.target, cst.Name):
                    held = self.env.get(part.target.value)
                    if held is not None and (not isinstance(held.value, Array) or held.value.rank or held.value.zero_d):
                        raise Unsupported("arrays are appended to a list in a loop that changes one in place")

    def filled_list(self, base: Operand, loop: LoopAxis) -> tuple[str, Appended | None]:
        """The variable of the list, which is empty in front of the loop, and what has been appended in this body."""
        value = base.value
        known = next((n for n in loop.appended if self.env.get(n) is base), None)
        if known is None:
            if not isinstance(value, ListV) or value.items:
                raise Unsupported("a list is changed in a loop that has become an axis")
            variables = [n for n, o in self.env.items() if getattr(o.value, "site", None) == value.site]
            if len(variables) != 1 or value.site is None:
                raise Unsupported("a list with several names is filled")
            known = variables[0]
        outer = [opened for opened in self.loops if known not in opened.assigned]
        if len(outer) != 1 or outer[0] is not loop:
            raise Unsupported("a list is filled by several loops")
        if loop.node is None or is_read(loop.node, known):
            raise Unsupported("a list is read in the loop that fills it")
        return known, loop.appended.get(known)

    def either(self, before: Appended, now: Appended) -> Appended:
        """What is appended in one branch or in another."""
        (new,) = now.conditions
        if any(not exclude(old, new) for old in before.conditions) or now.mask is None:
            raise Unsupported("several items are appended in one iteration")
        if not isinstance(before.item, Array) or not isinstance(now.item, Array):
            raise Unsupported("lists or tuples are kept under a condition")
        items = self.merge(now.mask, now.items.with_value(now.item), before.items.with_value(before.item))
        conditions = [*before.conditions, new]
        assert before.mask is not None
        mask = None if cover_all(conditions) else self.temp(self.logical("|", before.mask, now.mask), "kept")
        return Appended(conditions, self.as_array(items), items.value, mask)

    def hold_list(self, variable: str, made: Appended, loop: LoopAxis) -> None:
        """Binds a list to the array of its items."""
        axes = union_axes(self.array(made.items).axes, made.mask.array.axes if made.mask is not None else ())
        items = self.spread(made.items, axes) if made.mask is not None else made.items
        item, stacked = self.stacked_along(items, loop)
        weak = self.array(item).weak
        target = self.target_name(variable)
        # A store behind this must not change the items: what they are read from may have to be copied here.
        kept = self.kept(Operand(item.code, held_list(made.item, weak, stacked), item.level, fresh=item.fresh))
        if made.mask is None:
            if kept.code != target:
                self.emit(f"{target} = {kept.code}", target=target)
            self.env[variable] = Operand(target, kept.value)
            return
        held = self.temp(Operand(kept.code, stacked, kept.level), variable)
        found = self.array(self.spread(made.mask, axes))
        flags = found.with_(rank=1, axes=found.axes[:-1], dims=(loop.trips,), weak=False)
        mask = self.spread(made.mask, axes).with_value(flags)
        self.env[variable] = masked(self, held, self.temp(mask, "kept"), is_list=True, weak=weak)

    def stacked_along(self, item: Operand, loop: LoopAxis) -> tuple[Operand, Array]:
        """The items of all iterations: as they are, and seen as one array along the loop."""
        array = self.array(item)
        if loop.axis not in array.axes:
            item = self.spread(item, tuple(sorted({*array.axes, loop.axis})))
            array = self.array(item)
        if array.axes[-1] is not loop.axis:
            raise Unsupported("the axes of a list's items are not in the order of the loops")
        origins = frozenset[object]() if item.fresh else array.origins
        dims = (loop.trips, *array.dims)
        changes: dict[str, Any] = {"axes": array.axes[:-1], "dims": dims, "weak": False, "origins": origins}
        return item, array.with_(rank=array.rank + 1, **changes)


def is_read(node: cst.CSTNode, name: str) -> bool:
    """Whether a list is used otherwise than to append to it."""
    uses = sum(isinstance(part, cst.Name) and part.value == name for part in nodes_of(node))
    appends = sum(isinstance(part, cst.Expr) and _appends(part.value, name) for part in nodes_of(node))
    return uses != appends


def _appends(node: cst.BaseExpression, name: str) -> bool:
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or node.func.attr.value != "append":
        return False
    return isinstance(node.func.value, cst.Name) and node.func.value.value == name


def exclude(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether two conjunctions cannot both hold."""
    return any(_negated(first) == second for first in one for second in two)


def cover_all(conditions: list[tuple[str, ...]]) -> bool:
    """Whether one of some conjunctions always holds: two that differ in one negation are what they have in common."""
    left = {frozenset(condition) for condition in conditions}
    while frozenset() not in left:
        pairs = [(one, two) for one in left for two in left if _differ_in_one(one, two)]
        if not pairs:
            return False
        one, two = pairs[0]
        left = (left - {one, two}) | {one & two}
    return True


def _differ_in_one(one: frozenset[str], two: frozenset[str]) -> bool:
    first, second = one - two, two - one
    return len(first) == len(second) == 1 and _negated(next(iter(first))) == next(iter(second))


def _negated(code: str) -> str:
    return code[1:] if code.startswith("~") else f"~{code}"

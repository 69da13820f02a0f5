"""Choices over an axis: the last value under a condition, and what belongs to the best of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.iteration import INT
from vectorizer.rewrite.recurrences import Selection, Update
from vectorizer.rewrite.scans import Scans
from vectorizer.rules.elementwise import select
from vectorizer.rules.indexing import subscript
from vectorizer.rules.python import python_number, truth
from vectorizer.source.operand import PRODUCT, SUM, Operand, call
from vectorizer.values import Affine, Array, Axis, Unsupported, number, union_axes


class Choices(Scans):
    """Variables that an `if` in the loop sets, where one of the iterations decides what they are behind it."""

    def visit_If(self, node: cst.If, rest: Sequence[Any]) -> bool:
        if self.update_at(node):
            return False
        for loop in reversed(self.loops):
            selection = loop.recurrences.selections.get(id(node))
            if selection is not None:
                self.choose_in_loop(selection)
                return False
        return super().visit_If(node, rest)

    @contextmanager
    def outside(self, loops: list[LoopAxis]) -> Iterator[None]:
        """The loops that are reduced over no longer take part."""
        held, masks = self.loops, self.masks
        self.loops, self.masks = [x for x in held if x not in loops], []
        try:
            yield
        finally:
            self.loops, self.masks = held, masks

    def choose_in_loop(self, selection: Selection) -> None:
        """``if c: k = i`` keeps the last of all, ``if e > best: best = e; k = i`` the best."""
        names = sorted(selection.values)
        loops = [loop for loop in self.loops if names[0] in loop.carried]
        if any([x for x in self.loops if n in x.carried] != loops for n in names) or loops != self.loops[-len(loops) :]:
            raise Unsupported(f"{names[0]} is handed from one iteration to the next")
        if any(not self.relies_on(loop.trips - 1) for loop in loops):
            raise Unsupported(f"{names[0]} is handed on by a loop that may not run")
        mask = self._selection_mask(selection)
        if selection.better and len(names) == 1 and self._is_new(selection, names[0]):
            self._choose_extreme(selection, names[0], mask)
            return
        values = self._selection_values(selection, mask)
        before = {name: self.read(name) for name in names}
        if selection.better:
            self._choose_best(selection, mask, values, before, loops)
        else:
            self._choose_last(mask, values, before, loops)

    def _is_new(self, selection: Selection, name: str) -> bool:
        """Whether a variable is set to the number that is compared."""
        assert selection.new is not None
        node = selection.values[name]
        return node is selection.new or self.text(node) == self.text(selection.new)

    def _choose_extreme(self, selection: Selection, name: str, mask: Operand | None) -> None:
        """``if guard and new > best: best = new``: the greatest number of all iterations in which the guard holds."""
        assert selection.new is not None
        held = self.masks
        if mask is not None:
            self.masks = [*held[: self.loops[0].masks], mask]
        try:
            self.update(Update(name, "fmax" if selection.better[0] == ">" else "fmin", selection.new))
        finally:
            self.masks = held

    def _selection_mask(self, selection: Selection) -> Operand | None:
        """Where the guards and the conditions around hold; None for everywhere."""
        masks = list(self.inner_masks())
        hazards = len(self.hazards)
        for k, guard in enumerate(selection.guards):
            masks.append(truth(self, self.condition(guard)))
            if len(self.hazards) > hazards and k:
                raise Unsupported("a condition that must not always be computed")
        return self.temp(self.conjunction(masks), "found") if masks else None

    def _selection_values(self, selection: Selection, mask: Operand | None) -> dict[str, Operand]:
        """What the variables would be set to in each iteration."""
        hazards = len(self.hazards)
        self.speculating += 1
        try:
            values = {name: self.expression(node) for name, node in selection.values.items()}
        finally:
            self.speculating -= 1
        if len(self.hazards) > hazards:
            raise Unsupported("a value that must not always be computed")
        if any(not isinstance(v.value, Array) for v in values.values()):
            raise Unsupported("something else than a number or an array is chosen")
        return values

    def _choose_last(
        self, mask: Operand | None, values: dict[str, Operand], before: dict[str, Operand], loops: list[LoopAxis]
    ) -> None:
        """The values of the last iteration in which `mask` holds."""
        assert mask is not None
        axes = [loop.axis for loop in loops]
        varies = any(set(axes) & set(self.array(v).axes) for v in values.values())
        if not varies and not set(axes) & set(self.array(mask).axes):  # the same in all iterations
            with self.outside(loops):
                self._set_chosen(values, before, self.temp(self.as_bool(mask), "found"), None, loops)
            return
        mask = self.spread(self.as_bool(mask), union_axes(self.array(mask).axes, axes))
        with self.outside(loops):
            mask = self.temp(mask, "found")
            hit = self._any(mask, axes)
            at = self._last_of(mask, loops) if varies else None
            if len(values) > 1 or varies:
                hit = self.temp(hit, "any_found")
            self._set_chosen(values, before, hit, at, loops)
        self.change("choice", f"{', '.join(sorted(values))}: the last iteration in which the condition holds")

    def _any(self, mask: Operand, axes: list[Axis]) -> Operand:
        value = self.array(mask)
        places = sorted(value.axes.index(a) for a in axes)
        axis = str(places[0]) if len(places) == 1 else f"({', '.join(map(str, places))})"
        kept = Array(np.dtype(bool), 0, tuple(a for a in value.axes if a not in axes))
        return Operand(f"{mask.primary}.any(axis={axis})", kept, fresh=True)

    def _last_of(self, mask: Operand, loops: list[LoopAxis]) -> Operand:
        """The number of the last iteration in which `mask` holds."""
        flat, length = self._flat(mask, loops)
        value = self.array(flat)
        lead = "".join(":, " for _ in value.axes)
        code = f"{flat.primary}[{lead}::-1].argmax(axis={len(value.axes)})"
        last = Operand(code, Array(INT, 0, value.axes, weak=True), fresh=True)
        return self.temp(Operand(f"{length} - 1 - {last.code}", last.value, SUM, fresh=True), "last")

    def _flat(self, operand: Operand, loops: list[LoopAxis]) -> tuple[Operand, str]:
        """An array that varies along some loops, with their axes as one logical axis; and its length."""
        value = self.array(operand)
        axes = tuple(loop.axis for loop in loops)
        if value.axes[-len(axes) :] != axes or value.rank:
            raise Unsupported("a choice over axes that are not the innermost ones")
        kept = value.axes[: -len(axes)]
        result = value.with_(axes=kept, rank=1, dims=(loops[0].trips if len(loops) == 1 else None,))
        if len(loops) == 1:
            return operand.with_value(result), loops[0].length()
        shape = ", ".join([*(self.size(a) for a in kept), "-1"])
        flat = self.temp(Operand(f"{operand.primary}.reshape({shape})", result, fresh=True), "flat")
        return flat, f"{flat.code}.shape[{len(kept)}]"

    def _choose_best(
        self, selection: Selection, mask: Operand | None, values: dict[str, Operand], before: dict[str, Operand],
        loops: list[LoopAxis],
    ) -> None:  # fmt: skip
        """The values of the iteration with the best number, if that is better than the one before the loop."""
        assert selection.new is not None and selection.old is not None
        greatest, strict = selection.better[0] == ">", len(selection.better) == 1
        new = self.as_array(self.expression(selection.new))
        axes = [loop.axis for loop in loops]
        new = self.spread(new, union_axes(self.array(new).axes, axes))
        self.check_order("fmax", new)
        new = self.temp(self._rankable(new, mask, greatest, strict), "candidates")
        old = self.expression(selection.old)
        if set(self.array(old).axes) & set(axes):
            raise Unsupported("a number that is compared with changes in the loop")
        with self.outside(loops):
            flat, length = self._flat(new, loops)
            at = self._extreme_place(flat, length, greatest, strict)
            best = self.temp(self._taken(flat, at), "extreme")
            better = self.temp(self.compare(selection.better, best, old), "better")
            picked = dict(values)
            for name in selection.values:
                if self._is_new(selection, name):
                    picked[name] = best
            self._set_chosen(picked, before, better, at, loops)
        self.change("best", f"{', '.join(sorted(values))}: the {'greatest' if greatest else 'least'} of all iterations")

    def _rankable(self, new: Operand, mask: Operand | None, greatest: bool, strict: bool) -> Operand:
        """Numbers of which argmax finds the one that the loop would: no nan, and none where the mask does not hold."""
        value = self.array(new)
        clean = value.kind != "f" or self.is_no_nan(value)
        if mask is None and clean:
            return new
        if value.kind != "f" or not strict:
            raise Unsupported("the best of numbers under a condition, or of which some may be nan")
        worst = Operand(f"-{self.np('inf')}" if greatest else self.np("inf"), number(-np.inf if greatest else np.inf))
        new = self.temp(new, "candidates")
        valid = mask if mask is not None and clean else self.compare("==", new, new)
        if mask is not None and not clean:
            valid = self.logical("&", mask, valid)
        return self._as_weak_as(select(self, valid, new, worst), value)

    def _extreme_place(self, flat: Operand, length: str, greatest: bool, strict: bool) -> Operand:
        value = self.array(flat)
        function = "argmax" if greatest else "argmin"
        number_ = Array(INT, 0, value.axes, weak=True)
        if strict:
            return self.temp(Operand(f"{flat.primary}.{function}(axis={len(value.axes)})", number_, fresh=True), "at")
        lead = "".join(":, " for _ in value.axes)
        code = f"{length} - 1 - {flat.primary}[{lead}::-1].{function}(axis={len(value.axes)})"
        return self.temp(Operand(code, number_, SUM, fresh=True), "at")

    def _set_chosen(
        self, values: dict[str, Operand], before: dict[str, Operand], hit: Operand, at: Operand | None,
        loops: list[LoopAxis],
    ) -> None:  # fmt: skip
        """``name = value if hit else before``, with each value taken from the iteration `at`."""
        made = {}
        for name, value in values.items():
            picked = value if at is None else self._picked(value, at, loops)
            made[name] = self._simplified(hit, picked, before[name])
        for name, operand in sorted(made.items()):
            self.assign_outside(name, operand, loops)

    def _simplified(self, hit: Operand, picked: Operand, before: Operand) -> Operand:
        """A flag is the condition itself."""
        one, other = self.array(picked), self.array(before)
        if one.const is True and other.const is False:
            return hit.with_value(self.array(hit).with_(weak=True))
        if one.const is False and other.const is True:
            return self.negation(hit)
        return self.chosen(hit, picked, before)

    def _picked(self, value: Operand, at: Operand, loops: list[LoopAxis]) -> Operand:
        """What `value` is in the iteration `at`."""
        array = self.array(value)
        axes = [loop.axis for loop in loops]
        if not set(axes) & set(array.axes):
            return value
        if value.lazy and array.affine is not None and set(array.axes) <= set(axes):
            return self._affine_at(array.affine, at, loops)
        if len(loops) > 1:
            value = self.temp(self.spread(value, union_axes(array.axes, axes)), "values")
            value, _ = self._flat(value, loops)
        else:
            place = array.axes.index(axes[0])
            if place != len(array.axes) - 1:
                raise Unsupported("a choice over axes that are not the innermost ones")
            dims = (loops[0].trips, *array.dims)
            value = value.with_value(array.with_(axes=array.axes[:-1], rank=array.rank + 1, dims=dims))
        return self._taken(self.temp(value, "values"), at)

    def _taken(self, flat: Operand, at: Operand) -> Operand:
        """``flat[at]`` for each example; `at` is in range."""
        hazards = len(self.hazards)
        taken = subscript(self, flat, [at])
        del self.hazards[hazards:]
        value = self.array(flat)
        return python_number(taken.with_value(self.array(taken).with_(weak=value.weak, dims=self.array(taken).dims)))

    def _affine_at(self, affine: Affine, at: Operand, loops: list[LoopAxis]) -> Operand:
        """An integer that is affine in the targets of loops, in the iteration `at`."""
        result = self.print_affine_or_zero(affine, loops)
        numbers = self._numbers(at, loops)
        for loop, number_ in zip(loops, numbers, strict=True):
            coefficient = affine.coefficient(loop.symbol) * loop.step
            if not coefficient:
                continue
            term = number_
            if abs(coefficient) != 1:
                term = Operand(f"{abs(coefficient)} * {number_.at(PRODUCT + 1)}", number_.value, PRODUCT)
            if result is None:
                result = term if coefficient > 0 else Operand(f"-{term.primary}", term.value)
                continue
            if coefficient > 0:
                result = Operand(f"{term.at(SUM)} + {result.at(SUM + 1)}", term.value, SUM, fresh=True)
            else:
                result = Operand(f"{result.at(SUM)} - {term.at(SUM + 1)}", term.value, SUM, fresh=True)
        assert result is not None
        if not self.array(at).axes:
            return Operand(call("int", result.code), self.array(at))
        return result

    def print_affine_or_zero(self, affine: Affine, loops: list[LoopAxis]) -> Operand | None:
        """The part of an affine integer that is the same in all iterations; None where that is 0."""
        constant = affine
        for loop in loops:
            constant = constant.substitute(loop.symbol, loop.first)
        return None if constant == Affine() else self.print_affine(constant)

    def _numbers(self, at: Operand, loops: list[LoopAxis]) -> list[Operand]:
        """The number of the iteration of each loop, from that of all of them together."""
        if len(loops) == 1:
            return [at]
        if len(loops) > 2:
            raise Unsupported("a choice over more than two loops")
        length = self.print_affine(loops[1].trips)
        value = self.array(at)
        return [
            Operand(f"{at.primary} // {length.at(PRODUCT + 1)}", value, PRODUCT, fresh=True),
            Operand(f"{at.primary} % {length.at(PRODUCT + 1)}", value, PRODUCT, fresh=True),
        ]

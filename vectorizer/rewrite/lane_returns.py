"""Returns from inside a loop over live lanes: the results are kept, and the lanes leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import is_endless
from vectorizer.rewrite.live_lanes import LaneLoop, LiveLanes
from vectorizer.rewrite.regions import ReturnFrame, container_code
from vectorizer.rewrite.walk import Mark
from vectorizer.rules.indexing import Parts
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Axes, ListV, Obj, TupleV, Unsupported, Value, join


@dataclass
class Returned:
    """Where examples leave their results when they return from inside a loop.

    flag: the array that tells which examples have returned.
    slot: the place in front of the loop where the arrays for the results are made.
    axes: of these arrays: those of the examples that enter the loop.
    base: how many regions are open in front of the loop.
    holder: these arrays.
    """

    flag: str
    slot: Stmt
    axes: Axes
    base: int
    holder: Operand | None = None


class LaneReturns(LiveLanes):
    """Keeping the results of the lanes that return."""

    returned_lanes: Returned | None = None
    all_jump: bool = False  # under a condition that is the same for all lanes
    leaves_behind: bool = False  # lanes of a branch that returns leave the loop behind it

    def open_returns(self) -> None:
        """In front of a loop with a `return` in it."""
        if self.returned_lanes is not None:
            return
        if len(self.axes) != 1 or self.masks or self.lane_loops:
            raise Unsupported("a return from a loop under a condition")
        axes = (self.regions[-1].axis,) if self.regions else self.axes
        flag = self.fresh("returned")
        self.returned_lanes = Returned(flag, self.emit(""), axes, len(self.regions))

    def rollback(self, mark: Mark) -> None:
        """The arrays for the results are kept where a loop is walked again: their names stay taken."""
        super().rollback(mark)
        if self.returned_lanes is not None and self.returned_lanes.holder is not None:
            self.used |= self.result_names(self.returned_lanes.holder)

    def lane_return(self, node: cst.Return) -> bool:
        """A return from inside a loop over live lanes: the results of these lanes are kept, and they leave."""
        assert self.returned_lanes is not None
        loop = self.innermost()
        if self.masks or loop is None or any(outer is None for outer in self.lane_loops):
            raise Unsupported("a jump in a branch that is computed for all examples")
        operand = Operand("None", Obj(None)) if node.value is None else self.expression(node.value)
        index = self.full_index()
        returned = self.returned_lanes
        returned.holder = self.hold_result(returned.holder, operand, index, returned.axes)
        self.emit(f"{self.returned_lanes.flag}[{index}] = True")
        if self.at_top(loop):
            if not self.all_jump:
                raise Unsupported("a return that ends every iteration")
            self.all_leave("break")
            return True
        if self.leaves_behind:
            self.leaves_behind = False
            return True
        if loop.leaving is None:
            raise Unsupported("a return that only some examples reach")
        self.set_flag(loop, loop.leaving, None)
        if loop.broke is not None:
            self.emit(f"{loop.broke}[{self.below(loop, loop.region.mask, None)}] = True")
        return True

    def all_leave(self, word: str) -> None:
        """A jump that all live lanes take."""
        raise NotImplementedError

    # --- indices -----------------------------------------------------------------------------------------------------

    def full_index(self) -> str:
        """The active lanes as indices into the arrays for the results."""
        assert self.returned_lanes is not None
        below = self.regions[self.returned_lanes.base :]
        if len(below) > 1 and below == self.regions and len(below[0].replaced) == 1:
            return self.examples_of(below).code
        code = ""
        for region in below:
            if code:
                code = f"{code}[{region.mask}]"
            else:
                code = region.mask if region.is_index else call(self.np("flatnonzero"), region.mask)
        return code

    def below(self, loop: LaneLoop, flag: str, test: Operand | None) -> str:
        """``flag[index]`` for the lanes of the open regions below the loop (and of `test` among them)."""
        masks = [r.mask for r in self.regions[loop.depth :]]
        if test is not None:
            masks.append(test.code)
        return f"{flag}[{self.chain(masks)}]" if masks else flag

    def set_flag(self, loop: LaneLoop, flag: str, test: Operand | None) -> None:
        """Sets a flag for these lanes."""
        target = self.below(loop, flag, test)
        self.emit(f"{target if target != flag else f'{flag}[:]'} = True")

    def chain(self, masks: list[str]) -> str:
        """One index for masks each of which is relative to the one before."""
        code = masks[0]
        for position, mask in enumerate(masks[1:]):
            code = f"{call(self.np('flatnonzero'), code) if position == 0 else code}[{mask}]"
        return code

    # --- results -----------------------------------------------------------------------------------------------------

    def hold_result(self, held: Operand | None, operand: Operand, index: str | Operand, axes: Axes) -> Operand:
        """Puts results into the arrays for all examples, at `index`, or where a mask holds."""
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            return self.hold_results(held, operand, value, index, axes)
        operand = self.as_array(operand)
        array = self.array(operand)
        if array.dtype is None:
            raise Unsupported("a result of unknown dtype")
        plain = array.with_(axes=axes, dims=array.dims, origins=frozenset())
        if held is None:
            held = Operand(self.fresh("result"), plain)
        else:
            self.check_lengths(held.array, plain)
            held = Operand(held.code, join(held.array, plain.with_(dims=held.array.dims)))
        if isinstance(index, Operand):
            mask = f"{index.code}[:{', None' * array.rank}]" if array.rank else index.code
            self.emit(call(self.np("copyto"), held.code, operand.code, where=mask))
        else:
            self.emit(f"{held.code}[{index}] = {operand.code}")
        return held

    def hold_results(
        self, held: Operand | None, operand: Operand, value: TupleV | ListV, index: str | Operand, axes: Axes
    ) -> Operand:
        """The same for the items of a tuple or list."""
        parts = self.items(operand)
        olds = self.items(held) if held is not None else [None] * len(parts)
        if len(olds) != len(parts):
            raise Unsupported("results of different lengths")
        made = [self.hold_result(o, p, index, axes) for o, p in zip(olds, parts, strict=True)]
        values = tuple(m.value for m in made)
        kind: Value = TupleV(values) if isinstance(value, TupleV) else ListV(values)
        return Operand(container_code(made, value), kind, node=Parts(made))

    def result_names(self, held: Operand) -> set[str]:
        """The names of the arrays for the results."""
        if isinstance(held.value, (TupleV, ListV)):
            return {name for part in self.items(held) for name in self.result_names(part)}
        return {held.code}

    def result_lines(self, held: Operand) -> list[str]:
        """The statements that make the arrays for the results."""
        if isinstance(held.value, (TupleV, ListV)):
            return [line for part in self.items(held) for line in self.result_lines(part)]
        value = held.array
        dims = []
        for dim in value.dims:
            if dim is None:
                raise Unsupported("an array of unknown shape is returned from a loop")
            dims.append(self.print_affine(dim).code)
        if value.dtype is None:
            raise Unsupported("a result of unknown dtype")
        return [f"{held.code} = {self.empty_code(value, value.axes, dims)}"]

    def after_lane_loop(self, node: cst.CSTNode, rest: Sequence[Any], outermost: bool) -> bool:
        """What follows the loop is for the examples that have not returned."""
        returned = self.returned_lanes
        assert returned is not None
        if not outermost:
            return self.leave_outer(returned, rest)
        self.returned_lanes = None
        if returned.holder is None:
            raise Unsupported("a return that is never reached")
        held = returned.holder if is_endless(node) else self.rest_of_function(returned, returned.holder, rest)
        flag = f"{returned.flag} = {call(self.np('zeros'), self.size(returned.axes[0]), 'bool')}"
        returned.slot.text = "\n".join([flag, *self.result_lines(held)])
        self.expand_slot(returned.slot)
        self.finish_return(held)
        return True

    def leave_outer(self, returned: Returned, rest: Sequence[Any]) -> bool:
        """Behind an inner loop: examples that have returned there leave the loop around it as well."""
        loop = self.innermost()
        if loop is None:
            raise Unsupported("a return from inside two loops, of which one ends at the same time for all")
        gone = self.fresh("gone")
        self.emit(f"{gone} = {returned.flag}[{self.full_index()}]", target=gone)
        test = Operand(gone, Array(np.dtype(bool), 0, (self.regions[-1].axis,)))
        if self.at_top(loop):
            if loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}[{gone}]] = True")
            self.compact(loop, gone)
            return False
        if loop.leaving is None:
            raise Unsupported("a return that is nested too deeply")
        self.set_flag(loop, loop.leaving, test)
        if loop.broke is not None:
            self.emit(f"{loop.broke}[{self.below(loop, loop.region.mask, test)}] = True")
        if rest:
            self.convert(Operand(f"~{gone}", test.value, UNARY), list(rest), [], None)
        return True

    def rest_of_function(self, returned: Returned, held: Operand, rest: Sequence[Any]) -> Operand:
        """Runs the statements behind a loop for the examples that have not returned, and keeps their results too."""
        mask = Operand(f"~{returned.flag}", Array(np.dtype(bool), 0, returned.axes), UNARY)
        inner = ReturnFrame()
        self.frames.append(inner)
        saved_scopes, self.scopes = self.scopes, [*self.scopes, {"": "rest"}]
        try:
            with self.region(mask, "rest") as region:
                ended = self.block(rest)
                if inner.result is not None:
                    return self.hold_result(held, inner.result, region.mask, returned.axes)
                if not ended:
                    raise self.nothing_returned()
                return held
        finally:
            self.frames.pop()
            self.scopes = saved_scopes

    def expand_slot(self, slot: Stmt) -> None:
        """A slot that was filled with several lines becomes as many statements."""
        k = next(n for n, s in enumerate(self.out) if s is slot)
        lines = [t for t in slot.text.split("\n") if t]
        self.out[k : k + 1] = [Stmt(t, line=slot.line) for t in lines]

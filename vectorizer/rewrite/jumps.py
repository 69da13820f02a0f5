"""Jumps that only some lanes take: at the top of a loop's body they leave at once, below it they set flags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, else_statements, has_jump, lone_jump, returns_at_end
from vectorizer.rewrite.lane_returns import LaneReturns
from vectorizer.rewrite.live_lanes import LaneLoop
from vectorizer.rewrite.statements import _statements
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Axis, Unsupported


class Jumps(LaneReturns):
    """Conditions with jumps in loops over live lanes."""

    open_sites: list[object]

    # --- deciding ----------------------------------------------------------------------------------------------------

    def need_lanes(self, everywhere: bool) -> NoReturn:
        """The innermost loop (for a return: every open loop) must run on live lanes: the walk starts again."""
        if len(self.axes) != 1:
            raise Unsupported("a loop that ends at different times under several batch axes")
        sites = self.open_sites if everywhere else self.open_sites[-1:]
        if not sites or set(sites) <= self.plan.lanes:
            raise Unsupported("a jump that only some examples reach")
        self.plan.lanes |= set(sites)
        raise PlanChange

    def while_varies(self, node: cst.While) -> NoReturn:
        self.need_lanes(False)

    def jumped(self) -> bool:
        return self.innermost() is not None

    def flags_jumps(self) -> bool:
        loop = self.innermost()
        return loop is not None and loop.branches > 0

    def jumping_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        loop = self.innermost()
        if loop is None:
            self.need_lanes(has_jump([node], (cst.Return,)))
        return self.lane_if(loop, node, test, rest)

    def returning_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        if not self.loop_depth:
            return super().returning_if(node, test, rest)
        loop = self.innermost()
        if loop is None or any(outer is None for outer in self.lane_loops):
            self.need_lanes(True)
        return self.lane_if(loop, node, test, rest)

    def may_nest(self, node: cst.If) -> bool:
        if self.loops or self.masks:
            return False
        return super().may_nest(node) or self.innermost() is not None

    def uniform_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """In a loop over live lanes, a jump under a uniform condition is one of all lanes that are active."""
        loop = self.innermost()
        if loop is None or not has_jump([node], JUMPS):
            return super().uniform_if(node, test, rest)
        plain = not has_jump([node], (cst.Continue,)) or _ends_with_only_jump(node)
        if self.at_top(loop) and not self.masks and plain:
            self.all_jump = True
            try:
                return super().uniform_if(node, test, rest)
            finally:
                self.all_jump = False

        def branch() -> None:
            loop.branches += 1
            try:
                super(Jumps, self).uniform_if(node, test, ())
            finally:
                loop.branches -= 1

        return self.with_flags(loop, [node], branch, rest)

    # --- branches with jumps -----------------------------------------------------------------------------------------

    def lane_if(self, loop: LaneLoop, node: cst.If, test: Operand, rest: Sequence[Any]) -> bool:
        """An `if` with a jump in it; what follows is for the lanes that do not jump."""
        if self.masks:
            raise Unsupported("a jump in a branch that is computed for all examples")
        body, orelse = list(_statements(node.body)), list(else_statements(node))
        named = Operand(self.fresh("leave" if self.at_top(loop) else "inner"), test.value)
        self.emit(f"{named.code} = {test.code}", target=named.code, generated=named.code)
        last = lone_jump(body)
        if last is None and returns_at_end(body) and not has_jump([*body[:-1], *orelse], JUMPS):
            self.leaves_behind = True
            self.by_region(named, body, orelse, None)
            self.leaves_behind = False
            return self.tail_jump(loop, named, rest, True)
        if last is None or has_jump([*body[:-1], *orelse], JUMPS):
            return self.flagged_jump(loop, named, body, orelse, rest)
        if body[:-1]:
            self.convert(named, body[:-1], orelse, None)
        elif orelse:
            self.convert(_inverse(named), orelse, [], None)
        return self.tail_jump(loop, named, rest, isinstance(last, cst.Break))

    def tail_jump(self, loop: LaneLoop, test: Operand, rest: Sequence[Any], breaks: bool) -> bool:
        """``if c: ...; break``: behind the branch, the lanes of `c` leave."""
        top = self.at_top(loop)
        if top and breaks:
            if loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}[{test.code}]] = True")
            self.compact(loop, test.code)
            return False
        if not top:
            flag = loop.leaving if breaks else loop.skipping
            if flag is None:
                raise Unsupported("a jump that is nested too deeply")
            self.set_flag(loop, flag, test)
            if breaks and loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}[{flag}]] = True")
        if rest:
            self.convert(_inverse(test), list(rest), [], None)
        self.fell_through = top
        return True

    def flagged_jump(
        self, loop: LaneLoop, test: Operand, body: list[Any], orelse: list[Any], rest: Sequence[Any]
    ) -> bool:
        """Jumps inside nested branches set flags, which are looked at behind the branch."""
        return self.with_flags(loop, [*body, *orelse], lambda: self.by_region(test, body, orelse, None), rest)

    def with_flags(self, loop: LaneLoop, nodes: Sequence[Any], branch: Callable[[], None], rest: Sequence[Any]) -> bool:
        """Writes a branch in which the jumps of `nodes` set flags, and what follows it."""
        if self.masks:
            raise Unsupported("a jump in a branch that is computed for all examples")
        breaks, skips = has_jump(nodes, (cst.Break, cst.Return)), has_jump(nodes, (cst.Continue,))
        if not self.at_top(loop):
            branch()
            if rest:
                self.rest_below(loop, breaks, skips, rest)
            return True
        outer = (loop.leaving, loop.skipping)
        if breaks:
            loop.leaving = self.no_lanes(loop, "leaving")
        if skips:
            loop.skipping = self.no_lanes(loop, "skipping")
        branch()
        if breaks:
            self.compact(loop, str(loop.leaving))
        skipping = loop.skipping
        loop.leaving, loop.skipping = outer
        if not skips:
            return False
        if rest:
            self.rest_of_iteration(loop, f"~{skipping}", rest)
        self.fell_through = True
        return True

    def rest_of_iteration(self, loop: LaneLoop, going_on: str, rest: Sequence[Any]) -> None:
        """What follows jumps in a loop, for the lanes that have not jumped; there may be more jumps in it."""
        outer = (loop.leaving, loop.skipping)
        breaks = has_jump(rest, (cst.Break, cst.Return))
        if breaks:
            loop.leaving = self.no_lanes(loop, "leaving")
        if has_jump(rest, (cst.Continue,)):
            loop.skipping = self.no_lanes(loop, "skipping")
        self.convert(_flags(going_on, loop.region.axis), list(rest), [], None)
        if breaks:
            self.compact(loop, str(loop.leaving))
        loop.leaving, loop.skipping = outer

    def no_lanes(self, loop: LaneLoop, hint: str) -> str:
        """A new flag for each live lane, not set."""
        flag = self.fresh(hint)
        self.emit(f"{flag} = {call(self.np('zeros'), f'{loop.region.mask}.size', 'bool')}", target=flag)
        return flag

    def rest_below(self, loop: LaneLoop, breaks: bool, skips: bool, rest: Sequence[Any]) -> None:
        """What follows a nested branch with jumps, for the lanes that have not jumped."""
        flags = [loop.leaving if breaks else None, loop.skipping if skips else None]
        jumped = [self.below(loop, flag, None) for flag in flags if flag is not None]
        code = f"~({' | '.join(jumped)})" if len(jumped) > 1 else f"~{jumped[0]}"
        self.convert(_flags(code, self.regions[-1].axis), list(rest), [], None)

    # --- the jumps themselves ----------------------------------------------------------------------------------------

    def small_Break(self, node: cst.Break) -> bool:
        return self.lane_jump("leaving") or super().small_Break(node)

    def small_Continue(self, node: cst.Continue) -> bool:
        return self.lane_jump("skipping") or super().small_Continue(node)

    def lane_jump(self, kind: str) -> bool:
        """A jump in a loop over live lanes, by all lanes that are active here; False where the loop is another one."""
        loop = self.innermost()
        if loop is None:
            return False
        if self.masks or self.loops:
            raise Unsupported("a jump in a branch that is computed for all examples")
        if self.at_top(loop):  # all live lanes: the loop is over, or its body is
            if kind == "leaving" and not self.all_jump:
                raise Unsupported("a break that ends every iteration")
            self.all_leave("break" if kind == "leaving" else "continue")
            return True
        flag = loop.leaving if kind == "leaving" else loop.skipping
        if flag is None:
            raise Unsupported("a jump that only some examples reach")
        self.set_flag(loop, flag, None)
        if kind == "leaving" and loop.broke is not None:
            self.emit(f"{loop.broke}[{self.below(loop, loop.region.mask, None)}] = True")
        return True

    def all_leave(self, word: str) -> None:
        """A jump that all live lanes take."""
        loop = self.innermost()
        assert loop is not None
        self.close_iteration(self.out)
        if word == "break":
            loop.flush = True
            self.loop_frames[-1].exits.append(dict(self.env))
            if loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}] = True")
        self.emit(word)

    def small_Raise(self, node: cst.Raise) -> bool:
        """Under a condition, an exception is raised if any example is active."""
        if not self.regions:
            return super().small_Raise(node)
        self.hazard("an exception is raised under a condition")
        if node.exc is None:
            raise Unsupported("a bare raise")
        active = self.regions[-1]
        test = f"{active.mask}.size" if active.is_index else f"{active.mask}.any()"
        self.emit(f"if {test}:", body=[Stmt(f"raise {self.raised(node.exc)}")])
        return True


def _flags(code: str, axis: Axis) -> Operand:
    """Code, which starts with ``~``, for one boolean for each lane."""
    return Operand(code, Array(np.dtype(bool), 0, (axis,)), UNARY)


def _ends_with_only_jump(node: cst.If) -> bool:
    """Whether the one jump of an `if` without an `else` is its last statement."""
    body = list(_statements(node.body))
    is_jump = lone_jump(body) is not None or returns_at_end(body)
    return node.orelse is None and is_jump and not has_jump(body[:-1], JUMPS)


def _inverse(test: Operand) -> Operand:
    """The lanes for which a named condition does not hold."""
    return Operand(f"~{test.code}", test.value, UNARY)

"""Loops over live lanes: their heads, where lanes leave whose condition fails or whose range has ended."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, conjuncts, has_jump
from vectorizer.rewrite.iteration import INT, Iteration
from vectorizer.rewrite.jumps import Jumps
from vectorizer.rewrite.live_lanes import LaneLoop, LanePlan, axes_overlap
from vectorizer.rewrite.loop_syntax import target_names
from vectorizer.rewrite.names import nodes_of
from vectorizer.rewrite.statements import _statements
from vectorizer.rules.definitions import require
from vectorizer.rules.python import truth
from vectorizer.source.operand import AND, BIT_OR, COMPARE, NOT, PRODUCT, SUM, UNARY, Holds, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Unsupported, Value, is_uniform, number, union_axes

OPPOSITES = {"==": "!=", "!=": "=="}
WHOLE_OPPOSITES = {**OPPOSITES, "<": ">=", ">": "<=", "<=": ">", ">=": "<"}  # of integers: with nan, neither need hold


class LaneLoops(Jumps):
    """Writing a loop over live lanes."""

    # --- while -------------------------------------------------------------------------------------------------------

    def lane_while(self, node: cst.While, rest: Sequence[Any]) -> bool:
        """``while condition``: lanes for which it does not hold leave."""
        forever = _is_always(node.test)
        entry = ""  # what the condition begins with, where that is the same for all lanes

        def head(loop: LaneLoop) -> None:
            nonlocal entry
            entry = ""
            for position, part in enumerate([] if forever else self.parts_of_condition(node.test)):
                start = len(self.out)
                test = self.condition(part)
                if not is_uniform(test.value):
                    self.keep_running(loop, truth(self, test))
                    continue
                loop.flush = True
                if position == 0 and len(self.out) == start:
                    entry = f" and {test.at(AND + 1)}"
                else:
                    self.emit(f"if not {test.at(NOT)}:", body=[Stmt("break")])

        # The condition of the `while` is only for a loop that no example enters.
        plan = LanePlan(lambda loop: f"while {loop.region.mask}.size{entry}:", head, surely=forever)
        return self.lane_loop(node, plan, rest)

    def parts_of_condition(self, node: cst.BaseExpression) -> list[cst.BaseExpression]:
        """``a and b`` by parts, where some of them are the same for all lanes: those need no arrays."""
        parts = conjuncts(node)
        if len(parts) == 1 or any(isinstance(part, cst.NamedExpr) for part in nodes_of(node)):
            return [node]
        mark = self.mark()
        try:
            uniform = [is_uniform(self.condition(part).value) for part in parts]
        except Unsupported:  # a part may need those before it
            return [node]
        finally:
            self.rollback(mark)
        found: list[cst.BaseExpression] = []
        for position, part in enumerate(parts):
            if position and not uniform[position] and not uniform[position - 1]:
                part = cst.BooleanOperation(found.pop(), cst.And(), part)
            found.append(part)
        return found if any(uniform) else [node]

    def keep_running(self, loop: LaneLoop, test: Operand, whole: bool = False) -> None:
        """Lanes for which `test` does not hold leave; `whole` tells that it compares integers."""
        if self.shared.backend is None:
            whole = whole or compares_integers(test)
            self.compact(loop, inverted(test, WHOLE_OPPOSITES if whole else OPPOSITES))
            return
        running = self.fresh("running")
        self.emit(f"{running} = {test.code}", target=running)
        self.compact(loop, f"~{running}")

    # --- for ---------------------------------------------------------------------------------------------------------

    def lane_for(self, node: cst.For, varying: list[Operand] | None, rest: Sequence[Any]) -> bool:
        """A `for`, over a range that differs (its operands are `varying`) or with jumps that only some lanes take."""
        if varying is not None:
            return self.lane_range(node, varying, rest)
        it = self.pinned_iteration(self.iteration(node.iter), node)
        surely = self.surely_runs(it)
        if not surely and self.skips(it):
            self.change("loop", f"the loop over {self.text(node.target)} does not run for arguments of this size")
            return node.orelse is not None and self.block(list(_statements(node.orelse.body)))
        header, item = self.header(it)
        bound = ""

        def head(loop: LaneLoop) -> None:
            nonlocal bound
            bound = self.bind_live(node.target, item, it, loop)

        plan = LanePlan(lambda _: f"for {bound} in {header}:", head, surely=surely)
        return self.lane_loop(node, plan, rest)

    def bind_live(self, target: cst.BaseExpression, item: Value, it: Iteration, loop: LaneLoop) -> str:
        """Binds a loop's target to the live lanes' part of each element; returns its code."""
        code = self.bind_target(target, item, it)
        for name in sorted(target_names(target)):
            operand = self.env[name]
            value = operand.value
            if not axes_overlap(value, loop.region.replaced):
                continue
            if not isinstance(value, Array) or value.axes[0] != loop.region.replaced[0]:
                raise Unsupported("a loop target that varies along several axes")
            self.emit(f"{operand.code} = {operand.code}[{loop.region.mask}]", target=operand.code)
            axes = (loop.region.axis, *value.axes[1:])
            self.env[name] = Operand(operand.code, value.with_(axes=axes, dims=value.dims, origins=frozenset()))
        return code

    def lane_range(self, node: cst.For, args: list[Operand], rest: Sequence[Any]) -> bool:
        """``for i in range(n)`` where `n` differs: every lane leaves when its own range ends."""
        if not isinstance(node.target, cst.Name):
            raise Unsupported("a loop target that is not a name")
        if node.target.value in self.live_after(node) or node.target.value in self.plan.flags:
            node = self.with_own_counter(node)
        start, stop = (Operand("0", number(0)), args[0]) if len(args) == 1 else (args[0], args[1])
        step = self.step_of(args[2]) if len(args) == 3 else 1
        assert isinstance(node.target, cst.Name)
        target = node.target.value
        if not is_uniform(start.value) or isinstance(step, Operand) or abs(step) != 1:
            return self.lane_offset_range(node, target, (start, stop, step), rest)
        if not isinstance(stop.value, Array) or not stop.value.axes:
            raise Unsupported("a range whose ends differ between the examples")
        kept = f"$stop{len(self.lane_loops)}"  # of this loop, not of one around it
        bound = self.fresh("stop")
        stop = self.as_weak_int(stop)
        self.emit(f"{bound} = {stop.code}", target=bound)
        self.env[kept] = Operand(bound, self.array(stop).with_(origins=frozenset()))
        outermost = call(self.np("max" if step > 0 else "min"), bound, initial=start.code)
        first = [] if step > 0 and start.code == "0" else [start.code]
        header = call("range", *first, outermost, *([str(step)] if step != 1 else []))

        def head(loop: LaneLoop) -> None:
            name = self.target_name(target)
            self.bind(target, Operand(name, Array(INT, 0, weak=True)))
            limit = self.env[kept]
            test = Operand(f"{name} {'<' if step > 0 else '>'} {limit.at(BIT_OR)}", limit.value, COMPARE)
            self.compact_before_target(loop, target, test)

        plan = LanePlan(lambda _: f"for {self.target_name(target)} in {header}:", head, False, extra=frozenset({kept}))
        return self.lane_loop(node, plan, rest)

    def with_own_counter(self, node: cst.For) -> cst.For:
        """A loop whose target is read behind it: a counter runs through the range, and sets the target."""
        assert isinstance(node.target, cst.Name)
        counter = cst.Name(self.fresh("step"))
        self.local_names = self.local_names | {counter.value}
        first = cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(node.target)], counter)])
        body = cst.IndentedBlock([first, *_statements(node.body)])
        made = node.with_changes(target=counter, body=body)
        self.plan.made.append(made)
        self.originals[id(made)] = self.originals.get(id(node), node)
        return made

    def compact_before_target(self, loop: LaneLoop, target: str, running: Operand) -> None:
        """Lanes whose range has ended leave with the target of their last iteration."""
        operand = self.env.pop(target)
        if target in loop.outs:
            raise Unsupported("the target of a loop that ends at different times is read behind it")
        self.keep_running(loop, running, whole=True)
        self.bind(target, operand)

    def as_weak_int(self, operand: Operand) -> Operand:
        """An integer as `range` gives it."""
        value = self.array(operand)
        if value.dtype == INT:
            return operand
        return Operand(f"{operand.primary}.astype(int)", value.with_(dtype=INT), fresh=True)

    def step_of(self, operand: Operand) -> int | Operand:
        """The step of a range: a number where it can be known, else what each example steps by."""
        try:
            step = self.pin_int(operand, "a step")
        except Unsupported:
            step = None
        if step == 0:
            raise Unsupported("a step of zero")
        if step is not None:
            return step
        if not isinstance(operand.value, Array) or operand.value.rank or operand.value.kind not in "iu":
            raise Unsupported("a step that is not known to be an integer")
        by = self.pinned_temp(self.as_weak_int(operand) if operand.array.axes else operand, "by")
        test = f"({by.code} != 0).all()" if by.array.axes else f"{by.code} != 0"
        require(self, test, "a step of zero", raises=True)
        return by

    def trips_between(self, start: Operand, stop: Operand, step: int | Operand) -> str:
        """Code for how often a range runs; at most zero where it is empty."""
        if isinstance(step, Operand):
            (distance, by), _, _ = self.align([self.binary("-", start, stop), step])
            return f"-({distance.at(PRODUCT)} // {by.at(UNARY)})"
        distance = self.binary("-", stop, start) if step > 0 else self.binary("-", start, stop)
        return distance.code if abs(step) == 1 else f"-(-({distance.code}) // {abs(step)})"

    def lane_offset_range(
        self, node: cst.For, target: str, bounds: tuple[Operand, Operand, int | Operand], rest: Sequence[Any]
    ) -> bool:
        """A range that starts at different numbers, or has different steps: a common counter is added to each start."""
        start, stop, step = bounds
        first = self.pinned_temp(self.as_weak_int(start) if start.array.axes else start, "start")
        kept, origins, steps = (f"${what}{len(self.lane_loops)}" for what in ("stop", "start", "step"))
        trips = self.fresh("trips")
        self.emit(f"{trips} = {self.trips_between(first, stop, step)}", target=trips)
        self.env[kept] = Operand(trips, Array(INT, 0, (self.outer_axis(),), weak=True))
        self.env[origins] = Operand(first.code, first.value)
        if isinstance(step, Operand):
            self.env[steps] = Operand(step.code, step.value)
        counter = self.fresh("step")
        header = call("range", call(self.np("max"), trips, initial="0"))

        def head(loop: LaneLoop) -> None:
            if target in loop.outs:
                raise Unsupported("the target of a loop that ends at different times is read behind it")
            self.env.pop(target, None)
            limit = self.env[kept]
            self.keep_running(loop, Operand(f"{counter} < {limit.at(BIT_OR)}", limit.value, COMPARE), whole=True)
            origin = self.env[origins]
            axes = self.array(origin).axes
            if isinstance(step, Operand):
                moved = f"+ {counter} * {self.env[steps].at(UNARY)}"
                axes = union_axes(axes, self.array(self.env[steps]).axes)
            else:
                moved = f"{'+' if step > 0 else '-'} {counter if abs(step) == 1 else f'{abs(step)} * {counter}'}"
            name = self.target_name(target)
            self.emit(f"{name} = {origin.at(SUM)} {moved}", target=name)
            self.bind(target, Operand(name, Array(INT, 0, axes, weak=True)))

        extra = frozenset({kept, origins, *([steps] if isinstance(step, Operand) else [])})
        return self.lane_loop(node, LanePlan(lambda _: f"for {counter} in {header}:", head, False, extra), rest)

    # --- the loop itself ---------------------------------------------------------------------------------------------

    def lane_loop(self, node: cst.For | cst.While, plan: LanePlan, rest: Sequence[Any]) -> bool:
        """A loop over live lanes; returns whether it has taken care of the statements behind it as well."""
        has_return = has_jump([node.body], (cst.Return,))
        outermost = has_return and self.returned_lanes is None
        if has_return and None in self.lane_loops:  # examples that return leave the loops around this one as well
            self.need_lanes(True)
        if has_return:
            self.open_returns()
        leading, self.pending = self.pending, ()
        start = len(self.out)
        before = {n: o for n, o in self.env.items() if n not in plan.extra}
        self.forget_dead(node)
        loop = self.open_lanes(node)
        self.take_extra(loop, plan.extra)
        slot, loop.entry = self.emit(""), {**self.env, **before}
        live = self.live_after(node)
        kept = {n for n in loop.assigned if n in live and (n in before or plan.surely)}
        loop.outs = {n: self.fresh(f"{n}_final") for n in sorted(kept)}
        self.prepare_broke(loop, node, slot)
        self.walk_lanes(node, loop, plan)
        tail = slot.text
        self.close_lanes(loop, slot, before, plan.surely)
        slot.text = "\n".join(t for t in (slot.text, tail) if t)
        self.expand_slot(slot)
        for name in plan.extra:
            self.env.pop(name, None)
        if len(self.out) > start:
            self.out[start].leading = leading + self.out[start].leading
        self.change("lanes", "the loop ends at different times: it runs on the examples still in it")
        if node.orelse is not None and has_jump([node.orelse.body], JUMPS):
            return self.jumping_else(loop, node, rest, outermost if has_return else None)
        if node.orelse is not None:
            self.lane_else(loop, node.orelse)
        return self.after_lane_loop(node, rest, outermost) if has_return else False

    def jumping_else(
        self, loop: LaneLoop, node: cst.For | cst.While, rest: Sequence[Any], outermost: bool | None
    ) -> bool:
        """``else: return x`` of a loop, with what follows: an `if` for the examples that did not leave by `break`.

        outermost: as `after_lane_loop` has it; None where the loop's body has no `return`.
        """
        assert node.orelse is not None
        behind: list[Any] = list(_statements(node.orelse.body))
        if loop.broke is not None:
            self.env[loop.broke] = Operand(loop.broke, Array(np.dtype(bool), 0, loop.region.replaced))
            self.local_names = self.local_names | {loop.broke}
            behind = [cst.If(cst.UnaryOperation(cst.Not(), cst.Name(loop.broke)), cst.IndentedBlock(behind))]
            self.plan.made += behind
        if outermost is not None:
            return self.after_lane_loop(node, [*behind, *rest], outermost)
        ended = self.block([*behind, *rest])
        self.fell_through = self.fell_through or not ended and self.jumped()
        return True

    def take_extra(self, loop: LaneLoop, extra: frozenset[str]) -> None:
        """The rewriter's own variables are compacted like those of the loop."""
        for name in sorted(extra):
            operand = self.env[name]
            if isinstance(operand.value, Array) and operand.value.axes:
                self.env[name] = operand.with_value(operand.value.with_(axes=(loop.region.axis,)))
        loop.names |= extra

    def walk_lanes(self, node: cst.For | cst.While, loop: LaneLoop, plan: LanePlan) -> None:
        """The loop's statement: its head, then its body."""
        saved_scopes, self.scopes = self.scopes, [*self.scopes, {"": ""}] if self.scopes else []
        self.lane_loops.append(loop)
        self.open_sites.append(self.node_site(node))

        def body() -> tuple[str, list[Stmt]]:
            outer_out, self.out = self.out, []
            taken = self.taken_here()
            try:
                loop.region.cache.clear()
                plan.head(loop)
                ended = self.block(_statements(node.body))
                if not ended or self.fell_through:
                    self.close_iteration(self.out)
                self.fell_through = False
                return plan.header(loop), self.out
            finally:
                self.out = outer_out
                self.forget_taken(taken)

        try:
            self.stable_loop(node, body)
        finally:
            self.lane_loops.pop()
            self.open_sites.pop()
            self.scopes = saved_scopes

    # --- else --------------------------------------------------------------------------------------------------------

    def prepare_broke(self, loop: LaneLoop, node: cst.For | cst.While, slot: Stmt) -> None:
        """In front of a loop with an `else`: nobody has left by `break` yet."""
        if node.orelse is None or not has_jump([node.body], (cst.Break, cst.Return)):
            return
        loop.broke = self.fresh("broke")
        outer = loop.region.replaced[0]
        slot.text = f"{loop.broke} = {call(self.np('zeros'), self.size(outer), 'bool')}"

    def lane_else(self, loop: LaneLoop, orelse: cst.Else) -> None:
        """``else`` of a loop: for the examples that did not leave by `break`."""
        if loop.broke is None:
            self.block(_statements(orelse.body))
            return
        test = Operand(f"~{loop.broke}", Array(np.dtype(bool), 0, loop.region.replaced), UNARY)
        self.convert(test, _statements(orelse.body), [], None)


def _is_always(test: cst.BaseExpression) -> bool:
    """``while True`` or ``while 1``."""
    return isinstance(test, cst.Name) and test.value == "True" or isinstance(test, cst.Integer) and test.value == "1"


def compares_integers(test: Operand) -> bool:
    """Whether a condition is one comparison of integers."""
    if not isinstance(test.node, Holds) or len(test.node.comparisons) != 1:
        return False
    first, _, second = test.node.comparisons[0]
    return all(isinstance(o.value, Array) and o.array.kind in "iub" for o in (first, second))


def inverted(test: Operand, opposites: Mapping[str, str] = OPPOSITES) -> str:
    """Code for the examples for which a condition does not hold."""
    tree = ast.parse(test.code, mode="eval").body
    if test.level == COMPARE and isinstance(tree, ast.Compare) and len(tree.ops) == 1 and "\n" not in test.code:
        start, end = tree.left.end_col_offset or 0, tree.comparators[0].col_offset
        lines = test.code.encode()  # the offsets count bytes
        symbol = re.search(rb"[=!<>]=|[<>]", lines[start:end])
        if symbol is not None and (opposite := opposites.get(symbol.group().decode())):
            between = lines[start:end].replace(symbol.group(), opposite.encode())
            return (lines[:start] + between + lines[end:]).decode()
    return f"~{test.at(UNARY)}"

"""Loops that end sooner for some examples than for others.

Such a loop runs on the live lanes: `lanes` holds the indices of the examples that are still in it, and every variable
of the loop is held for those only.  Where examples leave, their values go to arrays that hold all examples, and what
remains is compacted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.branches import has_jump
from vectorizer.rewrite.loops import Iteration, Loops
from vectorizer.rewrite.statements import _statements, assigned_names, names_read
from vectorizer.rewrite.walk import ActiveRegion
from vectorizer.rules.context import PlanChange
from vectorizer.rules.indexing import Parts
from vectorizer.rules.python import truth
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axis,
    ListV,
    Obj,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    join,
)

JUMPS = (cst.Break, cst.Continue, cst.Return)
INT = np.dtype(np.int64)


@dataclass
class LaneLoop:
    """A loop over the live lanes.

    region: restricts what is read to the live lanes.
    outs: variables that are read behind the loop -> the array that receives their last values.
    names: variables that may have to be compacted.
    depth: how many regions are open at the top of the loop's body.
    leaving, skipping: flags of the lanes that break or continue, while a branch with such jumps is open.
    broke: the array that tells which examples left by `break`, for the `else` of the loop.
    """

    region: ActiveRegion
    outs: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    depth: int = 0
    leaving: str | None = None
    skipping: str | None = None
    broke: str | None = None


@dataclass
class Returned:
    """Where examples leave their results when they return from inside a loop."""

    flag: str
    slot: Stmt
    holder: Operand | None = None


class Lanes(Loops):
    """What a loop becomes that ends at different times for different examples."""

    lane_loops: list[LaneLoop]
    returned_lanes: Returned | None = None
    fell_through: bool = False

    # --- deciding ------------------------------------------------------------------------------------------------------

    def visit_For(self, node: cst.For, rest: Sequence[Any]) -> bool:
        site = self.node_site(node)
        varying = self.varying_range(node)
        if varying is None and site not in self.plan.lanes:
            return self.in_plain_loop(node, lambda: Loops.visit_For(self, node, rest))
        if self.loops:
            raise Unsupported("a loop that ends at different times inside one that has become an axis")
        return self.lane_for(node, varying, rest)

    def visit_While(self, node: cst.While, rest: Sequence[Any]) -> bool:
        if self.node_site(node) in self.plan.lanes:
            if self.loops:
                raise Unsupported("a while loop inside a loop that has become an axis")
            return self.lane_while(node, rest)
        return self.in_plain_loop(node, lambda: Loops.visit_While(self, node, rest))

    def in_plain_loop(self, node: cst.For | cst.While, walk: Any) -> bool:
        self.open_sites.append(self.node_site(node))
        saved, self.lane_loops = self.lane_loops, [*self.lane_loops, None]  # type: ignore[list-item]
        try:
            return bool(walk())
        finally:
            self.open_sites.pop()
            self.lane_loops = saved

    open_sites: list[object]

    def need_lanes(self, everywhere: bool) -> None:
        """The innermost loop (for a return: every open loop) must run on live lanes: the walk starts again."""
        if len(self.axes) != 1:
            raise Unsupported("a loop that ends at different times under several batch axes")
        sites = self.open_sites if everywhere else self.open_sites[-1:]
        if not sites or set(sites) <= self.plan.lanes:
            raise Unsupported("a jump that only some examples reach")
        self.plan.lanes |= set(sites)
        raise PlanChange

    def while_varies(self, node: cst.While) -> None:
        self.need_lanes(False)

    def varying_range(self, node: cst.For) -> list[Operand] | None:
        """The operands of a range that differs between the examples."""
        if not (
            isinstance(node.iter, cst.Call) and isinstance(node.iter.func, cst.Name) and node.iter.func.value == "range"
        ):
            return None
        if self.loops or "range" in self.env:
            return None
        mark = self.mark()
        args, keywords = self.arguments(node.iter)
        if keywords or all(is_uniform(a.value) for a in args):
            self.rollback(mark)
            return None
        if any(not isinstance(a.value, Array) or a.value.rank or a.value.kind not in "iu" for a in args):
            raise Unsupported("a range whose ends are not integers")
        return args

    # --- opening and closing -------------------------------------------------------------------------------------------

    def outer_axis(self) -> Axis:
        axes = (self.regions[-1].axis,) if self.regions else self.axes
        if len(axes) != 1 or self.masks:
            raise Unsupported("a loop that ends at different times under several axes or under a condition")
        return axes[0]

    def open_lanes(self, node: cst.For | cst.While) -> LaneLoop:
        outer = self.outer_axis()
        if outer.kind not in ("batch", "lanes"):
            raise Unsupported("a loop that ends at different times over a loop's axis")
        name = self.fresh("lanes")
        self.emit(
            f"{name} = {call(self.np('arange'), self.size(outer))}",
            trailing="# the examples still in the loop",
            target=name,
        )
        axis = Axis(f"{name}", (*outer.depth, 1), "lanes")
        self.sizes[axis] = lambda: f"{name}.size"
        region = ActiveRegion(axis, (outer,), name, "live")
        region.is_index = True
        loop = LaneLoop(region)
        loop.names = names_read(node)
        live = self.live_after(node)
        self.take_state(loop, node, live)
        self.regions.append(region)
        self.lanes_depth += 1
        loop.depth = len(self.regions)
        return loop

    def take_state(self, loop: LaneLoop, node: cst.For | cst.While, live: set[str]) -> None:
        """Variables of the loop are held for the live lanes only; at its head these are all examples."""
        assigned = assigned_names(node)
        outer = loop.region.replaced[0]
        for name in sorted(loop.names | assigned):
            operand = self.env.get(name)
            if operand is None or operand.lazy:
                continue
            operand = self.restricted(name, operand)
            value = operand.value
            if isinstance(value, Array) and value.axes == (outer,) and (name in assigned or value.rank == 0):
                held = self.hold_state(name, operand, assigned, live)
                self.env[name] = Operand(
                    held, value.with_(axes=(loop.region.axis,), dims=value.dims, origins=frozenset())
                )
            elif name in assigned and not is_uniform(value):
                if not isinstance(value, Array):
                    raise Unsupported("a container is a variable of a loop that ends at different times")
                raise Unsupported("a variable of such a loop varies along several axes")

    def hold_state(self, name: str, operand: Operand, assigned: set[str], live: set[str]) -> str:
        """The name under which a variable is compacted: its own where nobody needs the whole any more."""
        stored = operand.array.rank > 0
        if name in assigned and not stored and not self.scopes:
            if operand.code != name:
                self.emit(f"{name} = {operand.code}", target=name)
            return name
        if name not in live and not self.scopes and operand.code == name and not stored and self.loop_depth == 0:
            return name
        held = self.fresh(f"{name}_live")
        tail = ".copy()" if stored else ""
        self.emit(f"{held} = {operand.primary}{tail}", target=held)
        return held

    def live_after(self, node: cst.For | cst.While) -> set[str]:
        """Names that may be read behind a loop."""
        if self.loop_depth:
            return names_read(self.function_node())
        last = self.last_line(node)
        found: set[str] = set()
        for line, names in self.names_by_line():
            if line > last:
                found |= names
        if node.orelse is not None:
            found |= names_read(node.orelse)
        return found

    def function_node(self) -> cst.FunctionDef:
        raise NotImplementedError

    def names_by_line(self) -> list[tuple[int, set[str]]]:
        return [
            (self.lines.get(id(s), 0), names_read(s)) for s in _all_statements(_statements(self.function_node().body))
        ]

    def last_line(self, node: cst.For | cst.While) -> int:
        inner = list(_all_statements([node]))
        return max(self.lines.get(id(s), 0) for s in inner)

    def close_lanes(
        self,
        loop: LaneLoop,
        slot: Stmt,
        node: cst.For | cst.While,
        before: dict[str, Operand],
        flush: bool,
        surely: bool,
    ) -> None:
        """Behind the loop: variables that are still needed hold all examples again."""
        axis, outer = loop.region.axis, loop.region.replaced[0]
        assigned = assigned_names(node)
        lines: list[str] = []
        final = dict(self.env)
        after: list[tuple[str, str, Value]] = []
        for name in sorted(assigned):
            operand = final.get(name)
            if operand is None:
                continue
            if name not in loop.outs:
                continue
            if name not in before and not surely:
                self.env.pop(name, None)
                continue
            if not isinstance(operand.value, Array):
                raise Unsupported("a container is a variable of a loop that ends at different times")
            value = operand.array
            lines.append(self.holder_code(loop.outs[name], operand, before.get(name), outer))
            after.append((name, loop.outs[name], value.with_(axes=(outer,), dims=value.dims)))
        slot.text = "\n".join(lines)
        self.regions.pop()
        self.lanes_depth -= 1
        if flush:
            for name, holder, value in after:
                operand = final[name]
                self.emit(f"{holder}[{loop.region.mask}] = {operand.code}")
        for name in assigned | loop.names:
            old = before.get(name)
            if name in assigned:
                self.env.pop(name, None)
            elif old is not None:
                self.env[name] = old
        for name, holder, value in after:
            self.env[name] = Operand(holder, value)

    def holder_code(self, holder: str, operand: Operand, old: Operand | None, outer: Axis) -> str:
        value = operand.array
        if value.dtype is None:
            raise Unsupported("a variable of unknown dtype in a loop that ends at different times")
        regions, self.regions = self.regions, self.regions[:-1]
        try:
            dims = []
            for k, dim in enumerate(value.dims):
                if dim is None and old is not None and isinstance(old.value, Array) and old.value.rank == value.rank:
                    dims.append(f"{old.primary}.shape[{k - value.rank}]")
                elif dim is None:
                    raise Unsupported("an array of unknown shape in a loop that ends at different times")
                else:
                    dims.append(self.print_affine(dim).code)
            dtype = [] if value.dtype == np.float64 else [self.dtype_code(value.dtype)]
            return f"{holder} = {call(self.np('empty'), self.shape_code((outer,), dims), *dtype)}"
        finally:
            self.regions = regions

    # --- leaving -------------------------------------------------------------------------------------------------------

    def compact(self, loop: LaneLoop, test: str, stay: str) -> None:
        """Lanes for which `stay` does not hold leave the loop."""
        lanes = loop.region.mask
        body: list[Stmt] = []
        for name, holder in sorted(loop.outs.items()):
            operand = self.env.get(name)
            if operand is not None and isinstance(operand.value, Array):
                body.append(Stmt(f"{holder}[{lanes}] = {operand.code}"))
        targets, sources = [lanes], [f"{lanes}[{stay}]"]
        for name in sorted(self.env):
            operand = self.env[name]
            value = operand.value
            if not isinstance(value, Array) or loop.region.axis not in value.axes:
                if loop.region.axis in _axes(value):
                    self.env.pop(name)
                continue
            if operand.lazy or not operand.is_name or name not in loop.names and name not in assigned_hint(self, name):
                self.env.pop(name)
                continue
            if value.axes[0] is not loop.region.axis and value.axes[0] != loop.region.axis:
                raise Unsupported("a variable of such a loop varies along several axes")
            if operand.code not in targets:
                targets.append(operand.code)
                sources.append(f"{operand.code}[{stay}]")
        for flag in (loop.skipping,):
            if flag is not None:
                targets.append(flag)
                sources.append(f"{flag}[{stay}]")
        body.append(Stmt(f"{', '.join(targets)} = {', '.join(sources)}"))
        body.append(Stmt(f"if {lanes}.size == 0:", body=[Stmt("break")]))
        self.emit(f"if {test}:", body=body)
        loop.region.cache.clear()

    # --- while ---------------------------------------------------------------------------------------------------------

    def lane_while(self, node: cst.While, rest: Sequence[Any]) -> bool:
        forever = (
            isinstance(node.test, cst.Name)
            and node.test.value == "True"
            or isinstance(node.test, cst.Integer)
            and node.test.value == "1"
        )

        def head(loop: LaneLoop) -> None:
            if forever:
                return
            test = self.condition(node.test)
            if is_uniform(test.value):
                test = self.spread(self.as_bool(test), (loop.region.axis,))
            running = self.fresh_once("running")
            self.emit(f"{running} = {truth(self, test).code}", target=running)
            self.compact(loop, f"not {running}.all()", running)

        # The condition of the `while` is only for a loop that no example enters.
        return self.lane_loop(
            node, lambda: f"while {self.lane_loops[-1].region.mask}.size:", head, rest, flush=False, surely=forever
        )

    def fresh_once(self, hint: str) -> str:
        """One name for a thing that every pass over the loop makes anew."""
        return self.fresh(hint)

    # --- for -----------------------------------------------------------------------------------------------------------

    def lane_for(self, node: cst.For, varying: list[Operand] | None, rest: Sequence[Any]) -> bool:
        if varying is not None:
            return self.lane_range(node, varying, rest)
        it = self.iteration(node.iter)
        surely = self.surely_runs(it)
        if it.kind == "items":
            raise Unsupported("a loop over items that ends at different times")
        header, item = self.live_header(it)

        bound = [""]

        def head(loop: LaneLoop) -> None:
            bound[0] = self.bind_live(node.target, item, it, loop)

        return self.lane_loop(node, lambda: f"for {bound[0]} in {header}:", head, rest, flush=True, surely=surely)

    def surely_runs(self, it: Iteration) -> bool:
        try:
            trips = self.extent(it)[0]
        except Unsupported:
            return False
        return self.relies_on(trips - 1)

    def live_header(self, it: Iteration) -> tuple[str, Value]:
        """The header of a loop over arrays of all examples: each element is restricted to the live lanes."""
        return self.header(it)

    def bind_live(self, target: cst.BaseExpression, item: Value, it: Iteration, loop: LaneLoop) -> str:
        code = self.bind_target(target, item, it)
        for name in _names_of(target):
            operand = self.env[name]
            if set(loop.region.replaced) & set(_axes(operand.value)):
                value = operand.value
                if not isinstance(value, Array) or value.axes[0] != loop.region.replaced[0]:
                    raise Unsupported("a loop target that varies along several axes")
                self.emit(f"{operand.code} = {operand.code}[{loop.region.mask}]", target=operand.code)
                self.env[name] = Operand(
                    operand.code,
                    value.with_(axes=(loop.region.axis, *value.axes[1:]), dims=value.dims, origins=frozenset()),
                )
        return code

    def lane_range(self, node: cst.For, args: list[Operand], rest: Sequence[Any]) -> bool:
        """``for i in range(n)`` where `n` differs: every lane leaves when its own range ends."""
        if not isinstance(node.target, cst.Name):
            raise Unsupported("a loop target that is not a name")
        start, stop = (Operand("0", _number(0)), args[0]) if len(args) == 1 else (args[0], args[1])
        step = self.pin_int(args[2], "a step") if len(args) == 3 else 1
        if step == 0:
            raise Unsupported("a step of zero")
        if not is_uniform(start.value) or abs(step) != 1:
            return self.lane_offset_range(node, start, stop, step, rest)
        if not isinstance(stop.value, Array) or not stop.value.axes:
            raise Unsupported("a range whose ends differ between the examples")
        bound = self.fresh("stop")
        stop = self.as_weak_int(stop)
        self.emit(f"{bound} = {stop.code}", target=bound)
        self.env["$stop"] = Operand(bound, self.array(stop).with_(origins=frozenset()))
        reach = "max" if step > 0 else "min"
        outermost = call(self.np(reach), bound, initial=start.code)
        header = call(
            "range",
            *([] if step > 0 and start.code == "0" else [start.code]),
            outermost,
            *([str(step)] if step != 1 else []),
        )
        target = node.target.value

        def head(loop: LaneLoop) -> None:
            name = self.target_name(target)
            self.env[target] = Operand(name, Array(INT, 0, weak=True))
            limit = self.env["$stop"]
            running = self.fresh_once("running")
            sign = "<" if step > 0 else ">"
            self.emit(f"{running} = {name} {sign} {limit.code}", target=running)
            self.compact_before_target(loop, target, running)

        return self.lane_loop(
            node,
            lambda: f"for {self.target_name(target)} in {header}:",
            head,
            rest,
            flush=True,
            surely=False,
            extra={"$stop"},
        )

    def compact_before_target(self, loop: LaneLoop, target: str, running: str) -> None:
        """Lanes whose range has ended leave with the target of their last iteration."""
        operand = self.env.pop(target)
        if target in loop.outs:
            raise Unsupported("the target of a loop that ends at different times is read behind it")
        self.compact(loop, f"not {running}.all()", running)
        self.env[target] = operand

    def as_weak_int(self, operand: Operand) -> Operand:
        value = self.array(operand)
        if value.dtype == INT:
            return operand
        return Operand(f"{operand.primary}.astype(int)", value.with_(dtype=INT), fresh=True)

    def lane_offset_range(self, node: cst.For, start: Operand, stop: Operand, step: int, rest: Sequence[Any]) -> bool:
        """A range that starts at different numbers: a common counter is added to each start."""
        assert isinstance(node.target, cst.Name)
        target = node.target.value
        first = self.pinned_temp(self.as_weak_int(start) if start.array.axes else start, "start")
        distance = self.binary("-", stop, first) if step > 0 else self.binary("-", first, stop)
        size = abs(step)
        code = distance.code if size == 1 else f"-(-({distance.code}) // {size})"
        trips = self.fresh("trips")
        self.emit(f"{trips} = {code}", target=trips)
        outer = self.outer_axis()
        self.env["$stop"] = Operand(trips, Array(INT, 0, (outer,), weak=True))
        self.env["$start"] = Operand(first.code, first.value)
        counter = self.fresh("step")
        header = call("range", call(self.np("max"), trips, initial="0"))

        def head(loop: LaneLoop) -> None:
            running = self.fresh_once("running")
            self.emit(f"{running} = {counter} < {self.env['$stop'].code}", target=running)
            if target in loop.outs:
                raise Unsupported("the target of a loop that ends at different times is read behind it")
            self.env.pop(target, None)
            self.compact(loop, f"not {running}.all()", running)
            origin = self.env["$start"]
            moved = f"{origin.at(11)} {'+' if step > 0 else '-'} {counter if size == 1 else f'{size} * {counter}'}"
            name = self.target_name(target)
            self.emit(f"{name} = {moved}", target=name)
            value = self.array(origin)
            self.env[target] = Operand(name, Array(INT, 0, value.axes, weak=True))

        return self.lane_loop(
            node, lambda: f"for {counter} in {header}:", head, rest, flush=True, surely=False, extra={"$stop", "$start"}
        )

    # --- the loop itself -------------------------------------------------------------------------------------------------

    def lane_loop(
        self, node: cst.For | cst.While, header: Callable[[], str], head: Any, rest: Sequence[Any], *, flush: bool, surely: bool,
        extra: set[str] | None = None,
    ) -> bool:  # fmt: skip
        has_return = has_jump([node.body], (cst.Return,))
        outermost = has_return and self.returned_lanes is None
        if has_return:
            self.open_returns()
        leading, self.pending = self.pending, ()
        start = len(self.out)
        saved = dict(self.env)
        loop = self.open_lanes(node)
        for name in extra or ():
            operand = self.env[name]
            if isinstance(operand.value, Array) and operand.value.axes:
                self.env[name] = operand.with_value(operand.value.with_(axes=(loop.region.axis,)))
        loop.names |= extra or set()
        live = self.live_after(node)
        before = {n: o for n, o in saved.items() if n not in (extra or ())}
        slot = self.emit("")
        loop.outs = {n: self.fresh(f"{n}_final") for n in sorted(assigned_names(node)) if n in live}
        self.prepare_broke(loop, node, slot)
        saved_scopes, self.scopes = self.scopes, [*self.scopes, {"": ""}] if self.scopes else []
        self.lane_loops.append(loop)
        self.open_sites.append(self.node_site(node))

        def body() -> tuple[str, list[Stmt]]:
            outer_out, self.out = self.out, []
            try:
                loop.region.cache.clear()
                head(loop)
                ended = self.block(_statements(node.body))
                if not ended or self.fell_through:
                    self.close_iteration(self.out)
                self.fell_through = False
                return header(), self.out
            finally:
                self.out = outer_out

        try:
            self.stable_loop(node, body)
        finally:
            self.lane_loops.pop()
            self.open_sites.pop()
            self.scopes = saved_scopes
        tail = slot.text
        self.close_lanes(loop, slot, node, before, flush, surely)
        slot.text = "\n".join(t for t in (slot.text, tail) if t)
        self.expand_slot(slot)
        for name in extra or ():
            self.env.pop(name, None)
        if len(self.out) > start:
            self.out[start].leading = leading + self.out[start].leading
        self.change("lanes", "the loop ends at different times: it runs on the examples still in it")
        if loop.broke is not None:
            self.lane_else(loop, node)
        return self.after_lane_loop(rest, outermost) if has_return else False

    def expand_slot(self, slot: Stmt) -> None:
        """A slot that was filled with several lines becomes as many statements."""
        k = next(n for n, s in enumerate(self.out) if s is slot)
        lines = [t for t in slot.text.split("\n") if t]
        self.out[k : k + 1] = [Stmt(t, line=slot.line) for t in lines]

    def prepare_broke(self, loop: LaneLoop, node: cst.For | cst.While, slot: Stmt) -> None:
        if node.orelse is None:
            return
        loop.broke = self.fresh("broke")
        outer = loop.region.replaced[0]
        slot.text = f"{loop.broke} = {call(self.np('zeros'), self.size(outer), 'bool')}"

    def lane_else(self, loop: LaneLoop, node: cst.For | cst.While) -> None:
        """``else`` of a loop: for the examples that did not leave by `break`."""
        assert node.orelse is not None and loop.broke is not None
        test = Operand(f"~{loop.broke}", Array(np.dtype(bool), 0, loop.region.replaced), UNARY)
        if has_jump([node.orelse.body], JUMPS):
            raise Unsupported("a jump in the else of a loop")
        self.convert(test, _statements(node.orelse.body), [], None)

    # --- jumps -----------------------------------------------------------------------------------------------------------

    def jumping_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        loop = self.lane_loops[-1] if self.lane_loops else None
        if loop is None:
            self.need_lanes(has_jump([node], (cst.Return,)))
        assert loop is not None
        if self.masks:
            raise Unsupported("a jump in a branch that is computed for all examples")
        return self.lane_if(loop, node, test, rest)

    def returning_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        if not self.loop_depth:
            return super().returning_if(node, test, rest)
        if not self.lane_loops or any(x is None for x in self.lane_loops):
            self.need_lanes(True)
        if self.masks:
            raise Unsupported("a jump in a branch that is computed for all examples")
        return self.lane_if(self.lane_loops[-1], node, test, rest)

    def uniform_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """In a loop over live lanes, a jump under a uniform condition is one that all lanes take."""
        loop = self.lane_loops[-1] if self.lane_loops else None
        if loop is not None and has_jump([node], JUMPS):
            spread = self.spread(self.as_bool(test), (self.regions[-1].axis,))
            return self.lane_if(loop, node, spread, rest)
        return super().uniform_if(node, test, rest)

    def lane_if(self, loop: LaneLoop, node: cst.If, test: Operand, rest: Sequence[Any]) -> bool:
        body, orelse = list(_statements(node.body)), list(self.else_statements(node))
        top = len(self.regions) == loop.depth
        named = Operand(self.fresh("leave" if top else "inner"), test.value)
        self.emit(f"{named.code} = {test.code}", target=named.code)
        jumps = has_jump(orelse, JUMPS)
        tail = body[-1] if body and isinstance(body[-1], cst.SimpleStatementLine) and len(body[-1].body) == 1 else None
        last = tail.body[-1] if tail is not None else None
        if (
            last is not None
            and isinstance(last, (cst.Break, cst.Continue))
            and not has_jump(body[:-1], JUMPS)
            and not jumps
        ):
            return self.tail_jump(loop, named, body[:-1], orelse, rest, isinstance(last, cst.Break), top)
        return self.flagged_jump(loop, node, named, body, orelse, rest, top)

    def tail_jump(
        self,
        loop: LaneLoop,
        test: Operand,
        body: list[Any],
        orelse: list[Any],
        rest: Sequence[Any],
        breaks: bool,
        top: bool,
    ) -> bool:
        """``if c: ...; break``: the branch, then the lanes of `c` leave."""
        if body:
            self.convert(test, body, orelse, None)
        elif orelse:
            self.convert(Operand(f"~{test.code}", test.value, UNARY), orelse, [], None)
        if top and breaks:
            if loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}[{test.code}]] = True")
            self.compact(loop, f"{test.code}.any()", f"~{test.code}")
            return False
        if not top:
            flag = loop.leaving if breaks else loop.skipping
            if flag is None:
                raise Unsupported("a jump that is nested too deeply")
            self.emit(f"{self.below(loop, flag, test)} = True")
            if breaks and loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}[{flag}]] = True")
        if rest:
            self.convert(Operand(f"~{test.code}", test.value, UNARY), list(rest), [], None)
        self.fell_through = top
        return True

    def below(self, loop: LaneLoop, flag: str, test: Operand | None) -> str:
        """``flag[index]`` for the lanes of the open regions below the loop (and of `test` among them)."""
        masks = [r.mask for r in self.regions[loop.depth :]]
        if test is not None:
            masks.append(test.code)
        return f"{flag}[{self.chain(masks)}]"

    def chain(self, masks: list[str]) -> str:
        """One index for masks each of which is relative to the one before."""
        code = masks[0]
        for position, mask in enumerate(masks[1:]):
            code = f"{call(self.np('flatnonzero'), code) if position == 0 else code}[{mask}]"
        return code

    def flagged_jump(
        self,
        loop: LaneLoop,
        node: cst.If,
        test: Operand,
        body: list[Any],
        orelse: list[Any],
        rest: Sequence[Any],
        top: bool,
    ) -> bool:
        """Jumps inside nested branches set flags, which are looked at behind the branch."""
        both = [*body, *orelse]
        breaks, skips = has_jump(both, (cst.Break, cst.Return)), has_jump(both, (cst.Continue,))
        outer = (loop.leaving, loop.skipping)
        size = f"{loop.region.mask}.size"
        if top:
            if breaks:
                loop.leaving = self.fresh("leaving")
                self.emit(f"{loop.leaving} = {call(self.np('zeros'), size, 'bool')}", target=loop.leaving)
            if skips:
                loop.skipping = self.fresh("skipping")
                self.emit(f"{loop.skipping} = {call(self.np('zeros'), size, 'bool')}", target=loop.skipping)
        self.by_region(test, body, orelse, None)
        if top:
            if breaks:
                self.compact(loop, f"{loop.leaving}.any()", f"~{loop.leaving}")
            skipping = loop.skipping
            loop.leaving, loop.skipping = outer
            if not skips:
                return False
            if rest:
                mask = Operand(f"~{skipping}", Array(np.dtype(bool), 0, (loop.region.axis,)), UNARY)
                self.convert(mask, list(rest), [], None)
            self.fell_through = True
            return True
        if rest:
            flags = [f for f in (loop.leaving if breaks else None, loop.skipping if skips else None) if f is not None]
            local = [f"{self.below(loop, f, None)}" for f in flags]
            code = " | ".join(local)
            mask = Operand(
                f"~({code})" if len(local) > 1 else f"~{code}",
                Array(np.dtype(bool), 0, (self.regions[-1].axis,)),
                UNARY,
            )
            self.convert(mask, list(rest), [], None)
        return True

    def small_Break(self, node: cst.Break) -> bool:
        return self.lane_jump("leaving") or super().small_Break(node)

    def small_Continue(self, node: cst.Continue) -> bool:
        return self.lane_jump("skipping") or super().small_Continue(node)

    def lane_jump(self, kind: str) -> bool:
        loop = self.lane_loops[-1] if self.lane_loops else None
        if loop is None:
            return False
        if self.masks or self.loops:
            raise Unsupported("a jump in a branch that is computed for all examples")
        if len(self.regions) == loop.depth:  # all live lanes: the loop is over, or its body is
            if kind == "skipping":
                self.close_iteration(self.out)
                self.emit("continue")
                return True
            for name, holder in sorted(loop.outs.items()):
                operand = self.env.get(name)
                if operand is not None and isinstance(operand.value, Array):
                    self.emit(f"{holder}[{loop.region.mask}] = {operand.code}")
            if loop.broke is not None:
                self.emit(f"{loop.broke}[{loop.region.mask}] = True")
            raise Unsupported("a break that ends every iteration")
        flag = getattr(loop, kind)
        if flag is None:
            raise Unsupported("a jump that only some examples reach")
        self.emit(f"{self.below(loop, flag, None)} = True")
        if kind == "leaving" and loop.broke is not None:
            self.emit(
                f"{loop.broke}[{loop.region.mask}[{self.chain([r.mask for r in self.regions[loop.depth :]])}]] = True"
            )
        return True

    def jumped(self) -> bool:
        return bool(self.lane_loops) and self.lane_loops[-1] is not None

    # --- returning from inside -------------------------------------------------------------------------------------------

    def open_returns(self) -> None:
        if self.returned_lanes is not None:
            return
        if len(self.axes) != 1 or self.frames or self.regions or self.scopes:
            raise Unsupported("a return from a loop under a condition")
        flag = self.fresh("returned")
        slot = self.emit("")
        self.returned_lanes = Returned(flag, slot)

    def lane_return(self, node: cst.Return) -> bool:
        """A return from inside a loop over live lanes: the results of these lanes are kept, and they leave."""
        assert self.returned_lanes is not None
        if self.masks or any(x is None for x in self.lane_loops):
            raise Unsupported("a jump in a branch that is computed for all examples")
        operand = Operand("None", Obj(None)) if node.value is None else self.expression(node.value)
        index = self.full_index()
        self.returned_lanes.holder = self.hold_result(self.returned_lanes.holder, operand, index)
        self.emit(f"{self.returned_lanes.flag}[{index}] = True")
        loop = self.lane_loops[-1]
        if len(self.regions) == loop.depth:
            raise Unsupported("a return that ends every iteration")
        if loop.leaving is None:
            raise Unsupported("a return that only some examples reach")
        self.emit(f"{self.below(loop, loop.leaving, None)} = True")
        if len(self.lane_loops) > 1:
            raise Unsupported("a return from inside two loops that end at different times")
        return True

    def full_index(self) -> str:
        """The active lanes as indices into the whole batch."""
        code = ""
        for region in self.regions:
            if not code:
                code = region.mask if region.is_index else call(self.np("flatnonzero"), region.mask)
            else:
                code = f"{code}[{region.mask}]"
        return code

    def hold_result(self, held: Operand | None, operand: Operand, index: str) -> Operand:
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            parts = self.items(operand)
            olds = self.items(held) if held is not None else [None] * len(parts)
            if len(olds) != len(parts):
                raise Unsupported("results of different lengths")
            made = [self.hold_result(o, p, index) for o, p in zip(olds, parts, strict=True)]
            codes = ", ".join(m.code for m in made)
            kind: Value = (
                TupleV(tuple(m.value for m in made))
                if isinstance(value, TupleV)
                else ListV(tuple(m.value for m in made))
            )
            return Operand(f"({codes},)" if isinstance(value, TupleV) else f"[{codes}]", kind, node=Parts(made))
        operand = self.as_array(operand)
        array = self.array(operand)
        if array.dtype is None:
            raise Unsupported("a result of unknown dtype")
        plain = array.with_(axes=self.axes, dims=array.dims, origins=frozenset())
        if held is None:
            held = Operand(self.fresh("result"), plain)
        else:
            joined = join(held.array.with_(dims=held.array.dims), plain)
            assert isinstance(joined, Array)
            held = Operand(held.code, joined)
        self.emit(f"{held.code}[{index}] = {operand.code}")
        return held

    def result_lines(self, held: Operand) -> list[str]:
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
        dtype = [] if value.dtype == np.float64 else [self.dtype_code(value.dtype)]
        return [f"{held.code} = {call(self.np('empty'), self.shape_code(self.axes, dims), *dtype)}"]

    def after_lane_loop(self, rest: Sequence[Any], outermost: bool) -> bool:
        """What follows the loop is for the examples that have not returned."""
        returned = self.returned_lanes
        assert returned is not None
        if not outermost:
            raise Unsupported("a return from inside two loops that end at different times")
        self.returned_lanes = None
        mask = Operand(f"~{returned.flag}", Array(np.dtype(bool), 0, self.axes), UNARY)
        held = returned.holder
        if held is None:
            raise Unsupported("a return that is never reached")
        from vectorizer.rewrite.branches import ReturnFrame

        inner = ReturnFrame()
        self.frames.append(inner)
        saved_scopes, self.scopes = self.scopes, [*self.scopes, {"": "rest"}]
        try:
            with self.region(mask, "rest") as region:
                ended = self.block(rest)
                if inner.result is None and not ended:
                    raise Unsupported("some examples return a value and others do not")
                if inner.result is not None:
                    held = self.hold_result(held, inner.result, region.mask)
        finally:
            self.frames.pop()
            self.scopes = saved_scopes
        flag = f"{returned.flag} = {call(self.np('zeros'), self.size(self.axes[0]), 'bool')}"
        returned.slot.text = "\n".join([flag, *self.result_lines(held)])
        self.expand_slot(returned.slot)
        self.finish_return(held)
        return True

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


def assigned_hint(walker: Lanes, name: str) -> set[str]:
    return {name} if name.startswith("$") else set()


def _axes(value: Value) -> tuple[Axis, ...]:
    from vectorizer.values import axes_of

    return axes_of(value)


def _number(value: int) -> Array:
    from vectorizer.values import number

    return number(value)


def _names_of(target: cst.BaseExpression) -> set[str]:
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return set().union(*(_names_of(e.value) for e in target.elements))
    return set()


def _all_statements(statements: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for statement in statements:
        found.append(statement)
        for part in (getattr(statement, "body", None), getattr(statement, "orelse", None)):
            if isinstance(part, cst.IndentedBlock):
                found += _all_statements(part.body)
            elif isinstance(part, cst.If):
                found += _all_statements([part])
            elif isinstance(part, cst.Else) and isinstance(part.body, cst.IndentedBlock):
                found += _all_statements(part.body.body)
    return found


_ = (MISSING, Affine)

"""Loops that stay loops, over batched arrays.

A variable of the loop must be the same kind of thing (axes, dtype) whenever control is at the head of the loop.  The
body is walked again until that is so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import libcst as cst

from vectorizer.rewrite.control_flow import has_jump
from vectorizer.rewrite.iteration import INT, Iteration, Iterations
from vectorizer.rewrite.loop_values import (
    aged,
    ageless,
    changes_dtype,
    check_goes_on,
    forget_constants,
    loop_dtype,
    needs_constants,
)
from vectorizer.rewrite.names import nodes_of
from vectorizer.rewrite.statements import _statements, assigned_names
from vectorizer.source.operand import LastValue, Operand
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, ListV, Obj, TupleV, Unsupported, Value, is_uniform, join

MOST_PASSES = 8
MOST_UNROLLED = 64

# Walks a loop's body once; gives the loop's header and the statements of its body.
WalkBody = Callable[[], tuple[str, list[Stmt]]]


@dataclass
class LoopFrame:
    """A loop that stays a loop.

    head: the variables as they are at its head.
    exits: as they are wherever an iteration ends.
    number: tells it from all others.
    inside: the sites in its body.
    masks: how many conditions it stands under.
    runs: whether it has an iteration, which is then relied on.
    """

    head: dict[str, Operand]
    inside: frozenset[object] = frozenset()
    masks: int = 0
    runs: Callable[[], bool] = bool
    exits: list[dict[str, Operand]] = field(default_factory=list)
    number: int = field(default_factory=itertools.count().__next__)

    def sets(self, name: str) -> bool:
        """Whether a variable is one of NumPy's numbers behind the loop, though at its head it may be Python's."""
        values = [env[name].value if name in env else None for env in self.exits]
        return all(isinstance(value, Array) and not value.may_raise for value in values) and self.runs()

    def lost_of(self, names: set[str]) -> set[str]:
        """Variables that an iteration gives up: the next one does not find them."""
        return {name for name in names & self.head.keys() for env in self.exits if name not in env}


class SequentialLoops(Iterations):
    """Loops whose iterations depend on each other."""

    loop_depth: int = 0
    loop_frames: list[LoopFrame]
    ranges: dict[str, tuple[Affine, Affine, int]]  # what the targets of loops that stay loops run through
    loop_sites: frozenset[object] = frozenset()  # those of the loop whose variables are compared

    def open_loops(self) -> tuple[int, ...]:
        return *(frame.number for frame in self.loop_frames), self.lanes_depth

    # --- for ---------------------------------------------------------------------------------------------------------

    def must_unroll(self, it: Iteration, node: cst.For) -> bool:
        """Items that are not alike: the body is written once for each."""
        items = it.items
        if not 0 < len(items) <= MOST_UNROLLED or has_jump([node], (cst.Break, cst.Continue)):
            return False
        try:
            self.header(it)
        except Unsupported:
            return True
        return needs_constants(items)

    def unroll(self, node: cst.For, it: Iteration) -> bool:
        """The body once for each item."""
        assert it.operand is not None
        if node.orelse is not None:
            raise Unsupported("for ... else over items that are not alike")
        self.change("unroll", "the items are not alike, so the body is written once for each")
        for part in self.items(it.operand):
            self.assign(node.target, part)
            if self.block(_statements(node.body)):
                return True
        return False

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        """A `for` that stays one."""
        it = self.pinned_iteration(it, node)
        header, item = self.header(it)
        reason = self.plan.sequential.get(self.node_site(node), "")
        self.change("loop", f"the loop over {self.text(node.target)} stays a loop" + (f": {reason}" if reason else ""))

        def body() -> tuple[str, list[Stmt]]:
            self.loop_frames[-1].runs = lambda: self.surely_runs(it)
            target = self.bind_target(node.target, item, it)
            statements, ended = self.nested_block(node.body)
            if not ended:
                self.close_iteration(statements)
                self.keep_set(node, statements)
            return f"for {target} in {header}:", statements

        if self.stable_loop(node, body, self.never_runs(it), lambda: self.skips(it)):
            return self.loop_else(node)
        self.change("loop", f"the loop over {self.text(node.target)} does not run for arguments of this size")
        return node.orelse is not None and self.block(_statements(node.orelse.body))

    def loop_else(self, node: cst.For | cst.While) -> bool:
        """The `else` of a loop, which may run or not."""
        if node.orelse is None:
            return False
        before = dict(self.env)
        statements, ended = self.nested_block(node.orelse.body)
        after = self.env
        self.env = before
        if not ended:
            self.join_else(before, after)
        self.emit("else:", body=statements)
        return False

    def join_else(self, before: dict[str, Operand], after: dict[str, Operand]) -> None:
        """Variables behind an `else` that ran or not."""
        names = sorted(n for n in after if before.get(n) is not after[n])
        if any(n in before and not self.same_layout(after[n].value, before[n].value) for n in names):
            raise Unsupported("for ... else that changes what a variable is")
        for name in names:
            if name in before:
                value = join(before[name].value, after[name].value)
                self.env[name] = Operand(self.target_name(name), value)
            else:
                self.env[name] = after[name]

    def bind_target(self, target: cst.BaseExpression, item: Value, it: Iteration) -> str:
        """Names bound by a loop's target; returns its code."""
        if isinstance(target, cst.Name):
            name = self.target_name(target.value)
            if it.kind == "range":
                item = Array(INT, 0, weak=True, affine=self.counted(it, f"{target.value}@{id(target)}"))
            self.bind(target.value, Operand(name, item))
            return name
        if isinstance(target, (cst.Tuple, cst.List)):
            items = _target_items(item, len(target.elements))
            inner = it.parts if it.kind == "zip" else (Iteration("other"),) * len(items)
            codes = [self.bind_target(e.value, i, p) for e, i, p in zip(target.elements, items, inner, strict=True)]
            text = ", ".join(codes)
            return f"({text})" if target.lpar else text
        raise Unsupported("a loop target that is not a name")

    def counted(self, it: Iteration, symbol: str) -> Affine:
        """The number that a loop over a range has come to, which stays between the ends of the range."""
        try:
            extent = self._range_extent(it)
        except Unsupported:
            self.ranges.pop(symbol, None)
        else:
            self.ranges[symbol] = (extent.first, extent.last, extent.step)
        return Affine.of(symbol)

    # --- variables that are the same kind of thing in every iteration ------------------------------------------------

    def stable_loop(
        self, node: cst.For | cst.While, walk: WalkBody, never: bool = False, skips: Callable[[], bool] = bool
    ) -> bool:
        """Walks a loop until its variables no longer change what they are; returns whether it is emitted.

        never: the loop has no iteration at this call, so what its body would do to dtypes does not happen.
        skips: whether that can be relied on.
        """
        assigned = assigned_names(node)
        if self.scopes:
            self.stabilize({n for n in assigned if n in self.env})
        start = self.mark()
        leading = self.pending
        targets: dict[str, Value] = {}
        lost: set[str] = set()
        inside = frozenset(id(part) for part in nodes_of(node))
        unset = set(self.maybe_unset)
        for _ in range(MOST_PASSES):
            self.rollback(start)
            self.maybe_unset |= unset
            self.pending = ()
            header, statements, frame = self.loop_pass(walk, assigned, targets, inside, lost)
            widened, given_up = self.widened(frame), frame.lost_of(assigned)
            if not widened and not given_up:
                break
            targets |= widened
            lost |= given_up
        else:
            raise Unsupported("a variable that changes what it is in every iteration")
        known = {name: operand.value for name, operand in start.env.items()}
        if never and any(changes_dtype(known[name], value) for name, value in targets.items() if name in known):
            self.rollback(start)
            self.pending = leading
            if skips():
                return False
            raise Unsupported("a loop without iterations leaves its variables as they were")
        self.note_whole(node.body)
        statement = self.emit(header, body=statements)
        statement.leading = leading + statement.leading
        self.pending = ()
        self.leave_loop(frame)
        return True

    def loop_pass(
        self, walk: WalkBody, assigned: set[str], targets: dict[str, Value], inside: frozenset[object], lost: set[str]
    ) -> tuple[str, list[Stmt], LoopFrame]:
        """One walk over a loop, whose variables are taken to be `targets` at its head, and not to be set if `lost`."""
        self.coerce_entry({name: value for name, value in targets.items() if name not in lost})
        for name in lost:
            self.give_up(name)
        for name in sorted(assigned & self.env.keys()):
            if name in self.maybe_unset and isinstance(self.env[name].node, LastValue):
                del self.env[name]  # nobody reads it before it is set again: see `keep_set`
            else:
                self.env[name] = self.at_head(name, self.env[name], targets)
        for name, operand in self.env.items():
            old = aged(operand.value, inside)
            if old != operand.value:
                self.env[name] = operand.with_value(old)
        frame = LoopFrame(dict(self.env), inside, len(self.masks))
        self.loop_frames.append(frame)
        self.loop_depth += 1
        try:
            header, statements = walk()
            frame.exits.append(dict(self.env))
        finally:
            self.loop_depth -= 1
            self.loop_frames.pop()
        return header, statements, frame

    def is_repeated(self) -> bool:
        return bool(self.loop_frames)

    def leave_loop(self, frame: LoopFrame) -> None:
        """Behind a loop its variables are what they are at its head; others were set in the last iteration."""
        for name, operand in frame.exits[-1].items():
            head = frame.head.get(name)
            if head is not None:
                value = ageless(head.value, frame.inside)
                if isinstance(value, Array) and value.mixed and frame.sets(name):
                    value = replace(value, mixed=False)
                self.env[name] = head if value == head.value else head.with_value(value)
            else:
                self.maybe_unset.add(name)
                value = ageless(forget_constants(operand.value), frame.inside)
                node = operand.node if isinstance(operand.node, LastValue) else None
                self.env[name] = Operand(operand._code, value, make=operand.make, node=node)

    def at_head(self, name: str, operand: Operand, targets: dict[str, Value]) -> Operand:
        """A variable at the head of a loop that assigns it: what is known of its first value does not hold later."""
        others = {o.code for n, o in self.env.items() if n != name and not o.lazy}
        if operand.lazy or not operand.is_name or operand.code in others or operand.code != name in self.env:
            emitted = len(self.out)
            self.assign_name(name, Operand(operand.code, operand.value, operand.level))
            for statement in self.out[emitted:]:
                statement.safe |= is_counter(operand.value)
            operand = self.env[name]
        value = targets.get(name, operand.value)
        return Operand(operand.code, forget_constants(value), node=None)

    def coerce_entry(self, targets: dict[str, Value]) -> None:
        """Variables in front of a loop become what they must be at its head."""
        for name, value in sorted(targets.items()):
            operand = self.env[name]
            if self.same_layout(operand.value, value):
                self.env[name] = operand.with_value(value)
                continue
            if name in self.maybe_unset:
                raise Unsupported(f"{name} may not be set by the loops before")
            made = self.coerced(self.read(name), value)
            self.assign_name(name, made)
            self.env[name] = self.env[name].with_value(value)

    def widened(self, frame: LoopFrame) -> dict[str, Value]:
        """Variables whose value at the end of an iteration is more than they were taken for at its beginning."""
        found: dict[str, Value] = {}
        self.loop_sites = frame.inside
        for env in frame.exits:
            for name, head in frame.head.items():
                now = env.get(name)
                if now is None or now is head or isinstance(head.value, Obj) and head.value is now.value:
                    continue
                if now.value == head.value:
                    continue
                self.may_be_none(name, head.value, now.value)
                merged = self.loop_join(head.value, now.value)
                if merged != head.value:
                    found[name] = join(found[name], merged) if name in found else merged
        return found

    def loop_join(self, head: Value, now: Value) -> Value:
        """What a variable may be at the head of a loop, where it was `head` and has become `now`."""
        now = aged(now, self.loop_sites)
        merged = forget_constants(join(head, forget_constants(self.same_lengths(head, now))))
        if isinstance(merged, Array) and isinstance(now, Array) and isinstance(head, Array):
            if self.lanes_depth and None in merged.dims and merged.dims != head.dims:
                raise Unsupported("an array whose length changes in a loop that ends at different times")
            return loop_dtype(merged, head, now)
        return merged

    def same_lengths(self, head: Value, now: Value) -> Value:
        """`now` with the lengths of `head` where they are the same."""
        if not isinstance(head, Array) or not isinstance(now, Array) or head.rank != now.rank or head.dims == now.dims:
            return now
        dims = tuple(a if a is not None and self.equal(a, b) else b for a, b in zip(head.dims, now.dims, strict=True))
        return now.with_(dims=dims, affine=now.affine, const=now.const)

    def close_iteration(self, statements: list[Stmt]) -> None:
        """At the end of an iteration every variable has the form that it has at the head."""
        if not self.loop_frames:
            return
        for name, head in self.loop_frames[-1].head.items():
            now = self.env.get(name)
            if now is None or now is head or now.value == head.value and now._code == head._code:
                continue
            if now.lazy or now.code != head.code or not self.same_layout(now.value, head.value):
                self.return_to_head(name, head, now, statements)

    def keep_set(self, node: cst.For, statements: list[Stmt]) -> None:
        """Variables that only the loop sets have their own names behind it: another one may not be bound there."""
        live = self.live_after(node) if self.loop_frames else set()
        for name in sorted((assigned_names(node) & live & self.env.keys()) - self.loop_frames[-1].head.keys()):
            now, target = self.env[name], self.target_name(name)
            last = now.lazy and isinstance(now.node, LastValue)
            if (last or now.is_name and now.code != target) and isinstance(now.value, Array):
                statements.append(Stmt(f"{target} = {now.code}", target=target, line=self.line))
                self.env[name] = Operand(target, now.value)

    def live_after(self, node: cst.For | cst.While) -> set[str]:
        """Names that may be read behind a loop."""
        raise NotImplementedError

    def return_to_head(self, name: str, head: Operand, now: Operand, statements: list[Stmt]) -> None:
        """Gives one variable the form that it has at the head; where that takes another pass, it is left as it is."""
        self.may_be_none(name, head.value, now.value)
        wide = join(head.value, now.value)
        if not self.same_layout(head.value, wide) or not isinstance(head.value, (Array, TupleV)):
            return
        if (
            isinstance(head.value, Array)
            and isinstance(now.value, Array)
            and not self.same_layout(now.value, head.value)
        ):
            strong = not head.value.weak and not now.value.weak
            check_goes_on(head.value, now.value)
            if head.value.rank or strong and head.value.dtype != now.value.dtype:
                raise Unsupported("a variable that is an array of another kind at the end of an iteration")
        saved, self.out = self.out, statements
        try:
            made = self.coerced(self.read(name), head.value)
            if made.code != head.code:
                self.emit(f"{head.code} = {made.code}", target=head.code, safe=is_counter(now.value))
        finally:
            self.out = saved
        self.env[name] = Operand(head.code, made.value)

    # --- jumps -------------------------------------------------------------------------------------------------------

    def small_Break(self, node: cst.Break) -> bool:
        return self._jump("break")

    def small_Continue(self, node: cst.Continue) -> bool:
        return self._jump("continue")

    def _jump(self, word: str) -> bool:
        """A jump that all examples take."""
        if self.scopes and len(self.masks) > self.loop_frames[-1].masks or self.loops:
            raise Unsupported(f"a {word} under a condition that varies")
        self.close_iteration(self.out)
        self.loop_frames[-1].exits.append(dict(self.env))
        self.emit(word)
        return True

    # --- while -------------------------------------------------------------------------------------------------------

    def sequential_while(self, node: cst.While) -> bool:
        """A `while` whose condition is the same for all examples."""

        def body() -> tuple[str, list[Stmt]]:
            start = len(self.out)
            test = self.condition(node.test)
            if not is_uniform(test.value):
                self.while_varies(node)
            if len(self.out) > start:
                raise Unsupported("a condition that needs statements of its own", node)
            statements, ended = self.nested_block(node.body)
            if not ended:
                self.close_iteration(statements)
            return f"while {test.code}:", statements

        self.stable_loop(node, body)
        return self.loop_else(node)

    def while_varies(self, node: cst.While) -> None:
        """A `while` whose condition differs; only loops over live lanes can do that."""
        raise Unsupported("a while loop whose condition differs between the examples", node)


def is_counter(value: Value) -> bool:
    """Whether a number is known as an affine integer: to write it down cannot fail."""
    return isinstance(value, Array) and not value.axes and not value.rank and value.affine is not None


def _target_items(item: Value, count: int) -> tuple[Value, ...]:
    """What each of the names in a loop's target is bound to."""
    if isinstance(item, (TupleV, ListV)) and len(item.items) == count:
        return item.items
    if isinstance(item, Array) and item.rank and not item.axes:
        return (item.with_(rank=item.rank - 1, dims=item.dims[1:]),) * count
    raise Unsupported("a loop target that is unpacked from an array")

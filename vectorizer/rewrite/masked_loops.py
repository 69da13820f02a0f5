"""Loops that end at different times, on a device: all examples are computed, and the results of the ended ones dropped.

To gather the examples that are still in a loop, as `lanes.py` does, the host must know how many there are, and waits
for the device at each step.  Here it only looks every so many steps whether any example is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, has_jump, lone_jump
from vectorizer.rewrite.lane_loops import LaneLoops, _is_always
from vectorizer.rewrite.statements import _statements, assigned_names
from vectorizer.rules.python import truth
from vectorizer.source.operand import BIT_AND, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Unsupported, is_uniform

BOOL = np.dtype(bool)


class MaskedLoops(LaneLoops):
    """What a loop becomes where arrays are not to be gathered.

    read_behind: the variables that may be read behind the loop.
    """

    read_behind: set[str]

    def by_masks(self, node: cst.For | cst.While, write: Callable[[], None]) -> bool:
        """Tries to write a loop with masks; returns whether that could be done."""
        backend = self.shared.backend
        inside = self.regions or self.masks or self.scopes or self.loops or self.speculating
        if backend is None or backend.lanes != "mask" or inside or node.orelse is not None:
            return False
        if has_jump([node.body], (cst.Return,)):
            return False
        mark, pending = self.mark(), self.pending
        self.read_behind = self.live_after(node)
        try:
            write()
        except Unsupported:
            self.rollback(mark)
            self.pending = pending
            return False
        self.change("masks", "the loop ends at different times: it goes on for all until none is left in it")
        return True

    def masked_while(self, node: cst.While) -> None:
        """``while condition``: an example whose condition has failed keeps what it has."""
        running, step = self.fresh("running"), self.fresh("step")
        self.emit(f"{running} = {call(self.np('ones'), self.shape_code(self.axes), 'bool')}", target=running)
        count = self.imported("itertools", "count")
        mask = Operand(running, Array(BOOL, 0, self.axes))

        def body() -> tuple[str, list[Stmt]]:
            def head() -> None:
                if not _is_always(node.test):
                    self.emit(f"{running} &= {self.masked_test(node.test).code}")
                self.look(step, running)

            return f"for {step} in {count}():", self.masked_body(mask, head, node)

        self.stable_loop(node, body)

    def masked_for(self, node: cst.For, args: list[Operand]) -> None:
        """``for i in range(n)`` where `n` differs: up to the largest of them."""
        if not isinstance(node.target, cst.Name) or len(args) > 2 or node.target.value in self.live_after(node):
            raise Unsupported("a range that is not counted with a mask")
        start = args[0].code if len(args) == 2 else "0"
        if len(args) == 2 and not is_uniform(args[0].value):
            raise Unsupported("a range that starts at different numbers")
        stop = self.pinned_temp(self.as_weak_int(args[-1]), "stop")
        most = call(self.np("max"), stop.code, initial=start)
        header = call("range", *([] if start == "0" else [start]), most)
        name, running = node.target.value, self.fresh("running")
        mask = Operand(running, Array(BOOL, 0, self.array(stop).axes))

        def body() -> tuple[str, list[Stmt]]:
            target = self.target_name(name)
            self.bind(name, Operand(target, Array(np.dtype(np.int64), 0, weak=True)))

            def head() -> None:
                if has_jump([node.body], JUMPS):
                    raise Unsupported("a range that differs, and that examples leave")
                self.emit(f"{running} = {target} < {stop.code}", target=running)

            return f"for {target} in {header}:", self.masked_body(mask, head, node)

        self.stable_loop(node, body)

    def look(self, step: str, running: str) -> None:
        """Ends the loop where no example is left in it, which is looked at every so many steps."""
        patience = self.shared.backend.patience
        test = f"{step} % {patience} == {patience - 1} and not {running}.any()"
        self.emit(f"if {test}:", body=[Stmt("break")], trailing="# to look is to wait for the device")

    def masked_test(self, node: cst.BaseExpression) -> Operand:
        """A condition for all examples, those that have left the loop included."""
        test = self.harmless(lambda: self.condition(node))
        return self.expand(self.as_bool(test) if is_uniform(test.value) else truth(self, test), self.axes, 0)

    def masked_jumps(self, node: cst.For) -> None:
        """``for i in range(n)``, where `n` is the same for all, and examples leave by `break`."""
        if not isinstance(node.target, cst.Name) or node.target.value in self.live_after(node):
            raise Unsupported("a loop that is left, whose target is read behind it")
        it = self.pinned_iteration(self.iteration(node.iter), node)
        header, item = self.header(it)
        if not header.startswith("range("):
            raise Unsupported("a loop over other than a range that is left by some examples")
        running = self.fresh("running")
        self.emit(f"{running} = {call(self.np('ones'), self.shape_code(self.axes), 'bool')}", target=running)
        mask = Operand(running, Array(BOOL, 0, self.axes))

        def body() -> tuple[str, list[Stmt]]:
            step = self.bind_target(node.target, item, it)
            statements = self.masked_body(mask, lambda: self.look(step, running), node)
            return f"for {step} in {header}:", statements

        self.stable_loop(node, body)

    def masked_part(self, mask: Operand, statements: Sequence[Any], own: frozenset[str] = frozenset()) -> None:
        """Statements for the examples of a mask; what is `own` to an iteration is computed for all."""
        for position, statement in enumerate(statements):
            if own and target_of(statement) in own:
                self.masked_part(mask, statements[:position])
                before = len(self.hazards)
                self.block([statement])
                if len(self.hazards) > before:
                    raise Unsupported("a value that must not be computed for examples that have left the loop")
                self.masked_part(mask, statements[position + 1 :], own)
                return
        if statements and not self.by_selection(mask, statements, [], None):
            raise Unsupported("a loop's body that must not be computed for examples that have left it")

    def masked_statements(self, running: Operand, statements: Sequence[Any]) -> None:
        """The statements of a body: at each jump the examples that take it are taken out of a mask."""
        if not any(has_jump([statement], JUMPS) for statement in statements):
            self.masked_part(running, statements)
            return
        active, done = running, 0
        own = own_names(statements) - self.env.keys() - self.read_behind
        for position, statement in enumerate(statements):
            if not has_jump([statement], JUMPS):
                continue
            inside = list(_statements(statement.body)) if isinstance(statement, cst.If) else []
            last = lone_jump(inside)
            if last is None or has_jump(inside[:-1], JUMPS) or statement.orelse is not None:
                raise Unsupported("a jump that is nested, in a loop with masks")
            self.masked_part(active, statements[done:position], own)
            done = position + 1
            leaving = self.fresh("leaving" if isinstance(last, cst.Break) else "skipping")
            self.emit(f"{leaving} = {active.code} & {self.masked_test(statement.test).at(BIT_AND + 1)}", target=leaving)
            self.masked_part(Operand(leaving, running.value), inside[:-1])
            if isinstance(last, cst.Break):
                self.emit(f"{running.code} &= ~{leaving}")
            if active.code != running.code:
                self.emit(f"{active.code} &= ~{leaving}")
            elif not isinstance(last, cst.Break):
                active = Operand(self.fresh("active"), running.value)
                self.emit(f"{active.code} = {running.code} & ~{leaving}", target=active.code)
        self.masked_part(active, statements[done:], own)

    def masked_body(self, mask: Operand, head: Callable[[], None], node: cst.For | cst.While) -> list[Stmt]:
        """The statements of a loop: what comes first, and the body for those of `mask`."""
        statements = list(_statements(node.body))
        outer, self.out = self.out, []
        try:
            head()
            self.masked_statements(mask, statements)
            self.close_iteration(self.out)
            return self.out
        finally:
            self.out = outer

    def harmless(self, thunk: Callable[[], Operand]) -> Operand:
        """What `thunk` gives, which may be computed for examples that have left the loop."""
        before = len(self.hazards)
        operand = thunk()
        if len(self.hazards) > before:
            raise Unsupported("a condition that must not be computed for examples that have left the loop")
        return operand


def target_of(statement: Any) -> str:
    """The variable that a statement sets, if that is all that it does."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ""
    only = statement.body[0]
    if not isinstance(only, cst.Assign) or len(only.targets) != 1:
        return ""
    target = only.targets[0].target
    return target.value if isinstance(target, cst.Name) else ""


def own_names(statements: Sequence[Any]) -> frozenset[str]:
    """Variables that are set by statements of their own, and nowhere deeper."""
    plain = [target_of(statement) for statement in statements]
    deeper = set[str]().union(*(assigned_names(s) for s, name in zip(statements, plain, strict=True) if not name))
    return frozenset(plain) - deeper - {""}

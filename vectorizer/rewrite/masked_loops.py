"""Loops that end at different times, on a device: all examples are computed, and the results of the ended ones dropped.

To gather the examples that are still in a loop, as `lanes.py` does, the host must know how many there are, and waits
for the device at each step.  Here it only looks every so many steps whether any example is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.lane_loops import LaneLoops
from vectorizer.rewrite.statements import _statements
from vectorizer.rules.python import truth
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Unsupported, is_uniform

BOOL = np.dtype(bool)


class MaskedLoops(LaneLoops):
    """What a loop becomes where arrays are not to be gathered."""

    def by_masks(self, node: cst.For | cst.While, write: Callable[[], None]) -> bool:
        """Tries to write a loop with masks; returns whether that could be done."""
        backend = self.shared.backend
        inside = self.regions or self.masks or self.scopes or self.loops or self.speculating
        if backend is None or backend.lanes != "mask" or inside or node.orelse is not None:
            return False
        if has_jump([node.body], JUMPS) or has_jump([node.body], (cst.Return,)):
            return False
        mark, pending = self.mark(), self.pending
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
        patience = self.shared.backend.patience
        running, step = self.fresh("running"), self.fresh("step")
        self.emit(f"{running} = {call(self.np('ones'), self.shape_code(self.axes), 'bool')}", target=running)
        count = self.imported("itertools", "count")
        mask = Operand(running, Array(BOOL, 0, self.axes))

        def body() -> tuple[str, list[Stmt]]:
            def head() -> None:
                test = self.harmless(lambda: self.condition(node.test))
                test = self.expand(self.as_bool(test) if is_uniform(test.value) else truth(self, test), self.axes, 0)
                self.emit(f"{running} &= {test.code}")
                look = f"{step} % {patience} == {patience - 1} and not {running}.any()"
                self.emit(f"if {look}:", body=[Stmt("break")], trailing="# to look is to wait for the device")

            return f"for {step} in {count}():", self.masked_body(mask, head, _statements(node.body))

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
            self.env[name] = Operand(target, Array(np.dtype(np.int64), 0, weak=True))

            def head() -> None:
                self.emit(f"{running} = {target} < {stop.code}", target=running)

            return f"for {target} in {header}:", self.masked_body(mask, head, _statements(node.body))

        self.stable_loop(node, body)

    def masked_body(self, mask: Operand, head: Callable[[], None], statements: Sequence[Any]) -> list[Stmt]:
        """The statements of a loop: what comes first, and the body for those of `mask`."""
        outer, self.out = self.out, []
        try:
            head()
            if not self.by_selection(mask, statements, [], None):
                raise Unsupported("a loop's body that must not be computed for examples that have left it")
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

"""Loops that end at different times, on a device: all examples are computed, and the results of the ended ones dropped.

To gather the examples that are still in a loop, as `lanes.py` does, the host must know how many there are, and waits
for the device at each step.  Here it only looks every so many steps whether any example is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.lane_loops import _is_always
from vectorizer.rewrite.loop_syntax import target_names
from vectorizer.rewrite.masked_bodies import BOOL, Masked, MaskedBodies
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Unsupported, is_uniform


class MaskedLoops(MaskedBodies):
    """What a loop becomes where arrays are not to be gathered."""

    def by_masks(self, node: cst.For | cst.While, varying: list[Operand] | None, rest: Sequence[Any]) -> bool | None:
        """Tries to write a loop with masks; None where that cannot be done.

        Else it says whether the statements behind the loop have been taken care of as well.
        """
        backend = self.shared.backend
        if backend is None or backend.lanes != "mask" or self.regions or self.loops:
            return None
        returns = has_jump([node.body], (cst.Return,))
        if returns and (self.masks or self.scopes or self.speculating):
            return None
        mark, pending, outer = self.mark(), self.pending, self.with_masks
        self.with_masks = Masked()
        try:
            if returns:
                self.open_masked_returns()
            self.masked_loop(node, varying)
            if returns:
                self.behind_masked_returns(node, rest)
        except Unsupported:
            self.rollback(mark)
            self.pending = pending
            return None
        finally:
            self.with_masks = outer
        self.change("masks", "the loop ends at different times: it goes on for all until none is left in it")
        return returns

    def masked_loop(self, node: cst.For | cst.While, varying: list[Operand] | None = None) -> None:
        """Writes a loop with masks, be it inside of another."""
        if node.orelse is not None:
            raise Unsupported("a loop with an else, with masks")
        if isinstance(node, cst.While):
            self.masked_while(node)
            return
        varying = varying or self.varying_range(node)
        if varying is None:
            self.masked_for(node)
        else:
            self.masked_range(node, varying)

    def entering(self) -> Operand:
        """A mask of the examples that enter a loop."""
        running = self.fresh("running")
        if self.with_masks.loops:
            code = f"{self.with_masks.loops[-1].masks[-1].code}.copy()"
        elif self.masks:
            code = f"{self.expand(self.conjunction(self.masks), self.axes, 0).primary}.copy()"
        else:
            code = call(self.np("ones"), self.shape_code(self.axes), "bool")
        self.emit(f"{running} = {code}", target=running)
        return Operand(running, Array(BOOL, 0, self.axes))

    def masked_while(self, node: cst.While) -> None:
        """``while condition``: an example whose condition has failed keeps what it has."""
        running, step = self.entering(), self.fresh("step")
        count = self.imported("itertools", "count")

        def body() -> tuple[str, list[Stmt]]:
            def head() -> None:
                if not _is_always(node.test):
                    self.emit(f"{running.code} &= {self.masked_test(node.test).code}")
                self.look(step, running.code)

            return f"for {step} in {count}():", self.masked_body(running, head, node)

        self.stable_loop(node, body)

    def masked_range(self, node: cst.For, args: list[Operand]) -> None:
        """``for i in range(n)`` where `n` differs: up to the largest of them."""
        if not isinstance(node.target, cst.Name) or len(args) > 2 or node.target.value in self.live_after(node):
            raise Unsupported("a range that is not counted with a mask")
        start = args[0].code if len(args) == 2 else "0"
        if len(args) == 2 and not is_uniform(args[0].value):
            raise Unsupported("a range that starts at different numbers")
        stop = self.pinned_temp(self.as_weak_int(args[-1]), "stop")
        most = call(self.np("max"), stop.code, initial=start)
        header = call("range", *([] if start == "0" else [start]), most)
        name = node.target.value
        entered = self.entering() if self.with_masks.loops or self.masks or has_jump([node.body], JUMPS) else None
        running = entered or Operand(self.fresh("running"), Array(BOOL, 0, self.array(stop).axes))

        def body() -> tuple[str, list[Stmt]]:
            target = self.target_name(name)
            self.bind(name, Operand(target, Array(np.dtype(np.int64), 0, weak=True)))

            def head() -> None:
                sign = "=" if entered is None else "&="
                self.emit(f"{running.code} {sign} {target} < {stop.code}", target=running.code)

            return f"for {target} in {header}:", self.masked_body(running, head, node)

        self.stable_loop(node, body)

    def masked_for(self, node: cst.For) -> None:
        """A loop that is as long for all examples, and that some leave."""
        if target_names(node.target) & self.live_after(node):
            raise Unsupported("a loop that is left, whose target is read behind it")
        it = self.pinned_iteration(self.iteration(node.iter), node)
        header, item = self.header(it)
        running = self.entering()
        is_counted = header.startswith("range(") and isinstance(node.target, cst.Name)
        counter = "" if is_counted else self.fresh("step")

        def body() -> tuple[str, list[Stmt]]:
            target = self.bind_target(node.target, item, it)
            step = target if is_counted else counter
            statements = self.masked_body(running, lambda: self.look(step, running.code), node)
            if is_counted:
                return f"for {target} in {header}:", statements
            bound = f"({target})" if "," in target and not target.startswith("(") else target
            return f"for {counter}, {bound} in enumerate({header}):", statements

        self.stable_loop(node, body)

    def look(self, step: str, running: str) -> None:
        """Ends the loop where no example is left in it, which is looked at every so many steps."""
        patience = self.shared.backend.patience
        test = f"{step} % {patience} == {patience - 1} and not {running}.any()"
        self.emit(f"if {test}:", body=[Stmt("break")], trailing="# to look is to wait for the device")

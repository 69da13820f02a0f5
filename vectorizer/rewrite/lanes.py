"""Loops that end sooner for some examples than for others.

Such a loop runs on the live lanes: `lanes` holds the indices of the examples that are still in it, and every variable
of the loop is held for those only.  Where examples leave, their values go to arrays that hold all examples, and what
remains is compacted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from vectorizer.rewrite.loops import Loops
from vectorizer.rewrite.masked_loops import MaskedLoops
from vectorizer.rewrite.structured import Loop, without_continue
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Unsupported, is_uniform


class Lanes(MaskedLoops):
    """What a loop becomes that ends at different times for different examples."""

    def visit_For(self, node: cst.For, rest: Sequence[Any]) -> bool:
        made = self.over_all(node)
        if made is not None:
            return self.visit_For(made, rest)
        node = self.structured(node)
        varying = self.varying_range(node)
        if varying is None and self.node_site(node) not in self.plan.lanes:
            return self.in_plain_loop(node, lambda: Loops.visit_For(self, node, rest))
        if self.loops:
            raise Unsupported("a loop that ends at different times inside one that has become an axis")
        if varying is not None and self.with_masks.loops and self.node_site(node) not in self.plan.lanes:
            self.plan.lanes.add(self.node_site(node))  # a loop with masks inside of another
            raise PlanChange
        done = self.by_masks(node, varying, rest)
        return self.lane_for(node, varying, rest) if done is None else done

    def visit_While(self, node: cst.While, rest: Sequence[Any]) -> bool:
        node = self.structured(node)
        if self.node_site(node) not in self.plan.lanes:
            return self.in_plain_loop(node, lambda: Loops.visit_While(self, node, rest))
        if self.loops:
            raise Unsupported("a while loop inside a loop that has become an axis")
        done = self.by_masks(node, None, rest)
        return self.lane_while(node, rest) if done is None else done

    def structured(self, node: Loop) -> Loop:
        """A loop without those of its `continue`s that are not needed."""
        made = without_continue(node)
        if made is not node:
            self.lines.setdefault(id(made), self.line_of(node))
            self.originals[id(made)] = node
        return made

    def in_plain_loop(self, node: cst.For | cst.While, walk: Callable[[], bool]) -> bool:
        """A loop that ends at the same time for all examples, unless the walk finds that it does not."""
        self.open_sites.append(self.node_site(node))
        saved, self.lane_loops = self.lane_loops, [*self.lane_loops, None]
        try:
            return walk()
        finally:
            self.open_sites.pop()
            self.lane_loops = saved

    def varying_range(self, node: cst.For) -> list[Operand] | None:
        """The operands of a range that differs between the examples."""
        iterated = node.iter
        if not isinstance(iterated, cst.Call) or not isinstance(iterated.func, cst.Name):
            return None
        if iterated.func.value != "range" or self.loops or "range" in self.env:
            return None
        mark = self.mark()
        args, keywords = self.arguments(iterated)
        if keywords or all(is_uniform(a.value) for a in args):
            self.rollback(mark)
            return None
        if any(not isinstance(a.value, Array) or a.value.rank or a.value.kind not in "iu" for a in args):
            raise Unsupported("a range whose ends are not integers")
        return args

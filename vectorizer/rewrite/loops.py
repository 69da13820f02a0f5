"""Loops: a loop whose iterations are independent becomes an axis; any other stays a loop over batched arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from vectorizer.rewrite.periodic import Periodic
from vectorizer.values import Unsupported


class Loops(Periodic):
    """What a loop becomes."""

    def visit_For(self, node: cst.For, rest: Sequence[Any]) -> bool:
        if node.asynchronous is not None:
            raise Unsupported("an asynchronous loop")
        hull = self.hull(node) if self.loops else None
        if hull is not None:
            return self.guarded_axis(node, hull)
        it = self.iteration(node.iter)
        if self.unrolled_in_axis(node, it):
            return False
        searched = self.search(node, it, rest)
        if searched is not None:
            return searched
        if node.orelse is None and self.become_axis(node, it):
            return False
        if self.loops:
            raise Unsupported("a loop inside one that has become an axis stays a loop")
        if it.kind == "items" and self.must_unroll(it, node):
            return self.unroll(node, it)
        return self.sequential_for(node, it)

    def visit_While(self, node: cst.While, rest: Sequence[Any]) -> bool:
        if self.loops:
            raise Unsupported("a while loop inside a loop that has become an axis")
        return self.sequential_while(node)

    def sequential_again(self, reason: str) -> None:
        """A list that a loop has filled as an array is changed in a way that only a list can be."""
        raise Unsupported(reason)

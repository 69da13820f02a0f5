"""Buffers that change places: ``u, new = new, u`` at the end of a time step.

Both variables may stand for either buffer, but never for the same one: what an iteration of an inner loop stores into
one of them is not what another iteration reads from the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from vectorizer.rewrite.dependences import Access
from vectorizer.rewrite.hoisting import Hoisting
from vectorizer.rewrite.loop_syntax import target_names
from vectorizer.rewrite.names import nodes_of
from vectorizer.rewrite.sequential import WalkBody
from vectorizer.values import Array


class Swaps(Hoisting):
    """Loops that swap buffers."""

    swapped: tuple[frozenset[str], ...] = ()  # pairs of variables that the open loops do nothing to but swap them

    def stable_loop(
        self, node: cst.For | cst.While, walk: WalkBody, never: bool = False, skips: Callable[[], bool] = bool
    ) -> bool:
        outer = self.swapped
        pairs = {pair for pair in map(swapped_pair, nodes_of(node.body)) if pair is not None}
        self.swapped = (*outer, *(pair for pair in pairs if self._only_swapped(node, pair)))
        try:
            return super().stable_loop(node, walk, never, skips)
        finally:
            self.swapped = outer

    def _only_swapped(self, node: cst.For | cst.While, pair: frozenset[str]) -> bool:
        """Whether two variables are arrays apart from each other, and the loop does nothing but swap them."""
        held = [self.env[name].value for name in pair if name in self.env]
        if len(held) != 2 or not all(isinstance(value, Array) and value.rank and value.origins for value in held):
            return False
        one, other = (value.origins for value in held if isinstance(value, Array))
        if one & other:
            return False
        return not any(
            target_names(target) & pair and swapped_pair(part) is None
            for part in nodes_of(node)
            for target in _bound(part)
        )

    def _check_pair(self, loop: Any, store: Access, other: Access) -> None:
        if frozenset((store.base, other.base)) not in self.swapped:
            super()._check_pair(loop, store, other)


def swapped_pair(node: cst.CSTNode) -> frozenset[str] | None:
    """The variables of ``a, b = b, a``."""
    if not isinstance(node, cst.Assign) or len(node.targets) != 1:
        return None
    sides = node.targets[0].target, node.value
    if not all(isinstance(side, cst.Tuple) and len(side.elements) == 2 for side in sides):
        return None
    values = [[e.value for e in side.elements] for side in sides]  # type: ignore[attr-defined]
    names = [[v.value for v in side if isinstance(v, cst.Name)] for side in values]
    return frozenset(names[0]) if len(set(names[0])) == 2 and names[0] == names[1][::-1] else None


def _bound(node: cst.CSTNode) -> list[cst.BaseExpression]:
    """What a statement or an expression binds."""
    if isinstance(node, cst.Assign):
        return [target.target for target in node.targets]
    if isinstance(node, (cst.AugAssign, cst.AnnAssign, cst.For, cst.NamedExpr)):
        return [node.target]
    return []

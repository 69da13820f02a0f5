"""Inner loops over a few numbers, in loops that have become axes: the body is written once for each number.

``for di in (-1, 0, 1)`` gives three shifted slices.  A ``continue`` becomes a condition around what follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from vectorizer.rewrite.control_flow import has_jump
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.names import nodes_of, statements_of
from vectorizer.rewrite.splitting import Splitting
from vectorizer.rewrite.wavefronts import ANY_ORDER
from vectorizer.values import MISSING, Array

MOST_ITEMS = 9
OTHER_JUMPS = (cst.Break, cst.Return)


class Unrolled(Splitting):
    """Loops with a `continue`, and loops over numbers that are written out."""

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        made = self.without_continue(node)
        if made is node:
            return super().become_axis(node, it)
        done = super().become_axis(made, it)
        if not done and self.node_site(made) in self.plan.sequential:
            self.plan.sequential.setdefault(self.node_site(node), self.plan.sequential[self.node_site(made)])
        return done

    def without_continue(self, node: cst.For) -> cst.For:
        """The loop with conditions in the place of `continue`; the same node in each walk."""
        body = statements_of(node.body)
        if not has_jump(list(body), (cst.Continue,)) or has_jump(list(body), OTHER_JUMPS):
            return node
        key = "continues", self.node_site(node)
        if key not in self.plan.guarded:
            lowered = _lowered(body)
            changed = None if lowered is None else node.with_changes(body=cst.IndentedBlock(lowered))
            self.plan.guarded[key] = changed
        return self.plan.guarded[key] or node

    def unrolls(self, node: cst.For, it: Iteration) -> bool:
        """Whether a loop inside of one that has become an axis is over a few numbers, in whatever order."""
        if it.kind != "items" or not 0 < len(it.items) <= MOST_ITEMS or node.orelse is not None:
            return False
        if not all(isinstance(item, Array) and item.const is not MISSING for item in it.items):
            return False
        if has_jump(list(statements_of(node.body)), (*OTHER_JUMPS, cst.Continue)):
            return False
        for part in nodes_of(node.body):
            for loop in self.loops:
                found = loop.recurrences
                ops = {update.op for update in found.updates.get(id(part), ())}
                if id(part) in found.selections or ops - ANY_ORDER or found.early:
                    return False
            if isinstance(part, cst.Call) and isinstance(part.func, cst.Attribute) and part.func.attr.value == "append":
                return False
        return True

    def unrolled_in_axis(self, node: cst.For, it: Iteration) -> bool:
        """Writes out such a loop; False where it is another one."""
        if not self.loops or self.plan.no_axes:
            return False
        made = self.without_continue(node)
        if not self.unrolls(made, it):
            return False
        self.change("unroll", f"the loop over {self.text(made.target)} is written out for its {len(it.items)} numbers")
        assert it.operand is not None
        for part in self.items(it.operand):
            self.assign(made.target, part)
            self.block(statements_of(made.body))
        return True


def _lowered(statements: Sequence[Any]) -> list[Any] | None:
    """A block with what stands behind ``if c: continue`` in a branch; None where a `continue` stands elsewhere."""
    made: list[Any] = []
    for k, statement in enumerate(statements):
        if not has_jump([statement], (cst.Continue,)):
            made.append(statement)
            continue
        alone = (
            isinstance(statement, cst.If) and statement.orelse is None and _is_continue(statements_of(statement.body))
        )
        rest = _lowered(statements[k + 1 :])
        if not alone or rest is None:
            return None
        if rest:
            test = statement.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
            made.append(cst.If(cst.UnaryOperation(cst.Not(), test), cst.IndentedBlock(rest)))
        return made
    return made


def _is_continue(statements: Sequence[Any]) -> bool:
    lines = [s for s in statements if isinstance(s, cst.SimpleStatementLine)]
    return len(lines) == len(statements) == 1 and len(lines[0].body) == 1 and isinstance(lines[0].body[0], cst.Continue)

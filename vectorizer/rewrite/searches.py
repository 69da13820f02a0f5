"""Loops that look for the first iteration of which something is true, and leave there.

``for i in range(n): if x[i] > t: k = i; break`` tests all iterations at once; the branch is then taken once, with the
loop's variables as they are in the iteration that was found, or in the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.iteration import INT, Iteration
from vectorizer.rewrite.loop_axes import LoopAxes
from vectorizer.rewrite.loop_syntax import exposed_names, target_names
from vectorizer.rewrite.names import assigned_names, statements_of
from vectorizer.rules.python import truth
from vectorizer.source.operand import TERNARY, Operand, call
from vectorizer.values import Array, Unsupported, union_axes


@dataclass
class Search:
    """``for ...: steps; if test: taken; break``; a `return` in `taken` stands there as well."""

    steps: list[Any]
    branch: cst.If
    taken: list[Any]
    returns: bool


def search_of(node: cst.For) -> Search | None:
    """The parts of a loop that is a search; None for any other loop."""
    body = list(statements_of(node.body))
    if not body or not isinstance(body[-1], cst.If) or body[-1].orelse is not None:
        return None
    branch = body[-1]
    taken = list(statements_of(branch.body))
    last = taken[-1] if taken else None
    if not isinstance(last, cst.SimpleStatementLine) or not isinstance(last.body[-1], (cst.Break, cst.Return)):
        return None
    returns = isinstance(last.body[-1], cst.Return)
    steps = body[:-1]
    if has_jump([*steps, *taken[:-1]], (*JUMPS, cst.Raise)) or not all(map(_is_step, steps)):
        return None
    if not returns:
        shorter = last.with_changes(body=last.body[:-1])
        taken = [*taken[:-1], *([shorter] if last.body[:-1] else [])]
    return Search(steps, branch, taken, returns)


def _is_step(statement: Any) -> bool:
    """Whether a statement only binds variables."""
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, cst.Assign) and all(target_names(t.target) for t in small.targets) for small in statement.body
    )


class Searches(LoopAxes):
    """Loops that end at the first hit."""

    def search(self, node: cst.For, it: Iteration, rest: Sequence[Any]) -> bool | None:
        """Takes care of a loop that is a search; returns whether control leaves the block, None where it is none."""
        site = self.node_site(node)
        found = search_of(node)
        if found is None or site in self.plan.sequential or self.plan.no_axes or found.returns and self.loop_depth:
            return None
        if found.returns and self.loops or self.regions and not self.loops:
            return None
        mark, pending = self.mark(), self.pending
        try:
            hit = self.find_first(node, it, found)
        except Unsupported as error:
            self.rollback(mark)
            self.pending = pending
            if self.loops:
                raise
            self.plan.sequential[site] = error.reason
            return None
        self.change("search", f"the first iteration over {self.text(node.target)} of which the condition is true")
        return self.take_branch(node, found, hit, rest)

    def find_first(self, node: cst.For, it: Iteration, found: Search) -> str:
        """The variables of the iteration in which the search ends; returns the name of whether it has found one."""
        it = self.pinned_iteration(it, node)
        loop = self.open_axis(it, self.text(node.target))
        if not self.relies_on(loop.trips - 1):
            raise Unsupported("a search that may not run")
        bound = target_names(node.target)
        steps = set[str]().union(*(assigned_names(s) for s in found.steps))
        test = cst.SimpleStatementLine([cst.Expr(found.branch.test)])
        exposed = exposed_names([*found.steps, test], bound) & (steps | bound)
        if exposed:
            raise Unsupported(f"{min(exposed)} is handed from one iteration to the next")
        loop.assigned = steps | bound
        before = dict(self.env)
        mask, targets = self._tested(node, it, loop, found)
        self.check_size(loop)
        with self.outside([loop]):
            name, at = self._first(mask, loop)
            self.env = before
            for target, operand in targets.items():
                self.assign_name(target, self._picked(operand, at, [loop]))
        self.local_names = self.local_names | {name.code}
        self.env[name.code] = name
        return name.code

    def _tested(
        self, node: cst.For, it: Iteration, loop: LoopAxis, found: Search
    ) -> tuple[Operand, dict[str, Operand]]:
        """The condition for all iterations, and what the loop's target is bound to; nothing in them may do harm."""
        hazards = len(self.hazards)
        self.loops.append(loop)
        self.loop_depth += 1
        self.speculating += 1
        try:
            self.bind_axis_target(node.target, self.axis_item(it, loop))
            targets = {name: self.env[name] for name in sorted(target_names(node.target))}
            if self.block(found.steps):
                raise Unsupported("control leaves the loop")
            test = self.as_bool(truth(self, self.condition(found.branch.test)))
            axes = union_axes(self.array(test).axes, (loop.axis,))
            mask = self.temp(self.spread(test, axes), "found")
        finally:
            self.speculating -= 1
            self.loop_depth -= 1
            self.loops.pop()
        if len(self.hazards) > hazards:
            raise Unsupported("a search whose condition must not be computed behind the first hit")
        if self.loops:
            self.loops[-1].accesses += loop.accesses
        return mask, targets

    def _first(self, mask: Operand, loop: LoopAxis) -> tuple[Operand, Operand]:
        """Whether there is a hit, under a name, and the number of the iteration in which the search ends."""
        hit = self.temp(self._any(mask, [loop.axis]), "any_found")
        flat, length = self._flat(mask, [loop])
        value = Array(INT, 0, self.array(flat).axes, weak=True)
        first = Operand(f"{flat.primary}.argmax(axis={len(value.axes)})", value, fresh=True)
        last = self.print_affine(loop.trips - 1) if not length.startswith("len(") else Operand(f"{length} - 1", value)
        if value.axes:
            code = call(self.np("where"), hit.code, first.code, last.code)
            return hit, self.temp(Operand(code, value, fresh=True), "at")
        code = f"int({first.code}) if {hit.code} else {last.code}"
        return hit, self.temp(Operand(code, value, TERNARY, fresh=True), "at")

    def take_branch(self, node: cst.For, found: Search, hit: str, rest: Sequence[Any]) -> bool:
        """What the last iteration does, and the branch if something was found."""
        if self.block(found.steps):
            raise Unsupported("control leaves the loop")
        orelse = node.orelse
        if not found.taken and orelse is None:
            return False
        taken = found.taken or [cst.SimpleStatementLine([cst.Pass()])]
        branch = cst.If(cst.Name(hit), cst.IndentedBlock(taken), orelse=orelse)
        self.plan.guarded[("search", self.node_site(node))] = branch
        self._choose_by(found.branch, branch)
        return self.visit_If(branch, rest)

    def _choose_by(self, branch: cst.If, made: cst.If) -> None:
        """What the branch chooses for the variables of a loop around the search, it chooses where there is a hit."""
        for loop in self.loops:
            selection = loop.recurrences.selections.get(id(branch))
            if selection is None:
                continue
            if made.orelse is not None:
                raise Unsupported(f"{min(selection.values)} is handed from one iteration to the next")
            loop.recurrences.selections[id(made)] = replace(selection, guards=[made.test], first=False)

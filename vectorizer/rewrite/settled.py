"""Nests that read a row or a column which they update, but which their updates leave as it is.

``D[i, j] = min(D[i, j], D[i, k] + D[k, j])`` stores into row `k` and column `k`, which other iterations read.  If no
iteration of the nest changes them, it does not matter in which order the iterations are made, and both loops become
axes.  Where that does not follow from the operations, it is looked at in front of the nest::

    if not np.any(D[:, k, k] < 0):
        D[:] = np.minimum(D, D[:, :, k, None] + D[:, k, None])
    else:
        ...  # the loops

Why looking at the old elements is enough: as long as nothing in the row and the column has changed, each iteration
computes what it would of the old ones; so no iteration is the first to change one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.dependences import Access
from vectorizer.rewrite.handed_on import HandedOn
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of
from vectorizer.rewrite.updates import (
    Sum,
    Update,
    as_sum,
    conjunction,
    conjuncts,
    find_update,
    holds_never,
    pinned_reads,
    plain,
    substituted,
)
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Obj, Unsupported


@dataclass
class Row:
    """A row or a column, as what targets are there, that iterations read and may change.

    test: what must hold for that.
    sums: tests that say the same of floats, and are shorter.
    """

    pin: dict[str, cst.BaseExpression]
    test: cst.BaseExpression
    sums: list[tuple[Sum, cst.BaseExpression]]


@dataclass
class Nest:
    """A nest of loops around one update.

    loops: its loops, by their targets.
    rows: what must be looked at; empty where nothing may change.
    pins: all that is read while it may be stored into; reads: the texts of the subscripts.
    """

    loops: dict[str, cst.For]
    update: Update
    rows: list[Row]
    pins: list[dict[str, cst.BaseExpression]]
    reads: frozenset[str]


class Settled(HandedOn):
    """Nests that become axes if what they read of their own stores stays as it is."""

    settling: tuple[Nest, ...] = ()  # nests that are walked in the belief that it does
    is_rare: bool = False  # what is walked runs only where that belief is wrong

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        if super().become_axis(node, it):
            return True
        if self.loops or self.regions or self.masks or self.scopes or self.is_rare or self.plan.no_axes:
            return False
        key = "settled", self.node_site(node)
        if key not in self.plan.guarded:
            self.plan.guarded[key] = self.nest_around(node)
        nest = self.plan.guarded[key]
        return nest is not None and self.become_settled(node, it, nest)

    def become_settled(self, node: cst.For, it: Iteration, nest: Nest) -> bool:
        """The loops as axes; where a check is needed, the loops themselves behind it."""
        mark, pending, out = self.mark(), self.pending, self.out
        sites = [self.node_site(loop) for loop in nest.loops.values()]
        reasons = {site: self.plan.sequential.pop(site) for site in sites if site in self.plan.sequential}
        believed, self.settling = self.settling, (*self.settling, nest)
        try:
            tests = self.tests_of_rows(nest)
            self.out = made = [] if tests else out
            if super().become_axis(node, it):
                if tests:
                    self.out, self.settling = out, self.settling[:-1]
                    test = f"not {tests[0]}" if len(tests) == 1 else f"not ({' or '.join(tests)})"
                    self.plan.sequential[self.node_site(node)] = "its iterations change what others read"
                    self.emit_either(test, made, node, mark.env)
                    reason = "the nest becomes axes where what it reads of its own stores stays as it is"
                    self.change("settled", reason)
                return True
        except Unsupported:
            pass
        finally:
            self.settling, self.out = believed, out
        self.rollback(mark)
        self.pending = pending
        self.plan.sequential |= reasons
        self.plan.guarded["settled", self.node_site(node)] = None
        return False

    def emit_either(self, test: str, made: list[Stmt], node: cst.For, before: dict[str, Operand]) -> None:
        """``if test:`` what has been made of a loop, and ``else:`` the loop, which starts with the variables `before`.

        Targets of loops end the same way on both paths; what the body sets for itself is not read behind them.
        """
        site, env, assigned = self.node_site(node), self.env, assigned_names(node)
        self.plan.guarded[site] = None  # no anti-diagonals
        self.plan.guarded["split", site] = []
        believed, self.settling = self.settling, ()
        out, self.out, self.env, self.is_rare = self.out, [], dict(before), True
        try:
            self.sequential_for(node, self.iteration(node.iter))
            loops, other = self.out, self.env
        finally:
            self.out, self.is_rare, self.settling = out, False, believed
        if any(not other.get(n) is o is env.get(n) for n, o in before.items() if n not in assigned):
            raise Unsupported("the two ways to run a nest leave different variables")
        self.emit(f"if {test}:", body=made)
        self.emit("else:", body=loops)
        targets = {self.text(part.target) for part in nodes_of(node) if isinstance(part, cst.For)}
        self.env = {n: o for n, o in env.items() if n not in assigned - targets}

    # --- the nest ----------------------------------------------------------------------------------------------------

    def nest_around(self, node: cst.For) -> Nest | None:
        """The nest that starts with a loop, if its update may leave what it reads as it is."""
        found = find_update(node, self.function_named) if not self._may_change(node) else None
        pinned = pinned_reads(found[1], list(found[0])) if found is not None else None
        if found is None or pinned is None:
            return None
        loops, update = found
        pins = {str([(name, plain(place)) for name, place in pin.items()]): pin for pin in pinned.values()}
        rows = [row for pin in pins.values() if (row := self.row_at(pin, update)) is not None]
        return Nest(loops, update, rows, list(pins.values()), frozenset(pinned))

    def row_at(self, pin: dict[str, cst.BaseExpression], update: Update) -> Row | None:
        """What must be looked at in a row or column; None where nothing there ever changes."""
        changes = [substituted(change, pin) for change in update.changes]
        terms = [term for change in changes for term in conjuncts(change)]
        if holds_never(terms, self.function_named):
            return None
        sums = [found for found in map(as_sum, terms) if found is not None]
        return Row(pin, conjunction(changes), [(found, found.test()) for found in sums])

    def function_named(self, node: cst.BaseExpression) -> Any:
        """The function that an expression names, as far as it is one that is known."""
        if not self.is_global(node) or isinstance(node, cst.Name) and node.value in self.env:
            return None
        mark = self.mark()
        value = self.expression(node).value
        self.rollback(mark)
        return value.value if isinstance(value, Obj) else None

    # --- whether rows and columns stay as they are -------------------------------------------------------------------

    def _check_pair(self, loop: Any, store: Access, other: Access) -> None:
        believed = not other.stores and any(plain_text(other.text) in nest.reads for nest in self.settling)
        if not believed or store.base != other.base:
            super()._check_pair(loop, store, other)

    def tests_of_rows(self, nest: Nest) -> list[str]:
        """Code for what holds where some row or column may change; none where they never do."""
        if nest.update.passes_nan and not self.facts.no_nan():
            raise Unsupported("nan may take the place of a number")
        for pin in nest.pins:
            self.check_reached(nest, pin)
        tests: list[str] = []
        for row in nest.rows:
            test = next((test for found, test in row.sums if self.is_float(nest, found.kept)), row.test)
            code = self.any_of(nest, test)
            if code not in tests:
                tests.append(code)
        return tests

    def check_reached(self, nest: Nest, pin: dict[str, cst.BaseExpression]) -> None:
        """The row or column must be one that the nest comes to: nothing else may be computed."""
        for name, place in pin.items():
            extent = self.extent(self.iteration(nest.loops[name].iter))
            value = self.expression(place).value
            affine = value.affine if isinstance(value, Array) and not value.axes else None
            low, high = (extent.first, extent.last) if extent.step > 0 else (extent.last, extent.first)
            if affine is None or abs(extent.step) != 1 or not self.relies_on(affine - low):
                raise Unsupported("a row or column that is not known to be in the nest")
            if not self.relies_on(high - affine):
                raise Unsupported("a row or column that is not known to be in the nest")

    def is_float(self, nest: Nest, node: cst.BaseExpression) -> bool:
        """Whether elements are floats: to add what is not negative never makes one of them less."""
        mark = self.mark()
        try:
            value = self.in_nest(nest, node).value
            return isinstance(value, Array) and value.kind == "f"
        finally:
            self.rollback(mark)

    def any_of(self, nest: Nest, test: cst.BaseExpression) -> str:
        """Code for whether a condition holds in any iteration of the loops whose targets occur in it."""
        operand = self.in_nest(nest, test)
        value = self.array(operand)
        if value.kind != "b":
            raise Unsupported("a condition that is no boolean")
        return call(self.np("any"), operand.code) if value.axes or value.rank else operand.code

    def in_nest(self, nest: Nest, node: cst.BaseExpression) -> Operand:
        """An expression for all iterations of the loops whose targets occur in it."""
        names = names_read(node)
        saved, opened = dict(self.env), len(self.loops)
        try:
            for loop in (loop for name, loop in nest.loops.items() if name in names):
                it = self.iteration(loop.iter)
                axis = self.open_axis(it, self.text(loop.target))
                self.loops.append(axis)
                self.bind_axis_target(loop.target, self.axis_item(it, axis))
            operand = self.as_array(self.expression(node))
            _ = operand.code  # a lazy one must be made while the loops are open
            return operand
        finally:
            del self.loops[opened:]
            self.env = saved


def plain_text(text: str) -> str:
    """The text of a subscript, spaced in one way."""
    return plain(cst.parse_expression(text)) if text else text

"""Wavefronts: nests of two loops in which an element follows from its left, upper and diagonal neighbours.

Neither loop can become an axis, but the cells of one anti-diagonal, where ``i + j`` is the same, do not depend on each
other.  The nest becomes a loop over the anti-diagonals, and the cells of one of them an axis::

    for d in range(2, n + m + 1):
        lo, hi = max(1, d - m), min(n + 1, d)
        i = np.arange(lo, hi)
        j = d - i
        D[i, j] = ...
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.dependences import Access
from vectorizer.rewrite.elements import Elements
from vectorizer.rewrite.iteration import INT, Extent, Iteration
from vectorizer.rewrite.loop_syntax import conditional_names, exposed_names, inner_targets
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of, statements_of
from vectorizer.rewrite.recurrences import find_recurrences
from vectorizer.rewrite.tidy import total_count
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, Unsupported, sites

# What may be accumulated over cells in any order.
ANY_ORDER = {"+", "-", "*", "fmax", "fmin", "max", "min", "|", "&"}
# What a nest must not contain, beside jumps.
SEQUENTIAL = (*JUMPS, cst.Raise, cst.Try, cst.With, cst.Assert, cst.While)
# Anti-diagonals pay where both loops run that often, for a batch of examples or for one alone, and where a batch is not
# so large that the loops' own operations are long: less so where the cells of a table must be gathered, more so where
# little memory is gone through, of tables that are held in part or in small integers.
LEAST_TRIPS = {"batch": 6, "alone": 24}
MOST_EXAMPLES = {"little": 30_000, "slices": 2000, "gathers": 500}


@dataclass
class Front:
    """A nest that goes by anti-diagonals.

    node: the loop over the cells of one of them.
    row, column: the targets of the nest.
    diagonal, low, high: names for the number of an anti-diagonal, and for the ends of the first target's range on it.
    site: the nest.
    rows, columns: what the two loops of the nest run through.
    """

    node: cst.For
    row: str
    column: str
    diagonal: str
    low: str
    high: str
    site: object
    rows: Extent
    columns: Extent

    def symbol(self, name: str) -> str:
        return f"{name}@diagonal"

    def numbers(self) -> list[Affine]:
        """The number of the anti-diagonal and the ends of the first target's range."""
        return [Affine.of(self.symbol(name)) for name in (self.diagonal, self.low, self.high)]

    def known(self) -> list[Affine]:
        """What is never negative: both targets stay within their ranges."""
        d, low, high = self.numbers()
        rows, columns = self.rows, self.columns
        within = [low - rows.first, rows.last + 1 - high, d - high + 1 - columns.first, columns.last - d + low]
        return [*within, d - rows.first - columns.first, rows.last + columns.last - d]


class Wavefronts(Elements):
    """Nests of which neither loop can become an axis."""

    fronts: tuple[Front, ...] = ()  # those that are being walked
    tables_of_fronts: dict[object, frozenset[object]]  # the memory that nests store into

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        inner = self.nested_loop(node, it)
        if inner is None or self.plan.guarded.get(self.node_site(node), inner) is None:
            return super().sequential_for(node, it)
        mark, pending = self.mark(), self.pending
        if self.node_site(node) not in self.plan.guarded:
            ended = super().sequential_for(node, it)
            if self.node_site(inner) not in self.plan.sequential:
                return ended
            self.rollback(mark)
            self.pending = pending
        try:
            return self.by_diagonals(node, it, inner)
        except Unsupported:
            self.rollback(mark)
            self.pending = pending
            if self.plan.skewed:  # in vain
                self.give_up_tables(node)
            self.plan.guarded[self.node_site(node)] = None
            return super().sequential_for(node, it)

    def give_up_tables(self, node: cst.For) -> None:
        """Tables are held as they are again, and the nest is left alone.  Raises PlanChange."""
        self.plan.guarded[self.node_site(node)] = None
        self.plan.skewed.clear()
        self.plan.retabled.clear()
        raise PlanChange

    # --- whether a nest may go by anti-diagonals ---------------------------------------------------------------------

    def nested_loop(self, node: cst.For, it: Iteration) -> cst.For | None:
        """The only loop in the body of a loop, behind assignments to variables; None where the nest is another one."""
        if self.plan.no_axes or self.loops or self.regions or self.masks or self.scopes:
            return None
        *before, inner = statements_of(node.body)
        if it.kind != "range" or not isinstance(inner, cst.For) or has_jump(statements_of(inner.body), SEQUENTIAL):
            return None
        plain = all(isinstance(x.target, cst.Name) and x.orelse is None for x in (node, inner))
        if not plain or any(isinstance(part, (cst.For, cst.CompFor)) for part in nodes_of(inner.body)):
            return None
        assigned = assigned_names(node)
        if names_read(inner.iter) & assigned or not self._may_sink(node, before, assigned) or self._may_change(node):
            return None
        return inner

    def _may_sink(self, node: cst.For, before: list[Any], assigned: set[str]) -> bool:
        """Whether assignments in front of the inner loop may as well be made in each of its iterations."""
        free = {node.target.value}  # type: ignore[attr-defined]
        for statement in before:
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else (None,):
                target = small.targets[0].target if isinstance(small, cst.Assign) and len(small.targets) == 1 else None
                if not isinstance(small, cst.Assign) or not isinstance(target, cst.Name):
                    return False
                read = names_read(small.value)
                if read & (assigned - free) or self._set_again(target.value, small, node):
                    return False
                if self.sees_stores(node, read):
                    return False
                free.add(target.value)
        return True

    def by_diagonals(self, node: cst.For, it: Iteration, inner: cst.For) -> bool:
        """The nest as a loop over its anti-diagonals."""
        front = self.front(node, it, inner)
        self.check_order_of_cells(front)
        self.used |= {front.diagonal, front.low, front.high}
        stop = front.rows.last + front.columns.last + 1
        start = front.rows.first + front.columns.first
        ends = [self.print_affine(end).code for end in (start, stop) if end != Affine()]
        targets = f"{self.text(node.target)} + {self.text(inner.target)}"
        self.change("wavefront", f"the nest goes by anti-diagonals: cells with the same {targets} become an axis")

        def body() -> tuple[str, list[Stmt]]:
            saved, self.out = self.out, []
            try:
                self.walk_diagonal(front)
                self.close_iteration(self.out)
                return f"for {front.diagonal} in {call('range', *ends)}:", self.out
            finally:
                self.out = saved

        self.fronts = (*self.fronts, front)
        try:
            self.stable_loop(node, body)
        finally:
            self.fronts = self.fronts[:-1]
        for name in (front.diagonal, front.low, front.high):
            self.env.pop(name, None)
        for name, extent in ((front.row, front.rows), (front.column, front.columns)):
            self.bind(name, self._known(self.print_affine(extent.last)))
        return False

    @staticmethod
    def _known(number: Operand) -> Operand:
        """A number that is printed where it is read."""
        return Operand(None, number.value, make=lambda: number)

    def front(self, node: cst.For, it: Iteration, inner: cst.For) -> Front:
        """The same for a nest in each walk.  Raises Unsupported where anti-diagonals do not pay."""
        columns = self.iteration(inner.iter)
        if columns.kind != "range":
            raise Unsupported("the inner loop is not over a range")
        extents = self.extent(it), self.extent(columns)
        if any(extent.step != 1 or not self.relies_on(extent.trips) for extent in extents):
            raise Unsupported("loops that are not known to count upwards")
        held = self.plan.guarded.get(self.node_site(node))
        if not isinstance(held, Front):
            d, low, high = (self.fresh(hint) for hint in ("d", "lo", "hi"))
            made = _cells(node, inner, (low, high))
            held = Front(
                made, self.text(node.target), self.text(inner.target), d, low, high, self.node_site(node), *extents
            )
            self.plan.guarded[self.node_site(node)] = held
        held.rows, held.columns = extents
        return held

    def choose_tables(self) -> None:
        """Nests whose tables are not held by anti-diagonals have to gather from them."""
        for site, held in self.tables_of_fronts.items():
            front = self.plan.guarded.get(site)
            if not isinstance(front, Front):
                continue
            if not self.pays(front, "little") or not self.hold_by_diagonals(held) and not self.pays(front, "gathers"):
                self.plan.guarded[site] = None
                self.plan.retabled.setdefault(None, None)

    def pays(self, front: Front, how: str) -> bool:
        samples, examples = self.facts.samples or {}, 1
        for axis in self.axes:
            examples *= samples.get(f"size:{axis.name}", 1)
        trips = [extent.trips.evaluate(samples) for extent in (front.rows, front.columns)]
        least = LEAST_TRIPS["batch" if self.axes and examples > 1 else "alone"] * (2 if how == "gathers" else 1)
        return examples <= MOST_EXAMPLES[how] and all(t is None or t >= least for t in trips)

    def check_order_of_cells(self, front: Front) -> None:
        """Variables that one cell hands to another must not tell in which order the cells are visited."""
        body = statements_of(front.node.body)
        targets = {front.row, front.column}
        exposed, some = self.and_flags(exposed_names(body, targets)), conditional_names(body)
        carried = {n for n in assigned_names(front.node) if n in exposed or n in self.env and n in some}
        found = find_recurrences(carried - inner_targets(body), body, targets)
        ops = {update.op for updates in found.updates.values() for update in updates}
        if found.selections or found.scanned or ops - ANY_ORDER:
            raise Unsupported("cells hand on variables in the order of the nest")

    def walk_diagonal(self, front: Front) -> None:
        """The cells of one anti-diagonal."""
        rows, columns = front.rows, front.columns
        self._bind(front, front.diagonal)
        number = front.numbers()[0]
        last, stop = self.print_affine(number - columns.last), self.print_affine(number + 1 - columns.first)
        ends = (
            (front.low, call("max", self.print_affine(rows.first).code, last.code)),
            (front.high, call("min", self.print_affine(rows.last + 1).code, stop.code)),
        )
        bounds = []
        for name, code in ends:
            self.emit(f"{name} = {code}", generated=name, target=name)
            bounds.append(self._bind(front, name))
        self.open_diagonal(front)
        start = len(self.out)
        self.walk_axis(front.node, Iteration("range", bounds=tuple(bounds), text="range"))
        self._drop_unread(front, start)

    def open_diagonal(self, front: Front) -> None:
        """In front of the cells of an anti-diagonal."""

    def bind_axis_target(self, target: cst.BaseExpression, operand: Operand) -> None:
        front = self.fronts[-1] if self.fronts else None
        if front is None or target is not front.node.target:
            super().bind_axis_target(target, operand)
            return
        self.emit(f"{front.row} = {call(self.np('arange'), front.low, front.high)}", target=front.row)
        self.env[front.row] = Operand(front.row, operand.value)
        d = self.env[front.diagonal]
        other = self.binary("-", d, self.env[front.row])
        self.emit(f"{front.column} = {other.code}", target=front.column)
        self.env[front.column] = Operand(front.column, other.array.with_(affine=other.array.affine, weak=True))

    def _drop_unread(self, front: Front, start: int) -> None:
        """Drops the arrays of both targets where nobody reads them."""
        for name in (front.column, front.row):
            made = next(s for s in self.out[start:] if s.target == name)
            if total_count(self.out[start:], name) == 1:
                self.out.remove(made)

    def _bind(self, front: Front, name: str) -> Operand:
        """A number that is the same for all cells of an anti-diagonal."""
        self.env[name] = Operand(name, Array(INT, 0, weak=True, affine=Affine.of(front.symbol(name))))
        return self.env[name]

    # --- what is known on an anti-diagonal ---------------------------------------------------------------------------

    def relies_on(self, condition: Affine) -> bool:
        for front in reversed(self.fronts):
            if {symbol for x in front.numbers() for symbol, _ in x.terms} & {symbol for symbol, _ in condition.terms}:
                return self._follows(condition, front)
        return super().relies_on(condition)

    def _follows(self, condition: Affine, front: Front) -> bool:
        """Whether an affine integer is at least the sum of one or two that are not negative."""
        _, low, high = front.numbers()
        if condition == high - low:
            return True  # where one of the loops does not run, slices are empty
        if self._exceeds(condition, front.known()):
            return True
        runs = [extent.trips - 1 for extent in (front.rows, front.columns)]
        return self._exceeds(condition, [high - low - 1, *front.known()]) and all(map(super().relies_on, runs))

    def _exceeds(self, condition: Affine, known: list[Affine]) -> bool:
        for count in (1, 2):
            for some in combinations(known, count):
                rest = condition
                for affine in some:
                    rest = rest - affine
                own = any(symbol.endswith("@diagonal") for symbol, _ in rest.terms)
                if not own and super().relies_on(rest):
                    return True
        return False

    def may_not_run(self, loop: LoopAxis) -> bool:
        if self.fronts and any(symbol == self.fronts[-1].symbol(self.fronts[-1].low) for symbol, _ in loop.first.terms):
            return False
        return super().may_not_run(loop)

    # --- dependences between anti-diagonals --------------------------------------------------------------------------

    def check_memory(self, node: cst.For, loop: LoopAxis) -> None:
        super().check_memory(node, loop)
        if not self.fronts or node is not self.fronts[-1].node:
            return
        for name in (self.fronts[-1].row, self.fronts[-1].column):
            self.env.pop(name)  # they are known behind the nest
        outside = [a for a in loop.accesses if self.is_outside(loop, a)]
        held = frozenset[object]().union(*(a.origins for a in outside if a.stores))
        self.tables_of_fronts[self.fronts[-1].site] = sites(held)
        for store in (a for a in outside if a.stores):
            for other in outside:
                added = store.added and store.added == other.added
                if not added and store.origins & other.origins and self.turns(loop, self.fronts[-1], store, other):
                    raise Unsupported(f"{store} and {other} would change places on anti-diagonals")

    def turns(self, loop: LoopAxis, front: Front, one: Access, other: Access) -> bool:
        """Whether the cell that comes first in the nest may come later by anti-diagonals, at the same element."""
        if not one.base or one.base != other.base or one.base in loop.assigned or len(one.spans) != len(other.spans):
            return True
        rows: list[tuple[int, int, int]] = []  # (a, b, c): the cells are a * di + b * dj == c apart
        for first, second in zip(one.spans, other.spans, strict=True):
            if first is None or second is None:
                continue
            if self._apart(loop, one, other, first, second):
                return False
            row = _distance(loop.symbol, front.symbol(front.diagonal), first, second)
            rows += [row] if row is not None else []
        return _may_turn(rows)


def _distance(target: str, diagonal: str, first: Any, second: Any) -> tuple[int, int, int] | None:
    """What the distance between two cells must be for two subscripts to agree; None where they do not tell."""
    (start, end), (low, high) = first, second
    if start != end or low != high:
        return None
    j = start.coefficient(diagonal)
    i = start.coefficient(target) + j
    rest = (start - low).without(target).without(diagonal)
    same = low.coefficient(diagonal) == j and low.coefficient(target) + j == i
    return (i, j, rest.const) if same and rest.is_const else None


def _may_turn(rows: list[tuple[int, int, int]]) -> bool:
    """Whether cells may be ``di > 0`` rows and ``di + dj < 0`` anti-diagonals apart, or the reverse."""
    for (a, b, c), (e, f, g) in combinations(rows, 2):
        determinant = a * f - b * e
        if determinant:
            if (c * f - b * g) % determinant or (a * g - c * e) % determinant:
                return False  # they never meet
            di, dj = (c * f - b * g) // determinant, (a * g - c * e) // determinant
            return di * (di + dj) < 0
    for a, b, c in rows:
        if not a and abs(b) == 1:  # dj is known
            return abs(c) > 1
        if abs(a) == 1 and not b:  # di is known
            return c != 0
    return True


def _cells(node: cst.For, inner: cst.For, ends: tuple[str, str]) -> cst.For:
    """``for i in range(lo, hi)`` with the body of the nest."""
    body = [*statements_of(node.body)[:-1], *statements_of(inner.body)]
    span = cst.Call(cst.Name("range"), [cst.Arg(cst.Name(name)) for name in ends])
    return cst.For(target=node.target, iter=span, body=cst.IndentedBlock(body))

"""Tables of which only the last anti-diagonals are read: the anti-diagonals take turns in a few places.

A cell follows from cells at most two anti-diagonals before its own, so that three of them are enough memory for a nest
whose last cell is the result::

    D = np.full((batch, n + 1, 3), np.inf)  # D[i, j] stands at [i, (i + j) % 3]
    for d in range(2, n + m + 1):
        ...
        D[:, lo - 1, d % 3] = np.inf  # the border of the table
        D[:, hi : hi + 1, d % 3] = np.inf
        D[:, lo:hi, d % 3] = ...
    return D[:, n, (n + m) % 3]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.names import nodes_of, statements_of
from vectorizer.rewrite.narrowed import Narrowed
from vectorizer.rewrite.wavefronts import Front
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import PRODUCT, Operand
from vectorizer.values import Affine, Array, sites

FILLS = {"zeros": "0", "ones": "1"}


@dataclass
class Ring:
    """A table of which a few anti-diagonals are held.

    name: the table's; count: of anti-diagonals; fill: what it is filled with; front: the nest that fills it.
    key, whole: the key of the plan's assignment, and the assignment that holds all of them.
    """

    name: str
    count: int
    fill: str
    front: object
    key: int
    whole: cst.Assign


class Rolled(Narrowed):
    """Tables of which single elements are read behind the nest that fills them."""

    read_between: dict[int, tuple[Affine | None, ...]]  # elements that are read behind nests

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        base = node.value.value if isinstance(node.value, cst.Name) else ""
        behind = self.tables_of_fronts and not self.fronts and not self.loop_frames
        if behind and base in self.tables() and base in self.env:
            dims = self.array(self.env[base]).dims
            items = [item for item in self.indices(node.slice) if isinstance(item, Operand)]
            places = (self.place_of(item, dim) for item, dim in zip(items, dims, strict=False))
            self.read_between[id(node)] = tuple(places)
        return super().visit_Subscript(node)

    @staticmethod
    def place_of(item: Operand, dim: Affine | None) -> Affine | None:
        """Which element a subscript names, counted from the first."""
        value = item.value
        if not isinstance(value, Array) or value.axes or value.rank or value.affine is None:
            return None
        is_negative = isinstance(value.const, int) and value.const < 0
        return value.affine if not is_negative else dim + value.affine if dim is not None else None

    def placed(self, base: Operand, index: list[Any]) -> list[Any]:
        place = super().placed(base, index)
        ring = self.ring_of(base) if self.plan.rolled else None
        if ring is None or place is index:
            return place
        k = 1 if self.axes else 0
        diagonal = place[k]
        known = diagonal.array.const
        number = diagonal.code if isinstance(known, int) and 0 <= known < ring.count else ""
        code = number or f"{diagonal.at(PRODUCT)} % {ring.count}"
        turned = Operand(code, diagonal.value, diagonal.level if number else PRODUCT)
        return [*place[:k], turned, *place[k + 1 :]]

    def ring_of(self, base: Operand) -> Ring | None:
        held = sites(base.value.origins) if isinstance(base.value, Array) else frozenset[object]()
        return next((ring for site, ring in self.plan.rolled.items() if site in held), None)

    def place_in_words(self, made: cst.Assign) -> str:
        ring = self.plan.rolled.get(self.node_site(made.value))
        if ring is None:
            return super().place_in_words(made)
        diagonal = f"(i + j) % {ring.count}"
        return f"i, {diagonal}" if self.axes else f"{diagonal}, i"

    def small_Assign(self, node: cst.Assign) -> bool:
        ended = super().small_Assign(node)
        made = self.plan.retabled.get(id(node))
        ring = self.plan.rolled.get(self.node_site(made.value)) if made is not None else None
        if ring is not None:  # in the terms of all anti-diagonals: where they stand is a matter of the text alone
            operand = self.env[ring.name]
            rows, columns = self.plan.skewed[self.node_site(made.value)]  # type: ignore[union-attr]
            dims = (rows, rows + columns - 1) if self.axes else (rows + columns - 1, rows)
            self.env[ring.name] = operand.with_value(operand.array.with_(dims=dims))
            self.change("table", f"{ring.count} anti-diagonals of {ring.name} are held at a time")
        return ended

    def open_diagonal(self, front: Front) -> None:
        """Puts the border of the table around the cells of an anti-diagonal: another one has stood there."""
        for ring in self.plan.rolled.values():
            if ring.front == front.site:
                for k, row in enumerate((f"{front.low} - 1", f"{front.high} : {front.high} + 1")):
                    slot = f"{front.diagonal} % {ring.count}"
                    lead = [":"] * len(self.array(self.env[ring.name]).axes)
                    index = [*lead, row, slot] if self.axes else [slot, row]
                    statement = self.emit(f"{ring.name}[{', '.join(index)}] = {ring.fill}")
                    statement.trailing = "" if k else "# the border of the table"

    # --- the decision ------------------------------------------------------------------------------------------------

    def choose_tables(self) -> None:
        super().choose_tables()
        for site, held in self.tables_of_fronts.items():
            front = self.plan.guarded.get(site)
            made = {key: node for key, node in self.plan.retabled.items() if key in self.makers(held)}
            if isinstance(front, Front) and self.shared.backend is None and len(self.axes) < 2:
                for name, node in self.tables().items():
                    if id(node) in made:
                        self.roll(front, name, node, made[id(node)])
                if made and not self.pays(front, "slices"):
                    self.leave_large(front, list(made))

    def leave_large(self, front: Front, keys: list[int]) -> None:
        """Leaves a nest alone whose tables take up much memory, for many examples."""
        places = {self.node_site(self.plan.retabled[key].value): key for key in keys}
        if not places.keys() <= self.plan.rolled.keys() | self.plan.narrowed.keys():
            self.plan.guarded[front.site] = None
            for site, key in places.items():
                for held in (self.plan.skewed, self.plan.rolled, self.plan.narrowed):
                    held.pop(site, None)
                self.plan.retabled.pop(key)
            self.plan.retabled.setdefault(None, None)  # the walk starts again

    def roll(self, front: Front, name: str, node: cst.Assign, made: cst.Assign) -> None:
        """Holds a table by its last anti-diagonals, if no others are looked at."""
        count, dims = self.reach_back(front, name), self.array(self.env[name]).dims
        first, last = (front.rows.first, front.columns.first), (front.rows.last, front.columns.last)
        covers = None not in dims and first == (Affine(1), Affine(1)) and dims == (last[0] + 1, last[1] + 1)
        if not count or not covers or not self.are_read_last(front, name, count):
            return
        assert isinstance(node.value, cst.Call) and isinstance(node.value.func, cst.Attribute)
        kind = node.value.func.attr.value
        fill = FILLS.get(kind) or self.text(node.value.args[1].value)
        ring = rolled_table(made, count, bool(self.axes))
        self.replace_table(id(node), made, ring, self.plan.narrowed.get(self.node_site(made.value)))
        self.plan.rolled[self.node_site(ring.value)] = Ring(name, count, fill, front.site, id(node), made)

    def reach_back(self, front: Front, name: str) -> int:
        """How many anti-diagonals the cells of a table follow from, with their own; 0 where that is not known."""
        body = statements_of(front.node.body)
        stored = [element for part in body for element in elements_in(part, name, stores=True)]
        own = [self._offsets(front, element) == (0, 0) for element in stored]
        if not all(own) or not any(sets_element(part, name) for part in body):
            return 0
        count, is_set = 1, False
        for part in body:
            for element in elements_in(part, name, stores=False):
                found = self._offsets(front, element)
                if found is None or not all(0 <= offset <= 1 for offset in found) or not any(found) and not is_set:
                    return 0
                count = max(count, sum(found) + 1)
            is_set = is_set or sets_element(part, name)
        return count

    def _offsets(self, front: Front, node: cst.Subscript) -> tuple[int, int] | None:
        """How many rows and columns before its own a cell reads: ``D[i - 1, j]`` is one row and no column before."""
        items = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
        found = [_before(item, name) for item, name in zip(items, (front.row, front.column), strict=True)]
        return None if None in found else (found[0], found[1])  # type: ignore[return-value]

    def are_read_last(self, front: Front, name: str, count: int) -> bool:
        """Whether nothing else is looked at outside of the nest than cells of the last anti-diagonals."""
        function, inside = self.function_node(), {id(part) for part in nodes_of(front.node)}
        if all(id(statement) != front.site for statement in statements_of(function.body)):
            return False
        last = front.rows.last, front.columns.last
        for element in elements_in(function, name, stores=True):
            if id(element) not in inside and not _is_first(element):
                return False
        for element in elements_in(function, name, stores=False):
            if id(element) in inside:
                continue
            match self.read_between.get(id(element), ()):
                case (Affine() as row, Affine() as column):
                    before = last[0] - row, last[1] - column
                    within = row - 1, column - 1, *before, before[0] * -1 - before[1] + (count - 1)
                    if not all(self.relies_on(condition) for condition in within):
                        return False
                case _:
                    return False
        return True

    def give_up_tables(self, node: cst.For) -> None:
        if not self.plan.rolled:
            super().give_up_tables(node)
        for site, ring in list(self.plan.rolled.items()):
            self.replace_table(ring.key, self.plan.retabled[ring.key], ring.whole, self.plan.narrowed.get(site))
        self.plan.rolled.clear()
        raise PlanChange


def elements_in(node: cst.CSTNode, name: str, stores: bool) -> Iterator[cst.Subscript]:
    """The elements of a table that are stored into, or those that are read."""
    parts = list(nodes_of(node))
    targets = {id(t.target) for part in parts if isinstance(part, cst.Assign) for t in part.targets}
    targets |= {id(part.target) for part in parts if isinstance(part, cst.AugAssign)}
    updated = {id(part.target) for part in parts if isinstance(part, cst.AugAssign)}
    elements = (p for p in parts if isinstance(p, cst.Subscript) and isinstance(p.value, cst.Name))
    for part in elements:
        if part.value.value == name and ((id(part) in targets) == stores or id(part) in updated):  # type: ignore[attr-defined]
            yield part


def sets_element(node: cst.CSTNode, name: str) -> bool:
    """Whether a statement of a cell stores into the table on every path, whatever has stood there."""
    match node:
        case cst.SimpleStatementLine(body=parts):
            return any(isinstance(part, cst.Assign) and any(elements_in(part, name, True)) for part in parts)
        case cst.If(body=body, orelse=cst.If() as orelse):
            return _sets(statements_of(body), name) and sets_element(orelse, name)
        case cst.If(body=body, orelse=cst.Else(body=otherwise)):
            return _sets(statements_of(body), name) and _sets(statements_of(otherwise), name)
    return False


def _sets(block: Sequence[cst.CSTNode], name: str) -> bool:
    return any(sets_element(statement, name) for statement in block)


def _before(node: cst.BaseExpression, name: str) -> int | None:
    """`c` where an expression is ``name - c``."""
    match node:
        case cst.Name(value=found) if found == name:
            return 0
        case cst.BinaryOperation(left=cst.Name(value=found), operator=cst.Subtract(), right=cst.Integer() as right):
            return right.evaluated_value if found == name else None
    return None


def _is_first(node: cst.Subscript) -> bool:
    """Whether an element is one of the first two anti-diagonals, which stand where they stand in the whole table."""
    items = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
    return all(isinstance(i, cst.Integer) for i in items) and sum(i.evaluated_value for i in items) < 2  # type: ignore[attr-defined]


def rolled_table(node: cst.Assign, count: int, by_rows: bool) -> cst.Assign:
    """The assignment that makes a table by anti-diagonals, for a few of them."""
    call = node.value
    assert isinstance(call, cst.Call) and isinstance(call.args[0].value, cst.Tuple)
    elements = list(call.args[0].value.elements)
    elements[1 if by_rows else 0] = cst.Element(cst.Integer(str(count)))
    shape = call.args[0].with_changes(value=cst.Tuple([cst.Element(e.value) for e in elements]))
    return node.with_changes(value=call.with_changes(args=[shape, *call.args[1:]]))

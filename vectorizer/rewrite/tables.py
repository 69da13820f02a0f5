"""Tables that are held by anti-diagonals: what the user calls ``D[i, j]`` stands at ``D[i, i + j]``.

A nest that goes by anti-diagonals then finds the cells of one of them side by side, as a slice, and so the neighbours
that they follow from.  That is for tables which the function makes itself, and of which it uses single elements only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import libcst as cst

from vectorizer.rewrite.conditions import Conditions
from vectorizer.rewrite.names import nodes_of
from vectorizer.rules.context import PlanChange
from vectorizer.rules.subscripts import in_range, wraps
from vectorizer.source.operand import Operand
from vectorizer.values import MISSING, Affine, Array, Unsupported, sites

# Not `np.empty`: iterations that do not take a branch may look at any element.
FILLING = frozenset("zeros ones full".split())
CONSTANT = re.compile(r"-?(?:[\d.]+(?:e[-+]?\d+)?|(?:np|numpy|math)\.inf|float\(.inf.\)|True|False)$")


class Tables(Conditions):
    """Tables of two dimensions, of which elements are read and stored."""

    single: dict[str, cst.Assign] | None = (
        None  # tables of which no more is used than elements, and where they are made
    )
    misplaced: set[object]  # memory of which other elements are used, or such that may be out of range

    def function_node(self) -> cst.FunctionDef:
        """The function that is rewritten."""
        raise NotImplementedError

    def tables(self) -> dict[str, cst.Assign]:
        if self.single is None:
            self.single = element_tables(self.function_node())
        return self.single

    def placed(self, base: Operand, index: list[Any]) -> list[Any]:
        """The subscripts of an element as its table is held."""
        value = base.value
        if not base.is_name or base.code not in self.tables() or not isinstance(value, Array) or value.rank != 2:
            return index
        held = sites(value.origins)
        self.keep_whole(base.code, held)
        if held & self.plan.skewed.keys():
            row, column = (self.counted_up(item, dim) for item, dim in zip(index, self.plan_dims(held), strict=True))
            diagonal = self.diagonal_of(row, column)
            return [row, diagonal] if self.axes else [diagonal, row]
        if not all(self.is_number(item, dim) for item, dim in zip(index, value.dims, strict=True)):
            self.misplaced |= held
        return index

    def restricted(self, name: str, operand: Operand) -> Operand:
        """Rows that are taken for some examples have another name: their elements are read where the user says."""
        taken = super().restricted(name, operand)
        if taken is not operand and name in self.tables():
            self.keep_whole(name, frozenset())
        return taken

    def keep_whole(self, name: str, held: frozenset[object]) -> None:
        """Leaves a table as it is where other memory than `held`, a copy of it, say, is read under its name."""
        self.misplaced |= {self.node_site(self.tables()[name].value)} - held

    def is_number(self, item: Any, dim: Any) -> bool:
        """Whether a subscript is one number in each iteration, and within range."""
        if not isinstance(item, Operand) or not isinstance(item.value, Array) or item.value.kind not in "iu":
            return False
        if item.value.rank or item.value.affine is None or any(axis.kind != "loop" for axis in item.value.axes):
            return False
        if in_range(self, item.value, dim):
            return True
        low = self.extremes(item.value.affine, self.loops)[0]  # in a branch: iterations that take it are within range
        return low is not None and self.relies_on(low) and wraps(self, item.value, dim)

    def counted_up(self, item: Operand, dim: Any) -> Operand:
        """A subscript that is not negative."""
        known = item.array.const
        return item if known is MISSING or known >= 0 else self.print_affine(dim + item.array.affine)

    def diagonal_of(self, row: Operand, column: Operand) -> Operand:
        """``i + j``, which may be the same for all iterations."""
        one, other = row.array.affine, column.array.affine
        if one == Affine() or other == Affine():
            return column if one == Affine() else row
        if one is not None and other is not None:
            known = one + other
            if not any(known.coefficient(loop.symbol) for loop in self.loops):
                with suppress(Unsupported):  # a variable in it has no name: the subscripts stand for it
                    return self.print_affine(known)
        return self.binary("+", row, column)

    def plan_dims(self, held: frozenset[object]) -> tuple[Any, Any]:
        """The lengths of a table as the user's function sees it."""
        (dims,) = (self.plan.skewed[site] for site in held)
        return dims  # type: ignore[no-any-return]

    def small_Assign(self, node: cst.Assign) -> bool:
        made = self.plan.retabled.get(id(node))
        if made is None:
            return super().small_Assign(node)
        start = len(self.out)
        ended = super().small_Assign(made)
        name, where = self.text(made.targets[0].target), self.place_in_words(made)
        self.change("table", f"{name} is held by anti-diagonals: {name}[i, j] stands at {name}[{where}]")
        if len(self.out) > start:
            self.out[-1].trailing = self.out[-1].trailing or f"# {name}[i, j] of the table stands at [{where}]"
        return ended

    def place_in_words(self, made: cst.Assign) -> str:
        """Where an assignment's table holds ``[i, j]``."""
        return "i, i + j" if self.axes else "i + j, i"

    def hold_by_diagonals(self, held: frozenset[object]) -> bool:
        """Lets the tables behind some memory be held by anti-diagonals; False where one of them cannot be."""
        made = {self.node_site(node.value): (name, node) for name, node in self.tables().items()}
        if held & self.misplaced or not held <= made.keys():
            return False
        found = []
        for site in held:
            name, node = made[site]
            value = self.env[name].value if name in self.env else None
            if not isinstance(value, Array) or value.rank != 2 or sites(value.origins) != {site}:
                return False
            found.append((node, skewed_table(node, bool(self.axes)), value.dims))
        for node, other, dims in found:
            self.plan.retabled[id(node)] = other
            self.plan.skewed[self.node_site(other.value)] = dims
            self.plan.batch_last.add(self.node_site(other.value))
        return True

    def choose_tables(self) -> None:
        """Behind a walk: decides how tables are held, and starts again where that changes."""

    def settle_tables(self) -> None:
        if not self.plan.tabled:
            self.plan.tabled = True
            self.choose_tables()
            if self.plan.retabled:
                raise PlanChange


def element_tables(function: cst.FunctionDef) -> dict[str, cst.Assign]:
    """Variables that are set once, to a new table of two dimensions, of which nothing but elements is used."""
    parts = list(nodes_of(function.body))
    made: dict[str, list[cst.Assign]] = {}
    elements: dict[str, int] = {}
    for part in parts:
        if isinstance(part, cst.Assign) and _makes_table(part):
            made.setdefault(part.targets[0].target.value, []).append(part)  # type: ignore[attr-defined]
        name = _of_element(part)
        if name is not None:
            elements[name] = elements.get(name, 0) + 1
    seen: dict[str, int] = {}
    for part in parts:
        if isinstance(part, cst.Name):
            seen[part.value] = seen.get(part.value, 0) + 1
    return {n: found[0] for n, found in made.items() if len(found) == 1 and seen[n] == elements.get(n, 0) + 1}


def _of_element(node: cst.CSTNode) -> str | None:
    """`D` where the node is ``D[i, j]``."""
    if not isinstance(node, cst.Subscript) or not isinstance(node.value, cst.Name) or len(node.slice) != 2:
        return None
    return node.value.value if all(isinstance(part.slice, cst.Index) for part in node.slice) else None


def _makes_table(node: cst.Assign) -> bool:
    """``D = np.zeros((n, m))`` and its like."""
    call = node.value
    if len(node.targets) != 1 or not isinstance(node.targets[0].target, cst.Name) or not isinstance(call, cst.Call):
        return False
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value not in FILLING or not call.args:
        return False
    shape, *others = call.args
    if shape.keyword is not None or not isinstance(shape.value, cst.Tuple) or len(shape.value.elements) != 2:
        return False
    if any(arg.star or arg.keyword is not None and arg.keyword.value != "dtype" for arg in others):
        return False
    filled = call.func.attr.value == "full"
    return not filled or bool(others) and CONSTANT.match(cst.Module([]).code_for_node(others[0].value)) is not None


def skewed_table(node: cst.Assign, by_rows: bool) -> cst.Assign:
    """The same with the shape ``(n, n + m - 1)``, or with that the other way round."""
    assert isinstance(node.value, cst.Call) and isinstance(node.value.args[0].value, cst.Tuple)
    rows, columns = (element.value for element in node.value.args[0].value.elements)
    lengths = [rows, _sum([rows, columns], -1)]
    elements = [cst.Element(length) for length in (lengths if by_rows else reversed(lengths))]
    shape = cst.Arg(cst.Tuple(elements), comma=node.value.args[0].comma)
    return node.with_changes(value=node.value.with_changes(args=[shape, *node.value.args[1:]]))


def _sum(terms: Sequence[cst.BaseExpression], constant: int) -> cst.BaseExpression:
    """A sum, its numbers added up."""
    parts: list[tuple[str, str]] = []

    def add(node: cst.BaseExpression, sign: int) -> int:
        if isinstance(node, cst.Integer):
            return sign * int(node.value, 0)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, (cst.Add, cst.Subtract)):
            return add(node.left, sign) + add(node.right, sign if isinstance(node.operator, cst.Add) else -sign)
        text = cst.Module([]).code_for_node(node)
        bare = isinstance(node, (cst.Name, cst.Attribute, cst.Subscript, cst.Call))
        parts.append(("-" if sign < 0 else "+", text if bare else f"({text})"))
        return 0

    for term in terms:
        constant += add(term, 1)
    if constant or not parts:
        parts.append(("-" if constant < 0 else "+", str(abs(constant))))
    return cst.parse_expression(" ".join(f"{sign} {text}" for sign, text in parts).removeprefix("+ "))

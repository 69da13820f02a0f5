"""Tables of integers that stay small are held in a narrower dtype: NumPy then computes several times as many at once.

That is for tables which nests fill by anti-diagonals, of which single elements are used.  That the integers fit follows
from the lengths of the loops, which are guarded; what is read elsewhere has the dtype that it has in the user's table.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.growth import Growth, Unbounded, targets_of
from vectorizer.rewrite.names import assigned_names, nodes_of, statements_of
from vectorizer.rewrite.wavefronts import Front, Wavefronts
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import Between, Operand
from vectorizer.values import MISSING, Affine, Array, Obj, Unsupported, sites

NARROW = (np.dtype(np.int16), np.dtype(np.int32))
FILLS = {"zeros": 0, "ones": 1}


@dataclass
class Narrow:
    """A table that is held in a narrower dtype.

    dtype: that; front: the nest that fills it.
    names: variables of the nest that hold integers which fit.
    key, wide: the key of the plan's assignment, and the assignment with the user's dtype.
    """

    dtype: np.dtype[Any]
    front: object
    names: frozenset[str]
    key: int
    wide: cst.Assign


class Narrowed(Wavefronts):
    """Tables of integers."""

    stored_between: dict[int, tuple[Affine, Affine] | None]  # what stores, by their targets, put into tables

    def assign_item(self, target: cst.Subscript, operand: Operand) -> None:
        if isinstance(target.value, cst.Name) and target.value.value in self.tables():
            self.stored_between[id(target)] = self.ends_of(operand)
        super().assign_item(target, operand)

    def ends_of(self, operand: Operand) -> tuple[Affine, Affine] | None:
        """The least and the greatest that an integer may be; None where they are not known."""
        value = operand.value
        if not isinstance(value, Array) or value.kind != "i":
            return None
        affine = value.affine if value.const is MISSING else Affine(int(value.const))
        low, high = self.extremes(affine, self.loops) if affine is not None else (None, None)
        return None if low is None or high is None else (low, high)

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        result = super().visit_Subscript(node)
        if not self.plan.narrowed or not isinstance(node.value, cst.Name) or node.value.value not in self.env:
            return result
        base = self.env[node.value.value].value
        held = sites(base.origins) & self.plan.narrowed.keys() if isinstance(base, Array) else frozenset[object]()
        if not held or self.fronts and all(self.plan.narrowed[s].front == self.fronts[-1].site for s in held):
            return result
        dtype = np.dtype(int)
        value = self.array(result).with_(dtype=dtype, origins=frozenset(), dims=self.array(result).dims)
        return Operand(f"{result.primary}.astype({self.dtype_code(dtype)})", value, fresh=True)

    def fits(self, operand: Operand, dtype: np.dtype[Any]) -> bool:
        limits = np.iinfo(dtype)
        if not self.facts.has_loop:
            return False  # a file is for all lengths
        if isinstance(operand.node, Between):
            return bool(limits.min <= operand.node.low and operand.node.high <= limits.max)
        if self.fronts and not operand.lazy:
            for narrow in self.plan.narrowed.values():
                if narrow.front == self.fronts[-1].site and narrow.dtype == dtype and operand.code in narrow.names:
                    return True
        ends = self.ends_of(operand)
        if ends is None:
            return False
        return self.relies_on(ends[0] + -int(limits.min)) and self.relies_on(ends[1] * -1 + int(limits.max))

    # --- the decision ------------------------------------------------------------------------------------------------

    def choose_tables(self) -> None:
        super().choose_tables()
        for site, held in self.tables_of_fronts.items():
            front = self.plan.guarded.get(site)
            made = {key: node for key, node in self.plan.retabled.items() if key in self.makers(held)}
            if isinstance(front, Front) and made and len(made) == len(held) and self.shared.backend is None:
                self.narrow(front, made)

    def makers(self, held: frozenset[object]) -> set[int]:
        """The assignments, by their ids, that make the tables behind some memory."""
        return {id(node) for node in self.tables().values() if self.node_site(node.value) in held}

    def narrow(self, front: Front, made: dict[int, cst.Assign]) -> None:
        """Holds the tables of a nest in the narrowest dtype that all of their integers fit."""
        names = {name: node for name, node in self.tables().items() if id(node) in made}
        if not self.facts.has_loop or any(self.array(self.env[name]).dtype != np.dtype(int) for name in names):
            return  # a file is for all lengths
        try:
            spans, fitting = self.spans_of(front, names)
        except Unbounded:
            return
        for dtype in NARROW:
            limit = int(np.iinfo(dtype).max)
            if all(self.relies_on(high * -1 + limit) and self.relies_on(low + limit) for low, high in spans):
                for key, wide in made.items():
                    narrow = Narrow(dtype, front.site, fitting, key, wide)
                    self.replace_table(key, wide, with_dtype(wide, dtype), narrow)
                return

    def replace_table(self, key: int, old: cst.Assign, new: cst.Assign, narrow: Narrow | None) -> None:
        """Lets a table be made by another assignment."""
        before, after = self.node_site(old.value), self.node_site(new.value)
        self.plan.retabled[key] = new
        self.plan.skewed[after] = self.plan.skewed.pop(before)
        self.plan.batch_last.add(after)
        self.plan.narrowed.pop(before, None)
        if narrow is not None:
            self.plan.narrowed[after] = narrow

    def give_up_tables(self, node: cst.For) -> None:
        """Tables are first held in their own dtype again."""
        if not self.plan.narrowed:
            super().give_up_tables(node)
        for narrow in list(self.plan.narrowed.values()):
            self.replace_table(narrow.key, self.plan.retabled[narrow.key], narrow.wide, None)
        raise PlanChange

    def small_Assign(self, node: cst.Assign) -> bool:
        made, start = self.plan.retabled.get(id(node)), len(self.out)
        ended = super().small_Assign(node)
        narrow = self.plan.narrowed.get(self.node_site(made.value)) if made is not None else None
        if narrow is not None and len(self.out) > start:
            statement, name = self.out[-1], self.text(node.targets[0].target)
            comment, statement.trailing = f"{statement.trailing}; {narrow.dtype} holds all of its integers", ""
            statement.leading = (*statement.leading, comment)
            self.change("table", f"no integer in {name} is too large for {narrow.dtype}")
        return ended

    # --- what integers there are -------------------------------------------------------------------------------------

    def spans_of(
        self, front: Front, names: dict[str, cst.Assign]
    ) -> tuple[list[tuple[Affine, Affine]], frozenset[str]]:
        """Between which integers all lie that are stored in tables, or computed with what is; and for which variables.

        Raises:
            Unbounded: that is not known.
        """
        function, tables = self.function_node(), frozenset(names)
        inside = {id(part) for part in nodes_of(front.node)}
        starts = [(Affine(fill), Affine(fill)) for fill in map(filled_with, names.values())]
        for target in targets_of(function, tables):
            if id(target) not in inside:
                between = self.stored_between.get(id(target))
                if between is None:
                    raise Unbounded
                starts.append(between)
        if any(isinstance(part, cst.AugAssign) and targets_of_update(part, tables) for part in nodes_of(function)):
            raise Unbounded
        growth, assigned = self.growth_in(front, tables), assigned_names(front.node)
        set_inside = growth.read(statements_of(front.node.body))
        mixed = {name for name in assigned if name not in set_inside or set_inside[name].relative is not None}
        others = {part.value for part in nodes_of(function) if isinstance(part, cst.Name) and id(part) not in inside}
        if (mixed - {front.row, front.column}) & others:
            raise Unbounded  # it may be read behind the nest, in the dtype of the table
        least, most = growth.stored.relative or (0, 0)
        if growth.stored.absolute is not None:
            starts.append((Affine(growth.stored.absolute[0]), Affine(growth.stored.absolute[1])))
        down, up = growth.made.relative or (0, 0)
        times = (front.rows.trips + front.columns.trips) * growth.stores
        low, high = times * min(least, 0) + min(down, 0), times * max(most, 0) + max(up, 0)
        spans = [(start + low, end + high) for start, end in starts]
        made = growth.made.absolute
        if made is not None:
            spans.append((Affine(made[0]), Affine(made[1])))
        return spans, frozenset(set_inside)

    def growth_in(self, front: Front, tables: frozenset[str]) -> Growth:
        assigned = assigned_names(front.node) | {front.row, front.column}

        def known(name: str) -> Any:
            value = self.env[name].value if name in self.env and name not in assigned else None
            return value.const if isinstance(value, Array) else None

        def function(node: cst.BaseExpression) -> Any:
            if not self.is_global(node) or isinstance(node, cst.Name) and node.value in self.env:
                return None
            mark = self.mark()
            try:
                value = self.expression(node).value
            except Unsupported:
                return None
            finally:
                self.rollback(mark)
            return value.value if isinstance(value, Obj) else None

        return Growth(tables, known, function)


def targets_of_update(node: cst.AugAssign, tables: frozenset[str]) -> bool:
    """Whether an update is one of a table's elements."""
    target = node.target
    return isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name) and target.value.value in tables


def filled_with(node: cst.Assign) -> int:
    """The integer that a table is filled with.  Raises Unbounded."""
    assert isinstance(node.value, cst.Call) and isinstance(node.value.func, cst.Attribute)
    name = node.value.func.attr.value
    if name in FILLS:
        return FILLS[name]
    try:
        value = ast.literal_eval(cst.Module([]).code_for_node(node.value.args[1].value))
    except ValueError:
        raise Unbounded from None
    if type(value) is not int:
        raise Unbounded
    return value


def with_dtype(node: cst.Assign, dtype: np.dtype[Any]) -> cst.Assign:
    """The assignment that makes a table, with another dtype."""
    call = node.value
    assert isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute)
    made = cst.Attribute(call.func.value, cst.Name(dtype.name))
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    kept = 2 if call.func.attr.value == "full" else 1
    last = call.args[kept - 1].with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    args = [*call.args[: kept - 1], last, cst.Arg(made, keyword=cst.Name("dtype"), equal=equal)]
    return node.with_changes(value=call.with_changes(args=args))

"""The walk over a function whose lists are arrays (`held_lists.py`): what their items are, and where they are made.

An item is a number of Python's or of NumPy's, as it was put into the list; all items of a list are of one kind.
"""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.held_lists import HELD, LIST
from vectorizer.rewrite.list_variables import chain, flat
from vectorizer.rewrite.spelled_out import SpelledOut
from vectorizer.rules.context import PlanChange
from vectorizer.rules.definitions import require
from vectorizer.rules.subscripts import Parts
from vectorizer.rules.table import Call, find
from vectorizer.source.operand import Operand, call
from vectorizer.values import (
    MISSING,
    Array,
    ListV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
)

Kind = tuple[np.dtype[Any], bool]  # the dtype of a list's items, and whether they are Python's numbers
MARKERS = {HELD: "held", LIST: "list"}
PYTHON_INT: Kind = (np.dtype(np.int64), True)
FAR = "2**50"  # sums and differences of thousands of such numbers are still far from 64 bits
OUTGROWN = "a sum of Python's integers in a list that outgrows 64 bits"


class ListArrays(SpelledOut):
    """Lists that are held as arrays."""

    def read(self, name: str) -> Operand:
        marker = MARKERS.get(name) if self.plan.held is not None else None
        return Operand(name, Obj(marker)) if marker is not None else super().read(name)

    def function_call(self, function: Operand, node: cst.Call) -> Operand:
        if function.code == LIST:
            return self.read_list(node.args[0].value)
        if function.code == HELD:
            name = node.args[0].value
            assert isinstance(name, cst.SimpleString)
            return self.made_list(str(name.evaluated_value), node.args[1].value, self.node_site(node))
        return super().function_call(function, node)

    def held_name(self, node: cst.CSTNode) -> str | None:
        """The variable of a list that is held as an array."""
        is_held = isinstance(node, cst.Name) and self.plan.held is not None and node.value in self.plan.held.group
        return node.value if is_held else None  # type: ignore[attr-defined]

    # --- reading -----------------------------------------------------------------------------------------------------

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        """An item of a list is a number of Python's, where these were put into it."""
        found = super().visit_Subscript(node)
        name = self.held_name(node.value)
        if name is None or not isinstance(found.value, Array) or found.value.rank or not self.kind(name)[1]:
            return found
        return found.with_value(found.value.with_(weak=True))

    def read_list(self, node: cst.BaseExpression) -> Operand:
        """A list, or a row of a list of lists, that is read as a whole."""
        base, index = chain(node) if not isinstance(node, cst.Subscript) else (node.value, node.slice)
        name = self.held_name(base)
        assert name is not None and self.plan.held is not None
        operand = self.expression(node)
        array = self.array(operand).with_(weak=False, dims=self.array(operand).dims)
        weak, depth = self.kind(name)[1], self.plan.held.depth[name] - len(index)
        value = StackedV(array, weak) if depth == 1 else NestedV(array, weak, depth - 1)
        return Operand(operand.code, value, operand.level)

    # --- making ------------------------------------------------------------------------------------------------------

    def made_list(self, name: str, node: cst.BaseExpression, site: object) -> Operand:
        """A new list as an array of its own for each example."""
        for builtin in (list, range, len):
            known = self.read(builtin.__name__).value
            if not isinstance(known, Obj) or known.value is not builtin:
                raise Unsupported(f"a function named {builtin.__name__} is not Python's")
        made = self.part_of_list(name, node, site)
        value = self.array(made)
        assert self.plan.held is not None
        if value.rank != self.plan.held.depth[name]:
            raise Unsupported("a list of numbers and of lists")
        self.site_axes[site] = (*self.axes, *(loop.axis for loop in self.loops), *(r.axis for r in self.regions))
        if set(self.axes) - set(self.plan.promoted.get(site, ())):
            self.plan.promote(site, self.axes)
        return made

    def part_of_list(self, name: str, node: cst.BaseExpression, site: object) -> Operand:
        """The array of what makes a list, or a part of it."""
        filled = repeated(node)
        if filled is not None:
            return self.list_of_one_item(name, *filled, site)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            parts = [self.part_of_list(name, side, id(side)) for side in (node.left, node.right)]
            joined = Operand(
                f"[{', '.join(p.code for p in parts)}]", ListV(tuple(p.value for p in parts)), node=Parts(parts)
            )
            return self.numpy_call(np.concatenate, [joined], {}, site)
        bounds = range_of(node)
        if bounds is not None:
            self.note_kind(name, (np.dtype(np.int64), True))
            return self.numpy_call(np.arange, [self.expression(b) for b in bounds], {}, site)
        operand = self.expression(node)
        dtype = self.note_kind(name, self.kind_of(operand.value))[0]
        array = self.numpy_call(np.array, [operand], {}, site)
        if array.array.dtype != dtype:
            array = self.numpy_call(np.array, [operand], {"dtype": self.dtype_operand(dtype)}, site)
        return array

    def list_of_one_item(
        self, name: str, item: cst.BaseExpression, lengths: list[cst.BaseExpression], site: object
    ) -> Operand:
        """``[item] * n``, and rows of that."""
        first = self.expression(item)
        dtype = self.note_kind(name, self.kind_of(ListV((first.value,))))[0]
        counts = [self.expression(length) for length in lengths]
        if any(not isinstance(c.value, Array) or c.value.rank or c.value.kind not in "iu" for c in counts):
            raise Unsupported("a list is repeated other than a number of times")
        codes = ", ".join(c.code for c in counts)
        shape = Operand(f"({codes})", TupleV(tuple(c.value for c in counts)), node=Parts(counts))
        shape = counts[0] if len(counts) == 1 else shape
        value = self.array(first)
        is_zero = value.const is not MISSING and repr(value.const) in ("0", "0.0", "False")
        keywords = {} if dtype == np.dtype(float) else {"dtype": self.dtype_operand(dtype)}
        if is_zero:
            return self.numpy_call(np.zeros, [shape], keywords, site)
        return self.numpy_call(np.full, [shape, first], {} if value.dtype == dtype else keywords, site)

    def numpy_call(self, function: Any, args: list[Operand], keywords: dict[str, Operand], site: object) -> Operand:
        """A call of a function of NumPy's, with memory of its own."""
        rule = find(function)
        assert rule is not None
        self.site_axes[site] = (*self.axes, *(loop.axis for loop in self.loops), *(r.axis for r in self.regions))
        made = rule.lower(self, Call(self.np(function.__name__), args, keywords, None, function, site))
        return self.own_memory(made, site)

    def own_memory(self, operand: Operand, site: object) -> Operand:
        """A new array with the axes that the plan gives it, and its site as origin."""
        value = self.array(operand)
        wanted = self.usable(self.plan.promoted.get(site, ()))
        if set(wanted) - set(value.axes):
            spread = self.spread(operand, tuple(sorted({*wanted, *value.axes})))
            operand, value = Operand(f"{spread.primary}.copy()", spread.value, fresh=True), self.array(spread)
        return operand.with_value(value.with_(origins=frozenset((site,)), dims=value.dims))

    def dtype_operand(self, dtype: np.dtype[Any]) -> Operand:
        return Operand(self.dtype_code(dtype), Obj(dtype.type))

    # --- kinds -------------------------------------------------------------------------------------------------------

    def kind(self, name: str) -> Kind:
        """What the items of a list are."""
        assert self.plan.held is not None
        found: Kind | None = self.plan.kinds.get(self.plan.held.group[name])
        if found is None:
            raise Unsupported("a list is read before it is made")
        return found

    def note_kind(self, name: str, kind: Kind) -> Kind:
        """What the items of a list are with those that are put into it here."""
        assert self.plan.held is not None
        group = self.plan.held.group[name]
        known: Kind = self.plan.kinds.setdefault(group, kind)
        if known == kind:
            return kind
        if known[0] != kind[0] or known[0] not in (np.dtype(float), np.dtype(np.int64)):
            raise Unsupported("a list of numbers of different kinds")
        self.facts.strict_floats = True  # Python's numbers raise where those of NumPy's give inf
        if known[1]:
            self.plan.kinds[group] = (known[0], False)
            raise PlanChange
        return known

    def kind_of(self, value: Value) -> Kind:
        """What the items of a list are.  Raises Unsupported where they differ, or are no numbers."""
        match value:
            case Array(rank=0) if value.dtype is not None:
                return value.dtype, value.weak
            case StackedV(array=array, weak=weak) if array.rank == 1 and array.dtype is not None:
                return array.dtype, weak
            case NestedV(array=array, weak=weak, depth=depth) if depth == array.rank - 1 and array.dtype is not None:
                return array.dtype, weak
            case SeqV():
                return self.kind_of(value.item)
            case ListV() if value.items:
                kinds = {self.kind_of(item) for item in value.items}
                if len(kinds) == 1:
                    return kinds.pop()
        raise Unsupported("a list of other than numbers of one kind")

    # --- storing -----------------------------------------------------------------------------------------------------

    def assign_item(self, target: cst.Subscript, operand: Operand) -> None:
        name = self.held_name(target.value)
        if name is not None and not any(isinstance(e.slice, cst.Slice) for e in target.slice):
            assert self.plan.held is not None
            kind = self.note_kind(name, self.kind_of(operand.value))
            if kind == PYTHON_INT and self.plan.held.group[name] in self.plan.held.growing:
                operand = self.temp(operand, "number")
                require(self, f"({call(self.np('abs'), operand.code)} < {FAR}).all()", OUTGROWN)
        super().assign_item(target, operand)

    def note_added(self, target: cst.Subscript, right: Operand) -> None:
        """``items[i] += v``: what the sum is must be what the items are."""
        name = self.held_name(target.value)
        if name is None:
            return
        (known, is_weak), (dtype, weak) = self.kind(name), self.kind_of(right.value)
        decisive = [t for t, w in ((known, is_weak), (dtype, weak)) if not w] or [known, dtype]
        if weak and not is_weak and dtype.kind == "f" and known.kind != "f":
            decisive = [known, dtype]
        if is_weak and not weak and known.kind == "f" and dtype.kind != "f":
            decisive = [known, dtype]
        self.note_kind(name, (np.result_type(*decisive), weak and is_weak))


def repeated(node: cst.BaseExpression) -> tuple[cst.BaseExpression, list[cst.BaseExpression]] | None:
    """The item and the lengths of ``[item] * n`` and ``[[item] * m for _ in range(n)]``."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply):
        for items, count in ((node.left, node.right), (node.right, node.left)):
            if isinstance(items, cst.List) and len(items.elements) == 1:
                return items.elements[0].value, [count]
        return None
    if not isinstance(node, cst.ListComp) or node.for_in.ifs or node.for_in.inner_for_in is not None:
        return None
    inner, bounds = repeated(node.elt), range_of(node.for_in.iter)
    if inner is None and isinstance(node.elt, (cst.Integer, cst.Float, cst.Name)):
        inner = node.elt, []
    if inner is None or bounds is None or len(bounds) != 1:
        return None
    names = {part.value for part in flat(node.for_in.target) if isinstance(part, cst.Name)}
    used = {part.value for piece in (inner[0], *inner[1]) for part in walk_names(piece)}
    return None if names & used else (inner[0], [bounds[0], *inner[1]])


def walk_names(node: cst.CSTNode) -> list[cst.Name]:
    own = [node] if isinstance(node, cst.Name) else []
    return own + [name for child in node.children for name in walk_names(child)]


def range_of(node: cst.BaseExpression) -> list[cst.BaseExpression] | None:
    """The operands of ``range(...)``, or of ``list(range(...))``."""
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "list" and node.args:
        node = node.args[0].value
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name) or node.func.value != "range":
        return None
    plain = all(not a.star and a.keyword is None for a in node.args)
    return [a.value for a in node.args] if plain else None

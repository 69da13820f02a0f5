"""Loops that stay loops, of which a part does not depend on what they hand on: that part is computed for all
iterations at once, in front of the loop."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.control_flow import JUMPS, has_jump
from vectorizer.rewrite.hulls import Hulls
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.loop_syntax import stored_subscripts
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of, statements_of
from vectorizer.rewrite.recurrences import occurrences_of
from vectorizer.rules.indexing import subscript
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array, Obj, Unsupported, union_axes

HEAVY = (cst.Call, cst.MatrixMultiply, cst.Power, cst.GeneratorExp, cst.ListComp)


@dataclass
class TakenOut:
    """What an assignment gives in all iterations, and the target, first value and step of the loop."""

    values: Operand
    target: str
    first: Affine
    step: int


class Hoisting(Hulls):
    """Statements that are taken out of a loop."""

    taken_out: dict[int, TakenOut | None]  # what the statements give, for all iterations, by their ids; None for stores

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        mark, pending = self.mark(), self.pending
        found = self.independent(node, it)
        try:
            self.take_out(node, it, found)
        except Unsupported:
            self.rollback(mark)
            self.pending = pending
            for statement in found:
                self.taken_out.pop(id(statement), None)
        return super().sequential_for(node, it)

    def independent(self, node: cst.For, it: Iteration) -> list[cst.Assign]:
        """Assignments of a loop over a range whose values depend on nothing that the loop changes, and cost much."""
        plain = it.kind == "range" and isinstance(node.target, cst.Name) and node.orelse is None
        if not plain or self.plan.no_axes or self.loops or self.regions or self.masks or self.scopes:
            return []
        body = statements_of(node.body)
        if has_jump(list(body), (*JUMPS, cst.Raise, cst.Try, cst.With, cst.Assert)) or self._may_change(node):
            return []
        assigned, free = assigned_names(node), {node.target.value}  # type: ignore[attr-defined]
        if free & assigned_names(node.body):
            return []
        found: list[cst.Assign] = []
        for statement in body:
            for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
                if not isinstance(small, cst.Assign) or len(small.targets) != 1:
                    continue
                name, target = _single_target(small), small.targets[0].target
                read = names_read(small.value) | (names_read(target) if name is None else set())
                if read & (assigned - free) or self._is_shared(target, small, node):
                    continue
                if self.sees_stores(node, names_read(small.value)):
                    continue
                found.append(small)
                free |= {name} if name is not None else set()
        return found if any(_is_heavy(small.value) for small in found) else []

    def _is_shared(self, target: cst.BaseExpression, small: cst.Assign, node: cst.For) -> bool:
        """Whether anything else in the loop has to do with what an assignment sets."""
        if isinstance(target, cst.Name):
            return self._set_again(target.value, small, node)
        if not isinstance(target, cst.Subscript) or not isinstance(target.value, cst.Name):
            return True
        name = target.value.value
        held = self.env.get(name)
        own = self.origins_of(held.value) if held is not None else None
        if not own or not self._is_only_read_back(target, small, node):
            return True
        others = [self.env[n].value for n in names_read(node) & self.env.keys() if n != name]
        seen = [self.origins_of(value) for value in others]
        return any(origins is None or origins & own for origins in seen)

    def _is_only_read_back(self, target: cst.Subscript, small: cst.Assign, node: cst.For) -> bool:
        """Whether a loop does no more with an array than to store one element, and to read that one afterwards."""
        name, text = target.value.value, self.text(target)  # type: ignore[attr-defined]
        parts = list(nodes_of(node.body))
        own = list(nodes_of(small))
        behind = parts[next(k for k, part in enumerate(parts) if part is small) + len(own) :]
        read_back = [p for p in behind if isinstance(p, cst.Subscript) and self.text(p) == text]
        changes = sum(isinstance(p, (cst.Assign, cst.AugAssign)) and name in stored_subscripts(p) for p in parts)
        only = occurrences_of(name, [node]) == occurrences_of(name, [small]) + len(read_back)
        return (
            only
            and occurrences_of(name, [small]) == 1
            and changes == 1
            and stored_subscripts(node.body)[name] == {text}
        )

    @staticmethod
    def _set_again(name: str, small: cst.Assign, node: cst.For) -> bool:
        """Whether a variable is bound elsewhere in the loop, or read before it is."""
        others = [s for s in nodes_of(node.body) if isinstance(s, (cst.Assign, cst.AugAssign, cst.For, cst.NamedExpr))]
        if any(s is not small and name in assigned_names(s) for s in others):
            return True
        before = []
        for part in nodes_of(node.body):
            if part is small:
                break
            before.append(part)
        return any(isinstance(part, cst.Name) and part.value == name for part in before)

    def _may_change(self, node: cst.For) -> bool:
        """Whether a call in the loop may change arrays: one of a function of the user's, or one with `out=`."""
        for part in nodes_of(node.body):
            if isinstance(part, cst.AugAssign) and isinstance(part.target, cst.Name):
                held = self.env.get(part.target.value)
                if held is None or not isinstance(held.value, Array) or held.value.rank or held.value.zero_d:
                    return True
            if not isinstance(part, cst.Call):
                continue
            if any(a.keyword is not None and a.keyword.value == "out" or a.star for a in part.args):
                return True
            if isinstance(part.func, cst.Name) and not self._is_known(part.func.value):
                return True
            if isinstance(part.func, cst.Attribute) and self.text(part.func.value) not in ("np", "numpy", "math"):
                return True
        return False

    def _is_known(self, name: str) -> bool:
        """Whether a name stands for a function of Python's own or of NumPy's."""
        if name in self.env or name in self.local_names:
            return False
        value = self.read(name).value
        module = getattr(value.value, "__module__", "") if isinstance(value, Obj) else ""
        return str(module).split(".")[0] in ("builtins", "numpy", "math")

    def take_out(self, node: cst.For, it: Iteration, found: list[cst.Assign]) -> None:
        """Computes assignments for all iterations."""
        if not found:
            return
        loop = self.open_axis(it, self.text(node.target))
        if abs(loop.step) != 1:
            raise Unsupported("a range with a step")
        before, shadow = dict(self.env), self.loop_depth
        loop.assigned = assigned_names(node)
        self.loops.append(loop)
        self.loop_depth += 1
        try:
            self.bind_axis_target(node.target, self.axis_item(it, loop))
            made = [(small, self._for_all(small, loop)) for small in found]
            self.check_dependences(loop)
        finally:
            self.loops.pop()
            self.loop_depth = shadow
            self.env = before
        self.check_size(loop)
        self.taken_out |= {id(small): operand for small, operand in made}
        names = ", ".join(self.text(small.targets[0].target) for small in found)
        self.change("hoist", f"{names}: computed for all iterations of the loop at once")

    def _for_all(self, small: cst.Assign, loop: LoopAxis) -> TakenOut | None:
        """The value of an assignment in all iterations: the loop is the array's first axis; stores are made."""
        name = _single_target(small)
        if name is None:
            super().small_Assign(small)
            return None
        value = self.expression(small.value)
        if not isinstance(value.value, Array):
            raise Unsupported("something else than a number or an array is taken out of a loop")
        array = value.value
        value = self.spread(value, union_axes(array.axes, (loop.axis,)))
        held = self.fresh(f"{name}_all")
        self.emit(f"{held} = {value.code}", target=held)
        self.env[name] = Operand(held, self.array(value).with_(dims=array.dims, origins=frozenset()))
        if self.array(value).axes[-1] is not loop.axis or array.origins:
            raise Unsupported("a view, or an array along several loops")
        axes = self.array(value).axes[:-1]
        dims = (loop.trips, *array.dims)
        value = Operand(held, Array(array.dtype, array.rank + 1, axes, dims=dims))
        return TakenOut(value, loop.symbol.split("@")[0], loop.first, loop.step)

    def small_Assign(self, node: cst.Assign) -> bool:
        """In the loop, what was taken out is read from the array of all iterations."""
        if self.loops or id(node) not in self.taken_out:
            return super().small_Assign(node)
        held, name = self.taken_out[id(node)], _single_target(node)
        if held is None or name is None:
            return False
        self.assign_name(name, subscript(self, held.values, [self.iteration_index(held)]))
        return False

    def iteration_index(self, held: TakenOut) -> Operand:
        """The number of the iteration that is under way."""
        at = self.read(held.target)
        if held.first == Affine() and held.step == 1:
            return at
        start = self.print_affine(held.first)
        return self.binary("-", at, start) if held.step == 1 else self.binary("-", start, at)


def _is_heavy(node: cst.CSTNode) -> bool:
    """Whether an expression does more than a few additions."""
    operators = (part.operator for part in nodes_of(node) if isinstance(part, cst.BinaryOperation))
    return any(isinstance(part, HEAVY) for part in (*nodes_of(node), *operators))


def _single_target(small: cst.CSTNode) -> str | None:
    """The variable that an assignment sets."""
    if not isinstance(small, cst.Assign) or len(small.targets) != 1:
        return None
    target = small.targets[0].target
    return target.value if isinstance(target, cst.Name) else None

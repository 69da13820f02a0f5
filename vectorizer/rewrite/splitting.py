"""Loops that stay loops, of which the end does not feed back: what follows from a recurrence is done behind its loop.

The variables that the end of the body reads are kept for all iterations::

    states = []
    for t in range(n):
        v = v + a * (x[t] - v)
        states.append(v)
    v = np.array(states)
    ...  # what follows from `v`, for all iterations at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.collected import Collected
from vectorizer.rewrite.control_flow import has_jump
from vectorizer.rewrite.hoisting import _is_heavy
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.loop_syntax import exposed_names, occurrences, stored_subscripts, target_names
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of, statements_of
from vectorizer.rewrite.wavefronts import SEQUENTIAL
from vectorizer.values import Affine, Array, ListV, SeqV, StackedV, Unsupported, Value

# For larger batches, the operations of one iteration are long enough.
MOST_EXAMPLES = 1000


@dataclass
class Split:
    """A loop in two: what stands in front of the first part, the parts, and what stands between them."""

    before: list[cst.Assign]
    first: cst.For
    between: list[cst.Assign]
    second: cst.For


class Splitting(Collected):
    """Loops whose body falls into a recurrence and what follows from it."""

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        key = "split", self.node_site(node)
        if key not in self.plan.guarded:
            self.plan.guarded[key] = self.splits(node, it)
        for split in list(self.plan.guarded[key]):
            mark, pending = self.mark(), self.pending
            try:
                self.walk_split(split)
                self.plan.guarded[key] = [split]
                return False
            except Unsupported:
                self.rollback(mark)
                self.pending = pending
                self.plan.guarded[key].remove(split)
        return super().sequential_for(node, it)

    def walk_split(self, split: Split) -> None:
        """Both parts.  Raises Unsupported where the second does not become an axis."""
        for small in split.before:
            self.small(small)
        trips = self.extent(self.iteration(split.first.iter)).trips
        self.statement(split.first, ())
        for small in split.between:
            name = self.text(small.targets[0].target)
            self.check_kept(self.env[name].value)
            self.small(small)
            value = self.env[name].array
            self.env[name] = self.env[name].with_value(value.with_(dims=(trips,)))
        if not self.become_axis(split.second, self.iteration(split.second.iter)):
            raise Unsupported("the end of the loop does not become an axis")
        self.change("split", "the end of the loop follows from its recurrence: it is done behind the loop")

    @staticmethod
    def check_kept(value: Value) -> None:
        """What is kept for all iterations must be a number of one dtype, and none of Python's own."""
        item = value.item if isinstance(value, SeqV) else None
        if not isinstance(item, Array) or item.rank or item.dtype is None or item.weak or item.zero_d:
            raise Unsupported("a variable that is no number of a known dtype in each iteration")

    def splits(self, node: cst.For, it: Iteration) -> list[Split]:
        """The ways in which a loop falls into two parts, those with the shortest recurrence first."""
        body = statements_of(node.body)
        if self.plan.no_axes or self.loops or self.regions or self.masks or self.scopes or node.orelse is not None:
            return []
        examples = 1
        for axis in self.axes:
            examples *= (self.facts.samples or {}).get(f"size:{axis.name}", 1)
        plain = it.kind == "range" and isinstance(node.target, cst.Name) and len(it.bounds) < 3
        if not plain or len(body) < 2 or examples > MOST_EXAMPLES or has_jump(list(body), SEQUENTIAL):
            return []
        if target_names(node.target) & assigned_names(node.body) or names_read(node.iter) & assigned_names(node):
            return []
        trips = self.trips_of(it)
        if trips is None or not self.relies_on(trips - 1):
            return []
        found = (self.split(node, body[:k], body[k:]) for k in range(1, len(body)))
        return [split for split in found if split is not None]

    def split(self, node: cst.For, first: Sequence[Any], second: Sequence[Any]) -> Split | None:
        """The loop in two parts, if the second does not feed back into the first."""
        parts = [node.with_changes(body=cst.IndentedBlock(list(part))) for part in (first, second)]
        if not any(_is_heavy(small) for small in second) or not self._is_behind(node, *parts):
            return None
        target = node.target.value  # type: ignore[attr-defined]
        needed = sorted(self.and_flags(exposed_names(second, {target})) & assigned_names(parts[0].body))
        if any(self._is_list(name) for name in needed):
            return None
        lists = {name: self.fresh(f"{name}_all") for name in needed}
        start = node.iter.args[0].value if len(node.iter.args) > 1 else None  # type: ignore[attr-defined]
        at = cst.parse_expression(target if start is None else f"{target} - ({self.text(start)})")
        array = cst.parse_expression(self.np("array"))
        before, between, kept, taken = [], [], [], []
        for name, held in lists.items():
            before.append(_assign(held, cst.List([])))
            append = cst.Call(cst.Attribute(cst.Name(held), cst.Name("append")), [cst.Arg(cst.Name(name))])
            kept.append(cst.SimpleStatementLine([cst.Expr(append)]))
            between.append(_assign(held, cst.Call(array, [cst.Arg(cst.Name(held))])))
            item = cst.Subscript(cst.Name(held), [cst.SubscriptElement(cst.Index(at))])
            taken.append(cst.SimpleStatementLine([_assign(name, item)]))
        recurrence = node.with_changes(body=cst.IndentedBlock([*first, *kept]))
        self.plan.guarded["split", self.node_site(recurrence)] = []
        return Split(
            before,
            recurrence,
            between,
            cst.For(target=node.target, iter=node.iter, body=cst.IndentedBlock([*taken, *second])),
        )

    def _is_list(self, name: str) -> bool:
        held = self.env.get(name)
        return held is not None and isinstance(held.value, (ListV, SeqV, StackedV))

    # --- whether the second part may wait ----------------------------------------------------------------------------

    def _is_behind(self, node: cst.For, first: cst.For, second: cst.For) -> bool:
        """Whether nothing that the second part does is seen by the first, and nothing is changed before it looks."""
        if assigned_names(second.body) & (assigned_names(first.body) | names_read(first.body)):
            return False
        if self._may_change(first) or self._may_change(_without_appends(second)):
            return False
        appended = _appended(second)
        if appended & names_read(first.body) or not all(self._is_list(name) for name in appended):
            return False
        seen = occurrences(first.body)
        stored, kept = stored_subscripts(second.body), stored_subscripts(first.body)
        if stored.keys() & seen.keys() or self.sees_stores(second, set(seen)):
            return False
        others = names_read(second.body) - kept.keys()
        if self.sees_stores(first, others):
            return False
        return all(self._is_final(name, node, first, second) for name in kept if name in names_read(second.body))

    def _is_alone(self, name: str, stored: set[str]) -> bool:
        """Whether no other variable that is stored into may lead to the same memory."""
        if name not in self.env:
            return False
        own = self.origins_of(self.env[name].value)
        for other in stored - {name}:
            origins = self.origins_of(self.env[other].value) if other in self.env else None
            if own is None or origins is None or own & origins:
                return False
        return True

    def _is_final(self, name: str, node: cst.For, first: cst.For, second: cst.For) -> bool:
        """Whether elements that the second part reads are not stored into in later iterations."""
        if not self._is_alone(name, set(stored_subscripts(first.body))):
            return False
        parts = [list(nodes_of(loop.body)) for loop in (first, second)]
        if any(_occurrences(name, part) != len(_elements(name, part)) for part in parts):
            return False
        target = node.target.value  # type: ignore[attr-defined]
        stores = {_offset(element, target) for part in parts[0] for element in _targets(part, name)}
        reads = {_offset(element, target) for element in _elements(name, parts[1])}
        if len(stores) != 1 or None in stores | reads:
            return False
        offsets = sorted(k for k in stores | reads if k is not None)
        it = self.iteration(node.iter)
        start = it.bounds[0].array.affine if len(it.bounds) == 2 else Affine()
        return offsets[-1] in stores and start is not None and self.relies_on(start + offsets[0])


def _assign(name: str, value: cst.BaseExpression) -> cst.Assign:
    return cst.Assign([cst.AssignTarget(cst.Name(name))], value)


def _is_append(statement: Any) -> cst.Call | None:
    """The call of a statement ``out.append(e)``."""
    small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    call = small.value if isinstance(small, cst.Expr) else None
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return None
    return call if call.func.attr.value == "append" and isinstance(call.func.value, cst.Name) else None


def _appended(loop: cst.For) -> set[str]:
    """The lists that the statements of a loop append to."""
    calls = [_is_append(statement) for statement in statements_of(loop.body)]
    return {call.func.value.value for call in calls if call is not None}  # type: ignore[attr-defined]


def _without_appends(loop: cst.For) -> cst.For:
    """The loop with what is appended in the place of the calls that append it."""
    made = []
    for statement in statements_of(loop.body):
        call = _is_append(statement)
        made.append(statement if call is None else cst.SimpleStatementLine([cst.Expr(call.args[0].value)]))
    return loop.with_changes(body=cst.IndentedBlock(made))


def _elements(name: str, parts: Sequence[cst.CSTNode]) -> list[cst.Subscript]:
    """All ``name[...]``."""
    return [
        p for p in parts if isinstance(p, cst.Subscript) and isinstance(p.value, cst.Name) and p.value.value == name
    ]


def _occurrences(name: str, parts: Sequence[cst.CSTNode]) -> int:
    return sum(isinstance(part, cst.Name) and part.value == name for part in parts)


def _targets(node: cst.CSTNode, name: str) -> list[cst.Subscript]:
    """The elements of an array that a statement stores into."""
    if isinstance(node, cst.Assign):
        return _elements(name, [part for t in node.targets for part in nodes_of(t.target)])
    return _elements(name, [node.target]) if isinstance(node, cst.AugAssign) else []


def _offset(node: cst.Subscript, target: str) -> int | None:
    """`c` of ``a[t + c]`` and ``a[t + c, ...]``."""
    index = node.slice[0].slice
    value = index.value if isinstance(index, cst.Index) else None
    if isinstance(value, cst.Name):
        return 0 if value.value == target else None
    if not isinstance(value, cst.BinaryOperation) or not isinstance(value.operator, (cst.Add, cst.Subtract)):
        return None
    sign = 1 if isinstance(value.operator, cst.Add) else -1
    if isinstance(value.left, cst.Name) and value.left.value == target and isinstance(value.right, cst.Integer):
        return sign * int(value.right.value, 0)
    return None

"""Elements that stay the same through a loop: ``if d < best: best = d; label[i] = k`` in a loop over `k`.

Such an element is a variable of the loop like any other.  It is read in front of the loop and stored behind it, so that
what the loop does to it can be one of the recurrences that are known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.dependences import Access
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.loop_syntax import occurrences
from vectorizer.rewrite.loop_values import changes_dtype
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of
from vectorizer.rewrite.tables import Tables
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, Unsupported


@dataclass
class Element:
    """An element that a loop sets: the subscript, and the variable that stands for it."""

    subscript: cst.Subscript
    name: str

    def load(self) -> cst.Assign:
        return cst.Assign([cst.AssignTarget(cst.Name(self.name))], self.subscript)

    def store(self) -> cst.Assign:
        return cst.Assign([cst.AssignTarget(self.subscript)], cst.Name(self.name))


@dataclass
class Lifted:
    """A loop in which variables stand for elements."""

    node: cst.For
    elements: list[Element]
    loads: list[cst.Assign]
    stores: list[cst.Assign]


class Elements(Tables):
    """Loops that set an element of an array again and again."""

    lifted: tuple[Lifted, ...] = ()  # the loops that are being walked

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        try:
            if super().become_axis(node, it):
                return True
        except Unsupported:
            if not self.become_lifted(node, it):
                raise
            return True
        return self.become_lifted(node, it) or not self.loops and self.become_conditional(node, it)

    def become_conditional(self, node: cst.For, it: Iteration) -> bool:
        """Tries the same under ``if start < stop``, for a range that is empty in some iterations around it."""
        if not self.loop_frames or self.supposed or it.kind != "range" or self.regions or self.masks or self.scopes:
            return False
        trips = self.trips_of(it)
        if trips is None or len(it.bounds) > 2 or self.relies_on(trips - 1):
            return False
        mark, pending, reason = self.mark(), self.pending, self.plan.sequential.pop(self.node_site(node), "")
        out, self.out = self.out, []
        self.supposed = (trips - 1,)
        try:
            done = self.become_axis(node, it)
            made, env = self.out, self.env
            self.out, self.env = out, dict(mark.env)
            if done and not any(changes_dtype(o.value, env[n].value) for n, o in self.env.items() if n in env):
                otherwise: list[Stmt] = []
                self.env = self.join_paths(env, made, self.env, otherwise)
                start = it.bounds[0].code if len(it.bounds) == 2 else "0"
                self.emit(f"if {start} < {it.bounds[-1].code}:", body=made)
                if otherwise:
                    self.emit("else:", body=otherwise)
                return True
        except Unsupported:
            pass
        finally:
            self.out, self.supposed = out, ()
        self.rollback(mark)
        self.pending = pending
        self.plan.sequential[self.node_site(node)] = reason
        return False

    def trips_of(self, it: Iteration) -> Affine | None:
        """How often a loop runs, where that is known."""
        try:
            return self.extent(it).trips
        except Unsupported:
            return None

    def become_lifted(self, node: cst.For, it: Iteration) -> bool:
        """Tries the same with variables for elements."""
        key = "lifted", self.node_site(node)
        if key not in self.plan.guarded:
            self.plan.guarded[key] = self.lift(node)
        lifted = self.plan.guarded[key]
        if lifted is None or self.plan.no_axes:
            return False
        mark, pending = self.mark(), self.pending
        outer, self.lifted = self.lifted, (*self.lifted, lifted)
        try:
            self.check_iterated(node, it)
            for load in lifted.loads:
                self.small(load)
            if super().become_axis(lifted.node, it) and all(map(self._fits, lifted.elements)):
                for store in lifted.stores:
                    self.small(store)
                for element in lifted.elements:
                    self.env.pop(element.name, None)  # no other loop goes on with it
                return True
        except Unsupported:
            pass
        finally:
            self.lifted = outer
        self.rollback(mark)
        self.pending = pending
        self.plan.sequential.pop(self.node_site(lifted.node), None)  # it may do under a condition
        return False

    def _fits(self, element: Element) -> bool:
        """Whether the variable has stayed a number of the array's dtype, which a store would turn it into."""
        names = self.text(element.subscript.value), element.name
        if any(name not in self.env for name in names):
            return False  # the loop does not run
        array, value = (self.env[name].value for name in names)
        return isinstance(array, Array) and isinstance(value, Array) and not value.rank and value.dtype == array.dtype

    def lift(self, node: cst.For) -> Lifted | None:
        """The loop with variables for the elements that it sets, if there are any."""
        assigned = assigned_names(node)
        elements: dict[str, Element] = {}
        for part in nodes_of(node.body):
            if not isinstance(part, cst.Assign):
                continue
            for target in (t.target for t in part.targets):
                text = self.text(target)
                if text not in elements and self._stays(target, assigned):
                    assert isinstance(target, cst.Subscript)
                    names = [self.text(s) for s in target.slice if isinstance(s.slice, cst.Index)]
                    hint = "_".join([self.text(target.value), *(n.strip(" ,") for n in names)])
                    elements[text] = Element(target, self.fresh(hint if hint.isidentifier() else "element"))
        if not elements:
            return None
        made = node.visit(_Lifter(elements, self.text))
        assert isinstance(made, cst.For)
        found = list(elements.values())
        return Lifted(made, found, [e.load() for e in found], [e.store() for e in found])

    def _stays(self, target: cst.BaseExpression, assigned: set[str]) -> bool:
        """Whether a target is an element of an array, the same one in each iteration."""
        if not isinstance(target, cst.Subscript) or not isinstance(target.value, cst.Name):
            return False
        if names_read(target) & assigned or any(not isinstance(s.slice, cst.Index) for s in target.slice):
            return False
        held = self.env.get(target.value.value)
        return held is not None and isinstance(held.value, Array) and held.value.rank == len(target.slice)

    def check_memory(self, node: cst.For, loop: LoopAxis) -> None:
        """No other element that the loop reads or stores may be one of those for which a variable stands."""
        super().check_memory(node, loop)
        if not self.lifted or node is not self.lifted[-1].node:
            return
        for element in self.lifted[-1].elements:
            base = self.env[self.text(element.subscript.value)]
            index = self.placed(base, self.indices(element.subscript.slice))
            access = self.access_of(base, index, self.text(element.subscript))
            if access is None:
                continue
            access = replace(access, inner=(loop, *access.inner))
            self.check_whole_uses(node, loop, access)
            for other in loop.accesses:
                low, high = self.lags(loop, access, other)
                if access.origins & other.origins and (low is None or high is None or low <= high):
                    raise Unsupported(f"{other} may be {access}, which the loop sets")

    def check_whole_uses(self, node: cst.For, loop: LoopAxis, access: Access) -> None:
        """Nothing may look at the array of an element as a whole."""
        for name, places in occurrences(node.body).items():
            if name in places and name not in loop.assigned and name in self.env:
                origins = self.origins_of(self.env[name].value)
                if origins is None or origins & access.origins:
                    raise Unsupported(f"{name} is read where {access} is set")


class _Lifter(cst.CSTTransformer):
    """Puts variables in the place of elements."""

    def __init__(self, elements: dict[str, Element], text: object) -> None:
        super().__init__()
        self.elements = elements
        self.text = text

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        element = self.elements.get(self.text(original_node))  # type: ignore[operator]
        return cst.Name(element.name) if element is not None else updated_node

"""Loops over ranges whose ends are integers that are known only when the code runs: elements of an array, say.

Where such an integer is the same for all examples, subscripts like ``best[c - w]`` are slices as soon as it is known
that they stay within the array.  That is looked at in front of the loop::

    if 0 <= w <= capacity:
        best[:, w:] = np.maximum(best[:, w:], best[:, : capacity + 1 - w] + value)
    else:
        ...  # the loop
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import libcst as cst

from vectorizer.rewrite.control_flow import has_jump
from vectorizer.rewrite.iteration import INT, Iteration
from vectorizer.rewrite.loop_syntax import stored_subscripts
from vectorizer.rewrite.names import assigned_names, children_of, names_read
from vectorizer.rewrite.settled import Settled
from vectorizer.rewrite.updates import plain
from vectorizer.rewrite.wavefronts import SEQUENTIAL
from vectorizer.rules.plan import is_size
from vectorizer.source.operand import Operand
from vectorizer.values import MISSING, Affine, Array, Unsupported


@dataclass
class Measure:
    """A loop with names for the integers that its range is made of.

    loads: what gives them these names, where they have none.
    names: those that are not known before the code runs.
    """

    node: cst.For
    loads: list[cst.Assign]
    names: list[str]


class Measured(Settled):
    """Loops whose subscripts are slices if some integers are what they should be."""

    supposing: list[Affine] | None = None  # what is to be checked in front of the loop that is being walked
    measures: frozenset[str] = frozenset()  # symbols for the integers

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        if super().become_axis(node, it):
            return True
        if self.loops or self.regions or self.masks or self.scopes or self.is_rare or self.plan.no_axes:
            return False
        key = "measured", self.node_site(node)
        if key not in self.plan.guarded:
            self.plan.guarded[key] = self.measure(node, it)
        found = self.plan.guarded[key]
        return found is not None and self.become_measured(node, it, found)

    def measure(self, node: cst.For, it: Iteration) -> Measure | None:
        """The integers in the range of a loop that are not known; None where there are none, or other ones."""
        inner = it.parts[0] if it.kind == "reversed" else it
        if inner.kind != "range" or not isinstance(node.iter, cst.Call) or has_jump([node.body], SEQUENTIAL):
            return None
        if all(bound.array.affine is not None for bound in inner.bounds) or self._may_change(node):
            return None
        mark, assigned, stored = self.mark(), assigned_names(node), set(stored_subscripts(node.body))
        parts = [part for arg in node.iter.args for part in self.integers_in(arg.value)]
        self.rollback(mark)
        if not parts or any(names_read(part) & assigned for part in parts):
            return None
        if stored and self.sees_stores(node, set[str]().union(*map(names_read, parts))):
            return None
        texts: dict[str, str] = {}
        loads = []
        for part in parts:
            if isinstance(part, cst.Name):
                texts[part.value] = part.value
            elif plain(part) not in texts:
                hint = "_".join(word for word in plain(part).replace("]", "").replace("[", ", ").split(", ") if word)
                name = self.fresh(hint if hint.isidentifier() else "end")
                texts[plain(part)] = name
                loads.append(cst.Assign([cst.AssignTarget(cst.Name(name))], part))
                self.plan.reserved.add(name)
        made = node.visit(_Namer(texts))
        assert isinstance(made, cst.For)
        return Measure(made, loads, list(texts.values()))

    def integers_in(self, node: cst.BaseExpression) -> list[cst.BaseExpression]:
        """The variables and elements in an expression that are integers of which nothing is known."""
        if isinstance(node, (cst.Name, cst.Subscript)):
            value = self.expression(node).value
            if not isinstance(value, Array) or value.rank or value.axes or value.dtype != INT:
                return []
            unknown = value.affine is None and value.const is MISSING
            return [node] if unknown else []
        children = [child.value if isinstance(child, cst.Arg) else child for child in children_of(node)]
        return [part for c in children if isinstance(c, cst.BaseExpression) for part in self.integers_in(c)]

    def become_measured(self, node: cst.For, it: Iteration, found: Measure) -> bool:
        """The loop as an axis under a condition, and as a loop where that does not hold."""
        mark, pending, out = self.mark(), self.pending, self.out
        reason = self.plan.sequential.pop(self.node_site(found.node), None)
        supposed, measures = self.supposed, self.measures
        try:
            for load in found.loads:
                self.small(load)
            before = dict(self.env)
            for name in found.names:
                held = self.env[name]
                self.measures |= {f"{name}@run"}
                self.env[name] = held.with_value(held.array.with_(affine=Affine.of(f"{name}@run")))
            known = self.iteration(found.node.iter)
            trips = self.extent(known).trips
            self.supposing, self.supposed, self.out = [], (*supposed, trips - 1), []
            if super().become_axis(found.node, known):
                made, self.out = self.out, out
                test = self.test_of([trips - 1, *self.supposing], found.names)
                self.supposing = None
                self.env = {n: o for n, o in self.env.items() if not self.is_measured(o)} | {
                    name: before[name] for name in found.names
                }
                self.emit_either(test, made, found.node, before)
                return True
        except Unsupported:
            pass
        finally:
            self.supposing, self.supposed, self.measures, self.out = None, supposed, measures, out
        self.rollback(mark)
        self.pending = pending
        if reason is not None:
            self.plan.sequential[self.node_site(found.node)] = reason
        self.plan.guarded["measured", self.node_site(node)] = None
        return False

    def is_measured(self, operand: Operand) -> bool:
        """Whether a number follows from the integers, which have no names behind the loop."""
        affine = operand.value.affine if isinstance(operand.value, Array) else None
        return affine is not None and bool(self.measures & {symbol for symbol, _ in affine.terms})

    def needs(self, condition: Affine) -> bool:
        if super().needs(condition):
            return True
        if self.supposing is None or not self.measures & {symbol for symbol, _ in condition.terms}:
            return False
        self.supposing.append(condition)
        self.supposed = (*self.supposed, condition)
        return True

    def test_of(self, conditions: list[Affine], names: list[str]) -> str:
        """Code for conditions, each of which says that something is not negative."""
        kept = without_implied([reduced(c) for c in conditions])
        codes = []
        for name in names:
            symbol = f"{name}@run"
            low = [c for c in kept if c.coefficient(symbol) == 1]
            high = [c for c in kept if c.coefficient(symbol) == -1]
            kept = [c for c in kept if c not in low and c not in high]
            lower = [self.print_affine((c * -1).without(symbol)).code for c in low]
            upper = [self.print_affine(c.without(symbol)).code for c in high]
            if lower and upper:
                codes.append(f"{lower.pop(0)} <= {name} <= {upper.pop(0)}")
            codes += [f"{name} >= {code}" for code in lower] + [f"{name} <= {code}" for code in upper]
        codes += [f"{self.print_affine(c).code} >= 0" for c in kept]
        return " and ".join(codes)


def reduced(condition: Affine) -> Affine:
    """``2 * n + 1 >= 0`` says no more than ``n >= 0``."""
    factor = math.gcd(*(k for _, k in condition.terms))
    return (
        Affine(condition.const // factor, tuple((s, k // factor) for s, k in condition.terms)) if factor else condition
    )


def without_implied(conditions: list[Affine]) -> list[Affine]:
    """Conditions without those that follow from one of the others; lengths are not negative."""
    kept: list[Affine] = []
    for condition in conditions:
        if not any(is_never_negative(condition - other) for other in kept):
            kept = [other for other in kept if not is_never_negative(other - condition)] + [condition]
    return kept


def is_never_negative(value: Affine) -> bool:
    return value.const >= 0 and all(k > 0 and is_size(symbol) for symbol, k in value.terms)


class _Namer(cst.CSTTransformer):
    """Puts names in the place of expressions."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        name = self.names.get(plain(original_node))
        return updated_node if name is None else cst.Name(name)

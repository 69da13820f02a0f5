"""The order of elements in memory: arrays that loops go through element by element have the batch axis innermost.

In a loop that stays a loop, ``out[:, t]`` then is one piece of memory.  The layout that rules see does not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from vectorizer.rewrite.loops import Loops
from vectorizer.rewrite.names import children_of
from vectorizer.rules.context import PlanChange
from vectorizer.rules.subscripts import Index, consumed
from vectorizer.source.operand import Operand
from vectorizer.values import MISSING, Affine, Array, Value, sites


@dataclass
class Uses:
    """How loops that stay loops use an array: elements of it, something else, elements that they use again."""

    elements: int = 0
    others: int = 0
    again: int = 0


class MemoryOrder(Loops):
    """Notes how arrays are used, and decides on their order in memory."""

    uses: dict[object, Uses]
    steps: dict[int, list[int]]  # elements of an example that are read or made, by how many loops that is in
    spread_out: set[object]  # arguments with few components, of which loops that are axes make larger arrays

    def note_read(self, base: Operand, index: Sequence[Index], result: Operand, node: cst.Subscript) -> None:
        self.note_use(base, index)
        self.note_step(result.value)
        super().note_read(base, index, result, node)

    def note_store(self, base: Operand, index: Sequence[Index], symbol: str | None) -> None:
        self.note_use(base, index)
        super().note_store(base, index, symbol)

    def note_use(self, base: Operand, index: Sequence[Index]) -> None:
        """A part of `base` is read or stored into."""
        value = base.value
        if self.supposing is not None and isinstance(value, Array) and value.rank == 1 and base.is_name:
            alone = all(isinstance(i, Operand) and not i.array.axes for i in index)
            for site in sites(value.origins):  # slices of any length, one against the other, and numbers beside them
                uses = self.uses.setdefault(site, Uses())
                uses.elements += 1
                uses.again += alone
            return
        in_order = not self.loops or self.fronts and len(self.loops) == 1
        if not self.loop_frames or not in_order or self.is_rare or not isinstance(value, Array) or not value.rank:
            return
        numbers = [i for i in index if isinstance(i, Operand) and isinstance(i.value, Array)]
        axes = {loop.axis for loop in self.loops}
        plain = len(numbers) == len(index) and all(not i.array.rank and axes.issuperset(i.array.axes) for i in numbers)
        whole = plain and sum(map(consumed, index)) == value.rank and len(value.axes) == 1 and not self.lanes_depth
        moving = any(i.array.const is MISSING for i in numbers)
        known = all(i.array.affine is not None for i in numbers)
        symbols = {
            s for i in numbers if i.array.affine is not None for s, _ in i.array.affine.terms if s in self.ranges
        }
        for site in sites(value.origins):
            uses = self.uses.setdefault(site, Uses())
            uses.elements += whole and moving and base.is_name
            uses.others += not whole or not base.is_name
            uses.again += whole and moving and known and len(symbols) < len(self.loop_frames)

    def note_whole(self, node: cst.CSTNode) -> None:
        """The body of a loop that stays one names arrays as a whole."""
        self.items_open += 1
        for name in sorted(whole_names(node) & self.env.keys()):
            self.note_step(self.env[name].value)
        self.items_open -= 1

    def note_step(self, value: Value) -> None:
        """A loop that stays one reads or gives, for all examples, something of which `value` is known."""
        depth = len(self.loop_frames) + self.items_open
        if not depth or self.is_rare or not isinstance(value, Array) or not value.axes:
            return
        samples = self.halfway()
        trips = {loop.axis: loop.trips for loop in self.loops}
        lengths = [*(trips.get(axis, Affine(1)) for axis in value.axes), *value.dims]
        count = math.prod(max(1, (n.evaluate(samples) if n is not None else None) or 1) for n in lengths)
        self.steps.setdefault(depth, []).append(count)

    def halfway(self) -> dict[str, int]:
        """Lengths and integers of this call; the targets of loops are half-way."""
        samples = dict(self.facts.samples or {})
        for symbol, (first, last, _) in self.ranges.items():
            ends = first.evaluate(samples), last.evaluate(samples)
            if ends[0] is not None and ends[1] is not None:
                samples[symbol] = (ends[0] + ends[1]) // 2
        return samples

    def elements_per_step(self) -> int:
        """How many elements of an example an operation handles, on an average: of the loops where these are fewest."""
        return min((sum(counts) // len(counts) for counts in self.steps.values()), default=0)

    def note_spread(self, value: Array) -> None:
        """Points in space, say, all of them with all others: each component by itself makes long inner loops."""
        if self.loops and value.rank and self.has_few(value.dims[-1]):
            self.spread_out |= {s for s in sites(value.origins) if isinstance(s, tuple) and s[0] == "argument"}

    def function_node(self) -> cst.FunctionDef:
        """The function that is rewritten."""
        raise NotImplementedError

    def choose_order(self) -> None:
        """Starts the walk again where arrays that are used element by element should have another order."""
        if self.plan.ordered:
            self.settle_tables()
            return
        whole = whole_names(self.function_node().body)
        named = {site for name, operand in self.env.items() if name in whole for site in self._sites(operand)}
        for site, uses in self.uses.items():
            if not uses.elements or uses.others or site in named:
                continue
            is_argument = isinstance(site, tuple)
            if not is_argument or uses.again and site[0] == "argument" and site not in self.plan.stored:  # type: ignore[index]
                self.plan.batch_last.add(site)
        if self.shared.backend is None:
            self.plan.components |= self.spread_out - self.plan.batch_last - self.plan.stored
        if self.plan.batch_last or self.plan.components:
            self.plan.ordered = True
            raise PlanChange
        self.settle_tables()

    @staticmethod
    def _sites(operand: Operand) -> frozenset[object]:
        return sites(operand.value.origins) if isinstance(operand.value, Array) else frozenset()


def whole_names(node: cst.CSTNode) -> set[str]:
    """Names of which more is used than elements and lengths, other than where they are returned."""
    if isinstance(node, cst.Return):
        return set()
    if isinstance(node, cst.Name):
        return {node.value}
    if isinstance(node, cst.Attribute):
        is_length = isinstance(node.value, cst.Name) and node.attr.value in ("shape", "ndim", "size", "dtype")
        return set() if is_length else whole_names(node.value)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "len":
        return set()
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name):
        return set[str]().union(*(whole_names(part) for part in node.slice))
    if isinstance(node, cst.Assign):
        targets = [t.target for t in node.targets if not isinstance(t.target, cst.Name)]
        return set[str]().union(whole_names(node.value), *(whole_names(t) for t in targets))
    return set[str]().union(*(whole_names(child) for child in children_of(node)))

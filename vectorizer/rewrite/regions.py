"""Branches that run for their own examples only: regions.

What a region computes is held for its examples; behind it, the results are scattered into arrays for all examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import ends
from vectorizer.rewrite.names import statements_of
from vectorizer.rewrite.recursion import Endless
from vectorizer.rewrite.statements import assigned_names
from vectorizer.rewrite.trying import Trying
from vectorizer.rewrite.walk import ActiveRegion, copies
from vectorizer.rules.context import PlanChange
from vectorizer.rules.indexing import Parts
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    Affine,
    Array,
    Axes,
    ListV,
    Obj,
    TupleV,
    Unsupported,
    Value,
    join,
    union_axes,
)


@dataclass
class ReturnFrame:
    """Where a `return` inside a converted branch leaves its value."""

    result: Operand | None = None


@dataclass
class RegionMerge:
    """What the two sides of an `if` leave behind.

    names: variables that a side may set.
    before: all variables in front of the `if`.
    axes: those of the condition, which the merged arrays get.
    both: whether both sides have statements, so that a variable may be set on both of them.
    merged: the arrays for all examples, by variable.
    sides: for each side that was walked the variables that it sets; None where control does not get behind it.
    """

    names: list[str]
    before: dict[str, Operand]
    axes: Axes
    both: bool
    merged: dict[str, Operand] = field(default_factory=dict)
    sides: list[set[str] | None] = field(default_factory=list)

    def is_set(self, name: str) -> bool:
        """Whether all examples that get behind the `if` have set a variable."""
        return name in self.before or all(side is None or name in side for side in self.sides)


class Regions(Trying):
    """Both sides of an `if`, each run for the examples that take it."""

    frames: list[ReturnFrame]
    masks: list[Operand]
    yet_empty: dict[str, tuple[Stmt, str]]  # arrays that are being filled: what makes them, and their shape

    def by_region(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None) -> None:
        """Runs each branch for its own examples and merges what they set, or what they return."""
        if frame is not None:
            frame.result = self.returning_regions(test, body, orelse)
            return
        names = sorted(set[str]().union(*(assigned_names(s) for s in [*body, *orelse])))
        before = {name: operand for name, operand in self.env.items() if name not in self.maybe_unset}
        merge = RegionMerge(names, before, self.array(test).axes, bool(body) and bool(orelse))
        endless: list[Endless] = []
        for mask, statements, label in self.sides(test, body, orelse):
            mark = self.mark()
            try:
                if statements:
                    self.region_side(mask, statements, label, merge)
            except Endless as error:  # nothing is known of what this branch sets
                self.rollback(mark)
                endless.append(error)
        if endless and (len(endless) == 2 or not (body and orelse)):
            raise endless[0]
        self.bind_merged(merge)

    def sides(
        self, test: Operand, body: Sequence[Any], orelse: Sequence[Any]
    ) -> tuple[tuple[Operand, Sequence[Any], str], ...]:
        """Condition, statements and label of both branches."""
        inverse = Operand(f"~{test.at(UNARY)}", test.value, UNARY)
        return (test, body, "taken"), (inverse, orelse, "rest")

    @contextmanager
    def apart(self, label: str, frame: ReturnFrame) -> Iterator[dict[str, Operand]]:
        """Names of its own for one branch; afterwards the variables are what they were, which is what it gives."""
        saved, masks, unset = dict(self.env), self.masks, set(self.maybe_unset)
        self.scopes.append({"": label})
        self.frames.append(frame)
        self.masks = []  # the region stands for them
        try:
            yield saved
            saved |= {n: self.env[n] for n in self.keep_changed(saved, self.env)}
        finally:
            self.frames.pop()
            self.masks = masks
            self.scopes.pop()
            self.env, self.maybe_unset = saved, unset

    # --- variables ---------------------------------------------------------------------------------------------------

    def region_side(self, mask: Operand, statements: Sequence[Any], label: str, merge: RegionMerge) -> None:
        """One branch, run for its own examples, its variables scattered into arrays for all."""
        mask = self.temp(mask, label)
        with self.if_any(mask):
            with self.apart(label, ReturnFrame()) as saved, self.region(mask, label) as region:
                ended = self.block(statements)
                if ended and not self.jumped():
                    raise Unsupported("a branch that ends the block")
                unset = self.maybe_unset - merge.before.keys()  # by a loop that may have no iteration
                names = [n for n in merge.names if n in self.env and n not in unset]
                changed = {n: self.env[n] for n in names if self.env[n] is not saved.get(n)}
                values = {n: self.restricted(n, o) for n, o in changed.items()}
            merge.sides.append(None if ended and ends(statements) else set(values))
            for name, operand in values.items():
                if name in merge.merged or name in merge.before or merge.both:
                    self.scatter(name, operand, region, merge)

    def bind_merged(self, merge: RegionMerge) -> None:
        """Gives the variables that the branches set their merged values; what is set on one side only is not set."""
        for name in merge.names:
            held = merge.merged.get(name)
            if held is not None and not merge.is_set(name):
                self.give_up(name)
            elif held is not None:
                target = self.target_name(name)
                if held.code != target:
                    self.emit(f"{target} = {held.code}", target=target)
                self.bind(name, Operand(target, held.value))
            elif name in merge.before:
                self.env[name] = merge.before[name]
            else:
                self.give_up(name)

    def scatter(self, name: str, operand: Operand, region: ActiveRegion, merge: RegionMerge) -> None:
        """Puts the value that a variable has in a region into the array for all examples."""
        value = self.leaf(operand)
        held = merge.merged.get(name)
        flags = self.scatter_flag(name, value, held, region, merge) if isinstance(value.const, bool) else None
        if flags is not None:
            merge.merged[name] = flags
            return
        if held is None:
            with self.ahead():
                held = merge.merged[name] = self.holder(name, value, region, merge)
        current = self.leaf(held)
        self.check_mixed(current, value)
        joined = self.join_elements(current, value)
        self.widen(held, current, joined)
        self.emit(f"{held.code}[{region.mask}] = {self.expand(operand, (region.axis,), value.rank).code}")
        origins = copies(current.origins | value.origins) if value.rank else frozenset()
        merge.merged[name] = Operand(held.code, joined.with_(axes=current.axes, dims=joined.dims, origins=origins))

    def scatter_flag(
        self, name: str, value: Array, held: Operand | None, region: ActiveRegion, merge: RegionMerge
    ) -> Operand | None:
        """A boolean that is known in a region, merged with what it is elsewhere; None where that is not a boolean."""
        old = held if held is not None else merge.before.get(name)
        if value.kind != "b" or old is None or not isinstance(old.value, Array) or old.value.kind != "b":
            return None
        mask = Operand(region.mask, Array(value.dtype, 0, region.replaced))
        old = old if held is not None else self.restricted(name, old)
        if self.array(old).rank or not set(self.array(old).axes) <= set(region.replaced):
            return None
        with self.ahead():
            return self.temp(self.merge_flags(mask, Operand(str(value.const), value), old), name)

    def join_elements(self, first: Array, second: Array) -> Array:
        """What two arrays have in common as far as one example sees them."""
        dims = second.dims
        if first.rank == second.rank:
            self.check_lengths(first, second)
            dims = first.dims
        joined = join(first.with_(axes=(), dims=first.dims), second.with_(axes=(), dims=dims))
        assert isinstance(joined, Array)
        return joined

    def leaf(self, operand: Operand) -> Array:
        """The value of a variable that is merged, which must be a number or an array."""
        if not isinstance(operand.value, Array):
            raise Unsupported("a container is set under a condition")
        return operand.value

    def widen(self, held: Operand, current: Array, joined: Array) -> None:
        """Makes room for values of another dtype in an array that is being filled."""
        if joined.dtype == current.dtype:
            return
        if joined.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        if held.code in self.yet_empty:  # to cast what has not been filled yet could warn
            made, shape = self.yet_empty[held.code]
            made.text = self.empty_text(held.code, shape, joined.dtype)
            return
        with self.ahead():
            self.emit(f"{held.code} = {held.code}.astype({self.dtype_code(joined.dtype)})")

    # --- arrays for all examples -------------------------------------------------------------------------------------

    def holder(self, name: str, value: Array, region: ActiveRegion, merge: RegionMerge) -> Operand:
        """An array for all examples, filled with the old values where there are some."""
        old = merge.before.get(name)
        if old is not None:
            old = self.restricted(name, old)
            self.may_be_none(name, old.value, value)
        if any(axis != region.axis for axis in value.axes):
            raise Unsupported("a value with axes of its own is set under a condition")
        target = self.target_name(name)
        if old is not None and old.mentions(target):  # the other branch still reads what the variable was
            target = self.fresh(name)
        if old is None:
            return self.empty(target, value, merge.axes)
        if isinstance(old.value, Array):
            return self.copied_holder(target, value, old, merge.axes)
        if isinstance(old.value, Obj):
            raise Unsupported("None for some examples and a number for others")
        raise Unsupported("a container is set under a condition")

    def copied_holder(self, target: str, value: Array, old: Operand, axes: Axes) -> Operand:
        """An array for all examples with the values that a variable had so far."""
        current = self.array(old)
        self.check_mixed(current, value)
        joined = self.join_elements(current, value)
        if joined.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        if current.rank:
            self.freeze(current.with_(origins=copies(current.origins), dims=current.dims))
        full = self.spread(old, union_axes(current.axes, axes))
        dtype = joined.dtype if current.dtype != joined.dtype else None
        self.emit(f"{target} = {self.private_copy(full, dtype)}", target=target)
        origins = copies(current.origins | value.origins) if value.rank else frozenset()
        return Operand(target, joined.with_(axes=self.array(full).axes, dims=joined.dims, origins=origins))

    def private_copy(self, full: Operand, dtype: np.dtype[Any] | None) -> str:
        """Code for an array that may be stored into: as `dtype` where one is given, a copy unless it is new anyway."""
        if dtype is not None:
            return f"{full.primary}.astype({self.dtype_code(dtype)})"
        if full.fresh and full.code.startswith(self.np("")) and "broadcast_to" not in full.code:
            return full.code
        return f"{full.primary}.copy()"

    def empty(self, target: str, value: Array, axes: Axes, source: str | None = None) -> Operand:
        """An array for all examples that is yet to be filled; `source` has its lengths where they are not known."""
        if value.dtype is None:
            raise Unsupported("a value of unknown dtype is set under a condition")
        dims = []
        for k, dim in enumerate(value.dims):
            dims.append(self.length_code(dim, f"{source}.shape[{k - value.rank}]" if source is not None else None))
        shape = self.shape_code(axes, dims)
        self.yet_empty[target] = self.emit(self.empty_text(target, shape, value.dtype), target=target), shape
        return Operand(target, value.with_(axes=axes, dims=value.dims))

    def empty_text(self, target: str, shape: str, dtype: np.dtype[Any]) -> str:
        return f"{target} = {call(self.np('empty'), shape, *([] if dtype == np.float64 else [self.dtype_code(dtype)]))}"

    def length_code(self, dim: Affine | None, otherwise: str | None) -> str:
        """Code for a length, `otherwise` where there is none."""
        if dim is None:
            if otherwise is None:
                raise Unsupported("an array of unknown shape is set under a condition")
            return otherwise
        try:
            return self.print_affine(dim).code
        except Unsupported:
            if otherwise is None:
                raise
            return otherwise

    # --- regions that return -----------------------------------------------------------------------------------------

    def returning_regions(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any]) -> Operand | None:
        """The results of two branches that both return."""
        axes = self.array(test).axes
        result: Operand | None = None
        endless: list[Endless] = []
        for mask, statements, label in self.sides(test, body, orelse):
            mark = self.mark()
            try:
                result = self.returning_side(self.temp(mask, label), statements, label, result, axes)
            except Endless as error:  # what a function returns that calls itself is what its other branches do
                self.rollback(mark)
                endless.append(error)
        if len(endless) == 2:
            raise endless[0]
        return result

    def function_node(self) -> cst.FunctionDef:
        raise NotImplementedError

    def nothing_returned(self) -> Exception:
        """What to raise where some examples return a value and control leaves the function at its end for others.

        At first that is taken for a mistake, and the walk starts again with an exception at the end of the function.
        """
        body = statements_of(self.function_node().body)
        if self.plan.at_end is not None or ends(body):
            return Unsupported("some examples return a value and others do not")
        self.plan.at_end = cst.parse_statement('raise TypeError("some examples return nothing")')
        return PlanChange()

    def returning_side(
        self, mask: Operand, statements: Sequence[Any], label: str, result: Operand | None, axes: Axes
    ) -> Operand:
        """One branch that returns, its result scattered into `result`, the array for all examples."""
        inner = ReturnFrame()
        with self.if_any(mask), self.apart(label, inner), self.region(mask, label) as region:
            self.block(statements)
            if inner.result is None:
                raise self.nothing_returned()
            return self.scatter_result(result, inner.result, region, axes)

    def scatter_result(self, held: Operand | None, result: Operand, region: ActiveRegion, axes: Axes) -> Operand:
        """Puts the results of a region into arrays for all examples."""
        value = result.value
        if isinstance(value, (TupleV, ListV)):
            return self.scatter_results(held, result, value, region, axes)
        if isinstance(value, Obj) and value.value is None and (held is None or isinstance(held.value, Obj)):
            return result
        result = self.as_array(result)
        array = self.array(result)
        if held is None:
            if array.rank:
                result = self.temp(result, "part")
            held = self.result_holder(result, array, axes)
        current = self.leaf(held)
        joined = self.join_elements(current, array)
        if joined.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        self.widen(held, current, joined)
        if any(axis != region.axis for axis in array.axes):
            raise Unsupported("a value with axes of its own is returned under a condition")
        self.emit(f"{held.code}[{region.mask}] = {self.expand(result, (region.axis,), array.rank).code}")
        return Operand(held.code, joined.with_(axes=axes, dims=joined.dims))

    def scatter_results(
        self, held: Operand | None, result: Operand, value: TupleV | ListV, region: ActiveRegion, axes: Axes
    ) -> Operand:
        """Puts the items of a tuple or list that a region returns into one array each."""
        parts = self.items(result)
        olds = self.items(held) if held is not None else [None] * len(parts)
        if len(olds) != len(parts):
            raise Unsupported("results of different lengths")
        made = [self.scatter_result(o, p, region, axes) for o, p in zip(olds, parts, strict=True)]
        values = tuple(m.value for m in made)
        kind: Value = TupleV(values, value.type_) if isinstance(value, TupleV) else ListV(values, value.site)
        return Operand(container_code(made, value), kind, node=Parts(made))

    def result_holder(self, result: Operand, array: Array, axes: Axes) -> Operand:
        """An array for the results of all examples, made as seen from outside of the region."""
        regions, self.regions = self.regions, self.regions[:-1]
        try:
            moves = bool(self.in_front) and self.helper_calls > self.in_front[-1][1]  # in front of the result itself
            source = result.code if array.rank and not moves else None
            with self.ahead():
                return self.empty(self.fresh("result"), array, axes, source)
        finally:
            self.regions = regions


def container_code(parts: Sequence[Operand], value: TupleV | ListV) -> str:
    """Code for a tuple or a list (as `value` is one) of parts."""
    codes = ", ".join(p.code for p in parts)
    return f"({codes},)" if isinstance(value, TupleV) else f"[{codes}]"

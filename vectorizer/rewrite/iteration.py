"""What a `for` iterates over: read off its expression, spelled as a loop's header, measured as an axis."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.chosen import Chosen
from vectorizer.rewrite.loop_values import forget_constants
from vectorizer.rewrite.statements import assigned_names, names_read
from vectorizer.source.operand import DictView, Operand, call
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    DictV,
    ListV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    derived,
    join,
    number,
    sites,
)

INT = np.dtype(np.int64)


@dataclass
class Iteration:
    """What a `for` iterates over.

    kind: "range", "array", "items", "sequence", "enumerate", "zip" or "reversed".
    text: how the builtin is spelled.
    """

    kind: str
    operand: Operand | None = None
    bounds: tuple[Operand, ...] = ()
    parts: tuple[Iteration, ...] = ()
    start: Operand | None = None
    text: str = ""

    @property
    def items(self) -> tuple[Value, ...]:
        """The values of what is known one by one."""
        assert self.operand is not None and isinstance(self.operand.value, (TupleV, ListV))
        return self.operand.value.items


@dataclass
class Extent:
    """How often a loop runs (and code for that), and the first value, last value and step of what counts it."""

    trips: Affine
    first: Affine
    last: Affine
    step: int
    length: Callable[[], str]


class Iterations(Chosen):
    """Understanding what is iterated over."""

    # --- reading -----------------------------------------------------------------------------------------------------

    def iteration(self, node: cst.BaseExpression) -> Iteration:
        """What an expression behind `in` iterates over."""
        if isinstance(node, cst.Call) and isinstance(node.func, (cst.Name, cst.Attribute)):
            function = self.expression(node.func) if self.is_global(node.func) else None
            target = function.value.value if function is not None and isinstance(function.value, Obj) else None
            if target is itertools.pairwise and len(node.args) == 1:
                base = node.args[0].value
                return self._builtin_iteration(
                    zip, node.with_changes(args=[cst.Arg(base), cst.Arg(behind(base))]), "zip"
                )
            if target in (range, enumerate, zip, reversed) and function is not None:
                return self._builtin_iteration(target, node, function.code)
        return self.plain_iteration(self.expression(node))

    def is_global(self, node: cst.BaseExpression) -> bool:
        """Whether a function that is called has a name of its own, or is one of a module's."""
        if isinstance(node, cst.Name):
            return True
        return isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name) and node.value.value not in self.env

    def _builtin_iteration(self, target: Any, node: cst.Call, code: str) -> Iteration:
        if target is range:
            return self._range_iteration(node, code)
        plain = [a for a in node.args if a.keyword is None and not a.star]
        if target is enumerate:
            keyword = next((a.value for a in node.args if a.keyword is not None), None)
            start = plain[1].value if len(plain) > 1 else keyword
            first = self.expression(start) if start is not None else None
            return Iteration("enumerate", parts=(self.iteration(plain[0].value),), start=first, text=code)
        if len(plain) != len(node.args):
            raise Unsupported("zip in a form that has no rule")
        if target is zip:
            plain = [*shortened(plain)]
            return Iteration("zip", parts=tuple(self.iteration(a.value) for a in plain), text=code)
        return Iteration("reversed", parts=(self.iteration(plain[0].value),), text=code)

    def _range_iteration(self, node: cst.Call, code: str) -> Iteration:
        args, keywords = self.arguments(node)
        if keywords or not 1 <= len(args) <= 3:
            raise Unsupported("range in a form that has no rule")
        for arg in args:
            if not isinstance(arg.value, Array) or arg.value.rank:
                raise Unsupported("a range whose ends are not numbers")
            if arg.value.axes:
                raise Unsupported("a range whose ends differ between the examples")
        return Iteration("range", bounds=tuple(args), text=code)

    def plain_iteration(self, operand: Operand) -> Iteration:
        """Iterating over a value itself."""
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            return Iteration("items", operand)
        if isinstance(value, DictV):
            keys = tuple(Obj(k) if not isinstance(k, (int, float)) else number(k) for k, _ in value.items)
            return Iteration("items", Operand(operand.code, TupleV(keys), operand.level, node=DictView()))
        if isinstance(value, SeqV):
            return Iteration("sequence", operand)
        if isinstance(value, (Array, StackedV)):
            if not self.array(operand).rank:
                raise Unsupported("a number is iterated over")
            return Iteration("array", operand)
        raise Unsupported("something unknown is iterated over")

    # --- the header of a loop that stays a loop ----------------------------------------------------------------------

    def header(self, it: Iteration) -> tuple[str, Value]:
        """Code for what a loop that stays a loop iterates over, and the value of its target."""
        if it.kind == "range":
            return call(it.text, *(b.code for b in it.bounds)), Array(INT, 0, weak=True)
        if it.kind == "enumerate":
            code, item = self.header(it.parts[0])
            start = [it.start.code] if it.start is not None else []
            return call(it.text, code, *start), TupleV((Array(INT, 0, weak=True), item))
        if it.kind == "zip":
            made = [self.header(p) for p in it.parts]
            return call(it.text, *(code for code, _ in made)), TupleV(tuple(item for _, item in made))
        if it.kind == "reversed":
            code, item = self.header(it.parts[0])
            return call(it.text, code), item
        assert it.operand is not None
        if it.kind == "array":
            return self._array_header(it.operand)
        if it.kind == "sequence":
            assert isinstance(it.operand.value, SeqV)
            return it.operand.code, it.operand.value.item
        return it.operand.code, self._common_item(it.items)

    def _common_item(self, items: tuple[Value, ...]) -> Value:
        """One value for all the items of a list, which must vary alike."""
        if not items:
            return Obj(None)
        merged = items[0]
        for item in items[1:]:
            merged = join(merged, item)
        if not all(self.same_layout(item, merged) for item in items):
            raise Unsupported("the items of a list vary differently")
        return forget_constants(merged)

    def _array_header(self, operand: Operand) -> tuple[str, Value]:
        """The rows of an array, its batch axes moved behind the one that is iterated over.

        What one example reads from an array is a number of its own; the batch's is a view, which must not change.
        """
        array = self.array(operand)
        weak = isinstance(operand.value, StackedV) and operand.value.weak and array.rank == 1
        item = array.with_(rank=array.rank - 1, dims=array.dims[1:], weak=weak, zero_d=False)
        sources = {o[1] if isinstance(o, tuple) and o[0] == "copy" else o for o in sites(array.origins)}
        copied = any(isinstance(o, tuple) and o[0] == "copy" for o in array.origins)
        if array.axes and (array.rank == 1 or copied) and sources:
            if sources & self.plan.stored:
                raise Unsupported("an array is changed while it is iterated over")
            self.viewed |= sources
        lead = len(array.axes)
        if not lead:
            return operand.code, item
        if lead == 1 and array.rank == 1:
            return f"{operand.primary}.T", item
        return call(self.np("moveaxis"), operand.code, str(lead), "0"), item

    # --- measuring ---------------------------------------------------------------------------------------------------

    def extent(self, it: Iteration) -> Extent:
        """How often a loop over `it` runs."""
        if it.kind == "range":
            return self._range_extent(it)
        if it.kind == "reversed" and it.parts[0].kind == "range":
            plain = self.extent(it.parts[0])
            return Extent(plain.trips, plain.last, plain.first, -plain.step, plain.length)
        if it.kind in ("enumerate", "reversed"):
            inner = self.extent(it.parts[0])
            return Extent(inner.trips, Affine(), inner.trips - 1, 1, inner.length)
        if it.kind == "zip":
            extents = [self.extent(p) for p in it.parts]
            if not extents or any(not self.equal(e.trips, extents[0].trips) for e in extents[1:]):
                raise Unsupported("what is zipped is not known to have one length")
            return extents[0]
        if it.kind == "array":
            assert it.operand is not None
            return self._array_extent(it.operand)
        raise Unsupported("the items of a list are handled one by one")

    def _array_extent(self, operand: Operand) -> Extent:
        array = self.array(operand)
        dim = array.dims[0]
        if dim is None:
            raise Unsupported("an array of unknown length is iterated over")

        def length() -> str:
            try:
                return self.print_affine(dim).code
            except Unsupported:
                return f"{operand.primary}.shape[{len(array.axes)}]"

        return Extent(dim, Affine(), dim - 1, 1, length)

    def _range_extent(self, it: Iteration) -> Extent:
        bounds = [b.array.affine for b in it.bounds]
        if any(b is None for b in bounds):
            raise Unsupported("a range whose ends are not known")
        start, stop = (Affine(), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        assert start is not None and stop is not None
        step = self.pin_int(it.bounds[2], "a step") if len(bounds) == 3 else 1
        if step == 0:
            raise Unsupported("a step of zero")
        trips = _range_trips(start, stop, step)
        by_length = abs(step) != 1 and not trips.is_const

        def length() -> str:
            if by_length:
                return f"len({call(it.text, *(b.code for b in it.bounds))})"
            return self.print_affine(trips).code

        return Extent(trips, start, start + (trips - 1) * step, step, length)

    def pinned_iteration(self, it: Iteration, node: cst.For) -> Iteration:
        """What a loop iterates over, under names of its own where the loop assigns the variables that it names."""
        if not names_read(node.iter) & assigned_names(node):
            return it

        def pin(part: Iteration) -> Iteration:
            operand = part.operand
            if operand is not None and isinstance(operand.value, (Array, StackedV)):
                operand = self.pinned_temp(operand, "items")
            bounds = tuple(b if b.array.const is not MISSING else self.pinned_temp(b, "end") for b in part.bounds)
            return replace(part, operand=operand, bounds=bounds, parts=tuple(pin(p) for p in part.parts))

        return pin(it)

    def skips(self, it: Iteration) -> bool:
        """Whether a loop has no iteration at this call, which is guarded: nothing of it is emitted."""
        try:
            trips = self.extent(it).trips
        except Unsupported:
            return False
        return not trips.is_const and self.facts.samples is not None and self.relies_on(trips * -1)

    def surely_runs(self, it: Iteration) -> bool:
        """Whether a loop has an iteration, which is then guarded."""
        try:
            trips = self.extent(it).trips
        except Unsupported:
            return False
        return self.relies_on(trips - 1)

    def never_runs(self, it: Iteration) -> bool:
        """Whether a loop has no iteration at this call; that it has some is guarded, where it is known."""
        try:
            trips = self.extent(it).trips
        except Unsupported:
            return False
        samples = self.facts.samples
        if samples is None or trips.evaluate(samples) is None:
            return False
        return not self.relies_on(trips - 1)


def behind(base: cst.BaseExpression) -> cst.BaseExpression:
    """``base[1:]``."""
    return cst.Subscript(base, [cst.SubscriptElement(cst.Slice(cst.Integer("1"), None))])


def shortened(args: list[cst.Arg]) -> list[cst.Arg]:
    """``zip(x, x[k:])`` ends with the shorter of the two: it is ``zip(x[:-k], x[k:])``."""
    if len(args) != 2 or not isinstance(args[0].value, cst.Name) or not isinstance(args[1].value, cst.Subscript):
        return args
    first, second = args[0].value, args[1].value
    part = second.slice[0].slice if len(second.slice) == 1 else None
    if not isinstance(part, cst.Slice) or part.upper is not None or part.step is not None:
        return args
    same = isinstance(second.value, cst.Name) and second.value.value == first.value
    if not same or not isinstance(part.lower, cst.Integer) or part.lower.evaluated_value == 0:
        return args
    upper = cst.UnaryOperation(cst.Minus(), part.lower)
    return [cst.Arg(cst.Subscript(first, [cst.SubscriptElement(cst.Slice(None, upper))])), args[1]]


def _range_trips(start: Affine, stop: Affine, step: int) -> Affine:
    """The length of a range, negative where it is empty."""
    distance = stop - start if step > 0 else start - stop
    size = abs(step)
    if size == 1:
        return distance
    if distance.is_const:
        return Affine(-(-distance.const // size))
    return derived("ceil", lambda n, s: -(-n // s), distance, Affine(size))

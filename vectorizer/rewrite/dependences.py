"""Dependences between the iterations of a loop that becomes an axis: who stores where another iteration looks.

While the body is walked, every access to an element is noted with its subscripts, as far as they are affine.  When the
loop is closed, two accesses to one buffer conflict if they may meet in different iterations and the batch, which does
one statement after the other for all iterations, would not do them in the order of the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from vectorizer.rewrite.matmul_sums import Contractions
from vectorizer.rules.subscripts import Index, Slice, expand_index, slice_end
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array, DictV, ListV, NestedV, Obj, SeqV, StackedV, TupleV, Unsupported, Value

Span = tuple[Affine, Affine] | None  # first and last element, both included; None where that is not known
Interval = tuple[int | None, int | None]
ADDED = {"+": "+", "-": "+", "*": "*"}  # additions and subtractions may change places


@dataclass
class Access:
    """An element, or a part of an array, that one iteration reads or stores.

    base: the array as the emitted code names it.
    spans: the elements along each dimension.
    stores: whether it is stored into; added: the kind of operation, for ``a[i] += e``.
    at_once: it is read where it stands; a view may be read later.
    inner: symbols of the loops that were open.
    """

    base: str
    origins: frozenset[object]
    spans: tuple[Span, ...]
    text: str
    line: int
    order: int = 0
    stores: bool = False
    added: str = ""
    at_once: bool = True
    inner: tuple[Any, ...] = ()
    single: bool = field(default=True)  # every subscript is one number

    def __str__(self) -> str:
        return f"{self.text} (line {self.line})"


class Dependences(Contractions):
    """Notes what iterations access, and looks for conflicts."""

    accesses: int = 0
    store_text: str = ""

    def relies_on(self, condition: Affine) -> bool:
        """The targets of loops over ranges stay between the ends of these."""
        low = self.extremes(condition, ())[0] if self.ranges else condition
        return super().relies_on(condition if low is None else low)

    # --- noting ------------------------------------------------------------------------------------------------------

    def note_read(self, base: Operand, index: Sequence[Index], result: Operand, node: cst.Subscript) -> None:
        """An element or a part of `base` is read; subscripts of what was just subscripted count as one."""
        if not self.loops:
            return
        access = self.access_of(base, index, self.text(node))
        if access is None:
            return
        value = result.value
        access.at_once = isinstance(value, Array) and not value.rank and not result.lazy
        if isinstance(base.node, Access):
            self._forget(base.node)
        self._note(access)
        if isinstance(value, Array) and value.rank and result.node is None and access.single:
            result.node = access

    def note_store(self, base: Operand, index: Sequence[Index], symbol: str | None) -> None:
        """A part of `base` is stored into."""
        if not self.loops:
            return
        access = self.access_of(base, index, self.store_text or base.code)
        if access is None:
            raise Unsupported("a store into memory whose origin is not known")
        access.stores, access.added = True, ADDED.get(symbol or "", "")
        if symbol is not None and not access.added:
            self._note(self.access_of(base, index, access.text))  # it is read as well
        self._note(access)

    def access_of(self, base: Operand, index: Sequence[Index], text: str) -> Access | None:
        """The access that subscripts make; None for memory that nothing else can see."""
        value = base.value.array if isinstance(base.value, StackedV) else base.value
        if not isinstance(value, Array) or not value.origins or not value.rank:
            return None
        items = expand_index(index, value.rank)
        spans, single = self._spans(value, items)
        name, inner, origins = base.code, base.node, value.origins
        if isinstance(inner, Access):
            name, spans = inner.base, (*inner.spans[: len(inner.spans) - value.rank], *spans)
            origins = origins | inner.origins
        elif set(value.axes) & {loop.axis for loop in self.loops}:
            name = ""  # a part of another array: its subscripts do not tell where it is
        return Access(name, origins, spans, text, self.user_line(), inner=tuple(self.loops), single=single)

    def user_line(self) -> int:
        """The line of the user's file that is walked."""
        return int(self.line)

    def _note(self, access: Access | None) -> None:
        if access is not None:
            self.accesses += 1
            access.order = self.accesses
            self.loops[-1].accesses.append(access)

    def _forget(self, access: Access) -> None:
        noted = self.loops[-1].accesses
        if noted and noted[-1] is access:
            noted.pop()

    def _spans(self, value: Array, items: Sequence[Index]) -> tuple[tuple[Span, ...], bool]:
        """The elements along each dimension, and whether numbers come first and full slices behind them."""
        if any(isinstance(i, str) for i in items) or len(items) != value.rank:
            return (None,) * value.rank, False
        spans = tuple(self._span(i, dim) for i, dim in zip(items, value.dims, strict=True))
        numbers = [isinstance(i, Operand) and isinstance(i.value, Array) and not i.value.rank for i in items]
        full = [isinstance(i, Slice) and i.full for i in items]
        k = sum(numbers)
        return spans, all(numbers[:k]) and all(full[k:])

    def _span(self, item: Index, dim: Affine | None) -> Span:
        if isinstance(item, Slice):
            return self._slice_span(item, dim)
        value = item.value
        if not isinstance(value, Array) or value.rank or value.affine is None:
            return None
        affine = value.affine
        if affine.is_const and affine.const < 0:
            return None if dim is None else (dim + affine, dim + affine)
        low, _ = self.extremes(affine, self.loops)
        return (affine, affine) if low is not None and self.relies_on(low) else None

    def _slice_span(self, item: Slice, dim: Affine | None) -> Span:
        if dim is None or item.full or item.step is not None:
            return None
        lower, upper = _end(item.lower, dim, Affine()), _end(item.upper, dim, dim)
        if lower is None or upper is None:
            return None
        low, high = self.extremes(lower, self.loops)[0], self.extremes(upper, self.loops)[1]
        inside = low is not None and high is not None and self.relies_on(low) and self.relies_on(dim - high)
        return (lower, upper - 1) if inside else None

    def extremes(self, affine: Affine, loops: Sequence[Any]) -> tuple[Affine | None, Affine | None]:
        """The least and the greatest value while the targets of loops run through their ranges."""
        low = high = affine
        for loop in reversed(loops):
            low, high = _widened(low, high, loop.symbol, (loop.first, loop.last), loop.step)
        for symbol, ends in reversed(self.ranges.items()):
            low, high = _widened(low, high, symbol, ends[:2], ends[2])
        return low, high

    # --- looking -----------------------------------------------------------------------------------------------------

    def check_dependences(self, loop: Any) -> None:
        """Raises Unsupported if the order of two accesses in different iterations matters and would be lost."""
        stores = [a for a in loop.accesses if a.stores and self.is_outside(loop, a)]
        for store in stores:
            for other in loop.accesses:
                if not other.stores or other.order >= store.order:
                    self._check_pair(loop, store, other)

    def is_outside(self, loop: Any, access: Access) -> bool:
        """Whether an access may be to memory that was there before the loop."""
        return any(loop.axis not in self.site_axes.get(origin, ()) for origin in access.origins)

    def _check_pair(self, loop: Any, store: Access, other: Access) -> None:
        shared = store.origins & other.origins
        if not any(loop.axis not in self.site_axes.get(origin, ()) for origin in shared):
            return
        if store.added and store.added == other.added:
            return
        low, high = self.lags(loop, store, other)
        before = high is None or high > 0  # `other` may come first, in an earlier iteration
        after = low is None or low < 0
        if low is not None and high is not None and low > high:
            return
        if before and not (other.at_once and other.order < store.order):
            raise Unsupported(f"an iteration {_does(store)} {store} that an earlier one {_did(other)} as {other}")
        if after and not store.order < other.order:
            raise Unsupported(f"an iteration {_does(other)} {other} that an earlier one {_did(store)} as {store}")

    def lags(self, loop: Any, one: Access, other: Access) -> Interval:
        """By how many iterations `one` may come later than `other` where both are to the same element.

        An empty interval: they never meet.
        """
        if not one.base or one.base != other.base or one.base in loop.assigned or len(one.spans) != len(other.spans):
            return None, None
        low: int | None = None
        high: int | None = None
        for first, second in zip(one.spans, other.spans, strict=True):
            if first is None or second is None:
                continue
            if self._apart(loop, one, other, first, second):
                return 1, 0
            found = self._lag(loop, one, other, first, second)
            low = found[0] if low is None else low if found[0] is None else max(low, found[0])
            high = found[1] if high is None else high if found[1] is None else min(high, found[1])
        if low is not None and high is not None and low <= high and not low <= 0 <= high:
            nearest = low if low > 0 else -high
            if self.relies_on(loop.trips * -1 + nearest):
                return 1, 0
        return low, high

    def _apart(self, loop: Any, one: Access, other: Access, first: tuple[Affine, Affine], second: Any) -> bool:
        """Whether two accesses never meet along a dimension, whatever the iterations."""
        a, b = ([x for x in access.inner if _is_within(x, loop)] for access in (one, other))
        ends = [self._over(end, loops) for end, loops in ((first, a), (second, b))]
        (low, high), (start, stop) = ends
        if None in (low, high, start, stop):
            return False
        return bool(self.positive(start - high) or self.positive(low - stop))

    def positive(self, value: Affine) -> bool:
        return value.const > 0 if value.is_const else self.relies_on(value - 1)

    def _over(self, span: tuple[Affine, Affine], loops: Sequence[Any]) -> tuple[Any, Any]:
        low, high = span
        for loop in reversed(loops):
            low = _widened(low, low, loop.symbol, (loop.first, loop.last), loop.step)[0]
            high = _widened(high, high, loop.symbol, (loop.first, loop.last), loop.step)[1]
        return low, high

    def _lag(self, loop: Any, one: Access, other: Access, first: tuple[Affine, Affine], second: Any) -> Interval:
        """The interval of lags along one dimension, in which both move by the same stride."""
        coefficients = {end.coefficient(loop.symbol) for end in (*first, *second)}
        inner = {x.symbol for access in (one, other) for x in access.inner if _is_within(x, loop) and x is not loop}
        moves = any(end.coefficient(symbol) for end in (*first, *second) for symbol in inner)
        stride = coefficients.pop() * loop.step * (-1 if loop.flipped else 1)
        if coefficients or not stride or moves:
            return None, None
        # first at k and second at k' meet if  stride * (k - k')  lies between these:
        least, most = (x.without(loop.symbol) for x in (second[0] - first[1], second[1] - first[0]))
        ends = (least, most * -1) if stride > 0 else (most * -1, least)
        low, high = (self._at_least(end, abs(stride)) for end in ends)
        return low, None if high is None else -high

    def _at_least(self, distance: Affine, stride: int) -> int | None:
        """The least number of strides that is no less than a distance; 0 where all that is known is its sign."""
        if distance.is_const:
            return -(-distance.const // stride)
        return 0 if self.relies_on(distance) else None

    # --- whole arrays ------------------------------------------------------------------------------------------------

    def origins_of(self, value: Value) -> frozenset[object] | None:
        """All memory that a value may lead to; None where that is not known."""
        match value:
            case Array():
                return value.origins
            case StackedV() | NestedV():
                return value.array.origins
            case Obj():
                return frozenset()
            case TupleV() | ListV():
                return self._all_origins(value.items)
            case SeqV():
                return self.origins_of(value.item)
            case DictV():
                return self._all_origins([item for _, item in value.items])
        return None

    def _all_origins(self, items: Sequence[Value]) -> frozenset[object] | None:
        found = [self.origins_of(item) for item in items]
        if any(one is None for one in found):
            return None
        return frozenset[object]().union(*(one for one in found if one is not None))


def _end(bound: Operand | None, dim: Affine, default: Affine) -> Affine | None:
    """One end of a slice, which may follow the target of a loop."""
    if bound is None or not isinstance(bound.value, Array) or not bound.value.axes:
        return slice_end(bound, dim, default)
    return bound.value.affine


def _is_within(inner: Any, loop: Any) -> bool:
    """Whether a loop is `loop` or stands inside of it."""
    return bool(inner.axis.depth >= loop.axis.depth)


def _widened(low: Any, high: Any, symbol: str, ends: tuple[Any, Any], step: int) -> tuple[Any, Any]:
    """Two bounds with a symbol replaced by the end of its range that makes them least and greatest."""
    if low is None or high is None:
        return None, None
    made = []
    for bound, least in ((low, True), (high, False)):
        coefficient = bound.coefficient(symbol)
        if not coefficient:
            made.append(bound)
            continue
        end = ends[0] if (coefficient * step > 0) == least else ends[1]
        made.append(None if end is None else bound.substitute(symbol, end))
    return made[0], made[1]


def _does(access: Access) -> str:
    return "stores" if access.stores else "reads"


def _did(access: Access) -> str:
    return "stores" if access.stores else "reads"

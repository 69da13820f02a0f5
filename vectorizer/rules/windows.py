"""Sliding windows: slices whose ends both follow a loop's target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vectorizer.rules.context import Context
from vectorizer.rules.contractions import LONGEST_UNROLLED, product_dtype
from vectorizer.rules.slices import slice_code
from vectorizer.rules.subscripts import (
    Index,
    Slice,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Affine,
    Array,
    Unsupported,
    union_axes,
)


@dataclass
class Window:
    """``x[i + a : i + b]`` for a loop target `i`: a sliding window over a vector."""

    base: Operand
    start: Affine  # of the first window
    count: Affine  # number of windows
    width: Affine
    loop: Any

    def dot(self, rw: Context, other: Operand) -> Operand | None:
        """The dot product with a short vector, one shifted slice for each of its elements."""
        base, vector = rw.array(self.base), rw.array(other)
        if not self._is_unrolled(rw, base, vector):
            return None
        shifted = self.slices(rw)
        if shifted is None:
            return None
        source, weights = rw.temp(self.base, "signal"), rw.temp(other, "weights")
        lead = [":" if axis in vector.axes else "None" for axis in base.axes] if vector.axes else []
        total, term = rw.fresh("total"), rw.fresh("term")
        for k, piece in enumerate(shifted):
            x = f"{source.primary}[{', '.join([':'] * len(base.axes) + [piece])}]"
            w = f"{weights.primary}[{', '.join([*lead, f'{k}:{k + 1}' if vector.axes else str(k)])}]"
            if k == 0:
                rw.emit(f"{total} = {x} * {w}")
            elif k == 1:
                rw.emit(f"{term} = {x} * {w}")
                rw.emit(f"{total} += {term}")
            else:
                rw.emit(f"{rw.np('multiply')}({x}, {w}, out={term})")
                rw.emit(f"{total} += {term}")
        rw.change("unroll", f"a dot product with {self.width.const} neighbours is the sum of as many shifted products")
        axes = union_axes(base.axes, (self.loop.axis,))
        return Operand(total, Array(product_dtype([base, vector]), 0, axes), fresh=True)

    def _is_unrolled(self, rw: Context, base: Array, vector: Array) -> bool:
        """Whether shifted slices do: a short window of known width over floats, in a loop of its own."""
        if not self.width.is_const or not 1 < self.width.const <= LONGEST_UNROLLED or vector.rank != 1:
            return False
        if self.loop.axis in vector.axes or not set(vector.axes) <= set(base.axes) or base.rank != 1:
            return False
        if not rw.equal(vector.dims[0], self.width) or base.kind not in "fc" or vector.dtype != base.dtype:
            return False
        return not rw.regions and len(rw.loops) == 1 and not rw.speculating

    def slices(self, rw: Context) -> list[str] | None:
        """The slice of the base that each element of the window runs through."""
        dim = rw.array(self.base).dims[0]
        assert dim is not None
        pieces = []
        for k in range(self.width.const):
            piece = slice_code(rw, self.start + k, self.start + k + self.count - 1, 1, dim)
            if piece is None:
                return None
            pieces.append(piece)
        return pieces


@dataclass
class _WindowNode:
    window: Window


def find_window(rw: Context, base: Operand, index: Sequence[Index]) -> Operand | None:
    """A slice whose ends both follow a loop's target, as a sliding window along that loop's axis."""
    value = rw.array(base)
    moving = [i for i in index if isinstance(i, Slice) and any(_varies(b) for b in (i.lower, i.upper))]
    if not moving:
        return None
    if len(moving) != 1 or value.rank != 1 or len(index) != 1:
        raise Unsupported("a slice whose ends differ between the examples")
    window = _window_of(rw, base, value, moving[0])
    start, last, width = window.start, window.start + window.count - 1, window.width
    dim = value.dims[0]
    assert dim is not None
    inside = rw.relies_on(start) and rw.relies_on(dim - last - width) and rw.relies_on(window.loop.trips)
    if not inside or not rw.relies_on(width - 1):
        raise Unsupported("a window that may reach beyond its array")
    if any(axis.depth > window.loop.axis.depth for axis in value.axes):
        raise Unsupported("a window over an array that varies along an inner loop")
    axes = union_axes(value.axes, (window.loop.axis,))
    result = Array(value.dtype, 1, axes, dims=(width,), origins=value.origins)

    def make() -> Operand:
        function = rw.imported("numpy.lib.stride_tricks", "sliding_window_view")
        code = call(function, base.code, rw.print_affine(width).code, axis=str(len(value.axes)))
        piece = slice_code(rw, start, last, 1, dim - width + 1)
        if piece is None:
            raise Unsupported("the ends of a window have no names here")
        if piece != ":":
            code = f"{code}[{', '.join([*[':'] * len(value.axes), piece])}]"
        return Operand(code, result)

    return Operand(None, result, make=make, node=_WindowNode(window))


def _varies(bound: Operand | None) -> bool:
    """Whether an end of a slice follows an axis."""
    return bound is not None and isinstance(bound.value, Array) and bool(bound.value.axes)


def _window_of(rw: Context, base: Operand, value: Array, item: Slice) -> Window:
    """The window that a slice is whose ends follow one loop's target at a fixed distance."""
    lower, upper = (b.array.affine if b is not None else None for b in (item.lower, item.upper))
    if lower is None or upper is None or item.step is not None or value.dims[0] is None:
        raise Unsupported("a slice whose ends differ between the examples")
    width = upper - lower
    loop = next((x for x in rw.loops if lower.coefficient(x.symbol) == 1), None)
    if loop is None or loop.step != 1 or loop.first is None or loop.axis in value.axes:
        raise Unsupported("a slice whose length differs between the iterations")
    others = [x for x in rw.loops if x is not loop]
    if any(width.coefficient(x.symbol) for x in rw.loops) or any(lower.coefficient(x.symbol) for x in others):
        raise Unsupported("a slice whose length differs between the iterations")
    start, last = lower.substitute(loop.symbol, loop.first), lower.substitute(loop.symbol, loop.last)
    return Window(base, start, last - start + 1, width, loop)

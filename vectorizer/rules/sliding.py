"""What a sliding window is made of: slices whose ends follow a loop's target, and what else stands in the subscript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vectorizer.rules.context import Context
from vectorizer.rules.slices import slice_code
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array, union_axes

LONGEST_UNROLLED = 8  # elements of a window in a dot product
MOST_PLACES = 32  # elements of a window; a longer one makes an inner loop that is long enough


@dataclass
class Window:
    """``x[i + a : i + b]`` for a loop target `i`: a sliding window over one dimension."""

    base: Operand
    start: Affine  # of the first window
    count: Affine  # number of windows
    width: Affine
    loop: Any
    stride: int = 1
    place: int = 0  # the dimension that it slides along

    @property
    def last(self) -> Affine:
        """Where the last window starts."""
        return self.start + (self.count - 1) * self.stride

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
        return Operand(total, Array(base.dtype, 0, axes), fresh=True)

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
class Moving:
    """One subscript that follows a loop's target: a slice along the loop's axis."""

    loop: Any
    code: str


@dataclass
class Kept:
    """A slice that is the same in all iterations."""

    code: str
    dim: Affine | None


Place: TypeAlias = "Window | Moving | Kept | str"
"""What a subscript does to a dimension; a text for one that takes a single element."""


@dataclass
class WindowNode:
    """What is known of sliding windows.

    window: the one that a dot product may be taken with.
    spans: how long each of them is.
    base: what they slide over.
    places: what becomes of its dimensions.
    value: the windows.
    """

    window: Window | None
    spans: tuple[Affine, ...]
    base: Operand
    places: tuple[Place, ...]
    value: Array

    @property
    def windows(self) -> list[Window]:
        return [place for place in self.places if isinstance(place, Window)]


def transposed(code: str, order: Sequence[int]) -> str:
    """An array with its dimensions in another order."""
    if list(order) == sorted(order):
        return code
    return f"{code}.T" if list(order) == [1, 0] else f"{code}.transpose({', '.join(map(str, order))})"

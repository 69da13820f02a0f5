"""The batch axis innermost in memory, in loops that stay loops and go over few elements of each example.

NumPy's inner loops run along the axis that is innermost in memory.  Where an operation joins an axis of the examples
with one that they do not share, as in ``score[:, None] + move.T``, nothing tells NumPy which of the two that should be,
and it takes the last: a handful of elements, of one example after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorizer.rules.context import Context
from vectorizer.rules.subscripts import Index, Region
from vectorizer.source.operand import Joins, Operand, call
from vectorizer.values import Affine, Array, Axis

MOST_ELEMENTS = 32  # along an axis; more of them make an inner loop that is long enough


def batch_innermost(rw: Context, operand: Operand, reduced: set[int]) -> Operand:
    """What is reduced over few elements, computed so that the batch axis is innermost in memory.

    That is for one operation that joins axes.  Anything else is given back as it is.
    """
    value, joins = operand.value, operand.node
    if not isinstance(value, Array) or not isinstance(joins, Joins) or operand.is_name or value.rank - 1 not in reduced:
        return operand
    if not _pays(rw, value, [value.dims[k] for k in reduced]):
        return operand
    rw.change("layout", "the batch axis is innermost in what is reduced over few elements")
    code = call(rw.np(joins.ufunc), joins.left.code, joins.right.code, order='"F"')
    return Operand(code, value, fresh=True)


def gather_innermost(rw: Context, base: Operand, index: Sequence[Index], region: Region) -> Region:
    """Elements of a shared array, each chosen by an example and by an iteration of a short loop: batch innermost."""
    value, made = rw.array(base), region.value
    items = [i for i in index if isinstance(i, Operand) and isinstance(i.value, Array)]
    if value.axes or region.moved or not region.gathered or len(items) < len(index) or len(items) != value.rank:
        return region
    if len(made.axes) != 2 or made.rank or made.axes[1].kind != "loop" or any(i.array.rank for i in items):
        return region
    inner = made.axes[1]
    if any(len(i.array.axes) > 1 for i in items) or not _pays(rw, made, [_trips(rw, inner)]):
        return region
    codes = [f"{i.primary}[:, None]" if i.array.axes == (inner,) else i.code for i in items]
    region.code, region.moved = f"{base.primary}[{', '.join(codes)}].T", True
    rw.change("layout", "the batch axis is innermost in what is gathered")
    return region


def _pays(rw: Context, value: Array, lengths: Sequence[Affine | None]) -> bool:
    """Whether the batch is longer than an inner loop of such lengths would be, in a loop that stays one."""
    samples = rw.facts.samples
    if samples is None or not rw.loop_depth or rw.shared.backend is not None or not value.axes:
        return False
    first = value.axes[0]
    batch = samples.get(f"size:{first.name}", 0) if first.kind == "batch" else 0
    inner = 1
    for length in lengths:
        inner *= (length.evaluate(samples) if length is not None else None) or MOST_ELEMENTS + 1
    return inner <= min(MOST_ELEMENTS, batch - 1)


def _trips(rw: Context, axis: Axis) -> Affine | None:
    """How many iterations a loop that is an axis has."""
    return next((loop.trips for loop in rw.loops if loop.axis == axis), None)

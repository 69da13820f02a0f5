"""Reductions along a short last axis of arrays that a loop has made long in another direction.

NumPy's inner loop would run over that axis, a few elements at a time.  Taken one by one, its elements are arrays that
the operation has long inner loops over.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.window_reductions import CHAINS, into, mean_of, place_name
from vectorizer.source.operand import Operand
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array

LONGEST_FOLDED = 8
FEWEST_RESULTS = 4096  # of a reduction, at the call that the function is rewritten for: for fewer, one line is as fast


def fold_short(
    rw: Context, operand: Operand, function: Any, axes: set[int], dtype: np.dtype[Any] | None
) -> Operand | None:
    """A reduction along a short last axis, element by element; None where it is another one.

    axes: the logical axes that are reduced.
    dtype: of the result.
    """
    value, chain = operand.value, CHAINS.get(function)
    if chain is None or not isinstance(value, Array) or value.dtype is None or axes != {value.rank - 1}:
        return None
    if rw.shared.backend is not None or not any(axis.kind == "loop" for axis in value.axes):
        return None
    if value.kind not in chain.kinds or value.dtype != dtype or value.kind in "fc" and value.dtype.itemsize < 4:
        return None
    if results(rw, value) < FEWEST_RESULTS:
        return None
    dim = value.dims[-1]
    if dim is None or not rw.relies_on(dim - 2) or not rw.relies_on(Affine(LONGEST_FOLDED) - dim):
        return None
    terms, name, place = rw.temp(operand, "terms"), rw.fresh(chain.name), place_name(rw)
    last = len(value.axes) + value.rank - 1
    rw.emit(f"{name} = {terms.primary}[..., 0].copy()")
    step = into(rw, chain, name, f"{terms.primary}[..., {place}]")
    rw.emit(f"for {place} in range(1, {terms.primary}.shape[{last}]):", body=[Stmt(step, line=rw.line)])
    rw.change("short axis", "a short axis is reduced element by element, over arrays that are long")
    made = Operand(name, Array(dtype, value.rank - 1, value.axes, dims=value.dims[:-1]), fresh=True)
    return mean_of(made, f"{terms.primary}.shape[{last}]") if function is np.mean else made


def results(rw: Context, value: Array) -> int:
    """How many numbers a reduction along the last axis gives, as far as that is known."""
    samples, made = rw.facts.samples or {}, 1
    trips = {loop.axis: loop.trips for loop in rw.loops}
    lengths = [trips.get(axis, Affine.of(f"size:{axis.name}")) for axis in value.axes] + list(value.dims[:-1])
    for length in lengths:
        made *= (length.evaluate(samples) if length is not None else None) or 1
    return made

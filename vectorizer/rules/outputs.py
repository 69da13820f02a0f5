"""``out=``: a result is computed, then stored."""

from __future__ import annotations

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.subscripts import FULL
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Unsupported


def store_into(rw: Context, out: Operand, result: Operand) -> Operand:
    """``out[...] = result``, where `out` has just the shape and dtype of the result."""
    if not isinstance(out.value, Array) or not isinstance(result.value, Array):
        raise Effect("out= is not one array")
    target, value = out.value, result.value
    same = target.rank == value.rank and target.dtype == value.dtype and target.rank > 0
    if not same or not all(rw.equal(a, b) for a, b in zip(target.dims, value.dims, strict=True)):
        raise Effect("out= is not known to have the shape and the dtype of the result")
    if out.fresh and not out.is_name and not value.weak:  # a buffer that nobody else has
        return result
    if rw.regions or rw.loops or rw.speculating or not out.is_name:
        raise Effect("out= inside a loop or branch that has become an array operation")
    try:
        rw.store(out, [FULL] * target.rank, result, None)
    except Unsupported as error:
        raise Effect(error.reason) from None
    return out

"""Slices whose ends differ between the examples, and items of what a mask chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.indexing import FULL, MASKED_ITEM, MASKED_SLICE, subscript
from vectorizer.rules.masked import REASON, as_vector, chosen_of
from vectorizer.rules.subscripts import Slice, masked
from vectorizer.source.operand import Operand
from vectorizer.values import INT64, MISSING, Array, MaskedV, Unsupported

# --- slices ----------------------------------------------------------------------------------------------------------


def from_to(x: Any, low: Any, high: Any) -> Any:
    places = np.arange(len(x))
    return (places >= low) & (places < high)


def up_to(x: Any, high: Any) -> Any:
    return np.arange(len(x)) < high


def from_there(x: Any, low: Any) -> Any:
    return np.arange(len(x)) >= low


def counted_from_behind(x: Any, k: Any) -> Any:
    return np.where(k < 0, k + len(x), k)


def masked_slice(rw: Context, base: Operand, index: Sequence[Any], cut: int) -> Operand:
    """``x[a:b]`` with ends that differ between the examples."""
    item = index[cut]
    plain = [*index[:cut], FULL, *index[cut + 1 :]]
    whole = rw.temp(subscript(rw, base, plain), "whole") if cut else base
    return masked(rw, whole, slice_mask(rw, whole, item), view=True)


def slice_mask(rw: Context, whole: Operand, item: Slice) -> Operand:
    """Which elements lie between the ends of a slice."""
    low, high = (None if b is None else _end(rw, whole, b) for b in (item.lower, item.upper))
    if low is None:
        assert high is not None
        mask = rw.inline(up_to, x=whole, high=high)
    elif high is None:
        mask = rw.inline(from_there, x=whole, low=low)
    else:
        mask = rw.inline(from_to, x=whole, low=low, high=high)
    value = rw.array(mask)
    return rw.temp(mask.with_value(value.with_(dims=rw.array(whole).dims[:1])), "chosen")


def _end(rw: Context, whole: Operand, bound: Operand) -> Operand:
    """An end of a slice; below zero it counts from behind."""
    value = rw.array(bound)
    if value.const is not MISSING and value.const >= 0:
        return bound
    return rw.inline(counted_from_behind, x=whole, k=bound)


MASKED_SLICE.append(masked_slice)


# --- items -----------------------------------------------------------------------------------------------------------


def first_place(mask: Any) -> Any:
    return np.argmax(mask)


def last_place(mask: Any) -> Any:
    return len(mask) - 1 - np.argmax(mask[::-1])


def later_place(mask: Any, k: Any) -> Any:
    return np.argmax(np.cumsum(mask) == k + 1)


def earlier_place(mask: Any, k: Any) -> Any:
    return len(mask) - 1 - np.argmax(np.cumsum(mask[::-1]) == -k)


def enough(mask: Any, n: Any) -> Any:
    return np.count_nonzero(mask) >= n


def masked_item(rw: Context, operand: Operand, index: Any) -> Operand:
    """``x[mask][k]``: one of the chosen elements, which must be there for every example."""
    node = as_vector(rw, chosen_of(operand))
    known = isinstance(index, Operand) and isinstance(index.value, Array) and index.value.const is not MISSING
    if not known or rw.array(node.mask).rank != 1 or not isinstance(index.value.const, int):
        raise Unsupported(REASON)
    k = int(index.value.const)
    mask = rw.temp(node.mask, "chosen")
    least = Operand(str(k + 1 if k >= 0 else -k), Array(INT64, 0, weak=True, const=k + 1 if k >= 0 else -k))
    test = rw.inline(enough, mask=mask, n=least)
    require(rw, f"({test.code}).all()", "an element is taken of too few", raises=True)
    if k in (0, -1):
        place = rw.inline(first_place if k == 0 else last_place, mask=mask)
    else:
        place = rw.inline(later_place if k > 0 else earlier_place, mask=mask, k=index)
    rest = [FULL] * (rw.array(node.array).rank - 1)
    item = subscript(rw, node.array, [rw.temp(place, "place"), *rest])
    assert isinstance(operand.value, MaskedV)
    return item.with_value(rw.array(item).with_(weak=True)) if operand.value.weak else item


MASKED_ITEM.append(masked_item)

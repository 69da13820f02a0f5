"""Short windows in an order of memory that NumPy reduces fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.sliding import MOST_PLACES
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array

REDUCED: tuple[Any, ...] = (np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.mean, np.std, np.var, np.any, np.all)


def in_pieces(rw: Context, operand: Operand) -> Operand:
    """Short sliding windows as a copy in which the elements at one place of all windows are one piece of memory.

    NumPy's inner loops would otherwise run over single windows.  Anything else is given back as it is.
    """
    spans = getattr(operand.node, "spans", ())
    value, samples = operand.value, rw.facts.samples
    if not spans or not isinstance(value, Array) or value.rank != len(spans) or samples is None:
        return operand
    places = 1
    for span in spans:
        places *= span.evaluate(samples) or MOST_PLACES + 1
    if not 1 < places <= MOST_PLACES or rw.shared.backend is not None:
        return operand
    windows = rw.temp(operand, "windows")
    behind = range(len(value.axes), len(value.axes) + value.rank)
    last, first = (_axes(list(numbers)) for numbers in (behind, range(value.rank)))
    apart = call(rw.np("ascontiguousarray"), call(rw.np("moveaxis"), windows.code, last, first))
    code = call(rw.np("moveaxis"), apart, first, last)
    rw.change("windows", "short windows are reduced place by place")
    return rw.temp(Operand(code, value.with_(origins=frozenset(), dims=value.dims), fresh=True), "pieces")


def _axes(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"({', '.join(map(str, numbers))})"

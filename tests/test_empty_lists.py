"""Filtered lists that are empty for some examples: NumPy makes arrays of float64 of them, whatever the others hold."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop


def sum_of_appended(x):
    kept = []
    for v in x:
        if v > 0:
            kept.append(v)
    return np.array(kept).sum()


def product(x):
    return np.prod([v for v in x if v > 0])


def of_an_array(x):
    kept = np.array([v for v in x if v > 0])
    return (kept * 2).sum(), len(kept), kept.size


def of_a_function(x):
    return np.sqrt([v for v in x if v > 0]).sum()


def pythons_sum(x):
    return sum([v for v in x if v > 0]), len([v for v in x if v > 0])


def under_a_condition(x):
    kept = [v for v in x if v > 0]
    return np.sum(kept) if kept else -math.inf


def chosen(x):
    return x[x > 0].sum(), np.prod(x[x > 0])


FUNCTIONS = [sum_of_appended, product, of_an_array, of_a_function, pythons_sum, under_a_condition, chosen]
NONE_EMPTY = np.array([[1, -2, 3], [-1, 2, -3]])
SOME_EMPTY = np.array([[1, -2, 3], [-1, -2, -3]])


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int16])
@pytest.mark.parametrize("x", [NONE_EMPTY, SOME_EMPTY, -abs(NONE_EMPTY)])
def test_dtypes(function: Any, dtype: Any, x: Any) -> None:
    if function in (under_a_condition, pythons_sum) and x.max() < 0:
        pytest.skip("the dtype where no example has an item, or takes a branch, is another: decision 0004")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert_matches_loop(function, (x.astype(dtype),), vmapped=vmap(function))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(("dtype", "x"), [(np.float32, NONE_EMPTY), (np.float64, SOME_EMPTY)])
def test_what_is_not_empty_or_has_float64_is_native(function: Any, dtype: Any, x: Any) -> None:
    if function is not under_a_condition or x is NONE_EMPTY:
        assert_matches_loop(function, (x.astype(dtype),), vmapped=vmap(function), native=True)
